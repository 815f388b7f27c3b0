#include "tests/simulation/vault_scenario.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace onager::simulation {
namespace {

using vault::v1::JournalState;
using vault::v1::Transfer;
using vault::v1::VaultState;

constexpr absl::Duration kCallTimeout = absl::Seconds(8);

class VaultUnderTest final : public vault::v1::VaultActor {
  Task<std::int64_t> Add(Turn&, std::int64_t cents) override { return Grow(cents); }
  Task<std::int64_t> AddAgain(Turn&, std::int64_t) override { return state().cents(); }
  Task<std::int64_t> AddBehind(Turn&, std::int64_t cents) override { return Grow(cents); }
  Task<std::int64_t> AddInMemory(Turn&, std::int64_t cents) override { return Grow(cents); }
  Task<std::int64_t> Get(Turn&) override { return state().cents(); }
  Task<std::string> Keep(Turn&, std::string) override { return std::string(); }
  // The sum counts the runs, the list the transfers: what ran twice makes them differ.
  Task<> Record(Turn&, Transfer transfer) override {
    Grow(1);
    if (!state().transfers().contains(transfer.id)) state().mutable_transfers().Insert(std::move(transfer));
    return absl::OkStatus();
  }
  Task<> Refuse(Turn&, std::string) override { return absl::OkStatus(); }
  Task<> Fill(Turn&, std::int64_t) override { return absl::OkStatus(); }
  Task<> Remind(Turn& turn, std::string id, absl::Duration after, absl::Duration) override {
    if (!state().reminded().contains(id)) {
      state().mutable_reminded().Set(id, 0);
      RemindDue(turn.now() + after, id);
    }
    return absl::OkStatus();
  }
  Task<> Forget(Turn&, std::string) override { return absl::OkStatus(); }
  Task<> PayLater(Turn&, Transfer, absl::Duration) override { return absl::OkStatus(); }
  Task<> OnDue(Turn&, std::string id) override {
    state().mutable_reminded().Set(id, *state().reminded().Find(id) + 1);
    return absl::OkStatus();
  }
  Task<> OnPay(Turn&, Transfer) override { return absl::OkStatus(); }
  absl::Status MigrateFrom1() override { return absl::OkStatus(); }

  std::int64_t Grow(std::int64_t cents) {
    state().set_cents(state().cents() + cents);
    return state().cents();
  }
};

class JournalUnderTest final : public vault::v1::JournalActor {
  Task<std::int64_t> Write(Turn& turn) override { return Grow(turn); }
  Task<std::int64_t> WriteForGood(Turn& turn) override { return Grow(turn); }
  Task<std::int64_t> Count(Turn&) override { return state().lines(); }
  Task<> Begin(Turn&, absl::Duration) override { return absl::OkStatus(); }
  Task<> End(Turn&) override { return absl::OkStatus(); }
  Task<> OnTick(Turn&) override { return absl::OkStatus(); }
  Task<> OnSweep(Turn&) override { return absl::OkStatus(); }

  // By something else each time, so that no two histories are alike.
  std::int64_t Grow(Turn& turn) {
    state().set_lines(state().lines() + 1 + static_cast<std::int64_t>(turn.NextRandom() % 1000));
    return state().lines();
  }
};

}  // namespace

/// One observer of the vault, and one of the journal.
struct VaultTest::Watcher {
  std::optional<Subscription<VaultState>> vault;
  std::optional<Subscription<JournalState>> journal;
  std::uint64_t epoch = 0;  // Of the vault.
  std::uint64_t revision = 0;
  bool was_told = false;  // That a snapshot comes.
  absl::Status wrong;

  void Blame(std::string what) {
    if (wrong.ok()) wrong = absl::InternalError(std::move(what));
  }
};

VaultTest::VaultTest(Simulation& simulation) : simulation_(simulation) {
  simulation_.Host<VaultUnderTest>();
  simulation_.Host<JournalUnderTest>();
  simulation_.StartServer();
  for (std::size_t client = 0; client < kClients; ++client) {
    simulation_.AddClient();
    watchers_.push_back(std::make_unique<Watcher>());
    Watch(client);
  }
}

VaultTest::~VaultTest() = default;

vault::v1::VaultClient VaultTest::Vault(std::size_t client) const {
  return vault::v1::VaultClient(simulation_.client(client), "a");
}

vault::v1::JournalClient VaultTest::Journal(std::size_t client) const {
  return vault::v1::JournalClient(simulation_.client(client), "a");
}

