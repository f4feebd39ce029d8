/* sinks.c - brings reports to their files: chooses them, opens them before the run, adds parts while it goes, and puts the
 * files in place at its end.
 *
 * All that can be refused is refused before the run: a form that there is not, two reports for one file, a folder that cannot
 * be written. A long run must not end with that. Rows that wait for the figures of the whole lie in files that have no name
 * any more, so that a killed run leaves nothing behind.
 */
#include "reports/sinks.h"

#include "engine/base/suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REPORT_BYTES_MAX = 1024 * 1024 * 1024, COPY_BYTES = 64 * 1024 };

#define PART_BYTES_MAX (SIZE_MAX / 2) /* memory is the limit: a chunk of few conversations may have many repeats */

/* What a bounded form keeps apart. */
enum { FAILED, OTHERS };

static enum baton_status no_memory(struct baton_error *err)
{
    return baton_error_no_memory(err, "reports");
}

static bool is_bounded(const struct baton_report_form *form)
{
    return form->bytes_failed_max > 0 || form->bytes_others_max > 0;
}

static enum baton_status add(struct baton_report_sinks *sinks, const struct baton_report_form *form, const char *path,
                             struct baton_error *err)
{
    if (sinks->count == BATON_SINKS_MAX) {
        return baton_error_set(err, BATON_EUSAGE, "more than %d reports", BATON_SINKS_MAX);
    }
    sinks->list[sinks->count++] = (struct baton_report_sink){
        .form = form,
        .path = path,
        .is_direct = form->conversation != NULL && form->before == NULL && form->after == NULL && !is_bounded(form),
    };
    sinks->wants_steps = sinks->wants_steps || form->wants_steps;
    return BATON_OK;
}

/* ---- choosing ---- */

static enum baton_status unknown_form(struct baton_str name, struct baton_error *err)
{
    struct baton_suggest suggest;
    struct baton_text known = baton_text_with_limit(BATON_ERROR_TEXT_BYTES);
    char text[BATON_SUGGEST_UNKNOWN_BYTES];
    baton_suggest_init(&suggest, name);
    for (size_t i = 0; baton_report_form_at(i) != NULL; i++) {
        baton_suggest_offer(&suggest, baton_str_of(baton_report_form_at(i)->name));
        baton_text_puts(&known, i == 0 ? "; there are " : ", ");
        baton_text_puts(&known, baton_report_form_at(i)->name);
    }
    baton_suggest_unknown(&suggest, "report form", known.failed ? "" : known.data, text);
    baton_text_clear(&known);
    return baton_error_set(err, BATON_EUSAGE, "%s", text);
}

/* The form of `FORM[=FILE]`; its file, or NULL. */
static enum baton_status read_report(const struct baton_report_choice *choice, const char *text,
                                     const struct baton_report_form **form, const char **file, struct baton_error *err)
{
    struct baton_str name = baton_str_of(text);
    name.length = baton_str_find(name, '=');
    *file = text[name.length] == '=' ? text + name.length + 1 : NULL;
    *form = baton_report_form_find(name);
    if (*form == NULL) {
        return unknown_form(name, err);
    }
    if (*file != NULL && **file == '\0') {
        return baton_error_set(err, BATON_EUSAGE, "--report %s names no file after '='", text);
    }
    if ((*form)->wants_steps && !choice->has_steps) {
        return baton_error_set(
            err, BATON_EUSAGE,
            "the form '%s' needs the turns of conversations, which results do not hold; make it with "
            "baton eval",
            (*form)->name);
    }
    if ((*form)->conversation != NULL && !choice->has_rows) {
        return baton_error_set(err, BATON_EUSAGE, "the form '%s' needs the results.jsonl of every shard",
                               (*form)->name);
    }
    return BATON_OK;
}

