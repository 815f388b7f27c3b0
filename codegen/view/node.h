#ifndef ONAGER_CODEGEN_VIEW_NODE_H_
#define ONAGER_CODEGEN_VIEW_NODE_H_

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace onager::codegen {

// What a template sees: a text, a fact, a list, or named parts that are nodes themselves. A plain value;
// copies share what they hold until one of them changes, so that they cost nothing however much that is.
class Node {
 public:
  struct Part;
  using List = std::vector<Node>;
  using Parts = std::vector<Part>;

  Node() : Node(Parts()) {}
  Node(std::string text) : value_(std::move(text)) {}         // NOLINT(google-explicit-constructor)
  Node(std::string_view text) : value_(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  Node(const char* text) : value_(std::string(text)) {}       // NOLINT(google-explicit-constructor)
  Node(bool fact) : value_(fact) {}                           // NOLINT(google-explicit-constructor)
  Node(List list);                                            // NOLINT(google-explicit-constructor)
  Node(std::initializer_list<Part> parts);

  // A list of texts.
  static Node Texts(const std::vector<std::string>& texts) { return Node(List(texts.begin(), texts.end())); }

  // Adds or replaces a part; only for nodes with parts. `name` is a literal: it is not copied.
  void Set(std::string_view name, Node part);
  // The part of that name; null when there is none or the node has no parts.
  const Node* Find(std::string_view name) const;

  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const bool* fact() const { return std::get_if<bool>(&value_); }
  const List* list() const {
    const auto* list = std::get_if<std::shared_ptr<const List>>(&value_);
    return list == nullptr ? nullptr : list->get();
  }
  const Parts* parts() const {
    const auto* parts = std::get_if<std::shared_ptr<Parts>>(&value_);
    return parts == nullptr ? nullptr : parts->get();
  }

 private:
  explicit Node(Parts parts);

  std::variant<std::string, bool, std::shared_ptr<const List>, std::shared_ptr<Parts>> value_;
};

// `name` is a literal.
struct Node::Part {
  std::string_view name;
  Node node;
};

inline Node::Node(List list) : value_(std::make_shared<const List>(std::move(list))) {}
inline Node::Node(Parts parts) : value_(std::make_shared<Parts>(std::move(parts))) {}
inline Node::Node(std::initializer_list<Part> parts) : Node(Parts(parts)) {}

inline void Node::Set(std::string_view name, Node part) {
  std::shared_ptr<Parts>& parts = std::get<std::shared_ptr<Parts>>(value_);
  if (parts.use_count() > 1) parts = std::make_shared<Parts>(*parts);
  const auto found =
      std::find_if(parts->begin(), parts->end(), [name](const Part& other) { return other.name == name; });
  if (found != parts->end()) {
    found->node = std::move(part);
  } else {
    parts->push_back(Part{name, std::move(part)});
  }
}

inline const Node* Node::Find(std::string_view name) const {
  const Parts* all = parts();
  if (all == nullptr) return nullptr;
  const auto found =
      std::find_if(all->begin(), all->end(), [name](const Part& part) { return part.name == name; });
  return found == all->end() ? nullptr : &found->node;
}

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_NODE_H_
