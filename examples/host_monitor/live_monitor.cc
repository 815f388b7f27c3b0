#include "live_monitor.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace host_monitor {
namespace {

ScreenSize TerminalSize() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
  return {.rows = size.ws_row, .columns = size.ws_col};
}

onager::ClientOptions OptionsFor(EventBox& events) {
  onager::ClientOptions options;
  options.reconnect_delay_max = absl::Seconds(2);
  options.on_connection_state = [&events](onager::ConnectionState state, const absl::Status& why) {
    events.Post(ConnectionEvent{.state = state, .reason = std::string(why.message())});
  };
  return options;
}

std::string Describe(const ConnectionEvent& event) {
  switch (event.state) {
    case onager::ConnectionState::kConnecting:
      return event.reason.empty() ? "connecting" : absl::StrCat("connecting (", event.reason, ")");
    case onager::ConnectionState::kConnected:
      return "connected";
    case onager::ConnectionState::kReconnecting:
      return absl::StrCat("connection lost (", event.reason, "), reconnecting");
    case onager::ConnectionState::kClosed:
      return "closed";
  }
  return "";
}

std::string Plural(std::uint64_t count, const char* one, const char* many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

}  // namespace

LiveMonitor::LiveMonitor(const std::string& server, const std::string& host, Display display,
                         const Selection& selection)
    : server_(server), display_(display), client_(onager::Client::Connect(server, OptionsFor(events_))) {
  onager::View<v1::HostMonitorState> view;
  if (!selection.user.empty()) view = v1::HostMonitor::OfUser(selection.user);
  onager::Filter<v1::HostMonitorState> filter;
  if (selection.min_cpu_percent > 0) filter = v1::HostMonitor::BusyAtLeast(selection.min_cpu_percent);
  subscription_.emplace(
      v1::HostMonitorClient(client_, host)
          .Observe()
          .Through(view)
          .Where(filter)
          .OnUpdate([this](const onager::Update<v1::HostMonitorState>& update) {
            StateEvent event;
            event.state = update.state;
            event.epoch = update.epoch;
            event.revision = update.revision;
            event.snapshot = update.snapshot;
            event.replayed = update.replayed;
            events_.Post(std::move(event));
          })
          .OnEnd([this](const absl::Status& why) { events_.Post(EndEvent{.reason = why.ToString()}); })
          .Start());
}

LiveMonitor::~LiveMonitor() { LeaveScreen(); }

LiveMonitor::Outcome LiveMonitor::Watch(absl::Duration timeout, const std::function<bool()>& reached) {
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    TakeEvents();
    if (display_ == Display::kScreen) DrawScreen();
    if (end_reason_.has_value()) return Outcome::kEnded;
    if (reached != nullptr && reached()) return Outcome::kReached;
    const absl::Duration remaining = deadline - absl::Now();
    if (remaining <= absl::ZeroDuration()) return Outcome::kTimeout;
    if (events_.Wait(remaining) == EventBox::Wake::kStopped) return Outcome::kStopped;
  }
}

void LiveMonitor::TakeEvents() {
  for (Event& event : events_.Take()) {
    std::visit([this](auto& what) { OnEvent(std::move(what)); }, event);
  }
}

void LiveMonitor::OnEvent(StateEvent event) {
  rates_ = RatesBetween(state_, event.state);
  state_ = std::move(event.state);
  epoch_ = event.epoch;
  if (totals_.updates++ == 0) totals_.first_revision = event.revision;
  totals_.last_revision = event.revision;

  // A checkpoint is a token and a snapshot.
  const std::size_t snapshot_bytes = subscription_->checkpoint().size() - subscription_->token().size();
  totals_.snapshot_bytes += snapshot_bytes;
  const std::uint64_t received = client_.stats().payload_bytes_received;
  update_bytes_ = received - std::exchange(totals_.client.payload_bytes_received, received);

  std::string kind;
  if (event.snapshot.has_value()) {
    kind = absl::StrCat(", snapshot: ", std::string(onager::ResyncReasonName(*event.snapshot)));
  }
  if (event.replayed) kind = ", replayed";
  // What is replayed comes in one message, whose size is counted with the first of it.
  std::string size;
  if (update_bytes_ > 0) {
    size = absl::StrFormat(": %s (a snapshot: %s)", FormatBytes(static_cast<double>(update_bytes_)),
                           FormatBytes(static_cast<double>(snapshot_bytes)));
  }
  PrintLine(absl::StrFormat("revision %d%s%s; %s", event.revision, kind, size, RenderLine(state_)));
}

void LiveMonitor::OnEvent(ConnectionEvent event) {
  connection_ = Describe(event);
  // Attempts that fail like the one before are no news.
  if (std::exchange(connection_state_, event.state) != event.state) PrintLine(connection_);
}

void LiveMonitor::OnEvent(EndEvent event) { end_reason_ = std::move(event.reason); }

void LiveMonitor::PrintLine(const std::string& line) const {
  if (display_ == Display::kLines) std::cout << line << std::endl;
}

std::vector<std::string> LiveMonitor::Heading() const {
  std::vector<std::string> lines;
  if (!announcement_.empty()) lines.push_back(announcement_);
  lines.push_back(absl::StrCat(server_, "  ", connection_));
  lines.push_back(absl::StrFormat("revision %d   last update %s   received %s, as snapshots %s",
                                  totals_.last_revision, FormatBytes(static_cast<double>(update_bytes_)),
                                  FormatBytes(static_cast<double>(client_.stats().bytes_received)),
                                  FormatBytes(static_cast<double>(totals_.snapshot_bytes))));
  return lines;
}

void LiveMonitor::Announce(const std::string& what) {
  announcement_ = what;
  PrintLine(absl::StrCat("== ", what));
  if (on_screen_) DrawScreen();
}

void LiveMonitor::DrawScreen() {
  ScreenSize size = TerminalSize();
  if (size.rows > 1) --size.rows;  // The cursor rests on the last one.
  std::string frame;
  if (!on_screen_) frame += "\x1b[?25l\x1b[2J";  // The cursor is hidden, the screen emptied.
  on_screen_ = true;
  frame += "\x1b[H";
  for (const std::string& line : RenderScreen(state_, rates_, Heading(), size)) {
    absl::StrAppend(&frame, line, "\x1b[K\r\n");
  }
  frame += "\x1b[J";
  std::cout << frame << std::flush;
}

void LiveMonitor::LeaveScreen() {
  if (!std::exchange(on_screen_, false)) return;
  std::cout << "\x1b[?25h" << std::flush;
}

MonitorTotals LiveMonitor::totals() const {
  MonitorTotals totals = totals_;
  totals.client = client_.stats();
  return totals;
}

std::string Summary(const MonitorTotals& totals) {
  const onager::ClientStats& stats = totals.client;
  const auto received = static_cast<double>(stats.bytes_received);
  const auto as_snapshots = static_cast<double>(totals.snapshot_bytes);
  return absl::StrFormat(
      "%s, revision %d to %d\n"
      "received %s in all; the whole state at each update would have been %s, %.1f times as much\n"
      "%s, %s, %s replayed, %s\n",
      Plural(totals.updates, "update", "updates"), totals.first_revision, totals.last_revision,
      FormatBytes(received), FormatBytes(as_snapshots), received > 0 ? as_snapshots / received : 0,
      Plural(stats.connections > 0 ? stats.connections - 1 : 0, "reconnect", "reconnects"),
      Plural(stats.resumes, "resume by token", "resumes by token"),
      Plural(stats.replayed_deltas, "delta", "deltas"), Plural(stats.resyncs, "resync", "resyncs"));
}

}  // namespace host_monitor
