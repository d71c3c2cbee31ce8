/* See privileges.h. */
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "privileges.h"

/* What root needs beyond owning the files of /sys/fs/cgroup and PID 1's private socket. */
static const struct {
        cap_value_t capability;
        const char *reason; /* for whoever reviews what we run with */
} kept[] = {
        {CAP_DAC_OVERRIDE, "memory.high and xattrs of cgroups delegated to a user, and that user's manager's socket"},
        {CAP_KILL, "signals to services that run as other users"},
        {CAP_SYS_PTRACE, "$MEMORY_PRESSURE_WATCH and the root directory of a process that has more capabilities than we"},
        {CAP_SYS_RESOURCE, "PSI triggers with windows that are no multiple of 2 s (EINVAL without; facts-kernel 1)"},
};

static bool is_kept(cap_value_t capability) {
        for (unsigned i = 0; i < ELEMENTSOF(kept); i++)
                if (kept[i].capability == capability)
                        return true;
        return false;
}

/* The bounding set first: it takes CAP_SETPCAP, which goes next, and which the unit file has taken away already. What is left in
 * it then is of use to nobody: no_new_privs below. */
static int drop_bounding(void) {
        for (cap_value_t capability = 0; capability < cap_max_bits(); capability++)
                if (!is_kept(capability) && cap_get_bound(capability) > 0 && cap_drop_bound(capability) < 0)
                        return -errno;
        return 0;
}

static void cap_freep(cap_t *caps) {
        if (*caps)
                (void) cap_free(*caps);
}

/* Keeps what the table names and we have: the unit file may have taken some already. The inheritable set becomes empty,
 * and with it the ambient one, which the kernel never lets be larger. */
static int drop_sets(void) {
        _cleanup_(cap_freep) cap_t now = cap_get_proc(), less = cap_init();

        if (!now || !less)
                return -errno;
        for (unsigned i = 0; i < ELEMENTSOF(kept); i++) {
                cap_flag_value_t permitted = CAP_CLEAR;

                if (cap_get_flag(now, kept[i].capability, CAP_PERMITTED, &permitted) < 0)
                        return -errno;
                if (cap_set_flag(less, CAP_PERMITTED, 1, &kept[i].capability, permitted) < 0 ||
                    cap_set_flag(less, CAP_EFFECTIVE, 1, &kept[i].capability, permitted) < 0)
                        return -errno;
        }
        return cap_set_proc(less) < 0 ? -errno : 0;
}

int privileges_drop(void) {
        int r;

        if (geteuid() != 0)
                return PRIVILEGES_NOT_ROOT;
        r = drop_bounding();
        if (r < 0 && r != -EPERM)
                return r;
        r = drop_sets();
        if (r < 0)
                return r;
        /* An execve() as root would bring back what is in the bounding set; we never call it, and now it could not. */
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int privileges_lock_memory(void) {
        /* With MCL_FUTURE the whole address space counts against RLIMIT_MEMLOCK (8 MiB), and once CAP_IPC_LOCK is gone
         * every mmap() beyond it fails with EAGAIN: malloc() would be the first to notice. */
        static const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

        if (geteuid() != 0)
                return PRIVILEGES_NOT_ROOT;
        if (setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0)
                return -errno;
        /* ONFAULT: only pages that were touched, or each thread's stack and each library would be resident whole. */
        /* One page touched in 2 MiB of tables would make all of it resident where huge pages are always on (Debian 13). */
        (void) prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
        return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0 ? -errno : 0;
}
