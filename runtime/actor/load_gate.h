#ifndef ONAGER_RUNTIME_ACTOR_LOAD_GATE_H_
#define ONAGER_RUNTIME_ACTOR_LOAD_GATE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"

namespace onager::actor {

/// Lets so many actors at a time read what their store has of them; the others wait, first come first served.
/// Without it, all actors that are called after a restart would ask at once: the store would refuse some, and
/// what it has read of the others would be in memory before anybody can use it.
///
/// How many wait is bounded by who asks: an actor asks for one place at a time, and there are no more actors
/// than are called, observed or reminded.
///
/// Thread-safe.
class LoadGate : public std::enable_shared_from_this<LoadGate> {
 public:
  /// One of the places: free again when this is destroyed, on any thread. May outlive the gate.
  class Place {
   public:
    Place() = default;  // None.
    Place(Place&&) = default;
    Place& operator=(Place&& other) noexcept {
      if (this == &other) return *this;
      Leave();
      gate_ = std::move(other.gate_);
      return *this;
    }
    ~Place() { Leave(); }

   private:
    friend class LoadGate;
    explicit Place(std::shared_ptr<LoadGate> gate) : gate_(std::move(gate)) {}
    void Leave() {
      if (const auto gate = std::exchange(gate_, nullptr)) gate->OnLeft();
    }

    std::shared_ptr<LoadGate> gate_;
  };
  using Admitted = absl::AnyInvocable<void(absl::StatusOr<Place>)>;

  /// Who has waited for `wait_max` is refused, when a place is free: the store is too slow for what is asked
  /// of it, and whoever has asked for so long has perhaps gone. `clock` outlives all who wait.
  static std::shared_ptr<LoadGate> Make(std::size_t places, Duration wait_max, const Clock& clock);

  /// `admitted` is called once, on any thread, also inside the call, under no lock: with a place, or with
  /// `UNAVAILABLE`.
  void Enter(Admitted admitted);

  /// Refuses who waits, and who comes.
  void Stop();

  std::size_t taken() const;
  std::size_t waiting() const;

 private:
  struct Waiting {
    Admitted admitted;
    Time since{};
  };

  LoadGate(std::size_t places, Duration wait_max, const Clock& clock);
  void OnLeft();
  void AdmitNext();

  const std::size_t places_;
  const Duration wait_max_;
  const Clock& clock_;

  mutable Mutex mutex_;
  std::size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  bool admitting_ ABSL_GUARDED_BY(mutex_) = false;  // A thread does, and will find who can come in.
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace onager::actor

#endif  // ONAGER_RUNTIME_ACTOR_LOAD_GATE_H_
