#ifndef ONAGER_RUNTIME_CLIENT_LINK_H_
#define ONAGER_RUNTIME_CLIENT_LINK_H_

#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/transport.h"

namespace onager::client {

/// One connection of a client. Its events name it, so that those of a connection that was given up are
/// recognised. Thread-safe.
class Link final : public transport::ConnectionHandler, public std::enable_shared_from_this<Link> {
 public:
  /// Who is told, as long as it lives and the link has not been given up.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnLinkMessage(const Link& link, std::string_view bytes) = 0;
    virtual void OnLinkWriteDone(const Link& link) = 0;
    virtual void OnLinkClosed(const Link& link, const absl::Status& reason) = 0;
  };

  Link(std::weak_ptr<Owner> owner, std::unique_ptr<transport::Connection> connection)
      : owner_(std::move(owner)), connection_(std::move(connection)) {}

  void Start() { connection_->Start(*this); }
  void Write(transport::OutMessage message);
  void Close(const absl::Status& reason) { connection_->Close(reason); }

  /// Gives the link up, and has `last_words` arrive if they can: they follow a write that is in flight, and
  /// the connection is closed behind them, a second later at the latest. The link keeps itself alive for that
  /// long; `environment`'s parts outlive it.
  void Part(transport::OutMessage last_words, const Environment& environment);
  /// Blocks until that is over.
  void AwaitParted();

  // transport::ConnectionHandler
  void OnMessage(std::string_view bytes) override;
  void OnWriteDone() override;
  void OnClosed(const absl::Status& reason) override;

 private:
  bool IsParting() const;

  const std::weak_ptr<Owner> owner_;
  mutable Mutex mutex_;
  CondVar parted_changed_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool parting_ ABSL_GUARDED_BY(mutex_) = false;
  bool parted_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<transport::OutMessage> last_words_ ABSL_GUARDED_BY(mutex_);  // Wait for the write in flight.
  const std::unique_ptr<transport::Connection> connection_;  // Goes first, and waits for its last event.
};

}  // namespace onager::client

#endif  // ONAGER_RUNTIME_CLIENT_LINK_H_
