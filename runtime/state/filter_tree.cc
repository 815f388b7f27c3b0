#include "onager/generated/filter_tree.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "onager/generated/choice.h"
#include "onager/generated/wire.h"

namespace onager::generated {
namespace {

// Of every actor's filter message, beside the declared filters.
constexpr std::uint32_t kAll = 1;
constexpr std::uint32_t kAny = 2;
constexpr std::uint32_t kNot = 3;
// Of the messages of all and any.
constexpr std::uint32_t kFilters = 1;

absl::Status Invalid(const ActorType& type, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(absl::string_view(type.name.data(), type.name.size()), " ",
                                                 absl::string_view(what.data(), what.size())));
}

// What belongs into an all (or any) message that is to hold `filter`.
std::string AsOperands(std::uint32_t number, std::string_view filter) {
  const std::optional<Choice> choice = DecodeChoice(filter);
  if (choice.has_value() && choice->number == number) return std::string(choice->content);
  return EncodeChoice(kFilters, filter);
}

std::string Combine(std::uint32_t number, std::string_view a, std::string_view b) {
  return EncodeChoice(number, AsOperands(number, a) + AsOperands(number, b));
}

}  // namespace

std::string AllOfFilters(std::string_view a, std::string_view b) {
  if (a.empty()) return std::string(b);
  if (b.empty()) return std::string(a);
  return Combine(kAll, a, b);
}

std::string AnyOfFilters(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return std::string();
  return Combine(kAny, a, b);
}

std::string NotFilter(std::string_view filter) {
  return EncodeChoice(kNot, filter.empty() ? EncodeChoice(kAll, {}) : std::string(filter));
}

class FilterTree::Parser {
 public:
  Parser(const ActorType& type, std::string_view key) : type_(type), key_(key) {}

  absl::StatusOr<Node> Parse(std::string_view message, int depth_left) {
    if (depth_left == 0) return Invalid(type_, "filter: nested too deeply");
    if (++nodes_ > kFilterNodesMax) return Invalid(type_, "filter: too many parts");
    const std::optional<Choice> choice = DecodeChoice(message);
    if (!choice.has_value()) return Invalid(type_, "filter: malformed bytes");
    absl::StatusOr<Node> node((Node()));
    if (choice->number == kAll || choice->number == kAny) {
      node->kind = choice->number == kAll ? Kind::kAll : Kind::kAny;
      for (Reader operands(choice->content); !operands.AtEnd();) {
        Reader::Tag tag;
        std::string_view operand;
        if (!operands.ReadTag(tag) || tag.number != kFilters || tag.type != WireType::kBytes ||
            !operands.ReadBytes(operand)) {
          return Invalid(type_, "filter: malformed bytes");
        }
        if (absl::Status added = AddChild(*node, operand, depth_left); !added.ok()) return added;
      }
      return node;
    }
    if (choice->number == kNot) {
      node->kind = Kind::kNot;
      if (absl::Status added = AddChild(*node, choice->content, depth_left); !added.ok()) return added;
      return node;
    }
    for (const FilterInfo& filter : type_.filters) {
      if (filter.number != choice->number) continue;
      absl::StatusOr<std::unique_ptr<FilterLeaf>> leaf = filter.make(key_, choice->content);
      if (!leaf.ok()) return std::move(leaf).status();
      node->kind = Kind::kLeaf;
      node->leaf = *std::move(leaf);
      return node;
    }
    return Invalid(type_, absl::StrCat("has no filter with number ", choice->number));
  }

 private:
  absl::Status AddChild(Node& parent, std::string_view message, int depth_left) {
    absl::StatusOr<Node> child = Parse(message, depth_left - 1);
    if (!child.ok()) return std::move(child).status();
    parent.children.push_back(*std::move(child));
    return absl::OkStatus();
  }

  const ActorType& type_;
  const std::string_view key_;
  std::size_t nodes_ = 0;
};

absl::StatusOr<FilterTree> FilterTree::Parse(const ActorType& type, std::string_view key,
                                             std::string_view bytes) {
  absl::StatusOr<FilterTree> tree((FilterTree()));
  if (bytes.empty()) return tree;
  absl::StatusOr<Node> root = Parser(type, key).Parse(bytes, kFilterDepthMax);
  if (!root.ok()) return std::move(root).status();
  tree->root_ = *std::move(root);
  return tree;
}

bool FilterTree::Evaluate(const Node& node, StateInterface& state) {
  switch (node.kind) {
    case Kind::kAll:
      for (const Node& child : node.children) {
        if (!Evaluate(child, state)) return false;
      }
      return true;
    case Kind::kAny:
      for (const Node& child : node.children) {
        if (Evaluate(child, state)) return true;
      }
      return false;
    case Kind::kNot:
      return !Evaluate(node.children.front(), state);
    case Kind::kLeaf:
      return node.leaf->Evaluate(state);
  }
  return true;
}

bool FilterTree::IsOpen(StateInterface& state) const {
  try {
    return Evaluate(root_, state);
  } catch (...) {
    return true;
  }
}

absl::StatusOr<std::unique_ptr<ViewLeaf>> ParseView(const ActorType& type, std::string_view key,
                                                    std::string_view bytes) {
  const std::optional<Choice> choice = DecodeChoice(bytes);
  if (!choice.has_value()) return Invalid(type, "view: malformed bytes");
  for (const ViewInfo& view : type.views) {
    if (view.number == choice->number) return view.make(key, choice->content);
  }
  return Invalid(type, absl::StrCat("has no view with number ", choice->number));
}

}  // namespace onager::generated
