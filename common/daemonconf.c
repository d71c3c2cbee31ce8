#include "daemonconf.h"

#include "conf-errors.h"
#include "conf-read.h"
#include "units.h"

typedef struct Reader {
        DaemonConf *conf;
        const char *path;
        ConfErrors *errors;
} Reader;

typedef struct DaemonKey {
        const char *section, *name;
        int (*parse)(const char *value, void *field); /* -EINVAL, -ERANGE */
        size_t offset;
        const char *expected;
} DaemonKey;

static int parse_bool(const char *value, void *field) {
        if (!util_streq(value, "yes") && !util_streq(value, "no"))
                return -EINVAL;
        *(bool *) field = util_streq(value, "yes");
        return 0;
}

static int parse_flight_size(const char *value, void *field) {
        uint64_t bytes;
        int r;

        r = units_parse_bytes(value, &bytes);
        if (r < 0)
                return r;
        if (bytes < FLIGHT_SIZE_LEAST || bytes > FLIGHT_SIZE_MOST)
                return -ERANGE;
        *(uint64_t *) field = bytes;
        return 0;
}

static const DaemonKey keys[] = {
        {"Recorder", "Flight", parse_bool, offsetof(DaemonConf, flight), "yes or no"},
        {"Recorder", "FlightSize", parse_flight_size, offsetof(DaemonConf, flight_size), "a size from 256K to 256M, such as 2M"},
};

void daemon_conf_init(DaemonConf *conf) {
        *conf = (DaemonConf){.flight = true, .flight_size = FLIGHT_SIZE_DEFAULT};
}

static const char *key_at(unsigned i) {
        return i < ELEMENTSOF(keys) ? keys[i].name : NULL;
}

/* Each section once, at the first key that is its. */
static const char *section_at(unsigned i) {
        return i < ELEMENTSOF(keys) ? keys[i].section : NULL;
}

static bool is_section(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (util_streq(keys[i].section, name))
                        return true;
        return false;
}

static int on_section(void *userdata, unsigned line, const char *name) {
        const Reader *reader = userdata;
        const ConfWhere where = {.errors = reader->errors, .path = reader->path, .source = {.line = line}};
        char shown[CONF_SHOWN_MAX], hint[CONF_SHOWN_MAX];

        if (is_section(name))
                return 0;
        return conf_fail(&where, "[%s] is no section of memguardd.conf%s; expected [Recorder]", conf_shorten(name, shown),
                         conf_suggest(name, section_at, hint));
}

/* An empty value gives the default back. */
static int apply(const DaemonKey *key, const char *value, DaemonConf *conf) {
        DaemonConf defaults;
        size_t size = key->parse == parse_bool ? sizeof(bool) : sizeof(uint64_t);

        if (*value)
                return key->parse(value, (char *) conf + key->offset);
        daemon_conf_init(&defaults);
        memcpy((char *) conf + key->offset, (const char *) &defaults + key->offset, size);
        return 0;
}

static int on_setting(void *userdata, unsigned line, const char *section, const char *name, const char *value) {
        const Reader *reader = userdata;
        const ConfWhere where = {.errors = reader->errors, .path = reader->path, .source = {.line = line}};
        char shown[CONF_SHOWN_MAX], hint[CONF_SHOWN_MAX];

        if (*section == 0)
                return conf_fail(&where, "%s= stands before any section; expected [Recorder] first", conf_shorten(name, shown));
        if (!is_section(section))
                return 0; /* told */
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                int r;

                if (!util_streq(keys[i].section, section) || !util_streq(keys[i].name, name))
                        continue;
                r = apply(&keys[i], value, reader->conf);
                if (r < 0)
                        return conf_fail(&where, "%s=%s is %s; expected %s", name, conf_shorten(value, shown),
                                         r == -ERANGE ? "out of range" : "not understood", keys[i].expected);
                return 0;
        }
        return conf_fail(&where, "%s= is no key of [%s]%s", conf_shorten(name, shown), section,
                         conf_suggest(name, key_at, hint));
}

static const ConfHandlers handlers = {.section = on_section, .setting = on_setting};

int daemon_conf_read(DaemonConf *conf, const char *path, const char *text, size_t size, ConfErrors *errors) {
        Reader reader = {conf, path, errors};

        if (size > CONF_FILE_BYTES_MAX) {
                (void) conf_errors_add(errors, path, 0, "the file is too large; expected at most 64 KiB");
                return -EBADMSG;
        }
        return conf_read(path, text, size, &handlers, &reader, errors);
}
