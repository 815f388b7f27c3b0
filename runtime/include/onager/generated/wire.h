#ifndef ONAGER_GENERATED_WIRE_H_
#define ONAGER_GENERATED_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace onager::generated {

// The first number of the generator's own fields; the users' numbers end at 18,999.
inline constexpr std::uint32_t kOwnFields = 20'000;
// In a patch: the numbers of the fields that are reset. In a stored state: the next handle.
inline constexpr std::uint32_t kClearedField = kOwnFields;
inline constexpr std::uint32_t kNextHandleField = kOwnFields;
inline constexpr int kNestingMax = 100;

enum class WireType : std::uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroupBegin = 3,
  kGroupEnd = 4,
  kFixed32 = 5
};

// Appends protobuf's wire format to a string in one pass. The string holds the result after `Finish`.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out), begin_(out.size()) { SetEnds(begin_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void Tag(std::uint32_t number, WireType type) {
    Varint(static_cast<std::uint64_t>(number) << 3 | static_cast<std::uint64_t>(type));
  }
  void Varint(std::uint64_t value) {
    Reserve(kVarintMax);
    while (value >= 0x80) {
      *at_++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *at_++ = static_cast<char>(value);
  }
  void Fixed32(std::uint32_t value) { Fixed(value); }
  void Fixed64(std::uint64_t value) { Fixed(value); }
  void Raw(std::string_view bytes) {
    Reserve(bytes.size());
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void Bytes(std::string_view bytes) {
    Varint(bytes.size());
    Raw(bytes);
  }

  // A length-delimited field whose length is known when it ends. Returns what `End` takes.
  struct Open {
    std::size_t tag;
    std::size_t content;
  };
  Open Begin(std::uint32_t number) {
    const std::size_t tag = position();
    Tag(number, WireType::kBytes);
    Reserve(1);
    ++at_;
    ++nesting_;
    return {tag, position()};
  }
  void End(Open open) {
    if (nesting_-- > kNestingMax) too_deep_ = true;
    const std::size_t length = position() - open.content;
    if (length < 0x80) {
      out_[open.content - 1] = static_cast<char>(length);
    } else {
      EndLong(open, length);
    }
  }
  // As `End`, but takes the field back when it is empty. Returns whether it was written.
  bool EndUnlessEmpty(Open open) {
    if (position() == open.content) {
      Cut(open);
      return false;
    }
    End(open);
    return true;
  }
  // Takes the field back.
  void Cut(Open open) {
    --nesting_;
    at_ = out_.data() + open.tag;
  }

  // All NaNs are written alike.
  void set_canonical_nan() { canonical_nan_ = true; }
  bool canonical_nan() const { return canonical_nan_; }

  // Whether messages nest deeper than protobuf's parsers take, which is also what ours does.
  bool too_deep() const { return too_deep_; }

  // Returns whether anything was written.
  bool Finish() {
    const std::size_t size = position();
    out_.resize(size);
    return size != begin_;
  }

 private:
  static constexpr std::size_t kVarintMax = 10;

  // How much stands in the string so far.
  std::size_t position() const { return static_cast<std::size_t>(at_ - out_.data()); }
  template <typename U>
  void Fixed(U value) {
    Reserve(sizeof(U));
    for (std::size_t i = 0; i < sizeof(U); ++i) *at_++ = static_cast<char>(value >> (8 * i));
  }
  void Reserve(std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size) [[unlikely]]
      Grow(size);
  }
  void Grow(std::size_t size);
  void EndLong(Open open, std::size_t length);
  void SetEnds(std::size_t position) {
    at_ = out_.data() + position;
    end_ = out_.data() + out_.size();
  }

  std::string& out_;
  const std::size_t begin_;
  char* at_;
  char* end_;
  int nesting_ = 0;
  bool too_deep_ = false;
  bool canonical_nan_ = false;
};

