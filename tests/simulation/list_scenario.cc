#include "tests/simulation/list_scenario.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace onager::simulation {
namespace {

using todo::v1::NotFound;
using todo::v1::Todo;
using todo::v1::TodoListState;

constexpr absl::Duration kCallTimeout = absl::Seconds(10);
constexpr char kEmpty[] = "empty";  // The title that empties the list.

/// The list itself: the labels of an item are in its title, and so is what its handler is to do besides.
class ListActor final : public todo::v1::TodoListActor {
 public:
  explicit ListActor(std::shared_ptr<ListLog> log) : log_(std::move(log)) {}

  Task<std::vector<Todo>> GetTodos(Turn&) override {
    return std::vector<Todo>(state().todos().begin(), state().todos().end());
  }
  Task<std::int32_t> PendingCount(Turn&) override { return state().pending_count(); }

  Task<Todo> AddTodo(Turn& turn, std::string title, todo::v1::Priority priority) override {
    ++log_->runs[title];
    if (absl::StartsWith(title, kEmpty)) {
      if (state().mutable_todos().RemoveIf([](const Todo&) { return true; }) > 0) Done();
      co_return Todo();
    }
    Todo item = Todo().with_id(turn.NewId()).with_title(title).with_priority(priority);
    state().mutable_todos().Insert(item);
    Label(*state().mutable_todos().Find(item.id), title);
    if (absl::StrContains(title, "undone")) co_return NotFound().with_id(item.id);
    Done();
    co_return item;
  }

  Task<Todo> ToggleTodo(Turn&, std::string id) override {
    auto item = state().mutable_todos().Find(id);
    if (!item) co_return NotFound().with_id(id);
    item->set_done(!item->done());
    Done();
    co_return item->value();
  }

  Task<> DeleteTodo(Turn&, std::string id) override {
    if (!state().mutable_todos().Remove(id)) return NotFound().with_id(id);
    todo::v1::TodoList::Expired event;
    event.id = std::move(id);
    event.title = absl::StrCat(++log_->events);
    Emit(event);
    Done();
    return absl::OkStatus();
  }

  Task<Todo> UpdateTodo(Turn& turn, std::string id, std::string title) override {
    if (!state().mutable_todos().Find(id)) co_return NotFound().with_id(id);
    const absl::Status slept = co_await turn.Sleep(absl::Milliseconds(20));
    if (!slept.ok()) co_return slept;
    auto item = state().mutable_todos().Find(id);
    if (item->title() != title) {
      item->set_title(title);
      Label(*item, title);
      Done();
    }
    co_return item->value();
  }

  Task<std::int32_t> ClearCompleted(Turn&) override {
    const std::size_t removed = state().mutable_todos().RemoveIf([](const Todo& item) { return item.done; });
    if (removed > 0) Done();
    return static_cast<std::int32_t>(removed);
  }

  void AfterCommit(const generated::CommittedRevision& committed) override {
    log_->commits.Update(
        log_->history.Commit(committed.epoch, committed.revision, std::move(ended_.front())));
    ended_.pop_front();
  }

 private:
  static void Label(Tracked<Todo>& item, const std::string& title) {
    for (const std::string label : {"red", "blue"}) {
      if (absl::StrContains(title, label)) {
        item.mutable_labels().Set(label, "");
      } else {
        item.mutable_labels().Remove(label);
      }
    }
  }
  // The turn has changed the state, and is at its end.
  void Done() {
    const auto pending = std::count_if(state().todos().begin(), state().todos().end(),
                                       [](const Todo& item) { return !item.done; });
    state().set_pending_count(static_cast<std::int32_t>(pending));
    ended_.push_back(state().value());
  }

  const std::shared_ptr<ListLog> log_;
  std::deque<TodoListState> ended_;  // After turns that are not durable yet.
};

std::uint64_t g_copies_compared = 0;  // A scenario runs in one thread.
std::uint64_t g_slow_ended = 0;

}  // namespace

struct ListTest::Observer {
  Observer(const History& history, std::size_t client_number, Look first)
      : client(client_number), look(first), checker(history, std::move(first)) {}

  const std::size_t client;
  Look look;
  SubscriptionChecker checker;
  SlowPolicy policy;
  bool paused = false;
  bool ended = false;
  std::int64_t last_event = 0;
  std::optional<Subscription<TodoListState>> subscription;
};

