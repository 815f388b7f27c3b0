#ifndef ONAGER_TESTS_IDL_SEVERAL_FILES_H_
#define ONAGER_TESTS_IDL_SEVERAL_FILES_H_

#include <string_view>

#include "idl/source/source_loader.h"

namespace onager::idl {

// Adds the files that `text` holds: one called `first_name`, and behind each line `//@ name` one of that
// name.
void AddFiles(std::string_view text, std::string_view first_name, InMemorySourceLoader& loader);

}  // namespace onager::idl

#endif  // ONAGER_TESTS_IDL_SEVERAL_FILES_H_
