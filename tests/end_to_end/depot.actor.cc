#include "depot.actor.h"

#include "onager/generated/call_messages.h"
#include "onager/generated/state_impl.h"

namespace depot::v1 {
namespace {

// What calls travel in.

// The result of `Depot.Stored`.
struct DepotStoredResult {
  std::int64_t result = 0;

  DepotStoredResult() = default;
};

// The arguments of `Depot.Export`.
struct DepotExportRequest {
  std::int64_t count = 0;
  std::int64_t load = 0;

  DepotExportRequest() = default;
};

// The arguments of `Depot.ExportAndFail`.
struct DepotExportAndFailRequest {
  std::int64_t count = 0;

  DepotExportAndFailRequest() = default;
};

// The arguments of `Depot.Count`.
struct DepotCountRequest {
  std::int64_t first = 0;

  DepotCountRequest() = default;
};

// An item of the result of `Depot.Count`.
struct DepotCountResultItem {
  std::int64_t item = 0;

  DepotCountResultItem() = default;
};

// The arguments of `Depot.Import`.
struct DepotImportRequest {
  std::int64_t max = 0;

  DepotImportRequest() = default;
};

// The result of `Depot.Import`.
struct DepotImportResult {
  std::int64_t result = 0;

  DepotImportResult() = default;
};

// An item of `names` of `Depot.Tell`.
struct DepotTellRequestItem {
  std::string item;

  DepotTellRequestItem() = default;
};

// The arguments of `Depot.Multiply`.
struct DepotMultiplyRequest {
  std::int64_t factor = 0;

  DepotMultiplyRequest() = default;
};

// An item of `numbers` of `Depot.Multiply`.
struct DepotMultiplyRequestItem {
  std::int64_t item = 0;

  DepotMultiplyRequestItem() = default;
};

// An item of the result of `Depot.Multiply`.
struct DepotMultiplyResultItem {
  std::int64_t item = 0;

  DepotMultiplyResultItem() = default;
};

}  // namespace
}  // namespace depot::v1

