#ifndef ONAGER_CODEGEN_VIEW_CPP_ACTORS_H_
#define ONAGER_CODEGEN_VIEW_CPP_ACTORS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codegen/view/cpp_includes.h"
#include "codegen/view/cpp_names.h"
#include "codegen/view/cpp_types.h"
#include "codegen/view/node.h"
#include "idl/model/model.h"

namespace onager::codegen {

// Whether the method has a streamed parameter or result.
[[nodiscard]] bool IsStreamed(const idl::Method& method);

// The views of actors: keys, skeletons, stubs, and the structs of the source file that calls travel in.
// Refers to what it is made with.
class CppActors {
 public:
  CppActors(const idl::Model& model, const CppNames& names, const CppTypes& types, CppIncludes& includes)
      : model_(model), names_(names), types_(types), includes_(includes) {}

  Node Actor(idl::ActorId id);
  // A filter or view of an actor: the message of its parameters, which is added, and how a client makes one.
  Node Query(const idl::Declaration& declaration, const std::vector<idl::Parameter>& parameters,
             const QueryNames& names, std::string_view message, std::string_view message_doc);
  // The messages of all actors so far.
  Node::List TakeMessages() { return std::exchange(messages_, {}); }

 private:
  Node::List Key(const idl::Actor& actor, const ActorNames& names) const;
  Node::List Reminders(const idl::Actor& actor, const ActorNames& names);
  Node Method(const idl::Actor& actor, const idl::Method& method, const MethodNames& names, size_t index);
  // What the method's streams are and how their items travel; adds the messages around them.
  struct Streams {
    std::string in, in_name, encode_in, decode_in;
    std::string out, encode_out, decode_out;
  };
  Streams StreamsOf(const idl::Actor& actor, const idl::Method& method, const MethodNames& names);
  // What declares the parameters, and, as the fields of a message, what they travel in.
  struct Parameters {
    Node::List list;
    Node::List fields;
  };
  Parameters ParametersOf(const std::vector<idl::Parameter>& parameters,
                          const std::vector<std::string>& names) const;
  // A message around what is no struct, with one field.
  void AddWrapper(const std::string& name, std::string_view declared_name, std::string_view doc,
                  const char* field, idl::TypeId type);
  void AddMessage(const std::string& name, std::string_view declared_name, std::string_view doc,
                  Node::List fields);

  const idl::Model& model_;
  const CppNames& names_;
  const CppTypes& types_;
  CppIncludes& includes_;
  Node::List messages_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_CPP_ACTORS_H_
