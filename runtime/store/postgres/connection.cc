#include "runtime/store/postgres/connection.h"

#include <poll.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "runtime/store/postgres/errors.h"

namespace onager::store::postgres {
namespace {

constexpr std::int64_t kSlowestBytesPerSecond = 4 << 20;

// What a store wants where the URL says nothing: a server that can be written to, and to hear of one that is
// gone within about ten seconds though nothing is sent.
constexpr std::pair<const char*, const char*> kDefaults[] = {
    {"target_session_attrs", "read-write"}, {"keepalives_idle", "5"},
    {"keepalives_interval", "2"},           {"keepalives_count", "3"},
    {"tcp_user_timeout", "10000"},
};

void IgnoreNotice(void* /*nobody*/, const PGresult* /*notice*/) {}

}  // namespace

absl::StatusOr<ConnectionParameters> ConnectionParameters::FromUrl(const std::string& url) {
  char* error = nullptr;
  PQconninfoOption* const options = PQconninfoParse(url.c_str(), &error);
  if (options == nullptr) {
    // It may quote the URL, and the password in it.
    PQfreemem(error);
    return absl::InvalidArgumentError(
        "the store's URL is not of the form postgres://user:password@host:port/database?option=value");
  }
  ConnectionParameters parsed;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val != nullptr) parsed.parameters_.emplace_back(option->keyword, option->val);
  }
  PQconninfoFree(options);
  for (const auto& [name, value] : kDefaults) {
    if (parsed.Find(name) == nullptr) parsed.parameters_.emplace_back(name, value);
  }
  return parsed.With("client_encoding", "UTF8");
}

ConnectionParameters ConnectionParameters::With(std::string_view name, std::string_view value) const {
  ConnectionParameters changed = *this;
  std::erase_if(changed.parameters_, [name](const auto& parameter) { return parameter.first == name; });
  changed.parameters_.emplace_back(name, value);
  return changed;
}

const std::string* ConnectionParameters::Find(std::string_view name) const {
  const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                  [name](const auto& parameter) { return parameter.first == name; });
  return found == parameters_.end() ? nullptr : &found->second;
}

std::vector<const char*> ConnectionParameters::names() const {
  std::vector<const char*> names;
  for (const auto& parameter : parameters_) names.push_back(parameter.first.c_str());
  names.push_back(nullptr);
  return names;
}

std::vector<const char*> ConnectionParameters::values() const {
  std::vector<const char*> values;
  for (const auto& parameter : parameters_) values.push_back(parameter.second.c_str());
  values.push_back(nullptr);
  return values;
}

Connection::~Connection() { Close(absl::CancelledError("the store is closed")); }

void Connection::Open(Time now) {
  connection_ = PQconnectStartParams(plan_.parameters.names().data(), plan_.parameters.values().data(), 0);
  phase_ = Phase::kConnecting;
  polling_ = PGRES_POLLING_WRITING;
  phase_deadline_ = now + plan_.connect_timeout;
  if (connection_ == nullptr || PQstatus(connection_) == CONNECTION_BAD) {
    return Fail("PostgreSQL cannot be reached");
  }
  PQsetNoticeReceiver(connection_, IgnoreNotice, nullptr);
}

void Connection::Close(const absl::Status& why) {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  why_closed_ = why;
  PQfinish(connection_);
  connection_ = nullptr;
  setup_syncs_ = 0;
  phase_deadline_ = kNever;
  must_flush_ = false;
  send_failed_ = false;
  std::deque<Pending> lost;
  lost.swap(pending_);
  for (Pending& pending : lost) {
    pending.answer.kind = Answer::Kind::kLost;
    pending.answer.result = nullptr;
    pending.answer.status = why;
    pending.done(std::move(pending.answer));
  }
}

void Connection::Fail(std::string_view what) {
  std::string message(what);
  if (connection_ != nullptr) {
    const std::string said = OneLine(PQerrorMessage(connection_));
    if (!said.empty()) absl::StrAppend(&message, ": ", said);
  }
  Close(absl::UnavailableError(message));
}

int Connection::socket() const { return connection_ == nullptr ? -1 : PQsocket(connection_); }

short Connection::events() const {
  if (phase_ == Phase::kConnecting) return polling_ == PGRES_POLLING_READING ? POLLIN : POLLOUT;
  return must_flush_ ? POLLIN | POLLOUT : POLLIN;
}

Time Connection::deadline() const {
  if (send_failed_) return Time::min();
  if (pending_.empty()) return phase_deadline_;
  return std::min(phase_deadline_, std::max(pending_.front().deadline, heard_at_ + plan_.answer_timeout));
}

void Connection::Expire(Time now) {
  if (phase_ == Phase::kClosed || now < deadline()) return;
  if (send_failed_) return Fail("PostgreSQL cannot be asked");
  Close(absl::UnavailableError(phase_ == Phase::kConnecting
                                   ? "PostgreSQL does not answer an attempt to connect"
                                   : "PostgreSQL does not answer any more"));
}

void Connection::Progress(Time now) {
  switch (phase_) {
    case Phase::kClosed:
      return;
    case Phase::kConnecting:
      return Connect(now);
    case Phase::kPreparing:
    case Phase::kReady:
      if (must_flush_) Flush();
      return Receive(now);
  }
}

