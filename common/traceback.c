/* Nearly every line of a log is none of ours: what begins or tells a report is found by a few bytes, and everything else
 * is looked at only while something was begun. Colours are taken off, JSON is looked into. */
#include "traceback.h"

#include "traceblock.h"
#include "tracejson.h"

#define DECODED_MAX 4096 /* of one line within JSON, or one with colours; longer ones are cut */
#define RUNTIME_AFTER (2 * USEC_PER_SEC) /* a runtime's last words are several lines, and one event */

static_assert(sizeof(TracebackStream) < 2048, "a table of hundreds is to stay small");

/* How the lines begin that matter and name neither memory nor allocation. */
static const Span beginnings[] = {
        SPAN("  File \""),         SPAN("Exception "),      SPAN("Error in "),         SPAN("Original exception was:"),
        SPAN("The above exception "), SPAN("During handling of "), SPAN("s_push: "),   SPAN("Could not reserve "),
        SPAN("terminate called "), SPAN("╭"),
};

/* The cheap question that almost every line ends at. */
static bool is_telling(Span line) {
        for (size_t i = 0; i < ELEMENTSOF(beginnings); i++)
                if (line.p[0] == beginnings[i].p[0] && span_starts(line, beginnings[i]))
                        return true;
        return span_find(line, SPAN("emory")) || span_find(line, SPAN("alloc")) ||
               span_ends(span_trim_right(line), SPAN("(most recent call last):"));
}

/* Copies the line without its colours (ECMA-48 control sequences: ESC [ ... letter). */
static Span skip_colours(Span line, char buf[static DECODED_MAX]) {
        size_t used = 0;

        for (size_t i = 0; i < line.n && used < DECODED_MAX; i++) {
                if (line.p[i] != '\033' || i + 1 == line.n || line.p[i + 1] != '[') {
                        buf[used++] = line.p[i];
                        continue;
                }
                for (i += 2; i < line.n && (unsigned char) line.p[i] >= 0x20 && (unsigned char) line.p[i] < 0x40; i++)
                        ;
        }
        return (Span){buf, used};
}

static void read_runtime(TraceReader *reader, Span line) {
        TracebackStream *stream = reader->stream;
        const LastWord *word = lastwords_read(&stream->words, line);
        Finding finding;

        if (!word)
                return;
        if (stream->runtime == word->runtime && reader->now - stream->runtime_at < RUNTIME_AFTER)
                return;
        stream->runtime = word->runtime;
        stream->runtime_at = reader->now;
        finding = (Finding){.fact = FACT_RUNTIME, .count = 1, .bytes = lastwords_bytes(line), .at = reader->now};
        (void) stpncpy(finding.word, word->runtime, sizeof(finding.word) - 1);
        traceline_copy(span_trim_right(line), finding.text, sizeof(finding.text));
        reader->handlers->found(reader->handlers->userdata, &finding);
}

static void read_line(TraceReader *reader, Span line);

/* Reads a text of several lines as a stream of its own, so that it cannot mix with one that is being printed around it. */
static void read_text(TraceReader *reader, Span text) {
        TracebackStream *stream = reader->stream;
        TraceBlock around = stream->block;
        char buf[DECODED_MAX];
        Span line;

        stream->block = (TraceBlock){0};
        reader->nested = true;
        while (tracejson_next_line(&text, buf, sizeof(buf), &line))
                if (line.n > 0)
                        read_line(reader, line);
        reader->nested = false;
        stream->block = around;
}

static bool is_worth_reading(Span text) {
        return span_find(text, SPAN("MemoryError")) || span_find(text, SPAN("Unable to allocate ")) ||
               span_find(text, SPAN("emory")) || span_find(text, SPAN("alloc"));
}

/* A text of one line proves nothing by holding a name alone: {"type": "MemoryError"} may be a metric. */
static bool is_one_line(Span text) {
        const char *newline = span_find(text, SPAN("\\n"));

        return !newline || newline + 2 == text.p + text.n;
}

