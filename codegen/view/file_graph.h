#ifndef ONAGER_CODEGEN_VIEW_FILE_GRAPH_H_
#define ONAGER_CODEGEN_VIEW_FILE_GRAPH_H_

#include <string>
#include <string_view>
#include <vector>

#include "idl/model/model.h"

namespace onager::codegen {

// Which files of a model see which. Outputs of a file depend on itself and on what it imports alone, so that
// all who import it agree on what its names became. A value.
class FileGraph {
 public:
  explicit FileGraph(const idl::Model& model);

  // Every file behind those that it imports.
  [[nodiscard]] const std::vector<idl::FileIndex>& order() const { return order_; }
  // What `file` imports, itself or through others, each once.
  [[nodiscard]] const std::vector<idl::FileIndex>& Imported(idl::FileIndex file) const {
    return imported_[file];
  }

 private:
  std::vector<idl::FileIndex> order_;
  std::vector<std::vector<idl::FileIndex>> imported_;
};

// What the outputs of a file are called, below the folders they are written to: "common/money" for
// common/money.actor.
[[nodiscard]] std::string_view OutputStem(std::string_view import_name);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_FILE_GRAPH_H_
