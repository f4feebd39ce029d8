/* error.h - what went wrong: a code to branch on, a text to read.
 *
 * A function that can fail takes a struct baton_error_info last, which may be NULL. It returns 0 or a BATON_ERROR_ code, or,
 * where it makes something, that or NULL. It fills the struct on every path: with code 0 and empty texts when all went well.
 * The text says what failed, the thing in single quotes, where, and how to mend it.
 *
 * Owns:     nothing; it is a plain value in the caller's memory.
 * Threads:  any.
 */
#ifndef BATON_API_ERROR_H
#define BATON_API_ERROR_H

#include <baton/version.h>

#ifdef __cplusplus
extern "C" {
#endif

enum baton_error_code {
    BATON_ERROR_NONE = 0,
    BATON_ERROR_INPUT = 1,       /* a file or a text that baton reads is not as it should be */
    BATON_ERROR_USAGE = 2,       /* the host asked for what cannot be: an argument that is missing or out of range */
    BATON_ERROR_LIMIT = 3,       /* a limit was reached, mostly that of a conversation's memory */
    BATON_ERROR_IO = 4,          /* the system could not read or write */
    BATON_ERROR_MEMORY = 5,      /* out of memory */
    BATON_ERROR_PROVIDER = 6,    /* there is no libcurl, or a service cannot be asked */
    BATON_ERROR_INTERRUPTED = 7, /* a limit of money or tokens ended the work */
    BATON_ERROR_BUG = 70         /* a mistake of baton's own */
};

enum { BATON_ERROR_INFO_BYTES = 1024, BATON_ERROR_PATH_BYTES = 256 };

struct baton_error_info {
    int code;                          /* enum baton_error_code */
    unsigned line, column;             /* of the place in `file`, both from 1; 0: unknown */
    char file[BATON_ERROR_PATH_BYTES]; /* as the host named it; empty: no place */
    char text[BATON_ERROR_INFO_BYTES]; /* `file:line:column: what, and how to go on`; no line break at its end */
};

/* A few words for a code: "out of memory". */
BATON_API const char *baton_error_words(int code);

#ifdef __cplusplus
}
#endif

#endif
