/* Reads what a manager says of properties: the a{sv} of a signal, or one variant. A value of another type than expected, as
 * a later systemd might send it, is passed over: one property that cannot be read costs no other. */
#include "systemd-internal.h"

int property_read_invocation(sd_bus_message *m, char ret[static INVOCATION_MAX]) {
        static const uint8_t zero[16];
        const void *bytes;
        size_t n;
        int r;

        r = sd_bus_message_enter_container(m, 'v', "ay");
        if (r < 0)
                return r;
        r = sd_bus_message_read_array(m, 'y', &bytes, &n);
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        if (n != 0 && n != sizeof(zero))
                return -EBADMSG;
        ret[0] = 0;
        if (n == 0 || memcmp(bytes, zero, n) == 0)
                return 0;
        for (size_t i = 0; i < n; i++) {
                uint8_t byte = ((const uint8_t *) bytes)[i];
                ret[2 * i] = "0123456789abcdef"[byte >> 4];
                ret[2 * i + 1] = "0123456789abcdef"[byte & 15];
        }
        ret[2 * n] = 0;
        return 0;
}

/* One plain word, whatever was sent: it ends at the first character that no such word has, or where it does not fit. */
static int read_word(sd_bus_message *m, char *ret, size_t size) {
        const char *text;
        size_t n;
        int r;

        r = sd_bus_message_read(m, "v", "s", &text);
        if (r < 0)
                return r;
        n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.@+");
        n = MIN(n, size - 1);
        memcpy(ret, text, n);
        ret[n] = 0;
        return 0;
}

int property_read(sd_bus_message *m, const Field *field, void *ret) {
        void *value = (char *) ret + field->offset;
        const char *contents;
        char type;
        int r;

        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r < 0)
                return r;
        if (r == 0 || type != 'v')
                return -EBADMSG;
        if (!util_streq(contents, field->type))
                return MIN(sd_bus_message_skip(m, "v"), 0);
        switch (field->type[0]) {
        case 's':
                r = read_word(m, value, field->size);
                break;
        case 'a':
                r = property_read_invocation(m, value);
                if (r == -EBADMSG)
                        return 0;
                break;
        default:
                r = sd_bus_message_read(m, "v", field->type, value);
        }
        return r < 0 ? r : 1;
}

static int read_entry(sd_bus_message *m, const Field *fields, size_t n, void *ret, unsigned *found) {
        const char *name;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                if (!util_streq(fields[i].name, name))
                        continue;
                r = property_read(m, &fields[i], ret);
                if (r > 0)
                        *found |= 1u << i;
                return MIN(r, 0);
        }
        return MIN(sd_bus_message_skip(m, "v"), 0);
}

int property_read_all(sd_bus_message *m, const Field *fields, size_t n, void *ret, unsigned *ret_found) {
        unsigned found = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_entry(m, fields, n, ret, &found);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r < 0)
                return r;
        *ret_found = found;
        return 0;
}
