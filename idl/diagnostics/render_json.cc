#include "idl/diagnostics/render_json.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace onager::idl {
namespace {

// Writes JSON text with the commas in their places. Keys are ours and need no escapes.
class JsonWriter {
 public:
  JsonWriter& Begin(char bracket) {
    Separate();
    out_ += bracket;
    first_ = true;
    return *this;
  }
  JsonWriter& End(char bracket) {
    out_ += bracket;
    first_ = false;
    return *this;
  }
  JsonWriter& Key(std::string_view key) {
    Separate();
    out_ += '"';
    out_ += key;
    out_ += "\":";
    first_ = true;
    return *this;
  }
  JsonWriter& String(std::string_view text) {
    Separate();
    out_ += '"';
    while (!text.empty()) {
      const size_t valid = FindInvalidUtf8(text).value_or(text.size());
      for (const char c : text.substr(0, valid)) Character(c);
      if (valid < text.size()) out_ += "\xEF\xBF\xBD";
      text.remove_prefix(std::min(text.size(), valid + 1));
    }
    out_ += '"';
    return *this;
  }
  JsonWriter& Number(uint64_t number) {
    Separate();
    out_ += std::to_string(number);
    return *this;
  }
  std::string Take() { return std::move(out_) + "\n"; }

 private:
  void Separate() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  void Character(char c) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out_ += absl::StrFormat("\\u%04x", static_cast<unsigned char>(c));
    } else {
      out_ += c;
    }
  }

  std::string out_;
  bool first_ = true;
};

struct Place {
  std::string_view file;
  LineColumn begin;
  LineColumn end;
};

Place PlaceOf(const SourceMap& sources, const SourceRange& range) {
  return Place{sources.file(range.file).name(), sources.Begin(range), sources.End(range)};
}

// SARIF counts columns in code points.
LineColumn CodePointPlace(const SourceFile& file, uint32_t offset) {
  LineColumn at = file.Locate(offset);
  const std::string_view before = file.Line(at.line).substr(0, at.column - 1);
  const auto continuations = std::count_if(
      before.begin(), before.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; });
  at.column -= static_cast<uint32_t>(continuations);
  return at;
}

Place SarifPlaceOf(const SourceMap& sources, const SourceRange& range) {
  const SourceFile& file = sources.file(range.file);
  return Place{file.name(), CodePointPlace(file, range.begin), CodePointPlace(file, range.end)};
}

// A path as a URI reference: what may not stand in one is percent-encoded.
std::string UriOf(std::string_view path) {
  std::string uri;
  for (const char c : path) {
    const bool plain = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '.' ||
                       c == '-' || c == '_' || c == '~';
    uri += plain ? std::string(1, c) : absl::StrFormat("%%%02X", static_cast<unsigned char>(c));
  }
  return uri;
}

void WritePlace(JsonWriter& json, const Place& place) {
  json.Key("file").String(place.file);
  json.Key("line").Number(place.begin.line);
  json.Key("column").Number(place.begin.column);
  json.Key("end_line").Number(place.end.line);
  json.Key("end_column").Number(place.end.column);
}

void WriteRegion(JsonWriter& json, const Place& place) {
  json.Begin('{');
  json.Key("startLine").Number(place.begin.line).Key("startColumn").Number(place.begin.column);
  json.Key("endLine").Number(place.end.line).Key("endColumn").Number(place.end.column);
  json.End('}');
}

void WriteArtifact(JsonWriter& json, std::string_view file) {
  json.Key("artifactLocation").Begin('{').Key("uri").String(UriOf(file)).End('}');
}

void WriteLocation(JsonWriter& json, const Place& place, const std::string* message) {
  json.Begin('{').Key("physicalLocation").Begin('{');
  WriteArtifact(json, place.file);
  json.Key("region");
  WriteRegion(json, place);
  json.End('}');
  if (message != nullptr) json.Key("message").Begin('{').Key("text").String(*message).End('}');
  json.End('}');
}

