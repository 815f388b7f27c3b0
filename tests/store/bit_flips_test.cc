#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "runtime/base/xoshiro.h"
#include "runtime/store/sqlite/sqlite_snapshot.h"
#include "runtime/store/sqlite/sqlite_store.h"
#include "tests/store/faulty_vfs.h"
#include "tests/store/random_records.h"
#include "tests/store/scratch_folder.h"

namespace onager::store {
namespace {

/// Of every so many bits one is flipped; `tests/soak/bit_flips` flips them all.
std::uint64_t Stride(std::uint64_t bits) {
  const char* const text = std::getenv("ONAGER_BIT_FLIPS");
  const std::uint64_t flips = text == nullptr ? 250 : std::strtoull(text, nullptr, 10);
  return flips == 0 ? 1 : 1 + bits / flips;
}

using Described = std::map<ActorId, std::string>;

/// A small store with some of everything. What a flip does to it is asked of a store, or of a snapshot.
class FlippedStore {
 public:
  enum class Reader { kStore, kSnapshot };

  explicit FlippedStore(Reader reader = Reader::kStore) : reader_(reader), records_(7) {
    WriteImage({}, folder_.File("store"));
    auto store = OpenSqliteStore(Options());
    EXPECT_TRUE(store.ok()) << store.status();
    for (int i = 0; i < 40; ++i) Write(**store);
    store->reset();  // All of it is in the file now.
    closed_ = ReadImage(folder_.File("store"));
    store = OpenSqliteStore(Options());
    EXPECT_TRUE(store.ok()) << store.status();
    for (int i = 0; i < 6; ++i) Write(**store);
    right_ = DescribeActors(**store, records_.actors());
    crashed_ = ReadImage(folder_.File("store"));  // As after a `kill -9`.
    const auto snapshot = OpenSqliteSnapshot(Options());
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    store->reset();
    read_ = ReadImage(folder_.File("store"));
  }

  const DiskImage& crashed() const { return crashed_; }
  /// Closed while somebody was reading.
  const DiskImage& read() const { return read_; }
  const DiskImage& closed() const { return closed_; }

  Described DescribeImage(const DiskImage& image) {
    WriteImage(image, folder_.File("store"));
    const auto store = reader_ == Reader::kStore ? OpenSqliteStore(Options()) : OpenSqliteSnapshot(Options());
    if (!store.ok()) return {{ActorId{"", "opening"}, store.status().ToString()}};
    return DescribeActors(**store, records_.actors());
  }

  /// Opens the image with the bit flipped, and fails when something is read that was not written. Returns
  /// whether the flip was noticed.
  bool Flip(DiskImage image, const std::string& file, std::uint64_t bit, const Described& right) {
    char& byte = image[file][bit / 8];
    byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    bool noticed = false;
    for (const auto& [what, text] : DescribeImage(image)) {
      if (right.contains(what) && text == right.at(what)) continue;
      noticed = true;
      // An error of one list stands beside what the other has.
      const bool is_error = absl::StrContains(text, "DATA_LOSS: ") ||
                            (what.key == "opening" && absl::StartsWith(text, "FAILED_PRECONDITION: "));
      EXPECT_TRUE(is_error) << file << ", bit " << bit << ": " << what.ToString() << " is " << text;
    }
    return noticed;
  }

 private:
  SqliteOptions Options() const {
    SqliteOptions options(folder_.File("store") + "/store.db");
    options.readers = 1;
    return options;
  }

  void Write(Store& store) {
    std::promise<absl::Status> written;
    store.Commit(records_.Next(), [&written](absl::Status status) { written.set_value(std::move(status)); });
    EXPECT_TRUE(written.get_future().get().ok());
  }

  const Reader reader_;
  ScratchFolder folder_;
  RandomRecords records_;
  DiskImage closed_;
  DiskImage crashed_;
  DiskImage read_;
  Described right_;
};

/// Flips bits of one file of the image, each by itself.
void FlipBits(FlippedStore& store, const DiskImage& image, const std::string& file) {
  const Described right = store.DescribeImage(image);
  ASSERT_FALSE(right.contains(ActorId{"", "opening"})) << right.begin()->second;
  const std::uint64_t bits = image.at(file).size() * 8;
  const std::uint64_t stride = Stride(bits);
  Xoshiro256 random(bits);
  std::uint64_t flips = 0;
  std::uint64_t noticed = 0;
  for (std::uint64_t bit = random.Between(0, stride - 1); bit < bits;
       bit += random.Between(1, 2 * stride - 1), ++flips) {
    if (store.Flip(image, file, bit, right)) ++noticed;
    if (testing::Test::HasFailure()) return;
  }
  std::cout << flips << " of " << bits << " bits, " << noticed << " noticed" << std::endl;
  EXPECT_GT(noticed, flips / 5);
}

TEST(BitFlipsTest, OneInTheFileIsNoticedOrHarmless) {
  FlippedStore store;
  FlipBits(store, store.closed(), "store.db");
}

TEST(BitFlipsTest, OneInALogThatACrashLeftIsNoticedOrHarmless) {
  FlippedStore store;
  FlipBits(store, store.crashed(), "store.db-wal");
}

TEST(BitFlipsTest, OneInALogThatACrashLeftIsNoticedOrHarmlessInASnapshotToo) {
  FlippedStore store(FlippedStore::Reader::kSnapshot);
  FlipBits(store, store.crashed(), "store.db-wal");
}

TEST(BitFlipsTest, OneInALogThatAReaderHasKeptIsNoticedOrHarmless) {
  FlippedStore store;
  ASSERT_TRUE(store.read().contains("store.db-wal"));
  FlipBits(store, store.read(), "store.db-wal");
}

TEST(BitFlipsTest, OneInTheFileBesideALogIsNoticedOrHarmless) {
  FlippedStore store;
  FlipBits(store, store.crashed(), "store.db");
}

}  // namespace
}  // namespace onager::store
