#ifndef ONAGER_TESTS_SIMULATION_VAULT_SCENARIO_H_
#define ONAGER_TESTS_SIMULATION_VAULT_SCENARIO_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "onager/observe.h"
#include "onager/testing/scenario.h"
#include "onager/testing/simulation.h"
#include "vault.actor.h"

namespace onager::simulation {

/// Persisted actors whose server crashes at any moment, over a store that takes its time: nothing that was
/// acknowledged is lost, nothing runs twice, and epochs end only where something may have been lost.
class VaultTest {
 public:
  static constexpr std::size_t kClients = 2;

  explicit VaultTest(Simulation& simulation);
  ~VaultTest();

  // Actions.
  void Record(std::size_t client, std::uint64_t number);
  void AddAgain(std::size_t client, std::uint64_t number);
  void Remind(std::size_t client, std::uint64_t number);
  void Write(std::size_t client, std::uint64_t number);
  void WriteForGood(std::size_t client, std::uint64_t number);
  void Resync(std::size_t client, std::uint64_t number);

  // Checks.
  absl::Status NothingRunsTwice();
  absl::Status HistoryGoesOn();
  absl::Status EveryCallEnds();
  absl::Status NothingAcknowledgedIsLost();
  absl::Status EverybodySeesTheSame();
  void CallOnce();

 private:
  struct Watcher;

  vault::v1::VaultClient Vault(std::size_t client) const;
  vault::v1::JournalClient Journal(std::size_t client) const;
  void Watch(std::size_t client);
  void Record(std::size_t client, absl::Duration timeout);
  template <typename T, typename OnEnd>
  void Follow(Call<T> call, std::string name, OnEnd on_end);
  std::optional<vault::v1::VaultState> Newest() const;

  Simulation& simulation_;
  std::uint64_t last_call_ = 0;
  std::map<std::uint64_t, std::string> open_calls_;
  std::map<Uuid, bool> recorded_;          // By whether it was acknowledged, of those that may be there.
  std::map<Uuid, std::string> refused_;    // And those that must not.
  std::map<std::string, bool> reminders_;  // As `recorded_`.
  std::int64_t written_for_good_ = 0;      // The most lines that were acknowledged.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::int64_t> journal_history_;  // Lines, by position.
  std::vector<std::unique_ptr<Watcher>> watchers_;
};

Scenario<VaultTest> VaultScenario();

}  // namespace onager::simulation

#endif  // ONAGER_TESTS_SIMULATION_VAULT_SCENARIO_H_
