/* Pressure triggers are few, fire whenever a unit would, are read out while hot, and never spin on a dead cgroup. */
#include "temproot.h"

#include <dlfcn.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "fd.h"
#include "psi-plan.h"
#include "psi.h"

#define MS USEC_PER_MSEC
#define S USEC_PER_SEC

/* --- The plan, without a kernel --- */

static bool fires(const uint32_t *stalls, unsigned n, PsiPlan plan, usec_t slot) {
        unsigned length = (unsigned) (plan.window / slot);
        usec_t sum = 0;

        for (unsigned i = 0; i < n; i++) {
                sum += stalls[i];
                if (i >= length)
                        sum -= stalls[i - length];
                if (sum >= plan.stall)
                        return true;
        }
        return false;
}

static uint32_t xorshift(uint32_t *seed) {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 17;
        *seed ^= *seed << 5;
        return *seed;
}

static PsiPlan random_plan(uint32_t *seed, usec_t slot) {
        usec_t window = slot * (1 + xorshift(seed) % 300);

        return (PsiPlan){.stall = 1 + xorshift(seed) % window, .window = window};
}

/* Random histories: whatever a unit's own trigger would see, the one that stands for it sees. */
static void test_no_wanted_stall_is_missed(void **state) {
        const usec_t slot = 50 * MS;
        uint32_t seed = 20241121, stalls[800];

        (void) state;
        for (unsigned round = 0; round < 3000; round++) {
                PsiPlan a = random_plan(&seed, slot), b = random_plan(&seed, slot);
                PsiPlan both = psi_plan_merge(a, b), fit = psi_plan_fit(both), coarse = psi_plan_unprivileged(both);
                unsigned sparse = 1 + xorshift(&seed) % 200;

                for (unsigned i = 0; i < ELEMENTSOF(stalls); i++)
                        stalls[i] = xorshift(&seed) % sparse == 0 ? xorshift(&seed) % (slot + 1) : 0;
                assert_true(fit.window >= 500 * MS && fit.window <= 10 * S);
                assert_true(fit.stall > 0 && fit.stall <= fit.window);
                assert_true(coarse.window <= 10 * S && coarse.window % (2 * S) == 0 && coarse.stall <= coarse.window);
                if (!fires(stalls, ELEMENTSOF(stalls), a, slot) && !fires(stalls, ELEMENTSOF(stalls), b, slot))
                        continue;
                if (!fires(stalls, ELEMENTSOF(stalls), both, slot) || !fires(stalls, ELEMENTSOF(stalls), fit, slot) ||
                    !fires(stalls, ELEMENTSOF(stalls), coarse, slot))
                        fail_msg("round %u: a stall was missed", round);
        }
}

static void test_plans_are_no_finer_than_needed(void **state) {
        static const struct {
                PsiPlan a, b, both, fit, coarse;
        } cases[] = {
                {{300 * MS, 1 * S}, {}, {300 * MS, 1 * S}, {300 * MS, 1 * S}, {300 * MS, 2 * S}},
                {{300 * MS, 1 * S}, {200 * MS, 1 * S}, {200 * MS, 1 * S}, {200 * MS, 1 * S}, {200 * MS, 2 * S}},
                {{300 * MS, 1 * S}, {1 * S, 10 * S}, {100 * MS, 1 * S}, {100 * MS, 1 * S}, {100 * MS, 2 * S}},
                {{50 * MS, 200 * MS}, {}, {50 * MS, 200 * MS}, {50 * MS, 500 * MS}, {50 * MS, 2 * S}},
                {{3 * S, 60 * S}, {}, {3 * S, 60 * S}, {500 * MS, 10 * S}, {500 * MS, 10 * S}},
                {{1, 60 * S}, {}, {1, 60 * S}, {1, 10 * S}, {1, 10 * S}},
                {{1 * S, 5 * S}, {1 * S, 5 * S}, {1 * S, 5 * S}, {1 * S, 5 * S}, {1 * S, 6 * S}},
        };

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                PsiPlan both = psi_plan_merge(cases[i].a, cases[i].b), fit = psi_plan_fit(both),
                        coarse = psi_plan_unprivileged(both);

                assert_memory_equal(&both, &cases[i].both, sizeof(PsiPlan));
                assert_memory_equal(&fit, &cases[i].fit, sizeof(PsiPlan));
                assert_memory_equal(&coarse, &cases[i].coarse, sizeof(PsiPlan));
                both = psi_plan_merge(cases[i].b, cases[i].a);
                assert_memory_equal(&both, &cases[i].both, sizeof(PsiPlan));
        }
}

