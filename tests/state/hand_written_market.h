// What `actorc` is to print for this file, written by hand:
//
//   package market.v1;
//
//   import cpp "geo.h" {
//     struct geo::Point { lat = 1; lon = 2; omit cached; }
//     struct geo::Stop { number = 1; at = 2; }
//   }
//
//   struct Note { string name = 1; int32 weight = 2; set<int32> days = 3; }
//   struct Comment { string text = 1; optional Comment reply = 2; set<string> likes = 3; }
//   struct Branch { string name = 1; optional Tree tree = 2; }
//   struct Tree { int32 size = 1; list<Branch> branches = 2 [key = name]; }
//   struct Item {
//     uuid id = 1;
//     string title = 2;
//     bool done = 3;
//     set<string> tags = 4;
//     optional timestamp due = 5;
//     duration effort = 6;
//     geo::Point place = 7;
//     optional Comment comment = 8;
//     list<Note> notes = 9 [key = name];
//     map<string, Note> marks = 10;
//     string secret = 11 [sensitive];
//   }
//
//   actor Market(string name) {
//     state {
//       list<Item> items = 1 [key = id];
//       map<string, Item> archive = 2;
//       int32 open = 3;
//       private string owner = 4;
//       set<uuid> watchers = 5;
//       timestamp changed = 6;
//       Comment thread = 7;
//       optional Item pinned = 8;
//       private list<Note> drafts = 9 [key = name];
//       geo::Point home = 10;
//       map<string, geo::Point> places = 11;
//       optional geo::Point camp = 12;
//       list<timestamp> times = 13;
//       optional uuid lead = 14;
//       oneof subject { timestamp at = 15; duration every = 16; uuid who = 17; geo::Point where = 18; }
//       list<Note> remarks = 19;
//       Tree tree = 20;
//       int32 limit = 21 [default = 7];
//       private set<int32> ranks = 22;
//       list<geo::Stop> route = 23 [key = number];
//     }
//     filter Crosses(int32 n = 2) = (state.open >= n) != (prev.open >= n);
//     filter Gone(uuid id) = prev.items.contains(id) && !state.items.contains(id);
//     filter Renamed(uuid id) = state.items.contains(id) &&
//       prev.items.Find(id).value().title != state.items.Find(id)->title;
//     filter Here = state.thread.text == key.name;
//     view Mine(string user) {
//       items { id; title; notes { name; days } where item.weight > 0; comment { text } }
//         where item.tags.contains(user);
//       open;
//     }
//     view Marked(int32 least = 1) {
//       archive { title; marks where item.weight >= least; notes { weight } }
//         where item_key != key.name && !item.marks.empty();
//       items { marks { weight } where item_key.size() > 1 };
//       places where item.lat > 0;
//       pinned { title; notes where item.weight >= least; comment { reply { text } } };
//       thread { likes };
//       remarks { weight };
//       subject;
//       limit;
//       route where item.at.lat > 0;
//     }
//     view Titled(string title, int32 number) {
//       items { title; done; notes } where item.title == title;
//       archive where item.title == title && !item.done;
//       route where number == item.number;
//     }
//     view Noted(string name) {
//       items { notes where item.name == name };
//       archive { comment } where item_key == name;
//       thread { likes };
//     }
//   }
#ifndef ONAGER_TESTS_STATE_HAND_WRITTEN_MARKET_H_
#define ONAGER_TESTS_STATE_HAND_WRITTEN_MARKET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "geo.h"
#include "onager/box.h"
#include "onager/filter.h"
#include "onager/generated/actor_type.h"
#include "onager/generated/previous.h"
#include "onager/generated/state_support.h"
#include "onager/set.h"
#include "onager/uuid.h"
#include "onager/view.h"

template <>
inline constexpr bool onager::generated::kIsForeign<geo::Point> = true;
template <>
inline constexpr bool onager::generated::kIsForeign<geo::Stop> = true;
extern template struct onager::generated::StructOps<geo::Point>;
extern template struct onager::generated::StructOps<geo::Stop>;

namespace market::v1 {

struct Note {
  std::string name;
  std::int32_t weight = 0;
  onager::Set<std::int32_t> days;

  Note() = default;
  Note&& with_name(std::string value) && { return name = std::move(value), std::move(*this); }
  Note&& with_weight(std::int32_t value) && { return weight = value, std::move(*this); }
  Note&& with_days(onager::Set<std::int32_t> value) && { return days = std::move(value), std::move(*this); }

