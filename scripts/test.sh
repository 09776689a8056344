#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Everything that is tested: scripts/test.sh [dev|tsan|fuzz|release|bare]..., all five if none is
# named. Installs the packages that are missing; goes on after a failure; ends with a table of what
# ran and what did not, and a line that counts. Exit status 0 only if nothing failed and, with
# CI=true, nothing was left out. FUZZ_SECONDS (20) is the time for each fuzz target.
#
# `bare` makes a bare Debian 12 in a folder and runs there, with nothing else installed,
# scripts/demo.sh and `scripts/test.sh smoke`: one small test of each preset, in a few minutes.
set -u
cd "$(dirname "$0")/.." || exit 2
. scripts/lib.sh

readonly fuzz_seconds=${FUZZ_SECONDS:-20}
readonly all_steps=(dev tsan fuzz release bare)
readonly logs=build/logs
readonly clang=clang++-19
readonly bare_log=$logs/bare.log
readonly bare_gigabytes=8  # more than the bare Debian takes, with all that is built in it
passed=0
failed=0
left_out=0
rows=()
reasons=()  # why something was left out
excuses=()  # what needs the real orders, and may be left out where they are not
bare=''     # the folder of the bare Debian, while there is one

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
  local suites='compile_fail|headers|layout|scripts|smoke|example|fuzz_corpus|replay|consumer'
  suites+='|benchmark'
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

# build STEP HOW PRESET: configures and builds, as far as it can
build() {
  local step=$1 how=$2 preset=$3 log=$logs/$1.build.log started=$SECONDS
  rm -f "$log"
  say "$step: building"
  if ! configure "$log" "$preset"; then
    broken "$step/build" "$how" $((SECONDS - started)) "not configured: $log"
    return 1
  fi
  if compile "$log" "$preset" -- -k 0; then
    row "$step/build" "$how" 1 0 0 $((SECONDS - started)) 'warnings are errors'
  else
    broken "$step/build" "$how" $((SECONDS - started)) "does not build as a whole: $log"
  fi
}

# tests STEP HOW PRESET: what the test preset of that name selects
tests() {
  local step=$1 how=$2 preset=$3 log=$logs/$1.test.log started=$SECONDS
  local junit=$PWD/$logs/$step.xml status=0 failed_before=$failed
  say "$step: testing"
  rm -f "$junit"
  quietly "$log" "mend what failed; one of them again: ctest --preset $preset -R NAME" \
    ctest --preset "$preset" --parallel "$(nproc)" --output-junit "$junit" || status=$?
  if ! grep -q '<testcase' "$junit" 2> /dev/null; then
    broken "$step/tests" "$how" $((SECONDS - started)) "no test was run: $log"
    return
  fi
  rows_of "$junit" "$step" "$how" $((SECONDS - started))
  ((status == 0 || failed > failed_before)) ||  # it failed for a reason that is no test's
    broken "$step/ctest" "$how" $((SECONDS - started)) "ended with $status: $log"
}

step_dev() {
  build dev 'g++ ASan UBSan' dev && tests dev 'g++ ASan UBSan' dev
}

step_tsan() {
  build tsan 'clang TSan' tsan && tests tsan 'clang TSan' tsan
}

step_release() {
  build release 'g++ optimised' release-tests && tests release 'g++ optimised' release-tests
}

step_fuzz() {
  local file
  build fuzz 'clang ASan UBSan' fuzz || return
  tests fuzz 'clang ASan UBSan' fuzz
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
  if quietly "$log" "mend it; the input that shows it is named above, and kept below $found" \
    "build/fuzz/fuzz/${subject}_fuzz" "${arguments[@]}" "$found/corpus" \
    "fuzz/corpus/$subject"; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    row "fuzz/$subject" 'libFuzzer ASan UBSan' 1 0 0 $((SECONDS - started)) "$runs inputs"
  else
    broken "fuzz/$subject" 'libFuzzer ASan UBSan' $((SECONDS - started)) "$log"
  fi
}

# Every preset there is, those included that come later: a little of each is built and run.
step_smoke() {
  local preset list=$logs/presets
  rm -f "$list"
  quietly "$list" 'have CMake 3.25 and a CMakePresets.json that it reads' \
    cmake --list-presets=configure
  sed -n 's/^ *"\([^"]*\)".*/\1/p' "$list" > "$list.names"
  [[ -s $list.names ]] || broken smoke/presets cmake 0 "no preset: $list"
  while read -r preset <&3; do
    smoke_one "$preset"
  done 3< "$list.names"
}

smoke_one() {
  local preset=$1 log=$logs/smoke.$1.log started=$SECONDS
  local target=(--target smoke) some=(-R '^smoke\.')
  # That one has no tests, being what users build: all of it, then, and its examples.
  [[ $preset != release ]] || { target=() && some=(); }
  say "smoke: $preset"
  if configure "$log" "$preset" && compile "$log" "$preset" "${target[@]}" &&
    quietly "$log" "mend what failed; again: ctest --preset $preset ${some[*]}" \
      ctest --preset "$preset" "${some[@]}"; then
    row "smoke/$preset" 'a little of each' 1 0 0 $((SECONDS - started)) ''
  else
    broken "smoke/$preset" 'a little of each' $((SECONDS - started)) "$log"
  fi
}

# in_bare WORD FOLDER ARGUMENT...: scripts/bare.sh, by root in namespaces that end with it
in_bare() {
  as_root env CI="${CI:-}" http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
    no_proxy="${no_proxy:-}" unshare --mount --propagation private --pid --fork --kill-child \
    bash scripts/bare.sh "$@"
}

