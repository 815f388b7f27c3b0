#ifndef ONAGER_RUNTIME_SESSION_STREAM_SENDER_H_
#define ONAGER_RUNTIME_SESSION_STREAM_SENDER_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/status/status.h"
#include "runtime/base/shared_bytes.h"

namespace onager::session {

/// What a stream may have under way: an item may be sent while fewer items, and less than so many bytes of
/// them, are not covered by credit. The last one may be larger.
inline constexpr std::size_t kStreamItemsMax = 64;
inline constexpr std::size_t kStreamBytesMax = 256u << 10;

/// The sending end of one stream, over all connections: numbers the items and keeps each until the receiver's
/// application has taken it, to be sent again. Who sends keeps a cursor of its own for each connection. A
/// plain object; its owner locks.
class StreamSender {
 public:
  /// Whether one more item, of any size, may be pushed.
  bool has_room() const { return !closed_ && items_.size() < kStreamItemsMax && bytes_ < kStreamBytesMax; }

  /// Takes the next item. Only when there is room.
  void Push(SharedBytes item);
  /// Nothing follows.
  void Close() { closed_ = true; }

  /// The item of that number; null when it was never pushed or is covered by credit.
  SharedBytes Find(std::uint64_t sequence) const;

  /// The receiver has taken the items up to `through`. Less than it said before is passed over.
  absl::Status OnCredit(std::uint64_t through);

  /// Forgets the items that were pushed, as if they had never been.
  void Discard();

  std::uint64_t last() const { return taken_ + items_.size(); }
  std::uint64_t taken() const { return taken_; }
  bool closed() const { return closed_; }
  /// Of what is kept.
  std::size_t size() const { return items_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::deque<SharedBytes> items_;  // Those after `taken_`.
  std::size_t bytes_ = 0;
  std::uint64_t taken_ = 0;
  bool closed_ = false;
};

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_STREAM_SENDER_H_
