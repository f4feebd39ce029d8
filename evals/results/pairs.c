/* pairs.c - pairs conversations by their ids in one pass over each result.
 *
 * A million conversations must fit into memory, so a pair is a small record of fixed size and ids are kept as hashes; the
 * repeats of a conversation stand together in the rows, so a group is folded into its record as soon as the next one begins.
 */
#include "evals/results/pairs.h"

#include "engine/base/grow.h"
#include "engine/base/hash.h"
#include "reports/result.h"

#include <string.h>

enum { SLOTS_FIRST = 4096, ROW_BYTES_MAX = 256 * 1024 * 1024 };

/* One conversation under way. */
struct group {
    struct baton_str id; /* of its first row, in the arena of the rows */
    struct baton_pair_side side;
    uint64_t expected;
    uint32_t agents_judged[BATON_PAIR_AGENTS_MAX], agents_passed[BATON_PAIR_AGENTS_MAX]; /* repeats */
    bool is_labelled;
};

struct baton_pairs baton_pairs_new(struct baton_arena *arena)
{
    return (struct baton_pairs){ .arena = arena };
}

void baton_pairs_clear(struct baton_pairs *pairs)
{
    baton_grow_free(pairs->list);
    baton_grow_free(pairs->order);
    baton_system_give(pairs->slots);
    *pairs = (struct baton_pairs){ 0 };
}

double baton_pair_share(const struct baton_pair_side *side)
{
    return (double)side->passed / (double)side->judged;
}

bool baton_pair_passes(const struct baton_pair_side *side)
{
    return (uint64_t)side->passed * 2 > side->judged;
}

/* ---- the table ---- */

/* The slot where the hash is, as an index + 1, or a free one. */
static uint32_t *slot_of(const struct baton_pairs *pairs, uint64_t id_hash)
{
    size_t at = (size_t)(id_hash >> 7) & (pairs->slot_count - 1);
    while (pairs->slots[at] != 0 && pairs->list[pairs->slots[at] - 1].id_hash != id_hash) {
        at = (at + 1) & (pairs->slot_count - 1);
    }
    return &pairs->slots[at];
}

