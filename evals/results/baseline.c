#include "evals/results/baseline.h"

#include "reports/out_file.h"
#include "reports/summary.h"
#include "reports/summary_json.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { SUMMARY_BYTES_MAX = 64 * 1024 * 1024, COPY_BYTES = 64 * 1024 };

static enum baton_status no_memory(struct baton_error *err)
{
    return baton_error_set(err, BATON_ENOMEM, "out of memory for the baseline");
}

static bool is_there(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

enum baton_status baton_baseline_open(struct baton_baseline *out, struct baton_arena *arena, const char *path,
                                      bool may_be_missing, struct baton_error *err)
{
    *out = (struct baton_baseline){ .path = path };
    if (path == NULL || (may_be_missing && !is_there(path))) {
        return BATON_OK;
    }
    if (!is_there(path)) {
        return baton_error_set(err, BATON_EINPUT, "there is no baseline '%s'; --update-baseline makes it", path);
    }
    enum baton_status status = baton_compare_open(&out->side, arena, path, err);
    if (status == BATON_OK) {
        out->side.rows = fopen(out->side.rows_path, "re");
        out->is_loaded = out->side.rows != NULL;
        status = out->is_loaded ? BATON_OK
                                : baton_error_set(err, BATON_EINPUT, "cannot open the results '%s': %s",
                                                  out->side.rows_path, strerror(errno));
    }
    return status;
}

void baton_baseline_close(struct baton_baseline *baseline)
{
    if (baseline->side.rows != NULL) {
        fclose(baseline->side.rows);
    }
    *baseline = (struct baton_baseline){ 0 };
}

/* The figures of this run as compare wants them: as its summary.json will have them. */
static enum baton_status summary_tree(const struct baton_json **out, const struct baton_summary *summary,
                                      struct baton_arena *arena, struct baton_error *err)
{
    struct baton_text text = baton_text_with_limit(SUMMARY_BYTES_MAX);
    struct baton_source *source = baton_arena_zero(arena, sizeof *source);
    baton_summary_write(&text, summary);
    const char *copy = text.failed ? NULL : baton_arena_copy(arena, text.data, text.length);
    if (source == NULL || copy == NULL) {
        baton_text_clear(&text);
        return no_memory(err);
    }
    *source = (struct baton_source){ .name = "summary.json", .text = { copy, text.length } };
    baton_text_clear(&text);
    return baton_json_parse(out, arena, source, err);
}

enum baton_status baton_baseline_compare(const struct baton_baseline *baseline, struct baton_summary *summary,
                                         const struct baton_baseline_rows *rows, bool is_part,
                                         struct baton_arena *arena, struct baton_error *err)
{
    if (!baseline->is_loaded) {
        return BATON_OK;
    }
    struct baton_comparison *comparison = baton_arena_zero(arena, sizeof *comparison);
    struct baton_compare_side candidate = { .name = summary->suite.name,
                                            .path = "this run",
                                            .rows_path = rows->path,
                                            .rows = rows->path == NULL ? rows->file : NULL };
    struct baton_compare_options options = { .baseline = &baseline->side,
                                             .candidate = &candidate,
                                             .alpha = BATON_COMPARE_ALPHA,
                                             .is_part = is_part,
                                             .flip_seed = summary->suite.seed };
    enum baton_status status = comparison == NULL ? no_memory(err) : BATON_OK;
    status = status == BATON_OK ? summary_tree(&candidate.summary, summary, arena, err) : status;
    status = status == BATON_OK ? baton_compare(comparison, arena, &options, err) : status;
    summary->baseline = status == BATON_OK ? comparison : NULL;
    return status;
}

/* ---- a new baseline ---- */

static enum baton_status copy_rows(FILE *from, FILE *to, struct baton_error *err)
{
    char piece[COPY_BYTES];
    size_t got;
    if (fflush(from) != 0 || fseeko(from, 0, SEEK_SET) != 0) {
        return baton_error_set(err, BATON_EIO, "cannot read the results again: %s", strerror(errno));
    }
    while ((got = fread(piece, 1, sizeof piece, from)) > 0) {
        if (fwrite(piece, 1, got, to) != got) {
            return baton_error_set(err, BATON_EIO, "cannot write the baseline: %s", strerror(errno));
        }
    }
    return ferror(from) ? baton_error_set(err, BATON_EIO, "cannot read the results again") : BATON_OK;
}

/* The two files of the new baseline; a path that is not there yet and has no ending of ours is a folder to be made. */
static enum baton_status new_paths(const char *path, struct baton_arena *arena, const char **summary_path,
                                   const char **rows_path, struct baton_error *err)
{
    bool is_file = strstr(path, "summary.json") != NULL || strstr(path, "results.jsonl") != NULL;
    const char *slash = strrchr(path, '/');
    const char *folder = !is_file ? path : slash == NULL ? NULL : baton_arena_copy(arena, path, (size_t)(slash - path));
    enum baton_status status = folder == NULL || folder[0] == '\0' ? BATON_OK : baton_out_folder_make(folder, err);
    return status == BATON_OK ? baton_compare_paths(path, arena, summary_path, rows_path, err) : status;
}

static enum baton_status write_rows(const struct baton_baseline_rows *rows, const char *path, struct baton_arena *arena,
                                    struct baton_error *err)
{
    struct baton_out_file out;
    FILE *from = rows->path == NULL ? rows->file : fopen(rows->path, "re");
    if (from == NULL) {
        return baton_error_set(err, BATON_EIO, "cannot read the results again: %s", strerror(errno));
    }
    enum baton_status status = baton_out_open(&out, arena, NULL, path, err);
    if (status == BATON_OK) {
        status = copy_rows(from, out.file, err);
        if (status == BATON_OK) {
            status = baton_out_commit(&out, err);
        } else {
            baton_out_discard(&out);
        }
    }
    if (rows->path != NULL) {
        fclose(from);
    }
    return status;
}

enum baton_status baton_baseline_update(const struct baton_baseline *baseline, const struct baton_summary *summary,
                                        const struct baton_baseline_rows *rows, struct baton_arena *arena,
                                        struct baton_error *err)
{
    const char *summary_path, *rows_path;
    struct baton_summary alone = *summary;
    struct baton_text text = baton_text_with_limit(SUMMARY_BYTES_MAX);
    alone.baseline = NULL;
    enum baton_status status = new_paths(baseline->path, arena, &summary_path, &rows_path, err);
    status = status == BATON_OK ? write_rows(rows, rows_path, arena, err) : status;
    if (status == BATON_OK) {
        baton_summary_write(&text, &alone);
        status = text.failed ? no_memory(err) : baton_out_write(arena, NULL, summary_path, baton_text_str(&text), err);
    }
    baton_text_clear(&text);
    return status;
}
