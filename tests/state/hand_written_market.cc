#include "hand_written_market.h"

#include "onager/generated/field_filter_impl.h"
#include "onager/generated/observation_impl.h"
#include "onager/generated/state_impl.h"

namespace market::v1 {
namespace {

// The parameters of the filter `Crosses`.
struct MarketCrossesFilter {
  std::optional<std::int32_t> n;

  MarketCrossesFilter() = default;
};

// The parameters of the filter `Gone`.
struct MarketGoneFilter {
  onager::Uuid id;

  MarketGoneFilter() = default;
};

// The parameters of the filter `Renamed`.
struct MarketRenamedFilter {
  onager::Uuid id;

  MarketRenamedFilter() = default;
};

// The parameters of the filter `Here`.
struct MarketHereFilter {
  MarketHereFilter() = default;
};

// The parameters of the view `Mine`.
struct MarketMineView {
  std::string user;

  MarketMineView() = default;
};

// The parameters of the view `Marked`.
struct MarketMarkedView {
  std::optional<std::int32_t> least;

  MarketMarkedView() = default;
};

// The parameters of the view `Titled`.
struct MarketTitledView {
  std::string title;
  std::int32_t number = 0;

  MarketTitledView() = default;
};

// The parameters of the view `Noted`.
struct MarketNotedView {
  std::string name;

  MarketNotedView() = default;
};

}  // namespace
}  // namespace market::v1

template <>
struct onager::generated::Describe<geo::Point> {
  using T = geo::Point;
  static constexpr std::string_view kName = "market.v1.Point";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::lat>("lat"),
      Field<2, &T::lon>("lon"),
  };
};

template <>
struct onager::generated::Describe<geo::Stop> {
  using T = geo::Stop;
  static constexpr std::string_view kName = "market.v1.Stop";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::number>("number"),
      Field<2, &T::at>("at"),
  };
};

template <>
struct onager::generated::Describe<market::v1::Note> {
  using T = market::v1::Note;
  static constexpr std::string_view kName = "market.v1.Note";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::name>("name"),
      Field<2, &T::weight>("weight"),
      Field<3, &T::days>("days"),
  };
};

template <>
struct onager::generated::Describe<market::v1::Comment> {
  using T = market::v1::Comment;
  static constexpr std::string_view kName = "market.v1.Comment";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::text>("text"),
      Field<2, &T::reply>("reply"),
      Field<3, &T::likes>("likes"),
  };
};

template <>
struct onager::generated::Describe<market::v1::Branch> {
  using T = market::v1::Branch;
  static constexpr std::string_view kName = "market.v1.Branch";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::name>("name"),
      Field<2, &T::tree>("tree"),
  };
};

template <>
struct onager::generated::Describe<market::v1::Tree> {
  using T = market::v1::Tree;
  static constexpr std::string_view kName = "market.v1.Tree";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::size>("size"),
      Field<2, &T::branches>("branches"),
  };
};

template <>
struct onager::generated::Describe<market::v1::Item> {
  using T = market::v1::Item;
  static constexpr std::string_view kName = "market.v1.Item";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::id>("id"),
      Field<2, &T::title>("title"),
      Field<3, &T::done>("done"),
      Field<4, &T::tags>("tags"),
      Field<5, &T::due>("due"),
      Field<6, &T::effort>("effort"),
      Field<7, &T::place>("place"),
      Field<8, &T::comment>("comment"),
      Field<9, &T::notes>("notes"),
      Field<10, &T::marks>("marks"),
      Field<11, &T::secret, kSensitive>("secret"),
  };
};

