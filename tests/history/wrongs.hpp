// SPDX-License-Identifier: Apache-2.0
//
// Plants one wrong in a correct history: a changed value, a missing line, a second effect, a
// swapped pair, a refusal that was not short, and for each invariant a line that breaks it. A kind
// whose place the history does not have plants nothing.
#pragma once

#include <vector>

#include "wrong_deeds.hpp"

namespace histories {

class Wrongs : public WrongDeeds {
 public:
  using WrongDeeds::WrongDeeds;

  struct Kind {
    const char* name;
    bool (Wrongs::*plant)();
  };
  static const std::vector<Kind>& kinds();
};

inline const std::vector<Wrongs::Kind>& Wrongs::kinds() {
#define INVSAGA_KIND(name) {#name, &Wrongs::name}
  static const std::vector<Kind> all = {INVSAGA_KIND(quantity_reserved),
                                        INVSAGA_KIND(quantity_refused),
                                        INVSAGA_KIND(quantity_sold),
                                        INVSAGA_KIND(quantity_released),
                                        INVSAGA_KIND(quantity_expired),
                                        INVSAGA_KIND(quantity_adjusted),
                                        INVSAGA_KIND(quantity_back),
                                        INVSAGA_KIND(quantity_counted),
                                        INVSAGA_KIND(quantity_repeated),
                                        INVSAGA_KIND(quantity_negative),
                                        INVSAGA_KIND(quantity_huge),
                                        INVSAGA_KIND(product),
                                        INVSAGA_KIND(product_counted),
                                        INVSAGA_KIND(units),
                                        INVSAGA_KIND(units_again),
                                        INVSAGA_KIND(amount),
                                        INVSAGA_KIND(amount_asked),
                                        INVSAGA_KIND(amount_no_number),
                                        INVSAGA_KIND(until),
                                        INVSAGA_KIND(at_back),
                                        INVSAGA_KIND(at_forward),
                                        INVSAGA_KIND(real_time),
                                        INVSAGA_KIND(number),
                                        INVSAGA_KIND(event_type),
                                        INVSAGA_KIND(event_sequence),
                                        INVSAGA_KIND(event_consumer),
                                        INVSAGA_KIND(end_events),
                                        INVSAGA_KIND(end_outcome),
                                        INVSAGA_KIND(end_reason),
                                        INVSAGA_KIND(call_step),
                                        INVSAGA_KIND(run_of_line),
                                        INVSAGA_KIND(unknown_id),
                                        INVSAGA_KIND(answer_of_another),
                                        INVSAGA_KIND(answer),
                                        INVSAGA_KIND(repeat_gone),
                                        INVSAGA_KIND(repeat_came),
                                        INVSAGA_KIND(gap),
                                        INVSAGA_KIND(missing),
                                        INVSAGA_KIND(missing_request),
                                        INVSAGA_KIND(missing_place),
                                        INVSAGA_KIND(missing_reserve),
                                        INVSAGA_KIND(missing_refusal),
                                        INVSAGA_KIND(missing_charge),
                                        INVSAGA_KIND(missing_decline),
                                        INVSAGA_KIND(missing_commit),
                                        INVSAGA_KIND(missing_release),
                                        INVSAGA_KIND(missing_expire),
                                        INVSAGA_KIND(missing_refund),
                                        INVSAGA_KIND(missing_cancel),
                                        INVSAGA_KIND(missing_clear),
                                        INVSAGA_KIND(missing_adjust),
                                        INVSAGA_KIND(missing_publish),
                                        INVSAGA_KIND(missing_handled),
                                        INVSAGA_KIND(missing_end),
                                        INVSAGA_KIND(missing_counters),
                                        INVSAGA_KIND(second),
                                        INVSAGA_KIND(second_commit),
                                        INVSAGA_KIND(second_charge_new_id),
                                        INVSAGA_KIND(second_place_new_id),
                                        INVSAGA_KIND(second_request_new_id),
                                        INVSAGA_KIND(swapped_events),
                                        INVSAGA_KIND(swapped_deliveries),
                                        INVSAGA_KIND(swapped_cause),
                                        INVSAGA_KIND(swapped_steps),
                                        INVSAGA_KIND(swapped_end),
                                        INVSAGA_KIND(refusal_with_room),
                                        INVSAGA_KIND(refusal_other_number),
                                        INVSAGA_KIND(refusal_less_named),
                                        INVSAGA_KIND(refusal_more_named),
                                        INVSAGA_KIND(refusal_that_was_not_short),
                                        INVSAGA_KIND(accepted_without_room),
                                        INVSAGA_KIND(oversold),
                                        INVSAGA_KIND(released_after_commit),
                                        INVSAGA_KIND(committed_after_release),
                                        INVSAGA_KIND(expired_after_commit),
                                        INVSAGA_KIND(expired_early),
                                        INVSAGA_KIND(commit_after_expiry),
                                        INVSAGA_KIND(reserve_past_tombstone),
                                        INVSAGA_KIND(refund_after_end),
                                        INVSAGA_KIND(reserve_after_end),
                                        INVSAGA_KIND(cancel_after_commit),
                                        INVSAGA_KIND(release_before_decline),
                                        INVSAGA_KIND(refund_of_declined),
                                        INVSAGA_KIND(hot_loop),
                                        INVSAGA_KIND(parked_for_nothing),
                                        INVSAGA_KIND(duplicate_too_early),
                                        INVSAGA_KIND(dead_without_a_try),
                                        INVSAGA_KIND(published_after_end),
                                        INVSAGA_KIND(completed_too_early),
                                        INVSAGA_KIND(in_progress_too_late),
                                        INVSAGA_KIND(mismatch_of_the_same),
                                        INVSAGA_KIND(expired_under_way),
                                        INVSAGA_KIND(lost_without_answer),
                                        INVSAGA_KIND(after_the_last),
                                        INVSAGA_KIND(consumer_more),
                                        INVSAGA_KIND(row_not_counted),
                                        INVSAGA_KIND(publish_id),
                                        INVSAGA_KIND(second_reserve_new_id),
                                        INVSAGA_KIND(second_publish_new_id),
                                        INVSAGA_KIND(swapped_fact_and_event),
                                        INVSAGA_KIND(refusal_none_named),
                                        INVSAGA_KIND(refusal_behind_a_restock),
                                        INVSAGA_KIND(committed_after_expiry),
                                        INVSAGA_KIND(released_after_expiry),
                                        INVSAGA_KIND(reserve_behind_a_tombstone),
                                        INVSAGA_KIND(refund_after_compensation),
                                        INVSAGA_KIND(other_content_under_the_id)};
#undef INVSAGA_KIND
  return all;
}

}  // namespace histories
