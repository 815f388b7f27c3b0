#include "runtime/session/stream_sender.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace onager::session {

void StreamSender::Push(SharedBytes item) {
  bytes_ += item->size();
  items_.push_back(std::move(item));
}

SharedBytes StreamSender::Find(std::uint64_t sequence) const {
  if (sequence <= taken_ || sequence > last()) return nullptr;
  return items_[static_cast<std::size_t>(sequence - taken_ - 1)];
}

absl::Status StreamSender::OnCredit(std::uint64_t through) {
  if (through > last()) {
    return absl::InvalidArgumentError(
        absl::StrCat("credit through item ", through, " of a stream that has ", last()));
  }
  for (; taken_ < through; ++taken_) {
    bytes_ -= items_.front()->size();
    items_.pop_front();
  }
  return absl::OkStatus();
}

void StreamSender::Discard() {
  items_.clear();
  bytes_ = 0;
}

}  // namespace onager::session
