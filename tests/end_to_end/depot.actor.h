// Written by hand, in the form that actorc prints for
//
//   /// An actor for tests of streams: it does what they ask.
//   package depot.v1;
//
//   struct Parcel { int64 number = 1; bytes load = 2; }
//   error Full : RESOURCE_EXHAUSTED { int64 at = 1; }
//
//   actor Depot(string name) {
//     state { int64 stored = 1; }
//
//     rpc Stored() -> int64 [readonly];
//     /// `count` parcels, of that load.
//     rpc Export(int64 count, int64 load) -> stream<Parcel> [readonly, timeout = 10m];
//     /// As `Export`, but fails after the last one, and changes the state before the first.
//     rpc ExportAndFail(int64 count) -> stream<Parcel> throws Full;
//     /// Every number from `first` on, without end.
//     rpc Count(int64 first) -> stream<int64> [readonly];
//     /// Stores the parcels and says how many they were; fails when they are more than `max`.
//     rpc Import(int64 max, stream<Parcel> parcels) -> int64 throws Full [timeout = 10m];
//     /// Reads all names and stores how many they were.
//     rpc Tell(stream<string> names);
//     /// Each number times `factor`.
//     rpc Multiply(int64 factor, stream<int64> numbers) -> stream<int64> [idempotent, readonly, timeout =
//     10m];
//   }

#ifndef ONAGER_TESTS_END_TO_END_DEPOT_ACTOR_H_
#define ONAGER_TESTS_END_TO_END_DEPOT_ACTOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "onager/generated/client_support.h"
#include "onager/generated/server_support.h"
#include "onager/generated/state_support.h"

/// An actor for tests of streams: it does what they ask.
namespace depot::v1 {

struct Parcel {
  std::int64_t number = 0;
  onager::Bytes load;

  Parcel() = default;
  Parcel&& with_number(std::int64_t value) && { return number = value, std::move(*this); }
  Parcel&& with_load(onager::Bytes value) && { return load = std::move(value), std::move(*this); }

  friend bool operator==(const Parcel&, const Parcel&) = default;
};

std::ostream& operator<<(std::ostream& out, const Parcel& value);

struct Full {
  static constexpr absl::StatusCode kCode = absl::StatusCode::kResourceExhausted;
  static constexpr const char* kTypeUrl = "type.googleapis.com/depot.v1.Full";

  std::int64_t at = 0;

  Full() = default;
  Full&& with_at(std::int64_t value) && { return at = value, std::move(*this); }

  /// The status that a handler which ends with this error ends with.
  absl::Status ToStatus() const;
  static std::optional<Full> FromBytes(std::string_view bytes);

  friend bool operator==(const Full&, const Full&) = default;
};

std::ostream& operator<<(std::ostream& out, const Full& value);

/// The state of `Depot`.
struct DepotState {
  std::int64_t stored = 0;

  DepotState() = default;
  DepotState&& with_stored(std::int64_t value) && { return stored = value, std::move(*this); }

  friend bool operator==(const DepotState&, const DepotState&) = default;
};

std::ostream& operator<<(std::ostream& out, const DepotState& value);

}  // namespace depot::v1

template <>
class onager::Tracked<depot::v1::Parcel> : public onager::generated::TrackedStruct<depot::v1::Parcel> {
 public:
  using TrackedStruct::TrackedStruct;

  std::int64_t number() const { return value().number; }
  void set_number(std::int64_t number);
  const onager::Bytes& load() const { return value().load; }
  void set_load(onager::Bytes load);
};

template <>
class onager::Change<depot::v1::Parcel> : public onager::generated::StructChangeView<depot::v1::Parcel> {
 public:
  using StructChangeView::StructChangeView;

  bool number() const;
  bool load() const;
};

template <>
class onager::Tracked<depot::v1::DepotState>
    : public onager::generated::TrackedStruct<depot::v1::DepotState> {
 public:
  using TrackedStruct::TrackedStruct;

  std::int64_t stored() const { return value().stored; }
  void set_stored(std::int64_t stored);
};

template <>
class onager::Change<depot::v1::DepotState>
    : public onager::generated::StructChangeView<depot::v1::DepotState> {
 public:
  using StructChangeView::StructChangeView;

  bool stored() const;
};

extern template struct onager::generated::StructOps<depot::v1::Parcel>;
extern template struct onager::generated::StructOps<depot::v1::Full>;
extern template struct onager::generated::StructOps<depot::v1::DepotState>;
extern template class onager::generated::TrackedState<depot::v1::DepotState>;
extern template class onager::generated::Replica<depot::v1::DepotState>;

namespace depot::v1 {

/// What tells one `Depot` from another.
struct DepotKey {
  std::string name;

