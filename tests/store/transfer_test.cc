#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/base/xoshiro.h"
#include "runtime/store/forwarding_store.h"
#include "runtime/store/memory_store.h"
#include "runtime/store/open/open_store.h"
#include "runtime/store/transfer/backup.h"
#include "runtime/store/transfer/backup_file.h"
#include "tests/store/postgres_server.h"
#include "tests/store/random_records.h"
#include "tests/store/scratch_folder.h"

namespace onager::store {
namespace {

DrawEpoch Epochs() {
  return [random = std::make_shared<Xoshiro256>(77)] { return random->Next(); };
}

std::optional<StoredActor> Load(Store& store, const ActorId& actor) {
  std::promise<absl::StatusOr<std::optional<StoredActor>>> loaded;
  store.Load(actor, [&loaded](auto stored) { loaded.set_value(std::move(stored)); });
  absl::StatusOr<std::optional<StoredActor>> stored = loaded.get_future().get();
  EXPECT_TRUE(stored.ok()) << stored.status();
  return stored.ok() ? *std::move(stored) : std::nullopt;
}

absl::Status Commit(Store& store, CommitRecord record) {
  std::promise<absl::Status> committed;
  store.Commit(std::move(record), [&committed](absl::Status status) { committed.set_value(status); });
  return committed.get_future().get();
}

std::string Text(const SharedBytes& bytes) { return bytes == nullptr ? "-" : absl::StrCat("'", *bytes, "'"); }

/// What a restore keeps of an actor.
std::string Kept(const StoredActor& stored) {
  std::string text = absl::StrCat(stored.destroyed ? "destroyed " : "", "revision ", stored.revision);
  if (stored.destroyed) return absl::StrCat(text, " epoch ", stored.epoch);
  absl::StrAppend(&text, " version ", stored.version, " snapshot ", stored.snapshot.revision, " ",
                  stored.snapshot.state == nullptr ? 0 : stored.snapshot.version, " ",
                  Text(stored.snapshot.state));
  for (const LogStep& step : stored.log) {
    if (step.revision <= stored.snapshot.revision) continue;
    absl::StrAppend(&text, "\n step ", step.revision, " ", Text(step.patch), " ", Text(step.events), " ",
                    absl::ToUnixMicros(step.committed_at));
  }
  std::vector<StoredCall> calls = stored.calls;  // Those of one revision come in any order.
  std::sort(calls.begin(), calls.end(), [](const StoredCall& a, const StoredCall& b) { return a.id < b.id; });
  for (const StoredCall& call : calls) {
    absl::StrAppend(&text, "\n call ", call.id.high, ".", call.id.low, " ", call.revision, " ",
                    Text(call.outcome), " ", absl::ToUnixMicros(call.ended_at));
  }
  for (const StoredReminder& reminder : stored.reminders) {
    absl::StrAppend(&text, "\n reminder ", reminder.name, "/", reminder.id, " ",
                    absl::ToUnixMicros(reminder.due), " ", absl::ToInt64Microseconds(reminder.period));
  }
  return text;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}
void WriteFile(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A kind of store, and how a new one of it is opened.
struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<Store>(const ScratchFolder&)> make;
};

PostgresServer* Postgres() {
  static const absl::StatusOr<std::unique_ptr<PostgresServer>> server = PostgresServer::Start();
  return server.ok() ? server->get() : nullptr;
}

std::unique_ptr<Store> OpenOrFail(const std::string& url) {
  absl::StatusOr<std::unique_ptr<Store>> store = Open(url);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

const StoreKind kMemory{"Memory", [](const ScratchFolder&) { return std::make_unique<MemoryStore>(); }};
const StoreKind kSqlite{"Sqlite", [](const ScratchFolder& folder) {
                          static std::atomic<int> count = 0;
                          return OpenOrFail("sqlite:" + folder.File(absl::StrCat(++count, ".db")));
                        }};
const StoreKind kPostgres{"Postgres", [](const ScratchFolder&) {
                            EXPECT_NE(Postgres(), nullptr);
                            return OpenOrFail(Postgres()->Url(Postgres()->MakeDatabase()));
                          }};

struct Route {
  StoreKind from;
  StoreKind to;
};

class TransferTest : public testing::TestWithParam<Route> {
 protected:
  ScratchFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Stores, TransferTest,
                         testing::Values(Route{kMemory, kMemory}, Route{kMemory, kSqlite},
                                         Route{kSqlite, kMemory}, Route{kSqlite, kPostgres},
                                         Route{kPostgres, kSqlite}, Route{kPostgres, kPostgres}),
                         [](const auto& route) {
                           return route.param.from.name + "To" + route.param.to.name;
                         });

TEST_P(TransferTest, EverythingArrivesInNewEpochs) {
  const std::unique_ptr<Store> from = GetParam().from.make(folder_);
  const std::unique_ptr<Store> to = GetParam().to.make(folder_);
  ASSERT_TRUE(from != nullptr && to != nullptr);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    RandomRecords records(seed);
    for (int i = 0; i < 150; ++i) (void)Commit(*from, records.Next());
  }
  const std::string file = folder_.File("backup");
  BackupOptions options;
  options.now = absl::FromUnixSeconds(1'700'000'000);
  options.store_name = "here";
  const absl::StatusOr<BackupCounts> written = Backup(*from, file, options);
  ASSERT_TRUE(written.ok()) << written.status();
  const absl::StatusOr<BackupCounts> verified = VerifyBackup(file);
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(*verified, *written);
  const absl::StatusOr<BackupCounts> restored = Restore(file, *to, Epochs());
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(*restored, *written);
  EXPECT_GT(written->actors, 3u);
  EXPECT_GT(written->steps, 10u);
  EXPECT_GT(written->calls, 0u);
  EXPECT_GT(written->reminders, 0u);

  const std::vector<ActorId> actors = RandomRecords(1).actors();
  for (const ActorId& actor : actors) {
    const std::optional<StoredActor> before = Load(*from, actor);
    const std::optional<StoredActor> after = Load(*to, actor);
    ASSERT_EQ(before.has_value(), after.has_value()) << actor.ToString();
    if (!before.has_value()) continue;
    EXPECT_EQ(Kept(*after), Kept(*before)) << actor.ToString();
    EXPECT_FALSE(after->ahead);
    if (!before->destroyed) {
      EXPECT_NE(after->epoch, before->epoch) << actor.ToString();
    }
  }
  // And it is a store like any other.
  CommitRecord record;
  record.actor = {"t.v1.New", "x"};
  record.epoch = 5;
  record.steps.emplace_back().revision = 1;
  record.steps.back().patch = ShareBytes("p");
  EXPECT_TRUE(Commit(*to, std::move(record)).ok());

  // There and back again: the same file, but for the epochs.
  const std::string second = folder_.File("second");
  ASSERT_TRUE(Backup(*to, second, options).ok());
  EXPECT_EQ(VerifyBackup(second)->actors, written->actors + 1);
}

TEST_P(TransferTest, EachActorIsOfOneMomentWhileOthersWrite) {
  const std::unique_ptr<Store> from = GetParam().from.make(folder_);
  const std::unique_ptr<Store> to = GetParam().to.make(folder_);
  ASSERT_TRUE(from != nullptr && to != nullptr);
  std::atomic<bool> stop = false;
  std::atomic<int> under_way = 0;
  std::vector<std::thread> writers;
  for (const char* key : {"a", "b", "c"}) {
    writers.emplace_back([&, key] {
      // The state is its own revision.
      for (std::uint64_t revision = 0; !stop || revision < 50; ++revision) {
        CommitRecord record;
        record.actor = {"t.v1.Counter", key};
        record.epoch = 9;
        record.base_revision = revision;
        record.steps.emplace_back().revision = revision + 1;
        record.steps.back().patch = ShareBytes(absl::StrCat(revision + 1));
        if (revision % 7 == 0) {
          record.snapshot = ShareBytes(absl::StrCat(revision + 1));
          record.log_floor = revision;
        }
        EXPECT_TRUE(Commit(*from, std::move(record)).ok());
        if (revision == 20) ++under_way;
      }
    });
  }
  while (under_way < 3) std::this_thread::yield();
  const std::string file = folder_.File("backup");
  const absl::StatusOr<BackupCounts> written = Backup(*from, file, BackupOptions());
  stop = true;
  for (std::thread& writer : writers) writer.join();
  ASSERT_TRUE(written.ok()) << written.status();
  ASSERT_TRUE(Restore(file, *to, Epochs()).ok());
  for (const char* key : {"a", "b", "c"}) {
    const std::optional<StoredActor> actor = Load(*to, {"t.v1.Counter", key});
    ASSERT_TRUE(actor.has_value());
    EXPECT_EQ(*actor->snapshot.state, absl::StrCat(actor->snapshot.revision));
    std::uint64_t revision = actor->snapshot.revision;
    for (const LogStep& step : actor->log) EXPECT_EQ(*step.patch, absl::StrCat(++revision));
    EXPECT_EQ(revision, actor->revision);
  }
}

// The file -------------------------------------------------------------------------------------------------

/// While it lives, the system says that file systems cannot do something.
class PoorFileSystem {
 public:
  enum class Lacks { kNothing, kRenamesThatReplaceNothing, kHardLinksToo };

  explicit PoorFileSystem(Lacks what) { lacks = what; }
  ~PoorFileSystem() { lacks = Lacks::kNothing; }
  PoorFileSystem(const PoorFileSystem&) = delete;
  PoorFileSystem& operator=(const PoorFileSystem&) = delete;

  static inline Lacks lacks = Lacks::kNothing;
};

class BackupFileTest : public testing::Test {
 protected:
  BackupFileTest() {
    CommitRecord record;
    record.actor = {"t.v1.Counter", "a"};
    record.epoch = 9;
    record.steps.emplace_back().revision = 1;
    record.steps.back().patch = ShareBytes("patch");
    EXPECT_TRUE(Commit(store_, record).ok());
    record.actor.key = "b";
    record.snapshot = ShareBytes("state");
    record.calls.emplace_back().outcome = ShareBytes("outcome");
    record.reminders.emplace_back().name = "Due";
    EXPECT_TRUE(Commit(store_, record).ok());
    CommitRecord destroy;
    destroy.actor = record.actor;
    destroy.actor.key = "c";
    destroy.epoch = 9;
    destroy.destroy = true;
    EXPECT_TRUE(Commit(store_, destroy).ok());
    path_ = folder_.File("backup");
  }
  absl::Status Write(bool replace = false) {
    BackupOptions options;
    options.replace = replace;
    return Backup(store_, path_, options).status();
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(path_).parent_path())) {
      names.push_back(file.path().filename());
    }
    return names;
  }

