#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codegen/cpp_import/clang_compiler.h"
#include "codegen/cpp_import/expression_tokens.h"
#include "codegen/cpp_import/synthetic_text.h"
#include "codegen/text/text.h"
#include "compiled.h"

// Filters, `where`s and defaults as C++.
namespace onager::codegen {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// An actor with a field of every kind; `%` is where a test puts something.
constexpr std::string_view kTodo = R"(package todo.v1;
import cpp "geo/point.h" { struct geo::Point { lat = 1; lon = 2; } enum geo::Kind; function geo::Distance; function geo::Twice; function geo::Forget; }
enum Priority { LOW = 0; NORMAL = 1; HIGH = 2; }
struct Owner { string name = 1; int32 age = 2; }
struct TodoItem {
  string id = 1; string title = 2; bool done = 3; Priority priority = 4; optional timestamp due = 5;
  set<string> tags = 6; Owner owner = 7; optional TodoItem parent = 8; list<int32> marks = 9;
}
actor TodoList(string list_id, int32 shard) {
  state {
    list<TodoItem> items = 1 [key = id];
    int32 open = 2;
    string title = 3;
    map<string, TodoItem> by_name = 4;
    map<int32, double> weights = 5;
    set<Priority> used = 6;
    geo::Point place = 7;
    geo::Kind kind = 8;
    duration age = 9;
    uuid token = 10;
    bytes raw = 11;
    oneof shape { double radius = 12; string path = 13; }
    optional int32 limit = 14;
    Owner owner = 15;
    uint64 large = 16;
    double ratio = 17;
    bool flag = 18;
    private string secret = 19;
  }
%
}
)";

std::string Todo(std::string_view inside) {
  std::string text(kTodo);
  text.replace(text.find('%'), 1, inside);
  return text;
}

std::vector<std::string> Check(std::string_view inside) {
  ClangCompiler clang(TestOptions());
  return CheckedLines({{"todo.actor", Todo(inside)}}, clang);
}

constexpr std::string_view kGood = R"(
  filter A = !state.items.empty();
  filter B(int32 n) = state.open >= n;
  filter C(int32 n) = (state.open >= n) != (prev.open >= n);
  filter D(string id) = state.items.contains(id) && state.items.Find(id)->done;
  filter E(string id) = prev.items.contains(id) && !prev.items.Find(id)->done && prev.owner.age < 3;
  filter E2 = prev.items.Find("a").value().parent.has_value() && prev.items.Find("a")->parent->done && (*prev.items.Find("a")).tags.contains("x");
  filter F = state.by_name.Find("a") != nullptr && state.by_name.size() > prev.by_name.size();
  filter G = state.used.contains(Priority::HIGH) && !prev.used.contains(Priority::HIGH);
  filter H = state.place.Valid() && geo::Distance(state.place, geo::kOrigin) < 5.0 && geo::Distance(state.place) < 1;
  filter I = state.kind == geo::Kind::kLake && geo::Twice(state.open) == 4;
  filter J = state.age > absl::Seconds(5) && absl::ToInt64Seconds(state.age) < 7;
  filter K = !state.token.is_nil() && state.token != onager::Uuid();
  filter L = state.raw.size() > 3 && state.raw == "abc";
  filter M = state.shape.index() == TodoListState::kRadius && std::get<TodoListState::kRadius>(state.shape) > 1;
  filter N = std::holds_alternative<std::monostate>(state.shape);
  filter O = state.limit.has_value() && *state.limit > state.limit.value_or(3);
  filter P(string who, Owner other) = state.title.starts_with(who) && state.owner == other && std::string(who) + "x" == state.title;
  filter Q = std::clamp(state.open, 1, 3) == std::abs(state.open) || std::min({1, 2, state.open}) == 2;
  filter R = std::isnan(state.ratio) || std::cmp_less(state.open, state.large);
  filter S = key.list_id == "a" && key.shard > 0 && key.ToString() != "b";
  filter T = state.flag ? true : static_cast<bool>(state.open) || bool(state.open);
  filter U = !state.items.empty() && state.items.front().title.substr(1)[0] == 'a' && state.items.back().marks.at(0) == 1;
  filter V = std::count(state.items.front().marks.begin(), state.items.front().marks.end(), 3) > 0 && state.secret.empty();
  filter W = std::numeric_limits<std::int32_t>::max() == state.open and not state.flag;
  filter X = prev.by_name.contains("a") && prev.by_name.Find("a")->owner.name == "b" && prev.place.lat > 0 && prev.weights.Find(1) != nullptr && *prev.weights.Find(1) > 0;
  filter Y = geo::Point{.lat = 1, .lon = state.ratio}.lat > 0 && Owner().name.empty() && std::string_view("a").size() == sizeof(int);
  view Mine(string user) { items { id; title; } where item.tags.contains(user) && !item.done && key.list_id == user; open; }
  view Due { items { id; } where item.due.has_value() && *item.due < absl::UnixEpoch(); by_name where item_key == item.id; weights where item > 2 && item_key > 3; }
  view Nested { items where item.parent.has_value() && item.parent->owner.name == "x" && item.owner == item.parent->owner; }
  rpc Add(string title, int32 n = 3 * 4, double d = geo::kOrigin.lat * 2, Priority p = Priority::HIGH, duration wait = absl::Seconds(2) * 3, string t = std::string("a") + "b");
)";

