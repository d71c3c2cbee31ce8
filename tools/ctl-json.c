#include "ctl-json.h"

#include <stdio.h>

#include "ctl-text.h"
#include "utf8.h"

#define DEPTH_MAX 8 /* ours are 5 deep; the other end may be anybody's program */

static int read_value(sd_bus_message *m, unsigned depth, json_t **ret);

json_t *ctl_json_number(uint64_t value) {
        /* JSON numbers are signed here; what is larger is "no limit" everywhere in our interface. */
        return value > INT64_MAX ? json_null() : json_integer((json_int_t) value);
}

json_t *ctl_json_string(const char *text) {
        char shown[CTL_TEXT_MAX];

        (void) utf8_escape(text, shown, sizeof(shown));
        return json_string(shown);
}

static int read_basic(sd_bus_message *m, char type, json_t **ret) {
        union {
                const char *text;
                uint64_t u64;
                int64_t i64;
                uint32_t u32;
                int32_t i32;
                int boolean;
                double real;
        } v = {};
        int r;

        if (!strchr("sogtxuibd", type))
                return -EBADMSG;
        r = sd_bus_message_read_basic(m, type, &v);
        if (r < 0)
                return r;
        switch (type) {
        case SD_BUS_TYPE_UINT64:
                *ret = ctl_json_number(v.u64);
                break;
        case SD_BUS_TYPE_INT64:
                *ret = json_integer(v.i64);
                break;
        case SD_BUS_TYPE_UINT32:
                *ret = json_integer(v.u32);
                break;
        case SD_BUS_TYPE_INT32:
                *ret = json_integer(v.i32);
                break;
        case SD_BUS_TYPE_BOOLEAN:
                *ret = json_boolean(v.boolean);
                break;
        case SD_BUS_TYPE_DOUBLE:
                *ret = json_real(v.real) ?: json_null(); /* NaN and infinity are no JSON */
                break;
        default:
                *ret = ctl_json_string(v.text);
        }
        return *ret ? 0 : -ENOMEM;
}

static int read_variant(sd_bus_message *m, const char *contents, unsigned depth, json_t **ret) {
        _cleanup_(json_decrefp) json_t *value = NULL;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, contents);
        if (r < 0)
                return r;
        r = read_value(m, depth, &value);
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(value);
        return 0;
}

static int read_entry(sd_bus_message *m, unsigned depth, json_t *object) {
        json_t *value = NULL;
        const char *key;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &key);
        if (r < 0)
                return r;
        r = read_value(m, depth, &value);
        if (r < 0)
                return r;
        if (json_object_set_new(object, key, value) < 0)
                return -ENOMEM;
        return sd_bus_message_exit_container(m);
}

static int read_array(sd_bus_message *m, const char *contents, unsigned depth, json_t **ret) {
        bool is_object = util_streq(contents, "{sv}");
        _cleanup_(json_decrefp) json_t *all = is_object ? json_object() : json_array();
        int r;

        if (!all)
                return -ENOMEM;
        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, contents);
        if (r < 0)
                return r;
        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                json_t *value = NULL;

                r = is_object ? read_entry(m, depth, all) : read_value(m, depth, &value);
                if (r < 0)
                        return r;
                if (!is_object && json_array_append_new(all, value) < 0)
                        return -ENOMEM;
        }
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(all);
        return 0;
}

static int read_value(sd_bus_message *m, unsigned depth, json_t **ret) {
        const char *contents;
        char type;
        int r;

        if (depth >= DEPTH_MAX)
                return -EBADMSG;
        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r < 0)
                return r;
        if (r == 0)
                return -EBADMSG;
        if (type == SD_BUS_TYPE_VARIANT)
                return read_variant(m, contents, depth + 1, ret);
        if (type == SD_BUS_TYPE_ARRAY)
                return read_array(m, contents, depth + 1, ret);
        return read_basic(m, type, ret);
}

int ctl_json_read(sd_bus_message *m, json_t **ret) {
        return read_value(m, 0, ret);
}

int ctl_json_print(const json_t *value, bool pretty) {
        if (json_dumpf(value, stdout, JSON_ENSURE_ASCII | JSON_ENCODE_ANY | (pretty ? JSON_INDENT(2) : JSON_COMPACT)) <
            0)
                return -EIO;
        return fputc('\n', stdout) == EOF ? -EIO : 0;
}

const char *ctl_json_text(const json_t *object, const char *key) {
        return json_string_value(json_object_get(object, key)) ?: "";
}

uint64_t ctl_json_u64(const json_t *object, const char *key) {
        const json_t *value = json_object_get(object, key);

        return json_is_integer(value) && json_integer_value(value) >= 0 ? (uint64_t) json_integer_value(value)
                                                                        : UINT64_MAX;
}

double ctl_json_double(const json_t *object, const char *key) {
        return json_number_value(json_object_get(object, key));
}

bool ctl_json_bool(const json_t *object, const char *key) {
        return json_is_true(json_object_get(object, key));
}
