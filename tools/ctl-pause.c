/* memguardctl pause, resume: whether actions are taken, of one unit or of all. */
#include "ctl-client.h"
#include "ctl-json.h"
#include "ctl-said.h"

CtlExit ctl_pause(Ctl *ctl, char **arguments) {
        const char *unit = arguments[0] ?: "";
        CtlExit status;

        status = ctl_client_call(ctl, "Pause", (const char *const[]){unit, NULL}, NULL);
        if (status != CTL_DONE)
                return status;
        if (!arguments[0])
                return ctl_said(ctl, "Paused: no action is taken on any unit. Go on with: memguardctl resume");
        return ctl_said(ctl, "Paused: no action is taken on %s. Go on with: memguardctl resume %s", unit, unit);
}

/* A pause of everything stays above what is resumed alone. */
static CtlExit say_resumed(Ctl *ctl, const char *unit) {
        _cleanup_(json_decrefp) json_t *daemon = NULL;
        CtlExit status;

        status = ctl_client_call(ctl, "GetDaemon", NULL, &daemon);
        if (status != CTL_DONE)
                return status;
        if (ctl_json_bool(daemon, "paused"))
                return ctl_said(ctl, "Resumed, but everything is paused still. Go on with: memguardctl resume");
        return ctl_said(ctl, "Resumed: actions on %s are taken again.", unit);
}

CtlExit ctl_resume(Ctl *ctl, char **arguments) {
        const char *unit = arguments[0] ?: "";
        CtlExit status;

        status = ctl_client_call(ctl, "Resume", (const char *const[]){unit, NULL}, NULL);
        if (status != CTL_DONE)
                return status;
        if (!arguments[0])
                return ctl_said(ctl, "Resumed: actions are taken again.");
        return say_resumed(ctl, unit);
}
