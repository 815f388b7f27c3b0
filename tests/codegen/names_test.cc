#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "long.actor.impl.h"
#include "names.actor.h"

namespace {

namespace names = new_::linux_::std_::v1;

TEST(NamesTest, ReservedNamesGetAnUnderscore) {
  names::struct_ value = names::struct_().with_value("v").with_std_(2);
  value.class_2 = "c";  // `class_` is the enum.
  value.errno_ = 1;
  value.major_ = true;
  value.Case_ = names::Case::DEBUG_;
  EXPECT_EQ(value.value, "v");
  EXPECT_EQ(value.std_, 2);
  EXPECT_EQ(names::Case::default_, names::Case());
}

TEST(NamesTest, TextsShowTheDeclaredNames) {
  std::ostringstream text;
  text << names::Case::NULL_ << ' ' << names::Case::EOF_;
  EXPECT_EQ(text.str(), "NULL EOF");
  EXPECT_EQ(names::ActorActor::Type().name, "new.linux.std.v1.Actor");
  EXPECT_TRUE(names::ActorActor::Type().FindMethod("Type").has_value());
  EXPECT_TRUE(names::ActorActor::Type().FindMethod("delete").has_value());
}

TEST(NamesTest, DefaultsComeOutAsTheyWereWritten) { EXPECT_EQ(names::message().text, "a\"b\\c?\t\n"); }

TEST(NamesTest, StatesWithAFieldCalledValueKeepItsAccessor) {
  onager::generated::TrackedState<names::ActorState> state;
  state.state().mutable_value().Insert(names::message().with_key("k"));
  EXPECT_EQ(state.state().value().size(), 1u);
}

TEST(NamesTest, KeysOfSeveralPartsRoundTrip) {
  const names::ActorKey key("a,b/c%", -7, true, names::Case::DEBUG_);
  const absl::StatusOr<names::ActorKey> parsed = names::ActorKey::Parse(key.ToString());
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, key);
  EXPECT_FALSE(names::ActorKey::Parse("too,few").ok());
}

TEST(NamesTest, KeysMayHavePartsThatAreCalledLikeWhatReadsThem) {
  const names::LetterKey key("a", "b", "c", "d", names::Case::DEBUG_, names::Case::EOF_, 3);
  EXPECT_EQ(key.writer_, "b");
  EXPECT_EQ(key.x, "c");
  EXPECT_EQ(key.x_value, "d");
  const absl::StatusOr<names::LetterKey> parsed = names::LetterKey::Parse(key.ToString());
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, key);
}

class RemindedOnes final : public names::RemindedActor {
 public:
  onager::Task<> OnDue(onager::Turn&) override { return absl::OkStatus(); }
  onager::Task<> RemindDue(onager::Turn&) override { return absl::OkStatus(); }
  onager::Task<> CancelDue(onager::Turn&) override { return absl::OkStatus(); }
  onager::Task<> SetReminder_(onager::Turn&) override { return absl::OkStatus(); }
  onager::Task<> OnDue_(onager::Turn&, std::string, names::Case, std::int64_t, names::Task,
                        std::string) override {
    return absl::OkStatus();
  }
  onager::Task<> OnDueEvery(onager::Turn&, std::string) override { return absl::OkStatus(); }
  onager::Task<> OnReminder_(onager::Turn&) override { return absl::OkStatus(); }

  void SetAll() {
    RemindDue_(absl::UnixEpoch(), "", names::Case(), 0, names::Task(), "");
    RemindDueEvery_(absl::UnixEpoch(), "");
    CancelReminder_();
  }
};

TEST(NamesTest, RemindersGiveWayToMethodsAndToWhatSetsThem) {
  RemindedOnes actor;
  actor.SetAll();
  const std::vector<onager::generated::ReminderChange> changes = actor.TakeReminders();
  ASSERT_EQ(changes.size(), 3u);
  for (std::size_t i = 0; i < changes.size(); ++i) EXPECT_EQ(changes[i].reminder, i);
}

class FailOnError : public google::protobuf::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int column, const std::string& text) override {
    ADD_FAILURE() << file << ":" << line + 1 << ":" << column + 1 << ": " << text;
  }
};

TEST(NamesTest, ALongProtoIsCarriedInPiecesOfWholeLines) {
  const onager::generated::ProtoFile& file = onager::proto_files::long_proto();
  ASSERT_GT(file.texts.size(), 1u);
  for (const std::string_view piece : file.texts) {
    EXPECT_LE(piece.size(), 60'000u);
    EXPECT_TRUE(piece.ends_with('\n'));
  }
  std::ifstream stream(ONAGER_NAMES_DIR "/long.proto", std::ios::binary);
  EXPECT_EQ(file.Text(), std::string(std::istreambuf_iterator<char>(stream), {}));
}

TEST(NamesTest, TheProtoIsGood) {
  FailOnError errors;
  google::protobuf::compiler::DiskSourceTree tree;
  tree.MapPath("", ONAGER_NAMES_DIR);
  google::protobuf::compiler::Importer importer(&tree, &errors);
  const google::protobuf::FileDescriptor* file = importer.Import("names.proto");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->package(), "new.linux.std.v1");
  // Inside the service its method `Task` hides the message.
  EXPECT_EQ(file->FindServiceByName("Actor")->FindMethodByName("Type")->output_type()->full_name(),
            "new.linux.std.v1.Task");
}

}  // namespace
