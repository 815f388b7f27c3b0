#include "runtime/store/write_queue.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/store/coalesce.h"

namespace onager::store {
namespace {

/// Errors that another attempt would meet again.
bool IsFinal(const absl::Status& status) {
  return absl::IsAborted(status) || absl::IsInvalidArgument(status) || absl::IsDataLoss(status);
}

/// The record's form alone, whatever the store holds.
absl::Status CheckForm(const CommitRecord& record) {
  HeldPosition position;
  position.exists = true;
  position.epoch = record.epoch;
  position.revision = record.base_revision;
  position.commit = record.base_commit;
  return CheckRecord(record, position);
}

}  // namespace

void WriteQueue::Ask(const ActorId& actor, Asked asked) {
  LanePtr lane;
  if (auto* behind = std::get_if<Behind>(&asked)) behind->bytes = RecordBytes(behind->record);
  {
    MutexLock lock(mutex_);
    lane = FindLane(actor);
    lane->asked.push_back(std::move(asked));
    Advance(lane);
  }
  Run(lane);
}

WriteQueue::LanePtr WriteQueue::FindLane(const ActorId& actor) {
  LanePtr& lane = lanes_[actor];
  if (lane == nullptr) lane = std::make_shared<Lane>(actor, options_.backoff);
  return lane;
}

void WriteQueue::Advance(const LanePtr& lane, bool served) {
  while (!lane->asked.empty()) {
    if (std::holds_alternative<Behind>(lane->asked.front())) {
      if (!Accept(lane, served)) break;
      served = false;
    } else if (lane->flying || (lane->passing > 0 && std::holds_alternative<Barrier>(lane->asked.front()))) {
      break;
    } else if (!lane->waiting.empty()) {
      StartFor(lane, lane->asked.front());
      break;
    } else {
      PassOn(lane);
    }
  }
  if (lane->flying || lane->waiting.empty()) return;
  const Time due = lane->waiting.front().accepted_at + options_.delay;
  if (closing_ || (!lane->retrying && (!crowd_.empty() || due <= environment_.clock.Now()))) {
    Start(lane);
  } else if (!lane->scheduled) {
    Schedule(lane, due);
  }
}

// False when it has to wait. Records are not accepted before commits that were asked earlier are answered.
bool WriteQueue::Accept(const LanePtr& lane, bool served) {
  if (lane->passing > 0 || lane->together) return false;
  Behind& behind = std::get<Behind>(lane->asked.front());
  absl::Status fits = Fits(*lane, behind.record);
  if (fits.ok()) {
    std::list<Batch>& waiting = lane->waiting;
    bool joins = !waiting.empty() && waiting.back().bytes + behind.bytes <= options_.record_bytes_max &&
                 CanCoalesce(waiting.back().record, behind.record);
    if (!joins && !waiting.empty()) {
      if (!lane->flying && !lane->retrying) Start(lane);
      if (!waiting.empty()) return false;
    }
    if (!HasRoom(behind.bytes) || (!served && !crowd_.empty())) {
      if (!lane->crowded) crowd_.push_back(lane);
      lane->crowded = true;
      WriteWithoutDelay();
      return false;
    }
    counters_.queued_bytes += behind.bytes;
    ++counters_.queued_records;
    ++counters_.accepted;
    if (joins) {
      Coalesce(waiting.back().record, std::move(behind.record));
    } else {
      waiting.emplace_back();
      waiting.back().record = std::move(behind.record);
      waiting.back().accepted_at = environment_.clock.Now();
    }
    waiting.back().bytes += behind.bytes;
    ++waiting.back().records;
  } else if (absl::IsAborted(fits)) {
    lane->failed = PositionAfter(behind.record);
  }
  lane->actions.push_back(
      [done = std::move(behind.done), status = std::move(fits)]() mutable { done(std::move(status)); });
  lane->asked.pop_front();
  return true;
}

absl::Status WriteQueue::Fits(const Lane& lane, const CommitRecord& record) const {
  if (absl::Status form = CheckForm(record); !form.ok()) return form;
  if (!lane.waiting.empty()) return CheckRecord(record, PositionAfter(lane.waiting.back().record));
  if (lane.flying) return CheckRecord(record, PositionAfter(lane.flying->record));
  if (lane.failed && CheckRecord(record, *lane.failed).ok()) {
    return absl::AbortedError(
        absl::StrCat("the commit of ", lane.actor.ToString(), " continues one that was not written"));
  }
  return absl::OkStatus();
}

bool WriteQueue::HasRoom(std::size_t bytes) const {
  return closing_ || counters_.queued_records == 0 ||
         (counters_.queued_records < options_.queue_records_max &&
          counters_.queued_bytes + bytes <= options_.queue_bytes_max);
}

void WriteQueue::PassOn(const LanePtr& lane) {
  Asked asked = std::move(lane->asked.front());
  lane->asked.pop_front();
  if (auto* barrier = std::get_if<Barrier>(&asked)) {
    lane->actions.push_back([done = std::move(barrier->done)]() mutable { done(absl::OkStatus()); });
    return;
  }
  ++lane->passing;
  const auto self = shared_from_this();
  if (auto* commit = std::get_if<Commit>(&asked)) {
    lane->actions.push_back([self, lane, commit = std::move(*commit)]() mutable {
      const HeldPosition position = PositionAfter(commit.record);
      self->store_.Commit(std::move(commit.record), [self, lane, position, done = std::move(commit.done)](
                                                        absl::Status status) mutable {
        {
          MutexLock lock(self->mutex_);
          lane->failed = status.ok() ? std::nullopt : std::optional(position);
        }
        self->OnPassed(lane, [done = std::move(done), status = std::move(status)]() mutable {
          done(std::move(status));
        });
      });
    });
  } else if (auto* load = std::get_if<Load>(&asked)) {
    lane->actions.push_back([self, lane, recent = load->recent, done = std::move(load->done)]() mutable {
      auto read = [self, lane, done = std::move(done)](auto stored) mutable {
        self->OnPassed(lane, [done = std::move(done), stored = std::move(stored)]() mutable {
          done(std::move(stored));
        });
      };
      if (recent) return self->store_.LoadRecent(lane->actor, std::move(read));
      self->store_.Load(lane->actor, std::move(read));
    });
  } else if (auto* past = std::get_if<LoadPast>(&asked)) {
    lane->actions.push_back([self, lane, done = std::move(past->done)]() mutable {
      self->store_.LoadPast(lane->actor, [self, lane, done = std::move(done)](auto stored) mutable {
        self->OnPassed(lane, [done = std::move(done), stored = std::move(stored)]() mutable {
          done(std::move(stored));
        });
      });
    });
  }
}

void WriteQueue::OnPassed(const LanePtr& lane, Action answer) {
  {
    MutexLock lock(mutex_);
    --lane->passing;
    lane->actions.push_back(std::move(answer));
    Advance(lane);
  }
  Run(lane);
}

// What waits is written for the sake of what was asked after it; a commit in the same record, where it fits.
void WriteQueue::StartFor(const LanePtr& lane, Asked& asked) {
  auto* commit = std::get_if<Commit>(&asked);
  if (commit == nullptr || lane->waiting.size() > 1 ||
      !CanCoalesce(lane->waiting.front().record, commit->record)) {
    return Start(lane);
  }
  lane->together.emplace(Together{std::move(commit->done), PositionAfter(commit->record)});
  CommitRecord record = std::move(commit->record);
  lane->asked.pop_front();
  Start(lane, std::move(record));
}

void WriteQueue::Start(const LanePtr& lane, std::optional<CommitRecord> also) {
  Unschedule(*lane);
  if (lane->retrying) ++counters_.retries;
  lane->retrying = false;
  lane->flying = std::move(lane->waiting.front());
  lane->waiting.pop_front();
  lane->flying_since = environment_.clock.Now();
  lane->actions.push_back([self = shared_from_this(), lane, also = std::move(also)]() mutable {
    CommitRecord record = lane->flying->record;  // It stays, should this fail.
    if (also) Coalesce(record, *std::move(also));
    self->store_.Commit(std::move(record),
                        [self, lane](const absl::Status& status) { self->OnWritten(lane, status); });
  });
}

void WriteQueue::OnWritten(const LanePtr& lane, const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    Batch batch = *std::move(lane->flying);
    lane->flying.reset();
    NoteWriteTime(environment_.clock.Now() - lane->flying_since);
    const bool alone = !lane->together;
    if (lane->together) {
      if (!status.ok()) lane->failed = lane->together->position;
      lane->actions.push_back([done = std::move(lane->together->done), status]() mutable { done(status); });
      lane->together.reset();
    }
    if (status.ok()) {
      ++counters_.written;
      lane->failed.reset();
      lane->backoff.Reset();
      Release(batch);
    } else if (!alone && IsFinal(status)) {
      // Which of the two it is that the store does not take shows when this one is written by itself.
      lane->waiting.push_front(std::move(batch));
      Start(lane);
    } else {
      OnFailed(lane, std::move(batch), status);
    }
    Advance(lane);
    ServeCrowd();
  }
  Run(lane);
}