void VaultTest::Watch(std::size_t client) {
  Watcher& watcher = *watchers_[client];
  watcher.vault =
      Vault(client)
          .Observe()
          .OnChange([&watcher](const VaultState&, const auto&) {
            const std::uint64_t epoch = watcher.vault->epoch();
            const std::uint64_t revision = watcher.vault->revision();
            if (watcher.epoch == epoch && revision < watcher.revision + (watcher.was_told ? 0 : 1)) {
              watcher.Blame(absl::StrCat("revision ", revision, " after ", watcher.revision));
            }
            watcher.was_told = false;
            watcher.epoch = epoch;
            watcher.revision = revision;
          })
          .OnResync([&watcher](ResyncReason why) {
            watcher.was_told = true;
            // All its turns wait for the store: its history goes on through every crash, once it
            // has begun.
            if (why == ResyncReason::kNewEpoch && watcher.revision > 0) {
              watcher.Blame("a new epoch of what was never lost");
            }
          })
          .Start();
  watcher.journal = Journal(client)
                        .Observe()
                        .OnChange([this, &watcher](const JournalState& state, const auto&) {
                          // What was told of and lost with a crash must not be another thing under the same
                          // name.
                          const std::pair position(watcher.journal->epoch(), watcher.journal->revision());
                          const auto [known, is_new] = journal_history_.emplace(position, state.lines);
                          if (!is_new && known->second != state.lines) {
                            watcher.Blame(absl::StrCat("revision ", position.second, " of the journal has ",
                                                       state.lines, " lines, and had ", known->second));
                          }
                        })
                        .Start();
}

template <typename T, typename OnEnd>
void VaultTest::Follow(Call<T> call, std::string name, OnEnd on_end) {
  const std::uint64_t number = ++last_call_;
  open_calls_.emplace(number, std::move(name));
  call.Then([this, number, on_end = std::move(on_end)](auto result) {
    open_calls_.erase(number);
    on_end(result);
  });
}

namespace {

/// Whether the call's turn may have been committed all the same.
bool MayHaveRun(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status) || absl::IsUnavailable(status) || absl::IsCancelled(status);
}

}  // namespace

void VaultTest::Record(std::size_t client, std::uint64_t /*number*/) { Record(client, kCallTimeout); }

void VaultTest::Record(std::size_t client, absl::Duration timeout) {
  const Uuid id = Uuid::FromRandom(0x7e57, ++last_call_);
  recorded_.emplace(id, false);
  Follow(Vault(client).Record(Transfer().with_id(id).with_cents(1), CallOptions().WithTimeout(timeout)),
         "Record", [this, id](const auto& result) {
           if (result.ok()) {
             recorded_[id] = true;
           } else if (!MayHaveRun(result)) {
             recorded_.erase(id);
             refused_.emplace(id, result.ToString());
           }
         });
}

void VaultTest::AddAgain(std::size_t client, std::uint64_t /*number*/) {
  Follow(Vault(client).AddAgain(0, CallOptions().WithTimeout(kCallTimeout)), "AddAgain", [](const auto&) {});
}

void VaultTest::Remind(std::size_t client, std::uint64_t number) {
  const std::string id = absl::StrCat(++last_call_);
  reminders_.emplace(id, false);
  const absl::Duration after = absl::Milliseconds(number % 500);
  Follow(Vault(client).Remind(id, after, absl::ZeroDuration(), CallOptions().WithTimeout(kCallTimeout)),
         "Remind", [this, id](const auto& result) {
           if (result.ok()) reminders_[id] = true;
         });
}

void VaultTest::Write(std::size_t client, std::uint64_t /*number*/) {
  Follow(Journal(client).Write(CallOptions().WithTimeout(kCallTimeout)), "Write", [](const auto&) {});
}

void VaultTest::WriteForGood(std::size_t client, std::uint64_t /*number*/) {
  Follow(Journal(client).WriteForGood(CallOptions().WithTimeout(kCallTimeout)), "WriteForGood",
         [this](const auto& result) {
           if (result.ok()) written_for_good_ = std::max(written_for_good_, *result);
         });
}

void VaultTest::Resync(std::size_t client, std::uint64_t /*number*/) { watchers_[client]->vault->Resync(); }

