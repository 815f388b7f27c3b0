// crash_server <address> <store> <file>: hosts the actors of crash.actor and of examples/ledger until it is
// killed. Says in the file what it would lose; see exposure.h.

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "account.h"
#include "crash.actor.h"
#include "directory.h"
#include "exposure.h"
#include "onager/metrics.h"
#include "onager/server.h"
#include "transfer.h"

namespace onager::crash {
namespace {

using ::crash::v1::Entry;
using ::crash::v1::Refused;

/// What both kinds of actors do.
template <typename Skeleton, typename Added>
class Adding : public Skeleton {
  Task<std::int64_t> Add(Turn&, std::string id, std::string client) override {
    return Insert(std::move(id), std::move(client));
  }
  Task<std::int64_t> AddAgain(Turn&, std::string id, std::string client) override {
    if (const Entry* there = this->state().entries().Find(id); there != nullptr) {
      return there->position;
    }
    return Insert(std::move(id), std::move(client));
  }
  Task<> Refuse(Turn&, std::string id, std::string client) override {
    Insert(id, std::move(client));
    return Refused().with_id(std::move(id));
  }
  Task<> Drop(Turn&) override {
    this->state().mutable_entries().Clear();
    return absl::OkStatus();
  }

 protected:
  std::int64_t Insert(std::string id, std::string client) {
    const std::int64_t position = this->state().count() + 1;
    Entry entry = Entry().with_id(id).with_client(std::move(client)).with_position(position);
    if (!this->state().mutable_entries().Insert(std::move(entry))) {
      this->state().set_repeated(this->state().repeated() + 1);
    }
    this->state().set_count(position);
    this->Emit(Added().with_id(std::move(id)));
    return position;
  }
};

class Tally final : public Adding<::crash::v1::TallyActor, ::crash::v1::Tally::Added> {};

class Draft final : public Adding<::crash::v1::DraftActor, ::crash::v1::Draft::Added> {
  Task<std::int64_t> AddForGood(Turn&, std::string id, std::string client) override {
    return Insert(std::move(id), std::move(client));
  }
};

/// Tells again and again, until it is told to stop.
void KeepTelling(const std::atomic<bool>& enough, const Metrics& metrics, Exposure& exposure) {
  while (!enough) {
    const absl::Time at = absl::Now();
    std::int64_t oldest_us = 0;
    std::int64_t window_us = 0;
    for (const MetricSample& sample : metrics.Collect()) {
      if (sample.name == "onager_server_oldest_unwritten_microseconds") {
        oldest_us = static_cast<std::int64_t>(sample.value);
      } else if (sample.name == "onager_server_loss_window_microseconds") {
        window_us = static_cast<std::int64_t>(sample.value);
      }
    }
    exposure.Tell(at, absl::Microseconds(oldest_us), absl::Microseconds(window_us));
    absl::SleepFor(absl::Milliseconds(2));
  }
}

}  // namespace
}  // namespace onager::crash

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  onager::ServerOptions options({argv[1]});
  options.store = argv[2];
  onager::crash::Exposure* const exposure = onager::crash::Exposure::Map(argv[3]);
  if (exposure == nullptr) return 3;
  onager::Server server(options);
  server.Host<onager::crash::Tally>();
  server.Host<onager::crash::Draft>();
  server.Host<ledger::Account>();
  server.Host<ledger::Directory>();
  server.Host<ledger::Transfer>();
  std::atomic<bool> enough = false;
  std::thread telling([&] { onager::crash::KeepTelling(enough, server.metrics(), *exposure); });
  const int exit_code = server.Run();
  enough = true;
  telling.join();
  return exit_code;
}
