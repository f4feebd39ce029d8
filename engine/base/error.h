/* error.h - a status to branch on and a text to read.
 *
 * A function that can fail returns enum baton_status (0 is BATON_OK) and fills the struct baton_error given last. The
 * place that knows most writes the text, once: what failed, the thing in single quotes, how to mend it; lower case, no
 * full stop. Callers pass it up untouched or add their place with baton_error_at().
 *
 * Owns:     nothing; an error is a plain value in the caller's memory. NULL is allowed where the text is not wanted.
 * Limits:   a text longer than BATON_ERROR_TEXT_BYTES is cut at a character's end.
 */
#ifndef BATON_ENGINE_BASE_ERROR_H
#define BATON_ENGINE_BASE_ERROR_H

#include <stddef.h>

#define BATON_MUST_CHECK __attribute__((warn_unused_result))

/* name, exit code of the program */
#define BATON_STATUS_LIST(X)                                \
    X(OK, 0)                                                \
    X(EINPUT, 4)       /* a bad input file */               \
    X(EUSAGE, 4)       /* bad usage */                      \
    X(ELIMIT, 4)       /* a limit was reached */            \
    X(EIO, 3)          /* input or output failed */         \
    X(ENOMEM, 3)       /* out of memory */                  \
    X(EPROVIDER, 3)    /* the provider failed */            \
    X(EINTERRUPTED, 2) /* interrupted */                    \
    X(EEMPTY, 5)       /* nothing selected */               \
    X(EMISS, 6)        /* a replay miss, or divergence */   \
    X(EBASELINE, 7)    /* the baseline is not comparable */ \
    X(EBUG, 70)        /* a bug in baton */

#define BATON_STATUS_ENUM(name, exit_code) BATON_##name,
enum baton_status { BATON_STATUS_LIST(BATON_STATUS_ENUM) BATON_STATUS_COUNT };
#undef BATON_STATUS_ENUM

enum { BATON_ERROR_TEXT_BYTES = 640, BATON_ERROR_FILE_BYTES = 256 };

struct baton_error {
    enum baton_status status;
    unsigned line, column; /* 0 = unknown; both count from 1, columns in bytes */
    char file[BATON_ERROR_FILE_BYTES];
    char text[BATON_ERROR_TEXT_BYTES];
};

/* Fills err and returns status, so that a caller can `return baton_error_set(...)`. Forgets an earlier place. */
enum baton_status baton_error_set(struct baton_error *err, enum baton_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The two ways to be short of memory, said alike everywhere. `what` is as for printf.
 * BATON_ENOMEM, `out of memory for WHAT`, or just `out of memory` where what is NULL: the system has no more.
 * BATON_ELIMIT, `WHAT needs more memory than is allowed`: an arena or a text has reached its limit. */
enum baton_status baton_error_no_memory(struct baton_error *err, const char *what, ...)
    __attribute__((format(printf, 2, 3)));
enum baton_status baton_error_over_limit(struct baton_error *err, const char *what, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds the place, where none is known yet. */
void baton_error_at(struct baton_error *err, const char *file, unsigned line, unsigned column);

/* Writes `file:line:column: text`, leaving out what is unknown, and returns out. */
const char *baton_error_format(const struct baton_error *err, char *out, size_t out_bytes);

int baton_status_exit_code(enum baton_status status);

#endif