// The newest copy.
std::optional<VaultState> VaultTest::Newest() const {
  const Watcher* newest = nullptr;
  for (const auto& watcher : watchers_) {
    if (newest == nullptr || watcher->revision > newest->revision) newest = watcher.get();
  }
  if (newest == nullptr || newest->revision == 0) return std::nullopt;
  return newest->vault->state();
}

absl::Status VaultTest::NothingRunsTwice() {
  for (const auto& watcher : watchers_) {
    if (watcher->revision == 0) continue;
    const VaultState state = watcher->vault->state();
    if (state.cents != static_cast<std::int64_t>(state.transfers.size())) {
      return absl::InternalError(
          absl::StrCat(state.cents, " runs recorded ", state.transfers.size(), " transfers"));
    }
    for (const Transfer& transfer : state.transfers) {
      if (const auto refused = refused_.find(transfer.id); refused != refused_.end()) {
        return absl::InternalError(absl::StrCat("a transfer is there that was answered ", refused->second));
      }
    }
    for (const auto& [id, count] : state.reminded) {
      if (count > 1) return absl::InternalError(absl::StrCat("reminder ", id, " came ", count, " times"));
    }
  }
  return absl::OkStatus();
}

absl::Status VaultTest::HistoryGoesOn() {
  for (const auto& watcher : watchers_) {
    if (!watcher->wrong.ok()) return watcher->wrong;
  }
  return absl::OkStatus();
}

// So that there is a revision after the last crash. A client that has waited for long comes again later than
// other calls wait.
void VaultTest::CallOnce() {
  Record(0, absl::Seconds(25));
  WriteForGood(0, 0);
}

absl::Status VaultTest::EveryCallEnds() {
  if (open_calls_.empty()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(open_calls_.begin()->second, " has not ended"));
}

absl::Status VaultTest::NothingAcknowledgedIsLost() {
  const std::optional<VaultState> newest = Newest();
  if (!newest.has_value()) return absl::InternalError("nobody has seen the vault");
  const VaultState& state = *newest;
  for (const auto& [id, acknowledged] : recorded_) {
    if (acknowledged && !state.transfers.contains(id))
      return absl::InternalError("an acknowledged transfer is lost");
  }
  for (const auto& [id, acknowledged] : reminders_) {
    const std::int64_t* count = state.reminded.Find(id);
    if (acknowledged && (count == nullptr || *count != 1)) {
      return absl::InternalError(
          absl::StrCat("reminder ", id, " came ", count == nullptr ? -1 : *count, " times"));
    }
  }
  for (const auto& watcher : watchers_) {
    if (watcher->journal->state().lines < written_for_good_) {
      return absl::InternalError(
          absl::StrCat("the journal has ", watcher->journal->state().lines, " lines of ", written_for_good_));
    }
  }
  return absl::OkStatus();
}

absl::Status VaultTest::EverybodySeesTheSame() {
  const Watcher& first = *watchers_.front();
  for (const auto& watcher : watchers_) {
    if (watcher->epoch != first.epoch || watcher->revision != first.revision ||
        !(watcher->vault->state() == first.vault->state()) ||
        !(watcher->journal->state() == first.journal->state())) {
      return absl::InternalError("two observers see different states");
    }
  }
  return absl::OkStatus();
}

Scenario<VaultTest> VaultScenario() {
  ScenarioOptions options;
  options.clients = VaultTest::kClients;
  options.steps_min = 8;
  options.steps_max = 24;
  options.simulation.disk_delay_max = absl::Milliseconds(30);
  options.simulation.server.bookmark_interval = absl::Milliseconds(200);
  return Scenario<VaultTest>("Vault", options)
      .Does("record", 8, &VaultTest::Record)
      .Does("add again", 2, &VaultTest::AddAgain)
      .Does("remind", 3, &VaultTest::Remind)
      .Does("write", 3, &VaultTest::Write)
      .Does("write for good", 2, &VaultTest::WriteForGood)
      .Does("resync", 1, &VaultTest::Resync)
      .Suffers({Fault::kCrash, Fault::kRestart}, 4)
      .SuffersAll()
      .Always("nothing runs twice", &VaultTest::NothingRunsTwice)
      .Always("history goes on", &VaultTest::HistoryGoesOn)
      .Lastly(&VaultTest::CallOnce)
      .Eventually("every call ends", &VaultTest::EveryCallEnds)
      .Eventually("nothing that was acknowledged is lost", &VaultTest::NothingAcknowledgedIsLost)
      .Eventually("everybody sees the same", &VaultTest::EverybodySeesTheSame);
}

}  // namespace onager::simulation