static enum baton_status add_named(struct baton_report_sinks *sinks, const char *folder, const char *name,
                                   const char *file, struct baton_error *err)
{
    const struct baton_report_form *form = baton_report_form_find(baton_str_of(name));
    const char *path = file;
    if (path == NULL && folder != NULL && form->file_name != NULL) {
        path = baton_arena_printf(sinks->arena, "%s/%s", folder, form->file_name);
        if (path == NULL) {
            return no_memory(err);
        }
    }
    return add(sinks, form, path, err);
}

/* Whether the folder has that report anyway. */
static bool is_there(const struct baton_report_choice *choice, const struct baton_report_form *form, const char *file)
{
    return file == NULL && choice->folder != NULL &&
           (strcmp(form->name, "json") == 0 || strcmp(form->name, "jsonl") == 0);
}

enum baton_status baton_report_sinks_choose(struct baton_report_sinks *sinks, struct baton_arena *arena,
                                            const struct baton_report_choice *choice, struct baton_error *err)
{
    enum baton_status status = BATON_OK;
    sinks->arena = arena;
    if (choice->folder != NULL && choice->has_rows) {
        status = add_named(sinks, choice->folder, "jsonl", NULL, err);
    }
    if (status == BATON_OK && choice->folder != NULL) {
        status = add_named(sinks, choice->folder, "json", NULL, err);
    }
    for (size_t i = 0; i < choice->report_count && status == BATON_OK; i++) {
        const struct baton_report_form *form;
        const char *file;
        status = read_report(choice, choice->reports[i], &form, &file, err);
        if (status == BATON_OK && !is_there(choice, form, file)) {
            status = add_named(sinks, choice->folder, form->name, file, err);
        }
    }
    if (status == BATON_OK && choice->is_json) {
        return add_named(sinks, NULL, "json", NULL, err);
    }
    return status == BATON_OK && !choice->is_quiet && choice->report_count == 0
               ? add_named(sinks, NULL, "terminal", NULL, err)
               : status;
}

enum baton_status baton_report_sinks_add_rows(struct baton_report_sinks *sinks, FILE *file, struct baton_error *err)
{
    enum baton_status status = add(sinks, baton_report_form_find(BATON_STR("jsonl")), NULL, err);
    if (status == BATON_OK) {
        sinks->list[sinks->count - 1].given = file;
    }
    return status;
}

const char *baton_report_sinks_rows(const struct baton_report_sinks *sinks)
{
    for (size_t i = 0; i < sinks->count; i++) {
        struct stat info;
        const char *path = sinks->list[i].path;
        if (sinks->list[i].is_direct && path != NULL && (stat(path, &info) != 0 || S_ISREG(info.st_mode))) {
            return path;
        }
    }
    return NULL;
}

/* ---- files ---- */

static enum baton_status open_file(const struct baton_report_sinks *sinks, struct baton_report_sink *sink,
                                   struct baton_error *err)
{
    if (sink->path == NULL) {
        sink->file.file = sink->given != NULL ? sink->given : stdout;
        return BATON_OK;
    }
    return baton_out_open(&sink->file, sinks->arena, NULL, sink->path, err);
}

/* A file that nobody else can see, on the disk that the report goes to. */
static enum baton_status open_spool(const struct baton_report_sinks *sinks, const struct baton_report_sink *sink,
                                    FILE **out, struct baton_error *err)
{
    if (sink->path == NULL) {
        *out = tmpfile();
    } else {
        const char *name = baton_arena_printf(sinks->arena, "%s.rows.part", sink->path);
        *out = name == NULL ? NULL : fopen(name, "w+e");
        if (*out != NULL) {
            unlink(name);
        }
    }
    if (*out != NULL) {
        return BATON_OK;
    }
    return sink->path == NULL
               ? baton_error_set(err, BATON_EIO, "cannot keep the rows of a report in a file: %s", strerror(errno))
               : baton_error_set(err, BATON_EIO, "cannot write '%s.rows.part': %s", sink->path, strerror(errno));
}

