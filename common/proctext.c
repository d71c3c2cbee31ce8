/* See proctext.h. A line counts only when its newline is there, as in kerneltext.h. */
#include "proctext.h"

#include "kerneltext.h"
#include "utf8.h"

/* Fields of stat are numbered as in proc(5): 3 is the state, 22 the start. */
#define STAT_STATE 3
#define STAT_START 22

/* Digits up to a blank or the end of the line. */
static int read_u64(const char *text, uint64_t *ret) {
        uint64_t value = 0;
        const char *p = text;

        for (; *p >= '0' && *p <= '9'; p++)
                if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p - '0', &value))
                        return -EINVAL;
        if (p == text || (*p != ' ' && *p != '\n'))
                return -EINVAL;
        *ret = value;
        return 0;
}

/* "PID (COMM" up to the last bracket. What is longer than a task's name is cut. */
static int read_comm(const char *text, const char *end, char ret[static COMM_MAX]) {
        const char *begin = memchr(text, '(', (size_t) (end - text));
        char comm[COMM_MAX] = "";

        if (!begin)
                return -EINVAL;
        begin++;
        memcpy(comm, begin, MIN((size_t) (end - begin), sizeof(comm) - 1));
        (void) utf8_escape(comm, ret, COMM_MAX);
        return 0;
}

int proctext_stat(const char *text, ProcStat *ret) {
        const char *end = strrchr(text, ')'), *field;
        ProcStat stat = {0};
        int r;

        if (!end || end[1] != ' ' || end[2] < 'A' || end[2] > 'z' || end[3] != ' ')
                return -EINVAL;
        r = read_comm(text, end, stat.comm);
        if (r < 0)
                return r;
        stat.state = end[2];
        field = end + 2;
        for (unsigned i = STAT_STATE; i < STAT_START; i++) {
                field = strchr(field, ' ');
                if (!field)
                        return -EINVAL;
                field++;
        }
        r = read_u64(field, &stat.start);
        if (r < 0)
                return r;
        *ret = stat;
        return 0;
}

bool proctext_is_dead(char state) {
        return state == 'Z' || state == 'X' || state == 'x';
}

/* The line that begins with these words, behind them and their blanks; NULL when no whole line does. */
static const char *find_line(const char *text, const char *words) {
        for (const char *end; (end = strchr(text, '\n')); text = end + 1)
                if (strncmp(text, words, strlen(words)) == 0)
                        return text + strlen(words) + strspn(text + strlen(words), " ");
        return NULL;
}

static int read_limit(const char *text, const char *words, uint64_t *ret) {
        const char *value = find_line(text, words);

        if (!value)
                return 0;
        if (strncmp(value, "unlimited ", strlen("unlimited ")) == 0) {
                *ret = BYTES_INFINITY;
                return 0;
        }
        return read_u64(value, ret);
}

int proctext_limits(const char *text, ProcLimits *ret) {
        ProcLimits limits = {0};
        int r;

        r = read_limit(text, "Max address space ", &limits.address_space);
        if (r < 0)
                return r;
        r = read_limit(text, "Max data size ", &limits.data);
        if (r < 0)
                return r;
        *ret = limits;
        return 0;
}

static int read_size(const char *text, const char *key, uint64_t *ret) {
        int r = kerneltext_kib(text, key, ret);

        return r == -ENODATA ? 0 : r;
}

/* The kernel escapes newlines in the Name: line, so no process can make lines of its own here. */
int proctext_status(const char *text, ProcStatus *ret) {
        ProcStatus status = {0};
        int r;

        r = read_size(text, "VmSize", &status.vm_size);
        if (r < 0)
                return r;
        r = read_size(text, "VmPeak", &status.vm_peak);
        if (r < 0)
                return r;
        r = read_size(text, "VmData", &status.vm_data);
        if (r < 0)
                return r;
        *ret = status;
        return 0;
}

/* "SigCgt:\t0000000180004a02": bit 0 is signal 1. */
static int read_mask(const char *text, const char *key, uint64_t *ret) {
        const char *value = find_line(text, key);

        if (!value)
                return -ENODATA;
        if (strspn(value, "0123456789abcdef") != 16 || value[16] != '\n')
                return -EINVAL;
        *ret = strtoull(value, NULL, 16);
        return 0;
}

int proctext_expects(const char *text, int signo) {
        static const char *const keys[] = {"SigBlk:\t", "SigIgn:\t", "SigCgt:\t"};
        uint64_t all = 0, mask;
        int r;

        if (signo < 1 || signo > 64)
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                r = read_mask(text, keys[i], &mask);
                if (r < 0)
                        return r;
                all |= mask;
        }
        return (int) (all >> (signo - 1) & 1);
}

/* The kernel allows no newline in a cgroup's name, so no line here is anybody's own. */
int proctext_cgroup(const char *text, char ret_path[static CGROUP_PATH_MAX]) {
        const char *line = find_line(text, "0::");
        char path[CGROUP_PATH_MAX] = "";
        size_t n;

        if (!line)
                return -ENODATA;
        n = strcspn(line, "\n");
        if (n >= sizeof(path))
                return -EINVAL;
        memcpy(path, line, n);
        if (!unitname_path_is_valid(path))
                return -EINVAL;
        memcpy(ret_path, path, sizeof(path));
        return 0;
}
