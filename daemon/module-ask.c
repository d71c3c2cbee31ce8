/* Asking the modules of a unit for memory, and adding up their answers. */
#include <stdio.h>

#include "module-internal.h"
#include "utf8.h"

#define ASK_AGAIN (10 * USEC_PER_MINUTE)

static Ask *find_ask(Module *module, uint64_t id) {
        for (unsigned i = 0; id != 0 && i < ASKS_MAX; i++)
                if (module->asks[i].id == id)
                        return &module->asks[i];
        return NULL;
}

static void finish(Ask *ask) {
        Ask all = *ask;
        char detail[160];
        uint64_t sum = MIN(all.freed, all.most);

        *ask = (Ask){0};
        if (all.n_answered == 0) {
                all.done(all.userdata, -ETIMEDOUT, 0, "its Python module was asked and did not answer");
                return;
        }
        (void) snprintf(detail, sizeof(detail), "by the word of %u of %u Python process%s%s%s", all.n_answered, all.n_asked,
                        all.n_asked == 1 ? "" : "es", all.detail[0] ? ": " : "", all.detail);
        all.done(all.userdata, 0, sum, detail);
}

void ask_answered(Peer *peer, const ModuleTalk *talk) {
        Ask *ask = find_ask(peer->module, peer->ask);

        if (!ask || (talk && talk->id != peer->ask))
                return;
        peer->ask = 0;
        ask->n_open--;
        if (talk) {
                ask->n_answered++;
                ask->freed = util_add(ask->freed, talk->freed);
                if (ask->detail[0] == 0)
                        (void) utf8_escape(talk->text, ask->detail, sizeof(ask->detail)); /* cuts at a character */
        }
        if (ask->n_open == 0)
                finish(ask);
        module_arm_timer(peer->module);
}

void asks_expire(Module *module, usec_t now) {
        for (unsigned i = 0; i < ASKS_MAX; i++) {
                Ask *ask = &module->asks[i];

                if (ask->id == 0 || ask->until > now)
                        continue;
                for (unsigned j = 0; j < MODULE_PEERS_MAX; j++)
                        if (module->peers[j] && module->peers[j]->ask == ask->id)
                                module->peers[j]->ask = 0;
                finish(ask);
        }
}

usec_t asks_deadline(const Module *module) {
        usec_t least = USEC_INFINITY;

        for (unsigned i = 0; i < ASKS_MAX; i++)
                if (module->asks[i].id != 0)
                        least = MIN(least, module->asks[i].until);
        return least;
}

static int ask_snapshot(Peer *peer, bool begin, usec_t now) {
        ModuleTalk talk = {.kind = MODULETALK_SNAPSHOT, .begin = begin};
        int r = peer_send(peer, &talk);

        if (r >= 0)
                peer->snapshot_asked = now;
        return r;
}

/* One that is busy with an earlier ask is left to it. */
static bool ask_one(Peer *peer, Ask *ask, usec_t now) {
        ModuleTalk talk = {.kind = MODULETALK_FREE, .id = ask->id};

        if (peer->ask != 0 || peer_send(peer, &talk) < 0)
                return false;
        peer->ask = ask->id;
        if (peer->traced && peer->asked != 0 && now - peer->asked < ASK_AGAIN && peer->snapshot_asked == 0)
                (void) ask_snapshot(peer, /* begin= */ false, now);
        peer->asked = now;
        return true;
}

int module_free_memory(Module *module, const char *path, uint64_t most, usec_t limit, act_done_t done, void *userdata) {
        usec_t now = module_now(module);
        Ask *ask = NULL;
        unsigned n = 0;

        for (unsigned i = 0; i < MODULE_PEERS_MAX; i++)
                n += peer_is_of(module->peers[i], path);
        if (n == 0)
                return 0;
        for (unsigned i = 0; i < ASKS_MAX && !ask; i++)
                if (module->asks[i].id == 0)
                        ask = &module->asks[i];
        if (!ask)
                return -EBUSY;
        *ask = (Ask){.id = ++module->last_ask, .until = util_add(now, limit), .most = most, .done = done,
                     .userdata = userdata};
        for (unsigned i = 0; i < MODULE_PEERS_MAX; i++)
                if (peer_is_of(module->peers[i], path) && ask_one(module->peers[i], ask, now))
                        ask->n_asked++;
        ask->n_open = ask->n_asked;
        n = ask->n_asked;
        if (n == 0) {
                *ask = (Ask){0};
                return -EBUSY;
        }
        module_arm_timer(module);
        return (int) n;
}

int module_snapshot(Module *module, const char *path, bool begin) {
        int n = 0;

        for (unsigned i = 0; i < MODULE_PEERS_MAX; i++)
                n += peer_is_of(module->peers[i], path) && ask_snapshot(module->peers[i], begin, module_now(module)) >= 0;
        return n;
}
