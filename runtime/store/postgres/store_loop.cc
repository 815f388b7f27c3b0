#include "runtime/store/postgres/store_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/store/coalesce.h"
#include "runtime/store/postgres/actor_rows.h"
#include "runtime/store/postgres/text.h"

namespace onager::store::postgres {
namespace {

/// What a store says to a record that it cannot hold.
absl::Status CheckStorable(const CommitRecord& record) {
  if (absl::Status form = CheckRecord(record, HeldPosition()); absl::IsInvalidArgument(form)) return form;
  bool is_text = IsText(record.actor.type) && IsText(record.actor.key);
  for (const StoredReminder& reminder : record.reminders) is_text = is_text && IsText(reminder.name);
  for (const auto& cancelled : record.cancelled_reminders) is_text = is_text && IsText(cancelled.first);
  if (is_text) return absl::OkStatus();
  return absl::InvalidArgumentError("a type, key or reminder's name is not UTF-8, or has a zero byte");
}

absl::Status Closed() { return absl::UnavailableError("the store was closed"); }

template <typename T>
absl::StatusOr<T> Decoded(const ActorId& actor, const Answer& answer,
                          absl::StatusOr<T> (*decode)(const ActorId&, const PGresult*)) {
  if (answer.kind != Answer::Kind::kRows) return answer.status;
  return decode(actor, answer.result.get());
}

}  // namespace

Uuid RandomUuid() {
  std::random_device device;
  const auto half = [&device] { return std::uint64_t{device()} << 32 | device(); };
  return {half(), half()};
}

Time StoreLoop::SteadyClock::Now() const {
  return Time(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

StoreLoop::StoreLoop(const PostgresOptions& options, const ConnectionPlan& plan, const Uuid& writer,
                     std::string seen)
    : options_(options),
      logger_(options.log, clock_),
      random_(RandomUuid().high),
      lanes_(*this),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  for (std::size_t i = 0; i < options.writers; ++i) {
    writers_.push_back(std::make_unique<CommitWriter>(
        plan, RandomUuid(), random_, logger_,
        [this](const ActorId& actor, CommitRequest& request, const absl::Status& status) {
          OnCommitAnswered(actor, request, status);
        }));
  }
  readers_ = std::make_unique<ReaderPool>(plan, options.readers, random_, logger_);
  feed_ = std::make_unique<ChangeFeed>(plan, writer, std::move(seen), random_, logger_,
                                       [this](const ActorId& actor) { OnChanged(actor); });
  if (options.state_json != nullptr) {
    JsonStates::Host& host = *this;
    json_ = std::make_unique<JsonStates>(plan, writer, options.state_json_bytes_max, *options.state_json,
                                         host, random_, logger_);
  }
  thread_ = std::thread([this] { Run(); });
}

StoreLoop::~StoreLoop() {
  {
    MutexLock lock(mutex_);
    is_closing_ = true;
    Wake();
  }
  thread_.join();
  close(wake_);
}

Time StoreLoop::Deadline() const { return Now() + absl::ToChronoNanoseconds(options_.request_timeout); }

absl::Status StoreLoop::Hold(std::size_t bytes) {
  if (is_closing_) return Closed();
  if (held_records_ > 0 &&
      (held_records_ >= options_.queue_records_max || held_bytes_ + bytes > options_.queue_bytes_max)) {
    return absl::ResourceExhaustedError("the store's queue is full");
  }
  ++held_records_;
  held_bytes_ += bytes;
  return absl::OkStatus();
}

void StoreLoop::Push(Incoming incoming) {
  incoming_.push_back(std::move(incoming));
  Wake();
}

void StoreLoop::Wake() {
  if (std::exchange(is_awake_, true)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof(one));
}

void StoreLoop::Release(std::size_t bytes) {
  MutexLock lock(mutex_);
  --held_records_;
  held_bytes_ -= bytes;
}

void StoreLoop::Commit(CommitRecord record, Store::CommitDone done) {
  PushCommit(std::move(record), 0, std::move(done));
}

void StoreLoop::CommitEdit(CommitRecord record, std::int64_t edit, Store::CommitDone done) {
  PushCommit(std::move(record), edit, std::move(done));
}

void StoreLoop::LoadForEdit(const ActorId& actor, Store::LoadDone done) { Load(actor, std::move(done)); }

void StoreLoop::Post(Executor::Function function) {
  MutexLock lock(mutex_);
  Push({ActorId(), std::move(function)});
}

void StoreLoop::PushCommit(CommitRecord record, std::int64_t edit, Store::CommitDone done) {
  const ActorId actor = record.actor;
  const std::size_t bytes = RecordBytes(record);
  absl::Status status = CheckStorable(record);
  MutexLock lock(mutex_);
  if (status.ok()) status = Hold(bytes);
  if (!status.ok()) {
    RefusedRequest refused;
    refused.done = std::move(done);
    refused.status = std::move(status);
    return Push({actor, std::move(refused)});
  }
  CommitRequest request;
  request.edit = edit;
  request.bytes = bytes;
  request.deadline = Deadline();
  request.record = std::move(record);
  request.done = std::move(done);
  Push({actor, std::move(request)});
}

template <typename Done>
void StoreLoop::PushRead(const ActorId& actor, Done done) {
  absl::Status status;
  if (!IsText(actor.type) || !IsText(actor.key)) {
    status = absl::InvalidArgumentError("a type or key is not UTF-8, or has a zero byte");
  }
  MutexLock lock(mutex_);
  if (status.ok()) status = Hold(0);
  if (!status.ok()) {
    RefusedRequest refused;
    refused.done = std::move(done);
    refused.status = std::move(status);
    return Push({actor, std::move(refused)});
  }
  ReadRequest request;
  request.done = std::move(done);
  request.deadline = Deadline();
  Push({actor, std::move(request)});
}

void StoreLoop::Load(const ActorId& actor, Store::LoadDone done) { PushRead(actor, std::move(done)); }

void StoreLoop::LoadPast(const ActorId& actor, Store::PastDone done) { PushRead(actor, std::move(done)); }

void StoreLoop::Scan(const ActorId& after, std::size_t limit, Store::ScanDone done) {
  ListRequest request;
  request.question.statement = ReaderPool::kScan;
  request.question.parameters.AddBytes(after.type)
      .AddBytes(after.key)
      .AddBigint(static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX)));
  request.question.done = [done = std::move(done)](Answer answer) mutable {
    if (answer.kind != Answer::Kind::kRows) return done(answer.status);
    done(DecodeHeads(answer.result.get()));
  };
  PushList(std::move(request));
}

