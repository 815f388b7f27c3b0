#ifndef ONAGER_RUNTIME_STORE_POSTGRES_COMMIT_CHAIN_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_COMMIT_CHAIN_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "runtime/base/clock.h"
#include "runtime/store/check_record.h"
#include "runtime/store/store.h"

namespace onager::store::postgres {

/// A commit that was asked for.
struct CommitRequest {
  CommitRequest() = default;

  CommitRecord record;
  Store::CommitDone done;
  std::size_t bytes = 0;
  Time deadline{};        // To send it.
  std::int64_t edit = 0;  // Of `onager.edits`, that it makes. 0: none.
};

/// Commits of one actor, in the order of their calls, that are decided together: the first decides whether
/// those that go on from it are written, as one record, and all others are refused if it is.
class CommitChain {
 public:
  using Answer = absl::FunctionRef<void(CommitRequest&, const absl::Status&)>;

  using Queue = std::deque<std::unique_ptr<CommitChain>>;

  /// Appends the request to the last chain of the actor's queue, or as another one.
  static void Append(Queue& queue, CommitRequest request);

  const CommitRecord& record() const { return record_; }
  std::int64_t edit() const { return members_.front().request.edit; }
  HeldPosition after() const;
  /// Some are judged once more if the first is refused.
  bool has_rivals() const { return has_rivals_; }
  std::size_t bytes() const { return bytes_; }
  /// Of the first.
  Time deadline() const { return members_.front().request.deadline; }

  // The end of the chain: answers its requests in their order.

  void Written(Answer answer);
  void Failed(const absl::Status& status, Answer answer);
  /// The first did not fit what is held. Returns what has to be tried after all; it answers the rest of this
  /// chain's requests too.
  Queue Refused(const HeldPosition& held, Answer answer);

 private:
  struct Member {
    Member() = default;

    CommitRequest request;    // Its record is empty when it is a part.
    absl::Status if_written;  // Its answer then.
    absl::Status if_refused;  // Its answer then. OK: it is a rival, which is judged.
  };

  explicit CommitChain(CommitRequest first);

  // False: it has to be written by itself, after this one.
  bool Offer(CommitRequest& request);

  CommitRecord record_;
  std::vector<Member> members_;
  std::size_t bytes_ = 0;
  bool has_rivals_ = false;
};

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_COMMIT_CHAIN_H_
