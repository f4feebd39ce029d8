/* Trials are kept as distinct outcomes with a count, under a key whose first half is the label and whose second half is the
 * outcome: a deterministic replay of 50 repeats is one entry, and sorting by key puts the outcomes of a label side by side.
 * fold() then makes of them what the label adds to each rate. It is the only place where trials become values.
 *
 * Where trials of one label differ in what was expected (a `@direct` label, alternatives), the label counts in each row by the
 * share of its trials there, so that recall is that of the confusion matrix.
 */
#include "evals/tally/labels.h"

#include "engine/base/arena.h"
#include "engine/base/hash.h"

#include <string.h>

/* An outcome of a label, and how many trials came out so. */
struct outcome {
    uint64_t cluster, weight, slice_set, model, order, count, case_name;
    uint32_t kind, expected, observed, exchange;
    uint8_t holds, expects_direct, misroute, position, is_answered, unused[3];
};

struct slice_set {
    uint64_t *ids;
    uint64_t count;
};

struct baton_labels baton_labels_of(void)
{
    return (struct baton_labels){ .rates = baton_rates_of(),
                                  .cells = baton_table_of(sizeof(struct baton_label_cell)),
                                  .waiting = baton_table_of(sizeof(struct outcome)),
                                  .current = baton_table_of(sizeof(struct outcome)),
                                  .slice_sets = baton_table_of(sizeof(struct slice_set)),
                                  .cases = baton_names_of() };
}

void baton_labels_clear(struct baton_labels *labels)
{
    struct baton_key ignored;
    for (size_t i = 0; i < labels->slice_sets.used; i++) {
        struct slice_set *set = baton_table_entry(&labels->slice_sets, i, &ignored);
        baton_system_give(set->ids);
    }
    baton_rates_clear(&labels->rates);
    baton_table_clear(&labels->cells);
    baton_table_clear(&labels->waiting);
    baton_table_clear(&labels->current);
    baton_table_clear(&labels->slice_sets);
    baton_names_clear(&labels->cases);
    baton_suspects_clear(&labels->suspects);
    *labels = baton_labels_of();
}

bool baton_labels_failed(const struct baton_labels *labels)
{
    return baton_rates_failed(&labels->rates) || labels->cells.failed || labels->waiting.failed ||
           labels->current.failed || labels->slice_sets.failed || labels->cases.table.failed || labels->suspects.failed;
}

/* ---- trials ---- */

static uint64_t keep_slices(struct baton_labels *labels, const uint64_t *ids, uint64_t count)
{
    uint64_t id = baton_hash64(ids, count * sizeof *ids, 0);
    struct slice_set *set = count == 0 ? NULL : baton_table_at(&labels->slice_sets, (struct baton_key){ 0, id });
    if (set != NULL && set->ids == NULL) {
        set->ids = baton_system_take(count * sizeof *ids);
        if (set->ids == NULL) {
            labels->slice_sets.failed = true;
            return 0;
        }
        memcpy(set->ids, ids, count * sizeof *ids);
        set->count = count;
    }
    return id;
}

void baton_labels_begin(struct baton_labels *labels, const struct baton_label_case *under_way)
{
    labels->under_way = *under_way;
    if (under_way->name != 0) {
        baton_names_keep(&labels->cases, under_way->id);
        labels->slice_set = keep_slices(labels, under_way->slices, under_way->slice_count);
    }
}

/* Of trials that came out the same, the first in the input stands for all. */
static void add_outcome(struct baton_table *table, struct baton_key key, const struct outcome *outcome)
{
    struct outcome *mine = baton_table_at(table, key);
    if (mine == NULL) {
        return;
    }
    uint64_t count = mine->count + outcome->count;
    if (mine->count == 0 || outcome->order < mine->order) {
        *mine = *outcome;
    }
    mine->count = count;
}

void baton_labels_add(struct baton_labels *labels, const struct baton_label_trial *trial)
{
    const struct baton_label_case *of = &labels->under_way;
    const uint64_t label[] = { of->name, (uint64_t)trial->kind << 32 | trial->exchange, trial->fact,
                               trial->expectation };
    const uint64_t came_out[] = { (uint64_t)trial->expected << 32 | trial->observed,
                                  (uint64_t)trial->holds | (uint64_t)trial->expects_direct << 8 |
                                      (uint64_t)trial->misroute << 16 | (uint64_t)trial->position << 24,
                                  trial->model, of->cluster, of->weight };
    struct outcome outcome = { .cluster = of->cluster,
                               .weight = of->weight,
                               .slice_set = labels->slice_set,
                               .model = trial->model,
                               .order = trial->order,
                               .count = 1,
                               .case_name = of->name,
                               .kind = trial->kind,
                               .exchange = trial->exchange,
                               .expected = trial->expected,
                               .observed = trial->observed,
                               .holds = trial->holds,
                               .expects_direct = trial->expects_direct,
                               .misroute = (uint8_t)trial->misroute,
                               .is_answered = trial->is_answered,
                               .position = (uint8_t)trial->position };
    add_outcome(of->name == 0 ? &labels->current : &labels->waiting,
                (struct baton_key){ baton_hash64(label, sizeof label, 0), baton_hash64(came_out, sizeof came_out, 0) },
                &outcome);
}