template <>
struct onager::generated::Describe<market::v1::MarketState> {
  using T = market::v1::MarketState;
  static constexpr std::string_view kName = "market.v1.MarketState";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::items>("items"),
      Field<2, &T::archive>("archive"),
      Field<3, &T::open>("open"),
      Field<4, &T::owner, kPrivate>("owner"),
      Field<5, &T::watchers>("watchers"),
      Field<6, &T::changed>("changed"),
      Field<7, &T::thread>("thread"),
      Field<8, &T::pinned>("pinned"),
      Field<9, &T::drafts, kPrivate>("drafts"),
      Field<10, &T::home>("home"),
      Field<11, &T::places>("places"),
      Field<12, &T::camp>("camp"),
      Field<13, &T::times>("times"),
      Field<14, &T::lead>("lead"),
      Alternative<15, &T::subject, T::kAt, 15>("at"),
      Alternative<16, &T::subject, T::kEvery, 15>("every"),
      Alternative<17, &T::subject, T::kWho, 15>("who"),
      Alternative<18, &T::subject, T::kWhere, 15>("where"),
      Field<19, &T::remarks>("remarks"),
      Field<20, &T::tree>("tree"),
      Field<21, &T::limit, kWithDefault>("limit"),
      Field<22, &T::ranks, kPrivate>("ranks"),
      Field<23, &T::route>("route"),
  };
};

template <>
struct onager::generated::Describe<market::v1::MarketCrossesFilter> {
  using T = market::v1::MarketCrossesFilter;
  static constexpr std::string_view kName = "market.v1.MarketCrossesFilter";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::n>("n"),
  };
};

template <>
struct onager::generated::Describe<market::v1::MarketGoneFilter> {
  using T = market::v1::MarketGoneFilter;
  static constexpr std::string_view kName = "market.v1.MarketGoneFilter";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::id>("id"),
  };
};

template <>
struct onager::generated::Describe<market::v1::MarketRenamedFilter> {
  using T = market::v1::MarketRenamedFilter;
  static constexpr std::string_view kName = "market.v1.MarketRenamedFilter";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::id>("id"),
  };
};

template <>
struct onager::generated::Describe<market::v1::MarketHereFilter> {
  using T = market::v1::MarketHereFilter;
  static constexpr std::string_view kName = "market.v1.MarketHereFilter";
  static constexpr auto kFields = std::tuple{};
};

template <>
struct onager::generated::Describe<market::v1::MarketMineView> {
  using T = market::v1::MarketMineView;
  static constexpr std::string_view kName = "market.v1.MarketMineView";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::user>("user"),
  };
};

template <>
struct onager::generated::Describe<market::v1::MarketMarkedView> {
  using T = market::v1::MarketMarkedView;
  static constexpr std::string_view kName = "market.v1.MarketMarkedView";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::least>("least"),
  };
};

template <>
struct onager::generated::Describe<market::v1::MarketTitledView> {
  using T = market::v1::MarketTitledView;
  static constexpr std::string_view kName = "market.v1.MarketTitledView";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::title>("title"),
      Field<2, &T::number>("number"),
  };
};

template <>
struct onager::generated::Describe<market::v1::MarketNotedView> {
  using T = market::v1::MarketNotedView;
  static constexpr std::string_view kName = "market.v1.MarketNotedView";
  static constexpr auto kFields = std::tuple{
      Field<1, &T::name>("name"),
  };
};

template struct onager::generated::StructOps<geo::Point>;
template struct onager::generated::StructOps<geo::Stop>;
template struct onager::generated::StructOps<market::v1::Note>;
template struct onager::generated::StructOps<market::v1::Comment>;
template struct onager::generated::StructOps<market::v1::Branch>;
template struct onager::generated::StructOps<market::v1::Tree>;
template struct onager::generated::StructOps<market::v1::Item>;
template struct onager::generated::StructOps<market::v1::MarketState>;
template class onager::generated::TrackedState<market::v1::MarketState>;
template std::uint32_t onager::generated::FieldNumber<market::v1::MarketState>(std::ptrdiff_t offset);
template class onager::generated::Replica<market::v1::MarketState>;

