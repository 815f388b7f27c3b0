#ifndef ONAGER_GENERATED_HASH_WALK_H_
#define ONAGER_GENERATED_HASH_WALK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "onager/generated/element.h"
#include "onager/generated/journal.h"
#include "onager/generated/state_hash.h"
#include "onager/generated/wire.h"

// The hash of a state, without its types: hash_table.h makes the tables that lead through it. PATCH.md says
// what is hashed.
namespace onager::generated {

struct HashTable;
class FieldTree;

// A keyed list or map. An element's `value` is what its own table describes, or what `encode_value` writes.
struct HashContainer {
  bool ordered = false;
  void (*for_each)(const void* container, absl::FunctionRef<void(const ElementSlot&)> f) = nullptr;
  void (*encode_key)(Writer& writer, const ElementSlot& element) = nullptr;
  const void* (*value)(const ElementSlot& element) = nullptr;
  void (*encode_value)(Writer& writer, const void* value) = nullptr;  // Null: a struct.
  // Whether the view shows it; null: all are shown.
  bool (*holds)(const ElementSlot& element, const void* arguments) = nullptr;
};

// A set: calls `f` with each element as bytes, and with each that the open turn added or removed.
struct HashSet {
  void (*for_each)(const void* set, std::string& buffer, absl::FunctionRef<void(std::string_view)> f);
  void (*for_each_change)(const void* log, std::string& buffer,
                          absl::FunctionRef<void(std::string_view, bool added)> f);
};

// A field, or a whole oneof.
struct HashField {
  enum class Kind : std::uint8_t { kLeaf, kStructList, kStruct, kOptionalStruct, kContainer, kSet };

  Kind kind = Kind::kLeaf;
  std::uint32_t number = 0;
  std::size_t slot = 0;  // In the struct's StructChange.
  const void* (*member)(const void* owner) = nullptr;
  // Of a leaf: writes the field as it stands in a message; nothing when it has its default.
  void (*encode)(Writer& writer, const void* member, const void* arguments) = nullptr;
  // Of a plain list of structs, which is one leaf.
  void (*for_each_struct)(const void* member, absl::FunctionRef<void(const void*)> f) = nullptr;
  // Of an optional struct: the struct, or null.
  const void* (*inside)(const void* member) = nullptr;
  // Of structs, and of containers of structs.
  const HashTable& (*table)() = nullptr;
  const HashContainer* container = nullptr;
  const HashSet* set = nullptr;
};

// What is shown of a struct.
struct HashTable {
  std::vector<HashField> fields;
};

// Where elements of a view's tables are given to `holds`, `arguments` is passed on. With `known` only the
// fields that it has are hashed; what it has in common with `table`'s type must agree.
StateHash HashOf(const HashTable& table, const void* value, const void* arguments, std::uint32_t slices,
                 const FieldTree* known = nullptr);
// One slice alone: no other leaf is looked at, though every key is.
std::uint64_t HashSlice(const HashTable& table, const void* value, std::uint32_t slice, std::uint32_t slices);
// What the open turn, whose change `change` is, makes of the hash of `value`. O(change); through a view with
// conditions also the hidden elements between one that comes into sight, goes out of it or moves, and its
// neighbours.
StateHashChange HashChangeOf(const HashTable& table, const void* value, const StructChange& change,
                             const void* arguments, Journal& journal, std::uint32_t slices,
                             const FieldTree* known = nullptr);

// The same in three steps, so that many can take the second one together: the turn has to be undone for it.
class HashChangeWalk {
 public:
  // All of them outlive the walk.
  HashChangeWalk(const HashTable& table, const void* value, const StructChange& change, const void* arguments,
                 Journal& journal, std::uint32_t slices, const FieldTree* known);
  HashChangeWalk(HashChangeWalk&& other) noexcept;
  ~HashChangeWalk();

  // To be restricted before the first step, if at all.
  ViewPass& pass();
  // With the turn done. Returns whether the second step is needed.
  bool Look();
  // With the turn undone.
  void LookBack();
  // With the turn done again, and at last.
  StateHashChange Take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_HASH_WALK_H_
