#ifndef ONAGER_CODEGEN_VIEW_CPP_VIEW_H_
#define ONAGER_CODEGEN_VIEW_CPP_VIEW_H_

#include "codegen/view/node.h"
#include "idl/model/model.h"

namespace onager::codegen {

// What the templates of the C++ outputs see: actor.h.mustache, client.h.mustache, actor.impl.h.mustache and
// actor.cc.mustache.
[[nodiscard]] Node CppView(const idl::Model& model);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_CPP_VIEW_H_
