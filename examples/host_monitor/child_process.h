#ifndef ONAGER_EXAMPLES_HOST_MONITOR_CHILD_PROCESS_H_
#define ONAGER_EXAMPLES_HOST_MONITOR_CHILD_PROCESS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace host_monitor {

/// A program that runs beside this one, with its input at our hand and its output and errors, as one stream,
/// at our ear. Destruction ends it: SIGTERM, and SIGKILL when that does not help within some seconds. It does
/// not outlive us. Used from one thread, the main thread.
class ChildProcess {
 public:
  /// `arguments[0]` is the program's path.
  static absl::StatusOr<ChildProcess> Start(const std::vector<std::string>& arguments);
  ChildProcess(ChildProcess&& other) noexcept;
  ~ChildProcess();

  /// The next line that holds `text`; those before it are passed over. `DEADLINE_EXCEEDED`, with what came
  /// instead, after `timeout`; `NOT_FOUND` when the output ended.
  absl::StatusOr<std::string> ReadLineWith(std::string_view text, absl::Duration timeout);
  void Write(std::string_view text);
  void CloseInput();
  void Signal(int signal);

  struct End {
    int exit_code = -1;  // Minus the signal that ended it.
    std::string output;  // What had not been read yet.
  };
  /// Reads on until the program closes its output, then waits for its end. `DEADLINE_EXCEEDED` after
  /// `timeout`.
  absl::StatusOr<End> Wait(absl::Duration timeout);

 private:
  ChildProcess(int pid, int input, int output) : pid_(pid), input_(input), output_(output) {}
  // Reads some more; false at the end of the output.
  absl::StatusOr<bool> ReadMore(absl::Time deadline);

  int pid_;
  int input_;
  int output_;
  std::string unread_;
};

}  // namespace host_monitor

#endif  // ONAGER_EXAMPLES_HOST_MONITOR_CHILD_PROCESS_H_
