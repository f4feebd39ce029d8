#include "evals/results/failed_ids.h"

#include "engine/base/hash.h"
#include "evals/results/compare.h"
#include "evals/results/rows.h"
#include "reports/result.h"

enum { ROW_BYTES_MAX = 256 * 1024 * 1024 };

uint64_t baton_failed_ids_key(struct baton_str id)
{
    return baton_hash64(id.data, id.length, 4);
}

static enum baton_status read_rows(struct baton_counter *out, struct baton_arena *arena, struct baton_rows *rows,
                                   struct baton_error *err)
{
    for (;;) {
        struct baton_result result;
        enum baton_status status = baton_rows_next(rows, err);
        if (status != BATON_OK || rows->line.length == 0) {
            return status;
        }
        baton_arena_reset(arena);
        status = baton_rows_read(rows, &result, arena, err);
        if (status != BATON_OK) {
            return status;
        }
        if (baton_result_is_failure(&result, 1)) {
            baton_counter_add(out, baton_failed_ids_key(result.id), 1);
        }
    }
}

enum baton_status baton_failed_ids_read(struct baton_counter *out, struct baton_arena *arena, const char *path,
                                        struct baton_error *err)
{
    const char *summary_path, *rows_path;
    struct baton_rows rows = { 0 };
    struct baton_arena *row_arena = baton_arena_new(ROW_BYTES_MAX);
    enum baton_status status = row_arena == NULL ? baton_error_set(err, BATON_ENOMEM, "out of memory") : BATON_OK;
    status = status == BATON_OK ? baton_compare_paths(path, arena, &summary_path, &rows_path, err) : status;
    status = status == BATON_OK ? baton_rows_open(&rows, rows_path, err) : status;
    status = status == BATON_OK ? read_rows(out, row_arena, &rows, err) : status;
    baton_rows_close(&rows);
    baton_arena_free(row_arena);
    if (status == BATON_OK && out->failed) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory for the ids in '%s'", rows_path);
    }
    return status == BATON_OK && out->used == 0
               ? baton_error_set(err, BATON_EEMPTY, "nothing failed in '%s', so there is nothing to run again",
                                 rows_path)
               : status;
}
