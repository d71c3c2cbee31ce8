/* The facts of common/facts.h, as they are on this host. Everything is looked for below ctl->root, also the sockets of
 * systemd. What can't be looked at stays unknown. */
#pragma once

#include "conf.h"
#include "ctl.h"
#include "facts.h"
#include "kernfs.h"

typedef struct CtlFacts {
        HostFacts host;
        UnitFacts unit;
        bool has_unit;
        PolicySet *policies; /* owned: unit.policy is its */
} CtlFacts;

void ctl_facts_done(CtlFacts *facts);

/* All there is to know; unit is NULL for the host only. Says why it can't: CTL_REFUSED, CTL_USAGE. */
CtlExit ctl_facts_gather(Ctl *ctl, const char *unit, CtlFacts *ret);

/* ctl-facts-host.c; bus may be NULL. */
void ctl_facts_kernel(const char *root, HostFacts *host);
void ctl_facts_systemd(sd_bus *bus, HostFacts *host);

/* ctl-facts-journald.c */
void ctl_facts_journald(const char *root, HostFacts *host);

/* ctl-facts-unit.c: -ENOENT when systemd knows no such unit. */
int ctl_facts_unit(sd_bus *bus, UnitFacts *unit);

/* ctl-facts-memory.c: what it has in memory now. */
void ctl_facts_memory(const char *root, UnitFacts *unit);

/* ctl-facts-past.c: what the daemon has learned of it, and what the journal remembers. */
void ctl_facts_learned(const Ctl *ctl, UnitFacts *unit);
void ctl_facts_history(const Ctl *ctl, UnitFacts *unit);