TEST(Expressions, PassWhenTheyOnlyRead) { EXPECT_THAT(Check(kGood), IsEmpty()); }

// What the prelude declares is what the runtime has.
TEST(Expressions, PassWithTheRuntimesOwnTypes) {
  ClangOptions options = TestOptions();
  options.arguments.emplace_back("-I" ONAGER_RUNTIME_HEADERS);
  for (const char* header :
       {"bytes.h", "uuid.h", "keyed_list.h", "map.h", "set.h", "box.h", "generated/previous.h"}) {
    options.arguments.emplace_back("-include");
    options.arguments.push_back(Cat("onager/", header));
  }
  ClangCompiler clang(options);
  EXPECT_THAT(CheckedLines({{"todo.actor", Todo(kGood)}}, clang), IsEmpty());
  EXPECT_THAT(clang.opened_files(), Contains(EndsWith("onager/generated/previous.h")));
}

// A declaration of the actor, and what is said about it: column, text there, message.
struct Case {
  const char* declaration;
  std::vector<std::string> messages;
};

void ExpectMessages(const std::vector<Case>& cases) {
  std::string inside;
  for (const Case& c : cases) inside += Cat(c.declaration, "\n");
  const std::string text = Todo(inside);
  size_t line = static_cast<size_t>(std::count(
                    text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find(inside)), '\n')) +
                1;
  std::vector<std::string> lines = Check(inside);
  size_t said = 0;
  for (const Case& c : cases) {
    const std::string prefix = Cat("todo.actor:", line++, ":");
    std::vector<std::string> messages;
    for (const std::string& message : lines) {
      if (message.starts_with(prefix)) messages.push_back(message.substr(prefix.size()));
    }
    said += messages.size();
    EXPECT_EQ(messages, c.messages) << c.declaration;
  }
  EXPECT_EQ(said, lines.size()) << lines.back();
}

