#ifndef ONAGER_TESTS_IDL_FAKE_FOREIGN_COMPILER_H_
#define ONAGER_TESTS_IDL_FAKE_FOREIGN_COMPILER_H_

#include <string>
#include <string_view>
#include <vector>

#include "idl/foreign/foreign.h"

namespace onager::idl {

// Knows two headers by heart, `geo/point.h` (that of LANGUAGE.md) and `odd.h`, and finds fault with
// expressions that hold the words `oops` and `++`.
class FakeForeignCompiler final : public ForeignCompiler {
 public:
  ForeignAnswer Reflect(const ForeignQuery& query, SourceMap& sources) override;
  std::vector<ForeignDiagnostic> CheckExpressions(const Model& model, const std::vector<bool>& is_checked,
                                                  SourceMap& sources) override;
  [[nodiscard]] std::vector<std::string> opened_files() const override { return {}; }

  [[nodiscard]] int reflect_count() const { return reflect_count_; }
  [[nodiscard]] int check_count() const { return check_count_; }
  // Of all that CheckExpressions was given, in the order of the model.
  [[nodiscard]] const std::vector<std::string>& expressions() const { return expressions_; }

 private:
  int reflect_count_ = 0;
  int check_count_ = 0;
  std::vector<std::string> expressions_;
};

// The text of `geo/point.h`.
[[nodiscard]] std::string_view PointHeader();

}  // namespace onager::idl

#endif  // ONAGER_TESTS_IDL_FAKE_FOREIGN_COMPILER_H_
