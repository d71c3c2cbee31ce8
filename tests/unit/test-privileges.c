/* Only the capabilities of the table are left, in every set, and memory can still be had once it is locked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/wait.h>
#include <unistd.h>

#include "privileges.h"

#define KEPT (1ull << CAP_DAC_OVERRIDE | 1ull << CAP_KILL | 1ull << CAP_SYS_PTRACE | 1ull << CAP_SYS_RESOURCE)

/* One "Key:\tnumber" line of /proc/self/status. */
static unsigned long long status(const char *key, int base) {
        FILE *file = fopen("/proc/self/status", "re");
        unsigned long long value = UINT64_MAX;
        char line[512];

        while (file && fgets(line, sizeof(line), file))
                if (strncmp(line, key, strlen(key)) == 0)
                        value = strtoull(line + strlen(key) + 1, NULL, base);
        if (file)
                (void) fclose(file);
        return value;
}

/* Privileges that are gone don't come back, so each look is taken in a process of its own: 0 is well. */
static int in_child(int (*look)(void)) {
        pid_t pid = fork();
        int wait_status;

        assert_true(pid >= 0);
        if (pid == 0)
                _exit(look());
        assert_int_equal(waitpid(pid, &wait_status, 0), pid);
        assert_true(WIFEXITED(wait_status));
        return WEXITSTATUS(wait_status);
}

/* Fills the sets that are otherwise empty, so that there is something to drop; one of the table and one that is not. */
static bool fill_sets(void) {
        static const cap_value_t more[] = {CAP_KILL, CAP_CHOWN};
        cap_t caps = cap_get_proc();
        bool filled = caps && cap_set_flag(caps, CAP_INHERITABLE, 2, more, CAP_SET) == 0 && cap_set_proc(caps) == 0 &&
                      cap_set_ambient(CAP_KILL, CAP_SET) == 0 && cap_set_ambient(CAP_CHOWN, CAP_SET) == 0;

        (void) cap_free(caps);
        return filled && status("CapAmb", 16) != 0;
}

static int look_after_drop(void) {
        unsigned long long had = status("CapPrm", 16);

        if (!fill_sets())
                return 6;
        if (privileges_drop() != 0)
                return 1;
        if (status("CapPrm", 16) != (had & KEPT) || status("CapEff", 16) != (had & KEPT))
                return 2;
        if (status("CapInh", 16) != 0 || status("CapAmb", 16) != 0)
                return 3;
        if ((status("CapBnd", 16) & ~KEPT) != 0)
                return 4;
        return status("NoNewPrivs", 10) == 1 ? 0 : 5;
}

static int look_twice(void) {
        return privileges_drop() == 0 && privileges_drop() == 0 ? 0 : 1;
}

static int look_as_nobody(void) {
        if (setuid(65534) < 0)
                return 1;
        return privileges_drop() == PRIVILEGES_NOT_ROOT && privileges_lock_memory() == PRIVILEGES_NOT_ROOT ? 0 : 2;
}

/* 10 stands for "may not be locked here". */
static int look_at_memory(void) {
        int r = privileges_lock_memory();
        char *memory;

        if (r == -EPERM)
                return 10;
        if (r != 0)
                return 1;
        if (privileges_drop() != 0)
                return 2;
        /* Above the usual RLIMIT_MEMLOCK of 8 MiB, and without CAP_IPC_LOCK by now. */
        memory = malloc(64 * MIB);
        if (!memory)
                return 3;
        memory[0] = 1;
        free(memory);
#ifndef __SANITIZE_ADDRESS__ /* which makes mlockall() do nothing */
        if (status("VmLck", 10) == 0)
                return 4;
#endif
        return 0;
}

static void test_nothing_beyond_the_table_is_left(void **state) {
        (void) state;
        if (geteuid() == 0) {
                assert_int_equal(in_child(look_after_drop), 0);
                assert_int_equal(in_child(look_twice), 0);
                assert_int_equal(in_child(look_as_nobody), 0);
        } else {
                print_message("Skipped in part: not root.\n");
                assert_int_equal(privileges_drop(), PRIVILEGES_NOT_ROOT);
        }
}

static void test_memory_can_be_had_after_locking(void **state) {
        int r;

        (void) state;
        if (geteuid() != 0) {
                assert_int_equal(privileges_lock_memory(), PRIVILEGES_NOT_ROOT);
                return;
        }
        r = in_child(look_at_memory);
        if (r == 10)
                print_message("Skipped: RLIMIT_MEMLOCK can't be lifted here.\n");
        else
                assert_int_equal(r, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_beyond_the_table_is_left),
                cmocka_unit_test(test_memory_can_be_had_after_locking),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