/* Whether the report can be written when its time comes: better said before a long run than after it. */
static enum baton_status try_path(const struct baton_report_sinks *sinks, const struct baton_report_sink *sink,
                                  struct baton_error *err)
{
    struct stat info;
    const char *name = sink->path;
    if (lstat(name, &info) != 0 || S_ISREG(info.st_mode)) {
        name = baton_arena_printf(sinks->arena, "%s.part", sink->path);
        if (name == NULL) {
            return no_memory(err);
        }
        int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (fd >= 0) {
            close(fd);
            unlink(name);
            return BATON_OK;
        }
    } else if (stat(name, &info) == 0 && S_ISDIR(info.st_mode)) {
        errno = EISDIR;
    } else if (access(name, W_OK) == 0 || errno == ENOENT) { /* a link may point to what is yet to be made */
        return BATON_OK;
    }
    return baton_error_set(err, BATON_EIO, "cannot write '%s': %s", sink->path, strerror(errno));
}

/* Two reports in one file would leave the last of them. */
static enum baton_status check_paths(const struct baton_report_sinks *sinks, struct baton_error *err)
{
    struct stat info;
    for (size_t i = 0; i < sinks->count; i++) {
        const char *path = sinks->list[i].path;
        bool is_file = path != NULL && (stat(path, &info) != 0 || S_ISREG(info.st_mode));
        for (size_t k = 0; is_file && k < i; k++) {
            if (sinks->list[k].path != NULL && strcmp(sinks->list[k].path, path) == 0) {
                return baton_error_set(err, BATON_EUSAGE, "two reports, %s and %s, would go to '%s'",
                                       sinks->list[k].form->name, sinks->list[i].form->name, path);
            }
        }
    }
    return BATON_OK;
}

enum baton_status baton_report_sinks_open(struct baton_report_sinks *sinks, struct baton_error *err)
{
    enum baton_status status = check_paths(sinks, err);
    for (size_t i = 0; i < sinks->count && status == BATON_OK; i++) {
        struct baton_report_sink *sink = &sinks->list[i];
        if (sink->is_direct) {
            status = open_file(sinks, sink, err);
            continue;
        }
        status = sink->path == NULL ? BATON_OK : try_path(sinks, sink, err);
        if (status == BATON_OK && sink->form->conversation != NULL) {
            status = open_spool(sinks, sink, &sink->spools[FAILED], err);
            if (status == BATON_OK && is_bounded(sink->form)) {
                status = open_spool(sinks, sink, &sink->spools[OTHERS], err);
            }
        }
    }
    return status;
}

/* ---- parts ---- */

void baton_report_parts_init(struct baton_report_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        parts[i] = (struct baton_report_part){ 0 };
        parts[i].texts[FAILED] = baton_text_with_limit(PART_BYTES_MAX);
        parts[i].texts[OTHERS] = baton_text_with_limit(PART_BYTES_MAX);
    }
}

void baton_report_parts_reset(struct baton_report_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (int k = FAILED; k <= OTHERS; k++) {
            baton_text_reset(&parts[i].texts[k]);
            parts[i].counts[k] = 0;
        }
    }
}

void baton_report_parts_clear(struct baton_report_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        baton_text_clear(&parts[i].texts[FAILED]);
        baton_text_clear(&parts[i].texts[OTHERS]);
    }
}

enum baton_status baton_report_parts_write(struct baton_report_part *parts, const struct baton_report_sinks *sinks,
                                           struct baton_str suite, const struct baton_result *repeats, uint32_t count,
                                           struct baton_error *err)
{
    bool has_failed = false;
    for (size_t i = 0; i < sinks->count; i++) {
        const struct baton_report_form *form = sinks->list[i].form;
        if (form->conversation == NULL) {
            continue;
        }
        int to = FAILED;
        if (is_bounded(form)) {
            has_failed = has_failed || baton_result_is_failure(repeats, count);
            to = has_failed ? FAILED : OTHERS;
        }
        size_t limit = to == FAILED ? form->bytes_failed_max : form->bytes_others_max;
        if (!is_bounded(form) || parts[i].texts[to].length < limit) { /* what is past the limit is only counted */
            form->conversation(&parts[i].texts[to], suite, repeats, count);
        }
        parts[i].counts[to]++;
        if (parts[i].texts[to].failed) {
            return no_memory(err);
        }
    }
    return BATON_OK;
}