# Where a system can stand: programs and devices work there, and there is room. Sets bare.
make_bare_folder() {
  local parent free
  for parent in "${TMPDIR:-/tmp}" "$PWD/build"; do
    [[ ! $(findmnt -no OPTIONS -T "$parent") =~ (^|,)no(exec|dev)(,|$) ]] || continue
    free=$(df --output=avail -B 1G "$parent" | tail -n 1)
    ((free >= bare_gigabytes)) || continue
    bare=$(mktemp -d "$(realpath -- "$parent")/invsaga-bare.XXXXXX") && chmod 755 "$bare" && return
  done
  return 1
}

# Nothing of ours is mounted outside the namespaces; should it be, nothing is removed.
remove_bare_folder() {
  [[ -n $bare ]] || return 0
  if findmnt -rno TARGET | grep -qF -- "$(realpath -- "$bare")/"; then
    echo "$bare is left as it is: something is mounted in it"
  else
    as_root rm -rf --one-file-system -- "$bare"
  fi
  bare=''
}

# Those of this machine, if it is a Debian 12 itself; else what mmdebstrap knows.
bare_sources() {
  ! { grep -qx ID=debian /etc/os-release && grep -qx VERSION_ID='"12"' /etc/os-release; } ||
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT) # $(ORIGIN)' \
      'Created-By: Packages' | sed -n 's/ # Debian$//p' | sort -u
}

step_bare() {
  local started=$SECONDS
  if ! command -v mmdebstrap > /dev/null; then
    not_run bare mmdebstrap 'mmdebstrap is not installed'
  elif ! as_root true >> "$bare_log" 2>&1; then
    not_run bare mmdebstrap "only root may mount, and there is no sudo"
  elif ! make_bare_folder; then
    not_run bare mmdebstrap "set TMPDIR: $bare_gigabytes GB, not noexec or nodev"
  elif ! in_bare probe "$bare" >> "$bare_log" 2>&1; then
    not_run bare mmdebstrap "this machine allows no mounts: $(tail -n 1 "$bare_log")"
  elif make_bare; then
    row bare/system mmdebstrap 1 0 0 $((SECONDS - started)) 'minbase'
    bare_demo
    bare_smoke
  else
    broken bare/system mmdebstrap $((SECONDS - started)) "$bare_log"
  fi
  remove_bare_folder
}

make_bare() {
  say "bare: a Debian 12 in $bare"
  [[ -z $(git status --porcelain) ]] || echo 'the last commit goes there, without what has changed'
  bare_sources > "$bare/sources.list"
  quietly "$bare_log" 'have git, and the project as a clone' \
    git clone --quiet --no-hardlinks . "$bare/clone" &&
    quietly "$bare_log" 'have a network, and working sources in /etc/apt; then again' \
      in_bare create "$bare"
}

bare_demo() {
  local started=$SECONDS
  say 'bare: scripts/demo.sh'
  if quietly "$bare_log" 'name what it misses in scripts/packages.txt (build), or mend that' \
    in_bare run "$bare" scripts/demo.sh && demo_reported; then
    row bare/demo 'bare Debian 12' 1 0 0 $((SECONDS - started)) "$(replay_note)"
  else
    broken bare/demo 'bare Debian 12' $((SECONDS - started)) "$bare_log"
  fi
}

# The command's report is there, with nothing wrong in it.
demo_reported() {
  grep -qE '\b0 violations in [0-9]' "$bare_log" || {
    echo 'the demo ended well, but without a report'
    to_do "have scripts/demo.sh print what the replay found: $bare_log"
    return 1
  }
}

bare_smoke() {
  local started=$SECONDS log=$logs/bare.smoke.log status=0 counts
  say 'bare: scripts/test.sh smoke'
  quietly "$log" 'name what it misses in scripts/packages.txt (test), or mend that' \
    in_bare run "$bare" scripts/test.sh smoke || status=$?
  counts=$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 0\4/p' "$log")
  if [[ $counts =~ ^([0-9]+)\ ([0-9]+)\ 0([0-9]*)$ ]] &&
    ((status == 0 || BASH_REMATCH[2] > 0)); then
    row bare/smoke 'bare Debian 12' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" \
      "${BASH_REMATCH[3]:-0}" $((SECONDS - started)) ''
  else
    broken bare/smoke 'bare Debian 12' $((SECONDS - started)) "$log"
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
  explained=yes  # by the table, and where it failed
}

main() {
  local step wanted=("$@")
  ((${#wanted[@]})) || wanted=("${all_steps[@]}")
  for step in "${wanted[@]}"; do
    [[ " ${all_steps[*]} smoke " == *" $step "* ]] || {
      echo "no such step: $step"
      to_do "name some of: ${all_steps[*]} smoke"
      exit 2
    }
  done
  mkdir -p "$logs"
  rm -f "$logs"/*
  install_packages build test || broken packages apt "$SECONDS" "$logs/packages.log"
  use_ccache
  for step in "${all_steps[@]}"; do
    if [[ " ${wanted[*]} " == *" $step "* ]]; then
      run_step "$step"
    elif [[ ${wanted[*]} != smoke ]]; then  # which is no part of the whole
      not_run "$step" '' 'not asked for'
    fi
  done
  [[ " ${wanted[*]} " != *' smoke '* ]] || step_smoke
  report
  ((failed == 0))
}

trap 'status=$?; remove_bare_folder; last_word "$status"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
main "$@"
