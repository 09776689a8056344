#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Without faults the real orders have one right outcome, counted by other means, to the unit.
. tests/replay/common.bash

replay no_faults --faults 0
sums_hold no_faults
holds no_faults '.compensated | (.declined // 0) + (.payment_failed // 0) == 0' '.refunds == 0'

if [[ $(basename "$orders") == online_retail_2010-12_to_2011-06.csv.xz ]]; then
  holds no_faults \
    '.lines == 245903 and .bad_lines == 0' \
    '.orders == 10031 and .completed == 9185 and .compensated.out_of_stock == 846' \
    '.returns == {"accepted": 1846, "refused": 160}' \
    '.adjustments == {"accepted": 420, "refused": 338}' \
    '.opening_units == 567691 and .restocked_units == 2481611' \
    '.returned_units == 102191 and .written_off_units == 19308' \
    '.sold_units == 1940828 and .on_hand_units_at_end == 1191357' \
    '.charges == 8867'
fi
finish
