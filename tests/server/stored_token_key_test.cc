#include "runtime/server/stored_token_key.h"

#include <gtest/gtest.h>

#include "runtime/server/core_options.h"
#include "runtime/store/forwarding_store.h"
#include "runtime/store/memory_store.h"

namespace onager::server {
namespace {

TEST(StoredTokenKeyTest, TheFirstKeyStays) {
  store::MemoryStore store;
  EXPECT_EQ(StoredTokenKey(store, "first").value(), "first");
  EXPECT_EQ(StoredTokenKey(store, "second").value(), "first");
}

TEST(StoredTokenKeyTest, OfTwoServersThatBeginTogetherOneIsFirst) {
  /// Another server puts its key just before this one does.
  class Late final : public store::ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    void Commit(store::CommitRecord record, CommitDone done) override {
      EXPECT_EQ(StoredTokenKey(inner(), "the other's").value(), "the other's");
      ForwardingStore::Commit(std::move(record), std::move(done));
    }
  };
  store::MemoryStore store;
  Late late(store);
  EXPECT_EQ(StoredTokenKey(late, "mine").value(), "the other's");
}

TEST(StoredTokenKeyTest, AStoreThatCannotBeReachedIsAnError) {
  class Away final : public store::ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    void Load(const ActorId&, LoadDone done) override { done(absl::UnavailableError("away")); }
  };
  store::MemoryStore store;
  Away away(store);
  EXPECT_EQ(StoredTokenKey(away, "mine").status().code(), absl::StatusCode::kUnavailable);
}

TEST(CoreOptionsTest, KeysAreNamedByWhatTheyAreSoThatOldOnesStillVerify) {
  ServerOptions options;
  options.old_token_keys = {"old", "older"};
  const ServerCoreOptions core = CoreOptionsOf(options, 1, "new");
  EXPECT_EQ(core.token_keys.size(), 3u);
  EXPECT_EQ(core.token_keys.at(core.token_signing_key), "new");
  EXPECT_EQ(core.token_keys.at(TokenKeyId("old")), "old");
  EXPECT_NE(TokenKeyId("old"), TokenKeyId("older"));
}

}  // namespace
}  // namespace onager::server
