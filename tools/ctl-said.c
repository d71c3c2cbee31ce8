#include "ctl-said.h"

#include <stdarg.h>

#include "ctl-json.h"
#include "ctl-text.h"
#include "utf8.h"

CtlExit ctl_said(const Ctl *ctl, const char *format, ...) {
        _cleanup_(json_decrefp) json_t *answer = NULL;
        char raw[CTL_TEXT_MAX], shown[CTL_TEXT_MAX];
        va_list arguments;

        va_start(arguments, format);
        (void) vsnprintf(raw, sizeof(raw), format, arguments);
        va_end(arguments);
        (void) utf8_escape(raw, shown, sizeof(shown));

        if (!ctl->json) {
                ctl_text_print(stdout, "%s\n", shown);
                return CTL_DONE;
        }
        answer = json_pack("{s:b, s:s}", "done", 1, "text", shown);
        if (answer)
                (void) ctl_json_print(answer, /* pretty= */ false);
        return CTL_DONE;
}
