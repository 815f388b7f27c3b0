#ifndef ONAGER_GENERATED_PAST_MESSAGES_H_
#define ONAGER_GENERATED_PAST_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

// What is asked of an actor's past, and what is answered: the messages of runtime/wire/past.proto.
namespace onager::generated {

/// The method by which every actor's past is asked for in a session.
inline constexpr std::string_view kPastMethod = "onager.Past";

/// The state as it was at a revision, or at a time; without both, as it is.
struct StateAsOf {
  StateAsOf() = default;

  std::optional<std::uint64_t> revision;
  std::optional<absl::Time> time;  // Whole microseconds.

  friend bool operator==(const StateAsOf&, const StateAsOf&) = default;
};

/// The newest `limit` revisions, all of them before `before`. 0: no such limit.
struct ListRevisions {
  ListRevisions() = default;

  std::uint64_t before = 0;
  std::uint64_t limit = 0;

  friend bool operator==(const ListRevisions&, const ListRevisions&) = default;
};

/// What changed after `from` up to `to`.
struct DiffRevisions {
  DiffRevisions() = default;

  std::uint64_t from = 0;
  std::uint64_t to = 0;

  friend bool operator==(const DiffRevisions&, const DiffRevisions&) = default;
};

using PastQuery = std::variant<StateAsOf, ListRevisions, DiffRevisions>;

/// Answers `StateAsOf`.
struct PastStateMessage {
  PastStateMessage() = default;

  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::optional<absl::Time> committed_at;  // Unset where it is not kept.
  std::string snapshot;                    // In the form for subscribers.

  friend bool operator==(const PastStateMessage&, const PastStateMessage&) = default;
};

/// One of those that answer `ListRevisions`.
struct PastRevisionMessage {
  PastRevisionMessage() = default;

  std::uint64_t revision = 0;
  absl::Time committed_at;
  std::uint64_t bytes = 0;   // Of its change, as it is stored.
  std::uint64_t events = 0;  // That came with it.

  friend bool operator==(const PastRevisionMessage&, const PastRevisionMessage&) = default;
};

/// Answers `ListRevisions`.
struct PastRevisionsMessage {
  PastRevisionsMessage() = default;

  std::uint64_t epoch = 0;
  // The state can be had as of each revision from the one to the other.
  std::uint64_t oldest = 0;
  std::uint64_t newest = 0;
  std::vector<PastRevisionMessage> revisions;  // Rising.

  friend bool operator==(const PastRevisionsMessage&, const PastRevisionsMessage&) = default;
};

/// Answers `DiffRevisions`: the state before, and the patch that leads to the state after; or that state,
/// where its meaning is of another version.
struct PastDiffMessage {
  PastDiffMessage() = default;

  std::uint64_t epoch = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::string before;
  std::string patch;  // May be empty.
  std::optional<std::string> after;

  friend bool operator==(const PastDiffMessage&, const PastDiffMessage&) = default;
};

std::string EncodePast(const PastQuery& message);
std::string EncodePast(const PastStateMessage& message);
std::string EncodePast(const PastRevisionsMessage& message);
std::string EncodePast(const PastDiffMessage& message);

/// `INVALID_ARGUMENT` for what is no such message; of a query also when it asks for nothing that is known
/// here.
template <typename Message>
absl::StatusOr<Message> DecodePast(std::string_view bytes) = delete;
template <>
absl::StatusOr<PastQuery> DecodePast<PastQuery>(std::string_view bytes);
template <>
absl::StatusOr<PastStateMessage> DecodePast<PastStateMessage>(std::string_view bytes);
template <>
absl::StatusOr<PastRevisionsMessage> DecodePast<PastRevisionsMessage>(std::string_view bytes);
template <>
absl::StatusOr<PastDiffMessage> DecodePast<PastDiffMessage>(std::string_view bytes);

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_PAST_MESSAGES_H_
