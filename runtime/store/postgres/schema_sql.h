#ifndef ONAGER_RUNTIME_STORE_POSTGRES_SCHEMA_SQL_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_SCHEMA_SQL_H_

namespace onager::store::postgres {

/// The schema `onager` as SQL, in the order in which its parts are made: see docs/stores.md for what
/// users may rely on. Numbers of 64 bits without sign are stored as `bigint` of the same bits; checksums are
/// `RowChecksum`s, `integer` of the same bits.
extern const char* const kTablesSql;
extern const char* const kChangesSql;
extern const char* const kCommitSql;
extern const char* const kJsonSql;

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_SCHEMA_SQL_H_
