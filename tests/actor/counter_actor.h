#ifndef ONAGER_TESTS_ACTOR_COUNTER_ACTOR_H_
#define ONAGER_TESTS_ACTOR_COUNTER_ACTOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "onager/generated/actor_base.h"
#include "onager/task.h"
#include "onager/turn.h"

namespace onager::actor {

/// A state that is one number, and a private one. A patch says by how much they grew: "3", or "3;1".
class CounterState final : public generated::StateInterface {
 public:
  std::int64_t value = 0;
  std::int64_t secret = 0;

  bool EncodePatch(std::string& out) override {
    if (value == committed_ && secret == committed_secret_) return false;
    absl::StrAppend(&out, value - committed_);
    if (secret != committed_secret_) absl::StrAppend(&out, ";", secret - committed_secret_);
    absl::StrAppend(&out, Padding());
    return true;
  }
  bool EncodePublicPatch(std::string& out) override {
    if (value == committed_) return false;
    absl::StrAppend(&out, value - committed_, Padding());
    return true;
  }
  void Commit() override {
    committed_ = value;
    committed_secret_ = secret;
  }
  void Rollback() override {
    value = committed_;
    secret = committed_secret_;
  }
  void BeginPart() override { parts_.emplace_back(value, secret); }
  void EndPart(bool keep) override {
    if (!keep) std::tie(value, secret) = parts_.back();
    parts_.pop_back();
  }
  bool PartChanged() const override { return std::pair(value, secret) != parts_.back(); }
  void HideTurn() override {
    hidden_ = {std::exchange(value, committed_), std::exchange(secret, committed_secret_)};
  }
  bool ShowTurn() override {
    const bool changed = value != committed_ || secret != committed_secret_;
    std::tie(value, secret) = hidden_;
    return changed;
  }
  /// The value before the open turn.
  std::int64_t previous() const { return committed_; }
  void EncodeSnapshot(std::string& out) const override { absl::StrAppend(&out, value); }
  void EncodeStoredSnapshot(std::string& out) const override { absl::StrAppend(&out, value); }
  // What subscribers see of it, as it is.
  generated::StateHash Hash(std::uint32_t slices, const generated::FieldTree*) const override {
    ++hashes;
    generated::StateHash hash(slices);
    hash.sums[0] = static_cast<std::uint64_t>(value);
    return hash;
  }
  generated::StateHashChange HashChange(std::uint32_t, const generated::FieldTree*) override {
    generated::StateHashChange change;
    change.sums.emplace_back(0, static_cast<std::uint64_t>(value - committed_));
    return change;
  }
  absl::Status LoadSnapshot(std::string_view snapshot) override {
    if (!absl::SimpleAtoi(absl::string_view(snapshot.data(), snapshot.size()), &value)) {
      return absl::DataLossError("not a number");
    }
    committed_ = value;
    return absl::OkStatus();
  }
  absl::Status ApplyWithin(std::string_view patch) override {
    value += Growth(patch);
    const std::size_t semicolon = patch.find(';');
    if (semicolon != std::string_view::npos) secret += Growth(patch.substr(semicolon + 1));
    return absl::OkStatus();
  }
  absl::Status ApplyPatch(std::string_view patch) override {
    absl::Status applied = ApplyWithin(patch);
    Commit();
    return applied;
  }

  // Empty when the turn had only events.
  static std::int64_t Growth(std::string_view patch) {
    return patch.empty() ? 0 : std::stoll(std::string(patch));
  }
  static absl::StatusOr<std::string> Compose(absl::Span<const std::string_view> patches) {
    std::int64_t growth = 0;
    for (const std::string_view patch : patches) growth += Growth(patch);
    return absl::StrCat(growth);
  }

  std::size_t patch_padding = 0;
  static inline int hashes = 0;  // Made of a whole state.

 private:
  std::string Padding() const { return patch_padding == 0 ? "" : " " + std::string(patch_padding, '.'); }

