#!/bin/sh
# The demonstration of a small region in a record room of its own, which is thrown away.
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
chmod 755 "$room" # the record room's server runs as an ordinary user
TORNI_DATA="$room" torni demo --no-serve --residents 2000
TORNI_DATA="$room" torni verify
