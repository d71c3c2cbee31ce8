#include "flight.h"

#include <stdio.h>

#define BEGIN "#begin "
#define STILL_SHARE 32 /* of the working set: what moves less stands still */
#define STILL_LEAST (2 * MIB)
#define MINUTE_MAX 0x7fffffff
#define CLAIMS_RATE 1 /* a second: about 2 MiB an hour */
#define CLAIMS_BURST 300
#define BEATS_RATE 2 /* a second, as of 30 processes: about 1 MiB an hour */
#define BEATS_BURST 300 /* all come at once, at multiples of 15 s */

int flight_begin_format(const FlightBegin *begin, char buf[static FLIGHT_BEGIN_MAX]) {
        return snprintf(buf, FLIGHT_BEGIN_MAX, BEGIN "boottime=%llu realtime=%llu boot=%s goes_on=%d",
                        (unsigned long long) begin->boottime, (unsigned long long) begin->realtime,
                        begin->boot[0] ? begin->boot : "unknown", begin->goes_on);
}

static const char *take_number(const char *at, const char *key, uint64_t *ret) {
        size_t n = strlen(key);
        char *end;

        if (strncmp(at, key, n) != 0 || at[n] < '0' || at[n] > '9')
                return NULL;
        errno = 0;
        *ret = strtoull(at + n, &end, 10);
        if (errno != 0 || (*end != ' ' && *end != 0))
                return NULL;
        return *end == ' ' ? end + 1 : end;
}

int flight_begin_parse(const char *line, FlightBegin *ret) {
        FlightBegin begin = {0};
        size_t n;

        if (strncmp(line, BEGIN, strlen(BEGIN)) != 0)
                return -ENOENT;
        line = take_number(line + strlen(BEGIN), "boottime=", &begin.boottime);
        if (line)
                line = take_number(line, "realtime=", &begin.realtime);
        if (!line || strncmp(line, "boot=", 5) != 0)
                return -EINVAL;
        line += 5;
        n = strspn(line, "0123456789abcdefghijklmnopqrstuvwxyz-");
        if (n == 0 || n >= sizeof(begin.boot) || line[n] != ' ')
                return -EINVAL;
        memcpy(begin.boot, line, n);
        line += n + 1;
        if (!util_streq(line, "goes_on=0") && !util_streq(line, "goes_on=1"))
                return -EINVAL;
        begin.goes_on = util_streq(line, "goes_on=1");
        *ret = begin;
        return 0;
}

static uint32_t pages(uint64_t bytes) {
        return (uint32_t) MIN(bytes / PAGE_BYTES, UINT32_MAX);
}

static uint32_t minute_of(usec_t now) {
        return (uint32_t) MIN(now / USEC_PER_MINUTE, MINUTE_MAX);
}

void flight_mark(FlightMark *mark, const Sample *sample, usec_t now) {
        *mark = (FlightMark){
                .working_set = pages(sample->working_set),
                .current = pages(sample->current),
                .minute = minute_of(now) & MINUTE_MAX,
        };
}

static bool moved(uint32_t before, uint64_t bytes, uint64_t working_set) {
        uint32_t after = pages(bytes), gap = after > before ? after - before : before - after;

        return gap >= pages(MAX(working_set / STILL_SHARE, STILL_LEAST));
}

static bool is_like(const Sample *a, const Sample *b) {
        return a->limit == b->limit && a->own_max == b->own_max && a->high == b->high && a->ev_high == b->ev_high &&
               a->ev_max == b->ev_max && a->ev_oom == b->ev_oom && a->ev_oom_kill == b->ev_oom_kill;
}

FlightWorth flight_worth(FlightMark *mark, const UnitView *before, const Sample *sample, usec_t now) {
        bool held = mark->held;
        uint32_t minute = minute_of(now);

        if (before && before->state == LADDER_CALM && before->sample_time > 0 && is_like(before->sample, sample) &&
            !moved(mark->working_set, sample->working_set, sample->working_set) &&
            !moved(mark->current, sample->current, sample->working_set) && minute >= mark->minute &&
            minute - mark->minute < FLIGHT_STILL) {
                mark->held = 1;
                return FLIGHT_LEAVE_OUT;
        }
        flight_mark(mark, sample, now);
        return held && before ? FLIGHT_RECORD_BOTH : FLIGHT_RECORD;
}

bool flight_allows(FlightClaims *claims, const Event *event) {
        static const bool is_claim[_WITNESS_KIND_MAX] = {
                [WITNESS_JOURNAL] = true,
                [WITNESS_UPROBE] = true,
                [WITNESS_PROC] = true,
                [WITNESS_MODULE] = true,
        };

        if (event->kind == EVENT_BEAT)
                return bucket_take(&claims->beats, BEATS_RATE, BEATS_BURST, event->time);
        if (event->kind != EVENT_WITNESS || !is_claim[event->witness.source])
                return true;
        return bucket_take(&claims->witnesses, CLAIMS_RATE, CLAIMS_BURST, event->time);
}

static void start_of(const UnitView *view, usec_t now, Event *ret) {
        *ret = (Event){.kind = EVENT_START, .time = now};
        memcpy(ret->path, view->path, strlen(view->path) + 1);
        memcpy(ret->start.invocation, view->invocation, strlen(view->invocation) + 1);
        ret->start.operator_high = view->operator_high;
        ret->start.sample = *view->sample;
}

static int next_unit(const Engine *engine, FlightHead *head, usec_t now, Event *ret) {
        unsigned at = head->paused > 0 ? head->paused - 1 : head->iterator, next = at;
        UnitView view;

        if (engine_next_unit(engine, &next, &view) <= 0)
                return 0;
        if (head->paused > 0) {
                head->paused = 0;
                *ret = (Event){.kind = EVENT_PAUSE, .time = now};
                memcpy(ret->path, view.path, strlen(view.path) + 1);
                return 1;
        }
        start_of(&view, now, ret);
        head->iterator = next;
        head->paused = view.paused && !engine_is_paused(engine) ? at + 1 : 0;
        return 1;
}

static int next_page(const Engine *engine, FlightHead *head, usec_t now, Event *ret) {
        while (engine_next_past(engine, &head->iterator, ret) > 0)
                if (ret->kind == EVENT_LEDGER && unitname_type(unitname_of_path(ret->path)) == UNIT_SLICE) {
                        ret->time = now;
                        return 1;
                }
        return 0;
}

int flight_next_head(const Engine *engine, FlightHead *head, usec_t now, Event *ret) {
        if (head->stage == 0) {
                head->stage = 1;
                if (engine_is_paused(engine)) {
                        *ret = (Event){.kind = EVENT_PAUSE, .time = now};
                        return 1;
                }
        }
        if (head->stage == 1) {
                if (next_unit(engine, head, now, ret) > 0)
                        return 1;
                *head = (FlightHead){.stage = 2};
        }
        return next_page(engine, head, now, ret);
}
