// The encodings against protobuf's own, made from the .proto files that the generator emits.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "everything.actor.h"
#include "gtest/gtest.h"
#include "protobuf_messages.h"
#include "random_turns.h"

namespace onager::testing {
namespace {

namespace pb = google::protobuf;

using generated::DecodeContext;
using generated::Reader;
using generated::Replica;
using generated::StructOps;
using generated::TrackedState;

constexpr std::uint64_t kSeedCount = 400;

// Fills messages with random values that a struct of the .actor file can have.
class RandomMessage {
 public:
  explicit RandomMessage(std::uint64_t seed) : dice_(seed) {}

  void Fill(pb::Message& message, int depth = 0) {
    const pb::Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const pb::FieldDescriptor& field = *type.field(i);
      if (field.number() >= 20'000) continue;  // Ours: not part of a value.
      if (field.is_repeated()) {
        FillRepeated(message, field, depth);
      } else if (field.real_containing_oneof() != nullptr) {
        if (dice_.OneIn(3)) Set(message, field, depth);  // The last one stays.
      } else if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
        FillStruct(message, field, depth);
      } else if (MustBeSet(field) || !dice_.OneIn(3)) {
        Set(message, field, depth);
      }
    }
  }

 private:
  // Fields with a declared default are always written; absent they mean the default, not nothing.
  static bool MustBeSet(const pb::FieldDescriptor& field) {
    return field.containing_type()->name() == "Defaults" || field.full_name() == "todo.v1.Todo.priority";
  }

  void FillStruct(pb::Message& message, const pb::FieldDescriptor& field, int depth) {
    if (field.has_optional_keyword()) {
      if (dice_.OneIn(2)) Set(message, field, depth);
      return;
    }
    Set(message, field, depth);
    // A struct that is no optional is always there: one with nothing to say is not written.
    const pb::Reflection& reflection = *message.GetReflection();
    if (Deterministic(reflection.GetMessage(message, &field)).empty())
      reflection.ClearField(&message, &field);
  }

  void FillRepeated(pb::Message& message, const pb::FieldDescriptor& field, int depth) {
    const pb::Reflection& reflection = *message.GetReflection();
    std::set<std::string> keys;
    for (std::uint32_t count = dice_.Below(depth > 2 ? 2 : 5); count > 0; --count) {
      if (field.cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) {
        Add(message, field);
        continue;
      }
      pb::Message& element = *reflection.AddMessage(&message, &field);
      if (field.is_map()) {
        // Both are written in any case.
        Set(element, *field.message_type()->map_key(), depth);
        Set(element, *field.message_type()->map_value(), depth);
      } else {
        Fill(element, depth + 1);
      }
      // The first field is the key wherever a list has one.
      std::unique_ptr<pb::Message> key(element.New());
      key->CopyFrom(element);
      std::vector<const pb::FieldDescriptor*> fields;
      key->GetReflection()->ListFields(*key, &fields);
      for (const pb::FieldDescriptor* other : fields) {
        if (other->number() != 1) key->GetReflection()->ClearField(key.get(), other);
      }
      if (!keys.insert(Deterministic(*key)).second) reflection.RemoveLast(&message, &field);
    }
  }

  void Set(pb::Message& message, const pb::FieldDescriptor& field, int depth) {
    const pb::Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return reflection.SetBool(&message, &field, dice_.OneIn(2));
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(&message, &field, static_cast<std::int32_t>(Number()));
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(&message, &field, static_cast<std::int64_t>(Number()));
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        return reflection.SetUInt32(&message, &field, static_cast<std::uint32_t>(Number()));
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(&message, &field, Number());
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
        return reflection.SetFloat(&message, &field, static_cast<float>(Real()));
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.SetDouble(&message, &field, Real());
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return reflection.SetEnumValue(&message, &field, static_cast<int>(Number()));
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(&message, &field, Text(field));
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        return Fill(*reflection.MutableMessage(&message, &field), depth + 1);
    }
  }

