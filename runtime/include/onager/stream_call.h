#ifndef ONAGER_STREAM_CALL_H_
#define ONAGER_STREAM_CALL_H_

#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "onager/call.h"
#include "onager/generated/streaming_call.h"

// Calls with streamed parameters and results as callers see them; handlers: onager/stream.h.
namespace onager {

namespace internal {

// What a read waits for.
template <typename T>
class ReadStep {
 public:
  using Result = absl::StatusOr<std::optional<T>>;
  using Raw = generated::StreamingCall::Item;
  using Decode = absl::StatusOr<T> (*)(std::string_view bytes);

  explicit ReadStep(Decode decode) : decode_(decode) {}

  std::optional<Raw> Try(generated::StreamingCall& call) const { return call.TryRead(); }
  Raw Wait(generated::StreamingCall& call) const { return call.Read(); }
  void Then(generated::StreamingCall& call, absl::AnyInvocable<void(Raw)> done) const {
    call.ThenRead(std::move(done));
  }
  Result Finish(Raw raw) const {
    if (!raw.ok()) return std::move(raw).status();
    if (!raw->has_value()) return std::optional<T>();
    absl::StatusOr<T> item = decode_(**raw);
    // What cannot be read is nobody's argument: the caller cannot mend it.
    if (!item.ok()) {
      return absl::InternalError("an item cannot be read: " + std::string(item.status().message()));
    }
    return std::optional<T>(*std::move(item));
  }

 private:
  Decode decode_;
};

// What a write waits for.
class WriteStep {
 public:
  using Result = absl::Status;
  using Raw = absl::Status;

  explicit WriteStep(absl::Status begun) : begun_(std::move(begun)) {}

  std::optional<Raw> Try(generated::StreamingCall& call) const {
    return begun_.ok() ? call.TryWritten() : std::optional<Raw>(begun_);
  }
  Raw Wait(generated::StreamingCall& call) const { return begun_.ok() ? call.WaitWritten() : begun_; }
  void Then(generated::StreamingCall& call, absl::AnyInvocable<void(Raw)> done) const {
    call.ThenWritten(begun_, std::move(done));
  }
  Result Finish(Raw raw) const { return raw; }

 private:
  absl::Status begun_;
};

}  // namespace internal

/// One read or one write of a call's stream, to be waited for in one of three ways, once: `Wait()` blocks,
/// `Then()` calls back on the client's callback executor, `co_await` suspends unless the result is there.
/// Nothing is read unless it is waited for; a write has begun when it was made.
template <typename Step>
class [[nodiscard]] StreamOperation {
 public:
  using Result = typename Step::Result;

  StreamOperation(std::shared_ptr<generated::StreamingCall> call, Step step)
      : call_(std::move(call)), step_(std::move(step)) {}

  /// Inside a callback of the same client: `FAILED_PRECONDITION`, unless the result is there.
  Result Wait() { return step_.Finish(step_.Wait(*call_)); }

  void Then(absl::AnyInvocable<void(Result)> done) {
    step_.Then(*call_, [done = std::move(done), step = step_](typename Step::Raw raw) mutable {
      done(step.Finish(std::move(raw)));
    });
  }

  class Awaiter {
   public:
    explicit Awaiter(StreamOperation operation) : operation_(std::move(operation)) {}
    bool await_ready() {
      raw_ = operation_.step_.Try(*operation_.call_);
      return raw_.has_value();
    }
    void await_suspend(std::coroutine_handle<> continuation) {
      // The continuation may run, and destroy this awaiter, before `Then` returns: nothing is touched after
      // it.
      const std::shared_ptr<generated::StreamingCall> call = operation_.call_;
      const Step step = operation_.step_;
      step.Then(*call, [this, continuation](typename Step::Raw raw) {
        raw_.emplace(std::move(raw));
        continuation.resume();
      });
    }
    Result await_resume() { return operation_.step_.Finish(*std::move(raw_)); }

   private:
    StreamOperation operation_;
    std::optional<typename Step::Raw> raw_;
  };
  Awaiter operator co_await() && { return Awaiter(std::move(*this)); }
  Awaiter operator co_await() & { return Awaiter(*this); }

