#ifndef ONAGER_RUNTIME_WIRE_RESUME_TOKEN_H_
#define ONAGER_RUNTIME_WIRE_RESUME_TOKEN_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// PROTOCOL.md, "Resume tokens".
namespace onager::wire {

/// What tells one filter from another, and one view from another, in a binding. Zero for empty bytes only.
std::uint64_t Fingerprint(std::string_view bytes);

/// What a server vouches for with its signature: what was subscribed, and by whom.
struct TokenBinding {
  std::string tenant;
  std::string principal;
  std::string actor_type;
  std::string key;
  std::uint64_t schema_fingerprint = 0;
  std::uint64_t filter_fingerprint = 0;
  std::uint64_t view_fingerprint = 0;

  friend bool operator==(const TokenBinding&, const TokenBinding&) = default;
};

/// Signs bindings with HMAC-SHA-256 and checks them in constant time. Immutable, hence thread-safe.
class TokenSigner {
 public:
  /// The keys by their id; `signing_key_id` names the one that signs, the others still verify.
  TokenSigner(std::map<std::uint32_t, std::string> keys, std::uint32_t signing_key_id);

  std::string Sign(const TokenBinding& binding) const;

  /// `INVALID_ARGUMENT` when the bytes are not a binding or the signature is wrong; `NOT_FOUND` when
  /// the key is unknown, which says nothing about the signature.
  absl::StatusOr<TokenBinding> Verify(std::string_view signed_binding) const;

 private:
  std::map<std::uint32_t, std::string> keys_;
  std::uint32_t signing_key_id_;
};

/// What an application keeps: the server's binding and the client's own position.
struct ResumeToken {
  std::string binding;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::uint64_t covered = 0;  // As in `Subscribe`.

  friend bool operator==(const ResumeToken&, const ResumeToken&) = default;

  std::string Encode() const;
  /// `INVALID_ARGUMENT` for anything that `Encode` did not make.
  static absl::StatusOr<ResumeToken> Decode(std::string_view bytes);
};

/// A resume token with what belongs to it: the state, the subscription's filter, view and slow policy, and
/// the events up to that position that the application has not been told of yet.
struct Checkpoint {
  std::string token;
  std::string snapshot;
  std::string filter;
  std::string view;
  std::vector<std::string> events;
  std::uint64_t when_slow = 0;  // As in `Subscribe`.

  std::string Encode() const;
  static absl::StatusOr<Checkpoint> Decode(std::string_view bytes);
};

}  // namespace onager::wire

#endif  // ONAGER_RUNTIME_WIRE_RESUME_TOKEN_H_
