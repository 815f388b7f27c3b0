#include <algorithm>

#include "idl/sema/checker.h"

namespace onager::idl {

// No struct holds itself other than through an `optional`. Depth first with an explicit stack, since a chain
// of structs may be as long as the file.
void Checker::CheckRecursion() {
  enum class Mark : uint8_t { kNew, kOpen, kDone };
  std::vector<Mark> marks(model_.structs.size(), Mark::kNew);
  std::vector<std::pair<StructId, uint32_t>> stack;  // the struct, and the field that is being followed
  for (const StructId root : model_.structs.ids()) {
    if (marks[root.index] != Mark::kNew) continue;
    marks[root.index] = Mark::kOpen;
    stack.emplace_back(root, 0);
    while (!stack.empty()) {
      auto& [id, field] = stack.back();
      const std::vector<Field>& fields = model_.structs[id].members.fields;
      if (field == fields.size()) {
        marks[id.index] = Mark::kDone;
        stack.pop_back();
        if (!stack.empty()) ++stack.back().second;
        continue;
      }
      const std::optional<StructId> inside = StructHeldBy(fields[field].type);
      if (inside.has_value() && marks[inside->index] == Mark::kNew) {
        marks[inside->index] = Mark::kOpen;
        stack.emplace_back(*inside, 0);
        continue;
      }
      if (inside.has_value() && marks[inside->index] == Mark::kOpen) {
        const auto begin = std::find_if(stack.begin(), stack.end(),
                                        [&](const auto& entry) { return entry.first == *inside; });
        ReportRecursion(std::span(begin, stack.end()));
      }
      ++field;
    }
  }
}

void Checker::ReportRecursion(std::span<const std::pair<StructId, uint32_t>> path) {
  constexpr size_t kShownMax = 8;
  std::string text;
  for (const auto& [id, field] : path.first(std::min(path.size(), kShownMax))) {
    const Struct& row = model_.structs[id];
    text += "`" + row.name + "." + row.members.fields[field].name + "` -> ";
  }
  if (path.size() > kShownMax) text += "… -> ";
  const Struct& first = model_.structs[path.front().first];
  text += "`" + first.name + "`";
  emitter_.Emit(first.members.fields[path.front().second].name_range, diag::RecursiveStruct, first.name,
                text);
}

// An optional of a struct that leads back to itself is a box, wherever it stands.
void Checker::BoxRecursiveOptionals() {
  const std::vector<bool> recursive = RecursiveStructs(model_);
  const auto box = [&](TypeId& type) {
    const auto* optional = std::get_if<OptionalType>(&model_.types[type]);
    if (optional == nullptr) return;
    const TypeId value = optional->value;
    const auto* inside = std::get_if<StructType>(&model_.types[value]);
    if (inside != nullptr && recursive[inside->id.index]) {
      type = model_.types.Intern(OptionalType{value, true});
    }
  };
  const auto box_fields = [&](Members& members) {
    for (Field& field : members.fields) box(field.type);
  };
  const auto box_parameters = [&](std::vector<Parameter>& parameters) {
    for (Parameter& parameter : parameters) box(parameter.type);
  };
  for (const StructId id : model_.structs.ids()) box_fields(model_.structs[id].members);
  for (const ErrorId id : model_.errors.ids()) box_fields(model_.errors[id].members);
  for (const ActorId id : model_.actors.ids()) {
    Actor& actor = model_.actors[id];
    box_fields(actor.state);
    for (Method& method : actor.methods) {
      box_parameters(method.parameters);
      if (method.result.has_value()) box(*method.result);
    }
    for (Event& event : actor.events) box_fields(event.members);
    for (Filter& filter : actor.filters) box_parameters(filter.parameters);
    for (View& view : actor.views) box_parameters(view.parameters);
    for (Reminder& reminder : actor.reminders) box_parameters(reminder.parameters);
  }
}

// The struct that a value of the type holds other than by an `optional`.
std::optional<StructId> Checker::StructHeldBy(TypeId type) const {
  if (type == kUnresolved) return std::nullopt;
  const Type& row = model_.types[type];
  if (const auto* t = std::get_if<StructType>(&row)) return t->id;
  if (const auto* t = std::get_if<ListType>(&row)) return StructHeldBy(t->element);
  if (const auto* t = std::get_if<MapType>(&row)) return StructHeldBy(t->value);
  return std::nullopt;
}

}  // namespace onager::idl