ListTest::ListTest(Simulation& simulation) : simulation_(simulation) {
  simulation_.Host<ListActor>([log = log_] { return std::make_unique<ListActor>(log); });
  simulation_.StartServer();
  for (std::size_t client = 0; client < kClients; ++client) simulation_.AddClient();
  for (std::size_t client = 0; client < kClients; ++client) {
    for (std::size_t i = 0; i < kObserversPerClient; ++i) {
      // One sees everything.
      const Look look = Look::Numbered(i == 0 ? 0 : simulation_.Draw(1, Look::kLooks - 1));
      observers_.push_back(std::make_unique<Observer>(log_->history, client, look));
      if (simulation_.Draw(0, 1) == 1) observers_.back()->policy = SlowPolicy::Disconnect();
      Observe(*observers_.back(), "");
    }
  }
}

ListTest::~ListTest() {
  for (std::size_t client = 0; client < kClients; ++client) {
    g_copies_compared += simulation_.client(client).stats().bookmarks;
  }
}

std::uint64_t ListTest::copies_compared() { return g_copies_compared; }
std::uint64_t ListTest::slow_ended() { return g_slow_ended; }

todo::v1::TodoListClient ListTest::List(std::size_t client) const {
  return todo::v1::TodoListClient(simulation_.client(client), "l");
}

ListTest::Observer& ListTest::ObserverOf(std::size_t client, std::uint64_t number) {
  ObserveAgain();
  return *observers_[client * kObserversPerClient + number % kObserversPerClient];
}

void ListTest::Observe(Observer& observer, std::string checkpoint) {
  Observation<TodoListState> observation =
      List(observer.client)
          .Observe()
          .ResumeFrom(std::move(checkpoint))
          .Where(observer.look.filter())
          .Through(observer.look.view())
          .OnUpdate([this, &observer](const onager::Update<TodoListState>& update) {
            simulation_.Note(absl::StrCat("shown ", update.epoch, " ", update.revision));
            if (!Notices(++updates_)) return;
            Shown shown;
            shown.epoch = update.epoch;
            shown.base = update.base;
            shown.revision = update.revision;
            shown.snapshot = update.snapshot;
            shown.state = update.state;
            simulation_.Require(observer.checker.Show(std::move(shown)));
          })
          .OnEvent<todo::v1::TodoList::Expired>([this, &observer](const todo::v1::TodoList::Expired& event) {
            std::int64_t number = 0;
            if (!absl::SimpleAtoi(event.title, &number) || number <= observer.last_event) {
              simulation_.Fail(absl::StrCat("event ", event.title, " came after ", observer.last_event));
            }
            observer.last_event = number;
          })
          .WhenSlow(observer.policy)
          .OnEnd([this, &observer](const absl::Status& status) {
            if (absl::IsResourceExhausted(status) && observer.policy == SlowPolicy::Disconnect()) {
              observer.ended = true;
              ++g_slow_ended;
              return;
            }
            simulation_.Fail(absl::StrCat("a subscription has ended: ", status.ToString()));
          });
  observer.subscription.emplace(std::move(observation).Start());
}

std::string ListTest::AnId(std::uint64_t number) const {
  const TodoListState* const state = log_->history.Find(log_->history.epoch(), log_->history.head());
  if (state == nullptr || state->todos.empty()) return "none";
  return std::next(state->todos.begin(), static_cast<std::ptrdiff_t>(number % state->todos.size()))->id;
}

template <typename T>
void ListTest::Follow(Call<T> call, std::string title) {
  const std::uint64_t number = ++last_call_;
  open_calls_[number] = title;
  call.Then([this, number, title = std::move(title)](TaskResult<T> result) {
    if (open_calls_.erase(number) == 0) simulation_.Fail(absl::StrCat("a call ended twice: ", title));
    absl::Status status;
    if constexpr (std::is_void_v<T>) {
      status = result;
    } else {
      status = result.status();
    }
    simulation_.Note(absl::StrCat("call ", number, " ended ", static_cast<int>(status.code())));
    if (status.ok() && !title.empty() && !log_->history.HasSeen(title)) {
      simulation_.Fail(absl::StrCat("acknowledged and never committed: ", title));
    }
  });
}

void ListTest::Add(std::size_t client, std::uint64_t number) {
  const char* const labels[] = {"", " red", " blue", " red blue"};
  const std::string title =
      absl::StrCat("add ", last_call_ + 1, labels[number % 4], number % 11 == 10 ? " undone" : "");
  Follow(List(client).AddTodo(title, todo::v1::Priority::NORMAL, CallOptions().WithTimeout(kCallTimeout)),
         title);
}

void ListTest::Toggle(std::size_t client, std::uint64_t number) {
  Follow(List(client).ToggleTodo(AnId(number), CallOptions().WithTimeout(kCallTimeout)), "");
}

void ListTest::Delete(std::size_t client, std::uint64_t number) {
  Follow(List(client).DeleteTodo(AnId(number), CallOptions().WithTimeout(kCallTimeout)), "");
}

