#ifndef ONAGER_OBSERVE_H_
#define ONAGER_OBSERVE_H_

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "onager/filter.h"
#include "onager/generated/channel.h"
#include "onager/generated/choice.h"
#include "onager/generated/tracked_state.h"
#include "onager/slow_policy.h"
#include "onager/subscription_phase.h"
#include "onager/view.h"

namespace onager {

/// One step of an observed state.
template <typename State>
struct Update {
  const State& state;           // As it is now. Valid during the callback.
  const Change<State>& change;  // What is different from the previous step.
  std::uint64_t epoch;
  std::uint64_t base;      // The revision of the previous step.
  std::uint64_t revision;  // The revision that `state` has.
  /// Set when `state` came as a snapshot instead of as a change of the previous step, with the reason.
  std::optional<ResyncReason> snapshot;
  bool replayed;  // Sent again after a reconnect.
};

/// A declared event of an actor, as its generated struct is.
template <typename E>
concept ActorEvent = requires(std::string_view bytes) {
  { E::kNumber } -> std::convertible_to<std::uint32_t>;
  { E::FromBytes(bytes) } -> std::same_as<std::optional<E>>;
};

namespace generated {

template <typename State>
class TypedObserver final : public Observer {
 public:
  std::function<void(const Update<State>&)> on_update;
  std::function<void(const State&, const Change<State>&)> on_change;
  std::function<void(ResyncReason)> on_resync;
  std::map<std::uint32_t, std::function<bool(std::string_view)>> on_event;  // False: it cannot be read.
  std::function<void(std::uint64_t)> on_events_dropped;
  std::function<void(const absl::Status&)> on_end;

  ReplicaInterface& replica() override { return replica_; }
  const State& state() const { return replica_.state(); }

  void OnUpdate(const Delivery& delivery) override {
    const Change<State> change = replica_.change();
    if (delivery.snapshot.has_value() && *delivery.snapshot != ResyncReason::kInitial && on_resync) {
      on_resync(*delivery.snapshot);
    }
    if (on_change) on_change(replica_.state(), change);
    if (on_update) {
      on_update(Update<State>{replica_.state(), change, delivery.epoch, delivery.base, delivery.revision,
                              delivery.snapshot, delivery.replayed});
    }
  }
  void ForgetChange() override { replica_.ClearChange(); }
  void OnEvent(std::string_view event) override {
    const std::optional<Choice> choice = DecodeChoice(event);
    if (!choice.has_value()) return OnEventsDropped(1);
    const auto found = on_event.find(choice->number);
    if (found != on_event.end() && !found->second(choice->content)) OnEventsDropped(1);
  }
  void OnEventsDropped(std::uint64_t count) override {
    if (on_events_dropped) on_events_dropped(count);
  }
  void OnEnd(const absl::Status& status) override {
    if (on_end) on_end(status);
  }

 private:
  Replica<State> replica_;
};

}  // namespace generated

/// A live copy of one actor's state. It survives every reconnect and ends when it is closed or
/// destroyed, when the actor ends, or when its client does. Movable; thread-safe otherwise.
///
/// After `Close` or destruction no callback runs, except the one that it is called in.
template <typename State>
class [[nodiscard]] Subscription {
 public:
  Subscription(std::shared_ptr<generated::SubscriptionHandle> handle,
               std::shared_ptr<generated::TypedObserver<State>> observer)
      : handle_(std::move(handle)), observer_(std::move(observer)) {}
  Subscription(Subscription&&) noexcept = default;
  Subscription& operator=(Subscription&& other) noexcept {
    if (this != &other) {
      Close();
      handle_ = std::move(other.handle_);
      observer_ = std::move(other.observer_);
    }
    return *this;
  }
  ~Subscription() { Close(); }

  /// The resume token: what was subscribed, signed by the server, and the position that was delivered last.
  /// Empty until the first delivery.
  std::string token() const { return handle_->token(); }
  /// The token together with the state that it belongs to, for `ResumeFrom`, and the events that came with it
  /// and have not been told yet. May be kept across restarts of the application. O(state). Empty until the
  /// first delivery.
  std::string checkpoint() const { return handle_->checkpoint(); }
  std::uint64_t epoch() const { return handle_->epoch(); }
  /// The revision that was delivered last.
  std::uint64_t revision() const { return handle_->revision(); }
  /// Everything up to this revision has been delivered, or is held back by the filter or not seen through the
  /// view. When a call of the same client has returned, this is no less than the call's revision, once what
  /// came before its result has been delivered.
  std::uint64_t covered() const { return handle_->covered(); }
  /// A copy of the state that was delivered last.
  State state() const {
    State copy;
    Read([&copy](const State& now) { copy = now; });
    return copy;
  }
  /// Runs `reader(const State&)` on the state in place; no change is applied meanwhile.
  template <typename Reader>
  void Read(Reader&& reader) const {
    handle_->Read([&] { reader(observer_->state()); });
  }
  SubscriptionPhase phase() const { return handle_->phase(); }
  /// Why the state was last replaced by a snapshot, if it ever was; see `OnResync`.
  std::optional<ResyncReason> last_resync() const { return handle_->last_resync(); }