static void test_heat_cools_two_windows_after_the_last_wake(void **state) {
        PsiPlan wanted = {100 * MS, 1 * S}, armed = {100 * MS, 2 * S};
        PsiHeat heat = PSI_COLD;
        unsigned n = 0;

        (void) state;
        assert_false(psi_heat_due(&heat, USEC_INFINITY - 1));
        psi_heat_wake(&heat, wanted, armed, 100 * S);
        assert_false(psi_heat_due(&heat, 100 * S + 249 * MS));
        for (usec_t now = 100 * S; now < 120 * S; now += 10 * MS) {
                if (now == 102 * S)
                        psi_heat_wake(&heat, wanted, armed, now);
                if (psi_heat_due(&heat, now)) {
                        n++;
                        assert_true(now <= 106 * S);
                }
        }
        assert_true(n == 23 || n == 24); /* every 250 ms for 6 s, begun anew at 102 s */
        assert_true(heat.next == USEC_INFINITY);
}

/* --- Arming; a FIFO stands for memory.pressure: it keeps what was written and can be polled --- */

static TempRoot root;
static sd_event *event;
static Worker *worker;
static Psi *psi;
static char seen[4096];
static unsigned n_reads;
static const char *unwant_on_read;

/* No FIFO can say EPOLLPRI, so the callback is taken where psi.c hands it to sd-event. The latest ones of a kind win.
 */
static struct {
        sd_event_io_handler_t callback;
        void *userdata;
        sd_event_source *source;
        int fd;
} taken[64];
static unsigned n_taken;

int sd_event_add_io(sd_event *e, sd_event_source **ret, int fd, uint32_t events, sd_event_io_handler_t callback,
                    void *userdata) {
        int (*real)(sd_event *, sd_event_source **, int, uint32_t, sd_event_io_handler_t, void *);
        int r;

        *(void **) &real = dlsym(RTLD_NEXT, "sd_event_add_io");
        r = real(e, ret, fd, events, callback, userdata);
        if (r >= 0 && events == EPOLLPRI && n_taken < ELEMENTSOF(taken)) {
                taken[n_taken].callback = callback;
                taken[n_taken].userdata = userdata;
                taken[n_taken].source = *ret;
                taken[n_taken++].fd = fd;
        }
        return r;
}

static void fire_latest(uint32_t revents) {
        unsigned i = n_taken - 1;

        assert_true(n_taken > 0);
        assert_true(taken[i].callback(taken[i].source, taken[i].fd, revents, taken[i].userdata) >= 0);
}

static void read_units(void *userdata, const char *dir) {
        (void) userdata;
        n_reads++;
        if (unwant_on_read)
                psi_unwant(psi, unwant_on_read);
        (void) snprintf(seen, sizeof(seen), "%s", dir); /* still good after that */
}

static const PsiHandlers handlers = {.read_units = read_units};

static int open_psi(void **state) {
        (void) state;
        n_reads = n_taken = 0;
        seen[0] = 0;
        unwant_on_read = NULL;
        temproot_open(&root);
        assert_int_equal(mkfifo(temproot_path(&root, "proc/pressure/memory"), 0600), 0);
        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(worker_new(&worker, event), 0);
        return psi_new(&psi, event, &root.kernfs, worker, &handlers);
}

static int close_psi(void **state) {
        (void) state;
        psi = psi_free(psi);
        worker = worker_free(worker);
        event = sd_event_unref(event);
        temproot_close(&root);
        return 0;
}

/* A directory with a FIFO, and the path of that. */
static const char *make_dir(const char *path) {
        static char below[512];

        temproot_cgroup(&root, path);
        (void) snprintf(below, sizeof(below), "sys/fs/cgroup%s/memory.pressure", path);
        assert_int_equal(mkfifo(temproot_path(&root, below), 0600), 0);
        return below;
}