namespace market::v1 {

std::ostream& operator<<(std::ostream& out, const Note& value) {
  return onager::generated::Print(out, value);
}
std::ostream& operator<<(std::ostream& out, const Comment& value) {
  return onager::generated::Print(out, value);
}
Branch&& Branch::with_tree(onager::Box<Tree> value) && { return tree = std::move(value), std::move(*this); }
bool operator==(const Branch& a, const Branch& b) { return a.name == b.name && a.tree == b.tree; }
std::ostream& operator<<(std::ostream& out, const Branch& value) {
  return onager::generated::Print(out, value);
}
std::ostream& operator<<(std::ostream& out, const Tree& value) {
  return onager::generated::Print(out, value);
}
std::ostream& operator<<(std::ostream& out, const Item& value) {
  return onager::generated::Print(out, value);
}
std::ostream& operator<<(std::ostream& out, const MarketState& value) {
  return onager::generated::Print(out, value);
}

absl::StatusOr<MarketKey> MarketKey::Parse(std::string_view text) {
  MarketKey key;
  key.name = text;
  return key;
}

namespace {

// filter Crosses(int32 n = 2) = (state.open >= n) != (prev.open >= n);
bool MarketCrosses(const MarketState& state, const onager::Previous<MarketState>& prev, const MarketKey&,
                   const MarketCrossesFilter& parameters) {
  const std::int32_t n = parameters.n.value_or(2);
  return (state.open >= n) != (prev.open >= n);
}

// filter Gone(uuid id) = prev.items.contains(id) && !state.items.contains(id);
bool MarketGone(const MarketState& state, const onager::Previous<MarketState>& prev, const MarketKey&,
                const MarketGoneFilter& parameters) {
  const onager::Uuid& id = parameters.id;
  return prev.items.contains(id) && !state.items.contains(id);
}

// filter Renamed(uuid id) = state.items.contains(id) &&
//     prev.items.Find(id).value().title != state.items.Find(id)->title;
bool MarketRenamed(const MarketState& state, const onager::Previous<MarketState>& prev, const MarketKey&,
                   const MarketRenamedFilter& parameters) {
  const onager::Uuid& id = parameters.id;
  return state.items.contains(id) && prev.items.Find(id).value().title != state.items.Find(id)->title;
}

// filter Here = state.thread.text == key.name;
bool MarketHere(const MarketState& state, const onager::Previous<MarketState>&, const MarketKey& key,
                const MarketHereFilter&) {
  return state.thread.text == key.name;
}

// view Mine: items where item.tags.contains(user)
bool MarketMineItems(const Item& item, const MarketKey&, const MarketMineView& parameters) {
  const std::string& user = parameters.user;
  return item.tags.contains(user);
}

// view Mine: items.notes where item.weight > 0
bool MarketMineItemsNotes(const Note& item, const MarketKey&, const MarketMineView&) {
  return item.weight > 0;
}

// view Marked: archive where item_key != key.name && !item.marks.empty()
bool MarketMarkedArchive(const Item& item, const std::string& item_key, const MarketKey& key,
                         const MarketMarkedView&) {
  return item_key != key.name && !item.marks.empty();
}

// view Marked: archive.marks where item.weight >= least
bool MarketMarkedArchiveMarks(const Note& item, const std::string&, const MarketKey&,
                              const MarketMarkedView& parameters) {
  const std::int32_t least = parameters.least.value_or(1);
  return item.weight >= least;
}

// view Marked: items.marks where item_key.size() > 1
bool MarketMarkedItemsMarks(const Note&, const std::string& item_key, const MarketKey&,
                            const MarketMarkedView&) {
  return item_key.size() > 1;
}

// view Marked: places where item.lat > 0
bool MarketMarkedPlaces(const geo::Point& item, const std::string&, const MarketKey&,
                        const MarketMarkedView&) {
  return item.lat > 0;
}

// view Marked: pinned.notes where item.weight >= least
bool MarketMarkedPinnedNotes(const Note& item, const MarketKey&, const MarketMarkedView& parameters) {
  const std::int32_t least = parameters.least.value_or(1);
  return item.weight >= least;
}

// view Marked: route where item.at.lat > 0
bool MarketMarkedRoute(const geo::Stop& item, const MarketKey&, const MarketMarkedView&) {
  return item.at.lat > 0;
}

// view Titled: items where item.title == title
bool MarketTitledItems(const Item& item, const MarketKey&, const MarketTitledView& parameters) {
  const std::string& title = parameters.title;
  return item.title == title;
}

// view Titled: archive where item.title == title && !item.done
bool MarketTitledArchive(const Item& item, const std::string&, const MarketKey&,
                         const MarketTitledView& parameters) {
  const std::string& title = parameters.title;
  return item.title == title && !item.done;
}

// view Titled: route where number == item.number
bool MarketTitledRoute(const geo::Stop& item, const MarketKey&, const MarketTitledView& parameters) {
  const std::int32_t number = parameters.number;
  return number == item.number;
}

// view Noted: items.notes where item.name == name
bool MarketNotedItemsNotes(const Note& item, const MarketKey&, const MarketNotedView& parameters) {
  const std::string& name = parameters.name;
  return item.name == name;
}

// view Noted: archive where item_key == name
bool MarketNotedArchive(const Item&, const std::string& item_key, const MarketKey&,
                        const MarketNotedView& parameters) {
  const std::string& name = parameters.name;
  return item_key == name;
}

using onager::generated::Elements;
using onager::generated::IndexedElements;
using onager::generated::Inside;
using onager::generated::Selection;
using onager::generated::WhereEqual;
using onager::generated::WhereKeyEqual;
using onager::generated::Whole;

using MarketMineSelection =
    Selection<MarketState,
              Elements<&MarketState::items, &MarketMineItems, Whole<&Item::id>, Whole<&Item::title>,
                       Elements<&Item::notes, &MarketMineItemsNotes, Whole<&Note::name>, Whole<&Note::days>>,
                       Inside<&Item::comment, Whole<&Comment::text>>>,
              Whole<&MarketState::open>>;

using MarketMarkedSelection =
    Selection<MarketState,
              Elements<&MarketState::items, nullptr, Whole<&Item::id>,
                       Elements<&Item::marks, &MarketMarkedItemsMarks, Whole<&Note::weight>>>,
              Elements<&MarketState::archive, &MarketMarkedArchive, Whole<&Item::title>,
                       Elements<&Item::notes, nullptr, Whole<&Note::name>, Whole<&Note::weight>>,
                       Elements<&Item::marks, &MarketMarkedArchiveMarks>>,
              Inside<&MarketState::thread, Whole<&Comment::likes>>,
              Inside<&MarketState::pinned, Whole<&Item::title>,
                     Inside<&Item::comment, Inside<&Comment::reply, Whole<&Comment::text>>>,
                     Elements<&Item::notes, &MarketMarkedPinnedNotes>>,
              Elements<&MarketState::places, &MarketMarkedPlaces>, Whole<&MarketState::subject>,
              Inside<&MarketState::remarks, Whole<&Note::weight>>, Whole<&MarketState::limit>,
              Elements<&MarketState::route, &MarketMarkedRoute>>;

using MarketTitledSelection =
    Selection<MarketState,
              IndexedElements<&MarketState::items, &MarketTitledItems,
                              WhereEqual<&MarketTitledView::title, &Item::title>, Whole<&Item::id>,
                              Whole<&Item::title>, Whole<&Item::done>, Whole<&Item::notes>>,
              IndexedElements<&MarketState::archive, &MarketTitledArchive,
                              WhereEqual<&MarketTitledView::title, &Item::title>>,
              IndexedElements<&MarketState::route, &MarketTitledRoute,
                              WhereEqual<&MarketTitledView::number, &geo::Stop::number>>>;

using MarketNotedSelection =
    Selection<MarketState,
              Elements<&MarketState::items, nullptr, Whole<&Item::id>,
                       IndexedElements<&Item::notes, &MarketNotedItemsNotes,
                                       WhereEqual<&MarketNotedView::name, &Note::name>>>,
              IndexedElements<&MarketState::archive, &MarketNotedArchive,
                              WhereKeyEqual<&MarketNotedView::name>, Whole<&Item::comment>>,
              Inside<&MarketState::thread, Whole<&Comment::likes>>>;

constexpr std::uint32_t kCrosses = 20'001;
constexpr std::uint32_t kGone = 20'002;
constexpr std::uint32_t kRenamed = 20'003;
constexpr std::uint32_t kHere = 20'004;
constexpr std::uint32_t kMine = 20'001;
constexpr std::uint32_t kMarked = 20'002;
constexpr std::uint32_t kTitled = 20'003;
constexpr std::uint32_t kNoted = 20'004;

}  // namespace

const onager::generated::ActorType& Market::Type() {
  using onager::generated::MakeFilter;
  using onager::generated::MakeView;
  static constexpr onager::generated::FilterInfo kFilters[] = {
      {.name = "Crosses",
       .number = kCrosses,
       .make = &MakeFilter<MarketState, MarketKey, MarketCrossesFilter, &MarketCrosses>},
      {.name = "Gone",
       .number = kGone,
       .make = &MakeFilter<MarketState, MarketKey, MarketGoneFilter, &MarketGone>},
      {.name = "Renamed",
       .number = kRenamed,
       .make = &MakeFilter<MarketState, MarketKey, MarketRenamedFilter, &MarketRenamed>},
      {.name = "Here",
       .number = kHere,
       .make = &MakeFilter<MarketState, MarketKey, MarketHereFilter, &MarketHere>},
  };
  static constexpr onager::generated::ViewInfo kViews[] = {
      {.name = "Mine", .number = kMine, .make = &MakeView<MarketMineSelection, MarketKey, MarketMineView>},
      {.name = "Marked",
       .number = kMarked,
       .make = &MakeView<MarketMarkedSelection, MarketKey, MarketMarkedView>},
      {.name = "Titled",
       .number = kTitled,
       .make = &MakeView<MarketTitledSelection, MarketKey, MarketTitledView>},
      {.name = "Noted",
       .number = kNoted,
       .make = &MakeView<MarketNotedSelection, MarketKey, MarketNotedView>},
  };
  static const onager::generated::ActorType type = {
      .name = "market.v1.Market",
      .methods = {},
      .state = &onager::generated::TrackedState<MarketState>::Codec(),
      .filters = kFilters,
      .views = kViews,
      .make_field_filter = &onager::generated::MakeFieldFilter<MarketState>,
  };
  return type;
}

onager::Filter<MarketState> Market::Crosses(std::int32_t n) {
  MarketCrossesFilter parameters;
  parameters.n = n;
  return onager::generated::DeclaredFilter<MarketState>(kCrosses, parameters);
}

onager::Filter<MarketState> Market::Gone(const onager::Uuid& id) {
  MarketGoneFilter parameters;
  parameters.id = id;
  return onager::generated::DeclaredFilter<MarketState>(kGone, parameters);
}

onager::Filter<MarketState> Market::Renamed(const onager::Uuid& id) {
  MarketRenamedFilter parameters;
  parameters.id = id;
  return onager::generated::DeclaredFilter<MarketState>(kRenamed, parameters);
}

onager::Filter<MarketState> Market::Here() {
  return onager::generated::DeclaredFilter<MarketState>(kHere, MarketHereFilter());
}

onager::View<MarketState> Market::Mine(std::string_view user) {
  MarketMineView parameters;
  parameters.user = user;
  return onager::generated::DeclaredView<MarketState>(kMine, parameters);
}

onager::View<MarketState> Market::Marked(std::int32_t least) {
  MarketMarkedView parameters;
  parameters.least = least;
  return onager::generated::DeclaredView<MarketState>(kMarked, parameters);
}

onager::View<MarketState> Market::Titled(std::string_view title, std::int32_t number) {
  MarketTitledView parameters;
  parameters.title = title;
  parameters.number = number;
  return onager::generated::DeclaredView<MarketState>(kTitled, parameters);
}

onager::View<MarketState> Market::Noted(std::string_view name) {
  MarketNotedView parameters;
  parameters.name = name;
  return onager::generated::DeclaredView<MarketState>(kNoted, parameters);
}

}  // namespace market::v1