  std::int64_t committed_ = 0;
  std::int64_t committed_secret_ = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> parts_;
  std::pair<std::int64_t, std::int64_t> hidden_;
};

inline const generated::StateCodec kCounterCodec{"t.v1.CounterState", 50, &CounterState::Compose};

enum CounterMethod : std::size_t {
  kAdd,
  kGet,
  kSleepAdd,
  kAddThenFail,
  kAddThenThrow,
  kThrowPlainly,
  kPeek,
  kAddSecret,
  kEmit,
  kEmitAndPeek
};
inline const generated::MethodInfo kCounterMethods[] = {
    {"Add"},          {"Get", false, true},  {"SleepAdd"},  {"AddThenFail"}, {"AddThenThrow"},
    {"ThrowPlainly"}, {"Peek", false, true}, {"AddSecret"}, {"Emit"},        {"EmitAndPeek", false, true}};
inline const generated::ActorType kCounterType{"t.v1.Counter", kCounterMethods, &kCounterCodec};

/// What tests want to know of all instances.
struct CounterLog {
  std::atomic<int> instances = 0;
  std::atomic<int> turns_open = 0;
  std::atomic<int> turns_open_max = 0;
  std::size_t patch_padding = 0;
  bool constructor_throws = false;
};

class CounterActor final : public generated::ActorBase {
 public:
  explicit CounterActor(CounterLog& log) : log_(log) {
    ++log_.instances;
    state_.patch_padding = log.patch_padding;
    if (log.constructor_throws) throw std::runtime_error("no counter today");
  }

  /// Multiplies by ten and adds the version.
  absl::Status Migrate(std::uint32_t from) override {
    if (from == 4) return absl::DataLossError("nobody knows how");
    if (from != 3) state_.value = state_.value * 10 + from;
    return absl::OkStatus();
  }
  const generated::ActorType& actor_type() const override { return kCounterType; }
  generated::StateInterface& state_interface() override { return state_; }
  absl::Status BindKey(std::string_view key) override {
    if (key == "bad") return absl::InvalidArgumentError("a bad key");
    return absl::OkStatus();
  }

  Task<std::string> Dispatch(Turn& turn, std::size_t method, std::string_view arguments) override {
    switch (method) {
      case kAdd:  // A plain function.
        state_.value += CounterState::Growth(arguments);
        return absl::StrCat(state_.value);
      case kGet:
        return absl::StrCat(state_.value);
      case kSleepAdd:
        return SleepAdd(turn, CounterState::Growth(arguments));
      case kAddThenFail:
        state_.value += 100;
        return absl::NotFoundError("no such thing");
      case kAddThenThrow:
        return AddThenThrow();
      case kThrowPlainly:
        state_.value += 100;
        throw std::runtime_error("plainly");
      case kPeek:  // Says [readonly] and is not.
        state_.value += 1;
        return std::string("peeked");
      case kAddSecret:
        state_.secret += CounterState::Growth(arguments);
        return std::string();
      case kEmitAndPeek:
      case kEmit:
        return Emit(arguments);
      default:
        return absl::UnimplementedError("no such method");
    }
  }

 private:
  Task<std::string> SleepAdd(Turn& turn, std::int64_t growth) {
    const int open = ++log_.turns_open;
    int max = log_.turns_open_max;
    while (open > max && !log_.turns_open_max.compare_exchange_weak(max, open)) {
    }
    const std::int64_t before = state_.value;
    const absl::Status slept = co_await turn.Sleep(absl::Seconds(1));
    --log_.turns_open;
    if (state_.value != before) co_return absl::InternalError("another turn ran meanwhile");
    if (!slept.ok()) co_return slept;
    state_.value += growth;
    co_return absl::StrCat(state_.value, turn.cancelled() ? " cancelled" : "");
  }
  // "events growth size": so many events of that size; then it fails when the growth is negative.
  absl::StatusOr<std::string> Emit(std::string_view arguments) {
    std::istringstream words{std::string(arguments)};
    std::int64_t events = 0;
    std::int64_t growth = 0;
    std::size_t size = 1;
    words >> events >> growth >> size;
    for (std::int64_t i = 0; i < events; ++i) EmitEvent(7, std::string(size, 'e'));
    state_.value += growth;
    if (growth < 0) return absl::NotFoundError("no such thing");
    return absl::StrCat(state_.value);
  }
  Task<std::string> AddThenThrow() {
    state_.value += 100;
    throw 42;
    co_return std::string();
  }

  CounterLog& log_;
  CounterState state_;
};

}  // namespace onager::actor

#endif  // ONAGER_TESTS_ACTOR_COUNTER_ACTOR_H_
