#include "onager/generated/field_tree.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "onager/generated/wire.h"

namespace onager::generated {
namespace {

// Numbers of FieldTree, FieldTree.Type and FieldTree.Field in envelope.proto.
constexpr std::uint32_t kTypes = 1;
constexpr std::uint32_t kFields = 1;
enum FieldPart : std::uint32_t {
  kNumber = 1,
  kSlot = 2,
  kKind = 3,
  kPresence = 4,
  kKey = 5,
  kScalar = 6,
  kIsAlternative = 7,
  kDefaultHash = 8,
  kType = 9,  // Plus one.
};

// The finalizer of SplitMix64: the result is part of what two builds must agree on, so no library's hash.
std::uint64_t Mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) + 0x9e3779b97f4a7c15;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

std::uint64_t MixField(std::uint64_t hash, const FieldTree::Field& field, std::uint32_t slot) {
  hash = Mix(hash, static_cast<std::uint64_t>(field.number) << 32 | slot);
  hash = Mix(hash, static_cast<std::uint64_t>(field.is_alternative) << 32 |
                       static_cast<std::uint64_t>(field.kind) << 24 |
                       static_cast<std::uint64_t>(field.presence) << 16 |
                       static_cast<std::uint64_t>(field.key) << 8 | static_cast<std::uint64_t>(field.scalar));
  return Mix(hash, field.default_hash);
}

// No type of a state is so deep inside of others; one that a peer tells of may seem to be.
constexpr int kTypeDepthMax = 200;

// Goes through what two trees have in common, and hashes it.
class CommonWalk {
 public:
  CommonWalk(const FieldTree& a, const FieldTree& b) : a_(a), b_(b) {}

  std::uint64_t Hash(std::uint64_t hash, const FieldTree::Type& a, const FieldTree::Type& b) {
    // A pair of types that comes again, as in a recursive type, stands for itself by its place.
    const auto [place, is_new] = places_.emplace(std::pair(&a, &b), places_.size());
    if (!is_new) return Mix(hash, ~std::uint64_t{place->second});
    agrees_ = agrees_ && depth_ < kTypeDepthMax;
    if (!agrees_) return hash;
    ++depth_;
    // A oneof is known by the lowest of its alternatives that both have.
    std::map<std::uint32_t, const FieldTree::Field*> first_of_a;
    std::map<std::uint32_t, const FieldTree::Field*> first_of_b;
    for (const FieldTree::Field& field : a.fields) {
      const FieldTree::Field* const other = b.Find(field.number);
      if (other == nullptr) continue;
      std::uint32_t slot = field.number;
      if (field.is_alternative && other->is_alternative) {
        slot = first_of_a.emplace(field.slot, &field).first->second->number;
        agrees_ = agrees_ && first_of_b.emplace(other->slot, other).first->second->number == slot;
      }
      hash = MixField(hash, field, slot);
      agrees_ = agrees_ && MixField(0, field, 0) == MixField(0, *other, 0);
      const FieldTree::Type* const inside = a_.TypeOf(field);
      const FieldTree::Type* const inside_other = b_.TypeOf(*other);
      agrees_ = agrees_ && (inside == nullptr) == (inside_other == nullptr);
      if (!agrees_) return hash;
      if (inside != nullptr) hash = Hash(hash, *inside, *inside_other);
    }
    --depth_;
    return Mix(hash, kEnd);
  }
  bool agrees() const { return agrees_; }

 private:
  static constexpr std::uint64_t kEnd = 0x656e64;

