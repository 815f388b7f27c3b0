#ifndef ONAGER_CODEGEN_VIEW_PROTO_VIEW_H_
#define ONAGER_CODEGEN_VIEW_PROTO_VIEW_H_

#include "codegen/view/node.h"
#include "idl/model/model.h"

namespace onager::codegen {

// What templates/proto.mustache sees: every message exactly as it is on the wire, enums with prefixed values,
// and each actor as a service. All names are made unique as proto3 wants it.
[[nodiscard]] Node ProtoView(const idl::Model& model);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_PROTO_VIEW_H_
