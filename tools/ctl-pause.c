/* memguardctl pause, resume: whether actions are taken, of one unit or of all. */
#include "ctl-client.h"
#include "ctl-said.h"

CtlExit ctl_pause(Ctl *ctl, char **arguments) {
        const char *unit = arguments[0] ?: "";
        CtlExit status;

        status = client_call(ctl, "Pause", (const char *const[]){unit, NULL}, NULL);
        if (status != CTL_DONE)
                return status;
        if (!arguments[0])
                return ctl_said(ctl, "Paused: no action is taken on any unit. Go on with: memguardctl resume");
        return ctl_said(ctl, "Paused: no action is taken on %s. Go on with: memguardctl resume %s", unit, unit);
}

CtlExit ctl_resume(Ctl *ctl, char **arguments) {
        const char *unit = arguments[0] ?: "";
        CtlExit status;

        status = client_call(ctl, "Resume", (const char *const[]){unit, NULL}, NULL);
        if (status != CTL_DONE)
                return status;
        if (!arguments[0])
                return ctl_said(ctl, "Resumed: actions are taken again.");
        return ctl_said(ctl, "Resumed: actions on %s are taken again.", unit);
}
