#include "runtime/session/replay_window.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/cord.h"
#include "runtime/session/frame_status.h"
#include "tests/session/session_support.h"

namespace onager::session {
namespace {

TEST(ReplayWindowTest, HoldsTheNewestByCount) {
  ReplayLimits limits;
  limits.count_max = 100;
  ReplayWindow window(limits, 10);
  for (int i = 0; i < 150; ++i) window.Append(ShareBytes(std::to_string(i)), nullptr, kStart);
  EXPECT_EQ(window.head(), 160u);
  EXPECT_EQ(window.size(), 100u);
  EXPECT_TRUE(window.Covers(60, kStart));
  EXPECT_FALSE(window.Covers(59, kStart));
  EXPECT_EQ(*window.After(60)->patch, "50");
  EXPECT_EQ(window.After(159)->revision, 160u);
  EXPECT_EQ(window.After(160), window.end());
}

TEST(ReplayWindowTest, HoldsTheNewestByBytes) {
  ReplayLimits limits;
  limits.bytes_max = 100;
  ReplayWindow window(limits, 0);
  window.Append(ShareBytes(std::string(60, 'a')), nullptr, kStart);
  window.Append(ShareBytes(std::string(41, 'b')), nullptr, kStart);
  EXPECT_EQ(window.size(), 1u);
  EXPECT_EQ(window.bytes(), 41u);
  // One that is larger than all of it leaves nothing, and who has it is up to date all the same.
  window.Append(ShareBytes(std::string(101, 'c')), nullptr, kStart);
  EXPECT_EQ(window.size(), 0u);
  EXPECT_EQ(window.bytes(), 0u);
  EXPECT_FALSE(window.Covers(2, kStart));
  EXPECT_TRUE(window.Covers(3, kStart));
}

TEST(ReplayWindowTest, A6_AnEntryIsReplayedAt299SecondsAndNotAt301) {
  ReplayWindow window(ReplayLimits(), 0);
  window.Append(ShareBytes("missed"), nullptr, kStart);
  EXPECT_TRUE(window.Covers(0, kStart + seconds(299)));
  EXPECT_TRUE(window.Covers(0, kStart + seconds(300)));
  EXPECT_FALSE(window.Covers(0, kStart + seconds(301)));
  // The age is each entry's own: a later one does not keep an earlier one.
  window.Append(ShareBytes("later"), nullptr, kStart + seconds(200));
  EXPECT_FALSE(window.Covers(0, kStart + seconds(301)));
  EXPECT_TRUE(window.Covers(1, kStart + seconds(499)));
}

TEST(ReplayWindowTest, AnEmptyGapIsAlwaysCovered) {
  ReplayWindow window(ReplayLimits(), 42);
  EXPECT_TRUE(window.Covers(42, kStart + minutes(1'000'000)));
  window.Append(ShareBytes("x"), nullptr, kStart);
  EXPECT_TRUE(window.Covers(43, kStart + minutes(1'000'000)));
}

TEST(ReplayWindowTest, WhatShowsNothingCostsNothingAndIsAlwaysCovered) {
  ReplayLimits limits;
  limits.count_max = 2;
  ReplayWindow window(limits, 0);
  window.Append(ShareBytes("x"), nullptr, kStart);
  for (int i = 0; i < 1000; ++i) window.Append(nullptr, nullptr, kStart + seconds(i));
  EXPECT_EQ(window.head(), 1001u);
  EXPECT_FALSE(window.Covers(0, kStart + seconds(999)));  // By its age.
  EXPECT_TRUE(window.Covers(1, kStart + minutes(1'000'000)));
  window.Append(nullptr, ShareBytes("event"), kStart + seconds(999));
  EXPECT_EQ(window.size(), 1u);
  EXPECT_EQ(window.bytes(), 5u);
  EXPECT_EQ(window.After(7)->revision, 1002u);
  EXPECT_EQ(window.After(7)->patch, nullptr);
}

TEST(ReplayWindowTest, WhatIsAheadOfTheHeadIsNotCovered) {
  ReplayWindow window(ReplayLimits(), 42);
  EXPECT_FALSE(window.Covers(43, kStart));
  EXPECT_FALSE(window.Covers(~std::uint64_t{0}, kStart));
  EXPECT_FALSE(window.Covers(0, kStart));
}

TEST(FrameStatusTest, KnownCodesKeepTheirMeaningAndOthersAreUnknown) {
  EXPECT_TRUE(StatusOf(0, "").ok());
  EXPECT_EQ(StatusOf(5, "gone"), absl::NotFoundError("gone"));
  EXPECT_EQ(StatusOf(16, "who").code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(StatusOf(17, "later").code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(StatusOf(0xFFFFFFFF, "").code(), absl::StatusCode::kUnknown);
}

TEST(FrameStatusTest, MessagesAreCutBetweenCharacters) {
  EXPECT_EQ(ShortMessage(absl::InternalError("short")), "short");
  const std::string text = std::string(2047, 'a') + "\xC3\xA4 and so on";
  EXPECT_EQ(ShortMessage(absl::InternalError(text)), std::string(2047, 'a'));
  // Not UTF-8 at all: still an end.
  EXPECT_LE(ShortMessage(absl::InternalError(std::string(5000, '\x80'))).size(), 2048u);
}

TEST(FrameStatusTest, ADeclaredErrorArrivesWithItsDetails) {
  CallOutcome outcome;
  outcome.status = absl::NotFoundError("no milk");
  outcome.status.SetPayload("type.googleapis.com/todo.v1.NotFound", absl::Cord("\x0a\x01x"));
  outcome.status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo", absl::Cord("info"));
  wire::BatchWriter writer;
  AppendReply(writer, 3, outcome);
  const Frames frames(writer.Take().Join());
  EXPECT_EQ(StatusOf(frames.Of<wire::Reply>().at(0)), outcome.status);
}

TEST(FrameStatusTest, WhatAStatusTakesInAFrameIsBounded) {
  CallOutcome outcome;
  outcome.status = absl::InternalError(std::string(1 << 20, 'm'));
  for (int i = 0; i < 200; ++i) {
    outcome.status.SetPayload("type/" + std::to_string(i),
                              absl::Cord(absl::string_view(std::string(10, 'p'))));
  }
  outcome.status.SetPayload("type/large", absl::Cord(absl::string_view(std::string(1 << 20, 'p'))));
  wire::BatchWriter writer;
  AppendReply(writer, 3, outcome);
  EXPECT_LE(writer.size(), kStatusSizeMax + 100);
  const Frames frames(writer.Take().Join());
  EXPECT_EQ(frames.Of<wire::Reply>().size(), 1u);
}

}  // namespace
}  // namespace onager::session
