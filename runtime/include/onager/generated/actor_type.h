#ifndef ONAGER_GENERATED_ACTOR_TYPE_H_
#define ONAGER_GENERATED_ACTOR_TYPE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "onager/generated/proto_file.h"
#include "onager/generated/state_interface.h"

namespace onager::generated {

/// One method of an actor, as its `.actor` file declares it.
struct MethodInfo {
  std::string_view name;
  bool idempotent = false;
  bool readonly = false;
  absl::Duration timeout = absl::Seconds(30);  // Used when the caller names none.
  bool streamed_parameter = false;             // The last one is a stream.
  bool streamed_result = false;
  bool reentrant =
      false;  // May run inside its actor's open turn, when that turn's own calls lead back to it.
  // In the emitted `.proto`: the method's own name, unless empty, and the field of the request that brings an
  // item of the streamed parameter.
  std::string_view rpc_name = {};
  std::uint32_t item_number = 0;
  bool item_is_struct = false;  // It is the item itself; otherwise the item is a message around it.

  bool streamed() const { return streamed_parameter || streamed_result; }
};

/// One declared filter. `make` takes the actor's key and the encoded parameters; what they leave out has its
/// default. `INVALID_ARGUMENT` when they cannot be read.
struct FilterInfo {
  std::string_view name;
  std::uint32_t number = 0;  // In the actor's filter message.
  absl::StatusOr<std::unique_ptr<FilterLeaf>> (*make)(std::string_view key,
                                                      std::string_view parameters) = nullptr;
};

/// One declared view; as FilterInfo.
struct ViewInfo {
  std::string_view name;
  std::uint32_t number = 0;  // In the actor's view message.
  absl::StatusOr<std::unique_ptr<ViewLeaf>> (*make)(std::string_view key,
                                                    std::string_view parameters) = nullptr;
};

/// One declared event.
struct EventInfo {
  std::string_view name;
  std::uint32_t number = 0;  // In the actor's event message.
};

/// One declared timer: its turn runs each `period` while the actor is active.
struct TimerInfo {
  std::string_view name;
  absl::Duration period;  // Positive.
};

/// What a part of an actor's key is, as a field of the emitted `.proto`.
enum class KeyPartType : std::uint8_t { kString, kBool, kInt32, kInt64, kUint32, kUint64, kUuid, kEnum };

/// One part of an actor's key. In requests of the emitted `.proto` the first has the number 20,001, and so
/// on.
struct KeyPartInfo {
  std::string_view name;
  KeyPartType type = KeyPartType::kString;
};

/// One actor type; a static constant of generated code that both sides share.
struct ActorType {
  std::string_view name;                 // "todo.v1.TodoList"
  absl::Span<const MethodInfo> methods;  // In the order of the `.actor` file; the index names a method.
  const StateCodec* state;               // Never null.
  absl::Span<const FilterInfo> filters = {};
  absl::Span<const ViewInfo> views = {};
  absl::Span<const EventInfo> events = {};
  absl::Span<const TimerInfo> timers = {};  // The index names a timer.
  std::uint32_t version = 1;  // Of the state's meaning; `ActorBase::Migrate` brings an older one up.
  absl::Span<const KeyPartInfo> key = {};
  ProtoFileLink proto = nullptr;  // Null for types that no `.proto` was made of.
  /// Of an encoded test of one of the state's fields; null: the actor has none.
  absl::StatusOr<std::unique_ptr<FilterLeaf>> (*make_field_filter)(std::string_view test) = nullptr;

  /// The index of the method of that name.
  std::optional<std::size_t> FindMethod(std::string_view method_name) const {
    for (std::size_t i = 0; i < methods.size(); ++i) {
      if (methods[i].name == method_name) return i;
    }
    return std::nullopt;
  }
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_ACTOR_TYPE_H_
