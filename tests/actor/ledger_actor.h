#ifndef ONAGER_TESTS_ACTOR_LEDGER_ACTOR_H_
#define ONAGER_TESTS_ACTOR_LEDGER_ACTOR_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "tests/actor/actor_world.h"

// A persisted actor, and servers of it that come and go over one store.
namespace onager::actor {

enum LedgerMethod : std::size_t {
  kPut,
  kPutAgain,
  kSum,
  kPutAsync,
  kPutMemory,
  kPutLarge,
  kRemind,
  kForgetIt,
  kTell
};

/// What tests want to know of all instances, and say to them.
struct LedgerLog {
  int runs = 0;  // Of methods that put something.
  int reminded = 0;
  std::vector<std::string> reminders;  // In the order of their turns.
  int fail_reminders = 0;              // So many of the next turns fail.
};

/// Its state is a sum, as that of the counter.
class LedgerActor final : public generated::ActorBase {
 public:
  static const generated::ActorType& Type() {
    static const std::vector<generated::MethodInfo> methods = [] {
      std::vector<generated::MethodInfo> all;
      for (const char* name :
           {"Put", "PutAgain", "Sum", "PutAsync", "PutMemory", "PutLarge", "Remind", "ForgetIt", "Tell"}) {
        all.emplace_back().name = name;
      }
      all[kPutAgain].idempotent = true;
      all[kSum].readonly = true;
      all[kPutAsync].durability = generated::Durability::kAsync;
      all[kPutMemory].durability = generated::Durability::kMemory;
      return all;
    }();
    static const generated::ReminderInfo reminders[] = {{"Due"}, {"Again"}};
    static const generated::ActorType type = [] {
      generated::ActorType ledger;
      ledger.name = "t.v1.Ledger";
      ledger.methods = methods;
      ledger.state = &kCounterCodec;
      ledger.persist = true;
      ledger.reminders = reminders;
      return ledger;
    }();
    return type;
  }

  explicit LedgerActor(LedgerLog& log) : log_(log) {}

  const generated::ActorType& actor_type() const override { return Type(); }
  generated::StateInterface& state_interface() override { return state_; }
  absl::Status BindKey(std::string_view) override { return absl::OkStatus(); }

  Task<std::string> Dispatch(Turn& turn, std::size_t method, std::string_view arguments) override {
    switch (method) {
      case kSum:
        return absl::StrCat(state_.value);
      case kRemind: {  // "reminder id in_seconds period_seconds"
        std::istringstream words{std::string(arguments)};
        std::size_t reminder = 0;
        std::string id;
        std::int64_t in = 0;
        std::int64_t period = 0;
        words >> reminder >> id >> in >> period;
        SetReminder(reminder, id, turn.now() + absl::Seconds(in), absl::Seconds(period));
        return std::string("set");
      }
      case kForgetIt:
        CancelReminder(0, std::string(arguments));
        return std::string("forgotten");
      case kTell:
        EmitEvent(3, arguments);
        return std::string("told");
      case kPutLarge:
        state_.value += 1;
        return std::string(2u << 20, 'x');
      default:
        ++log_.runs;
        state_.value += CounterState::Growth(arguments);
        return absl::StrCat(state_.value);
    }
  }

  Task<> OnReminder(Turn&, std::size_t index, std::string_view arguments) override {
    ++log_.reminded;
    if (log_.fail_reminders > 0) {
      --log_.fail_reminders;
      return absl::UnavailableError("not now");
    }
    log_.reminders.push_back(absl::StrCat(index, ":", std::string(arguments)));
    if (index == 0) state_.value += 1000;  // The other changes nothing.
    return absl::OkStatus();
  }

 private:
  LedgerLog& log_;
  CounterState state_;
};

/// As `HeldStore`; what is told of changes from outside, and servers that it knows no more.
class LedgerStore final : public store::ForwardingStore {
 public:
  LedgerStore() : ForwardingStore(memory) {}

  void Load(const ActorId& actor, LoadDone done) override {
    if (is_away) return done(absl::UnavailableError("the store is away"));
    memory.Load(actor, std::move(done));
  }
  void Commit(store::CommitRecord record, CommitDone done) override {
    if (is_away) return done(absl::UnavailableError("the store is away"));
    ++commits;
    last_record = record;
    if (!hold) return memory.Commit(std::move(record), std::move(done));
    held.emplace_back(std::move(record), std::move(done));
  }
  void LoadPast(const ActorId& actor, PastDone done) override {
    memory.LoadPast(actor, [this, done = std::move(done)](auto past) mutable {
      if (!hold_past) return done(std::move(past));
      held_past.push_back(
          [done = std::move(done), past = std::move(past)]() mutable { done(std::move(past)); });
    });
  }
  void SetChangeListener(store::ChangeListener* told) override { listener = told; }

  void Complete(const absl::Status& error = absl::OkStatus()) {
    auto [record, done] = std::move(held.front());
    held.pop_front();
    if (!error.ok()) return done(error);
    memory.Commit(std::move(record), std::move(done));
  }

  store::MemoryStore memory;
  store::ChangeListener* listener = nullptr;
  bool hold = false;
  bool hold_past = false;  // It has been read and does not arrive.
  bool is_away = false;
  int commits = 0;
  store::CommitRecord last_record;
  std::deque<std::pair<store::CommitRecord, CommitDone>> held;
  std::deque<absl::AnyInvocable<void()>> held_past;
};

/// A call that somebody else's commit has ended; number 0: none.
struct CallOutside {
  CallOutside() = default;
  CallOutside(std::uint64_t call_number, std::string text) : number(call_number), result(std::move(text)) {}