  const FieldTree& a_;
  const FieldTree& b_;
  absl::flat_hash_map<std::pair<const FieldTree::Type*, const FieldTree::Type*>, std::size_t> places_;
  int depth_ = 0;
  bool agrees_ = true;
};

template <typename F>
bool ForEachMessage(std::string_view bytes, std::uint32_t number, F f) {
  for (Reader reader(bytes); !reader.AtEnd();) {
    Reader::Tag tag;
    if (!reader.ReadTag(tag)) return false;
    if (tag.number != number || tag.type != WireType::kBytes) {
      if (!reader.Skip(tag)) return false;
      continue;
    }
    std::string_view content;
    if (!reader.ReadBytes(content) || !f(content)) return false;
  }
  return true;
}

template <typename Enum>
bool SetEnum(Enum& target, std::uint64_t value, Enum last) {
  if (value > static_cast<std::uint64_t>(last)) return false;
  target = static_cast<Enum>(value);
  return true;
}

bool SetPart(FieldTree::Field& field, std::uint32_t part, std::uint64_t value) {
  switch (part) {
    case kNumber:
      field.number = static_cast<std::uint32_t>(value);
      return value != 0 && value < kOwnFields;
    case kSlot:
      field.slot = static_cast<std::uint32_t>(value);
      return value < kOwnFields;
    case kKind:
      return SetEnum(field.kind, value, FieldKind::kKeyedListOfLeaves);
    case kPresence:
      return SetEnum(field.presence, value, Presence::kExplicit);
    case kKey:
      return SetEnum(field.key, value, ScalarKind::kUuid);
    case kScalar:
      return SetEnum(field.scalar, value, ScalarKind::kUuid);
    case kIsAlternative:
      field.is_alternative = value != 0;
      return true;
    case kDefaultHash:
      field.default_hash = value;
      return true;
    case kType:
      field.type = static_cast<std::uint32_t>(value - 1);
      return value != 0 && value <= FieldTree::Field::kNoType;
    default:
      return true;
  }
}

bool ParseField(std::string_view bytes, FieldTree::Field& field) {
  for (Reader reader(bytes); !reader.AtEnd();) {
    Reader::Tag tag;
    if (!reader.ReadTag(tag)) return false;
    if (tag.type != WireType::kVarint) {
      if (!reader.Skip(tag)) return false;
      continue;
    }
    std::uint64_t value = 0;
    if (!reader.ReadVarint(value) || !SetPart(field, tag.number, value)) return false;
  }
  return field.number != 0;
}

}  // namespace

const FieldTree::Field* FieldTree::Type::Find(std::uint32_t number) const {
  const auto found = std::lower_bound(fields.begin(), fields.end(), number,
                                      [](const Field& field, std::uint32_t n) { return field.number < n; });
  return found != fields.end() && found->number == number ? &*found : nullptr;
}

FieldTree FieldTree::Of(const TypeShape& type) {
  FieldTree tree;
  std::vector<const TypeShape*> known;
  (void)tree.AddType(type, known);
  return tree;
}

std::uint32_t FieldTree::AddType(const TypeShape& type, std::vector<const TypeShape*>& known) {
  const auto found = std::find(known.begin(), known.end(), &type);
  const auto index = static_cast<std::uint32_t>(found - known.begin());
  if (found != known.end()) return index;
  known.push_back(&type);
  types_.emplace_back();
  for (const FieldShape& shape : type.fields) {
    if (shape.is_private) continue;
    Field field;
    field.number = shape.number;
    field.slot = shape.slot;
    field.kind = shape.kind;
    field.presence = shape.presence;
    field.key = shape.key;
    field.scalar = shape.scalar;
    field.is_alternative = shape.is_alternative;
    if (shape.default_hash != nullptr) field.default_hash = shape.default_hash();
    if (shape.type != nullptr) field.type = AddType(shape.type(), known);
    types_[index].fields.push_back(field);
  }
  return index;
}

