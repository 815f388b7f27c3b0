#ifndef GEO_PLACE_H_
#define GEO_PLACE_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

// Somebody's types, which know nothing of Onager.
namespace geo {

enum class Kind : unsigned char { kLake = 2, kUnknown = 0, kTown = 1, kCity = 1 };

struct Point {
  double lat = 0;
  double lon = 0;
  int cached = 0;
};

struct Place {
  std::string name;
  Kind kind = Kind::kUnknown;
  Point at;
  std::vector<Point> outline;
  std::chrono::seconds age{};
};

struct Circle {
  Point middle;
  float radius = 0;

  friend bool operator==(const Circle& a, const Circle& b) {
    return a.middle.lat == b.middle.lat && a.middle.lon == b.middle.lon && a.radius == b.radius;
  }
};

// One of everything that can be imported.
struct Atlas {
  bool open = false;
  std::int16_t small = 0;
  std::uint64_t large = 0;
  std::vector<std::uint8_t> raw;
  std::optional<Place> capital;
  std::optional<int> scale;
  std::map<std::string, Point> exits;
  std::unordered_map<std::uint32_t, Kind> kinds;
  std::set<std::string> names;
  std::unordered_set<std::int64_t> codes;
  std::deque<double> heights;
  std::array<int, 3> counts{};
  std::chrono::system_clock::time_point printed;
  std::variant<std::monostate, double, std::string, Circle> extent;
};

inline constexpr Point kOrigin{52.5, 13.4};

inline double Height(const Point& at) { return at.lat * at.lon / 90; }

}  // namespace geo

#endif  // GEO_PLACE_H_
