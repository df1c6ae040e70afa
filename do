#!/bin/sh
# One command does it all on a machine with only git and Python 3.11+ (venv, pip): ./do demo, ./do test, ./do RECIPE.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")"

python="" # the environment's own first: another path to the same Python would make uv build it anew each time
for name in "${TORNI_PYTHON:-}" .venv/bin/python python3.13 python3.12 python3.11 python3 python; do
  if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 &&
    "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
    python=$(command -v "$name")
    break
  fi
done
if [ -z "$python" ]; then
  echo "Torni needs Python 3.11, 3.12 or 3.13 with venv and pip. Install it, or name it: TORNI_PYTHON=/path/to/python ./do ${1:-demo}" >&2
  exit 2
fi

if [ ! -x .uv/bin/uv ]; then
  echo "Setting up, once: the environment is made from uv.lock into .venv" >&2
  "$python" -m venv .uv
  .uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==0.13.9"
fi
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1

what=${1:-demo}
[ $# -gt 0 ] && shift
case "$what" in
  demo | serve | torni)
    .uv/bin/uv sync --quiet --locked --inexact --no-dev --python "$python"
    [ "$what" = torni ] && exec .venv/bin/torni "$@"
    exec .venv/bin/torni "$what" "$@"
    ;;
  *)
    .uv/bin/uv sync --quiet --locked --python "$python"
    PATH="$PWD/.venv/bin:$PWD/.uv/bin:$PATH" exec .venv/bin/just "$what" "$@"
    ;;
esac