static int open_fifo(const char *below) {
        int fd = open(temproot_path(&root, below), O_RDONLY | O_NONBLOCK | O_CLOEXEC);

        assert_true(fd >= 0);
        return fd;
}

/* What was written since the last look; the closing NULs become '|'. */
static const char *written(int fd) {
        static char text[512];
        ssize_t n = read(fd, text, sizeof(text) - 1);

        if (n < 0)
                n = 0;
        text[n] = 0;
        for (ssize_t i = 0; i < n; i++)
                if (text[i] == 0)
                        text[i] = '|';
        return text;
}

static void turn(usec_t duration) {
        usec_t begin, now;

        assert_true(sd_event_now(event, CLOCK_MONOTONIC, &begin) >= 0);
        do {
                assert_true(sd_event_run(event, 10 * MS) >= 0);
                assert_true(sd_event_now(event, CLOCK_MONOTONIC, &now) >= 0);
        } while (now < begin + duration);
}

/* Has every writer of the FIFO closed it? They are closed on the worker, so that takes a moment. */
static bool is_closed(int fd) {
        char none;

        for (unsigned i = 0; i < 200; i++) {
                if (read(fd, &none, 1) == 0)
                        return true;
                turn(10 * MS);
        }
        return false;
}

static void test_one_trigger_serves_a_directory(void **state) {
        _cleanup_close_ int fifo = -1;

        (void) state;
        fifo = open_fifo(make_dir("/system.slice"));
        assert_int_equal(psi_want(psi, "/system.slice", 300 * MS, 1 * S), 0);
        assert_string_equal(written(fifo), "some 300000 1000000|");
        assert_int_equal(psi_want(psi, "/system.slice", 300 * MS, 1 * S), 0);
        assert_int_equal(psi_want(psi, "/system.slice", 900 * MS, 2 * S), 0);
        assert_string_equal(written(fifo), "");
        assert_int_equal(psi_n_armed(psi), 1);
        /* A finer want replaces it. */
        assert_int_equal(psi_want(psi, "/system.slice", 100 * MS, 1 * S), 0);
        assert_string_equal(written(fifo), "some 100000 1000000|");
        assert_int_equal(psi_n_armed(psi), 1);
        for (unsigned i = 0; i < 3; i++) {
                psi_unwant(psi, "/system.slice");
                assert_int_equal(psi_n_armed(psi), 1);
        }
        psi_unwant(psi, "/system.slice");
        assert_int_equal(psi_n_armed(psi), 0);
        psi_unwant(psi, "/system.slice");
        assert_true(is_closed(fifo));
}

static const char *not_armed;

static void note_failure(const char *dir, int error) {
        static char path[64];

        assert_true(error < 0);
        (void) snprintf(path, sizeof(path), "%s", dir);
        not_armed = path;
}

static void want_again(const char *path, usec_t stall, usec_t window) {
        assert_int_equal(psi_want(psi, path, stall, window), 0);
        psi_unwant(psi, path);
}

static void test_wanted_anew_a_trigger_becomes_coarser(void **state) {
        _cleanup_close_ int fifo = -1;

        (void) state;
        not_armed = NULL;
        fifo = open_fifo(make_dir("/system.slice"));
        assert_int_equal(psi_want(psi, "/system.slice", 10 * MS, 500 * MS), 0);
        assert_int_equal(psi_want(psi, "/system.slice", 300 * MS, 1 * S), 0);
        assert_string_equal(written(fifo), "some 10000 500000|");
        psi_begin_anew(psi);
        want_again("/system.slice", 300 * MS, 1 * S);
        want_again("/system.slice", 200 * MS, 1 * S);
        assert_string_equal(written(fifo), ""); /* once, when all is known */
        psi_arm_anew(psi, note_failure);
        assert_string_equal(written(fifo), "some 200000 1000000|");
        assert_int_equal(psi_n_armed(psi), 1);
        /* What suits stays. */
        psi_begin_anew(psi);
        want_again("/system.slice", 200 * MS, 1 * S);
        psi_unwant(psi, "/system.slice");
        psi_arm_anew(psi, note_failure);
        assert_string_equal(written(fifo), "");
        assert_int_equal(psi_n_armed(psi), 1);
        psi_unwant(psi, "/system.slice");
        assert_int_equal(psi_n_armed(psi), 0);
        assert_true(is_closed(fifo));
        assert_null(not_armed);
}

