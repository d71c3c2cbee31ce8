#!/bin/bash
# Suite: bookworm
# Title: The same with 512 MiB of swap: the leak is ended before the host lives in its swap
# Timeout: 900
swap=512
# shellcheck source=host.sh
. /payload/cases/host.sh
