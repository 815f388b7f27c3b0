#include "runtime/session/stream_receiver.h"

#include "absl/strings/str_cat.h"
#include "runtime/session/stream_sender.h"

namespace onager::session {

absl::StatusOr<bool> StreamReceiver::OnItem(std::uint64_t sequence, std::size_t size) {
  if (sequence == 0) return absl::InvalidArgumentError("an item of a stream without a number");
  if (sequence <= received_) return false;
  if (ended_) {
    return absl::InvalidArgumentError(
        absl::StrCat("item ", sequence, " of a stream that ended after ", received_));
  }
  if (sequence != received_ + 1) {
    return absl::DataLossError(absl::StrCat("item ", sequence, " of a stream came after item ", received_));
  }
  if (received_ - credit_ >= kStreamItemsMax || received_bytes_ - credit_bytes_ >= kStreamBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("item ", sequence, " of a stream is more than there was credit for"));
  }
  ++received_;
  received_bytes_ += size;
  return true;
}

absl::Status StreamReceiver::OnEnd(std::uint64_t items) {
  if (items > received_) {
    return absl::DataLossError(absl::StrCat("a stream of ", items, " items ended after item ", received_));
  }
  if (items < received_) {
    return absl::InvalidArgumentError(
        absl::StrCat("a stream said to have ", items, " items has ", received_));
  }
  ended_ = true;
  return absl::OkStatus();
}

bool StreamReceiver::OnTaken(std::size_t items, std::size_t bytes) {
  taken_ += items;
  taken_bytes_ += bytes;
  if (taken_ - credit_ < kStreamCreditItems && taken_bytes_ - credit_bytes_ < kStreamCreditBytes) {
    return false;
  }
  credit_ = taken_;
  credit_bytes_ = taken_bytes_;
  return true;
}

}  // namespace onager::session
