/* Names of signals, both ways. A table of our own, because strsignal() speaks in sentences and sigabbrev_np() knows no
 * real-time signals. */
#include <signal.h>

#include "policy.h"

#define S(name) [name] = #name
#define RT(n) [34 + (n)] = "SIGRTMIN+" #n

/* clang-format off */
static const char *const signal_names[] = {
        S(SIGHUP), S(SIGINT), S(SIGQUIT), S(SIGILL), S(SIGTRAP), S(SIGABRT), S(SIGBUS), S(SIGFPE), S(SIGKILL),
        S(SIGUSR1), S(SIGSEGV), S(SIGUSR2), S(SIGPIPE), S(SIGALRM), S(SIGTERM), S(SIGSTKFLT), S(SIGCHLD), S(SIGCONT),
        S(SIGSTOP), S(SIGTSTP), S(SIGTTIN), S(SIGTTOU), S(SIGURG), S(SIGXCPU), S(SIGXFSZ), S(SIGVTALRM), S(SIGPROF),
        S(SIGWINCH), S(SIGIO), S(SIGPWR), S(SIGSYS),
        [32] = "32", [33] = "33", /* glibc keeps them for itself, so they have no name */
        [34] = "SIGRTMIN",
        RT(1), RT(2), RT(3), RT(4), RT(5), RT(6), RT(7), RT(8), RT(9), RT(10), RT(11), RT(12), RT(13), RT(14), RT(15),
        RT(16), RT(17), RT(18), RT(19), RT(20), RT(21), RT(22), RT(23), RT(24), RT(25), RT(26), RT(27), RT(28), RT(29),
        RT(30),
};
/* clang-format on */
static_assert(ELEMENTSOF(signal_names) == 65, "the table ends at signal 64");

static int by_number(const char *text) {
        int number = 0;

        if (strlen(text) > 2 || text[strspn(text, "0123456789")] != 0)
                return -EINVAL;
        for (; *text; text++)
                number = number * 10 + (*text - '0');
        return number >= 1 && number < (int) ELEMENTSOF(signal_names) ? number : -EINVAL;
}

int signal_parse(const char *text) {
        const char *bare = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;

        for (size_t i = 1; i < ELEMENTSOF(signal_names); i++)
                if (strncmp(signal_names[i], "SIG", 3) == 0 && util_streq(signal_names[i] + 3, bare))
                        return (int) i;
        return by_number(text);
}

const char *signal_text(int signo) {
        return signo >= 1 && signo < (int) ELEMENTSOF(signal_names) ? signal_names[signo] : "unknown";
}

bool signal_needs_handler(int signo) {
        switch (signo) {
        case SIGTERM:
        case SIGINT:
        case SIGQUIT:
        case SIGABRT:
        case SIGKILL:
        case SIGSTOP:
        case SIGTSTP: /* the three stop nobody who has no terminal, as no service has */
        case SIGTTIN:
        case SIGTTOU:
        case SIGCONT:
        case SIGCHLD:
        case SIGURG:
        case SIGWINCH:
                return false;
        default:
                return true;
        }
}
