#ifndef ONAGER_TESTS_STORE_RANDOM_RECORDS_H_
#define ONAGER_TESTS_STORE_RANDOM_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/actor_id.h"
#include "runtime/base/xoshiro.h"
#include "runtime/store/store.h"

namespace onager::store {

/// All that a store says of actors, as text: who is there, each one's state and past, and who has a reminder
/// next. An error is text too. Waits for the answers.
std::map<ActorId, std::string> DescribeActors(Store& store, const std::vector<ActorId>& actors);

/// Records of a few actors, by chance, each of which continues what those before it have made: steps,
/// snapshots that let older steps go, calls, reminders, ends and new epochs.
class RandomRecords {
 public:
  explicit RandomRecords(std::uint64_t seed);

  const std::vector<ActorId>& actors() const { return actors_; }
  CommitRecord Next();
  /// From here on other records come than would have.
  void Stir() { random_.Next(); }

 private:
  struct Held {
    std::uint64_t epoch = 0;
    std::uint64_t revision = 0;
    std::uint64_t commit = 0;
    bool destroyed = false;
    std::vector<StoredCallId> calls;
    std::vector<std::pair<std::string, std::string>> reminders;
  };

  std::string Bytes(std::size_t max);
  void AddSteps(CommitRecord& record);
  void AddBeside(CommitRecord& record, Held& held);

  Xoshiro256 random_;
  std::vector<ActorId> actors_;
  std::map<ActorId, Held> held_;
};

}  // namespace onager::store

#endif  // ONAGER_TESTS_STORE_RANDOM_RECORDS_H_
