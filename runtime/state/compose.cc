// Composition works on patches taken apart by their shape, with every leaf and every inserted value left as
// the bytes it was; PATCH.md says why it is right.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "onager/generated/patch_numbers.h"
#include "onager/generated/shape.h"
#include "onager/generated/wire.h"

namespace onager::generated {
namespace {

struct PatchTree;

// A field as it is read: the bytes with its tag, and of a length-delimited one what is inside.
struct RawField {
  Reader::Tag tag;
  std::string_view whole;
  std::string_view content;
  std::uint64_t varint = 0;
};

bool ReadRaw(Reader& reader, RawField& field) {
  const char* const begin = reader.position();
  if (!reader.ReadTag(field.tag)) return false;
  field.content = {};
  field.varint = 0;
  bool ok = false;
  if (field.tag.type == WireType::kBytes) {
    ok = reader.ReadBytes(field.content);
  } else if (field.tag.type == WireType::kVarint) {
    ok = reader.ReadVarint(field.varint);
  } else {
    ok = reader.Skip(field.tag);
  }
  field.whole = std::string_view(begin, static_cast<std::size_t>(reader.position() - begin));
  return ok;
}

// Calls `f(value)` for each number of one occurrence, packed or not.
template <typename F>
bool ForEachNumberIn(const RawField& field, F f) {
  if (field.tag.type == WireType::kVarint) {
    f(field.varint);
    return true;
  }
  for (Reader packed(field.content); !packed.AtEnd();) {
    std::uint64_t value = 0;
    if (!packed.ReadVarint(value)) return false;
    f(value);
  }
  return true;
}

// What happens to the elements of one keyed list or map.
class ElementsPatch {
 public:
  explicit ElementsPatch(const FieldShape& shape) : shape_(shape) {}

  bool Add(Reader message, int nesting_left);
  void Write(Writer& writer) const;

 private:
  struct Placement {
    std::uint64_t handle = 0;
    std::uint64_t after = 0;
    std::string_view key;    // Tag and value, of a map only.
    std::string_view value;  // Tag and value; empty: a move.
    bool replaces = false;
    bool is_dropped = false;  // Overtaken by what came later.
  };
  struct Update {
    std::uint64_t handle = 0;
    std::unique_ptr<PatchTree> patch;
    std::string_view value;  // Tag and value, of a container of leaves.
    bool is_dropped = false;
  };
  struct Element {
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    std::size_t last_placement = kNone;
    std::size_t last_reference = kNone;  // The last placement that stands behind it.
    std::size_t value = kNone;           // The placement that brings what is there now.
    std::size_t ghost = kNone;           // The one that brought what was there, and is gone again.
    std::size_t update = kNone;
    bool is_inserted = false;  // Not there before the first patch.
    bool is_removed = false;
    bool is_listed = false;  // In `removed_`; counts as long as it is removed.
  };

  bool AddPlacement(Reader message);
  void Bring(Element& element, Placement& placement, std::size_t index);
  bool AddUpdate(Reader message, int nesting_left);
  void Remove(std::uint64_t handle);
  static bool IsReferencedSince(const Element& element, std::size_t placement) {
    return element.last_reference != Element::kNone && element.last_reference > placement;
  }

  const FieldShape& shape_;
  std::vector<Placement> placements_;
  std::vector<Update> updates_;
  std::vector<std::uint64_t> removed_;
  absl::flat_hash_map<std::uint64_t, Element> elements_;
};

// What happens to one set: of what was said of an element the last counts.
class SetPatchTree {
 public:
  explicit SetPatchTree(const FieldShape& shape)
      : of_numbers_(IsNumber(shape.scalar)), bias_(IsSigned(shape.scalar) ? std::uint64_t{1} << 63 : 0) {}

  bool Add(Reader message);
  void Write(Writer& writer) const;

 private:
  static bool IsNumber(ScalarKind kind) {
    return kind != ScalarKind::kString && kind != ScalarKind::kBytes && kind != ScalarKind::kUuid;
  }
  static bool IsSigned(ScalarKind kind) {
    return kind == ScalarKind::kInt32 || kind == ScalarKind::kInt64 || kind == ScalarKind::kEnum;
  }
  void WriteElements(Writer& writer, std::uint32_t part, bool added) const;