TEST(Expressions, AreReportedWhereTheyAreWrong) {
  ExpectMessages({
      {"filter A = state.opn > 1;", {"18 `opn` `TodoListState` has no field `opn` -> open"}},
      {"filter B = state.items.Find(\"x\")->titel.empty();",
       {"35 `titel` `TodoItem` has no field `titel` -> title"}},
      {"filter C = open > 1;", {"12 `open` there is no `open` here -> state.open"}},
      {"filter D = state.open;", {"12 `state.open` a filter must be `bool`, this is `int`"}},
      {"filter E = state.limit;", {"12 `state.limit` a filter must be `bool`, this is `std::optional<int>`"}},
      {"filter F = stat.open > 1;", {"12 `stat` there is no `stat` here -> state"}},
      {"filter G = state.title + 1 == state.title;", {"24 `+` `+` does not take `std::string` and `int`"}},
      {"filter H = state.items.Find(\"x\").done;",
       {"33 `.` `TodoItem *` is a pointer: write `->` for `.`, and ask first whether it is null"}},
      {"filter I = state.items.contains(1);", {"33 `1` this must be a `std::string_view`, not `int`"}},
      {"filter J = state.kind == 1;", {"23 `==` `==` does not take `geo::Kind` and `int`"}},
      {"filter K = geo::Distnce(state.place) < 1;",
       {"17 `Distnce` namespace `geo` has no `Distnce` -> Distance"}},
      {"filter L = geo::Distance() < 1;",
       {"12 `geo::Distance` `Distance` cannot be called with these arguments | point.h:28:8 `Distance` "
        "candidate function not viable: "
        "requires 2 arguments, but 0 were provided | point.h:29:8 `Distance` candidate function not viable: "
        "requires single argument "
        "`a`, but no arguments were provided"}},
      {"filter M = state.items.sise() > 0;",
       {"24 `sise` `onager::KeyedList<TodoItem, &TodoItem::id>` has no member `sise` -> size"}},
      {"filter N = state.title.lenght() > 0;",
       {"24 `lenght` `std::string` has no member `lenght` -> length"}},
      {"filter O(int32 n) = item.done && n;", {"21 `item` `item` is known in a view's `where` only"}},
      {"filter P = Priority::HIHG == Priority::LOW;", {"22 `HIHG` `Priority` has no value `HIHG` -> HIGH"}},
      {"filter Q = state.open >;", {"23 `>` an operand is missing here"}},
      {"filter R = state.open > > 1;", {"25 `>` an operand is missing here"}},
      {"filter S = (1, 2);", {"12 `(1, 2)` a filter must be `bool`, this is `int`"}},
      {"filter T = state;", {"12 `state` a filter must be `bool`, this is `TodoListState`"}},
      {"filter U = prev.items.Find(\"x\")->nothing;",
       {"34 `nothing` `onager::Previous<TodoItem>` has no field `nothing`"}},
      {"filter V = prev.items.begin() == prev.items.end();",
       {"23 `begin` `onager::PreviousKeyedList<TodoItem, &TodoItem::id>` has no member "
        "`begin`",
        "45 `end` `onager::PreviousKeyedList<TodoItem, &TodoItem::id>` has no member `end`"}},
      {"filter W = std::clamp(state.open, 1, \"x\") > 2;",
       {"12 `std::clamp` `clamp` cannot be called with these arguments"}},
      {"filter X = state.flag && unknown_function(state.open);",
       {"26 `unknown_function` there is no `unknown_function` here"}},
      {"filter Y =   state.owner   .   agee > 1 && state.owner.name == 3;",
       {"32 `agee` `Owner` has no field `agee` -> age",
        "61 `==` `==` does not take `std::string` and `int`"}},
      {"view Mine { items { id; } where item.don; by_name where item_key > 3; weights where state.open > 1; "
       "}",
       {"38 `don` `TodoItem` has no field `don` -> done", "66 `>` `>` does not take `std::string` and `int`",
        "85 `state` `state` is known in filters only"}},
      {"view More { items where done; }", {"25 `done` there is no `done` here -> item.done"}},
      {"rpc R0(int32 a = 1LL << 40);",
       {"18 `1LL << 40` the default of `a` must be `int32`, and 1099511627776 does not fit"}},
      {"rpc R1(bool b = 1 + 1);", {"17 `1 + 1` the default of `b` must be `bool`, and 2 does not fit"}},
      {"rpc R2(int32 c = 2.5 * 2);",
       {"18 `2.5 * 2` the default of `c` must be `int32`, this is `double`; `static_cast` converts it where "
        "that is meant"}},
      {"rpc R3(string d = 3 + 4);", {"19 `3 + 4` the default of `d` must be `string`, this is `int`"}},
      {"rpc R4(Priority e = 1 + 0);", {"21 `1 + 0` the default of `e` must be `Priority`, this is `int`"}},
      {"rpc R5(uint32 f = 1 - 2);", {"19 `1 - 2` the default of `f` must be `uint32`, and -1 does not fit"}},
      {"rpc R6(int32 g = geo::kOrigin.lat);",
       {"18 `geo::kOrigin.lat` the default of `g` must be `int32`, this is `double`; `static_cast` converts "
        "it where that is meant"}},
      {"rpc R7(duration h = 3 * 4);", {"21 `3 * 4` the default of `h` must be `duration`, this is `int`"}},
      {"rpc R8(bool i = state.flag);", {"17 `state` `state` is known in filters only"}},
      {"rpc R9(double j = true && false);",
       {"19 `true && false` the default of `j` must be `double`, this is `bool`"}},
  });
}