/* ---- labels ---- */

/* A label with all its outcomes. */
struct label {
    const struct baton_table *table;
    size_t at, count; /* its entries in the table */
    uint64_t trials;
    const struct outcome *first; /* in input order */
    struct baton_rates *rates;
};

static const struct outcome *outcome_at(const struct label *label, size_t i)
{
    struct baton_key ignored;
    return baton_table_entry(label->table, label->at + i, &ignored);
}

/* What an outcome is counted by. */
typedef bool picks(const struct outcome *outcome, uint32_t argument);

static bool holds(const struct outcome *outcome, uint32_t argument)
{
    (void)argument;
    return outcome->holds;
}

static bool is_direct(const struct outcome *outcome, uint32_t argument)
{
    return outcome->expects_direct == argument;
}

static bool is_expected(const struct outcome *outcome, uint32_t argument)
{
    return outcome->expected == argument;
}

static bool is_found(const struct outcome *outcome, uint32_t argument)
{
    return outcome->expected == argument && outcome->observed == argument;
}

static bool is_misroute(const struct outcome *outcome, uint32_t argument)
{
    return outcome->misroute == argument;
}

static uint64_t trials_of(const struct label *label, picks *is_picked, uint32_t argument)
{
    uint64_t trials = 0;
    for (size_t i = 0; i < label->count; i++) {
        const struct outcome *outcome = outcome_at(label, i);
        trials += is_picked(outcome, argument) ? outcome->count : 0;
    }
    return trials;
}

/* A share in parts of `one`, rounded to the nearest. */
static baton_u128 share(baton_u128 one, uint64_t part, uint64_t whole)
{
    return part == whole ? one : (one * part * 2 + whole) / ((baton_u128)whole * 2);
}

/* Adds the label to a rate: `of` its trials count there, and `passed` of them pass. */
static void add(const struct label *label, struct baton_rate_key key, uint64_t passed, uint64_t of)
{
    if (of == 0) {
        return;
    }
    struct baton_rate_item item = {
        .cluster = label->first->cluster,
        .weight = share((baton_u128)label->first->weight * BATON_RATE_ONE, of, label->trials),
        .value = (uint64_t)share(BATON_RATE_ONE, passed, of),
    };
    baton_rates_add(label->rates, key, &item);
}

static void add_recalls(const struct label *label)
{
    for (size_t i = 0; i < label->count; i++) {
        uint32_t row = outcome_at(label, i)->expected;
        bool is_new = true;
        for (size_t k = 0; k < i && is_new; k++) {
            is_new = outcome_at(label, k)->expected != row;
        }
        if (is_new) {
            add(label, (struct baton_rate_key){ BATON_RATE_RECALL, row }, trials_of(label, is_found, row),
                trials_of(label, is_expected, row));
        }
    }
}

static void add_misroutes(const struct label *label)
{
    uint64_t direct = trials_of(label, is_direct, true), others = label->trials - direct;
    add(label, (struct baton_rate_key){ BATON_RATE_OVER_ROUTING, 0 }, trials_of(label, is_misroute, BATON_ROUTED_OVER),
        direct);
    add(label, (struct baton_rate_key){ BATON_RATE_UNDER_ROUTING, 0 },
        trials_of(label, is_misroute, BATON_ROUTED_UNDER), others);
    add(label, (struct baton_rate_key){ BATON_RATE_MISROUTING, 0 }, trials_of(label, is_misroute, BATON_ROUTED_WRONG),
        others);
}

static void add_cells(const struct label *label, struct baton_table *cells)
{
    for (size_t i = 0; i < label->count; i++) {
        const struct outcome *outcome = outcome_at(label, i);
        struct baton_label_cell *cell =
            baton_table_at(cells, (struct baton_key){ outcome->expected, outcome->observed });
        if (cell != NULL) {
            cell->weighted += share((baton_u128)label->first->weight * BATON_RATE_ONE, outcome->count, label->trials);
            cell->plain += share(BATON_RATE_ONE, outcome->count, label->trials);
        }
    }
}

static void add_slices(const struct label *label, uint64_t passed, const uint64_t *slices, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        add(label, (struct baton_rate_key){ BATON_RATE_SLICE, slices[i] }, passed, label->trials);
    }
}

