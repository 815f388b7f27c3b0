#include <algorithm>

#include "idl/diagnostics/near_name.h"
#include "idl/sema/checker.h"
#include "idl/sema/reserved_numbers.h"
#include "idl/sema/string_literal.h"

namespace onager::idl {
Members& Checker::MembersOf(const MembersOwner& owner) {
  if (const auto* id = std::get_if<StructId>(&owner)) return model_.structs[*id].members;
  if (const auto* id = std::get_if<ErrorId>(&owner)) return model_.errors[*id].members;
  if (const auto* event = std::get_if<EventRef>(&owner)) {
    return model_.actors[event->actor].events[event->index].members;
  }
  return model_.actors[std::get<ActorId>(owner)].state;
}

void Checker::CheckMembers(const MembersOwner& owner, const ast::Members& tree) {
  Members out;
  NameScope scope(emitter_);
  for (const ast::Oneof& oneof : tree.oneofs) {
    Oneof& row = out.oneofs.emplace_back();
    const Annotations annotations = ReadAnnotations(oneof.annotations, AnnotationPlace::kOneof, emitter_);
    Fill(row, oneof.name, oneof.doc, annotations.deprecated);
    scope.Declare(oneof.name);
  }
  for (const ast::Field& field : tree.fields) {
    if (emitter_.full()) return;  // nobody will see the model, nor further errors
    scope.Declare(field.name);
    CheckField(owner, tree, field, out);
  }
  for (size_t i = 0; i < tree.oneofs.size(); ++i) {
    if (out.oneofs[i].fields.empty() && !tree.oneofs[i].damaged) {
      emitter_.Emit(tree.oneofs[i].name.range, diag::EmptyOneof, tree.oneofs[i].name.text);
    }
  }
  CheckAccessorNames(tree, scope);
  CheckNumbers(tree, out);

  absl::flat_hash_map<std::string, SourceRange> reserved_names;
  CheckReservedNames(tree.reserved_names, out.reserved_names, reserved_names);
  for (const ast::Field& field : tree.fields) {
    const auto reserved = reserved_names.find(std::string(field.name.text));
    if (reserved == reserved_names.end()) continue;
    emitter_.Emit(field.name.range, diag::ReservedName, field.name.text)
        .Note(reserved->second, diag::ReservedHere);
  }
  MembersOf(owner) = std::move(out);
}

void Checker::CheckField(const MembersOwner& owner, const ast::Members& tree, const ast::Field& field,
                         Members& out) {
  const auto index = static_cast<uint32_t>(out.fields.size());
  Field& row = out.fields.emplace_back();
  const Annotations annotations = ReadAnnotations(field.annotations, AnnotationPlace::kField, emitter_);
  Fill(row, field.name, field.doc, annotations.deprecated);
  row.sensitive = annotations.sensitive;
  row.is_private = field.private_range.has_value();
  if (row.is_private && (!std::holds_alternative<ActorId>(owner) || field.oneof.has_value())) {
    emitter_.Emit(*field.private_range, diag::MisplacedPrivate);
  }
  row.type = ResolveType(field.type);
  const std::string_view type_text = sources_.Text(field.type.range);

  if (field.oneof.has_value()) {
    row.oneof = field.oneof;
    out.oneofs[*field.oneof].fields.push_back(index);
    const bool container = row.type != kUnresolved && !IsValueType(model_.types[row.type]);
    if (container) emitter_.Emit(field.type.range, diag::IllegalInOneof, type_text);
  }
  if (annotations.default_value != nullptr) {
    const ast::Value& value = *annotations.default_value->value;
    if (field.oneof.has_value()) {
      emitter_.Emit(annotations.default_value->range, diag::DefaultNotAllowed,
                    "a field of oneof `" + std::string(tree.oneofs[*field.oneof].name.text) + "`");
    } else {
      Default parsed = ToDefault(row.type, type_text, value);
      row.default_value = std::move(parsed.literal);
      row.default_expression = std::move(parsed.expression);
    }
  }
  for (const ast::Annotation& annotation : field.annotations) {
    if (annotation.name.text == "key") meant_to_be_keyed_.insert(PlaceOf(field.name.range));
  }
  if (annotations.key != nullptr) {
    pending_keys_.push_back(PendingKey{owner, index, annotations.key, type_text});
  }
}

// The accessors of tracked state and of messages live among the fields' own names.
void Checker::CheckAccessorNames(const ast::Members& tree, const NameScope& scope) {
  const auto check = [&](const ast::Name& of, const std::string& accessor) {
    const ast::Name* other = scope.Find(accessor);
    if (other == nullptr) return;
    emitter_.Emit(other->range, diag::AccessorClash, other->text, of.text)
        .Note(of.range, diag::DeclaredHere, of.text);
  };
  for (const ast::Field& field : tree.fields) {
    for (const char* prefix : {"set_", "mutable_", "clear_", "has_"}) {
      check(field.name, prefix + std::string(field.name.text));
    }
  }
  for (const ast::Oneof& oneof : tree.oneofs) {
    check(oneof.name, std::string(oneof.name.text) + "_case");
    check(oneof.name, "clear_" + std::string(oneof.name.text));
  }
}

void Checker::CheckNumbers(const ast::Members& tree, Members& out) {
  ReservedNumberSet reserved(kFieldNumberMin, kFieldNumberMax);
  for (const ast::ReservedNumbers& range : tree.reserved_numbers) reserved.Add(range, emitter_);
  out.reserved_numbers = reserved.ToModel();
  absl::flat_hash_map<int64_t, size_t> fields;
  for (size_t i = 0; i < tree.fields.size(); ++i) {
    if (!tree.fields[i].number.has_value()) continue;
    const ast::Integer& tree_number = *tree.fields[i].number;
    const std::optional<int64_t> number = ToInt64(tree_number);
    if (!number.has_value() || *number < kFieldNumberMin || *number > kFieldNumberMax) {
      emitter_.Emit(tree_number.range, diag::NumberOutOfRange, tree_number.text);
      continue;
    }
    out.fields[i].number = static_cast<uint32_t>(*number);
    if (const SourceRange* range = reserved.Find(*number)) {
      emitter_.Emit(tree_number.range, diag::ReservedNumber, *number).Note(*range, diag::ReservedHere);
    }
    const auto [first, inserted] = fields.try_emplace(*number, i);
    if (inserted) continue;
    const ast::Name& other = tree.fields[first->second].name;
    emitter_.Emit(tree_number.range, diag::DuplicateFieldNumber, *number, other.text)
        .Note(other.range, diag::DeclaredHere, other.text);
  }
}

void Checker::CheckReservedNames(std::span<const ast::Name> names, std::vector<std::string>& out,
                                 absl::flat_hash_map<std::string, SourceRange>& ranges) {
  for (const ast::Name& quoted : names) {
    std::optional<std::string> name = DecodeStringLiteral(quoted.text, quoted.range, emitter_);
    if (!name.has_value()) continue;
    const auto [first, inserted] = ranges.try_emplace(*name, quoted.range);
    if (!inserted) {
      emitter_.Emit(quoted.range, diag::ReservedTwice, "name `" + *name + "`")
          .Note(first->second, diag::FirstHere);
      continue;
    }
    out.push_back(*std::move(name));
  }
}

void Checker::CheckKey(const PendingKey& key) {
  Field& field = MembersOf(key.owner).fields[key.field_index];
  if (field.type == kUnresolved) return;
  const auto* list = std::get_if<ListType>(&model_.types[field.type]);
  const auto* element = list == nullptr ? nullptr : std::get_if<StructType>(&model_.types[list->element]);
  if (element == nullptr) {
    emitter_.Emit(key.annotation->range, diag::KeyOfWhat, key.type_text);
    return;
  }
  const Struct& row = model_.structs[element->id];
  if (row.cpp.has_value() && row.members.fields.empty()) return;  // C++ could not be asked
  const std::string_view name = key.annotation->value->text;
  const SourceRange& range = key.annotation->value->range;
  const MemberNames& members = NamesOf(row.members);
  const auto found = members.fields.find(name);
  if (found == members.fields.end()) {
    if (MayHaveBeenSkipped(name)) return;
    std::vector<std::string_view> names;
    for (const Field& f : row.members.fields) names.push_back(f.name);
    emitter_.Emit(range, diag::UnknownKeyField, row.name, name)
        .Suggest(range, NearestName(name, names))
        .Note(row.name_range, diag::DeclaredHere, row.name);
    return;
  }
  const Field& key_field = row.members.fields[found->second];
  if (key_field.type == kUnresolved) return;
  if (!IsKeyType(key_field.type) || key_field.oneof.has_value()) {
    const std::string spelling =
        TypeSpelling(model_, key_field.type) + (key_field.oneof.has_value() ? " in a oneof" : "");
    emitter_.Emit(range, diag::IllegalKeyType, name, spelling)
        .Note(key_field.name_range, diag::DeclaredHere, key_field.name);
    return;
  }
  field.type = model_.types.Intern(ListType{list->element, found->second});
}

// For when all members are there.
const Checker::MemberNames& Checker::NamesOf(const Members& members) {
  const auto [at, inserted] = member_names_.try_emplace(&members);
  if (inserted) {
    MemberNames& names = at->second;
    for (uint32_t i = 0; i < members.fields.size(); ++i) names.fields.try_emplace(members.fields[i].name, i);
    for (uint32_t i = 0; i < members.oneofs.size(); ++i) names.oneofs.try_emplace(members.oneofs[i].name, i);
  }
  return at->second;
}

}  // namespace onager::idl
