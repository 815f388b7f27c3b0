#ifndef ONAGER_CODEGEN_VIEW_NODE_H_
#define ONAGER_CODEGEN_VIEW_NODE_H_

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace onager::codegen {

// What a template sees: a text, a fact, a list, or named parts that are nodes themselves. A plain value.
class Node {
 public:
  using List = std::vector<Node>;
  using Parts = std::map<std::string, Node, std::less<>>;

  Node() : value_(Parts()) {}
  Node(std::string text) : value_(std::move(text)) {}         // NOLINT(google-explicit-constructor)
  Node(std::string_view text) : value_(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  Node(const char* text) : value_(std::string(text)) {}       // NOLINT(google-explicit-constructor)
  Node(bool fact) : value_(fact) {}                           // NOLINT(google-explicit-constructor)
  Node(List list) : value_(std::move(list)) {}                // NOLINT(google-explicit-constructor)
  Node(std::initializer_list<Parts::value_type> parts) : value_(Parts(parts)) {}

  // A list of texts.
  static Node Texts(const std::vector<std::string>& texts) { return Node(List(texts.begin(), texts.end())); }

  // Adds or replaces a part; only for nodes with parts.
  void Set(std::string_view name, Node part) {
    std::get<Parts>(value_).insert_or_assign(std::string(name), std::move(part));
  }
  // The part of that name; null when there is none or the node has no parts.
  const Node* Find(std::string_view name) const {
    const Parts* parts = std::get_if<Parts>(&value_);
    if (parts == nullptr) return nullptr;
    const auto found = parts->find(name);
    return found == parts->end() ? nullptr : &found->second;
  }

  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const bool* fact() const { return std::get_if<bool>(&value_); }
  const List* list() const { return std::get_if<List>(&value_); }
  const Parts* parts() const { return std::get_if<Parts>(&value_); }

 private:
  std::variant<std::string, bool, List, Parts> value_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_NODE_H_
