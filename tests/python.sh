#!/usr/bin/env bash
# Runs a Python test with the interpreter of the tests' virtual environment, which tests/run.sh makes:
#
#   python.sh PYTHON SCRIPT ARGUMENTS...
#
# Exit status 77, which ctest takes as skipped, if there is no such interpreter or it lacks tests/requirements.txt.
set -euo pipefail
python=$1
shift
if ! [ -x "$python" ] || ! "$python" -c 'import gguf, numpy, safetensors' 2> /dev/null; then
  echo "skipped: $python with the packages of tests/requirements.txt is not there; tests/run.sh makes it"
  exit 77
fi
exec "$python" "$@"
