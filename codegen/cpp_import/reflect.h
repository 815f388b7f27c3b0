#ifndef ONAGER_CODEGEN_CPP_IMPORT_REFLECT_H_
#define ONAGER_CODEGEN_CPP_IMPORT_REFLECT_H_

#include "codegen/cpp_import/clang_session.h"
#include "idl/foreign/foreign.h"

namespace onager::codegen {

// Finds what the names of `query` stand for; see idl::ForeignCompiler::Reflect. The session is started.
[[nodiscard]] idl::ForeignAnswer ReflectNames(const idl::ForeignQuery& query, ClangSession& session,
                                              idl::SourceMap& sources);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_REFLECT_H_