  ScratchFolder folder_;
  MemoryStore store_;
  std::string path_;
};

TEST_F(BackupFileTest, EveryFlippedBitIsNoticed) {
  ASSERT_TRUE(Write().ok());
  const std::string whole = ReadFile(path_);
  ASSERT_LT(whole.size(), 1'000u);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    WriteFile(path_, damaged);
    const absl::Status status = VerifyBackup(path_).status();
    EXPECT_TRUE(absl::IsDataLoss(status) || (bit < 64 && absl::IsInvalidArgument(status)))
        << "bit " << bit << ": " << status;
  }
}

TEST_F(BackupFileTest, EveryCutIsNoticedAndWhatFollowsTheEnd) {
  ASSERT_TRUE(Write().ok());
  const std::string whole = ReadFile(path_);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    WriteFile(path_, std::string_view(whole).substr(0, size));
    EXPECT_FALSE(VerifyBackup(path_).ok()) << size;
  }
  WriteFile(path_, whole + '\0');
  EXPECT_TRUE(absl::IsDataLoss(VerifyBackup(path_).status()));
  WriteFile(path_, whole + whole);
  EXPECT_TRUE(absl::IsDataLoss(VerifyBackup(path_).status()));
  WriteFile(path_, whole);
  EXPECT_TRUE(VerifyBackup(path_).ok());
}