TEST(Expressions, MayNotChangeAnything) {
  ExpectMessages({
      {"filter A = (state.open = 1) > 0;",
       {"24 `=` impure: `=` assigns; an expression only reads, and `==` compares"}},
      {"filter B = state.open++ > 0;",
       {"22 `++` impure: `++` changes what it stands at; an expression only reads"}},
      {"filter C = new int(3) != nullptr;", {"12 `new` impure: `new` allocates; an expression only reads"}},
      {"filter D = throw 1;", {"12 `throw` impure: `throw` throws; an expression only reads"}},
      {"filter E = [&] { return true; }();",
       {"12 `[` impure: a lambda cannot stand in an expression; write a function in C++ and name it in an "
        "`import cpp` block"}},
      {"filter F = const_cast<int&>(state.open) > 0;",
       {"12 `const_cast` impure: `const_cast` cannot stand in an expression"}},
      {"filter G = state.items.Remove(\"x\");",
       {"24 `Remove` impure: `Remove` would change `onager::KeyedList<TodoItem, &TodoItem::id>`; an "
        "expression only reads"}},
      {"filter H = std::string(\"x\").append(\"y\").empty();",
       {"12 `std::string(\"x\").append(\"y\")` impure: `append` may change what it is called on; an "
        "expression only reads"}},
      {"filter I = geo::Count() > 1;",
       {"12 `geo::Count()` impure: `geo::Count` is not named in an `import cpp` block; `function "
        "geo::Count;` there allows it"}},
      {"filter J = geo::counter > 1;",
       {"12 `geo::counter` impure: `geo::counter` is a variable, which may change at any time; only "
        "constants can be read"}},
      {"filter K = std::rand() > 1;",
       {"12 `std::rand()` impure: `std::rand` is not among the functions that an expression can call"}},
      {"filter L = state.owner.name.empty() || (delete &state, true);",
       {"41 `delete` impure: `delete` frees memory; an expression only reads"}},
      {"filter M = absl::Now() > absl::UnixEpoch();", {"18 `Now` namespace `absl` has no `Now`"}},
      {"filter N = (geo::Forget(geo::changing), true);",
       {"13 `geo::Forget(geo::changing)` impure: `geo::Forget` may change what it is given; an expression "
        "only reads"}},
      {"filter O = ((double&)state.ratio) > 1;",
       {"13 `(double&)state.ratio` impure: this casts `const` away; an expression only reads"}},
      {"filter P = state.title.push_back('c'), true;",
       {"12 `state.title` impure: `push_back` would change `std::string`; an expression only reads"}},
      {"filter S = (&geo::Count)() > 1;",
       {"12 `(&geo::Count)()` impure: only functions and members that are named can be called"}},
      {"filter T = (co_await state.flag);",
       {"13 `co_await` impure: `co_await` waits; an expression only reads"}},
      {"filter U = state.open += 1;", {"23 `+=` impure: `+=` assigns; an expression only reads"}},
      {"filter V = ({ true; });", {"19 `;` a `;` cannot stand within an expression"}},
      {"filter W = std::chrono::system_clock::now().time_since_epoch().count() > 0;",
       {"12 `std::chrono::system_clock::now()` impure: `std::chrono::system_clock::now` is not among the "
        "functions that an expression can call"}},
      {"filter X = state.place.Move(1), true;",
       {"12 `state.place` impure: `Move` would change `geo::Point`; an expression only reads | point.h:16:8 "
        "`Move` `Move` declared here"}},
      {"filter Y = geo::Point(state.place).Move(2), true;",
       {"12 `geo::Point(state.place).Move(2)` impure: `Move` may change what it is called on; an expression "
        "only reads"}},
      {"filter Z = std::move(state.title).empty() && std::swap(state.open, state.open);",
       {"46 `std::swap` `swap` cannot be called with these arguments"}},
  });
}

