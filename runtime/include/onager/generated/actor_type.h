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

/// When a turn of a persisted actor counts as done, so that its reply and its deltas may leave.
enum class Durability : std::uint8_t {
  kMemory,  // At once: the store learns of it now and then.
  kAsync,   // At once: the store is being told.
  kSync,    // When the store has it.
};

/// What is kept of an actor's past for those who resume; 0: as much as the server says.
struct ReplayBounds {
  std::size_t count = 0;  // Revisions.
  std::size_t bytes = 0;
  absl::Duration age = absl::ZeroDuration();
};

/// One method of an actor, as its `.actor` file declares it.
struct MethodInfo {
  std::string_view name;
  bool idempotent = false;
  bool readonly = false;
  absl::Duration timeout = absl::Seconds(30);  // Used when the caller names none.
  bool streamed_parameter = false;             // The last one is a stream.
  bool streamed_result = false;
  // May run inside its actor's open turn, when that turn's own calls lead back to it.
  bool reentrant = false;
  Durability durability = Durability::kSync;  // Its own or else its actor's. Of persisted actors only.
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

/// One declared reminder. The store knows it by its name.
struct ReminderInfo {
  std::string_view name;
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
  bool persist = false;                       // The store keeps it, so that it outlives the process.
  Durability durability = Durability::kSync;  // Of turns that are no method's: timers, reminders, activation.
  ReplayBounds replay = {};
  absl::Span<const ReminderInfo> reminders = {};  // The index names a reminder.

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