static void read_single(TraceReader *reader, Span text) {
        char buf[DECODED_MAX];
        Span line;

        if (!tracejson_next_line(&text, buf, sizeof(buf), &line) || line.n == 0 || traceline_is_class(line))
                return;
        reader->nested = true;
        read_line(reader, line);
        reader->nested = false;
}

/* An exception as a list of frames ("exc_type", "filename", "lineno", "name", structlog's dict_tracebacks). */
typedef struct JsonTrace {
        Span class, path;
        uint64_t number;
        bool framed, has_list;
        char site[SITE_MAX];
} JsonTrace;

static void end_trace(TraceReader *reader, JsonTrace *trace) {
        if (trace->class.n > 0 && trace->has_list && trace->framed)
                tracehold_raised(reader, trace->class, trace->class, trace->site);
        else if (trace->class.n > 0)
                tracehold_claim(reader, trace->class, trace->class, "");
        *trace = (JsonTrace){0};
}

static void read_trace_item(TraceReader *reader, JsonTrace *trace, const JsonItem *item) {
        bool has_list;

        if (tracejson_is_class_key(item->key, &has_list)) {
                bool is_memory = item->quoted && traceline_is_class(item->text);
                if (trace->class.n > 0 && (is_memory || has_list) && item->quoted)
                        end_trace(reader, trace);
                if (is_memory)
                        *trace = (JsonTrace){.class = item->text, .has_list = has_list};
        } else if (span_is(item->key, SPAN("filename")))
                trace->path = item->text;
        else if (span_is(item->key, SPAN("lineno"))) {
                if (!span_u64(item->text, &trace->number))
                        trace->number = 0;
        } else if (span_is(item->key, SPAN("name")) && trace->path.n > 0) {
                traceline_name_site(trace->path, trace->number, item->text, trace->site);
                trace->framed = true;
        }
}

static void read_json(TraceReader *reader, Span line) {
        JsonTrace trace = {0};
        JsonItem item;

        while (tracejson_next(&line, &item)) {
                read_trace_item(reader, &trace, &item);
                if (!item.quoted || !is_worth_reading(item.text))
                        continue;
                if (is_one_line(item.text))
                        read_single(reader, item.text);
                else
                        read_text(reader, item.text);
        }
        end_trace(reader, &trace);
}

static bool has_texts(Span line) {
        if (line.n == 0 || !memchr(line.p, '"', line.n) || line.p[0] == ' ')
                return false;
        return line.p[0] == '{' || span_find(line, SPAN("\\n"));
}

static void read_line(TraceReader *reader, Span line) {
        char buf[DECODED_MAX];

        if (line.n == 0 || !(traceblock_is_busy(reader->stream) || is_telling(line)))
                return;
        if (memchr(line.p, '\033', line.n)) {
                line = skip_colours(line, buf);
                if (line.n == 0)
                        return;
        }
        read_runtime(reader, line);
        if (!reader->nested && has_texts(line) && traceline_read(line).kind == LINE_OTHER)
                read_json(reader, line);
        if (line.p[0] != '{')
                (void) traceblock_line(reader, line);
}

void traceback_feed(TracebackStream *stream, usec_t now, const char *bytes, size_t n, const FindingHandlers *handlers) {
        TraceReader reader = {.stream = stream, .now = now, .handlers = handlers};
        Span text = {bytes, n}, line;

        traceback_flush(stream, now, handlers);
        while (span_next_line(&text, &line))
                read_line(&reader, line);
}

void traceback_flush(TracebackStream *stream, usec_t now, const FindingHandlers *handlers) {
        if (now >= stream->deadline)
                tracehold_emit(stream, handlers);
}

void traceback_end(TracebackStream *stream, const FindingHandlers *handlers) {
        tracehold_emit(stream, handlers);
        *stream = (TracebackStream){0};
}

usec_t traceback_deadline(const TracebackStream *stream) {
        return stream->deadline > 0 ? stream->deadline : USEC_INFINITY;
}
