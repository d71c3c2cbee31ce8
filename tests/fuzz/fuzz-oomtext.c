/* Records of the kernel's log, one a line: whatever they say, a witness is well-formed, and what others than the kernel say is
 * not heard. */
#include "event.h"
#include "oomtext.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
        if (!good)
                abort();
}

static void check_text(const char *text, size_t size) {
        uint32_t c;
        int n;

        require(strnlen(text, size) < size);
        while ((n = utf8_next(text, &c)) > 0) {
                require(utf8_is_printable(c));
                text += n;
        }
        require(n == 0);
}

static void check(const Witness *witness, const char *path) {
        require(witness->source == WITNESS_KERNEL && witness->pid >= 0);
        require(witness->fact == FACT_BLIND || witness->pid > 0);
        require(path[0] == 0 || (witness->fact == FACT_OOM_KILL && unitname_path_is_valid(path)));
        require(witness->limit[0] == 0 || (witness->scope == SCOPE_CGROUP && unitname_path_is_valid(witness->limit)));
        check_text(witness->text, sizeof(witness->text));
        check_text(witness->comm, sizeof(witness->comm));
        require(strlen(witness->word) == 0 || util_streq(witness->word, "sysrq"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static OomText oom;
        const char *at = (const char *) data, *end = at + size;
        char path[CGROUP_PATH_MAX];
        KmsgRecord record;
        Witness witness;

        oom = (OomText){0};
        while (at < end) {
                const char *newline = memchr(at, '\n', (size_t) (end - at)), *next = newline ? newline + 1 : end;
                /* A copy of its own, so that reading past it is seen. */
                size_t n = (size_t) (next - at);
                _cleanup_free_ char *line = malloc(n);

                memcpy(line, at, n);
                at = next;
                if (n > 0 && line[0] == '!')
                        oomtext_lost(&oom);
                if (kmsg_parse_record(line, n, &record) < 0)
                        continue;
                require(record.text >= line && record.text + record.n_text < line + n);
                if (oomtext_feed(&oom, &record, &witness, path) == 0)
                        continue;
                require(record.from_kernel);
                check(&witness, path);
        }
        return 0;
}
