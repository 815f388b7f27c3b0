#include "runtime/testing/simulated_link.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace onager::simulation {
namespace {

constexpr std::size_t kLengthBytes = 4;

std::string Frame(const transport::OutMessage& message) {
  const std::string bytes = message.Join();
  std::string frame;
  frame.reserve(kLengthBytes + bytes.size());
  for (std::size_t i = 0; i < kLengthBytes; ++i) frame.push_back(static_cast<char>(bytes.size() >> (8 * i)));
  frame.append(bytes);
  return frame;
}

std::size_t FrameLength(std::string_view bytes) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length |= std::size_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return length;
}

/// Uniform in [low, high]; the bias of the remainder does not matter here.
std::uint64_t Draw(Random& random, std::uint64_t low, std::uint64_t high) {
  return low + random.Next() % (std::max(high, low) - low + 1);
}

absl::Status CutStatus() { return absl::UnavailableError("the simulated connection was cut"); }

}  // namespace

SimulatedLink::SimulatedLink(const Environment& environment, const SimulatedNetworkOptions& options,
                             std::uint64_t number, std::string address, Metadata metadata)
    : environment_(environment),
      options_(options),
      number_(number),
      address_(std::move(address)),
      gates_{std::make_shared<transport::HandlerGate>(&environment.executor),
             std::make_shared<transport::HandlerGate>(&environment.executor)} {
  credentials_[Index(Side::kServer)].metadata = std::move(metadata);
}

bool SimulatedLink::is_open() const {
  MutexLock lock(mutex_);
  return !is_broken_;
}

LinkCounters SimulatedLink::counters(Side writer) const {
  MutexLock lock(mutex_);
  return streams_[Index(writer)].counters;
}

// Faults ------------------------------------------------------------------------------------------

void SimulatedLink::CutNow() {
  MutexLock lock(mutex_);
  if (is_broken_) return;
  for (Stream& each : streams_) each.travelling.clear();
  Break(CutStatus());
}

void SimulatedLink::CutAtByte(Side writer, std::uint64_t offset) {
  {
    MutexLock lock(mutex_);
    if (stream(writer).counters.bytes_sent < offset) {
      stream(writer).cut_at = offset;
      return;
    }
  }
  CutNow();
}

void SimulatedLink::GoHalfOpen() {
  MutexLock lock(mutex_);
  is_half_open_ = true;
  for (Stream& each : streams_) each.travelling.clear();
}

void SimulatedLink::StallReader(Side reader, bool stalled) {
  MutexLock lock(mutex_);
  const Side writer = PeerOf(reader);
  stream(writer).is_stalled = stalled;
  Read(writer);
  Pump(writer);
}

void SimulatedLink::Partition(Duration duration) {
  MutexLock lock(mutex_);
  partitioned_until_ = std::max(partitioned_until_, environment_.clock.Now() + duration);
}

void SimulatedLink::DropMessage(Side writer, std::uint64_t ordinal) {
  MutexLock lock(mutex_);
  stream(writer).dropped.insert(ordinal);
}

void SimulatedLink::DuplicateMessage(Side writer, std::uint64_t ordinal) {
  MutexLock lock(mutex_);
  stream(writer).duplicated.insert(ordinal);
}

void SimulatedLink::DelayMessage(Side writer, std::uint64_t ordinal) {
  MutexLock lock(mutex_);
  stream(writer).delayed.insert(ordinal);
}

void SimulatedLink::ForgetFaults() {
  MutexLock lock(mutex_);
  for (Stream& each : streams_) {
    each.cut_at.reset();
    each.dropped.clear();
    each.duplicated.clear();
    each.delayed.clear();
  }
}

// The ends ----------------------------------------------------------------------------------------

void SimulatedLink::Start(Side side, transport::ConnectionHandler& handler) {
  gate(side).Open(handler);
  MutexLock lock(mutex_);
  stream(PeerOf(side)).is_read = true;
  Read(PeerOf(side));
  Pump(PeerOf(side));
}

void SimulatedLink::Write(Side side, const transport::OutMessage& message) {
  std::string frame = Frame(message);
  MutexLock lock(mutex_);
  if (is_broken_) return;
  Stream& written = stream(side);
  const std::uint64_t ordinal = written.counters.messages_written++;
  written.is_writing = true;
  if (written.delayed.contains(ordinal)) {
    written.delayed_frame.append(frame);
  } else if (written.dropped.contains(ordinal)) {
    NoteHarm(side, MessageHarm::kLost);
  } else {
    written.unsent.append(frame);
    if (written.duplicated.contains(ordinal)) {
      written.unsent.append(frame);
      NoteHarm(side, MessageHarm::kDoubled);
    }
    if (!written.delayed_frame.empty()) {
      written.unsent.append(std::exchange(written.delayed_frame, {}));
      NoteHarm(side, MessageHarm::kOvertaken);
    }
  }
  Pump(side);
}

void SimulatedLink::Close(Side side, const absl::Status& reason) {
  MutexLock lock(mutex_);
  gate(side).Abort(reason);
  if (is_broken_) return;
  is_broken_ = true;
  const bool is_clean = reason.ok() && !stream(side).is_writing;
  absl::Status end = reason;
  if (!is_clean) {
    if (side == Side::kClient) {
      end = absl::CancelledError("the client closed the connection");
    } else if (reason.ok()) {
      end = absl::UnavailableError("the server closed the connection inside a message");
    }
  }
  for (Stream& each : streams_) {
    each.unsent.clear();
    each.unsent_begin = 0;
  }
  Send(side, {.arrival = DrawArrival(), .bytes = {}, .end = std::move(end)});
}

void SimulatedLink::Detach(Side side) {
  gate(side).Detach();
  Close(side, absl::CancelledError("the connection was destroyed"));
}

