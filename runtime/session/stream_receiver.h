#ifndef ONAGER_RUNTIME_SESSION_STREAM_RECEIVER_H_
#define ONAGER_RUNTIME_SESSION_STREAM_RECEIVER_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace onager::session {

/// A receiver grants credit each time that its application has taken so much. No more than the limits of a
/// stream less this may be told late, or a sender would wait for ever.
inline constexpr std::size_t kStreamCreditItems = 16;
inline constexpr std::size_t kStreamCreditBytes = 64u << 10;

/// The receiving end of one stream, over all connections: says which items are new, notices what is not as it
/// must be, and grants credit. It does not hold the items. A plain object; its owner locks.
class StreamReceiver {
 public:
  /// An item has come. True when it is the next one; false when it has come before. An error means that the
  /// sender, or what is between, broke the rules: nothing of that connection can be believed any more.
  absl::StatusOr<bool> OnItem(std::uint64_t sequence, std::size_t size);

  /// The stream ends after so many items.
  absl::Status OnEnd(std::uint64_t items);

  /// The application has taken so many items more. True when `credit` has grown.
  bool OnTaken(std::size_t items, std::size_t bytes);

  std::uint64_t received() const { return received_; }
  /// Through which item the sender may be told that they are taken.
  std::uint64_t credit() const { return credit_; }
  bool ended() const { return ended_; }

 private:
  // Items, and bytes of them, since the beginning.
  std::uint64_t received_ = 0;
  std::uint64_t received_bytes_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t taken_bytes_ = 0;
  std::uint64_t credit_ = 0;
  std::uint64_t credit_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_STREAM_RECEIVER_H_
