#include "runtime/store/postgres/change_feed.h"

#include <algorithm>
#include <utility>

namespace onager::store::postgres {
namespace {

constexpr Duration kPollInterval = std::chrono::milliseconds(250);
constexpr Duration kNotifyInterval = std::chrono::milliseconds(20);
constexpr Duration kTidyInterval = std::chrono::seconds(10);

constexpr const char* kPoll = "poll";
constexpr const char* kNotify = "notify";
constexpr const char* kTidy = "tidy";
constexpr const char* kList = "list";

ConnectionPlan WithStatements(ConnectionPlan plan) {
  plan.parameters = plan.parameters.With("application_name", "onager-feed");
  plan.settings.emplace_back("synchronous_commit", "off");  // A notification need not be durable.
  plan.statements = {
      // First where it stands then, and whether something was dropped that it had not seen.
      {kPoll,
       "WITH p AS MATERIALIZED (SELECT $1::text::pg_snapshot AS seen) "
       "SELECT pg_current_snapshot()::text, EXISTS ("
       "  SELECT FROM p, onager.change_marks AS m WHERE m.trimmed AND ("
       "    pg_snapshot_xmax(p.seen) < pg_snapshot_xmax(m.visible) OR EXISTS ("
       "      SELECT FROM pg_snapshot_xip(p.seen) AS x (xid) WHERE pg_visible_in_snapshot(x.xid, m.visible))"
       "  ))::int, NULL::text, NULL::text "
       "UNION ALL SELECT NULL, 0, c.type, c.key FROM ("
       "  SELECT n.type, n.key FROM p, onager.changes AS n "
       "  WHERE n.xid >= pg_snapshot_xmax(p.seen) AND n.writer IS DISTINCT FROM $2 "
       "  UNION "
       "  SELECT n.type, n.key FROM p, pg_snapshot_xip(p.seen) AS x (xid), onager.changes AS n "
       "  WHERE n.xid = x.xid AND n.writer IS DISTINCT FROM $2) AS c"},
      {kNotify, "SELECT pg_notify('onager', '')"},
      {kTidy, "SELECT onager.tidy()::int"},
      {kList,
       "SELECT type, key FROM onager.actors WHERE (type, key) > ($1, $2) ORDER BY type, key LIMIT 1000"},
  };
  plan.last_command = "LISTEN onager";
  return plan;
}

}  // namespace

ChangeFeed::ChangeFeed(ConnectionPlan plan, const Uuid& writer, std::string seen, Xoshiro256& random,
                       Logger& logger, Changed changed)
    : link_(WithStatements(std::move(plan)), random, logger),
      writer_(writer),
      seen_(std::move(seen)),
      logger_(logger),
      changed_(std::move(changed)) {}

void ChangeFeed::Tick(Time now) {
  now_ = now;
  link_.Tick(now);
  if (link_.TakeOpened()) {
    link_.Succeeded();
    next_poll_ = now;
  }
  if (!link_.is_ready()) return;
  if (connection().TakeNotified()) next_poll_ = now;
  if (!polling_ && now >= next_poll_) Poll(now);
  if (scan_after_.has_value() && !scanning_) ScanMore(now);
  if (must_notify_ && now >= next_notify_) {
    must_notify_ = false;
    next_notify_ = now + kNotifyInterval;
    connection().Send(kNotify, Parameters(), now, [](const Answer&) {});
  }
  if (now >= next_tidy_) {
    next_tidy_ = now + kTidyInterval;
    connection().Send(kTidy, Parameters(), now, [this](const Answer& tidied) {
      if (tidied.kind != Answer::Kind::kRows) return;
      if (ReadInteger(tidied.result.get(), 0, 0) != 0) next_tidy_ = now_;
    });
  }
}

Time ChangeFeed::deadline() const {
  Time deadline = link_.deadline();
  if (!link_.is_ready()) return deadline;
  if (!polling_) deadline = std::min(deadline, next_poll_);
  if (scan_after_.has_value() && !scanning_) return Time::min();
  if (must_notify_) deadline = std::min(deadline, next_notify_);
  return std::min(deadline, next_tidy_);
}

void ChangeFeed::Poll(Time now) {
  polling_ = true;
  next_poll_ = now + kPollInterval;
  connection().Send(kPoll, Parameters().AddBytes(seen_).AddUuid(writer_), now,
                    [this](const Answer& answer) { OnPolled(answer); });
}

void ChangeFeed::OnPolled(const Answer& answer) {
  polling_ = false;
  if (answer.kind != Answer::Kind::kRows) return;
  const PGresult* const rows = answer.result.get();
  for (int row = 0; row < PQntuples(rows); ++row) {
    if (!IsNull(rows, row, 0)) {
      seen_ = std::string(ReadBytes(rows, row, 0));
      if (ReadInteger(rows, row, 1) != 0) {
        logger_.Log(LogLevel::kWarning,
                    "changes were dropped before they were seen: all actors are looked at");
        scan_after_.emplace();
      }
    } else {
      changed_({std::string(ReadBytes(rows, row, 2)), std::string(ReadBytes(rows, row, 3))});
    }
  }
}

// Whatever may have changed is told: every actor, a part at a time.
void ChangeFeed::ScanMore(Time now) {
  scanning_ = true;
  connection().Send(kList, Parameters().AddBytes(scan_after_->type).AddBytes(scan_after_->key), now,
                    [this](const Answer& answer) { OnScanned(answer); });
}

void ChangeFeed::OnScanned(const Answer& answer) {
  scanning_ = false;
  if (answer.kind != Answer::Kind::kRows) return;  // It goes on from there.
  const PGresult* const rows = answer.result.get();
  if (PQntuples(rows) == 0) scan_after_.reset();
  for (int row = 0; row < PQntuples(rows); ++row) {
    scan_after_->type = std::string(ReadBytes(rows, row, 0));
    scan_after_->key = std::string(ReadBytes(rows, row, 1));
    changed_(*scan_after_);
  }
}

}  // namespace onager::store::postgres
