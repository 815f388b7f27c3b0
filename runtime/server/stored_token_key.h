#ifndef ONAGER_RUNTIME_SERVER_STORED_TOKEN_KEY_H_
#define ONAGER_RUNTIME_SERVER_STORED_TOKEN_KEY_H_

#include <string>

#include "absl/status/statusor.h"
#include "runtime/store/store.h"

namespace onager::server {

/// The key that signs resume tokens, as the store has it: `fresh`, when it has none yet, and what another
/// server has put there meanwhile otherwise. All servers of one store continue each other's subscriptions,
/// and the next one those of this one. Blocks until the store has answered; an error is the store's.
absl::StatusOr<std::string> StoredTokenKey(store::Store& store, const std::string& fresh);

}  // namespace onager::server

#endif  // ONAGER_RUNTIME_SERVER_STORED_TOKEN_KEY_H_
