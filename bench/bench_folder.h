#ifndef ONAGER_BENCH_BENCH_FOLDER_H_
#define ONAGER_BENCH_BENCH_FOLDER_H_

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace onager::bench {

/// A folder for one measurement, which goes with the object: in `ONAGER_BENCH_FOLDER`.
class BenchFolder {
 public:
  BenchFolder() {
    const char* const folder = std::getenv("ONAGER_BENCH_FOLDER");
    folder_ = std::filesystem::path(folder == nullptr ? "." : folder) / "onager_bench";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~BenchFolder() { std::filesystem::remove_all(folder_); }
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;

  std::string File(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

inline double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace onager::bench

#endif  // ONAGER_BENCH_BENCH_FOLDER_H_
