/* A stretch of somebody else's bytes: not NUL-terminated, may hold anything. What it points to must outlive it. */
#pragma once

#include "util.h"

typedef struct Span {
        const char *p;
        size_t n;
} Span;

#define SPAN(literal) ((Span){"" literal, sizeof(literal) - 1})

static inline bool span_is(Span span, Span word) {
        return span.n == word.n && memcmp(span.p, word.p, word.n) == 0;
}

static inline bool span_starts(Span span, Span prefix) {
        return span.n >= prefix.n && memcmp(span.p, prefix.p, prefix.n) == 0;
}

static inline bool span_ends(Span span, Span suffix) {
        return span.n >= suffix.n && memcmp(span.p + span.n - suffix.n, suffix.p, suffix.n) == 0;
}

/* The span without its first n bytes; empty where it has fewer. */
static inline Span span_from(Span span, size_t n) {
        n = MIN(n, span.n);
        return (Span){span.p + n, span.n - n};
}

static inline Span span_first(Span span, size_t n) {
        return (Span){span.p, MIN(n, span.n)};
}

/* Where the word first stands in the span, or NULL. */
static inline const char *span_find(Span span, Span word) {
        return span.n < word.n ? NULL : memmem(span.p, span.n, word.p, word.n);
}

static inline bool span_skip(Span *span, Span prefix) {
        if (!span_starts(*span, prefix))
                return false;
        *span = span_from(*span, prefix.n);
        return true;
}

static inline Span span_trim_right(Span span) {
        while (span.n > 0 && (span.p[span.n - 1] == ' ' || span.p[span.n - 1] == '\t' || span.p[span.n - 1] == '\r'))
                span.n--;
        return span;
}

/* Takes the next line off the text, without its line end ("\n" or "\r\n"). False when nothing is left. */
static inline bool span_next_line(Span *text, Span *ret) {
        const char *end;

        if (text->n == 0)
                return false;
        end = memchr(text->p, '\n', text->n);
        *ret = span_first(*text, end ? (size_t) (end - text->p) : text->n);
        *text = span_from(*text, ret->n + 1);
        if (ret->n > 0 && ret->p[ret->n - 1] == '\r')
                ret->n--;
        return true;
}

/* A byte of an identifier; what is not ASCII counts as one, since Python's may hold letters of any script. */
static inline bool span_is_word_byte(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

static inline bool span_is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* The number at the start of the span. False where there is none or it is too large. */
static inline bool span_u64(Span span, uint64_t *ret) {
        uint64_t value = 0;
        size_t i;

        for (i = 0; i < span.n && span_is_digit(span.p[i]); i++)
                if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, span.p[i] - '0', &value))
                        return false;
        if (i == 0)
                return false;
        *ret = value;
        return true;
}