TEST_F(BackupFileTest, FramesThatAreExchangedOrDoubledAreNoticed) {
  ASSERT_TRUE(Write().ok());
  const std::string whole = ReadFile(path_);
  std::vector<std::string> frames;
  for (std::size_t at = 8; at < whole.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      length |= static_cast<std::size_t>(static_cast<unsigned char>(whole[at + i])) << (8 * i);
    }
    frames.push_back(whole.substr(at, 8 + length));
    at += 8 + length;
  }
  ASSERT_GT(frames.size(), 6u);
  for (std::size_t i = 0; i + 1 < frames.size(); ++i) {
    for (const bool doubled : {false, true}) {
      std::vector<std::string> changed = frames;
      if (doubled) {
        changed[i + 1] = changed[i];
      } else {
        std::swap(changed[i], changed[i + 1]);
      }
      std::string bytes = whole.substr(0, 8);
      for (const std::string& frame : changed) bytes += frame;
      WriteFile(path_, bytes);
      EXPECT_TRUE(absl::IsDataLoss(VerifyBackup(path_).status())) << i << doubled;
    }
  }
}

TEST_F(BackupFileTest, WhatIsDamagedIsNotRestoredInPart) {
  ASSERT_TRUE(Write().ok());
  std::string damaged = ReadFile(path_);
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  WriteFile(path_, damaged);
  MemoryStore to;
  EXPECT_TRUE(absl::IsDataLoss(Restore(path_, to, Epochs()).status()));
  EXPECT_EQ(to.size(), 0u);
}

