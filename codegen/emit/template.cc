#include "codegen/emit/template.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

using Element = Template::Element;

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kTagKinds = "#^/>!";
constexpr size_t kPartialDepthMax = 16;

absl::Status ErrorAt(std::string_view file, int line, std::string_view text) {
  return absl::InvalidArgumentError(Cat("templates/", file, ":", line, ": ", text));
}

std::string FileName(std::string_view name) { return Cat(name, ".mustache"); }

// Reads one template file line by line; partials recurse.
class Parser {
 public:
  Parser(TemplateSource source, std::vector<Element>& out) : source_(source) {
    open_.push_back({&out, "", 0});
  }

  absl::Status ParseFile(std::string_view name, std::string_view indent, size_t depth) {
    const std::optional<std::string_view> text = source_(name);
    if (!text.has_value()) return absl::InvalidArgumentError(Cat("no template ", FileName(name)));
    const std::string file = FileName(name);
    const size_t open_before = open_.size();
    std::string_view rest = *text;
    for (int line = 1; !rest.empty(); ++line) {
      const size_t end = rest.find('\n');
      const size_t size = end == std::string_view::npos ? rest.size() : end + 1;
      if (absl::Status status = ParseLine(rest.substr(0, size), file, line, indent, depth); !status.ok()) {
        return status;
      }
      rest.remove_prefix(size);
    }
    if (open_.size() > open_before) {
      return ErrorAt(file, open_.back().line, Cat("section `", open_.back().name, "` is never closed"));
    }
    return absl::OkStatus();
  }

 private:
  struct Open {
    std::vector<Element>* children;
    std::string name;
    int line;
  };

  absl::Status ParseLine(std::string_view line, const std::string& file, int number, std::string_view indent,
                         size_t depth) {
    const std::string_view bare = Trimmed(line);
    const bool alone = bare.starts_with(kOpen) && bare.find(kClose) == bare.size() - kClose.size();
    if (alone && bare.size() > kOpen.size() + kClose.size() &&
        kTagKinds.find(bare[kOpen.size()]) != std::string_view::npos) {
      const std::string_view own_indent = line.substr(0, static_cast<size_t>(bare.data() - line.data()));
      return ParseTag(bare.substr(2, bare.size() - 4), file, number, Cat(indent, own_indent), depth);
    }
    if (!bare.empty()) AddText(indent);
    while (!line.empty()) {
      const size_t begin = line.find(kOpen);
      AddText(line.substr(0, begin));
      if (begin == std::string_view::npos) break;
      line.remove_prefix(begin + kOpen.size());
      const size_t end = line.find(kClose);
      if (end == std::string_view::npos) return ErrorAt(file, number, "tag without `}}`");
      const std::string_view tag = line.substr(0, end);
      if (tag.starts_with(">")) return ErrorAt(file, number, "a partial must stand alone on its line");
      if (absl::Status status = ParseTag(tag, file, number, indent, depth); !status.ok()) return status;
      line.remove_prefix(end + kClose.size());
    }
    return absl::OkStatus();
  }

  absl::Status ParseTag(std::string_view tag, const std::string& file, int line, std::string_view indent,
                        size_t depth) {
    const char kind = tag.empty() ? '\0' : tag.front();
    const bool plain = kTagKinds.find(kind) == std::string_view::npos;
    const std::string name(Trimmed(plain ? tag : tag.substr(1)));
    if (kind == '!') return absl::OkStatus();
    if (name.empty()) return ErrorAt(file, line, "tag without a name");
    std::vector<Element>& siblings = *open_.back().children;
    switch (kind) {
      case '#':
      case '^':
        siblings.push_back(
            {kind == '#' ? Element::Kind::kSection : Element::Kind::kInverted, name, file, line, {}});
        open_.push_back({&siblings.back().children, name, line});
        return absl::OkStatus();
      case '/':
        if (open_.size() == 1 || open_.back().name != name) {
          return ErrorAt(file, line, Cat("`{{/", name, "}}` closes nothing"));
        }
        open_.pop_back();
        return absl::OkStatus();
      case '>':
        if (depth == kPartialDepthMax) return ErrorAt(file, line, "partials include each other without end");
        if (!source_(name).has_value()) return ErrorAt(file, line, Cat("no partial `", name, "`"));
        return ParseFile(name, indent, depth + 1);
      default:
        siblings.push_back({Element::Kind::kVariable, name, file, line, {}});
        return absl::OkStatus();
    }
  }

