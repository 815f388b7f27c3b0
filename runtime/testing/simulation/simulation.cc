#include "onager/testing/simulation.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/base/xoshiro.h"
#include "runtime/client/client_core.h"
#include "runtime/server/core_options.h"
#include "runtime/server/server_core.h"
#include "runtime/store/memory_store.h"
#include "runtime/testing/manual_environment.h"
#include "runtime/testing/simulated_network.h"
#include "runtime/testing/simulation/fenced_store.h"
#include "runtime/testing/simulation/skewed_clock.h"
#include "runtime/testing/simulation/trace.h"

namespace onager::simulation {
namespace {

constexpr char kAddress[] = "server";
constexpr Duration kShutdownMax = std::chrono::hours(2);
constexpr Duration kGoodbye = std::chrono::seconds(2);

/// Kinds of events of the trace.
enum TraceKind : std::uint64_t { kSent = 1, kDelivered, kHarmed, kBroken, kInjected, kNoted };

ManualEnvironmentOptions EnvironmentOptions(std::uint64_t seed) {
  ManualEnvironmentOptions options;
  options.seed = seed;
  return options;
}

Fault FaultOf(MessageHarm harm) {
  switch (harm) {
    case MessageHarm::kLost:
      return Fault::kLoss;
    case MessageHarm::kDoubled:
      return Fault::kDuplication;
    case MessageHarm::kOvertaken:
      return Fault::kReorder;
  }
  std::abort();
}

Duration Milliseconds(std::uint64_t count) { return std::chrono::milliseconds(count); }

// Between 4/5 and 5/4 of the right one.
std::int64_t SpeedPermille(std::uint64_t number) { return 800 + static_cast<std::int64_t>(number % 16) * 30; }

}  // namespace

SimulationOptions::SimulationOptions() { server.log = nullptr; }

class Simulation::World final : public TrafficObserver {
 public:
  explicit World(SimulationOptions options)
      : options_(std::move(options)),
        draws_(options_.seed ^ 0x5DEECE66Du),
        manual_(EnvironmentOptions(options_.seed)),
        begin_(manual_.Now()),
        network_(manual_.environment(), NetworkOptions()),
        server_clock_(manual_.environment()),
        memory_(std::make_unique<store::MemoryStore>()) {
    network_.OnLink([this](SimulatedLink& link) { OnLink(link); });
  }

  ~World() override { Stop(); }

  void Stop() {
    is_ending_ = true;
    for (const auto& client : clients_) client->client->Close();
    StopServer();
    manual_.Advance(kGoodbye);  // Clients that have just left are still saying goodbye.
  }

  // The server ---------------------------------------------------------------------------------------

  void Host(const generated::ActorType& type, actor::MakeActor make) {
    types_.push_back({&type, std::move(make)});
  }

  void StartServer() {
    if (server_ != nullptr) return;
    auto life = std::make_unique<ServerLife>(*memory_, disk_, server_clock_.environment(), DiskDelay());
    life->core = std::make_unique<server::ServerCore>(
        server::CoreOptionsOf(options_.server, ++server_count_,
                              options_.server.token_key.empty() ? "simulated" : options_.server.token_key),
        server_clock_.environment(), life->memory, &life->disk);
    for (const actor::HostedType& hosted : types_) {
      if (const absl::Status status = life->core->Host(*hosted.type, hosted.make); !status.ok())
        Fail(status.ToString());
    }
    const absl::Status listening = life->core->AddListener(network_.MakeListener(kAddress));
    if (!listening.ok()) Fail(listening.ToString());
    server_ = std::move(life);
  }

  void StopServer() {
    if (server_ != nullptr) {
      server_->core->BeginShutdown();
      past_servers_.push_back(std::move(server_));
    }
    const bool idle = manual_.RunUntil(
        [this] {
          return std::all_of(past_servers_.begin(), past_servers_.end(),
                             [](const auto& life) { return life->core->idle(); });
        },
        kShutdownMax);
    if (idle) return;
    std::fprintf(stderr,
                 "Simulation (seed %llu): a handler that was cancelled did not end within two hours\n",
                 static_cast<unsigned long long>(options_.seed));
    std::abort();
  }

  bool server_running() const { return server_ != nullptr; }