  void Add(pb::Message& message, const pb::FieldDescriptor& field) {
    const pb::Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return reflection.AddBool(&message, &field, dice_.OneIn(2));
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return reflection.AddInt32(&message, &field, static_cast<std::int32_t>(Number()));
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.AddDouble(&message, &field, Real());
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return reflection.AddEnumValue(&message, &field, static_cast<int>(Number()));
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return reflection.AddString(&message, &field, Text(field));
      default:
        ADD_FAILURE() << "the samples have no list like " << field.full_name();
    }
  }

  // Small ones, large ones, and zero.
  std::uint64_t Number() { return dice_.OneIn(4) ? 0 : dice_.Next() >> dice_.Below(64); }
  double Real() {
    constexpr double kSpecial[] = {0.0, -0.0, 1.0, -1.5, 1e300, 1e-300, __builtin_inf(), __builtin_nan("")};
    return dice_.OneIn(2) ? kSpecial[dice_.Below(8)] : static_cast<double>(Number()) / 7;
  }
  std::string Text(const pb::FieldDescriptor& field) {
    std::string text = dice_.OneIn(4) ? "" : dice_.Text();
    if (dice_.OneIn(4)) text.append(200, 'x');
    if (dice_.OneIn(4)) text += "\xC3\xA9\xF0\x9F\x8D\x8E";
    if (field.type() == pb::FieldDescriptor::TYPE_BYTES && dice_.OneIn(2))
      text += std::string("\0\xFF\x80", 3);
    return text;
  }

  Dice dice_;
};

template <typename S>
struct NameOf;
template <>
struct NameOf<todo::v1::TodoListState> {
  static constexpr const char* kName = "todo.v1.TodoListState";
};
template <>
struct NameOf<shapes::v1::ShapesState> {
  static constexpr const char* kName = "shapes.v1.ShapesState";
};

template <typename S>
class ProtobufAgreementTest : public ::testing::Test {
 protected:
  // Parses with protobuf: everything is known to it, and it writes the same bytes.
  void ExpectSame(const std::string& message, const std::string& bytes) {
    const std::unique_ptr<pb::Message> parsed = protos_.New(message);
    ASSERT_TRUE(parsed->ParseFromString(bytes)) << message;
    EXPECT_FALSE(HasUnknownFields(*parsed)) << parsed->DebugString();
    EXPECT_EQ(Deterministic(*parsed), bytes) << parsed->DebugString();
  }

  std::string name_ = NameOf<S>::kName;
  Protos protos_{ONAGER_GENERATED_DIR, {"todo.proto", "shapes.proto"}};
};
using States = ::testing::Types<todo::v1::TodoListState, shapes::v1::ShapesState>;
TYPED_TEST_SUITE(ProtobufAgreementTest, States);

TYPED_TEST(ProtobufAgreementTest, ProtobufReadsAndRepeatsWhatWeWrite) {
  for (std::uint64_t seed = 1; seed <= kSeedCount; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Dice dice(seed);
    TrackedState<TypeParam> state;
    Replica<TypeParam> ours, theirs;
    for (int turn = 0; turn < 8; ++turn) {
      for (std::uint32_t i = dice.Below(12) + 1; i > 0; --i) Mutate(state.state(), dice);
      std::string patch;
      state.EncodePatch(patch);
      state.Commit();
      this->ExpectSame(this->name_ + "Patch", patch);
      this->ExpectSame(this->name_, Encode(state.value(), false));
      std::string snapshot;
      state.EncodeSnapshot(snapshot);
      this->ExpectSame(this->name_, snapshot);

      const std::unique_ptr<pb::Message> parsed = this->protos_.New(this->name_ + "Patch");
      ASSERT_TRUE(parsed->ParseFromString(patch));
      ASSERT_TRUE(ours.ApplyPatch(patch).ok());
      ASSERT_TRUE(theirs.ApplyPatch(parsed->SerializeAsString()).ok());
      ASSERT_EQ(Encode(theirs.state(), true), snapshot);
      ASSERT_EQ(Encode(ours.state(), true), snapshot);
      if (this->HasFailure()) return;
    }
    std::string stored;
    state.EncodeStoredSnapshot(stored);
    const std::unique_ptr<pb::Message> parsed = this->protos_.New(this->name_);
    ASSERT_TRUE(parsed->ParseFromString(stored));
    EXPECT_FALSE(HasUnknownFields(*parsed));
  }
}

