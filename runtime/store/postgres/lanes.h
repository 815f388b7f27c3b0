#ifndef ONAGER_RUNTIME_STORE_POSTGRES_LANES_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_LANES_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "runtime/store/postgres/commit_chain.h"
#include "runtime/store/store.h"

namespace onager::store::postgres {

/// Something that was asked about one actor besides a commit.
struct ReadRequest {
  ReadRequest() = default;

  std::variant<Store::LoadDone, Store::PastDone> done;
  Time deadline{};
};

/// Loads of one actor that one look at the database answers.
struct ReadGroup {
  ReadGroup() = default;

  ActorId actor;
  std::vector<ReadRequest> requests;  // All of one kind.
};

/// An answer that is known, and has its turn.
struct RefusedRequest {
  RefusedRequest() = default;

  std::variant<Store::CommitDone, Store::LoadDone, Store::PastDone> done;
  absl::Status status;
};

/// What is asked about each actor, in the order of the calls: loads wait for the commits before them, and
/// commits for the loads before them; commits do not wait for each other. One thread.
class Lanes {
 public:
  using Request = std::variant<CommitRequest, ReadRequest, RefusedRequest>;

  /// Where requests go when it is their turn.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void Write(CommitRequest request) = 0;
    virtual void Read(ReadGroup group) = 0;
    virtual void Refuse(RefusedRequest request) = 0;
  };

  /// `sink` outlives it.
  explicit Lanes(Sink& sink) : sink_(sink) {}

  void Add(const ActorId& actor, Request request);

  // To be told of each request's end before its caller is.

  void OnCommitEnded(const ActorId& actor);
  void OnReadEnded(const ActorId& actor);

  /// Hands out what may go on, until nothing more may.
  void Advance();
  /// Whether `Advance` has something to do.
  bool must_advance() const { return !listed_.empty(); }
  /// Everything has ended.
  bool is_idle() const { return lanes_.empty(); }

 private:
  struct Lane {
    std::deque<Request> waiting;
    std::size_t commits = 0;  // Under way.
    bool reads = false;       // The same.
    bool is_listed = false;
  };

  Lane& At(const ActorId& actor);
  void Run(const ActorId& actor, Lane& lane);
  void List(const ActorId& actor, Lane& lane);

  Sink& sink_;
  absl::flat_hash_map<ActorId, std::unique_ptr<Lane>> lanes_;
  std::deque<ActorId> listed_;  // Those that may go on, or end.
};

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_LANES_H_