void StoreLoop::FindDue(absl::Time until, std::size_t limit, Store::DueDone done) {
  ListRequest request;
  request.question.statement = ReaderPool::kFindDue;
  request.question.parameters.AddBigint(absl::ToUnixMicros(until))
      .AddBigint(static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX)));
  request.question.done = [done = std::move(done)](Answer answer) mutable {
    if (answer.kind != Answer::Kind::kRows) return done(answer.status);
    done(DecodeDue(answer.result.get()));
  };
  PushList(std::move(request));
}

void StoreLoop::PushList(ListRequest request) {
  request.question.deadline = Deadline();
  MutexLock lock(mutex_);
  request.refused = Hold(0);
  Push({ActorId(), std::move(request)});
}

void StoreLoop::SetChangeListener(ChangeListener* listener) {
  MutexLock lock(mutex_);
  listener_ = listener;
  if (std::this_thread::get_id() == thread_.get_id()) return;
  while (is_telling_) listener_idle_.Wait(mutex_);
}

// Everything that follows runs on the thread.

void StoreLoop::Run() {
  Time close_at = kNever;
  while (true) {
    TakeIncoming();
    lanes_.Advance();
    Tick();
    {
      MutexLock lock(mutex_);
      if (is_closing_ && close_at == kNever) {
        close_at = Now() + absl::ToChronoNanoseconds(options_.close_timeout);
        if (json_ != nullptr) json_->Hurry(Now());
      }
    }
    if (close_at != kNever && (IsIdle() || Now() >= close_at)) break;
    Wait(close_at);
  }
  GiveUp();
}

void StoreLoop::TakeIncoming() {
  std::vector<Incoming> taken;
  {
    MutexLock lock(mutex_);
    taken.swap(incoming_);
  }
  for (Incoming& incoming : taken) {
    if (auto* const list = std::get_if<ListRequest>(&incoming.request)) {
      Ask(std::move(*list));
    } else if (auto* const function = std::get_if<Executor::Function>(&incoming.request)) {
      if (!gives_up_) (*function)();
    } else if (auto* const commit = std::get_if<CommitRequest>(&incoming.request)) {
      lanes_.Add(incoming.actor, std::move(*commit));
    } else if (auto* const read = std::get_if<ReadRequest>(&incoming.request)) {
      lanes_.Add(incoming.actor, std::move(*read));
    } else {
      lanes_.Add(incoming.actor, std::get<RefusedRequest>(std::move(incoming.request)));
    }
  }
}

void StoreLoop::Tick() {
  const Time now = Now();
  for (const std::unique_ptr<CommitWriter>& writer : writers_) writer->Tick(now);
  readers_->Tick(now);
  feed_->Tick(now);
  if (json_ != nullptr) json_->Tick(now);
}

