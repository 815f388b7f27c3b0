#ifndef ONAGER_CODEGEN_VIEW_EXPRESSION_NAMES_H_
#define ONAGER_CODEGEN_VIEW_EXPRESSION_NAMES_H_

#include <string_view>
#include <vector>

namespace onager::codegen {

// A name in the text of a C++ expression. Refers to the text.
struct NameInExpression {
  std::string_view text;
  bool is_free = false;    // It stands by itself: nothing says of what it is a member.
  std::string_view scope;  // `std` of `std::abs`; empty without `::` before it.
};

// The names of an expression in their order, without those in literals. Costs O(length).
[[nodiscard]] std::vector<NameInExpression> NamesIn(std::string_view expression);

// `item.place.city == city`: two sides that are nothing but names with points between them, in their order.
struct EqualNames {
  std::vector<std::string_view> left;
  std::vector<std::string_view> right;
};

// What must be equal wherever the expression holds: it is `a == b`, or an `&&` with that among its terms. Not
// all that follows from the expression is found. Refers to the text; costs O(length), and again for each pair
// of parentheses around terms.
[[nodiscard]] std::vector<EqualNames> EqualitiesIn(std::string_view expression);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_EXPRESSION_NAMES_H_
