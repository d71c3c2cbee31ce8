/* The state machine of a report. Lines that are none of it are let pass, since other threads print too; after enough of
 * them, or a while, the report is given up. */
#include "traceblock.h"

#include "tracehold.h"

#define STALE_AFTER (2 * USEC_PER_SEC) /* a report is printed at once; a throttled process may take its time */
#define ALIEN_MAX 16

bool traceblock_is_busy(const TracebackStream *stream) {
        const TraceBlock *block = &stream->block;

        return stream->deadline > 0 || block->open > 0 || block->joined || block->group || block->parser_said ||
               block->awaits_site || stream->words.half > 0;
}

static void add_frame(TraceFrames *frames, Span line) {
        uint32_t hash = 2166136261;

        for (size_t i = 0; i < line.n; i++)
                hash = (hash ^ (unsigned char) line.p[i]) * 16777619; /* FNV-1a */
        frames->hash[frames->n++ % TRACEBACK_FRAMES] = hash;
}

/* One traceback has ended. */
static void close_block(TraceBlock *block) {
        block->joined = block->parser_said = false;
        if (block->open > 0)
                block->open--;
        if (block->open > 0)
                return;
        block->header = block->framed = block->mixed = block->doctest = block->after_frame = block->parsing = false;
        block->frames.n = 0;
        block->site[0] = 0;
}

/* A traceback that belongs to none before it. */
static void new_report(TraceBlock *block) {
        if (!block->joined && !block->group && block->open == 0)
                block->told = block->bare = block->remote = false;
}

static void on_header(TraceReader *reader, Span line, const TraceLine *read) {
        static const Span header = SPAN("Traceback (most recent call last):");
        TraceBlock *block = &reader->stream->block;

        (void) read;
        new_report(block);
        if (span_starts(line, SPAN("  + Exception Group ")))
                block->group = true;
        else if (line.n - header.n > 0 && line.n - header.n <= sizeof(block->prefix) && !block->group) {
                block->n_prefix = (uint8_t) (line.n - header.n);
                memcpy(block->prefix, line.p, block->n_prefix);
        }
        if (block->open > 0 && block->header) {
                block->mixed = true;
                block->open += block->open < UINT8_MAX;
        } else
                block->open = 1;
        block->header = true;
        block->site[0] = 0;
        block->frames.n = 0;
}

static void on_frame(TraceReader *reader, Span line, const TraceLine *read) {
        TraceBlock *block = &reader->stream->block;

        (void) read;
        if (block->open == 0) {
                new_report(block);
                block->open = 1;
        }
        block->framed = block->after_frame = true;
        block->parsing = false;
        add_frame(&block->frames, line);
        if (block->mixed)
                block->site[0] = 0;
        else
                traceline_site(line, block->site);
}

static void on_dump(TraceReader *reader, Span line, const TraceLine *read) {
        TraceBlock *block = &reader->stream->block;

        (void) read;
        if (block->awaits_site && reader->stream->deadline > 0)
                traceline_site(line, reader->stream->held.site);
        block->awaits_site = false;
}

/* The standard library's own eval() and exec() are of simple text: there, memory was short indeed. */
static bool is_library_function(const char *site) {
        Span span = {site, strlen(site)};

        return span_ends(span, SPAN(" in namedtuple")) || span_ends(span, SPAN(" in _create_fn"));
}

static void on_indented(TraceReader *reader, Span line, const TraceLine *read) {
        TraceBlock *block = &reader->stream->block;

        if (read->kind == LINE_ELLIPSIS && block->open > 0 && !block->framed)
                block->doctest = true;
        if (block->after_frame)
                block->parsing = traceline_is_parsing(line) && !is_library_function(block->site);
        block->after_frame = false;
}

static void on_connector(TraceReader *reader, Span line, const TraceLine *read) {
        TraceBlock *block = &reader->stream->block;

        (void) line, (void) read;
        if (block->bare && reader->stream->deadline > 0) {
                reader->stream->held.weak = false;
                reader->stream->told_at = reader->now;
        }
        block->bare = false;
        if (!block->mixed && block->open > 0)
                close_block(block);
        block->joined = true;
}

static void on_quotes(TraceReader *reader, Span line, const TraceLine *read) {
        (void) line, (void) read;
        reader->stream->block.remote = true;
}

static void on_opener(TraceReader *reader, Span line, const TraceLine *read) {
        TraceBlock *block = &reader->stream->block;

        (void) line, (void) read;
        if (block->open > 0)
                return;
        new_report(block);
        block->open = 1;
}

/* Is the error at the end of this traceback one that was found before? */
static bool is_told(TraceReader *reader, bool alone) {
        TracebackStream *stream = reader->stream;
        TraceBlock *block = &stream->block;

        if (block->told && (block->joined || block->group)) {
                bool once_more = block->group && !block->joined;
                if (once_more && !tracehold_has_error(stream))
                        return false;
                if (once_more || (block->framed && !block->remote && tracehold_has_error(stream)))
                        tracehold_count(stream);
                return true;
        }
        if (alone)
                return tracehold_has_error(stream);
        return block->framed && !block->mixed && stream->told_at > 0 && reader->now - stream->told_at < STALE_AFTER &&
               tracehold_is_seen_again(&block->frames, &stream->told_frames);
}