/* A failure of standard output shows when main() flushes. */
static enum baton_status put(struct baton_report_sink *sink, FILE *file, const char *data, size_t length,
                             struct baton_error *err)
{
    if (length == 0 || fwrite(data, 1, length, file) == length || file == stdout) {
        return BATON_OK;
    }
    return baton_error_set(err, BATON_EIO, "cannot write '%s': %s", sink->path == NULL ? "a report" : sink->path,
                           strerror(errno));
}

/* As many whole lines as there is room for. */
static enum baton_status take_bounded(struct baton_report_sink *sink, const struct baton_report_part *part, int which,
                                      struct baton_error *err)
{
    size_t limit = which == FAILED ? sink->form->bytes_failed_max : sink->form->bytes_others_max;
    uint64_t *shown = which == FAILED ? &sink->shares.failed : &sink->shares.others;
    const struct baton_text *text = &part->texts[which];
    size_t taken = 0;
    while (taken < text->length) {
        const char *end = memchr(text->data + taken, '\n', text->length - taken);
        size_t next = end == NULL ? text->length : (size_t)(end - text->data) + 1;
        if (sink->bytes[which] + next > limit) {
            sink->bytes[which] =
                limit; /* the first that does not fit ends it: no later, shorter one comes in its place */
            break;
        }
        taken = next;
        ++*shown;
    }
    *(which == FAILED ? &sink->shares.failed_all : &sink->shares.others_all) += part->counts[which];
    sink->bytes[which] = sink->bytes[which] == limit ? limit : sink->bytes[which] + taken;
    return put(sink, sink->spools[which], text->data, taken, err);
}

enum baton_status baton_report_sinks_take(struct baton_report_sinks *sinks, const struct baton_report_part *parts,
                                          struct baton_error *err)
{
    enum baton_status status = BATON_OK;
    for (size_t i = 0; i < sinks->count && status == BATON_OK; i++) {
        struct baton_report_sink *sink = &sinks->list[i];
        if (sink->form->conversation == NULL) {
            continue;
        }
        if (is_bounded(sink->form)) {
            status = take_bounded(sink, &parts[i], FAILED, err);
            status = status == BATON_OK ? take_bounded(sink, &parts[i], OTHERS, err) : status;
        } else {
            FILE *file = sink->is_direct ? sink->file.file : sink->spools[FAILED];
            status = put(sink, file, parts[i].texts[FAILED].data, parts[i].texts[FAILED].length, err);
        }
    }
    return status;
}

/* ---- the end ---- */

static enum baton_status copy_spool(struct baton_report_sink *sink, FILE *spool, struct baton_error *err)
{
    char buffer[COPY_BYTES];
    size_t got;
    if (fflush(spool) != 0 || fseek(spool, 0, SEEK_SET) != 0) {
        return baton_error_set(err, BATON_EIO, "cannot write the rows of a report: %s", strerror(errno));
    }
    while ((got = fread(buffer, 1, sizeof buffer, spool)) > 0) {
        enum baton_status status = put(sink, sink->file.file, buffer, got, err);
        if (status != BATON_OK) {
            return status;
        }
    }
    return ferror(spool) ? baton_error_set(err, BATON_EIO, "cannot read back the rows of a report: %s", strerror(errno))
                         : BATON_OK;
}

