#include "runtime/tool/onager.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "onager/version.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/open/open_store.h"
#include "runtime/store/transfer/backup.h"
#include "runtime/store/transfer/backup_file.h"

namespace onager::tool {
namespace {

constexpr std::size_t kHeadsAtATime = 1'000;

struct Options {
  std::string store;
  std::string file;
  std::string actor;
  std::string type;
  bool replace = false;
};

struct Terminal {
  std::ostream& out;
  std::ostream& err;
};

// What a key may hold must not be taken for what a terminal does.
std::string Shown(const ActorId& actor) {
  return absl::Utf8SafeCHexEscape(absl::StrCat(actor.type, "/", actor.key));
}

std::string Shown(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

std::string Shown(const store::BackupCounts& counts) {
  return absl::StrCat(counts.actors, " actors", counts.destroyed == 0 ? "" : " (",
                      counts.destroyed == 0 ? "" : absl::StrCat(counts.destroyed, " destroyed)"), ", ",
                      counts.steps, " steps, ", counts.calls, " calls, ", counts.reminders, " reminders");
}

std::string ShownHead(const ActorId& actor, std::uint64_t epoch, std::uint64_t revision, bool destroyed) {
  return absl::StrFormat("%s revision=%d epoch=%016x%s", Shown(actor), revision, epoch,
                         destroyed ? " destroyed" : "");
}

absl::Status OfStore(const Options& options, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(store::WithoutPassword(options.store), ": ", status.message()));
}

absl::StatusOr<std::unique_ptr<store::Store>> OpenToRead(const Options& options) {
  absl::StatusOr<std::unique_ptr<store::Store>> store = store::OpenSnapshot(options.store);
  if (!store.ok()) return OfStore(options, store.status());
  return store;
}

// The commands ---------------------------------------------------------------------------------------------

absl::Status RunBackup(const Options& options, Terminal& terminal) {
  ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store, OpenToRead(options));
  store::BackupOptions backup;
  backup.store_name = store::WithoutPassword(options.store);
  backup.now = absl::Now();
  backup.replace = options.replace;
  ONAGER_ASSIGN_OR_RETURN(const store::BackupCounts counts, store::Backup(*store, options.file, backup));
  terminal.out << options.file << ": " << Shown(counts) << "\n";
  return absl::OkStatus();
}

absl::Status RunRestore(const Options& options, Terminal& terminal) {
  if (options.store == "memory:") {
    return absl::InvalidArgumentError("what is restored into memory is gone when this program ends");
  }
  // Before a file is made for what cannot be read.
  ONAGER_RETURN_IF_ERROR(store::VerifyBackup(options.file).status());
  absl::StatusOr<std::unique_ptr<store::Store>> store = store::Open(options.store);
  if (!store.ok()) return OfStore(options, store.status());
  std::random_device device;
  const absl::StatusOr<store::BackupCounts> counts =
      store::Restore(options.file, **store, [&device] { return (std::uint64_t{device()} << 32) | device(); });
  if (!counts.ok()) return OfStore(options, counts.status());
  terminal.out << store::WithoutPassword(options.store) << ": " << Shown(*counts) << "\n";
  return absl::OkStatus();
}

absl::Status RunVerify(const Options& options, Terminal& terminal) {
  ONAGER_ASSIGN_OR_RETURN(const store::BackupCounts counts, store::VerifyBackup(options.file));
  terminal.out << options.file << ": whole: " << Shown(counts) << "\n";
  return absl::OkStatus();
}

absl::Status ListStore(store::Store& store, const std::function<void(const store::ActorHead&)>& tell) {
  ActorId after;
  while (true) {
    std::promise<absl::StatusOr<std::vector<store::ActorHead>>> scanned;
    store.Scan(after, kHeadsAtATime, [&scanned](auto heads) { scanned.set_value(std::move(heads)); });
    ONAGER_ASSIGN_OR_RETURN(const std::vector<store::ActorHead> heads, scanned.get_future().get());
    if (heads.empty()) return absl::OkStatus();
    for (const store::ActorHead& head : heads) tell(head);
    after = heads.back().actor;
  }
}

absl::Status RunList(const Options& options, Terminal& terminal) {
  const auto tell = [&](const ActorId& actor, std::uint64_t epoch, std::uint64_t revision, bool destroyed) {
    if (!options.type.empty() && actor.type != options.type) return;
    terminal.out << ShownHead(actor, epoch, revision, destroyed) << "\n";
  };
  if (!options.store.empty()) {
    ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store, OpenToRead(options));
    const absl::Status listed = ListStore(*store, [&tell](const store::ActorHead& head) {
      tell(head.actor, head.epoch, head.revision, head.destroyed);
    });
    return listed.ok() ? listed : OfStore(options, listed);
  }
  ONAGER_ASSIGN_OR_RETURN(const auto file, store::BackupFileReader::Open(options.file));
  while (true) {
    ONAGER_ASSIGN_OR_RETURN(const std::optional<store::BackedUpActor> actor, file->Next());
    if (!actor.has_value()) return absl::OkStatus();
    tell(actor->actor, actor->stored.epoch, actor->stored.revision, actor->stored.destroyed);
  }
}

