#include "engine/api/give.h"

#include <string.h>

int baton_give_error(struct baton_error_info *out, enum baton_status status, const struct baton_error *err)
{
    static const int codes[BATON_STATUS_COUNT] = {
        [BATON_OK] = BATON_ERROR_NONE,
        [BATON_EINPUT] = BATON_ERROR_INPUT,
        [BATON_EUSAGE] = BATON_ERROR_USAGE,
        [BATON_ELIMIT] = BATON_ERROR_LIMIT,
        [BATON_EIO] = BATON_ERROR_IO,
        [BATON_ENOMEM] = BATON_ERROR_MEMORY,
        [BATON_EPROVIDER] = BATON_ERROR_PROVIDER,
        [BATON_EINTERRUPTED] = BATON_ERROR_INTERRUPTED,
        [BATON_EBUG] = BATON_ERROR_BUG,
    };
    int code = status == BATON_OK || codes[status] != BATON_ERROR_NONE ? codes[status] : BATON_ERROR_BUG;
    if (out == NULL) {
        return code;
    }
    memset(out, 0, sizeof *out);
    out->code = code;
    if (code != BATON_ERROR_NONE) {
        _Static_assert(sizeof out->file >= sizeof err->file && sizeof out->text > sizeof err->text + sizeof err->file,
                       "an error fits into that of the API");
        out->line = err->line;
        out->column = err->column;
        memcpy(out->file, err->file, sizeof err->file);
        baton_error_format(err, out->text, sizeof out->text);
    }
    return code;
}

enum baton_status baton_give_missing(struct baton_error *err, const char *what)
{
    return baton_error_set(err, BATON_EUSAGE, "%s must not be NULL", what);
}

const char *baton_give_text(struct baton_arena *arena, struct baton_str text)
{
    return text.length == 0 ? "" : baton_arena_copy(arena, text.data, text.length);
}

const char *baton_error_words(int code)
{
    static const struct {
        int code;
        const char *words;
    } rows[] = {
        { BATON_ERROR_NONE, "all went well" },
        { BATON_ERROR_INPUT, "a bad file or text" },
        { BATON_ERROR_USAGE, "bad usage" },
        { BATON_ERROR_LIMIT, "a limit was reached" },
        { BATON_ERROR_IO, "input or output failed" },
        { BATON_ERROR_MEMORY, "out of memory" },
        { BATON_ERROR_PROVIDER, "the provider failed" },
        { BATON_ERROR_INTERRUPTED, "interrupted" },
        { BATON_ERROR_BUG, "a bug in baton" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].code == code) {
            return rows[i].words;
        }
    }
    return "not a code of baton";
}
