// SPDX-License-Identifier: Apache-2.0
//
// Whole runs. The bytes choose how a checkout goes, what is then done to its records (dropped,
// doubled, exchanged, changed in a field), and what the world answers to a new owner that goes on
// from them. Folded, driven and explained, no run may crash anything; where nothing was changed,
// nothing may be refused. The first byte `h` instead: the lines of a history are treated so, and
// the stories of all its orders told.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <invsaga/forwarding.hpp>
#include <invsaga/history/story.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/saga_machine.hpp>
#include <invsaga/saga_runner.hpp>
#include <invsaga/testing/simulation.hpp>

#include "checkout/simple_shop.hpp"
#include "fuzz/choices.hpp"
#include "tests/history/maker.hpp"

namespace {

using namespace invsaga;
using fuzz::Choices;
using Kind = Instruction::Kind;

constexpr RunId the_run{7, 8};
constexpr Time start = time_from_ms(1'000'000'000'000);
constexpr std::size_t most_turns = 60;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

const Definition& definition() {
  static const Definition made = checkout::saga.definition();
  return made;
}

/// One owner's machine over a log, and a world that answers by choice.
class Owner {
 public:
  Owner(OwnerId owner, bool one_append, Choices& choices)
      : owner_(owner), choices_(choices), machine_(the_run, definition(), {owner, one_append, 1}) {}

  SagaMachine& machine() { return machine_; }

  void begin() {
    RunRecord begun;
    begun.kind = RecordKind::begun;
    begun.owner = owner_;
    begun.key = "order 1";
    begun.saga = definition().saga;
    begun.output = encode(checkout::Order{"1", "9.50", {{Row{0}, 1}}});
    machine_.begin(begun);
  }
  /// Records are read that may be in no order: those that cannot follow are passed over.
  void read(const RunRecord& record) {
    if (machine_.recorded(record).has_value()) log.push_back(record);
  }
  /// Up to the end, or until nothing more is chosen. What the machine wants recorded follows.
  void drive() {
    for (std::size_t turn = 0; turn < most_turns && !choices_.empty(); ++turn) {
      if (!act(machine_.next(now_))) return;
    }
  }

  std::vector<RunRecord> log;

 private:
  bool act(const Instruction& instruction) {
    require(machine_.next(now_).kind == instruction.kind, "asked again it says something else");
    switch (instruction.kind) {
      case Kind::append:
        machine_.started(instruction, now_);
        if (choices_.one_in(8)) return machine_.unwritten(instruction, error()), true;
        return record({}), true;
      case Kind::prepare:
        if (choices_.one_in(16)) return machine_.unable(instruction, error()), true;
        return machine_.made(instruction, operation(instruction)), true;
      case Kind::call:
        machine_.started(instruction, now_);
        return call(instruction), true;
      case Kind::apply:
        machine_.started(instruction, now_);
        return apply(instruction), true;
      case Kind::wait:
      case Kind::await:
        if (choices_.one_in(4)) static_cast<void>(machine_.cancel("changed my mind"));
        now_ = std::max(now_, instruction.when);
        return instruction.when != Time::max();
      case Kind::stuck:
        return machine_.resume();
      case Kind::finished:
      case Kind::fenced:
        return false;
    }
    return false;
  }

  void call(const Instruction& instruction) {
    switch (choices_.below(6)) {
      case 0:
      case 1:
        return machine_.answered(instruction, encode(checkout::Receipt{"9.50"}), now_);
      case 2:
        return machine_.answered(instruction, refuse(checkout::declined), now_);
      case 3:
        return machine_.answered(instruction, error(), now_);
      case 4:  // its answer comes from outside, or never
        static_cast<void>(
            machine_.completed(instruction.step, instruction.undo, std::vector<std::byte>{}, now_));
        return;
      default:
        return machine_.unable(instruction, error());
    }
  }
  void apply(const Instruction& instruction) {
    switch (choices_.below(8)) {
      case 0:
        return machine_.answered(instruction, error(), now_);
      case 1:
        return machine_.superseded(instruction, choices_.one_in(2), now_);
      default:
        const Operation operation = *machine_.write()->write().operation;
        const auto decisions = decisions_of(operation);
        const StockDecision decision = decisions[choices_.below(decisions.size())];
        const ShortLine shorts[] = {{Row{0}, 1, 0}};
        return record(answer_of(operation, decision, shorts, {}));
    }
  }
  /// What is written comes into the log: the machine made it, so it follows.
  void record(const Answer& answer) {
    const auto prepared = machine_.write();
    WriteReply reply;
    reply.answer = answer;
    reply.at = now_;
    for (const RunRecord& made : prepared->records(reply)) {
      require(machine_.recorded(made).has_value(), "what a machine wants appended cannot follow");
      log.push_back(made);
    }
  }

