#!/bin/bash
# Suite: trixie
# Title: The tests of the Python module pass with the Python of this system, on the module as it is installed
# Timeout: 600
python3 --version
export MODULE_DIR=/usr/lib/python3/dist-packages SITE=/usr/lib/memguard/python/sitecustomize.py PATIENCE=60 HOME=/tmp
python3 -B /payload/python/test_memguard.py 2>&1 | tee "$RESULTS/tests" || true
tail -n 1 "$RESULTS/tests" | grep -q '^OK' || fail "$(tail -n 1 "$RESULTS/tests")"
