#ifndef ONAGER_RUNTIME_WIRE_BATCH_H_
#define ONAGER_RUNTIME_WIRE_BATCH_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/base/shared_bytes.h"
#include "runtime/transport/transport.h"
#include "runtime/wire/frame.h"

namespace onager::wire {

/// Adds an event to `events`, in the form in which a delta carries them: two of them in a row are the events
/// of the two deltas composed.
void AppendEvent(std::string& events, std::string_view event);
/// How many there are; of bytes that are none, those before the first that is not.
std::uint64_t CountEvents(std::string_view events);

/// Puts frames into one message. Payloads of up to 1 KiB are copied into it, larger ones travel by reference.
class BatchWriter {
 public:
  BatchWriter() = default;

  void Append(const Hello& frame);
  void Append(const Welcome& frame);
  void Append(const Call& frame);
  void Append(const AcknowledgeReplies& frame);
  void Append(const Cancel& frame);
  void Append(const Subscribe& frame);
  void Append(const Unsubscribe& frame);
  void Append(const Subscribed& frame);
  void Append(const End& frame);
  void Append(const Heartbeat& frame);
  void Append(const Goodbye& frame);
  void Append(const StreamCredit& frame);
  void Append(const StreamEnd& frame);
  void Append(const Covered& frame);
  void Append(const GoingAway& frame);
  void Append(const Bookmark& frame);
  void Append(const FieldTreeWanted& frame);
  void Append(const FieldTree& frame);
  /// `frame.result` is not looked at: the result is `result`, which may be null.
  void Append(const Reply& frame, const SharedBytes& result);
  /// `frame.patch` is not looked at: the patch is `patch`, which may be null. `events`, which may be null,
  /// come after `frame.events`; `AppendEvent` made them.
  void Append(const Delta& frame, const SharedBytes& patch, const SharedBytes& events = nullptr);
  /// `frame.item` is not looked at: the item is `item`.
  void Append(const StreamItem& frame, const SharedBytes& item);
  /// `frame.data` is not looked at: the data are `size` bytes of `snapshot` from `frame.offset` on.
  void Append(const SnapshotChunk& frame, const SharedBytes& snapshot, std::size_t size);

  bool empty() const { return message_.flat.empty(); }
  std::size_t size() const { return message_.flat.size() + spliced_bytes_; }

  transport::OutMessage Take();

 private:
  /// Appends the frame of that number: `fields`, and after them, unless it is empty, the field
  /// `payload_field` with `size` bytes of `payload`.
  void AppendFrame(std::uint32_t frame_number, std::string_view fields, std::uint32_t payload_field = 0,
                   const SharedBytes& payload = nullptr, std::size_t offset = 0, std::size_t size = 0);

  transport::OutMessage message_;
  std::size_t spliced_bytes_ = 0;
};

/// Takes a message apart, frame by frame. The message outlives the reader and the frames.
class BatchReader {
 public:
  explicit BatchReader(std::string_view message) : rest_(message) {}

  /// The next frame, or nothing at the end. Frames of unknown kinds are passed over. `INVALID_ARGUMENT` when
  /// the bytes are not a batch; nothing can be read after that.
  absl::StatusOr<std::optional<Frame>> Next();

 private:
  std::string_view rest_;
};

}  // namespace onager::wire

#endif  // ONAGER_RUNTIME_WIRE_BATCH_H_