void ListTest::Update(std::size_t client, std::uint64_t number) {
  const std::string title = absl::StrCat("update ", last_call_ + 1, number % 2 == 0 ? " red" : " blue");
  Follow(List(client).UpdateTodo(AnId(number / 2), title, CallOptions().WithTimeout(kCallTimeout)), title);
}

void ListTest::Rename(std::size_t client, std::uint64_t number) {
  const std::string title = number % 2 == 0 ? "red" : "blue";
  Follow(List(client).UpdateTodo(AnId(number / 2), title, CallOptions().WithTimeout(kCallTimeout)), "");
}

void ListTest::ClearCompleted(std::size_t client, std::uint64_t) {
  Follow(List(client).ClearCompleted(CallOptions().WithTimeout(kCallTimeout)), "");
}

void ListTest::Pause(std::size_t client, std::uint64_t number) {
  Observer& observer = ObserverOf(client, number);
  observer.paused = !observer.paused;
  if (observer.paused) {
    observer.subscription->Pause();
  } else {
    observer.subscription->Resume();
  }
}

void ListTest::Change(std::size_t client, std::uint64_t number) {
  Observer& observer = ObserverOf(client, number);
  observer.look = Look::Numbered(number / kObserversPerClient);
  observer.checker.ChangeLook(observer.look);
  simulation_.Require(observer.subscription->Change(observer.look.filter(), observer.look.view()));
}

void ListTest::Resync(std::size_t client, std::uint64_t number) {
  ObserverOf(client, number).subscription->Resync();
}

void ListTest::ObserveAgain() {
  for (const auto& observer : observers_) {
    if (!std::exchange(observer->ended, false)) continue;
    observer->paused = false;
    observer->checker.Continue();
    Observe(*observer, observer->subscription->checkpoint());
  }
}

// As an application that ends and begins anew.
void ListTest::Restart(std::size_t client, std::uint64_t number) {
  Observer& observer = ObserverOf(client, number);
  observer.policy = number / kObserversPerClient % 2 == 0 ? SlowPolicy::Conflate() : SlowPolicy::Disconnect();
  observer.ended = false;
  const std::string checkpoint = observer.subscription->checkpoint();
  observer.subscription->Close();
  observer.paused = false;
  observer.checker.Continue();
  Observe(observer, checkpoint);
}

absl::Status ListTest::ReplicasAreRight() {
  ObserveAgain();
  for (const auto& observer : observers_) {
    absl::Status status;
    const auto& subscription = *observer->subscription;
    subscription.Read([&](const TodoListState& state) {
      status = observer->checker.CheckReplica(subscription.epoch(), subscription.revision(), state);
    });
    if (!status.ok()) return status;
  }
  // Nothing that the network does gets as far as a replica, so that the hashes of both sides agree.
  for (std::size_t client = 0; client < kClients; ++client) {
    const std::uint64_t divergences = simulation_.client(client).stats().divergences;
    if (divergences > 0)
      return absl::DataLossError(absl::StrCat(divergences, " replicas differed from their hash"));
  }
  return absl::OkStatus();
}

absl::Status ListTest::NothingRunsTwice() {
  for (const auto& [title, runs] : log_->runs) {
    if (runs > 1) return absl::DataLossError(absl::StrCat(title, " ran ", runs, " times"));
    if (absl::StrContains(title, "undone") && log_->history.HasSeen(title)) {
      return absl::DataLossError(absl::StrCat(title, " was undone and is there"));
    }
  }
  return absl::OkStatus();
}

absl::Status ListTest::EveryCallEnds() {
  if (open_calls_.empty()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(open_calls_.size(), " calls have not ended, the first is ",
                                             open_calls_.begin()->first, ": ", open_calls_.begin()->second));
}

// From nothing to six items, which opens every filter and shows through every view: a message that was lost
// is noticed with the next one that is due.
void ListTest::Refill() {
  for (const auto& observer : observers_) {
    if (std::exchange(observer->paused, false)) observer->subscription->Resume();
  }
  for (int i = 0; i < 7; ++i) {
    std::string title = absl::StrCat(i == 0 ? kEmpty : "refill", " ", last_call_ + 1, " red blue");
    if (i > 4) title = i == 5 ? "red" : "blue";
    // Nothing is lost any more, and a connection that is dead may have to be found out first.
    Follow(List(0).AddTodo(title, todo::v1::Priority::NORMAL, CallOptions().WithTimeout(absl::Minutes(1))),
           i == 0 ? "" : title);
  }
}

absl::Status ListTest::EverySubscriptionIsLive() {
  ObserveAgain();
  for (std::size_t i = 0; i < observers_.size(); ++i) {
    if (const absl::Status live = observers_[i]->checker.CheckIsLive(); !live.ok()) {
      return absl::Status(live.code(), absl::StrCat("observer ", i, ": ", live.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace onager::simulation
