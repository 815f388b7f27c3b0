#include "onager/generated/actor_base.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "onager/generated/choice.h"
#include "runtime/wire/batch.h"

namespace onager::generated {

absl::Status ActorBase::Migrate(std::uint32_t from) {
  return absl::FailedPreconditionError(
      absl::StrCat("nothing brings the state from version ", from, " to ", from + 1));
}

TurnEvents ActorBase::TakeEvents() { return std::exchange(events_, {}); }

void ActorBase::RestoreEvents(TurnEvents before, TurnEvents after) {
  before.records += after.records;
  before.count += after.count;
  before.too_many = before.too_many || after.too_many || before.count > kEventsPerTurnMax ||
                    before.records.size() > kEventBytesPerTurnMax;
  events_ = std::move(before);
}

void ActorBase::EmitEvent(std::uint32_t number, std::string_view fields) {
  if (events_.too_many) return;
  const std::string event = EncodeChoice(number, fields);
  if (events_.count == kEventsPerTurnMax || events_.records.size() + event.size() > kEventBytesPerTurnMax) {
    events_.too_many = true;
    return;
  }
  wire::AppendEvent(events_.records, event);
  ++events_.count;
}

}  // namespace onager::generated
