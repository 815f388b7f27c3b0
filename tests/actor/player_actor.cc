#include "tests/actor/player_actor.h"

#include <algorithm>
#include <coroutine>
#include <stdexcept>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "onager/call.h"
#include "onager/generated/channel.h"

namespace onager::actor {
namespace {

constexpr generated::MethodInfo kPlayerMethods[] = {
    {.name = "Run"},
    {.name = "Inside", .reentrant = true},
    {.name = "Look", .readonly = true},
    {.name = "LookInside", .readonly = true, .reentrant = true},
};
constexpr generated::TimerInfo kTickerTimers[] = {{"Tick", absl::Seconds(1)}, {"Tock", absl::Seconds(3)}};

// The text's parts between `separator`s outside braces, without those that are empty.
std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    if (c == separator && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  for (std::string& part : parts) part = std::string(absl::StripAsciiWhitespace(part));
  std::erase(parts, "");
  return parts;
}

std::vector<std::string> Words(std::string_view command) {
  std::vector<std::string> words = Split(command, ' ');
  for (std::string& word : words) {
    if (word.front() == '{' && word.back() == '}') word = word.substr(1, word.size() - 2);
  }
  return words;
}

std::int64_t Number(const std::string& word) {
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(word, &number)) throw std::invalid_argument(word);
  return number;
}

absl::StatusOr<std::string> AsItIs(std::string_view bytes) { return std::string(bytes); }

// "b Run {script}": a call as a generated stub would make it.
Call<std::string> Make(Turn& turn, const std::vector<std::string>& words, std::size_t first) {
  const std::string script = words.size() > first + 2 ? words[first + 2] : "";
  const std::size_t method = *kPlayerType.FindMethod(words.at(first + 1));
  CallOptions options;
  if (words.size() > first + 3) {
    options = std::move(options).WithTimeout(absl::Milliseconds(Number(words[first + 3])));
  }
  return Call<std::string>(turn.channel()->Call(kPlayerType, words.at(first), method, script, options),
                           &AsItIs);
}

// Waits for what the runtime knows nothing of.
struct Blocked {
  PlayerLog& log;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    log.blocked.push_back([waiter] { waiter.resume(); });
  }
  void await_resume() const {}
};

}  // namespace

const generated::ActorType kPlayerType{"t.v1.Player", kPlayerMethods, &kCounterCodec};
const generated::ActorType kTickerType{
    .name = "t.v1.Ticker", .methods = kPlayerMethods, .state = &kCounterCodec, .timers = kTickerTimers};

int PlayerLog::Count(std::string_view line) const {
  return static_cast<int>(std::count(lines.begin(), lines.end(), line));
}

absl::Status Player::BindKey(std::string_view key) {
  key_ = key;
  return absl::OkStatus();
}

void Player::Log(const std::string& what) { log_.lines.push_back(absl::StrCat(key_, " ", what)); }

Task<std::string> Player::Dispatch(Turn& turn, std::size_t, std::string_view arguments) {
  return Play(turn, std::string(arguments));
}

Task<> Player::PlayHook(Turn& turn, std::string script) {
  const absl::StatusOr<std::string> played = co_await Play(turn, std::move(script));
  co_return played.status();
}

Task<> Player::OnActivate(Turn& turn) {
  Log("activated");
  return PlayHook(turn, log_.on_activate);
}

void Player::OnDeactivate() {
  Log("deactivated");
  if (log_.hooks_change_the_state) state_.value += 1000;
  if (log_.hooks_throw) throw std::runtime_error("in OnDeactivate");
}

void Player::AfterCommit(const generated::CommittedRevision& committed) {
  Log(absl::StrCat("committed ", committed.revision));
  if (log_.hooks_change_the_state) state_.value += 1000;
  if (log_.hooks_change_the_state) EmitEvent(1, "");
  if (log_.hooks_throw) throw std::runtime_error("in AfterCommit");
}

Task<> Player::OnTimer(Turn& turn, std::size_t index) {
  Log(absl::StrCat("timer ", index));
  return PlayHook(turn, log_.on_timer.at(index));
}

