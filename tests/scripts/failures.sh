#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# No script of ours fails without a word: failures.sh ROOT PART. In a copy of the scripts, where
# every command that they need from outside is a stand-in, one of them at a time is broken; the
# script has to fail, to show what the command said last, and to say after it what to do.
set -u
root=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/main
said=$work/said
failures=0
tried=0

complain() {  # complain WHAT WHY
  printf 'FAILED %s: %s\n' "$1" "$2"
  sed 's/^/    /' "$said"
  failures=$((failures + 1))
}

# stand_in COMMAND: does as asked, unless it is asked for what BROKEN holds: then it says two lines
# and fails. It can do nothing but what is here.
stand_in() {
  cat > "$work/bin/$1" << 'END'
#!/bin/bash
call="$(basename "$0") $*"
if [[ -n $BROKEN && $call == *"$BROKEN"* ]]; then
  echo 'first of the last words'
  echo 'last of the last words' >&2
  exit 3
fi
case $call in
  dpkg-query*) sed -n "s/^[a-z]* /installed /p" scripts/packages.txt | grep -v "$MISSING" ;;
  id*) echo "${USER_ID:-0}" ;;
  cmake*--list-presets*) printf '  "%s" - a preset\n' dev release ;;
  ctest*--output-junit*)
    if [[ -n $MUTE ]]; then echo '<testsuite tests="0"/>'; else
      echo '<testcase name="a.b" status="run"/>'
    fi > "${call##* }" ;;
  git*clone*) mkdir -p "${call##* }" ;;
  unshare*"run "*smoke) echo '5 passed, 0 failed' ;;
  unshare*"run "*demo.sh) [[ -n $MUTE ]] || echo '0 violations in 5 operations' ;;
esac
exit 0
END
  chmod +x "$work/bin/$1"
}

# The scripts, and a PATH of what they may use: tools that every Debian has, and the stand-ins.
plant() {
  local tool
  mkdir -p "$tree"/{fuzz,examples/data} "$work/bin"
  cp -r "$root/scripts" "$root/.ci" "$tree"
  touch "$tree/fuzz/a_fuzz.cpp"
  for tool in bash basename cat chmod cut date dirname env grep head ls mkdir mktemp mv nproc perl \
    realpath rm sed sort tail touch tr; do
    ln -s "$(command -v "$tool")" "$work/bin/$tool"
  done
  for tool in cmake ctest apt-get apt-config dpkg-query id git unshare mmdebstrap findmnt \
    clang++-19; do
    stand_in "$tool"
  done
  printf '#!/bin/sh\necho Avail\necho 99\n' > "$work/bin/df"
  chmod +x "$work/bin/df"
  mkdir -p "$tree/build/release/bin" "$tree/build/fuzz/fuzz"
  cp "$work/bin/cmake" "$tree/build/release/bin/invsaga"
  cp "$work/bin/cmake" "$tree/build/fuzz/fuzz/a_fuzz"
}

run() {  # run COMMAND...: in the tree, with nothing but the PATH of it; keeps what was said
  (cd "$tree" && env -i PATH="$work/bin" TMPDIR="$work" HOME="$work" BROKEN="${BROKEN:-}" \
    MISSING="${MISSING:-nothing}" MUTE="${MUTE:-}" USER_ID="${USER_ID:-}" "$@" \
    > "$said" 2>&1 < /dev/null)
}

well() {  # well COMMAND...: with nothing broken it succeeds, and speaks of no failure
  tried=$((tried + 1))
  BROKEN='' run "$@" || complain "$*" "ended with $?, though nothing is broken"
  ! grep -qE '^(what to do|failed)' "$said" || complain "$*" 'speaks of a failure'
}

# told WHAT WORDS: what was said shows the words, and after them what to do.
told() {
  awk -v words="$2" 'index($0, words) { shown = 1 } shown && /^what to do: ./ { told = 1 }
    END { exit !(shown && told) }' "$said" || complain "$1" "does not show '$2' and then what to do"
}

# broken CALL COMMAND...: with CALL failing, the command fails and tells
broken() {
  local call=$1
  shift
  tried=$((tried + 1))
  ! BROKEN=$call run "$@" || complain "$* (broken: $call)" 'succeeds'
  told "$* (broken: $call)" 'last of the last words'
}

# script LINE...: a script of ours with these lines, run by bash
script() {
  printf '%s\n' "${@:2}" > "$tree/scripts/tried.sh"
  tried=$((tried + 1))
  ! run bash scripts/tried.sh || complain "${*:2}" 'succeeds'
  told "${*:2}" "$1"
}