static struct label label_at(struct baton_labels *labels, const struct baton_table *table, size_t at, size_t end)
{
    struct label label = { .table = table, .at = at, .count = end - at, .rates = &labels->rates };
    label.first = outcome_at(&label, 0);
    for (size_t i = 0; i < label.count; i++) {
        const struct outcome *outcome = outcome_at(&label, i);
        label.trials += outcome->count;
        label.first = outcome->order < label.first->order ? outcome : label.first;
    }
    return label;
}

/* Notes a label that several trials missed, all by the same other agent. */
static void suspect(struct baton_labels *labels, const struct label *label)
{
    const struct outcome *first = label->first;
    bool is_suspect = label->trials > 1;
    for (size_t i = 0; i < label->count && is_suspect; i++) {
        const struct outcome *outcome = outcome_at(label, i);
        is_suspect = !outcome->holds && outcome->observed == first->observed && outcome->expected == first->expected &&
                     outcome->is_answered;
    }
    if (is_suspect) {
        struct baton_suspect one = { .order = first->order,
                                     .id = first->case_name == 0 ? labels->under_way.id
                                                                 : baton_names_find(&labels->cases, first->case_name),
                                     .trials = label->trials,
                                     .exchange = first->exchange,
                                     .expected = first->expected,
                                     .observed = first->observed };
        baton_suspects_add(&labels->suspects, &one);
    }
}

/* Counts the label in every rate that it belongs to. */
static void fold(struct baton_labels *labels, const struct label *label, const uint64_t *slices, uint64_t slice_count)
{
    uint64_t passed = trials_of(label, holds, 0);
    const struct outcome *first = label->first;
    add(label, (struct baton_rate_key){ (enum baton_rate_kind)first->kind, 0 }, passed, label->trials);
    if (first->kind != BATON_RATE_ACCURACY) {
        return;
    }
    suspect(labels, label);
    add_cells(label, &labels->cells);
    add_recalls(label);
    add_misroutes(label);
    if (first->position != BATON_POSITION_NONE) {
        add(label, (struct baton_rate_key){ BATON_RATE_POSITION, first->position }, passed, label->trials);
    }
    add_slices(label, passed, &first->model, first->model != 0);
    add_slices(label, passed, slices, slice_count);
}

/* The end of the label that begins at an entry of a sorted table. */
static size_t label_end(const struct baton_table *table, size_t at)
{
    struct baton_key first, key;
    baton_table_entry(table, at, &first);
    for (size_t end = at + 1; end < table->used; end++) {
        baton_table_entry(table, end, &key);
        if (key.high != first.high) {
            return end;
        }
    }
    return table->used;
}

void baton_labels_end(struct baton_labels *labels)
{
    struct baton_table *table = &labels->current;
    baton_table_sort(table);
    for (size_t at = 0, end; at < table->used; at = end) {
        end = label_end(table, at);
        struct label label = label_at(labels, table, at, end);
        fold(labels, &label, labels->under_way.slices, labels->under_way.slice_count);
    }
    baton_table_reset(table);
    baton_rates_close(&labels->rates);
}

void baton_labels_finish(struct baton_labels *labels)
{
    struct baton_table *table = &labels->waiting;
    baton_table_sort(table);
    for (size_t at = 0, end; at < table->used; at = end) {
        end = label_end(table, at);
        struct label label = label_at(labels, table, at, end);
        const struct slice_set *set =
            baton_table_find(&labels->slice_sets, (struct baton_key){ 0, label.first->slice_set });
        fold(labels, &label, set == NULL ? NULL : set->ids, set == NULL ? 0 : set->count);
    }
    baton_table_reset(table);
    baton_rates_finish(&labels->rates);
}

/* ---- adding up ---- */

static void merge_cells(struct baton_table *into, const struct baton_table *from)
{
    for (size_t i = 0; i < from->used; i++) {
        struct baton_key key;
        const struct baton_label_cell *cell = baton_table_entry(from, i, &key);
        struct baton_label_cell *mine = baton_table_at(into, key);
        if (mine != NULL) {
            mine->weighted += cell->weighted;
            mine->plain += cell->plain;
        }
    }
}

void baton_labels_merge(struct baton_labels *into, const struct baton_labels *from)
{
    struct baton_key key;
    baton_rates_merge(&into->rates, &from->rates);
    merge_cells(&into->cells, &from->cells);
    for (size_t i = 0; i < from->waiting.used; i++) {
        const struct outcome *outcome = baton_table_entry(&from->waiting, i, &key);
        add_outcome(&into->waiting, key, outcome);
    }
    for (size_t i = 0; i < from->slice_sets.used; i++) {
        const struct slice_set *set = baton_table_entry(&from->slice_sets, i, &key);
        keep_slices(into, set->ids, set->count);
    }
    baton_names_merge(&into->cases, &from->cases);
    baton_suspects_merge(&into->suspects, &from->suspects);
    into->cells.failed = into->cells.failed || baton_labels_failed(from);
}
