#ifndef ONAGER_TLS_H_
#define ONAGER_TLS_H_

#include <string>

// Every text below is PEM itself, or the path of a file that holds it; a file is read when a server starts,
// and when a client is made. Both ends always verify what they are shown; nothing turns that off.
namespace onager {

/// How a server proves itself, and whether it asks its clients for a proof.
struct ServerTls {
  ServerTls() = default;

  std::string certificate_chain;  // Its own certificate first.
  std::string private_key;        // Not encrypted.
  /// Whoever has no certificate that one of these has signed is turned away. Empty: clients need none.
  std::string client_roots;
};

/// How a client verifies its server, and proves itself where it is asked to.
struct ClientTls {
  ClientTls() = default;

  std::string roots;              // Empty: the system's.
  std::string certificate_chain;  // Both or neither.
  std::string private_key;
  /// What the server's certificate must be for; empty: the host of the address.
  std::string server_name;
};

}  // namespace onager

#endif  // ONAGER_TLS_H_
