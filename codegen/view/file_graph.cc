#include "codegen/view/file_graph.h"

#include <cstddef>

namespace onager::codegen {

using idl::FileIndex;

FileGraph::FileGraph(const idl::Model& model) : imported_(model.files.size()) {
  // Depth first with an explicit stack: a chain of imports may be long.
  struct Frame {
    FileIndex file;
    size_t next_import = 0;
  };
  std::vector<bool> entered(model.files.size(), false);
  for (FileIndex root = 0; root < model.files.size(); ++root) {
    if (entered[root]) continue;
    entered[root] = true;
    std::vector<Frame> stack = {Frame{root}};
    while (!stack.empty()) {
      Frame& top = stack.back();
      const std::vector<FileIndex>& imports = model.files[top.file].imports;
      if (top.next_import == imports.size()) {
        order_.push_back(top.file);
        stack.pop_back();
        continue;
      }
      const FileIndex next = imports[top.next_import++];
      if (entered[next]) continue;
      entered[next] = true;
      stack.push_back(Frame{next});
    }
  }
  for (const FileIndex file : order_) {
    std::vector<bool> seen(model.files.size(), false);
    const auto add = [&](FileIndex other) {
      if (!seen[other]) imported_[file].push_back(other);
      seen[other] = true;
    };
    for (const FileIndex direct : model.files[file].imports) {
      add(direct);
      for (const FileIndex other : imported_[direct]) add(other);
    }
  }
}

std::string_view OutputStem(std::string_view import_name) {
  constexpr std::string_view kExtension = ".actor";
  if (import_name.ends_with(kExtension)) import_name.remove_suffix(kExtension.size());
  return import_name;
}

}  // namespace onager::codegen
