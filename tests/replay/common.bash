# SPDX-License-Identifier: Apache-2.0
#
# What the tests of the whole job share. They run in the project's folder; the environment names the
# command (INVSAGA) and a folder to write to (WORK).
set -u
. scripts/lib.sh
orders=$(orders_file)
failures=0
are_real "$orders" || echo "no real orders beside the project: this is the sample $orders"

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  failures=$((failures + 1))
}

# replay NAME OPTION...: runs the job and keeps its report as WORK/NAME.json
replay() {
  local report=$WORK/$1.json status
  shift
  "$INVSAGA" replay "$orders" --json "$@" > "$report"
  status=$?
  ((status == 0)) || fail "replay $* ended with $status"
  jq -e 'type == "object"' "$report" > /dev/null || fail "replay $* printed no JSON object"
}

# holds NAME CONDITION...: each condition on the report, in jq's language, is true
holds() {
  local report=$WORK/$1.json condition
  shift
  for condition in "$@"; do
    jq -e "$condition" "$report" > /dev/null || fail "$report: $condition"
  done
}

# What holds of every replay, whatever befell it.
sums_hold() {
  holds "$1" \
    '.oversold_units == 0 and .invariant_violations == 0 and .events_lost == 0' \
    '.stuck == 0 and .reserved_units_at_end == 0' \
    '.orders > 0 and .completed + ([.compensated[]] | add // 0) + .stuck == .orders' \
    '(.opening_units + .restocked_units + .returned_units) - (.written_off_units + .sold_units)
       == .on_hand_units_at_end' \
    '.refunds <= .charges and .charges - .refunds <= .completed' \
    '.events_published > .orders'
}

finish() {
  if ((failures > 0)); then
    to_do 'mend what failed above; again: ctest --preset release-tests -R replay'
    exit 1
  fi
  echo "as it has to be, on $orders"
  exit 0
}
