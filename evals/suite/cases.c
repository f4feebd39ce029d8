/* cases.c - reads files of conversations in two steps, so that many workers can share them: one thread at a time cuts a chunk
 * of whole records off the input (baton_cases_next), and whoever took the chunk reads its conversations (baton_chunk_next).
 *
 * What does not end in a chunk is carried to the next one; a record that never ends is refused at its limit. The files'
 * bytes are hashed as they come, in order, for the digest that results name.
 */
#include "evals/suite/cases.h"

#include "engine/base/hash.h"
#include "engine/base/suggest.h"
#include "engine/base/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAIT_MS = 100 };

struct case_file {
    const char *path;
    enum baton_case_form form;
};

struct baton_cases {
    struct baton_arena *arena;
    struct case_file *files;
    size_t count, current;
    int fd;                  /* of the current file; -1: not open */
    struct baton_text carry; /* the start of a record that the last chunk did not end */
    unsigned line;           /* of the carry's first byte */
    bool is_new, is_at_end;  /* of the current file */
    bool is_single;          /* a chunk holds one record */
    struct baton_csv_columns columns;
    uint64_t bytes_read, bytes_all, chunk_count;
    struct baton_hasher *hasher;
    const volatile int *interrupted;
};

static char separator_of(enum baton_case_form form)
{
    return form == BATON_CASES_TSV ? '\t' : ',';
}

/* ---- which files ---- */

static bool form_of(const char *path, enum baton_case_form *form)
{
    static const struct {
        const char *ending;
        enum baton_case_form form;
    } endings[] = {
        { "jsonl", BATON_CASES_LINES },   { "ndjson", BATON_CASES_LINES }, { "json", BATON_CASES_DOCUMENT },
        { "yaml", BATON_CASES_DOCUMENT }, { "yml", BATON_CASES_DOCUMENT }, { "csv", BATON_CASES_CSV },
        { "tsv", BATON_CASES_TSV },
    };
    *form = BATON_CASES_LINES;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (baton_path_ends(path, endings[i].ending)) {
            *form = endings[i].form;
            return true;
        }
    }
    return strcmp(path, "-") == 0;
}

