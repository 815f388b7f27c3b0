#ifndef ONAGER_RUNTIME_DOOR_DOOR_CALL_H_
#define ONAGER_RUNTIME_DOOR_DOOR_CALL_H_

#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/rpc.h"
#include "runtime/wire/error_details.h"

namespace onager::door {

class Door;

/// What travels of a status' message and details: clients take 8 KiB of trailers.
inline constexpr std::size_t kDetailsBytesMax = 3u << 10;

/// One RPC in the hands of the door. Thread-safe: everything that happens to it enters under its mutex, and
/// what it tells the RPC it tells from there, too, since an RPC calls nothing from inside.
class DoorCall : public transport::RpcHandler, public std::enable_shared_from_this<DoorCall> {
 public:
  explicit DoorCall(std::shared_ptr<transport::Rpc> rpc) : rpc_(std::move(rpc)) {}

  /// Called once, when the door knows the call. Asks for the request.
  virtual void Start() {
    MutexLock lock(mutex_);
    ReadLocked();
  }
  /// The server is to end: whoever only watches is told `reason`; so is everybody else if `now`, unless an
  /// actor's call will answer.
  virtual void OnShutdown(const absl::Status& reason, bool now) = 0;

  /// Whether it goes on while the server is drained, which does not wait for it.
  virtual bool outlives_drain() const { return false; }

  void OnReadsDone() override {}
  void OnWriteDone() override {
    MutexLock lock(mutex_);
    writing_ = false;
    OnWrittenLocked();
  }
  void OnCancelled() override { End(absl::CancelledError("the client waits no more")); }
  void OnDone() override;

  /// Ends the RPC, unless it has ended.
  void End(const absl::Status& status) {
    MutexLock lock(mutex_);
    FinishLocked(transport::RpcEnd(status));
  }

 protected:
  /// The write in flight is done.
  virtual void OnWrittenLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {}
  /// The RPC is about to end: gives back what the call holds.
  virtual void OnFinishingLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {}

  bool finished() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return finished_; }
  bool writing() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return writing_; }
  void ReadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!finished_) rpc_->Read();
  }
  void WriteLocked(transport::OutMessage message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_) return;
    writing_ = true;
    rpc_->Write(std::move(message));
  }
  void FinishLocked(transport::RpcEnd end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (std::exchange(finished_, true)) return;
    OnFinishingLocked();
    if (!end.status.ok()) end.details = wire::EncodeStatus(end.status, kDetailsBytesMax);
    rpc_->Finish(std::move(end));
  }

  Mutex mutex_;

 private:
  friend class Door;

  const std::shared_ptr<transport::Rpc> rpc_;
  Door* door_ = nullptr;  // Set before `Start`, and null for calls that the door refused.
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
};

/// `bytes` as a message.
transport::OutMessage ToMessage(std::string bytes);

}  // namespace onager::door

#endif  // ONAGER_RUNTIME_DOOR_DOOR_CALL_H_
