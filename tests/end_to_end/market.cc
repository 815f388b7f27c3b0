#include "market.h"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "onager/generated/call_messages.h"
#include "onager/generated/choice.h"
#include "onager/generated/tracked_state_impl.h"
#include "onager/generated/wire.h"
#include "runtime/base/mutex.h"

namespace onager::end_to_end {
namespace {

// Who they are, and whatever else has a name.
const std::string kUsers[] = {"ann", "bob", "cid"};

constexpr std::uint32_t kOpenAtLeast = 6001;
constexpr std::uint32_t kBroken = 6002;

/// The bodies of all turns that this program's clients have asked for.
class Bodies {
 public:
  std::uint64_t Add(Market::Body body) {
    MutexLock lock(mutex_);
    bodies_.emplace(++last_, std::move(body));
    return last_;
  }
  Market::Body Find(std::uint64_t number) {
    MutexLock lock(mutex_);
    return bodies_.at(number);
  }

 private:
  Mutex mutex_;
  std::uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, Market::Body> bodies_ ABSL_GUARDED_BY(mutex_);
};

Bodies& AllBodies() {
  static Bodies bodies;
  return bodies;
}

class OpenFilter final : public generated::FilterLeaf {
 public:
  explicit OpenFilter(std::int32_t least) : least_(least) {}

  static absl::StatusOr<std::unique_ptr<generated::FilterLeaf>> Make(std::string_view,
                                                                     std::string_view parameters) {
    std::int32_t least = 0;
    if (!absl::SimpleAtoi(absl::string_view(parameters.data(), parameters.size()), &least)) {
      return absl::InvalidArgumentError("OpenAtLeast: not a number");
    }
    return std::make_unique<OpenFilter>(least);
  }
  bool Evaluate(generated::StateInterface& state) const override {
    return static_cast<generated::TrackedState<MarketState>&>(state).value().open >= least_;
  }

