#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# All that can befall an order befalls all of them, at 1, 2 and 8 threads: whatever the seed, the
# checker finds the history right. How many seeds is told from outside; a long look takes
# `SEEDS=1000 INVSAGA=build/release/bin/invsaga WORK=/tmp bash tests/replay/many_seeds.sh`.
. tests/replay/common.bash

orders=examples/data/sample_orders.csv
for threads in 1 2 8; do
  for ((seed = 1; seed <= ${SEEDS:-40}; ++seed)); do
    "$INVSAGA" replay "$orders" --faults 1 --threads "$threads" --seed "$seed" --json \
      > "$WORK/report.json" || fail "--threads $threads --seed $seed ended with $?"
  done
done
finish