void WriteQueue::OnFailed(const LanePtr& lane, Batch batch, const absl::Status& status) {
  std::list<Batch>& waiting = lane->waiting;
  if (!waiting.empty() && batch.bytes + waiting.front().bytes <= options_.record_bytes_max &&
      CanCoalesce(batch.record, waiting.front().record)) {
    Coalesce(batch.record, std::move(waiting.front().record));
    batch.bytes += waiting.front().bytes;
    batch.records += waiting.front().records;
    waiting.pop_front();
  }
  waiting.push_front(std::move(batch));
  if (IsFinal(status) || closing_) return Lose(lane, status);
  lane->retrying = true;
  Schedule(lane, environment_.clock.Now() + lane->backoff.Next(environment_.random.Next()));
  Refuse(lane, status);
}

void WriteQueue::Lose(const LanePtr& lane, const absl::Status& why) {
  lane->failed = PositionAfter(lane->waiting.back().record);
  for (const Batch& batch : lane->waiting) {
    counters_.lost += batch.records;
    Release(batch);
  }
  lane->waiting.clear();
  lane->backoff.Reset();
  lane->actions.push_back(
      [self = shared_from_this(), actor = lane->actor, why] { self->TellLost(actor, why); });
}

// Whoever waits for what could not be written now is told.
void WriteQueue::Refuse(const LanePtr& lane, const absl::Status& why) {
  while (!lane->asked.empty()) {
    if (std::holds_alternative<Behind>(lane->asked.front())) {
      if (!Accept(lane, false)) return;
      continue;
    }
    lane->actions.push_back([asked = std::move(lane->asked.front()), why]() mutable {
      if (auto* commit = std::get_if<Commit>(&asked)) commit->done(why);
      if (auto* load = std::get_if<Load>(&asked)) load->done(why);
      if (auto* past = std::get_if<LoadPast>(&asked)) past->done(why);
      if (auto* barrier = std::get_if<Barrier>(&asked)) barrier->done(why);
    });
    lane->asked.pop_front();
  }
}