  const bool of_numbers_;
  const std::uint64_t bias_;  // Brings signed numbers into the order of unsigned ones.
  // Whether the element is added or removed, by the element: ascending.
  std::map<std::uint64_t, bool> numbers_;
  std::map<std::string_view, bool> texts_;
};

// What happens to one field, or to one oneof.
struct FieldPatch {
  const FieldShape* shape = nullptr;
  bool is_cleared = false;
  std::uint32_t cleared = 0;           // The number that was cleared first: of a oneof, what it had before.
  std::size_t leaf_patch = 0;          // Which of the added patches `leaf` is from.
  std::vector<std::string_view> leaf;  // Tags and values.
  std::unique_ptr<PatchTree> fields;   // Of structs.
  std::unique_ptr<ElementsPatch> elements;  // Of keyed lists and maps.
  std::unique_ptr<SetPatchTree> set;
};

struct PatchTree {
  std::map<std::uint32_t, FieldPatch> fields;  // By slot.

  std::size_t patch_count = 0;

  bool Add(Reader message, const TypeShape& type, int nesting_left);
  bool AddField(const FieldShape& shape, const RawField& field, int nesting_left);
  void Write(Writer& writer) const;
};

// Elements ----------------------------------------------------------------------------------------

bool ElementsPatch::Add(Reader message, int nesting_left) {
  if (nesting_left == 0) return false;
  // What a list removes goes last, what a map removes first.
  const bool is_list = IsKeyedList(shape_.kind);
  constexpr std::array<std::uint32_t, 3> kOfLists = {kPlaced, kUpdated, kRemoved};
  constexpr std::array<std::uint32_t, 3> kOfMaps = {kRemoved, kPlaced, kUpdated};
  for (const std::uint32_t part : is_list ? kOfLists : kOfMaps) {
    RawField field;
    for (Reader reader = message; !reader.AtEnd();) {
      if (!ReadRaw(reader, field)) return false;
      if (field.tag.number != part) continue;
      bool ok = true;
      if (part == kRemoved) {
        ok = ForEachNumberIn(field, [&](std::uint64_t handle) { Remove(handle); });
      } else if (field.tag.type == WireType::kBytes) {
        ok = part == kPlaced ? AddPlacement(Reader(field.content))
                             : AddUpdate(Reader(field.content), nesting_left);
      }
      if (!ok) return false;
    }
  }
  return true;
}

bool ElementsPatch::AddPlacement(Reader message) {
  const bool is_list = IsKeyedList(shape_.kind);
  Placement placement;
  RawField field;
  while (!message.AtEnd()) {
    if (!ReadRaw(message, field)) return false;
    if (field.tag.number == kPlacedHandle) {
      placement.handle = field.varint;
    } else if (field.tag.number == kPlacedAfter && is_list) {
      placement.after = field.varint;
    } else if (field.tag.number == kPlacedAfter) {
      placement.key = field.whole;
    } else if (field.tag.number == kPlacedValue) {
      placement.value = field.whole;
    } else if (field.tag.number == kPlacedReplaces && is_list) {
      placement.replaces = field.varint != 0;
    }
  }
  // In a view, an element that went may come again.
  if (placement.replaces) Remove(placement.handle);
  const std::size_t index = placements_.size();
  if (is_list && placement.after != 0) elements_[placement.after].last_reference = index;
  Element& element = elements_[placement.handle];
  if (!placement.value.empty() || !is_list) Bring(element, placement, index);
  // An earlier place that nothing was put behind since does not matter any more.
  if (element.last_placement != Element::kNone && !IsReferencedSince(element, element.last_placement)) {
    Placement& earlier = placements_[element.last_placement];
    if (element.value == element.last_placement) {
      placement.value = earlier.value;
      placement.replaces = earlier.replaces;
      element.value = index;
    }
    earlier.is_dropped = true;
  }
  element.last_placement = index;
  placements_.push_back(placement);
  return true;
}

// The element comes with a value: for the first time; where its ghost stands already, which then is none; or
// in place of what was there before the first patch. (In a map there is no place: what was there goes.)
void ElementsPatch::Bring(Element& element, Placement& placement, std::size_t index) {
  placement.replaces = false;
  element.value = index;
  if (element.ghost != Element::kNone) {
    element.value = std::exchange(element.ghost, Element::kNone);
    placements_[element.value].value = std::exchange(placement.value, {});
    element.is_removed = false;
  } else if (!element.is_removed) {
    element.is_inserted = true;
  } else if (IsKeyedList(shape_.kind)) {
    placement.replaces = true;
    element.is_removed = false;
  }
}

bool ElementsPatch::AddUpdate(Reader message, int nesting_left) {
  std::uint64_t handle = 0;
  RawField update;
  RawField field;
  while (!message.AtEnd()) {
    if (!ReadRaw(message, field)) return false;
    if (field.tag.number == kUpdatedHandle) handle = field.varint;
    if (field.tag.number == kUpdatedPatch) update = field;
  }
  Element& element = elements_[handle];
  if (element.update == Element::kNone) {
    element.update = updates_.size();
    updates_.emplace_back().handle = handle;
  }
  Update& merged = updates_[element.update];
  if (shape_.kind == FieldKind::kMapOfScalars || shape_.kind == FieldKind::kKeyedListOfLeaves) {
    merged.value = update.whole;
    return true;
  }
  if (merged.patch == nullptr) merged.patch = std::make_unique<PatchTree>();
  return merged.patch->Add(Reader(update.content), shape_.type(), nesting_left - 1);
}

void ElementsPatch::Remove(std::uint64_t handle) {
  Element& element = elements_[handle];
  if (element.update != Element::kNone) {
    updates_[element.update].is_dropped = true;
    element.update = Element::kNone;
  }
  const bool is_ghost = element.is_inserted && element.last_reference != Element::kNone;
  if (element.last_placement != Element::kNone && !is_ghost &&
      !IsReferencedSince(element, element.last_placement)) {
    placements_[element.last_placement].is_dropped = true;
  }
  if (element.value != Element::kNone) {
    // What was inserted here leaves no trace, unless something was put behind it: then it comes as a ghost,
    // which has a place and an empty value, and goes. What was replaced stands where it is.
    if (is_ghost) element.ghost = element.value;
    placements_[element.value].value = {};
    placements_[element.value].replaces = false;
    element.value = Element::kNone;
  }
  if (element.is_inserted && !is_ghost) return;
  element.is_removed = true;
  if (!std::exchange(element.is_listed, true)) removed_.push_back(handle);
}

void ElementsPatch::Write(Writer& writer) const {
  for (std::size_t index = 0; index < placements_.size(); ++index) {
    const Placement& placement = placements_[index];
    if (placement.is_dropped) continue;
    const Writer::Open open = writer.Begin(kPlaced);
    writer.Tag(kPlacedHandle, WireType::kVarint);
    writer.Varint(placement.handle);
    if (placement.after != 0) {
      writer.Tag(kPlacedAfter, WireType::kVarint);
      writer.Varint(placement.after);
    }
    writer.Raw(placement.key);
    if (elements_.at(placement.handle).ghost == index) {
      writer.Tag(kPlacedValue, WireType::kBytes);
      writer.Bytes({});
    } else {
      writer.Raw(placement.value);
    }
    if (placement.replaces) {
      writer.Tag(kPlacedReplaces, WireType::kVarint);
      writer.Varint(1);
    }
    writer.End(open);
  }
  for (const Update& update : updates_) {
    if (update.is_dropped) continue;
    const Writer::Open open = writer.Begin(kUpdated);
    writer.Tag(kUpdatedHandle, WireType::kVarint);
    writer.Varint(update.handle);
    writer.Raw(update.value);
    if (update.patch != nullptr) {
      const Writer::Open patch = writer.Begin(kUpdatedPatch);
      update.patch->Write(writer);
      writer.End(patch);
    }
    writer.End(open);
  }
  const Writer::Open removed = writer.Begin(kRemoved);
  for (const std::uint64_t handle : removed_) {
    if (elements_.at(handle).is_removed) writer.Varint(handle);
  }
  writer.EndUnlessEmpty(removed);
}

// Sets --------------------------------------------------------------------------------------------

bool SetPatchTree::Add(Reader message) {
  for (const std::uint32_t part : {kSetRemoved, kSetAdded}) {
    const bool added = part == kSetAdded;
    RawField field;
    for (Reader reader = message; !reader.AtEnd();) {
      if (!ReadRaw(reader, field)) return false;
      if (field.tag.number != part) continue;
      if (of_numbers_) {
        if (!ForEachNumberIn(field, [&](std::uint64_t number) { numbers_[number ^ bias_] = added; }))
          return false;
      } else if (field.tag.type == WireType::kBytes) {
        texts_[field.content] = added;
      }
    }
  }
  return true;
}

void SetPatchTree::WriteElements(Writer& writer, std::uint32_t part, bool added) const {
  const Writer::Open packed = writer.Begin(part);
  for (const auto& [number, is_added] : numbers_) {
    if (is_added == added) writer.Varint(number ^ bias_);
  }
  writer.EndUnlessEmpty(packed);
  for (const auto& [text, is_added] : texts_) {
    if (is_added != added) continue;
    writer.Tag(part, WireType::kBytes);
    writer.Bytes(text);
  }
}

void SetPatchTree::Write(Writer& writer) const {
  WriteElements(writer, kSetAdded, true);
  WriteElements(writer, kSetRemoved, false);
}

// Fields ------------------------------------------------------------------------------------------

bool PatchTree::Add(Reader message, const TypeShape& type, int nesting_left) {
  if (nesting_left == 0) return false;
  ++patch_count;
  RawField field;
  for (Reader reader = message; !reader.AtEnd();) {
    if (!ReadRaw(reader, field)) return false;
    if (field.tag.number != kClearedField) continue;
    const bool ok = ForEachNumberIn(field, [&](std::uint64_t number) {
      const FieldShape* shape = number < kOwnFields ? type.Find(static_cast<std::uint32_t>(number)) : nullptr;
      if (shape == nullptr) return;
      FieldPatch& patch = fields[shape->slot];
      const std::uint32_t cleared = patch.is_cleared ? patch.cleared : shape->number;
      patch = FieldPatch();
      patch.shape = shape;
      patch.is_cleared = true;
      patch.cleared = cleared;
    });
    if (!ok) return false;
  }
  while (!message.AtEnd()) {
    if (!ReadRaw(message, field)) return false;
    const FieldShape* shape = type.Find(field.tag.number);
    if (shape != nullptr && !AddField(*shape, field, nesting_left)) return false;
  }
  return true;
}

bool PatchTree::AddField(const FieldShape& shape, const RawField& field, int nesting_left) {
  FieldPatch& patch = fields[shape.slot];
  patch.shape = &shape;
  switch (shape.kind) {
    case FieldKind::kLeaf:
    case FieldKind::kLeafList:
      // An alternative is set where another was cleared, for readers that do not know the one.
      if (!shape.is_alternative) patch.is_cleared = false;
      if (std::exchange(patch.leaf_patch, patch_count) != patch_count) patch.leaf.clear();
      patch.leaf.push_back(field.whole);
      return true;
    case FieldKind::kStruct:
    case FieldKind::kOptionalStruct:
      if (field.tag.type != WireType::kBytes) return true;
      if (patch.fields == nullptr) patch.fields = std::make_unique<PatchTree>();
      return patch.fields->Add(Reader(field.content), shape.type(), nesting_left - 1);
    case FieldKind::kKeyedList:
    case FieldKind::kKeyedListOfLeaves:
    case FieldKind::kMapOfScalars:
    case FieldKind::kMapOfStructs:
      if (field.tag.type != WireType::kBytes) return true;
      if (patch.elements == nullptr) patch.elements = std::make_unique<ElementsPatch>(shape);
      return patch.elements->Add(Reader(field.content), nesting_left - 1);
    case FieldKind::kSet:
      if (field.tag.type != WireType::kBytes) return true;
      if (patch.set == nullptr) patch.set = std::make_unique<SetPatchTree>(shape);
      return patch.set->Add(Reader(field.content));
  }
  return false;
}

void PatchTree::Write(Writer& writer) const {
  bool any_cleared = false;
  for (const auto& [slot, patch] : fields) {
    any_cleared = any_cleared || patch.is_cleared;
    for (const std::string_view occurrence : patch.leaf) writer.Raw(occurrence);
    if (patch.fields != nullptr) {
      const Writer::Open open = writer.Begin(slot);
      patch.fields->Write(writer);
      // An optional struct that comes without contents comes nevertheless.
      if (patch.shape->kind == FieldKind::kOptionalStruct) {
        writer.End(open);
      } else {
        writer.EndUnlessEmpty(open);
      }
    }
    if (patch.elements != nullptr) {
      const Writer::Open open = writer.Begin(slot);
      patch.elements->Write(writer);
      writer.EndUnlessEmpty(open);
    }
    if (patch.set != nullptr) {
      const Writer::Open open = writer.Begin(slot);
      patch.set->Write(writer);
      writer.EndUnlessEmpty(open);
    }
  }
  if (!any_cleared) return;
  const Writer::Open open = writer.Begin(kClearedField);
  for (const auto& [slot, patch] : fields) {
    if (patch.is_cleared) writer.Varint(patch.cleared);
  }
  writer.End(open);
}

}  // namespace

absl::StatusOr<std::string> ComposePatches(const TypeShape& type,
                                           absl::Span<const std::string_view> patches) {
  PatchTree tree;
  for (const std::string_view patch : patches) {
    if (!tree.Add(Reader(patch), type, kNestingMax)) {
      return InvalidBytes(type.name, "patch", "malformed bytes");
    }
  }
  std::string composed;
  Writer writer(composed);
  tree.Write(writer);
  writer.Finish();
  return composed;
}

}  // namespace onager::generated
