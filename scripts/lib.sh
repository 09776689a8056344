# SPDX-License-Identifier: Apache-2.0
#
# What our scripts share. Sourced by them from the project's folder. No script that sources this
# fails without a word, under `set -e` or not: what was run by `quietly` or `openly` says what to
# do, and of whatever else ended the script `last_word` says where it stood.

explained=no  # yes: why the script is about to fail has been said
failed_at=''  # the last command that failed, and where it stands
set -E        # functions tell too
trap 'failed_at="${BASH_SOURCE[0]}, line $LINENO: $BASH_COMMAND"' ERR
trap 'last_word $?' EXIT

say() { printf '\n== %s\n' "$*"; }

to_do() {  # to_do REMEDY: the last line about a failure
  printf 'what to do: %s\n' "$1"
  explained=yes
}

# last_word STATUS: at the end of the script, where it fails for a reason that nobody has told.
last_word() {
  ((${1:-1} == 0)) || [[ $explained == yes ]] || {
    printf '\n%s ended with status %s%s\n' "$0" "$1" "${failed_at:+ after $failed_at}"
    to_do "mend what is named above, then run it again (bash -x $0 shows each command)"
  } >&2
}

# quietly LOG REMEDY COMMAND...: what the command prints goes to the log; if it fails, the end of
# the log is shown, and the remedy.
quietly() {
  local log=$1 remedy=$2 status=0
  shift 2
  mkdir -p "$(dirname "$log")"
  "$@" >> "$log" 2>&1 || status=$?  # so that `set -e` does not end the script here, mute
  if ((status != 0)); then
    printf 'failed (%s): %s\n' "$status" "$*"
    # A compiler's errors stand far above the end of a long build.
    { grep -nE 'error:|CMake Error|FAILED:|undefined reference' "$log" || :; } | tail -n 30
    printf -- '-- the end of %s:\n' "$log"
    tail -n 40 "$log"
    to_do "$remedy"
  fi
  return "$status"
}

# openly REMEDY COMMAND...: what the command prints is seen; the remedy follows if it fails. Whoever
# ends this script ends the command with it.
openly() {
  local remedy=$1 status=0 child='' stopped=''
  shift
  trap 'stopped=143; [[ -z $child ]] || kill "$child" 2> /dev/null || :' INT TERM
  "$@" <&0 &
  child=$!
  [[ -z $stopped ]] || kill "$child" 2> /dev/null || :
  wait "$child" || status=$?
  while kill -0 "$child" 2> /dev/null; do  # a signal came first
    status=0
    wait "$child" || status=$?
  done
  ((status != 0)) || status=${stopped:-0}  # also if it took the signal well
  trap - INT TERM
  if ((status != 0)); then
    printf 'failed (%s): %s\n' "$status" "$*"
    to_do "$remedy"
  fi
  return "$status"
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    echo "only root may run this, and there is no sudo: $*"
    return 1
  fi
}

# missing_packages KIND...: those of scripts/packages.txt of these kinds that are not among the
# installed ones, which are read from stdin.
missing_packages() {
  local kind package installed
  installed=$(cat)
  while read -r kind package; do
    [[ " $* " == *" $kind "* ]] || continue
    grep -qxF "installed $package" <<< "$installed" || printf '%s\n' "$package"
  done < scripts/packages.txt
}

# install_packages KIND...: installs what is missing, and says nothing if nothing is.
install_packages() {
  local log=build/logs/packages.log listed=build/logs/packages.installed missing
  if ! { command -v dpkg-query && command -v apt-get; } > /dev/null; then
    echo "not a Debian: have what scripts/packages.txt names installed"
    return 0
  fi
  rm -f "$log" "$listed"
  quietly "$listed" 'mend the database of packages: dpkg --audit says how' \
    dpkg-query -W -f='${db:Status-Status} ${Package}\n' || return
  missing=$(missing_packages "$@" < "$listed") || return
  [[ -n $missing ]] || return 0
  # shellcheck disable=SC2086  # packages are words
  set -- $missing
  say "installing $*"
  quietly "$log" 'be root or have sudo, a network, and working sources in /etc/apt; then again' \
    as_root apt-get update || return
  quietly "$log" "see that 'apt-get install $*' works on this Debian 12; then again" \
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

configure() {  # configure LOG PRESET
  quietly "$1" "install what it misses (scripts/packages.txt), or remove build/$2 if it comes from \
another folder; then again: cmake --preset $2" cmake --preset "$2"
}

compile() {  # compile LOG PRESET ARGUMENT...: of cmake --build
  local log=$1 preset=$2
  shift 2
  quietly "$log" "mend the first error of $log; then again: cmake --build --preset $preset" \
    cmake --build --preset "$preset" "$@"
}

# Objects that were compiled before are taken from ccache, where there is one.
use_ccache() {
  ! command -v ccache > /dev/null || export CMAKE_CXX_COMPILER_LAUNCHER=ccache
}

readonly sample_orders=examples/data/sample_orders.csv

# The real orders beside the project, if they are there; else the sample that comes with it.
orders_file() {
  local file
  for file in ../shared/data/*.csv.xz; do
    [[ -f $file ]] && printf '%s\n' "$file" && return
  done
  printf '%s\n' "$sample_orders"
}

# are_real ORDERS: they are not the sample.
are_real() { [[ $1 != "$sample_orders" ]]; }
