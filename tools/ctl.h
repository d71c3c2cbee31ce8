/* memguardctl: what its files share. */
#pragma once

#include <jansson.h>
#include <systemd/sd-bus.h>

#include "util.h"

#define CTL_POLICIES_MAX 64
#define CTL_SOCKET "/run/memguard/private"

/* Exit statuses; part of the contract. */
typedef enum CtlExit {
        CTL_DONE,
        CTL_REFUSED, /* or found wrong */
        CTL_USAGE,
        CTL_NO_DAEMON,
        _CTL_EXIT_MAX,
        _CTL_EXIT_INVALID = -EINVAL,
} CtlExit;

typedef struct Ctl {
        bool json;
        bool host; /* policy: the host's */
        bool remove, dry; /* instrument: take it back; only show it */
        const char *socket;
        const char *root; /* check: where policy.d is looked for; doctor, advise, instrument: everything */
        const char *since, *unit, *verdict; /* history: which incidents; NULL = all */
        const char *directory; /* history, explain: of the journal; NULL = the host's */
        const char *policies[CTL_POLICIES_MAX]; /* simulate: in this order; none = the installed ones */
        unsigned n_policies;
        bool flight, replay; /* simulate */
        sd_bus *bus;      /* NULL until the first call */
} Ctl;

/* arguments: what stands after the verb, NULL-terminated, of a number that the verb's row allows. */
typedef CtlExit (*ctl_verb_t)(Ctl *ctl, char **arguments);

CtlExit ctl_status(Ctl *ctl, char **arguments);
CtlExit ctl_list(Ctl *ctl, char **arguments);
CtlExit ctl_policy(Ctl *ctl, char **arguments);
CtlExit ctl_advise(Ctl *ctl, char **arguments);
CtlExit ctl_doctor(Ctl *ctl, char **arguments);
CtlExit ctl_check(Ctl *ctl, char **arguments);
CtlExit ctl_history(Ctl *ctl, char **arguments);
CtlExit ctl_explain(Ctl *ctl, char **arguments);
CtlExit ctl_watch(Ctl *ctl, char **arguments);
CtlExit ctl_simulate(Ctl *ctl, char **arguments);
CtlExit ctl_flight(Ctl *ctl, char **arguments);
CtlExit ctl_drill(Ctl *ctl, char **arguments);
CtlExit ctl_pause(Ctl *ctl, char **arguments);
CtlExit ctl_resume(Ctl *ctl, char **arguments);
CtlExit ctl_reload(Ctl *ctl, char **arguments);
CtlExit ctl_instrument(Ctl *ctl, char **arguments);
CtlExit ctl_snapshot(Ctl *ctl, char **arguments);
