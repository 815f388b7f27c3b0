#include "runtime/actor/call_records.h"

#include <algorithm>
#include <utility>

namespace onager::actor {
namespace {

// The record that says until when calls may be forgotten: no call has this id.
constexpr store::StoredCallId kForgotten{0, 0};

// Clocks of servers that share a store differ by less.
constexpr absl::Duration kClockSkewMax = absl::Seconds(2);

// How often, at most, while a record grows too old, it is written that such ones may be gone.
constexpr int kMarksPerAge = 10;

// Names of forgotten calls that may stand in the order before they are looked for.
constexpr std::size_t kStaleMin = 64;

// An outcome's first byte.
constexpr char kWithResult = 0;
constexpr char kResultTooLarge = 1;

store::StoredCallId StoredId(const CallId& id) { return {id.high, id.low}; }

}  // namespace

void CallRecords::Load(const std::vector<store::StoredCall>& calls) {
  calls_.clear();
  order_.clear();
  bytes_ = 0;
  forgotten_until_ = absl::InfinitePast();
  std::vector<const store::StoredCall*> by_end;
  for (const store::StoredCall& call : calls) by_end.push_back(&call);
  std::stable_sort(by_end.begin(), by_end.end(),
                   [](const auto* a, const auto* b) { return a->ended_at < b->ended_at; });
  for (const store::StoredCall* call : by_end) {
    if (call->id == kForgotten) {
      forgotten_until_ = call->ended_at;
    } else {
      Insert(call->id, {call->revision, call->outcome, call->ended_at});
    }
  }
}

std::optional<CallRecords::Ended> CallRecords::Find(const CallId& id) const {
  const auto found = calls_.find(StoredId(id));
  if (found == calls_.end()) return std::nullopt;
  Ended ended;
  ended.revision = found->second.revision;
  const std::string& outcome = *found->second.outcome;
  if (!outcome.empty() && outcome.front() == kWithResult) ended.result = outcome.substr(1);
  return ended;
}

bool CallRecords::MayHaveForgotten(std::optional<absl::Time> sent) const {
  if (forgotten_until_ == absl::InfinitePast()) return false;
  return !sent.has_value() || *sent - kClockSkewMax <= forgotten_until_;
}

void CallRecords::Add(const ActorCall& call, const std::string& result, std::uint64_t revision,
                      absl::Time now, store::CommitRecord& commit) {
  // The store keeps whole microseconds, and what is here is to be what comes back.
  now = absl::FromUnixMicros(absl::ToUnixMicros(now));
  // Clients acknowledge in order, so what one of them has is a range.
  const store::StoredCallId first{call.id.high, 0};
  for (auto kept = calls_.lower_bound(first);
       kept != calls_.end() && kept->first.high == call.id.high && kept->first.low <= call.acknowledged;) {
    kept = Forget(kept, commit.forgotten_calls);
  }
  std::string outcome;
  if (result.size() < limits_.bytes_max) {
    outcome.reserve(result.size() + 1);
    outcome.push_back(kWithResult);
    outcome += result;
  } else {
    outcome.push_back(kResultTooLarge);
  }
  store::StoredCall& stored = commit.calls.emplace_back();
  stored.id = StoredId(call.id);
  stored.revision = revision;
  stored.outcome = ShareBytes(std::move(outcome));
  stored.ended_at = now;
  Insert(stored.id, {revision, stored.outcome, now});

  if (order_.size() > 2 * calls_.size() + kStaleMin) {
    std::erase_if(order_, [this](const auto& entry) {
      const auto kept = calls_.find(entry.second);
      return kept == calls_.end() || kept->second.serial != entry.first;
    });
  }
  const absl::Time until_before = forgotten_until_;
  const absl::Duration age_max = absl::FromChrono(limits_.age_max);
  while (!order_.empty()) {
    const auto [serial, id] = order_.front();
    const auto oldest = calls_.find(id);
    if (oldest == calls_.end() || oldest->second.serial != serial) {
      order_.pop_front();
      continue;
    }
    const absl::Time ended_at = oldest->second.ended_at;
    const bool too_old = now - ended_at > age_max;
    if (!too_old && calls_.size() <= limits_.count_max && bytes_ <= limits_.bytes_max) break;
    if (ended_at > forgotten_until_) {
      // Said for those that will be too old soon as well, so that not every commit has to say it.
      forgotten_until_ = too_old ? std::min(ended_at + age_max / kMarksPerAge, now - age_max) : ended_at;
    }
    Forget(oldest, commit.forgotten_calls);
    order_.pop_front();
  }
  if (forgotten_until_ == until_before) return;
  store::StoredCall& mark = commit.calls.emplace_back();
  mark.id = kForgotten;
  mark.outcome = ShareBytes(std::string());
  mark.ended_at = forgotten_until_;
}

void CallRecords::Insert(const store::StoredCallId& id, Kept kept) {
  kept.serial = ++last_serial_;
  bytes_ += kept.outcome->size();
  order_.emplace_back(kept.serial, id);
  const auto [call, is_new] = calls_.try_emplace(id);
  if (!is_new) bytes_ -= call->second.outcome->size();
  call->second = std::move(kept);
}

CallRecords::Calls::iterator CallRecords::Forget(Calls::iterator call,
                                                 std::vector<store::StoredCallId>& forgotten) {
  forgotten.push_back(call->first);
  bytes_ -= call->second.outcome->size();
  return calls_.erase(call);
}

}  // namespace onager::actor
