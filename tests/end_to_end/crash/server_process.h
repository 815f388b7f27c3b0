#ifndef ONAGER_TESTS_CRASH_SERVER_PROCESS_H_
#define ONAGER_TESTS_CRASH_SERVER_PROCESS_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "child_process.h"

namespace onager::crash {

/// The crash_server of a test: started, killed and started again at one address and with one store. Used from
/// the test's thread.
class ServerProcess {
 public:
  /// `exposure` is the file in which it says what it would lose.
  ServerProcess(std::string address, std::string store, std::string exposure)
      : address_(std::move(address)), store_(std::move(store)), exposure_(std::move(exposure)) {}

  absl::Status Start() {
    absl::StatusOr<host_monitor::ChildProcess> started =
        host_monitor::ChildProcess::Start({CRASH_SERVER, address_, store_, exposure_});
    if (started.ok()) process_.emplace(*std::move(started));
    return started.status();
  }
  /// Waits until it serves.
  absl::Status AwaitServing() { return process_->ReadLineWith("serving on ", kPatience).status(); }
  /// Ends it by this signal: an error where it ends in another way than with `exit_code`, with what it
  /// printed.
  absl::Status End(int signal, int exit_code) {
    process_->Signal(signal);
    const absl::StatusOr<host_monitor::ChildProcess::End> end = process_->Wait(kPatience);
    process_.reset();
    if (!end.ok()) return end.status();
    if (end->exit_code == exit_code) return absl::OkStatus();
    return absl::InternalError("the server has ended by itself: " + end->output);
  }

  const std::string& address() const { return address_; }

 private:
  static constexpr absl::Duration kPatience = absl::Seconds(60);

  const std::string address_;
  const std::string store_;
  const std::string exposure_;
  std::optional<host_monitor::ChildProcess> process_;
};

}  // namespace onager::crash

#endif  // ONAGER_TESTS_CRASH_SERVER_PROCESS_H_