  std::uint64_t number = 0;
  std::string result;
};

/// One server after another, over a store that outlives them.
struct LedgerWorld {
  struct Server {
    Server(LedgerWorld& world, ActorRuntimeOptions options)
        : runtime(options, world.environment.environment(), world.unused, &world.store) {
      EXPECT_TRUE(
          runtime.Host(LedgerActor::Type(), [&world] { return std::make_unique<LedgerActor>(world.log); })
              .ok());
      runtime.Begin();
    }
    ActorRuntime runtime;
  };

  explicit LedgerWorld(ActorRuntimeOptions runtime_options = ActorRuntimeOptions())
      : options(runtime_options) {
    Start();
  }
  ~LedgerWorld() { Stop(); }

  void Start() { server = std::make_unique<Server>(*this, options); }
  /// A clean end.
  void Stop() {
    if (server == nullptr) return;
    store.hold = false;
    while (!store.held.empty()) store.Complete();
    server->runtime.BeginShutdown();
    EXPECT_TRUE(environment.RunUntil([this] { return server->runtime.idle(); }, std::chrono::seconds(100)));
    environment.RunReady();
    server.reset();
  }
  /// What waits for the store is lost, and nothing of the server writes any more.
  void Crash() {
    store.is_away = true;
    for (auto& [record, done] : std::exchange(store.held, {})) done(absl::UnavailableError("crashed"));
    store.hold = false;
    server->runtime.BeginShutdown();
    EXPECT_TRUE(environment.RunUntil([this] { return server->runtime.idle(); }, std::chrono::seconds(100)));
    environment.RunReady();
    server.reset();
    store.is_away = false;
  }
  void Restart() {
    Stop();
    Start();
  }

  struct Pending {
    std::shared_ptr<ActorCall> call = std::make_shared<ActorCall>();
    session::SharedOutcome outcome;
    std::string text() const {
      if (outcome == nullptr) return "waits";
      if (!outcome->status.ok()) return outcome->status.ToString();
      return *outcome->result;
    }
    absl::StatusCode code() const {
      return outcome == nullptr ? absl::StatusCode::kUnknown : outcome->status.code();
    }
  };
  /// A call of the client 1; number 0: of nobody who could be told from others.
  std::shared_ptr<Pending> Call(LedgerMethod method, std::string arguments = "1", std::uint64_t number = 0,
                                bool unsure = false, std::optional<absl::Time> sent_at = std::nullopt,
                                std::uint64_t acknowledged = 0) {
    auto pending = std::make_shared<Pending>();
    ActorCall& call = *pending->call;
    call.actor = {"t.v1.Ledger", "a"};
    call.method = method;
    call.arguments = std::move(arguments);
    if (number != 0) call.id = {1, number};
    call.unsure = unsure;
    call.sent_at = sent_at;
    call.acknowledged = acknowledged;
    call.may_run_again = LedgerActor::Type().methods[method].idempotent;
    call.done = [weak = std::weak_ptr<Pending>(pending)](session::SharedOutcome outcome) {
      if (const auto ended = weak.lock()) ended->outcome = std::move(outcome);
    };
    server->runtime.Call(pending->call);
    environment.RunReady();
    return pending;
  }
  std::shared_ptr<ActorFeed> Feed(std::optional<session::Position> from = std::nullopt) {
    std::shared_ptr<ActorFeed> feed;
    server->runtime.OpenFeed(
        {"t.v1.Ledger", "a"}, "", "", [&feed](auto opened) { feed = std::move(opened).value_or(nullptr); },
        nullptr, from);
    environment.RunReady();
    return feed;
  }
  store::StoredActor Stored() {
    std::optional<store::StoredActor> stored;
    store.memory.Load({"t.v1.Ledger", "a"}, [&stored](auto loaded) { stored = *std::move(loaded); });
    return stored.value_or(store::StoredActor());
  }
  /// Somebody else commits: the patch, or with none a destruction.
  absl::Status WriteOutside(std::optional<std::string> patch, const CallOutside& call = CallOutside()) {
    const store::StoredActor stored = Stored();
    store::CommitRecord record;
    record.actor = {"t.v1.Ledger", "a"};
    record.epoch = stored.epoch;
    record.base_revision = stored.revision;
    if (patch.has_value()) {
      store::LogStep& step = record.steps.emplace_back();
      step.revision = stored.revision + 1;
      step.patch = ShareBytes(*std::move(patch));
      step.committed_at = environment.environment().clock.WallNow();
    } else {
      record.destroy = true;
    }
    if (call.number != 0) {
      store::StoredCall& stored_call = record.calls.emplace_back();
      stored_call.id = {1, call.number};
      stored_call.revision = stored.revision + 1;
      stored_call.outcome = ShareBytes(std::string(1, '\0') + call.result);
      stored_call.ended_at = environment.environment().clock.WallNow();
    }
    absl::Status written;
    store.memory.Commit(std::move(record), [&written](absl::Status status) { written = std::move(status); });
    return written;
  }
  /// And the store tells of it.
  void TellOutside() {
    if (store.listener != nullptr) store.listener->OnActorChanged({"t.v1.Ledger", "a"});
    environment.RunReady();
  }

  simulation::ManualEnvironment environment;
  store::MemoryStore unused;
  LedgerStore store;
  LedgerLog log;
  ActorRuntimeOptions options;
  std::unique_ptr<Server> server;
};

}  // namespace onager::actor

#endif  // ONAGER_TESTS_ACTOR_LEDGER_ACTOR_H_
