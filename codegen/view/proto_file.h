#ifndef ONAGER_CODEGEN_VIEW_PROTO_FILE_H_
#define ONAGER_CODEGEN_VIEW_PROTO_FILE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codegen/view/name_scope.h"
#include "codegen/view/node.h"
#include "codegen/view/proto_message.h"
#include "idl/model/model.h"

namespace onager::codegen {

// What the actor's methods are called in its service, in their order.
[[nodiscard]] std::vector<std::string> RpcNames(const idl::Actor& actor);

// The .proto of one file of a model: the names of its messages, and its view. Refers to the model and to the
// .proto files that it may name.
class ProtoFile {
 public:
  // By idl::FileIndex; of the files that `file` imports, itself or through others, none is null.
  using Files = std::vector<std::unique_ptr<ProtoFile>>;

  // Takes the names of what the file declares.
  ProtoFile(const idl::Model& model, idl::FileIndex file, const std::vector<idl::FileIndex>& imported,
            const Files& files);
  ProtoFile(const ProtoFile&) = delete;
  ProtoFile& operator=(const ProtoFile&) = delete;

  // Called once. Takes the names that the generator makes up, too.
  Node Build();

 private:
  // Names: of this file where they are declared, and as this file writes them.
  std::string Reference(idl::FileIndex file, const std::string& name);
  std::string EnumReference(idl::EnumId id);
  std::string StructReference(idl::StructId id);
  std::string StructPatchReference(idl::StructId id);
  std::string WellKnown(std::string_view name, std::string_view import);
  bool IsHidden(std::string_view first_component) const;

  // Values.
  Node Enum(idl::EnumId id);
  ProtoMessage ValueMessage(const std::string& name, Node doc, const idl::Members& members,
                            bool deprecated = false);
  Node State(idl::ActorId id);
  ProtoField Plain(const idl::Declaration& declaration, idl::TypeId type, uint32_t number, bool has_default);
  ProtoField Plain(const idl::Parameter& parameter);
  [[nodiscard]] std::string ValueLabel(idl::TypeId type, bool has_default) const;
  std::string ValueType(idl::TypeId type);
  [[nodiscard]] bool IsStruct(idl::TypeId type) const;
  // A struct of which single fields travel when they change.
  [[nodiscard]] bool IsPatched(idl::TypeId type) const;
  [[nodiscard]] bool HasHandles(idl::TypeId type) const;

  // Changes.
  Node Patch(const std::string& name, std::string_view doc, const idl::Members& members);
  [[nodiscard]] std::string PatchLabel(const idl::Field& field) const;
  std::string PatchType(const idl::Field& field);
  std::string PatchType(idl::TypeId type);
  std::string ListPatch(idl::TypeId element);
  std::string MapPatch(const idl::MapType& map);
  std::string SetPatch(const idl::SetType& set);
  // `stem`, made unique among all files of the package where `type` is not of this file alone.
  [[nodiscard]] std::string ContainerStem(idl::TypeId type, std::string_view stem) const;

  // Calls, and what can be observed.
  Node Service(idl::ActorId id);
  // The messages of its `Watch` method, through the actor's messages for these, where it has them.
  struct Watched {
    std::string filter, view, event;
  };
  Node Watch(idl::ActorId id, const Watched& watched);
  std::string WatchRequest(const idl::Actor& actor, const Watched& watched);
  std::string WatchUpdate(idl::ActorId id, const Watched& watched);
  void AddKey(ProtoMessage& message, const idl::Actor& actor, std::string_view doc);
  [[nodiscard]] std::string InService(const idl::Actor& actor, const std::string& message) const;
  std::string Request(const idl::Actor& actor, const idl::Method& method);
  void AddItem(const idl::Actor& actor, const idl::Method& method);
  void AddReminders(const idl::Actor& actor);
  std::string Result(const idl::Actor& actor, const idl::Method& method);
  // Each returns the name of the actor's message; empty when there is none.
  std::string AddFilters(const idl::Actor& actor);
  static ProtoMessage FieldFilter(std::string name);
  std::string AddViews(const idl::Actor& actor);
  std::string AddEvents(const idl::Actor& actor);
  // The message of a filter's or view's parameters.
  std::string Arguments(const idl::Actor& actor, const idl::Declaration& declaration,
                        const std::vector<idl::Parameter>& parameters, std::string_view kind);

  const idl::Model& model_;
  const idl::FileIndex file_;
  const Files& files_;
  const std::string& package_;
  NameScope scope_;
  // Parallel to the model's tables; empty for what other files declare.
  std::vector<std::string> enums_, structs_, errors_, services_, states_, struct_patches_, state_patches_;
  std::map<uint32_t, std::string> list_patches_;
  std::map<std::pair<uint32_t, uint32_t>, std::string> map_patches_;
  std::map<uint32_t, std::string> set_patches_;
  std::set<std::string> imports_;
  Node::List containers_;
  Node::List calls_;
  Node::List observables_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_PROTO_FILE_H_
