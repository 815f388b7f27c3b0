#include "codegen/view/proto_view.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "codegen/view/file_graph.h"
#include "codegen/view/proto_file.h"

namespace onager::codegen {

Node ProtoView(const idl::Model& model) {
  const FileGraph graph(model);
  ProtoFile::Files files(model.files.size());
  for (const idl::FileIndex file : graph.order()) {
    files[file] = std::make_unique<ProtoFile>(model, file, graph.Imported(file), files);
    // Files of its package that import it have to know the names that it makes up.
    const bool shares_package =
        std::any_of(model.files.begin(), model.files.end(), [&](const idl::File& other) {
          return &other != &model.files[file] && other.package == model.files[file].package;
        });
    if (file != 0 && shares_package) static_cast<void>(files[file]->Build());
  }
  return files[0]->Build();
}

}  // namespace onager::codegen
