/* runner.c - a pool of workers over a ring of slots, a slot for each chunk of the input that is under way.
 *
 * A worker takes the next chunk, plays and judges it into its slot without the lock, and then writes whatever is ready in
 * input order, its own or not. So results come in input order with no thread waiting for another, and no more chunks are
 * held than there are slots. Counts go to tallies of the workers, which add up to the same in any order; what depends on
 * the order (results, ids used twice, the first failures) goes through the slots.
 */
#include "evals/play/runner.h"

#include "engine/base/grow.h"
#include "evals/judge/phantom.h"
#include "evals/play/seen_ids.h"
#include "evals/play/shard_order.h"
#include "evals/suite/fingerprint.h"
#include "evals/tally/repeats.h"

#include <pthread.h>

enum { CHUNKS_PER_THREAD = 3 };

enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_DONE };

/* A conversation of a chunk, for whoever finds that its id was used before. */
struct slot_id {
    uint64_t key;
    size_t bytes_before; /* of results that go straight to a file: of the conversations before it */
    unsigned line;
};

/* One chunk on its way through. */
struct slot {
    enum slot_state state;
    struct baton_chunk chunk;
    struct baton_report_part *parts; /* one for each sink */
    struct baton_failures failures;
    struct baton_shard_order order;
    struct baton_progress counts;
    enum baton_status status;
    struct baton_error error;
    struct slot_id *ids; /* of all its conversations; grown as needed */
    uint32_t id_count, id_capacity;
};

/* What all workers share, under the lock. */
struct pool {
    const struct baton_runner_options *options;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct slot *slots;
    uint32_t slot_count;
    uint64_t next_read, next_written;
    bool is_together; /* some report wants all repeats of a conversation at once */
    bool is_reading, is_writing, is_at_end, is_stopped;
    enum baton_status status;
    struct baton_error error;
    struct baton_progress progress;
    struct baton_seen_ids seen_ids;
    struct baton_shard_order order;
};

struct worker {
    struct pool *pool;
    pthread_t thread;
    struct baton_arena *lasting, *conversation;
    struct baton_evaluator evaluator;
    struct baton_tally tally;
    struct baton_selector selector;
    struct baton_phantoms phantoms;
    struct baton_hash fingerprint;
    uint64_t seen, selected, answers_recorded, misses;
    enum baton_status status;
    struct baton_error error;
};

/* ---- one chunk ---- */

static size_t sink_count(const struct pool *pool)
{
    return pool->options->sinks == NULL ? 0 : pool->options->sinks->count;
}

/* Bytes for the first report that is written as it comes; all those are of the same form. */
static size_t direct_bytes(const struct pool *pool, const struct slot *slot)
{
    for (size_t i = 0; i < sink_count(pool); i++) {
        if (pool->options->sinks->list[i].is_direct) {
            return slot->parts[i].texts[0].length;
        }
    }
    return 0;
}

