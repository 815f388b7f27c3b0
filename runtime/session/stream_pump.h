#ifndef ONAGER_RUNTIME_SESSION_STREAM_PUMP_H_
#define ONAGER_RUNTIME_SESSION_STREAM_PUMP_H_

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "runtime/base/shared_bytes.h"
#include "runtime/wire/batch.h"

namespace onager::session {

/// One stream's turn in a batch: about so much, then others have theirs.
inline constexpr std::size_t kStreamTurnBytes = 16u << 10;

enum class StreamTurn {
  kAll,       // There is nothing more.
  kPart,      // There may be more, at the next turn.
  kFull,      // The message takes no more.
  kTooLarge,  // The next item does not fit into any message.
};

/// Appends the items of call `number` after `sent`, which it moves on, for one turn.
StreamTurn AppendItems(wire::BatchWriter& writer, std::uint64_t number, std::uint64_t& sent,
                       absl::FunctionRef<SharedBytes(std::uint64_t)> find, std::size_t message_bytes_max);

void AppendCredit(wire::BatchWriter& writer, std::uint64_t number, std::uint64_t through);

}  // namespace onager::session

#endif  // ONAGER_RUNTIME_SESSION_STREAM_PUMP_H_
