#include "runtime/actor/actor_call.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "runtime/actor/turn_context.h"

namespace onager::actor {
namespace {

// The finalizer of SplitMix64: each bit of the result depends on all of the value.
std::uint64_t Mix(std::uint64_t value) {
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9ull;
  value = (value ^ value >> 27) * 0x94D049BB133111EBull;
  return value ^ value >> 31;
}

}  // namespace

CallId CallId::Derive(std::uint64_t ordinal) const {
  CallId derived;
  derived.high = Mix(high + Mix(low + 0x9E3779B97F4A7C15ull * ordinal));
  derived.low = Mix(low + Mix(derived.high + ordinal));
  if (derived.empty()) derived.low = 1;
  return derived;
}

CallId CallId::Of(std::string_view text) {
  CallId id{Mix(text.size()), Mix(~text.size())};
  for (std::size_t at = 0; at < text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    for (const char byte : text.substr(at, sizeof word)) word = word << 8 | static_cast<unsigned char>(byte);
    id.high = Mix(id.high ^ word);
    id.low = Mix(id.low + Mix(word + id.high));
  }
  if (id.empty()) id.low = 1;
  return id;
}

std::string DescribeChain(const CallLink& link) {
  std::vector<std::string> actors;
  for (const CallLink* at = &link; at != nullptr; at = at->caller.get()) {
    actors.push_back(at->actor.ToString());
  }
  std::reverse(actors.begin(), actors.end());
  return absl::StrJoin(actors, " > ");
}

void ActorCall::Cancel() {
  std::shared_ptr<TurnContext> turn;
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
    turn = turn_;
  }
  if (turn != nullptr) turn->Cancel();
  if (streams != nullptr) streams->Cancel();
}

bool ActorCall::cancelled() const {
  MutexLock lock(mutex_);
  return cancelled_;
}

}  // namespace onager::actor
