/* The host in `memguardctl status`: what it has left, and whether anybody guards it. */
#include <inttypes.h>

#include "ctl-json.h"
#include "ctl-show.h"
#include "ctl-text.h"
#include "units.h"

static void print_swap(const json_t *host) {
        char left[UNITS_TEXT_MAX], total[UNITS_TEXT_MAX];
        uint64_t swap = ctl_json_u64(host, "swap_total");

        if (swap == 0)
                ctl_text_print(stdout, ", no swap");
        else
                ctl_text_print(stdout, ", %s of %s of swap free",
                               units_format_bytes(ctl_json_u64(host, "swap_free"), left), units_format_bytes(swap, total));
}

/* "Host: 412.3M of 970.1M available (42 %), no swap, pressure some 0.0 %, full 0.0 %. Guarded by 2 rungs: calm." */
void ctl_host_print(const json_t *host) {
        uint64_t total = ctl_json_u64(host, "total"), available = ctl_json_u64(host, "available");
        const char *rung = ctl_json_text(host, "rung");
        uint64_t n_rungs = ctl_json_u64(host, "rungs");
        char left[UNITS_TEXT_MAX], all[UNITS_TEXT_MAX];

        if (total == 0)
                return;
        ctl_text_print(stdout, "Host: %s of %s available (%u %%)", units_format_bytes(available, left),
                       units_format_bytes(total, all), (unsigned) ((__uint128_t) available * 100 / total));
        print_swap(host);
        ctl_text_print(stdout, ", pressure some %.1f %%, full %.1f %%. ",
                       json_number_value(json_object_get(host, "pressure_some_avg10")),
                       json_number_value(json_object_get(host, "pressure_full_avg10")));
        if (!ctl_json_bool(host, "guarded"))
                ctl_text_print(stdout, "Not guarded: no policy file has a [Host NAME] section.\n");
        else if (rung[0])
                ctl_text_print(stdout, "%sOn rung '%s', %s.%s\n", ctl_text_color(stdout, COLOR_WARN), rung,
                               ctl_json_text(host, "state"), ctl_text_color(stdout, COLOR_PLAIN));
        else
                ctl_text_print(stdout, "Guarded by %" PRIu64 " rung%s: calm.\n", n_rungs, n_rungs == 1 ? "" : "s");
}

json_t *ctl_host_json(const json_t *host) {
        const char *rung = ctl_json_text(host, "rung");

        return json_pack("{s:O*, s:O*, s:O*, s:O*, s:{s:O*, s:O*}, s:{s:O*, s:O*}, s:O*, s:O*, s:o, s:O*}", "total",
                         json_object_get(host, "total"), "available", json_object_get(host, "available"), "free",
                         json_object_get(host, "free"), "cached", json_object_get(host, "cached"), "swap", "total",
                         json_object_get(host, "swap_total"), "free", json_object_get(host, "swap_free"), "pressure",
                         "some_avg10", json_object_get(host, "pressure_some_avg10"), "full_avg10",
                         json_object_get(host, "pressure_full_avg10"), "guarded", json_object_get(host, "guarded"),
                         "rungs", json_object_get(host, "rungs"), "rung", rung[0] ? json_string(rung) : json_null(),
                         "state", json_object_get(host, "state"));
}
