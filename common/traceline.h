/* What one line of a Python process's output is, by itself. common/traceback.h knows what stood before it. */
#pragma once

#include "span.h"
#include "witness.h"

typedef enum LineKind {
        LINE_OTHER,     /* anything else that does not begin with a blank */
        LINE_BLANK,     /* nothing but blanks */
        LINE_HEADER,    /* "Traceback (most recent call last):", alone or behind a prefix */
        LINE_FRAME,     /* "  File "/srv/app.py", line 4, in alloc" */
        LINE_DUMP,      /* the same in a dump of faulthandler: "  File "/srv/app.py", line 4 in alloc" */
        LINE_ELLIPSIS,  /* "    ...": a doctest in place of frames */
        LINE_INDENTED,  /* source, carets, whatever else begins with a blank */
        LINE_CONNECTOR, /* "During handling of the above exception, ..." and its like */
        LINE_QUOTES,    /* triple quotes alone: a traceback brought from another process begins or ends */
        LINE_OPENER,    /* says that an exception is told next: "Exception ignored in: ..." */
        LINE_TERMINAL,  /* "module.Class: message", the end of a traceback; of which class stands in TraceLine */
        LINE_OBJECT,    /* "object type name: MemoryError": printing the exception failed too */
        LINE_FATAL,     /* "Fatal Python error: ..." that can only come from a MemoryError */
        LINE_INFO,      /* "(<class 'MemoryError'>, ...": sys.exc_info() of one */
        LINE_PARSER,    /* the parser of Python 3.8 says that its stack was too small */
        _LINE_KIND_MAX,
} LineKind;

/* What the class of a terminal line says. */
typedef enum TraceClass {
        CLASS_OTHER,    /* some other exception */
        CLASS_MEMORY,   /* MemoryError itself, or one that numpy or pyarrow derive from it */
        CLASS_SUFFIX,   /* the name ends like one; perhaps the service's own subclass */
} TraceClass;

typedef struct TraceLine {
        LineKind kind;
        TraceClass class;
        Span name;    /* of the class, without its module */
        Span message; /* what follows "Class: " */
} TraceLine;

TraceLine traceline_read(Span line);

/* Takes the margin of an exception group off the line ("    | MemoryError"). False where there is none, *line unchanged. */
bool traceline_skip_margin(Span *line);

/* "file:line in function"; the start of a long path and the end of a long name are left out. */
void traceline_name_site(Span path, uint64_t number, Span function, char site[static SITE_MAX]);

/* The site of a LINE_FRAME or LINE_DUMP. */
void traceline_site(Span line, char site[static SITE_MAX]);

/* Is this source line of a frame one whose work is the parser's: eval(), exec() or compile()? */
bool traceline_is_parsing(Span source);

/* Does the message say that no memory was asked for: the parser's stack, or the C stack? */
bool traceline_is_limit(Span message);

/* Does the message only repeat what another process raised (celery's main process about its worker)? */
bool traceline_is_echo(Span message);

/* Does a line of a log claim a MemoryError without a traceback: its repr, "failed: MemoryError", numpy's own message? */
bool traceline_is_claim(Span line);

/* Is this text exactly the name of a class that is CLASS_MEMORY, with or without its module? */
bool traceline_is_class(Span text);

/* Copies text for people: one line, valid UTF-8, printable, cut at a character. */
void traceline_copy(Span text, char *buf, size_t size);
