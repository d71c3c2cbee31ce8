/* memguardctl instrument: puts the Python module into a service without a change of its code, by a drop-in that sets
 * $PYTHONPATH to a folder whose sitecustomize installs it. A wrapper around ExecStart= would have to understand it. Only
 * files are written: when the service is restarted is the operator's choice. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "ctl-client.h"
#include "ctl-said.h"
#include "ctl-service.h"
#include "ctl-text.h"
#include "fd.h"
#include "unitname.h"

#define SITE_DIR "/usr/lib/memguard/python"
#define DROPIN "50-memguard.conf"
#define TEXT_MAX (2 * CTL_SERVICE_PATH_MAX + 1024)

typedef struct Dropin {
        char unit[UNIT_NAME_MAX];
        char dir[UNIT_NAME_MAX + 512], file[UNIT_NAME_MAX + 512 + 32];
        char text[TEXT_MAX];
} Dropin;

/* "api" -> "api.service". */
static int name_unit(const char *name, char ret[static UNIT_NAME_MAX]) {
        int n = snprintf(ret, UNIT_NAME_MAX, "%s%s", name, unitname_type(name) == UNIT_NONE ? ".service" : "");

        if (name[0] == 0 || n < 0 || n >= UNIT_NAME_MAX || strchr(name, '/') || unitname_type(ret) != UNIT_SERVICE)
                return -EINVAL;
        return 0;
}

/* What was there before, without our own folder. */
static const char *others(const char *python_path) {
        size_t n = strlen(SITE_DIR);

        if (strncmp(python_path, SITE_DIR, n) == 0 && (python_path[n] == ':' || python_path[n] == 0))
                return python_path + n + (python_path[n] == ':');
        return python_path;
}

/* A value between double quotes, as systemd.exec(5) has it. */
static int quote(const char *value, char *buf, size_t size) {
        size_t n = 0;

        for (; *value; value++) {
                if ((unsigned char) *value < ' ')
                        return -EINVAL;
                if (n + 3 > size)
                        return -ENOBUFS;
                if (strchr("\"\\", *value))
                        buf[n++] = '\\';
                else if (*value == '%')
                        buf[n++] = '%';
                buf[n++] = *value;
        }
        buf[n] = 0;
        return 0;
}

static int compose(Dropin *dropin, const CtlService *service) {
        const char *rest = others(service->python_path);
        char quoted[2 * CTL_SERVICE_PATH_MAX];
        int r;

        r = quote(rest, quoted, sizeof(quoted));
        if (r < 0)
                return r;
        (void) snprintf(dropin->text, sizeof(dropin->text),
                        "# The Python module of memguard, see memguard(3). Written by: memguardctl instrument %s\n"
                        "# Taken back by: memguardctl instrument --remove %s\n"
                        "[Service]\nEnvironment=\"PYTHONPATH=" SITE_DIR "%s%s\"\n",
                        dropin->unit, dropin->unit, rest[0] ? ":" : "", quoted);
        return 0;
}

