#ifndef ONAGER_GENERATED_CHOICE_H_
#define ONAGER_GENERATED_CHOICE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace onager::generated {

// A message that is one oneof of messages, as those of an actor's filters, views and events are: which of
// them it holds, and that one's encoding.
struct Choice {
  std::uint32_t number = 0;
  std::string_view content;  // A view into the message.
};

// `content` as the alternative `number`.
std::string EncodeChoice(std::uint32_t number, std::string_view content);
// None when the bytes are malformed or hold anything but exactly one message.
std::optional<Choice> DecodeChoice(std::string_view message);

}  // namespace onager::generated

#endif  // ONAGER_GENERATED_CHOICE_H_
