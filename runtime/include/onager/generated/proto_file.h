#ifndef ONAGER_GENERATED_PROTO_FILE_H_
#define ONAGER_GENERATED_PROTO_FILE_H_

#include <string>
#include <string_view>

#include "absl/types/span.h"

namespace onager::generated {

struct ProtoFile;
using ProtoFileLink = const ProtoFile& (*)();

/// The `.proto` file that was made of an `.actor` file, for servers that describe themselves to others. A
/// static constant of generated code.
struct ProtoFile {
  std::string_view name;                         // "common/money.proto", as others import it.
  absl::Span<const ProtoFileLink> imports = {};  // Those that were made of `.actor` files, too.
  // One behind the other: a string literal is no longer than 64 KiB.
  absl::Span<const std::string_view> texts;

  std::string Text() const {
    std::string text;
    for (const std::string_view piece : texts) text += piece;
    return text;
  }
};

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_PROTO_FILE_H_
