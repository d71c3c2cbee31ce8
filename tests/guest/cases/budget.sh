#!/bin/bash
# Suite: bookworm
# Title: A budget of 2 restarts in 10 minutes is spent, then withheld with an alert, also after the daemon was restarted
# Timeout: 180
guard_policy budget <<'POLICY'
[Match]
Unit=budget.service
[Policy]
Mode=act
RestartBudget=2/10min
[Rung restart]
Usage=80%
Action=restart
POLICY
# It leaks up to 90 % and then holds, so that nothing but the guard would end it.
start_service budget MemoryMax=100M -- leak.py --rate 30 --until 78
two_restarts() { [ "$(count_records budget MEMGUARD_ACTION=restart MEMGUARD_RESULT=done)" -eq 2 ]; }
wait_for 90 two_restarts
wait_for 60 has_record budget MEMGUARD_REASON=budget
same "the alert's priority" 3 "$(records budget MEMGUARD_REASON=budget | field PRIORITY | head -n 1)"
same "runs" 3 "$(runs budget)"

systemctl restart "$GUARD"
sleep 8
same "restarts after the daemon's own restart" 2 "$(count_records budget MEMGUARD_ACTION=restart MEMGUARD_RESULT=done)"
at_least "alerts" 2 "$(count_records budget MEMGUARD_REASON=budget)"
same "runs" 3 "$(runs budget)"
systemctl is-active --quiet budget || fail "the service does not run"
no_oom_kill
