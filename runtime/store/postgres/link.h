#ifndef ONAGER_RUNTIME_STORE_POSTGRES_LINK_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_LINK_H_

#include <utility>

#include "runtime/base/backoff.h"
#include "runtime/base/logger.h"
#include "runtime/base/xoshiro.h"
#include "runtime/store/postgres/connection.h"

namespace onager::store::postgres {

/// Keeps one connection open: connects again after a jittered wait. One thread.
class Link {
 public:
  /// `random` and `logger` outlive it.
  Link(ConnectionPlan plan, Xoshiro256& random, Logger& logger);

  Connection& connection() { return connection_; }
  const Connection& connection() const { return connection_; }
  bool is_ready() const { return connection_.is_ready(); }

  /// Closes what is silent for too long, and connects when it is time to. To be called before anything is
  /// sent.
  void Tick(Time now);
  /// When `Tick` is due.
  Time deadline() const;
  /// Whether it was made ready since this was asked last.
  bool TakeOpened() { return std::exchange(opened_, false); }
  /// The connection did what it is for.
  void Succeeded() { backoff_.Reset(); }

 private:
  const ConnectionPlan plan_;
  Xoshiro256& random_;
  Logger& logger_;
  Connection connection_;
  Backoff backoff_;
  Time next_attempt_{};
  bool was_ready_ = false;
  bool was_open_ = false;
  bool opened_ = false;
};

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_LINK_H_
