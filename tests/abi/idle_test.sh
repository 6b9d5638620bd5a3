#!/usr/bin/env bash
# A program that links libgrok1.so and does nothing starts no thread, writes nothing, opens no file beyond the loader's
# own and changes no signal, locale or environment. idle_test.sh PROGRAM
set -euo pipefail
idle=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Whatever the test's caller left open is not the program's doing.
for descriptor in /proc/self/fd/*; do
  n=${descriptor##*/}
  [ "$n" -le 2 ] || [ "$n" -eq 255 ] || eval "exec $n>&-"
done

[[ $(readelf -d "$idle") == *NEEDED*libgrok1.so* ]] || { echo "$idle does not link libgrok1.so"; exit 1; }
env -i ONE=1 "$idle" report < /dev/null > "$work/out" 2> "$work/err"
printf 'threads 1\ndescriptors 3\nsignal handlers 0\nlocale C\nenvironment ONE=1\n' | diff -u - "$work/out"
(cd "$work" && env -i "$idle" < /dev/null > quiet 2>> err)
[ ! -s "$work/quiet" ] && [ ! -s "$work/err" ] || { echo "it wrote:"; cat "$work/quiet" "$work/err"; exit 1; }

if ! strace -o /dev/null true 2> /dev/null; then
  echo "strace does not work here: the system calls are not looked at"
  exit 0
fi
strace -f -o "$work/trace" env -i "$idle" < /dev/null
# From the moment that the program itself is executed: files other than shared libraries, and calls that change things.
sed -n '/execve(".*idle/,$p' "$work/trace" > "$work/own"
grep -q 'libgrok1' "$work/own" || { echo "the trace does not show the program"; exit 1; }
# The C++ runtime may ask for the size of a lock-free object's cache line; the loader reads its cache and the libraries.
opened=$(grep -E '\b(open|openat|creat)\(' "$work/own" | grep -v ENOENT | grep -vE '"[^"]*(/ld\.so\.(cache|preload)|\.so(\.[0-9.]+)?)"' || true)
[ -z "$opened" ] || { echo "it opened:"; echo "$opened"; exit 1; }
changed=$(grep -E '\b(write|writev|pwrite64|clone|clone3|fork|vfork|rt_sigaction|sigaltstack|socket|unlink|mkdir|chdir|umask|setrlimit)\(' "$work/own" || true)
[ -z "$changed" ] || { echo "it called:"; echo "$changed"; exit 1; }
