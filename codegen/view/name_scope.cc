#include "codegen/view/name_scope.h"

#include "codegen/text/text.h"


namespace onager::codegen {

std::string NameScope::Claim(std::string_view wanted) {
  std::string name(wanted);
  // Where `_` makes no difference to the form, numbers do.
  for (int next = 2; Has(name); ++next) {
    name = form_ == nullptr ? Cat(name, "_") : Cat(wanted, "_", next);
  }
  Take(name);
  return name;
}

}  // namespace onager::codegen