static void test_wanted_anew_the_hosts_becomes_coarser_and_gone_ones_make_room(void **state) {
        _cleanup_close_ int host = open_fifo("proc/pressure/memory"), fifo = -1;
        char path[64];

        (void) state;
        not_armed = NULL;
        for (unsigned i = 0; i < PSI_TRIGGERS_MAX + 1; i++) {
                (void) snprintf(path, sizeof(path), "/%u.slice", i);
                (void) make_dir(path);
                assert_int_equal(psi_want(psi, path, 200 * MS, 1 * S), 0);
        }
        assert_int_equal(psi_want(psi, "/", 10 * MS, 500 * MS), 0);
        assert_string_equal(written(host), "some 200000 1000000|some 10000 500000|");
        fifo = open_fifo("sys/fs/cgroup/14.slice/memory.pressure");
        psi_begin_anew(psi);
        psi_unwant(psi, "/0.slice");
        for (unsigned i = 1; i < PSI_TRIGGERS_MAX + 1; i++) {
                (void) snprintf(path, sizeof(path), "/%u.slice", i);
                want_again(path, 200 * MS, 1 * S);
        }
        want_again("/", 300 * MS, 1 * S);
        assert_string_equal(written(host), "");
        psi_arm_anew(psi, note_failure);
        assert_string_equal(written(fifo), "some 200000 1000000|");
        assert_string_equal(written(host), "some 300000 1000000|");
        assert_int_equal(psi_n_armed(psi), PSI_TRIGGERS_MAX + 1);
        assert_null(not_armed);
}

static void test_what_could_not_be_armed_anew_is_told(void **state) {
        (void) state;
        not_armed = NULL;
        temproot_cgroup(&root, "/a.slice");
        psi_begin_anew(psi);
        assert_int_equal(psi_want(psi, "/a.slice", 1 * S, 2 * S), 0);
        psi_arm_anew(psi, note_failure);
        assert_string_equal(not_armed, "/a.slice");
        assert_int_equal(psi_n_armed(psi), 0);
        assert_int_equal(unlink(temproot_path(&root, "proc/pressure/memory")), 0);
        psi_begin_anew(psi);
        psi_unwant(psi, "/a.slice");
        assert_int_equal(psi_want(psi, "/", 1 * S, 2 * S), 0);
        psi_arm_anew(psi, note_failure);
        assert_string_equal(not_armed, "/");
        psi_unwant(psi, "/");
}

static void test_nonsense_is_refused(void **state) {
        (void) state;
        (void) make_dir("/a.slice");
        assert_int_equal(psi_want(psi, "/a.slice", 0, 1 * S), -EINVAL);
        assert_int_equal(psi_want(psi, "/a.slice", 2 * S, 1 * S), -EINVAL);
        assert_int_equal(psi_want(psi, "/../a.slice", 1 * S, 1 * S), -EINVAL);
        psi_unwant(psi, "/never-wanted.slice");
        assert_int_equal(psi_n_armed(psi), 0);
}

static void test_a_failure_is_told_and_tried_again(void **state) {
        (void) state;
        temproot_cgroup(&root, "/a.slice");
        assert_int_equal(psi_want(psi, "/a.slice", 1 * S, 2 * S), -ENOENT);
        assert_int_equal(psi_want(psi, "/none.slice", 1 * S, 2 * S), -ENOENT);
        psi_unwant(psi, "/none.slice");
        assert_int_equal(psi_n_armed(psi), 0);
        (void) make_dir("/a.slice");
        assert_int_equal(psi_want(psi, "/a.slice", 1 * S, 2 * S), 0);
        assert_int_equal(psi_n_armed(psi), 1);
        psi_unwant(psi, "/a.slice");
        assert_int_equal(psi_n_armed(psi), 1);
        psi_unwant(psi, "/a.slice");
        assert_int_equal(psi_n_armed(psi), 0);
}

