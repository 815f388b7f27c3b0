#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "runtime/wire/resume_token.h"

// Any bytes as a binding, as a token and as a checkpoint; and what is accepted survives being written again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onager::wire;
  static const TokenSigner signer({{1, "key"}, {300, "older key"}}, 1);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);

  (void)signer.Verify(bytes);
  if (const auto token = ResumeToken::Decode(bytes); token.ok()) {
    if (!(*ResumeToken::Decode(token->Encode()) == *token)) __builtin_trap();
    (void)signer.Verify(token->binding);
  }
  if (const auto checkpoint = Checkpoint::Decode(bytes); checkpoint.ok()) {
    const auto again = Checkpoint::Decode(checkpoint->Encode());
    if (!again.ok() || again->token != checkpoint->token || again->snapshot != checkpoint->snapshot) {
      __builtin_trap();
    }
    (void)ResumeToken::Decode(checkpoint->token);
  }

  // What is signed is vouched for, whatever the bytes; and not when one bit of it differs.
  if (size < 2 || size > 1000) return 0;
  TokenBinding binding;
  binding.principal = std::string(bytes.substr(0, size / 2));
  binding.key = std::string(bytes.substr(size / 2));
  binding.schema_fingerprint = data[0];
  std::string signed_binding = signer.Sign(binding);
  const auto verified = signer.Verify(signed_binding);
  if (!verified.ok() || !(*verified == binding)) __builtin_trap();
  signed_binding[data[0] * 31u % signed_binding.size()] ^= static_cast<char>(1u << (data[1] % 8));
  if (signer.Verify(signed_binding).ok()) __builtin_trap();
  return 0;
}
