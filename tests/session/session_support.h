#ifndef ONAGER_TESTS_SESSION_SESSION_SUPPORT_H_
#define ONAGER_TESTS_SESSION_SESSION_SUPPORT_H_

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/session/call_ledger.h"
#include "runtime/transport/transport.h"
#include "runtime/wire/batch.h"
#include "runtime/wire/frame.h"
#include "runtime/wire/resume_token.h"

namespace onager::session {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr Time kStart{seconds(1000)};

/// A message with its frames, which are views of it.
class Frames {
 public:
  Frames() = default;
  explicit Frames(std::string message);
  Frames(Frames&&) = delete;

  std::size_t size() const { return frames_.size(); }
  std::size_t bytes() const { return message_.size(); }
  const wire::Frame& operator[](std::size_t index) const { return frames_.at(index); }

  /// All frames of that kind, in order.
  template <typename Kind>
  std::vector<Kind> Of() const {
    std::vector<Kind> found;
    for (const wire::Frame& frame : frames_) {
      if (const Kind* kind = std::get_if<Kind>(&frame)) found.push_back(*kind);
    }
    return found;
  }
  /// "Welcome Reply Delta", to compare orders with.
  std::string Kinds() const;

 private:
  std::string message_;
  std::vector<wire::Frame> frames_;
};

/// One message of these frames.
template <typename... Kinds>
std::string Message(const Kinds&... frames) {
  wire::BatchWriter writer;
  const auto append = [&writer](const auto& frame) {
    if constexpr (std::is_same_v<std::decay_t<decltype(frame)>, wire::Delta>) {
      writer.Append(frame, nullptr);
    } else {
      writer.Append(frame);
    }
  };
  (append(frames), ...);
  return writer.Take().Join();
}
std::string PayloadMessage(const wire::Delta& frame, std::string patch);
/// `data` as all of the snapshot, or the part of `whole` that begins at `frame.offset`.
std::string PayloadMessage(const wire::SnapshotChunk& frame, std::string whole, std::size_t size);
std::string PayloadMessage(const wire::Reply& frame, std::string result);

template <typename Kind, typename Action>
std::vector<Kind> ActionsOf(const std::vector<Action>& actions) {
  std::vector<Kind> found;
  for (const Action& action : actions) {
    if (const Kind* kind = std::get_if<Kind>(&action)) found.push_back(*kind);
  }
  return found;
}

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t Next() override { return engine_(); }
  std::uint64_t Below(std::uint64_t bound) { return engine_() % bound; }
  bool OneIn(std::uint64_t count) { return Below(count) == 0; }

 private:
  std::mt19937_64 engine_;
};

wire::Hello MakeHello(std::uint64_t incarnation = 7);
wire::Call MakeCall(std::uint64_t number);
wire::Subscribe MakeSubscribe(std::uint64_t id);
SharedOutcome MakeOutcome(std::string result, std::uint64_t revision = 0);

}  // namespace onager::session

#endif  // ONAGER_TESTS_SESSION_SESSION_SUPPORT_H_
