#ifndef ONAGER_TASK_H_
#define ONAGER_TASK_H_

#include <concepts>
#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "onager/error.h"

namespace onager {

/// What a `Task<T>` ends with: a value or an error; for `Task<>` just success or an error.
template <typename T>
using TaskResult = std::conditional_t<std::is_void_v<T>, absl::Status,
                                      absl::StatusOr<std::conditional_t<std::is_void_v<T>, bool, T>>>;

template <typename T = void>
class Task;

namespace internal {

/// The error that an exception escaping from a handler turns into: exceptions do not cross our interfaces.
absl::Status StatusOfCurrentException() noexcept;

template <typename T>
struct TaskPromise {
  std::optional<TaskResult<T>> result;
  std::coroutine_handle<> continuation = std::noop_coroutine();

  Task<T> get_return_object();
  std::suspend_always initial_suspend() noexcept { return {}; }

  struct Final {
    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<TaskPromise> self) noexcept {
      return self.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }

  template <typename U>
    requires(!DeclaredError<std::remove_cvref_t<U>> && std::constructible_from<TaskResult<T>, U &&>)
  void return_value(U&& value) {
    result.emplace(std::forward<U>(value));
  }
  template <DeclaredError E>
  void return_value(const E& error) {
    result.emplace(error.ToStatus());
  }
  void unhandled_exception() noexcept { result.emplace(StatusOfCurrentException()); }
};

/// A coroutine that owns itself: it runs at once and frees its frame at its end.
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept {
      std::terminate();
    }  // Task results are values; nothing here throws.
  };
};

}  // namespace internal

/// The result of a handler, present or to come: a lazy coroutine that starts when it is awaited, or a
/// finished value, so that a plain function satisfies the same signature with `return item;`.
///
/// A handler ends with `co_return` (or `return`) of a value, of an `absl::Status`, of an
/// `absl::StatusOr<T>` or of an error declared in the `.actor` file; a `Task<>` with `absl::OkStatus()`.
/// An exception that escapes becomes `INTERNAL`.
///
/// Owned by whoever holds it; not thread-safe; destroying one that has not finished destroys the coroutine
/// where it waits.
template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::TaskPromise<T>;
  using Result = TaskResult<T>;

  template <typename U>
    requires(!DeclaredError<std::remove_cvref_t<U>> && !std::same_as<std::remove_cvref_t<U>, Task> &&
             std::convertible_to<U &&, Result>)
  Task(U&& value) : ready_(std::in_place, std::forward<U>(value)) {}  // NOLINT(google-explicit-constructor)
  template <DeclaredError E>
  Task(const E& error) : ready_(std::in_place, error.ToStatus()) {}  // NOLINT(google-explicit-constructor)

  Task(Task&& other) noexcept
      : coroutine_(std::exchange(other.coroutine_, nullptr)), ready_(std::move(other.ready_)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (coroutine_) coroutine_.destroy();
      coroutine_ = std::exchange(other.coroutine_, nullptr);
      ready_ = std::move(other.ready_);
    }
    return *this;
  }
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  bool await_ready() const noexcept { return !coroutine_; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> continuation) noexcept {
    coroutine_.promise().continuation = continuation;
    return coroutine_;
  }
  Result await_resume() { return coroutine_ ? *std::move(coroutine_.promise().result) : *std::move(ready_); }

  /// Runs the task now, on this thread up to its first wait, and gives its result to `done`, exactly once, on
  /// the thread that finishes it.
  void Start(absl::AnyInvocable<void(Result)> done) && { RunDetached(std::move(*this), std::move(done)); }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}

  static internal::Detached RunDetached(Task task, absl::AnyInvocable<void(Result)> done) {
    Result result = co_await task;
    done(std::move(result));
  }

  std::coroutine_handle<promise_type> coroutine_;
  std::optional<Result> ready_;
};

template <typename T>
Task<T> internal::TaskPromise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

}  // namespace onager

#endif  // ONAGER_TASK_H_
