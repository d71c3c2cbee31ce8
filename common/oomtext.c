/* Whoever owns a cgroup names it, and every process names itself, with the very words that these lines are made of. So
 * a line is taken apart from the end at which no name stands, and where several readings are left, nobody is named. The
 * limit of this: printk() splits a line of more than 1024 bytes, or one that another CPU's cuts in two; the cgroups of
 * such a line stay unnamed. */
#include "oomtext.h"

#include "cut.h"
#include "utf8.h"

typedef struct Line {
        const char *prefix;
        int (*read)(OomText *oom, const KmsgRecord *record, char *text, Witness *witness, char *ret_path);
        Scope scope;
} Line;

/* Paths that no unit can have (too long, control characters) are as good as none. */
static void copy_path(char ret[static CGROUP_PATH_MAX], const char *path) {
        ret[0] = 0;
        if (unitname_path_is_valid(path))
                memcpy(ret, path, strlen(path) + 1);
}

static void copy_comm(Witness *witness, const char *comm) {
        (void) utf8_escape(comm, witness->comm, sizeof(witness->comm));
}

static void forget(OomText *oom) {
        oom->has_header = oom->is_group = oom->by_hand = false;
        oom->limit[0] = oom->group[0] = oom->names[0] = 0;
        oom->pid = oom->first_killed = 0;
}

static void note_header(OomText *oom, usec_t at) {
        oom->header_at[oom->n_headers++ % OOM_HEADERS_MAX] = at;
        if (oom->n_headers == 2 * OOM_HEADERS_MAX)
                oom->n_headers = OOM_HEADERS_MAX;
}

/* May the header of a kill at this time have been suppressed? Then the next victim need not be of the group before it. */
static bool may_be_suppressed(const OomText *oom, usec_t at) {
        return oom->n_headers >= OOM_HEADERS_MAX &&
               util_sub(at, oom->header_at[oom->n_headers % OOM_HEADERS_MAX]) <= OOM_HEADERS_WINDOW;
}

void oomtext_lost(OomText *oom) {
        forget(oom);
        oom->lost = true;
}

/* The headers that were lost may have been all that the kernel gives in a while. */
static void note_lost(OomText *oom, usec_t at) {
        for (unsigned i = 0; i < OOM_HEADERS_MAX; i++)
                note_header(oom, at);
        oom->lost = false;
}

/* "CONSTRAINT_MEMCG,nodemask=(null),cpuset=X,mems_allowed=0,oom_memcg=/A,task_memcg=/A/B,task=COMM,pid=1,uid=0", or for the
 * host "...,global_oom,task_memcg=...". X is a cgroup's name and has no slash but alone, so it can't
 * hold the words sought. */
static int read_header(OomText *oom, const KmsgRecord *record, char *text, Witness *witness, char *ret_path) {
        bool is_cgroup = cut_head_word(&text, "CONSTRAINT_MEMCG,"), by_hand = oom->by_hand;
        const char *word = is_cgroup ? ",oom_memcg=/" : ",global_oom,task_memcg=/", *names;
        uint64_t uid;
        int pid;

        (void) witness;
        (void) ret_path;
        forget(oom);
        oom->by_hand = by_hand;
        note_header(oom, record->at);
        if (!cut_tail_u64(text, &uid))
                return 0;
        (void) cut_tail_word(text, "-"); /* uids above INT_MAX are printed below zero */
        if (!cut_tail_word(text, ",uid=") || !cut_tail_pid(text, &pid) || !cut_tail_word(text, ",pid="))
                return 0;
        oom->has_header = true;
        oom->is_cgroup = is_cgroup;
        oom->pid = pid;
        names = strstr(text, word);
        if (names && strlen(names) - strlen(word) < sizeof(oom->names) - 1)
                memcpy(oom->names, names + strlen(word) - 1, strlen(names) - strlen(word) + 2);
        return 0;
}

/* "/A,task_memcg=/A/B": the cgroup whose limit it was is the victim's or above it, which leaves one way to split the two.
 * Not so where somebody made cgroups with such names; then neither is known. */