void StoreLoop::Wait(Time at_most) {
  Time deadline = std::min(at_most, std::min(readers_->deadline(), feed_->deadline()));
  polled_.clear();
  polled_connections_.clear();
  polled_.push_back({wake_, POLLIN, 0});
  const auto add = [this](Connection& connection) {
    if (connection.socket() < 0) return;
    polled_.push_back({connection.socket(), connection.events(), 0});
    polled_connections_.push_back(&connection);
  };
  for (const std::unique_ptr<CommitWriter>& writer : writers_) {
    deadline = std::min(deadline, writer->deadline());
    add(writer->connection());
  }
  readers_->ForEachConnection(add);
  add(feed_->connection());
  if (json_ != nullptr) {
    deadline = std::min(deadline, json_->deadline());
    add(json_->connection());
  }
  if (lanes_.must_advance()) deadline = Time::min();
  {
    MutexLock lock(mutex_);
    if (!incoming_.empty()) deadline = Time::min();
    is_awake_ = deadline == Time::min();
  }
  int timeout_ms = -1;
  if (deadline == Time::min()) {
    timeout_ms = 0;
  } else if (deadline != kNever) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Now()).count();
    timeout_ms = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
  }
  const int count = poll(polled_.data(), polled_.size(), timeout_ms);
  {
    MutexLock lock(mutex_);
    is_awake_ = true;
  }
  if (count <= 0) return;
  if (polled_[0].revents != 0) {
    std::uint64_t events = 0;
    [[maybe_unused]] const ssize_t taken = read(wake_, &events, sizeof(events));
  }
  const Time now = Now();
  for (std::size_t i = 0; i < polled_connections_.size(); ++i) {
    if (polled_[i + 1].revents == 0) continue;
    // Progress of another one may have closed it.
    if (polled_connections_[i]->socket() == polled_[i + 1].fd) polled_connections_[i]->Progress(now);
  }
}

bool StoreLoop::IsIdle() {
  if (json_ != nullptr && !gives_up_ && !json_->is_idle()) return false;
  MutexLock lock(mutex_);
  return held_records_ == 0 && incoming_.empty() && lanes_.is_idle();
}

// What is asked from now on, by callbacks, is refused too.
void StoreLoop::GiveUp() {
  gives_up_ = true;
  for (const std::unique_ptr<CommitWriter>& writer : writers_) writer->GiveUp();
  readers_->GiveUp();
  feed_->connection().Close(Closed());
  if (json_ != nullptr) json_->Stop();
  do {
    TakeIncoming();
    lanes_.Advance();
  } while (!IsIdle());
}

void StoreLoop::Write(CommitRequest request) {
  if (gives_up_) return OnCommitAnswered(ActorId(request.record.actor), request, Closed());
  const std::size_t hash = absl::HashOf(request.record.actor);
  writers_[hash % writers_.size()]->Add(std::move(request));
}

void StoreLoop::OnCommitAnswered(const ActorId& actor, CommitRequest& request, const absl::Status& status) {
  Release(request.bytes);
  lanes_.OnCommitEnded(actor);
  if (status.ok()) {
    feed_->NoteWritten();
    if (json_ != nullptr) json_->NoteWritten(actor, Now());
  }
  request.done(status);
}

void StoreLoop::Read(ReadGroup group) {
  Question question;
  const bool past = std::holds_alternative<Store::PastDone>(group.requests.front().done);
  question.statement = past ? ReaderPool::kLoadPast : ReaderPool::kLoad;
  question.parameters.AddBytes(group.actor.type).AddBytes(group.actor.key);
  question.deadline = group.requests.front().deadline;
  question.done = [this, group = std::move(group)](Answer answer) mutable { OnRead(group, answer); };
  Ask(std::move(question));
}

void StoreLoop::Ask(Question question) {
  if (!gives_up_) return readers_->Ask(std::move(question));
  Answer answer;
  answer.status = Closed();
  question.done(std::move(answer));
}

void StoreLoop::Ask(ListRequest request) {
  if (!request.refused.ok()) {
    Answer answer;
    answer.status = std::move(request.refused);
    return request.question.done(std::move(answer));
  }
  request.question.done = [this, done = std::move(request.question.done)](Answer answer) mutable {
    Release(0);
    done(std::move(answer));
  };
  Ask(std::move(request.question));
}

namespace {

// The last one gets what the others have copies of.
template <typename Done, typename T>
void AnswerAll(std::vector<ReadRequest>& requests, absl::StatusOr<T> result) {
  for (std::size_t i = 0; i + 1 < requests.size(); ++i) std::get<Done>(requests[i].done)(result);
  std::get<Done>(requests.back().done)(std::move(result));
}

}  // namespace

void StoreLoop::OnRead(ReadGroup& group, const Answer& answer) {
  for (std::size_t i = 0; i < group.requests.size(); ++i) Release(0);
  lanes_.OnReadEnded(group.actor);
  if (std::holds_alternative<Store::PastDone>(group.requests.front().done)) {
    AnswerAll<Store::PastDone>(group.requests, Decoded(group.actor, answer, DecodePast));
  } else {
    AnswerAll<Store::LoadDone>(group.requests, Decoded(group.actor, answer, DecodeActor));
  }
}

void StoreLoop::Refuse(RefusedRequest request) {
  std::visit([&](auto& done) { done(request.status); }, request.done);
}

void StoreLoop::OnChanged(const ActorId& actor) {
  ChangeListener* listener = nullptr;
  {
    MutexLock lock(mutex_);
    listener = listener_;
    is_telling_ = listener != nullptr;
  }
  if (listener == nullptr) return;
  listener->OnActorChanged(actor);
  MutexLock lock(mutex_);
  is_telling_ = false;
  listener_idle_.NotifyAll();
}

}  // namespace onager::store::postgres