# ends_with_its_script COMMAND: whoever ends a script ends what it runs openly, and the script fails
# also if the command took the signal well.
ends_with_its_script() {
  local pid
  tried=$((tried + 1))
  rm -f "$tree/child"
  printf '%s\n' 'set -eu' '. scripts/lib.sh' \
    "openly 'a remedy' bash -c \"$1\"" > "$tree/scripts/tried.sh"
  (cd "$tree" && exec env -i PATH="$work/bin" bash scripts/tried.sh > "$said" 2>&1) &
  pid=$!
  until [[ -s $tree/child ]]; do sleep 0.1; done
  kill -TERM "$pid"
  ! wait "$pid" || complain openly 'succeeds, though it was ended'
  ! kill -0 "$(cat "$tree/child")" 2> /dev/null || complain openly 'leaves its command behind'
  told openly 'failed (143)'
}

part_lib() {
  local options
  for options in 'set -eu' 'set -u' 'set -euo pipefail' 'set +e'; do
    script 'last words' "$options" '. scripts/lib.sh' \
      'quietly build/a.log "a remedy" bash -c "echo last words; exit 3" || exit' 'exit 0'
    script 'last words' "$options" '. scripts/lib.sh' \
      'openly "a remedy" bash -c "echo last words; exit 3" || exit' 'exit 0'
    script 'line 3' "$options" '. scripts/lib.sh' 'grep -q b <<< a' exit
    script 'ended with status 7' "$options" '. scripts/lib.sh' 'exit 7'
  done
  # The one that was mute: what ends the script is `set -e` itself.
  for options in 'set -e' 'set -eu' 'set -euo pipefail'; do
    script 'last words' "$options" '. scripts/lib.sh' \
      'quietly build/a.log "a remedy" bash -c "echo last words; exit 3"'
    script 'last words' "$options" '. scripts/lib.sh' \
      'openly "a remedy" bash -c "echo last words; exit 3"'
    script 'line 3' "$options" '. scripts/lib.sh' 'f() { grep -q b <<< a; }; x=$(f)'
  done
  ends_with_its_script 'echo \$\$ > child; exec tail -f /dev/null'
  ends_with_its_script \
    'trap \"exit 0\" TERM; echo \$\$ > child; while :; do tail -n 0 /dev/null; done'
  script 'no_such_variable' 'set -u' '. scripts/lib.sh' ': "$no_such_variable"'
  script 'no_such_command' 'set -e' '. scripts/lib.sh' 'no_such_command'
}

part_demo() {
  well scripts/demo.sh
  MISSING=fmt well scripts/demo.sh
  broken dpkg-query scripts/demo.sh
  MISSING=fmt broken 'apt-get update' scripts/demo.sh
  MISSING=fmt broken 'apt-get install' scripts/demo.sh
  grep -q 'apt-get install libfmt-dev' "$said" || complain demo 'does not name the package'
  broken 'cmake --preset release' scripts/demo.sh
  broken 'cmake --build --preset release' scripts/demo.sh
  broken 'invsaga replay' scripts/demo.sh
  tried=$((tried + 1))
  ! USER_ID=1000 MISSING=fmt run scripts/demo.sh || complain demo 'installs, and is not root'
  told 'demo by a user without sudo' 'there is no sudo'
  mv "$tree/scripts/packages.txt" "$work/packages.txt"
  tried=$((tried + 1))
  ! run scripts/demo.sh || complain demo 'succeeds without scripts/packages.txt'
  told 'demo without its list' 'packages.txt'
}

part_steps() {
  local step preset
  for step in dev tsan fuzz release; do
    preset=${step/release/release-tests}
    well scripts/test.sh "$step"
    broken "cmake --preset $preset" scripts/test.sh "$step"
    broken "cmake --build --preset $preset" scripts/test.sh "$step"
    broken "ctest --preset $preset" scripts/test.sh "$step"
  done
  tried=$((tried + 1))
  ! MUTE=yes run scripts/test.sh dev || complain 'dev without a test' 'succeeds'
  grep -q 'dev/tests .* 0  *1  *0 .*no test was run' "$said" ||
    complain 'dev without a test' 'does not say that none was run'
  broken a_fuzz scripts/test.sh fuzz
  broken dpkg-query scripts/test.sh dev
  MISSING=fmt broken 'apt-get update' scripts/test.sh dev
  MISSING=clang-19 broken 'apt-get install' scripts/test.sh dev
  well .ci/run
  broken 'cmake --preset tsan' .ci/run
  tried=$((tried + 1))
  ! run scripts/test.sh no_such_step || complain 'no such step' 'succeeds'
  told 'no such step' 'no_such_step'
}

