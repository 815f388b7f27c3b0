#ifndef ONAGER_RUNTIME_STORE_POSTGRES_COMMIT_WRITER_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_COMMIT_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "runtime/store/postgres/commit_batch.h"
#include "runtime/store/postgres/link.h"

namespace onager::store::postgres {

/// Writes commits of its share of the actors through one connection. What waits is written together, in
/// batches of one transaction; the next one is sent before the last one is answered. When the connection
/// breaks, the next connection finds out in `onager.writers` which batches were written. One thread.
class CommitWriter {
 public:
  /// Called with each request once, those of one actor in their order, also when it is refused.
  using AnswerRequest = absl::AnyInvocable<void(const ActorId&, CommitRequest&, const absl::Status&)>;

  /// `random` and `logger` outlive it.
  CommitWriter(ConnectionPlan plan, const Uuid& id, Xoshiro256& random, Logger& logger, AnswerRequest answer);

  void Add(CommitRequest request);

  /// Takes note of what happened to the connection, and sends what can be sent.
  void Tick(Time now);
  Time deadline() const;
  Connection& connection() { return link_.connection(); }
  bool is_idle() const { return actors_.empty(); }

  /// Answers all that is not answered yet. The writer is not used any more.
  void GiveUp();

 private:
  enum class Phase { kUnregistered, kRegistering, kRegistered };

  // The chains of one actor, in their order.
  struct ActorChains {
    CommitChain::Queue waiting;
    std::deque<const CommitChain*> sent;  // Of `sent_`.
    bool is_listed = false;               // In `ready_`.
  };

  struct SentBatch {
    CommitBatch batch;
    absl::Status error;     // Of its answer, if that was one.
    std::string sql_state;  // The same.
  };

  void Register(Time now);
  void OnRegistered(const Answer& registered);
  void Expire(Time now);
  void Send(Time now);
  CommitBatch TakeBatch();
  void OnAnswer(std::int64_t number, Answer answer);
  void Complete(CommitBatch batch, const std::vector<std::int64_t>& returned);
  void Recover();
  void PutBack(CommitBatch batch, bool to_the_end);
  void Fail(CommitBatch batch, const absl::Status& status);
  void EndSent(const ActorId& actor, CommitChain::Queue after);
  void List(const ActorId& actor, ActorChains& chains);

  Link link_;
  const Uuid id_;
  AnswerRequest answer_;
  Phase phase_ = Phase::kUnregistered;
  bool was_registered_ = false;
  std::int64_t generation_ = 0;
  std::int64_t last_number_ = 0;  // Of the batches that were written.
  absl::flat_hash_map<ActorId, std::unique_ptr<ActorChains>> actors_;
  std::deque<ActorId> ready_;  // Those with a chain that can be sent; the longest waiting first.
  std::deque<SentBatch> sent_;
  std::size_t errors_ = 0;  // In `sent_`: while there are any, nothing is sent.
  std::size_t batch_chains_max_;
};

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_COMMIT_WRITER_H_
