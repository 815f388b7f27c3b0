#include "codegen/view/proto_message.h"

#include "absl/strings/ascii.h"
#include "codegen/text/text.h"

namespace onager::codegen {

std::string JsonForm(std::string_view name) {
  std::string form;
  for (const char c : name) {
    if (c != '_') form += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return form;
}

void ProtoMessage::OpenOneof(std::string_view name, Node doc) {
  oneof_ = names_.Claim(name);
  oneof_doc_ = std::move(doc);
  opening_ = true;
}

void ProtoMessage::CloseOneof() {
  oneof_.clear();
  fields_.back().Set("closes_oneof", true);
}

Node ProtoMessage::ToNode(ProtoField field) {
  const bool opens = std::exchange(opening_, false);
  return Node{{"label", field.label},
              {"type", field.type},
              {"name", names_.Claim(field.name)},
              {"number", Cat(field.number)},
              {"doc", std::move(field.doc)},
              {"options", field.deprecated ? " [deprecated = true]" : ""},
              {"indent", oneof_.empty() ? "" : "  "},
              {"opens_oneof", opens},
              {"closes_oneof", false},
              {"oneof", oneof_},
              {"oneof_doc", opens ? oneof_doc_ : Node(Node::List())}};
}

}  // namespace onager::codegen
