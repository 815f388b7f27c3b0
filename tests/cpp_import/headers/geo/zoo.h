#ifndef GEO_ZOO_H_
#define GEO_ZOO_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "geo/point.h"

namespace onager {
class Uuid {};
struct Bytes : std::string {};
}  // namespace onager

namespace zoo {

struct Base {
  int from_base = 0;
};

// Every kind of field that travels.
struct Good : Base {
  enum class Mood { kCalm, kWild };
  struct Inner {
    short depth = 0;
  };
  static int shared;

  bool flag = false;
  signed char i8 = 0;
  unsigned char u8 = 0;
  std::int16_t i16 = 0;
  std::uint32_t u32 = 0;
  long i64 = 0;
  unsigned long long u64 = 0;
  float f = 0;
  double d = 0;
  std::string text;
  std::vector<std::byte> bytes;
  std::vector<unsigned char> more_bytes;
  onager::Bytes our_bytes;
  onager::Uuid id;
  std::vector<std::string> list;
  std::array<float, 3> array;
  std::deque<bool> deque;
  std::list<geo::Point> points;
  std::set<std::string> set;
  std::unordered_set<int> hashed;
  std::map<std::string, geo::Point> map;
  std::unordered_map<int, Mood> moods;
  std::optional<Inner> inner;
  std::variant<std::monostate, int, std::string, geo::Point> one_of;
  std::chrono::milliseconds wait{};
  std::chrono::duration<double, std::ratio<60>> minutes{};
  std::chrono::system_clock::time_point when;
  std::chrono::sys_days day;
  geo::Kind kind = geo::Kind::kTown;
  geo::Plain plain = geo::FLAT;
};

// Every kind that does not.
struct Odd {
  Odd() : reference(text) {}
  Odd(const Odd&) : reference(text) {}
  Odd& operator=(const Odd&) { return *this; }

  std::string text;
  std::string& reference;
  const int constant = 1;
  int bits : 3;
  char letter = 0;
  char8_t wide = 0;
  __int128 large = 0;
  long double fine = 0;
  int* pointer = nullptr;
  int c_array[3] = {};
  union {
    int left;
    float right;
  } both;
  enum { ONE, TWO } unnamed = ONE;
  std::string_view view;
  std::unique_ptr<int> owner;
  std::function<void()> call;
  std::pair<int, int> pair;
  std::byte byte{};
  std::map<int, int, std::greater<int>> backwards;
  std::vector<std::unique_ptr<int>> owners;
  std::variant<int, float> always;
  std::chrono::steady_clock::time_point tick;
  std::multiset<int> bag;
  std::wstring wtext;
};

template <typename T>
struct Pair {
  T first{};
};
using IntPair = Pair<int>;
struct Derived : Pair<int> {};
template <typename T>
struct Counted {};
struct Grown : Base, Counted<Grown> {
  int own = 0;
};

class Money {
 public:
  long Cents() const { return cents_; }
  int scale = 2;

 private:
  long cents_ = 0;
};
struct Secret : private Base {
  int open = 0;
};
struct Anonymous {
  int before = 0;
  union {
    int left;
    float right;
  };
};
union Either {
  int left;
  float right;
};
struct Later;
struct Needy {
  explicit Needy(int value) : field(value) {}
  int field;
};
struct Moved {
  Moved() = default;
  Moved(Moved&&) = default;
  int field = 0;
};
struct Empty {};
struct Hides : Base {
  int from_base = 0;
};
using Number = int;
enum class Huge : unsigned long { kMax = ~0ul };

}  // namespace zoo

#endif  // GEO_ZOO_H_
