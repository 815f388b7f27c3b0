#include "runtime/transport/grpc/tls_files.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace onager::transport {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio BioOf(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
}

// Asks nobody, so that an encrypted key is an error and not a prompt on the terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return 0; }

Certificate FirstCertificate(const std::string& pem) {
  Certificate certificate(PEM_read_bio_X509(BioOf(pem).get(), nullptr, &NoPassword, nullptr), &X509_free);
  ERR_clear_error();
  return certificate;
}

absl::StatusOr<std::string> ReadPem(const char* what, const std::string& text_or_path) {
  if (text_or_path.empty()) return absl::InvalidArgumentError(absl::StrCat("TLS needs ", what));
  if (absl::StrContains(text_or_path, "-----BEGIN ")) return text_or_path;
  std::ifstream file(text_or_path, std::ios::binary);
  if (!file) {
    return absl::NotFoundError(
        absl::StrCat("cannot read ", what, " from ", text_or_path, ": ", std::strerror(errno)));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

absl::StatusOr<std::string> ReadCertificates(const char* what, const std::string& text_or_path) {
  ONAGER_ASSIGN_OR_RETURN(std::string pem, ReadPem(what, text_or_path));
  if (FirstCertificate(pem) == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(what, " is no certificate in PEM"));
  }
  return pem;
}

absl::StatusOr<std::string> ReadKey(const std::string& text_or_path, const std::string& certificate_chain) {
  ONAGER_ASSIGN_OR_RETURN(std::string pem, ReadPem("the private key", text_or_path));
  const Key key(PEM_read_bio_PrivateKey(BioOf(pem).get(), nullptr, &NoPassword, nullptr), &EVP_PKEY_free);
  const bool belongs =
      key != nullptr && X509_check_private_key(FirstCertificate(certificate_chain).get(), key.get()) == 1;
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError("the private key is no key in PEM, or an encrypted one");
  }
  if (!belongs) return absl::InvalidArgumentError("the private key does not belong to the certificate");
  return pem;
}

}  // namespace

absl::StatusOr<ServerTls> LoadTls(const ServerTls& tls) {
  ServerTls loaded;
  ONAGER_ASSIGN_OR_RETURN(loaded.certificate_chain,
                          ReadCertificates("the certificate chain", tls.certificate_chain));
  ONAGER_ASSIGN_OR_RETURN(loaded.private_key, ReadKey(tls.private_key, loaded.certificate_chain));
  if (!tls.client_roots.empty()) {
    ONAGER_ASSIGN_OR_RETURN(loaded.client_roots, ReadCertificates("the clients' roots", tls.client_roots));
  }
  return loaded;
}

absl::StatusOr<ClientTls> LoadTls(const ClientTls& tls) {
  ClientTls loaded;
  loaded.server_name = tls.server_name;
  if (!tls.roots.empty()) {
    ONAGER_ASSIGN_OR_RETURN(loaded.roots, ReadCertificates("the server's roots", tls.roots));
  }
  if (tls.certificate_chain.empty() && tls.private_key.empty()) return loaded;
  ONAGER_ASSIGN_OR_RETURN(loaded.certificate_chain,
                          ReadCertificates("the certificate chain", tls.certificate_chain));
  ONAGER_ASSIGN_OR_RETURN(loaded.private_key, ReadKey(tls.private_key, loaded.certificate_chain));
  return loaded;
}

}  // namespace onager::transport
