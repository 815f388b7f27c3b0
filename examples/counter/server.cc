#include "onager/server.h"
#include "counter.actor.h"

class Counter final : public counter::v1::CounterActor {
  onager::Task<std::int64_t> Increment(onager::Turn&, std::int64_t by) override {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(state().value(), by, &sum)) return absl::OutOfRangeError("too much");
    state().set_value(sum);  // Tracked: this is the delta.
    return sum;              // Committed, then streamed, then answered.
  }
  onager::Task<std::int64_t> Set(onager::Turn&, std::int64_t value) override {
    const std::int64_t before = state().value();
    state().set_value(value);
    return before;
  }
};

int main(int argc, char** argv) {
  onager::Server server(onager::ServerOptions({argc > 1 ? argv[1] : "127.0.0.1:7000"}));
  server.Host<Counter>();
  return server.Run();  // Until SIGINT or SIGTERM.
}
