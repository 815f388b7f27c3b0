#include "runtime/store/postgres/commit_writer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/store/postgres/errors.h"

namespace onager::store::postgres {
namespace {

constexpr std::size_t kBatchChainsMax = 512;
constexpr std::size_t kBatchBytesMax = 8u << 20;
constexpr std::size_t kBatchesSentMax = 2;  // As many results are kept in `onager.writers`.

constexpr const char* kCommit = "commit";
constexpr const char* kTerminate = "terminate";
constexpr const char* kRegister = "register";

std::string ApplicationName(const Uuid& writer) { return absl::StrCat("onager-", writer.ToHex()); }

ConnectionPlan WithStatements(ConnectionPlan plan, const Uuid& writer) {
  plan.parameters = plan.parameters.With("application_name", ApplicationName(writer));
  plan.statements = {
      {kCommit, kCommitBatchSql},
      // What the lost connection has left at the server, which may hold locks.
      {kTerminate,
       "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
       "WHERE application_name = $1 AND pid <> pg_backend_pid() AND usename = current_user"},
      // It waits for a batch that is being written, and keeps those out that are still under way.
      {kRegister,
       "INSERT INTO onager.writers AS w (id, seq, generation, result, result_before, seen_at) "
       "VALUES ($1, 0, 1, '{}', '{}', now()) "
       "ON CONFLICT (id) DO UPDATE SET generation = w.generation + 1, seen_at = now() "
       "RETURNING w.seq, w.generation, w.result, w.result_before"},
  };
  // What is told to be written is on the disk, whatever the database's setting is.
  plan.last_command =
      "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = "
      "'off'";
  return plan;
}

}  // namespace

CommitWriter::CommitWriter(ConnectionPlan plan, const Uuid& id, Xoshiro256& random, Logger& logger,
                           AnswerRequest answer)
    : link_(WithStatements(std::move(plan), id), random, logger),
      id_(id),
      answer_(std::move(answer)),
      batch_chains_max_(kBatchChainsMax) {}

void CommitWriter::Add(CommitRequest request) {
  const ActorId actor = request.record.actor;
  std::unique_ptr<ActorChains>& chains = actors_[actor];
  if (chains == nullptr) chains = std::make_unique<ActorChains>();
  CommitChain::Append(chains->waiting, std::move(request));
  List(actor, *chains);
}

// An actor whose chain may come back in parts waits for that.
void CommitWriter::List(const ActorId& actor, ActorChains& chains) {
  if (chains.is_listed || chains.waiting.empty()) return;
  for (const CommitChain* const sent : chains.sent) {
    if (sent->has_rivals()) return;
  }
  chains.is_listed = true;
  ready_.push_back(actor);
}

void CommitWriter::Tick(Time now) {
  link_.Tick(now);
  if (!link_.is_ready()) {
    phase_ = Phase::kUnregistered;
  } else if (phase_ == Phase::kUnregistered) {
    Register(now);
  }
  Expire(now);
  if (phase_ == Phase::kRegistered) Send(now);
}

Time CommitWriter::deadline() const {
  Time deadline = link_.deadline();
  if (!ready_.empty()) deadline = std::min(deadline, actors_.at(ready_.front())->waiting.front()->deadline());
  return deadline;
}

void CommitWriter::Register(Time now) {
  phase_ = Phase::kRegistering;
  if (was_registered_) {
    connection().Send(kTerminate, Parameters().AddBytes(ApplicationName(id_)), now, [](Answer) {});
  }
  connection().Send(kRegister, Parameters().AddUuid(id_), now,
                    [this](Answer registered) { OnRegistered(registered); });
}

void CommitWriter::OnRegistered(const Answer& registered) {
  phase_ = Phase::kUnregistered;
  // Once more, on this connection or the next: somebody may hold a lock for a moment.
  if (registered.kind != Answer::Kind::kRows) return;
  const PGresult* const row = registered.result.get();
  const std::int64_t number = ReadBigint(row, 0, 0);
  const std::int64_t generation = ReadBigint(row, 0, 1);
  const bool is_new = generation <= generation_;
  const std::vector<std::int64_t> result = ReadBigints(row, 0, 2);
  const std::vector<std::int64_t> result_before = ReadBigints(row, 0, 3);
  phase_ = Phase::kRegistered;
  link_.Succeeded();
  generation_ = generation;
  last_number_ = number;
  errors_ = 0;
  std::deque<SentBatch> sent;
  sent.swap(sent_);
  std::deque<SentBatch> unwritten;
  for (SentBatch& one : sent) {
    if (was_registered_ && is_new) {
      Fail(std::move(one.batch),
           absl::UnavailableError("what became of the commit is not known: the database has forgotten it"));
    } else if (one.batch.number <= number) {
      Complete(std::move(one.batch), one.batch.number == number ? result : result_before);
    } else {
      unwritten.push_back(std::move(one));
    }
  }
  was_registered_ = true;
  for (; !unwritten.empty(); unwritten.pop_back()) PutBack(std::move(unwritten.back().batch), false);
}

// Only what is not sent; of an actor with a batch under way that is answered first.
void CommitWriter::Expire(Time now) {
  while (!ready_.empty()) {
    const ActorId actor = ready_.front();
    ActorChains& chains = *actors_.at(actor);
    if (!chains.sent.empty() || now < chains.waiting.front()->deadline()) return;
    ready_.pop_front();
    chains.is_listed = false;
    const std::unique_ptr<CommitChain> expired = std::move(chains.waiting.front());
    chains.waiting.pop_front();
    const absl::Status& why = connection().why_closed();
    expired->Failed(
        absl::UnavailableError(absl::StrCat("the store did not take the commit in time",
                                            link_.is_ready() || why.ok() ? "" : ": ",
                                            link_.is_ready() ? "" : why.message())),
        [&](CommitRequest& request, const absl::Status& status) { answer_(actor, request, status); });
    EndSent(actor, {});
  }
}

void CommitWriter::Send(Time now) {
  while (!ready_.empty() && errors_ == 0 && sent_.size() < kBatchesSentMax && link_.is_ready()) {
    SentBatch& sent = sent_.emplace_back();
    sent.batch = TakeBatch();
    const std::int64_t number = last_number_ + static_cast<std::int64_t>(sent_.size());
    sent.batch.number = number;
    connection().Send(kCommit, EncodeBatch(sent.batch, id_, generation_), now,
                      [this, number](Answer answer) { OnAnswer(number, std::move(answer)); });
  }
}

CommitBatch CommitWriter::TakeBatch() {
  CommitBatch batch;
  std::size_t bytes = 0;
  for (std::size_t left = std::min(ready_.size(), batch_chains_max_); left > 0 && bytes < kBatchBytesMax;
       --left) {
    const ActorId actor = std::move(ready_.front());
    ready_.pop_front();
    ActorChains& chains = *actors_.at(actor);
    chains.is_listed = false;
    batch.chains.push_back(std::move(chains.waiting.front()));
    chains.waiting.pop_front();
    chains.sent.push_back(batch.chains.back().get());
    bytes += batch.chains.back()->bytes();
    List(actor, chains);  // For the next batch.
  }
  std::sort(batch.chains.begin(), batch.chains.end(),
            [](const auto& a, const auto& b) { return a->record().actor < b->record().actor; });
  return batch;
}

void CommitWriter::OnAnswer(std::int64_t number, Answer answer) {
  // Those that are lost stay until it is known what became of them.
  if (answer.kind == Answer::Kind::kLost) return;
  if (answer.kind == Answer::Kind::kRows && errors_ == 0) {
    CommitBatch batch = std::move(sent_.front().batch);
    sent_.pop_front();
    last_number_ = number;
    batch_chains_max_ = std::min(kBatchChainsMax, batch_chains_max_ * 2);
    return Complete(std::move(batch), ReadBigints(answer.result.get(), 0, 0));
  }
  // Batches that were sent after one that failed fail too.
  SentBatch& failed = sent_[errors_++];
  failed.error = answer.status;
  failed.sql_state = SqlState(answer.result.get());
  if (errors_ == sent_.size()) Recover();
}

void CommitWriter::Complete(CommitBatch batch, const std::vector<std::int64_t>& returned) {
  std::vector<const RefusedChain*> refused_of(batch.chains.size(), nullptr);
  const std::vector<RefusedChain> refused = DecodeRefused(returned);
  for (const RefusedChain& one : refused) {
    if (one.chain < refused_of.size()) refused_of[one.chain] = &one;
  }
  for (std::size_t i = 0; i < batch.chains.size(); ++i) {
    CommitChain& chain = *batch.chains[i];
    const ActorId actor = chain.record().actor;
    const auto answer = [&](CommitRequest& request, const absl::Status& status) {
      answer_(actor, request, status);
    };
    actors_.at(actor)->sent.pop_front();
    CommitChain::Queue after;
    if (refused_of[i] == nullptr) {
      chain.Written(answer);
    } else {
      after = chain.Refused(refused_of[i]->held, answer);
    }
    EndSent(actor, std::move(after));
  }
}

// `after` has to be tried before what waits.
void CommitWriter::EndSent(const ActorId& actor, CommitChain::Queue after) {
  ActorChains& chains = *actors_.at(actor);
  for (; !after.empty(); after.pop_back()) chains.waiting.push_front(std::move(after.back()));
  if (chains.waiting.empty() && chains.sent.empty()) {
    actors_.erase(actor);
    return;
  }
  List(actor, chains);
}

void CommitWriter::Recover() {
  errors_ = 0;
  std::deque<SentBatch> failed;
  failed.swap(sent_);
  SentBatch& first = failed.front();
  // The others only followed it.
  for (; failed.size() > 1; failed.pop_back()) PutBack(std::move(failed.back().batch), false);
  const bool full = first.sql_state.starts_with("53");
  const bool many = first.batch.chains.size() > 1;
  if (first.sql_state == kTooLate || first.sql_state.starts_with("25")) {
    // Another connection is this writer now, or the server takes no writes: begins anew.
    PutBack(std::move(first.batch), false);
    connection().Close(absl::UnavailableError(first.error.message()));
  } else if (full || (!many && !MayGoWellLater(first.sql_state))) {
    Fail(std::move(first.batch), first.error);
  } else {
    // One of them spoils the others, unless it is a deadlock, whose partner has gone on meanwhile.
    if (many && !first.sql_state.starts_with("40")) {
      batch_chains_max_ = std::max<std::size_t>(1, first.batch.chains.size() / 2);
    }
    PutBack(std::move(first.batch), !many);
  }
}

void CommitWriter::PutBack(CommitBatch batch, bool to_the_end) {
  for (auto chain = batch.chains.rbegin(); chain != batch.chains.rend(); ++chain) {
    const ActorId actor = (*chain)->record().actor;
    ActorChains& chains = *actors_.at(actor);
    chains.sent.pop_back();
    chains.waiting.push_front(std::move(*chain));
    if (chains.is_listed) {
      chains.is_listed = false;
      ready_.erase(std::find(ready_.begin(), ready_.end(), actor));
    }
    chains.is_listed = true;
    if (to_the_end) {
      ready_.push_back(actor);
    } else {
      ready_.push_front(actor);
    }
  }
}

void CommitWriter::Fail(CommitBatch batch, const absl::Status& status) {
  for (const std::unique_ptr<CommitChain>& chain : batch.chains) {
    const ActorId actor = chain->record().actor;
    actors_.at(actor)->sent.pop_front();
    chain->Failed(
        status, [&](CommitRequest& request, const absl::Status& failed) { answer_(actor, request, failed); });
    EndSent(actor, {});
  }
}

void CommitWriter::GiveUp() {
  connection().Close(absl::CancelledError("the store is closed"));
  errors_ = 0;
  std::deque<SentBatch> sent;
  sent.swap(sent_);
  for (SentBatch& one : sent) {
    Fail(std::move(one.batch),
         absl::UnavailableError(
             "what became of the commit is not known: the store was closed before the database "
             "could be asked"));
  }
  const absl::Status closed = absl::UnavailableError("the commit was not written: the store was closed");
  while (!actors_.empty()) {
    const ActorId actor = actors_.begin()->first;
    const std::unique_ptr<ActorChains> chains = std::move(actors_.begin()->second);
    actors_.erase(actors_.begin());
    for (const std::unique_ptr<CommitChain>& chain : chains->waiting) {
      chain->Failed(closed, [&](CommitRequest& request, const absl::Status& status) {
        answer_(actor, request, status);
      });
    }
  }
  ready_.clear();
}

}  // namespace onager::store::postgres
