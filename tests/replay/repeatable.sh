#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# With one thread the seed decides everything but real time: the same seed gives the same report and
# the same history, another seed another one.
. tests/replay/common.bash

without_real_time() {  # of a history, on stdin
  sed -E 's/"t[01]":[0-9]+,?//g'
}

run() {  # run NAME SEED
  replay "$1" --faults 0.2 --seed "$2" --history "$WORK/$1.history"
  jq -S 'del(.wall_seconds, .cpu_seconds, .orders_per_second, .latency_ns.reserve,
             .latency_ns.commit) | del(.options.history)' "$WORK/$1.json" > "$WORK/$1.report"
  # The header names the file that it was written to, or not: all else of it has to agree.
  without_real_time < "$WORK/$1.history" | sed "s@$1\\.history@HISTORY@g" |
    sha256sum > "$WORK/$1.sum"
  rm -f "$WORK/$1.history"
}

run first 7
run again 7
run other 8
cmp "$WORK/first.report" "$WORK/again.report" || fail 'the same seed gave another report'
cmp "$WORK/first.sum" "$WORK/again.sum" || fail 'the same seed gave another history'
! cmp -s "$WORK/first.sum" "$WORK/other.sum" || fail 'another seed gave the same history'
finish