// Takes protobuf's wire format apart. Every method returns false on malformed input and never reads past the
// end; what is read then is unspecified.
class Reader {
 public:
  struct Tag {
    std::uint32_t number = 0;
    WireType type = WireType::kVarint;
  };

  explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool AtEnd() const { return at_ == end_; }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  const char* position() const { return at_; }

  [[nodiscard]] bool ReadVarint(std::uint64_t& value) {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) {
      value = static_cast<unsigned char>(*at_++);
      return true;
    }
    return ReadLongVarint(value);
  }
  [[nodiscard]] bool ReadTag(Tag& tag) {
    std::uint64_t value = 0;
    if (!ReadVarint(value) || value >> 32 != 0) return false;
    tag.number = static_cast<std::uint32_t>(value >> 3);
    tag.type = static_cast<WireType>(value & 7);
    return tag.number != 0 && (value & 7) <= 5;
  }
  [[nodiscard]] bool ReadFixed32(std::uint32_t& value) { return ReadFixed(value); }
  [[nodiscard]] bool ReadFixed64(std::uint64_t& value) { return ReadFixed(value); }
  // A view into the input.
  [[nodiscard]] bool ReadBytes(std::string_view& bytes) {
    std::uint64_t size = 0;
    if (!ReadVarint(size) || size > remaining()) return false;
    bytes = std::string_view(at_, static_cast<std::size_t>(size));
    at_ += size;
    return true;
  }
  // Passes over the value that follows `tag`.
  [[nodiscard]] bool Skip(Tag tag) {
    if (tag.type == WireType::kBytes) {
      std::string_view ignored;
      return ReadBytes(ignored);
    }
    return SkipOther(tag, kNestingMax);
  }

 private:
  template <typename U>
  bool ReadFixed(U& value) {
    if (remaining() < sizeof(U)) return false;
    value = 0;
    for (std::size_t i = 0; i < sizeof(U); ++i) {
      value |= static_cast<U>(static_cast<U>(static_cast<unsigned char>(*at_++)) << (8 * i));
    }
    return true;
  }
  bool ReadLongVarint(std::uint64_t& value);
  bool SkipOther(Tag tag, int nesting_left);

  const char* at_;
  const char* end_;
};

// Whether `text` is UTF-8: no surrogates, no overlong forms, nothing above U+10FFFF.
[[nodiscard]] bool IsUtf8(std::string_view text);

// INVALID_ARGUMENT: "todo.v1.Todo patch: malformed bytes".
absl::Status InvalidBytes(std::string_view type, std::string_view what, std::string_view why);

// What decoding one message may use up and what it found. Fails once and stays failed.
struct DecodeContext {
  const char* error = nullptr;
  int nesting_left = kNestingMax;
  // Whether handles must accompany the elements of keyed lists and maps.
  bool with_handles = false;
  std::uint64_t handle_max = 0;
  // Small messages can say "a million empty structs": what they cost in memory is bounded too.
  std::size_t memory_left = std::size_t{256} << 20;

  bool Fail(const char* why) {
    if (error == nullptr) error = why;
    return false;
  }
  bool Malformed() { return Fail("malformed bytes"); }
  // Handles count up from one: those beyond 2^63 are nobody's, and the next one must exist.
  bool NoteHandle(std::uint64_t handle) {
    if (handle == 0 || handle >> 63 != 0) return Fail("a handle is out of range");
    if (handle > handle_max) handle_max = handle;
    return true;
  }
  bool Charge(std::size_t bytes) {
    if (bytes > memory_left) return Fail("too many elements");
    memory_left -= bytes;
    return true;
  }
};

// One level deeper while it lives.
class Nesting {
 public:
  explicit Nesting(DecodeContext& context) : context_(context) { --context_.nesting_left; }
  ~Nesting() { ++context_.nesting_left; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  [[nodiscard]] bool Allowed() const {
    return context_.nesting_left >= 0 || context_.Fail("nested too deeply");
  }

 private:
  DecodeContext& context_;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_WIRE_H_
