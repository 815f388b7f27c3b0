#include <limits>

#include "idl/sema/checker.h"
#include "idl/sema/reserved_numbers.h"

namespace onager::idl {

void Checker::CheckEnum(EnumId id, const ast::Enum& tree) {
  NameScope scope(emitter_);
  ReservedNumberSet reserved(std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max());
  absl::flat_hash_map<std::string, SourceRange> reserved_names;
  absl::flat_hash_map<int64_t, size_t> numbers;
  Enum& out = model_.enums[id];
  for (const ast::ReservedNumbers& range : tree.reserved_numbers) reserved.Add(range, emitter_);
  out.reserved_numbers = reserved.ToModel();
  CheckReservedNames(tree.reserved_names, out.reserved_names, reserved_names);

  for (const ast::EnumValue& value : tree.values) {
    scope.Declare(value.name);
    const auto reserved_name = reserved_names.find(std::string(value.name.text));
    if (reserved_name != reserved_names.end()) {
      emitter_.Emit(value.name.range, diag::ReservedName, value.name.text)
          .Note(reserved_name->second, diag::ReservedHere);
    }
    EnumValue& row = out.values.emplace_back();
    const Annotations annotations = ReadAnnotations(value.annotations, AnnotationPlace::kEnumValue, emitter_);
    Fill(row, value.name, value.doc, annotations.deprecated);
    if (!value.number.has_value()) continue;
    const std::optional<int64_t> number = ToInt64(*value.number);
    if (!number.has_value() || *number < std::numeric_limits<int32_t>::min() ||
        *number > std::numeric_limits<int32_t>::max()) {
      emitter_.Emit(value.number->range, diag::EnumNumberOutOfRange, value.number->text);
      continue;
    }
    row.number = static_cast<int32_t>(*number);
    if (out.values.size() == 1 && *number != 0 && !tree.damaged) {
      emitter_.Emit(value.number->range, diag::EnumFirstNotZero);
    }
    if (const SourceRange* range = reserved.Find(*number)) {
      emitter_.Emit(value.number->range, diag::ReservedNumber, *number).Note(*range, diag::ReservedHere);
    }
    const auto [first, inserted] = numbers.try_emplace(*number, out.values.size() - 1);
    if (!inserted) {
      const EnumValue& other = out.values[first->second];
      emitter_.Emit(value.number->range, diag::DuplicateEnumNumber, *number, other.name)
          .Note(other.name_range, diag::DeclaredHere, other.name);
    }
  }
  if (tree.values.empty() && !tree.damaged) {
    emitter_.Emit(tree.name.range, diag::EmptyEnum, tree.name.text);
  }
}

// In the `.proto`, values live beside their enums and carry their enum's name.
void Checker::CheckEnumValueNames() {
  absl::flat_hash_map<std::string, std::pair<EnumId, const EnumValue*>> values;
  for (const EnumId id : model_.enums.ids()) {
    const std::string& package = model_.files[model_.enums[id].file].package;
    const std::string prefix = UpperSnakeCase(model_.enums[id].name) + "_";
    for (const EnumValue& value : model_.enums[id].values) {
      const std::string emitted = prefix + UpperSnakeCase(value.name);
      const auto [first, inserted] = values.try_emplace(package + "." + emitted, id, &value);
      if (inserted || first->second.first == id) continue;
      const EnumValue& other = *first->second.second;
      emitter_.Emit(value.name_range, diag::EnumValueClash, value.name, emitted)
          .Note(other.name_range, diag::DeclaredHere, other.name);
    }
  }
}

}  // namespace onager::idl
