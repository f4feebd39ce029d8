#include "evals/play/runner.h"

#include "engine/base/pattern.h"
#include "evals/judge/phantom.h"
#include "evals/results/failed_ids.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum { CHUNKS_PER_THREAD = 3, IDS_FIRST = 1024, IDS_MAX = 1 << 21 };

enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_DONE };

/* One chunk on its way through. */
struct slot {
    enum slot_state state;
    struct baton_chunk chunk;
    struct baton_report_part *parts; /* one for each sink */
    struct baton_text failures;
    uint32_t failure_count;
    struct baton_progress counts;
    enum baton_status status;
    struct baton_error error;
    struct seen_id {
        uint64_t hash;
        size_t bytes_before; /* of results that go straight to a file: of the conversations before it */
        unsigned line;
    } * ids; /* of all its conversations; grown as needed */
    size_t id_count, id_capacity;
    struct baton_text order;            /* as in the options, but without the first conversation's number */
    bool has_own;                       /* some conversation of it is of this shard */
    uint64_t others_first, others_last; /* selected ones of other shards before its first own one, after its last */
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
    uint32_t failure_count;
    uint64_t *known_ids; /* an open table of hashes; 0 = free */
    size_t known_count, known_slots;
    uint64_t others; /* selected conversations of other shards since the last own one */
};

struct worker {
    struct pool *pool;
    pthread_t thread;
    struct baton_arena *lasting, *conversation;
    struct baton_evaluator evaluator;
    struct baton_tally tally;
    struct baton_pattern *filter;
    struct baton_phantoms phantoms;
    uint64_t fingerprint_low, fingerprint_high; /* sums */
    uint64_t seen, selected, answers_recorded, misses;
    enum baton_status status;
    struct baton_error error;
};

uint32_t baton_shard_of(struct baton_str id, uint32_t shard_count)
{
    return (uint32_t)(baton_hash64(id.data, id.length, 0) % shard_count);
}

/* ---- which conversations ---- */

static bool has_tag(const struct baton_conversation *conversation, struct baton_str wanted)
{
    for (const struct baton_json *tag = conversation->tags == NULL ? NULL : conversation->tags->child; tag != NULL;
         tag = tag->next) {
        if (baton_str_equal(tag->text, wanted)) {
            return true;
        }
    }
    return false;
}

static enum baton_status is_selected(struct worker *worker, const struct baton_conversation *conversation, bool *out,
                                     struct baton_error *err)
{
    const struct baton_runner_options *options = worker->pool->options;
    *out = options->tag.data == NULL || has_tag(conversation, options->tag);
    *out =
        *out && (options->only == NULL || baton_counter_get(options->only, baton_failed_ids_key(conversation->id)) > 0);
    if (!*out || worker->filter == NULL) {
        return BATON_OK;
    }
    enum baton_match found = baton_pattern_match(worker->filter, conversation->id);
    *out = found == BATON_MATCH_YES;
    return found != BATON_MATCH_LIMIT
               ? BATON_OK
               : baton_error_set(err, BATON_EUSAGE, "the pattern of --filter takes too many steps; make it simpler");
}

static uint64_t hash_tree(const struct baton_json *node, uint64_t seed)
{
    uint64_t hash = baton_hash64(node->text.data, node->text.length, seed + node->type + (node->boolean ? 16 : 0));
    for (const struct baton_json *child = node->child; child != NULL; child = child->next) {
        hash = baton_hash64(child->key.data, child->key.length, hash);
        hash = hash_tree(child, hash);
    }
    return hash;
}

