#ifndef ONAGER_RUNTIME_STORE_POSTGRES_TEXT_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_TEXT_H_

#include <string_view>

namespace onager::store::postgres {

/// Whether PostgreSQL takes the bytes as `text`: UTF-8 without zero bytes.
bool IsText(std::string_view bytes);

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_TEXT_H_
