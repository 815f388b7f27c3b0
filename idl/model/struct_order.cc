#include <algorithm>
#include <optional>

#include "idl/model/model.h"

namespace onager::idl {
namespace {

// The struct that a value of `type` holds, behind whatever containers.
std::optional<StructId> StructInside(const Model& model, TypeId type) {
  struct Visitor {
    const Model& model;
    std::optional<StructId> operator()(const ScalarType&) const { return std::nullopt; }
    std::optional<StructId> operator()(const EnumType&) const { return std::nullopt; }
    std::optional<StructId> operator()(const StructType& t) const { return t.id; }
    std::optional<StructId> operator()(const OptionalType& t) const { return StructInside(model, t.value); }
    std::optional<StructId> operator()(const ListType& t) const { return StructInside(model, t.element); }
    std::optional<StructId> operator()(const MapType& t) const { return StructInside(model, t.value); }
    std::optional<StructId> operator()(const SetType&) const { return std::nullopt; }
  };
  return std::visit(Visitor{model}, model.types[type]);
}

// The groups of structs that contain each other, by Tarjan's algorithm: a group comes after those that its
// fields lead to. With an explicit stack, since a chain of structs may be as long as a file allows.
class Components {
 public:
  explicit Components(const Model& model)
      : model_(model), numbers_(model.structs.size()), lows_(numbers_), open_(numbers_.size()) {
    for (const StructId id : model.structs.ids()) {
      if (numbers_[id.index] == 0) Visit(id);
    }
  }

  [[nodiscard]] const std::vector<std::vector<StructId>>& groups() const { return groups_; }

 private:
  struct Frame {
    StructId id;
    size_t next_field = 0;
  };

  void Enter(StructId id) {
    numbers_[id.index] = lows_[id.index] = ++count_;
    open_[id.index] = true;
    path_.push_back(id);
    stack_.push_back(Frame{id});
  }

  void Visit(StructId root) {
    Enter(root);
    while (!stack_.empty()) {
      Frame& top = stack_.back();
      const uint32_t at = top.id.index;
      const std::vector<Field>& fields = model_.structs[top.id].members.fields;
      if (top.next_field < fields.size()) {
        const std::optional<StructId> inside = StructInside(model_, fields[top.next_field++].type);
        if (!inside.has_value()) continue;
        if (numbers_[inside->index] == 0) {
          Enter(*inside);
        } else if (open_[inside->index]) {
          lows_[at] = std::min(lows_[at], numbers_[inside->index]);
        }
        continue;
      }
      if (lows_[at] == numbers_[at]) Close(top.id);
      stack_.pop_back();
      if (!stack_.empty()) {
        uint32_t& low = lows_[stack_.back().id.index];
        low = std::min(low, lows_[at]);
      }
    }
  }

  void Close(StructId id) {
    std::vector<StructId>& group = groups_.emplace_back();
    while (open_[id.index]) {
      group.push_back(path_.back());
      open_[path_.back().index] = false;
      path_.pop_back();
    }
  }

  const Model& model_;
  uint32_t count_ = 0;
  std::vector<uint32_t> numbers_;  // 0: not seen yet
  std::vector<uint32_t> lows_;
  std::vector<bool> open_;
  std::vector<StructId> path_;
  std::vector<Frame> stack_;
  std::vector<std::vector<StructId>> groups_;
};

// Appends the members of a group, each after those that it holds other than in a box.
void AppendInOrder(const Model& model, std::vector<StructId> group, std::vector<bool>& done,
                   std::vector<StructId>& order) {
  struct Frame {
    StructId id;
    size_t next_field = 0;
  };
  const auto by_index = [](StructId a, StructId b) { return a.index < b.index; };
  std::sort(group.begin(), group.end(), by_index);
  std::vector<Frame> stack;
  for (const StructId root : group) {
    if (done[root.index]) continue;
    done[root.index] = true;
    stack.push_back(Frame{root});
    while (!stack.empty()) {
      Frame& top = stack.back();
      const std::vector<Field>& fields = model.structs[top.id].members.fields;
      if (top.next_field == fields.size()) {
        order.push_back(top.id);
        stack.pop_back();
        continue;
      }
      const TypeId type = fields[top.next_field++].type;
      const auto* optional = std::get_if<OptionalType>(&model.types[type]);
      if (optional != nullptr && optional->boxed) continue;
      const std::optional<StructId> inside = StructInside(model, type);
      if (!inside.has_value() || done[inside->index]) continue;
      done[inside->index] = true;
      stack.push_back(Frame{*inside});
    }
  }
}

}  // namespace

std::vector<StructId> StructsInDependencyOrder(const Model& model) {
  std::vector<StructId> order;
  order.reserve(model.structs.size());
  std::vector<bool> done(model.structs.size());
  const Components components(model);
  for (const std::vector<StructId>& group : components.groups()) {
    AppendInOrder(model, group, done, order);
  }
  return order;
}

std::vector<bool> RecursiveStructs(const Model& model) {
  std::vector<bool> recursive(model.structs.size());
  const Components components(model);
  for (const std::vector<StructId>& group : components.groups()) {
    for (const StructId id : group) recursive[id.index] = group.size() > 1;
  }
  for (const StructId id : model.structs.ids()) {
    for (const Field& field : model.structs[id].members.fields) {
      if (StructInside(model, field.type) == id) recursive[id.index] = true;
    }
  }
  return recursive;
}

}  // namespace onager::idl
