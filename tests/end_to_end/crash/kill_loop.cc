#include "kill_loop.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace onager::crash {
namespace {

using ::crash::v1::DraftClient;
using ::crash::v1::DraftState;
using ::crash::v1::TallyClient;
using ::crash::v1::TallyState;

constexpr char kActor[] = "a";
constexpr std::size_t kParties = 3;
constexpr std::size_t kLanes = 6;
constexpr std::size_t kTransferLanes = 3;

constexpr absl::Duration kPatience = absl::Minutes(2);

// What a crash may lose is 50 ms and two writes; the rest is for a machine that lets the server wait.
constexpr absl::Duration kLossWindow = absl::Seconds(1);

}  // namespace

KillLoop::KillLoop(const std::string& folder, const std::string& store, std::uint64_t seed)
    : random_(seed),
      server_(absl::StrCat("unix:", folder, "/socket"), store, folder + "/exposure"),
      exposure_(Exposure::Map(folder + "/exposure")) {}

KillLoop::~KillLoop() {
  // Calls that have not ended report to what is destroyed after them.
  for (const auto& party : parties_) {
    party->of_tally.reset();
    party->of_draft.reset();
    party->client->Close();
  }
  transfers_.reset();
}

void KillLoop::Run(int cycles) {
  Begin();
  for (int cycle = 1; cycle <= cycles && !testing::Test::HasFailure(); ++cycle) {
    SCOPED_TRACE(testing::Message() << "cycle " << cycle);
    Cycle(cycle);
  }
  if (!testing::Test::HasFailure()) EndWell();
  Report(cycles);
}

void KillLoop::Begin() {
  ASSERT_NE(exposure_, nullptr);
  StartServer();
  for (std::size_t i = 0; i < kParties; ++i) {
    auto party = std::make_unique<Party>();
    party->name = absl::StrCat("c", i);
    ClientOptions options;
    options.reconnect_delay_min = absl::Milliseconds(2);
    options.reconnect_delay_max = absl::Milliseconds(50);
    options.on_connection_state = [this, at = party.get()](ConnectionState state, const absl::Status&) {
      monitor_.Do([&] { at->connected = state == ConnectionState::kConnected; });
    };
    party->client = std::make_unique<Client>(Client::Connect(server_.address(), options));
    const TallyClient tally(*party->client, kActor);
    const DraftClient draft(*party->client, kActor);
    party->load = std::make_unique<Load>(monitor_, party->name, random_());
    party->load->Aim(tally, tally_book_);
    party->load->Aim(draft, draft_book_);
    const int sight = static_cast<int>(i % 3);
    party->of_tally = std::make_unique<TallyWitness>(monitor_, tally, absl::StrCat("the tally's witness ", i),
                                                     static_cast<TallyWitness::Sight>(sight), party->name);
    party->of_draft = std::make_unique<DraftWitness>(monitor_, draft, absl::StrCat("the draft's witness ", i),
                                                     static_cast<DraftWitness::Sight>(sight), party->name);
    parties_.push_back(std::move(party));
  }
  transfers_ = std::make_unique<Transfers>(monitor_, *parties_.front()->client, random_());
  transfers_->Open();
  AwaitIdle();
}

void KillLoop::Cycle(int cycle) {
  kills_.clear();
  for (const auto& party : parties_) party->load->Start(kLanes);
  transfers_->Start(kTransferLanes);
  KillAfter(std::uint64_t{1} << Random(0, 9));
  // Some find those that come after a crash in the middle of what they do about it.
  while (Random(0, 3) == 0) {
    if (Random(0, 1) == 0) {
      KillWhileItStarts();
    } else {
      KillAfter(static_cast<std::uint64_t>(Random(0, 20)));
    }
  }
  monitor_.Do([&] {
    for (const auto& party : parties_) party->load->Stop();
  });
  transfers_->Stop();
  AwaitIdle();
  if (testing::Test::HasFailure()) return;
  Check(cycle);
  if (!testing::Test::HasFailure()) Drop();
}

void KillLoop::StartServer() {
  const absl::Status started = server_.Start();
  ASSERT_TRUE(started.ok()) << started;
  const absl::Status serves = server_.AwaitServing();
  ASSERT_TRUE(serves.ok()) << serves;
}

void KillLoop::KillAfter(std::uint64_t calls) {
  const std::uint64_t until = monitor_.Do([&] { return Answered(); }) + calls;
  ASSERT_TRUE(monitor_.Until([&] { return Answered() >= until; }, kPatience)) << "nothing is answered";
  // Not right behind a reply.
  (void)monitor_.Until([] { return false; }, absl::Microseconds(Random(0, 4000)));
  Kill();
  StartServer();
}

