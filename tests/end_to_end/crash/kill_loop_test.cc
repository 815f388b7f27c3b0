// A server that is killed again and again, with each kind of store. `ONAGER_KILL_CYCLES` says how often,
// `ONAGER_SEED` repeats the choices of a run; tests/soak has the long one.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

#include "kill_loop.h"
#include "tests/store/postgres_server.h"
#include "tests/store/scratch_folder.h"

namespace onager::crash {
namespace {

std::uint64_t Chosen(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void RunKillLoop(const std::string& folder, const std::string& store) {
  const std::uint64_t seed = Chosen("ONAGER_SEED", std::random_device{}());
  SCOPED_TRACE(testing::Message() << "ONAGER_SEED=" << seed);
  KillLoop(folder, store, seed).Run(static_cast<int>(Chosen("ONAGER_KILL_CYCLES", 20)));
}

TEST(KillLoopTest, WhatIsAcknowledgedSurvivesInSqliteAndRunsOnce) {
  const store::ScratchFolder folder;
  RunKillLoop(folder.File(""), "sqlite:" + folder.File("test.db"));
}

TEST(KillLoopTest, WhatIsAcknowledgedSurvivesInPostgresAndRunsOnce) {
  const store::ScratchFolder folder;
  store::PostgresServer& postgres = store::SharedPostgres();
  RunKillLoop(folder.File(""), postgres.Url(postgres.MakeDatabase()));
}

}  // namespace
}  // namespace onager::crash
