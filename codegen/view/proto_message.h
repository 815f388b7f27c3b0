#ifndef ONAGER_CODEGEN_VIEW_PROTO_MESSAGE_H_
#define ONAGER_CODEGEN_VIEW_PROTO_MESSAGE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "codegen/view/doc_lines.h"
#include "codegen/view/name_scope.h"
#include "codegen/view/node.h"

namespace onager::codegen {

// Two names of one form have the same JSON name, which proto3 refuses.
[[nodiscard]] std::string JsonForm(std::string_view name);

// One line of a message, or of a oneof in it.
struct ProtoField {
  std::string label = {};  // "optional ", "repeated " or nothing
  std::string type;
  std::string name;
  uint32_t number = 0;
  Node doc = Node::List();
  bool deprecated = false;
};

// Builds the view of one message, field by field.
class ProtoMessage {
 public:
  ProtoMessage(std::string name, Node doc, bool deprecated = false)
      : name_(std::move(name)), doc_(std::move(doc)), deprecated_(deprecated) {}

  void Add(ProtoField field) { fields_.push_back(ToNode(std::move(field))); }

  // Opens a oneof before the next field, and closes it after the last one added.
  void OpenOneof(std::string_view name, Node doc);
  void CloseOneof();

  // An enum inside of the message. `values` have a `name` and a `number`.
  void AddEnum(std::string_view name, std::string_view doc, Node::List values) {
    enums_.push_back(
        Node{{"name", names_.Claim(name)}, {"doc", DocLines(doc)}, {"values", std::move(values)}});
  }

  Node ToNode() && {
    return Node{{"name", name_},
                {"doc", std::move(doc_)},
                {"message_is_deprecated", deprecated_},
                {"nested_enums", std::move(enums_)},
                {"fields", std::move(fields_)}};
  }

 private:
  Node ToNode(ProtoField field);

  std::string name_;
  Node doc_;
  bool deprecated_ = false;
  NameScope names_{JsonForm};
  std::string oneof_;
  Node oneof_doc_ = Node::List();
  bool opening_ = false;
  Node::List enums_;
  Node::List fields_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_PROTO_MESSAGE_H_
