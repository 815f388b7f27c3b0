#include "onager/server.h"

#include <CLI/CLI.hpp>
#include <string>

#include "account.h"
#include "directory.h"
#include "transfer.h"

int main(int argc, char** argv) {
  std::string address = "127.0.0.1:7000";
  std::string store = "sqlite:ledger.db";
  CLI::App app("Keeps accounts and moves money between them.");
  app.add_option("address", address, "Address; port 0 lets the system choose")->capture_default_str();
  app.add_option("--store", store, "\"sqlite:FILE\", \"postgres://...\", or \"memory:\" to forget it all")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  onager::ServerOptions options({address});
  options.store = store;
  onager::Server server(options);
  server.Host<ledger::Account>();
  server.Host<ledger::Directory>();
  server.Host<ledger::Transfer>();
  return server.Run();  // Until SIGINT or SIGTERM; but nothing is lost either where it ends in another way.
}
