#include "onager/generated/filter_tree.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "onager/field_filter.h"
#include "onager/generated/choice.h"
#include "onager/generated/wire.h"

namespace onager::generated {
namespace {

// Of every actor's filter message, beside the declared filters.
constexpr std::uint32_t kAll = 1;
constexpr std::uint32_t kAny = 2;
constexpr std::uint32_t kNot = 3;
constexpr std::uint32_t kField = 4;
constexpr std::uint32_t kMaxRate = 5;
// Of the messages of all and any.
constexpr std::uint32_t kFilters = 1;
// Of the message of max_rate.
constexpr std::uint32_t kHz = 1;
constexpr double kHzMin = 1e-5;
constexpr double kHzMax = 1e6;

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

// What is not said is 0.
std::optional<double> DecodeRate(std::string_view message) {
  std::uint64_t bits = 0;
  for (Reader reader(message); !reader.AtEnd();) {
    Reader::Tag tag;
    if (!reader.ReadTag(tag)) return std::nullopt;
    if (tag.number != kHz || tag.type != WireType::kFixed64) {
      if (!reader.Skip(tag)) return std::nullopt;
    } else if (!reader.ReadFixed64(bits)) {
      return std::nullopt;
    }
  }
  return std::bit_cast<double>(bits);
}

// Calls `f(operand)` for each filter in the message of an all or an any until it returns an error.
template <typename F>
absl::Status ForEachOperand(const ActorType& type, std::string_view message, F f) {
  for (Reader operands(message); !operands.AtEnd();) {
    Reader::Tag tag;
    std::string_view operand;
    if (!operands.ReadTag(tag) || tag.number != kFilters || tag.type != WireType::kBytes ||
        !operands.ReadBytes(operand)) {
      return Invalid(type, "filter: malformed bytes");
    }
    if (absl::Status status = f(operand); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

std::string RateFilter(double hz) {
  std::string bytes;
  Writer writer(bytes);
  writer.Tag(kHz, WireType::kFixed64);
  writer.Fixed64(std::bit_cast<std::uint64_t>(hz));
  writer.Finish();
  return EncodeChoice(kMaxRate, bytes);
}

absl::StatusOr<FilterRequest> SplitFilter(const ActorType& type, std::string_view bytes) {
  FilterRequest request;
  if (bytes.empty()) return request;
  const auto take_rate = [&](std::string_view message) {
    const std::optional<double> hz = DecodeRate(message);
    if (!hz.has_value()) return Invalid(type, "filter: malformed bytes");
    if (!(*hz >= kHzMin && *hz <= kHzMax)) {
      return Invalid(type, absl::StrCat("filter: a rate of ", *hz, " a second is not between ", kHzMin,
                                        " and ", kHzMax));
    }
    request.interval = std::max(request.interval, absl::Seconds(1) / *hz);
    return absl::OkStatus();
  };
  const std::optional<Choice> choice = DecodeChoice(bytes);
  if (choice.has_value() && choice->number == kMaxRate) {
    if (absl::Status taken = take_rate(choice->content); !taken.ok()) return taken;
    return request;
  }
  if (!choice.has_value() || choice->number != kAll) {
    request.predicate = std::string(bytes);
    return request;
  }
  std::string others;
  std::string_view other;
  std::size_t other_count = 0;
  const absl::Status taken = ForEachOperand(type, choice->content, [&](std::string_view operand) {
    const std::optional<Choice> part = DecodeChoice(operand);
    if (part.has_value() && part->number == kMaxRate) return take_rate(part->content);
    others += EncodeChoice(kFilters, operand);
    other = operand;
    ++other_count;
    return absl::OkStatus();
  });
  if (!taken.ok()) return taken;
  if (other_count == 1) {
    request.predicate = std::string(other);
  } else if (other_count > 1) {
    request.predicate = EncodeChoice(kAll, others);
  }
  return request;
}

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
      const absl::Status added = ForEachOperand(type_, choice->content, [&](std::string_view operand) {
        return AddChild(*node, operand, depth_left);
      });
      if (!added.ok()) return added;
      return node;
    }
    if (choice->number == kNot) {
      node->kind = Kind::kNot;
      if (absl::Status added = AddChild(*node, choice->content, depth_left); !added.ok()) return added;
      return node;
    }
    if (choice->number == kMaxRate) {
      return Invalid(type_, "filter: max_rate stands beside other filters under all, and nowhere else");
    }
    absl::StatusOr<std::unique_ptr<FilterLeaf>> leaf = MakeLeaf(*choice);
    if (!leaf.ok()) return std::move(leaf).status();
    node->kind = Kind::kLeaf;
    node->leaf = *std::move(leaf);
    return node;
  }

 private:
  absl::StatusOr<std::unique_ptr<FilterLeaf>> MakeLeaf(const Choice& choice) const {
    if (choice.number == kField && type_.make_field_filter != nullptr) {
      return type_.make_field_filter(choice.content);
    }
    for (const FilterInfo& filter : type_.filters) {
      if (filter.number == choice.number) return filter.make(key_, choice.content);
    }
    return Invalid(type_, absl::StrCat("has no filter with number ", choice.number));
  }

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
