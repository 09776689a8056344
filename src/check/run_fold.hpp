// SPDX-License-Identifier: Apache-2.0
//
// The checker's own fold of the runs: requests, steps and undos, charges, ends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "line_clock.hpp"
#include "stock_fold.hpp"

namespace invsaga {
inline namespace v0 {
namespace checker {

/// What of a run is told to the world, in the order it became true. Numbers of the seven types.
enum class Fact : char {
  checkout_started,
  stock_reserved,
  payment_completed,
  stock_committed,
  cart_cleared,
  stock_reservation_failed,
  payment_failed,
};
inline constexpr std::size_t fact_count = 7;
/// The type of the event that tells it.
std::string_view type_of(Fact fact) noexcept;

enum class Outcome : std::uint8_t { open, completed, compensated, stuck };

/// One run, as far as the history has come.
struct Run {
  bool run = false;  ///< Some line of a run bears it.
  bool requested = false;
  bool placed = false, cancelled = false, cleared = false;
  bool charged = false, declined = false, charge_unknown = false, refunded = false;
  bool committed = false;
  bool commit_open = false;       ///< Of its last hold no commit was decided.
  Index decided_hold = no_index;  ///< The last of which one was.
  bool unasked = false;           ///< Reported as a run without a request.
  // What only a run that somebody cancelled may show; judged at its end, where the reason tells.
  bool undone_early = false;  ///< An undo before any step had refused.
  bool forward_after_undo = false;
  bool undone_in_doubt = false;  ///< An undo while the commit was failed or unknown.
  bool undo_begun = false;
  bool counted_stuck = false;
  bool just_ended = false;  ///< Its last line was its end.
  Outcome outcome{};
  Index request = no_index, amount = no_index;
  std::int64_t units = 0;                                       ///< Asked for.
  Index place = no_index, cancel = no_index, clear = no_index;  ///< The ids of its calls.
  Index charge = no_index;
  Index first_hold = no_index, last_hold = no_index;
  Index adjust = no_index;
  std::string facts;            ///< As `Fact`s.
  std::size_t known_facts = 0;  ///< So many it has acted on: they are surely its events.
  HistoryOp fact_op{};          ///< What the last fact is of ...
  Index fact_hold = no_index;   ///< ... and of which hold.
  // Of its last attempt at a step or an undo.
  bool unanswered = false;  ///< It failed, is unknown, or its answer was lost.
  bool last_lost = false;   ///< The last answer that was given was lost.
  std::int64_t tried_t1 = 0;
  std::uint64_t n = 0, file_line = 0;  ///< Of its last line that is not an event's.
  std::uint64_t events = 0;            ///< As its end says.
  std::int64_t end_t1 = 0;             ///< When its end was told.
};

class RunFold {
 public:
  /// `facts`: the history's types are the seven, so that each event stands for a fact.
  RunFold(CheckOptions options, bool facts, TextPool& names, StockFold& stock,
          const LineClock& clock, Findings& findings);

  void fold_request(const HistoryLine& line);
  void fold_call(const HistoryLine& line);
  void fold_payment(const HistoryLine& line);
  /// To be called after the stock has folded the line; `changed` is what that gave.
  void fold_stock(const HistoryLine& line, bool changed);
  void fold_end(const HistoryLine& line);
  /// Judges what only the end shows.
  void finish(std::uint64_t last_line);

  /// The run of that name; new if it was not there. References hold until the next call.
  Run& run_at(Index name);
  [[nodiscard]] Index size() const noexcept { return static_cast<Index>(runs_.size()); }
  [[nodiscard]] std::string_view name(Index run) const { return names_[run]; }

 private:
  struct Request {
    Index run = no_index, amount = no_index;
    std::int64_t units = 0;
    bool fresh = false;
    Answers given = 0;
  };
  struct Call {
    Index run = no_index;
    Answers given = 0;
    Retries retries;
  };
  /// The calls of one kind, by id. An undo bears the id of what it undoes, and is a kind of its
  /// own.
  struct Calls {
    TextPool ids;
    std::vector<Call> calls;
  };

  // requests
  void fresh_request(const HistoryLine& line, Request& request, Run& run, Index index);
  void later_request(const HistoryLine& line, const Request& request);
  void judge_same_request(const HistoryLine& line, const Request& request, Index run);
  [[nodiscard]] Index amount_of(const HistoryLine& line);

  // steps and undos
  Run& run_of(const HistoryLine& line);
  void step(const HistoryLine& line, Run& run);
  static void tried(const HistoryLine& line, Run& run);
  static void acts_on_facts(const HistoryLine& line, Run& run, Index hold = no_index);
  Index call_of(const HistoryLine& line, Calls& calls);
  bool decide(const HistoryLine& line, Call& call, Answers binding);
  void judge_step_word(const HistoryLine& line);
  void place(const HistoryLine& line, Run& run);
  void cancel(const HistoryLine& line, Run& run);
  void clear_cart(const HistoryLine& line, Run& run);
  void judge_once(const HistoryLine& line, Index& known, Index call);
  void forward(const HistoryLine& line, Run& run);
  void undo(const HistoryLine& line, Run& run);
  void judge_undo(const HistoryLine& line, const Run& run);
  void judge_open(const HistoryLine& line, Run& run);

  // charges and refunds
  void charge(const HistoryLine& line, Run& run);
  void charged(const HistoryLine& line, Run& run);
  void refund(const HistoryLine& line, Run& run);
  void judge_amount(const HistoryLine& line, const Run& run);

  // what operations on the stock mean to a run
  void move_stock(const HistoryLine& line, Run& run, Index hold, bool changed);
  void bind_hold(const HistoryLine& line, Run& run, Index index);
  void judge_next_hold(const HistoryLine& line, const Run& run, Hold& hold);
  void judge_deadline(const HistoryLine& line, const Run& run, const Hold& hold);
  void reserved(const HistoryLine& line, Run& run, const Hold& hold);
  void tried_to_commit(const HistoryLine& line, Run& run, Index hold);
  void committed(const HistoryLine& line, Run& run, Index hold);
  void released(const HistoryLine& line, Run& run);
  void fold_invoice(const HistoryLine& line);

  // ends
  [[nodiscard]] std::string_view why_refused(const Run& run);
  [[nodiscard]] bool is_live(const HistoryLine& line);
  [[nodiscard]] bool fits_reason(const Run& run, std::string_view reason);
  [[nodiscard]] bool is_undone(const HistoryLine& line, const Run& run);
  void judge_completed(const HistoryLine& line, const Run& run);
  void judge_compensated(const HistoryLine& line, const Run& run);
  void judge_given_back(const HistoryLine& line, const Run& run);
  void judge_stuck(const HistoryLine& line, const Run& run);
  void judge_reason(const HistoryLine& line, const Run& run);
  void judge_events(const HistoryLine& line, const Run& run, bool all_known);
  void count_end(const HistoryLine& line, Run& run, Outcome outcome);

  static void fact(const HistoryLine& line, Run& run, Fact fact, Index hold = no_index);
  void report(int invariant, std::string what) { findings_.add(invariant, std::move(what)); }

  const CheckOptions options_;
  const bool facts_;
  TextPool& names_;
  StockFold& stock_;
  const LineClock& clock_;
  Findings& findings_;

  std::vector<Run> runs_;
  TextPool request_ids_, adjust_ids_, amounts_;
  std::vector<Request> requests_;
  Calls places_, cancels_, clears_, charges_, refunds_;
  const Index zero_;  // of amounts_
};

}  // namespace checker
}  // namespace v0
}  // namespace invsaga
