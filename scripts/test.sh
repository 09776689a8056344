#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Everything that is tested: scripts/test.sh [dev|tsan|fuzz|release]..., all four if none is named.
# Installs the packages that are missing; goes on after a failure; ends with a table of what ran and
# what did not, and a line that counts. Exit status 0 only if nothing failed and, with CI=true,
# nothing was left out. FUZZ_SECONDS (20) is the time for each fuzz target.
set -u
cd "$(dirname "$0")/.." || exit 2
. scripts/lib.sh

readonly fuzz_seconds=${FUZZ_SECONDS:-20}
readonly all_steps=(dev tsan fuzz release)
readonly logs=build/logs
readonly clang=clang++-19
passed=0
failed=0
left_out=0
rows=()
reasons=()  # why something was left out
excuses=()  # what needs the real orders, and may be left out where they are not

# row SUITE HOW PASSED FAILED LEFT_OUT SECONDS NOTE: one line of the table, and into the sums
row() {
  rows+=("$(printf '%-22s %-22s %7s %7s %8s %8s  %s' "$@")")
  passed=$((passed + $3))
  failed=$((failed + $4))
  left_out=$((left_out + $5))
}

broken() { row "$1" "$2" 0 1 0 "$3" "$4"; }  # a suite that could not even be run

not_run() {  # not_run SUITE HOW REASON
  row "$1" "$2" 0 0 1 0 'not run'
  reasons+=("$1: $3")
}

