#ifndef ONAGER_CODEGEN_CPP_IMPORT_FOREIGN_TYPE_H_
#define ONAGER_CODEGEN_CPP_IMPORT_FOREIGN_TYPE_H_

#include "codegen/cpp_import/libclang.h"
#include "idl/foreign/foreign.h"

namespace onager::codegen {

// What a C++ type is on the wire; kOther with a reason when it cannot travel.
[[nodiscard]] idl::ForeignType ForeignTypeOf(const LibClang& clang, CXType type);

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_FOREIGN_TYPE_H_