TEST_F(BackupFileTest, OnlyAnEmptyStoreIsRestoredInto) {
  ASSERT_TRUE(Write().ok());
  const std::vector<ActorId> actors = {{"t.v1.Counter", "a"}, {"t.v1.Counter", "b"}};
  const auto before = DescribeActors(store_, actors);
  const absl::Status status = Restore(path_, store_, Epochs()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(DescribeActors(store_, actors), before);
}

TEST_F(BackupFileTest, WhatIsThereIsReplacedOnlyWhereThatIsAskedForAndOnlyByAWholeOne) {
  WriteFile(path_, "precious");
  EXPECT_EQ(Write().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadFile(path_), "precious");
  ASSERT_TRUE(Write(/*replace=*/true).ok());
  EXPECT_TRUE(VerifyBackup(path_).ok());
  EXPECT_EQ(Files(), std::vector<std::string>{"backup"});
  struct stat found{};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);  // It has the key that signs tokens.
}

TEST_F(BackupFileTest, OfTwoThatAreWrittenToOnePlaceEachIsWhole) {
  StoredActor destroyed;
  destroyed.epoch = 9;
  destroyed.destroyed = true;
  for (const bool replace : {false, true}) {
    auto one = BackupFileWriter::Create(path_, BackupHeader(), replace);
    ASSERT_TRUE(one.ok()) << one.status();
    ASSERT_TRUE((*one)->Add({"t.v1.Counter", "a"}, destroyed).ok());
    auto two = BackupFileWriter::Create(path_, BackupHeader(), replace);
    ASSERT_TRUE(two.ok()) << two.status();
    ASSERT_TRUE((*two)->Add({"t.v1.Counter", "a"}, destroyed).ok());
    ASSERT_TRUE((*two)->Add({"t.v1.Counter", "b"}, destroyed).ok());
    ASSERT_TRUE((*two)->Finish().ok());
    EXPECT_EQ(VerifyBackup(path_)->actors, 2u);
    const absl::Status late = (*one)->Finish().status();
    EXPECT_EQ(late.code(), replace ? absl::StatusCode::kOk : absl::StatusCode::kAlreadyExists) << late;
    EXPECT_EQ(VerifyBackup(path_)->actors, replace ? 1u : 2u);
    EXPECT_EQ(Files(), std::vector<std::string>{"backup"});
    std::filesystem::remove(path_);
  }
}

TEST_F(BackupFileTest, ItIsGivenItsNameInWhateverWayTheFileSystemKnows) {
  for (const PoorFileSystem::Lacks lacks :
       {PoorFileSystem::Lacks::kRenamesThatReplaceNothing, PoorFileSystem::Lacks::kHardLinksToo}) {
    const PoorFileSystem poor(lacks);
    auto late = BackupFileWriter::Create(path_, BackupHeader(), false);
    ASSERT_TRUE(Write().ok());
    const BackupCounts counts = *VerifyBackup(path_);
    EXPECT_EQ((*late)->Finish().status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(*VerifyBackup(path_), counts);
    EXPECT_EQ(Files(), std::vector<std::string>{"backup"});
    std::filesystem::remove(path_);
  }
}

TEST_F(BackupFileTest, AStoreThatCannotBeReadLeavesNoFile) {
  class Unreadable final : public ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    void Load(const ActorId& actor, LoadDone done) override {
      if (actor.key == "b") return done(absl::DataLossError("rotten"));
      ForwardingStore::Load(actor, std::move(done));
    }
  };
  Unreadable unreadable(store_);
  EXPECT_TRUE(absl::IsDataLoss(Backup(unreadable, path_, BackupOptions()).status()));
  EXPECT_TRUE(Files().empty());
}

