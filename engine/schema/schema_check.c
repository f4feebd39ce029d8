#include "engine/schema/schema_check.h"

#include "engine/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 160 };

/* ---- reasons ---- */

/* Writes the JSON pointer of a location at the end of `out` and returns its start; a long one begins with `...`. */
static const char *location_text(const struct baton_schema_location *at, char out[PATH_BYTES])
{
    size_t start = PATH_BYTES - 1;
    out[start] = '\0';
    for (; at->up != NULL; at = at->up) {
        char segment[PATH_BYTES];
        size_t length = 1;
        segment[0] = '/';
        struct baton_str key = at->value->key;
        if (at->up->value->type != BATON_JSON_OBJECT) {
            length = (size_t)snprintf(segment, sizeof segment, "/%zu", at->index);
            key.length = 0;
        }
        for (size_t i = 0; i < key.length && length + 2 < sizeof segment; i++) {
            bool is_special = key.data[i] == '~' || key.data[i] == '/';
            segment[length++] = is_special ? '~' : key.data[i];
            if (is_special) {
                segment[length++] = key.data[i] == '~' ? '0' : '1';
            }
        }
        if (length + 3 > start) {
            start -= 3;
            memcpy(out + start, "...", 3);
            break;
        }
        start -= length;
        memcpy(out + start, segment, length);
    }
    return out + start;
}

bool baton_schema_fail(struct baton_schema_run *run, const struct baton_schema_location *at, const char *format, ...)
{
    if (run->is_quiet || run->stopped != NULL) {
        return false;
    }
    char path[PATH_BYTES], text[BATON_ERROR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bool has_path = at->up != NULL && at != run->base;
    snprintf(run->reason, run->reason_bytes, "%s%s%s%s", has_path ? "at " : "", has_path ? location_text(at, path) : "",
             has_path ? ": " : "", text);
    baton_utf8_finish(run->reason);
    return false;
}

bool baton_schema_stop(struct baton_schema_run *run, const char *why)
{
    run->stopped = why;
    return false;
}

/* ---- the way ---- */

static bool keywords_fit(struct baton_schema_run *run, const struct baton_json *schema,
                         const struct baton_schema_location *at)
{
    for (const struct baton_json *node = schema->child; node != NULL; node = node->next) {
        enum baton_schema_keyword keyword = baton_schema_keyword_of(node);
        if (keyword == BATON_SCHEMA_KEYWORD_COUNT || run->fits[keyword] == NULL ||
            !baton_schema_keyword_is_about(keyword, at->value->type)) {
            continue;
        }
        const struct baton_schema_use use = { .keyword = keyword, .schema = schema, .node = node };
        if (!run->fits[keyword](run, &use, at)) {
            return false;
        }
    }
    return true;
}

/* Recursion ends at BATON_SCHEMA_DEPTH_MAX. */
bool baton_schema_apply(struct baton_schema_run *run, const struct baton_json *schema,
                        const struct baton_schema_location *at)
{
    if (run->stopped != NULL) {
        return false;
    }
    if (schema->type == BATON_JSON_BOOLEAN) {
        return schema->boolean || baton_schema_fail(run, at, "nothing is allowed here");
    }
    if (run->depth == BATON_SCHEMA_DEPTH_MAX) {
        return baton_schema_stop(run, "the schema's references lead too deep");
    }
    run->depth++;
    bool fit = keywords_fit(run, schema, at) && run->stopped == NULL;
    run->depth--;
    return fit;
}