  FencedStore::DrawDelay DiskDelay() {
    const Duration most = absl::ToChronoNanoseconds(options_.disk_delay_max);
    if (most <= Duration::zero()) return nullptr;
    return [this, most] {
      return Duration(static_cast<Duration::rep>(Draw(0, static_cast<std::uint64_t>(most.count()))));
    };
  }

  // Clients ------------------------------------------------------------------------------------------

  std::size_t AddClient(const ClientOptions& options) {
    const std::size_t number = clients_.size();
    clients_.push_back(std::make_unique<ClientNode>(*this, number));
    ClientNode& node = *clients_.back();
    node.client.emplace(client::ClientCore::Create(options, node.clock.environment(), node.connector));
    return number;
  }
  const Client& client(std::size_t number) const { return *clients_.at(number)->client; }
  std::size_t client_count() const { return clients_.size(); }

  // Time ---------------------------------------------------------------------------------------------

  ManualEnvironment& time() { return manual_; }
  Duration now() const { return manual_.Now() - begin_; }
  std::uint64_t Draw(std::uint64_t low, std::uint64_t high) { return draws_.Between(low, high); }

  // Faults -------------------------------------------------------------------------------------------

  void Inject(Fault fault, std::size_t client, std::uint64_t number) {
    trace_.Add(kInjected, TimeNumber(), static_cast<std::uint64_t>(fault) << 32 | client,
               absl::StrCat(number));
    switch (fault) {
      case Fault::kCrash:
      case Fault::kRestart:
        return Crash(fault, Milliseconds(number));
      case Fault::kServerClockLeap:
        ++faults_[fault];
        return server_clock_.Leap(Milliseconds(number));
      case Fault::kServerClockDrift:
        ++faults_[fault];
        return server_clock_.SetSpeed(SpeedPermille(number));
      case Fault::kClockLeap:
        ++faults_[fault];
        return clients_.at(client)->clock.Leap(Milliseconds(number));
      case Fault::kClockDrift:
        ++faults_[fault];
        return clients_.at(client)->clock.SetSpeed(SpeedPermille(number));
      case Fault::kPartition:
        ++faults_[fault];
        return Partition(*clients_.at(client), Milliseconds(number));
      default:
        ClientNode& node = *clients_.at(client);
        if (node.link != nullptr && node.link->is_open()) InjectInto(node, fault, number);
    }
  }

  void Heal() {
    for (std::size_t i = 0; i < network_.link_count(); ++i) network_.link(i).ForgetFaults();
    for (LinkNote& note : link_notes_) note.is_to_break = false;
    server_clock_.SetSpeed(1000);
    for (const auto& client : clients_) client->clock.SetSpeed(1000);
    if (healthy_at_ > manual_.Now()) manual_.Advance(healthy_at_ - manual_.Now());
  }

  const FaultCounts& faults() const { return faults_; }

  // What is found ------------------------------------------------------------------------------------

  void Fail(std::string_view what) {
    if (failure_.ok()) failure_ = absl::FailedPreconditionError(absl::string_view(what.data(), what.size()));
  }
  const absl::Status& failure() const { return failure_; }
  void Note(std::string_view what) { trace_.Add(kNoted, TimeNumber(), 0, what); }
  const Trace& trace() const { return trace_; }

 private:
  struct ServerLife {
    ServerLife(store::Store& memory_store, store::Store& disk_store, const Environment& environment,
               FencedStore::DrawDelay delay)
        : memory(memory_store, environment, nullptr), disk(disk_store, environment, std::move(delay)) {}
    FencedStore memory;
    FencedStore disk;
    std::unique_ptr<server::ServerCore> core;
  };

  /// Says whose the links are that it makes.
  class ClientConnector final : public transport::Connector {
   public:
    ClientConnector(World& world, std::size_t client)
        : world_(world), client_(client), connector_(world.network_.MakeConnector(kAddress)) {}
    std::unique_ptr<transport::Connection> Connect(const Metadata& metadata) override {
      world_.connecting_ = client_;
      return connector_->Connect(metadata);
    }

   private:
    World& world_;
    const std::size_t client_;
    const std::unique_ptr<transport::Connector> connector_;
  };

  struct ClientNode {
    ClientNode(World& world, std::size_t number)
        : clock(world.manual_.environment()), connector(world, number) {}

