/* memguardctl list: every watched unit, one line each. */
#include "ctl-client.h"
#include "ctl-json.h"
#include "ctl-unit.h"

static int print_json(const json_t *units) {
        _cleanup_(json_decrefp) json_t *all = json_array();
        const json_t *unit;
        size_t i;

        json_array_foreach(units, i, unit)(void) json_array_append_new(all, ctl_unit_json(unit));
        return ctl_json_print(all, /* pretty= */ true);
}

CtlExit ctl_list(Ctl *ctl, char **arguments) {
        _cleanup_(json_decrefp) json_t *units = NULL;
        CtlExit status;
        int r;

        (void) arguments;
        status = ctl_client_call(ctl, "ListUnits", NULL, &units);
        if (status != CTL_DONE)
                return status;

        r = ctl_unit_sort(units);
        if (r >= 0)
                r = ctl->json ? print_json(units) : ctl_unit_table(units, /* most= */ 0);
        if (r < 0) {
                ctl_text_complain("The list could not be written: %s.", strerror(-r));
                return CTL_REFUSED;
        }
        return CTL_DONE;
}