static int make_dir(const char *path) {
        return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Whole or not at all. */
static int write_dropin(const Dropin *dropin) {
        _cleanup_close_ int fd = -1;
        char temporary[sizeof(dropin->file) + 8];
        size_t n = strlen(dropin->text);
        int r;

        r = make_dir(dropin->dir);
        if (r < 0)
                return r;
        (void) snprintf(temporary, sizeof(temporary), "%s.new", dropin->file);
        fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
                return -errno;
        if (fchmod(fd, 0644) < 0 || write(fd, dropin->text, n) != (ssize_t) n || rename(temporary, dropin->file) < 0) {
                r = errno ? -errno : -EIO;
                (void) unlink(temporary);
                return r;
        }
        return 0;
}

static CtlExit complain_file(const Dropin *dropin, int r) {
        if (r == -EACCES || r == -EPERM)
                ctl_text_complain("%s can only be changed by root. Run this again as root, for example with sudo.",
                                  dropin->file);
        else
                ctl_text_complain("%s can't be changed: %s.", dropin->file, strerror(-r));
        return CTL_REFUSED;
}

static CtlExit take_back(const Ctl *ctl, const Dropin *dropin) {
        if (!ctl->dry && unlink(dropin->file) < 0) {
                if (errno != ENOENT)
                        return complain_file(dropin, -errno);
                ctl_text_complain("%s is not there: %s is not instrumented.", dropin->file, dropin->unit);
                return CTL_REFUSED;
        }
        if (!ctl->dry)
                (void) rmdir(dropin->dir); /* unless there is more in it */
        return ctl_said(ctl, "%s %s. Then: systemctl daemon-reload; its next restart is without the module.",
                        ctl->dry ? "Would remove" : "Removed", dropin->file);
}

/* What may keep it from working, in time. */
static void warn(const CtlService *service) {
        if (service->isolated)
                ctl_text_complain("Its Python is started with -E, -I or -S and takes no notice of $PYTHONPATH or of "
                                  "sitecustomize: this will do nothing. Call memguard.install() in its code.");
        if (service->has_environment_file)
                ctl_text_complain("It has an EnvironmentFile=. If that sets PYTHONPATH, it wins: then put " SITE_DIR
                                  " before what it sets.");
        if (service->no_unix)
                ctl_text_complain("Its RestrictAddressFamilies= does not allow AF_UNIX, by which the module reaches memguardd. "
                                  "Add to the drop-in: RestrictAddressFamilies=AF_UNIX");
        if (service->other_root)
                ctl_text_complain("It has another root. Add to the drop-in: BindReadOnlyPaths=/run/memguard " SITE_DIR
                                  " /usr/lib/python3/dist-packages/memguard.py");
}

static CtlExit complain_service(const Dropin *dropin, const CtlService *service, int r) {
        if (r < 0)
                ctl_text_complain("systemd can't be asked about %s: %s.", dropin->unit, strerror(-r));
        else if (!service->found)
                ctl_text_complain("systemd knows no %s.", dropin->unit);
        else
                return CTL_DONE;
        return CTL_REFUSED;
}

CtlExit ctl_instrument(Ctl *ctl, char **arguments) {
        CtlService service = {.found = true};
        CtlExit status;
        Dropin dropin;
        int r;

        if (name_unit(arguments[0], dropin.unit) < 0) {
                ctl_text_complain("\"%s\" is not the name of a service.", arguments[0]);
                return CTL_USAGE;
        }
        r = snprintf(dropin.dir, sizeof(dropin.dir), "%s/etc/systemd/system/%s.d",
                     util_streq(ctl->root, "/") ? "" : ctl->root, dropin.unit);
        if (r < 0 || (size_t) r >= sizeof(dropin.dir))
                return complain_file(&dropin, -ENAMETOOLONG);
        (void) snprintf(dropin.file, sizeof(dropin.file), "%s/" DROPIN, dropin.dir);
        if (ctl->remove)
                return take_back(ctl, &dropin);
        /* Of another system's services nobody can be asked. */
        if (util_streq(ctl->root, "/")) {
                status = complain_service(&dropin, &service, ctl_service_read(dropin.unit, &service));
                if (status != CTL_DONE)
                        return status;
        }
        r = compose(&dropin, &service);
        if (r >= 0 && !ctl->dry)
                r = write_dropin(&dropin);
        if (r < 0)
                return complain_file(&dropin, r);
        if (!ctl->json)
                ctl_text_print(stdout, "%s %s:\n\n%s\n", ctl->dry ? "Would write" : "Wrote", dropin.file, dropin.text);
        warn(&service);
        return ctl_said(ctl, "It is in force after: systemctl daemon-reload && systemctl restart %s. Then see: memguardctl "
                             "status %s",
                        dropin.unit, dropin.unit);
}
