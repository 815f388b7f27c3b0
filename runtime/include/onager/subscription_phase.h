#ifndef ONAGER_SUBSCRIPTION_PHASE_H_
#define ONAGER_SUBSCRIPTION_PHASE_H_

#include <string_view>

namespace onager {

/// Where a subscription stands.
enum class SubscriptionPhase {
  kConnecting,  // It waits for a session, for the server's answer, or for a snapshot.
  kLive,        // The server sends what changes.
  kPaused,      // By the application.
  kEnded,       // From either side: final.
};

/// "CONNECTING", "LIVE", …
std::string_view SubscriptionPhaseName(SubscriptionPhase phase);

}  // namespace onager

#endif  // ONAGER_SUBSCRIPTION_PHASE_H_
