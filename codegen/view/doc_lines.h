#ifndef ONAGER_CODEGEN_VIEW_DOC_LINES_H_
#define ONAGER_CODEGEN_VIEW_DOC_LINES_H_

#include <string_view>

#include "codegen/view/node.h"
#include "idl/model/model.h"

namespace onager::codegen {

// The lines of a doc comment, each with the blank that keeps it off the comment's slashes and none at its
// end.
[[nodiscard]] Node DocLines(std::string_view doc);

// The declaration's own doc, and that it is deprecated if it is.
[[nodiscard]] Node DocLines(const idl::Declaration& declaration);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_DOC_LINES_H_
