#ifndef ONAGER_STREAM_H_
#define ONAGER_STREAM_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "onager/generated/call_streams.h"
#include "onager/task.h"

// Streamed parameters and results as handlers see them; callers: onager/stream_call.h.
//
// What generated code does, by the example of generated/depot.actor.h, which has each form:
// - `rpc Export(P p) -> stream<T>` is `virtual Task<> Export(Turn&, P p, StreamWriter<T>& results)`, called
// by
//   `StreamCall<T> Export(P p, CallOptions)`.
// - `rpc Import(P p, stream<T> items) -> R` is `virtual Task<R> Import(Turn&, P p, StreamReader<T>& items)`,
//   called by `SendCall<T, R> Import(P p, CallOptions)`.
// - With both it is `virtual Task<> Both(Turn&, P p, StreamReader<A>& items, StreamWriter<B>& results)`,
// called
//   by `DuplexCall<A, B> Both(P p, CallOptions)`.
// - An item that is a struct travels as its own message (`EncodeMessage<T>`, `DecodeMessage<T>`), any other
// in
//   a message `{ T item = 1; }` around it (`EncodeItem<M>`, `DecodeItem<M>`), which is called like the
//   method's request or result with `Item` behind it: `DepotTellRequestItem`, `DepotCountResultItem`.
// - The method's `MethodInfo` says `.streamed_parameter`, `.streamed_result`. The skeleton serves streamed
//   methods in `DispatchStreamed`, which an actor without any leaves as it is; the stub uses
//   `Channel::CallWithStreams`.
namespace onager {

/// Where a handler writes its streamed result. Given to the handler, and valid until its task has ended.
///
/// Items leave as they are written and arrive once, in order, whatever happens to the connection. They do not
/// wait for the turn's commit: when the turn fails the caller, who may have seen items, is told by the call's
/// status. A caller that is slow holds the handler up, and so the actor, until the call's deadline.
template <typename T>
class StreamWriter {
 public:
  using Encode = std::string (*)(const T& item);

  StreamWriter(generated::CallStreams& streams, Encode encode) : streams_(streams), encode_(encode) {}
  StreamWriter(const StreamWriter&) = delete;
  StreamWriter& operator=(const StreamWriter&) = delete;

  /// Await it: ends with OK when the item is on its way, which is at once as long as the caller keeps up.
  /// `CANCELLED` or `DEADLINE_EXCEEDED` when nobody waits any more; nothing can be written then.
  [[nodiscard]] Task<> Write(const T& item) { return streams_.Write(encode_(item)); }

 private:
  generated::CallStreams& streams_;
  const Encode encode_;
};

/// Where a handler reads its streamed parameter. Given to the handler, and valid until its task has ended.
template <typename T>
class StreamReader {
 public:
  using Decode = absl::StatusOr<T> (*)(std::string_view bytes);

  StreamReader(generated::CallStreams& streams, Decode decode) : streams_(streams), decode_(decode) {}
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  /// Await it: the next item, in the caller's order, or nothing when the caller has finished. `CANCELLED` or
  /// `DEADLINE_EXCEEDED` when the caller waits no more; `INVALID_ARGUMENT` for an item that cannot be read.
  [[nodiscard]] Task<std::optional<T>> Read() {
    absl::StatusOr<std::optional<std::string>> bytes = co_await streams_.Read();
    if (!bytes.ok()) co_return std::move(bytes).status();
    if (!bytes->has_value()) co_return std::optional<T>();
    absl::StatusOr<T> item = decode_(**bytes);
    if (!item.ok()) co_return std::move(item).status();
    co_return std::optional<T>(*std::move(item));
  }

 private:
  generated::CallStreams& streams_;
  const Decode decode_;
};

}  // namespace onager

#endif  // ONAGER_STREAM_H_
