#ifndef ONAGER_AUTHENTICATOR_H_
#define ONAGER_AUTHENTICATOR_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Who is at the other end, and what they may do: two questions that an application answers for its server.
namespace onager {

/// What a client sends along when it connects. Names are in lower case, and may come more than once.
using Metadata = std::multimap<std::string, std::string>;

/// Everything a server knows of whoever connects, before it knows who that is.
struct Credentials {
  Credentials() = default;

  Metadata metadata;
  /// As the transport writes it ("ipv4:192.0.2.1:4711"); empty where there is none.
  std::string peer_address;
  /// Of the client's certificate, which has been verified against `ServerTls::client_roots`: its subject's
  /// common name, and all its subject alternative names. Empty without one.
  std::string certificate_common_name;
  std::vector<std::string> certificate_names;
};

/// Who a client is. A tenant is a world of its own: a principal of one is nobody in another.
struct Identity {
  Identity() = default;
  Identity(std::string tenant_name, std::string principal_name)
      : tenant(std::move(tenant_name)), principal(std::move(principal_name)) {}

  std::string tenant;
  std::string principal;  // Empty: anonymous.

  friend bool operator==(const Identity&, const Identity&) = default;
};

/// Says who is at the other end of a new connection, or of a plain gRPC call. An error refuses it and is what
/// the client is told: `UNAUTHENTICATED` for credentials that are missing, wrong or revoked. Each name has at
/// most 512 bytes.
///
/// Called on any thread of the server, by several at once, and holds up the connection that it is asked
/// about: it should answer from memory. What it throws is `INTERNAL`.
using Authenticator = std::function<absl::StatusOr<Identity>(const Credentials&)>;

/// What somebody is about to do. Valid during the call that it is given to.
struct Access {
  enum class Kind {
    kCall,
    kObserve,
    kResume,  // To observe, going on from a position that was given to this same identity before.
  };

  Access(Kind what, std::string_view type, std::string_view actor_key, std::string_view name = {})
      : kind(what), actor_type(type), key(actor_key), method(name) {}

  Kind kind;
  std::string_view actor_type;  // "todo.v1.TodoList"
  std::string_view key;
  std::string_view method;  // Of a call.
};

/// Whether somebody may: OK, or what they are told, `PERMISSION_DENIED` as a rule. Asked before each call and
/// each observation, and again when one is resumed, also by a client whose connection was lost for a moment.
/// A call that is sent again after a lost connection is asked about again.
///
/// Called on any thread of the server, by several at once, for every call: it should answer from memory. What
/// it throws is `INTERNAL`.
using Authorizer = std::function<absl::Status(const Identity&, const Access&)>;

}  // namespace onager

#endif  // ONAGER_AUTHENTICATOR_H_
