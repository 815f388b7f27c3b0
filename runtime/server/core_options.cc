#include "runtime/server/core_options.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/time/time.h"

namespace onager::server {
namespace {

// As many as the default of either allows.
constexpr std::size_t kLargestRepliesWaiting = 16;

}  // namespace

std::uint32_t TokenKeyId(std::string_view key) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < sizeof id; ++i) id = id << 8 | digest[i];
  return id;
}

ServerCoreOptions CoreOptionsOf(const ServerOptions& options, std::uint64_t server_instance,
                                std::string token_key) {
  ServerCoreOptions core;
  core.session.server_instance = server_instance;
  core.session.calls_max = options.session_calls_max;
  core.session.subscriptions_max = options.session_subscriptions_max;
  core.session.message_bytes_max = options.message_bytes_max;
  core.session.pending_reply_bytes_max =
      std::max(core.session.pending_reply_bytes_max, kLargestRepliesWaiting * options.message_bytes_max);
  core.session.subscription_bytes_max = options.subscription_bytes_max;
  core.session.session_bytes_max = options.session_bytes_max;
  core.held_bytes_max = options.server_bytes_max;
  core.session.heartbeat_interval = absl::ToChronoNanoseconds(options.heartbeat_interval);
  core.session.bookmark_interval = absl::ToChronoNanoseconds(options.bookmark_interval);
  core.ledger.count_max = options.dedupe_count_max;
  core.ledger.running_streams_max = options.client_streams_max;
  core.ledger.bytes_max = options.dedupe_bytes_max;
  core.ledger.age_max = absl::ToChronoNanoseconds(options.dedupe_age_max);
  core.door.message_bytes_max = options.message_bytes_max;
  core.door.rpcs_max = options.rpcs_max;
  core.actors.mailbox_max = options.mailbox_max;
  core.actors.idle_timeout = absl::ToChronoNanoseconds(options.idle_timeout);
  core.actors.write_behind.delay = absl::ToChronoNanoseconds(options.write_behind_delay);
  core.actors.call_records.count_max = options.dedupe_count_max;
  core.actors.call_records.bytes_max = options.dedupe_bytes_max;
  core.actors.call_records.age_max = absl::ToChronoNanoseconds(options.dedupe_age_max);
  core.actors.replay.count_max = options.replay_count_max;
  core.actors.replay.bytes_max = options.replay_bytes_max;
  core.actors.replay.age_max = absl::ToChronoNanoseconds(options.replay_age_max);
  core.sessions_max = options.sessions_max;
  core.principal_sessions_max = options.principal_sessions_max;
  core.handshakes_max = options.handshakes_max;
  core.metrics = options.metrics;
  core.log = options.log;
  core.authenticator = options.authenticator;
  core.authorizer = options.authorizer;
  for (const std::string& key : options.old_token_keys) core.token_keys.emplace(TokenKeyId(key), key);
  core.token_signing_key = TokenKeyId(token_key);
  core.token_keys.insert_or_assign(core.token_signing_key, std::move(token_key));
  return core;
}

}  // namespace onager::server
