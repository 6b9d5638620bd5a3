#!/usr/bin/env bash
# Installs the Debian packages named on the command line, those that are missing, as root or through sudo. Does nothing,
# and asks for nothing, when all are there.
set -euo pipefail
missing=()
for package in "$@"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=(env DEBIAN_FRONTEND=noninteractive)
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "these Debian packages are missing; as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo "${as_root[@]}")
fi
install() { "${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "== installing Debian packages (once): ${missing[*]}"
if ! install > "$log" 2>&1; then # the package lists are missing or old
  "${as_root[@]}" apt-get update -q > "$log" 2>&1 && install > "$log" 2>&1 || {
    tail -n 20 "$log" >&2
    exit 1
  }
fi
