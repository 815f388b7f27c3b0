#include "runtime/session/server_streams.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/session/stream_pump.h"

namespace onager::session {

void ServerStreams::Add(const wire::Call& call) {
  if (call.streams == 0) return;
  Streams& streams = streams_[call.number];
  streams.kinds = call.streams;
  streams.items_sent = call.received;
}

void ServerStreams::Clear() {
  streams_.clear();
  due_.clear();
}

bool ServerStreams::TakesItems(std::uint64_t number) const {
  const auto found = streams_.find(number);
  return found != streams_.end() && (found->second.kinds & wire::kStreamedParameter) != 0;
}

void ServerStreams::MarkDue(std::uint64_t number, Streams& streams) {
  if (streams.due || streams.abandoned) return;
  streams.due = true;
  due_.push_back(number);
}

absl::Status ServerStreams::Open(std::uint64_t number, std::shared_ptr<StreamPort> port) {
  const auto found = streams_.find(number);
  if (found == streams_.end() || found->second.port != nullptr) return absl::OkStatus();
  Streams& streams = found->second;
  if (streams.items_sent > port->last() || streams.items_sent < port->taken()) {
    return absl::InvalidArgumentError(absl::StrCat("call ", number, " is said to have received ",
                                                   streams.items_sent, " items of ", port->last(),
                                                   ", and to have taken ", port->taken()));
  }
  streams.port = std::move(port);
  MarkDue(number, streams);
  return absl::OkStatus();
}

void ServerStreams::OnChanged(std::uint64_t number) {
  const auto found = streams_.find(number);
  if (found != streams_.end() && found->second.port != nullptr) MarkDue(number, found->second);
}

bool ServerStreams::OnEnded(std::uint64_t number, const SharedOutcome& outcome) {
  const auto found = streams_.find(number);
  if (found == streams_.end()) return false;
  // What the port has may be more than the client said it received, or less when it is another run's: the
  // client compares the counts.
  if (outcome->stream == nullptr || outcome->stream->last() <= found->second.items_sent ||
      found->second.abandoned) {
    streams_.erase(found);
    return false;
  }
  found->second.outcome = outcome;
  if (found->second.port == nullptr) found->second.port = outcome->stream;
  MarkDue(number, found->second);
  return true;
}

bool ServerStreams::Abandon(std::uint64_t number) {
  const auto found = streams_.find(number);
  if (found == streams_.end()) return false;
  found->second.abandoned = true;
  if (found->second.outcome == nullptr) return false;
  streams_.erase(found);
  return true;
}

std::vector<ServerStreams::Ended> ServerStreams::Append(wire::BatchWriter& writer, std::size_t budget,
                                                        std::size_t message_bytes_max) {
  std::vector<Ended> ended;
  const std::size_t size_before = writer.size();
  while (!due_.empty() && writer.size() - size_before < budget) {
    const std::uint64_t number = due_.front();
    const auto found = streams_.find(number);
    if (found == streams_.end() || found->second.abandoned) {
      due_.pop_front();
      continue;
    }
    Streams& streams = found->second;
    if (const std::uint64_t credit = streams.port->credit(); credit > streams.credit_sent) {
      streams.credit_sent = credit;
      AppendCredit(writer, number, credit);
    }
    const StreamTurn turn = AppendItems(
        writer, number, streams.items_sent,
        [&streams](std::uint64_t sequence) { return streams.port->Item(sequence); }, message_bytes_max);
    if (turn == StreamTurn::kFull) return ended;
    due_.pop_front();
    switch (turn) {
      case StreamTurn::kPart:
        due_.push_back(number);
        break;
      case StreamTurn::kTooLarge:
        ended.push_back({number, nullptr});
        streams_.erase(found);
        break;
      case StreamTurn::kAll:
      case StreamTurn::kFull:
        streams.due = false;
        if (streams.outcome == nullptr) break;
        ended.push_back({number, std::move(streams.outcome)});
        streams_.erase(found);
        break;
    }
  }
  return ended;
}

}  // namespace onager::session
