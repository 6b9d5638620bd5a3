# Words for the tests of the grok1 command; sourced by each of them, which are called with the program, the folder of the
# golden cases and a device. A test works in a folder of its own and ends at the first thing that is not as it should be.
set -eu
grok1=$1
data=$2
device=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# exits CODE COMMAND...: the command ends with CODE; its stdout is left in $work/out, its stderr in $work/err.
exits() {
  wanted=$1
  shift
  code=0
  "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
  [ "$code" -eq "$wanted" ] || die "$* ended with $code, not $wanted: $(cat "$work/err")"
}

# says TEXT: the last command's stderr contains it.
says() {
  grep -qF -- "$1" "$work/err" || die "\"$1\" was expected on stderr: $(cat "$work/err")"
}

# prints TEXT: the last command's stdout contains it.
prints() {
  grep -qF -- "$1" "$work/out" || die "\"$1\" was expected on stdout: $(cat "$work/out")"
}

silent() {
  [ ! -s "$work/out" ] || die "nothing was expected on stdout: $(head -c 300 "$work/out")"
}

size_of() { stat -c %s "$1"; }

# The token ids of a golden case, and a number of its case.json.
case_tokens() { sed -n '/"tokens"/,/\]/p' "$data/$1/case.json" | grep -o '[0-9][0-9]*' | tr '\n' ' '; }
case_number() { sed -n "s/.*\"$2\": \\([0-9.e+-]*\\).*/\\1/p" "$data/$1/case.json"; }

# rms A B: root of the mean square difference of two float32 files.
rms() {
  od -v -An -tf4 -w4 "$1" >"$work/rms.a"
  od -v -An -tf4 -w4 "$2" >"$work/rms.b"
  paste "$work/rms.a" "$work/rms.b" | awk '{ s += ($1 - $2) ^ 2 } END { printf "%.12g\n", sqrt(s / NR) }'
}

# below A B: is A a number smaller than B?
below() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a == a + 0 && a < b) }'; }
