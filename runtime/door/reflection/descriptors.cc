#include "runtime/door/reflection/descriptors.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "runtime/protos/proto_pool.h"

namespace onager::door {
namespace {

namespace pb = google::protobuf;

void AddWithImports(const pb::FileDescriptor& file, std::set<const pb::FileDescriptor*>& seen,
                    std::vector<std::string>& out) {
  if (!seen.insert(&file).second) return;
  pb::FileDescriptorProto proto;
  file.CopyTo(&proto);
  // The names that JSON has, and the comments.
  file.CopyJsonNameTo(&proto);
  file.CopySourceCodeInfoTo(&proto);
  out.push_back(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) AddWithImports(*file.dependency(i), seen, out);
}

std::vector<std::string> WithImports(const pb::FileDescriptor& file) {
  std::set<const pb::FileDescriptor*> seen;
  std::vector<std::string> files;
  AddWithImports(file, seen, files);
  return files;
}

}  // namespace

class Descriptors::Pool : public protos::ProtoPool {
 public:
  using ProtoPool::ProtoPool;
};

Descriptors::Descriptors(const std::vector<const generated::ProtoFile*>& files)
    : pool_(std::make_unique<Pool>(files)) {}

Descriptors::~Descriptors() = default;

absl::StatusOr<std::vector<std::string>> Descriptors::FileByName(const std::string& name) const {
  const pb::FileDescriptor* file = pool_->FindFile(name);
  if (file == nullptr) return absl::NotFoundError(absl::StrCat("no file ", name));
  return WithImports(*file);
}

absl::StatusOr<std::vector<std::string>> Descriptors::FileBySymbol(const std::string& symbol) const {
  const pb::FileDescriptor* file = pool_->FindFileOfSymbol(symbol);
  if (file == nullptr) return absl::NotFoundError(absl::StrCat("no symbol ", symbol));
  return WithImports(*file);
}

}  // namespace onager::door
