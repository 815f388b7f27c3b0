#ifndef ONAGER_TESTS_STORE_SCRATCH_FOLDER_H_
#define ONAGER_TESTS_STORE_SCRATCH_FOLDER_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace onager::store {

/// A folder that goes with the object. In memory where the system has such a place: flushing costs nothing
/// there, and what these tests ask of it is not how long a disk takes.
class ScratchFolder {
 public:
  ScratchFolder() {
    static int count = 0;
    const std::filesystem::path memory = "/dev/shm";
    const std::filesystem::path parent =
        access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::path(testing::TempDir());
    path_ = parent / ("onager_store_" + std::to_string(getpid()) + "_" + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string File(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace onager::store

#endif  // ONAGER_TESTS_STORE_SCRATCH_FOLDER_H_