static enum baton_status note_id(const struct pool *pool, struct slot *slot, struct baton_str id, unsigned line,
                                 struct baton_error *err)
{
    struct slot_id *ids = baton_grow_heap(slot->ids, slot->id_count, &slot->id_capacity, sizeof *ids);
    if (ids == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    slot->ids = ids;
    ids[slot->id_count++] =
        (struct slot_id){ .key = baton_seen_ids_key(id), .bytes_before = direct_bytes(pool, slot), .line = line };
    return BATON_OK;
}

static void count_row(struct baton_progress *progress, const struct baton_result *result)
{
    progress->conversations++;
    progress->labelled += result->whole.is_labelled;
    progress->correct += result->whole.is_correct;
    for (uint32_t i = 0; i < result->exchange_count; i++) {
        progress->labelled += result->exchanges[i].label.is_labelled;
        progress->correct += result->exchanges[i].label.is_correct;
        progress->loops += result->exchanges[i].loop.kind != NULL;
    }
}

/* How the conversation comes out in test reports. */
static void count_test(struct baton_counts *counts, const uint32_t *outcomes)
{
    uint32_t passed = outcomes[BATON_TEST_PASSED], failed = outcomes[BATON_TEST_FAILED];
    counts->tests_flaky += failed > 0 && passed > 0;
    counts->tests_failed += failed > 0 && passed == 0;
    counts->tests_passed += failed == 0 && passed > 0;
    counts->tests_errors += failed == 0 && passed == 0 && outcomes[BATON_TEST_ERROR] > 0;
    counts->tests_skipped += failed == 0 && passed == 0 && outcomes[BATON_TEST_ERROR] == 0;
}

static enum baton_status write_parts(struct worker *worker, struct slot *slot, const struct baton_result *results,
                                     uint32_t count)
{
    const struct baton_runner_options *options = worker->pool->options;
    return options->sinks == NULL
               ? BATON_OK
               : baton_report_parts_write(slot->parts, options->sinks, options->suite, results, count, &slot->error);
}

static void count_phantoms(struct worker *worker, struct baton_exchange *const *exchanges, uint32_t count)
{
    struct baton_phantom_counts found = baton_phantoms_count(&worker->phantoms, exchanges, count);
    worker->tally.counts.phantom_checked += found.checked;
    worker->tally.counts.phantom_handoffs += found.handoffs;
}

/* Reports with one part for all repeats of a conversation are given them together. */
static enum baton_status play(struct worker *worker, struct slot *slot, const struct baton_conversation *conversation)
{
    const struct baton_play *how = worker->pool->options->play;
    bool is_together = worker->pool->is_together && how->repeat_count > 1;
    struct baton_result *results =
        baton_arena_array(worker->conversation, is_together ? how->repeat_count : 1, sizeof *results);
    uint32_t outcomes[BATON_TEST_OUTCOME_COUNT] = { 0 }, played = 0;
    enum baton_status status = results != NULL ? BATON_OK : baton_error_no_memory(&slot->error, NULL);
    worker->selected++;
    worker->answers_recorded += conversation->has_recording;
    struct baton_repeats repeats = baton_repeats_begin(&worker->tally);
    for (uint32_t repeat = 0; repeat < how->repeat_count && status == BATON_OK; repeat++) {
        struct baton_arena_mark mark = baton_arena_mark(worker->conversation);
        struct baton_result *result = &results[is_together ? repeat : 0];
        struct baton_exchange **records;
        status = baton_evaluate(&worker->evaluator, result, &records, worker->conversation, conversation, repeat,
                                &slot->error);
        worker->misses += baton_binding_misses(&worker->evaluator.binding);
        if (status == BATON_OK) {
            outcomes[baton_result_outcome(result)]++;
            count_row(&slot->counts, result);
            baton_repeats_add(&repeats, result);
            count_phantoms(worker, records, result->exchange_count);
            baton_failures_note(&slot->failures, result);
            played++;
        }
        if (!is_together) {
            status = status == BATON_OK ? write_parts(worker, slot, result, 1) : status;
            baton_arena_rollback(worker->conversation, mark);
        }
        if (baton_repeats_decided(&repeats, worker->pool->options->stop_early)) {
            break;
        }
    }
    baton_repeats_end(&repeats, &worker->tally, conversation->id);
    if (status == BATON_OK && is_together) {
        status = write_parts(worker, slot, results, played);
    }
    count_test(&worker->tally.counts, outcomes);
    return status;
}

static bool is_interrupted(const struct pool *pool)
{
    return pool->options->interrupted != NULL && *pool->options->interrupted != 0;
}

static enum baton_status take_conversation(struct worker *worker, struct slot *slot,
                                           const struct baton_conversation *conversation, unsigned line)
{
    const struct baton_runner_options *options = worker->pool->options;
    bool is_selected = false;
    worker->seen++;
    enum baton_status status = note_id(worker->pool, slot, conversation->id, line, &slot->error);
    if (status == BATON_OK) {
        status = baton_selector_takes(&worker->selector, conversation, &is_selected, &slot->error);
    }
    if (status != BATON_OK || !is_selected) {
        return status;
    }
    baton_fingerprint_add(&worker->fingerprint, conversation);
    bool is_own = baton_selection_has(&options->selection, conversation->id);
    if (options->order != NULL) {
        baton_shard_order_note(&slot->order, is_own);
    }
    return is_own ? play(worker, slot, conversation) : BATON_OK;
}

static void slot_reset(const struct pool *pool, struct slot *slot)
{
    baton_report_parts_reset(slot->parts, sink_count(pool));
    baton_failures_reset(&slot->failures);
    baton_shard_order_reset(&slot->order);
    slot->counts = (struct baton_progress){ 0 };
    slot->id_count = 0;
}

static void work_on(struct worker *worker, struct slot *slot)
{
    struct baton_chunk_cursor cursor = { 0 };
    struct baton_conversation conversation;
    enum baton_status status = BATON_OK;
    slot_reset(worker->pool, slot);
    while (status == BATON_OK) {
        baton_arena_reset(worker->conversation);
        if (!baton_chunk_next(&slot->chunk, &cursor, &conversation, worker->conversation,
                              worker->evaluator.play->agents, &status, &slot->error)) {
            break;
        }
        if (is_interrupted(worker->pool)) {
            status = baton_error_set(&slot->error, BATON_EINTERRUPTED, "interrupted");
            break;
        }
        unsigned line = conversation.source.line_first;
        status = take_conversation(worker, slot, &conversation, line);
        if (status != BATON_OK && status != BATON_EINTERRUPTED) {
            baton_chunk_blame(&slot->chunk, line, &slot->error);
        }
    }
    slot->status = status;
}

/* Takes back what came after so many bytes of results; the other reports of a run that failed are not kept at all. */
static void forget_from(const struct pool *pool, struct slot *slot, size_t bytes)
{
    for (size_t i = 0; i < sink_count(pool); i++) {
        if (pool->options->sinks->list[i].is_direct) {
            slot->parts[i].texts[0].length = bytes;
        }
    }
}

static void check_ids(struct pool *pool, struct slot *slot)
{
    for (size_t i = 0; i < slot->id_count && slot->status == BATON_OK; i++) {
        if (!baton_seen_ids_add(&pool->seen_ids, slot->ids[i].key)) {
            slot->status = baton_error_set(&slot->error, BATON_EINPUT,
                                           "the id of this conversation was used before; ids must be "
                                           "unique over all files of a suite");
            baton_chunk_blame(&slot->chunk, slot->ids[i].line, &slot->error);
            forget_from(pool, slot, slot->ids[i].bytes_before);
        }
    }
}

/* ---- the pool ---- */

static void stop(struct pool *pool, enum baton_status status, const struct baton_error *error)
{
    if (pool->status == BATON_OK && status != BATON_OK) {
        pool->status = status;
        pool->error = *error;
    }
    pool->is_stopped = true;
    pthread_cond_broadcast(&pool->changed);
}

/* Takes the next chunk of the input, or returns NULL when there is none or the run has stopped. Called with the lock. */
static struct slot *slot_take(struct pool *pool)
{
    struct slot *slot = &pool->slots[pool->next_read % pool->slot_count];
    while (!pool->is_stopped && !pool->is_at_end && (pool->is_reading || slot->state != SLOT_FREE)) {
        pthread_cond_wait(&pool->changed, &pool->lock);
        slot = &pool->slots[pool->next_read % pool->slot_count];
    }
    if (pool->is_stopped || pool->is_at_end) {
        return NULL;
    }
    struct baton_error error;
    pool->is_reading = true;
    pthread_mutex_unlock(&pool->lock);
    enum baton_status status = baton_cases_next(pool->options->cases, &slot->chunk, &error);
    pthread_mutex_lock(&pool->lock);
    pool->is_reading = false;
    pool->progress.bytes_read = baton_cases_bytes_read(pool->options->cases);
    if (status == BATON_OK && slot->chunk.text.length == 0) {
        pool->is_at_end = true;
        slot = NULL;
    } else {
        pool->next_read++;
        slot->state = SLOT_TAKEN;
        slot->status = status;
        if (status != BATON_OK) {
            slot->error = error;
            slot_reset(pool, slot);
            pool->is_at_end = true;
        }
    }
    pthread_cond_broadcast(&pool->changed);
    return slot;
}

static void add_progress(struct pool *pool, const struct baton_progress *counts)
{
    pool->progress.conversations += counts->conversations;
    pool->progress.correct += counts->correct;
    pool->progress.labelled += counts->labelled;
    pool->progress.loops += counts->loops;
    pool->progress.bytes_all = baton_cases_bytes_all(pool->options->cases);
    if (pool->options->on_progress != NULL) {
        pool->options->on_progress(pool->options->user, &pool->progress);
    }
}

/* Writes what is ready, in input order. Called with the lock; lets go of it while writing. */
static void write_ready(struct pool *pool)
{
    struct slot *slot = &pool->slots[pool->next_written % pool->slot_count];
    while (!pool->is_writing && slot->state == SLOT_DONE && pool->status == BATON_OK) {
        pool->is_writing = true;
        pthread_mutex_unlock(&pool->lock);
        check_ids(pool, slot);
        struct baton_error error;
        enum baton_status written = pool->options->sinks == NULL
                                        ? BATON_OK
                                        : baton_report_sinks_take(pool->options->sinks, slot->parts, &error);
        if (written != BATON_OK) {
            slot->status = written;
            slot->error = error;
        }
        pthread_mutex_lock(&pool->lock);
        pool->is_writing = false;
        if (pool->options->failures != NULL) {
            baton_failures_merge(pool->options->failures, &slot->failures);
        }
        if (pool->options->order != NULL) {
            baton_shard_order_merge(&pool->order, &slot->order);
        }
        add_progress(pool, &slot->counts);
        if (slot->status != BATON_OK) {
            stop(pool, slot->status, &slot->error);
        }
        slot->state = SLOT_FREE;
        pool->next_written++;
        pthread_cond_broadcast(&pool->changed);
        slot = &pool->slots[pool->next_written % pool->slot_count];
    }
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    for (struct slot *slot; (slot = slot_take(pool)) != NULL;) {
        if (slot->status == BATON_OK) {
            pthread_mutex_unlock(&pool->lock);
            work_on(worker, slot);
            pthread_mutex_lock(&pool->lock);
        }
        slot->state = SLOT_DONE;
        write_ready(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* ---- setting up ---- */

static enum baton_status worker_init(struct worker *worker, struct pool *pool, struct baton_error *err)
{
    const struct baton_runner_options *options = pool->options;
    worker->pool = pool;
    worker->lasting = baton_arena_new(BATON_FILE_BYTES_MAX);
    worker->conversation = baton_arena_new(BATON_CONVERSATION_BYTES_MAX);
    if (worker->lasting == NULL || worker->conversation == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    enum baton_status status =
        baton_evaluator_init(&worker->evaluator, worker->lasting, options->play, &worker->tally, err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_phantoms_init(&worker->phantoms, options->phantom_patterns, err);
    return status == BATON_OK ? baton_selector_init(&worker->selector, &options->selection, err) : status;
}

static void worker_clear(struct worker *worker)
{
    baton_evaluator_clear(&worker->evaluator);
    baton_tally_clear(&worker->tally);
    baton_selector_clear(&worker->selector);
    baton_phantoms_clear(&worker->phantoms);
    baton_arena_free(worker->lasting);
    baton_arena_free(worker->conversation);
}

static void gather(struct baton_runner_result *out, struct baton_tally *tally, const struct worker *worker)
{
    baton_tally_merge(tally, &worker->tally);
    baton_fingerprint_merge(&out->fingerprint, worker->fingerprint);
    out->seen += worker->seen;
    out->selected += worker->selected;
    out->answers_recorded += worker->answers_recorded;
    out->misses += worker->misses;
}

static enum baton_status slot_init(const struct pool *pool, struct slot *slot, struct baton_error *err)
{
    size_t count = sink_count(pool);
    slot->failures = baton_failures_none();
    slot->order = baton_shard_order_none();
    slot->parts = count == 0 ? NULL : baton_system_take(count * sizeof *slot->parts);
    if (count > 0 && slot->parts == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    baton_report_parts_init(slot->parts, count);
    return BATON_OK;
}

static void slot_clear(const struct pool *pool, struct slot *slot)
{
    baton_chunk_clear(&slot->chunk);
    if (slot->parts != NULL) {
        baton_report_parts_clear(slot->parts, sink_count(pool));
    }
    baton_system_give(slot->parts);
    baton_failures_clear(&slot->failures);
    baton_shard_order_clear(&slot->order);
    baton_grow_free(slot->ids);
}

/* Some form of the run is given all repeats of a conversation at once. */
static bool wants_repeats_together(const struct pool *pool)
{
    for (size_t i = 0; i < sink_count(pool); i++) {
        const struct baton_report_sink *sink = &pool->options->sinks->list[i];
        if (sink->form->conversation != NULL && !sink->is_direct) {
            return true;
        }
    }
    return false;
}

static enum baton_status pool_init(struct pool *pool, const struct baton_runner_options *options,
                                   struct baton_error *err)
{
    *pool = (struct pool){ .options = options, .order = baton_shard_order_none() };
    pool->is_together = wants_repeats_together(pool);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pool->slots = baton_system_take(options->thread_count * CHUNKS_PER_THREAD * sizeof *pool->slots);
    if (pool->slots == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    enum baton_status status = BATON_OK;
    pool->slot_count = options->thread_count * CHUNKS_PER_THREAD;
    for (uint32_t i = 0; i < pool->slot_count && status == BATON_OK; i++) {
        status = slot_init(pool, &pool->slots[i], err);
    }
    return status;
}

static void pool_clear(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->slot_count; i++) {
        slot_clear(pool, &pool->slots[i]);
    }
    baton_seen_ids_clear(&pool->seen_ids);
    baton_shard_order_clear(&pool->order);
    baton_system_give(pool->slots);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
}

/* Runs the workers; the first one is this thread. */
static void run_workers(struct worker *workers, uint32_t count)
{
    uint32_t started = 1;
    for (; started < count; started++) {
        if (pthread_create(&workers[started].thread, NULL, worker_main, &workers[started]) != 0) {
            break; /* fewer threads do the same work */
        }
    }
    worker_main(&workers[0]);
    for (uint32_t i = 1; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
    }
}

static enum baton_status run_pool(struct pool *pool, struct worker *workers, struct baton_error *err)
{
    const struct baton_runner_options *options = pool->options;
    for (uint32_t i = 0; i < options->thread_count; i++) {
        enum baton_status status = worker_init(&workers[i], pool, err);
        if (status != BATON_OK) {
            return status;
        }
    }
    baton_cases_watch(options->cases, options->interrupted);
    run_workers(workers, options->thread_count);
    if (pool->status != BATON_OK) {
        *err = pool->error;
    }
    return pool->status;
}

enum baton_status baton_runner_run(struct baton_runner_result *out, struct baton_tally *tally,
                                   const struct baton_runner_options *options, struct baton_error *err)
{
    struct pool pool;
    struct worker *workers = NULL;
    *out = (struct baton_runner_result){ 0 };
    enum baton_status status = pool_init(&pool, options, err);
    if (status != BATON_OK) {
        goto done;
    }
    workers = baton_system_take(options->thread_count * sizeof *workers);
    if (workers == NULL) {
        status = baton_error_no_memory(err, NULL);
        goto done;
    }
    status = run_pool(&pool, workers, err);
    for (uint32_t i = 0; i < options->thread_count; i++) {
        gather(out, tally, &workers[i]);
        worker_clear(&workers[i]);
    }
    if (options->order != NULL) {
        baton_shard_order_write(options->order, &pool.order);
    }
    if (status == BATON_OK && (baton_tally_failed(tally) || (options->order != NULL && options->order->failed))) {
        status = baton_error_no_memory(err, "counts");
    }
done:
    baton_system_give(workers);
    pool_clear(&pool);
    out->conversations = baton_cases_digest(options->cases);
    return status;
}
