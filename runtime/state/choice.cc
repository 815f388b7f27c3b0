#include "onager/generated/choice.h"

#include "onager/generated/wire.h"

namespace onager::generated {

std::string EncodeChoice(std::uint32_t number, std::string_view content) {
  std::string message;
  Writer writer(message);
  writer.Tag(number, WireType::kBytes);
  writer.Bytes(content);
  writer.Finish();
  return message;
}

std::optional<Choice> DecodeChoice(std::string_view message) {
  Reader reader(message);
  Reader::Tag tag;
  Choice choice;
  if (!reader.ReadTag(tag) || tag.type != WireType::kBytes) return std::nullopt;
  if (!reader.ReadBytes(choice.content) || !reader.AtEnd()) return std::nullopt;
  choice.number = tag.number;
  return choice;
}

}  // namespace onager::generated
