#include "runtime/door/reflection/descriptors.h"

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/mutex.h"

namespace onager::door {
namespace {

namespace pb = google::protobuf;

class SourceTree final : public pb::compiler::SourceTree {
 public:
  void Add(const generated::ProtoFile& file) {
    if (!files_.emplace(std::string(file.name), file.Text()).second) return;
    for (const generated::ProtoFileLink import : file.imports) Add(import());
  }
  pb::io::ZeroCopyInputStream* Open(const std::string& name) override {
    const auto found = files_.find(name);
    if (found == files_.end()) return nullptr;
    return new pb::io::ArrayInputStream(found->second.data(), static_cast<int>(found->second.size()));
  }
  const std::map<std::string, std::string>& files() const { return files_; }

 private:
  std::map<std::string, std::string> files_;
};

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

}  // namespace

class Descriptors::Pool {
 public:
  explicit Pool(const std::vector<const generated::ProtoFile*>& files) {
    for (const generated::ProtoFile* file : files) tree_.Add(*file);
  }

  const pb::FileDescriptor* FindFile(const std::string& name) {
    MutexLock lock(mutex_);
    return pool_.FindFileByName(name);
  }

  const pb::FileDescriptor* FindSymbol(const std::string& symbol) {
    MutexLock lock(mutex_);
    // What is not built yet cannot be found by its symbols.
    if (!std::exchange(all_built_, true)) {
      for (const auto& [name, text] : tree_.files()) (void)pool_.FindFileByName(name);
    }
    return pool_.FindFileContainingSymbol(symbol);
  }

 private:
  SourceTree tree_;
  // What comes with protobuf itself.
  pb::DescriptorPoolDatabase well_known_{*pb::DescriptorPool::generated_pool()};
  pb::compiler::SourceTreeDescriptorDatabase database_{&tree_, &well_known_};
  Mutex mutex_;
  pb::DescriptorPool pool_{&database_};
  bool all_built_ ABSL_GUARDED_BY(mutex_) = false;
};

Descriptors::Descriptors(const std::vector<const generated::ProtoFile*>& files)
    : pool_(std::make_unique<Pool>(files)) {}

Descriptors::~Descriptors() = default;

absl::StatusOr<std::vector<std::string>> Descriptors::FileByName(const std::string& name) const {
  const pb::FileDescriptor* file = pool_->FindFile(name);
  if (file == nullptr) return absl::NotFoundError(absl::StrCat("no file ", name));
  std::set<const pb::FileDescriptor*> seen;
  std::vector<std::string> files;
  AddWithImports(*file, seen, files);
  return files;
}

absl::StatusOr<std::vector<std::string>> Descriptors::FileBySymbol(const std::string& symbol) const {
  const pb::FileDescriptor* file = pool_->FindSymbol(symbol);
  if (file == nullptr) return absl::NotFoundError(absl::StrCat("no symbol ", symbol));
  std::set<const pb::FileDescriptor*> seen;
  std::vector<std::string> files;
  AddWithImports(*file, seen, files);
  return files;
}

}  // namespace onager::door
