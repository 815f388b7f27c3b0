#include "runtime/base/thread_pool.h"

#include <chrono>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/base/mutex.h"

namespace onager {
namespace {

/// Counts down to zero, and waits for it.
class Latch {
 public:
  explicit Latch(int count) : count_(count) {}

  void CountDown() {
    MutexLock lock(mutex_);
    --count_;
    done_.NotifyAll();
  }
  bool Wait() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    MutexLock lock(mutex_);
    while (count_ > 0) {
      if (!done_.WaitUntil(mutex_, deadline)) return count_ <= 0;
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar done_;
  int count_;
};

TEST(ThreadPoolTest, HasAtLeastTwoThreadsByDefault) { EXPECT_GE(ThreadPool().thread_count(), 2U); }

TEST(ThreadPoolTest, RunsInParallel) {
  ThreadPool pool(3);
  Latch all_here(3);
  Latch done(3);
  for (int i = 0; i < 3; ++i) {
    pool.Post([&] {
      all_here.CountDown();
      EXPECT_TRUE(all_here.Wait()) << "three functions meet only when they run at once";
      done.CountDown();
    });
  }
  EXPECT_TRUE(done.Wait());
}

TEST(ThreadPoolTest, OneThreadKeepsTheOrder) {
  std::vector<int> order;
  {
    ThreadPool pool(1);
    for (int i = 0; i < 1000; ++i) pool.Post([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 1000U) << "what was queued runs before the pool is gone";
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(ThreadPoolTest, NeverRunsInsidePost) {
  ThreadPool pool(2);
  Latch done(1);
  Mutex mutex;
  {
    MutexLock lock(mutex);
    pool.Post([&] {
      MutexLock inner(mutex);
      done.CountDown();
    });
  }
  EXPECT_TRUE(done.Wait());
}

TEST(ThreadPoolTest, PostingAfterShutdownDropsTheFunction) {
  ThreadPool pool(2);
  pool.Shutdown();
  auto held = std::make_shared<int>(1);
  pool.Post([held] { ADD_FAILURE() << "it ran"; });
  EXPECT_EQ(held.use_count(), 1);
  pool.Shutdown();
}

TEST(ThreadPoolTest, AFunctionThatPostsItselfDoesNotKeepThePoolAlive) {
  struct Endless {
    ThreadPool& pool;
    void operator()() const { pool.Post(Endless{pool}); }
  };
  ThreadPool pool(2);
  pool.Post(Endless{pool});
}

TEST(ThreadPoolTest, ManyPostersLoseNothing) {
  constexpr int kPosters = 4;
  constexpr int kEach = 2000;
  ThreadPool pool(3);
  Latch done(kPosters * kEach);
  std::vector<std::thread> posters;
  for (int i = 0; i < kPosters; ++i) {
    posters.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) pool.Post([&] { done.CountDown(); });
    });
  }
  for (std::thread& poster : posters) poster.join();
  EXPECT_TRUE(done.Wait());
}

}  // namespace
}  // namespace onager
