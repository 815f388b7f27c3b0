#ifndef ONAGER_CODEGEN_VIEW_PROTO_FIELDS_H_
#define ONAGER_CODEGEN_VIEW_PROTO_FIELDS_H_

#include <cstddef>
#include <cstdint>

#include "codegen/view/doc_lines.h"
#include "codegen/view/proto_message.h"
#include "idl/model/model.h"

namespace onager::codegen {

// The first number of what the generator adds to the users' fields.
inline constexpr uint32_t kOwnNumbers = 20'000;

// Adds `line(field)` for each field, with the oneofs around them.
template <typename Line>
void AddFields(ProtoMessage& message, const idl::Members& members, Line line) {
  for (size_t i = 0; i < members.fields.size(); ++i) {
    const idl::Field& field = members.fields[i];
    const idl::Oneof* oneof = field.oneof.has_value() ? &members.oneofs[*field.oneof] : nullptr;
    if (oneof != nullptr && oneof->fields.front() == i) message.OpenOneof(oneof->name, DocLines(*oneof));
    message.Add(line(field));
    if (oneof != nullptr && oneof->fields.back() == i) message.CloseOneof();
  }
}

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_PROTO_FIELDS_H_
