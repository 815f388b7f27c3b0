#include "idl/sema/name_scope.h"

#include "absl/strings/ascii.h"

namespace onager::idl {

bool NameScope::Declare(const ast::Name& name) {
  if (name.text.starts_with('_') || name.text.ends_with('_') ||
      name.text.find("__") != std::string_view::npos) {
    emitter_.Emit(name.range, diag::BadIdentifier, name.text);
  }
  const auto [at, inserted] = by_canonical_name_.try_emplace(CanonicalName(name.text), name);
  if (inserted) return true;
  const ast::Name& other = at->second;
  if (other.text == name.text) {
    emitter_.Emit(name.range, diag::DuplicateName, name.text)
        .Note(other.range, diag::DeclaredHere, other.text);
  } else {
    emitter_.Emit(name.range, diag::ConfusableName, name.text, other.text)
        .Note(other.range, diag::DeclaredHere, other.text);
  }
  return false;
}

const ast::Name* NameScope::Find(std::string_view name) const {
  const auto found = by_canonical_name_.find(CanonicalName(name));
  return found != by_canonical_name_.end() && found->second.text == name ? &found->second : nullptr;
}

std::string CanonicalName(std::string_view name) {
  std::string canonical;
  for (const char c : name) {
    if (c != '_') canonical += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  // A name of underscores only is not like the others.
  return canonical.empty() ? std::string(name) : canonical;
}

std::string UpperSnakeCase(std::string_view name) {
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (i > 0 && absl::ascii_isupper(c)) {
      const auto previous = static_cast<unsigned char>(name[i - 1]);
      const bool next_is_lower =
          i + 1 < name.size() && absl::ascii_islower(static_cast<unsigned char>(name[i + 1]));
      const bool word_begins = absl::ascii_islower(previous) || absl::ascii_isdigit(previous) ||
                               (absl::ascii_isupper(previous) && next_is_lower);
      if (word_begins) snake += '_';
    }
    snake += absl::ascii_toupper(c);
  }
  return snake;
}

}  // namespace onager::idl
