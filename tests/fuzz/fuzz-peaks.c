/* Any line of the file of learned peaks: what is taken reads back from the text that is written for it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "peaks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = calloc(1, size + 1);
        char line[PEAKS_LINE_MAX], back[PEAKS_LINE_MAX];
        Peaks peaks, again;

        memcpy(text, data, size);
        if (peaks_parse(text, &peaks) < 0)
                return 0;
        if (peaks_format(&peaks, line) >= PEAKS_LINE_MAX - 1 || peaks_parse(line, &again) < 0 ||
            peaks_format(&again, back) < 0 || strcmp(line, back) != 0)
                abort();
        return 0;
}
