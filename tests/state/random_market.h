#ifndef ONAGER_TESTS_STATE_RANDOM_MARKET_H_
#define ONAGER_TESTS_STATE_RANDOM_MARKET_H_

#include <cstdint>

#include "hand_written_market.h"
#include "random_turns.h"

namespace onager::testing {

// The keys that random turns use.
inline constexpr std::uint32_t kIdCount = 7;
Uuid IdOf(std::uint32_t number);
inline constexpr std::uint32_t kNameCount = 5;
std::string NameOf(std::uint32_t number);

// One random change through the API that actors use. Keys and values are few.
void Mutate(Tracked<market::v1::MarketState>& state, Dice& dice);

}  // namespace onager::testing

#endif  // ONAGER_TESTS_STATE_RANDOM_MARKET_H_