void WriteQueue::Release(const Batch& batch) {
  counters_.queued_bytes -= batch.bytes;
  counters_.queued_records -= batch.records;
}

void WriteQueue::ServeCrowd() {
  while (!crowd_.empty()) {
    const LanePtr lane = crowd_.front();
    if (!lane->asked.empty()) {
      const auto* behind = std::get_if<Behind>(&lane->asked.front());
      if (behind != nullptr && !HasRoom(behind->bytes)) return;
    }
    crowd_.pop_front();
    lane->crowded = false;
    Advance(lane, true);
    RunLater(lane);
  }
}

void WriteQueue::WriteWithoutDelay() {
  while (!waiting_.empty()) {
    const LanePtr lane = waiting_.begin()->second;
    Start(lane);
    RunLater(lane);
  }
}

void WriteQueue::Flush(Store::CommitDone done) {
  struct Pending {
    Mutex mutex;
    std::size_t left ABSL_GUARDED_BY(mutex) = 1;  // This function is one of them.
    absl::Status status ABSL_GUARDED_BY(mutex);
    Store::CommitDone done;
  };
  const auto pending = std::make_shared<Pending>();
  pending->done = std::move(done);
  const auto end = [pending](const absl::Status& status) {
    absl::Status result;
    {
      MutexLock lock(pending->mutex);
      pending->status.Update(status);
      if (--pending->left > 0) return;
      result = pending->status;
    }
    pending->done(std::move(result));
  };
  std::vector<LanePtr> lanes;
  {
    MutexLock lock(mutex_);
    MutexLock pending_lock(pending->mutex);
    for (const auto& [actor, lane] : lanes_) {
      ++pending->left;
      lane->asked.push_back(Barrier{end});
      Advance(lane);
      lanes.push_back(lane);
    }
  }
  for (const LanePtr& lane : lanes) Run(lane);
  end(absl::OkStatus());
}

void WriteQueue::Close() {
  std::vector<LanePtr> lanes;
  {
    MutexLock lock(mutex_);
    closing_ = true;
    if (timer_ != 0) environment_.timers.Cancel(timer_);
    for (const LanePtr& lane : crowd_) lane->crowded = false;
    crowd_.clear();
    for (const auto& [actor, lane] : lanes_) {
      Advance(lane);
      lanes.push_back(lane);
    }
  }
  for (const LanePtr& lane : lanes) Run(lane);
  MutexLock lock(mutex_);
  while (!lanes_.empty()) changed_.Wait(mutex_);
}

