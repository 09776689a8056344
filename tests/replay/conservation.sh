#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Whatever befalls the orders, and on however many threads: nothing is oversold, lost or done twice,
# and the checker agrees from the history alone.
. tests/replay/common.bash

for threads in 1 2; do
  for faults in default 0.2; do
    name=threads_${threads}_faults_$faults
    options=(--threads "$threads" --history "$WORK/$name.history")
    [[ $faults == default ]] || options+=(--faults "$faults")
    replay "$name" "${options[@]}"
    # With the document's latencies and faults its own target holds, in the time of one thread.
    [[ $threads$faults != 1default ]] || holds "$name" '.latency_ns.saga.p95 < 5000000000'
    sums_hold "$name"
    holds "$name" ".threads == $threads" '.duplicates_replayed > 0'
    "$INVSAGA" check "$WORK/$name.history" > "$WORK/$name.check" ||
      fail "check refuses the history of $name: $(tail -n 3 "$WORK/$name.check")"
    rm -f "$WORK/$name.history"
  done
done
finish
