#ifndef ONAGER_TESTS_CRASH_CALL_BOOK_H_
#define ONAGER_TESTS_CRASH_CALL_BOOK_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "crash.client.h"

namespace onager::crash {

/// What the callers of one actor know of their calls, each of which adds an entry of its own; and what
/// follows from that for what the actor's server comes back with. A plain object.
class CallBook {
 public:
  struct Call {
    enum class End { kNone, kDone, kRefused, kUnknown };

    Call() = default;
    End end = End::kNone;
    /// Its caller waits for the store.
    bool for_good = false;
    std::int64_t position = 0;
    absl::Time ended_at;
  };

  void Begin(const std::string& id, bool for_good) { calls_[id].for_good = for_good; }

  /// `impatient`: the caller gave it little time, and may not know what has become of it.
  void End(const std::string& id, const absl::StatusOr<std::int64_t>& result, bool impatient = false) {
    Call& call = calls_[id];
    call.ended_at = absl::Now();
    if (result.ok()) {
      call.end = Call::End::kDone;
      call.position = *result;
      ++done_;
      return;
    }
    // What the server says it has undone; of anything else the caller cannot know.
    const bool refused = absl::IsFailedPrecondition(result.status()) || absl::IsAborted(result.status()) ||
                         absl::IsResourceExhausted(result.status());
    call.end = refused ? Call::End::kRefused : Call::End::kUnknown;
    if (refused) {
      ++refused_;
    } else {
      EXPECT_TRUE(impatient && absl::IsDeadlineExceeded(result.status())) << id << ": " << result.status();
      ++unknown_;
    }
  }

  /// When a server was killed, and when all callers knew of it: what ended until then, it has answered.
  struct Kill {
    Kill() = default;

    absl::Time at;
    absl::Time noticed_at;
    absl::Time written_until;  // What was accepted before was written, as the server has said.
  };

  /// Fails the test where `state`, in which every call that was begun has ended, is not what the calls say.
  /// Of turns that were written behind, those that the server had not written may be gone, of the last
  /// `window` before a kill.
  template <typename State>
  void Check(const State& state, const std::vector<Kill>& kills, absl::Duration window) {
    std::int64_t last = dropped_;
    // By which kill, and up to which position, what waited for the store was answered.
    std::map<std::size_t, std::int64_t> certain;
    for (const auto& entry : state.entries) {
      EXPECT_EQ(entry.position, last + 1) << "of " << entry.id;
      last = entry.position;
      const auto found = calls_.find(entry.id);
      if (found == calls_.end()) {
        ADD_FAILURE() << entry.id << " was dropped before, or never called for";
        continue;
      }
      const Call& call = found->second;
      EXPECT_NE(call.end, Call::End::kRefused)
          << entry.id << " was answered with an error and has left a trace";
      if (call.end != Call::End::kDone) continue;
      EXPECT_EQ(call.position, entry.position) << entry.id << " is not where its caller was told";
      if (call.for_good) certain[KillAfter(call, kills)] = call.position;
    }
    EXPECT_EQ(state.count, last) << "entries have been added that are not there";
    count_ = state.count;
    EXPECT_EQ(state.repeated, 0) << "a call has run twice";
    for (const auto& [id, call] : calls_) {
      EXPECT_NE(call.end, Call::End::kNone) << id << " has not ended";
      if (call.end != Call::End::kDone || state.entries.contains(id)) continue;
      const std::size_t kill = KillAfter(call, kills);
      if (call.for_good || kill == kills.size()) {
        ADD_FAILURE() << id << " was acknowledged and is lost";
        continue;
      }
      EXPECT_GT(call.position, certain[kill])
          << id << " is lost though what came after it waited for the store";
      const absl::Duration age = std::max(kills[kill].at - call.ended_at, absl::ZeroDuration());
      EXPECT_LE(age, window) << id << " was acknowledged long before the kill and is lost";
      EXPECT_GE(call.ended_at, kills[kill].written_until) << id << " was written and is lost";
      lost_age_max_ = std::max(lost_age_max_, age);
      ++lost_;
    }
  }

  /// The actor, which was as `Check` was shown it, has dropped its entries.
  void Forget() {
    dropped_ = count_;
    calls_.clear();
  }

  std::uint64_t done() const { return done_; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t unknown() const { return unknown_; }
  /// Acknowledged calls that were lost, and how long before the kill the oldest was.
  std::uint64_t lost() const { return lost_; }
  absl::Duration lost_age_max() const { return lost_age_max_; }

 private:
  // The kill of the server that has answered the call; their number: none.
  static std::size_t KillAfter(const Call& call, const std::vector<Kill>& kills) {
    const auto after = std::find_if(kills.begin(), kills.end(),
                                    [&call](const Kill& kill) { return call.ended_at <= kill.noticed_at; });
    return static_cast<std::size_t>(after - kills.begin());
  }

  std::map<std::string, Call> calls_;
  std::int64_t count_ = 0;
  std::int64_t dropped_ = 0;  // Entries that are not there any more.
  std::uint64_t done_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t unknown_ = 0;
  std::uint64_t lost_ = 0;
  absl::Duration lost_age_max_ = absl::ZeroDuration();
};

}  // namespace onager::crash

#endif  // ONAGER_TESTS_CRASH_CALL_BOOK_H_
