#include "load.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "onager/call_options.h"

namespace onager::crash {
namespace {

using ::crash::v1::DraftClient;
using ::crash::v1::TallyClient;

// Longer than a server is away, however slow the machine is.
constexpr absl::Duration kPatience = absl::Minutes(3);

CallOptions In(absl::Duration timeout) { return CallOptions().WithTimeout(timeout); }

}  // namespace

template <typename Stub>
void Load::AimAll(const Stub& actor, CallBook& book, bool for_good) {
  const auto add = [actor, client = client_](const std::string& id, absl::Duration timeout, Done done) {
    actor.Add(id, client, In(timeout)).Then(std::move(done));
  };
  for (int share = 0; share < 7; ++share) kinds_.push_back({&book, for_good, add});
  kinds_.push_back(
      {&book, for_good, [actor, client = client_](const std::string& id, absl::Duration timeout, Done done) {
         actor.AddAgain(id, client, In(timeout)).Then(std::move(done));
       }});
  kinds_.push_back(
      {&book, for_good, [actor, client = client_](const std::string& id, absl::Duration timeout, Done done) {
         actor.Refuse(id, client, In(timeout)).Then([done = std::move(done)](const absl::Status& status) {
           done(status.ok() ? absl::InternalError("it was to fail") : status);
         });
       }});
}

void Load::Aim(const TallyClient& tally, CallBook& book) { AimAll(tally, book, /*for_good=*/true); }

void Load::Aim(const DraftClient& draft, CallBook& book) {
  AimAll(draft, book, /*for_good=*/false);
  kinds_.push_back({&book, /*for_good=*/true,
                    [draft, client = client_](const std::string& id, absl::Duration timeout, Done done) {
                      draft.AddForGood(id, client, In(timeout)).Then(std::move(done));
                    }});
}

void Load::Start(std::size_t lanes) {
  monitor_.Do([&] {
    stopping_ = false;
    under_way_ += lanes;
  });
  for (std::size_t lane = 0; lane < lanes; ++lane) Next();
}

void Load::Next() {
  const Kind* kind = nullptr;
  std::string id;
  absl::Duration timeout = kPatience;
  monitor_.Do([&] {
    if (stopping_) {
      --under_way_;
      return;
    }
    kind = &kinds_[random_() % kinds_.size()];
    id = absl::StrCat(client_, "-", ++calls_);
    // Some give up before they can know what has become of it.
    if (random_() % 32 == 0) timeout = absl::Milliseconds(1 + random_() % 20);
    kind->book->Begin(id, kind->for_good);
  });
  if (kind == nullptr) return;
  kind->call(id, timeout, [this, kind, id, impatient = timeout < kPatience](const auto& result) {
    monitor_.Do([&] { kind->book->End(id, result, impatient); });
    Next();
  });
}

}  // namespace onager::crash
