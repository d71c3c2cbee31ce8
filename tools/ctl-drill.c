/* memguardctl drill: takes a rung now, as if its conditions held. */
#include "ctl-client.h"
#include "ctl-said.h"

CtlExit ctl_drill(Ctl *ctl, char **arguments) {
        CtlExit status;

        status = ctl_client_call(ctl, "Drill", (const char *const[]){arguments[0], arguments[1], NULL}, NULL);
        if (status != CTL_DONE)
                return status;
        return ctl_said(ctl, "Rung %s of %s was asked for. What it did is told by: memguardctl status %s", arguments[1],
                        arguments[0], arguments[0]);
}
