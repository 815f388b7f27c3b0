#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/actor/actor_past.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/wire/error_details.h"

// What is asked of actors' past.
namespace onager::actor {
namespace {

// Each holds what a store has of one actor, and a state or two.
constexpr int kPastQueriesMax = 64;

}  // namespace

absl::Status ActorRuntime::AdmitPastQuery() {
  MutexLock lock(mutex_);
  if (stopping_) return absl::UnavailableError("the server is shutting down");
  if (past_queries_ == kPastQueriesMax) {
    return wire::WithRetryDelay(absl::ResourceExhaustedError("too many are asking what was before"),
                                std::chrono::seconds(1));
  }
  ++past_queries_;
  OnCellBusy();  // Until it is answered.
  return absl::OkStatus();
}

void ActorRuntime::AskPast(const ActorId& actor, generated::PastQuery query, PastDone done) {
  const HostedType* hosted = FindType(actor.type);
  if (hosted == nullptr) {
    return done(absl::NotFoundError(absl::StrCat("no actor type ", actor.type, " is hosted here")));
  }
  if (absl::Status admitted = AdmitPastQuery(); !admitted.ok()) return done(std::move(admitted));
  auto answer = [this, hosted, actor, query = std::move(query),
                 done = std::move(done)](absl::StatusOr<std::optional<store::StoredPast>> past) mutable {
    if (!past.ok()) {
      done(past.status());
    } else if (!past->has_value()) {
      done(absl::NotFoundError(absl::StrCat("nothing is stored of ", actor.ToString())));
    } else {
      done(ActorPast(*hosted, actor, **std::move(past)).Answer(query));
    }
    {
      MutexLock lock(mutex_);
      --past_queries_;
    }
    OnCellIdle();
  };
  // The work is the executor's, not the store's.
  StoreOf(*hosted).LoadPast(actor, [this, answer = std::move(answer)](auto past) mutable {
    environment_.executor.Post(
        [answer = std::move(answer), past = std::move(past)]() mutable { answer(std::move(past)); });
  });
}

}  // namespace onager::actor
