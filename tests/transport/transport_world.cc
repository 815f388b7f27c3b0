#include "tests/transport/transport_world.h"

#include <chrono>
#include <utility>

#include "gtest/gtest.h"

namespace onager::transport {

void Signal::Tell(const std::function<void()>& change) {
  {
    MutexLock lock(mutex);
    change();
  }
  changed.NotifyAll();
}

/// Fails when two calls overlap.
class Recorder::Call {
 public:
  explicit Call(std::atomic<bool>& is_called) : is_called_(is_called) {
    EXPECT_FALSE(is_called_.exchange(true)) << "the handler was called twice at a time";
  }
  ~Call() { is_called_ = false; }

 private:
  std::atomic<bool>& is_called_;
};

void Recorder::OnMessage(std::string_view bytes) {
  std::string message(bytes);
  auto hook = on_message;
  {
    Call call(is_called_);
    signal_.Tell([&] {
      EXPECT_FALSE(closed) << "a message came after the end";
      messages.push_back(message);
    });
  }
  if (hook) hook(message);
}

void Recorder::OnWriteDone() {
  auto hook = on_write_done;
  {
    Call call(is_called_);
    signal_.Tell([&] {
      EXPECT_FALSE(closed) << "a write was done after the end";
      ++writes_done;
    });
  }
  if (hook) hook();
}

void Recorder::OnClosed(const absl::Status& reason) {
  auto hook = on_closed;
  {
    Call call(is_called_);
    signal_.Tell([&] {
      EXPECT_FALSE(closed) << "the end came twice";
      closed = reason;
    });
  }
  if (hook) hook();
}

bool World::AwaitReal(const std::function<bool()>& predicate) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  MutexLock lock(signal.mutex);
  while (!predicate()) {
    if (!signal.changed.WaitUntil(signal.mutex, deadline)) return predicate();
  }
  return true;
}

Link::Link(World& the_world)
    : world(the_world),
      listener(world.MakeListener()),
      client_recorder(world.signal),
      server_recorder(world.signal) {
  EXPECT_TRUE(listener
                  ->Start([this](std::unique_ptr<Connection> connection) {
                    world.signal.Tell([&] {
                      if (server == nullptr) server = std::move(connection);
                    });
                  })
                  .ok());
  client = world.MakeConnector(listener->address())->Connect();
  client->Start(client_recorder);
  EXPECT_TRUE(world.Await([this] { return server != nullptr; }));
  server->Start(server_recorder);
}

bool Link::Send(Connection& from, Recorder& to, const std::string& message) {
  std::size_t before = 0;
  {
    MutexLock lock(world.signal.mutex);
    before = to.messages.size();
  }
  from.Write(Flat(message));
  return world.Await([&] { return to.messages.size() > before; });
}

OutMessage Flat(std::string bytes) {
  OutMessage message;
  message.flat = std::move(bytes);
  return message;
}

}  // namespace onager::transport
