#ifndef ONAGER_CODEGEN_VIEW_CPP_VIEW_H_
#define ONAGER_CODEGEN_VIEW_CPP_VIEW_H_

#include <string>

#include "codegen/view/node.h"
#include "idl/model/model.h"

namespace onager::codegen {

// What templates/actor.h.mustache and templates/actor.cc.mustache see. `header` is how the source file
// includes the header: "todo.actor.h".
[[nodiscard]] Node CppView(const idl::Model& model, const std::string& header);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_CPP_VIEW_H_
