/* See ctl-service.h. Over PID 1's own socket, as systemctl does it for root; over the bus for whoever may not. */
#include "ctl-service.h"

#include <stdio.h>
#include <systemd/sd-bus.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define PATH_VARIABLE "PYTHONPATH="
#define ARGUMENTS_MAX 64

static int open_manager(sd_bus **ret) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_address(bus, "unix:path=/run/systemd/private");
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return sd_bus_open_system(ret);
        *ret = TAKE_PTR(bus);
        return 0;
}

bool ctl_service_is_isolated(const char *const *argv) {
        const char *name = argv[0] ? strrchr(argv[0], '/') : NULL;

        name = name ? name + 1 : argv[0];
        if (!name || strncmp(name, "python", strlen("python")) != 0)
                return false;
        for (argv++; *argv && (*argv)[0] == '-' && (*argv)[1] != '-' && (*argv)[1] != 0; argv++)
                for (const char *option = *argv + 1; *option; option++) {
                        if (strchr("EIS", *option))
                                return true;
                        if (strchr("cmWX", *option)) {
                                /* The rest is its argument, or the next word is; behind -c and -m the program begins. */
                                if (strchr("cm", *option))
                                        return false;
                                argv += option[1] == 0 && argv[1] != NULL;
                                break;
                        }
                }
        return false;
}

static int property(sd_bus *bus, const char *path, const char *interface, const char *name, const char *type,
                    sd_bus_message **ret) {
        return sd_bus_get_property(bus, SYSTEMD, path, interface, name, NULL, ret, type);
}

static int read_environment(sd_bus *bus, const char *path, CtlService *service) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *text;
        int r;

        r = property(bus, path, SYSTEMD ".Service", "Environment", "as", &m);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(m, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read_basic(m, 's', &text)) > 0) {
                if (strncmp(text, PATH_VARIABLE, strlen(PATH_VARIABLE)) != 0)
                        continue;
                text += strlen(PATH_VARIABLE);
                if (strlen(text) >= sizeof(service->python_path))
                        return -ENAMETOOLONG;
                memcpy(service->python_path, text, strlen(text) + 1);
        }
        return r;
}

static int read_environment_files(sd_bus *bus, const char *path, CtlService *service) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = property(bus, path, SYSTEMD ".Service", "EnvironmentFiles", "a(sb)", &m);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(m, 'a', "(sb)");
        if (r < 0)
                return r;
        r = sd_bus_message_at_end(m, false);
        service->has_environment_file = r == 0;
        return MIN(r, 0);
}

static int read_argv(sd_bus_message *m, CtlService *service) {
        const char *argv[ARGUMENTS_MAX + 1] = {0}, *text;
        size_t n = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(m, 's', &text)) > 0)
                if (n < ARGUMENTS_MAX)
                        argv[n++] = text;
        if (r < 0)
                return r;
        service->isolated |= ctl_service_is_isolated(argv);
        return sd_bus_message_exit_container(m);
}

static int read_commands(sd_bus *bus, const char *path, CtlService *service) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = property(bus, path, SYSTEMD ".Service", "ExecStart", "a(sasbttttuii)", &m);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(m, 'a', "(sasbttttuii)");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "sasbttttuii")) > 0) {
                r = sd_bus_message_skip(m, "s");
                if (r >= 0)
                        r = read_argv(m, service);
                if (r >= 0)
                        r = sd_bus_message_skip(m, "bttttuii");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r;
}

static int read_families(sd_bus *bus, const char *path, CtlService *service) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r, allow;
        const char *text;
        bool listed = false, any = false;

        r = property(bus, path, SYSTEMD ".Service", "RestrictAddressFamilies", "(bas)", &m);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(m, 'r', "bas");
        if (r >= 0)
                r = sd_bus_message_read(m, "b", &allow);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read_basic(m, 's', &text)) > 0) {
                any = true;
                listed |= util_streq(text, "AF_UNIX");
        }
        if (r >= 0)
                service->no_unix = allow ? !listed : any && listed;
        return r;
}

static int read_root(sd_bus *bus, const char *path, CtlService *service) {
        static const char *const names[] = {"RootDirectory", "RootImage"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_free_ char *text = NULL;
                int r = sd_bus_get_property_string(bus, SYSTEMD, path, SYSTEMD ".Service", names[i], NULL, &text);

                if (r < 0)
                        return r;
                service->other_root |= text[0] != 0;
        }
        return 0;
}

static int load(sd_bus *bus, const char *unit, sd_bus_message **ret, const char **ret_path, bool *ret_found) {
        _cleanup_free_ char *state = NULL;
        int r;

        r = sd_bus_call_method(bus, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager", "LoadUnit", NULL, ret, "s",
                               unit);
        if (r < 0)
                return r;
        r = sd_bus_message_read(*ret, "o", ret_path);
        if (r < 0)
                return r;
        r = sd_bus_get_property_string(bus, SYSTEMD, *ret_path, SYSTEMD ".Unit", "LoadState", NULL, &state);
        if (r >= 0)
                *ret_found = !util_streq(state, "not-found");
        return r;
}

int ctl_service_read(const char *unit, CtlService *ret) {
        int (*const readers[])(sd_bus *bus, const char *path, CtlService *service) = {
                read_environment, read_environment_files, read_commands, read_families, read_root,
        };
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        CtlService service = {};
        const char *path;
        int r;

        r = open_manager(&bus);
        if (r < 0)
                return r;
        r = load(bus, unit, &m, &path, &service.found);
        for (size_t i = 0; r >= 0 && service.found && i < ELEMENTSOF(readers); i++)
                r = readers[i](bus, path, &service);
        if (r < 0)
                return r;
        *ret = service;
        return 0;
}
