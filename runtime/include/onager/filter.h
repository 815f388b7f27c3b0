#ifndef ONAGER_FILTER_H_
#define ONAGER_FILTER_H_

#include <string>
#include <string_view>
#include <utility>

namespace onager {

namespace generated {
std::string AllOfFilters(std::string_view a, std::string_view b);
std::string AnyOfFilters(std::string_view a, std::string_view b);
std::string NotFilter(std::string_view filter);
}  // namespace generated

/// Which changes of an actor's state are delivered; the generator writes functions that make one for each
/// filter that the `.actor` file declares, and the operators combine them:
/// `TodoList::OpenAtLeast(1) && !TodoList::NonEmpty()`. Evaluated at the server, once for each change. A
/// value; one that was made by the default constructor lets everything pass.
template <typename State>
class Filter {
 public:
  Filter() = default;
  /// From the encoding of the actor's filter message.
  static Filter FromBytes(std::string bytes) {
    Filter filter;
    filter.bytes_ = std::move(bytes);
    return filter;
  }
  /// The encoding of the actor's filter message; empty when everything passes.
  const std::string& bytes() const { return bytes_; }

  friend Filter operator&&(const Filter& a, const Filter& b) {
    return FromBytes(generated::AllOfFilters(a.bytes_, b.bytes_));
  }
  friend Filter operator||(const Filter& a, const Filter& b) {
    return FromBytes(generated::AnyOfFilters(a.bytes_, b.bytes_));
  }
  friend Filter operator!(const Filter& filter) { return FromBytes(generated::NotFilter(filter.bytes_)); }
  friend bool operator==(const Filter&, const Filter&) = default;

 private:
  std::string bytes_;
};

}  // namespace onager

#endif  // ONAGER_FILTER_H_