/* What makes the suite the same suite: ids, questions and labels; not what agents said. Summed, so order does not matter. */
static void add_fingerprint(struct worker *worker, const struct baton_conversation *conversation)
{
    uint64_t hash = baton_hash64(conversation->id.data, conversation->id.length, 1);
    for (uint32_t i = 0; i < conversation->message_count; i++) {
        const struct baton_message *message = &conversation->messages[i];
        if (message->role == BATON_ROLE_USER) {
            hash = baton_hash64(message->content.data, message->content.length, hash);
            hash = message->expect == NULL ? hash : hash_tree(message->expect, hash);
        }
    }
    hash = conversation->expect == NULL ? hash : hash_tree(conversation->expect, hash);
    worker->fingerprint_low += hash;
    worker->fingerprint_high += baton_hash64(&(char){ 1 }, 1, hash);
}

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
    if (slot->id_count == slot->id_capacity) {
        size_t capacity = slot->id_capacity == 0 ? IDS_FIRST : slot->id_capacity * 2;
        struct seen_id *ids = baton_system_take(capacity * sizeof *ids);
        if (ids == NULL) {
            return baton_error_set(err, BATON_ENOMEM, "out of memory");
        }
        if (slot->id_count > 0) {
            memcpy(ids, slot->ids, slot->id_count * sizeof *ids);
        }
        baton_system_give(slot->ids);
        slot->ids = ids;
        slot->id_capacity = capacity;
    }
    slot->ids[slot->id_count++] = (struct seen_id){ .hash = baton_hash64(id.data, id.length, 2) | 1,
                                                    .bytes_before = direct_bytes(pool, slot),
                                                    .line = line };
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

