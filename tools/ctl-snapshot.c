/* memguardctl snapshot: asks the Python module of a service where its memory has grown. */
#include "ctl-client.h"
#include "ctl-said.h"

CtlExit ctl_snapshot(Ctl *ctl, char **arguments) {
        CtlExit status;

        status = ctl_client_call(ctl, "Snapshot", (const char *const[]){arguments[0], NULL}, NULL);
        if (status != CTL_DONE)
                return status;
        return ctl_said(ctl, "The Python processes of %s were asked where their memory grew; one that was not traced is from "
                             "now on, for half an hour, and is slower for it. The answer is told by: memguardctl status %s",
                        arguments[0], arguments[0]);
}
