/* Texts of /proc/PID of any kind: what is read is well-formed, failures leave outputs alone, and a process can't forge what
 * stands behind its name. */
#include "proctext.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
        if (!good)
                abort();
}

static void check_comm(const char *comm) {
        uint32_t c;
        int n;

        require(strnlen(comm, COMM_MAX) < COMM_MAX);
        for (; (n = utf8_next(comm, &c)) > 0; comm += n)
                require(utf8_is_printable(c));
        require(n == 0);
}

/* The text as a name in a stat of our own. */
static void check_named(const char *name, size_t n) {
        static const char behind[] = ") R 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 2311 0\n";
        _cleanup_free_ char *text = malloc(n + sizeof(behind) + 8);
        ProcStat stat;

        strcpy(stpcpy(stpcpy(text, "1 ("), name), behind);
        require(proctext_stat(text, &stat) == 0 && stat.state == 'R' && stat.start == 2311);
        check_comm(stat.comm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = malloc(size + 1);
        ProcStat stat = {.start = 77};
        ProcLimits limits = {77, 77};
        ProcStatus status = {77, 77, 77};
        char path[CGROUP_PATH_MAX] = "kept";

        memcpy(text, data, size);
        text[size] = 0;
        if (proctext_stat(text, &stat) == 0)
                check_comm(stat.comm);
        else
                require(stat.start == 77);
        if (proctext_limits(text, &limits) < 0)
                require(limits.address_space == 77 && limits.data == 77);
        if (proctext_status(text, &status) < 0)
                require(status.vm_size == 77 && status.vm_peak == 77 && status.vm_data == 77);
        for (int signo = 0; signo <= 65; signo++)
                require(proctext_expects(text, signo) <= 1);
        if (proctext_cgroup(text, path) == 0)
                require(unitname_path_is_valid(path));
        else
                require(util_streq(path, "kept"));
        check_named(text, strlen(text));
        return 0;
}
