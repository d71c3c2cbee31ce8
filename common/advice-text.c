/* The drop-in and the policy, ready to be pasted. Names of units hold no character that either file would read as its
 * own (whoever gathers the facts sees to that), and numbers are ours. */
#include "advice-internal.h"

#include <stdarg.h>
#include <stdio.h>

static void add(char text[static ADVICE_TEXT_MAX], const char *format, ...) _printf_(2, 3);

static void add(char text[static ADVICE_TEXT_MAX], const char *format, ...) {
        size_t n = strlen(text);
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text + n, ADVICE_TEXT_MAX - n, format, ap);
        va_end(ap);
}

static const char *value_of(const Advice *advice, const char *key) {
        for (unsigned i = 0; i < advice->n_settings; i++)
                if (util_streq(advice->settings[i].key, key))
                        return advice->settings[i].value;
        return "";
}

static void add_head(const AdviceCase *c, char text[static ADVICE_TEXT_MAX]) {
        char used[UNITS_TEXT_MAX], seen[UNITS_TEXT_MAX];
        const Peaks *learned = &c->unit->learned;

        add(text, "# By memguardctl advise: the peak of %s was %s", c->unit->name,
            units_format_bytes(c->advice->demand, used));
        if (learned->runs > 0)
                add(text, " in %s of watching", units_format_duration(learned->total * USEC_PER_SEC, seen));
        add(text, ".\n");
        if (c->advice->provisional)
                add(text, "# PROVISIONAL: too little is known of it yet.\n");
        if (c->advice->leaks)
                add(text, "# It leaks: this bounds the harm and mends nothing.\n");
}

static void write_dropin(const AdviceCase *c) {
        const UnitFacts *unit = c->unit;
        char *text = c->advice->dropin;
        /* One of a slice above can't be taken down here; the doctor tells of it. */
        bool has_high =
                fact_known(unit->high) && unit->high != BYTES_INFINITY && util_streq(unit->high_source, unit->name);

        add_head(c, text);
        add(text, "%s\n", facts_section(unit->name));
        add(text, "MemoryAccounting=yes\n");
        add(text, "MemoryMax=%s\n", value_of(c->advice, "MemoryMax"));
        if (c->advice->high != BYTES_INFINITY || has_high)
                add(text, "MemoryHigh=%s\n", value_of(c->advice, "MemoryHigh"));
        if (facts_is_service(unit) && unit->workers.n >= 2 && unit->oom_policy[0] &&
            !util_streq(unit->oom_policy, "continue"))
                add(text, "# A worker that the kernel kills does not take the others with it.\nOOMPolicy=continue\n");
}

static void add_rungs(const AdviceCase *c, char text[static ADVICE_TEXT_MAX]) {
        bool service = facts_is_service(c->unit);

        add(text, "\n[Rung ask]\nUsage=%s\n", value_of(c->advice, "Rung ask"));
        if (service)
                add(text,
                    "# If the service drops its caches at a signal (a process without a handler is ended by it!):\n"
                    "# Action=signal SIGUSR1\n");
        add(text, "Action=notify\nSettle=10s\n");
        if (c->can_swap)
                add(text,
                    "\n[Rung brake]\n# There is swap, so a shortage shows as pressure first.\nPressureSome=300ms/1s\n"
                    "Action=reclaim 10%%\nSettle=10s\n");
        add(text, "\n[Rung restart]\nUsage=%s\nAction=%s\nSettle=30s\n", value_of(c->advice, "Rung restart"),
            service ? "restart" : "notify");
}

static void write_policy(const AdviceCase *c) {
        char *text = c->advice->policy;

        add_head(c, text);
        add(text, "[Match]\nUnit=%s\n\n[Policy]\nMode=%s\nRestartBudget=%s\n", c->unit->name,
            value_of(c->advice, "Mode"), value_of(c->advice, "RestartBudget"));
        add_rungs(c, text);
}

void advice_write(const AdviceCase *c) {
        Advice *advice = c->advice;
        const char *name = c->unit->name, *dot = strrchr(name, '.');

        (void) snprintf(advice->dropin_path, sizeof(advice->dropin_path), "/etc/systemd/system/%s.d/50-memory.conf",
                        name);
        (void) snprintf(advice->policy_path, sizeof(advice->policy_path), "/etc/memguard/policy.d/50-%.*s.conf",
                        (int) (dot ? (size_t) (dot - name) : strlen(name)), name);
        write_dropin(c);
        write_policy(c);
}
