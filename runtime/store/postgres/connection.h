#ifndef ONAGER_RUNTIME_STORE_POSTGRES_CONNECTION_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_CONNECTION_H_

#include <libpq-fe.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/clock.h"
#include "runtime/store/postgres/binary_format.h"

namespace onager::store::postgres {

/// The oldest PostgreSQL that has what the store needs: 13.
inline constexpr int kServerVersionMin = 130'000;

/// What libpq is told to connect: names and values.
class ConnectionParameters {
 public:
  /// Of a URL, with what a store wants where the URL says nothing.
  static absl::StatusOr<ConnectionParameters> FromUrl(const std::string& url);

  ConnectionParameters With(std::string_view name, std::string_view value) const;
  /// Null where there is none.
  const std::string* Find(std::string_view name) const;

  /// As libpq takes them; they live as long as this does. Each ends with null.
  std::vector<const char*> names() const;
  std::vector<const char*> values() const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

/// A statement that a connection prepares when it is made.
struct PreparedStatement {
  const char* name = nullptr;  // Literals, both.
  const char* sql = nullptr;
};

/// What a connection is for. It outlives its connections.
struct ConnectionPlan {
  ConnectionPlan() = default;

  ConnectionParameters parameters;
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<PreparedStatement> statements;
  std::string last_command;  // Of the setup; empty: none.
  Duration connect_timeout{};
  Duration answer_timeout{};
};

/// What became of a statement.
struct Answer {
  /// kRows: `result` holds them. kError: the server refused, nothing was done, `result` is the error. kLost:
  /// the connection ended first.
  enum class Kind { kRows, kError, kLost };

  Kind kind = Kind::kLost;
  Result result;
  absl::Status status;  // OK exactly with rows.
};

/// One connection to PostgreSQL that never blocks, in libpq's pipeline mode: statements are sent without
/// waiting, each a transaction of its own, and answered in order. It is driven by whoever polls its socket,
/// in one thread. Answers are called inside `Progress`, `Expire` and `Close`, and may send.
class Connection {
 public:
  enum class Phase { kClosed, kConnecting, kPreparing, kReady };
  using Done = absl::AnyInvocable<void(Answer)>;

  explicit Connection(const ConnectionPlan& plan) : plan_(plan) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Begins to connect. It is closed.
  void Open(Time now);
  /// Statements that wait for an answer are lost.
  void Close(const absl::Status& why);

  Phase phase() const { return phase_; }
  bool is_ready() const { return phase_ == Phase::kReady; }
  /// Why it was closed last.
  const absl::Status& why_closed() const { return why_closed_; }
  std::size_t waiting() const { return pending_.size(); }
  /// Whether somebody notified what is listened to, since this was asked last.
  bool TakeNotified() { return std::exchange(notified_, false); }

  /// Sends a prepared statement. It is ready.
  void Send(const char* statement, const Parameters& parameters, Time now, Done done);

  /// -1 when there is nothing to poll.
  int socket() const;
  short events() const;
  /// When `Expire` is due.
  Time deadline() const;
  /// The socket is ready for what was asked for, or failed.
  void Progress(Time now);
  /// Closes a connection whose server is silent for too long.
  void Expire(Time now);

 private:
  struct Pending {
    Done done;
    Answer answer;
    bool is_answered = false;
    Time deadline{};  // Of the answer, if nothing is heard.
  };

  void Connect(Time now);
  void Prepare(Time now);
  void Receive(Time now);
  void ReadResults();
  void OnResult(Result result);
  void Flush();
  void Fail(std::string_view what);

  const ConnectionPlan& plan_;
  PGconn* connection_ = nullptr;
  Phase phase_ = Phase::kClosed;
  PostgresPollingStatusType polling_ = PGRES_POLLING_WRITING;
  absl::Status why_closed_;
  std::size_t setup_syncs_ = 0;
  std::deque<Pending> pending_;
  Time phase_deadline_ = kNever;  // While it connects and prepares.
  Time heard_at_{};
  bool must_flush_ = false;
  bool send_failed_ = false;  // It is closed when nobody is inside a call.
  bool notified_ = false;
};

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_CONNECTION_H_
