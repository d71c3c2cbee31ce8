/* The form of a flight recorder's file, and what is worth recording. A file is a trace: events, one a line. Lines that begin with
 * '#' are for people, but for this one, which begins a stretch of recording (a start of the daemon, or a file):
 *
 *      #begin boottime=303277617 realtime=1795255201000000 boot=7d3c… goes_on=0
 *
 * From then on units are known from their starts. A file that goes on where another one ended has a start for each unit that was
 * there already, spread among its first events. */
#pragma once

#include "bucket.h"
#include "engine.h"

#define FLIGHT_BEGIN_MAX 192
#define FLIGHT_BOOT_MAX 40

typedef struct FlightBegin {
        usec_t boottime, realtime; /* the same moment by two clocks */
        char boot[FLIGHT_BOOT_MAX];
        bool goes_on; /* the file before ended here */
} FlightBegin;

/* Without a newline. Returns its length. */
int flight_begin_format(const FlightBegin *begin, char buf[static FLIGHT_BEGIN_MAX]);

/* 0; -ENOENT when the line begins nothing; -EINVAL when it is damaged. */
int flight_begin_parse(const char *line, FlightBegin *ret);

/* What the recorder keeps of each unit: little, as there may be thousands. */
typedef struct FlightMark {
        uint32_t working_set, current; /* pages, at the last reading that was recorded */
        uint32_t minute : 31;          /* its time */
        uint32_t held : 1;             /* readings after it were left out */
} FlightMark;

typedef enum FlightWorth {
        FLIGHT_LEAVE_OUT, /* calm, and like the last one recorded */
        FLIGHT_RECORD,
        FLIGHT_RECORD_BOTH, /* and the one before it too, so that the line between is true */
} FlightWorth;

/* Readings of a unit that stands still are left out, but for one every FLIGHT_STILL. before: the unit as the engine knows it,
 * without this reading; NULL when it does not. */
#define FLIGHT_STILL 60 /* minutes */
FlightWorth flight_worth(FlightMark *mark, const UnitView *before, const Sample *sample, usec_t now);

/* Was it recorded at its start, or otherwise? */
void flight_mark(FlightMark *mark, const Sample *sample, usec_t now);

/* What services say and do themselves can come in any number, and would push everything else out: of that only so much. The beats
 * of Python modules come all the time and honestly, and must leave what else is claimed its share. */
typedef struct FlightClaims {
        Bucket witnesses, beats;
} FlightClaims;

/* False for what is too much. */
bool flight_allows(FlightClaims *claims, const Event *event);

/* What a file that goes on must begin with, as events of now: a start of each unit, the pauses, the ledger's pages. 1 and an
 * event, or 0 at the end. */
typedef struct FlightHead {
        unsigned stage, iterator;
        unsigned paused; /* 1 + where the unit is whose pause is to be told next */
} FlightHead;
int flight_next_head(const Engine *engine, FlightHead *head, usec_t now, Event *ret);