void onager::Tracked<market::v1::Note>::set_name(std::string name) { Set<&Value::name>(std::move(name)); }
void onager::Tracked<market::v1::Note>::set_weight(std::int32_t weight) { Set<&Value::weight>(weight); }
onager::TrackedSet<std::int32_t> onager::Tracked<market::v1::Note>::mutable_days() {
  return Mutable<&Value::days>();
}

bool onager::Change<market::v1::Note>::name() const { return Changed<&Value::name>(); }
bool onager::Change<market::v1::Note>::weight() const { return Changed<&Value::weight>(); }
onager::SetChange<std::int32_t> onager::Change<market::v1::Note>::days() const {
  return Changed<&Value::days>();
}

onager::Previous<market::v1::Note>::Previous(const onager::generated::StructChange* change, const Value& now)
    : PreviousStruct(change, now),
      name(At<&Value::name>()),
      weight(At<&Value::weight>()),
      days(At<&Value::days>()) {}

void onager::Tracked<market::v1::Comment>::set_text(std::string text) { Set<&Value::text>(std::move(text)); }
void onager::Tracked<market::v1::Comment>::set_reply(market::v1::Comment reply) {
  Set<&Value::reply>(std::move(reply));
}
onager::Tracked<market::v1::Comment> onager::Tracked<market::v1::Comment>::mutable_reply() {
  return Mutable<&Value::reply>();
}
void onager::Tracked<market::v1::Comment>::clear_reply() { Set<&Value::reply>(std::nullopt); }
onager::TrackedSet<std::string> onager::Tracked<market::v1::Comment>::mutable_likes() {
  return Mutable<&Value::likes>();
}

