// SPDX-License-Identifier: Apache-2.0
//
// The models: that they agree with what they judge, that they find what is wrong, and that the work
// that is made for them leaves nothing out.

#include <invsaga/forwarding.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include <invsaga/memory.hpp>
#include <invsaga/reference/ledger.hpp>
#include <invsaga/testing/matchers.hpp>
#include <invsaga/testing/model_check.hpp>
#include <invsaga/testing/write_model.hpp>
#include <invsaga/testing/writes.hpp>

namespace invsaga::testing {
namespace {

struct LedgerHarness {
  explicit LedgerHarness(const StoreLimits& limits) : ledger(limits) {}
  Ledger& store() { return ledger; }
  void advance_to(Time now) { ledger.advance_to(now); }
  Ledger ledger;
};

WorkShape with_little_room() {
  WorkShape shape;
  shape.limits.max_records = 5;
  shape.limits.max_lifetime = Duration{20};
  shape.limits.grace = Duration{3};
  return shape;
}

TEST(StockModel, TheReferenceStoreAnswersAsItDoes) {
  for (std::uint64_t seed = 1'000; seed < 1'300; ++seed) {
    ASSERT_EQ(find_divergence<LedgerHarness>(seed, 150, WorkShape{}), "");
    ASSERT_EQ(find_divergence<LedgerHarness>(seed, 150, with_little_room()), "");
  }
}

// --- that it finds what is wrong

/// A store that is right but for one thing.
struct OwnLedger {
  explicit OwnLedger(const StoreLimits& limits) : ledger(limits) {}
  Ledger ledger;
};
template <class Store>
class AlmostStore : protected OwnLedger, public Forwarding<Store, Ledger> {
 public:
  static constexpr Capabilities capabilities() noexcept { return Ledger::capabilities(); }
  explicit AlmostStore(const StoreLimits& limits)
      : OwnLedger(limits), Forwarding<Store, Ledger>(ledger) {}
  void advance_to(Time now) { ledger.advance_to(now); }
};

template <class Store>
struct Harness {
  explicit Harness(const StoreLimits& limits) : own(limits) {}
  Store& store() { return own; }
  void advance_to(Time now) { own.advance_to(now); }
  Store own;
};

struct RightInAll final : AlmostStore<RightInAll> {
  using AlmostStore::AlmostStore;
};
struct LeavesNoTombstone final : AlmostStore<LeavesNoTombstone> {
  using AlmostStore::AlmostStore;
  result<ReleaseAnswer> release(const Release& release) {
    if (ledger.known(release.id) == KnownId::unknown && release.id.is_set()) {
      return ReleaseAnswer::tombstoned;
    }
    return ledger.release(release);
  }
};
struct ExpiresLate final : AlmostStore<ExpiresLate> {
  using AlmostStore::AlmostStore;
  void advance_to(Time now) { ledger.advance_to(now - Duration{1}); }
};
struct ShortensLives final : AlmostStore<ShortensLives> {
  using AlmostStore::AlmostStore;
  result<ExtendAnswer> extend(const Extend& extend) {
    const auto answer = ledger.extend(extend);
    // A late duplicate undoes the newer call: the hold ends now.
    if (answer.has_value() && answer.value() == ExtendAnswer::reserved && extend.until <= now()) {
      static_cast<void>(ledger.release({extend.id}));
    }
    return answer;
  }
};
struct ForgetsSalesAtOnce final : AlmostStore<ForgetsSalesAtOnce> {
  using AlmostStore::AlmostStore;
  result<CommitAnswer> commit(const Commit& commit) {
    const auto answer = ledger.commit(commit);
    static_cast<void>(ledger.acknowledge_sale(commit.id));
    return answer;
  }
};
struct NamesOneShortLine final : AlmostStore<NamesOneShortLine> {
  using AlmostStore::AlmostStore;
  result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> shorts) {
    auto answer = ledger.reserve(reserve, shorts);
    if (!answer.has_value()) return answer;
    if (auto* const refused = std::get_if<OutOfStock>(&answer.value())) refused->count = 1;
    return answer;
  }
};

template <class Store>
std::string first_divergence(const WorkShape& shape) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const std::string found = find_divergence<Harness<Store>>(seed, 150, shape);
    if (!found.empty()) return found;
  }
  return {};
}

