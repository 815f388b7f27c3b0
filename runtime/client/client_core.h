#ifndef ONAGER_RUNTIME_CLIENT_CLIENT_CORE_H_
#define ONAGER_RUNTIME_CLIENT_CLIENT_CORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "onager/client.h"
#include "onager/generated/channel.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"
#include "runtime/client/call_handle.h"
#include "runtime/client/callback_queue.h"
#include "runtime/client/link.h"
#include "runtime/client/stream_handle.h"
#include "runtime/client/subscription.h"
#include "runtime/session/client_session.h"
#include "runtime/transport/transport.h"

namespace onager::client {

/// What a client holds.
struct ClientUsage {
  ClientUsage() = default;

  std::size_t calls = 0;  // That have not ended.
  std::size_t handles = 0;
  std::size_t subscriptions = 0;
  std::size_t subscription_handles = 0;
  std::size_t links = 0;

  friend bool operator==(const ClientUsage&, const ClientUsage&) = default;
};

/// Puts one `ClientSession` on its connections, and its calls and subscriptions before the application. Real
/// clients, tests and simulations run this same code, each with its own environment and connector.
///
/// Thread-safe. After `Close` it uses neither environment nor connector any more, once `AwaitParted` has
/// returned and the executor has run what was posted before.
class ClientCore final : public generated::Channel,
                         public Link::Owner,
                         public std::enable_shared_from_this<ClientCore> {
 public:
  /// `environment`'s parts and `connector` outlive the core's last use of them: see above.
  static std::shared_ptr<ClientCore> Create(const ClientOptions& options, const Environment& environment,
                                            transport::Connector& connector);
  ~ClientCore() override;

  // generated::Channel
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
  void Close() override;
  /// After `Close`: blocks until the server has had a second to hear of it.
  void AwaitParted();
  ConnectionState state() const override;
  ClientStats stats() const override;
  ClientUsage usage() const;

  /// Whether this thread is inside one of this client's callbacks.
  bool InCallback() const { return callbacks_->InCallback(); }

 private:
  ClientCore(const ClientOptions& options, const Environment& environment, transport::Connector& connector);

  /// Feeds the session one event, then sends and does what it asks for. False, and nothing was done, once the
  /// core is closed. Events run under the lock.
  bool Step(absl::FunctionRef<void(session::ClientSession&, Time)> event);
  bool SendAndDo();
  std::shared_ptr<generated::PendingCall> StartCall(session::ClientSession::CallRequest request,
                                                    const CallOptions& options);
  void Do(session::ClientSession::Connect& action);
  void Do(session::ClientSession::Disconnect& action);
  void Do(session::ClientSession::CallEnded& action);
  void Do(session::ClientSession::ItemArrived& action);
  void Do(session::ClientSession::ItemWritten& action);
  void Do(session::ClientSession::SnapshotArrived& action);
  void Do(session::ClientSession::DeltaArrived& action);
  void Do(session::ClientSession::CoveredArrived& action);
  void Do(session::ClientSession::BookmarkArrived& action);
  void Do(session::ClientSession::BindingArrived& action);
  void Do(session::ClientSession::SubscriptionEnded& action);
  void Do(session::ClientSession::StateChanged& action);

  // Link::Owner
  void OnLinkMessage(const Link& link, std::string_view bytes) override;
  void OnLinkWriteDone(const Link& link) override;
  void OnLinkClosed(const Link& link, const absl::Status& reason) override;
  // Called by events, hence under the lock, which the analysis does not see.
  bool IsCurrent(const Link& link) const ABSL_NO_THREAD_SAFETY_ANALYSIS { return link_.get() == &link; }
  void NoteWriteDone() ABSL_NO_THREAD_SAFETY_ANALYSIS { writing_ = false; }
  void KeepCall(std::shared_ptr<CallHandle> handle) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const std::uint64_t number = handle->number;
    calls_.emplace(number, std::move(handle));
  }
  void KeepStream(std::uint64_t number, std::shared_ptr<StreamHandle> handle) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    streams_.emplace(number, std::move(handle));
  }
  void KeepSubscription(std::uint64_t id, std::shared_ptr<Subscription> subscription,
                        const std::shared_ptr<CallbackQueue>& callbacks) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    subscriptions_.emplace(id, std::move(subscription));
    if (callbacks == callbacks_) return;
    std::erase_if(other_callbacks_, [](const auto& queue) { return queue.expired(); });
    other_callbacks_.push_back(callbacks);
  }
  void DropSubscription(std::uint64_t id) ABSL_NO_THREAD_SAFETY_ANALYSIS { subscriptions_.erase(id); }

  void QueueActions() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ArmTimer(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnTimer();
  std::shared_ptr<Subscription> FindSubscription(std::uint64_t id);
  SubscriptionPhase PhaseOf(std::uint64_t id) const;
  std::shared_ptr<StreamHandle> FindStream(std::uint64_t number);

  const ClientOptions options_;
  const Environment environment_;
  transport::Connector& connector_;
  const std::shared_ptr<CallbackQueue> callbacks_;

  // What is done for the session is done in the order in which it was asked for: whoever finds `doing_` set
  // leaves its actions to the one that is at it.
  mutable Mutex mutex_;
  session::ClientSession session_ ABSL_GUARDED_BY(mutex_);
  std::vector<session::ClientSession::Action> actions_ ABSL_GUARDED_BY(mutex_);
  bool doing_ ABSL_GUARDED_BY(mutex_) = false;
  int active_steps_ ABSL_GUARDED_BY(mutex_) = 0;
  CondVar step_ended_;
  std::shared_ptr<Link> link_ ABSL_GUARDED_BY(mutex_);  // Null between two connections.
  std::shared_ptr<Link> parting_link_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  Time timer_at_ ABSL_GUARDED_BY(mutex_) = kNever;
  Timers::Id timer_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::uint64_t, std::shared_ptr<CallHandle>> calls_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::uint64_t, std::shared_ptr<StreamHandle>> streams_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::uint64_t, std::shared_ptr<Subscription>> subscriptions_ ABSL_GUARDED_BY(mutex_);
  // Of subscriptions with an executor of their own, which own them.
  std::vector<std::weak_ptr<CallbackQueue>> other_callbacks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::client

#endif  // ONAGER_RUNTIME_CLIENT_CLIENT_CORE_H_
