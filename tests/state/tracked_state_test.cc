#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "shapes.actor.h"
#include "todo.actor.h"

namespace onager::testing {
namespace {

using generated::Replica;
using generated::TrackedState;
using shapes::v1::Part;
using shapes::v1::ShapesState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using todo::v1::Todo;
using todo::v1::TodoListState;

// A server's state and a client's replica that gets every patch.
template <typename S>
struct Pair {
  // Ends the turn; returns its patch, which the replica has applied.
  std::string EndTurn() {
    std::string patch;
    state.EncodePatch(patch);
    state.Commit();
    replica.ClearChange();
    if (!patch.empty()) {
      EXPECT_TRUE(replica.ApplyPatch(patch).ok());
    }
    EXPECT_EQ(replica.state(), state.value());
    return patch;
  }

  TrackedState<S> state;
  Replica<S> replica;
};

std::vector<std::string> Ids(const TodoListState& state) {
  std::vector<std::string> ids;
  for (const Todo& todo : state.todos) ids.push_back(todo.id);
  return ids;
}

class TodosTest : public ::testing::Test {
 protected:
  TodosTest() {
    for (const char* id : {"a", "b", "c"}) todos().Insert(Todo().with_id(id).with_title("milk"));
    pair_.EndTurn();
  }
  TrackedKeyedList<Todo, &Todo::id> todos() { return pair_.state.state().mutable_todos(); }
  Change<TodoListState> change() const { return pair_.replica.change(); }
  std::vector<std::string> ReplicaIds() const { return Ids(pair_.replica.state()); }