  DepotKey() = default;
  explicit DepotKey(std::string name_value);

  /// The actor's key as it travels, and back; `INVALID_ARGUMENT` for what is no such key.
  std::string ToString() const;
  static absl::StatusOr<DepotKey> Parse(std::string_view text);

  friend bool operator==(const DepotKey&, const DepotKey&) = default;
};

/// Derive from it, implement the methods and host the class on a server.
class DepotActor : public onager::generated::ActorBase {
 public:
  static const onager::generated::ActorType& Type();

  virtual onager::Task<std::int64_t> Stored(onager::Turn& turn) = 0;

  /// `count` parcels, of that load.
  virtual onager::Task<> Export(onager::Turn& turn, std::int64_t count, std::int64_t load,
                                onager::StreamWriter<Parcel>& results) = 0;

  /// As `Export`, but fails after the last one, and changes the state before the first.
  /// Fails with `Full`.
  virtual onager::Task<> ExportAndFail(onager::Turn& turn, std::int64_t count,
                                       onager::StreamWriter<Parcel>& results) = 0;

  /// Every number from `first` on, without end.
  virtual onager::Task<> Count(onager::Turn& turn, std::int64_t first,
                               onager::StreamWriter<std::int64_t>& results) = 0;

  /// Stores the parcels and says how many they were; fails when they are more than `max`.
  /// Fails with `Full`.
  virtual onager::Task<std::int64_t> Import(onager::Turn& turn, std::int64_t max,
                                            onager::StreamReader<Parcel>& parcels) = 0;

  /// Reads all names and stores how many they were.
  virtual onager::Task<> Tell(onager::Turn& turn, onager::StreamReader<std::string>& names) = 0;

  /// Each number times `factor`.
  virtual onager::Task<> Multiply(onager::Turn& turn, std::int64_t factor,
                                  onager::StreamReader<std::int64_t>& numbers,
                                  onager::StreamWriter<std::int64_t>& results) = 0;

 protected:
  const DepotKey& key() const { return key_; }
  /// Valid from activation to destruction; to be changed inside a turn only.
  onager::Tracked<DepotState>& state() { return state_.state(); }

 private:
  const onager::generated::ActorType& actor_type() const final { return Type(); }
  onager::generated::StateInterface& state_interface() final { return state_; }
  absl::Status BindKey(std::string_view key) final;
  onager::Task<std::string> Dispatch(onager::Turn& turn, std::size_t method,
                                     std::string_view arguments) final;
  onager::Task<std::string> DispatchStreamed(onager::Turn& turn, std::size_t method,
                                             std::string_view arguments,
                                             onager::generated::CallStreams& streams) final;

  DepotKey key_;
  onager::generated::TrackedState<DepotState> state_;
};

/// Calls and observes one `Depot`. Cheap to make and to copy, thread-safe; may outlive its client, and its
/// calls then fail with `CANCELLED`.
class DepotClient {
 public:
  DepotClient(const onager::Client& client, std::string_view name);

  onager::Call<std::int64_t> Stored(onager::CallOptions options = onager::CallOptions()) const;

  /// `count` parcels, of that load.
  onager::StreamCall<Parcel> Export(std::int64_t count, std::int64_t load,
                                    onager::CallOptions options = onager::CallOptions()) const;

  /// As `Export`, but fails after the last one, and changes the state before the first.
  /// Fails with `Full`.
  onager::StreamCall<Parcel> ExportAndFail(std::int64_t count,
                                           onager::CallOptions options = onager::CallOptions()) const;

  /// Every number from `first` on, without end.
  onager::StreamCall<std::int64_t> Count(std::int64_t first,
                                         onager::CallOptions options = onager::CallOptions()) const;

  /// Stores the parcels and says how many they were; fails when they are more than `max`.
  /// Fails with `Full`.
  onager::SendCall<Parcel, std::int64_t> Import(std::int64_t max,
                                                onager::CallOptions options = onager::CallOptions()) const;

  /// Reads all names and stores how many they were.
  onager::SendCall<std::string> Tell(onager::CallOptions options = onager::CallOptions()) const;

  /// Each number times `factor`.
  onager::DuplexCall<std::int64_t, std::int64_t> Multiply(
      std::int64_t factor, onager::CallOptions options = onager::CallOptions()) const;

  /// Follows the actor's state; `Start()` the observation to begin.
  onager::Observation<DepotState> Observe() const;

 private:
  std::shared_ptr<onager::generated::Channel> channel_;
  std::string key_;
};

}  // namespace depot::v1

#endif  // ONAGER_TESTS_END_TO_END_DEPOT_ACTOR_H_
