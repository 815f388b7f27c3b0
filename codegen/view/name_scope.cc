#include "codegen/view/name_scope.h"

#include "codegen/text/text.h"

namespace onager::codegen {

std::string NameScope::Claim(std::string_view wanted) {
  std::string name(wanted);
  // `_` alone where it makes a difference; never two of them, which C++ keeps for itself.
  const std::string_view separator = wanted.ends_with('_') ? "" : "_";
  if (form_ == nullptr && Has(name) && !separator.empty()) name = Cat(wanted, "_");
  for (int next = 2; Has(name); ++next) name = Cat(wanted, separator, next);
  Take(name);
  return name;
}

}  // namespace onager::codegen
