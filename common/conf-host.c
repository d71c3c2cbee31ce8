/* The values of [Host NAME] sections: text -> the host guard's policy. */
#include "conf-keys.h"

#define SHARE_MAX 7500      /* hundredths: a host with three quarters of its memory free is not short of any */
#define BYTES_MIN MIB       /* no host is that small: "10" was meant as "10%" */
#define WINDOW_MIN (500 * USEC_PER_MSEC) /* the kernel's bounds on a PSI trigger's window: psi_trigger_create() */
#define WINDOW_MAX (10 * USEC_PER_SEC)
#define STALL_MIN USEC_PER_MSEC

int conf_parse_host_level(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        Level level;
        int r;

        (void) where;
        r = units_parse_level(value, &level);
        if (r < 0)
                return r;
        if (level.percent ? level.value < 1 || level.value > SHARE_MAX : level.value < BYTES_MIN)
                return -ERANGE;
        *(Level *) conf_key_field(key, target) = level;
        return 0;
}

int conf_parse_host_stall(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        HostStall new = {.source = where->source};
        int r;

        r = units_parse_stall(value, &new.stall, &new.window);
        if (r < 0)
                return r;
        if (new.window < WINDOW_MIN || new.window > WINDOW_MAX || new.stall < STALL_MIN)
                return -ERANGE;
        *(HostStall *) conf_key_field(key, target) = new;
        return 0;
}

int conf_parse_host_action(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        HostRung *rung = &target->host->rungs[target->host_rung];
        char shown[CONF_SHOWN_MAX];

        (void) key;
        if (*value == 0)
                rung->notify = rung->relieve = false;
        else if (util_streq(value, "notify")) {
                rung->notify = true;
                rung->notify_source = where->source;
        } else if (util_streq(value, "relieve")) {
                rung->relieve = true;
                rung->relieve_source = where->source;
        } else if (verb_parse(value) >= 0)
                return conf_fail(where,
                                 "Action=%s is a unit's; expected relieve, which takes the next rung of the unit that helps "
                                 "most, or notify",
                                 conf_shorten(value, shown));
        else
                return -EINVAL;
        return 0;
}
