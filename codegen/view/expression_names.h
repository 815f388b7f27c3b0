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

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_EXPRESSION_NAMES_H_
