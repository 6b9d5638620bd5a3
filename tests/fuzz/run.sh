#!/usr/bin/env bash
# Runs one fuzz target for a minute, or GROK1_FUZZ_SECONDS: BUILD NAME SEED...; 77 if BUILD has no such target. What it
# finds new is kept in BUILD/corpus/NAME for the next time; an input that fails lies in BUILD/found.
set -euo pipefail
build=$1 name=$2
shift 2
program=$build/tests/fuzz_$name
if [ ! -x "$program" ]; then
  echo "skipped: $program is not there; tests/run.sh builds it"
  exit 77
fi
corpus=$build/corpus/$name
mkdir -p "$corpus" "$build/found"
cp -n "$@" "$corpus"
exec "$program" -max_total_time="${GROK1_FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
  -print_final_stats=1 -verbosity=0 -artifact_prefix="$build/found/$name-" "$corpus"
