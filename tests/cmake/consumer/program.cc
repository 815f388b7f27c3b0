// Greets in a simulation and then over a real connection or, where only generated code is linked, says who
// would.
#include <iostream>
#include <string>

#include "greeter.actor.h"
#ifdef WITH_GRPC
#include "onager/client.h"
#include "onager/server.h"
#include "onager/testing/simulation.h"
#endif

class FriendlyGreeter final : public consumer::greeter::v1::GreeterActor {
 public:
  onager::Task<std::string> Greet(onager::Turn&, std::string greeting) override {
    state().set_greetings(state().greetings() + 1);
    return greeting + ", " + key().name + "!";
  }
};

#ifdef WITH_GRPC

absl::StatusOr<std::string> GreetInSimulation() {
  onager::simulation::Simulation simulation;
  simulation.Host<FriendlyGreeter>();
  simulation.StartServer();
  simulation.AddClient();
  return simulation.Await(consumer::greeter::v1::GreeterClient(simulation.client(0), "world").Greet());
}

#endif

int main() {
#ifdef WITH_GRPC
  if (const absl::StatusOr<std::string> greeted = GreetInSimulation(); !greeted.ok()) {
    std::cerr << greeted.status() << "\n";
    return 1;
  }
  onager::Server server;
  server.Host<FriendlyGreeter>();
  if (const absl::Status status = server.Start(); !status.ok()) {
    std::cerr << status << "\n";
    return 1;
  }
  const onager::Client client = onager::Client::Connect(server.addresses().front());
  const absl::StatusOr<std::string> greeted =
      consumer::greeter::v1::GreeterClient(client, "world").Greet().Wait();
  if (!greeted.ok()) {
    std::cerr << greeted.status() << "\n";
    return 1;
  }
  std::cout << *greeted << "\n";
#else
  const FriendlyGreeter greeter;
  std::cout << greeter.Type().name << "\n";
#endif
}
