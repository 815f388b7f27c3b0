#ifndef ONAGER_RUNTIME_SERVER_SESSION_HOST_H_
#define ONAGER_RUNTIME_SERVER_SESSION_HOST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "runtime/actor/actor_feed.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"
#include "runtime/server/client_directory.h"
#include "runtime/session/server_session.h"
#include "runtime/transport/transport.h"

namespace onager::server {

class ServerCore;

/// Puts one `ServerSession` on its connection: the one place where the state machine meets threads. Every
/// event enters it under the lock; what it asks for is done after the lock is released.
class SessionHost final : public transport::ConnectionHandler,
                          public ReplySink,
                          public std::enable_shared_from_this<SessionHost> {
 public:
  /// `core` outlives the host.
  SessionHost(ServerCore& core, session::Peer peer, std::unique_ptr<transport::Connection> connection);
  ~SessionHost() override;

  /// Begins. With a `refusal` the session is over before it hears the client's first byte: all it does is say
  /// goodbye.
  void Start(const absl::Status& refusal);
  // As `ServerSession`'s.
  void Drain(Duration within);
  void FinishDrain();
  bool has_pending_calls();
  /// Says goodbye and ends the session.
  void Close(const absl::Status& reason);
  /// Frees the connection; the last thing that happens. Not inside a handler call.
  void Dispose();

  void AddTo(ServerUsage& usage);

  /// What it holds for a client that has not read it.
  struct Held {
    std::size_t bytes = 0;
    Duration unread_for = Duration::zero();  // Since when one write has been under way.
    bool over = false;                       // The session has ended, and lets go of it soon.
  };
  Held held(Time now);
  /// Ends the session without a goodbye, which the client would not read.
  void CutOff(const absl::Status& reason);

  // transport::ConnectionHandler
  void OnMessage(std::string_view bytes) override;
  void OnWriteDone() override;
  void OnClosed(const absl::Status& reason) override;

  // ReplySink
  void OnCallEnded(std::uint64_t number, session::SharedOutcome outcome) override;
  void OnStreamChanged(std::uint64_t number) override;
  void OnSuperseded() override;

 private:
  struct OpenFeed {
    std::shared_ptr<actor::ActorFeed> feed;  // Null while the actor is being activated.
    actor::ActorFeed::ListenerId listener = 0;
  };

  /// Feeds the session one event, then sends and does what it asks for.
  void Step(absl::FunctionRef<void(session::ServerSession&, Time)> event);
  void Do(session::ServerSession::FindLedger& action);
  void Do(session::ServerSession::StartCall& action);
  void Do(session::ServerSession::TakeItem& action);
  void Do(session::ServerSession::TakeStreamEnd& action);
  void Do(session::ServerSession::TakeCredit& action);
  void Do(session::ServerSession::CancelCall& action);
  void Do(session::ServerSession::AcknowledgeCalls& action);
  void Do(session::ServerSession::ForgetClient& action);
  void Do(session::ServerSession::OpenFeed& action);
  void Do(session::ServerSession::CloseFeed& action);
  void Do(session::ServerSession::Disconnect& action);

  std::shared_ptr<session::StreamPort> FindStream(std::uint64_t number);
  void OpenStream(std::uint64_t number, std::shared_ptr<session::StreamPort> stream);
  void CloseUnless(const absl::Status& accepted);
  /// Serves the method that every actor has besides its own, outside of any turn.
  void AskPast(const session::ServerSession::StartCall& action);
  absl::Status CheckRoomForResult(std::size_t bytes);
  void EndCallAtOnce(std::uint64_t number, const ActorId& actor, absl::Status status);
  void OnFeedOpened(std::uint64_t subscription, std::uint64_t schema_fingerprint,
                    const std::optional<generated::CommonTree>& common,
                    absl::StatusOr<std::shared_ptr<actor::ActorFeed>> feed);
  void ArmTimer(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnTimer();
  std::shared_ptr<ClientRecord> record();

  ServerCore& core_;
  const session::Peer peer_;

  Mutex mutex_;
  session::ServerSession session_ ABSL_GUARDED_BY(mutex_);
  // Shared with whoever is about to write or close: `Dispose` may come while they are at it.
  std::shared_ptr<transport::Connection> connection_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  Time writing_since_ ABSL_GUARDED_BY(mutex_){};
  std::size_t writing_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t held_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // With those.
  bool connection_closed_ ABSL_GUARDED_BY(mutex_) = false;
  // Set when the session is over: the connection is closed when the last write is done, or at that time.
  std::optional<absl::Status> close_reason_ ABSL_GUARDED_BY(mutex_);
  Time close_at_ ABSL_GUARDED_BY(mutex_) = kNever;
  std::shared_ptr<ClientRecord> record_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t incarnation_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::uint64_t, OpenFeed> feeds_ ABSL_GUARDED_BY(mutex_);
  Time timer_at_ ABSL_GUARDED_BY(mutex_) = kNever;
  Timers::Id timer_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_SESSION_HOST_H_
