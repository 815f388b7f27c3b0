#ifndef ONAGER_CODEGEN_VIEW_NAME_SCOPE_H_
#define ONAGER_CODEGEN_VIEW_NAME_SCOPE_H_

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

namespace onager::codegen {

// The names of one scope of an output file, each given out once. Names of the `.actor` file are claimed
// before those that the generator makes up, so that they come out verbatim wherever that is possible. A
// value.
class NameScope {
 public:
  // Two names clash when their forms are equal; none: when they are equal themselves.
  using Form = std::string (*)(std::string_view name);

  NameScope() = default;
  explicit NameScope(Form form) : form_(form) {}
  // A scope in which the names of `outer`, which outlives it, are taken too.
  explicit NameScope(const NameScope* outer) : outer_(outer) {}

  void Take(std::string_view name) { taken_.insert(FormOf(name)); }
  void Take(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) Take(name);
  }
  // Every name of `other`, but not those of its outer scope.
  void TakeAll(const NameScope& other) { taken_.insert(other.taken_.begin(), other.taken_.end()); }
  bool Has(std::string_view name) const {
    return taken_.contains(FormOf(name)) || (outer_ != nullptr && outer_->Has(name));
  }

  // `wanted`, or with `_` or a number behind it.
  std::string Claim(std::string_view wanted);

 private:
  std::string FormOf(std::string_view name) const {
    return form_ == nullptr ? std::string(name) : form_(name);
  }

  const NameScope* outer_ = nullptr;
  Form form_ = nullptr;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_NAME_SCOPE_H_
