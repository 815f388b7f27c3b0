#ifndef ONAGER_TESTS_ACTOR_PLAYER_ACTOR_H_
#define ONAGER_TESTS_ACTOR_PLAYER_ACTOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "onager/generated/actor_base.h"
#include "onager/task.h"
#include "onager/turn.h"
#include "runtime/actor/actor_runtime.h"
#include "runtime/testing/manual_environment.h"
#include "tests/actor/actor_world.h"
#include "tests/actor/counter_actor.h"

// An actor that plays what its call says, so that a test reads as one script.
namespace onager::actor {

/// What players have done, and what they are to do unasked. Used by one thread.
struct PlayerLog {
  std::vector<std::string> lines;  // "<key> <what>"
  std::string on_activate;         // Played as the turn of `OnActivate`.
  std::vector<std::string> on_timer = {"", ""};
  bool hooks_throw = false;
  bool hooks_change_the_state = false;
  int instances = 0;
  /// What a line "block" waits for, outside the runtime's knowledge.
  std::vector<std::function<void()>> blocked;

  /// How many lines there are like this one.
  int Count(std::string_view line) const;
};

enum PlayerMethod : std::size_t { kRun, kInside, kLook, kLookInside };
extern const generated::ActorType kPlayerType;
/// A player with two timers, of one second and of three.
extern const generated::ActorType kTickerType;

/// Plays scripts: commands, with `;` between them, each of words, of which those in braces are one.
///
///     add 5               the value grows
///     get                 the result is the value
///     sleep 1000          milliseconds
///     emit                an event
///     fail | throw        the turn ends so
///     destroy             the actor ends with this turn
///     log word            a line in the log
///     call b Run {add 1}  a call of another player, whose result is the result; its error ends the turn
///     try b Run {add 1}   its error is the result
///     both {b Run {}} {c Run {}}   two calls at once
///     drop b Run {}       a call that nobody waits for
///     block               waits for what is not the runtime's
///     principal | deadline | cancelled   the result is what the turn says
class Player final : public generated::ActorBase {
 public:
  Player(PlayerLog& log, const generated::ActorType& type) : log_(log), type_(type) { ++log_.instances; }
  ~Player() override { --log_.instances; }

  const generated::ActorType& actor_type() const override { return type_; }
  generated::StateInterface& state_interface() override { return state_; }
  absl::Status BindKey(std::string_view key) override;
  Task<std::string> Dispatch(Turn& turn, std::size_t method, std::string_view arguments) override;
  Task<> OnActivate(Turn& turn) override;
  void OnDeactivate() override;
  void AfterCommit(const generated::CommittedRevision& committed) override;
  Task<> OnTimer(Turn& turn, std::size_t index) override;

 private:
  Task<std::string> Play(Turn& turn, std::string script);
  Task<> PlayHook(Turn& turn, std::string script);
  void Log(const std::string& what);

  PlayerLog& log_;
  const generated::ActorType& type_;
  CounterState state_;
  std::string key_;
};

/// An actor runtime with players, in virtual time.
struct PlayerWorld {
  explicit PlayerWorld(ActorRuntimeOptions options = ActorRuntimeOptions());
  ~PlayerWorld();

  struct Pending {
    std::shared_ptr<ActorCall> call = std::make_shared<ActorCall>();
    session::SharedOutcome outcome;
    int ends = 0;
    Time ended_at{};

    absl::Status status() const {
      return outcome == nullptr ? absl::UnknownError("not yet") : outcome->status;
    }
    std::string result() const {
      return outcome == nullptr || outcome->result == nullptr ? status().ToString() : *outcome->result;
    }
  };
  /// Starts a call and runs nothing.
  std::shared_ptr<Pending> Start(std::string key, std::string script, PlayerMethod method = kRun,
                                 Time deadline = kNever, std::string type = "t.v1.Player");
  /// Starts a call and runs what can run at this time.
  std::shared_ptr<Pending> Call(std::string key, std::string script, PlayerMethod method = kRun,
                                Time deadline = kNever, std::string type = "t.v1.Player");
  std::shared_ptr<Pending> CallTicker(std::string key, std::string script) {
    return Call(std::move(key), std::move(script), kRun, kNever, "t.v1.Ticker");
  }
  std::shared_ptr<ActorFeed> Feed(std::string key, std::string type = "t.v1.Player");
  void Pass(Duration duration) { environment.Advance(duration); }

  simulation::ManualEnvironment environment;
  HeldStore store;
  PlayerLog log;
  ActorRuntime runtime;
};

}  // namespace onager::actor

#endif  // ONAGER_TESTS_ACTOR_PLAYER_ACTOR_H_