bool onager::Change<market::v1::Comment>::text() const { return Changed<&Value::text>(); }
bool onager::Change<market::v1::Comment>::reply() const { return Changed<&Value::reply>(); }
onager::SetChange<std::string> onager::Change<market::v1::Comment>::likes() const {
  return Changed<&Value::likes>();
}

onager::Previous<market::v1::Comment>::Previous(const onager::generated::StructChange* change,
                                                const Value& now)
    : PreviousStruct(change, now),
      text(At<&Value::text>()),
      reply(At<&Value::reply>()),
      likes(At<&Value::likes>()) {}

void onager::Tracked<market::v1::Branch>::set_tree(market::v1::Tree tree) {
  Set<&Value::tree>(std::move(tree));
}
onager::Tracked<market::v1::Tree> onager::Tracked<market::v1::Branch>::mutable_tree() {
  return Mutable<&Value::tree>();
}
void onager::Tracked<market::v1::Branch>::clear_tree() { Set<&Value::tree>(std::nullopt); }

bool onager::Change<market::v1::Branch>::tree() const { return Changed<&Value::tree>(); }

void onager::Tracked<market::v1::Tree>::set_size(std::int32_t size) { Set<&Value::size>(size); }
onager::TrackedKeyedList<market::v1::Branch, &market::v1::Branch::name>
onager::Tracked<market::v1::Tree>::mutable_branches() {
  return Mutable<&Value::branches>();
}

