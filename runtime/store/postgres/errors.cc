#include "runtime/store/postgres/errors.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace onager::store::postgres {
namespace {

absl::StatusCode CodeOf(std::string_view sql_state) {
  const std::string_view kind = sql_state.substr(0, std::min<std::size_t>(2, sql_state.size()));
  if (kind == "53") return absl::StatusCode::kResourceExhausted;  // Disk, memory, connections.
  if (kind == "XX" || sql_state == "23505") return absl::StatusCode::kDataLoss;
  // Of the connection, the operator, the system; a lock, a deadlock, a time limit; a server that only reads.
  if (kind.empty() || kind == "08" || kind == "57" || kind == "58" || kind == "55" || kind == "40" ||
      kind == "25") {
    return absl::StatusCode::kUnavailable;
  }
  // Who may not, or whose schema is gone.
  if (kind == "28" || kind == "42" || kind == "3F" || kind == "3D") {
    return absl::StatusCode::kFailedPrecondition;
  }
  return absl::StatusCode::kInternal;
}

}  // namespace

std::string_view SqlState(const PGresult* result) {
  const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state == nullptr ? std::string_view() : std::string_view(state);
}

std::string OneLine(std::string_view message) {
  std::string line(message);
  absl::StripAsciiWhitespace(&line);
  absl::StrReplaceAll({{"\n", "; "}, {"\t", " "}, {"\r", ""}}, &line);
  return line;
}

absl::Status ErrorStatus(const PGresult* result) {
  const std::string_view state = SqlState(result);
  const char* const primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string message = OneLine(primary != nullptr ? primary : PQresultErrorMessage(result));
  return absl::Status(CodeOf(state), absl::StrCat("PostgreSQL: ", message, state.empty() ? "" : " [",
                                                  std::string(state), state.empty() ? "" : "]"));
}

bool EndsConnection(const PGresult* result) {
  const char* const severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity == nullptr) return SqlState(result).empty();
  return std::string_view(severity) == "FATAL" || std::string_view(severity) == "PANIC";
}

bool MayGoWellLater(std::string_view sql_state) {
  return sql_state.starts_with("40") || sql_state == "55P03" || sql_state == "57014" || sql_state == kTooLate;
}

}  // namespace onager::store::postgres