void WriteResult(JsonWriter& json, const SourceMap& sources, const Diagnostic& diagnostic) {
  json.Begin('{');
  json.Key("ruleId").String(InfoOf(diagnostic.kind).id);
  json.Key("level").String(SeverityName(diagnostic.severity()));
  json.Key("message").Begin('{').Key("text").String(diagnostic.message).End('}');
  json.Key("locations").Begin('[');
  WriteLocation(json, SarifPlaceOf(sources, diagnostic.range), nullptr);
  json.End(']');
  if (!diagnostic.notes.empty()) {
    json.Key("relatedLocations").Begin('[');
    for (const DiagnosticNote& note : diagnostic.notes) {
      WriteLocation(json, SarifPlaceOf(sources, note.range), &note.message);
    }
    json.End(']');
  }
  if (diagnostic.fix.has_value()) {
    const Place place = SarifPlaceOf(sources, diagnostic.fix->range);
    json.Key("fixes").Begin('[').Begin('{').Key("artifactChanges").Begin('[').Begin('{');
    WriteArtifact(json, place.file);
    json.Key("replacements").Begin('[').Begin('{').Key("deletedRegion");
    WriteRegion(json, place);
    json.Key("insertedContent").Begin('{').Key("text").String(diagnostic.fix->replacement).End('}');
    json.End('}').End(']').End('}').End(']').End('}').End(']');
  }
  json.End('}');
}

}  // namespace

std::string RenderJson(const SourceMap& sources, std::span<const Diagnostic> diagnostics) {
  JsonWriter json;
  json.Begin('[');
  for (const Diagnostic& diagnostic : diagnostics) {
    json.Begin('{');
    WritePlace(json, PlaceOf(sources, diagnostic.range));
    json.Key("severity").String(SeverityName(diagnostic.severity()));
    json.Key("id").String(InfoOf(diagnostic.kind).id);
    json.Key("message").String(diagnostic.message);
    json.Key("notes").Begin('[');
    for (const DiagnosticNote& note : diagnostic.notes) {
      json.Begin('{');
      WritePlace(json, PlaceOf(sources, note.range));
      json.Key("message").String(note.message).End('}');
    }
    json.End(']');
    if (diagnostic.fix.has_value()) {
      json.Key("fix").Begin('{');
      WritePlace(json, PlaceOf(sources, diagnostic.fix->range));
      json.Key("replacement").String(diagnostic.fix->replacement).End('}');
    }
    json.End('}');
  }
  return json.End(']').Take();
}

std::string RenderSarif(const SourceMap& sources, std::span<const Diagnostic> diagnostics,
                        std::string_view tool_version) {
  // Rules in the order of the table, only those that occur.
  std::vector<bool> occurs(AllDiagnosticKinds().size(), false);
  for (const Diagnostic& diagnostic : diagnostics) occurs[static_cast<size_t>(diagnostic.kind)] = true;

  JsonWriter json;
  json.Begin('{');
  json.Key("$schema").String("https://json.schemastore.org/sarif-2.1.0.json");
  json.Key("version").String("2.1.0");
  json.Key("runs").Begin('[').Begin('{');
  json.Key("tool").Begin('{').Key("driver").Begin('{');
  json.Key("name").String("actorc").Key("version").String(tool_version);
  json.Key("rules").Begin('[');
  for (const DiagnosticKindInfo& info : AllDiagnosticKinds()) {
    if (!occurs[static_cast<size_t>(info.kind)]) continue;
    json.Begin('{').Key("id").String(info.id);
    json.Key("shortDescription").Begin('{').Key("text").String(info.text).End('}').End('}');
  }
  json.End(']').End('}').End('}');
  json.Key("columnKind").String("unicodeCodePoints");
  json.Key("results").Begin('[');
  for (const Diagnostic& diagnostic : diagnostics) WriteResult(json, sources, diagnostic);
  json.End(']').End('}').End(']').End('}');
  return json.Take();
}

}  // namespace onager::idl