void KillLoop::KillWhileItStarts() {
  Kill();
  const absl::Status started = server_.Start();
  ASSERT_TRUE(started.ok()) << started;
  (void)monitor_.Until([] { return false; }, absl::Microseconds(Random(0, 100'000)));
  Kill();
  StartServer();
}

void KillLoop::Kill() {
  CallBook::Kill kill;
  kill.at = absl::Now();
  const absl::Status ended = server_.End(SIGKILL, -SIGKILL);
  ASSERT_TRUE(ended.ok()) << ended;
  kill.written_until = exposure_->written_until();
  loss_window_max_ = std::max(loss_window_max_, exposure_->loss_window());
  // They are told in order: what this server has answered comes before.
  ASSERT_TRUE(monitor_.Until(
      [&] {
        for (const auto& party : parties_) {
          if (party->connected) return false;
        }
        return true;
      },
      kPatience));
  kill.noticed_at = absl::Now();
  kills_.push_back(kill);
  ++kill_count_;
}

void KillLoop::AwaitIdle() {
  ASSERT_TRUE(monitor_.Until(
      [&] {
        for (const auto& party : parties_) {
          if (!party->load->idle()) return false;
        }
        return transfers_->idle();
      },
      kPatience))
      << "calls or transfers do not end";
}

template <typename Stub>
void KillLoop::Mark(Party& party, const std::string& id, CallBook& book) {
  monitor_.Do([&] { book.Begin(id, /*for_good=*/false); });
  const absl::StatusOr<std::int64_t> marked = Stub(*party.client, kActor).AddAgain(id, "mark").Wait();
  monitor_.Do([&] { book.End(id, marked); });
}

void KillLoop::Check(int cycle) {
  // A reply tells its client's subscriptions how far they are, and nothing changes any more.
  const std::string mark = absl::StrCat("mark-", cycle);
  for (const auto& party : parties_) {
    Mark<TallyClient>(*party, mark, tally_book_);
    Mark<DraftClient>(*party, mark, draft_book_);
  }
  const std::uint64_t tally_epoch =
      CheckActor<TallyState, TallyClient>(tally_book_, &Party::of_tally, mark, /*may_lose=*/false);
  const std::uint64_t draft_epoch =
      CheckActor<DraftState, DraftClient>(draft_book_, &Party::of_draft, mark, /*may_lose=*/true);
  EXPECT_TRUE(tally_epoch_ == 0 || tally_epoch == tally_epoch_) << "the epoch of what waits for its store";
  tally_epoch_ = tally_epoch;
  draft_epoch_ = draft_epoch;
  EXPECT_TRUE(transfers_->Check(kPatience)) << "transfers do not end";
}

// Holds what the server has against what its callers and observers know. Returns the epoch.
template <typename State, typename Stub, typename Seen>
std::uint64_t KillLoop::CheckActor(CallBook& book, std::unique_ptr<Seen> Party::* witness,
                                   const std::string& mark, bool may_lose) {
  Client auditor = Client::Connect(server_.address());
  bool complete = false;
  const Subscription<State> audit =
      Stub(auditor, kActor)
          .Observe()
          .OnChange([&](const State& state, const auto&) {
            monitor_.Do([&] { complete = state.entries.contains(mark); });  // The last there is.
          })
          .Start();
  EXPECT_TRUE(monitor_.Until([&] { return complete; }, kPatience));
  const State now = audit.state();
  const std::uint64_t epoch = audit.epoch();
  const std::uint64_t revision = audit.revision();
  auditor.Close();  // Nothing of it is called back any more.
  for (const auto& party : parties_) {
    const Seen& seen = *((*party).*witness);
    EXPECT_TRUE(
        monitor_.Until([&] { return seen.HasSeen(epoch, revision) && seen.HasHeardOf(mark); }, kPatience))
        << "an observer stays behind";
    monitor_.Do([&] { seen.Check(now, may_lose); });
  }
  monitor_.Do([&] { book.Check(now, kills_, kLossWindow); });
  return epoch;
}

void KillLoop::Drop() {
  const Client& client = *parties_.front()->client;
  const absl::Status tally_drops = TallyClient(client, kActor).Drop().Wait();
  EXPECT_TRUE(tally_drops.ok()) << tally_drops;
  const absl::Status draft_drops = DraftClient(client, kActor).Drop().Wait();
  EXPECT_TRUE(draft_drops.ok()) << draft_drops;
  monitor_.Do([&] {
    tally_book_.Forget();
    draft_book_.Forget();
    for (const auto& party : parties_) {
      party->of_tally->Forget();
      party->of_draft->Forget();
    }
  });
}

void KillLoop::EndWell() {
  SCOPED_TRACE("a clean end");
  const absl::Status ended = server_.End(SIGTERM, 0);
  ASSERT_TRUE(ended.ok()) << ended;
  StartServer();
  kills_.clear();
  const std::uint64_t draft_epoch = draft_epoch_;
  Check(0);
  EXPECT_EQ(draft_epoch_, draft_epoch) << "a clean end keeps the epoch of what was written behind";
}

void KillLoop::Report(int cycles) const {
  std::cout << cycles << " cycles, " << kill_count_ << " kills\n"
            << "calls that wait for the store: " << tally_book_.done() << " done, " << tally_book_.refused()
            << " refused, " << tally_book_.unknown() << " given up\n"
            << "calls that are written behind: " << draft_book_.done() << " done, " << draft_book_.refused()
            << " refused, " << draft_book_.unknown() << " given up, " << draft_book_.lost()
            << " lost, the oldest " << draft_book_.lost_age_max() << " before the kill, of a window of "
            << loss_window_max_ << "\n"
            << "transfers: " << transfers_->done() << " done, " << transfers_->refused() << " refused, "
            << transfers_->interest_count() << " of them interest\n";
  for (const auto& party : parties_) {
    party->of_tally->Report(std::cout);
    party->of_draft->Report(std::cout);
  }
}

}  // namespace onager::crash
