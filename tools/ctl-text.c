#include "ctl-text.h"

#include <langinfo.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "utf8.h"

static const char *const sequences[] = {
        [COLOR_PLAIN] = "\033[0m",  [COLOR_GOOD] = "\033[32m", [COLOR_WARN] = "\033[33m",
        [COLOR_BAD] = "\033[1;31m", [COLOR_DIM] = "\033[2m",   [COLOR_BOLD] = "\033[1m",
};
static_assert(ELEMENTSOF(sequences) == _CTL_COLOR_MAX, "a sequence for every colour");

bool ctl_text_has_color(FILE *stream) {
        const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

        if (no_color && no_color[0] != 0)
                return false;
        return term && !util_streq(term, "dumb") && isatty(fileno(stream));
}

const char *ctl_text_sequence(CtlColor color) {
        return sequences[color];
}

const char *ctl_text_color(FILE *stream, CtlColor color) {
        return ctl_text_has_color(stream) ? sequences[color] : "";
}

unsigned ctl_text_width(FILE *stream) {
        struct winsize size = {};

        if (!isatty(fileno(stream)))
                return 0;
        if (ioctl(fileno(stream), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                return 80;
        return size.ws_col;
}

static void print_bytes(FILE *stream, const char *text, bool utf8) {
        for (const char *p = text; *p; p++)
                if (utf8 || (unsigned char) *p < 0x80)
                        (void) fputc(*p, stream);
                else
                        (void) fprintf(stream, "\\x%02x", (unsigned char) *p);
}

void ctl_text_print(FILE *stream, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vasprintf(&text, format, arguments);
        va_end(arguments);
        if (n < 0)
                text = NULL;
        else
                print_bytes(stream, text, util_streq(nl_langinfo(CODESET), "UTF-8"));
}

void ctl_text_complain(const char *format, ...) {
        char raw[CTL_TEXT_MAX], shown[CTL_TEXT_MAX];
        va_list arguments;

        va_start(arguments, format);
        (void) vsnprintf(raw, sizeof(raw), format, arguments);
        va_end(arguments);
        (void) utf8_escape(raw, shown, sizeof(shown));
        ctl_text_print(stderr, "memguardctl: %s\n", shown);
}

const char *ctl_text_time(uint64_t usec, char buf[static CTL_TIME_MAX]) {
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;
        size_t n;

        if (!localtime_r(&seconds, &tm)) {
                (void) snprintf(buf, CTL_TIME_MAX, "?");
                return buf;
        }
        n = strftime(buf, CTL_TIME_MAX, "%Y-%m-%d %H:%M:%S", &tm);
        (void) snprintf(buf + n, CTL_TIME_MAX - n, ".%03u", (unsigned) (usec / USEC_PER_MSEC % 1000));
        return buf;
}
