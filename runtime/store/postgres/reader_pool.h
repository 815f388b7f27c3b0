#ifndef ONAGER_RUNTIME_STORE_POSTGRES_READER_POOL_H_
#define ONAGER_RUNTIME_STORE_POSTGRES_READER_POOL_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "runtime/store/postgres/link.h"

namespace onager::store::postgres {

/// A question that any of several connections may answer, and may be asked twice.
struct Question {
  Question() = default;

  const char* statement = nullptr;  // Of `ReaderPool::kStatements`.
  Parameters parameters;
  Time deadline{};  // To ask it.
  Connection::Done done;
};

/// Connections that read. One thread.
class ReaderPool {
 public:
  static constexpr const char* kLoad = "load";
  static constexpr const char* kLoadPast = "load_past";
  static constexpr const char* kScan = "scan";
  static constexpr const char* kFindDue = "find_due";

  /// `random` and `logger` outlive it.
  ReaderPool(const ConnectionPlan& plan, std::size_t connections, Xoshiro256& random, Logger& logger);

  /// `done` is called once, with rows or with why there are none.
  void Ask(Question question) { waiting_.push_back(std::move(question)); }

  void Tick(Time now);
  Time deadline() const;
  bool is_idle() const { return waiting_.empty() && asked_ == 0; }
  template <typename Function>
  void ForEachConnection(const Function& function) {
    for (const std::unique_ptr<Link>& link : links_) function(link->connection());
  }

  /// Answers all that is not answered yet. The pool is not used any more.
  void GiveUp();

 private:
  void Ask(Link& link, Question question, Time now);

  std::vector<std::unique_ptr<Link>> links_;
  std::deque<Question> waiting_;
  std::size_t asked_ = 0;
  bool gives_up_ = false;
};

}  // namespace onager::store::postgres

#endif  // ONAGER_RUNTIME_STORE_POSTGRES_READER_POOL_H_
