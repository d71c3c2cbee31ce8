#!/bin/bash
# Suite: trixie
# Title: The tests of the Python module pass with the Python of this system, on the module as it is installed
# Timeout: 600
python3 --version
export MODULE_DIR=/usr/lib/python3/dist-packages SITE=/usr/lib/memguard/python/sitecustomize.py PATIENCE=60 HOME=/tmp
tests=/payload/python/test_memguard.py
# One for each CPU: most of what they take is the start of one interpreter after another.
mapfile -t classes < <(sed -n 's/^class \(.*\)(Case):$/\1/p' "$tests")
halves=("" "")
for i in "${!classes[@]}"; do halves[i % 2]+=" ${classes[i]}"; done
# shellcheck disable=SC2086 # several words
python3 -B "$tests" ${halves[0]} >"$RESULTS/tests-1" 2>&1 &
# shellcheck disable=SC2086
python3 -B "$tests" ${halves[1]} >"$RESULTS/tests-2" 2>&1 || true
wait $! || true
cat "$RESULTS"/tests-?
for part in "$RESULTS"/tests-?; do
  tail -n 1 "$part" | grep -q '^OK' || fail "$(tail -n 1 "$part")"
done
