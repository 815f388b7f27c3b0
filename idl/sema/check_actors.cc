#include <algorithm>
#include <array>

#include "idl/diagnostics/near_name.h"
#include "idl/sema/checker.h"
#include "idl/sema/reserved_numbers.h"
#include "idl/sema/unit_literal.h"

namespace onager::idl {
namespace {

constexpr std::array<std::string_view, 5> kReservedParameterNames = {"state", "prev", "item", "item_key",
                                                                     "key"};
constexpr std::string_view kStreamName = "stream";
// One that runs more often would keep its actor from everything else.
constexpr absl::Duration kTimerPeriodMin = absl::Milliseconds(1);

}  // namespace

Actor Checker::DeclareActor(const ast::Actor& tree) {
  Actor row;
  const Annotations annotations = ReadAnnotations(tree.annotations, AnnotationPlace::kActor, emitter_);
  Fill(row, tree.name, tree.doc, annotations.deprecated);
  row.persist = annotations.persist;
  row.replay = annotations.replay;
  if (annotations.means_persist || MayHaveBeenSkipped("persist")) persisted_.insert(PlaceOf(tree.name.range));
  row.durability = DurabilityOf(annotations, row).value_or(Durability::kSync);
  return row;
}

// Reports an actor that does not persist, once.
void Checker::NeedPersist(const SourceRange& range, std::string_view what, const Actor& actor) {
  if (!persisted_.insert(PlaceOf(actor.name_range)).second) return;
  emitter_.Emit(range, diag::NotPersisted, what, actor.name)
      .Note(actor.name_range, diag::DeclaredHere, actor.name);
}

std::optional<Durability> Checker::DurabilityOf(const Annotations& annotations, const Actor& actor) {
  if (annotations.durability_annotation != nullptr) {
    NeedPersist(annotations.durability_annotation->name.range, "`durability`", actor);
  }
  return annotations.durability;
}

void Checker::CheckActor(ActorId id, const ast::Actor& tree) {
  for (size_t i = 0; i < tree.states.size(); ++i) {
    if (i == 0) {
      model_.actors[id].has_state = true;
      CheckMembers(id, tree.states[i].members);
    } else {
      emitter_.Emit(tree.states[i].keyword_range, diag::DuplicateState, tree.name.text)
          .Note(tree.states[0].keyword_range, diag::FirstHere);
    }
  }
  Actor& out = model_.actors[id];
  CheckActorKey(tree, out);
  NameScope scope(emitter_);
  for (const ast::Method& method : tree.methods) {
    scope.Declare(method.name);
    CheckMethod(method, out);
  }
  CheckTimers(tree, out, scope);
  CheckReminders(tree, out, scope);
  CheckVersions(tree, out);
  CheckObservables(id, tree);
}

void Checker::CheckActorKey(const ast::Actor& tree, Actor& out) {
  CheckParameters(tree.key, ParameterUse::kKey, out.key);
  if (tree.key.empty() && !tree.damaged_key) {
    emitter_.Emit(tree.name.range, diag::MissingKey, tree.name.text);
  }
  for (size_t i = 0; i < tree.key.size(); ++i) {
    if (out.key[i].type == kUnresolved || IsKeyType(out.key[i].type)) continue;
    emitter_.Emit(tree.key[i].type.range, diag::IllegalKeyType, tree.key[i].name.text,
                  sources_.Text(tree.key[i].type.range));
  }
}

void Checker::CheckMethod(const ast::Method& tree, Actor& out) {
  Method& row = out.methods.emplace_back();
  const Annotations annotations = ReadAnnotations(tree.annotations, AnnotationPlace::kMethod, emitter_);
  Fill(row, tree.name, tree.doc, annotations.deprecated);
  row.idempotent = annotations.idempotent;
  row.readonly = annotations.readonly;
  row.reentrant = annotations.reentrant;
  row.timeout = annotations.timeout;
  row.durability = DurabilityOf(annotations, out);
  CheckParameters(tree.parameters, ParameterUse::kMethod, row.parameters);
  if (tree.result.has_value()) {
    row.result_is_stream = tree.result->name.text == kStreamName;
    row.result = row.result_is_stream ? ResolveStream(*tree.result) : ResolveType(*tree.result);
  }

  absl::flat_hash_map<uint32_t, SourceRange> thrown;
  for (const ast::Name& name : tree.throws) {
    const std::optional<ErrorId> error = ResolveThrows(name);
    if (!error.has_value()) continue;
    const auto [first, inserted] = thrown.try_emplace(error->index, name.range);
    if (inserted) {
      row.throws.push_back(*error);
    } else {
      emitter_.Emit(name.range, diag::DuplicateThrows, name.text).Note(first->second, diag::FirstHere);
    }
  }
}

void Checker::CheckParameters(std::span<const ast::Parameter> tree, ParameterUse use,
                              std::vector<Parameter>& out) {
  NameScope scope(emitter_);
  const ast::Parameter* with_default = nullptr;
  for (const ast::Parameter& parameter : tree) {
    const ast::Name& name = parameter.name;
    scope.Declare(name);
    if (std::find(kReservedParameterNames.begin(), kReservedParameterNames.end(), name.text) !=
        kReservedParameterNames.end()) {
      emitter_.Emit(name.range, diag::ReservedParameterName, name.text);
    }
    Parameter& row = out.emplace_back();
    const Annotations annotations =
        ReadAnnotations(parameter.annotations, AnnotationPlace::kParameter, emitter_);
    Fill(row, name, parameter.doc, annotations.deprecated);
    row.sensitive = annotations.sensitive;
    row.is_stream = use == ParameterUse::kMethod && parameter.type.name.text == kStreamName;
    row.type = row.is_stream ? ResolveStream(parameter.type) : ResolveType(parameter.type);
    row.number = static_cast<uint32_t>(out.size());
    if (row.number == kFieldNumberMax + 1) {
      emitter_.Emit(name.range, diag::NumberOutOfRange, std::to_string(row.number));
    }
    if (row.is_stream && out.size() != tree.size()) {
      emitter_.Emit(name.range, diag::StreamNotLast, name.text);
    }
    if (parameter.default_value.has_value()) {
      const bool allowed = use != ParameterUse::kKey && use != ParameterUse::kReminder;
      if (with_default == nullptr && allowed) with_default = &parameter;
      CheckParameterDefault(parameter, use, row);
    } else if (with_default != nullptr && !row.is_stream) {
      emitter_.Emit(name.range, diag::ParameterWithoutDefault, name.text)
          .Note(with_default->name.range, diag::DeclaredHere, with_default->name.text);
    }
  }
}

void Checker::CheckParameterDefault(const ast::Parameter& tree, ParameterUse use, Parameter& out) {
  if (use == ParameterUse::kKey || use == ParameterUse::kReminder || out.is_stream) {
    emitter_.Emit(tree.default_value->range, diag::DefaultNotAllowed,
                  out.is_stream                    ? "a stream"
                  : use == ParameterUse::kReminder ? "the parameter of a reminder"
                                                   : "the key of an actor");
    return;
  }
  Default parsed = ToDefault(out.type, sources_.Text(tree.type.range), *tree.default_value);
  out.default_value = std::move(parsed.literal);
  out.default_expression = std::move(parsed.expression);
}

void Checker::CheckTimers(const ast::Actor& tree, Actor& out, NameScope& scope) {
  for (const ast::Timer& timer : tree.timers) {
    scope.Declare(timer.name);
    Timer& row = out.timers.emplace_back();
    Fill(row, timer.name, timer.doc, false);
    if (!timer.period.has_value() || timer.period->kind == ast::Value::Kind::kInvalid) continue;
    const std::optional<absl::Duration> period = ToTimeout(*timer.period);
    if (period.has_value() && *period >= kTimerPeriodMin) {
      row.period = *period;
    } else {
      emitter_.Emit(timer.period->range, diag::TimerPeriod);
    }
  }
}

void Checker::CheckReminders(const ast::Actor& tree, Actor& out, NameScope& scope) {
  for (const ast::Reminder& reminder : tree.reminders) {
    scope.Declare(reminder.name);
    Reminder& row = out.reminders.emplace_back();
    Fill(row, reminder.name, reminder.doc, false);
    NeedPersist(reminder.keyword_range, "a `reminder`", out);
    // What tells reminders apart is what they were set with, of which nothing may be left out.
    CheckParameters(reminder.parameters, ParameterUse::kReminder, row.parameters);
  }
}

// Nullopt for what has been reported.
std::optional<uint32_t> Checker::ToVersion(const ast::VersionNumber& tree) {
  if (!tree.number.has_value()) return std::nullopt;
  constexpr int64_t kVersionMax = 1'000'000'000;
  const std::optional<int64_t> number = ToInt64(*tree.number);
  if (number.has_value() && *number >= 1 && *number <= kVersionMax) return static_cast<uint32_t>(*number);
  emitter_.Emit(tree.number->range, diag::VersionOutOfRange, tree.number->text, kVersionMax);
  return std::nullopt;
}

void Checker::CheckVersions(const ast::Actor& tree, Actor& out) {
  bool known = true;
  for (const ast::VersionNumber& version : tree.versions) {
    if (&version != &tree.versions.front()) {
      emitter_.Emit(version.keyword_range, diag::DuplicateVersion, tree.name.text)
          .Note(tree.versions.front().keyword_range, diag::FirstHere);
      continue;
    }
    const std::optional<uint32_t> number = ToVersion(version);
    known = number.has_value();
    out.version = number.value_or(1);
  }
  std::map<uint32_t, const ast::VersionNumber*> migrations;
  for (const ast::VersionNumber& migration : tree.migrations) {
    const std::optional<uint32_t> from = ToVersion(migration);
    if (!from.has_value()) {
      known = false;
      continue;
    }
    const auto [first, inserted] = migrations.try_emplace(*from, &migration);
    if (!inserted) {
      emitter_.Emit(migration.number->range, diag::DuplicateMigration, *from)
          .Note(first->second->keyword_range, diag::FirstHere);
    } else if (known && *from >= out.version) {
      emitter_.Emit(migration.number->range, diag::MigrationFromFuture, *from, out.version);
    } else {
      out.migrations.push_back(*from);
    }
  }
  std::sort(out.migrations.begin(), out.migrations.end());
  for (size_t i = 0; known && i < out.migrations.size(); ++i) {
    const uint32_t from = out.migrations[i];
    const uint32_t next = i + 1 < out.migrations.size() ? out.migrations[i + 1] : out.version;
    if (next == from + 1) continue;
    emitter_.Emit(migrations[from]->number->range, diag::MigrationHole, from, from + 1, out.version);
  }
}

std::optional<ErrorId> Checker::ResolveThrows(const ast::Name& name) {
  const Lookup lookup = FindSymbol(name.text);
  const Symbol* symbol = lookup.symbol;
  if (symbol == nullptr) {
    const std::string_view nearest = emitter_.full() ? "" : NearestName(name.text, NamesOfErrors());
    ReportUnknown(name, diag::UnknownError, lookup, nearest);
    return std::nullopt;
  }
  if (const auto* id = std::get_if<ErrorId>(&symbol->id)) return *id;
  emitter_.Emit(name.range, diag::NotAnError, name.text, KindText(*symbol))
      .Note(symbol->name.range, diag::DeclaredHere, symbol->name.text);
  return std::nullopt;
}

}  // namespace onager::idl