  friend bool operator==(const Note&, const Note&) = default;
};

std::ostream& operator<<(std::ostream& out, const Note& value);

struct Comment {
  std::string text;
  onager::Box<Comment> reply;
  onager::Set<std::string> likes;

  Comment() = default;
  Comment&& with_text(std::string value) && { return text = std::move(value), std::move(*this); }
  Comment&& with_reply(onager::Box<Comment> value) && { return reply = std::move(value), std::move(*this); }
  Comment&& with_likes(onager::Set<std::string> value) && {
    return likes = std::move(value), std::move(*this);
  }

  friend bool operator==(const Comment&, const Comment&) = default;
};

std::ostream& operator<<(std::ostream& out, const Comment& value);

struct Tree;

struct Branch {
  std::string name;
  onager::Box<Tree> tree;

  Branch() = default;
  Branch&& with_name(std::string value) && { return name = std::move(value), std::move(*this); }
  Branch&& with_tree(onager::Box<Tree> value) &&;

  friend bool operator==(const Branch& a, const Branch& b);
};

std::ostream& operator<<(std::ostream& out, const Branch& value);

struct Tree {
  std::int32_t size = 0;
  onager::KeyedList<Branch, &Branch::name> branches;

  Tree() = default;
  Tree&& with_size(std::int32_t value) && { return size = value, std::move(*this); }
  Tree&& with_branches(onager::KeyedList<Branch, &Branch::name> value) && {
    return branches = std::move(value), std::move(*this);
  }

  friend bool operator==(const Tree&, const Tree&) = default;
};

std::ostream& operator<<(std::ostream& out, const Tree& value);

struct Item {
  onager::Uuid id;
  std::string title;
  bool done = false;
  onager::Set<std::string> tags;
  std::optional<absl::Time> due;
  absl::Duration effort;
  geo::Point place{};
  std::optional<Comment> comment;
  onager::KeyedList<Note, &Note::name> notes;
  onager::Map<std::string, Note> marks;
  std::string secret;

  Item() = default;
  Item&& with_id(onager::Uuid value) && { return id = value, std::move(*this); }
  Item&& with_title(std::string value) && { return title = std::move(value), std::move(*this); }
  Item&& with_tags(onager::Set<std::string> value) && { return tags = std::move(value), std::move(*this); }

  // Not `= default`: geo::Point cannot be compared.
  friend bool operator==(const Item& a, const Item& b) { return onager::generated::SameElement(a, b); }
};

std::ostream& operator<<(std::ostream& out, const Item& value);

/// The state of `Market`.
struct MarketState {
  /// The alternatives of `subject`: `std::get_if<MarketState::kAt>(&value.subject)`.
  enum SubjectCase : std::size_t { kSubjectUnset, kAt, kEvery, kWho, kWhere };

  onager::KeyedList<Item, &Item::id> items;
  onager::Map<std::string, Item> archive;
  std::int32_t open = 0;
  std::string owner;
  onager::Set<onager::Uuid> watchers;
  absl::Time changed;
  Comment thread;
  std::optional<Item> pinned;
  onager::KeyedList<Note, &Note::name> drafts;
  geo::Point home{};
  onager::Map<std::string, geo::Point> places;
  std::optional<geo::Point> camp;
  std::vector<absl::Time> times;
  std::optional<onager::Uuid> lead;
  std::variant<std::monostate, absl::Time, absl::Duration, onager::Uuid, geo::Point> subject;
  std::vector<Note> remarks;
  Tree tree;
  std::int32_t limit = 7;
  onager::Set<std::int32_t> ranks;
  onager::KeyedList<geo::Stop, &geo::Stop::number> route;

  MarketState() = default;

  friend bool operator==(const MarketState& a, const MarketState& b) {
    return onager::generated::SameElement(a, b);
  }
};

std::ostream& operator<<(std::ostream& out, const MarketState& value);

/// What tells one `Market` from another.
struct MarketKey {
  std::string name;

  MarketKey() = default;
  std::string ToString() const { return name; }
  static absl::StatusOr<MarketKey> Parse(std::string_view text);
};

/// What of a `Market` can be observed.
struct Market {
  static const onager::generated::ActorType& Type();

  static onager::Filter<MarketState> Crosses(std::int32_t n = 2);
  static onager::Filter<MarketState> Gone(const onager::Uuid& id);
  static onager::Filter<MarketState> Renamed(const onager::Uuid& id);
  static onager::Filter<MarketState> Here();

  static onager::View<MarketState> Mine(std::string_view user);
  static onager::View<MarketState> Marked(std::int32_t least = 1);
  static onager::View<MarketState> Titled(std::string_view title, std::int32_t number);
  static onager::View<MarketState> Noted(std::string_view name);
};

}  // namespace market::v1

