/* Any operator's text: what is taken begins with a digit, never means "no limit" or "never", and reads back from the
 * text that is written for it; any number is written within its buffer. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
        if (!good)
                abort();
}

static void read_text(const char *text) {
        char buf[UNITS_TEXT_MAX];
        Level level, again;
        uint64_t value, window, back;
        uint32_t count;
        bool taken = false;

        if (units_parse_bytes(text, &value) == 0) {
                taken = true;
                require(value != BYTES_INFINITY);
        }
        if (units_parse_level(text, &level) == 0) {
                taken = true;
                require(level.set && (level.percent ? level.value <= 10000 : level.value == value));
                require(units_parse_level(units_format_level(&level, buf), &again) == 0);
                require(again.set && again.percent == level.percent && again.value == level.value);
        }
        if (units_parse_duration(text, &value) == 0) {
                taken = true;
                require(value != USEC_INFINITY);
                require(units_parse_duration(units_format_duration_conf(value, buf), &back) == 0 && back == value);
        }
        if (units_parse_stall(text, &value, &window) == 0) {
                taken = true;
                require(value > 0 && value <= window && window != USEC_INFINITY);
        }
        if (units_parse_rate(text, &count, &window) == 0) {
                taken = true;
                require(count <= 1000000 && window > 0 && window != USEC_INFINITY);
        }
        require(!taken || strspn(text, "0123456789") > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = calloc(1, size + 1);
        char buf[UNITS_TEXT_MAX];
        uint64_t number = 0;

        memcpy(text, data, size);
        read_text(text);

        memcpy(&number, data, MIN(size, sizeof(number)));
        require(strlen(units_format_bytes(number, buf)) < 10);
        require(strlen(units_format_duration(number, buf)) < sizeof(buf));
        uint64_t share = units_level_bytes(&(Level){true, true, number % 10001}, number);
        require(number == BYTES_INFINITY ? share == BYTES_INFINITY : share <= number);
        return 0;
}