TEST_F(BackupFileTest, AFullDiskLeavesNoFile) {
  CommitRecord large;
  large.actor = {"t.v1.Counter", "large"};
  large.epoch = 9;
  large.steps.emplace_back().revision = 1;
  large.steps.back().patch = ShareBytes(std::string(1 << 20, 'x'));
  ASSERT_TRUE(Commit(store_, large).ok());
  // What the system refuses to write beyond is as if there were no more room.
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlimit small = limit;
  small.rlim_cur = 64 << 10;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = Write();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(Files().empty());
  EXPECT_TRUE(Write().ok());
}

TEST_F(BackupFileTest, WhatIsNoBackupOrOfALaterFormatIsToldApart) {
  EXPECT_EQ(VerifyBackup(path_).status().code(), absl::StatusCode::kNotFound);
  WriteFile(path_, "some text that is no backup");
  EXPECT_EQ(VerifyBackup(path_).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(VerifyBackup("/").status().code(), absl::StatusCode::kInvalidArgument);
  std::filesystem::remove(path_);
  BackupHeader header;
  header.format = 2;
  ASSERT_TRUE((*BackupFileWriter::Create(path_, header, false))->Finish().ok());
  const absl::Status status = VerifyBackup(path_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(std::string(status.message()).find("format 2"), std::string::npos) << status;
}

TEST_F(BackupFileTest, AnEmptyStoreIsABackupToo) {
  MemoryStore empty;
  ASSERT_TRUE(Backup(empty, path_, BackupOptions()).ok());
  EXPECT_EQ(*VerifyBackup(path_), BackupCounts());
  EXPECT_TRUE(Restore(path_, empty, Epochs()).ok());
}

TEST(BackupRecordsTest, AnyBytesAreReadOrRefused) {
  Xoshiro256 random(7);
  for (int i = 0; i < 50'000; ++i) {
    std::string bytes(random.Between(0, 40), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Between(0, i % 2 == 0 ? 255 : 63));
    (void)DecodeRecord(bytes);
  }
}

TEST(BackupRecordsTest, BytesThatWouldTakeMuchMoreMemoryAreRefused) {
  // Steps, calls and reminders, of two bytes each.
  for (const BackupRecord& kind :
       {BackupRecord(std::vector<LogStep>(2)), BackupRecord(std::vector<StoredCall>(1)),
        BackupRecord(std::vector<StoredReminder>(1))}) {
    const std::string bytes = EncodeRecord(kind);
    EXPECT_EQ(DecodeRecord(bytes).status().code(), absl::StatusCode::kDataLoss) << bytes.size();
  }
  std::vector<LogStep> steps(3);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i].revision = 5 + i;
  const absl::StatusOr<BackupRecord> read = DecodeRecord(EncodeRecord(steps));
  ASSERT_TRUE(read.ok()) << read.status();
  const auto& right = std::get<std::vector<LogStep>>(*read);
  EXPECT_EQ(right.size(), 3u);
  EXPECT_EQ(right[0].patch, right[2].patch);  // What is empty is there once.
  steps[2].revision = 6;
  EXPECT_EQ(DecodeRecord(EncodeRecord(steps)).status().code(), absl::StatusCode::kDataLoss);
}

TEST(BackupRecordsTest, UnknownFieldsArePassedOverAndUnknownKindsRefused) {
  BackupTrailer trailer;
  trailer.counts.actors = 3;
  std::string bytes = EncodeRecord(trailer);
  // One more field inside of it.
  bytes[1] = static_cast<char>(bytes[1] + 2);
  bytes += "\x78\x01";
  const absl::StatusOr<BackupRecord> read = DecodeRecord(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(std::get<BackupTrailer>(*read).counts.actors, 3u);
  EXPECT_EQ(DecodeRecord(std::string("\x72\x00", 2)).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(DecodeRecord("").status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace onager::store

// In place of the C library's.

extern "C" int renameat2(int from_folder, const char* from, int to_folder, const char* to,
                         unsigned int flags) noexcept {
  using onager::store::PoorFileSystem;
  if (PoorFileSystem::lacks != PoorFileSystem::Lacks::kNothing) {
    errno = EINVAL;
    return -1;
  }
  return static_cast<int>(syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

extern "C" int link(const char* from, const char* to) noexcept {
  using onager::store::PoorFileSystem;
  if (PoorFileSystem::lacks == PoorFileSystem::Lacks::kHardLinksToo) {
    errno = EPERM;
    return -1;
  }
  return static_cast<int>(syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}
