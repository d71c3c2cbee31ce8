#!/bin/bash
# Suite: trixie
# Title: Every mistake is told with its line; a reload with mistakes keeps the running policy, and a start runs the other files
guard_policy good <<'POLICY'
[Match]
Unit=policy.service
[Policy]
Mode=act
[Rung restart]
Usage=85%
Action=restart
POLICY
start_service policy MemoryMax=100M -- idle.py --size 10
memguardctl check || fail "check refused a good policy"

bad=/etc/memguard/policy.d/zz-bad.conf
echo $bad >>"$CASE_STATE/policies"
printf '[Match]\nUnit=policy.service\n[Policy]\nMode=perhaps\n[Rung restart]\nUsage=120%%\nAction=explode\n' >$bad
chmod 644 $bad
status=0
memguardctl check >"$RESULTS/check" 2>&1 || status=$?
same "exit status of check" 1 $status
for line in 4 6 7; do
  grep -q "zz-bad.conf:$line:" "$RESULTS/check" || fail "check does not name line $line: $(cat "$RESULTS/check")"
done
status=0
memguardctl reload || status=$?
same "exit status of reload" 1 $status
systemctl reload "$GUARD" && fail "systemctl reload took a policy with mistakes"
memguardctl policy policy | grep -q 85% || fail "the running policy was not kept"
systemctl restart "$GUARD"
memguardctl policy policy | grep -q 85% || fail "a start with one bad file did not run the good one"

printf '[Match]\nUnit=policy.service\n[Policy]\nMode=observe\n' >$bad
chmod 666 $bad
memguardctl check && fail "a file that anybody can write was taken"
rm $bad
memguardctl reload
