/* Kernel text of any kind: nothing is read past its end, failures leave outputs alone, and what follows a complete
 * answer (or the first line of a key) changes nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kerneltext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
        if (!good)
                abort();
}

/* Every answer that one text gives. Outputs of failed calls stay 0x55. */
typedef struct Answers {
        int r[6];
        uint64_t number, populated;
        MemoryEvents events;
        MemoryStat stat;
        Pressure pressure;
        MemInfo info;
} Answers;

static Answers ask(const char *text) {
        Answers answers;

        memset(&answers, 0x55, sizeof(answers));
        answers.r[0] = kerneltext_u64(text, &answers.number);
        answers.r[1] = kerneltext_memory_events(text, &answers.events);
        answers.r[2] = kerneltext_memory_stat(text, &answers.stat);
        answers.r[3] = kerneltext_pressure(text, &answers.pressure);
        answers.r[4] = kerneltext_meminfo(text, &answers.info);
        answers.r[5] = kerneltext_keyed(text, "populated", &answers.populated);
        return answers;
}

#define REQUIRE_UNTOUCHED(r, output)                                                                                   \
        for (size_t i_ = 0; (r) < 0 && i_ < sizeof(output); i_++)                                                      \
        require(((const unsigned char *) &(output))[i_] == 0x55)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char repeated[] =
                "high x\nmax x\noom x\noom_kill x\nanon x\nfile x\ninactive_file x\nactive_file x\n"
                "some total=x\nMemTotal: x\nMemAvailable: x\npopulated x\n";
        _cleanup_free_ char *text = calloc(1, size + 1), *longer = calloc(1, size + sizeof(repeated));

        memcpy(text, data, size);
        Answers answers = ask(text);
        for (size_t i = 0; i < ELEMENTSOF(answers.r); i++)
                require(answers.r[i] <= 0);
        REQUIRE_UNTOUCHED(answers.r[0], answers.number);
        REQUIRE_UNTOUCHED(answers.r[1], answers.events);
        REQUIRE_UNTOUCHED(answers.r[2], answers.stat);
        REQUIRE_UNTOUCHED(answers.r[3], answers.pressure);
        REQUIRE_UNTOUCHED(answers.r[4], answers.info);
        REQUIRE_UNTOUCHED(answers.r[5], answers.populated);
        if (answers.r[2] == 0)
                require(kerneltext_working_set(answers.number, &answers.stat) <= answers.number);

        size_t n = strlen(text);
        if (n == 0 || text[n - 1] != '\n')
                return 0;
        strcpy(stpcpy(longer, text), repeated);
        Answers again = ask(longer);
        require(answers.r[1] < 0 || memcmp(&answers.events, &again.events, sizeof(again.events)) == 0);
        require(answers.r[2] < 0 || memcmp(&answers.stat, &again.stat, offsetof(MemoryStat, shmem)) == 0);
        require(answers.r[3] < 0 || answers.pressure.some_total == again.pressure.some_total);
        require(answers.r[4] < 0 || answers.info.available == again.info.available);
        require(answers.r[5] < 0 || answers.populated == again.populated);
        return 0;
}