template <>
class onager::Tracked<market::v1::Note> : public onager::generated::TrackedStruct<market::v1::Note> {
 public:
  using TrackedStruct::TrackedStruct;

  const std::string& name() const { return value().name; }
  void set_name(std::string name);
  std::int32_t weight() const { return value().weight; }
  void set_weight(std::int32_t weight);
  onager::TrackedSet<std::int32_t> mutable_days();
};

template <>
class onager::Change<market::v1::Note> : public onager::generated::StructChangeView<market::v1::Note> {
 public:
  using StructChangeView::StructChangeView;

  bool name() const;
  bool weight() const;
  onager::SetChange<std::int32_t> days() const;
};

template <>
class onager::Previous<market::v1::Note> : public onager::generated::PreviousStruct<market::v1::Note> {
 public:
  Previous(const onager::generated::StructChange* change, const Value& now);

  const std::string& name;
  const std::int32_t& weight;
  const onager::PreviousSet<std::int32_t> days;
};

template <>
class onager::Tracked<market::v1::Comment> : public onager::generated::TrackedStruct<market::v1::Comment> {
 public:
  using TrackedStruct::TrackedStruct;

  const std::string& text() const { return value().text; }
  void set_text(std::string text);
  const onager::Box<market::v1::Comment>& reply() const { return value().reply; }
  void set_reply(market::v1::Comment reply);
  onager::Tracked<market::v1::Comment> mutable_reply();
  void clear_reply();
  onager::TrackedSet<std::string> mutable_likes();
};

template <>
class onager::Change<market::v1::Comment> : public onager::generated::StructChangeView<market::v1::Comment> {
 public:
  using StructChangeView::StructChangeView;

  bool text() const;
  bool reply() const;
  onager::SetChange<std::string> likes() const;
};

template <>
class onager::Previous<market::v1::Comment> : public onager::generated::PreviousStruct<market::v1::Comment> {
 public:
  Previous(const onager::generated::StructChange* change, const Value& now);

  const std::string& text;
  const onager::PreviousOptional<market::v1::Comment> reply;
  const onager::PreviousSet<std::string> likes;
};

template <>
class onager::Tracked<market::v1::Branch> : public onager::generated::TrackedStruct<market::v1::Branch> {
 public:
  using TrackedStruct::TrackedStruct;

  const onager::Box<market::v1::Tree>& tree() const { return value().tree; }
  void set_tree(market::v1::Tree tree);
  onager::Tracked<market::v1::Tree> mutable_tree();
  void clear_tree();
};

template <>
class onager::Change<market::v1::Branch> : public onager::generated::StructChangeView<market::v1::Branch> {
 public:
  using StructChangeView::StructChangeView;

  bool tree() const;
};

template <>
class onager::Tracked<market::v1::Tree> : public onager::generated::TrackedStruct<market::v1::Tree> {
 public:
  using TrackedStruct::TrackedStruct;

  std::int32_t size() const { return value().size; }
  void set_size(std::int32_t size);
  onager::TrackedKeyedList<market::v1::Branch, &market::v1::Branch::name> mutable_branches();
};

template <>
class onager::Change<market::v1::Tree> : public onager::generated::StructChangeView<market::v1::Tree> {
 public:
  using StructChangeView::StructChangeView;

  bool size() const;
  onager::KeyedListChange<market::v1::Branch, &market::v1::Branch::name> branches() const;
};

template <>
class onager::Tracked<market::v1::Item> : public onager::generated::TrackedStruct<market::v1::Item> {
 public:
  using TrackedStruct::TrackedStruct;

  const onager::Uuid& id() const { return value().id; }
  const std::string& title() const { return value().title; }
  void set_title(std::string title);
  void set_done(bool done);
  onager::TrackedSet<std::string> mutable_tags();
  void set_due(absl::Time due);
  void clear_due();
  void set_effort(absl::Duration effort);
  void set_place(geo::Point place);
  void set_comment(market::v1::Comment comment);
  onager::Tracked<market::v1::Comment> mutable_comment();
  void clear_comment();
  onager::TrackedKeyedList<market::v1::Note, &market::v1::Note::name> mutable_notes();
  onager::TrackedMap<std::string, market::v1::Note> mutable_marks();
  void set_secret(std::string secret);
};

template <>
class onager::Change<market::v1::Item> : public onager::generated::StructChangeView<market::v1::Item> {
 public:
  using StructChangeView::StructChangeView;