absl::StatusOr<std::optional<store::StoredActor>> Find(const ActorId& actor, const Options& options) {
  if (!options.store.empty()) {
    ONAGER_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store, OpenToRead(options));
    std::promise<absl::StatusOr<std::optional<store::StoredActor>>> loaded;
    store->Load(actor, [&loaded](auto stored) { loaded.set_value(std::move(stored)); });
    absl::StatusOr<std::optional<store::StoredActor>> stored = loaded.get_future().get();
    if (!stored.ok()) return OfStore(options, stored.status());
    return stored;
  }
  ONAGER_ASSIGN_OR_RETURN(const auto file, store::BackupFileReader::Open(options.file));
  while (true) {
    ONAGER_ASSIGN_OR_RETURN(std::optional<store::BackedUpActor> next, file->Next());
    if (!next.has_value()) return std::nullopt;
    if (next->actor == actor) return std::move(next->stored);
  }
}

absl::Status RunShow(const Options& options, Terminal& terminal) {
  const std::size_t slash = options.actor.find('/');
  const ActorId actor{options.actor.substr(0, slash),
                      slash == std::string::npos ? "" : options.actor.substr(slash + 1)};
  ONAGER_ASSIGN_OR_RETURN(const std::optional<store::StoredActor> found, Find(actor, options));
  if (!found.has_value()) return absl::NotFoundError(absl::StrCat("there is no ", Shown(actor)));
  const store::StoredActor& stored = *found;
  std::ostream& out = terminal.out;
  out << ShownHead(actor, stored.epoch, stored.revision, stored.destroyed) << "\n";
  if (stored.destroyed) return absl::OkStatus();
  out << "version: " << stored.version << "\n";
  if (stored.snapshot.state != nullptr) {
    out << "snapshot: revision " << stored.snapshot.revision << ", " << stored.snapshot.state->size()
        << " bytes, version " << stored.snapshot.version << "\n";
  }
  if (!stored.log.empty()) {
    std::size_t bytes = 0;
    for (const store::LogStep& step : stored.log) bytes += step.patch->size();
    out << "log: revisions " << stored.log.front().revision << " to " << stored.log.back().revision << ", "
        << bytes << " bytes, " << Shown(stored.log.front().committed_at) << " to "
        << Shown(stored.log.back().committed_at) << "\n";
  }
  if (!stored.calls.empty()) out << "calls: " << stored.calls.size() << "\n";
  for (const store::StoredReminder& reminder : stored.reminders) {
    out << "reminder: " << absl::Utf8SafeCHexEscape(reminder.name) << " "
        << absl::BytesToHexString(reminder.id) << " due " << Shown(reminder.due);
    if (reminder.period > absl::ZeroDuration()) out << " every " << absl::FormatDuration(reminder.period);
    out << "\n";
  }
  if (stored.ahead) out << "ahead: revisions may have been told of that are not here\n";
  return absl::OkStatus();
}

