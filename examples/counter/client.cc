#include <iostream>

#include "counter.client.h"

int main(int argc, char** argv) {
  auto client = onager::Client::Connect(argc > 1 ? argv[1] : "127.0.0.1:7000");
  counter::v1::CounterClient visits(client, "visits");
  auto watch = visits.Observe()
                   .OnChange([](const auto& now, const auto&) { std::cout << now.value << std::endl; })
                   .Start();        // Survives every reconnect.
  while (std::cin.get() == '\n') {  // Each Enter counts one, and every client sees it.
    if (auto value = visits.Increment().Wait(); !value.ok()) std::cerr << value.status() << std::endl;
  }
}