 private:
  const std::int32_t least_;
};

class BrokenFilter final : public generated::FilterLeaf {
 public:
  static absl::StatusOr<std::unique_ptr<generated::FilterLeaf>> Make(std::string_view, std::string_view) {
    return std::make_unique<BrokenFilter>();
  }
  bool Evaluate(generated::StateInterface&) const override { throw std::runtime_error("on purpose"); }
};

}  // namespace

std::optional<Sold> Sold::FromBytes(std::string_view bytes) {
  Sold event;
  for (generated::Reader reader(bytes); !reader.AtEnd();) {
    generated::Reader::Tag tag;
    std::string_view title;
    std::uint64_t number = 0;
    if (!reader.ReadTag(tag)) return std::nullopt;
    if (tag.number == 1 && tag.type == generated::WireType::kBytes) {
      if (!reader.ReadBytes(title)) return std::nullopt;
      event.title = std::string(title);
    } else if (tag.number == 2 && tag.type == generated::WireType::kVarint) {
      if (!reader.ReadVarint(number)) return std::nullopt;
      event.number = static_cast<std::int64_t>(number);
    } else if (!reader.Skip(tag)) {
      return std::nullopt;
    }
  }
  return event;
}

std::string Sold::ToBytes() const {
  std::string bytes;
  generated::Writer writer(bytes);
  if (!title.empty()) {
    writer.Tag(1, generated::WireType::kBytes);
    writer.Bytes(title);
  }
  if (number != 0) {
    writer.Tag(2, generated::WireType::kVarint);
    writer.Varint(static_cast<std::uint64_t>(number));
  }
  writer.Finish();
  return bytes;
}

const generated::ActorType& Market::Type() {
  static constexpr generated::MethodInfo kMethods[] = {{.name = "Edit"}};
  static constexpr generated::EventInfo kEvents[] = {{.name = "Sold", .number = Sold::kNumber}};
  static const std::vector<generated::FilterInfo> filters = [] {
    const auto& declared = market::v1::Market::Type().filters;
    std::vector<generated::FilterInfo> all(declared.begin(), declared.end());
    all.push_back({.name = "OpenAtLeast", .number = kOpenAtLeast, .make = &OpenFilter::Make});
    all.push_back({.name = "Broken", .number = kBroken, .make = &BrokenFilter::Make});
    return all;
  }();
  static const generated::ActorType type = [] {
    generated::ActorType made = market::v1::Market::Type();
    made.methods = kMethods;
    made.filters = filters;
    made.events = kEvents;
    return made;
  }();
  return type;
}

Filter<MarketState> Market::OpenAtLeast(std::int32_t n) {
  return Filter<MarketState>::FromBytes(generated::EncodeChoice(kOpenAtLeast, absl::StrCat(n)));
}

Filter<MarketState> Market::Broken() {
  return Filter<MarketState>::FromBytes(generated::EncodeChoice(kBroken, ""));
}

Task<std::string> Market::Dispatch(Turn& /*turn*/, std::size_t /*method*/, std::string_view arguments) {
  std::uint64_t number = 0;
  if (!absl::SimpleAtoi(absl::string_view(arguments.data(), arguments.size()), &number)) {
    return absl::InvalidArgumentError("not a number");
  }
  if (absl::Status done = AllBodies().Find(number)(state_.state(), *this); !done.ok()) return done;
  return std::string();
}

void HostMarket(server::ServerCore& server) {
  ASSERT_TRUE(server.Host(Market::Type(), [] { return std::make_unique<Market>(); }).ok());
}

Call<> MarketClient::Edit(Market::Body body) const {
  const std::uint64_t number = AllBodies().Add(std::move(body));
  return Call<>(channel_->Call(Market::Type(), name_, 0, absl::StrCat(number), CallOptions()),
                &generated::DecodeNothing);
}

Call<> MarketClient::SetOpen(std::int32_t open) const {
  return Edit([open](Tracked<MarketState>& state, Market&) {
    state.set_open(open);
    return absl::OkStatus();
  });
}

Uuid IdOf(std::uint8_t number) {
  Uuid::Bytes bytes{};
  bytes[15] = number;
  return Uuid(bytes);
}

MarketState MineOf(const MarketState& state, std::string_view user) {
  MarketState mine;
  mine.open = state.open;
  for (const market::v1::Item& item : state.items) {
    if (!item.tags.contains(user)) continue;
    market::v1::Item seen;
    seen.id = item.id;
    seen.title = item.title;
    for (const market::v1::Note& note : item.notes) {
      if (note.weight > 0) seen.notes.Append(market::v1::Note().with_name(note.name).with_days(note.days));
    }
    if (item.comment.has_value()) seen.comment = market::v1::Comment().with_text(item.comment->text);
    mine.items.Append(std::move(seen));
  }
  return mine;
}

View<MarketState> Sight::view() const {
  switch (kind) {
    case kAll:
      return View<MarketState>();
    case kMine:
      return market::v1::Market::Mine(name);
    case kTitled:
      return market::v1::Market::Titled(name, number);
    case kNoted:
      return market::v1::Market::Noted(name);
  }
  return View<MarketState>();
}

MarketState Sight::Of(const MarketState& state) const {
  MarketState seen;
  switch (kind) {
    case kAll:
      return state;
    case kMine:
      return MineOf(state, name);
    case kTitled:
      for (const market::v1::Item& item : state.items) {
        if (item.title != name) continue;
        market::v1::Item part = market::v1::Item().with_id(item.id).with_title(item.title);
        part.done = item.done;
        part.notes = item.notes;
        seen.items.Append(std::move(part));
      }
      for (const auto& [key, item] : state.archive) {
        if (item.title == name && !item.done) seen.archive.Set(key, item);
      }
      for (const geo::Stop& stop : state.route) {
        if (stop.number == number) seen.route.Append(stop);
      }
      return seen;
    case kNoted:
      for (const market::v1::Item& item : state.items) {
        market::v1::Item part = market::v1::Item().with_id(item.id);
        for (const market::v1::Note& note : item.notes) {
          if (note.name == name) part.notes.Append(note);
        }
        seen.items.Append(std::move(part));
      }
      if (const market::v1::Item* item = state.archive.Find(name)) {
        market::v1::Item part;
        part.comment = item->comment;
        seen.archive.Set(name, std::move(part));
      }
      seen.thread.likes = state.thread.likes;
      return seen;
  }
  return seen;
}

std::ostream& operator<<(std::ostream& out, const Sight& sight) {
  constexpr const char* kNames[] = {"all", "mine", "titled", "noted"};
  return out << kNames[sight.kind] << "(" << sight.name << ")";
}

void ShowEverywhere(Tracked<MarketState>& state, std::string_view title) {
  auto items = state.mutable_items();
  std::uint8_t number = 200;
  for (const std::string& user : kUsers) {
    market::v1::Item item = market::v1::Item().with_id(IdOf(number++)).with_title(user).with_tags({user});
    item.notes.Append(market::v1::Note().with_name(user).with_weight(1));
    // What `Mine` does not show of an item is its weightless notes, and `Titled` shows them all.
    item.notes.Append(market::v1::Note().with_name(std::string(title)).with_weight(1));
    items.Remove(item.id);
    items.Insert(std::move(item));
  }
}

void ChangeAtRandom(Tracked<MarketState>& state, std::mt19937_64& random) {
  const Uuid id = IdOf(static_cast<std::uint8_t>(random() % 12));
  const Uuid other = IdOf(static_cast<std::uint8_t>(random() % 12));
  const std::string& user = kUsers[random() % std::size(kUsers)];
  const auto any = [&random] { return std::to_string(random()); };
  auto items = state.mutable_items();
  auto item = items.Find(id);
  switch (random() % 13) {
    case 0:
      state.set_open(static_cast<std::int32_t>(random() % 8));
      return;
    case 1:
      state.set_owner(any());
      return;
    case 2:
    case 3:
      if (!item) items.Insert(market::v1::Item().with_id(id).with_title(any()).with_tags({user}));
      return;
    case 4:
      if (item && !item->mutable_tags().Insert(user)) item->mutable_tags().Remove(user);
      return;
    case 5:
      if (item) item->set_title(random() % 2 == 0 ? user : any());
      return;
    case 6:
      if (item && id != other && items.contains(other)) items.MoveBefore(id, other);
      return;
    case 7:
      if (item) {
        auto notes = item->mutable_notes();
        const std::string& name = kUsers[random() % std::size(kUsers)];
        if (!notes.Remove(name)) {
          notes.Insert(
              market::v1::Note().with_name(name).with_weight(static_cast<std::int32_t>(random() % 3)));
        }
      }
      return;
    case 8: {
      auto archive = state.mutable_archive();
      const std::string& key = kUsers[random() % std::size(kUsers)];
      if (auto kept = archive.Find(key); kept && random() % 2 == 0) {
        if (random() % 2 == 0) {
          kept->set_done(!kept->value().done);
        } else {
          kept->set_title(user);
        }
      } else if (!archive.Remove(key)) {
        market::v1::Item kept_item = market::v1::Item().with_id(id).with_title(user);
        kept_item.secret = any();  // No two are the same.
        archive.Set(key, std::move(kept_item));
      }
      return;
    }
    case 9: {
      geo::Stop stop;
      stop.number = static_cast<int>(random() % 4);
      stop.at.lat = static_cast<double>(random() % 10);
      auto route = state.mutable_route();
      if (random() % 2 == 0) {
        route.Replace(stop);
      } else if (!route.Remove(stop.number)) {
        route.Insert(stop);
      }
      return;
    }
    case 10:
      if (item) item->set_done(!item->value().done);
      return;
    case 11:
      if (random() % 8 == 0) items.Clear();
      return;
    default:
      if (random() % 2 == 0) items.Remove(id);
      return;
  }
}

MarketState PublicOf(MarketState state) {
  state.owner.clear();
  state.drafts = {};
  state.ranks = {};
  return state;
}

}  // namespace onager::end_to_end