static enum baton_status add_file(struct baton_cases *cases, const char *path, struct baton_error *err)
{
    struct stat info = { 0 };
    if (strcmp(path, "-") != 0 && stat(path, &info) != 0) {
        return baton_error_set(err, BATON_EINPUT, "cannot open '%s': %s", path, strerror(errno));
    }
    if (S_ISDIR(info.st_mode)) {
        return baton_error_set(err, BATON_EINPUT, "'%s' is a folder; name its files, as in '%s/*.jsonl'", path, path);
    }
    if (cases->count == BATON_CASE_FILES_MAX) {
        return baton_error_set(err, BATON_EINPUT, "more than %d files of conversations", BATON_CASE_FILES_MAX);
    }
    struct case_file *file = &cases->files[cases->count++];
    file->path = baton_arena_copy(cases->arena, path, strlen(path));
    cases->bytes_all += S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
    if (file->path == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    return form_of(path, &file->form)
               ? BATON_OK
               : baton_error_set(err, BATON_EINPUT,
                                 "'%s' has no known ending: conversations are .jsonl, .ndjson, .json, .yaml, "
                                 ".yml, .csv or .tsv",
                                 path);
}

static enum baton_status add_pattern(struct baton_cases *cases, const char *pattern, struct baton_error *err)
{
    struct stat info;
    if (strpbrk(pattern, "*?[") == NULL || stat(pattern, &info) == 0) {
        return add_file(cases, pattern, err);
    }
    glob_t found;
    int result = glob(pattern, 0, NULL, &found); /* sorted, so the order is the same everywhere */
    enum baton_status status = BATON_OK;
    if (result != 0) {
        status = baton_error_set(err, BATON_EINPUT, "'%s' matches no file", pattern);
    }
    for (size_t i = 0; result == 0 && i < found.gl_pathc && status == BATON_OK; i++) {
        status = add_file(cases, found.gl_pathv[i], err);
    }
    if (result == 0) {
        globfree(&found);
    }
    return status;
}

enum baton_status baton_cases_new(struct baton_cases **out, struct baton_arena *arena, const char *const *paths,
                                  size_t count, struct baton_error *err)
{
    *out = NULL;
    struct baton_cases *cases = baton_arena_zero(arena, sizeof *cases);
    if (cases != NULL) {
        cases->files = baton_arena_zero(arena, BATON_CASE_FILES_MAX * sizeof *cases->files);
        cases->hasher = baton_hasher_new();
    }
    if (cases == NULL || cases->files == NULL || cases->hasher == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    cases->arena = arena;
    cases->fd = -1;
    cases->carry = baton_text_with_limit(BATON_FILE_BYTES_MAX + BATON_CHUNK_BYTES);
    enum baton_status status = BATON_OK;
    for (size_t i = 0; i < count && status == BATON_OK; i++) {
        status = add_pattern(cases, paths[i], err);
    }
    if (status != BATON_OK) {
        baton_cases_free(cases);
        return status;
    }
    *out = cases;
    return BATON_OK;
}

static void close_current(struct baton_cases *cases)
{
    if (cases->fd > STDIN_FILENO) {
        close(cases->fd);
    }
    cases->fd = -1;
}

void baton_cases_free(struct baton_cases *cases)
{
    if (cases != NULL) {
        close_current(cases);
        baton_text_clear(&cases->carry);
        baton_hasher_free(cases->hasher);
    }
}

uint64_t baton_cases_bytes_read(const struct baton_cases *cases)
{
    return cases->bytes_read - cases->carry.length;
}

uint64_t baton_cases_bytes_all(const struct baton_cases *cases)
{
    return cases->bytes_all;
}

struct baton_hash baton_cases_digest(const struct baton_cases *cases)
{
    return baton_hasher_value(cases->hasher);
}

void baton_cases_watch(struct baton_cases *cases, const volatile int *interrupted)
{
    cases->interrupted = interrupted;
}

void baton_cases_one_by_one(struct baton_cases *cases)
{
    cases->is_single = true;
}

void baton_chunk_clear(struct baton_chunk *chunk)
{
    baton_text_clear(&chunk->text);
}

/* A file as messages call it. */
static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static bool is_table(enum baton_case_form form)
{
    return form == BATON_CASES_CSV || form == BATON_CASES_TSV;
}

void baton_chunk_blame(const struct baton_chunk *chunk, unsigned line, struct baton_error *err)
{
    baton_error_at(err, name_of(chunk->file), line, 0);
}

/* ---- reading ---- */

static enum baton_status open_current(struct baton_cases *cases, struct baton_error *err)
{
    const char *path = cases->files[cases->current].path;
    cases->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (cases->fd < 0) {
        return baton_error_set(err, BATON_EINPUT, "cannot open '%s': %s", path, strerror(errno));
    }
    cases->line = 1;
    cases->is_new = true;
    cases->is_at_end = false;
    baton_text_reset(&cases->carry);
    return BATON_OK;
}

/* Waits for bytes. The signal of an interrupt may go to another thread than the one that waits here, so it looks up. */
static bool is_interrupted_before_input(const struct baton_cases *cases)
{
    struct pollfd input = { .fd = cases->fd, .events = POLLIN };
    while (cases->interrupted != NULL && *cases->interrupted == 0 && poll(&input, 1, WAIT_MS) <= 0) {
    }
    return cases->interrupted != NULL && *cases->interrupted != 0;
}

/* Adds up to a chunk's worth to the text. */
static enum baton_status read_more(struct baton_cases *cases, struct baton_text *text, struct baton_error *err)
{
    char buffer[16 * 1024];
    const char *path = cases->files[cases->current].path;
    for (size_t all = 0; all < BATON_CHUNK_BYTES && !cases->is_at_end;) {
        size_t wanted = BATON_CHUNK_BYTES - all < sizeof buffer ? BATON_CHUNK_BYTES - all : sizeof buffer;
        if (is_interrupted_before_input(cases)) {
            return baton_error_set(err, BATON_EINTERRUPTED, "interrupted");
        }
        ssize_t got = read(cases->fd, buffer, wanted);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return baton_error_set(err, BATON_EIO, "cannot read '%s': %s", name_of(path), strerror(errno));
        }
        cases->is_at_end = got == 0;
        baton_hasher_add(cases->hasher, buffer, (size_t)got);
        baton_text_append(text, buffer, (size_t)got);
        cases->bytes_read += (size_t)got;
        all += (size_t)got;
    }
    return text->failed ? baton_error_set(err, BATON_ELIMIT, "%s:%u: more than %d MiB without the end of a record",
                                          path, cases->line, BATON_LINE_BYTES_MAX / (1024 * 1024))
                        : BATON_OK;
}

/* Where the first whole record of the text ends; 0 when it does not. */
static size_t record_end(const struct baton_cases *cases, const struct baton_text *text)
{
    enum baton_case_form form = cases->files[cases->current].form;
    size_t end = text->length;
    if (form == BATON_CASES_LINES && text->length > 0) {
        const char *line_break = memchr(text->data, '\n', text->length);
        end = line_break == NULL ? text->length : (size_t)(line_break + 1 - text->data);
    } else if (is_table(form)) {
        end = baton_csv_record_length(baton_text_str(text), separator_of(form));
    }
    return end < text->length || cases->is_at_end ? end : 0;
}

/* Where the last whole record of the text ends; 0 when none does. */
static size_t records_end(const struct baton_cases *cases, const struct baton_text *text)
{
    enum baton_case_form form = cases->files[cases->current].form;
    if (cases->is_single) {
        return record_end(cases, text);
    }
    if (cases->is_at_end) {
        return text->length;
    }
    if (form == BATON_CASES_DOCUMENT) {
        return 0;
    }
    if (form == BATON_CASES_LINES) {
        const char *last = text->length == 0 ? NULL : memrchr(text->data, '\n', text->length);
        return last == NULL ? 0 : (size_t)(last + 1 - text->data);
    }
    return baton_csv_records_end(baton_text_str(text), separator_of(form));
}

static unsigned lines_in(const char *data, size_t length)
{
    unsigned lines = 0;
    for (const char *at = data; length > 0 && (at = memchr(at, '\n', length - (size_t)(at - data))) != NULL; at++) {
        lines++;
        if ((size_t)(at + 1 - data) == length) {
            break;
        }
    }
    return lines;
}

/* Takes the header off the front of a new file's first chunk. */
static enum baton_status take_header(struct baton_cases *cases, struct baton_chunk *chunk, struct baton_error *err)
{
    struct baton_source source = { .name = chunk->file, .line_first = 1, .text = baton_text_str(&chunk->text) };
    size_t header_bytes = 0;
    enum baton_status status =
        baton_csv_read_header(&cases->columns, &header_bytes, cases->arena, &source, separator_of(chunk->form), err);
    if (status == BATON_OK) {
        chunk->line_first += lines_in(chunk->text.data, header_bytes);
        memmove(chunk->text.data, chunk->text.data + header_bytes, chunk->text.length - header_bytes + 1);
        chunk->text.length -= header_bytes;
    }
    return status;
}

static enum baton_status fill(struct baton_cases *cases, struct baton_chunk *chunk, struct baton_error *err)
{
    const struct case_file *file = &cases->files[cases->current];
    size_t limit = file->form == BATON_CASES_DOCUMENT ? BATON_FILE_BYTES_MAX : BATON_LINE_BYTES_MAX;
    baton_text_append(&chunk->text, cases->carry.data, cases->carry.length);
    size_t end = cases->is_single ? record_end(cases, &chunk->text) : 0;
    while (end == 0 && !cases->is_at_end) {
        enum baton_status status = read_more(cases, &chunk->text, err);
        if (status != BATON_OK) {
            return status;
        }
        end = records_end(cases, &chunk->text);
        if (end == 0 && chunk->text.length > limit) {
            enum baton_status too_long = baton_error_set(
                err, BATON_EINPUT, "a record of more than %zu MiB, the limit for one", limit / (1024 * 1024));
            baton_error_at(err, name_of(file->path), cases->line, 0);
            return too_long;
        }
    }
    baton_text_reset(&cases->carry);
    if (chunk->text.data != NULL) {
        baton_text_append(&cases->carry, chunk->text.data + end, chunk->text.length - end);
        chunk->text.length = end;
        chunk->text.data[end] = '\0'; /* was copied to the carry */
    }
    chunk->file = file->path;
    chunk->form = file->form;
    chunk->line_first = cases->line;
    cases->line += chunk->text.length == 0 ? 0 : lines_in(chunk->text.data, end);
    return cases->carry.failed ? baton_error_no_memory(err, NULL) : BATON_OK;
}

enum baton_status baton_cases_next(struct baton_cases *cases, struct baton_chunk *chunk, struct baton_error *err)
{
    if (chunk->text.limit == 0) {
        chunk->text = baton_text_with_limit(BATON_FILE_BYTES_MAX + 2 * (size_t)BATON_CHUNK_BYTES);
    }
    baton_text_reset(&chunk->text);
    while (cases->current < cases->count && chunk->text.length == 0) {
        enum baton_status status = cases->fd < 0 ? open_current(cases, err) : BATON_OK;
        status = status == BATON_OK ? fill(cases, chunk, err) : status;
        if (status == BATON_OK && cases->is_new && is_table(chunk->form)) {
            status = take_header(cases, chunk, err);
        }
        if (status != BATON_OK) {
            return status;
        }
        cases->is_new = false;
        if (cases->is_at_end && cases->carry.length == 0) {
            close_current(cases);
            cases->current++;
        }
    }
    chunk->columns = cases->columns;
    chunk->number = cases->chunk_count++;
    return BATON_OK;
}

/* ---- the conversations of a chunk ---- */

/* A name for what has none: the file's stem and the line. */
static struct baton_str fallback_id(struct baton_arena *arena, const char *file, unsigned line)
{
    struct baton_str stem = strcmp(file, "-") == 0 ? BATON_STR("stdin") : baton_path_stem(file);
    char *id = baton_arena_printf(arena, "%.*s-%u", (int)stem.length, stem.data, line);
    return id == NULL ? BATON_STR("?") : baton_str_of(id);
}

static bool is_yaml(const struct baton_chunk *chunk)
{
    return chunk->form == BATON_CASES_DOCUMENT && !baton_path_ends(chunk->file, "json");
}

bool baton_chunk_is_borrowed(const struct baton_chunk *chunk)
{
    return !is_table(chunk->form) && !is_yaml(chunk);
}

/* The tree of one record, whatever the form of its file. */
static enum baton_status read_tree(const struct baton_chunk *chunk, const struct baton_source *source,
                                   const struct baton_json **out, struct baton_arena *arena, struct baton_error *err)
{
    if (is_table(chunk->form)) {
        return baton_csv_read_row(out, arena, source, &chunk->columns, separator_of(chunk->form), err);
    }
    return (is_yaml(chunk) ? baton_yaml_parse : baton_json_parse)(out, arena, source, err);
}

static bool is_blank(const char *data, size_t length)
{
    return strspn(data, " \t\r\n") >= length;
}

/* The text without its line break: what is wrong at its end is wrong on this line and not on the next one. */
static struct baton_str without_break(const char *start, size_t length)
{
    while (length > 0 && (start[length - 1] == '\n' || start[length - 1] == '\r')) {
        length--;
    }
    return (struct baton_str){ start, length };
}

/* The next record that is not blank; length 0 at the end. */
static struct baton_str next_record(const struct baton_chunk *chunk, struct baton_chunk_cursor *cursor, unsigned *line)
{
    for (;;) {
        const char *start = chunk->text.data + cursor->at;
        size_t left = chunk->text.length - cursor->at, length = left;
        if (left == 0) {
            return (struct baton_str){ "", 0 };
        }
        if (chunk->form == BATON_CASES_LINES) {
            const char *end = memchr(start, '\n', left);
            length = end == NULL ? left : (size_t)(end + 1 - start);
        } else if (chunk->form != BATON_CASES_DOCUMENT) {
            length = baton_csv_record_length((struct baton_str){ start, left }, separator_of(chunk->form));
        }
        *line = cursor->line;
        cursor->at += length;
        cursor->line += lines_in(start, length);
        if (!is_blank(start, length) || chunk->form == BATON_CASES_DOCUMENT) {
            return chunk->form == BATON_CASES_LINES ? without_break(start, length)
                                                    : (struct baton_str){ start, length };
        }
    }
}

bool baton_chunk_next(const struct baton_chunk *chunk, struct baton_chunk_cursor *cursor,
                      struct baton_conversation *out, struct baton_arena *arena, const struct baton_agents *agents,
                      enum baton_status *status, struct baton_error *err)
{
    if (cursor->line == 0) {
        cursor->line = chunk->line_first;
    }
    struct baton_source source = { .name = name_of(chunk->file) };
    source.text = next_record(chunk, cursor, &source.line_first);
    *status = BATON_OK;
    if (source.text.length == 0) {
        return false;
    }
    const struct baton_json *node = NULL;
    *status = read_tree(chunk, &source, &node, arena, err);
    if (*status == BATON_OK) {
        struct baton_str id = chunk->form == BATON_CASES_DOCUMENT ? baton_path_stem(chunk->file)
                                                                  : fallback_id(arena, chunk->file, source.line_first);
        *status = baton_conversation_read(out, arena, agents, &source, node, id, err);
    }
    return *status == BATON_OK;
}
