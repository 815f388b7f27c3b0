#ifndef ONAGER_RUNTIME_SERVER_LOCAL_PAST_H_
#define ONAGER_RUNTIME_SERVER_LOCAL_PAST_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "onager/call_options.h"
#include "onager/generated/pending_call.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/base/executor.h"

namespace onager::server {

/// Asks an actor's past as a client would, without a session. `actors` and the parts of `environment` outlive
/// the call. What waits for its end runs on the thread that ends it.
std::shared_ptr<generated::PendingCall> AskPastLocally(actor::ActorRuntime& actors,
                                                       const Environment& environment, const ActorId& actor,
                                                       std::string query, const CallOptions& options);

/// A call that has ended so.
std::shared_ptr<generated::PendingCall> EndedCall(const absl::Status& status);

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_LOCAL_PAST_H_