  /// Asks for a fresh snapshot.
  void Resync() { handle_->Resync(); }
  /// The server sends nothing more and keeps nothing for it; what has arrived is still delivered. The state
  /// stays as it is until `Resume`, which goes on from there: with what was missed, as far as the server
  /// remembers it, otherwise with a snapshot that says so, as after a lost connection. Survives reconnects.
  void Pause() { handle_->Pause(); }
  void Resume() { handle_->Resume(); }
  /// Observes through another filter and another view from now on. In one step: what comes into sight arrives
  /// with all its values and what goes out of it is removed, in one update, whose snapshot is for the reason
  /// `VIEW_CHANGED`; `token()` and `checkpoint()` then are for these. Nothing comes through the old ones
  /// any more but what has arrived. What the actor does not have ends the subscription with
  /// `INVALID_ARGUMENT`; here it is returned for what is larger than 64 KiB, and `FAILED_PRECONDITION` once
  /// the subscription has ended: then nothing has changed.
  absl::Status Change(Filter<State> filter, View<State> view) {
    return handle_->Change(filter.bytes(), view.bytes());
  }
  /// As `Change`, with the view as it is.
  absl::Status Refilter(Filter<State> filter) { return handle_->Change(filter.bytes(), std::nullopt); }
  /// As `Change`, with the filter as it is.
  absl::Status ChangeView(View<State> view) { return handle_->Change(std::nullopt, view.bytes()); }
  void Close() {
    if (handle_ != nullptr) handle_->Close();
  }

 private:
  std::shared_ptr<generated::SubscriptionHandle> handle_;
  std::shared_ptr<generated::TypedObserver<State>> observer_;
};

/// What is to be observed, and who is told; made by a stub's `Observe()`. Nothing happens before `Start()`.
///
/// Callbacks run one at a time, in order, on the client's callback executor. When they are slow, several
/// changes come as one.
template <typename State>
class [[nodiscard]] Observation {
 public:
  Observation(std::shared_ptr<generated::Channel> channel, const generated::ActorType& type, std::string key)
      : channel_(std::move(channel)),
        type_(type),
        observer_(std::make_shared<generated::TypedObserver<State>>()) {
    request_.key = std::move(key);
  }

  /// `callback(now, change)`: the state is now `now`; `change` says where it differs from the last time.
  Observation&& OnChange(std::function<void(const State&, const Change<State>&)> callback) && {
    observer_->on_change = std::move(callback);
    return std::move(*this);
  }
  /// As `OnChange`, with the positions.
  Observation&& OnUpdate(std::function<void(const Update<State>&)> callback) && {
    observer_->on_update = std::move(callback);
    return std::move(*this);
  }
  /// The state was replaced by a snapshot because it could not be continued. Precedes the `OnChange` that
  /// brings it.
  Observation&& OnResync(std::function<void(ResyncReason)> callback) && {
    observer_->on_resync = std::move(callback);
    return std::move(*this);
  }
  /// The subscription has ended from the other side. Not called after `Close`.
  Observation&& OnEnd(std::function<void(const absl::Status&)> callback) && {
    observer_->on_end = std::move(callback);
    return std::move(*this);
  }
  /// Only the changes that the filter lets pass are delivered. Each delivery brings the state as it is then,
  /// with what was held back before. The first one comes in any case.
  Observation&& Where(Filter<State> filter) && {
    request_.filter = filter.bytes();
    return std::move(*this);
  }
  /// Only what the view shows is delivered; the rest of the state stays at its default.
  Observation&& Through(View<State> view) && {
    request_.view = view.bytes();
    return std::move(*this);
  }
  /// `callback(event)`: the actor has emitted that event. Called once for each, in order, after the change
  /// that it came with; filters and views hold no event back.
  template <ActorEvent E>
  Observation&& OnEvent(std::function<void(const E&)> callback) && {
    observer_->on_event[E::kNumber] = [callback = std::move(callback)](std::string_view bytes) {
      const std::optional<E> event = E::FromBytes(bytes);
      if (event.has_value()) callback(*event);
      return event.has_value();
    };
    return std::move(*this);
  }
  /// So many events were lost: a snapshot has replaced the changes that they came with, or the callbacks were
  /// too slow for them. At least so many, where it was away for longer than the server remembers.
  Observation&& OnEventsDropped(std::function<void(std::uint64_t)> callback) && {
    observer_->on_events_dropped = std::move(callback);
    return std::move(*this);
  }
  /// What becomes of the subscription where the network, or this application's part in reading from it, is
  /// too slow for it.
  Observation&& WhenSlow(SlowPolicy policy) && {
    request_.when_slow = policy;
    return std::move(*this);
  }
  /// Continues an earlier subscription, also one of an earlier run of the application, from its
  /// `checkpoint()`. The first update brings the checkpoint's state; then comes only what was missed since,
  /// unless it cannot be continued, which `OnResync` tells. Filter, view and slow policy are the
  /// checkpoint's where none are given; with another filter or view a snapshot comes. A checkpoint that
  /// cannot be read ends the subscription with `INVALID_ARGUMENT`.
  Observation&& ResumeFrom(std::string checkpoint) && {
    request_.checkpoint = std::move(checkpoint);
    return std::move(*this);
  }

  /// This subscription's callbacks run there, one at a time and in order, and wait for no other callback of
  /// the client; see `ClientOptions::callback_executor`, which may be the same. A callback that closes what
  /// belongs to another executor waits for a callback that runs there.
  Observation&& CallBackOn(std::shared_ptr<Executor> executor) && {
    request_.executor = std::move(executor);
    return std::move(*this);
  }

  Subscription<State> Start() && {
    std::shared_ptr<generated::SubscriptionHandle> handle =
        channel_->Observe(type_, std::move(request_), observer_);
    return Subscription<State>(std::move(handle), std::move(observer_));
  }

 private:
  std::shared_ptr<generated::Channel> channel_;
  const generated::ActorType& type_;
  generated::ObserveRequest request_;
  std::shared_ptr<generated::TypedObserver<State>> observer_;
};

}  // namespace onager

#endif  // ONAGER_OBSERVE_H_
