# SPDX-License-Identifier: Apache-2.0
#
# What demo.sh and test.sh share. Sourced by them from the project's folder.

say() { printf '\n== %s\n' "$*"; }

# quietly LOG COMMAND...: what the command prints goes to the log; its end is shown if it fails.
quietly() {
  local log=$1 status
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >> "$log" 2>&1
  status=$?
  if ((status != 0)); then
    printf 'failed (%s): %s\n' "$status" "$*"
    # A compiler's errors stand far above the end of a long build.
    grep -nE 'error:|CMake Error|FAILED:|undefined reference' "$log" | tail -n 30
    printf -- '-- the end of %s:\n' "$log"
    tail -n 40 "$log"
  fi
  return "$status"
}

as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi
}

# missing_packages KIND...: those of scripts/packages.txt of these kinds that are not installed.
missing_packages() {
  local kind package
  while read -r kind package; do
    [[ " $* " == *" $kind "* ]] || continue
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null) == installed ]] ||
      printf '%s\n' "$package"
  done < <(grep -v '^#' scripts/packages.txt)
}

# install_packages KIND...: installs what is missing, and says nothing if nothing is.
install_packages() {
  local missing
  if ! command -v dpkg-query apt-get > /dev/null; then
    echo "not a Debian: have what scripts/packages.txt names installed"
    return 0
  fi
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  quietly build/logs/packages.log as_root apt-get update &&
    quietly build/logs/packages.log as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends "${missing[@]}"
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
