#ifndef ONAGER_TESTS_CRASH_KILL_LOOP_H_
#define ONAGER_TESTS_CRASH_KILL_LOOP_H_

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "call_book.h"
#include "crash.client.h"
#include "exposure.h"
#include "load.h"
#include "monitor.h"
#include "onager/client.h"
#include "server_process.h"
#include "transfers.h"
#include "witness.h"

namespace onager::crash {

/// A server under load that is killed at random moments and started again, and clients that stay. Each of
/// them calls and observes the same two actors, one of them through a view, one through a filter; one moves
/// money besides. After each cycle all of it is held against what the server has.
class KillLoop {
 public:
  /// With a folder that is its own, and the URL of a store that is empty.
  KillLoop(const std::string& folder, const std::string& store, std::uint64_t seed);
  ~KillLoop();

  /// Fails the test where anything is wrong; goes no further then.
  void Run(int cycles);

 private:
  using TallyWitness = Witness<::crash::v1::TallyClient, ::crash::v1::Tally, ::crash::v1::TallyState>;
  using DraftWitness = Witness<::crash::v1::DraftClient, ::crash::v1::Draft, ::crash::v1::DraftState>;

  /// One client, and what goes on through it.
  struct Party {
    std::string name;
    bool connected = false;  // As it was told.
    std::unique_ptr<Client> client;
    std::unique_ptr<Load> load;
    std::unique_ptr<TallyWitness> of_tally;
    std::unique_ptr<DraftWitness> of_draft;
  };

  void Begin();
  void Cycle(int cycle);
  // One that serves ends when it has answered so many calls more.
  void KillAfter(std::uint64_t calls);
  void KillWhileItStarts();
  void Kill();
  void StartServer();
  void AwaitIdle();
  void Check(int cycle);
  template <typename Stub>
  void Mark(Party& party, const std::string& id, CallBook& book);
  template <typename State, typename Stub, typename Seen>
  std::uint64_t CheckActor(CallBook& book, std::unique_ptr<Seen> Party::* witness, const std::string& mark,
                           bool may_lose);
  void Drop();
  // A clean end, after which no epoch is another and nothing is gone.
  void EndWell();
  void Report(int cycles) const;

  std::uint64_t Answered() const { return tally_book_.done() + draft_book_.done(); }
  std::int64_t Random(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
  }

  std::mt19937_64 random_;
  ServerProcess server_;
  const Exposure* const exposure_;  // What the server says that it would lose.
  Monitor monitor_;
  CallBook tally_book_;
  CallBook draft_book_;
  std::vector<CallBook::Kill> kills_;  // Of this cycle.
  std::uint64_t kill_count_ = 0;
  absl::Duration loss_window_max_ =
      absl::ZeroDuration();  // That a server said of itself, at the store's speed.
  std::uint64_t tally_epoch_ = 0;
  std::uint64_t draft_epoch_ = 0;
  std::vector<std::unique_ptr<Party>> parties_;
  std::unique_ptr<Transfers> transfers_;  // Through the first party's client.
};

}  // namespace onager::crash

#endif  // ONAGER_TESTS_CRASH_KILL_LOOP_H_