void Connection::Connect(Time now) {
  polling_ = PQconnectPoll(connection_);
  if (polling_ == PGRES_POLLING_FAILED) return Fail("PostgreSQL cannot be reached");
  if (polling_ == PGRES_POLLING_OK) Prepare(now);
}

// All at once: the settings, as one statement, and what is to be prepared.
void Connection::Prepare(Time now) {
  phase_ = Phase::kPreparing;
  heard_at_ = now;
  if (PQserverVersion(connection_) < kServerVersionMin) {
    return Close(absl::FailedPreconditionError("PostgreSQL is older than 13"));
  }
  bool sent = PQsetnonblocking(connection_, 1) == 0 && PQenterPipelineMode(connection_) == 1;
  if (!plan_.settings.empty()) {
    std::string sql = "SELECT ";
    std::vector<const char*> values;
    for (const auto& [name, value] : plan_.settings) {
      absl::StrAppend(&sql, values.empty() ? "" : ", ", "pg_catalog.set_config('", name, "', $",
                      values.size() + 1, ", false)");
      values.push_back(value.c_str());
    }
    sent = sent && PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr,
                                     values.data(), nullptr, nullptr, 0) == 1;
  }
  for (const PreparedStatement& statement : plan_.statements) {
    sent = sent && PQsendPrepare(connection_, statement.name, statement.sql, 0, nullptr) == 1;
  }
  if (!plan_.last_command.empty()) {
    sent = sent && PQsendQueryParams(connection_, plan_.last_command.c_str(), 0, nullptr, nullptr, nullptr,
                                     nullptr, 0) == 1;
  }
  if (!sent || PQpipelineSync(connection_) != 1) return Fail("PostgreSQL cannot be asked");
  setup_syncs_ = 1;
  Flush();
}

void Connection::Send(const char* statement, const Parameters& parameters, Time now, Done done) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const std::string& value : parameters.values()) {
    values.push_back(value.data());
    lengths.push_back(static_cast<int>(value.size()));
  }
  const std::vector<int> formats(values.size(), 1);
  if (pending_.empty()) heard_at_ = now;
  Pending& pending = pending_.emplace_back();
  pending.done = std::move(done);
  const auto bytes = static_cast<std::int64_t>(parameters.bytes());
  pending.deadline = now + plan_.answer_timeout + std::chrono::seconds(1) * bytes / kSlowestBytesPerSecond;
  if (PQsendQueryPrepared(connection_, statement, static_cast<int>(values.size()), values.data(),
                          lengths.data(), formats.data(), 1) != 1 ||
      PQpipelineSync(connection_) != 1) {
    send_failed_ = true;
    return;
  }
  Flush();
}

void Connection::Flush() {
  const int left = PQflush(connection_);
  must_flush_ = left != 0;  // Also when it failed, which reading finds out.
}

void Connection::Receive(Time now) {
  const bool alive = PQconsumeInput(connection_) == 1;
  heard_at_ = now;
  ReadResults();
  if (phase_ == Phase::kClosed) return;
  while (PGnotify* const notify = PQnotifies(connection_)) {
    notified_ = true;
    PQfreemem(notify);
  }
  if (!alive || PQstatus(connection_) == CONNECTION_BAD) Fail("the connection to PostgreSQL broke");
}

void Connection::ReadResults() {
  int nulls = 0;
  while ((setup_syncs_ > 0 || !pending_.empty()) && PQisBusy(connection_) == 0) {
    Result result(PQgetResult(connection_));
    if (result == nullptr) {
      // One ends a statement's results; two in a row: there is nothing more.
      if (++nulls == 2) return;
      continue;
    }
    nulls = 0;
    OnResult(std::move(result));
    if (phase_ == Phase::kClosed) return;
  }
}

void Connection::OnResult(Result result) {
  const ExecStatusType status = PQresultStatus(result.get());
  const bool failed =
      status == PGRES_FATAL_ERROR || status == PGRES_PIPELINE_ABORTED || status == PGRES_BAD_RESPONSE;
  if (failed && (EndsConnection(result.get()) || PQstatus(connection_) == CONNECTION_BAD)) {
    return Close(absl::UnavailableError(ErrorStatus(result.get()).message()));
  }
  if (setup_syncs_ > 0) {
    if (failed) return Close(ErrorStatus(result.get()));
    if (status == PGRES_PIPELINE_SYNC && --setup_syncs_ == 0) {
      phase_ = Phase::kReady;
      phase_deadline_ = kNever;
    }
    return;
  }
  Pending& pending = pending_.front();
  if (status == PGRES_PIPELINE_SYNC) {
    Pending ended = std::move(pending);
    pending_.pop_front();
    ended.done(std::move(ended.answer));
    return;
  }
  if (pending.is_answered) return;
  pending.is_answered = true;
  pending.answer.kind = failed ? Answer::Kind::kError : Answer::Kind::kRows;
  pending.answer.status = failed ? ErrorStatus(result.get()) : absl::OkStatus();
  pending.answer.result = std::move(result);
}

}  // namespace onager::store::postgres
