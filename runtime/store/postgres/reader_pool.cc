#include "runtime/store/postgres/reader_pool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/store/postgres/actor_rows.h"
#include "runtime/store/postgres/errors.h"

namespace onager::store::postgres {
namespace {

// Of one connection: enough that it is never idle, few enough that a large state holds up few others.
constexpr std::size_t kAskedMax = 4;

}  // namespace

ReaderPool::ReaderPool(const ConnectionPlan& plan, std::size_t connections, Xoshiro256& random,
                       Logger& logger) {
  ConnectionPlan with_statements = plan;
  with_statements.parameters = plan.parameters.With("application_name", "onager-reader");
  with_statements.statements = {
      {kLoad, kLoadSql},
      {kLoadPast, kLoadPastSql},
      {kScan, kScanSql},
      {kFindDue, kFindDueSql},
  };
  for (std::size_t i = 0; i < connections; ++i) {
    links_.push_back(std::make_unique<Link>(with_statements, random, logger));
  }
}

void ReaderPool::Tick(Time now) {
  for (const std::unique_ptr<Link>& link : links_) {
    link->Tick(now);
    if (link->TakeOpened()) link->Succeeded();
  }
  // The least busy first.
  while (!waiting_.empty()) {
    Link* best = nullptr;
    for (const std::unique_ptr<Link>& link : links_) {
      if (!link->is_ready() || link->connection().waiting() >= kAskedMax) continue;
      if (best == nullptr || link->connection().waiting() < best->connection().waiting()) best = link.get();
    }
    if (best == nullptr) break;
    Question question = std::move(waiting_.front());
    waiting_.pop_front();
    Ask(*best, std::move(question), now);
  }
  while (!waiting_.empty() && waiting_.front().deadline <= now) {
    Question late = std::move(waiting_.front());
    waiting_.pop_front();
    Answer answer;
    const absl::Status& why = links_.front()->connection().why_closed();
    answer.status = absl::UnavailableError(absl::StrCat("the store did not answer in time",
                                                        why.ok() ? "" : ": ", why.ok() ? "" : why.message()));
    late.done(std::move(answer));
  }
}

void ReaderPool::Ask(Link& link, Question question, Time now) {
  ++asked_;
  const char* const statement = question.statement;
  const Parameters parameters = question.parameters;
  link.connection().Send(
      statement, parameters, now, [this, question = std::move(question), now](Answer answer) mutable {
        --asked_;
        // Reading harms nothing: once more, while there is time.
        const bool again =
            answer.kind == Answer::Kind::kLost ||
            (answer.kind == Answer::Kind::kError && MayGoWellLater(SqlState(answer.result.get())));
        if (again && !gives_up_ && now < question.deadline) {
          waiting_.push_front(std::move(question));
          return;
        }
        question.done(std::move(answer));
      });
}

Time ReaderPool::deadline() const {
  Time deadline = waiting_.empty() ? kNever : waiting_.front().deadline;
  for (const std::unique_ptr<Link>& link : links_) deadline = std::min(deadline, link->deadline());
  return deadline;
}

void ReaderPool::GiveUp() {
  gives_up_ = true;
  for (const std::unique_ptr<Link>& link : links_) {
    link->connection().Close(absl::UnavailableError("the store was closed"));
  }
  while (!waiting_.empty()) {
    Question question = std::move(waiting_.front());
    waiting_.pop_front();
    Answer answer;
    answer.status = absl::UnavailableError("the store was closed");
    question.done(std::move(answer));
  }
}

}  // namespace onager::store::postgres