// The command line -----------------------------------------------------------------------------------------

CLI::Option* AddStore(CLI::App& command, Options& options) {
  return command
      .add_option("--store", options.store,
                  "sqlite:FILE or postgres://…; also from ONAGER_STORE, which hides it")
      ->envname("ONAGER_STORE")
      ->option_text("URL");
}

// One of a store and a backup.
void AddSource(CLI::App& command, Options& options) {
  (void)AddStore(command, options);
  command.add_option("--in", options.file, "A backup, instead of a store")->option_text("FILE");
}

int UsageError(Terminal& terminal, const char* text) {
  terminal.err << "onager: " << text << "\n";
  return kExitUsage;
}

int Run(const std::vector<std::string>& arguments, Terminal& terminal) {
  CLI::App app("Looks after the stores of Onager: backs them up, restores them, shows what is in them.",
               "onager");
  app.set_version_flag("--version", absl::StrCat("onager ", ONAGER_VERSION_MAJOR, ".", ONAGER_VERSION_MINOR,
                                                 ".", ONAGER_VERSION_PATCH));
  app.footer("Exit codes: 0 fine, 1 it could not be done, 2 wrong usage, 5 a fault of onager itself.");
  app.require_subcommand(1);

  Options options;
  absl::Status (*run)(const Options&, Terminal&) = nullptr;
  bool wants_source = false;

  CLI::App& backup = *app.add_subcommand(
      "backup", "Write all that a store holds at this moment to a file; servers may go on writing");
  AddStore(backup, options)->required();
  backup.add_option("--out", options.file, "The file")->required()->option_text("FILE");
  backup.add_flag("--replace", options.replace, "Replace a file that is there, once the new one is whole");
  backup.callback([&run] { run = RunBackup; });

  CLI::App& restore =
      *app.add_subcommand("restore", "Put a backup into an empty store, where each actor begins a new epoch");
  AddStore(restore, options)->required();
  restore.add_option("--in", options.file, "The backup")->required()->option_text("FILE");
  restore.callback([&run] { run = RunRestore; });

  CLI::App& verify = *app.add_subcommand("verify", "Read all of a backup and see whether it is whole");
  verify.add_option("file", options.file, "The backup")->required()->option_text("FILE");
  verify.callback([&run] { run = RunVerify; });

  CLI::App& list = *app.add_subcommand("list", "Print the actors of a store or a backup, one a line");
  AddSource(list, options);
  list.add_option("--type", options.type, "Only those of this type")->option_text("TYPE");
  list.callback([&] {
    run = RunList;
    wants_source = true;
  });

  CLI::App& show = *app.add_subcommand("show", "Print what is held of one actor, but for its data");
  show.add_option("actor", options.actor, "Such as todo.v1.TodoList/groceries")
      ->required()
      ->option_text("TYPE/KEY");
  AddSource(show, options);
  show.callback([&] {
    run = RunShow;
    wants_source = true;
  });

  try {
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    const bool asked_for_help =
        app.exit(error, terminal.out, terminal.err) == static_cast<int>(CLI::ExitCodes::Success);
    return asked_for_help ? kExitOk : kExitUsage;
  }
  if (wants_source && !options.file.empty()) {
    const bool names_both = std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
      return argument.starts_with("--store");
    });
    if (names_both) return UsageError(terminal, "--store and --in exclude each other");
    options.store.clear();  // The environment's.
  } else if (wants_source && options.store.empty()) {
    return UsageError(terminal, "a store or a backup is needed: --store or --in");
  }
  const absl::Status status = run(options, terminal);
  if (status.ok()) return kExitOk;
  terminal.err << "onager: " << std::string(status.message()) << "\n";
  return absl::IsInternal(status) ? kExitInternal : kExitFailed;
}

}  // namespace

int RunOnager(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  Terminal terminal{out, err};
  try {
    return Run(arguments, terminal);
  } catch (const std::exception& error) {
    err << "onager: internal error: " << error.what() << "\n";
    return kExitInternal;
  }
}

}  // namespace onager::tool
