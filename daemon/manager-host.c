/* The host's memory: read when the engine asks for it, and by a trigger on the host's pressure where a [Host] rung has such a
 * condition. */
#include "host-read.h"
#include "host.h"
#include "journal.h"
#include "manager.h"

#define WHOLE_HOST "/" /* to psi.h this is /proc/pressure/memory */

void manager_read_host(Manager *manager) {
        Event event = {.kind = EVENT_HOST, .time = manager_now(manager)};
        char text[HOST_READ_TEXT_MAX];
        int r;

        r = host_read(&manager->kernfs, &event.host);
        if (r >= 0 && !host_reading_is_sane(&event.host))
                r = -ERANGE;
        if (host_read_tell(&manager->host_told, r, text))
                journal_log(4, "%s", text);
        if (r >= 0)
                manager_feed(manager, &event);
}

/* Readings by timer are too far apart for a window of a second: without a trigger nobody sees a stall. */
void manager_psi_failed(const char *dir, int error) {
        if (util_streq(dir, WHOLE_HOST))
                journal_log(4,
                            "No pressure trigger could be armed on the host (%s), so the pressure conditions of [Host] "
                            "rungs, and of units without a trigger of their own, stay silent. The other conditions hold "
                            "as they should. It is tried again at: memguardctl reload.",
                            strerrordesc_np(-error));
        else
                journal_log(4,
                            "No pressure trigger could be armed on %s (%s), so the pressure conditions of units in it stay "
                            "silent. It is tried again at: memguardctl reload.",
                            dir, strerrordesc_np(-error));
}

void manager_want_host(Manager *manager) {
        const HostPolicy *host = policy_set_host(manager->policies);
        bool before = manager->host_psi;
        usec_t stall, window;
        int r = 0;

        manager->host_psi = host_policy_pressure(host, &stall, &window) > 0;
        if (manager->host_psi)
                r = psi_want(manager->psi, WHOLE_HOST, stall, window);
        if (r < 0)
                manager_psi_failed(WHOLE_HOST, r);
        /* After the want, so that a trigger that stays in use is not closed and made anew. */
        if (before)
                psi_unwant(manager->psi, WHOLE_HOST);
}
