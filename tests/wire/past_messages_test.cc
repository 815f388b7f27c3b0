// Holds what is asked of an actor's past, and what is answered, to past.proto.

#include "onager/generated/past_messages.h"

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/xoshiro.h"

namespace onager::generated {
namespace {

class PastMessagesTest : public testing::Test {
 protected:
  class Errors : public google::protobuf::compiler::MultiFileErrorCollector {
    void AddError(const std::string& file, int line, int column, const std::string& message) override {
      ADD_FAILURE() << file << ":" << line << ":" << column << ": " << message;
    }
  };

  void SetUp() override {
    tree_.MapPath("", ONAGER_ENVELOPE_DIRECTORY);
    importer_ = std::make_unique<google::protobuf::compiler::Importer>(&tree_, &errors_);
    file_ = importer_->Import("past.proto");
    ASSERT_NE(file_, nullptr);
  }

  /// Protobuf reads the message as that text, and we read what protobuf writes as the message.
  template <typename Message>
  void Agree(const char* type, const Message& message, const std::string& text) {
    SCOPED_TRACE(text);
    const google::protobuf::Descriptor* descriptor = file_->FindMessageTypeByName(type);
    ASSERT_NE(descriptor, nullptr);
    const std::unique_ptr<google::protobuf::Message> theirs(factory_.GetPrototype(descriptor)->New());
    ASSERT_TRUE(theirs->ParseFromString(EncodePast(message)));
    google::protobuf::TextFormat::Printer printer;
    printer.SetSingleLineMode(true);
    std::string printed;
    ASSERT_TRUE(printer.PrintToString(*theirs, &printed));
    EXPECT_EQ(printed, text.empty() ? text : text + " ");
    const absl::StatusOr<Message> ours = DecodePast<Message>(theirs->SerializeAsString());
    ASSERT_TRUE(ours.ok()) << ours.status();
    EXPECT_EQ(*ours, message);
  }

  google::protobuf::compiler::DiskSourceTree tree_;
  Errors errors_;
  std::unique_ptr<google::protobuf::compiler::Importer> importer_;
  google::protobuf::DynamicMessageFactory factory_;
  const google::protobuf::FileDescriptor* file_ = nullptr;
};

TEST_F(PastMessagesTest, QueriesAreAsTheProtoSays) {
  Agree("PastQuery", PastQuery(StateAsOf()), "state { }");
  StateAsOf state;
  state.revision = 0;
  Agree("PastQuery", PastQuery(state), "state { revision: 0 }");
  state.revision.reset();
  state.time = absl::FromUnixMicros(-5);
  Agree("PastQuery", PastQuery(state), "state { time_us: -5 }");
  ListRevisions list;
  Agree("PastQuery", PastQuery(list), "revisions { }");
  list.before = 9;
  list.limit = 300;
  Agree("PastQuery", PastQuery(list), "revisions { before: 9 limit: 300 }");
  DiffRevisions diff;
  diff.to = 7;
  Agree("PastQuery", PastQuery(diff), "diff { to: 7 }");
}

TEST_F(PastMessagesTest, AnswersAreAsTheProtoSays) {
  PastStateMessage state;
  Agree("PastState", state, "");
  state.epoch = 5;
  state.revision = 6;
  state.committed_at = absl::UnixEpoch();
  state.snapshot = "s";
  Agree("PastState", state, "epoch: 5 revision: 6 time_us: 0 snapshot: \"s\"");
  PastRevisionsMessage revisions;
  revisions.epoch = 5;
  revisions.newest = 3;
  revisions.revisions.resize(2);
  revisions.revisions[0].committed_at = absl::UnixEpoch();
  revisions.revisions[1].revision = 3;
  revisions.revisions[1].committed_at = absl::FromUnixMicros(77);
  revisions.revisions[1].bytes = 8;
  revisions.revisions[1].events = 1;
  Agree("PastRevisions", revisions,
        "epoch: 5 newest: 3 revisions { } revisions { revision: 3 time_us: 77 bytes: 8 events: 1 }");
  PastDiffMessage diff;
  diff.epoch = 1;
  diff.from = 2;
  diff.to = 3;
  diff.before = "b";
  diff.patch = "p";
  Agree("PastDiff", diff, "epoch: 1 from: 2 to: 3 before: \"b\" patch: \"p\"");
  diff.patch = "";
  diff.after = "";
  Agree("PastDiff", diff, "epoch: 1 from: 2 to: 3 before: \"b\" after: \"\"");
}

TEST_F(PastMessagesTest, WhatAsksForNothingKnownIsAnError) {
  EXPECT_EQ(DecodePast<PastQuery>("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DecodePast<PastQuery>("\x22\x00").status().code(), absl::StatusCode::kInvalidArgument);
  // A field from a later version beside a known one is passed over.
  EXPECT_TRUE(DecodePast<PastQuery>(std::string("\x22\x01x\x0a\x00", 5)).ok());
}

TEST_F(PastMessagesTest, AnyBytesAreReadOrRefused) {
  Xoshiro256 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random.Between(0, 24), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Between(0, i % 2 == 0 ? 255 : 47));
    (void)DecodePast<PastQuery>(bytes);
    (void)DecodePast<PastStateMessage>(bytes);
    (void)DecodePast<PastRevisionsMessage>(bytes);
    (void)DecodePast<PastDiffMessage>(bytes);
  }
}

}  // namespace
}  // namespace onager::generated