    SkewedClock clock;
    ClientConnector connector;
    SimulatedLink* link = nullptr;  // The newest.
    std::uint64_t link_number = 0;
    Time partitioned_until;
    std::optional<Client> client;
  };

  /// What the world knows of a link.
  struct LinkNote {
    std::size_t client = 0;
    bool is_to_break = false;  // At a byte.
    bool is_late = false;      // What it carries arrives late, and has not arrived yet.
  };

  SimulatedNetworkOptions NetworkOptions() {
    SimulatedNetworkOptions network;
    network.latency_min = absl::ToChronoNanoseconds(options_.latency_min);
    network.latency_max = absl::ToChronoNanoseconds(options_.latency_max);
    network.fragment_bytes_max = options_.fragment_bytes_max;
    network.window_bytes = options_.window_bytes;
    network.observer = this;
    return network;
  }

  std::uint64_t TimeNumber() const { return static_cast<std::uint64_t>(now().count()); }
  static std::uint64_t DirectionNumber(std::uint64_t link, Side writer) {
    return link * 2 + (writer == Side::kServer ? 1 : 0);
  }

  void OnLink(SimulatedLink& link) {
    ClientNode& client = *clients_.at(connecting_);
    link_notes_.push_back({.client = connecting_});
    client.link = &link;
    client.link_number = link_notes_.size() - 1;
    if (client.partitioned_until > manual_.Now()) link.Partition(client.partitioned_until - manual_.Now());
  }

  // Faults -------------------------------------------------------------------------------------------

  /// A fault that lasts for so long from now on.
  void Lasts(Duration duration) { healthy_at_ = std::max(healthy_at_, manual_.Now() + duration); }

  void Crash(Fault fault, Duration down) {
    if (server_ == nullptr) return;
    ++faults_[fault];
    // Of what was being written some was; whatever it is, nobody has heard of it.
    const std::size_t pending = server_->disk.pending();
    server_->disk.Fence(pending == 0 ? 0 : static_cast<std::size_t>(Draw(0, pending)));
    server_->memory.Fence(0);
    for (const auto& client : clients_) {
      if (client->link != nullptr) Cut(*client);
    }
    // What is left of it winds up where nobody sees it.
    server_->core->BeginShutdown();
    past_servers_.push_back(std::move(server_));
    if (fault == Fault::kCrash) {
      past_memories_.push_back(std::move(memory_));
      memory_ = std::make_unique<store::MemoryStore>();
    }
    Lasts(down);
    manual_.environment().timers.At(manual_.Now() + down, [this] {
      if (!is_ending_) StartServer();
    });
  }

  void Cut(ClientNode& client) {
    link_notes_[client.link_number].is_to_break = false;
    client.link->CutNow();
  }

  void Partition(ClientNode& client, Duration duration) {
    client.partitioned_until = std::max(client.partitioned_until, manual_.Now() + duration);
    if (client.link != nullptr) client.link->Partition(duration);
    Lasts(duration);
  }

  void InjectInto(ClientNode& client, Fault fault, std::uint64_t number) {
    SimulatedLink& link = *client.link;
    LinkNote& note = link_notes_[client.link_number];
    const Side writer = number % 2 == 1 ? Side::kServer : Side::kClient;
    const std::uint64_t ordinal = link.counters(writer).messages_written + number / 2;
    switch (fault) {
      case Fault::kCut:
        ++faults_[fault];
        return Cut(client);
      case Fault::kCutAtByte:
        note.is_to_break = true;
        link.CutAtByte(writer, link.counters(writer).bytes_sent + number / 2 + 1);
        return;
      case Fault::kHalfOpen:
        ++faults_[fault];
        link.GoHalfOpen();
        return;
      case Fault::kLateFrames:
        note.is_late = true;
        link.Partition(Milliseconds(number));
        Lasts(Milliseconds(number));
        return;
      case Fault::kSlowReader:
        ++faults_[fault];
        link.StallReader(Side::kClient, true);
        Lasts(Milliseconds(number));
        manual_.environment().timers.At(manual_.Now() + Milliseconds(number),
                                        [&link] { link.StallReader(Side::kClient, false); });
        return;
      case Fault::kLoss:
        link.DropMessage(writer, ordinal);
        return;
      case Fault::kDuplication:
        link.DuplicateMessage(writer, ordinal);
        return;
      case Fault::kReorder:
        link.DelayMessage(writer, ordinal);
        return;
      default:
        return;
    }
  }

