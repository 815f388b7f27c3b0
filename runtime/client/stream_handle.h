#ifndef ONAGER_RUNTIME_CLIENT_STREAM_HANDLE_H_
#define ONAGER_RUNTIME_CLIENT_STREAM_HANDLE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "onager/generated/streaming_call.h"
#include "runtime/base/mutex.h"
#include "runtime/base/shared_bytes.h"
#include "runtime/client/call_handle.h"
#include "runtime/client/callback_queue.h"

namespace onager::client {

/// One call with streams of a client: the items that have arrived and were not read, and the one that was
/// written and waits for room. Thread-safe.
class StreamHandle final : public generated::StreamingCall {
 public:
  /// What the handle asks of the client, under no lock.
  struct Owner {
    std::function<void(std::uint64_t number)> cancel;
    std::function<void(std::uint64_t number, SharedBytes item)> write;
    std::function<void(std::uint64_t number)> finish;
    std::function<void(std::uint64_t number, std::size_t items, std::size_t bytes)> taken;
  };

  StreamHandle(std::shared_ptr<CallbackQueue> callbacks, Owner owner);

  // generated::StreamingCall
  std::optional<Item> TryRead() override;
  Item Read() override;
  void ThenRead(absl::AnyInvocable<void(Item)> done) override;
  absl::Status Write(std::string item) override;
  std::optional<absl::Status> TryWritten() override;
  absl::Status WaitWritten() override;
  void ThenWritten(absl::Status begun, absl::AnyInvocable<void(absl::Status)> done) override;
  void FinishWriting() override;
  std::shared_ptr<generated::PendingCall> reply() override { return reply_; }
  void Cancel() override;

  // From the client.
  void OnItem(std::string item);
  void OnWritten();
  /// The call has ended. Only the first end counts.
  void End(absl::StatusOr<std::string> result);

  /// Set before the handle is given away.
  void set_number(std::uint64_t number);

 private:
  // Items that the application has taken and the session was not told of.
  struct Taken {
    std::size_t items = 0;
    std::size_t bytes = 0;
  };

  /// The next item or the end, if there is one.
  std::optional<Item> NextLocked(Taken& to_tell) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteTakenLocked(std::size_t bytes, Taken& to_tell) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tell(const Taken& taken);
  std::optional<absl::Status> WrittenLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunRead(absl::AnyInvocable<void(Item)> done, Item item);
  void RunWritten(absl::AnyInvocable<void(absl::Status)> done, absl::Status status);

  const std::shared_ptr<CallbackQueue> callbacks_;
  const Owner owner_;
  const std::shared_ptr<CallHandle> reply_;
  std::uint64_t number_ = 0;

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::string> items_ ABSL_GUARDED_BY(mutex_);
  Taken taken_ ABSL_GUARDED_BY(mutex_);
  absl::AnyInvocable<void(Item)> read_ ABSL_GUARDED_BY(mutex_);  // Waits; then there are no items.
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;                 // `Read` or `read_` waits.
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;                 // An item waits for room.
  absl::AnyInvocable<void(absl::Status)> written_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace onager::client

#endif  // ONAGER_RUNTIME_CLIENT_STREAM_HANDLE_H_
