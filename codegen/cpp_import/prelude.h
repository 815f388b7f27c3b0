#ifndef ONAGER_CODEGEN_CPP_IMPORT_PRELUDE_H_
#define ONAGER_CODEGEN_CPP_IMPORT_PRELUDE_H_

#include <string_view>

namespace onager::codegen {

// What expressions may read of Onager's types, as declarations: the runtime's own headers would cost most of
// the time of a check, and would have to be found. Each stands aside where the real one has been included
// already. Needs <cstddef>, <cstdint>, <string>, <string_view>, <optional> and <type_traits>.
[[nodiscard]] std::string_view Prelude();

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_CPP_IMPORT_PRELUDE_H_
