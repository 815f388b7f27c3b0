#ifndef ONAGER_BOX_H_
#define ONAGER_BOX_H_

#include <memory>
#include <optional>
#include <utility>

namespace onager {

/// An optional that keeps its value on the heap, so that a struct can hold an optional of its own type:
/// `struct Node { Box<Node> next; };`. Otherwise as `std::optional`: a value that copies (deeply), moves and
/// compares; to read an empty one is an error.
template <typename T>
class Box {
 public:
  using value_type = T;

  Box() = default;
  Box(std::nullopt_t) {}
  Box(const T& value) : value_(std::make_unique<T>(value)) {}
  Box(T&& value) : value_(std::make_unique<T>(std::move(value))) {}
  Box(const Box& other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
  // Not defaulted, nor is the destructor: clang would need to know T where a struct that is part of T holds
  // it.
  Box(Box&& other) noexcept : value_(std::move(other.value_)) {}
  // By value: the old contents, of which `other` may be a part, go last.
  Box& operator=(Box other) noexcept { return value_.swap(other.value_), *this; }
  ~Box() {}

  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }
  /// Throws `std::bad_optional_access` when empty.
  const T& value() const {
    if (!has_value()) throw std::bad_optional_access();
    return *value_;
  }

  template <typename... Args>
  T& emplace(Args&&... args) {
    value_ = std::make_unique<T>(std::forward<Args>(args)...);
    return *value_;
  }
  void reset() { value_ = nullptr; }

  friend bool operator==(const Box& a, const Box& b) {
    return a.has_value() == b.has_value() && (!a.has_value() || *a == *b);
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace onager

#endif  // ONAGER_BOX_H_