bool onager::Change<market::v1::Tree>::size() const { return Changed<&Value::size>(); }
onager::KeyedListChange<market::v1::Branch, &market::v1::Branch::name>
onager::Change<market::v1::Tree>::branches() const {
  return Changed<&Value::branches>();
}

void onager::Tracked<market::v1::Item>::set_title(std::string title) { Set<&Value::title>(std::move(title)); }
void onager::Tracked<market::v1::Item>::set_done(bool done) { Set<&Value::done>(done); }
onager::TrackedSet<std::string> onager::Tracked<market::v1::Item>::mutable_tags() {
  return Mutable<&Value::tags>();
}
void onager::Tracked<market::v1::Item>::set_due(absl::Time due) { Set<&Value::due>(due); }
void onager::Tracked<market::v1::Item>::clear_due() { Set<&Value::due>(std::nullopt); }
void onager::Tracked<market::v1::Item>::set_effort(absl::Duration effort) { Set<&Value::effort>(effort); }
void onager::Tracked<market::v1::Item>::set_place(geo::Point place) { Set<&Value::place>(std::move(place)); }
void onager::Tracked<market::v1::Item>::set_comment(market::v1::Comment comment) {
  Set<&Value::comment>(std::move(comment));
}
onager::Tracked<market::v1::Comment> onager::Tracked<market::v1::Item>::mutable_comment() {
  return Mutable<&Value::comment>();
}
void onager::Tracked<market::v1::Item>::clear_comment() { Set<&Value::comment>(std::nullopt); }
onager::TrackedKeyedList<market::v1::Note, &market::v1::Note::name>
onager::Tracked<market::v1::Item>::mutable_notes() {
  return Mutable<&Value::notes>();
}
onager::TrackedMap<std::string, market::v1::Note> onager::Tracked<market::v1::Item>::mutable_marks() {
  return Mutable<&Value::marks>();
}
void onager::Tracked<market::v1::Item>::set_secret(std::string secret) {
  Set<&Value::secret>(std::move(secret));
}