Task<std::string> Player::Play(Turn& turn, std::string script) {
  std::string result;
  for (const std::string& command : Split(script, ';')) {
    const std::vector<std::string> words = Words(command);
    const std::string& verb = words.front();
    if (verb == "add") {
      state_.value += Number(words.at(1));
    } else if (verb == "get") {
      result = absl::StrCat(state_.value);
    } else if (verb == "sleep") {
      const absl::Status slept = co_await turn.Sleep(absl::Milliseconds(Number(words.at(1))));
      if (!slept.ok()) co_return slept;
    } else if (verb == "emit") {
      EmitEvent(7, "e");
    } else if (verb == "fail") {
      co_return absl::NotFoundError("as the script says");
    } else if (verb == "throw") {
      throw std::runtime_error("as the script says");
    } else if (verb == "destroy") {
      turn.Destroy();
    } else if (verb == "log") {
      Log(words.at(1));
    } else if (verb == "call") {
      absl::StatusOr<std::string> called = co_await Make(turn, words, 1);
      if (!called.ok()) co_return std::move(called).status();
      result = *std::move(called);
    } else if (verb == "try") {
      const absl::StatusOr<std::string> called = co_await Make(turn, words, 1);
      result = called.ok() ? *called : called.status().ToString();
    } else if (verb == "both") {
      Call<std::string> first = Make(turn, Words(words.at(1)), 0);
      Call<std::string> second = Make(turn, Words(words.at(2)), 0);
      const absl::StatusOr<std::string> one = co_await first;
      const absl::StatusOr<std::string> other = co_await second;
      result = absl::StrCat(one.ok() ? *one : one.status().ToString(), " ",
                            other.ok() ? *other : other.status().ToString());
    } else if (verb == "drop") {
      Make(turn, words, 1).Then([this](const absl::StatusOr<std::string>& dropped) {
        Log(absl::StrCat("dropped ",
                         dropped.ok() ? *dropped : absl::StatusCodeToString(dropped.status().code())));
      });
    } else if (verb == "wait") {
      const absl::StatusOr<std::string> waited = Make(turn, words, 1).Wait();
      result = waited.ok() ? *waited : waited.status().ToString();
    } else if (verb == "block") {
      co_await Blocked{log_};
    } else if (verb == "principal") {
      result = turn.principal();
    } else if (verb == "deadline") {
      result = turn.deadline() == absl::InfiniteFuture() ? "none" : "some";
    } else if (verb == "cancelled") {
      result = turn.cancelled() ? "yes" : "no";
    } else {
      co_return absl::InvalidArgumentError(verb);
    }
  }
  co_return result;
}

PlayerWorld::PlayerWorld(ActorRuntimeOptions options)
    : runtime(std::move(options), environment.environment(), store) {
  for (const generated::ActorType* type : {&kPlayerType, &kTickerType}) {
    (void)runtime.Host(*type, [this, type] { return std::make_unique<Player>(log, *type); });
  }
}

PlayerWorld::~PlayerWorld() {
  runtime.BeginShutdown();
  while (!store.held.empty()) store.Complete();
  for (auto& blocked : std::exchange(log.blocked, {})) blocked();
  (void)environment.RunUntil([this] { return runtime.idle(); }, std::chrono::seconds(1000));
  environment.RunReady();
}

std::shared_ptr<PlayerWorld::Pending> PlayerWorld::Start(std::string key, std::string script,
                                                         PlayerMethod method, Time deadline,
                                                         std::string type) {
  auto pending = std::make_shared<Pending>();
  pending->call->actor = {std::move(type), std::move(key)};
  pending->call->method = method;
  pending->call->arguments = std::move(script);
  pending->call->deadline = deadline;
  pending->call->done = [this, weak = std::weak_ptr<Pending>(pending)](session::SharedOutcome outcome) {
    if (const auto ended = weak.lock()) {
      ended->outcome = std::move(outcome);
      ended->ended_at = environment.Now();
      ++ended->ends;
    }
  };
  runtime.Call(pending->call);
  return pending;
}

std::shared_ptr<PlayerWorld::Pending> PlayerWorld::Call(std::string key, std::string script,
                                                        PlayerMethod method, Time deadline,
                                                        std::string type) {
  auto pending = Start(std::move(key), std::move(script), method, deadline, std::move(type));
  environment.RunReady();
  return pending;
}

std::shared_ptr<ActorFeed> PlayerWorld::Feed(std::string key, std::string type) {
  std::shared_ptr<ActorFeed> feed;
  runtime.OpenFeed(
      {std::move(type), std::move(key)}, "", "",
      [&feed](absl::StatusOr<std::shared_ptr<ActorFeed>> opened) { feed = opened.value_or(nullptr); });
  environment.RunReady();
  return feed;
}

}  // namespace onager::actor
