/* The host's rungs after merging: each has a condition and an action, and what is read as a ladder has its levels in order. */
#include "policyset.h"

static int tell_incomplete(const PolicySet *set, const HostRung *rung, ConfErrors *errors) {
        const char *file = policy_set_file(set, rung->source.file);
        int r = 0;

        if (!host_rung_has_condition(rung))
                r = conf_errors_add(errors, file, rung->source.line,
                                    "[Host %s] has no condition; expected Available=, SwapFree=, PressureSome= or PressureFull=",
                                    rung->name);
        if (!rung->notify && !rung->relieve)
                r = conf_errors_add(errors, file, rung->source.line,
                                    "[Host %s] has no action; expected Action=relieve or Action=notify", rung->name);
        return r;
}

/* Less is available on each further rung. A share and a size can't be compared here: the host is not known. */
static int check_level(const PolicySet *set, const HostRung *rung, const HostRung *before, ConfErrors *errors) {
        char level[UNITS_TEXT_MAX], other[UNITS_TEXT_MAX];

        if (rung->available.value < before->available.value)
                return 0;
        return conf_errors_add(errors, policy_set_file(set, rung->available_source.file), rung->available_source.line,
                               "Available=%s of [Host %s] is not below the %s of [Host %s], which comes before it (%s:%u); "
                               "expected falling levels",
                               units_format_level(&rung->available, level), rung->name,
                               units_format_level(&before->available, other), before->name,
                               policy_set_file(set, before->available_source.file), before->available_source.line);
}

static int check_levels(const PolicySet *set, const HostPolicy *host, ConfErrors *errors) {
        const HostRung *before[2] = {NULL, NULL}; /* the last rung with a size, and with a share */
        int result = 0, r;

        for (unsigned i = 0; i < host->n_rungs; i++) {
                const HostRung *rung = &host->rungs[i];

                if (!rung->available.set)
                        continue;
                r = before[rung->available.percent] ? check_level(set, rung, before[rung->available.percent], errors) : 0;
                if (r < 0)
                        result = r;
                before[rung->available.percent] = rung;
        }
        return result;
}

int policy_set_check_host(const PolicySet *set, ConfErrors *errors) {
        HostPolicy host = {0};
        int result = 0, r;

        for (int i = 0; i < set->n_files; i++) {
                r = policy_file_merge_host(set->files[i], i, &host, errors);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        result = r;
        }
        for (unsigned i = 0; i < host.n_rungs; i++) {
                r = tell_incomplete(set, &host.rungs[i], errors);
                if (r < 0)
                        result = r;
        }
        r = check_levels(set, &host, errors);
        return r < 0 ? r : result;
}
