#ifndef ONAGER_TESTS_ACTOR_ACTOR_WORLD_H_
#define ONAGER_TESTS_ACTOR_ACTOR_WORLD_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "runtime/actor/actor_runtime.h"
#include "runtime/store/forwarding_store.h"
#include "runtime/store/memory_store.h"
#include "runtime/testing/manual_environment.h"
#include "tests/actor/counter_actor.h"

namespace onager::actor {

/// A memory store whose answers wait until the test gives them, when it says so, and may be failures.
class HeldStore final : public store::ForwardingStore {
 public:
  HeldStore() : ForwardingStore(memory) {}

  void Load(const ActorId& actor, LoadDone done) override {
    ++loads;
    if (!load_error.ok()) return done(load_error);
    memory.Load(actor, std::move(done));
  }
  void Commit(store::CommitRecord record, CommitDone done) override {
    last_snapshot = record.snapshot;
    last_record = record;
    if (!hold) return memory.Commit(std::move(record), std::move(done));
    held.emplace_back(std::move(record), std::move(done));
  }

  /// Completes the oldest commit: in memory, or with that error.
  void Complete(const absl::Status& error = absl::OkStatus()) {
    auto [record, done] = std::move(held.front());
    held.pop_front();
    if (!error.ok()) return done(error);
    memory.Commit(std::move(record), std::move(done));
  }

  store::MemoryStore memory;
  bool hold = false;
  int loads = 0;
  absl::Status load_error;
  SharedBytes last_snapshot;
  store::CommitRecord last_record;
  std::deque<std::pair<store::CommitRecord, CommitDone>> held;
};

/// An actor runtime in virtual time.
struct ActorWorld {
  explicit ActorWorld(ActorRuntimeOptions options = ActorRuntimeOptions(),
                      const generated::ActorType& type = kCounterType)
      : runtime(options, environment.environment(), store) {
    (void)runtime.Host(type, [this] { return std::make_unique<CounterActor>(log); });
  }
  ~ActorWorld() {
    runtime.BeginShutdown();
    while (!store.held.empty()) store.Complete();
    (void)environment.RunUntil([this] { return runtime.idle(); }, std::chrono::seconds(100));
    environment.RunReady();
  }

  struct Pending {
    std::shared_ptr<ActorCall> call = std::make_shared<ActorCall>();
    session::SharedOutcome outcome;
    int ends = 0;

    absl::StatusCode code() const { return outcome->status.code(); }
    std::string result() const {
      return outcome->result == nullptr ? outcome->status.ToString() : *outcome->result;
    }
  };

  /// Starts a call and runs nothing.
  std::shared_ptr<Pending> Start(CounterMethod method, std::string arguments = "1", std::string key = "a",
                                 Time deadline = kNever) {
    auto pending = std::make_shared<Pending>();
    pending->call->actor = {"t.v1.Counter", std::move(key)};
    pending->call->method = method;
    pending->call->arguments = std::move(arguments);
    pending->call->deadline = deadline;
    pending->call->done = [weak = std::weak_ptr<Pending>(pending)](session::SharedOutcome outcome) {
      if (const auto ended = weak.lock()) {
        ended->outcome = std::move(outcome);
        ++ended->ends;
      }
    };
    runtime.Call(pending->call);
    return pending;
  }
  /// Starts a call and runs what can run at this time.
  std::shared_ptr<Pending> Call(CounterMethod method, std::string arguments = "1", std::string key = "a") {
    auto pending = Start(method, std::move(arguments), std::move(key));
    environment.RunReady();
    return pending;
  }
  std::shared_ptr<ActorFeed> Feed(std::string key = "a") {
    return OpenFeed("", "", std::move(key)).value_or(nullptr);
  }
  absl::StatusOr<std::shared_ptr<ActorFeed>> OpenFeed(std::string filter, std::string view,
                                                      std::string key = "a") {
    absl::StatusOr<std::shared_ptr<ActorFeed>> opened = absl::UnknownError("not yet");
    runtime.OpenFeed({"t.v1.Counter", std::move(key)}, std::move(filter), std::move(view),
                     [&](absl::StatusOr<std::shared_ptr<ActorFeed>> feed) { opened = std::move(feed); });
    environment.RunReady();
    return opened;
  }

  simulation::ManualEnvironment environment;
  HeldStore store;
  CounterLog log;
  ActorRuntime runtime;
};

}  // namespace onager::actor

#endif  // ONAGER_TESTS_ACTOR_ACTOR_WORLD_H_
