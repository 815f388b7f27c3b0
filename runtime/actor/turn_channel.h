#ifndef ONAGER_RUNTIME_ACTOR_TURN_CHANNEL_H_
#define ONAGER_RUNTIME_ACTOR_TURN_CHANNEL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "onager/generated/channel.h"
#include "runtime/actor/actor_call.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"

namespace onager::actor {

class TurnContext;

/// What the stubs in a handler see: calls that belong to its turn. Subscriptions, which would outlive it, are
/// refused with `UNIMPLEMENTED`. Thread-safe; may outlive its turn, and its calls then fail.
class TurnChannel final : public generated::Channel {
 public:
  explicit TurnChannel(std::weak_ptr<TurnContext> turn) : turn_(std::move(turn)) {}

  std::shared_ptr<generated::PendingCall> Call(const generated::ActorType& type, const std::string& key,
                                               std::size_t method, std::string arguments,
                                               const CallOptions& options) override;
  std::shared_ptr<generated::PendingCall> AskPast(const generated::ActorType& type, const std::string& key,
                                                  std::string query, const CallOptions& options) override;
  std::shared_ptr<generated::StreamingCall> CallWithStreams(const generated::ActorType& type,
                                                            const std::string& key, std::size_t method,
                                                            std::string arguments,
                                                            const CallOptions& options) override;
  std::shared_ptr<generated::SubscriptionHandle> Observe(
      const generated::ActorType& type, generated::ObserveRequest request,
      std::shared_ptr<generated::Observer> observer) override;
  /// Does nothing: the turn's end closes it.
  void Close() override {}
  ConnectionState state() const override;
  ClientStats stats() const override { return ClientStats(); }

 private:
  /// The call, or why the turn may not make it.
  absl::StatusOr<std::shared_ptr<ActorCall>> MakeCall(const generated::ActorType& type,
                                                      const std::string& key, std::size_t method,
                                                      std::string arguments,
                                                      const CallOptions& options) const;

  const std::weak_ptr<TurnContext> turn_;
};

/// A call that a turn has made. It ends with the other actor's answer, at its deadline, or with the turn.
/// Thread-safe.
class OutgoingCall final : public generated::PendingCall, public std::enable_shared_from_this<OutgoingCall> {
 public:
  explicit OutgoingCall(std::weak_ptr<TurnContext> turn) : turn_(std::move(turn)) {}

  /// Called, once and under no lock, when it has ended. Set before the call is made.
  void set_on_ended(absl::AnyInvocable<void(const absl::Status&)> on_ended) {
    on_ended_ = std::move(on_ended);
  }
  /// Sends it; called once. A call that may not be made ends at once.
  void Start(std::shared_ptr<ActorCall> call);

  // generated::PendingCall
  Result Wait() override;
  void Then(absl::AnyInvocable<void(Result)> done) override { GiveTo(std::move(done), /*parked=*/false); }
  void ThenResume(absl::AnyInvocable<void(Result)> done) override {
    GiveTo(std::move(done), /*parked=*/true);
  }
  void Cancel() override;

  /// Ends it, unless it has ended.
  void Complete(Result result);

  std::uint64_t ordinal() const { return ordinal_; }
  void set_ordinal(std::uint64_t ordinal) { ordinal_ = ordinal; }

 private:
  void GiveTo(absl::AnyInvocable<void(Result)> done, bool parked);

  const std::weak_ptr<TurnContext> turn_;
  std::uint64_t ordinal_ = 0;                               // Among the calls of its turn.
  absl::AnyInvocable<void(const absl::Status&)> on_ended_;  // Of whoever ends it.

  Mutex mutex_;
  std::shared_ptr<ActorCall> call_ ABSL_GUARDED_BY(mutex_);  // While it runs.
  Timers::Id timer_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<Result> result_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::AnyInvocable<void(Result)> done_ ABSL_GUARDED_BY(mutex_);
  bool parked_ ABSL_GUARDED_BY(mutex_) = false;  // A coroutine waits in `done_`.
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_TURN_CHANNEL_H_
