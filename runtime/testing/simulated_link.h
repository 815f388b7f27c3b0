#ifndef ONAGER_RUNTIME_TESTING_SIMULATED_LINK_H_
#define ONAGER_RUNTIME_TESTING_SIMULATED_LINK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "runtime/base/executor.h"
#include "runtime/base/mutex.h"
#include "runtime/transport/handler_gate.h"
#include "runtime/transport/transport.h"

namespace onager::simulation {

enum class Side : std::uint8_t { kClient, kServer };

/// What harm was done to a message.
enum class MessageHarm : std::uint8_t { kLost, kDoubled, kOvertaken };

/// Is told what happens on the links of a network, each numbered as the network has it and each direction
/// named by the side that writes. Called under the link's lock: it may not call the link.
class TrafficObserver {
 public:
  virtual ~TrafficObserver() = default;
  /// Bytes left the writer.
  virtual void OnSent(std::uint64_t link, Side writer, std::size_t bytes) = 0;
  /// A whole message arrived and goes to its reader.
  virtual void OnDelivered(std::uint64_t link, Side writer, std::string_view message) = 0;
  /// A message met the harm that it was to meet.
  virtual void OnHarmed(std::uint64_t link, Side writer, MessageHarm harm) = 0;
  /// A fault ended the link.
  virtual void OnBroken(std::uint64_t link) = 0;
};

/// How simulated bytes travel.
struct SimulatedNetworkOptions {
  SimulatedNetworkOptions() = default;

  Duration latency_min = std::chrono::milliseconds(1);
  Duration latency_max = std::chrono::milliseconds(10);
  /// Messages travel in pieces of a size drawn from this range.
  std::size_t fragment_bytes_min = 1;
  std::size_t fragment_bytes_max = 16 * 1024;
  /// Bytes that have left the writer and have not been read by its peer. A write is done when its last
  /// byte has left.
  std::size_t window_bytes = 256 * 1024;
  /// A longer message breaks the connection with RESOURCE_EXHAUSTED.
  std::size_t message_bytes_max = 16 * 1024 * 1024;
  /// Outlives the network and its links; null: nobody is told.
  TrafficObserver* observer = nullptr;
};

/// What travelled in one direction of a link. Bytes include the four of each message's length.
struct LinkCounters {
  std::uint64_t messages_written = 0;
  std::uint64_t messages_delivered = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_delivered = 0;
};

/// One simulated connection, as a test sees it: two streams of bytes that can be harmed. Directions are
/// named by the side that writes. Ordinals count the messages of a direction, from zero.
///
/// Shared by the network, which lists it, by the ends of the connection, and by the bytes under way.
/// Thread-safe.
class SimulatedLink : public std::enable_shared_from_this<SimulatedLink> {
 public:
  SimulatedLink(const Environment& environment, const SimulatedNetworkOptions& options, std::uint64_t number,
                std::string address, Metadata metadata);

  const std::string& address() const { return address_; }
  /// Whether bytes may still be written: nobody closed it and nothing cut it.
  bool is_open() const;
  LinkCounters counters(Side writer) const;

  /// The connection breaks: bytes under way are lost, and each side sees UNAVAILABLE after its latency.
  void CutNow();
  /// The connection breaks when `offset` bytes of `writer`'s have left, or now when more have. Those
  /// bytes arrive, and every message that lies wholly within them.
  void CutAtByte(Side writer, std::uint64_t offset);
  /// From now on bytes vanish both ways and nobody is told, not even of a close. They still fill the window.
  void GoHalfOpen();
  /// While stalled `reader` reads nothing: the window fills, and its peer's writes are not done. Nor does
  /// it see a clean end; a cut it does see.
  void StallReader(Side reader, bool stalled);
  /// Nothing arrives until `duration` has passed; then everything does, in order.
  void Partition(Duration duration);
  /// Faults that no honest network has, to prove that they are detected: the message is lost, arrives
  /// twice, or arrives after the one that follows it. Its write is done as if nothing had happened.
  void DropMessage(Side writer, std::uint64_t ordinal);
  void DuplicateMessage(Side writer, std::uint64_t ordinal);
  void DelayMessage(Side writer, std::uint64_t ordinal);
  /// What was to be cut or harmed later is not.
  void ForgetFaults();

 private:
  friend class SimulatedConnection;
  friend class SimulatedNetwork;

  /// Bytes that arrive together; or the end, which travels like them.
  struct Fragment {
    Time arrival;
    std::string bytes;
    std::optional<absl::Status> end;
  };

  /// One direction, named by its writer.
  struct Stream {
    std::string unsent;  // Written, but the window is full; from `unsent_begin` on.
    std::size_t unsent_begin = 0;
    std::deque<Fragment> travelling;  // In order of arrival.
    bool is_timer_armed = false;      // For the first of them.
    std::string received;             // Arrived, but not yet a whole message or not read.
    std::size_t unread_bytes = 0;     // How much of `received` still counts for the window.
    std::size_t window_used = 0;
    bool is_writing = false;
    bool is_stalled = false;
    bool is_connected = false;        // The writer may send.
    bool is_read = false;             // The reader has started.
    std::optional<absl::Status> end;  // A clean end that has arrived and waits for a stalled reader.
    std::optional<std::uint64_t> cut_at;
    std::set<std::uint64_t> dropped, duplicated, delayed;
    std::string delayed_frame;
    LinkCounters counters;
  };

  static std::size_t Index(Side side) { return static_cast<std::size_t>(side); }
  static Side PeerOf(Side side) { return side == Side::kClient ? Side::kServer : Side::kClient; }

  // What the connection's ends and the network do.
  void Start(Side side, transport::ConnectionHandler& handler);
  void Write(Side side, const transport::OutMessage& message);
  void Close(Side side, const absl::Status& reason);
  void Detach(Side side);
  void Refuse(const absl::Status& reason);
  void Connected(Side side);
  /// When something that is sent now arrives; kNever when it gets lost.
  Time NextArrival();
  Time partitioned_until() const;

  Stream& stream(Side writer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return streams_[Index(writer)]; }
  transport::HandlerGate& gate(Side side) { return *gates_[Index(side)]; }
  Time DrawArrival() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Pump(Side writer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Send(Side writer, Fragment fragment) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ArmTimer(Side writer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Arrive(Side writer);
  void Read(Side writer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteHarm(Side writer, MessageHarm harm) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Break(const absl::Status& reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Environment environment_;
  const SimulatedNetworkOptions options_;
  const std::uint64_t number_;
  const std::string address_;
  std::array<Credentials, 2> credentials_;  // What each side knows of the other. Constant.
  const std::array<std::shared_ptr<transport::HandlerGate>, 2> gates_;
  mutable Mutex mutex_;
  std::array<Stream, 2> streams_ ABSL_GUARDED_BY(mutex_);
  bool is_broken_ ABSL_GUARDED_BY(mutex_) = false;  // Nothing more is sent; an end is under way.
  bool is_half_open_ ABSL_GUARDED_BY(mutex_) = false;
  Time partitioned_until_ ABSL_GUARDED_BY(mutex_) = Time{};
};

}  // namespace onager::simulation

#endif  // ONAGER_RUNTIME_TESTING_SIMULATED_LINK_H_