  // TrafficObserver, called under the link's lock.
  void OnSent(std::uint64_t link, Side writer, std::size_t bytes) override {
    trace_.Add(kSent, TimeNumber(), DirectionNumber(link, writer) << 32 | bytes);
  }
  void OnDelivered(std::uint64_t link, Side writer, std::string_view message) override {
    trace_.Add(kDelivered, TimeNumber(), DirectionNumber(link, writer), message);
    LinkNote& note = link_notes_[link];
    if (!note.is_late || link == clients_[note.client]->link_number) return;
    note.is_late = false;
    ++faults_[Fault::kLateFrames];
  }
  void OnHarmed(std::uint64_t link, Side writer, MessageHarm harm) override {
    trace_.Add(kHarmed, TimeNumber(), DirectionNumber(link, writer) << 8 | static_cast<std::uint64_t>(harm));
    ++faults_[FaultOf(harm)];
  }
  void OnBroken(std::uint64_t link) override {
    trace_.Add(kBroken, TimeNumber(), link);
    if (std::exchange(link_notes_[link].is_to_break, false)) ++faults_[Fault::kCutAtByte];
  }

  const SimulationOptions options_;
  Xoshiro256 draws_;
  FaultCounts faults_;
  absl::Status failure_;
  Trace trace_;
  ManualEnvironment manual_;  // Outlives all that follows.
  const Time begin_;
  Time healthy_at_;
  bool is_ending_ = false;
  SimulatedNetwork network_;
  std::vector<LinkNote> link_notes_;  // By the links' numbers.
  std::size_t connecting_ = 0;        // The client that makes the next link.
  SkewedClock server_clock_;
  std::vector<actor::HostedType> types_;
  std::uint64_t server_count_ = 0;
  std::unique_ptr<store::MemoryStore> memory_;  // Of actors that are not persisted; a crash takes it along.
  std::vector<std::unique_ptr<store::MemoryStore>> past_memories_;
  store::MemoryStore disk_;  // Of those that are.
  // One that has ended is kept: something of it may still be posted.
  std::vector<std::unique_ptr<ServerLife>> past_servers_;
  std::unique_ptr<ServerLife> server_;
  std::vector<std::unique_ptr<ClientNode>> clients_;
};

Simulation::Simulation(SimulationOptions options) : world_(std::make_unique<World>(std::move(options))) {}
Simulation::~Simulation() = default;

void Simulation::HostType(const generated::ActorType& type,
                          std::function<std::unique_ptr<generated::ActorBase>()> make) {
  world_->Host(type, std::move(make));
}
void Simulation::StartServer() { world_->StartServer(); }
void Simulation::StopServer() { world_->StopServer(); }
bool Simulation::server_running() const { return world_->server_running(); }

std::size_t Simulation::AddClient(const ClientOptions& options) { return world_->AddClient(options); }
const Client& Simulation::client(std::size_t number) const { return world_->client(number); }
std::size_t Simulation::client_count() const { return world_->client_count(); }

void Simulation::Stop() { world_->Stop(); }

absl::Duration Simulation::now() const { return absl::FromChrono(world_->now()); }
void Simulation::Run(absl::Duration duration) { world_->time().Advance(absl::ToChronoNanoseconds(duration)); }
bool Simulation::RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration limit) {
  return world_->time().RunUntil(predicate, absl::ToChronoNanoseconds(limit));
}
std::uint64_t Simulation::Draw(std::uint64_t low, std::uint64_t high) { return world_->Draw(low, high); }

void Simulation::Inject(Fault fault, std::size_t client, std::uint64_t number) {
  world_->Inject(fault, client, number);
}
void Simulation::Heal() { world_->Heal(); }
const FaultCounts& Simulation::faults() const { return world_->faults(); }

void Simulation::Fail(std::string_view what) { world_->Fail(what); }
void Simulation::Require(const absl::Status& status) {
  if (!status.ok()) world_->Fail(status.ToString());
}
const absl::Status& Simulation::failure() const { return world_->failure(); }
void Simulation::Note(std::string_view what) { world_->Note(what); }
std::uint64_t Simulation::trace_hash() const { return world_->trace().hash(); }
std::uint64_t Simulation::trace_length() const { return world_->trace().length(); }

}  // namespace onager::simulation
