/* merge.c - shards to one result.
 *
 * Figures cannot be added up, counts can: so merging reads the exact counts that each shard left and makes the summary from
 * their sum. Rows are dealt back in input order by what each shard noted of it, one open file a shard, so that the whole is
 * the same bytes as one run and no shard is ever held in memory. Whatever could make it another run is compared first.
 */
#include "evals/results/merge.h"

#include "engine/base/number.h"
#include "evals/results/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMED_MAX = 8, LIST_BYTES = 200 };

void baton_merge_clear(struct baton_merge *merge)
{
    for (size_t i = 0; i < merge->count; i++) {
        baton_tally_clear(&merge->shards[i].tally);
    }
    baton_tally_clear(&merge->whole.tally);
    *merge = (struct baton_merge){ 0 };
}

/* ---- the parts of one run ---- */

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int by_index(const void *a, const void *b)
{
    uint32_t left = ((const struct baton_tally_file *)a)->shard_index;
    uint32_t right = ((const struct baton_tally_file *)b)->shard_index;
    return (left > right) - (left < right);
}

static bool same_weights(const struct baton_json *a, const struct baton_json *b)
{
    const struct baton_json *left = a == NULL ? NULL : a->child, *right = b == NULL ? NULL : b->child;
    while (left != NULL && right != NULL && baton_str_equal(left->key, right->key) && left->number == right->number) {
        left = left->next;
        right = right->next;
    }
    return (a == NULL) == (b == NULL) && left == NULL && right == NULL;
}

/* What differs between two runs that should be one, or NULL. */
static const char *difference(const struct baton_tally_file *a, const struct baton_tally_file *b)
{
    const struct {
        const char *what;
        bool is_same;
    } rows[] = {
        { "the number of shards differs", a->shard_count == b->shard_count },
        { "the suite's name differs", baton_str_equal(a->suite.suite.name, b->suite.suite.name) },
        { "the suite's fingerprint (ids, questions or labels) differs",
          baton_str_equal(a->suite.suite.fingerprint, b->suite.suite.fingerprint) },
        { "the agents differ", baton_str_equal(a->suite.suite.agents_digest, b->suite.suite.agents_digest) },
        { "the conversations differ",
          baton_str_equal(a->suite.suite.conversations_digest, b->suite.suite.conversations_digest) },
        { "the provider differs", baton_str_equal(a->suite.suite.provider, b->suite.suite.provider) },
        { "the profile differs", baton_str_equal(a->suite.suite.profile, b->suite.suite.profile) },
        { "the seed differs", a->suite.suite.seed == b->suite.suite.seed },
        { "the number of repeats differs", a->suite.suite.repeat == b->suite.suite.repeat },
        { "the limits differ", baton_str_equal(a->play, b->play) },
        { "--strict differs", a->is_strict == b->is_strict },
        { "the weights differ", same_weights(a->weights, b->weights) },
        { "the number of gates differs", a->gate_count == b->gate_count },
        { "the number of agents differs", a->agents->count == b->agents->count },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].is_same) {
            return rows[i].what;
        }
    }
    for (size_t i = 0; i < a->gate_count; i++) {
        if (!baton_str_equal(a->gates[i], b->gates[i])) {
            return "a gate differs";
        }
    }
    return NULL;
}

/* Names the shards that are not there: `3, 7 and 61 more`. */
static void list_missing(const struct baton_merge *merge, char out[LIST_BYTES])
{
    uint32_t missing = 0, at = 0;
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t want = 0; want < merge->whole.shard_count; want++) {
        while (at < merge->count && merge->shards[at].shard_index < want) {
            at++;
        }
        if (at < merge->count && merge->shards[at].shard_index == want) {
            continue;
        }
        if (missing++ < NAMED_MAX) {
            used += (size_t)snprintf(out + used, LIST_BYTES - used, "%s%u", missing == 1 ? "" : ", ", want + 1);
        }
    }
    if (missing > NAMED_MAX) {
        snprintf(out + used, LIST_BYTES - used, " and %u more", missing - NAMED_MAX);
    }
}

static enum baton_status check_parts(struct baton_merge *merge, struct baton_error *err)
{
    const struct baton_tally_file *first = &merge->shards[0];
    for (size_t i = 1; i < merge->count; i++) {
        const char *what = difference(first, &merge->shards[i]);
        if (what != NULL) {
            return baton_error_set(err, BATON_EUSAGE, "'%s' and '%s' are not parts of one run: %s", first->path,
                                   merge->shards[i].path, what);
        }
    }
    qsort(merge->shards, merge->count, sizeof *merge->shards, by_index);
    merge->whole = merge->shards[0];
    merge->whole.tally = (struct baton_tally){ 0 };
    for (size_t i = 1; i < merge->count; i++) {
        if (merge->shards[i].shard_index == merge->shards[i - 1].shard_index) {
            return baton_error_set(err, BATON_EUSAGE, "shard %u/%u is there twice: '%s' and '%s'",
                                   merge->shards[i].shard_index + 1, merge->whole.shard_count,
                                   merge->shards[i - 1].path, merge->shards[i].path);
        }
    }
    if (merge->count < merge->whole.shard_count) {
        char missing[LIST_BYTES];
        list_missing(merge, missing);
        return baton_error_set(err, BATON_EUSAGE, "%zu of %u shards are there; missing: %s", merge->count,
                               merge->whole.shard_count, missing);
    }
    return BATON_OK;
}

