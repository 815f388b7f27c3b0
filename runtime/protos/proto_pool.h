#ifndef ONAGER_RUNTIME_PROTOS_PROTO_POOL_H_
#define ONAGER_RUNTIME_PROTOS_PROTO_POOL_H_

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>

#include <map>
#include <string>
#include <vector>

#include "onager/generated/proto_file.h"
#include "runtime/base/mutex.h"

namespace onager::protos {

// Fields from this number on are the generator's: element handles, and what is cleared.
inline constexpr int kGeneratedFields = 20'000;

/// The descriptors of `.proto` files, which are made when they are asked for. Thread-safe.
class ProtoPool {
 public:
  enum class Fields {
    kAll,
    kDeclared,  // Without those that no `.actor` file declares.
  };

  /// The files, those that they import included, outlive this.
  explicit ProtoPool(const std::vector<const generated::ProtoFile*>& files, Fields fields = Fields::kAll);

  /// Null where there is none.
  const google::protobuf::FileDescriptor* FindFile(const std::string& name);
  const google::protobuf::FileDescriptor* FindFileOfSymbol(const std::string& symbol);
  const google::protobuf::Descriptor* FindMessage(const std::string& name);

  const google::protobuf::DescriptorPool& descriptors() const { return pool_; }

 private:
  class SourceTree final : public google::protobuf::compiler::SourceTree {
   public:
    void Add(const generated::ProtoFile& file);
    google::protobuf::io::ZeroCopyInputStream* Open(const std::string& name) override;
    const std::map<std::string, std::string>& files() const { return files_; }

   private:
    std::map<std::string, std::string> files_;
  };

  /// Leaves out what the pool is to have without.
  class Selection final : public google::protobuf::DescriptorDatabase {
   public:
    Selection(google::protobuf::DescriptorDatabase& whole, Fields fields) : whole_(whole), fields_(fields) {}
    bool FindFileByName(const std::string& name, google::protobuf::FileDescriptorProto* file) override;
    bool FindFileContainingSymbol(const std::string&, google::protobuf::FileDescriptorProto*) override {
      return false;
    }
    bool FindFileContainingExtension(const std::string&, int,
                                     google::protobuf::FileDescriptorProto*) override {
      return false;
    }

   private:
    google::protobuf::DescriptorDatabase& whole_;
    const Fields fields_;
  };

  void BuildAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  SourceTree tree_;
  // What comes with protobuf itself.
  google::protobuf::DescriptorPoolDatabase well_known_{*google::protobuf::DescriptorPool::generated_pool()};
  google::protobuf::compiler::SourceTreeDescriptorDatabase database_{&tree_, &well_known_};
  Selection selection_;
  Mutex mutex_;
  google::protobuf::DescriptorPool pool_{&selection_};
  bool all_built_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace onager::protos

#endif  // ONAGER_RUNTIME_PROTOS_PROTO_POOL_H_
