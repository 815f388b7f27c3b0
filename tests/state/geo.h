#ifndef ONAGER_TESTS_STATE_GEO_H_
#define ONAGER_TESTS_STATE_GEO_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
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

enum class Kind : std::uint8_t { kTown = 0, kVillage = 1, kFarm = 200 };
enum Side { kLeft = -1, kRight = 1 };

struct Point {
  double lat;
  double lon;
  int cached = 0;  // Omitted.
};

struct Stop {
  int number = 0;
  Point at{};
};

struct Base {
  std::int16_t rank = 3;
};

// A member of every shape that can be imported.
struct Site : Base {
  bool flag = false;
  std::int8_t tiny = 0;
  std::uint8_t small = 0;
  std::uint16_t middle = 0;
  long long large = 0;
  unsigned long long huge = 0;
  float ratio = 0;
  Kind kind = Kind::kTown;
  Side side = kLeft;
  std::string name;
  std::vector<std::byte> raw;
  std::vector<unsigned char> blob;
  Point at{};
  std::optional<Point> exit;
  std::optional<int> floor;
  std::vector<Point> fence;
  std::vector<Kind> kinds;
  std::array<double, 3> box{};
  std::deque<std::string> queue;
  std::list<std::int16_t> steps;
  std::set<std::string> tags;
  std::unordered_set<int> codes;
  std::map<std::string, Point> gates;
  std::unordered_map<std::uint16_t, std::string> rooms;
  std::chrono::milliseconds age{};
  std::chrono::duration<double> drift{};
  std::chrono::system_clock::time_point opened{};
  std::variant<std::monostate, int, std::string, Point> shape;
  std::vector<std::vector<std::byte>> chunks;
};

}  // namespace geo

#endif  // ONAGER_TESTS_STATE_GEO_H_
