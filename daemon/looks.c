/* See looks.h. */
#include "looks.h"
#include "proclook.h"

#define LIMIT (2 * USEC_PER_SEC) /* the case is judged soon after */

typedef struct Look {
        Looks *owner;
        bool busy;
        int pid;
        uint64_t start;
        char path[CGROUP_PATH_MAX];
        Witness witness;
} Look;

struct Looks {
        Kernfs kernfs;
        Worker *worker;
        looks_answer_t answer;
        void *userdata;
        Look looks[LOOKS_MAX];
};

static int run(void *job) {
        Look *look = job;

        return proclook_read(&look->owner->kernfs, look->pid, /* count_maps= */ true, &look->witness);
}

static void done(void *job, int result) {
        Look *look = job;
        Looks *looks = look->owner;

        look->busy = false;
        if (result >= 0 && look->witness.code == 0 && look->witness.look.start == look->start)
                looks->answer(looks->userdata, look->path, &look->witness);
}

int looks_count(Looks *looks, const char *path, int pid, uint64_t start) {
        for (unsigned i = 0; i < LOOKS_MAX; i++) {
                Look *look = &looks->looks[i];
                int r;

                if (look->busy)
                        continue;
                look->owner = looks;
                look->pid = pid;
                look->start = start;
                memcpy(look->path, path, strlen(path) + 1);
                r = worker_submit(looks->worker, run, done, look, LIMIT);
                look->busy = r >= 0;
                return r;
        }
        return -EAGAIN;
}

int looks_new(Looks **ret, const Kernfs *kernfs, Worker *worker, looks_answer_t answer, void *userdata) {
        Looks *looks = calloc(1, sizeof(Looks));

        if (!looks)
                return -ENOMEM;
        looks->kernfs = *kernfs;
        looks->worker = worker;
        looks->answer = answer;
        looks->userdata = userdata;
        *ret = looks;
        return 0;
}

Looks *looks_free(Looks *looks) {
        /* A thread that hangs in the kernel keeps its job; we are about to exit. */
        for (unsigned i = 0; looks && i < LOOKS_MAX; i++)
                if (looks->looks[i].busy)
                        return NULL;
        free(looks);
        return NULL;
}