TEST(StockModel, FindsAStoreThatIsRightButForOneThing) {
  EXPECT_NE(first_divergence<LeavesNoTombstone>(WorkShape{}), "");
  EXPECT_NE(first_divergence<ExpiresLate>(WorkShape{}), "");
  EXPECT_NE(first_divergence<ShortensLives>(WorkShape{}), "");
  EXPECT_NE(first_divergence<ForgetsSalesAtOnce>(with_little_room()), "");
  EXPECT_NE(first_divergence<NamesOneShortLine>(WorkShape{}), "");
  EXPECT_EQ(first_divergence<RightInAll>(WorkShape{}), "") << "and no other";
}

TEST(StockModel, ShowsTheSmallestWorkThatFails) {
  const std::string found = first_divergence<LeavesNoTombstone>(WorkShape{});
  // A release, and the reserve that it should have barred.
  EXPECT_THAT(found, ::testing::HasSubstr("has to answer suppressed"));
  EXPECT_EQ(std::ranges::count(found, '\n'), 3) << found;
}

TEST(StockModel, SaysWhatIsWrongInASentence) {
  StockJudge judge(StoreLimits{});
  judge.advance_to(time_from_ms(1'000));
  const Line line{Row{3}, 2};
  const Operation reserve = Reserve{{0, 1}, time_from_ms(2'000), {&line, 1}};
  EXPECT_EQ(
      judge.judge(reserve, Answer{ReserveAnswer{Suppressed{}}}),
      "reserve #00000000000000000000000000000001 until 2000 [2 of row 3] at 1000 has to answer "
      "out_of_stock, 1 short, first row 3: 2 asked, 0 there, not suppressed");
  EXPECT_EQ(judge.judge(Row{3}, StockCounters{1, 0, 0, 0}),
            "row 3 has to have 0 on hand, 0 reserved, 0 sold, 0 returned, "
            "not 1 on hand, 0 reserved, 0 sold, 0 returned");
}

// --- the work

/// How often each answer, or error, was given over much work.
std::map<std::string, int> words_of(const WorkShape& shape) {
  std::map<std::string, int> words;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Ledger ledger(shape.limits);
    Time now = shape.start;
    for (const WorkStep& step : make_work(WorkSource(seed), 150, shape)) {
      now = saturating_add(now, step.by);
      ledger.advance_to(now);
      if (step.kind == WorkStep::Kind::acknowledge_sale)
        static_cast<void>(ledger.acknowledge_sale(step.id));
      if (step.kind != WorkStep::Kind::operate) continue;
      const Operation operation = step.operation.view();
      const auto answer = ledger.apply(operation);
      const auto word = answer.has_value() ? name(answer.value()) : name(answer.error().code);
      ++words[std::string(name(operation)) + " " + std::string(word)];
    }
  }
  return words;
}

TEST(Work, BringsAboutEveryAnswerThatThereIs) {
  const auto words = words_of(WorkShape{});
  for (const char* const word :
       {"reserve reserved",       "reserve out_of_stock",     "reserve expired",
        "reserve suppressed",     "reserve mismatch",         "reserve invalid_argument",
        "reserve limit_exceeded", "commit committed",         "commit released",
        "commit expired",         "commit not_found",         "commit invalid_argument",
        "release released",       "release committed",        "release expired",
        "release tombstoned",     "release invalid_argument", "extend reserved",
        "extend committed",       "extend released",          "extend expired",
        "extend not_found",       "extend invalid_argument",  "adjust adjusted",
        "adjust out_of_stock",    "adjust refused",           "adjust expired",
        "adjust mismatch",        "adjust invalid_argument",  "adjust limit_exceeded"}) {
    EXPECT_GE(words.contains(word) ? words.at(word) : 0, 10) << word;
  }
  const auto cramped = words_of(with_little_room());
  for (const char* const word :
       {"reserve resource_exhausted", "release resource_exhausted", "adjust resource_exhausted"}) {
    EXPECT_GE(cramped.contains(word) ? cramped.at(word) : 0, 10) << word;
  }
}

TEST(Work, TheSameBytesMakeTheSameWork) {
  const std::string text = "0123456789 any bytes will do, and zeros follow them";
  const auto one = make_work(WorkSource(as_bytes(text)), 100, WorkShape{});
  const auto two = make_work(WorkSource(as_bytes(text)), 100, WorkShape{});
  ASSERT_EQ(one.size(), two.size());
  ASSERT_GT(one.size(), 3u);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(to_text(one[i]), to_text(two[i]));
  WorkShape empty;
  empty.opening = 0;
  EXPECT_TRUE(make_work(WorkSource(Bytes{}), 100, empty).empty());
}

TEST(Work, ShrinksToWhatFailsAlone) {
  const auto work = make_work(WorkSource(1), 100, WorkShape{});
  const std::string wanted = to_text(work[37]);
  const auto small = shrink(work, [&](const std::vector<WorkStep>& steps) {
    return std::ranges::any_of(steps,
                               [&](const WorkStep& step) { return to_text(step) == wanted; });
  });
  ASSERT_EQ(small.size(), 1u);
  EXPECT_EQ(to_text(small[0]), wanted);
}

// --- the model of a whole backend

template <class T>
std::string text(const result<T>& outcome) {
  // What was asked and allowed is told of the first bound that was met, which differs.
  if (outcome.has_error()) {
    const Error error = outcome.error();
    return std::string(name(error.code)) + " by " + std::string(name(error.part));
  }
  std::ostringstream out;
  PrintTo(outcome, &out);
  return out.str();
}

/// Does random work of runs and requests on two backends, and says where they first differ.
template <class One, class Other>
class Twins {
 public:
  explicit Twins(std::uint64_t seed)
      : chance_(seed), work_(make_work(WorkSource(seed), 150, shape_)) {
    one_.advance_to(shape_.start);
    other_.advance_to(shape_.start);
  }

  std::string run() {
    for (std::size_t i = 0; i < work_.size(); ++i) {
      std::string wrong = work_[i].kind == WorkStep::Kind::operate ? operate(work_[i])
                                                                   : pass(work_[i]);
      if (wrong.empty() && chance_.below(4) == 0) wrong = request();
      if (wrong.empty() && chance_.below(4) == 0) wrong = forget();
      if (wrong.empty()) wrong = look();
      if (!wrong.empty())
        return "step " + std::to_string(i) + " (" + to_text(work_[i]) + "): " + wrong;
    }
    return {};
  }

  /// The model keeps nothing as a courtesy.
  static MemoryLimits promises_only() {
    MemoryLimits limits;
    limits.retention.time = Duration{0};
    return limits;
  }

 private:
  /// Calls both, and compares what they answer.
  template <class Call>
  std::string both(const Call& call) {
    const std::string first = text(call(one_));
    const std::string second = text(call(other_));
    return first == second ? std::string() : first + ", but " + second;
  }

  std::string pass(const WorkStep& step) {
    now_ = saturating_add(now_, step.by);
    one_.advance_to(now_);
    other_.advance_to(now_);
    if (step.kind != WorkStep::Kind::acknowledge_sale) return {};
    return both([&](auto& backend) { return backend.acknowledge_sale(step.id); });
  }

  std::string operate(const WorkStep& step) {
    if (chance_.below(8) == 0)
      return both(
          [&](auto& backend) { return testing::apply(backend, step.operation.view(), {}); });
    const RunId run{5, 1 + chance_.below(3)};
    const auto length = static_cast<Position>(one_.read(run).value().size());
    // Mostly where the run is; sometimes where it was, or is not yet.
    const Position at = chance_.below(4) != 0 ? length
                                              : static_cast<Position>(chance_.below(length + 2));
    RunRecord yes;
    constexpr std::array rare{RecordKind::undone, RecordKind::stuck, RecordKind::resumed};
    yes.kind = chance_.below(4) == 0 ? rare[chance_.below(rare.size())] : RecordKind::outcome;
    yes.owner = {6, 1 + chance_.below(2)};
    const Operation operation = step.operation.view();
    yes.step = static_cast<StepIndex>(operation.index());
    std::visit([&](const auto& typed) { yes.id_high = typed.id.high, yes.id_low = typed.id.low; },
               operation);
    RunRecord no = yes;
    if (chance_.below(2) == 0) {
      Event event;
      event.run = run;
      event.sequence = 1 + told_[run] + (chance_.below(16) == 0 ? 1 : 0);
      yes.events = no.events = {event};
    }
    if (chance_.below(6) == 0) return append(run, at, yes);
    if (chance_.below(2) == 0) return grouped(run, at, operation, yes, no);
    const Effects effects{run, at, &yes, &no, nullptr};
    return both([&](auto& backend) { return testing::apply(backend, operation, effects); });
  }
  /// A head and tails of some records, or its head alone; now and then any that was sent before.
  std::string grouped(RunId run, Position at, const Operation& operation, const RunRecord& yes,
                      const RunRecord& no) {
    const auto prepared = std::make_shared<PreparedWrite>(run, at);
    RunRecord other = yes;
    other.kind = RecordKind::intent;
    other.events.clear();
    const std::uint64_t heads = chance_.below(3);
    for (std::uint64_t i = 0; i < heads; ++i) prepared->add(other);
    const bool alone = heads > 0 && chance_.below(4) == 0;
    if (!alone) {
      prepared->operation(operation);
      const Effects effects{run, at, &yes, &no, nullptr};
      for (const StockDecision decision : decisions_of(operation)) {
        prepared->begin_tail(decision);
        prepared->add(record_for(effects, operation, decision));
        if (chance_.below(2) == 0) prepared->add(other);
      }
    }
    prepared->seal();
    writes_.push_back(prepared);
    const auto& sent = chance_.below(4) == 0 ? writes_[chance_.below(writes_.size())] : prepared;
    return both([&](auto& backend) { return backend.write(sent->write()); });
  }
  std::string append(RunId run, Position at, RunRecord record) {
    record.kind = at == 0 ? RecordKind::begun : RecordKind::ended;
    if (at == 0 && chance_.below(2) == 0) return begin(run, record);
    record.request = {3, 1 + chance_.below(2)};
    record.claim_epoch = 1 + chance_.below(4);
    record.until = now_ + Duration{50};
    return both([&](auto& backend) { return testing::append(backend, run, at, record); });
  }
  /// With the claim in the same write.
  std::string begin(RunId run, RunRecord record) {
    record.request = {3, 1 + chance_.below(2)};
    record.claim_epoch = 0;
    PreparedWrite prepared(run, 0);
    const Claim claim{
        record.request, {4, 1 + chance_.below(2)}, now_ + Duration{5}, now_ + Duration{40}};
    prepared.claim({claim, 0});
    prepared.add(record);
    const Write& write = prepared.seal();
    return both([&](auto& backend) { return backend.write(write); });
  }
  std::string request() {
    const RequestKey key{3, 1 + chance_.below(2)};
    const std::uint64_t epoch = 1 + chance_.below(4);
    const Claim claim{key, {4, 1 + chance_.below(2)}, now_ + Duration{5}, now_ + Duration{40}};
    switch (chance_.below(4)) {
      case 0:
        return both(
            [&](auto& backend) { return backend.confirm_claim(key, epoch, as_bytes("yes")); });
      case 1:
        return both([&](auto& backend) { return backend.release_claim(key, epoch); });
      default:
        return both([&](auto& backend) { return backend.claim(claim); });
    }
  }
  std::string forget() {
    const RunId run{5, 1 + chance_.below(3)};
    const auto pending = one_.pending(0, 1'000).value();
    for (const PendingEvent& event : pending) {
      if (event.run != run) continue;
      const auto told = both(
          [&](auto& backend) { return backend.acknowledge_event(run, event.sequence); });
      if (!told.empty()) return told;
    }
    return both([&](auto& backend) { return backend.forget(run); });
  }
  std::string look() {
    std::string wrong;
    if (one_.unfinished({}, 9).value() != other_.unfinished({}, 9).value())
      wrong = "what is unfinished differs";
    if (one_.stuck({}, 9).value() != other_.stuck({}, 9).value()) wrong = "what is stuck differs";
    if (one_.ended(Time::max(), {}, 9).value() != other_.ended(Time::max(), {}, 9).value())
      wrong = "what has ended differs";
    for (std::uint64_t number = 1; number <= 3 && wrong.empty(); ++number) {
      const RunId run{5, number};
      if (one_.read(run).value() != other_.read(run).value()) wrong = "the records of a run differ";
      told_[run] = 0;
      const auto records = records_of(one_, run).value();
      for (const RunRecord& record : records) {
        told_[run] += record.events.size();
      }
    }
    if (one_.pending(0, 1'000).value() != other_.pending(0, 1'000).value())
      wrong = "the outboxes differ";
    for (std::uint32_t row = 0; row < shape_.rows && wrong.empty(); ++row) {
      wrong = both([&](auto& backend) { return backend.stock(Row{row}); });
    }
    return wrong;
  }

  WorkShape shape_;
  Rng chance_;
  std::vector<WorkStep> work_;
  Time now_ = shape_.start;
  One one_;
  Other other_{promises_only()};
  std::map<RunId, std::uint64_t> told_;
  std::vector<std::shared_ptr<const PreparedWrite>> writes_;
};

TEST(WriteModel, TheMemoryBackendDoesAsItDoes) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    ASSERT_EQ((Twins<WriteModel, MemoryBackend<>>(seed).run()), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace invsaga::testing
