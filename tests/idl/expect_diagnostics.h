#ifndef ONAGER_TESTS_IDL_EXPECT_DIAGNOSTICS_H_
#define ONAGER_TESTS_IDL_EXPECT_DIAGNOSTICS_H_

#include <set>
#include <string>
#include <string_view>

#include "idl/compile/compile.h"

namespace onager::idl {

inline constexpr std::string_view kTestFile = "test.actor";

// Compiles `text` as the file "test.actor". A line `//@ common/money.actor` begins another file of that name,
// which can be imported; line numbers go on. C++ is what
// FakeForeignCompiler says.
[[nodiscard]] Compilation CompileText(std::string_view text);

// Compiles `text` and expects exactly the diagnostics that it announces itself: beside the guilty line,
// behind its code,
//
//   Strng title = 2;  //~ error: unknown type `Strng`; did you mean `string`? [unknown-type]
//
// with `warning` and `note` (which has no id) alike, several on a line each with its own `//~`. The text is
// whole, not a part.
void ExpectDiagnostics(std::string_view text);

// The same, in a file that begins with `package test;`, so that line numbers do not matter.
void ExpectDiagnosticsInPackage(std::string_view text);

// The ids (and, for notes, names) of every kind that was seen since the program began.
[[nodiscard]] std::set<DiagnosticKind>& SeenKinds();

}  // namespace onager::idl

#endif  // ONAGER_TESTS_IDL_EXPECT_DIAGNOSTICS_H_
