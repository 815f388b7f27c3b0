#include "runtime/session/call_ledger.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "tests/session/session_support.h"

namespace onager::session {
namespace {

using Verdict = CallLedger::Verdict;

SharedOutcome Failed(absl::Status status) {
  auto outcome = std::make_shared<CallOutcome>();
  outcome->status = std::move(status);
  return outcome;
}

LedgerLimits SmallLimits() {
  LedgerLimits limits;
  limits.count_max = 3;
  limits.bytes_max = 100;
  limits.age_max = minutes(5);
  return limits;
}

// What happens to a ledger, and then what it says of call 1 when that arrives once more.
struct Case {
  const char* name;
  void (*prepare)(CallLedger& ledger);
  Duration later = seconds(0);
  bool may_have_run = false;
  bool idempotent = false;
  Verdict verdict;
};

void RunOne(CallLedger& ledger) { ASSERT_EQ(ledger.Admit(1, false, false, kStart).verdict, Verdict::kRun); }
void EndOne(CallLedger& ledger) {
  RunOne(ledger);
  ledger.Complete(1, MakeOutcome("result", 9), kStart);
}
void EndMany(CallLedger& ledger) {
  for (std::uint64_t number = 1; number <= 4; ++number) {
    ASSERT_EQ(ledger.Admit(number, false, false, kStart).verdict, Verdict::kRun);
    ledger.Complete(number, MakeOutcome("r"), kStart);
  }
}
void EndLarge(CallLedger& ledger) {
  EndOne(ledger);
  ASSERT_EQ(ledger.Admit(2, false, false, kStart).verdict, Verdict::kRun);
  ledger.Complete(2, MakeOutcome(std::string(99, 'x')), kStart);
}
void EndTooLarge(CallLedger& ledger) {
  RunOne(ledger);
  ledger.Complete(1, MakeOutcome(std::string(101, 'x'), 9), kStart);
}
void EndAcknowledged(CallLedger& ledger) {
  EndOne(ledger);
  ledger.AcknowledgeThrough(1);
}
void AcknowledgeWhileItRuns(CallLedger& ledger) {
  RunOne(ledger);
  ledger.AcknowledgeThrough(1);
  ledger.Complete(1, MakeOutcome("r"), kStart);
  EXPECT_EQ(ledger.size(), 0u);
}
void AcknowledgeTheFuture(CallLedger& ledger) { ledger.AcknowledgeThrough(1000); }
void Nothing(CallLedger& /*ledger*/) {}

class CallLedgerTable : public testing::TestWithParam<Case> {};

TEST_P(CallLedgerTable, SaysWhatIsKnownOfCallOne) {
  const Case& row = GetParam();
  CallLedger ledger(SmallLimits());
  row.prepare(ledger);
  const CallLedger::Admission admission =
      ledger.Admit(1, row.may_have_run, row.idempotent, kStart + row.later);
  EXPECT_EQ(admission.verdict, row.verdict);
  if (row.verdict == Verdict::kEnded) {
    EXPECT_EQ(*admission.outcome->result, "result");
    EXPECT_EQ(admission.outcome->revision, 9u);
  }
  if (row.verdict == Verdict::kOutcomeDropped) {
    EXPECT_EQ(admission.outcome->revision, 9u);
    EXPECT_EQ(admission.outcome->result, nullptr);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, CallLedgerTable,
    testing::Values(Case{"New", Nothing, seconds(0), false, false, Verdict::kRun},
                    Case{"InFlight", RunOne, seconds(0), false, false, Verdict::kRunning},
                    Case{"InFlightForHours", RunOne, minutes(600), false, false, Verdict::kRunning},
                    Case{"Ended", EndOne, seconds(0), false, false, Verdict::kEnded},
                    Case{"EndedElsewhereToo", EndOne, seconds(0), true, false, Verdict::kEnded},
                    Case{"EndedAndIdempotent", EndOne, seconds(0), false, true, Verdict::kEnded},
                    Case{"EndedAt299Seconds", EndOne, seconds(299), false, false, Verdict::kEnded},
                    Case{"EvictedByAge", EndOne, seconds(301), false, false, Verdict::kUnknown},
                    Case{"EvictedByAgeAndIdempotent", EndOne, seconds(301), false, true, Verdict::kRun},
                    Case{"EvictedByCount", EndMany, seconds(0), false, false, Verdict::kUnknown},
                    Case{"EvictedByBytes", EndLarge, seconds(0), false, false, Verdict::kUnknown},
                    Case{"TooLargeToKeep", EndTooLarge, seconds(0), false, false, Verdict::kOutcomeDropped},
                    Case{"Acknowledged", EndAcknowledged, seconds(0), false, false, Verdict::kAcknowledged},
                    Case{"AcknowledgedWhileItRan", AcknowledgeWhileItRuns, seconds(0), false, false,
                         Verdict::kAcknowledged},
                    Case{"AcknowledgedBeforeItWasSent", AcknowledgeTheFuture, seconds(0), false, false,
                         Verdict::kRun},
                    Case{"MayHaveRunElsewhere", Nothing, seconds(0), true, false, Verdict::kUnknown},
                    Case{"MayHaveRunElsewhereAndIdempotent", Nothing, seconds(0), true, true, Verdict::kRun}),
    [](const testing::TestParamInfo<Case>& row) { return std::string(row.param.name); });

TEST(CallLedgerTest, AnUnknownCallStaysUnknown) {
  CallLedger ledger(SmallLimits());
  EXPECT_EQ(ledger.Admit(1, true, false, kStart).verdict, Verdict::kUnknown);
  // Even when a later connection forgets to say that it was sent elsewhere.
  EXPECT_EQ(ledger.Admit(1, false, false, kStart).verdict, Verdict::kUnknown);
  EXPECT_EQ(ledger.Admit(2, false, false, kStart).verdict, Verdict::kRun);
}

TEST(CallLedgerTest, LimitsHoldWhateverTheOutcomesAre) {
  CallLedger ledger(SmallLimits());
  for (std::uint64_t number = 1; number <= 50; ++number) {
    ASSERT_EQ(ledger.Admit(number, false, false, kStart).verdict, Verdict::kRun);
    absl::Status status = absl::InternalError(std::string(30 + number, 'm'));
    status.SetPayload("type", absl::Cord(absl::string_view(std::string(number % 7, 'p'))));
    ledger.Complete(number, Failed(status), kStart);
    EXPECT_LE(ledger.size(), 3u);
    EXPECT_LE(ledger.bytes(), 100u);
  }
  EXPECT_EQ(ledger.running(), 0u);
}

TEST(CallLedgerTest, AnErrorTooLargeToKeepStaysThatError) {
  LedgerLimits limits;
  limits.bytes_max = 4096;
  CallLedger ledger(limits);
  ASSERT_EQ(ledger.Admit(1, false, false, kStart).verdict, Verdict::kRun);
  absl::Status status = absl::NotFoundError("no such item");
  status.SetPayload("type", absl::Cord(absl::string_view(std::string(5000, 'p'))));
  ledger.Complete(1, Failed(status), kStart);
  const CallLedger::Admission again = ledger.Admit(1, false, false, kStart);
  ASSERT_EQ(again.verdict, Verdict::kEnded);
  EXPECT_EQ(again.outcome->status, absl::NotFoundError("no such item"));
}

TEST(CallLedgerTest, AcknowledgingIsCumulativeAndNeverGoesBack) {
  CallLedger ledger(SmallLimits());
  for (std::uint64_t number = 1; number <= 3; ++number) {
    ASSERT_EQ(ledger.Admit(number, false, false, kStart).verdict, Verdict::kRun);
    ledger.Complete(number, MakeOutcome("r"), kStart);
  }
  ledger.AcknowledgeThrough(2);
  EXPECT_EQ(ledger.size(), 1u);
  ledger.AcknowledgeThrough(1);
  EXPECT_EQ(ledger.Admit(2, false, false, kStart).verdict, Verdict::kAcknowledged);
  EXPECT_EQ(ledger.Admit(3, false, false, kStart).verdict, Verdict::kEnded);
  EXPECT_EQ(ledger.bytes(), 1u);
}

TEST(CallLedgerTest, AnEndThatComesTwiceOrForNobodyChangesNothing) {
  CallLedger ledger(SmallLimits());
  ledger.Complete(4, MakeOutcome("nobody"), kStart);
  EXPECT_EQ(ledger.size(), 0u);
  EndOne(ledger);
  ledger.Complete(1, MakeOutcome("other"), kStart);
  EXPECT_EQ(*ledger.Admit(1, false, false, kStart).outcome->result, "result");
  EXPECT_EQ(ledger.running(), 0u);
}

}  // namespace
}  // namespace onager::session