void WriteQueue::Schedule(const LanePtr& lane, Time when) {
  lane->scheduled.emplace(when, ++last_key_);
  (lane->retrying ? retrying_ : waiting_).emplace(*lane->scheduled, lane);
  ArmTimer();
}

void WriteQueue::Unschedule(Lane& lane) {
  if (lane.scheduled) (lane.retrying ? retrying_ : waiting_).erase(*lane.scheduled);
  lane.scheduled.reset();
}

void WriteQueue::ArmTimer() {
  Time next = kNever;
  for (const Agenda* agenda : {&waiting_, &retrying_}) {
    if (!agenda->empty()) next = std::min(next, agenda->begin()->first.first);
  }
  if (next == kNever || closing_ || (timer_ != 0 && timer_at_ <= next)) return;
  if (timer_ != 0) environment_.timers.Cancel(timer_);
  timer_at_ = next;
  timer_ = environment_.timers.At(next, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnTimer();
  });
}

void WriteQueue::OnTimer() {
  std::vector<LanePtr> lanes;
  {
    MutexLock lock(mutex_);
    if (closing_) return;
    const Time now = environment_.clock.Now();
    for (Agenda* agenda : {&waiting_, &retrying_}) {
      while (!agenda->empty() && agenda->begin()->first.first <= now) {
        lanes.push_back(agenda->begin()->second);
        Start(lanes.back());
      }
    }
    timer_ = 0;
    ArmTimer();
  }
  for (const LanePtr& lane : lanes) Run(lane);
}

void WriteQueue::Run(const LanePtr& lane) {
  for (bool first = true; Action action = NextAction(lane, first); first = false) action();
}

// By a function of its own, so that lanes which make room for each other do not run one inside the other.
void WriteQueue::RunLater(const LanePtr& lane) {
  environment_.executor.Post([self = shared_from_this(), lane] { self->Run(lane); });
}

WriteQueue::Action WriteQueue::NextAction(const LanePtr& lane, bool first) {
  MutexLock lock(mutex_);
  if (first && lane->acting) return nullptr;
  lane->acting = !lane->actions.empty();
  if (lane->acting) {
    Action action = std::move(lane->actions.front());
    lane->actions.pop_front();
    return action;
  }
  const auto found = lanes_.find(lane->actor);
  if (found != lanes_.end() && found->second == lane && lane->idle()) {
    lanes_.erase(found);
    changed_.NotifyAll();
  }
  return nullptr;
}

void WriteQueue::TellLost(const ActorId& actor, const absl::Status& why) {
  LostListener* listener = nullptr;
  {
    MutexLock lock(mutex_);
    listener = listener_;
    if (listener == nullptr) return;
    ++telling_;
  }
  listener->OnWritesLost(actor, why);
  MutexLock lock(mutex_);
  --telling_;
  changed_.NotifyAll();
}

void WriteQueue::SetLostListener(LostListener* listener) {
  MutexLock lock(mutex_);
  listener_ = listener;
  while (telling_ > 0) changed_.Wait(mutex_);
}

void WriteQueue::NoteWriteTime(Duration took) {
  const std::int64_t minute =
      std::chrono::duration_cast<std::chrono::minutes>(environment_.clock.Now().time_since_epoch()).count();
  if (minute != minute_) {
    longest_before_ = minute == minute_ + 1 ? longest_ : Duration{};
    longest_ = Duration{};
    minute_ = minute;
  }
  longest_ = std::max(longest_, took);
}

Duration WriteQueue::loss_window() const {
  MutexLock lock(mutex_);
  return options_.delay + 2 * std::max(longest_, longest_before_);
}

WriteBehindCounters WriteQueue::counters() const {
  MutexLock lock(mutex_);
  WriteBehindCounters counters = counters_;
  counters.waiting_actors = crowd_.size();
  Time oldest = environment_.clock.Now();
  for (const auto& [actor, lane] : lanes_) {
    if (lane->flying) oldest = std::min(oldest, lane->flying->accepted_at);
    if (!lane->waiting.empty()) oldest = std::min(oldest, lane->waiting.front().accepted_at);
  }
  counters.oldest = environment_.clock.Now() - oldest;
  return counters;
}

}  // namespace onager::store