absl::StatusOr<std::shared_ptr<const FieldTree>> FieldTree::Parse(std::string_view bytes) {
  const absl::Status malformed = absl::InvalidArgumentError("these bytes are no field tree");
  if (bytes.size() > kBytesMax) return absl::InvalidArgumentError("a field tree that is too large");
  FieldTree tree;
  const bool is_read = ForEachMessage(bytes, kTypes, [&tree](std::string_view type_bytes) {
    Type& type = tree.types_.emplace_back();
    return ForEachMessage(type_bytes, kFields, [&type](std::string_view field_bytes) {
      Field field;
      if (!ParseField(field_bytes, field)) return false;
      if (!type.fields.empty() && type.fields.back().number >= field.number) return false;
      type.fields.push_back(field);
      return true;
    });
  });
  if (!is_read || tree.types_.empty()) return malformed;
  for (const Type& type : tree.types_) {
    for (const Field& field : type.fields) {
      if (field.type != Field::kNoType && field.type >= tree.types_.size()) return malformed;
    }
  }
  return std::make_shared<const FieldTree>(std::move(tree));
}

std::string FieldTree::Encode() const {
  std::string bytes;
  Writer writer(bytes);
  const auto write = [&writer](std::uint32_t part, std::uint64_t value) {
    if (value == 0) return;
    writer.Tag(part, WireType::kVarint);
    writer.Varint(value);
  };
  for (const Type& type : types_) {
    const Writer::Open open_type = writer.Begin(kTypes);
    for (const Field& field : type.fields) {
      const Writer::Open open_field = writer.Begin(kFields);
      write(kNumber, field.number);
      write(kSlot, field.slot);
      write(kKind, static_cast<std::uint64_t>(field.kind));
      write(kPresence, static_cast<std::uint64_t>(field.presence));
      write(kKey, static_cast<std::uint64_t>(field.key));
      write(kScalar, static_cast<std::uint64_t>(field.scalar));
      write(kIsAlternative, field.is_alternative ? 1 : 0);
      write(kDefaultHash, field.default_hash);
      write(kType, field.type == Field::kNoType ? 0 : std::uint64_t{field.type} + 1);
      writer.End(open_field);
    }
    writer.End(open_type);
  }
  writer.Finish();
  return bytes;
}

std::uint64_t HashOfDefault(std::string_view encoded) {
  std::uint64_t hash = encoded.size();
  for (const char byte : encoded) hash = Mix(hash, static_cast<unsigned char>(byte));
  return hash;
}

std::uint64_t FieldTree::fingerprint() const { return Common(*this, *this).fingerprint; }

CommonTree Common(const FieldTree& a, const FieldTree& b) {
  CommonWalk walk(a, b);
  CommonTree common;
  common.fingerprint = walk.Hash(0, a.root(), b.root());
  common.agrees = walk.agrees();
  return common;
}

void AppendKnown(const FieldTree& tree, const FieldTree::Type& type, std::string_view message,
                 std::string& out) {
  for (Reader reader(message); !reader.AtEnd();) {
    const char* const begin = reader.position();
    Reader::Tag tag;
    if (!reader.ReadTag(tag)) return;
    std::string_view content;
    if (!(tag.type == WireType::kBytes ? reader.ReadBytes(content) : reader.Skip(tag))) return;
    const FieldTree::Field* const field = type.Find(tag.number);
    if (field == nullptr) continue;
    const FieldTree::Type* const inside = tree.TypeOf(*field);
    if (inside == nullptr || tag.type != WireType::kBytes) {
      out.append(begin, reader.position());
      continue;
    }
    std::string kept;
    if (field->kind == FieldKind::kMapOfStructs) {
      // An entry: its key and, as its second field, the struct.
      FieldTree::Type entry;
      entry.fields.resize(2);
      entry.fields[0].number = 1;
      entry.fields[1].number = 2;
      entry.fields[1].type = field->type;
      AppendKnown(tree, entry, content, kept);
    } else {
      AppendKnown(tree, *inside, content, kept);
    }
    Writer writer(out);
    writer.Tag(tag.number, WireType::kBytes);
    writer.Bytes(kept);
    writer.Finish();
  }
}

}  // namespace onager::generated