  bool title() const;
  onager::SetChange<std::string> tags() const;
  bool due() const;
  bool place() const;
};

template <>
class onager::Previous<market::v1::Item> : public onager::generated::PreviousStruct<market::v1::Item> {
 public:
  Previous(const onager::generated::StructChange* change, const Value& now);

  const onager::Uuid& id;
  const std::string& title;
  const bool& done;
  const onager::PreviousSet<std::string> tags;
  const std::optional<absl::Time>& due;
  const absl::Duration& effort;
  const geo::Point& place;
  const onager::PreviousOptional<market::v1::Comment> comment;
  const onager::PreviousKeyedList<market::v1::Note, &market::v1::Note::name> notes;
  const onager::PreviousMap<std::string, market::v1::Note> marks;
};

template <>
class onager::Tracked<market::v1::MarketState>
    : public onager::generated::TrackedStruct<market::v1::MarketState> {
 public:
  using TrackedStruct::TrackedStruct;

  onager::TrackedKeyedList<market::v1::Item, &market::v1::Item::id> mutable_items();
  onager::TrackedMap<std::string, market::v1::Item> mutable_archive();
  std::int32_t open() const { return value().open; }
  void set_open(std::int32_t open);
  void set_owner(std::string owner);
  onager::TrackedSet<onager::Uuid> mutable_watchers();
  void set_changed(absl::Time changed);
  onager::Tracked<market::v1::Comment> mutable_thread();
  void set_thread(market::v1::Comment thread);
  void set_pinned(market::v1::Item pinned);
  onager::Tracked<market::v1::Item> mutable_pinned();
  void clear_pinned();
  onager::TrackedKeyedList<market::v1::Note, &market::v1::Note::name> mutable_drafts();
  void set_home(geo::Point home);
  onager::TrackedMap<std::string, geo::Point> mutable_places();
  void set_camp(geo::Point camp);
  void clear_camp();
  void set_times(std::vector<absl::Time> times);
  void set_lead(const onager::Uuid& lead);
  void clear_lead();
  void set_at(absl::Time at);
  void set_every(absl::Duration every);
  void set_who(const onager::Uuid& who);
  void set_where(geo::Point where);
  void clear_subject();
  void set_remarks(std::vector<market::v1::Note> remarks);
  onager::Tracked<market::v1::Tree> mutable_tree();
  void set_limit(std::int32_t limit);
  onager::TrackedSet<std::int32_t> mutable_ranks();
  onager::TrackedKeyedList<geo::Stop, &geo::Stop::number> mutable_route();
};

template <>
class onager::Change<market::v1::MarketState>
    : public onager::generated::StructChangeView<market::v1::MarketState> {
 public:
  using StructChangeView::StructChangeView;

  onager::KeyedListChange<market::v1::Item, &market::v1::Item::id> items() const;
  bool open() const;
  onager::SetChange<onager::Uuid> watchers() const;
  onager::Change<market::v1::Comment> thread() const;
  onager::MapChange<std::string, geo::Point> places() const;
  onager::KeyedListChange<geo::Stop, &geo::Stop::number> route() const;
};

template <>
class onager::Previous<market::v1::MarketState>
    : public onager::generated::PreviousStruct<market::v1::MarketState> {
 public:
  Previous(const onager::generated::StructChange* change, const Value& now);

  const onager::PreviousKeyedList<market::v1::Item, &market::v1::Item::id> items;
  const onager::PreviousMap<std::string, market::v1::Item> archive;
  const std::int32_t& open;
  const std::string& owner;
  const onager::PreviousSet<onager::Uuid> watchers;
  const absl::Time& changed;
  const onager::Previous<market::v1::Comment> thread;
  const onager::PreviousOptional<market::v1::Item> pinned;
  const onager::PreviousMap<std::string, geo::Point> places;
  const std::optional<onager::Uuid>& lead;
  const onager::PreviousKeyedList<geo::Stop, &geo::Stop::number> route;
};

extern template struct onager::generated::StructOps<market::v1::Note>;
extern template struct onager::generated::StructOps<market::v1::Comment>;
extern template struct onager::generated::StructOps<market::v1::Branch>;
extern template struct onager::generated::StructOps<market::v1::Tree>;
extern template struct onager::generated::StructOps<market::v1::Item>;
extern template struct onager::generated::StructOps<market::v1::MarketState>;
extern template class onager::generated::TrackedState<market::v1::MarketState>;
extern template class onager::generated::Replica<market::v1::MarketState>;

#endif  // ONAGER_TESTS_STATE_HAND_WRITTEN_MARKET_H_
