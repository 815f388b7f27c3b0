#ifndef CONSUMER_POINT_H_
#define CONSUMER_POINT_H_

namespace consumer {

struct Point {
  int x = 0;
  int y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

}  // namespace consumer

#endif  // CONSUMER_POINT_H_
