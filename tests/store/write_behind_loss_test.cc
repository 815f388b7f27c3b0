#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/xoshiro.h"
#include "runtime/store/memory_store.h"
#include "runtime/store/write_behind.h"
#include "runtime/testing/manual_environment.h"

namespace onager::store {
namespace {

using std::chrono::milliseconds;

/// Takes a while to write, and writes nothing any more after a crash.
class CrashingStore final : public ForwardingStore {
 public:
  CrashingStore(Store& store, const Environment& environment, Duration write_time)
      : ForwardingStore(store), environment_(environment), write_time_(write_time) {}

  void Commit(CommitRecord record, CommitDone done) override {
    auto write = [this, record = std::move(record), done = std::move(done)]() mutable {
      if (is_crashed_) return done(absl::UnavailableError("crashed"));
      ForwardingStore::Commit(std::move(record), std::move(done));
    };
    if (is_crashed_) return write();
    writes_.push_back(std::move(write));
    environment_.timers.At(environment_.clock.Now() + write_time_, [this] { WriteOne(); });
  }

  void Crash() {
    is_crashed_ = true;
    while (!writes_.empty()) WriteOne();
  }

 private:
  void WriteOne() {
    if (writes_.empty()) return;
    auto write = std::move(writes_.front());
    writes_.pop_front();
    write();
  }

  Environment environment_;
  Duration write_time_;
  bool is_crashed_ = false;
  std::deque<absl::AnyInvocable<void()>> writes_;
};

struct Acknowledged {
  std::uint64_t revision = 0;
  Time at{};
  bool sync = false;
};

/// An actor whose turns are committed one after the other, some of them `sync`.
struct Writer {
  ActorId actor;
  std::uint64_t asked = 0;
  std::vector<Acknowledged> acknowledged;
};

class LossWindow {
 public:
  explicit LossWindow(std::uint64_t seed) : random_(seed), environment_(Options(seed)) {
    write_time_ = milliseconds(random_.Between(1, 120));
    store_ = std::make_unique<CrashingStore>(memory_, environment_.environment(), write_time_);
    WriteBehindOptions options;
    options.queue_records_max = random_.Between(1, 3) == 1 ? 8 : 65'536;
    options.record_bytes_max = random_.Between(1, 3) == 1 ? 1'000 : 1 << 20;
    behind_ = std::make_unique<WriteBehind>(*store_, environment_.environment(), options);
    for (const char* key : {"a", "b", "c", "d"}) writers_.push_back({{"t.v1.Counter", key}, 0, {}});
  }

  /// Returns how many acknowledged turns were lost.
  std::size_t Run() {
    const Time end = environment_.Now() + milliseconds(random_.Between(1, 1'500));
    while (environment_.Now() < end) {
      Commit(writers_[random_.Between(0, writers_.size() - 1)]);
      environment_.Advance(milliseconds(random_.Between(0, 20)));
    }
    const Time crash = environment_.Now();
    // Writes that have not ended yet count as well as those that have: all take the same time.
    const Duration window = std::max(behind_->loss_window(), WriteBehindOptions().delay + 2 * write_time_);
    EXPECT_LE(behind_->counters().oldest, window);
    store_->Crash();
    behind_.reset();
    std::size_t lost = 0;
    for (const Writer& writer : writers_) {
      const std::uint64_t held = Held(writer.actor);
      for (const Acknowledged& turn : writer.acknowledged) {
        if (turn.revision <= held || turn.at > crash) continue;
        ++lost;
        EXPECT_FALSE(turn.sync) << "a sync turn was lost";
        EXPECT_GT(turn.at, crash - window) << "lost " << writer.actor.key << turn.revision << " of "
                                           << (crash - turn.at) / milliseconds(1) << " ms before the crash";
      }
    }
    return lost;
  }

 private:
  static simulation::ManualEnvironmentOptions Options(std::uint64_t seed) {
    simulation::ManualEnvironmentOptions options;
    options.seed = seed;
    return options;
  }

  void Commit(Writer& writer) {
    CommitRecord record;
    record.actor = writer.actor;
    record.epoch = 7;
    record.base_revision = writer.asked++;
    record.steps.emplace_back();
    record.steps.back().revision = writer.asked;
    record.steps.back().patch = ShareBytes(std::string(random_.Between(1, 300), 'p'));
    if (random_.Between(0, 9) == 0) record.snapshot = ShareBytes("s");
    const bool sync = random_.Between(0, 9) == 0;
    auto done = [this, &writer, sync, revision = writer.asked](const absl::Status& status) {
      if (status.ok()) writer.acknowledged.push_back({revision, environment_.Now(), sync});
    };
    if (sync) {
      behind_->Commit(std::move(record), std::move(done));
    } else {
      behind_->CommitBehind(std::move(record), std::move(done));
    }
  }

  std::uint64_t Held(const ActorId& actor) {
    std::uint64_t revision = 0;
    memory_.Load(actor, [&revision](const absl::StatusOr<std::optional<StoredActor>>& stored) {
      if (stored->has_value()) revision = (*stored)->revision;
    });
    return revision;
  }

  Xoshiro256 random_;
  simulation::ManualEnvironment environment_;
  MemoryStore memory_;
  Duration write_time_{};
  std::unique_ptr<CrashingStore> store_;
  std::unique_ptr<WriteBehind> behind_;
  std::vector<Writer> writers_;
};

// Four actors in virtual time, crashed at a random moment; the seed is printed with a failure.
TEST(LossWindowTest, A45_ACrashLosesNoMoreThanTheWindowAndNothingThatIsSync) {
  std::size_t lost = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    lost += LossWindow(seed).Run();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(lost, 500u);  // Or nothing was tested.
}

}  // namespace
}  // namespace onager::store
