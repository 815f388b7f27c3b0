#include "child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace host_monitor {
namespace {

// Between fork and exec: only what is safe in the child of a process with threads.
[[noreturn]] void Become(char* const* arguments, int input, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execv(arguments[0], arguments);
  _exit(127);
}

void CloseIfOpen(int& fd) {
  if (fd >= 0) close(std::exchange(fd, -1));
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Start(const std::vector<std::string>& arguments) {
  std::array<int, 2> input{};
  std::array<int, 2> output{};
  if (pipe2(input.data(), O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
  if (pipe2(output.data(), O_CLOEXEC) != 0) {
    close(input[0]);
    close(input[1]);
    return absl::ErrnoToStatus(errno, "pipe");
  }
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int pid = fork();
  if (pid == 0) Become(argv.data(), input[0], output[1]);
  const int fork_error = errno;
  close(input[0]);
  close(output[1]);
  ChildProcess child(pid, input[1], output[0]);
  if (pid < 0) return absl::ErrnoToStatus(fork_error, "fork");
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      unread_(std::move(other.unread_)) {}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    Signal(SIGTERM);
    if (!Wait(absl::Seconds(5)).ok()) {
      Signal(SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  CloseIfOpen(input_);
  CloseIfOpen(output_);
}

absl::StatusOr<std::string> ChildProcess::ReadLineWith(std::string_view text, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  std::string passed;
  for (;;) {
    for (std::size_t end; (end = unread_.find('\n')) != std::string::npos;) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      if (line.find(text) != std::string::npos) return line;
      absl::StrAppend(&passed, line, "\n");
    }
    const absl::StatusOr<bool> more = ReadMore(deadline);
    if (!more.ok() || !*more) {
      return absl::Status(more.ok() ? absl::StatusCode::kNotFound : more.status().code(),
                          absl::StrCat("no line with \"", std::string(text), "\" but:\n", passed, unread_));
    }
  }
}

absl::StatusOr<bool> ChildProcess::ReadMore(absl::Time deadline) {
  for (;;) {
    const absl::Duration remaining = std::max(deadline - absl::Now(), absl::ZeroDuration());
    pollfd readable{output_, POLLIN, 0};
    const int ready = poll(&readable, 1, static_cast<int>(absl::ToInt64Milliseconds(remaining)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return absl::DeadlineExceededError("the program is silent");
    std::array<char, 4096> buffer;
    const ssize_t size = read(output_, buffer.data(), buffer.size());
    if (size > 0) unread_.append(buffer.data(), static_cast<std::size_t>(size));
    return size > 0;
  }
}

void ChildProcess::Write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(input_, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void ChildProcess::CloseInput() { CloseIfOpen(input_); }

void ChildProcess::Signal(int signal) {
  if (pid_ > 0) kill(pid_, signal);
}

absl::StatusOr<ChildProcess::End> ChildProcess::Wait(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    const absl::StatusOr<bool> more = ReadMore(deadline);
    if (!more.ok()) return more.status();
    if (!*more) break;
  }
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return End{WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), std::exchange(unread_, "")};
}

}  // namespace host_monitor