void SimulatedLink::Refuse(const absl::Status& reason) {
  MutexLock lock(mutex_);
  if (!is_broken_) Break(reason);
}

void SimulatedLink::Connected(Side side) {
  MutexLock lock(mutex_);
  if (is_half_open_) return;
  stream(side).is_connected = true;
  Pump(side);
}

Time SimulatedLink::NextArrival() {
  MutexLock lock(mutex_);
  return is_half_open_ ? kNever : std::max(DrawArrival(), partitioned_until_);
}

Time SimulatedLink::partitioned_until() const {
  MutexLock lock(mutex_);
  return partitioned_until_;
}

// Bytes -------------------------------------------------------------------------------------------

Time SimulatedLink::DrawArrival() {
  return environment_.clock.Now() +
         Duration(Draw(environment_.random, static_cast<std::uint64_t>(options_.latency_min.count()),
                       static_cast<std::uint64_t>(options_.latency_max.count())));
}

void SimulatedLink::Pump(Side writer) {
  Stream& written = stream(writer);
  while (!is_broken_ && written.is_connected && written.unsent_begin < written.unsent.size() &&
         written.window_used < options_.window_bytes) {
    std::size_t size = Draw(environment_.random, options_.fragment_bytes_min, options_.fragment_bytes_max);
    size = std::min(
        {size, written.unsent.size() - written.unsent_begin, options_.window_bytes - written.window_used});
    if (written.cut_at) size = std::min<std::uint64_t>(size, *written.cut_at - written.counters.bytes_sent);
    Send(writer,
         {.arrival = DrawArrival(), .bytes = written.unsent.substr(written.unsent_begin, size), .end = {}});
    written.unsent_begin += size;
    written.window_used += size;
    written.counters.bytes_sent += size;
    if (written.cut_at == written.counters.bytes_sent) Break(CutStatus());
  }
  if (is_broken_ || !written.is_connected || written.unsent_begin < written.unsent.size()) return;
  written.unsent.clear();
  written.unsent_begin = 0;
  if (!std::exchange(written.is_writing, false)) return;
  gate(writer).Deliver([](transport::ConnectionHandler& handler) { handler.OnWriteDone(); });
}

void SimulatedLink::Send(Side writer, Fragment fragment) {
  if (is_half_open_) return;
  Stream& written = stream(writer);
  if (options_.observer != nullptr) options_.observer->OnSent(number_, writer, fragment.bytes.size());
  if (!written.travelling.empty()) {
    fragment.arrival = std::max(fragment.arrival, written.travelling.back().arrival);
  }
  written.travelling.push_back(std::move(fragment));
  if (written.travelling.size() == 1) ArmTimer(writer);
}

void SimulatedLink::ArmTimer(Side writer) {
  Stream& written = stream(writer);
  if (written.is_timer_armed) return;
  written.is_timer_armed = true;
  environment_.timers.At(std::max(written.travelling.front().arrival, partitioned_until_),
                         [self = shared_from_this(), writer] { self->Arrive(writer); });
}

void SimulatedLink::Arrive(Side writer) {
  MutexLock lock(mutex_);
  Stream& written = stream(writer);
  written.is_timer_armed = false;
  const Time now = environment_.clock.Now();
  while (!written.travelling.empty() && now >= partitioned_until_ &&
         written.travelling.front().arrival <= now) {
    const Fragment fragment = std::move(written.travelling.front());
    written.travelling.pop_front();
    written.received.append(fragment.bytes);
    written.unread_bytes += fragment.bytes.size();
    written.counters.bytes_delivered += fragment.bytes.size();
    if (fragment.end) written.end = fragment.end;
    Read(writer);
  }
  if (!written.travelling.empty()) ArmTimer(writer);
  Pump(writer);
}

void SimulatedLink::Read(Side writer) {
  Stream& written = stream(writer);
  transport::HandlerGate& reader = gate(PeerOf(writer));
  const bool reads = written.is_read && !written.is_stalled;
  if (reads) {
    written.window_used -= std::exchange(written.unread_bytes, 0);
    std::size_t begin = 0;
    while (written.received.size() - begin >= kLengthBytes) {
      const std::string_view rest = std::string_view(written.received).substr(begin);
      const std::size_t length = FrameLength(rest);
      if (length > options_.message_bytes_max) {
        const auto status = absl::ResourceExhaustedError("the message is longer than message_bytes_max");
        reader.Close(status);
        if (!is_broken_) Break(status);
        break;
      }
      if (rest.size() < kLengthBytes + length) break;
      ++written.counters.messages_delivered;
      if (options_.observer != nullptr) {
        options_.observer->OnDelivered(number_, writer, rest.substr(kLengthBytes, length));
      }
      reader.Deliver([message = std::string(rest.substr(kLengthBytes, length))](
                         transport::ConnectionHandler& handler) { handler.OnMessage(message); });
      begin += kLengthBytes + length;
    }
    written.received.erase(0, begin);
  }
  if (!written.end || (written.end->ok() && !reads)) return;
  if (written.end->ok() && !written.received.empty()) written.end = CutStatus();
  reader.Close(*written.end);
}

void SimulatedLink::NoteHarm(Side writer, MessageHarm harm) {
  if (options_.observer != nullptr) options_.observer->OnHarmed(number_, writer, harm);
}

void SimulatedLink::Break(const absl::Status& reason) {
  is_broken_ = true;
  if (options_.observer != nullptr) options_.observer->OnBroken(number_);
  for (const Side side : {Side::kClient, Side::kServer}) {
    stream(side).unsent.clear();
    stream(side).unsent_begin = 0;
    Send(side, {.arrival = DrawArrival(), .bytes = {}, .end = reason});
  }
}

}  // namespace onager::simulation
