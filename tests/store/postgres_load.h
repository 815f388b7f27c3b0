#ifndef ONAGER_TESTS_STORE_POSTGRES_LOAD_H_
#define ONAGER_TESTS_STORE_POSTGRES_LOAD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "runtime/store/store.h"

namespace onager::store {

/// Threads that commit to actors of their own, several commits of an actor after each other without waiting,
/// and remember what they were told. What they were told was written is what must be there, and nothing else.
class CommitLoad {
 public:
  /// `store` outlives it. Begins at once.
  CommitLoad(Store& store, std::size_t threads);
  ~CommitLoad();

  /// Waits until so many more commits were told to be written.
  void AwaitWritten(std::uint64_t more);
  /// Ends the threads; each waits for its answers.
  void Stop();

  // After `Stop`.

  /// Fails the test where the store holds anything else than what was told, or an answer was none that there
  /// is.
  void Check(Store& store);
  std::uint64_t written() const { return written_; }
  std::uint64_t not_written() const { return not_written_; }

 private:
  void Work(std::size_t thread);

  Store& store_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<std::uint64_t> not_written_ = 0;
  std::vector<std::map<ActorId, std::vector<std::string>>> told_;  // By thread: patches by revision.
  std::vector<std::thread> threads_;
};

}  // namespace onager::store

#endif  // ONAGER_TESTS_STORE_POSTGRES_LOAD_H_
