#ifndef ONAGER_GENERATED_FIELD_TREE_H_
#define ONAGER_GENERATED_FIELD_TREE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "onager/generated/shape.h"

namespace onager::generated {

// The field tree of a state as subscribers see it, without private fields and names: what two builds of one
// `.actor` file tell each other about how they differ. Immutable once made.
class FieldTree {
 public:
  struct Field {
    static constexpr std::uint32_t kNoType = 0xffffffff;

    std::uint32_t number = 0;
    std::uint32_t slot = 0;  // As FieldShape's: equal for all alternatives of a oneof.
    FieldKind kind = FieldKind::kLeaf;
    Presence presence = Presence::kImplicit;
    ScalarKind key = ScalarKind::kNone;
    ScalarKind scalar = ScalarKind::kNone;
    bool is_alternative = false;
    std::uint64_t default_hash = 0;
    std::uint32_t type = kNoType;  // An index into the tree's types.
  };
  struct Type {
    std::vector<Field> fields;  // By number.

    const Field* Find(std::uint32_t number) const;
  };

  // What a tree that comes from elsewhere may hold at the most.
  static constexpr std::size_t kBytesMax = 64u << 10;

  static FieldTree Of(const TypeShape& type);
  // `INVALID_ARGUMENT` for what is no such tree, or too large a one. PROTOCOL.md has the form.
  static absl::StatusOr<std::shared_ptr<const FieldTree>> Parse(std::string_view bytes);
  std::string Encode() const;

  // A hash of the tree. Equal fingerprints: states whose subscribers' snapshots and patches can be exchanged.
  std::uint64_t fingerprint() const;

  const Type& root() const { return types_.front(); }
  // What is inside of that field; null for a scalar.
  const Type* TypeOf(const Field& field) const {
    return field.type == Field::kNoType ? nullptr : &types_[field.type];
  }

 private:
  FieldTree() = default;

  std::uint32_t AddType(const TypeShape& type, std::vector<const TypeShape*>& known);

  std::vector<Type> types_;  // The first is the state. As they are met, depth first.
};

// What two trees have in common: the fields whose numbers both have.
struct CommonTree {
  // Whether each of them means the same in both. Where they do not, values are exchanged as protobuf's rules
  // say, and no hash of the one can be held against the other.
  bool agrees = false;
  // Of the common part, where it agrees. That of either tree where they are equal.
  std::uint64_t fingerprint = 0;
};
CommonTree Common(const FieldTree& a, const FieldTree& b);

// Appends those fields of `message`, a message of `type` as it is encoded, that `type` has, at every depth.
// Bytes that cannot be read are left out.
void AppendKnown(const FieldTree& tree, const FieldTree::Type& type, std::string_view message,
                 std::string& out);

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_FIELD_TREE_H_
