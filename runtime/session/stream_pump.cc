#include "runtime/session/stream_pump.h"

namespace onager::session {
namespace {

// What an item's frame holds besides the item, and what stands around it.
constexpr std::size_t kItemOverheadMax = 64;

}  // namespace

StreamTurn AppendItems(wire::BatchWriter& writer, std::uint64_t number, std::uint64_t& sent,
                       absl::FunctionRef<SharedBytes(std::uint64_t)> find, std::size_t message_bytes_max) {
  const std::size_t size_before = writer.size();
  while (writer.size() - size_before < kStreamTurnBytes) {
    const SharedBytes item = find(sent + 1);
    if (item == nullptr) return StreamTurn::kAll;
    const std::size_t size = item->size() + kItemOverheadMax;
    if (size > message_bytes_max) return StreamTurn::kTooLarge;
    if (!writer.empty() && writer.size() + size > message_bytes_max) return StreamTurn::kFull;
    wire::StreamItem frame;
    frame.number = number;
    frame.sequence = ++sent;
    writer.Append(frame, item);
  }
  return StreamTurn::kPart;
}

void AppendCredit(wire::BatchWriter& writer, std::uint64_t number, std::uint64_t through) {
  wire::StreamCredit frame;
  frame.number = number;
  frame.through = through;
  writer.Append(frame);
}

}  // namespace onager::session
