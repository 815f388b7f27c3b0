#include <algorithm>

#include "absl/strings/ascii.h"
#include "idl/diagnostics/near_name.h"
#include "idl/sema/checker.h"

// What observers see of an actor beside its state: events, filters and views.
namespace onager::idl {
namespace {

bool IsWordByte(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// The word that begins at `at`.
std::string_view WordAt(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && IsWordByte(text[end])) ++end;
  return text.substr(at, end - at);
}

size_t SkipBlanks(std::string_view text, size_t at) {
  while (at < text.size() && absl::ascii_isspace(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

// `list of structs`: the struct of which a view may select fields.
std::optional<StructId> SelectableStruct(const Model& model, TypeId type) {
  const Type& row = model.types[type];
  if (const auto* t = std::get_if<StructType>(&row)) return t->id;
  if (const auto* t = std::get_if<OptionalType>(&row)) return SelectableStruct(model, t->value);
  if (const auto* t = std::get_if<ListType>(&row)) return SelectableStruct(model, t->element);
  if (const auto* t = std::get_if<MapType>(&row)) return SelectableStruct(model, t->value);
  return std::nullopt;
}

}  // namespace

void Checker::CheckObservables(ActorId id, const ast::Actor& tree) {
  Actor& out = model_.actors[id];
  // They are members of one class, which is called like the actor.
  NameScope scope(emitter_);
  const auto declare = [&](const ast::Name& name) {
    scope.Declare(name);
    if (name.text != tree.name.text) return;
    emitter_.Emit(name.range, diag::GeneratedNameClash, name.text, tree.name.text)
        .Note(tree.name.range, diag::DeclaredHere, tree.name.text);
  };
  // Numbers follow from the names alone, so two names may have one; within a kind that is too many.
  const auto number_all = [&](auto& rows) {
    absl::flat_hash_map<uint32_t, const Declaration*> by_number;
    for (auto& row : rows) {
      row.number = WireNumber(row.name);
      const auto [other, inserted] = by_number.try_emplace(row.number, &row);
      if (inserted || other->second->name == row.name) continue;
      emitter_.Emit(row.name_range, diag::WireNumberClash, other->second->name, row.name)
          .Note(other->second->name_range, diag::DeclaredHere, other->second->name);
    }
  };
  for (const ast::Event& event : tree.events) {
    declare(event.name);
    CheckEvent(id, event);
  }
  for (const ast::Filter& filter : tree.filters) {
    declare(filter.name);
    CheckFilter(filter, out);
  }
  for (const ast::View& view : tree.views) {
    declare(view.name);
    View& row = out.views.emplace_back();
    const Annotations annotations = ReadAnnotations(view.annotations, AnnotationPlace::kView, emitter_);
    Fill(row, view.name, view.doc, annotations.deprecated);
    CheckParameters(view.parameters, ParameterUse::kQuery, row.parameters);
    pending_views_.push_back(PendingView{id, static_cast<uint32_t>(out.views.size() - 1), &view});
  }
  number_all(out.events);
  number_all(out.filters);
  number_all(out.views);
}

void Checker::CheckEvent(ActorId id, const ast::Event& tree) {
  std::vector<Event>& events = model_.actors[id].events;
  const auto index = static_cast<uint32_t>(events.size());
  const Annotations annotations = ReadAnnotations(tree.annotations, AnnotationPlace::kEvent, emitter_);
  Fill(events.emplace_back(), tree.name, tree.doc, annotations.deprecated);
  CheckMembers(EventRef{id, index}, tree.members);
}

void Checker::CheckFilter(const ast::Filter& tree, Actor& out) {
  Filter& row = out.filters.emplace_back();
  const Annotations annotations = ReadAnnotations(tree.annotations, AnnotationPlace::kFilter, emitter_);
  Fill(row, tree.name, tree.doc, annotations.deprecated);
  CheckParameters(tree.parameters, ParameterUse::kQuery, row.parameters);
  if (!tree.predicate.has_value()) return;
  std::optional<Expression> predicate = ToExpression(*tree.predicate);
  if (!predicate.has_value()) return;
  row.predicate = *std::move(predicate);
  ReportPrivateReads(tree, out.state);
}

// Finds `state.name` and `prev.name` by their text: enough for a warning.
void Checker::ReportPrivateReads(const ast::Filter& tree, const Members& state) {
  const SourceRange& range = tree.predicate->range;
  const std::string_view text = sources_.Text(range);
  for (size_t at = 0; at < text.size(); ++at) {
    if (!IsWordByte(text[at])) continue;
    const std::string_view word = WordAt(text, at);
    const size_t begin = at;
    at += word.size();
    if ((word != "state" && word != "prev") || (begin > 0 && text[begin - 1] == '.')) continue;
    const size_t dot = SkipBlanks(text, at);
    if (dot >= text.size() || text[dot] != '.') continue;
    const size_t name_begin = SkipBlanks(text, dot + 1);
    const std::string_view name = WordAt(text, name_begin);
    const MemberNames& members = NamesOf(state);
    const auto found = members.fields.find(name);
    if (found == members.fields.end() || !state.fields[found->second].is_private) continue;
    const Field& field = state.fields[found->second];
    const auto offset = static_cast<uint32_t>(range.begin + name_begin);
    emitter_
        .Emit(SourceRange{range.file, offset, offset + static_cast<uint32_t>(name.size())},
              diag::PrivateInFilter, tree.name.text, name)
        .Note(field.name_range, diag::DeclaredHere, name);
  }
}

void Checker::CheckView(const PendingView& view) {
  Actor& actor = model_.actors[view.actor];
  EnterFile(actor.file);
  View& out = actor.views[view.index];
  if (view.tree->selection.empty() && !view.tree->damaged) {
    emitter_.Emit(view.tree->name.range, diag::EmptySelection, "view `" + out.name + "`");
  }
  CheckSelections(view.tree->selection, actor.state, "the state of `" + actor.name + "`", true,
                  out.selection);
}

void Checker::CheckSelections(std::span<const ast::Selection> tree, const Members& owner, std::string_view of,
                              bool of_state, std::vector<Selection>& out) {
  absl::flat_hash_map<uint32_t, SourceRange> selected;
  const auto select = [&](const ast::Selection& selection, uint32_t field) {
    const auto [first, inserted] = selected.try_emplace(field, selection.name.range);
    if (!inserted) {
      emitter_.Emit(selection.name.range, diag::SelectedTwice, owner.fields[field].name)
          .Note(first->second, diag::FirstHere);
      return;
    }
    Selection row;
    if (CheckSelection(selection, owner, field, of_state, row)) out.push_back(std::move(row));
  };
  for (const ast::Selection& selection : tree) {
    const std::string_view name = selection.name.text;
    const MemberNames& members = NamesOf(owner);
    const auto field = members.fields.find(name);
    if (field != members.fields.end()) {
      select(selection, field->second);
      continue;
    }
    // The name of a oneof stands for all of its members.
    const auto oneof = members.oneofs.find(name);
    if (oneof != members.oneofs.end() && !selection.fields.has_value() && !selection.where.has_value()) {
      for (const uint32_t member : owner.oneofs[oneof->second].fields) select(selection, member);
      continue;
    }
    if (MayHaveBeenSkipped(name) || emitter_.full()) continue;
    std::vector<std::string_view> names;
    for (const Field& f : owner.fields) names.push_back(f.name);
    for (const Oneof& o : owner.oneofs) names.push_back(o.name);
    emitter_.Emit(selection.name.range, diag::UnknownField, of, name)
        .Suggest(selection.name.range, NearestName(name, names));
  }
  std::sort(out.begin(), out.end(), [](const Selection& a, const Selection& b) { return a.field < b.field; });
}

bool Checker::CheckSelection(const ast::Selection& tree, const Members& owner, uint32_t field, bool of_state,
                             Selection& out) {
  const Field& row = owner.fields[field];
  out.field = field;
  out.range = tree.name.range;
  if (row.is_private) {
    emitter_.Emit(tree.name.range, diag::PrivateInView, row.name)
        .Note(row.name_range, diag::DeclaredHere, row.name);
    return false;
  }
  if (row.type == kUnresolved) return false;
  const Type& type = model_.types[row.type];
  const auto* list = std::get_if<ListType>(&type);
  if (tree.fields.has_value()) {
    const std::optional<StructId> inside = SelectableStruct(model_, row.type);
    if (!inside.has_value() || model_.structs[*inside].cpp.has_value()) {
      emitter_.Emit(tree.name.range, diag::SelectionOfWhat, row.name, TypeSpelling(model_, row.type));
      return false;
    }
    if (tree.fields->empty() && !tree.damaged) {
      emitter_.Emit(tree.name.range, diag::EmptySelection, "`" + row.name + "`");
    }
    const Struct& element = model_.structs[*inside];
    CheckSelections(*tree.fields, element.members, "struct `" + element.name + "`", false, out.fields);
    if (list != nullptr && list->key_field.has_value()) {
      const auto is_key = [&](const Selection& s) { return s.field == *list->key_field; };
      const auto found = std::find_if(out.fields.begin(), out.fields.end(), is_key);
      Selection key = found == out.fields.end() ? Selection{*list->key_field, {}, {}, out.range} : *found;
      if (found != out.fields.end()) out.fields.erase(found);
      out.fields.insert(out.fields.begin(), std::move(key));
    }
  }
  if (!tree.where.has_value()) return true;
  const bool keyed = list != nullptr && list->key_field.has_value();
  const bool should_be_keyed = list != nullptr && meant_to_be_keyed_.contains(PlaceOf(row.name_range));
  if (!keyed && !should_be_keyed && !std::holds_alternative<MapType>(type)) {
    emitter_.Emit(tree.where_keyword->range, diag::WhereOfWhat, TypeSpelling(model_, row.type));
  } else if (!of_state) {
    emitter_.Emit(tree.where_keyword->range, diag::NestedWhere);
  }
  out.where = ToExpression(*tree.where);
  return true;
}

}  // namespace onager::idl