  Pair<TodoListState> pair_;
};

MATCHER_P(HasId, id, "") { return arg->id == id; }

// Fault that makes it fail: a removal that leaves the key in the replica's index.
TEST_F(TodosTest, A17_RemoveAnElement) {
  todos().Remove("b");
  EXPECT_LE(pair_.EndTurn().size(), 8u);
  EXPECT_THAT(ReplicaIds(), ElementsAre("a", "c"));
  EXPECT_THAT(change().todos().removed(), ElementsAre(HasId("b")));
  EXPECT_THAT(change().todos().inserted(), IsEmpty());
  EXPECT_THAT(change().todos().moved(), IsEmpty());
  EXPECT_EQ(pair_.replica.state().todos.Find("b"), nullptr);
}

TEST_F(TodosTest, A17_SwapElements) {
  EXPECT_TRUE(todos().MoveBefore("c", "a"));
  EXPECT_TRUE(todos().MoveToBack("a"));
  pair_.EndTurn();
  EXPECT_THAT(ReplicaIds(), ElementsAre("c", "b", "a"));
  EXPECT_THAT(change().todos().moved(), ElementsAre(HasId("c"), HasId("a")));
}

TEST_F(TodosTest, A17_ClearAnOptional) {
  todos().Find("a")->set_due(5);
  pair_.EndTurn();
  EXPECT_EQ(pair_.replica.state().todos.Find("a")->due, 5);
  todos().Find("a")->clear_due();
  pair_.EndTurn();
  EXPECT_EQ(pair_.replica.state().todos.Find("a")->due, std::nullopt);
  ASSERT_EQ(change().todos().updated().size(), 1u);
  EXPECT_TRUE(change().todos().updated()[0].change.due());
  EXPECT_FALSE(change().todos().updated()[0].change.done());
}

TEST_F(TodosTest, A17_EmptyTheList) {
  todos().Clear();
  EXPECT_LE(pair_.EndTurn().size(), 8u);
  EXPECT_THAT(ReplicaIds(), IsEmpty());
  EXPECT_EQ(change().todos().removed().size(), 3u);
}

TEST_F(TodosTest, A17_DeleteAMapKey) {
  auto todo = todos().Find("a");
  todo->mutable_labels().Set("shop", "corner");
  todo->mutable_labels().Set("size", "1 l");
  pair_.EndTurn();
  EXPECT_TRUE(todos().Find("a")->mutable_labels().Remove("shop"));
  pair_.EndTurn();
  EXPECT_EQ(pair_.replica.state().todos.Find("a")->labels, (Map<std::string, std::string>{{"size", "1 l"}}));
}

TEST(ShapesTest, A17_SwitchAOneof) {
  Pair<ShapesState> pair;
  auto& state = pair.state.state();
  state.set_path("a path");
  pair.EndTurn();
  state.set_level(0);  // Set, though zero.
  pair.EndTurn();
  EXPECT_EQ(*std::get_if<ShapesState::kLevel>(&pair.replica.state().outline), 0);
  EXPECT_TRUE(pair.replica.change().outline());
  state.clear_outline();
  pair.EndTurn();
  EXPECT_EQ(pair.replica.state().outline.index(), ShapesState::kOutlineUnset);
}

TEST(ShapesTest, A17_AlternativesOfTheSameType) {
  Pair<ShapesState> pair;
  pair.state.state().mutable_parts().Insert(Part().with_number(1).with_radius(2));
  pair.EndTurn();
  pair.state.state().mutable_parts().Find(1)->set_side(2);
  pair.EndTurn();
  EXPECT_NE(std::get_if<Part::kSide>(&pair.replica.state().parts.front().size), nullptr);
}

// Fault that makes these fail: an encoder that trusts what was touched and does not compare.
TEST_F(TodosTest, A19_SettingTheValueThatIsThere) {
  auto todo = todos().Find("a");
  todo->set_title("milk");
  todo->set_done(false);
  todo->clear_due();
  pair_.state.state().set_pending_count(0);
  EXPECT_EQ(pair_.EndTurn(), "");
}

TEST_F(TodosTest, A19_SettingItBack) {
  auto todo = todos().Find("a");
  todo->set_done(true);
  todo->set_title("bread");
  todo->set_title("a title that is too long to be kept inside of the string");
  todo->set_title("milk");
  todo->set_done(false);
  EXPECT_FALSE(pair_.state.change());
  EXPECT_EQ(pair_.EndTurn(), "");
}

TEST_F(TodosTest, A19_InsertedAndRemoved) {
  todos().Insert(Todo().with_id("d"));
  todos().Find("d")->set_done(true);
  todos().Remove("d");
  todos().Find("a")->mutable_labels().Set("x", "y");
  todos().Find("a")->mutable_labels().Remove("x");
  EXPECT_EQ(pair_.EndTurn(), "");
}

TEST_F(TodosTest, A19_MovedAndBack) {
  todos().MoveToBack("a");
  todos().MoveToBack("b");
  todos().MoveToFront("b");
  todos().MoveToFront("a");
  EXPECT_EQ(pair_.EndTurn(), "");
  EXPECT_THAT(ReplicaIds(), ElementsAre("a", "b", "c"));
}

TEST_F(TodosTest, A19_RolledBack) {
  todos().Remove("b");
  todos().Insert(Todo().with_id("d"));
  pair_.state.Rollback();
  EXPECT_THAT(Ids(pair_.state.value()), ElementsAre("a", "b", "c"));
  EXPECT_EQ(pair_.EndTurn(), "");
}

TEST_F(TodosTest, A19_SortedAlready) {
  todos().Sort([](const Todo& x, const Todo& y) { return x.id < y.id; });
  todos().Assign(pair_.state.value().todos);
  EXPECT_EQ(pair_.EndTurn(), "");
}

TEST(ShapesTest, A19_OptionalStructThatComesAndGoes) {
  Pair<ShapesState> pair;
  pair.state.state().mutable_spare().set_name("x");
  pair.state.state().clear_spare();
  EXPECT_EQ(pair.EndTurn(), "");
}

TEST_F(TodosTest, KeysAreUnique) {
  EXPECT_FALSE(todos().Insert(Todo().with_id("a")));
  EXPECT_FALSE(todos().InsertBefore("x", Todo().with_id("d")));
  EXPECT_FALSE(todos().Remove("x"));
  EXPECT_FALSE(todos().MoveBefore("x", "a"));
  EXPECT_FALSE(todos().Find("x"));
  EXPECT_EQ(pair_.EndTurn(), "");
}

// A patch that was under way could otherwise mean another element than it did. Fault that makes it fail: a
// stored snapshot that does not say which handle is the next one.
TEST_F(TodosTest, AHandleIsNeverUsedAgainAlsoWhereTheStateWasStored) {
  std::string stored;
  pair_.state.EncodeStoredSnapshot(stored);
  todos().Insert(Todo().with_id("d"));
  std::string inserted;
  pair_.state.EncodePatch(inserted);
  pair_.state.Commit();
  todos().Remove("d");
  std::string removed;
  pair_.state.EncodePatch(removed);
  pair_.state.Commit();
  const std::uint64_t next = pair_.state.journal().next_handle();
  EXPECT_EQ(next, 5u);

  std::string later;  // Nothing in it has the highest handle.
  pair_.state.EncodeStoredSnapshot(later);
  TrackedState<TodoListState> loaded;
  ASSERT_TRUE(loaded.LoadSnapshot(later).ok());
  EXPECT_EQ(loaded.journal().next_handle(), next);
  TrackedState<TodoListState> replayed;
  ASSERT_TRUE(replayed.LoadSnapshot(stored).ok());
  ASSERT_TRUE(replayed.ApplyPatch(inserted).ok());
  ASSERT_TRUE(replayed.ApplyPatch(removed).ok());
  EXPECT_EQ(replayed.journal().next_handle(), next);
}

TEST_F(TodosTest, AReferenceOutlivesItsElementUntilTheTurnEnds) {
  auto todo = todos().Find("b");
  todos().Remove("b");
  todo->set_title("too late");
  pair_.EndTurn();
  EXPECT_THAT(ReplicaIds(), ElementsAre("a", "c"));
}

TEST_F(TodosTest, ChangesAccumulateUntilTheyAreCleared) {
  std::string first;
  todos().Insert(Todo().with_id("d"));
  todos().Find("a")->set_done(true);
  pair_.state.EncodePatch(first);
  pair_.state.Commit();
  std::string second;
  todos().Remove("d");
  todos().Find("a")->set_title("bread");
  pair_.state.EncodePatch(second);
  pair_.state.Commit();

  pair_.replica.ClearChange();
  ASSERT_TRUE(pair_.replica.ApplyPatch(first).ok());
  ASSERT_TRUE(pair_.replica.ApplyPatch(second).ok());
  EXPECT_THAT(change().todos().inserted(), IsEmpty());
  EXPECT_THAT(change().todos().removed(), IsEmpty());
  ASSERT_EQ(change().todos().updated().size(), 1u);
  const auto updated = change().todos().updated()[0];
  EXPECT_EQ(updated.element->id, "a");
  EXPECT_TRUE(updated.change.done());
  EXPECT_TRUE(updated.change.title());
  EXPECT_FALSE(updated.change.priority());
}

TEST_F(TodosTest, ASnapshotShowsWhatWasRemovedMeanwhile) {
  todos().Remove("b");
  todos().Insert(Todo().with_id("d"));
  todos().Find("c")->set_done(true);
  pair_.state.Commit();
  std::string snapshot;
  pair_.state.EncodeSnapshot(snapshot);
  pair_.replica.ClearChange();
  ASSERT_TRUE(pair_.replica.LoadSnapshot(snapshot).ok());
  EXPECT_TRUE(pair_.replica.from_snapshot());
  EXPECT_THAT(change().todos().removed(), ElementsAre(HasId("b")));
  EXPECT_THAT(change().todos().inserted(), ElementsAre(HasId("d")));
  ASSERT_EQ(change().todos().updated().size(), 1u);
  EXPECT_EQ(change().todos().updated()[0].element->id, "c");
}

TEST_F(TodosTest, MovingOneElementIsOneMove) {
  for (int i = 0; i < 100; ++i) todos().Insert(Todo().with_id(std::to_string(i)));
  todos().MoveToBack("a");
  pair_.EndTurn();
  todos().Sort([](const Todo& x, const Todo& y) { return (x.id == "a") > (y.id == "a"); });
  EXPECT_LE(pair_.EndTurn().size(), 10u);
  EXPECT_THAT(change().todos().moved(), ElementsAre(HasId("a")));
}

TEST_F(TodosTest, AChangedKeyIsRefused) {
  todos().Find("b")->set_title("x");
  std::string patch;
  pair_.state.EncodePatch(patch);
  // The title's tag becomes the id's.
  const std::size_t tag = patch.find("\x12\x01x");
  ASSERT_NE(tag, std::string::npos);
  patch[tag] = '\x0a';
  EXPECT_EQ(pair_.replica.ApplyPatch(patch).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(ReplicaIds(), ElementsAre("a", "b", "c"));
}

TEST(TrackedStateTest, FingerprintsTellStatesApart) {
  const auto& todo = TrackedState<TodoListState>::Codec();
  const auto& shapes = TrackedState<ShapesState>::Codec();
  EXPECT_EQ(todo.state_name, "todo.v1.TodoListState");
  EXPECT_NE(todo.schema_fingerprint, shapes.schema_fingerprint);
  EXPECT_NE(todo.schema_fingerprint, 0u);
}

TEST(TrackedStateTest, Prints) {
  std::ostringstream out;
  out << Todo().with_id("a").with_done(true).with_labels({{"k", "v"}}) << Part().with_number(1).with_side(2);
  EXPECT_EQ(
      out.str(),
      "Todo{id: \"a\", title: \"\", done: true, priority: NORMAL, labels: {\"k\": \"v\"}}"
      "Part{number: 1, name: \"\", origin: Point{x: 0, y: 0}, tags: [], counts: {}, marks: {}, side: 2}");
}

}  // namespace
}  // namespace onager::testing
