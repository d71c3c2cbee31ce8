/* The last incident of each unit, for status, since the daemon was started; the journal knows the older ones. */
#include "api-priv.h"

static ApiLast *find(Api *api, const char *path) {
        for (unsigned i = 0; i < API_LASTS_MAX; i++)
                if (api->lasts[i].path && util_streq(api->lasts[i].path, path))
                        return &api->lasts[i];
        return NULL;
}

/* Where all places are taken, the oldest incident makes room. */
static ApiLast *find_place(Api *api) {
        ApiLast *oldest = &api->lasts[0];

        for (unsigned i = 0; i < API_LASTS_MAX; i++) {
                if (!api->lasts[i].path)
                        return &api->lasts[i];
                if (api->lasts[i].realtime < oldest->realtime)
                        oldest = &api->lasts[i];
        }
        return oldest;
}

void api_note_last(Api *api, const ApiRecord *kept) {
        ApiLast *last;

        if (kept->record.kind != RECORD_INCIDENT || kept->path[0] == 0)
                return;
        last = find(api, kept->path);
        if (!last) {
                char *path = strdup(kept->path);

                if (!path)
                        return;
                last = find_place(api);
                free(last->path);
                last->path = path;
        }
        memcpy(last->id, kept->incident, sizeof(last->id));
        last->verdict = kept->verdict;
        last->fate = kept->fate;
        last->confidence = kept->confidence;
        last->realtime = kept->realtime;
}

void api_lasts_done(Api *api) {
        for (unsigned i = 0; i < API_LASTS_MAX; i++)
                free(api->lasts[i].path);
}

int api_put_last(Api *api, sd_bus_message *m, const char *path) {
        const ApiLast *last = find(api, path);
        int r;

        if (!last)
                return 0;
        r = api_put_u64(m, "last_time", last->realtime);
        if (r < 0)
                return r;
        return sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "last_id", "s", last->id, "last_verdict", "s", last->verdict,
                                     "last_fate", "s", last->fate, "last_confidence", "s", last->confidence);
}
