#include "runtime/store/open/open_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/store/memory_store.h"
#include "runtime/store/postgres/postgres_snapshot.h"
#include "runtime/store/postgres/postgres_store.h"
#include "runtime/store/sqlite/sqlite_snapshot.h"
#include "runtime/store/sqlite/sqlite_store.h"

namespace onager::store {
namespace {

/// A URL taken apart.
struct StoreUrl {
  explicit StoreUrl(std::string_view url) {
    const std::size_t colon = url.find(':');
    const std::string_view scheme = url.substr(0, colon);
    const std::string_view rest = colon == std::string_view::npos ? "" : url.substr(colon + 1);
    if (url == "memory:") kind = Kind::kMemory;
    if (scheme == "sqlite" && !rest.empty()) {
      kind = Kind::kSqlite;
      path = std::string(rest);
    }
    if (scheme == "postgres" || scheme == "postgresql") kind = Kind::kPostgres;
  }

  enum class Kind { kNone, kMemory, kSqlite, kPostgres };
  Kind kind = Kind::kNone;
  std::string path;  // Of a file.
};

absl::Status NoStore(std::string_view url) {
  return absl::InvalidArgumentError(absl::StrCat("no store is named by `", WithoutPassword(url),
                                                 "`: write `sqlite:FILE`, `postgres://…` or `memory:`"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Open(std::string_view url, std::shared_ptr<LogSink> log,
                                            StateJson* state_json) {
  StoreUrl parts(url);
  switch (parts.kind) {
    case StoreUrl::Kind::kNone:
      return NoStore(url);
    case StoreUrl::Kind::kMemory:
      return std::make_unique<MemoryStore>();
    case StoreUrl::Kind::kSqlite:
      return OpenSqliteStore(SqliteOptions(std::move(parts.path)));
    case StoreUrl::Kind::kPostgres: {
      PostgresOptions options;
      options.url = std::string(url);
      options.log = std::move(log);
      options.state_json = state_json;
      return OpenPostgresStore(std::move(options));
    }
  }
  return NoStore(url);
}

absl::StatusOr<std::unique_ptr<Store>> OpenSnapshot(std::string_view url) {
  StoreUrl parts(url);
  switch (parts.kind) {
    case StoreUrl::Kind::kNone:
      return NoStore(url);
    case StoreUrl::Kind::kMemory:
      return absl::InvalidArgumentError("what a process has in its memory is nobody else's to read");
    case StoreUrl::Kind::kSqlite:
      return OpenSqliteSnapshot(SqliteOptions(std::move(parts.path)));
    case StoreUrl::Kind::kPostgres:
      return OpenPostgresSnapshot(std::string(url));
  }
  return NoStore(url);
}

std::string WithoutPassword(std::string_view url) {
  // In the user part, up to the last `@` before the path, and in the parameter `password`.
  std::string shown(url);
  const std::size_t host = shown.find("://");
  if (host == std::string::npos) return shown;
  const std::size_t begin = host + 3;
  const std::size_t at = shown.rfind('@', shown.find_first_of("/?", begin));
  if (at != std::string::npos && at > begin) {
    const std::size_t colon = shown.find(':', begin);
    if (colon < at) shown.replace(colon + 1, at - colon - 1, "…");
  }
  for (std::size_t from = shown.find('?'); from != std::string::npos;) {
    const std::size_t next = shown.find('&', from + 1);
    constexpr std::string_view kName = "password=";
    if (shown.compare(from + 1, kName.size(), kName) == 0) {
      const std::size_t value = from + 1 + kName.size();
      shown.replace(value, (next == std::string::npos ? shown.size() : next) - value, "…");
      from = shown.find('&', value);
    } else {
      from = next;
    }
  }
  return shown;
}

}  // namespace onager::store
