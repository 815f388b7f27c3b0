#include "runtime/wire/resume_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <utility>

#include "onager/generated/wire.h"

namespace onager::wire {
namespace {

using generated::Reader;
using generated::WireType;
using generated::Writer;

constexpr std::size_t kSignatureSize = 32;
// A binding names an actor, a principal and a tenant, each of bounded length; more is not one of ours.
constexpr std::size_t kBindingSizeMax = 4096;

using Signature = std::array<unsigned char, kSignatureSize>;

Signature Hmac(std::string_view key, std::string_view bytes) {
  Signature signature{};
  unsigned int size = kSignatureSize;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), signature.data(), &size);
  return signature;
}

void WriteBytes(Writer& writer, std::uint32_t number, std::string_view bytes) {
  if (bytes.empty()) return;
  writer.Tag(number, WireType::kBytes);
  writer.Bytes(bytes);
}

void WriteFixed64(Writer& writer, std::uint32_t number, std::uint64_t value) {
  if (value == 0) return;
  writer.Tag(number, WireType::kFixed64);
  writer.Fixed64(value);
}

void WriteVarint(Writer& writer, std::uint32_t number, std::uint64_t value) {
  if (value == 0) return;
  writer.Tag(number, WireType::kVarint);
  writer.Varint(value);
}

bool ReadBytes(Reader& reader, Reader::Tag tag, std::string& value) {
  std::string_view bytes;
  if (tag.type != WireType::kBytes || !reader.ReadBytes(bytes)) return false;
  value = std::string(bytes);
  return true;
}

bool ReadFixed64(Reader& reader, Reader::Tag tag, std::uint64_t& value) {
  return tag.type == WireType::kFixed64 && reader.ReadFixed64(value);
}

bool ReadVarint(Reader& reader, Reader::Tag tag, std::uint64_t& value) {
  return tag.type == WireType::kVarint && reader.ReadVarint(value);
}

absl::Status NotAToken() { return absl::InvalidArgumentError("this is not a resume token"); }

}  // namespace

std::uint64_t Fingerprint(std::string_view bytes) {
  if (bytes.empty()) return 0;
  std::array<unsigned char, 32> digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(value); ++i) value |= std::uint64_t{digest[i]} << (8 * i);
  return value == 0 ? 1 : value;
}

TokenSigner::TokenSigner(std::map<std::uint32_t, std::string> keys, std::uint32_t signing_key_id)
    : keys_(std::move(keys)), signing_key_id_(signing_key_id) {}

// key id (varint), fields, signature over all that precedes it.
std::string TokenSigner::Sign(const TokenBinding& binding) const {
  std::string bytes;
  {
    Writer writer(bytes);
    writer.Varint(signing_key_id_);
    WriteBytes(writer, 1, binding.tenant);
    WriteBytes(writer, 2, binding.principal);
    WriteBytes(writer, 3, binding.actor_type);
    WriteBytes(writer, 4, binding.key);
    WriteFixed64(writer, 5, binding.schema_fingerprint);
    WriteFixed64(writer, 6, binding.filter_fingerprint);
    WriteFixed64(writer, 7, binding.view_fingerprint);
    writer.Finish();
  }
  const Signature signature = Hmac(keys_.at(signing_key_id_), bytes);
  bytes.append(reinterpret_cast<const char*>(signature.data()), signature.size());
  return bytes;
}

