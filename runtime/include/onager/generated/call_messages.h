#ifndef ONAGER_GENERATED_CALL_MESSAGES_H_
#define ONAGER_GENERATED_CALL_MESSAGES_H_

#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "onager/generated/describe.h"
#include "onager/generated/struct_ops.h"
#include "onager/generated/wire.h"

// What generated sources need to carry arguments, results and declared errors.
namespace onager::generated {

template <typename M>
std::string EncodeMessage(const M& message) {
  std::string bytes;
  Writer writer(bytes);
  StructOps<M>::Encode(writer, message, false);
  writer.Finish();
  return bytes;
}

// `INVALID_ARGUMENT` for what is no such message.
template <typename M>
absl::StatusOr<M> DecodeMessage(std::string_view bytes) {
  absl::StatusOr<M> message((M()));
  DecodeContext context;
  if (!StructOps<M>::Decode(Reader(bytes), *message, context)) {
    message = absl::InvalidArgumentError(std::string(Describe<M>::kName) + ": " + context.error);
  }
  return message;
}

// A result that cannot be read is nobody's argument: the caller cannot mend it.
inline absl::Status UnreadableResult(const absl::Status& status) {
  return absl::Status(absl::StatusCode::kInternal,
                      "the result cannot be read: " + std::string(status.message()));
}

// Decoders of results for Call<T>: of a struct, of anything else in the message around it, of nothing.
template <typename M>
absl::StatusOr<M> DecodeResult(std::string_view bytes) {
  absl::StatusOr<M> message = DecodeMessage<M>(bytes);
  if (!message.ok()) return UnreadableResult(message.status());
  return message;
}
template <typename M>
absl::StatusOr<decltype(M::result)> DecodeWrapped(std::string_view bytes) {
  absl::StatusOr<M> message = DecodeMessage<M>(bytes);
  if (!message.ok()) return UnreadableResult(message.status());
  return std::move(message->result);
}
inline absl::Status DecodeNothing(std::string_view) { return absl::OkStatus(); }

// An item of a stream that is no struct, in the message around it.
template <typename M>
std::string EncodeItem(const decltype(M::item)& item) {
  M message;
  message.item = item;
  return EncodeMessage(message);
}
template <typename M>
absl::StatusOr<decltype(M::item)> DecodeItem(std::string_view bytes) {
  absl::StatusOr<M> message = DecodeMessage<M>(bytes);
  if (!message.ok()) return std::move(message).status();
  return std::move(message->item);
}

// A declared error as the status that it travels in, and back.
template <typename E>
absl::Status ErrorToStatus(const E& error) {
  std::ostringstream text;
  text << error;
  absl::Status status(E::kCode, text.str());
  // Through a view: g++ and clang 18 and later spell abseil's constructor from a string differently in object
  // files.
  const std::string bytes = EncodeMessage(error);
  status.SetPayload(E::kTypeUrl, absl::Cord(absl::string_view(bytes)));
  return status;
}
template <typename E>
std::optional<E> ErrorFromBytes(std::string_view bytes) {
  absl::StatusOr<E> error = DecodeMessage<E>(bytes);
  if (!error.ok()) return std::nullopt;
  return *std::move(error);
}

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_CALL_MESSAGES_H_