// A model whose filters a test makes of texts that the parser would not let pass.
struct Filters {
  explicit Filters(size_t count) {
    std::string text = "package p;\nactor A(string k) { state { int32 n = 1; string s = 2; }\n";
    for (size_t i = 0; i < count; ++i) text += Cat("filter F", i, " = state.n > 0;\n");
    idl::InMemorySourceLoader loader;
    loader.Add("p.actor", text + "}\n");
    ClangCompiler clang(TestOptions());
    RecordingCompiler recorder(clang);
    idl::CompileOptions options;
    options.foreign = &recorder;
    compilation = idl::Compile("p.actor", loader, options);
  }
  void Set(size_t index, std::string_view text) {
    idl::Actor& actor = compilation.model->actors[idl::ActorId{0}];
    actor.filters[index].predicate.text = std::string(text);
  }
  std::vector<idl::ForeignDiagnostic> Check(ClangCompiler& clang) {
    return clang.CheckExpressions(*compilation.model, {true}, compilation.sources);
  }
  idl::Compilation compilation;
};

TEST(Expressions, CannotBreakOutOfTheirPlace) {
  std::vector<std::string> tricks = {"true); } int evil() { return (1",
                                     "true) || (true",
                                     "(true",
                                     "true]",
                                     "(true]",
                                     "\"abc",
                                     "'a",
                                     "true /* x",
                                     "true // x",
                                     "R\"(x)\" != \"\"",
                                     "_Pragma(\"once\") true",
                                     "__builtin_trap(), true",
                                     "__LINE__ > 0",
                                     "%:define x",
                                     "<% true %>",
                                     "true ?\?/",
                                     "true \\",
                                     "@selector(x)",
                                     "$x",
                                     "`x`",
                                     "asm(\"hlt\")",
                                     "decltype(state)()",
                                     "operator new(3)",
                                     "({ while (true) {} })",
                                     "[] { for (;;); }()",
                                     "sizeof(struct X { int a; })",
                                     "template <int> true",
                                     "import x",
                                     "typeof(1)",
                                     "this",
                                     "return true",
                                     "goto x",
                                     "\xc3\xbc == 1",
                                     "state.s.~basic_string()",
                                     "static_assert(true)",
                                     "#include </dev/zero>",
                                     "\n#include </dev/zero>\n",
                                     "true\n#define state 1\n",
                                     "\"a\\\nb\" != \"\"",
                                     "'\\",
                                     "",
                                     " ",
                                     "true;",
                                     ";",
                                     std::string("true\0", 5),
                                     "\"\0\" != \"\"",
                                     "onager_expression_1_()",
                                     "int x",
                                     "x y z",
                                     "state.n > 0 ? ",
                                     "a<b<c<d<e",
                                     "std::string(1, 2, 3, 4)",
                                     "::",
                                     "...",
                                     "state...",
                                     "(state.n)(state.n)",
                                     "std",
                                     "geo::",
                                     "1'",
                                     "1''2 > 0",
                                     "1e+ > 0",
                                     "0x > 0",
                                     "state.template n",
                                     "state.operator=(state)",
                                     "sizeof state.n < 0 ? throw 1 : 2",
                                     std::string(3000, '('),
                                     std::string(100'000, 'a'),
                                     "&&state"};
  std::string flat = "state.n";
  for (int i = 0; i < 400; ++i) flat += "+1";
  tricks.push_back(flat + " > 0 ? 1 : 2");
  std::string deep = "state.n";
  for (int i = 0; i < 3000; ++i) deep = Cat("-", deep);
  tricks.push_back(deep);

  // Every second one is as it was, and nothing is said about those.
  Filters filters(2 * tricks.size());
  ASSERT_TRUE(filters.compilation.model.has_value());
  for (size_t i = 0; i < tricks.size(); ++i) filters.Set(2 * i, tricks[i]);
  ClangCompiler clang(TestOptions());
  const std::vector<idl::ForeignDiagnostic> diagnostics = filters.Check(clang);
  std::vector<int> counts(2 * tricks.size() + 3);
  for (const idl::ForeignDiagnostic& diagnostic : diagnostics) {
    ++counts[filters.compilation.sources.Begin(diagnostic.range).line];
  }
  for (size_t i = 0; i < tricks.size(); ++i) {
    EXPECT_GE(counts[2 * i + 3], 1) << tricks[i].substr(0, 80);
    EXPECT_EQ(counts[2 * i + 4], 0) << "after " << tricks[i].substr(0, 80);
  }
  EXPECT_EQ(clang.parse_count(), 1);
}

// Any tokens in any order leave their neighbours alone.
TEST(Expressions, OfRandomTokensStayInTheirPlace) {
  constexpr const char* kTokens[] = {"state",  ".",           "n",    "s",     "key",  "k",        "(",
                                     ")",      "{",           "}",    "[",     "]",    "<",        ">",
                                     "<=>",    "+",           "-",    "*",     "&",    "!",        "~",
                                     "?",      ":",           "::",   ",",     "->",   "...",      "std",
                                     "string", "vector",      "int",  "1",     "0x",   "'a'",      "\"b\"",
                                     "sizeof", "static_cast", "bool", "const", "p",    "AState",   "prev",
                                     "not",    "std::min",    "==",   "&&",    "||",   "state.n",  "state.s",
                                     "(",      ")",           "(",    ")",     "char", "unsigned", "nullptr",
                                     ">>",     "true",        ".*",   "->*"};
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  SCOPED_TRACE(Cat("seed ", seed));
  constexpr size_t kCount = 300;
  Filters filters(2 * kCount);
  std::vector<std::string> texts;
  for (size_t i = 0; i < kCount; ++i) {
    std::string text;
    std::vector<ExpressionToken> tokens;
    do {  // Most of what is drawn has brackets that do not match.
      text.clear();
      for (size_t length = 1 + random() % 12; length > 0; --length)
        text += Cat(kTokens[random() % std::size(kTokens)], " ");
    } while (i % 8 != 0 && ReadExpression(text, tokens).has_value());
    texts.push_back(text);
    filters.Set(2 * i, text);
  }
  ClangCompiler clang(TestOptions());
  for (const idl::ForeignDiagnostic& diagnostic : filters.Check(clang)) {
    const uint32_t line = filters.compilation.sources.Begin(diagnostic.range).line;
    ASSERT_GE(line, 3u) << diagnostic.message;
    EXPECT_EQ(line % 2, 1u) << "after " << texts.at((line - 4) / 2) << ": " << diagnostic.message;
  }
  EXPECT_EQ(clang.parse_count(), 1);
}

TEST(Expressions, DoNotCompareSignedWithUnsigned) {
  const std::string instead = " one of these two numbers is signed and the other is not; write `std::cmp_";
  ExpectMessages({
      {"filter A = state.title.size() > state.open;",
       {"12 `state.title.size() > state.open`" + instead + "greater(state.title.size(), state.open)`"}},
      {"filter B = !(state.open<=state.title.size()+1);",
       {"14 `state.open<=state.title.size()+1`" + instead + "less_equal(state.open, state.title.size()+1)`"}},
      {"filter C = state.title.size() != state.open && state.open not_eq state.title.size();",
       {"12 `state.title.size() != state.open`" + instead + "not_equal(state.title.size(), state.open)`",
        "48 `state.open not_eq state.title.size()`" + instead +
            "not_equal(state.open, state.title.size())`"}},
      {"filter D = state.title.size() > -1;",
       {"12 `state.title.size() > -1`" + instead + "greater(state.title.size(), -1)`"}},
      {"filter E = (state.flag ? state.open : state.large) > 1;",
       {"13 `state.flag ? state.open : state.large` one of these two numbers is signed and the other is not; "
        "`static_cast` one of them"}},
      {"filter F = state.large == state.title[0];",
       {"12 `state.large == state.title[0]` one of these two numbers is signed and the other is not; "
        "`static_cast` one of them"}},
      // Nothing is converted, or nothing that could be negative.
      {"filter G = state.title.size() > 3 && state.open > -1 && state.open > 2.5 && "
       "std::cmp_less(state.open, state.title.size()) && state.title.size() > (state.open > 1);",
       {}},
  });
}

TEST(Expressions, OfAThousandAreParsedOnce) {
  std::string text =
      "package p;\nenum E { A = 0; B = 1; }\nstruct Item { string id = 1; int32 n = 2; set<string> tags = 3; "
      "E e = 4; }\n";
  for (int actor = 0; actor < 100; ++actor) {
    text += Cat(
        "actor A", actor,
        "(string k) { state { list<Item> items = 1 [key = id]; int32 open = 2; map<string, Item> m = 3; }\n");
    for (int i = 0; i < 8; ++i)
      text += Cat("filter F", i, "(int32 n) = (state.open >= n + ", i,
                  ") != (prev.open >= n) && !state.items.empty();\n");
    text +=
        "view V(string user) { items { id; } where item.tags.contains(user); m where item.n > 1 && item.e == "
        "E::B; }\n}\n";
  }
  ClangCompiler clang(TestOptions());
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(CheckedLines({{"p.actor", text}}, clang), IsEmpty());
  const auto end = std::chrono::steady_clock::now();
  EXPECT_EQ(clang.parse_count(), 1);
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(end - begin);
  RecordProperty("milliseconds", Cat(spent.count()));
  std::cout << "1,000 expressions: " << spent.count() << " ms\n";
}

TEST(Expressions, OfAThousandActorsAreParsedOnce) {
  std::string text = "package p;\n";
  for (int actor = 0; actor < 1000; ++actor)
    text +=
        Cat("actor A", actor, "(string k) { state { int64 n = 1; } filter F(int64 n) = state.n >= n; }\n");
  ClangCompiler clang(TestOptions());
  EXPECT_THAT(CheckedLines({{"p.actor", text}}, clang), IsEmpty());
  EXPECT_EQ(clang.parse_count(), 1);
}

TEST(Expressions, OfSeveralFilesAreParsedTogether) {
  ClangCompiler clang(TestOptions());
  EXPECT_THAT(
      CheckedLines({{"a.actor",
                     "package a.v1;\nimport \"b.actor\";\nactor A(string k) { state { b.v1.B b = 1; }\n"
                     "filter F = state.b.x == b::v1::Kind::SOME && state.b.missing; }\n"},
                    {"b.actor",
                     "package b.v1;\nenum Kind { NONE = 0; SOME = 1; }\nstruct B { Kind x = 1; int32 n = 2 "
                     "[default = 3 + true_]; }\n"}},
                   clang),
      ElementsAre("a.actor:4:54 `missing` `B` has no field `missing`",
                  "b.actor:3:51 `true_` there is no `true_` here"));
  EXPECT_EQ(clang.parse_count(), 1);
}

TEST(Expressions, NeedNoCompilerWhenThereAreNone) {
  ClangOptions options;
  options.library = "/there/is/no/libclang.so";
  ClangCompiler clang(options);
  EXPECT_THAT(
      CheckedLines({{"a.actor", "package a.v1;\nactor A(string k) { state { int32 n = 1; } }\n"}}, clang),
      IsEmpty());
  EXPECT_EQ(clang.parse_count(), 0);
  EXPECT_THAT(clang.opened_files(), IsEmpty());
}

TEST(Expressions, AreRefusedWithoutLibclang) {
  ClangOptions options;
  options.library = "/there/is/no/libclang.so";
  ClangCompiler clang(options);
  const std::vector<std::string> lines = CheckedLines(
      {{"a.actor", "package a.v1;\nactor A(string k) { state { int32 n = 1; }\nfilter F = state.n > 0; }\n"}},
      clang);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0],
              HasSubstr("a.actor:3:12 `state.n > 0` setup: C++ in `.actor` files is checked with libclang"));
}

