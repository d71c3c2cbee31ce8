# shellcheck shell=bash
# Alive and at a standstill at a limit; and what only looks like it.
begin='echo "main $$" >>$PIDS; echo ready >>$PIDS; exec /usr/bin/python3 -u '$SERVICES

slice_file "inc$ROUND-wall" MemoryHigh=40M
incident stall-high "limit-stall - survived main /system.slice/inc$ROUND-stall-high.service" 'held at its own MemoryHigh=' \
  MemoryHigh=40M -- sh -c "$begin/stall.py --size 60"
incident stall-slice "limit-stall - survived main /inc$ROUND.slice/inc$ROUND-wall.slice" "held at its slice's MemoryHigh=" \
  Slice="inc$ROUND-wall.slice" -- sh -c "$begin/stall.py --size 60"
incident stall-cache none 'page cache fills MemoryHigh= at full speed' MemoryHigh=40M -- \
  sh -c "$begin/stream.py --file /var/tmp/stall-cache.data --size 80 --rate 20"