  void AddText(std::string_view text) {
    if (text.empty()) return;
    std::vector<Element>& siblings = *open_.back().children;
    if (!siblings.empty() && siblings.back().kind == Element::Kind::kText) {
      siblings.back().text.append(text);
    } else {
      siblings.push_back({Element::Kind::kText, std::string(text), {}, 0, {}});
    }
  }

  TemplateSource source_;
  std::vector<Open> open_;  // The file itself and the sections that are open; never empty.
};

class Renderer {
 public:
  explicit Renderer(const Node& root) : scopes_({Scope{&root}}) {}

  absl::Status Render(const std::vector<Element>& elements) {
    for (const Element& element : elements) {
      if (element.kind == Element::Kind::kText) {
        out_.append(element.text);
      } else if (absl::Status status = RenderTag(element); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  std::string Finish() && { return std::move(out_); }

 private:
  struct Scope {
    const Node* node;
    std::string_view section = "the file";
    const Node* first = nullptr;  // Set for elements of a list.
    const Node* last = nullptr;
  };

  absl::Status RenderTag(const Element& tag) {
    const Node* node = Find(tag.text);
    if (node == nullptr) return ErrorAt(tag.file, tag.line, UnknownName(tag.text));
    if (tag.kind == Element::Kind::kVariable) {
      if (node->text() == nullptr) return ErrorAt(tag.file, tag.line, Cat("`", tag.text, "` is no text"));
      out_.append(*node->text());
      return absl::OkStatus();
    }
    const bool wanted = tag.kind == Element::Kind::kSection;
    if (node->fact() != nullptr) {
      return *node->fact() == wanted ? Render(tag.children) : absl::OkStatus();
    }
    if (node->list() == nullptr) {
      return ErrorAt(tag.file, tag.line, Cat("`", tag.text, "` is neither a fact nor a list"));
    }
    const Node::List& list = *node->list();
    if (!wanted) return list.empty() ? Render(tag.children) : absl::OkStatus();
    for (const Node& element : list) {
      scopes_.push_back(Scope{&element, tag.text, &list.front(), &list.back()});
      absl::Status status = Render(tag.children);
      scopes_.pop_back();
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  const Node* Find(std::string_view name) const {
    if (name == ".") return scopes_.back().node;
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      if (const Node* found = scope->node->Find(name); found != nullptr) return found;
      if (scope->first == nullptr) continue;
      if (name == "first") return scope->node == scope->first ? &true_ : &false_;
      if (name == "last") return scope->node == scope->last ? &true_ : &false_;
    }
    return nullptr;
  }

  std::string UnknownName(std::string_view name) const {
    std::string text = Cat("unknown name `", name, "`; searched");
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      Append(text, scope == scopes_.rbegin() ? " " : ", then ", scope->section);
      const Node::Parts* parts = scope->node->parts();
      if (parts == nullptr) continue;
      std::vector<std::string> names;
      for (const Node::Part& part : *parts) names.emplace_back(part.name);
      std::sort(names.begin(), names.end());
      Append(text, " (", Join(names, ", "), ")");
    }
    return text;
  }

  const Node true_ = Node(true);
  const Node false_ = Node(false);
  std::vector<Scope> scopes_;
  std::string out_;
};

}  // namespace

absl::StatusOr<Template> Template::Parse(std::string_view name, TemplateSource source) {
  std::vector<Element> elements;
  if (absl::Status status = Parser(source, elements).ParseFile(name, "", 0); !status.ok()) return status;
  return Template(std::move(elements));
}

absl::StatusOr<std::string> Template::Render(const Node& root) const {
  Renderer renderer(root);
  if (absl::Status status = renderer.Render(elements_); !status.ok()) return status;
  return std::move(renderer).Finish();
}

}  // namespace onager::codegen
