#ifndef ONAGER_EXAMPLES_HOST_MONITOR_SCREEN_H_
#define ONAGER_EXAMPLES_HOST_MONITOR_SCREEN_H_

#include <cstddef>
#include <string>
#include <vector>

#include "host_monitor.client.h"

namespace host_monitor {

struct ScreenSize {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

/// What an interface carries per second.
struct InterfaceRate {
  std::string name;
  double received_bytes = 0;
  double sent_bytes = 0;
};

/// The rates between two states of the same machine; 0 where there is nothing to compare with.
std::vector<InterfaceRate> RatesBetween(const v1::HostMonitorState& earlier,
                                        const v1::HostMonitorState& later);

/// The whole screen: `heading`, the machine's load, memory and interfaces, then the busiest processes, as
/// many as fit. No line is longer than the screen is wide, none holds anything but printable ASCII.
std::vector<std::string> RenderScreen(const v1::HostMonitorState& state,
                                      const std::vector<InterfaceRate>& rates,
                                      const std::vector<std::string>& heading, ScreenSize size);

/// The same in one line, for a log.
std::string RenderLine(const v1::HostMonitorState& state);

/// "980 B", "1.5 KiB", "23.4 GiB".
std::string FormatBytes(double bytes);

}  // namespace host_monitor

#endif  // ONAGER_EXAMPLES_HOST_MONITOR_SCREEN_H_