TEST(Expressions, ReadWhatTheTargetDefines) {
  const std::string text =
      "package a.v1;\nimport cpp \"geo/point.h\" { function geo::Distance; }\nactor A(string k) { state { "
      "int32 n = 1; }\nfilter F = state.n > LIMIT; }\n";
  ClangOptions options = TestOptions();
  options.arguments.emplace_back("-DLIMIT=3");
  ClangCompiler with(options);
  EXPECT_THAT(CheckedLines({{"a.actor", text}}, with), IsEmpty());
  EXPECT_THAT(with.opened_files(), Contains(EndsWith("geo/point.h")));
  ClangCompiler without(TestOptions());
  EXPECT_THAT(CheckedLines({{"a.actor", text}}, without),
              ElementsAre("a.actor:4:22 `LIMIT` there is no `LIMIT` here"));
}

TEST(Alignment, FindsBytesBehindCommentsAndLineEnds) {
  EXPECT_THAT(AlignBytes("a + b", "a /* x */ +\n  // y\n b"), ElementsAre(0, 1, 10, 11, 20));
  EXPECT_THAT(AlignBytes("\"//\" / 2", "\"//\" /*c*/ / 2"), ElementsAre(0, 1, 2, 3, 4, 11, 12, 13));
  EXPECT_THAT(AlignBytes("abc", ""), ElementsAre(0, 0, 0));
}

}  // namespace
}  // namespace onager::codegen