static bool slots_grow(struct baton_pairs *pairs)
{
    size_t slot_count = pairs->slot_count == 0 ? SLOTS_FIRST : pairs->slot_count * 2;
    uint32_t *slots = baton_system_take(slot_count * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    baton_system_give(pairs->slots);
    pairs->slots = slots;
    pairs->slot_count = slot_count;
    for (size_t i = 0; i < pairs->count; i++) {
        *slot_of(pairs, pairs->list[i].id_hash) = (uint32_t)i + 1;
    }
    return true;
}

/* The pair of that hash, made where there is none; NULL when out of memory. */
static struct baton_pair *pair_take(struct baton_pairs *pairs, uint64_t id_hash)
{
    if (pairs->count * 4 >= pairs->slot_count * 3 && !slots_grow(pairs)) {
        return NULL;
    }
    struct baton_pair *list =
        baton_grow_heap(pairs->list, (uint32_t)pairs->count, &pairs->list_capacity, sizeof *pairs->list);
    if (list == NULL) {
        return NULL;
    }
    pairs->list = list;
    uint32_t *slot = slot_of(pairs, id_hash);
    if (*slot == 0) {
        pairs->list[pairs->count] = (struct baton_pair){ .id_hash = id_hash };
        *slot = (uint32_t)++pairs->count;
    }
    return &pairs->list[*slot - 1];
}

static bool order_add(struct baton_pairs *pairs, uint32_t index)
{
    uint32_t *order =
        baton_grow_heap(pairs->order, (uint32_t)pairs->order_count, &pairs->order_capacity, sizeof *pairs->order);
    if (order == NULL) {
        return false;
    }
    pairs->order = order;
    pairs->order[pairs->order_count++] = index;
    return true;
}

/* ---- groups ---- */

/* The number of an agent, or BATON_PAIR_AGENTS_MAX where there are too many. */
static uint32_t agent_of(struct baton_pairs *pairs, struct baton_str name)
{
    uint32_t i = 0;
    while (i < pairs->agent_count && !baton_str_equal(pairs->agents[i], name)) {
        i++;
    }
    if (i == pairs->agent_count && i < BATON_PAIR_AGENTS_MAX) {
        const char *copy = baton_arena_copy(pairs->arena, name.data, name.length);
        if (copy == NULL) {
            return BATON_PAIR_AGENTS_MAX;
        }
        pairs->agents[pairs->agent_count++] = (struct baton_str){ copy, name.length };
    }
    return i;
}

struct label_bits {
    uint64_t judged, failed;
};

static void note_label(struct baton_pairs *pairs, struct label_bits *bits, const struct baton_result_label *label)
{
    uint32_t agent =
        label->is_judged && label->expected_count > 0 ? agent_of(pairs, label->expected[0]) : BATON_PAIR_AGENTS_MAX;
    if (agent < BATON_PAIR_AGENTS_MAX) {
        bits->judged |= UINT64_C(1) << agent;
        bits->failed |= label->is_correct ? 0 : UINT64_C(1) << agent;
    }
}

static void group_add(struct baton_pairs *pairs, struct group *group, const struct baton_result *result)
{
    struct label_bits bits = { 0 };
    enum baton_test_outcome outcome = baton_result_outcome(result);
    group->is_labelled = group->is_labelled || outcome != BATON_TEST_SKIPPED;
    group->side.judged += outcome == BATON_TEST_PASSED || outcome == BATON_TEST_FAILED;
    group->side.passed += outcome == BATON_TEST_PASSED;
    for (uint32_t i = 0; i < result->exchange_count; i++) {
        note_label(pairs, &bits, &result->exchanges[i].label);
    }
    note_label(pairs, &bits, &result->whole);
    group->expected |= bits.judged;
    for (uint32_t i = 0; i < pairs->agent_count; i++) {
        group->agents_judged[i] += (bits.judged >> i & 1) != 0;
        group->agents_passed[i] += ((bits.judged & ~bits.failed) >> i & 1) != 0;
    }
}

static enum baton_status group_end(struct baton_pairs *pairs, int side, struct group *group,
                                   const struct baton_rows *rows, struct baton_error *err)
{
    size_t before = pairs->count;
    struct baton_pair *pair = pair_take(pairs, baton_hash64(group->id.data, group->id.length, 3));
    if (pair == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory for comparing");
    }
    bool is_new = pairs->count > before;
    if (side == BATON_PAIRS_CANDIDATE && is_new) {
        return baton_error_set(err, BATON_EBASELINE,
                               "the conversation '%.*s' is in '%s' but not in the baseline; make the baseline again",
                               (int)group->id.length, group->id.data, rows->name);
    }
    if ((side == BATON_PAIRS_BASELINE && !is_new) || (side == BATON_PAIRS_CANDIDATE && pair->is_in_candidate)) {
        return baton_error_set(err, BATON_EINPUT, "the conversation '%.*s' is twice in '%s'", (int)group->id.length,
                               group->id.data, rows->name);
    }
    for (uint32_t i = 0; i < pairs->agent_count; i++) {
        bool holds = group->agents_passed[i] * 2 > group->agents_judged[i];
        group->side.agents_passed |= holds ? UINT64_C(1) << i : 0;
    }
    pair->agents_expected |= group->expected;
    pair->is_labelled = pair->is_labelled || group->is_labelled;
    pair->sides[side] = group->side;
    if (side == BATON_PAIRS_CANDIDATE) {
        pair->is_in_candidate = true;
        if (!order_add(pairs, (uint32_t)(pair - pairs->list))) {
            return baton_error_set(err, BATON_ENOMEM, "out of memory for comparing");
        }
    }
    return BATON_OK;
}

enum baton_status baton_pairs_read(struct baton_pairs *pairs, int side, struct baton_rows *rows,
                                   struct baton_error *err)
{
    struct baton_arena *arena = baton_arena_new(ROW_BYTES_MAX), *id_arena = baton_arena_new(BATON_LINE_BYTES_MAX * 2);
    struct group group = { 0 };
    bool has_group = false;
    enum baton_status status = arena == NULL || id_arena == NULL
                                   ? baton_error_set(err, BATON_ENOMEM, "out of memory for comparing")
                                   : BATON_OK;
    while (status == BATON_OK) {
        struct baton_result result;
        status = baton_rows_next(rows, err);
        bool is_at_end = status == BATON_OK && rows->line.length == 0;
        if (status == BATON_OK && has_group && (is_at_end || baton_rows_is_first(rows))) {
            status = group_end(pairs, side, &group, rows, err);
            has_group = false;
        }
        if (status != BATON_OK || is_at_end) {
            break;
        }
        baton_arena_reset(arena);
        status = baton_rows_read(rows, &result, arena, err);
        if (status == BATON_OK && !has_group) {
            baton_arena_reset(id_arena);
            const char *id = baton_arena_copy(id_arena, result.id.data, result.id.length);
            group = (struct group){ .id = { id, result.id.length }, .side = { .offset = rows->offset } };
            has_group = true;
            status = id == NULL ? baton_error_set(err, BATON_ENOMEM, "out of memory for comparing") : BATON_OK;
        }
        if (status == BATON_OK) {
            group_add(pairs, &group, &result);
        }
    }
    baton_arena_free(id_arena);
    baton_arena_free(arena);
    return status;
}