/* A line for people: which conversation, where, what failed. `error`: the text of a provider's failure; empty: none. */
static void note_failure(struct slot *slot, struct baton_str id, int exchange, const struct baton_result_label *label,
                         struct baton_str error)
{
    bool has_failed = label->is_labelled && label->is_judged && !label->is_correct;
    if ((!has_failed && error.length == 0) || slot->failure_count >= BATON_FAILURES_MAX) {
        return;
    }
    slot->failure_count++;
    size_t start = slot->failures.length;
    baton_text_append(&slot->failures, id.data, id.length);
    if (exchange >= 0) {
        baton_text_printf(&slot->failures, ", exchange %d", exchange + 1);
    }
    for (uint32_t i = 0; error.length == 0 && i < label->failed_count; i++) {
        baton_text_puts(&slot->failures, i == 0 ? ": " : "; ");
        baton_text_puts(&slot->failures, label->failed[i]);
    }
    if (error.length > 0) {
        baton_text_puts(&slot->failures, ": error: ");
        baton_text_append(&slot->failures, error.data, error.length);
    }
    for (size_t i = start; i < slot->failures.length; i++) { /* ids and labels may hold anything; a terminal obeys it */
        unsigned char c = (unsigned char)slot->failures.data[i];
        slot->failures.data[i] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    baton_text_putc(&slot->failures, '\n');
}

/* Of a conversation that the provider failed on, the first error says why; what came after it followed from it. */
static void note_failures(struct slot *slot, const struct baton_result *result)
{
    bool has_error = false;
    for (uint32_t i = 0; i < result->exchange_count && !has_error; i++) {
        const struct baton_result_exchange *exchange = &result->exchanges[i];
        has_error = strcmp(exchange->status, "error") == 0;
        note_failure(slot, result->id, result->exchange_count > 1 ? (int)i : -1, &exchange->label,
                     has_error ? exchange->text : BATON_STR(""));
    }
    if (!has_error) {
        note_failure(slot, result->id, -1, &result->whole, BATON_STR(""));
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

/* Reports that tell of all repeats of a conversation together get them together. */
static enum baton_status play(struct worker *worker, struct slot *slot, const struct baton_conversation *conversation)
{
    const struct baton_play *how = worker->pool->options->play;
    bool is_together = worker->pool->is_together && how->repeat_count > 1;
    struct baton_result *results =
        baton_arena_array(worker->conversation, is_together ? how->repeat_count : 1, sizeof *results);
    uint32_t outcomes[BATON_TEST_OUTCOME_COUNT] = { 0 }, played = 0;
    enum baton_status status =
        results != NULL ? BATON_OK : baton_error_set(&slot->error, BATON_ENOMEM, "out of memory");
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
            note_failures(slot, result);
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

/* Notes whether a selected conversation is of this shard. */
static void note_order(struct slot *slot, bool is_own)
{
    if (!is_own) {
        slot->others_last++;
        return;
    }
    if (slot->has_own) {
        baton_text_putc(&slot->order, ' ');
        baton_text_u64(&slot->order, slot->others_last);
    } else {
        slot->others_first = slot->others_last;
    }
    slot->has_own = true;
    slot->others_last = 0;
}

static enum baton_status take_conversation(struct worker *worker, struct slot *slot,
                                           const struct baton_conversation *conversation, unsigned line)
{
    const struct baton_runner_options *options = worker->pool->options;
    bool selected = false;
    worker->seen++;
    enum baton_status status = note_id(worker->pool, slot, conversation->id, line, &slot->error);
    status = status == BATON_OK ? is_selected(worker, conversation, &selected, &slot->error) : status;
    if (status != BATON_OK || !selected) {
        return status;
    }
    add_fingerprint(worker, conversation);
    bool is_own =
        options->shard_count <= 1 || baton_shard_of(conversation->id, options->shard_count) == options->shard_index;
    if (options->order != NULL) {
        note_order(slot, is_own);
    }
    return is_own ? play(worker, slot, conversation) : BATON_OK;
}

static void slot_reset(const struct pool *pool, struct slot *slot)
{
    baton_report_parts_reset(slot->parts, sink_count(pool));
    baton_text_reset(&slot->failures);
    slot->failure_count = 0;
    slot->counts = (struct baton_progress){ 0 };
    slot->id_count = 0;
    baton_text_reset(&slot->order);
    slot->has_own = false;
    slot->others_first = slot->others_last = 0;
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

/* ---- ids seen before ---- */

static bool table_put(uint64_t *table, size_t slots, uint64_t hash)
{
    size_t at = (size_t)(hash >> 8) & (slots - 1);
    while (table[at] != 0 && table[at] != hash) {
        at = (at + 1) & (slots - 1);
    }
    bool is_new = table[at] == 0;
    table[at] = hash;
    return is_new;
}

/* Past IDS_MAX conversations the table would cost more than it tells; it then stops growing and checking. */
static bool ids_grow(struct pool *pool)
{
    size_t slots = pool->known_slots == 0 ? IDS_FIRST : pool->known_slots * 2;
    uint64_t *table = slots > IDS_MAX ? NULL : baton_system_take(slots * sizeof *table);
    if (table == NULL) {
        return false;
    }
    for (size_t i = 0; i < pool->known_slots; i++) {
        if (pool->known_ids[i] != 0) {
            table_put(table, slots, pool->known_ids[i]);
        }
    }
    baton_system_give(pool->known_ids);
    pool->known_ids = table;
    pool->known_slots = slots;
    return true;
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
        if (pool->known_count * 4 >= pool->known_slots * 3 && !ids_grow(pool)) {
            return;
        }
        pool->known_count++;
        if (!table_put(pool->known_ids, pool->known_slots, slot->ids[i].hash)) {
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

/* Adds a chunk's failures while there is room for more. */
static void add_failures(struct pool *pool, const struct slot *slot)
{
    const char *line = slot->failures.data;
    for (uint32_t i = 0; i < slot->failure_count && pool->failure_count < BATON_FAILURES_MAX; i++) {
        const char *end = strchr(line, '\n') + 1;
        baton_text_append(pool->options->failures, line, (size_t)(end - line));
        pool->failure_count++;
        line = end;
    }
}

static void add_order(struct pool *pool, const struct slot *slot)
{
    struct baton_text *order = pool->options->order;
    if (slot->has_own) {
        baton_text_puts(order, order->length == 0 ? "" : " ");
        baton_text_u64(order, pool->others + slot->others_first);
        baton_text_append(order, slot->order.data, slot->order.length);
        order->failed = order->failed || slot->order.failed;
    }
    pool->others = slot->others_last + (slot->has_own ? 0 : pool->others);
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
            add_failures(pool, slot);
        }
        if (pool->options->order != NULL) {
            add_order(pool, slot);
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
    worker->pool = pool;
    worker->lasting = baton_arena_new(BATON_FILE_BYTES_MAX);
    worker->conversation = baton_arena_new(BATON_CONVERSATION_BYTES_MAX);
    if (worker->lasting == NULL || worker->conversation == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    enum baton_status status =
        baton_evaluator_init(&worker->evaluator, worker->lasting, pool->options->play, &worker->tally, err);
    status = status == BATON_OK ? baton_phantoms_init(&worker->phantoms, pool->options->phantom_patterns, err) : status;
    if (status == BATON_OK && pool->options->filter.data != NULL) {
        status = baton_pattern_compile_lasting(&worker->filter, pool->options->filter, err);
        status = status == BATON_OK ? status : BATON_EUSAGE;
    }
    return status;
}

static void worker_clear(struct worker *worker)
{
    baton_evaluator_clear(&worker->evaluator);
    baton_tally_clear(&worker->tally);
    baton_pattern_free(worker->filter);
    baton_phantoms_clear(&worker->phantoms);
    baton_arena_free(worker->lasting);
    baton_arena_free(worker->conversation);
}

static void gather(struct baton_runner_result *out, struct baton_tally *tally, const struct worker *worker)
{
    baton_tally_merge(tally, &worker->tally);
    out->fingerprint.low += worker->fingerprint_low;
    out->fingerprint.high += worker->fingerprint_high;
    out->seen += worker->seen;
    out->selected += worker->selected;
    out->answers_recorded += worker->answers_recorded;
    out->misses += worker->misses;
}

static enum baton_status parts_init(const struct pool *pool, struct slot *slot, struct baton_error *err)
{
    size_t count = sink_count(pool);
    slot->parts = count == 0 ? NULL : baton_system_take(count * sizeof *slot->parts);
    if (count > 0 && slot->parts == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    baton_report_parts_init(slot->parts, count);
    return BATON_OK;
}

static void pool_clear(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->slot_count; i++) {
        baton_chunk_clear(&pool->slots[i].chunk);
        if (pool->slots[i].parts != NULL) {
            baton_report_parts_clear(pool->slots[i].parts, sink_count(pool));
        }
        baton_system_give(pool->slots[i].parts);
        baton_text_clear(&pool->slots[i].failures);
        baton_text_clear(&pool->slots[i].order);
        baton_system_give(pool->slots[i].ids);
    }
    baton_system_give(pool->known_ids);
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

enum baton_status baton_runner_run(struct baton_runner_result *out, struct baton_tally *tally,
                                   const struct baton_runner_options *options, struct baton_error *err)
{
    *out = (struct baton_runner_result){ 0 };
    struct pool pool = { .options = options, .slot_count = options->thread_count * CHUNKS_PER_THREAD };
    struct worker *workers = baton_system_take(options->thread_count * sizeof *workers);
    pool.slots = baton_system_take(pool.slot_count * sizeof *pool.slots);
    for (size_t i = 0; i < sink_count(&pool); i++) {
        pool.is_together = pool.is_together ||
                           (options->sinks->list[i].form->conversation != NULL && !options->sinks->list[i].is_direct);
    }
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.changed, NULL);
    enum baton_status status = BATON_OK;
    if (workers == NULL || pool.slots == NULL) {
        status = baton_error_set(err, BATON_ENOMEM, "out of memory");
        pool.slot_count = 0;
    }
    for (uint32_t i = 0; i < pool.slot_count; i++) {
        pool.slots[i].failures = baton_text_with_limit(SIZE_MAX / 2);
        status = status == BATON_OK ? parts_init(&pool, &pool.slots[i], err) : status;
        pool.slots[i].order = baton_text_with_limit(SIZE_MAX / 2);
    }
    for (uint32_t i = 0; status == BATON_OK && i < options->thread_count; i++) {
        status = worker_init(&workers[i], &pool, err);
    }
    if (status == BATON_OK) {
        baton_cases_watch(options->cases, options->interrupted);
        run_workers(workers, options->thread_count);
        status = pool.status;
        if (status != BATON_OK) {
            *err = pool.error;
        }
    }
    for (uint32_t i = 0; workers != NULL && i < options->thread_count; i++) {
        gather(out, tally, &workers[i]);
        worker_clear(&workers[i]);
    }
    baton_system_give(workers);
    pool_clear(&pool);
    out->conversations = baton_cases_digest(options->cases);
    if (status == BATON_OK && (baton_tally_failed(tally) || (options->order != NULL && options->order->failed))) {
        status = baton_error_set(err, BATON_ENOMEM, "out of memory for counts");
    }
    return status;
}
