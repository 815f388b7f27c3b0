#include "runtime/protos/proto_pool.h"

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <utility>

namespace onager::protos {
namespace {

namespace pb = google::protobuf;

void DropGeneratedFields(pb::DescriptorProto& message) {
  auto& fields = *message.mutable_field();
  for (int i = fields.size() - 1; i >= 0; --i) {
    // Events are numbered by their names, within a oneof.
    const bool in_oneof = fields[i].has_oneof_index() && !fields[i].proto3_optional();
    if (fields[i].number() >= kGeneratedFields && !in_oneof) fields.DeleteSubrange(i, 1);
  }
  for (pb::DescriptorProto& nested : *message.mutable_nested_type()) DropGeneratedFields(nested);
}

}  // namespace

ProtoPool::ProtoPool(const std::vector<const generated::ProtoFile*>& files, Fields fields)
    : selection_(database_, fields) {
  for (const generated::ProtoFile* file : files) tree_.Add(*file);
}

const pb::FileDescriptor* ProtoPool::FindFile(const std::string& name) {
  MutexLock lock(mutex_);
  return pool_.FindFileByName(name);
}

const pb::FileDescriptor* ProtoPool::FindFileOfSymbol(const std::string& symbol) {
  MutexLock lock(mutex_);
  BuildAll();
  return pool_.FindFileContainingSymbol(symbol);
}

const pb::Descriptor* ProtoPool::FindMessage(const std::string& name) {
  MutexLock lock(mutex_);
  BuildAll();
  return pool_.FindMessageTypeByName(name);
}

// What is not built yet cannot be found by its symbols.
void ProtoPool::BuildAll() {
  if (std::exchange(all_built_, true)) return;
  for (const auto& [name, text] : tree_.files()) (void)pool_.FindFileByName(name);
}

void ProtoPool::SourceTree::Add(const generated::ProtoFile& file) {
  if (!files_.emplace(std::string(file.name), file.Text()).second) return;
  for (const generated::ProtoFileLink import : file.imports) Add(import());
}

pb::io::ZeroCopyInputStream* ProtoPool::SourceTree::Open(const std::string& name) {
  const auto found = files_.find(name);
  if (found == files_.end()) return nullptr;
  return new pb::io::ArrayInputStream(found->second.data(), static_cast<int>(found->second.size()));
}

bool ProtoPool::Selection::FindFileByName(const std::string& name, pb::FileDescriptorProto* file) {
  if (!whole_.FindFileByName(name, file)) return false;
  if (fields_ == Fields::kAll) return true;
  for (pb::DescriptorProto& message : *file->mutable_message_type()) DropGeneratedFields(message);
  file->clear_source_code_info();  // It counts fields.
  return true;
}

}  // namespace onager::protos
