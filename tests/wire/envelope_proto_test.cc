// Holds the frames that we write by hand to envelope.proto: protobuf reads every one of them without an
// unknown field, and what it writes again is read by us as the same frame.

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/wire/batch.h"

namespace onager::wire {
namespace {

class EnvelopeProtoTest : public testing::Test {
 protected:
  class Errors : public google::protobuf::compiler::MultiFileErrorCollector {
    void AddError(const std::string& file, int line, int column, const std::string& message) override {
      ADD_FAILURE() << file << ":" << line << ":" << column << ": " << message;
    }
  };

  void SetUp() override {
    tree_.MapPath("", ONAGER_ENVELOPE_DIRECTORY);
    importer_ = std::make_unique<google::protobuf::compiler::Importer>(&tree_, &errors_);
    const google::protobuf::FileDescriptor* file = importer_->Import("envelope.proto");
    ASSERT_NE(file, nullptr);
    batch_ = file->FindMessageTypeByName("Batch");
    frame_ = file->FindMessageTypeByName("Frame");
    ASSERT_NE(batch_, nullptr);
  }

  static std::size_t UnknownFields(const google::protobuf::Message& message) {
    const google::protobuf::Reflection& reflection = *message.GetReflection();
    std::size_t count = static_cast<std::size_t>(reflection.GetUnknownFields(message).field_count());
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const auto* field : fields) {
      if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
      if (!field->is_repeated()) {
        count += UnknownFields(reflection.GetMessage(message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        count += UnknownFields(reflection.GetRepeatedMessage(message, field, i));
      }
    }
    return count;
  }

  google::protobuf::compiler::DiskSourceTree tree_;
  Errors errors_;
  std::unique_ptr<google::protobuf::compiler::Importer> importer_;
  google::protobuf::DynamicMessageFactory factory_;
  const google::protobuf::Descriptor* batch_ = nullptr;
  const google::protobuf::Descriptor* frame_ = nullptr;
};

// One frame of each kind with every field set, and the text that protobuf prints for it.
struct Sample {
  const char* kind;
  std::function<void(BatchWriter&)> append;
  const char* text;
};

std::vector<Sample> Samples() {
  return {
      {"hello",
       [](BatchWriter& writer) {
         Hello frame;
         frame.version = 1;
         frame.incarnation = 2;
         frame.features = 3;
         frame.message_bytes_max = 4;
         frame.calls_acknowledged = 5;
         writer.Append(frame);
       },
       "frames { hello { version: 1 incarnation: 2 features: 3 message_bytes_max: 4 calls_acknowledged: 5 } "
       "}"},
      {"welcome",
       [](BatchWriter& writer) {
         Welcome frame;
         frame.version = 1;
         frame.server_instance = 2;
         frame.incarnation_known = true;
         frame.features = 3;
         frame.message_bytes_max = 4;
         frame.heartbeat_ms = 5;
         frame.calls_in_flight_max = 6;
         frame.bookmark_ms = 7;
         writer.Append(frame);
       },
       "frames { welcome { version: 1 server_instance: 2 incarnation_known: true features: 3 "
       "message_bytes_max: 4 "
       "heartbeat_ms: 5 calls_in_flight_max: 6 bookmark_ms: 7 } }"},
      {"call",
       [](BatchWriter& writer) {
         Call frame;
         frame.number = 1;
         frame.actor_type = "t";
         frame.key = "k";
         frame.method = "m";
         frame.arguments = "a";
         frame.timeout_ms = 2;
         frame.may_have_run = true;
         frame.received = 3;
         frame.taken = 4;
         frame.streams = 3;
         frame.rerun = 2;
         frame.sent_ago_ms = 70;
         writer.Append(frame);
       },
       "frames { call { number: 1 actor_type: \"t\" key: \"k\" method: \"m\" arguments: \"a\" timeout_ms: 2 "
       "may_have_run: true received: 3 taken: 4 streams: 3 rerun: 2 sent_ago_ms: 70 } }"},
      {"reply",
       [](BatchWriter& writer) {
         Reply frame;
         frame.number = 1;
         frame.code = 5;
         frame.message = "no";
         frame.details = {{"url", "value"}};
         frame.revision = 9;
         frame.items = 3;
         writer.Append(frame, ShareBytes("r"));
       },
       "frames { reply { number: 1 code: 5 message: \"no\" details { type_url: \"url\" value: \"value\" } "
       "result: "
       "\"r\" revision: 9 items: 3 } }"},
      {"acknowledge_replies",
       [](BatchWriter& writer) {
         AcknowledgeReplies frame;
         frame.through = 4;
         writer.Append(frame);
       },
       "frames { acknowledge_replies { through: 4 } }"},
      {"cancel",
       [](BatchWriter& writer) {
         Cancel frame;
         frame.number = 4;
         writer.Append(frame);
       },
       "frames { cancel { number: 4 } }"},
      {"subscribe",
       [](BatchWriter& writer) {
         Subscribe frame;
         frame.id = 1;
         frame.actor_type = "t";
         frame.key = "k";
         frame.schema_fingerprint = 2;
         frame.binding = "b";
         frame.epoch = 3;
         frame.revision = 4;
         frame.reason = ResyncReason::kBaseMismatch;
         frame.filter = "f";
         frame.view = "v";
         frame.covered = 5;
         frame.when_slow = kDisconnectWhenSlow;
         writer.Append(frame);
       },
       "frames { subscribe { id: 1 actor_type: \"t\" key: \"k\" schema_fingerprint: 2 binding: \"b\" epoch: "
       "3 "
       "revision: 4 reason: RESYNC_REASON_BASE_MISMATCH filter: \"f\" view: \"v\" covered: 5 "
       "when_slow: 1 } }"},
      {"unsubscribe",
       [](BatchWriter& writer) {
         Unsubscribe frame;
         frame.id = 4;
         writer.Append(frame);
       },
       "frames { unsubscribe { id: 4 } }"},
      {"subscribed",
       [](BatchWriter& writer) {
         Subscribed frame;
         frame.id = 1;
         frame.epoch = 2;
         frame.resumed = true;
         frame.replay_target = 3;
         frame.reason = ResyncReason::kExpired;
         frame.binding = "b";
         writer.Append(frame);
       },
       "frames { subscribed { id: 1 epoch: 2 resumed: true replay_target: 3 reason: RESYNC_REASON_EXPIRED "
       "binding: "
       "\"b\" } }"},
      {"snapshot_chunk",
       [](BatchWriter& writer) {
         SnapshotChunk frame;
         frame.id = 1;
         frame.epoch = 2;
         frame.revision = 3;
         frame.total_bytes = 4;
         frame.offset = 1;
         frame.reason = ResyncReason::kNewEpoch;
         frame.events_dropped = 7;
         frame.base = 8;
         writer.Append(frame, ShareBytes("abcd"), 2);
       },
       "frames { snapshot_chunk { id: 1 epoch: 2 revision: 3 total_bytes: 4 offset: 1 data: \"bc\" reason: "
       "RESYNC_REASON_NEW_EPOCH events_dropped: 7 base: 8 } }"},
      {"delta",
       [](BatchWriter& writer) {
         Delta frame;
         frame.id = 1;
         frame.revision = 9;
         frame.span = 3;
         frame.epoch = 4;
         frame.events = {"e", ""};
         writer.Append(frame, ShareBytes("p"));
       },
       "frames { delta { id: 1 revision: 9 extra_span: 2 patch: \"p\" epoch: 4 events: \"e\" events: \"\" } "
       "}"},
      {"end",
       [](BatchWriter& writer) {
         End frame;
         frame.id = 1;
         frame.code = 7;
         frame.message = "no";
         frame.details = {{"url", "value"}};
         writer.Append(frame);
       },
       "frames { end { id: 1 code: 7 message: \"no\" details { type_url: \"url\" value: \"value\" } } }"},
      {"heartbeat", [](BatchWriter& writer) { writer.Append(Heartbeat()); }, "frames { heartbeat { } }"},
      {"goodbye",
       [](BatchWriter& writer) {
         Goodbye frame;
         frame.code = 14;
         frame.message = "bye";
         writer.Append(frame);
       },
       "frames { goodbye { code: 14 message: \"bye\" } }"},
      {"stream_item",
       [](BatchWriter& writer) {
         StreamItem frame;
         frame.number = 1;
         frame.sequence = 2;
         writer.Append(frame, ShareBytes("i"));
       },
       "frames { stream_item { number: 1 sequence: 2 item: \"i\" } }"},
      {"stream_credit",
       [](BatchWriter& writer) {
         StreamCredit frame;
         frame.number = 1;
         frame.through = 2;
         writer.Append(frame);
       },
       "frames { stream_credit { number: 1 through: 2 } }"},
      {"stream_end",
       [](BatchWriter& writer) {
         StreamEnd frame;
         frame.number = 1;
         frame.items = 2;
         writer.Append(frame);
       },
       "frames { stream_end { number: 1 items: 2 } }"},
      {"covered",
       [](BatchWriter& writer) {
         Covered frame;
         frame.id = 1;
         frame.revision = 2;
         frame.base = 3;
         frame.due = true;
         writer.Append(frame);
       },
       "frames { covered { id: 1 revision: 2 base: 3 due: true } }"},
      {"bookmark",
       [](BatchWriter& writer) {
         Bookmark frame;
         frame.id = 1;
         frame.revision = 2;
         frame.epoch = 3;
         frame.slices = 4;
         frame.slice = 1;
         frame.hash = 5;
         writer.Append(frame);
       },
       "frames { bookmark { id: 1 revision: 2 epoch: 3 slices: 4 slice: 1 hash: 5 } }"},
      {"field_tree_wanted",
       [](BatchWriter& writer) {
         FieldTreeWanted frame;
         frame.id = 1;
         writer.Append(frame);
       },
       "frames { field_tree_wanted { id: 1 } }"},
      {"field_tree",
       [](BatchWriter& writer) {
         FieldTree frame;
         frame.fingerprint = 1;
         frame.tree = "t";
         writer.Append(frame);
       },
       "frames { field_tree { fingerprint: 1 tree: \"t\" } }"},
      {"going_away",
       [](BatchWriter& writer) {
         GoingAway frame;
         frame.within_ms = 1;
         writer.Append(frame);
       },
       "frames { going_away { within_ms: 1 } }"},
  };
}

TEST_F(EnvelopeProtoTest, ProtobufReadsWhatWeWrite) {
  for (const Sample& sample : Samples()) {
    SCOPED_TRACE(sample.kind);
    BatchWriter writer;
    sample.append(writer);
    const std::string bytes = writer.Take().Join();
    const std::unique_ptr<google::protobuf::Message> message(factory_.GetPrototype(batch_)->New());
    ASSERT_TRUE(message->ParseFromString(bytes));
    EXPECT_EQ(UnknownFields(*message), 0u);
    std::string text = message->ShortDebugString();
    EXPECT_EQ(text, sample.text);
  }
}

TEST_F(EnvelopeProtoTest, WeReadWhatProtobufWrites) {
  for (const Sample& sample : Samples()) {
    SCOPED_TRACE(sample.kind);
    BatchWriter writer;
    sample.append(writer);
    const std::string ours = writer.Take().Join();
    const std::unique_ptr<google::protobuf::Message> message(factory_.GetPrototype(batch_)->New());
    ASSERT_TRUE(message->ParseFromString(ours));
    const std::string theirs = message->SerializeAsString();
    // Written again by us, what we read is the same message.
    BatchReader reader(theirs);
    const absl::StatusOr<std::optional<Frame>> frame = reader.Next();
    ASSERT_TRUE(frame.ok() && frame->has_value());
    BatchWriter again;
    std::visit(
        [&again](const auto& kind) {
          using Kind = std::decay_t<decltype(kind)>;
          if constexpr (std::is_same_v<Kind, Reply>) {
            again.Append(kind, ShareBytes(std::string(kind.result)));
          } else if constexpr (std::is_same_v<Kind, Delta>) {
            again.Append(kind, ShareBytes(std::string(kind.patch)));
          } else if constexpr (std::is_same_v<Kind, StreamItem>) {
            again.Append(kind, ShareBytes(std::string(kind.item)));
          } else if constexpr (std::is_same_v<Kind, SnapshotChunk>) {
            std::string snapshot(static_cast<std::size_t>(kind.offset), '-');
            snapshot.append(kind.data);
            again.Append(kind, ShareBytes(std::move(snapshot)), kind.data.size());
          } else {
            again.Append(kind);
          }
        },
        **frame);
    EXPECT_EQ(again.Take().Join(), ours);
  }
}

TEST_F(EnvelopeProtoTest, EveryKindOfFrameHasASample) {
  EXPECT_EQ(Samples().size(), static_cast<std::size_t>(frame_->field_count()));
  EXPECT_EQ(Samples().size(), std::variant_size_v<Frame>);
}

}  // namespace
}  // namespace onager::wire
