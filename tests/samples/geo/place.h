#ifndef GEO_PLACE_H_
#define GEO_PLACE_H_

#include <chrono>
#include <string>
#include <vector>

// Somebody's types, which know nothing of Onager.
namespace geo {

enum class Kind : unsigned char { kUnknown = 0, kTown = 1, kLake = 2 };

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

inline constexpr Point kOrigin{52.5, 13.4};

inline double Height(const Point& at) { return at.lat * at.lon / 90; }

}  // namespace geo

#endif  // GEO_PLACE_H_
