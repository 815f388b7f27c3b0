#ifndef ONAGER_TESTS_TRANSPORT_CERTIFICATES_H_
#define ONAGER_TESTS_TRANSPORT_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace onager::transport {

/// A certificate with its key, in PEM.
struct Certified {
  std::string certificate;
  std::string key;
};

/// A certificate authority of a test's own.
class Authority {
 public:
  explicit Authority(const std::string& name);

  /// What others trust it by.
  const std::string& root() const { return root_; }
  /// A certificate for the subject `common_name` with these alternative names ("DNS:localhost,IP:127.0.0.1").
  Certified Issue(const std::string& common_name, const std::string& alternative_names) const;
  /// The same, which was valid until an hour ago.
  Certified IssueExpired(const std::string& common_name, const std::string& alternative_names) const;

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  Certified Issue(const std::string& common_name, const std::string& alternative_names, long valid_from,
                  long valid_until) const;

  Key key_;
  Certificate certificate_;
  std::string root_;
};

}  // namespace onager::transport

#endif  // ONAGER_TESTS_TRANSPORT_CERTIFICATES_H_