static void split_names(OomText *oom, char *ret_path) {
        static const char word[] = ",task_memcg=";
        char *names = oom->names, *split = NULL;
        unsigned n_found = 0;

        for (char *at = names; (at = strstr(at, word)); at++) {
                const char *path = at + strlen(word);
                size_t n = (size_t) (at - names);

                if (strncmp(names, path, n) != 0 || (path[n] != 0 && path[n] != '/'))
                        continue;
                split = at;
                n_found++;
        }
        if (n_found != 1)
                return;
        *split = 0;
        copy_path(oom->limit, names);
        copy_path(ret_path, split + strlen(word));
}

/* Sets oom->limit and the path from the header, if it is this victim's. */
static bool use_header(OomText *oom, Scope scope, int pid, const char *comm, char *ret_path) {
        bool fits = oom->has_header && oom->pid == pid && oom->is_cgroup == (scope == SCOPE_CGROUP);

        oom->has_header = false;
        oom->limit[0] = 0;
        if (!fits || !cut_tail_word(oom->names, comm) || !cut_tail_word(oom->names, ",task="))
                return fits;
        if (oom->is_cgroup)
                split_names(oom, ret_path);
        else
                copy_path(ret_path, oom->names);
        return true;
}

/* "N (COMM)" up to the words behind it. Returns where those begin, or NULL. */
static char *take_victim(char *text, const char *behind, int *ret_pid, char **ret_comm) {
        char *end;

        if (!cut_head_pid(&text, ret_pid) || !cut_head_word(&text, " ("))
                return NULL;
        end = cut_last_of(text, behind);
        if (!end)
                return NULL;
        *end = 0;
        *ret_comm = text;
        return end + 1;
}

/* "total-vm:43308kB, anon-rss:20284kB, ..." -> the latter in bytes, 0 where it is not there. */
static uint64_t anon_bytes(char *text) {
        uint64_t kib;

        text = strstr(text, " anon-rss:");
        if (!text || !cut_head_word(&text, " anon-rss:") || !cut_head_u64(&text, &kib) || !cut_head_word(&text, "kB") ||
            kib > UINT64_MAX / KIB)
                return 0;
        return kib * KIB;
}

static int read_kill(OomText *oom, const KmsgRecord *record, char *text, Witness *witness, char *ret_path) {
        bool is_kill = cut_head_word(&text, "Killed process "), is_group, is_named;
        char *comm, *rest;
        int pid;

        if (!is_kill && !cut_head_word(&text, "OOM victim "))
                return 0;
        rest = take_victim(text, is_kill ? ") total-vm:" : ") is already exiting", &pid, &comm);
        /* A group is killed in the words of its first victim: the host's or a cgroup's. */
        is_group = oom->is_group && oom->scope == witness->scope;
        if (!rest || (is_group && (!is_kill || pid == oom->first_killed)))
                return 0;
        is_named = is_group && !may_be_suppressed(oom, record->at);
        if (is_named)
                copy_path(ret_path, oom->group);
        else {
                is_named = use_header(oom, witness->scope, pid, comm, ret_path);
                oom->is_group = false;
                oom->first_killed = pid;
                oom->scope = witness->scope;
        }
        if (!is_kill)
                return 0; /* it was dying by itself */
        witness->fact = FACT_OOM_KILL;
        witness->pid = pid;
        witness->bytes = anon_bytes(rest);
        copy_comm(witness, comm);
        memcpy(witness->limit, oom->limit, sizeof(witness->limit));
        if (is_named && oom->by_hand)
                memcpy(witness->word, "sysrq", sizeof("sysrq"));
        return 1;
}

static int read_group(OomText *oom, const KmsgRecord *record, char *text, Witness *witness, char *ret_path) {
        (void) record;
        (void) witness;
        (void) ret_path;
        if (!cut_tail_word(text, " are going to be killed due to memory.oom.group set"))
                return 0;
        oom->has_header = false;
        oom->is_group = true;
        copy_path(oom->group, text);
        return 0;
}

static int read_suppressed(char *text, Witness *witness) {
        uint64_t n;

        if (!cut_head_u64(&text, &n) || !util_streq(text, " callbacks suppressed"))
                return 0;
        witness->fact = FACT_BLIND;
        return 1;
}