bool onager::Change<market::v1::Item>::title() const { return Changed<&Value::title>(); }
onager::SetChange<std::string> onager::Change<market::v1::Item>::tags() const {
  return Changed<&Value::tags>();
}
bool onager::Change<market::v1::Item>::due() const { return Changed<&Value::due>(); }
bool onager::Change<market::v1::Item>::place() const { return Changed<&Value::place>(); }

onager::Previous<market::v1::Item>::Previous(const onager::generated::StructChange* change, const Value& now)
    : PreviousStruct(change, now),
      id(At<&Value::id>()),
      title(At<&Value::title>()),
      done(At<&Value::done>()),
      tags(At<&Value::tags>()),
      due(At<&Value::due>()),
      effort(At<&Value::effort>()),
      place(At<&Value::place>()),
      comment(At<&Value::comment>()),
      notes(At<&Value::notes>()),
      marks(At<&Value::marks>()) {}

onager::TrackedKeyedList<market::v1::Item, &market::v1::Item::id>
onager::Tracked<market::v1::MarketState>::mutable_items() {
  return Mutable<&Value::items>();
}
onager::TrackedMap<std::string, market::v1::Item>
onager::Tracked<market::v1::MarketState>::mutable_archive() {
  return Mutable<&Value::archive>();
}
void onager::Tracked<market::v1::MarketState>::set_open(std::int32_t open) { Set<&Value::open>(open); }
void onager::Tracked<market::v1::MarketState>::set_owner(std::string owner) {
  Set<&Value::owner>(std::move(owner));
}
onager::TrackedSet<onager::Uuid> onager::Tracked<market::v1::MarketState>::mutable_watchers() {
  return Mutable<&Value::watchers>();
}
void onager::Tracked<market::v1::MarketState>::set_changed(absl::Time changed) {
  Set<&Value::changed>(changed);
}
onager::Tracked<market::v1::Comment> onager::Tracked<market::v1::MarketState>::mutable_thread() {
  return Mutable<&Value::thread>();
}
void onager::Tracked<market::v1::MarketState>::set_thread(market::v1::Comment thread) {
  Set<&Value::thread>(std::move(thread));
}
void onager::Tracked<market::v1::MarketState>::set_pinned(market::v1::Item pinned) {
  Set<&Value::pinned>(std::move(pinned));
}
onager::Tracked<market::v1::Item> onager::Tracked<market::v1::MarketState>::mutable_pinned() {
  return Mutable<&Value::pinned>();
}
void onager::Tracked<market::v1::MarketState>::clear_pinned() { Set<&Value::pinned>(std::nullopt); }
onager::TrackedKeyedList<market::v1::Note, &market::v1::Note::name>
onager::Tracked<market::v1::MarketState>::mutable_drafts() {
  return Mutable<&Value::drafts>();
}
void onager::Tracked<market::v1::MarketState>::set_home(geo::Point home) {
  Set<&Value::home>(std::move(home));
}
onager::TrackedMap<std::string, geo::Point> onager::Tracked<market::v1::MarketState>::mutable_places() {
  return Mutable<&Value::places>();
}
void onager::Tracked<market::v1::MarketState>::set_camp(geo::Point camp) {
  Set<&Value::camp>(std::move(camp));
}
void onager::Tracked<market::v1::MarketState>::clear_camp() { Set<&Value::camp>(std::nullopt); }
void onager::Tracked<market::v1::MarketState>::set_times(std::vector<absl::Time> times) {
  Set<&Value::times>(std::move(times));
}
void onager::Tracked<market::v1::MarketState>::set_lead(const onager::Uuid& lead) { Set<&Value::lead>(lead); }
void onager::Tracked<market::v1::MarketState>::clear_lead() { Set<&Value::lead>(std::nullopt); }
void onager::Tracked<market::v1::MarketState>::set_at(absl::Time at) {
  SetAlternative<&Value::subject, Value::kAt>(at);
}
void onager::Tracked<market::v1::MarketState>::set_every(absl::Duration every) {
  SetAlternative<&Value::subject, Value::kEvery>(every);
}
void onager::Tracked<market::v1::MarketState>::set_who(const onager::Uuid& who) {
  SetAlternative<&Value::subject, Value::kWho>(who);
}
void onager::Tracked<market::v1::MarketState>::set_where(geo::Point where) {
  SetAlternative<&Value::subject, Value::kWhere>(std::move(where));
}
void onager::Tracked<market::v1::MarketState>::clear_subject() {
  SetAlternative<&Value::subject, Value::kSubjectUnset>(std::monostate());
}
void onager::Tracked<market::v1::MarketState>::set_remarks(std::vector<market::v1::Note> remarks) {
  Set<&Value::remarks>(std::move(remarks));
}
onager::Tracked<market::v1::Tree> onager::Tracked<market::v1::MarketState>::mutable_tree() {
  return Mutable<&Value::tree>();
}
void onager::Tracked<market::v1::MarketState>::set_limit(std::int32_t limit) { Set<&Value::limit>(limit); }
onager::TrackedSet<std::int32_t> onager::Tracked<market::v1::MarketState>::mutable_ranks() {
  return Mutable<&Value::ranks>();
}
onager::TrackedKeyedList<geo::Stop, &geo::Stop::number>
onager::Tracked<market::v1::MarketState>::mutable_route() {
  return Mutable<&Value::route>();
}

