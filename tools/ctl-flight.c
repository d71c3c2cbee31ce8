/* memguardctl flight: where the flight recorder's files are, oldest first, once the daemon has written what it holds. */
#include "ctl-flight.h"

#include <sys/stat.h>

#include "ctl-client.h"
#include "ctl-json.h"
#include "ctl-text.h"
#include "units.h"

#define DIRECTORY "/var/lib/memguard/flight"

void ctl_flight_flush(const Ctl *ctl) {
        Ctl own = *ctl;
        struct stat st;

        own.bus = NULL;
        if (!util_streq(own.root, "/") || stat(own.socket, &st) < 0)
                return;
        /* Whatever was wrong has been said, and what is on the disk is good all the same. */
        (void) ctl_client_call(&own, "WriteFlight", NULL, NULL);
        ctl_client_close(&own);
}

void ctl_flight_find(const Ctl *ctl, CtlFlight *ret) {
        static const char *const names[] = {"previous.trace", "current.trace"};
        size_t n = strlen(ctl->root);

        *ret = (CtlFlight){0};
        while (n > 0 && ctl->root[n - 1] == '/')
                n--;
        if (n >= sizeof(ret->directory) - sizeof(DIRECTORY))
                return;
        (void) snprintf(ret->directory, sizeof(ret->directory), "%.*s" DIRECTORY, (int) n, ctl->root);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                CtlFlightFile *file = &ret->files[ret->n];
                struct stat st;

                (void) snprintf(file->path, sizeof(file->path), "%.*s" DIRECTORY "/%s", (int) n, ctl->root, names[i]);
                if (lstat(file->path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
                        continue;
                file->bytes = (uint64_t) st.st_size;
                ret->n++;
        }
}

static int print_json(const CtlFlight *flight) {
        _cleanup_(json_decrefp) json_t *object = NULL;
        json_t *files = json_array();

        for (unsigned i = 0; i < flight->n; i++)
                (void) json_array_append_new(files, json_pack("{s:o, s:I}", "path", ctl_json_string(flight->files[i].path), "bytes",
                                                              (json_int_t) flight->files[i].bytes));
        object = json_pack("{s:o}", "files", files);
        return object ? ctl_json_print(object, /* pretty= */ true) : -ENOMEM;
}

CtlExit ctl_flight(Ctl *ctl, char **arguments) {
        CtlFlight flight;
        char size[UNITS_TEXT_MAX];

        (void) arguments;
        ctl_flight_flush(ctl);
        ctl_flight_find(ctl, &flight);
        if (ctl->json)
                return print_json(&flight) < 0 ? CTL_REFUSED : CTL_DONE;
        if (flight.n == 0) {
                ctl_text_complain("There is no flight record in %s.", flight.directory);
                return CTL_REFUSED;
        }
        for (unsigned i = 0; i < flight.n; i++)
                ctl_text_print(stdout, "%s %s\n", flight.files[i].path, units_format_bytes(flight.files[i].bytes, size));
        return CTL_DONE;
}
