#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# However little memory there is: the command says that it is too little and ends with 3, or it has
# enough and its answer is right. Never a violation, and never a crash.
. tests/replay/common.bash

short=0
enough=0
for ((kib = 6000; kib < 400000; kib += kib / 40)); do
  (
    ulimit -v "$kib" && exec "$INVSAGA" replay "$sample_orders" --json
  ) > "$WORK/report" 2> "$WORK/said"
  status=$?
  case $status in
    0)
      enough=$((enough + 1))
      ((enough < 3)) || break
      ;;
    3)
      short=$((short + 1))
      grep -q '^invsaga: not enough memory' "$WORK/said" || fail "$kib KiB: 3 without a word"
      ;;
    *)
      # Too little to be loaded at all: that is the system's to say.
      grep -qE 'shared librar|cannot allocate|Cannot allocate' "$WORK/said" || ((short == 0)) ||
        fail "$kib KiB: ended with $status: $(tail -n 1 "$WORK/said")"
      ;;
  esac
done
((short > 0)) || fail 'there was always memory enough, or never'
((enough == 3)) || fail 'there never was memory enough'
finish