static void on_memory_error(TraceReader *reader, Span line, const TraceLine *read) {
        TracebackStream *stream = reader->stream;
        TraceBlock *block = &stream->block;
        bool alone = block->open == 0 && !block->joined;
        Finding finding;

        if (block->doctest || traceline_is_echo(read->message))
                return;
        if (is_told(reader, alone)) {
                block->told = true;
                return;
        }
        if (alone) {
                block->bare = read->message.n == 0;
                block->told = true;
                tracehold_claim(reader, line, read->name, "");
                return;
        }
        finding = tracehold_make(reader, FACT_MEMORY_ERROR, read->name, span_trim_right(line));
        if (traceline_is_limit(read->message) || block->parser_said || (block->parsing && read->message.n == 0)) {
                finding.fact = FACT_NOT_MEMORY;
                finding.weak = !block->parser_said && read->message.n == 0;
        }
        memcpy(finding.site, block->site, sizeof(finding.site));
        tracehold_put(reader, &finding);
        stream->told_frames = block->frames;
        stream->told_at = reader->now;
        block->told = true;
}

/* A name alone that stands among others is one of a list. */
static void drop_listed(TracebackStream *stream, const TraceLine *read) {
        if (stream->block.bare && stream->held.weak && stream->block.open == 0 && read->message.n == 0)
                stream->deadline = 0;
        stream->block.bare = false;
}

static void on_terminal(TraceReader *reader, Span line, const TraceLine *read) {
        TraceBlock *block = &reader->stream->block;

        switch (read->class) {
        case CLASS_MEMORY:
                on_memory_error(reader, line, read);
                break;
        case CLASS_SUFFIX:
                if (block->framed && !block->told)
                        tracehold_claim(reader, line, read->name, block->site);
                break;
        case CLASS_OTHER:
        default:
                drop_listed(reader->stream, read);
                if (traceline_is_claim(line))
                        tracehold_claim(reader, line, SPAN("MemoryError"), "");
                break;
        }
        close_block(block);
}

static void on_object(TraceReader *reader, Span line, const TraceLine *read) {
        TraceBlock *block = &reader->stream->block;

        if (!(block->told && block->joined))
                tracehold_raised(reader, SPAN("MemoryError"), line, block->site);
        if (read->kind == LINE_FATAL)
                block->awaits_site = true;
        close_block(block);
}

static void on_parser(TraceReader *reader, Span line, const TraceLine *read) {
        (void) line, (void) read;
        reader->stream->block.parser_said = true;
}

static void on_other(TraceReader *reader, Span line, const TraceLine *read) {
        (void) read;
        if (traceline_is_claim(line))
                tracehold_claim(reader, line, SPAN("MemoryError"), "");
}

static void on_blank(TraceReader *reader, Span line, const TraceLine *read) {
        (void) reader, (void) line, (void) read;
}

static void (*const on_line[])(TraceReader *reader, Span line, const TraceLine *read) = {
        [LINE_OTHER] = on_other,         [LINE_BLANK] = on_blank,       [LINE_HEADER] = on_header,
        [LINE_FRAME] = on_frame,         [LINE_DUMP] = on_dump,         [LINE_ELLIPSIS] = on_indented,
        [LINE_INDENTED] = on_indented,   [LINE_CONNECTOR] = on_connector, [LINE_QUOTES] = on_quotes,
        [LINE_OPENER] = on_opener,       [LINE_TERMINAL] = on_terminal, [LINE_OBJECT] = on_object,
        [LINE_FATAL] = on_object,        [LINE_INFO] = on_object,       [LINE_PARSER] = on_parser,
};
static_assert(ELEMENTSOF(on_line) == _LINE_KIND_MAX, "a kind of line is not read");

/* Takes off what is put before every line of this report. */
static void skip_prefix(const TraceBlock *block, Span *line) {
        if (block->n_prefix == 0 || line->n < block->n_prefix)
                return;
        for (size_t i = 0; i < block->n_prefix; i++)
                if (line->p[i] != block->prefix[i] && !(span_is_digit(line->p[i]) && span_is_digit(block->prefix[i])))
                        return;
        *line = span_from(*line, block->n_prefix);
}

/* Gives a report up that was never ended. */
static void age(TraceReader *reader, const TraceLine *read) {
        TraceBlock *block = &reader->stream->block;

        if (read->kind == LINE_OTHER || read->kind == LINE_BLANK)
                block->alien += block->alien < ALIEN_MAX;
        else
                block->alien = 0;
        if (block->alien == ALIEN_MAX || reader->now - block->last > STALE_AFTER)
                *block = (TraceBlock){0};
        block->last = reader->now;
}

bool traceblock_line(TraceReader *reader, Span line) {
        TraceBlock *block = &reader->stream->block;
        TraceLine read;

        line = span_trim_right(line);
        skip_prefix(block, &line);
        bool margin = block->group && traceline_skip_margin(&line);
        read = traceline_read(line);
        age(reader, &read);
        if (block->group && !margin && read.kind != LINE_BLANK && read.kind != LINE_CONNECTOR)
                block->group = false;
        on_line[read.kind](reader, line, &read);
        return read.kind != LINE_OTHER;
}
