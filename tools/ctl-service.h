/* What systemd says of a service's own settings, as `instrument` needs it. */
#pragma once

#include "util.h"

#define CTL_SERVICE_PATH_MAX 4096

typedef struct CtlService {
        bool found;
        char python_path[CTL_SERVICE_PATH_MAX]; /* $PYTHONPATH by Environment=; "" = not set */
        bool has_environment_file; /* which could set it too, and wins */
        bool isolated;             /* a Python of ExecStart= is told to ignore its environment (-E, -I) or the site (-S) */
        bool no_unix;              /* RestrictAddressFamilies= does not allow AF_UNIX */
        bool other_root;           /* RootDirectory= or RootImage= */
} CtlService;

/* Asks the system's service manager. A negative errno when it can't be asked. */
int ctl_service_read(const char *unit, CtlService *ret);

/* Does this command line start a Python that takes no notice of $PYTHONPATH or runs no sitecustomize? */
bool ctl_service_is_isolated(const char *const *argv);
