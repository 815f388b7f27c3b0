#ifndef ONAGER_TESTS_END_TO_END_MARKET_H_
#define ONAGER_TESTS_END_TO_END_MARKET_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <string_view>

#include "hand_written_market.h"
#include "onager/call.h"
#include "onager/client.h"
#include "onager/generated/actor_base.h"
#include "onager/observe.h"
#include "onager/past.h"
#include "runtime/server/server_core.h"

// An actor with filters, views, private fields and an event, over the state of tests/state.
namespace onager::end_to_end {

using market::v1::MarketState;

/// What the market emits: `event Sold { string title = 1; int64 number = 2; }`.
struct Sold {
  static constexpr std::uint32_t kNumber = 5001;

  std::string title;
  std::int64_t number = 0;

  Sold() = default;
  explicit Sold(std::int64_t number_value, std::string title_value = std::string())
      : title(std::move(title_value)), number(number_value) {}

  static std::optional<Sold> FromBytes(std::string_view bytes);
  std::string ToBytes() const;

  friend bool operator==(const Sold&, const Sold&) = default;
};

class Market final : public generated::ActorBase {
 public:
  /// What a turn does; the test's own code, run at the server.
  using Body = std::function<absl::Status(Tracked<MarketState>& state, Market& market)>;

  static const generated::ActorType& Type();
  /// The market's filters and views, and two more: open while `open` is at least `n`, and one that throws.
  static Filter<MarketState> OpenAtLeast(std::int32_t n);
  static Filter<MarketState> Broken();

  void Emit(const Sold& event) { EmitEvent(Sold::kNumber, event.ToBytes()); }

 private:
  const generated::ActorType& actor_type() const override { return Type(); }
  generated::StateInterface& state_interface() override { return state_; }
  absl::Status BindKey(std::string_view /*key*/) override { return absl::OkStatus(); }
  Task<std::string> Dispatch(Turn& turn, std::size_t method, std::string_view arguments) override;

  generated::TrackedState<MarketState> state_;
};

void HostMarket(server::ServerCore& server);

class MarketClient {
 public:
  MarketClient(const Client& client, std::string name) : channel_(client.channel()), name_(std::move(name)) {}

  Call<> Edit(Market::Body body) const;
  Call<> SetOpen(std::int32_t open) const;
  Observation<MarketState> Observe() const {
    return Observation<MarketState>(channel_, Market::Type(), name_);
  }
  onager::Past<MarketState> Past() const {
    return generated::PastOf<MarketState>(channel_, Market::Type(), name_);
  }

 private:
  std::shared_ptr<generated::Channel> channel_;
  std::string name_;
};

/// The id of the item that tests call by that number.
Uuid IdOf(std::uint8_t number);
/// What `market::v1::Market::Mine(user)` shows of a state.
MarketState MineOf(const MarketState& state, std::string_view user);

/// One of the market's views with its parameters, or none, and what it shows.
struct Sight {
  enum Kind {
    kAll,     // No view.
    kMine,    // `Mine(name)`, which every change may concern.
    kTitled,  // `Titled(name, number)` and `Noted(name)` are found by what a change has touched.
    kNoted
  };
  Kind kind = kAll;
  std::string name = std::string();
  std::int32_t number = 0;

  View<MarketState> view() const;
  /// Said again on plain values.
  MarketState Of(const MarketState& state) const;
  friend std::ostream& operator<<(std::ostream& out, const Sight& sight);
};

/// Whatever the random changes were, this one shows in every sight whose name is one of `ChangeAtRandom`'s.
void ShowEverywhere(Tracked<MarketState>& state, std::string_view title);

/// One of many small changes, or none.
void ChangeAtRandom(Tracked<MarketState>& state, std::mt19937_64& random);
/// What everybody may see of it.
MarketState PublicOf(MarketState state);

}  // namespace onager::end_to_end

#endif  // ONAGER_TESTS_END_TO_END_MARKET_H_