template <>
struct onager::generated::Describe<depot::v1::Parcel> {
  using T = depot::v1::Parcel;
  static constexpr std::string_view kName = "depot.v1.Parcel";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::number>("number"),
      Field<2, &T::load>("load"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::Full> {
  using T = depot::v1::Full;
  static constexpr std::string_view kName = "depot.v1.Full";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::at>("at"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::DepotState> {
  using T = depot::v1::DepotState;
  static constexpr std::string_view kName = "depot.v1.DepotState";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::stored>("stored"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::DepotStoredResult> {
  using T = depot::v1::DepotStoredResult;
  static constexpr std::string_view kName = "depot.v1.DepotStoredResult";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::result>("result"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::DepotExportRequest> {
  using T = depot::v1::DepotExportRequest;
  static constexpr std::string_view kName = "depot.v1.DepotExportRequest";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::count>("count"),
      Field<2, &T::load>("load"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::DepotExportAndFailRequest> {
  using T = depot::v1::DepotExportAndFailRequest;
  static constexpr std::string_view kName = "depot.v1.DepotExportAndFailRequest";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::count>("count"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::DepotCountRequest> {
  using T = depot::v1::DepotCountRequest;
  static constexpr std::string_view kName = "depot.v1.DepotCountRequest";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::first>("first"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::DepotCountResultItem> {
  using T = depot::v1::DepotCountResultItem;
  static constexpr std::string_view kName = "depot.v1.DepotCountResultItem";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::item>("item"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::DepotImportRequest> {
  using T = depot::v1::DepotImportRequest;
  static constexpr std::string_view kName = "depot.v1.DepotImportRequest";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::max>("max"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::DepotImportResult> {
  using T = depot::v1::DepotImportResult;
  static constexpr std::string_view kName = "depot.v1.DepotImportResult";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::result>("result"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::DepotTellRequestItem> {
  using T = depot::v1::DepotTellRequestItem;
  static constexpr std::string_view kName = "depot.v1.DepotTellRequestItem";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::item>("item"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::DepotMultiplyRequest> {
  using T = depot::v1::DepotMultiplyRequest;
  static constexpr std::string_view kName = "depot.v1.DepotMultiplyRequest";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::factor>("factor"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::DepotMultiplyRequestItem> {
  using T = depot::v1::DepotMultiplyRequestItem;
  static constexpr std::string_view kName = "depot.v1.DepotMultiplyRequestItem";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::item>("item"),
  };
};

template <>
struct onager::generated::Describe<depot::v1::DepotMultiplyResultItem> {
  using T = depot::v1::DepotMultiplyResultItem;
  static constexpr std::string_view kName = "depot.v1.DepotMultiplyResultItem";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::item>("item"),
  };
};

template struct onager::generated::StructOps<depot::v1::Parcel>;
template struct onager::generated::StructOps<depot::v1::Full>;
template struct onager::generated::StructOps<depot::v1::DepotState>;
template class onager::generated::TrackedState<depot::v1::DepotState>;
template class onager::generated::Replica<depot::v1::DepotState>;

namespace depot::v1 {

std::ostream& operator<<(std::ostream& out, const Parcel& value) {
  return onager::generated::Print(out, value);
}

std::ostream& operator<<(std::ostream& out, const Full& value) {
  return onager::generated::Print(out, value);
}

absl::Status Full::ToStatus() const { return onager::generated::ErrorToStatus(*this); }

std::optional<Full> Full::FromBytes(std::string_view bytes) {
  return onager::generated::ErrorFromBytes<Full>(bytes);
}

std::ostream& operator<<(std::ostream& out, const DepotState& value) {
  return onager::generated::Print(out, value);
}

DepotKey::DepotKey(std::string name_value) : name(std::move(name_value)) {}

std::string DepotKey::ToString() const {
  onager::generated::KeyWriter writer;
  writer.Add(name);
  return std::move(writer).Finish();
}

absl::StatusOr<DepotKey> DepotKey::Parse(std::string_view text) {
  DepotKey key;
  onager::generated::KeyReader reader(text);
  reader.Read(key.name);
  if (absl::Status status = reader.Finish(); !status.ok()) return status;
  return key;
}

namespace {

onager::Task<std::string> ServeDepotStored(DepotActor& actor, onager::Turn& turn, std::string_view) {
  auto result = co_await actor.Stored(turn);
  if (!result.ok()) co_return std::move(result).status();
  DepotStoredResult message;
  message.result = *std::move(result);
  co_return onager::generated::EncodeMessage(message);
}

onager::Task<std::string> ServeDepotExport(DepotActor& actor, onager::Turn& turn, std::string_view arguments,
                                           onager::generated::CallStreams& streams) {
  auto request = onager::generated::DecodeMessage<DepotExportRequest>(arguments);
  if (!request.ok()) co_return std::move(request).status();
  onager::StreamWriter<Parcel> results(streams, &onager::generated::EncodeMessage<Parcel>);
  auto result = co_await actor.Export(turn, request->count, request->load, results);
  if (!result.ok()) co_return result;
  co_return std::string();
}

onager::Task<std::string> ServeDepotExportAndFail(DepotActor& actor, onager::Turn& turn,
                                                  std::string_view arguments,
                                                  onager::generated::CallStreams& streams) {
  auto request = onager::generated::DecodeMessage<DepotExportAndFailRequest>(arguments);
  if (!request.ok()) co_return std::move(request).status();
  onager::StreamWriter<Parcel> results(streams, &onager::generated::EncodeMessage<Parcel>);
  auto result = co_await actor.ExportAndFail(turn, request->count, results);
  if (!result.ok()) co_return result;
  co_return std::string();
}

onager::Task<std::string> ServeDepotCount(DepotActor& actor, onager::Turn& turn, std::string_view arguments,
                                          onager::generated::CallStreams& streams) {
  auto request = onager::generated::DecodeMessage<DepotCountRequest>(arguments);
  if (!request.ok()) co_return std::move(request).status();
  onager::StreamWriter<std::int64_t> results(streams, &onager::generated::EncodeItem<DepotCountResultItem>);
  auto result = co_await actor.Count(turn, request->first, results);
  if (!result.ok()) co_return result;
  co_return std::string();
}

onager::Task<std::string> ServeDepotImport(DepotActor& actor, onager::Turn& turn, std::string_view arguments,
                                           onager::generated::CallStreams& streams) {
  auto request = onager::generated::DecodeMessage<DepotImportRequest>(arguments);
  if (!request.ok()) co_return std::move(request).status();
  onager::StreamReader<Parcel> parcels(streams, &onager::generated::DecodeMessage<Parcel>);
  auto result = co_await actor.Import(turn, request->max, parcels);
  if (!result.ok()) co_return std::move(result).status();
  DepotImportResult message;
  message.result = *std::move(result);
  co_return onager::generated::EncodeMessage(message);
}

onager::Task<std::string> ServeDepotTell(DepotActor& actor, onager::Turn& turn, std::string_view,
                                         onager::generated::CallStreams& streams) {
  onager::StreamReader<std::string> names(streams, &onager::generated::DecodeItem<DepotTellRequestItem>);
  auto result = co_await actor.Tell(turn, names);
  if (!result.ok()) co_return result;
  co_return std::string();
}

onager::Task<std::string> ServeDepotMultiply(DepotActor& actor, onager::Turn& turn,
                                             std::string_view arguments,
                                             onager::generated::CallStreams& streams) {
  auto request = onager::generated::DecodeMessage<DepotMultiplyRequest>(arguments);
  if (!request.ok()) co_return std::move(request).status();
  onager::StreamReader<std::int64_t> numbers(streams,
                                             &onager::generated::DecodeItem<DepotMultiplyRequestItem>);
  onager::StreamWriter<std::int64_t> results(streams,
                                             &onager::generated::EncodeItem<DepotMultiplyResultItem>);
  auto result = co_await actor.Multiply(turn, request->factor, numbers, results);
  if (!result.ok()) co_return result;
  co_return std::string();
}

}  // namespace

namespace {

// All but `Multiply`.
const onager::generated::ProtoFile& DepotProto() {
  static constexpr onager::generated::ProtoFile file = {
      .name = "depot.proto",
      .text = R"proto(syntax = "proto3";

// An actor for tests of streams: it does what they ask.
package depot.v1;

message Parcel {
  int64 number = 1;
  bytes load = 2;
}

message Full {
  int64 at = 1;
}

// The state of `Depot`.
message DepotState {
  int64 stored = 1;
  // In stored snapshots: the handle that the next new element gets.
  uint64 next_handle = 20000;
}

// Changes.

// What differs between two `Parcel`.
message ParcelPatch {
  optional int64 number = 1;
  optional bytes load = 2;
  // Numbers of the fields that are reset before the others are applied.
  repeated uint32 cleared = 20000;
}

// What one turn of `Depot` changed.
message DepotStatePatch {
  optional int64 stored = 1;
  // Numbers of the fields that are reset before the others are applied.
  repeated uint32 cleared = 20000;
}

// Calls.

// The arguments of `Depot.Stored`.
message DepotStoredRequest {
  // Of the actor's key. Empty in a session, where the call itself names the actor.
  string name = 20001;
}

// The result of `Depot.Stored`.
message DepotStoredResult {
  int64 result = 1;
}

// The arguments of `Depot.Export`.
message DepotExportRequest {
  int64 count = 1;
  int64 load = 2;
  // Of the actor's key. Empty in a session, where the call itself names the actor.
  string name = 20001;
}

// The arguments of `Depot.ExportAndFail`.
message DepotExportAndFailRequest {
  int64 count = 1;
  // Of the actor's key. Empty in a session, where the call itself names the actor.
  string name = 20001;
}

// The arguments of `Depot.Count`.
message DepotCountRequest {
  int64 first = 1;
  // Of the actor's key. Empty in a session, where the call itself names the actor.
  string name = 20001;
}

// One element of the result of `Depot.Count`.
message DepotCountResult {
  int64 item = 1;
}

// The arguments of `Depot.Import`.
message DepotImportRequest {
  int64 max = 1;
  // One element, or none; the other arguments and the key stand in the first message.
  Parcel parcels = 2;
  // Of the actor's key. Empty in a session, where the call itself names the actor.
  string name = 20001;
}

// The result of `Depot.Import`.
message DepotImportResult {
  int64 result = 1;
}

// The arguments of `Depot.Tell`.
message DepotTellRequest {
  // One element, or none; the other arguments and the key stand in the first message.
  optional string names = 1;
  // Of the actor's key. Empty in a session, where the call itself names the actor.
  string name = 20001;
}

// One of `names` of `Depot.Tell`, in a session.
message DepotTellItem {
  string item = 1;
}

// The result of `Depot.Tell`.
message DepotTellResult {
}

// What is observed.

// Which `Depot` is watched, and what of it.
message DepotWatchRequest {
  // Of the actor's key.
  string name = 20001;
  // To go on where an earlier call with the same filter and view ended:
  // the token of its first update, and where its last one led.
  bytes resume_token = 1;
  fixed64 epoch = 2;
  uint64 revision = 3;
}

// What is seen of a `Depot`, or what has changed since the update before.
// The first one comes at once, and has no change when nothing was missed.
message DepotWatchUpdate {
  // Why a snapshot came instead of the changes.
  enum ResyncReason {
    RESYNC_REASON_INITIAL = 0;
    RESYNC_REASON_EXPIRED = 1;
    RESYNC_REASON_NEW_EPOCH = 2;
    RESYNC_REASON_SCHEMA_CHANGED = 3;
    RESYNC_REASON_VIEW_CHANGED = 4;
    RESYNC_REASON_UNKNOWN_KEY = 5;
    RESYNC_REASON_LAGGED = 6;
    RESYNC_REASON_BASE_MISMATCH = 7;
    RESYNC_REASON_REPLICA_DIVERGED = 8;
    RESYNC_REASON_REQUESTED = 9;
  }
  // Revisions of different epochs have nothing to do with each other.
  fixed64 epoch = 1;
  // Where this update leads.
  uint64 revision = 2;
  // What the update before led to; 0 at the beginning.
  uint64 base_revision = 3;
  oneof change {
    // All that is seen. It replaces what was there.
    DepotState snapshot = 4;
    // What has changed since `base_revision`.
    DepotStatePatch patch = 5;
  }
  // Of a `snapshot`.
  ResyncReason reason = 7;
  // Of the first update: what a later request needs to continue.
  bytes resume_token = 9;
}

service Depot {
  rpc Stored(DepotStoredRequest) returns (DepotStoredResult) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
  // `count` parcels, of that load.
  rpc Export(DepotExportRequest) returns (stream Parcel) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
  // As `Export`, but fails after the last one, and changes the state before the first.
  // Fails with `Full`.
  rpc ExportAndFail(DepotExportAndFailRequest) returns (stream Parcel);
  // Every number from `first` on, without end.
  rpc Count(DepotCountRequest) returns (stream DepotCountResult) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
  // Stores the parcels and says how many they were; fails when they are more than `max`.
  // Fails with `Full`.
  rpc Import(stream DepotImportRequest) returns (DepotImportResult);
  // Reads all names and stores how many they were.
  rpc Tell(stream DepotTellRequest) returns (DepotTellResult);
  // The state as it is, then each change, until the caller goes.
  rpc Watch(DepotWatchRequest) returns (stream DepotWatchUpdate);
}
)proto",
  };
  return file;
}

}  // namespace

const onager::generated::ActorType& DepotActor::Type() {
  static constexpr onager::generated::MethodInfo kMethods[] = {
      {.name = "Stored", .readonly = true},
      {.name = "Export", .readonly = true, .timeout = absl::Minutes(10), .streamed_result = true},
      {.name = "ExportAndFail", .streamed_result = true},
      {.name = "Count", .readonly = true, .streamed_result = true},
      {.name = "Import", .timeout = absl::Minutes(10), .streamed_parameter = true, .item_number = 2,
       .item_is_struct = true},
      {.name = "Tell", .streamed_parameter = true, .item_number = 1},
      {.name = "Multiply",
       .idempotent = true,
       .readonly = true,
       .timeout = absl::Minutes(10),
       .streamed_parameter = true,
       .streamed_result = true,
       .item_number = 2},
  };
  static constexpr onager::generated::KeyPartInfo kKey[] = {{.name = "name"}};
  static const onager::generated::ActorType type = {
      .name = "depot.v1.Depot",
      .methods = kMethods,
      .state = &onager::generated::TrackedState<DepotState>::Codec(),
      .key = kKey,
      .proto = &DepotProto,
  };
  return type;
}

absl::Status DepotActor::BindKey(std::string_view key) {
  absl::StatusOr<DepotKey> parsed = DepotKey::Parse(key);
  if (!parsed.ok()) return std::move(parsed).status();
  key_ = *std::move(parsed);
  return absl::OkStatus();
}

onager::Task<std::string> DepotActor::Dispatch(onager::Turn& turn, std::size_t method,
                                               std::string_view arguments) {
  switch (method) {
    case 0:
      return ServeDepotStored(*this, turn, arguments);
  }
  return absl::UnimplementedError("depot.v1.Depot has no such method");
}

onager::Task<std::string> DepotActor::DispatchStreamed(onager::Turn& turn, std::size_t method,
                                                       std::string_view arguments,
                                                       onager::generated::CallStreams& streams) {
  switch (method) {
    case 1:
      return ServeDepotExport(*this, turn, arguments, streams);
    case 2:
      return ServeDepotExportAndFail(*this, turn, arguments, streams);
    case 3:
      return ServeDepotCount(*this, turn, arguments, streams);
    case 4:
      return ServeDepotImport(*this, turn, arguments, streams);
    case 5:
      return ServeDepotTell(*this, turn, arguments, streams);
    case 6:
      return ServeDepotMultiply(*this, turn, arguments, streams);
  }
  return absl::UnimplementedError("depot.v1.Depot has no such method with streams");
}

DepotClient::DepotClient(const onager::Client& client, std::string_view name)
    : channel_(client.channel()), key_(DepotKey(std::string(name)).ToString()) {}

onager::Call<std::int64_t> DepotClient::Stored(onager::CallOptions options) const {
  auto pending = channel_->Call(DepotActor::Type(), key_, 0, std::string(), options);
  return onager::Call<std::int64_t>(std::move(pending), &onager::generated::DecodeWrapped<DepotStoredResult>);
}

onager::StreamCall<Parcel> DepotClient::Export(std::int64_t count, std::int64_t load,
                                               onager::CallOptions options) const {
  DepotExportRequest request;
  request.count = count;
  request.load = load;
  auto call = channel_->CallWithStreams(DepotActor::Type(), key_, 1,
                                        onager::generated::EncodeMessage(request), options);
  return onager::StreamCall<Parcel>(std::move(call), &onager::generated::DecodeMessage<Parcel>);
}

onager::StreamCall<Parcel> DepotClient::ExportAndFail(std::int64_t count, onager::CallOptions options) const {
  DepotExportAndFailRequest request;
  request.count = count;
  auto call = channel_->CallWithStreams(DepotActor::Type(), key_, 2,
                                        onager::generated::EncodeMessage(request), options);
  return onager::StreamCall<Parcel>(std::move(call), &onager::generated::DecodeMessage<Parcel>);
}

onager::StreamCall<std::int64_t> DepotClient::Count(std::int64_t first, onager::CallOptions options) const {
  DepotCountRequest request;
  request.first = first;
  auto call = channel_->CallWithStreams(DepotActor::Type(), key_, 3,
                                        onager::generated::EncodeMessage(request), options);
  return onager::StreamCall<std::int64_t>(std::move(call),
                                          &onager::generated::DecodeItem<DepotCountResultItem>);
}

onager::SendCall<Parcel, std::int64_t> DepotClient::Import(std::int64_t max,
                                                           onager::CallOptions options) const {
  DepotImportRequest request;
  request.max = max;
  auto call = channel_->CallWithStreams(DepotActor::Type(), key_, 4,
                                        onager::generated::EncodeMessage(request), options);
  return onager::SendCall<Parcel, std::int64_t>(std::move(call), &onager::generated::EncodeMessage<Parcel>,
                                                &onager::generated::DecodeWrapped<DepotImportResult>);
}

onager::SendCall<std::string> DepotClient::Tell(onager::CallOptions options) const {
  auto call = channel_->CallWithStreams(DepotActor::Type(), key_, 5, std::string(), options);
  return onager::SendCall<std::string>(std::move(call), &onager::generated::EncodeItem<DepotTellRequestItem>,
                                       &onager::generated::DecodeNothing);
}

onager::DuplexCall<std::int64_t, std::int64_t> DepotClient::Multiply(std::int64_t factor,
                                                                     onager::CallOptions options) const {
  DepotMultiplyRequest request;
  request.factor = factor;
  auto call = channel_->CallWithStreams(DepotActor::Type(), key_, 6,
                                        onager::generated::EncodeMessage(request), options);
  return onager::DuplexCall<std::int64_t, std::int64_t>(
      std::move(call), &onager::generated::EncodeItem<DepotMultiplyRequestItem>,
      &onager::generated::DecodeItem<DepotMultiplyResultItem>);
}

onager::Observation<DepotState> DepotClient::Observe() const {
  return onager::Observation<DepotState>(channel_, DepotActor::Type(), key_);
}

}  // namespace depot::v1

void onager::Tracked<depot::v1::Parcel>::set_number(std::int64_t number) { Set<&Value::number>(number); }
void onager::Tracked<depot::v1::Parcel>::set_load(onager::Bytes load) { Set<&Value::load>(std::move(load)); }

bool onager::Change<depot::v1::Parcel>::number() const { return Changed<&Value::number>(); }
bool onager::Change<depot::v1::Parcel>::load() const { return Changed<&Value::load>(); }

void onager::Tracked<depot::v1::DepotState>::set_stored(std::int64_t stored) { Set<&Value::stored>(stored); }

bool onager::Change<depot::v1::DepotState>::stored() const { return Changed<&Value::stored>(); }