TYPED_TEST(ProtobufAgreementTest, WeReadAndRepeatWhatProtobufWrites) {
  for (std::uint64_t seed = 1; seed <= kSeedCount * 4; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    const std::unique_ptr<pb::Message> message = this->protos_.New(this->name_);
    RandomMessage(seed).Fill(*message);
    const std::string bytes = Deterministic(*message);
    // Whatever order maps and fields come in.
    for (const std::string& form : {bytes, message->SerializeAsString()}) {
      TypeParam value;
      DecodeContext context;
      ASSERT_TRUE(StructOps<TypeParam>::Decode(Reader(form), value, context)) << context.error << "\n"
                                                                              << message->DebugString();
      ASSERT_EQ(Encode(value, false), bytes) << message->DebugString() << "\n" << value;
    }
  }
}

TEST(EmittedProtosTest, AreAllUnderstood) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(ONAGER_GENERATED_DIR)) {
    if (entry.path().extension() == ".proto")
      files.push_back(std::filesystem::relative(entry.path(), ONAGER_GENERATED_DIR).string());
  }
  EXPECT_GE(files.size(), 8u);
  const Protos protos(ONAGER_GENERATED_DIR, files);
}

// The user's own struct, with everything that can be imported.
TEST(ImportedStructTest, IsWhatTheEmittedProtoSays) {
  geo::Atlas atlas;
  atlas.open = true;
  atlas.small = -7;
  atlas.large = std::numeric_limits<std::uint64_t>::max();
  atlas.raw = {0, 255, 7};
  atlas.capital = geo::Place();
  atlas.capital->name = "Bern";
  atlas.capital->kind = geo::Kind::kCity;
  atlas.capital->outline.resize(2);
  atlas.scale = 0;
  atlas.exits["west"].lon = -1;
  atlas.exits["east"].lon = 1;
  atlas.kinds = {{7, geo::Kind::kLake}, {1, geo::Kind::kUnknown}};
  atlas.names = {"b", "a"};
  atlas.codes = {3, -1, 2};
  atlas.heights = {1.5, -0.0};
  atlas.counts = {1, 0, -1};
  atlas.printed = std::chrono::system_clock::time_point(std::chrono::seconds(1));
  Protos protos(ONAGER_GENERATED_DIR, {"everything.proto"});
  const std::vector<decltype(atlas.extent)> extents = {std::monostate(), 2.5, "path",
                                                       geo::Circle{{1, 2, 0}, 3}};
  for (const auto& extent : extents) {
    atlas.extent = extent;
    const std::string bytes = Encode(atlas, false);
    const std::unique_ptr<pb::Message> parsed = protos.New("everything.v1.Atlas");
    ASSERT_TRUE(parsed->ParseFromString(bytes));
    EXPECT_FALSE(HasUnknownFields(*parsed)) << parsed->DebugString();
    EXPECT_EQ(Deterministic(*parsed), bytes) << parsed->DebugString();
    const pb::FieldDescriptor* set =
        parsed->GetReflection()->GetOneofFieldDescriptor(*parsed, parsed->GetDescriptor()->oneof_decl(0));
    const char* names[] = {"", "radius", "outline", "circle"};
    EXPECT_EQ(set == nullptr ? "" : set->name(), names[extent.index()]);
    geo::Atlas read;
    DecodeContext context;
    ASSERT_TRUE(StructOps<geo::Atlas>::Decode(Reader(parsed->SerializeAsString()), read, context))
        << context.error;
    EXPECT_TRUE(generated::SameElement(read, atlas));
    EXPECT_EQ(Encode(read, false), bytes);
  }
}

TEST(DefaultsTest, AbsentFieldsHaveTheirDeclaredDefaults) {
  DecodeContext context;
  todo::v1::Todo absent;
  ASSERT_TRUE(StructOps<todo::v1::Todo>::Decode(Reader(""), absent, context));
  EXPECT_EQ(absent.priority, todo::v1::Priority::NORMAL);
  EXPECT_EQ(Encode(absent, false), std::string("\x20\x01", 2));
  // Zero is said, too.
  absent.priority = todo::v1::Priority::LOW;
  EXPECT_EQ(Encode(absent, false), std::string("\x20\x00", 2));
}

}  // namespace
}  // namespace onager::testing
