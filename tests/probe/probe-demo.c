/* Shows what the probes see, by hand: probe-demo SOCKET SECONDS PID|FILE...
 * memguard-uprobe.socket must be there (or any socket that starts memguard-uprobe). Every MemoryError on the host that
 * comes by one of those files is printed, with its cgroup's inode number and how long it took to get here. */
#include <stdio.h>
#include <time.h>

#include "uprobe.h"

static void path_of(void *userdata, uint64_t inode, int pid, char ret_path[static CGROUP_PATH_MAX]) {
        (void) userdata;
        (void) pid;
        (void) snprintf(ret_path, CGROUP_PATH_MAX, "/%llu", (unsigned long long) inode);
}

static void saw(void *userdata, const char *path, const Witness *witness) {
        struct timespec now;

        (void) userdata;
        (void) clock_gettime(CLOCK_BOOTTIME, &now);
        printf("%s fact %s cgroup %s code %i comm '%s' after %.1f ms: %s\n", source_name(witness->source),
               fact_name(witness->fact), path, witness->code, witness->comm,
               (double) ((usec_t) now.tv_sec * USEC_PER_SEC + (usec_t) now.tv_nsec / 1000 - witness->at) / 1000,
               witness->text);
        (void) fflush(stdout);
}

static int on_end(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) usec;
        (void) userdata;
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int on_second(sd_event_source *source, uint64_t usec, void *userdata) {
        static unsigned n_builds;
        static int error;
        Uprobe *uprobe = userdata;

        if (uprobe_n_builds(uprobe) != n_builds || uprobe_error(uprobe) != error) {
                n_builds = uprobe_n_builds(uprobe);
                error = uprobe_error(uprobe);
                printf("%u builds are probed, last error: %s\n", n_builds, error ? strerrordesc_np(-error) : "none");
                (void) fflush(stdout);
        }
        (void) sd_event_source_set_time(source, usec + 20 * USEC_PER_MSEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int main(int argc, char **argv) {
        static const UprobeHandlers handlers = {.path_of = path_of, .witness = {.saw = saw}};
        Kernfs kernfs = KERNFS_INIT;
        struct timespec before, after;
        sd_event *event = NULL;
        Uprobe *uprobe = NULL;
        int r;

        if (argc < 4) {
                fprintf(stderr, "usage: probe-demo SOCKET SECONDS PID|FILE...\n");
                return 2;
        }
        r = sd_event_new(&event);
        if (r >= 0)
                r = kernfs_open(&kernfs, "/");
        if (r >= 0)
                r = uprobe_new(&uprobe, event, &kernfs, argv[1], &handlers);
        for (int i = 3; r >= 0 && i < argc; i++)
                r = argv[i][0] == '/' ? uprobe_cover_file(uprobe, argv[i]) : uprobe_cover(uprobe, atoi(argv[i]));
        if (r >= 0)
                r = sd_event_add_time_relative(event, NULL, CLOCK_MONOTONIC, strtoull(argv[2], NULL, 10) * USEC_PER_SEC,
                                               0, on_end, NULL);
        if (r >= 0)
                r = sd_event_add_time_relative(event, NULL, CLOCK_MONOTONIC, 0, 0, on_second, uprobe);
        if (r >= 0)
                r = sd_event_loop(event);
        if (r < 0)
                fprintf(stderr, "probe-demo: %s\n", strerrordesc_np(-r));
        (void) clock_gettime(CLOCK_MONOTONIC, &before);
        uprobe_free(uprobe);
        (void) clock_gettime(CLOCK_MONOTONIC, &after);
        printf("closing took %.1f ms\n",
               (double) (after.tv_sec - before.tv_sec) * 1e3 + (double) (after.tv_nsec - before.tv_nsec) / 1e6);
        kernfs_done(&kernfs);
        sd_event_unref(event);
        return r < 0;
}