 private:
  std::shared_ptr<generated::StreamingCall> call_;
  Step step_;
};

template <typename T>
using StreamRead = StreamOperation<internal::ReadStep<T>>;
using StreamWrite = StreamOperation<internal::WriteStep>;

namespace internal {

// The one owner of a call with streams. Ends it when it goes, unless it was let go.
class OwnedCall {
 public:
  explicit OwnedCall(std::shared_ptr<generated::StreamingCall> call) : call_(std::move(call)) {}
  OwnedCall(OwnedCall&& other) noexcept
      : call_(std::move(other.call_)), let_go_(std::exchange(other.let_go_, true)) {}
  OwnedCall& operator=(OwnedCall&& other) noexcept {
    if (this != &other) {
      if (!let_go_) call_->Cancel();
      call_ = std::move(other.call_);
      let_go_ = std::exchange(other.let_go_, true);
    }
    return *this;
  }
  ~OwnedCall() {
    if (!let_go_) call_->Cancel();
  }

  const std::shared_ptr<generated::StreamingCall>& get() const { return call_; }
  void LetGo() { let_go_ = true; }

 private:
  std::shared_ptr<generated::StreamingCall> call_;
  bool let_go_ = false;
};

}  // namespace internal

/// A call whose result is a stream of `T`. It was sent when it was made; its deadline is that of the whole
/// stream. Items arrive once and in order, whatever happens to the connection.
///
/// Owned by the caller; moves, and does not copy. Thread-safe, with one read at a time. Destruction cancels.
template <typename T>
class [[nodiscard]] StreamCall {
 public:
  using Decode = absl::StatusOr<T> (*)(std::string_view bytes);

  StreamCall(std::shared_ptr<generated::StreamingCall> call, Decode decode)
      : call_(std::move(call)), decode_(decode) {}

  /// The next item; nothing when the stream has ended well. An error is how the call ended, after all items
  /// that came before it, and is given again to who reads again. Items may have been seen of a call that
  /// fails.
  StreamRead<T> Read() { return StreamRead<T>(call_.get(), internal::ReadStep<T>(decode_)); }

  /// Ends the call with `CANCELLED` unless it has ended. The handler is told.
  void Cancel() { call_.get()->Cancel(); }

 private:
  internal::OwnedCall call_;
  Decode decode_;
};

/// A call whose last parameter is a stream of `T`, and whose result is an `R`. It was sent when it was made.
///
/// Owned by the caller; moves, and does not copy. Thread-safe, with one write at a time. Destruction cancels,
/// unless `Finish` was called.
template <typename T, typename R = void>
class [[nodiscard]] SendCall {
 public:
  using Encode = std::string (*)(const T& item);

  SendCall(std::shared_ptr<generated::StreamingCall> call, Encode encode, typename Call<R>::Decode decode)
      : call_(std::move(call)), encode_(encode), decode_(decode) {}

  /// Sends the next item. Ends with OK when there is room for another: await it before the next write, which
  /// is refused with `FAILED_PRECONDITION` otherwise. An error is how the call ended; `Finish` gives the same
  /// one, or the result of a handler that ended without reading everything.
  StreamWrite Write(const T& item) {
    return StreamWrite(call_.get(), internal::WriteStep(call_.get()->Write(encode_(item))));
  }

  /// Ends the stream and gives the call's end, which no longer depends on this object.
  Call<R> Finish() {
    call_.get()->FinishWriting();
    call_.LetGo();
    return Call<R>(call_.get()->reply(), decode_);
  }

  void Cancel() { call_.get()->Cancel(); }

 private:
  internal::OwnedCall call_;
  Encode encode_;
  typename Call<R>::Decode decode_;
};

/// A call whose last parameter is a stream of `In`, and whose result is a stream of `Out`. Both directions
/// are independent of each other. It was sent when it was made.
///
/// Owned by the caller; moves, and does not copy. Thread-safe, with one read and one write at a time.
/// Destruction cancels.
template <typename In, typename Out>
class [[nodiscard]] DuplexCall {
 public:
  using Encode = std::string (*)(const In& item);
  using Decode = absl::StatusOr<Out> (*)(std::string_view bytes);

  DuplexCall(std::shared_ptr<generated::StreamingCall> call, Encode encode, Decode decode)
      : call_(std::move(call)), encode_(encode), decode_(decode) {}

  /// As `SendCall::Write`.
  StreamWrite Write(const In& item) {
    return StreamWrite(call_.get(), internal::WriteStep(call_.get()->Write(encode_(item))));
  }
  /// Ends the parameter's stream; the result goes on.
  void FinishWriting() { call_.get()->FinishWriting(); }
  /// As `StreamCall::Read`.
  StreamRead<Out> Read() { return StreamRead<Out>(call_.get(), internal::ReadStep<Out>(decode_)); }

  void Cancel() { call_.get()->Cancel(); }

 private:
  internal::OwnedCall call_;
  Encode encode_;
  Decode decode_;
};

}  // namespace onager

#endif  // ONAGER_STREAM_CALL_H_