static enum baton_status put_block(struct baton_report_sink *sink,
                                   void (*write)(struct baton_text *out, const struct baton_report_context *context),
                                   const struct baton_report_context *context, struct baton_error *err)
{
    if (write == NULL) {
        return BATON_OK;
    }
    struct baton_text text = baton_text_with_limit(REPORT_BYTES_MAX);
    write(&text, context);
    enum baton_status status = text.failed ? no_memory(err) : put(sink, sink->file.file, text.data, text.length, err);
    baton_text_clear(&text);
    return status;
}

/* Whether the file is somebody else's to close. */
static bool is_lent(const struct baton_report_sink *sink)
{
    return sink->file.file == stdout || (sink->given != NULL && sink->file.file == sink->given);
}

static enum baton_status close_file(struct baton_report_sink *sink, struct baton_error *err)
{
    if (is_lent(sink)) {
        sink->file.file = NULL;
        return BATON_OK;
    }
    return baton_out_commit(&sink->file, err);
}

static enum baton_status finish_one(const struct baton_report_sinks *sinks, struct baton_report_sink *sink,
                                    const struct baton_report_context *context, struct baton_error *err)
{
    if (sink->is_direct) {
        return BATON_OK;
    }
    enum baton_status status = open_file(sinks, sink, err);
    if (status != BATON_OK) {
        return status;
    }
    status = put_block(sink, sink->form->before, context, err);
    for (int k = FAILED; k <= OTHERS && status == BATON_OK; k++) {
        status = sink->spools[k] == NULL ? BATON_OK : copy_spool(sink, sink->spools[k], err);
    }
    if (status != BATON_OK) {
        return status;
    }
    status = put_block(sink, sink->form->after, context, err);
    return status == BATON_OK ? close_file(sink, err) : status;
}

static void close_spools(struct baton_report_sink *sink)
{
    for (int k = FAILED; k <= OTHERS; k++) {
        if (sink->spools[k] != NULL) {
            fclose(sink->spools[k]);
            sink->spools[k] = NULL;
        }
    }
}

enum baton_status baton_report_sinks_settle(struct baton_report_sinks *sinks, struct baton_error *err)
{
    enum baton_status status = BATON_OK;
    for (size_t i = 0; i < sinks->count && status == BATON_OK; i++) {
        if (sinks->list[i].is_direct) {
            status = close_file(&sinks->list[i], err);
        }
    }
    return status;
}

enum baton_status baton_report_sinks_finish(struct baton_report_sinks *sinks, struct baton_report_context *context,
                                            struct baton_error *err)
{
    enum baton_status status = baton_report_sinks_settle(sinks, err);
    bool has_colour = context->has_colour;
    for (size_t i = 0; i < sinks->count && status == BATON_OK; i++) {
        struct baton_report_sink *sink = &sinks->list[i];
        context->shown = sink->shares;
        context->has_colour = has_colour && sink->path == NULL;
        status = finish_one(sinks, sink, context, err);
        close_spools(sink);
    }
    context->has_colour = has_colour;
    return status;
}

void baton_report_sinks_keep(struct baton_report_sinks *sinks, const char **kept)
{
    struct baton_error ignored;
    *kept = NULL;
    for (size_t i = 0; i < sinks->count; i++) {
        struct baton_report_sink *sink = &sinks->list[i];
        if (sink->is_direct && sink->file.file != NULL) {
            bool is_whole = close_file(sink, &ignored) == BATON_OK;
            *kept = is_whole && *kept == NULL ? sink->path : *kept;
            sink->file.is_broken = false; /* where the disk is full, what is in the .part is better than nothing */
        }
    }
    baton_report_sinks_discard(sinks);
}

void baton_report_sinks_discard(struct baton_report_sinks *sinks)
{
    for (size_t i = 0; i < sinks->count; i++) {
        struct baton_report_sink *sink = &sinks->list[i];
        close_spools(sink);
        if (is_lent(sink)) {
            sink->file.file = NULL;
        }
        baton_out_discard(&sink->file);
    }
}