static int read_suppressed_kill(OomText *oom, const KmsgRecord *record, char *text, Witness *witness, char *ret_path) {
        (void) oom;
        (void) record;
        (void) ret_path;
        return read_suppressed(text, witness);
}

/* "pid: 318, comm: python3, no enough memory for the allocation", since Linux 6.9
 * "pid: 318, comm: python3, bytes: 10000000004096 not enough memory for the allocation". */
static int read_refused(OomText *oom, const KmsgRecord *record, char *text, Witness *witness, char *ret_path) {
        uint64_t bytes = 0;

        (void) oom;
        (void) record;
        (void) ret_path;
        if (!cut_head_word(&text, "pid: "))
                return read_suppressed(text, witness);
        if (!cut_head_pid(&text, &witness->pid) || !cut_head_word(&text, ", comm: ") ||
            !cut_tail_word(text, " enough memory for the allocation"))
                return 0;
        if (cut_tail_word(text, " not")) {
                if (!cut_tail_u64(text, &bytes) || !cut_tail_word(text, ", bytes: "))
                        return 0;
        } else if (!cut_tail_word(text, ", no"))
                return 0;
        witness->fact = FACT_REFUSED;
        witness->bytes = bytes;
        copy_comm(witness, text);
        return 1;
}

/* "python3 (212): VmData 104812544 exceed data ulimit 52428800. Update limits or ...", once a boot. */
static int read_data_limit(OomText *oom, const KmsgRecord *record, char *text, Witness *witness, char *ret_path) {
        static const char word[] = "): VmData ";
        char *rest = cut_last_of(text, word);

        (void) oom;
        (void) record;
        (void) ret_path;
        if (!rest)
                return 0;
        *rest = 0;
        rest += strlen(word);
        if (!cut_head_u64(&rest, &witness->bytes) || !cut_head_word(&rest, " exceed data ulimit ") ||
            !cut_tail_pid(text, &witness->pid) || !cut_tail_word(text, " ("))
                return 0;
        witness->fact = FACT_DATA_LIMIT;
        copy_comm(witness, text);
        return 1;
}

static const Line lines[] = {
        {"oom-kill:constraint=", read_header, SCOPE_UNKNOWN},
        {"Memory cgroup out of memory: ", read_kill, SCOPE_CGROUP},
        {"Out of memory: ", read_kill, SCOPE_HOST},
        {"Out of memory (oom_kill_allocating_task): ", read_kill, SCOPE_HOST},
        {"Tasks in ", read_group, SCOPE_UNKNOWN},
        {"oom_kill_process: ", read_suppressed_kill, SCOPE_UNKNOWN},
        {"__vm_enough_memory: ", read_refused, SCOPE_UNKNOWN},
        {"mmap: ", read_data_limit, SCOPE_UNKNOWN},
};

/* "COMM invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, ...": a report begins. This order is sysrq-f's. */
static bool begins_report(OomText *oom, const char *text) {
        const char *at = strstr(text, " invoked oom-killer: gfp_mask=");

        if (!at || at - text >= COMM_MAX)
                return false;
        forget(oom);
        oom->by_hand = strstr(at, "), order=-1, ") != NULL;
        return true;
}

int oomtext_feed(OomText *oom, const KmsgRecord *record, Witness *ret, char ret_path[static CGROUP_PATH_MAX]) {
        char buf[KMSG_RECORD_MAX], path[CGROUP_PATH_MAX] = "", *text = buf;

        if (oom->lost)
                note_lost(oom, record->at);
        if (!record->from_kernel || record->n_text >= sizeof(buf))
                return 0;
        kmsg_unescape(record->text, record->n_text, buf);
        if (begins_report(oom, buf))
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                Witness witness = {.source = WITNESS_KERNEL, .at = record->at, .scope = lines[i].scope};

                if (!cut_head_word(&text, lines[i].prefix))
                        continue;
                (void) utf8_escape(buf, witness.text, sizeof(witness.text));
                if (lines[i].read(oom, record, text, &witness, path) == 0)
                        return 0;
                *ret = witness;
                memcpy(ret_path, path, sizeof(path));
                return 1;
        }
        return 0;
}
