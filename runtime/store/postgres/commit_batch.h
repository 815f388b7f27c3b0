#ifndef ONAGER_RUNTIME_STORE_POSTGRES_COMMIT_BATCH_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_COMMIT_BATCH_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/store/check_record.h"
#include "runtime/store/postgres/binary_format.h"
#include "runtime/store/postgres/commit_chain.h"

namespace onager::store::postgres {

/// Chains of as many actors, ordered by them, that are written in one transaction, each or not.
struct CommitBatch {
  CommitBatch() = default;

  std::int64_t number = 0;  // Of its writer's.
  std::vector<std::unique_ptr<CommitChain>> chains;
};

inline constexpr const char* kCommitBatchSql =
    "SELECT onager.commit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
    "$19, "
    "$20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, "
    "$40, "
    "$41, $42, $43, $44, $45)";

/// The parameters of `kCommitBatchSql`.
Parameters EncodeBatch(const CommitBatch& batch, const Uuid& writer, std::int64_t generation);

/// Where the store stands with the actors of those chains that were not written.
struct RefusedChain {
  std::size_t chain = 0;
  HeldPosition held;
};

/// Of what `onager.commit` returns.
std::vector<RefusedChain> DecodeRefused(const std::vector<std::int64_t>& returned);

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_COMMIT_BATCH_H_
