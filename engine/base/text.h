/* text.h - text that grows as it is written, up to a limit.
 *
 * Writers append without looking; a failed append (out of memory, over the limit) leaves the text as it was and sets
 * `failed`, which the caller reads once at the end. Only whole appends happen.
 *
 * Owns:     its buffer, until baton_text_clear().
 * Numbers:  integers in full; doubles in the shortest form that reads back as the same double.
 */
#ifndef BATON_ENGINE_BASE_TEXT_H
#define BATON_ENGINE_BASE_TEXT_H

#include "engine/base/arena.h"

#include <stdarg.h>

struct baton_text {
    char *data; /* always NUL-terminated once something was appended; NULL before */
    size_t length;
    size_t capacity; /* private */
    size_t limit;    /* bytes */
    bool failed;
};

/* An empty text; nothing is allocated yet. */
struct baton_text baton_text_with_limit(size_t limit_bytes);
void baton_text_clear(struct baton_text *text);

/* Empties it and forgets a failure, but keeps the buffer. */
void baton_text_reset(struct baton_text *text);

void baton_text_append(struct baton_text *text, const char *data, size_t length);
void baton_text_puts(struct baton_text *text, const char *string);
void baton_text_putc(struct baton_text *text, char character);
void baton_text_printf(struct baton_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void baton_text_vprintf(struct baton_text *text, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
void baton_text_u64(struct baton_text *text, uint64_t number);
void baton_text_i64(struct baton_text *text, int64_t number);

/* The shortest decimal form that reads back; infinities and NaN, which no format of ours has, come out as `null`. */
void baton_text_double(struct baton_text *text, double number);

/* Nanoseconds as milliseconds, exactly: 1500000 -> 1.5. */
void baton_text_ms(struct baton_text *text, uint64_t ns);

/* A JSON string with its quotes. Bytes above 0x7f are copied; " \ and control bytes are escaped (RFC 8259). */
void baton_text_json_string(struct baton_text *text, const char *data, size_t length);

/* The text as a borrowed string; valid until the next append. */
struct baton_str baton_text_str(const struct baton_text *text);

#endif
