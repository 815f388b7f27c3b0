#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "runtime/session/client_session.h"
#include "runtime/session/server_session.h"
#include "tests/session/fake_feed.h"
#include "tests/session/session_support.h"

namespace onager::session {
namespace {

/// A client and a server, joined by a link that loses, doubles, reorders and cuts, in virtual time. Each
/// round does one random thing; every delivery is held against the feed's own history.
class LossyPair {
 public:
  explicit LossyPair(std::uint64_t seed)
      : random_(seed), client_(MakeClientOptions(), random_), feed_(std::make_shared<FakeFeed>(11, 0)) {
    ReplayLimits limits;
    limits.count_max = 8;
    feed_->set_limits(limits);
    feed_->set_single_steps_max(4);
    ClientSession::SubscribeRequest request;
    request.actor = {"t.v1.Counter", "a"};
    request.filter = "a filter";
    request.schema_fingerprint = 50;
    client_.Start(now_);
    subscription_ = client_.Subscribe(request);
    Settle();
  }

  void Run(int rounds) {
    for (int round = 0; round < rounds && !testing::Test::HasFatalFailure(); ++round) {
      Disturb();
      Settle();
    }
    // The link heals: everything comes to rest at what the feed says.
    faulty_ = false;
    feed_->set_snapshots_wait(false);
    feed_->set_filter_open(true);
    Commit();
    // A loss at the very end shows with the next bookmark.
    for (int round = 0; round < 400 && !AtRest(); ++round) {
      PassTime(milliseconds(500));
      Settle();
    }
    EXPECT_TRUE(has_state_);
    EXPECT_EQ(position_, feed_->head());
    EXPECT_EQ(value_, feed_->value());
    EXPECT_EQ(pending_.size(), 0u);
    EXPECT_EQ(client_.pending_calls(), 0u);
  }

  const ClientStats& stats() const { return client_.stats(); }
  std::size_t runs() const { return runs_.size(); }
  std::uint64_t events_told() const { return events_told_; }
  std::uint64_t covers() const { return covers_; }
  std::uint64_t bookmarks() const { return bookmarks_; }

 private:
  using Message = std::string;

  static ClientSessionOptions MakeClientOptions() {
    ClientSessionOptions options;
    options.incarnation = 77;
    return options;
  }

