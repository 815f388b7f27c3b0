#include "runtime/store/postgres/link.h"

#include <algorithm>
#include <string>

namespace onager::store::postgres {
namespace {

BackoffOptions Waits() {
  BackoffOptions options;
  options.base = std::chrono::milliseconds(50);
  options.cap = std::chrono::seconds(2);
  return options;
}

}  // namespace

Link::Link(ConnectionPlan plan, Xoshiro256& random, Logger& logger)
    : plan_(std::move(plan)), random_(random), logger_(logger), connection_(plan_), backoff_(Waits()) {}

void Link::Tick(Time now) {
  connection_.Expire(now);
  if (connection_.is_ready()) {
    if (!was_ready_) opened_ = true;
    was_ready_ = was_open_ = true;
    return;
  }
  if (connection_.phase() != Connection::Phase::kClosed) return;
  if (was_open_) {
    was_open_ = false;
    next_attempt_ = now + backoff_.Next(random_.Next());
    logger_.Log(was_ready_ ? LogLevel::kWarning : LogLevel::kInfo,
                was_ready_ ? "lost a connection to the store" : "cannot connect to the store",
                {{"error", std::string(connection_.why_closed().message())}});
    was_ready_ = false;
  }
  if (now < next_attempt_) return;
  was_open_ = true;
  connection_.Open(now);
}

Time Link::deadline() const {
  if (connection_.phase() != Connection::Phase::kClosed) return connection_.deadline();
  return was_open_ ? Time::min() : next_attempt_;
}

}  // namespace onager::store::postgres