static void test_directories_beyond_the_bound_share_the_hosts(void **state) {
        _cleanup_close_ int host = open_fifo("proc/pressure/memory"), fifo = -1;
        char path[64];

        (void) state;
        for (unsigned i = 0; i < PSI_TRIGGERS_MAX + 2; i++) {
                (void) snprintf(path, sizeof(path), "/%u.slice", i);
                (void) make_dir(path);
                assert_int_equal(psi_want(psi, path, (200 + i) * MS, 1 * S), 0);
        }
        assert_int_equal(psi_n_armed(psi), PSI_TRIGGERS_MAX + 1);
        /* Its stall is the least of those that share it: the first one's beyond the bound, 200 ms + 14 * 1 ms. */
        static_assert(PSI_TRIGGERS_MAX == 14, "the numbers below follow from the bound");
        assert_string_equal(written(host), "some 214000 1000000|");
        fire_latest(EPOLLPRI);
        assert_string_equal(seen, "/");
        /* The first of those that share moves up, and the host's is made for the one that is left. */
        fifo = open_fifo("sys/fs/cgroup/14.slice/memory.pressure");
        psi_unwant(psi, "/3.slice");
        assert_string_equal(written(fifo), "some 214000 1000000|");
        assert_string_equal(written(host), "some 215000 1000000|");
        assert_int_equal(psi_n_armed(psi), PSI_TRIGGERS_MAX + 1);
        psi_unwant(psi, "/4.slice");
        assert_int_equal(psi_n_armed(psi), PSI_TRIGGERS_MAX);
        assert_true(is_closed(host));
        /* The root itself is always the host's. */
        assert_int_equal(psi_want(psi, "/", 1 * S, 2 * S), 0);
        assert_int_equal(psi_n_armed(psi), PSI_TRIGGERS_MAX + 1);
        psi_unwant(psi, "/5.slice");
        assert_int_equal(psi_n_armed(psi), PSI_TRIGGERS_MAX);
}

static void test_a_wake_is_read_out_until_it_cools(void **state) {
        unsigned n;

        (void) state;
        (void) make_dir("/a.slice");
        assert_int_equal(psi_want(psi, "/a.slice", 100 * MS, 500 * MS), 0);
        turn(300 * MS);
        assert_int_equal(n_reads, 0);
        fire_latest(EPOLLPRI);
        assert_int_equal(n_reads, 1);
        assert_string_equal(seen, "/a.slice");
        turn(1500 * MS); /* every 125 ms for a second; some may be late on a busy machine */
        assert_true(n_reads >= 4 && n_reads <= 9);
        n = n_reads;
        turn(300 * MS);
        assert_int_equal(n_reads, n);
}

static void test_the_handler_may_unwant(void **state) {
        (void) state;
        (void) make_dir("/a.slice");
        assert_int_equal(psi_want(psi, "/a.slice", 100 * MS, 500 * MS), 0);
        unwant_on_read = "/a.slice";
        fire_latest(EPOLLPRI);
        assert_int_equal(psi_n_armed(psi), 0);
        turn(400 * MS);
        assert_int_equal(n_reads, 1);
        unwant_on_read = NULL;
        assert_int_equal(psi_want(psi, "/a.slice", 100 * MS, 500 * MS), 0);
        fire_latest(EPOLLPRI);
        unwant_on_read = "/a.slice"; /* in the timer */
        turn(400 * MS);
        assert_int_equal(psi_n_armed(psi), 0);
        assert_int_equal(n_reads, 3);
}

static void test_a_dead_cgroup_is_let_go_at_once(void **state) {
        _cleanup_close_ int fifo = -1;

        (void) state;
        fifo = open_fifo(make_dir("/a.slice"));
        assert_int_equal(psi_want(psi, "/a.slice", 100 * MS, 500 * MS), 0);
        (void) written(fifo);
        assert_int_equal(unlink(temproot_path(&root, "sys/fs/cgroup/a.slice/memory.pressure")), 0);
        temproot_rmdir(&root, "sys/fs/cgroup/a.slice");
        fire_latest(EPOLLPRI | EPOLLERR);
        assert_int_equal(n_reads, 0);
        assert_int_equal(psi_n_armed(psi), 0);
        assert_true(is_closed(fifo));
        (void) make_dir("/a.slice");
        /* Made anew, its next unit arms it again; the old unit's end still counts. */
        assert_int_equal(psi_want(psi, "/a.slice", 100 * MS, 500 * MS), 0);
        assert_int_equal(psi_n_armed(psi), 1);
        psi_unwant(psi, "/a.slice");
        psi_unwant(psi, "/a.slice");
        assert_int_equal(psi_n_armed(psi), 0);
}

