#ifndef ONAGER_GENERATED_STREAMING_CALL_H_
#define ONAGER_GENERATED_STREAMING_CALL_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "onager/generated/cancellable.h"
#include "onager/generated/pending_call.h"

namespace onager::generated {

/// A call with streams that is under way, with its items still encoded. Thread-safe. It ends exactly once,
/// whatever happens to the connection or the client; a read or a write that waits ends with it.
class StreamingCall : public Cancellable {
 public:
  /// An item; nothing at the end of a stream that ended well; otherwise how the call ended.
  using Item = absl::StatusOr<std::optional<std::string>>;

  // The result. One read at a time; a second one gets `FAILED_PRECONDITION`.
  /// The next item if it is there, or the end; nothing when it must be waited for.
  virtual std::optional<Item> TryRead() = 0;
  /// Blocks until there is one. `FAILED_PRECONDITION` inside a callback of the same client.
  virtual Item Read() = 0;
  /// Runs `done` on the client's callback executor.
  virtual void ThenRead(absl::AnyInvocable<void(Item)> done) = 0;

  // The parameter. One write at a time.
  /// Takes the next item. `FAILED_PRECONDITION` while the one before waits for room, and after
  /// `FinishWriting`; otherwise how the call ended, if it has.
  virtual absl::Status Write(std::string item) = 0;
  /// Whether the last item that was taken found room, or why it never will; nothing while it waits.
  virtual std::optional<absl::Status> TryWritten() = 0;
  virtual absl::Status WaitWritten() = 0;
  /// Runs `done` on the client's callback executor; at once when the write was refused, as `begun` says.
  virtual void ThenWritten(absl::Status begun, absl::AnyInvocable<void(absl::Status)> done) = 0;
  /// Nothing follows what was written.
  virtual void FinishWriting() = 0;

  /// The call's own end, with its encoded result.
  virtual std::shared_ptr<PendingCall> reply() = 0;
  /// As `Cancellable::Cancel`, and forgets what was not read.
  void Cancel() override = 0;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_STREAMING_CALL_H_
