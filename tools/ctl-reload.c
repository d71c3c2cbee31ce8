/* memguardctl reload: the daemon reads its policy files again. */
#include "ctl-client.h"
#include "ctl-json.h"
#include "ctl-said.h"

CtlExit ctl_reload(Ctl *ctl, char **arguments) {
        _cleanup_(json_decrefp) json_t *daemon = NULL;
        CtlExit status;
        size_t n_files;

        (void) arguments;
        status = ctl_client_call(ctl, "Reload", NULL, NULL);
        if (status != CTL_DONE)
                return status;
        status = ctl_client_call(ctl, "GetDaemon", NULL, &daemon);
        if (status != CTL_DONE)
                return status;
        n_files = json_array_size(json_object_get(daemon, "policy_files"));
        return ctl_said(ctl, "Reloaded: %zu policy file%s, %llu units watched.", n_files, n_files == 1 ? "" : "s",
                        (unsigned long long) ctl_json_u64(daemon, "units"));
}
