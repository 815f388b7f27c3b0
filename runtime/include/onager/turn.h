#ifndef ONAGER_TURN_H_
#define ONAGER_TURN_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "onager/task.h"

namespace onager {

namespace generated {
class Channel;
}

/// What one turn of an actor knows of its surroundings. Given to each handler and valid until the
/// handler's task has ended. Used by that handler only.
class Turn {
 public:
  virtual ~Turn() = default;

  /// 128 random bits as 32 hexadecimal digits.
  virtual std::string NewId() = 0;
  virtual std::uint64_t NextRandom() = 0;
  /// The wall clock when the turn began.
  virtual absl::Time now() const = 0;
  /// When the caller stops waiting. The turn is not aborted then: what returns normally commits.
  virtual absl::Time deadline() const = 0;
  /// True once the caller cancelled the call or its deadline passed.
  virtual bool cancelled() const = 0;
  /// Who calls, as the server's authenticator says; empty for anonymous callers and for timers.
  virtual const std::string& principal() const = 0;
  /// Ends after `duration`, or at once when it is not positive. The turn stays open meanwhile.
  virtual Task<> Sleep(absl::Duration duration) = 0;

  /// For stubs of other actors: what they call belongs to this turn. It passes the principal on, ends no
  /// later than this turn's caller waits, and is cancelled with it. Await the calls; blocking on one is
  /// refused. Calls made when the turn is over fail.
  virtual std::shared_ptr<generated::Channel> channel() = 0;
  /// When this turn commits the actor ends: its state goes, whoever observes it is told, and the next call
  /// finds a new actor of another epoch.
  virtual void Destroy() = 0;
};

}  // namespace onager

#endif  // ONAGER_TURN_H_
