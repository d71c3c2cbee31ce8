#!/bin/bash
# Suite: bookworm
# Title: The same with a leaker that is to be avoided: others are asked first, nobody is ended in vain, it goes last and cleanly
# Timeout: 900
avoid=yes
# shellcheck source=host.sh
. /payload/cases/host.sh