enum baton_status baton_merge_load(struct baton_merge *out, struct baton_arena *arena, const char *const *paths,
                                   size_t count, struct baton_error *err)
{
    *out = (struct baton_merge){ 0 };
    if (count > BATON_MERGE_SHARDS_MAX) {
        return baton_error_set(err, BATON_EUSAGE, "more than %d shards", BATON_MERGE_SHARDS_MAX);
    }
    out->shards = baton_arena_zero(arena, (count + 1) * sizeof *out->shards);
    enum baton_status status = out->shards == NULL ? baton_error_set(err, BATON_ENOMEM, "out of memory") : BATON_OK;
    for (size_t i = 0; i < count && status == BATON_OK; i++) {
        const char *path = is_folder(paths[i]) ? baton_arena_printf(arena, "%s/counts.json", paths[i]) : paths[i];
        out->count++;
        status = path == NULL ? baton_error_set(err, BATON_ENOMEM, "out of memory")
                              : baton_tally_read(&out->shards[i], arena, path, err);
    }
    status = status == BATON_OK ? check_parts(out, err) : status;
    for (size_t i = 0; i < count && status == BATON_OK; i++) {
        baton_tally_merge(&out->whole.tally, &out->shards[i].tally);
    }
    return status == BATON_OK && baton_tally_failed(&out->whole.tally)
               ? baton_error_set(err, BATON_ENOMEM, "out of memory for counts")
               : status;
}

/* ---- rows ---- */

/* One shard's rows on their way out. */
struct source {
    const struct baton_tally_file *shard;
    struct baton_rows rows;
    struct baton_str order; /* what is left of it; data NULL: of a whole run */
    uint64_t next;          /* position of its next conversation in the whole; UINT64_MAX: none is left */
    bool has_begun;
};

static bool has_conversations(const struct baton_tally_file *shard)
{
    return shard->tally.counts.conversations > 0;
}

static const char *rows_path(const struct baton_tally_file *shard, struct baton_arena *arena)
{
    return baton_path_beside(arena, shard->path, BATON_STR("results.jsonl"));
}

bool baton_merge_has_rows(const struct baton_merge *merge, struct baton_arena *arena)
{
    for (size_t i = 0; i < merge->count; i++) {
        const char *path = rows_path(&merge->shards[i], arena);
        if (has_conversations(&merge->shards[i]) && (path == NULL || access(path, R_OK) != 0)) {
            return false;
        }
    }
    return true;
}

static enum baton_status out_of_step(const struct source *source, struct baton_error *err)
{
    return baton_error_set(err, BATON_EINPUT, "'%s' does not go with its counts.json; run that shard again",
                           source->rows.name);
}

/* Finds where the next conversation of the source belongs. */
static enum baton_status source_next(struct source *source, struct baton_error *err)
{
    uint64_t before = source->has_begun ? source->next + 1 : 0;
    uint64_t others = 0;
    source->has_begun = true;
    if (source->rows.line.length == 0) {
        source->next = UINT64_MAX;
        return source->order.length == 0 ? BATON_OK : out_of_step(source, err);
    }
    if (source->order.data != NULL) {
        if (!baton_number_take_u64(&source->order, &others) || others >= UINT32_MAX) {
            return out_of_step(source, err);
        }
        source->order = baton_str_after(source->order, 1); /* a blank */
    }
    source->next = before + others;
    return BATON_OK;
}

static enum baton_status source_open(struct source *source, const struct baton_tally_file *shard,
                                     struct baton_arena *arena, struct baton_error *err)
{
    source->shard = shard;
    if (!has_conversations(shard)) {
        source->next = UINT64_MAX;
        return BATON_OK;
    }
    const char *path = rows_path(shard, arena);
    source->order = shard->order;
    if (path == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    enum baton_status status = baton_rows_open(&source->rows, path, err);
    status = status == BATON_OK ? baton_rows_next(&source->rows, err) : status;
    return status == BATON_OK ? source_next(source, err) : status;
}

/* All repeats of the source's next conversation. */
static enum baton_status source_copy(struct source *source, FILE *out, struct baton_error *err)
{
    enum baton_status status = BATON_OK;
    do {
        if (fwrite(source->rows.line.data, 1, source->rows.line.length, out) != source->rows.line.length) {
            return baton_error_set(err, BATON_EIO, "cannot write the results: %s", strerror(errno));
        }
        status = baton_rows_next(&source->rows, err);
    } while (status == BATON_OK && source->rows.line.length > 0 && !baton_rows_is_first(&source->rows));
    return status == BATON_OK ? source_next(source, err) : status;
}

enum baton_status baton_merge_rows(const struct baton_merge *merge, FILE *out, struct baton_arena *arena,
                                   struct baton_error *err)
{
    struct source *sources = baton_arena_zero(arena, (merge->count + 1) * sizeof *sources);
    if (sources == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    enum baton_status status = BATON_OK;
    for (size_t i = 0; i < merge->count && status == BATON_OK; i++) {
        status = source_open(&sources[i], &merge->shards[i], arena, err);
    }
    for (uint64_t position = 0; status == BATON_OK; position++) {
        struct source *first = &sources[0];
        for (size_t i = 1; i < merge->count; i++) {
            first = sources[i].next < first->next ? &sources[i] : first;
        }
        if (first->next == UINT64_MAX) {
            break;
        }
        status = first->next == position ? source_copy(first, out, err) : out_of_step(first, err);
    }
    for (size_t i = 0; i < merge->count; i++) {
        baton_rows_close(&sources[i].rows);
    }
    return status;
}