onager::KeyedListChange<market::v1::Item, &market::v1::Item::id>
onager::Change<market::v1::MarketState>::items() const {
  return Changed<&Value::items>();
}
bool onager::Change<market::v1::MarketState>::open() const { return Changed<&Value::open>(); }
onager::SetChange<onager::Uuid> onager::Change<market::v1::MarketState>::watchers() const {
  return Changed<&Value::watchers>();
}
onager::Change<market::v1::Comment> onager::Change<market::v1::MarketState>::thread() const {
  return Changed<&Value::thread>();
}
onager::MapChange<std::string, geo::Point> onager::Change<market::v1::MarketState>::places() const {
  return Changed<&Value::places>();
}

onager::KeyedListChange<geo::Stop, &geo::Stop::number> onager::Change<market::v1::MarketState>::route()
    const {
  return Changed<&Value::route>();
}

onager::Previous<market::v1::MarketState>::Previous(const onager::generated::StructChange* change,
                                                    const Value& now)
    : PreviousStruct(change, now),
      items(At<&Value::items>()),
      archive(At<&Value::archive>()),
      open(At<&Value::open>()),
      owner(At<&Value::owner>()),
      watchers(At<&Value::watchers>()),
      changed(At<&Value::changed>()),
      thread(At<&Value::thread>()),
      pinned(At<&Value::pinned>()),
      places(At<&Value::places>()),
      lead(At<&Value::lead>()),
      route(At<&Value::route>()) {}
