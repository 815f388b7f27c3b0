#ifndef ONAGER_TESTS_SIMULATION_LIST_SCENARIO_H_
#define ONAGER_TESTS_SIMULATION_LIST_SCENARIO_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "onager/observe.h"
#include "onager/testing/scenario.h"
#include "onager/testing/simulation.h"
#include "tests/simulation/list_model.h"
#include "todo.actor.h"

namespace onager::simulation {

/// What the actors of one run tell their test.
struct ListLog {
  History history;
  std::map<std::string, int> runs;  // Of the handler of `AddTodo`, by title.
  std::int64_t events = 0;          // Emitted, also in turns that came to nothing.
  absl::Status commits;             // What was wrong with the first commit that was.
};

/// A to-do list that several clients edit and observe, each observer through another filter and view, while
/// everything fails that can: what holds is that of DESIGN, sections 5 and 6.
class ListTest {
 public:
  static constexpr std::size_t kClients = 2;
  static constexpr std::size_t kObserversPerClient = 2;

  explicit ListTest(Simulation& simulation);
  virtual ~ListTest();

  /// How many copies were held against a hash, in all tests of this program.
  static std::uint64_t copies_compared();
  /// How many subscriptions ended since they were too slow, in all tests of this program.
  static std::uint64_t slow_ended();

  // Actions.
  void Add(std::size_t client, std::uint64_t number);
  void Toggle(std::size_t client, std::uint64_t number);
  void Delete(std::size_t client, std::uint64_t number);
  void Update(std::size_t client, std::uint64_t number);
  /// Gives an item a title that others may have, too.
  void Rename(std::size_t client, std::uint64_t number);
  void ClearCompleted(std::size_t client, std::uint64_t number);
  void Pause(std::size_t client, std::uint64_t number);
  void Change(std::size_t client, std::uint64_t number);
  void Resync(std::size_t client, std::uint64_t number);
  void Restart(std::size_t client, std::uint64_t number);

  // Checks.
  absl::Status ReplicasAreRight();
  absl::Status CommitsFollowEachOther() { return log_->commits; }
  absl::Status NothingRunsTwice();
  absl::Status EveryCallEnds();
  absl::Status EverySubscriptionIsLive();
  void Refill();

 protected:
  /// Whether the update of that number is looked at; tests of the checks look away.
  virtual bool Notices(std::uint64_t /*update*/) const { return true; }

 private:
  struct Observer;

  todo::v1::TodoListClient List(std::size_t client) const;
  Observer& ObserverOf(std::size_t client, std::uint64_t number);
  void Observe(Observer& observer, std::string checkpoint);
  /// As an application does whose subscription was too slow and has ended.
  void ObserveAgain();
  /// An id that the newest state has, or none.
  std::string AnId(std::uint64_t number) const;
  template <typename T>
  void Follow(Call<T> call, std::string title);

  Simulation& simulation_;
  const std::shared_ptr<ListLog> log_ = std::make_shared<ListLog>();
  std::uint64_t updates_ = 0;
  std::uint64_t last_call_ = 0;
  std::map<std::uint64_t, std::string> open_calls_;
  std::vector<std::unique_ptr<Observer>> observers_;
};

template <std::derived_from<ListTest> Test>
Scenario<Test> ListScenarioOf(std::string name) {
  ScenarioOptions options;
  options.clients = ListTest::kClients;
  options.steps_min = 8;
  options.steps_max = 24;
  options.simulation.server.replay_count_max = 6;
  // Few, so that a reader that is slow for a while keeps messages from being written.
  options.simulation.window_bytes = 512;
  options.simulation.server.bookmark_interval = absl::Milliseconds(200);
  return Scenario<Test>(std::move(name), options)
      .Does("add", 8, &ListTest::Add)
      .Does("toggle", 4, &ListTest::Toggle)
      .Does("delete", 3, &ListTest::Delete)
      .Does("update", 4, &ListTest::Update)
      .Does("rename", 4, &ListTest::Rename)
      .Does("clear completed", 1, &ListTest::ClearCompleted)
      .Does("pause", 1, &ListTest::Pause)
      .Does("change", 1, &ListTest::Change)
      .Does("resync", 1, &ListTest::Resync)
      .Does("restart", 1, &ListTest::Restart)
      .SuffersAll()
      .Always("replicas are what the model says", &ListTest::ReplicasAreRight)
      .Always("commits follow each other", &ListTest::CommitsFollowEachOther)
      .Always("nothing runs twice", &ListTest::NothingRunsTwice)
      .Lastly(&ListTest::Refill)
      .Eventually("every call ends", &ListTest::EveryCallEnds)
      .Eventually("every subscription is live", &ListTest::EverySubscriptionIsLive);
}

inline Scenario<ListTest> ListScenario() { return ListScenarioOf<ListTest>("List"); }

}  // namespace onager::simulation

#endif  // ONAGER_TESTS_SIMULATION_LIST_SCENARIO_H_
