#ifndef ONAGER_GENERATED_CANCELLABLE_H_
#define ONAGER_GENERATED_CANCELLABLE_H_

namespace onager::generated {

/// A call that is under way. Thread-safe.
class Cancellable {
 public:
  virtual ~Cancellable() = default;
  /// Ends the call with `CANCELLED` unless it has ended; the server is told, and may have run it.
  virtual void Cancel() = 0;
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_CANCELLABLE_H_
