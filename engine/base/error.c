#include "engine/base/error.h"

#include "engine/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

enum baton_status baton_error_set(struct baton_error *err, enum baton_status status, const char *format, ...)
{
    if (err == NULL) {
        return status;
    }
    err->status = status;
    err->file[0] = '\0';
    err->line = err->column = 0;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (length >= (int)sizeof err->text) {
        baton_utf8_finish(err->text);
    }
    return status;
}

enum baton_status baton_error_no_memory(struct baton_error *err, const char *what, ...)
{
    char text[BATON_ERROR_TEXT_BYTES];
    if (what == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    va_list args;
    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    return baton_error_set(err, BATON_ENOMEM, "out of memory for %s", text);
}

enum baton_status baton_error_over_limit(struct baton_error *err, const char *what, ...)
{
    char text[BATON_ERROR_TEXT_BYTES];
    va_list args;
    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    return baton_error_set(err, BATON_ELIMIT, "%s needs more memory than is allowed", text);
}

void baton_error_at(struct baton_error *err, const char *file, unsigned line, unsigned column)
{
    if (err == NULL || err->file[0] != '\0') {
        return;
    }
    if (snprintf(err->file, sizeof err->file, "%s", file) >= (int)sizeof err->file) {
        baton_utf8_finish(err->file);
    }
    if (err->line == 0) {
        err->line = line;
        err->column = column;
    }
}

const char *baton_error_format(const struct baton_error *err, char *out, size_t out_bytes)
{
    if (err->file[0] == '\0') {
        snprintf(out, out_bytes, "%s", err->text);
    } else if (err->line == 0) {
        snprintf(out, out_bytes, "%s: %s", err->file, err->text);
    } else if (err->column == 0) {
        snprintf(out, out_bytes, "%s:%u: %s", err->file, err->line, err->text);
    } else {
        snprintf(out, out_bytes, "%s:%u:%u: %s", err->file, err->line, err->column, err->text);
    }
    return out;
}

#define BATON_STATUS_ROW(name, exit_code) exit_code,
static const int exit_codes[] = { BATON_STATUS_LIST(BATON_STATUS_ROW) };

int baton_status_exit_code(enum baton_status status)
{
    return status < BATON_STATUS_COUNT ? exit_codes[status] : exit_codes[BATON_EBUG];
}
