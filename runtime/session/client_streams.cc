#include "runtime/session/client_streams.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/session/stream_pump.h"

namespace onager::session {

void ClientStreams::Add(CallNumber number, std::uint32_t streams) {
  if (streams == 0) return;
  streams_[number].kinds = streams;
}

void ClientStreams::MarkDue(CallNumber number, Streams& streams) {
  if (streams.due || !streams.call_sent) return;
  streams.due = true;
  due_.push_back(number);
}

bool ClientStreams::Write(CallNumber number, SharedBytes item) {
  const auto found = streams_.find(number);
  if (found == streams_.end()) return false;
  Streams& streams = found->second;
  if (!streams.sender.has_room()) {
    streams.waiting = std::move(item);
    return false;
  }
  streams.sender.Push(std::move(item));
  MarkDue(number, streams);
  return true;
}

void ClientStreams::Finish(CallNumber number) {
  const auto found = streams_.find(number);
  if (found == streams_.end()) return;
  found->second.finished = true;
  MarkDue(number, found->second);
}

void ClientStreams::OnTaken(CallNumber number, std::size_t items, std::size_t bytes) {
  const auto found = streams_.find(number);
  if (found != streams_.end() && found->second.receiver.OnTaken(items, bytes)) MarkDue(number, found->second);
}

void ClientStreams::BeginSending(wire::Call& call) {
  const auto found = streams_.find(call.number);
  if (found == streams_.end()) return;
  Streams& streams = found->second;
  call.streams = streams.kinds;
  call.received = streams.receiver.received();
  call.taken = streams.sender.taken();
  streams.call_sent = true;
  streams.items_sent = streams.sender.taken();
  MarkDue(call.number, streams);
}

void ClientStreams::OnConnectionLost() {
  due_.clear();
  for (auto& [number, streams] : streams_) {
    streams.call_sent = false;
    streams.due = false;
    streams.items_sent = 0;
    streams.end_sent = false;
    streams.credit_sent = 0;
  }
}

absl::StatusOr<bool> ClientStreams::OnItem(const wire::StreamItem& frame) {
  const auto found = streams_.find(frame.number);
  // Of a call that has ended here, or of one that this connection has not asked for.
  if (found == streams_.end() || !found->second.call_sent) return false;
  if ((found->second.kinds & wire::kStreamedResult) == 0) {
    return absl::InternalError(absl::StrCat("an item of call ", frame.number, ", whose result is no stream"));
  }
  return found->second.receiver.OnItem(frame.sequence, frame.item.size());
}

absl::StatusOr<bool> ClientStreams::OnCredit(const wire::StreamCredit& frame) {
  const auto found = streams_.find(frame.number);
  if (found == streams_.end() || !found->second.call_sent) return false;
  Streams& streams = found->second;
  if (absl::Status credit = streams.sender.OnCredit(frame.through); !credit.ok()) return credit;
  // What the server has taken needs not be sent, also when this connection has not come to it.
  streams.items_sent = std::max(streams.items_sent, streams.sender.taken());
  if (streams.waiting == nullptr || !streams.sender.has_room()) return false;
  streams.sender.Push(std::exchange(streams.waiting, nullptr));
  MarkDue(frame.number, streams);
  return true;
}

absl::Status ClientStreams::OnReply(const wire::Reply& frame) const {
  const auto found = streams_.find(frame.number);
  if (found == streams_.end() || !found->second.call_sent) return absl::OkStatus();
  const std::uint64_t received = found->second.receiver.received();
  if (frame.items > received || (frame.code == 0 && frame.items != received)) {
    return absl::DataLossError(
        absl::StrCat("a result of ", frame.items, " items ended after item ", received));
  }
  return absl::OkStatus();
}

std::vector<ClientStreams::CallNumber> ClientStreams::Append(wire::BatchWriter& writer, std::size_t budget,
                                                             std::size_t message_bytes_max) {
  std::vector<CallNumber> too_large;
  const std::size_t size_before = writer.size();
  while (!due_.empty() && writer.size() - size_before < budget) {
    const CallNumber number = due_.front();
    const auto found = streams_.find(number);
    if (found == streams_.end()) {
      due_.pop_front();
      continue;
    }
    Streams& streams = found->second;
    if (streams.receiver.credit() > streams.credit_sent) {
      streams.credit_sent = streams.receiver.credit();
      AppendCredit(writer, number, streams.credit_sent);
    }
    const StreamTurn turn = AppendItems(
        writer, number, streams.items_sent,
        [&streams](std::uint64_t sequence) { return streams.sender.Find(sequence); }, message_bytes_max);
    if (turn == StreamTurn::kFull) return too_large;
    due_.pop_front();
    if (turn == StreamTurn::kPart) {
      due_.push_back(number);
      continue;
    }
    streams.due = false;
    if (turn == StreamTurn::kTooLarge) {
      too_large.push_back(number);
    } else if (streams.finished && streams.waiting == nullptr && !streams.end_sent) {
      streams.end_sent = true;
      wire::StreamEnd end;
      end.number = number;
      end.items = streams.sender.last();
      writer.Append(end);
    }
  }
  return too_large;
}

}  // namespace onager::session