part_smoke() {
  well scripts/test.sh smoke
  grep -qx '2 passed, 0 failed' "$said" || complain smoke 'does not try each preset'
  broken 'cmake --list-presets' scripts/test.sh smoke
  broken 'cmake --preset release' scripts/test.sh smoke
  broken 'cmake --build --preset dev' scripts/test.sh smoke
  broken 'ctest --preset dev' scripts/test.sh smoke
}

# left_out WHAT CI STATUS: `bare` could not be run
left_out() {
  local status=0
  tried=$((tried + 1))
  run env "CI=$2" scripts/test.sh bare || status=$?
  ((status == $3)) || complain "bare: $1, CI=$2" "ended with $status"
  grep -q "bare: .*$1" "$said" || complain "bare: $1, CI=$2" 'does not say why it did not run'
}

# On the machine itself it mounts nothing, whatever it is asked for.
bare_by_hand() {
  local command
  for command in 'run folder true' 'probe folder' 'mount folder' ''; do
    tried=$((tried + 1))
    # shellcheck disable=SC2086  # words
    ! run bash scripts/bare.sh $command || complain "bare.sh $command" 'succeeds'
    told "bare.sh $command" 'called by scripts/test.sh alone'
  done
}

part_bare() {
  well scripts/test.sh bare
  grep -q 'bare/demo .* 1  *0  *0 ' "$said" || complain bare 'has no row of the demo'
  grep -q 'bare/smoke .* 5  *0  *0 ' "$said" || complain bare 'has no row of the smoke test'
  broken 'git clone' scripts/test.sh bare
  broken 'bare.sh create' scripts/test.sh bare
  broken 'scripts/demo.sh' scripts/test.sh bare
  broken 'scripts/test.sh smoke' scripts/test.sh bare
  tried=$((tried + 1))
  ! MUTE=yes run scripts/test.sh bare || complain 'bare: a demo that reports nothing' 'succeeds'
  told 'bare: a demo that reports nothing' 'without a report'
  BROKEN='bare.sh probe' left_out 'allows no mounts' false 0
  # With CI=true, the four other steps would count as failed too: so the whole is asked for.
  tried=$((tried + 1))
  ! BROKEN='bare.sh probe' run .ci/run || complain .ci/run 'succeeds without mounts'
  grep -qx '9 passed, 1 failed' "$said" || complain .ci/run 'does not count bare as failed, alone'
  bare_by_hand
  rm "$work/bin/mmdebstrap"
  left_out 'mmdebstrap is not installed' false 0
  ! BROKEN='' run .ci/run || complain .ci/run 'succeeds without mmdebstrap'
  grep -qx '9 passed, 1 failed' "$said" || complain .ci/run 'does not count bare as failed, alone'
  ! ls -d "$work"/invsaga-bare.* 2> /dev/null || complain bare 'leaves its folder behind'
}

# python_tells WORDS COMMAND...: it fails with these words and no traceback
python_tells() {
  local words=$1
  shift
  tried=$((tried + 1))
  ! run "$@" || complain "$*" 'succeeds'
  told "$*" "$words"
  ! grep -q Traceback "$said" || complain "$*" 'shows a traceback'
}

part_python() {
  # The interpreter itself: what is named python3 may be a script that picks one.
  printf '#!/bin/bash\nexec "%s" "$@"\n' "$(python3 -c 'import sys; print(sys.executable)')" \
    > "$work/bin/python3"
  chmod +x "$work/bin/python3"
  mkdir -p "$tree/docs" "$tree/tests/mutants"
  cp "$root/docs/mutants.md" "$tree/docs"
  cp "$root"/tests/mutants/[a-b]*.patch "$tree/tests/mutants"
  python_tells no/such/folder scripts/make_sample_orders.py no/such/folder/x
  python_tells no_such_file scripts/make_sample_orders.py --check no_such_file
  BROKEN='git clone' python_tells 'last of the last words' scripts/mutants.py
  BROKEN='git clone' python_tells 'last of the last words' scripts/random_mutants.py
  rm "$work/bin/git"
  python_tells git scripts/mutants.py
}

plant
"part_$2"
((tried > 0)) || complain "$2" 'tried nothing'
((failures == 0)) || exit 1
echo "$2: each of $tried said what it had to"