# outcomes JUNIT: for each test a line "suite outcome name"; the suite is what stands before the
# first point of the name, all programs of GoogleTest being one. A test that skips itself is left
# out; it is excused if it says that it needs the real orders, which not every clone has beside it.
outcomes() {
  local suites='compile_fail|headers|layout|example|fuzz_corpus|replay|consumer|benchmark'
  SUITES=$suites perl -0777 -ne '
    while (/<testcase name="([^"]*)"[^>]*status="(\w+)"[^>]*?(\/>|>(.*?)<\/testcase>)/sg) {
      my ($name, $status, $body) = ($1, $2, $4 // "");
      my ($suite) = $name =~ /^($ENV{SUITES})\./;
      my $outcome = $status eq "run" ? "passed"
                  : $status eq "fail" || $name =~ /_NOT_BUILT$/ ? "failed"
                  : $body !~ /SKIP_(REGULAR_EXPRESSION|RETURN_CODE)/ ? "failed"
                  : $body =~ /real orders/ ? "excused" : "left_out";
      print(($suite // "tests"), " $outcome $name\n");
    }' "$1"
}

# rows_of JUNIT STEP HOW SECONDS: a row for each suite in the file, and a reason for each left out
rows_of() {
  local step=$2 how=$3 seconds=$4 suite note list=$logs/$2.outcomes
  outcomes "$1" > "$list"
  for suite in $(cut -d' ' -f1 "$list" | sort -u); do
    note=''
    [[ $suite != replay ]] || note=$(replay_note)
    row "$step/$suite" "$how" "$(grep -c "^$suite passed" "$list")" \
      "$(grep -c "^$suite failed" "$list")" "$(grep -c "^$suite left_out" "$list")" \
      "$seconds" "$note"
    seconds='"'  # for all suites of the step together
  done
  while read -r _ _ name; do
    reasons+=("$step: the test $name skipped itself")
  done < <(grep ' left_out ' "$list")
  while read -r _ _ name; do
    excuses+=("$step: $name")
  done < <(grep ' excused ' "$list")
}

replay_note() {
  local orders
  orders=$(orders_file)
  if are_real "$orders"; then echo 'the real orders'; else echo 'the sample: no real orders'; fi
}

# build STEP HOW BUILD_PRESET...: configures and builds, as far as it can
build() {
  local step=$1 how=$2 log=$logs/$1.build.log started=$SECONDS preset whole=yes
  shift 2
  rm -f "$log"
  say "$step: building"
  if ! quietly "$log" cmake --preset "$step"; then
    broken "$step/build" "$how" $((SECONDS - started)) "not configured: $log"
    return 1
  fi
  for preset in "$@"; do
    quietly "$log" cmake --build --preset "$preset" -- -k 0 || whole=no
  done
  if [[ $whole == yes ]]; then
    row "$step/build" "$how" 1 0 0 $((SECONDS - started)) 'warnings are errors'
  else
    broken "$step/build" "$how" $((SECONDS - started)) "does not build as a whole: $log"
  fi
}

# tests STEP HOW: what the test preset of that name selects
tests() {
  local step=$1 how=$2 junit=$PWD/$logs/$1.xml log=$logs/$1.test.log started=$SECONDS
  say "$step: testing"
  rm -f "$junit"
  quietly "$log" ctest --preset "$step" --parallel "$(nproc)" --output-junit "$junit"
  if [[ -s $junit ]]; then
    rows_of "$junit" "$step" "$how" $((SECONDS - started))
  else
    broken "$step/tests" "$how" $((SECONDS - started)) "no test was run: $log"
  fi
}

step_dev() {
  build dev 'g++ ASan UBSan' dev && tests dev 'g++ ASan UBSan'
}

step_tsan() {
  build tsan 'clang TSan' tsan && tests tsan 'clang TSan'
}

step_release() {
  build release 'g++ optimised' release release-tests && tests release 'g++ optimised'
}

step_fuzz() {
  local file
  build fuzz 'clang ASan UBSan' fuzz || return
  tests fuzz 'clang ASan UBSan'
  say "fuzz: $fuzz_seconds s for each target"
  for file in fuzz/*_fuzz.cpp; do
    [[ -e $file ]] || continue
    fuzz_one "$(basename "$file" _fuzz.cpp)"
  done
}

# fuzz_one SUBJECT: what it finds new is kept below build/, and a fault is a file named in the log
fuzz_one() {
  local subject=$1 log=$logs/fuzz.$1.log found=build/fuzz/found/$1 started=$SECONDS
  local runs arguments
  mkdir -p "$found/corpus"
  arguments=(-max_total_time="$fuzz_seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1
    -artifact_prefix="$found/")
  [[ ! -f fuzz/$subject.dict ]] || arguments+=(-dict="fuzz/$subject.dict")
  if quietly "$log" "build/fuzz/fuzz/${subject}_fuzz" "${arguments[@]}" "$found/corpus" \
    "fuzz/corpus/$subject"; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    row "fuzz/$subject" 'libFuzzer ASan UBSan' 1 0 0 $((SECONDS - started)) "$runs inputs"
  else
    broken "fuzz/$subject" 'libFuzzer ASan UBSan' $((SECONDS - started)) "$log"
  fi
}

run_step() {
  local step=$1
  case $step in
    tsan | fuzz)
      if ! command -v "$clang" > /dev/null; then
        not_run "$step" clang "$clang is not installed"
        return
      fi
      ;;
  esac
  "step_$step"
}

report() {
  local line
  printf '\n%-22s %-22s %7s %7s %8s %8s  %s\n' suite how passed failed 'left out' seconds note
  printf '%s\n' "${rows[@]}"
  printf '%s s in all\n' "$SECONDS"
  if ((${#excuses[@]})); then
    printf '\nwithout the real orders (../shared/data/*.csv.xz), and so not run:\n'
    printf '  %s\n' "${excuses[@]}"
    echo "  The sample $sample_orders was replayed instead."
  fi
  if ((${#reasons[@]})); then
    printf '\ndid not run:\n'
    printf '  %s\n' "${reasons[@]}"
  else
    printf '\nnothing was left out\n'
  fi
  if [[ ${CI:-} == true ]]; then
    failed=$((failed + left_out))  # with CI=true, what did not run has failed
    left_out=0
  fi
  line="$passed passed, $failed failed"
  ((left_out == 0)) || line+=", $left_out skipped"
  printf '\n%s\n' "$line"
}

main() {
  local step wanted=("$@")
  ((${#wanted[@]})) || wanted=("${all_steps[@]}")
  for step in "${wanted[@]}"; do
    [[ " ${all_steps[*]} " == *" $step "* ]] || { echo "no such step: $step" && exit 2; }
  done
  mkdir -p "$logs"
  rm -f "$logs"/*
  install_packages build test || broken packages apt "$SECONDS" "$logs/packages.log"
  use_ccache
  for step in "${all_steps[@]}"; do
    if [[ " ${wanted[*]} " == *" $step "* ]]; then
      run_step "$step"
    else
      not_run "$step" '' 'not asked for'
    fi
  done
  report
  ((failed == 0))
}

main "$@"