/* Somebody wrote to cgroup.pressure: the files go and the triggers with them, but the cgroup lives. */
static void test_where_the_files_are_hidden_the_hosts_serves(void **state) {
        const char *below = "sys/fs/cgroup/a.slice/memory.pressure";

        (void) state;
        (void) make_dir("/a.slice");
        assert_int_equal(psi_want(psi, "/a.slice", 100 * MS, 500 * MS), 0);
        assert_int_equal(unlink(temproot_path(&root, below)), 0);
        fire_latest(EPOLLERR);
        assert_int_equal(psi_n_armed(psi), 1);
        fire_latest(EPOLLPRI);
        assert_string_equal(seen, "/");
        /* The next unit there tries it again, and fails: the host's goes on. */
        assert_int_equal(psi_want(psi, "/a.slice", 100 * MS, 500 * MS), 0);
        fire_latest(EPOLLPRI);
        assert_string_equal(seen, "/");
        assert_int_equal(psi_n_armed(psi), 1);
        /* They are back. */
        assert_int_equal(mkfifo(temproot_path(&root, below), 0600), 0);
        assert_int_equal(psi_want(psi, "/a.slice", 100 * MS, 500 * MS), 0);
        fire_latest(EPOLLPRI);
        assert_string_equal(seen, "/a.slice");
        assert_int_equal(psi_n_armed(psi), 1);
        for (unsigned i = 0; i < 3; i++)
                psi_unwant(psi, "/a.slice");
        assert_int_equal(psi_n_armed(psi), 0);
}

/* The kernel's own file: a window that only CAP_SYS_RESOURCE may have, and the removal of the cgroup. */
static void test_a_real_trigger_ends_with_its_cgroup(void **state) {
        static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
        char name[64], dir[256] = "";
        Kernfs real = KERNFS_INIT;
        struct statfs fs;

        (void) state;
        (void) snprintf(name, sizeof(name), "/memguard-test-%d.slice", (int) getpid());
        for (unsigned i = 0; i < ELEMENTSOF(mounts) && !dir[0]; i++)
                if (statfs(mounts[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
                        (void) snprintf(dir, sizeof(dir), "%s%s", mounts[i], name);
                        real.cgroup_fd = open(mounts[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
                }
        if (!dir[0] || mkdir(dir, 0755) < 0) {
                print_message("Skipped: no cgroup v2 hierarchy that we may write to.\n");
                kernfs_done(&real);
                return;
        }
        psi_free(psi);
        assert_int_equal(psi_new(&psi, event, &real, worker, &handlers), 0);
        assert_int_equal(psi_want(psi, name, 300 * MS, 1 * S), 0);
        assert_int_equal(psi_n_armed(psi), 1);
        assert_int_equal(rmdir(dir), 0);
        turn(100 * MS);
        assert_int_equal(psi_n_armed(psi), 0);
        assert_int_equal(sd_event_run(event, 50 * MS), 0);
        psi_unwant(psi, name);
        psi = psi_free(psi);
        kernfs_done(&real);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_psi, close_psi)
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_no_wanted_stall_is_missed),
                cmocka_unit_test(test_plans_are_no_finer_than_needed),
                cmocka_unit_test(test_heat_cools_two_windows_after_the_last_wake),
                TEST(test_one_trigger_serves_a_directory),
                TEST(test_wanted_anew_a_trigger_becomes_coarser),
                TEST(test_wanted_anew_the_hosts_becomes_coarser_and_gone_ones_make_room),
                TEST(test_what_could_not_be_armed_anew_is_told),
                TEST(test_nonsense_is_refused),
                TEST(test_a_failure_is_told_and_tried_again),
                TEST(test_directories_beyond_the_bound_share_the_hosts),
                TEST(test_a_wake_is_read_out_until_it_cools),
                TEST(test_the_handler_may_unwant),
                TEST(test_a_dead_cgroup_is_let_go_at_once),
                TEST(test_where_the_files_are_hidden_the_hosts_serves),
                TEST(test_a_real_trigger_ends_with_its_cgroup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
