#!/usr/bin/env bash
# Builds a root filesystem that holds only what a plan names, moves into it and runs a command there.
#
#   emptyRoot.sh ROOT PLAN OUT COMMAND
#
# Runs as process 1 of new mount, pid, network and ipc namespaces, so that nothing done here is seen
# outside, and everything started here ends with this script. Writes a line to descriptor 3 as soon as
# the root is complete; until then what goes wrong is on standard error, afterwards the output is the
# command's. Standard input is a pipe from the caller, and when that closes, everything ends.
set -euo pipefail
shopt -s nullglob
PATH=/usr/sbin:/usr/bin:/sbin:/bin

root=$1 plan=$2 out=$3 command=$4

# Gives a mount its place: a folder for a folder, an empty file for anything else.
place() { # SOURCE TARGET
  if [ -d "$1" ]; then
    mkdir -p "$2"
  elif [ ! -e "$2" ]; then
    mkdir -p "${2%/*}"
    : >"$2"
  fi
}

# Shows something of this machine. Mounts below it come along, since a user namespace may not part
# them; the two flags have to be repeated there where the source has them, and never hurt.
show() { # SOURCE TARGET
  place "$1" "$root$2"
  mount --rbind -o ro,nosuid,nodev "$1" "$root$2"
}

# Shows something that can be written, or a device.
lend() { # SOURCE TARGET
  place "$1" "$root$2"
  mount --rbind "$1" "$root$2"
}

# The root itself is small and in memory: it holds places for mounts, links and a few lines of text.
mount -t tmpfs -o size=16m,mode=755 tmpfs "$root"
mkdir -p "$root"/{dev,etc,proc,sys,usr,old}
# Programs are in one folder, as on Fedora; scripts that name another find them all the same.
ln -s usr/bin "$root/bin"
ln -s usr/bin "$root/sbin"
ln -s bin "$root/usr/sbin"

while IFS=$'\t' read -r verb first second; do
  case $verb in
    show | lend) "$verb" "$first" "$second" ;;
    link) ln -s "$first" "$root$second" ;;
    text) printf '%b' "$first" >"$root$second" ;;
    # Covers what must not be there although its surroundings are.
    hide)
      if [ -d "$root$first" ]; then
        mount -t tmpfs -o ro,size=4k tmpfs "$root$first"
      else
        mount --bind /dev/null "$root$first"
      fi
      ;;
    *) echo "the plan has the unknown verb $verb" >&2 && exit 1 ;;
  esac
done <"$plan"
lend "$out" /out

for device in null zero full random urandom; do lend "/dev/$device" "/dev/$device"; done
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mkdir "$root/dev/shm"
# PyTorch's loader processes share their batches here.
mount -t tmpfs -o size=1g,mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
mount -t proc proc "$root/proc"
# PyTorch and libuv read the processors' number and limits there.
mount -t sysfs -o ro sysfs "$root/sys"

# From here on the machine's own filesystem is out of reach.
cd "$root"
pivot_root . old
hash -r
umount -l old
rmdir old
mount -o remount,bind,ro /

exec 4<&0
{
  read -r <&4 || true
  kill -KILL -1
} &
cd /root/repo
echo ready >&3
exec 3>&-
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root OUT=/out \
  bash -c "$command" </dev/null 2>&1 4<&- &
wait $!