  Error error() {
    static constexpr Errc codes[] = {Errc::unavailable, Errc::reply_lost, Errc::timed_out,
                                     Errc::limit_exceeded, Errc::corrupt};
    return Error{codes[choices_.below(std::size(codes))]};
  }
  Operation operation(const Instruction& instruction) {
    const StepDefinition& step = definition().steps[instruction.step];
    const Time fixed = machine_.fixed_until(instruction.step, instruction.undo, instruction.round);
    const Time until = is_set(fixed) ? fixed : saturating_add(now_, Duration{900'000});
    const ReservationId id = reservation_id(the_run, instruction.step, instruction.round);
    switch ((instruction.undo ? step.undo : step.action).kind) {
      case StepKind::reserve:
        return Reserve{id, until, lines_};
      case StepKind::commit: {
        const auto& holds = machine_.ahead().steps[checkout::reserve_step].holds;
        return Commit{holds.empty() ? id : holds.back().id, {}};
      }
      default:
        return Release{id};
    }
  }

  static constexpr Line lines_[] = {{Row{0}, 1}};
  OwnerId owner_;
  Choices& choices_;
  SagaMachine machine_;
  Time now_ = start;
};

/// Changes one field.
void change(RunRecord& record, Choices& choices) {
  const auto number = [&] { return choices.below(7); };
  switch (choices.below(14)) {
    case 0:
      record.kind = static_cast<RecordKind>(choices.below(10));
      break;
    case 1:
      record.step = static_cast<StepIndex>(number());
      break;
    case 2:
      record.round = static_cast<std::uint32_t>(number());
      break;
    case 3:
      record.outcome = static_cast<StepOutcome>(choices.below(5));
      break;
    case 4:
      record.decision = static_cast<StockDecision>(choices.below(12));
      break;
    case 5:
      record.owner = {number(), number()};
      break;
    case 6:
      record.id_low = number();
      break;
    case 7:
      record.until = time_from_ms(static_cast<std::int64_t>(choices.next(8)));
      break;
    case 8:
      record.at = time_from_ms(static_cast<std::int64_t>(choices.next(8)));
      break;
    case 9:
      record.error = {static_cast<Errc>(choices.below(20)), {}, {}, 0};
      break;
    case 10:
      record.output.resize(choices.below(40), std::byte{0x80});
      break;
    case 11:
      record.shorts.resize(number(), {Row{3}, 5, 2});
      break;
    case 12:
      record.events.resize(number());
      break;
    default:
      record.end = static_cast<RunEnd>(choices.below(3));
      record.reason.assign(number(), '\x1b');
  }
}

/// Drops one, doubles one, exchanges two, or cuts the rest off.
template <class T>
void disorder(std::vector<T>& all, Choices& choices) {
  if (all.empty()) return;
  const std::size_t at = choices.below(all.size());
  const auto place = all.begin() + static_cast<std::ptrdiff_t>(at);
  switch (choices.below(4)) {
    case 0:
      all.erase(place);
      break;
    case 1: {
      T copy = *place;
      all.insert(all.begin() + static_cast<std::ptrdiff_t>(choices.below(all.size())),
                 std::move(copy));
      break;
    }
    case 2:
      std::swap(all[at], all[choices.below(all.size())]);
      break;
    default:
      all.erase(place, all.end());
  }
}

std::vector<RunRecord> mutated(std::vector<RunRecord> records, Choices& choices) {
  for (std::size_t edits = choices.below(6); edits > 0 && !records.empty(); --edits) {
    if (choices.one_in(2)) {
      change(records[choices.below(records.size())], choices);
    } else {
      disorder(records, choices);
    }
  }
  return records;
}

/// A backend whose log has what a test says.
class Told final : public Forwarding<Told, MemoryBackend<>> {
 public:
  Told(MemoryBackend<>& inner, std::vector<LogEntry> entries)
      : Forwarding(inner), entries_(std::move(entries)) {}
  static constexpr Capabilities capabilities() noexcept { return MemoryBackend<>::capabilities(); }
  void read(RunId, Completion<std::vector<LogEntry>> done) noexcept { done(entries_); }

 private:
  std::vector<LogEntry> entries_;
};

/// Whether they all follow one another, each from the state before.
bool fold_all(const std::vector<RunRecord>& records) {
  RunState state;
  bool all = true;
  for (const RunRecord& record : records) {
    const Position before = state.position;
    const bool follows = fold(state, record, definition()).has_value();
    require(state.position == before + (follows ? 1 : 0), "a record counts if it follows");
    all = all && follows;
    static_cast<void>(state.status(definition()));
  }
  return all;
}

void explain(const std::vector<RunRecord>& records, bool all) {
  std::vector<LogEntry> entries;
  for (const RunRecord& record : records) {
    entries.push_back({encode(record), {record.at, record.claim_epoch, record.shorts}});
  }
  testing::ManualClock clock(start);
  testing::SimulatedExecutor executor(clock);
  static MemoryBackend<> memory;  // nothing is written
  Told told(memory, std::move(entries));
  static checkout::SimpleShop shop(false);
  SagaRunner runner(told, Environment{clock, executor});
  runner.add(checkout::saga, shop);
  const auto status = runner.status(the_run);
  const auto text = runner.explain(the_run);
  const bool known = !records.empty() && records.front().saga == definition().saga;
  require(status.has_value() == text.has_value(), "who has a status can be explained");
  require(!known || text.has_value() == all, "what follows is explained, and nothing else");
  if (text.has_value()) {
    require(text.assume_value().find('\x1b') == std::string::npos, "it is safe on a terminal");
  }
}

/// A machine that has read them knows what it is at, and can be driven on.
void go_on(const std::vector<RunRecord>& records, bool one_append, Choices& choices) {
  Owner next({2, 2}, one_append, choices);
  for (const RunRecord& record : records) next.read(record);
  if (next.log.empty()) return;
  SagaMachine& machine = next.machine();
  static_cast<void>(machine.current());
  static_cast<void>(machine.outcome());
  for (StepIndex step = 0; step < definition().steps.size(); ++step) {
    for (const bool undo : {false, true}) {
      static_cast<void>(machine.waits_for(step, undo));
      static_cast<void>(machine.fixed_until(step, undo, 0));
    }
  }
  machine.take_over();
  next.drive();
  static_cast<void>(machine.current());
  static_cast<void>(machine.outcome());
}

void run(Choices& choices) {
  const bool one_append = choices.one_in(2);
  Owner first({1, 1}, one_append, choices);
  first.begin();
  first.drive();
  const std::vector<RunRecord> records = mutated(first.log, choices);
  const bool all = fold_all(records);
  require(all || records != first.log, "a run that nothing befell is refused");
  for (const RunRecord& record : records) {
    const std::vector<std::byte> written = encode(record);
    const auto back = decode<RunRecord>(written);
    require(!back.has_value() || encode(back.assume_value()) == written, "it has one spelling");
  }
  explain(records, all);
  go_on(records, one_append, choices);
}

void tell_stories(Choices& choices) {
  histories::MakerOptions options;
  options.seed = choices.next(2);
  options.orders = static_cast<int>(1 + choices.below(4));
  options.skus = 2;
  options.cancelled = options.stuck = 20;
  History history = histories::make(options);
  for (std::size_t edits = choices.below(8); edits > 0; --edits) disorder(history.lines, choices);
  std::vector<std::string> runs{"nobody"};
  for (const HistoryLine& line : history.lines) {
    if (std::find(runs.begin(), runs.end(), line.run) == runs.end()) runs.push_back(line.run);
  }
  for (const std::string& one : runs) {
    const Story story = explain_history(history, one);
    require(!to_text(story, true).empty() && !to_json(story).empty(), "a story is told");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  if (size > 0 && *data == 'h') {
    static_cast<void>(choices.next(1));
    tell_stories(choices);
  } else {
    run(choices);
  }
  return 0;
}
