#include "runtime/wire/resume_token.h"

#include <gtest/gtest.h>

#include <string>

namespace onager::wire {
namespace {

TokenBinding SampleBinding() {
  TokenBinding binding;
  binding.tenant = "acme";
  binding.principal = "ann";
  binding.actor_type = "todo.v1.TodoList";
  binding.key = "groceries";
  binding.schema_fingerprint = 1;
  binding.filter_fingerprint = 2;
  binding.view_fingerprint = 3;
  return binding;
}

TEST(ResumeTokenTest, WhatWasSignedIsVerified) {
  const TokenSigner signer({{1, "secret"}}, 1);
  const absl::StatusOr<TokenBinding> binding = signer.Verify(signer.Sign(SampleBinding()));
  ASSERT_TRUE(binding.ok()) << binding.status();
  EXPECT_EQ(*binding, SampleBinding());
}

TEST(ResumeTokenTest, EveryFlippedBitIsNoticed) {
  const TokenSigner signer({{1, "secret"}}, 1);
  const std::string token = signer.Sign(SampleBinding());
  for (std::size_t i = 0; i < token.size() * 8; ++i) {
    std::string tampered = token;
    tampered[i / 8] = static_cast<char>(tampered[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(signer.Verify(tampered).ok()) << "bit " << i;
  }
}

TEST(ResumeTokenTest, EveryCutIsNoticed) {
  const TokenSigner signer({{1, "secret"}}, 1);
  const std::string token = signer.Sign(SampleBinding());
  for (std::size_t size = 0; size < token.size(); ++size) {
    EXPECT_EQ(signer.Verify(std::string_view(token).substr(0, size)).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(ResumeTokenTest, KeysRotate) {
  const TokenSigner before({{1, "old"}}, 1);
  const TokenSigner during({{1, "old"}, {2, "new"}}, 2);
  const TokenSigner after({{2, "new"}}, 2);
  const std::string token = before.Sign(SampleBinding());
  EXPECT_TRUE(during.Verify(token).ok());
  EXPECT_EQ(after.Verify(token).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(after.Verify(during.Sign(SampleBinding())).ok());
}

TEST(ResumeTokenTest, AnotherServersKeyIsAWrongSignature) {
  const TokenSigner ours({{1, "secret"}}, 1);
  const TokenSigner theirs({{1, "other"}}, 1);
  EXPECT_EQ(ours.Verify(theirs.Sign(SampleBinding())).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ResumeTokenTest, ATokenAndACheckpointComeBackAsTheyWere) {
  ResumeToken token;
  token.binding = "binding";
  token.epoch = 5;
  token.revision = 42;
  const absl::StatusOr<ResumeToken> decoded = ResumeToken::Decode(token.Encode());
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, token);

  Checkpoint checkpoint;
  checkpoint.token = token.Encode();
  checkpoint.snapshot = std::string("\0state", 6);
  checkpoint.filter = "filter";
  checkpoint.view = "view";
  checkpoint.events = {"one", "", "three"};
  checkpoint.when_slow = 1;
  const absl::StatusOr<Checkpoint> restored = Checkpoint::Decode(checkpoint.Encode());
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ(restored->token, checkpoint.token);
  EXPECT_EQ(restored->snapshot, checkpoint.snapshot);
  EXPECT_EQ(restored->filter, checkpoint.filter);
  EXPECT_EQ(restored->view, checkpoint.view);
  EXPECT_EQ(restored->events, checkpoint.events);
  EXPECT_EQ(restored->when_slow, checkpoint.when_slow);
}

TEST(ResumeTokenTest, WhatIsNoTokenIsRefused) {
  for (const std::string& bytes :
       {std::string(), std::string("hello"), std::string("\x0a\xff\xff\xff\xff\x0f", 6)}) {
    EXPECT_EQ(ResumeToken::Decode(bytes).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Checkpoint::Decode(bytes).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace onager::wire
