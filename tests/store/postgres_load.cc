#include "tests/store/postgres_load.h"

#include <gtest/gtest.h>

#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/store/store_calls.h"

namespace onager::store {
namespace {

constexpr std::size_t kActorsOfAThread = 3;
constexpr std::size_t kAtOnce = 4;

}  // namespace

CommitLoad::CommitLoad(Store& store, std::size_t threads) : store_(store), told_(threads) {
  for (std::size_t thread = 0; thread < threads; ++thread) {
    threads_.emplace_back([this, thread] { Work(thread); });
  }
}

CommitLoad::~CommitLoad() { Stop(); }

void CommitLoad::AwaitWritten(std::uint64_t more) {
  const std::uint64_t goal = written_ + more;
  for (std::uint64_t written = written_; written < goal; written = written_) written_.wait(written);
}

void CommitLoad::Stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void CommitLoad::Work(std::size_t thread) {
  std::map<ActorId, std::vector<std::string>>& told = told_[thread];
  std::uint64_t next_commit = 1;
  std::map<ActorId, std::uint64_t> last_commit;
  while (!stopping_) {
    for (std::size_t i = 0; i < kActorsOfAThread; ++i) {
      const ActorId actor{"load", absl::StrCat(thread, "/", i)};
      std::vector<std::string>& patches = told[actor];
      std::vector<std::promise<absl::Status>> answers(kAtOnce);
      std::vector<std::string> tried;
      const std::uint64_t first_commit = next_commit;
      for (std::size_t n = 0; n < kAtOnce; ++n) {
        tried.push_back(absl::StrCat("commit ", next_commit, " of thread ", thread));
        CommitRecord record = StepRecord(actor, patches.size() + n, tried.back());
        record.commit = next_commit;
        record.base_commit = n > 0 ? next_commit - 1 : last_commit[actor];
        ++next_commit;
        store_.Commit(std::move(record),
                      [&answers, n](absl::Status status) { answers[n].set_value(std::move(status)); });
      }
      bool failed = false;
      for (std::size_t n = 0; n < kAtOnce; ++n) {
        const absl::Status status = answers[n].get_future().get();
        if (status.ok()) {
          EXPECT_FALSE(failed) << "a commit went on from one that was not written";
          patches.push_back(tried[n]);
          last_commit[actor] = first_commit + n;
          ++written_;
          written_.notify_all();
          continue;
        }
        failed = true;
        ++not_written_;
        EXPECT_TRUE(absl::IsUnavailable(status) || (n > 0 && absl::IsAborted(status))) << status;
      }
    }
  }
}

void CommitLoad::Check(Store& store) {
  for (const auto& actors : told_) {
    for (const auto& [actor, patches] : actors) {
      const absl::StatusOr<std::optional<StoredActor>> stored = LoadNow(store, actor);
      ASSERT_TRUE(stored.ok()) << stored.status();
      std::vector<std::string> found;
      if (stored->has_value()) {
        for (const LogStep& step : (*stored)->log) found.push_back(*step.patch);
      }
      EXPECT_EQ(found, patches) << actor.ToString();
    }
  }
}

}  // namespace onager::store