  void Disturb() {
    switch (random_.Below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        Commit();
        break;
      case 4:
        feed_->set_snapshot_padding(random_.OneIn(3) ? 400'000 : random_.Below(100));
        break;
      case 5:
        feed_->set_snapshots_wait(!feed_waits_);
        feed_waits_ = !feed_waits_;
        break;
      case 6:
        if (random_.OneIn(6)) Restart();
        break;
      case 7:
        if (random_.OneIn(2)) Cut();
        break;
      case 8:
      case 9: {
        ClientSession::CallRequest request;
        request.actor = {"t.v1.Counter", "a"};
        request.method = "Add";
        // A lost reply shows at the deadline and not before.
        request.timeout = milliseconds(200 + random_.Below(5000));
        pending_.emplace(client_.Call(request, now_), false);
        break;
      }
      case 11:
        feed_->set_filter_open(random_.OneIn(2));
        break;
      case 12:
        feed_->CommitNothing(now_);
        NotifyFeed();
        break;
      case 13:
      case 14: {
        const std::uint64_t count = feed_->event_counts().at({feed_->head().epoch, feed_->head().revision});
        feed_->CommitEvent(EventName(feed_->head().epoch, count + 1), now_, random_.Below(3));
        NotifyFeed();
        break;
      }
      case 10:
        if (random_.OneIn(20)) client_.Resync(subscription_, ResyncReason::kRequested);
        break;
      default:
        PassTime(milliseconds(random_.Below(3000)));
        break;
    }
    if (feed_->snapshot_asked() && random_.OneIn(3)) {
      feed_->MakeSnapshot();
      NotifyFeed();
    }
  }

  static std::string EventName(std::uint64_t epoch, std::uint64_t number) {
    return std::to_string(epoch) + "/" + std::to_string(number);
  }

  void Commit() {
    feed_->Commit(1 + random_.Below(1000), now_, random_.OneIn(20) ? 300'000 : random_.Below(50));
    NotifyFeed();
  }
  // Revisions of the new history run into those of the old one, to tempt the client.
  void Restart() {
    const std::uint64_t head = feed_->head().revision;
    feed_->Restart(feed_->head().epoch + 1, head - random_.Below(std::min<std::uint64_t>(head, 3) + 1),
                   random_.Next() % 1'000'000);
    NotifyFeed();
  }
  void NotifyFeed() {
    if (server_ == nullptr) return;
    for (const std::uint64_t id : open_feeds_) server_->OnFeedChanged(id);
  }
  void PassTime(Duration duration) {
    now_ += duration;
    client_.OnTime(now_);
    if (server_ != nullptr) server_->OnTime(now_);
  }

  void Cut() {
    to_client_.clear();
    to_server_.clear();
    if (server_ != nullptr) server_->Abandon(absl::UnavailableError("cut"));
    server_.reset();
    open_feeds_.clear();
    if (connected_) client_.OnConnectionClosed(absl::UnavailableError("cut"), now_);
    connected_ = false;
  }

  // Lets both sides act and the link deliver, until nothing moves any more.
  void Settle() {
    bool moved = true;
    while (moved) {
      moved = StepClient();
      moved = StepServer() || moved;
      moved = Deliver() || moved;
    }
  }

  bool StepClient() {
    std::optional<transport::OutMessage> batch;
    if (connected_) batch = client_.NextBatch(now_);
    if (batch.has_value()) Put(to_server_, batch->Join());
    const auto actions = client_.TakeActions();
    for (const ClientSession::Action& action : actions) {
      std::visit([this](const auto& kind) { Do(kind); }, action);
    }
    return batch.has_value() || !actions.empty();
  }

  bool StepServer() {
    if (server_ == nullptr) return false;
    const std::optional<transport::OutMessage> batch = server_->NextBatch(now_);
    if (batch.has_value()) Put(to_client_, batch->Join());
    const auto actions = server_->TakeActions();
    bool ended = false;
    for (const ServerSession::Action& action : actions) {
      if (std::holds_alternative<ServerSession::FindLedger>(action)) {
        server_->OnLedger(ledger_known_, now_);
        ledger_known_ = true;
      } else if (const auto* call = std::get_if<ServerSession::StartCall>(&action)) {
        Run(*call);
      } else if (const auto* acknowledge = std::get_if<ServerSession::AcknowledgeCalls>(&action)) {
        ledger_.AcknowledgeThrough(acknowledge->through);
      } else if (const auto* open = std::get_if<ServerSession::OpenFeed>(&action)) {
        open_feeds_.push_back(open->subscription);
        server_->OnFeedOpened(open->subscription, std::shared_ptr<StateFeed>(feed_), 50);
      } else if (const auto* close = std::get_if<ServerSession::CloseFeed>(&action)) {
        std::erase(open_feeds_, close->subscription);
      } else if (std::holds_alternative<ServerSession::Disconnect>(action)) {
        ended = true;
      }
    }
    if (ended) Cut();
    return batch.has_value() || !actions.empty();
  }

  void Run(const ServerSession::StartCall& call) {
    const CallLedger::Admission admission = ledger_.Admit(call.number, call.may_have_run, false, now_);
    switch (admission.verdict) {
      case CallLedger::Verdict::kRun: {
        EXPECT_TRUE(runs_.emplace(call.number, true).second) << "call " << call.number << " ran twice";
        Commit();
        const SharedOutcome outcome = MakeOutcome(std::to_string(call.number), feed_->head().revision);
        ledger_.Complete(call.number, outcome, now_);
        server_->OnCallEnded(call.number, outcome);
        break;
      }
      case CallLedger::Verdict::kEnded:
        server_->OnCallEnded(call.number, admission.outcome);
        break;
      case CallLedger::Verdict::kSaturated:
        FAIL() << "the pair never has that many calls";
      case CallLedger::Verdict::kAcknowledged:
        server_->OnCallForgotten(call.number);
        break;
      case CallLedger::Verdict::kRunning:
      case CallLedger::Verdict::kOutcomeDropped:
      case CallLedger::Verdict::kUnknown:
        // Only when a reordering put a later call first, or the record is too old.
        auto outcome = std::make_shared<CallOutcome>();
        outcome->status = absl::UnavailableError("OUTCOME_UNKNOWN");
        server_->OnCallEnded(call.number, outcome);
        break;
    }
  }

  void Put(std::deque<Message>& link, Message message) {
    if (faulty_ && random_.OneIn(12)) return;
    const bool doubled = faulty_ && random_.OneIn(12);
    if (faulty_ && random_.OneIn(12) && !link.empty()) {
      link.insert(link.end() - 1, message);
    } else {
      link.push_back(message);
    }
    if (doubled) link.push_back(std::move(message));
  }

  bool Deliver() {
    const bool some = !to_client_.empty() || !to_server_.empty();
    if (faulty_ && random_.OneIn(4) && to_client_.size() < 3) return false;  // It stays under way.
    if (!to_server_.empty()) {
      const Message message = std::move(to_server_.front());
      to_server_.pop_front();
      if (server_ != nullptr) server_->OnMessage(message, now_);
    }
    if (!to_client_.empty()) {
      const Message message = std::move(to_client_.front());
      to_client_.pop_front();
      client_.OnMessage(message, now_);
    }
    return some;
  }

  void Do(const ClientSession::Connect&) {
    to_client_.clear();
    to_server_.clear();
    ServerSessionOptions options;
    options.bookmark_interval = seconds(2);
    server_ = std::make_unique<ServerSession>(options, Peer{"acme", "ann"}, signer_, now_);
    open_feeds_.clear();
    connected_ = true;
  }
  void Do(const ClientSession::Disconnect&) {
    connected_ = false;
    server_.reset();
    open_feeds_.clear();
    to_client_.clear();
    to_server_.clear();
  }
  void Do(const ClientSession::CallEnded& action) {
    const auto found = pending_.find(action.number);
    ASSERT_NE(found, pending_.end()) << "call " << action.number << " ended twice";
    pending_.erase(found);
    if (!action.result.ok()) return;
    EXPECT_EQ(*action.result, std::to_string(action.number));
    EXPECT_TRUE(runs_.contains(action.number));
  }
  void Do(const ClientSession::SnapshotArrived& action) {
    // Whoever had a state is told why it gets another.
    if (has_state_) {
      EXPECT_NE(action.reason, ResyncReason::kInitial);
      EXPECT_EQ(action.previous_revision, position_.revision);
      const bool later = action.at.epoch != position_.epoch || action.at.revision > position_.revision;
      EXPECT_TRUE(later || action.reason != ResyncReason::kLagged);
    }
    // Every event before the snapshot was told or is counted, except those that came before the first state.
    const bool counted = has_state_ && action.at.epoch == position_.epoch;
    events_ = counted ? events_ + action.events_dropped
                      : feed_->event_counts().at({action.at.epoch, action.at.revision});
    has_state_ = true;
    position_ = action.at;
    value_ = FakeFeed::ReadNumber(action.snapshot);
    ExpectTruth();
  }
  void Do(const ClientSession::DeltaArrived& action) {
    ASSERT_TRUE(has_state_);
    ASSERT_EQ(action.base, position_.revision);
    ASSERT_EQ(action.at.epoch, position_.epoch);
    position_ = action.at;
    value_ += FakeFeed::ReadNumber(action.patch);
    for (const std::string& event : action.events) {
      EXPECT_EQ(event, EventName(position_.epoch, ++events_));
      ++events_told_;
    }
    ExpectTruth();
  }
  void Do(const ClientSession::CoveredArrived& action) {
    ++covers_;
    EXPECT_TRUE(has_state_);
    EXPECT_NE(action.revision, 0u);
  }
  void Do(const ClientSession::BookmarkArrived& action) {
    ++bookmarks_;
    ASSERT_TRUE(has_state_);
    EXPECT_EQ(action.at, position_);
    EXPECT_EQ(action.hash, action.slice == 0 ? value_ : ~value_);
  }
  void Do(const ClientSession::BindingArrived&) {}
  void Do(const ClientSession::ItemArrived&) {}
  void Do(const ClientSession::ItemWritten&) {}
  void Do(const ClientSession::SubscriptionEnded& action) {
    // Loss may take the Unsubscribe; nothing else may end it.
    ADD_FAILURE() << "the subscription ended: " << action.status;
  }
  void Do(const ClientSession::StateChanged&) {}

  void ExpectTruth() {
    const auto truth = feed_->truth().find({position_.epoch, position_.revision});
    ASSERT_NE(truth, feed_->truth().end());
    ASSERT_EQ(value_, truth->second) << "at epoch " << position_.epoch << ", revision " << position_.revision;
    ASSERT_EQ(events_, feed_->event_counts().at({position_.epoch, position_.revision}));
  }
  bool AtRest() const {
    return has_state_ && position_ == feed_->head() && pending_.empty() && client_.pending_calls() == 0;
  }

  SeededRandom random_;
  Time now_ = kStart;
  ClientSession client_;
  ClientSession::SubscriptionId subscription_ = 0;
  wire::TokenSigner signer_{{{1, "the key of these tests"}}, 1};
  std::shared_ptr<FakeFeed> feed_;
  std::unique_ptr<ServerSession> server_;
  std::vector<std::uint64_t> open_feeds_;
  CallLedger ledger_{LedgerLimits()};
  bool ledger_known_ = false;
  bool connected_ = false;
  bool faulty_ = true;
  bool feed_waits_ = false;
  std::deque<Message> to_client_;
  std::deque<Message> to_server_;

  // What the application has seen.
  bool has_state_ = false;
  Position position_;
  std::uint64_t value_ = 0;
  std::uint64_t events_ = 0;  // Of the epoch: told, or counted as dropped.
  std::uint64_t events_told_ = 0;
  std::uint64_t covers_ = 0;
  std::uint64_t bookmarks_ = 0;
  std::map<std::uint64_t, bool> pending_;
  std::map<std::uint64_t, bool> runs_;
};

TEST(SessionPairTest, A16_WhateverTheLinkDoesTheClientHasWhatTheFeedSaidOrIsToldWhyNot) {
  const std::uint64_t first_seed = std::random_device{}();
  std::uint64_t deltas = 0;
  std::uint64_t resyncs = 0;
  std::uint64_t resumes = 0;
  std::size_t runs = 0;
  std::uint64_t events = 0;
  std::uint64_t covers = 0;
  std::uint64_t bookmarks = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    LossyPair pair(seed);
    pair.Run(200);
    if (testing::Test::HasFailure()) return;
    deltas += pair.stats().deltas;
    resyncs += pair.stats().resyncs;
    resumes += pair.stats().resumes;
    runs += pair.runs();
    events += pair.events_told();
    covers += pair.covers();
    bookmarks += pair.bookmarks();
  }
  // The schedules did what they are for.
  EXPECT_GT(deltas, 1000u);
  EXPECT_GT(resyncs, 500u);
  EXPECT_GT(resumes, 100u);
  EXPECT_GT(runs, 1000u);
  EXPECT_GT(events, 500u);
  EXPECT_GT(covers, 100u);
  EXPECT_GT(bookmarks, 100u);
}

}  // namespace
}  // namespace onager::session
