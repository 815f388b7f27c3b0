#ifndef ONAGER_VIEW_H_
#define ONAGER_VIEW_H_

#include <string>
#include <utility>

namespace onager {

/// Which part of an actor's state is delivered; the generator writes a function that makes one for each view
/// that the `.actor` file declares: `TodoList::Mine("ann")`. What is not part of it stays at its default in
/// the copy that is observed. A value; one that was made by the default constructor shows the whole state.
template <typename State>
class View {
 public:
  View() = default;
  /// From the encoding of the actor's view message.
  static View FromBytes(std::string bytes) {
    View view;
    view.bytes_ = std::move(bytes);
    return view;
  }
  /// The encoding of the actor's view message; empty when the whole state is shown.
  const std::string& bytes() const { return bytes_; }

  friend bool operator==(const View&, const View&) = default;

 private:
  std::string bytes_;
};

}  // namespace onager

#endif  // ONAGER_VIEW_H_
