#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A bare Debian 12 in a folder, for the step `bare` of scripts/test.sh, which alone calls this:
#
#   bare.sh probe FOLDER             whether this machine allows the mounts that it takes
#   bare.sh create FOLDER            makes it: FOLDER/root, from FOLDER/sources.list if that has any
#   bare.sh run FOLDER COMMAND...    runs the command in it, in FOLDER/clone, beside ../shared
#
# Each is run by root in mount and process namespaces of its own (in_bare of test.sh): with the end
# of the command all mounts are gone, and whatever it left running.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh
trap 'exit 130' INT  # the first process of a namespace would be deaf to it otherwise
trap 'exit 143' TERM

# What is mounted here would stay mounted on the machine, if it were not the namespaces' own.
[[ $$ == 1 && ${1:-} =~ ^(probe|create|run)$ && -n ${2:-} ]] || {
  echo 'this is called by scripts/test.sh alone, in namespaces that end with it'
  to_do 'run scripts/test.sh bare'
  exit 2
}

readonly folder=$2 root=$2/root
readonly home=/root/invsaga  # the clone's, within

probe() {
  mkdir -p "$folder/probe"
  mount -t tmpfs tmpfs "$folder/probe"
  mkdir "$folder/probe/proc"
  mount -t proc proc "$folder/probe/proc"
  mount --bind /dev/null "$(mktemp -p "$folder/probe")"
}

# How apt of this machine reaches its mirrors (proxies, certificates, clocks), as options of apt.
ways_of_apt() {
  apt-config dump --format '%f "%v";%n' Acquire | grep -E '^Acquire::(Check-|Retries|https?)' || :
}

# What a new machine gets from where it stands: names of hosts, and whom to trust.
surroundings() {
  local file
  for file in etc/resolv.conf etc/hosts etc/ssl/certs/ca-certificates.crt; do
    [[ -s /$file ]] || continue
    mkdir -p "$root/$(dirname "$file")"
    cat "/$file" > "$root/$file"
  done
}

create() {
  local sources=()
  [[ ! -s $folder/sources.list ]] || sources=("$folder/sources.list")
  ways_of_apt > "$folder/apt.conf"
  mmdebstrap --variant=minbase --aptopt="$folder/apt.conf" bookworm "$root" "${sources[@]}"
  surroundings
  mkdir -p "$root$home"
}

# mount_devices: those that a program may want, and not the folder of this machine
mount_devices() {
  local device
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for device in null zero full random urandom tty; do
    : > "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  mkdir -m 1777 "$root/dev/shm"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s /proc/self/fd/0 "$root/dev/stdin"
  ln -s /proc/self/fd/1 "$root/dev/stdout"
  ln -s /proc/self/fd/2 "$root/dev/stderr"
}

run() {
  local name passed=()
  mount -t proc proc "$root/proc"
  mount_devices
  mkdir -p "$root$home/clone"
  mount --bind "$folder/clone" "$root$home/clone"
  if [[ -d ../shared ]]; then
    mkdir -p "$root$home/shared"
    mount --bind "$(realpath ../shared)" "$root$home/shared"
    mount -o remount,bind,ro "$root$home/shared"
  fi
  for name in CI http_proxy https_proxy no_proxy; do
    [[ -z ${!name:-} ]] || passed+=("$name=${!name}")
  done
  # shellcheck disable=SC2016  # expanded within
  chroot "$root" env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" "${passed[@]}" \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    bash -c 'cd "$1" && shift && exec "$@"' bash "$home/clone" "$@"
}

"$1" "${@:3}"
