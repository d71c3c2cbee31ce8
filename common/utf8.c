#include "utf8.h"

#include <stdio.h>

typedef struct Range {
        uint32_t first, last;
} Range;

/* Format characters that change how their neighbours look: bidirectional controls allow a name to be shown in another
 * order than it is written in ("Trojan Source", CVE-2021-42574), zero-width ones make two names look like one. */
static const Range unprintable[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e},   {0x200b, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
};

/* Combining marks of the scripts in wide use. */
static const Range zero_width[] = {
        {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
        {0x900, 0x902},   {0x93c, 0x93c},   {0xe31, 0xe31},   {0xe34, 0xe3a},   {0x1ab0, 0x1aff},
        {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

/* East Asian Wide and Fullwidth, and the emoji that terminals draw two columns wide. */
static const Range double_width[] = {
        {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
        {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
        {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static bool in_ranges(uint32_t c, const Range *ranges, size_t n_ranges) {
        for (size_t i = 0; i < n_ranges; i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return true;
        return false;
}

static int sequence_length(unsigned char first) {
        if (first < 0x80)
                return 1;
        if (first >= 0xc2 && first < 0xe0)
                return 2;
        if (first >= 0xe0 && first < 0xf0)
                return 3;
        if (first >= 0xf0 && first < 0xf5)
                return 4;
        return -EINVAL;
}

static bool is_character(uint32_t c, int length) {
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

        return c >= least[length] && c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff) && !(c >= 0xfdd0 && c <= 0xfdef) &&
               (c & 0xfffe) != 0xfffe;
}

int utf8_next(const char *text, uint32_t *ret_char) {
        const unsigned char *p = (const unsigned char *) text;
        uint32_t c;
        int length;

        if (p[0] == 0)
                return 0;

        length = sequence_length(p[0]);
        if (length < 0)
                return length;

        c = length == 1 ? p[0] : p[0] & (0x7fU >> length);
        for (int i = 1; i < length; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return -EINVAL;
                c = c << 6 | (p[i] & 0x3fU);
        }
        if (!is_character(c, length))
                return -EINVAL;

        *ret_char = c;
        return length;
}

bool utf8_is_printable(uint32_t c) {
        return !in_ranges(c, unprintable, ELEMENTSOF(unprintable));
}

/* Copies or escapes one character. Returns how many bytes were written, or -ENOBUFS; *n_read is how many were taken. */
static int escape_one(const char *text, char *buf, size_t size, int *n_read) {
        uint32_t c;
        int length;

        length = utf8_next(text, &c);
        if (length > 0 && utf8_is_printable(c)) {
                if ((size_t) length >= size)
                        return -ENOBUFS;
                memcpy(buf, text, (size_t) length);
                *n_read = length;
                return length;
        }

        /* A control of several bytes is written byte by byte: its later bytes are no characters of their own. */
        if (size <= 4)
                return -ENOBUFS;
        (void) snprintf(buf, size, "\\x%02x", (unsigned char) text[0]);
        *n_read = 1;
        return 4;
}

int utf8_escape(const char *text, char *buf, size_t size) {
        size_t used = 0;

        if (size == 0)
                return -ENOBUFS;

        while (*text) {
                int n_read = 0, n;

                n = escape_one(text, buf + used, size - used, &n_read);
                if (n < 0) {
                        buf[used] = 0;
                        return n;
                }
                used += (size_t) n;
                text += n_read;
        }
        buf[used] = 0;
        return (int) used;
}

unsigned utf8_width(uint32_t c) {
        if (in_ranges(c, zero_width, ELEMENTSOF(zero_width)))
                return 0;
        return in_ranges(c, double_width, ELEMENTSOF(double_width)) ? 2 : 1;
}