absl::StatusOr<TokenBinding> TokenSigner::Verify(std::string_view signed_binding) const {
  if (signed_binding.size() <= kSignatureSize || signed_binding.size() > kBindingSizeMax) return NotAToken();
  const std::string_view bytes = signed_binding.substr(0, signed_binding.size() - kSignatureSize);
  const std::string_view signature = signed_binding.substr(bytes.size());
  Reader reader(bytes);
  std::uint64_t key_id = 0;
  if (!reader.ReadVarint(key_id) || key_id > UINT32_MAX) return NotAToken();
  const auto key = keys_.find(static_cast<std::uint32_t>(key_id));
  if (key == keys_.end())
    return absl::NotFoundError("this resume token was signed with a key that is not known here");
  const Signature expected = Hmac(key->second, bytes);
  if (CRYPTO_memcmp(expected.data(), signature.data(), kSignatureSize) != 0) {
    return absl::InvalidArgumentError("this resume token's signature is wrong");
  }
  TokenBinding binding;
  while (!reader.AtEnd()) {
    Reader::Tag tag;
    if (!reader.ReadTag(tag)) return NotAToken();
    bool read = true;
    switch (tag.number) {
      case 1:
        read = ReadBytes(reader, tag, binding.tenant);
        break;
      case 2:
        read = ReadBytes(reader, tag, binding.principal);
        break;
      case 3:
        read = ReadBytes(reader, tag, binding.actor_type);
        break;
      case 4:
        read = ReadBytes(reader, tag, binding.key);
        break;
      case 5:
        read = ReadFixed64(reader, tag, binding.schema_fingerprint);
        break;
      case 6:
        read = ReadFixed64(reader, tag, binding.filter_fingerprint);
        break;
      case 7:
        read = ReadFixed64(reader, tag, binding.view_fingerprint);
        break;
      default:
        read = reader.Skip(tag);
        break;
    }
    if (!read) return NotAToken();
  }
  return binding;
}

std::string ResumeToken::Encode() const {
  std::string bytes;
  Writer writer(bytes);
  WriteBytes(writer, 1, binding);
  WriteFixed64(writer, 2, epoch);
  WriteVarint(writer, 3, revision);
  WriteVarint(writer, 4, covered);
  writer.Finish();
  return bytes;
}

absl::StatusOr<ResumeToken> ResumeToken::Decode(std::string_view bytes) {
  ResumeToken token;
  Reader reader(bytes);
  while (!reader.AtEnd()) {
    Reader::Tag tag;
    if (!reader.ReadTag(tag)) return NotAToken();
    bool read = true;
    switch (tag.number) {
      case 1:
        read = ReadBytes(reader, tag, token.binding);
        break;
      case 2:
        read = ReadFixed64(reader, tag, token.epoch);
        break;
      case 3:
        read = ReadVarint(reader, tag, token.revision);
        break;
      case 4:
        read = ReadVarint(reader, tag, token.covered);
        break;
      default:
        read = reader.Skip(tag);
        break;
    }
    if (!read) return NotAToken();
  }
  if (token.binding.empty() || token.binding.size() > kBindingSizeMax) return NotAToken();
  return token;
}

std::string Checkpoint::Encode() const {
  std::string bytes;
  Writer writer(bytes);
  WriteBytes(writer, 1, token);
  WriteBytes(writer, 2, snapshot);
  WriteBytes(writer, 3, filter);
  WriteBytes(writer, 4, view);
  for (const std::string& event : events) {
    writer.Tag(5, WireType::kBytes);
    writer.Bytes(event);
  }
  WriteVarint(writer, 6, when_slow);
  writer.Finish();
  return bytes;
}

absl::StatusOr<Checkpoint> Checkpoint::Decode(std::string_view bytes) {
  Checkpoint checkpoint;
  Reader reader(bytes);
  while (!reader.AtEnd()) {
    Reader::Tag tag;
    if (!reader.ReadTag(tag)) return absl::InvalidArgumentError("this is not a checkpoint");
    bool read = true;
    switch (tag.number) {
      case 1:
        read = ReadBytes(reader, tag, checkpoint.token);
        break;
      case 2:
        read = ReadBytes(reader, tag, checkpoint.snapshot);
        break;
      case 3:
        read = ReadBytes(reader, tag, checkpoint.filter);
        break;
      case 4:
        read = ReadBytes(reader, tag, checkpoint.view);
        break;
      case 5:
        read = ReadBytes(reader, tag, checkpoint.events.emplace_back());
        break;
      case 6:
        read = ReadVarint(reader, tag, checkpoint.when_slow);
        break;
      default:
        read = reader.Skip(tag);
        break;
    }
    if (!read) return absl::InvalidArgumentError("this is not a checkpoint");
  }
  if (checkpoint.token.empty()) return absl::InvalidArgumentError("this is not a checkpoint");
  return checkpoint;
}

}  // namespace onager::wire
