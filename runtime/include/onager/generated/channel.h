#ifndef ONAGER_GENERATED_CHANNEL_H_
#define ONAGER_GENERATED_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "onager/call_options.h"
#include "onager/client.h"
#include "onager/executor.h"
#include "onager/generated/actor_type.h"
#include "onager/generated/pending_call.h"
#include "onager/generated/state_interface.h"
#include "onager/resync_reason.h"
#include "onager/slow_policy.h"
#include "onager/subscription_phase.h"

namespace onager::generated {

class StreamingCall;

/// One delivery to an observer, before it is typed.
struct Delivery {
  std::uint64_t epoch = 0;
  std::uint64_t base = 0;  // The revision that the change starts from; for a snapshot the one it replaces.
  std::uint64_t revision = 0;
  std::optional<ResyncReason> snapshot;  // Set when a snapshot was loaded.
  bool replayed = false;                 // Part of a resume.
};

/// What is to be observed of an actor.
struct ObserveRequest {
  ObserveRequest() = default;

  std::string key;
  // The encodings of the actor's filter message and view message. Unset: those of the checkpoint, or none.
  std::optional<std::string> filter;
  std::optional<std::string> view;
  std::optional<SlowPolicy> when_slow;  // Unset: that of the checkpoint, or the default.
  std::string checkpoint;               // May be empty.
  std::shared_ptr<Executor> executor;   // Null: the client's callbacks and these run one at a time.
};

/// The typed end of a subscription. The channel calls it on the callback executor, one call at a time.
class Observer {
 public:
  virtual ~Observer() = default;
  /// The copy that the channel keeps up; no other call runs while the channel uses it.
  virtual ReplicaInterface& replica() = 0;
  /// The replica has changed as `delivery` says.
  virtual void OnUpdate(const Delivery& delivery) = 0;
  /// The change that `OnUpdate` saw is over. No reader looks at the replica meanwhile.
  virtual void ForgetChange() = 0;
  /// An event, as the actor's event message; after the `OnUpdate` of the change that it belongs to.
  virtual void OnEvent(std::string_view event) = 0;
  /// So many events will not be told. Before the `OnUpdate` with the snapshot that replaces them.
  virtual void OnEventsDropped(std::uint64_t count) = 0;
  /// Nothing comes any more. Called exactly once, unless the subscription was closed from this side.
  virtual void OnEnd(const absl::Status& status) = 0;
};

/// The channel's end of a subscription. Thread-safe.
class SubscriptionHandle {
 public:
  virtual ~SubscriptionHandle() = default;
  virtual std::string token() const = 0;
  virtual std::string checkpoint() const = 0;
  virtual std::uint64_t epoch() const = 0;
  virtual std::uint64_t revision() const = 0;
  virtual std::uint64_t covered() const = 0;
  /// Runs `read` while the replica does not change.
  virtual void Read(absl::FunctionRef<void()> read) const = 0;
  virtual void Resync() = 0;
  // What is not there for a subscription that never began needs no saying by its handle.
  virtual SubscriptionPhase phase() const { return SubscriptionPhase::kEnded; }
  virtual std::optional<ResyncReason> last_resync() const { return std::nullopt; }
  virtual void Pause() {}
  virtual void Resume() {}
  /// What is unset stays as it is.
  virtual absl::Status Change(std::optional<std::string> /*filter*/, std::optional<std::string> /*view*/) {
    return absl::FailedPreconditionError("the subscription has ended");
  }
  /// Ends the subscription. When it returns no callback runs or will run, except the one that it is called
  /// in.
  virtual void Close() = 0;
};

/// What a stub sees of its client. Thread-safe.
class Channel {
 public:
  virtual ~Channel() = default;
  virtual std::shared_ptr<PendingCall> Call(const ActorType& type, const std::string& key, std::size_t method,
                                            std::string arguments, const CallOptions& options) = 0;
  /// Asks an actor's past; `query` is an encoded PastQuery, the result the encoded answer.
  virtual std::shared_ptr<PendingCall> AskPast(const ActorType& type, const std::string& key,
                                               std::string query, const CallOptions& options) = 0;
  /// For a method with streams.
  virtual std::shared_ptr<StreamingCall> CallWithStreams(const ActorType& type, const std::string& key,
                                                         std::size_t method, std::string arguments,
                                                         const CallOptions& options) = 0;
  /// The channel keeps the observer until the subscription is closed.
  virtual std::shared_ptr<SubscriptionHandle> Observe(const ActorType& type, ObserveRequest request,
                                                      std::shared_ptr<Observer> observer) = 0;
  virtual void Close() = 0;
  virtual ConnectionState state() const = 0;
  virtual ClientStats stats() const = 0;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_CHANNEL_H_
