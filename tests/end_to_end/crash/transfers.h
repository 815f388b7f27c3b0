#ifndef ONAGER_TESTS_CRASH_TRANSFERS_H_
#define ONAGER_TESTS_CRASH_TRANSFERS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "ledger.client.h"
#include "monitor.h"
#include "onager/client.h"
#include "onager/observe.h"

namespace onager::crash {

/// Transfers of examples/ledger, so many at a time, and what the accounts must have when they have ended.
/// Used from the test's thread; ends before its client.
class Transfers {
 public:
  Transfers(Monitor& monitor, const Client& client, std::uint64_t seed);

  /// Gives every account something.
  void Open();
  void Start(std::size_t lanes);
  /// Begins no more of them.
  void Stop();
  /// Under the monitor's lock.
  bool idle() const { return under_way_ == 0; }

  /// All that were begun have ended: holds every account against what they say, to the cent, the one that
  /// earns interest included. False when what is left does not end within `patience`.
  [[nodiscard]] bool Check(absl::Duration patience);

  std::uint64_t done() const { return done_; }
  std::uint64_t refused() const { return refused_; }
  std::int64_t interest_count() const { return interest_count_; }

 private:
  using State = ledger::v1::TransferState;

  void Next();
  void Make(const std::string& id, const std::string& from, const std::string& to, std::int64_t cents);
  // Calls back once the transfer has ended, and now and then before.
  void Watch(const std::string& id, std::function<void(const State&)> on_state);
  void Count(const State& ended);
  [[nodiscard]] bool CountInterest(absl::Duration patience);

  Monitor& monitor_;
  const Client& client_;
  std::mt19937_64 random_;
  std::uint64_t made_ = 0;
  std::size_t under_way_ = 0;
  bool stopping_ = true;
  std::set<std::string> open_;
  std::map<std::string, std::int64_t> balances_;
  std::uint64_t done_ = 0;
  std::uint64_t refused_ = 0;
  std::int64_t interest_count_ = 0;
  std::vector<Subscription<State>> watches_;  // End first.
};

}  // namespace onager::crash

#endif  // ONAGER_TESTS_CRASH_TRANSFERS_H_
