#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From a fresh clone to the main job: installs the packages that are missing, builds the release,
# and replays orders through checkout sagas: the real ones if they are there, else the sample.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

install_packages build
use_ccache
log=build/logs/demo.log
rm -f "$log"
if [[ -x build/release/bin/invsaga ]]; then say 'building what has changed'; else say 'building'; fi
configure "$log" release
compile "$log" release --target invsaga

orders=$(orders_file)
if are_real "$orders"; then
  say "replaying the real orders: $orders"
else
  say "no real orders (../shared/data/*.csv.xz) here: replaying the sample $orders"
fi
openly 'see what it says above; build/release/bin/invsaga replay --help names the options' \
  build/release/bin/invsaga replay "$orders" "$@"
