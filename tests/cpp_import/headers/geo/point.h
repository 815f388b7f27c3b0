#ifndef GEO_POINT_H_
#define GEO_POINT_H_

#include <string>
#include <vector>

// What a user's own library may look like.
namespace geo {

inline namespace v2 {

struct Point {
  double lat = 0;
  double lon = 0;
  bool Valid() const { return lat >= -90 && lat <= 90; }
  void Move(double by) { lat += by; }
};

}  // namespace v2

inline constexpr Point kOrigin{52.5, 13.4};
inline int counter = 0;
inline Point changing;

enum class Kind : unsigned char { kTown = 0, kLake = 2 };
enum Plain { FLAT, HILLY = -3 };

double Distance(const Point& a, const Point& b);
double Distance(const Point& a);
template <typename T>
T Twice(T value) {
  return value + value;
}
inline int Count() { return ++counter; }
void Forget(Point& point);

}  // namespace geo

#endif  // GEO_POINT_H_
