#ifndef ONAGER_BENCH_COMMIT_FLIGHT_H_
#define ONAGER_BENCH_COMMIT_FLIGHT_H_

#include <cstddef>
#include <cstdint>
#include <future>
#include <string>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/store/store.h"

// What the benchmarks of all stores commit and load.
namespace onager::bench {

inline constexpr std::size_t kPatchBytes = 100;

/// Ends the program where it is not.
void MustBeOk(const absl::Status& status);

ActorId Actor(std::size_t number);

/// One step from `base` on.
store::CommitRecord Record(std::size_t actor, std::uint64_t base, SharedBytes patch);

/// Commits and waits.
void CommitNow(store::Store& store, store::CommitRecord record);

/// Asks for so many actors at once, and returns how many there are.
std::size_t LoadAll(store::Store& store, std::size_t actors);

/// Commits that are always so many in flight: each answer gives the next, of another of the actors.
class CommitFlight {
 public:
  CommitFlight(store::Store& store, std::size_t actors) : store_(store), revisions_(actors) {}

  /// Gives each actor a state of so many bytes.
  void MakeStates(std::size_t bytes);
  void Run(std::size_t commits, std::size_t in_flight);

 private:
  void Give();

  store::Store& store_;
  const SharedBytes patch_ = ShareBytes(std::string(kPatchBytes, 'p'));
  Mutex mutex_;
  std::vector<std::uint64_t> revisions_;
  std::size_t next_ = 0;
  std::size_t to_give_ = 0;
  std::size_t to_answer_ = 0;
  std::promise<void>* done_ = nullptr;
};

}  // namespace onager::bench

#endif  // ONAGER_BENCH_COMMIT_FLIGHT_H_
