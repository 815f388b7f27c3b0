#ifndef ONAGER_CANCELLATION_H_
#define ONAGER_CANCELLATION_H_

#include <memory>

namespace onager {

namespace generated {
class Cancellable;
}

/// Ends calls that were made `CancelledBy` it, any number of them, when `Cancel` says so: for work that is
/// given up as a whole. Copies are the same cancellation. Thread-safe; destruction cancels nothing.
class Cancellation {
 public:
  Cancellation();

  /// Ends those of the calls that have not ended with `CANCELLED`, and every later one at once.
  void Cancel() const;
  bool cancelled() const;

  /// For channels: `call` is one of them. It is not kept alive.
  void Add(const std::shared_ptr<generated::Cancellable>& call) const;

 private:
  struct Calls;
  std::shared_ptr<Calls> calls_;
};

}  // namespace onager

#endif  // ONAGER_CANCELLATION_H_
