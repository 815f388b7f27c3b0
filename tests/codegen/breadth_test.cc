// Every type of values in every shape that the language lets it have, with values at the edges of what it can
// say: what we write, protobuf reads and repeats byte for byte, and the other way round; values and patches.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "breadth.actor.h"
#include "breadth.actor.impl.h"
#include "gtest/gtest.h"
#include "idl/compile/compile.h"
#include "idl/source/source_loader.h"
#include "onager/generated/state_impl.h"
#include "protobuf_messages.h"

namespace onager::testing {
namespace {

namespace pb = google::protobuf;

using breadth::v1::Mood;
using breadth::v1::Pair;
using generated::DecodeContext;
using generated::Reader;
using generated::Replica;
using generated::StructOps;
using generated::TrackedState;

// The combinations: for each type of the language the shapes that it may have -------------------------------

struct Row {
  const char* type;
  std::set<std::string> shapes;
};
const std::set<std::string> kEverywhere = {"plain", "maybe", "many", "by_text", "choice", "elements"};

std::set<std::string> EverywhereAnd(std::initializer_list<const char*> more) {
  std::set<std::string> shapes = kEverywhere;
  shapes.insert(more.begin(), more.end());
  return shapes;
}

const std::vector<Row>& Table() {
  static const std::vector<Row> table = {
      {"bool", EverywhereAnd({"preset", "keyed", "unique", "by_key"})},
      {"int32", EverywhereAnd({"preset", "keyed", "unique", "by_key"})},
      {"int64", EverywhereAnd({"preset", "keyed", "unique", "by_key"})},
      {"uint32", EverywhereAnd({"preset", "keyed", "unique", "by_key"})},
      {"uint64", EverywhereAnd({"preset", "keyed", "unique", "by_key"})},
      {"float", EverywhereAnd({"preset"})},
      {"double", EverywhereAnd({"preset"})},
      {"string", EverywhereAnd({"preset", "keyed", "unique", "by_key"})},
      {"bytes", EverywhereAnd({"preset", "unique"})},
      {"timestamp", EverywhereAnd({"preset"})},
      {"duration", EverywhereAnd({"preset"})},
      {"uuid", EverywhereAnd({"unique", "by_key"})},
      {"Mood", EverywhereAnd({"preset", "unique", "by_key"})},
      {"Pair", kEverywhere},
  };
  return table;
}

// What a field of each shape looks like, with `$` for the type.
struct ShapeText {
  const char* shape;
  const char* text;
};
constexpr ShapeText kShapeTexts[] = {
    {"plain", "$ f = 1;"},
    {"maybe", "optional $ f = 1;"},
    {"preset", "$ f = 1 [default = %];"},
    {"many", "list<$> f = 1;"},
    {"by_text", "map<string, $> f = 1;"},
    {"keyed", "map<$, int32> f = 1;"},
    {"choice", "oneof f { $ g = 1; }"},
    {"unique", "set<$> f = 1;"},
    {"elements", "list<Element> f = 1 [key = id];"},
    {"by_key", "list<Keyed> f = 1 [key = id];"},
};

std::string Replace(std::string text, char from, const std::string& to) {
  for (size_t at; (at = text.find(from)) != std::string::npos;) text.replace(at, 1, to);
  return text;
}

bool IsLegal(const std::string& type, const std::string& field) {
  // One of them fits, whatever the type.
  for (const char* value : {"true", "1", "\"x\"", "1s", "LOUD"}) {
    idl::InMemorySourceLoader loader;
    loader.Add("a.actor",
               "package a; enum Mood { CALM = 0; LOUD = 1; } struct Pair { int32 a = 1; }\n"
               "struct Element { int32 id = 1; " +
                   type +
                   " value = 2; }\n"
                   "struct Keyed { " +
                   type +
                   " id = 1; }\n"
                   "struct S { " +
                   Replace(Replace(field, '$', type), '%', value) + " }");
    if (idl::Compile("a.actor", loader).model.has_value()) return true;
  }
  return false;
}

TEST(BreadthTable, SaysWhatTheLanguageAllows) {
  std::set<std::string> types;
  for (const Row& row : Table()) {
    types.insert(row.type);
    for (const ShapeText& shape : kShapeTexts) {
      // The default of a timestamp is always an expression.
      const bool needs_cpp =
          std::string_view(row.type) == "timestamp" && std::string_view(shape.shape) == "preset";
      EXPECT_EQ(IsLegal(row.type, shape.text) || needs_cpp, row.shapes.contains(shape.shape))
          << row.type << " as " << shape.shape;
    }
  }
  for (auto kind = idl::ScalarKind::kBool;; kind = static_cast<idl::ScalarKind>(static_cast<int>(kind) + 1)) {
    EXPECT_TRUE(types.contains(std::string(idl::ScalarName(kind)))) << idl::ScalarName(kind);
    if (kind == idl::ScalarKind::kUuid) break;
  }
}

// Types -----------------------------------------------------------------------------------------------------

constexpr std::uint64_t kBits = 0x8000'0000'0000'0001;

template <typename S>
struct Case;
template <typename T>
std::deque<T> Edges();

template <>
std::deque<bool> Edges() {
  return {true, false};
}
template <typename T>
std::deque<T> IntegerEdges() {
  return {1, 0, std::numeric_limits<T>::max(), std::numeric_limits<T>::min(), 127, 128, static_cast<T>(-1),
          42};
}
template <>
std::deque<std::int32_t> Edges() {
  return IntegerEdges<std::int32_t>();
}
template <>
std::deque<std::int64_t> Edges() {
  return IntegerEdges<std::int64_t>();
}
template <>
std::deque<std::uint32_t> Edges() {
  return {1, 0, std::numeric_limits<std::uint32_t>::max(), 0x8000'0000, 127, 128};
}
template <>
std::deque<std::uint64_t> Edges() {
  return {1, 0, std::numeric_limits<std::uint64_t>::max(), kBits, 127, 128};
}
template <typename T>
std::deque<T> RealEdges() {
  using Limits = std::numeric_limits<T>;
  return {T{1.5},
          T{0},
          -T{0},
          Limits::min(),
          Limits::max(),
          Limits::lowest(),
          -Limits::infinity(),
          Limits::quiet_NaN(),
          Limits::denorm_min(),
          Limits::infinity()};
}
template <>
std::deque<float> Edges() {
  return RealEdges<float>();
}
template <>
std::deque<double> Edges() {
  return RealEdges<double>();
}
template <>
std::deque<std::string> Edges() {
  return {"text", "", std::string(1, '\0'), "\u00e9\u4e2d\U0001F34E", std::string(100'000, 'x')};
}
template <>
std::deque<Bytes> Edges() {
  return {Bytes("bytes"), Bytes(), Bytes(std::string("\0\xff\x80", 3)), Bytes(std::string(100'000, '\xfe'))};
}
// From 0001-01-01 to 9999-12-31, and less than a second before and after the epoch.
template <>
std::deque<absl::Time> Edges() {
  return {absl::FromUnixSeconds(1),
          absl::UnixEpoch(),
          absl::FromUnixNanos(1),
          absl::FromUnixNanos(-1),
          absl::FromUnixSeconds(-62'135'596'800),
          absl::FromUnixSeconds(253'402'300'799) + absl::Nanoseconds(999'999'999)};
}
template <>
std::deque<absl::Duration> Edges() {
  const absl::Duration most = absl::Seconds(315'576'000'000) + absl::Nanoseconds(999'999'999);
  return {
      absl::Seconds(1), absl::ZeroDuration(), absl::Nanoseconds(1), absl::Milliseconds(-1'500), most, -most};
}
template <>
std::deque<Uuid> Edges() {
  return {Uuid::FromRandom(1, 2), Uuid(), Uuid::FromRandom(~std::uint64_t{0}, ~std::uint64_t{0})};
}
template <>
std::deque<Mood> Edges() {
  // Also one that this program does not know.
  return {Mood::LOUD, Mood::CALM, Mood::LEAST, Mood::MOST, static_cast<Mood>(1234)};
}
template <>
std::deque<Pair> Edges() {
  return {Pair().with_a(1), Pair(), Pair().with_a(-1).with_b("b"), Pair().with_b(std::string(1'000, 'y'))};
}

#define ONAGER_CASE(Type, Name, Plural, Text)                           \
  template <>                                                           \
  struct Case<breadth::v1::Plural##State> {                             \
    using Value = Type;                                                 \
    using Element = breadth::v1::Name##Element;                         \
    static constexpr const char* kType = Text;                          \
    static constexpr const char* kName = "breadth.v1." #Plural "State"; \
  }
ONAGER_CASE(bool, Bool, Bools, "bool");
ONAGER_CASE(std::int32_t, Int32, Int32s, "int32");
ONAGER_CASE(std::int64_t, Int64, Int64s, "int64");
ONAGER_CASE(std::uint32_t, Uint32, Uint32s, "uint32");
ONAGER_CASE(std::uint64_t, Uint64, Uint64s, "uint64");
ONAGER_CASE(float, Float, Floats, "float");
ONAGER_CASE(double, Double, Doubles, "double");
ONAGER_CASE(std::string, String, Strings, "string");
ONAGER_CASE(Bytes, Bytes, Bytess, "bytes");
ONAGER_CASE(absl::Time, Timestamp, Timestamps, "timestamp");
ONAGER_CASE(absl::Duration, Duration, Durations, "duration");
ONAGER_CASE(Uuid, Uuid, Uuids, "uuid");
ONAGER_CASE(Mood, Mood, Moods, "Mood");
ONAGER_CASE(Pair, Pair, Pairs, "Pair");
#undef ONAGER_CASE

// Protobuf's side: sets a field, or adds to it when it is repeated ------------------------------------------

void PutTime(pb::Message& message, std::int64_t seconds, std::int32_t nanos) {
  const pb::Reflection& reflection = *message.GetReflection();
  reflection.SetInt64(&message, message.GetDescriptor()->FindFieldByName("seconds"), seconds);
  reflection.SetInt32(&message, message.GetDescriptor()->FindFieldByName("nanos"), nanos);
}

class ProtoMessage {
 public:
  explicit ProtoMessage(pb::Message& message) : message_(message) {}

  template <typename T>
  ProtoMessage& Put(const char* name, const T& value) {
    const pb::FieldDescriptor* field = message_.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) {
      ADD_FAILURE() << message_.GetDescriptor()->full_name() << " has no field " << name;
    } else {
      PutField(*field, value);
    }
    return *this;
  }
  // The sub-message, a new one when the field is repeated.
  ProtoMessage In(const char* name) {
    const pb::FieldDescriptor* field = message_.GetDescriptor()->FindFieldByName(name);
    return ProtoMessage(field->is_repeated() ? *message_.GetReflection()->AddMessage(&message_, field)
                                             : *message_.GetReflection()->MutableMessage(&message_, field));
  }
  std::string Bytes() const { return Deterministic(message_); }

 private:
  void PutField(const pb::FieldDescriptor& field, bool value) {
    field.is_repeated() ? reflection_.AddBool(&message_, &field, value)
                        : reflection_.SetBool(&message_, &field, value);
  }
  void PutField(const pb::FieldDescriptor& field, std::int32_t value) {
    field.is_repeated() ? reflection_.AddInt32(&message_, &field, value)
                        : reflection_.SetInt32(&message_, &field, value);
  }
  void PutField(const pb::FieldDescriptor& field, std::int64_t value) {
    field.is_repeated() ? reflection_.AddInt64(&message_, &field, value)
                        : reflection_.SetInt64(&message_, &field, value);
  }
  void PutField(const pb::FieldDescriptor& field, std::uint32_t value) {
    field.is_repeated() ? reflection_.AddUInt32(&message_, &field, value)
                        : reflection_.SetUInt32(&message_, &field, value);
  }
  void PutField(const pb::FieldDescriptor& field, std::uint64_t value) {
    field.is_repeated() ? reflection_.AddUInt64(&message_, &field, value)
                        : reflection_.SetUInt64(&message_, &field, value);
  }
  void PutField(const pb::FieldDescriptor& field, float value) {
    field.is_repeated() ? reflection_.AddFloat(&message_, &field, value)
                        : reflection_.SetFloat(&message_, &field, value);
  }
  void PutField(const pb::FieldDescriptor& field, double value) {
    field.is_repeated() ? reflection_.AddDouble(&message_, &field, value)
                        : reflection_.SetDouble(&message_, &field, value);
  }
  void PutField(const pb::FieldDescriptor& field, const std::string& value) {
    field.is_repeated() ? reflection_.AddString(&message_, &field, value)
                        : reflection_.SetString(&message_, &field, value);
  }
  void PutField(const pb::FieldDescriptor& field, Mood value) {
    field.is_repeated() ? reflection_.AddEnumValue(&message_, &field, static_cast<int>(value))
                        : reflection_.SetEnumValue(&message_, &field, static_cast<int>(value));
  }
  void PutField(const pb::FieldDescriptor& field, const Uuid& value) {
    const bool is_nil = value == Uuid();
    const std::string bytes(value.bytes().begin(), value.bytes().end());
    PutField(field, is_nil ? std::string() : bytes);
  }
  void PutField(const pb::FieldDescriptor& field, absl::Time value) {
    const std::int64_t seconds = absl::ToUnixSeconds(value);  // Rounds down.
    const absl::Duration rest = value - absl::FromUnixSeconds(seconds);
    PutTime(Sub(field), seconds, static_cast<std::int32_t>(rest / absl::Nanoseconds(1)));
  }
  void PutField(const pb::FieldDescriptor& field, absl::Duration value) {
    const std::int64_t seconds = value / absl::Seconds(1);  // Rounds to zero, and both have one sign.
    const absl::Duration rest = value - absl::Seconds(seconds);
    PutTime(Sub(field), seconds, static_cast<std::int32_t>(rest / absl::Nanoseconds(1)));
  }
  void PutField(const pb::FieldDescriptor& field, const Pair& value) {
    ProtoMessage(Sub(field)).Put("a", value.a).Put("b", value.b);
  }
  pb::Message& Sub(const pb::FieldDescriptor& field) {
    return field.is_repeated() ? *reflection_.AddMessage(&message_, &field)
                               : *reflection_.MutableMessage(&message_, &field);
  }

  pb::Message& message_;
  const pb::Reflection& reflection_ = *message_.GetReflection();
};

template <typename T>
bool Same(const T& a, const T& b) {
  return generated::SameElement<T>(a, b);
}

// The tests -------------------------------------------------------------------------------------------------

Protos& BreadthProtos() {
  static Protos protos(ONAGER_BREADTH_DIR, {"breadth.proto"});
  return protos;
}

template <typename S>
class BreadthTest : public ::testing::Test {
 protected:
  using Value = typename Case<S>::Value;
  static constexpr bool kIsStruct = std::is_same_v<Value, Pair>;
  // What a plain field leaves out: a message that says nothing.
  static constexpr bool kIsMessage =
      kIsStruct || std::is_same_v<Value, absl::Time> || std::is_same_v<Value, absl::Duration>;

  std::unique_ptr<pb::Message> NewMessage(const char* suffix = "") {
    return BreadthProtos().New(std::string(Case<S>::kName) + suffix);
  }

  // Ours reads `bytes`, gives a state for which `check` holds, and writes them again.
  template <typename Check>
  void ExpectRead(const std::string& bytes, Check check) {
    S state;
    DecodeContext context;
    ASSERT_TRUE(StructOps<S>::Decode(Reader(bytes), state, context)) << context.error;
    EXPECT_TRUE(check(state)) << state;
    EXPECT_EQ(Encode(state, false), bytes) << state;
  }

  // Runs a turn; what it writes is as `expect` says, protobuf repeats it, and replicas follow both.
  template <typename Turn, typename Expect>
  void ExpectTurn(Turn turn, Expect expect) {
    turn(state_.state());
    std::string patch;
    const bool has_patch = state_.EncodePatch(patch);
    state_.Commit();
    const std::unique_ptr<pb::Message> expected = NewMessage("Patch");
    ProtoMessage builder(*expected);
    expect(builder);
    if (expected->ByteSizeLong() > 0) {
      EXPECT_EQ(patch, Deterministic(*expected)) << expected->ShortDebugString().substr(0, 400);
    }
    const std::unique_ptr<pb::Message> parsed = NewMessage("Patch");
    ASSERT_TRUE(parsed->ParseFromString(patch));
    EXPECT_FALSE(HasUnknownFields(*parsed)) << parsed->ShortDebugString();
    EXPECT_EQ(Deterministic(*parsed), patch);
    if (has_patch) {
      ASSERT_TRUE(ours_.ApplyPatch(patch).ok());
      ASSERT_TRUE(theirs_.ApplyPatch(parsed->SerializeAsString()).ok());
    }
    ExpectReplicas();
  }
  template <typename Turn>
  void ExpectTurn(Turn turn) {
    ExpectTurn(turn, [](ProtoMessage&) {});
  }

  void ExpectReplicas() {
    std::string snapshot;
    state_.EncodeSnapshot(snapshot);
    EXPECT_EQ(Encode(ours_.state(), true), snapshot);
    EXPECT_EQ(Encode(theirs_.state(), true), snapshot);
    const std::unique_ptr<pb::Message> parsed = NewMessage();
    ASSERT_TRUE(parsed->ParseFromString(snapshot));
    EXPECT_FALSE(HasUnknownFields(*parsed));
    EXPECT_EQ(Deterministic(*parsed), snapshot);
    Replica<S> loaded;
    ASSERT_TRUE(loaded.LoadSnapshot(parsed->SerializeAsString()).ok());
    EXPECT_EQ(Encode(loaded.state(), true), snapshot);
  }

  TrackedState<S> state_;
  Replica<S> ours_, theirs_;
};

using namespace breadth::v1;  // NOLINT(google-build-using-namespace)
using States = ::testing::Types<BoolsState, Int32sState, Int64sState, Uint32sState, Uint64sState, FloatsState,
                                DoublesState, StringsState, BytessState, TimestampsState, DurationsState,
                                UuidsState, MoodsState, PairsState>;
class NameOfType {
 public:
  template <typename S>
  static std::string GetName(int) {
    return Case<S>::kType;
  }
};
TYPED_TEST_SUITE(BreadthTest, States, NameOfType);

// A shape that the type has not got is not in the state.
template <typename S>
std::set<std::string> ShapesOf() {
  std::set<std::string> shapes;
  if constexpr (requires(S s) { s.plain; }) shapes.insert("plain");
  if constexpr (requires(S s) { s.maybe; }) shapes.insert("maybe");
  if constexpr (requires(S s) { s.preset; }) shapes.insert("preset");
  if constexpr (requires(S s) { s.many; }) shapes.insert("many");
  if constexpr (requires(S s) { s.by_text; }) shapes.insert("by_text");
  if constexpr (requires(S s) { s.keyed; }) shapes.insert("keyed");
  if constexpr (requires(S s) { s.choice; }) shapes.insert("choice");
  if constexpr (requires(S s) { s.unique; }) shapes.insert("unique");
  if constexpr (requires(S s) { s.elements; }) shapes.insert("elements");
  if constexpr (requires(S s) { s.by_key; }) shapes.insert("by_key");
  return shapes;
}

template <typename... S>
std::set<std::string> TestedTypes(::testing::Types<S...>) {
  return {Case<S>::kType...};
}

TYPED_TEST(BreadthTest, HasEveryShapeOfTheTable) {
  for (const Row& row : Table()) {
    if (std::string_view(row.type) == Case<TypeParam>::kType) {
      EXPECT_EQ(ShapesOf<TypeParam>(), row.shapes);
    }
    EXPECT_TRUE(TestedTypes(States()).contains(row.type)) << row.type;
  }
}

TYPED_TEST(BreadthTest, WeReadAndRepeatWhatProtobufWrites) {
  using T = typename TestFixture::Value;
  const std::deque<T> edges = Edges<T>();
  const auto write = [&](auto fill) {
    const std::unique_ptr<pb::Message> message = this->NewMessage();
    ProtoMessage builder(*message);
    // Always said, as it has a default.
    if constexpr (requires(TypeParam s) { s.preset; }) builder.Put("preset", T(edges.front()));
    fill(builder);
    return builder.Bytes();
  };
  for (const T& edge : edges) {
    const bool is_left_out = this->kIsMessage && Same<T>(edge, T());
    this->ExpectRead(write([&](ProtoMessage& m) {
                       if (!is_left_out) m.Put("plain", edge);
                     }),
                     [&](const TypeParam& s) { return Same<T>(s.plain, edge); });
    this->ExpectRead(write([&](ProtoMessage& m) { m.Put("maybe", edge); }),
                     [&](const TypeParam& s) { return s.maybe.has_value() && Same<T>(*s.maybe, edge); });
    if constexpr (requires(TypeParam s) { s.preset; }) {
      this->ExpectRead(write([&](ProtoMessage& m) { m.Put("preset", edge); }),
                       [&](const TypeParam& s) { return Same<T>(s.preset, edge); });
    }
    this->ExpectRead(write([&](ProtoMessage& m) { m.Put("many", edge).Put("many", T()).Put("many", edge); }),
                     [&](const TypeParam& s) { return s.many.size() == 3 && Same<T>(s.many[2], edge); });
    this->ExpectRead(
        write([&](ProtoMessage& m) {
          m.In("by_text").Put("key", std::string()).Put("value", edge);
          m.In("by_text").Put("key", std::string("k")).Put("value", edge);
        }),
        [&](const TypeParam& s) { return s.by_text.size() == 2 && Same<T>(*s.by_text.Find("k"), edge); });
    this->ExpectRead(write([&](ProtoMessage& m) { m.Put("one", edge); }), [&](const TypeParam& s) {
      return s.choice.index() == TypeParam::kOne && Same<T>(std::get<TypeParam::kOne>(s.choice), edge);
    });
    this->ExpectRead(write([&](ProtoMessage& m) {
                       ProtoMessage element = m.In("elements");
                       element.Put("id", 7).Put("maybe", edge);
                       if (!is_left_out) element.Put("value", edge);
                     }),
                     [&](const TypeParam& s) { return Same<T>(s.elements.Find(7)->value, edge); });
    if constexpr (requires(TypeParam s) { s.by_key; }) {
      this->ExpectRead(write([&](ProtoMessage& m) { m.In("by_key").Put("id", edge).Put("n", 7); }),
                       [&](const TypeParam& s) { return s.by_key.Find(edge)->n == 7; });
    }
  }
  std::deque<T> sorted(edges.begin(), edges.end());
  if constexpr (requires(TypeParam s) { s.unique; }) {
    std::sort(sorted.begin(), sorted.end());
    this->ExpectRead(write([&](ProtoMessage& m) {
                       for (const T& edge : sorted) m.Put("unique", edge);
                     }),
                     [&](const TypeParam& s) { return s.unique.size() == sorted.size(); });
  }
  if constexpr (requires(TypeParam s) { s.keyed; }) {
    this->ExpectRead(
        write([&](ProtoMessage& m) {
          for (const T& edge : sorted) m.In("keyed").Put("key", edge).Put("value", 0);
        }),
        [&](const TypeParam& s) { return s.keyed.size() == sorted.size() && s.keyed.contains(edges[0]); });
  }
}

TYPED_TEST(BreadthTest, LeavesAreSetAndCleared) {
  using T = typename TestFixture::Value;
  T before = T();
  T preset = TypeParam().maybe.value_or(T());
  if constexpr (requires(TypeParam s) { s.preset; }) preset = TypeParam().preset;
  for (const T& edge : Edges<T>()) {
    const bool is_new = !Same<T>(edge, before);
    if constexpr (!TestFixture::kIsStruct) {
      this->ExpectTurn([&](auto& s) { s.set_plain(edge); },
                       [&](ProtoMessage& m) {
                         if (is_new) m.Put("plain", edge);
                       });
      this->ExpectTurn([&](auto& s) { s.set_maybe(edge); }, [&](ProtoMessage& m) { m.Put("maybe", edge); });
    } else {
      this->ExpectTurn([&](auto& s) { s.set_plain(edge); });
      this->ExpectTurn([&](auto& s) { s.set_maybe(edge); });
    }
    if constexpr (requires(TypeParam s) { s.preset; }) {
      const bool is_other = !Same<T>(edge, preset);
      this->ExpectTurn([&](auto& s) { s.set_preset(edge); },
                       [&](ProtoMessage& m) {
                         if (is_other) m.Put("preset", edge);
                       });
    }
    this->ExpectTurn([&](auto& s) { s.clear_maybe(); },
                     [&](ProtoMessage& m) { m.Put("cleared", std::uint32_t{2}); });
    this->ExpectTurn([&](auto& s) { s.set_one(edge); }, [&](ProtoMessage& m) { m.Put("one", edge); });
    // What was there before is named, for readers that do not know what comes.
    this->ExpectTurn([&](auto& s) { s.set_other(true); },
                     [&](ProtoMessage& m) { m.Put("other", true).Put("cleared", std::uint32_t{7}); });
    this->ExpectTurn([&](auto& s) { s.clear_choice(); },
                     [&](ProtoMessage& m) { m.Put("cleared", std::uint32_t{8}); });
    this->ExpectTurn([&](auto& s) { s.set_many({edge, T(), edge}); },
                     [&](ProtoMessage& m) { m.Put("many", edge).Put("many", T()).Put("many", edge); });
    this->ExpectTurn([&](auto& s) { s.set_many({}); },
                     [&](ProtoMessage& m) { m.Put("cleared", std::uint32_t{4}); });
    before = preset = edge;
  }
}

TYPED_TEST(BreadthTest, ContainersTakeChangeAndLoseThem) {
  using T = typename TestFixture::Value;
  // What stays, so that removing the other one is no clearing.
  this->ExpectTurn([](auto& s) {
    s.mutable_by_text().Set("stays", T());
    typename Case<TypeParam>::Element element;
    element.id = 1;
    s.mutable_elements().Insert(element);
  });
  std::uint64_t handle = 2;
  T before = T();
  for (const T& edge : Edges<T>()) {
    ++handle;
    this->ExpectTurn([&](auto& s) { s.mutable_by_text().Set("k", before); },
                     [&](ProtoMessage& m) {
                       m.In("by_text")
                           .In("inserted")
                           .Put("handle", handle)
                           .Put("key", std::string("k"))
                           .Put("value", before);
                     });
    this->ExpectTurn([&](auto& s) { s.mutable_by_text().Set("k", edge); },
                     [&](ProtoMessage& m) {
                       if (TestFixture::kIsStruct || Same<T>(edge, before)) return;
                       m.In("by_text").In("updated").Put("handle", handle).Put("value", edge);
                     });
    this->ExpectTurn([&](auto& s) { s.mutable_by_text().Remove("k"); },
                     [&](ProtoMessage& m) { m.In("by_text").Put("removed", handle); });

    typename Case<TypeParam>::Element element;
    element.id = 5;
    element.value = before;
    ++handle;
    this->ExpectTurn([&](auto& s) { s.mutable_elements().Insert(element); },
                     [&](ProtoMessage& m) {
                       ProtoMessage placed = m.In("elements").In("placed");
                       ProtoMessage value =
                           placed.Put("handle", handle).Put("after", std::uint64_t{2}).In("value");
                       value.Put("id", 5);
                       if (!TestFixture::kIsMessage || !Same<T>(before, T())) value.Put("value", before);
                     });
    this->ExpectTurn(
        [&](auto& s) {
          auto found = s.mutable_elements().Find(5);
          found->set_value(edge);
          found->set_maybe(edge);
        },
        [&](ProtoMessage& m) {
          if (TestFixture::kIsStruct) return;
          ProtoMessage patch = m.In("elements").In("updated").Put("handle", handle).In("patch");
          if (!Same<T>(edge, before)) patch.Put("value", edge);
          patch.Put("maybe", edge);
        });
    this->ExpectTurn([&](auto& s) { s.mutable_elements().Remove(5); },
                     [&](ProtoMessage& m) { m.In("elements").Put("removed", handle); });
    before = edge;
  }
}

// A container that has become empty is cleared.
TYPED_TEST(BreadthTest, KeysComeAndGo) {
  using T = typename TestFixture::Value;
  std::uint64_t handle = 0;
  for (const T& edge : Edges<T>()) {
    if constexpr (requires(TypeParam s) { s.keyed; }) {
      ++handle;
      this->ExpectTurn([&](auto& s) { s.mutable_keyed().Set(edge, 0); },
                       [&](ProtoMessage& m) {
                         m.In("keyed").In("inserted").Put("handle", handle).Put("key", edge).Put("value", 0);
                       });
      this->ExpectTurn([&](auto& s) { s.mutable_keyed().Remove(edge); },
                       [](ProtoMessage& m) { m.Put("cleared", std::uint32_t{6}); });
    }
    if constexpr (requires(TypeParam s) { s.unique; }) {
      this->ExpectTurn([&](auto& s) { s.mutable_unique().Insert(edge); },
                       [&](ProtoMessage& m) { m.In("unique").Put("added", edge); });
      this->ExpectTurn([&](auto& s) { s.mutable_unique().Remove(edge); },
                       [](ProtoMessage& m) { m.Put("cleared", std::uint32_t{9}); });
    }
    if constexpr (requires(TypeParam s) { s.by_key; }) {
      ++handle;
      this->ExpectTurn(
          [&](auto& s) {
            typename std::remove_cvref_t<decltype(TypeParam().by_key)>::value_type element;
            element.id = edge;
            s.mutable_by_key().Insert(element);
          },
          [&](ProtoMessage& m) {
            m.In("by_key").In("placed").Put("handle", handle).In("value").Put("id", edge);
          });
      this->ExpectTurn([&](auto& s) { s.mutable_by_key().Remove(edge); },
                       [](ProtoMessage& m) { m.Put("cleared", std::uint32_t{11}); });
    }
  }
}

}  // namespace
}  // namespace onager::testing
