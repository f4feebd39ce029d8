#include "engine/base/source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* Line and column (in bytes, both from 1) of a byte offset. */
static void place_of(const struct baton_source *source, size_t offset, unsigned *line, unsigned *column)
{
    size_t end = offset < source->text.length ? offset : source->text.length;
    size_t line_start = 0;
    *line = source->line_first == 0 ? 1 : source->line_first;
    for (size_t i = 0; i < end; i++) {
        if (source->text.data[i] == '\n') {
            (*line)++;
            line_start = i + 1;
        }
    }
    *column = (unsigned)(end - line_start + 1);
}

enum baton_status baton_source_error(const struct baton_source *source, size_t offset, struct baton_error *err,
                                     const char *format, ...)
{
    char text[BATON_ERROR_TEXT_BYTES + 1]; /* one more, so that baton_error_set() sees what is too long, and cuts it */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    enum baton_status status = baton_error_set(err, BATON_EINPUT, "%s", text);
    unsigned line, column;
    place_of(source, offset, &line, &column);
    baton_error_at(err, source->name, line, column);
    return status;
}

static enum baton_status read_all(struct baton_source *out, struct baton_arena *arena, FILE *file, size_t limit_bytes,
                                  struct baton_error *err)
{
    size_t capacity = 16 * 1024, length = 0;
    char *data = NULL;
    for (;;) {
        char *larger = baton_arena_alloc(arena, capacity + 1);
        if (larger == NULL) {
            return baton_error_set(err, BATON_ENOMEM, "'%s' does not fit into memory", out->name);
        }
        if (length > 0) {
            memcpy(larger, data, length);
        }
        data = larger;
        length += fread(data + length, 1, capacity - length, file);
        if (ferror(file)) {
            return baton_error_set(err, BATON_EIO, "cannot read '%s': %s", out->name, strerror(errno));
        }
        if (length > limit_bytes) {
            return baton_error_set(err, BATON_EINPUT, "'%s' is larger than %zu MiB, the limit for one file", out->name,
                                   limit_bytes / (1024 * 1024));
        }
        if (length < capacity) {
            break;
        }
        capacity *= 4;
    }
    data[length] = '\0';
    out->text = (struct baton_str){ data, length };
    return BATON_OK;
}

enum baton_status baton_source_load(struct baton_source *out, struct baton_arena *arena, const char *path,
                                    size_t limit_bytes, struct baton_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    *out = (struct baton_source){ .name = is_stdin ? "standard input" : path, .line_first = 1, .text = { "", 0 } };
    struct stat info;
    if (!is_stdin && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        return baton_error_set(err, BATON_EINPUT, "'%s' is a folder, not a file", path);
    }
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    if (file == NULL) {
        return baton_error_set(err, BATON_EINPUT, "cannot open '%s': %s", path, strerror(errno));
    }
    enum baton_status status = read_all(out, arena, file, limit_bytes, err);
    if (!is_stdin) {
        fclose(file);
    }
    return status;
}

const char *baton_path_beside(struct baton_arena *arena, const char *base, struct baton_str path)
{
    const char *slash = strrchr(base, '/');
    if (slash == NULL || (path.length > 0 && path.data[0] == '/') || baton_str_is(path, "-")) {
        return baton_arena_copy(arena, path.data, path.length);
    }
    return baton_arena_printf(arena, "%.*s%.*s", (int)(slash + 1 - base), base, (int)path.length, path.data);
}

struct baton_str baton_path_stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    return (struct baton_str){ name, dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name) };
}

bool baton_path_ends(const char *path, const char *ending)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL && strcasecmp(dot + 1, ending) == 0;
}
