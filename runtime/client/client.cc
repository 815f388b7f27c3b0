#include "onager/client.h"

#include <utility>

#include "onager/generated/channel.h"

namespace onager {

std::string_view ConnectionStateName(ConnectionState state) {
  switch (state) {
    case ConnectionState::kConnecting:
      return "CONNECTING";
    case ConnectionState::kConnected:
      return "CONNECTED";
    case ConnectionState::kReconnecting:
      return "RECONNECTING";
    case ConnectionState::kClosed:
      return "CLOSED";
  }
  return "UNKNOWN";
}

std::string_view SubscriptionPhaseName(SubscriptionPhase phase) {
  switch (phase) {
    case SubscriptionPhase::kConnecting:
      return "CONNECTING";
    case SubscriptionPhase::kLive:
      return "LIVE";
    case SubscriptionPhase::kPaused:
      return "PAUSED";
    case SubscriptionPhase::kEnded:
      return "ENDED";
  }
  return "UNKNOWN";
}

Client::Client(std::shared_ptr<generated::Channel> channel) : channel_(std::move(channel)) {}

Client::Client(Client&&) noexcept = default;

Client& Client::operator=(Client&& other) noexcept {
  if (this != &other) {
    if (channel_ != nullptr) channel_->Close();
    channel_ = std::move(other.channel_);
  }
  return *this;
}

Client::~Client() {
  if (channel_ != nullptr) channel_->Close();
}

void Client::Close() { channel_->Close(); }

ConnectionState Client::state() const { return channel_->state(); }

ClientStats Client::stats() const { return channel_->stats(); }

}  // namespace onager
