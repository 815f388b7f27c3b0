#include "runtime/store/postgres/postgres_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/store/postgres/schema.h"
#include "runtime/store/postgres/store_loop.h"

namespace onager::store {
namespace postgres {
namespace {

/// Hands everything to the loop's thread.
class PostgresStore final : public Store {
 public:
  explicit PostgresStore(std::unique_ptr<StoreLoop> loop) : loop_(std::move(loop)) {}

  void Load(const ActorId& actor, LoadDone done) override { loop_->Load(actor, std::move(done)); }
  void Commit(CommitRecord record, CommitDone done) override {
    loop_->Commit(std::move(record), std::move(done));
  }
  void LoadPast(const ActorId& actor, PastDone done) override { loop_->LoadPast(actor, std::move(done)); }
  void Scan(const ActorId& after, std::size_t limit, ScanDone done) override {
    loop_->Scan(after, limit, std::move(done));
  }
  void FindDue(absl::Time until, std::size_t limit, DueDone done) override {
    loop_->FindDue(until, limit, std::move(done));
  }
  void SetChangeListener(ChangeListener* listener) override { loop_->SetChangeListener(listener); }

 private:
  const std::unique_ptr<StoreLoop> loop_;
};

std::string Milliseconds(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Milliseconds(duration), "ms");
}

// How our statements are run: each table has an index for each of them, so the planner need not look at how
// full a table is, nor be wrong about it.
ConnectionPlan MakePlan(const PostgresOptions& options, ConnectionParameters parameters, const Uuid& writer) {
  ConnectionPlan plan;
  plan.parameters = std::move(parameters);
  plan.settings = {
      {"default_transaction_isolation", "read committed"},
      {"statement_timeout", Milliseconds(options.statement_timeout)},
      {"lock_timeout", Milliseconds(options.lock_timeout)},
      {"bytea_output", "hex"},
      {"jit", "off"},
      {"enable_seqscan", "off"},
      {"enable_hashjoin", "off"},
      {"enable_mergejoin", "off"},
      {"plan_cache_mode", "force_generic_plan"},
      {"onager.writer", writer.ToHex()},
  };
  plan.connect_timeout = absl::ToChronoNanoseconds(options.connect_timeout);
  plan.answer_timeout = absl::ToChronoNanoseconds(options.answer_timeout);
  return plan;
}

}  // namespace
}  // namespace postgres

absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(PostgresOptions options) {
  if (options.writers == 0 || options.readers == 0) {
    return absl::InvalidArgumentError("a store needs a connection that writes and one that reads");
  }
  ONAGER_ASSIGN_OR_RETURN(postgres::ConnectionParameters parameters,
                          postgres::ConnectionParameters::FromUrl(options.url));
  const postgres::Uuid writer = postgres::RandomUuid();
  const postgres::ConnectionPlan plan = postgres::MakePlan(options, std::move(parameters), writer);
  ONAGER_ASSIGN_OR_RETURN(std::string seen, postgres::PrepareSchema(plan));
  return std::make_unique<postgres::PostgresStore>(
      std::make_unique<postgres::StoreLoop>(options, plan, writer, std::move(seen)));
}

}  // namespace onager::store
