/* tally_file.c - counts.json, written and read.
 *
 * The rows of the file are those of the tally (BATON_TALLY_COUNTS and BATON_TALLY_COUNTERS in tally.h): a new counter is in
 * the file as soon as it is in the table. Keys of counters are often near to each other, so each is written as its distance
 * to the one before, which keeps a file of millions of latencies small. What is read is checked as anything from outside: a
 * key that names an agent that is not there would be an index out of bounds later.
 */
#include "evals/results/tally_file.h"

#include "engine/base/document.h"
#include "engine/base/fields.h"
#include "engine/base/json_writer.h"
#include "engine/base/number.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The plain counts and the counters, by the names of their fields. */
#define COUNT_ROW(name) { #name, offsetof(struct baton_tally, counts.name), BATON_KEY_NUMBER },
#define COUNTER_ROW(name, key) { #name, offsetof(struct baton_tally, name), BATON_KEY_##key },
static const struct tally_row {
    const char *name;
    size_t offset;
    enum baton_tally_key key;
} count_rows[] = { BATON_TALLY_COUNTS(COUNT_ROW) }, counter_rows[] = { BATON_TALLY_COUNTERS(COUNTER_ROW) };

static const struct {
    const char *name;
    size_t offset;
} suite_rows[] = {
    { "name", offsetof(struct baton_summary, suite.name) },
    { "fingerprint", offsetof(struct baton_summary, suite.fingerprint) },
    { "agents_digest", offsetof(struct baton_summary, suite.agents_digest) },
    { "conversations_digest", offsetof(struct baton_summary, suite.conversations_digest) },
    { "provider", offsetof(struct baton_summary, suite.provider) },
    { "profile", offsetof(struct baton_summary, suite.profile) },
    { "shard", offsetof(struct baton_summary, suite.shard) },
};

enum {
    COUNT_ROWS = sizeof count_rows / sizeof *count_rows,
    COUNTER_ROWS = sizeof counter_rows / sizeof *counter_rows,
    SUITE_ROWS = sizeof suite_rows / sizeof *suite_rows,
    BREAK_DEPTH = 2
};

/* ---- writing ---- */

static int by_key(const void *a, const void *b)
{
    uint64_t left = ((const struct baton_count *)a)->key, right = ((const struct baton_count *)b)->key;
    return (left > right) - (left < right);
}

/* Keys in ascending order, each as its distance to the one before, with its count where that is not 1. */
static void put_counter(struct baton_json_writer *writer, const struct baton_counter *counter)
{
    struct baton_text text = baton_text_with_limit(SIZE_MAX / 2);
    struct baton_count *sorted = baton_system_take((counter->used + 1) * sizeof *sorted);
    size_t count = 0;
    uint64_t last = 0;
    for (size_t i = 0; i < counter->slot_count && sorted != NULL; i++) {
        if (counter->slots[i].count != 0) {
            sorted[count++] = counter->slots[i];
        }
    }
    if (count > 1) {
        qsort(sorted, count, sizeof *sorted, by_key);
    }
    for (size_t i = 0; i < count; i++) {
        baton_text_puts(&text, i == 0 ? "" : " ");
        baton_text_u64(&text, sorted[i].key - last);
        if (sorted[i].count != 1) {
            baton_text_putc(&text, ':');
            baton_text_u64(&text, sorted[i].count);
        }
        last = sorted[i].key;
    }
    baton_jw_str(writer, text.length == 0 ? BATON_STR("") : baton_text_str(&text));
    writer->out->failed = writer->out->failed || text.failed || sorted == NULL;
    baton_text_clear(&text);
    baton_system_give(sorted);
}

static void put_agents(struct baton_json_writer *writer, const struct baton_agents *agents)
{
    baton_jw_key(writer, "graph");
    baton_jw_open(writer, '[');
    for (uint32_t i = 0; i < agents->count; i++) {
        const struct baton_agent *agent = &agents->list[i];
        baton_jw_open(writer, '{');
        baton_jw_key(writer, "agent");
        baton_jw_str(writer, agent->name);
        baton_jw_key(writer, "handoffs");
        baton_jw_open(writer, '[');
        for (uint32_t h = 0; h < agent->handoff_count; h++) {
            if (agent->handoffs[h].is_enabled) {
                baton_jw_u64(writer, agent->handoffs[h].target);
            }
        }
        baton_jw_close(writer, ']');
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

static void put_suite(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    baton_jw_key(writer, "suite");
    baton_jw_open(writer, '{');
    for (size_t i = 0; i < SUITE_ROWS; i++) {
        struct baton_str text;
        memcpy(&text, (const char *)summary + suite_rows[i].offset, sizeof text);
        baton_jw_key(writer, suite_rows[i].name);
        if (text.data == NULL) {
            baton_jw_null(writer);
        } else {
            baton_jw_str(writer, text);
        }
    }
    baton_jw_put_u64(writer, "seed", summary->suite.seed);
    baton_jw_put_u64(writer, "repeat", summary->suite.repeat);
    baton_jw_close(writer, '}');
}

static void put_text(struct baton_json_writer *writer, const char *key, struct baton_str text)
{
    baton_jw_key(writer, key);
    if (text.data == NULL) {
        baton_jw_null(writer);
    } else {
        baton_jw_str(writer, text);
    }
}

static void put_flaky(struct baton_json_writer *writer, const struct baton_flaky_list *flaky)
{
    baton_jw_key(writer, "flaky");
    baton_jw_open(writer, '[');
    for (uint32_t i = 0; i < flaky->count; i++) {
        baton_jw_open(writer, '{');
        baton_jw_key(writer, "id");
        baton_jw_str(writer, flaky->list[i].id);
        baton_jw_put_u64(writer, "n", flaky->list[i].n);
        baton_jw_put_u64(writer, "passed", flaky->list[i].passed);
        baton_jw_put_u64(writer, "flips", flaky->list[i].flips);
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

static void put_tally(struct baton_json_writer *writer, const struct baton_tally *tally)
{
    baton_jw_key(writer, "counts");
    baton_jw_open(writer, '{');
    for (size_t i = 0; i < COUNT_ROWS; i++) {
        uint64_t value;
        memcpy(&value, (const char *)tally + count_rows[i].offset, sizeof value);
        baton_jw_put_u64(writer, count_rows[i].name, value);
    }
    baton_jw_close(writer, '}');
    baton_jw_key(writer, "counters");
    baton_jw_open(writer, '{');
    for (size_t i = 0; i < COUNTER_ROWS; i++) {
        baton_jw_key(writer, counter_rows[i].name);
        put_counter(writer, (const struct baton_counter *)(const void *)((const char *)tally + counter_rows[i].offset));
    }
    baton_jw_close(writer, '}');
}

static void put_weights(struct baton_json_writer *writer, const struct baton_json *weights)
{
    struct baton_text text = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    baton_jw_key(writer, "weights");
    if (weights == NULL) {
        baton_jw_null(writer);
        return;
    }
    baton_json_write(&text, weights);
    baton_jw_raw(writer, text.failed ? BATON_STR("null") : baton_text_str(&text));
    writer->out->failed = writer->out->failed || text.failed;
    baton_text_clear(&text);
}

void baton_tally_file_write(struct baton_text *out, const struct baton_tally_file *file, bool is_whole)
{
    struct baton_json_writer writer = baton_json_writer_to(out, BREAK_DEPTH);
    struct baton_summary suite = file->suite;
    suite.suite.shard = is_whole ? (struct baton_str){ NULL, 0 } : suite.suite.shard;
    baton_jw_open(&writer, '{');
    baton_jw_put_u64(&writer, "baton_counts", 1);
    put_suite(&writer, &suite);
    put_text(&writer, "play", file->play);
    baton_jw_key(&writer, "strict");
    baton_jw_bool(&writer, file->is_strict);
    baton_jw_key(&writer, "gates");
    baton_jw_open(&writer, '[');
    for (size_t i = 0; i < file->gate_count; i++) {
        baton_jw_str(&writer, file->gates[i]);
    }
    baton_jw_close(&writer, ']');
    put_weights(&writer, file->weights);
    put_agents(&writer, file->agents);
    put_tally(&writer, &file->tally);
    put_flaky(&writer, &file->tally.flaky);
    put_text(&writer, "order", is_whole ? (struct baton_str){ NULL, 0 } : file->order);
    baton_jw_close(&writer, '}');
    baton_text_putc(out, '\n');
}

void baton_tally_write(struct baton_text *out, const struct baton_tally *tally, const struct baton_tally_about *about)
{
    struct baton_str *gates = baton_system_take((about->summary->gate_count + 1) * sizeof *gates);
    if (gates == NULL) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < about->summary->gate_count; i++) {
        gates[i] = about->summary->gates[i].gate;
    }
    struct baton_tally_file file = { .tally = *tally,
                                     .agents = (struct baton_agents *)(uintptr_t)about->agents,
                                     .suite = *about->summary,
                                     .gates = gates,
                                     .gate_count = about->summary->gate_count,
                                     .play = about->play,
                                     .is_strict = about->is_strict,
                                     .weights = about->weights,
                                     .order = about->order };
    baton_tally_file_write(out, &file, about->summary->suite.shard.data == NULL);
    baton_system_give(gates);
}

/* ---- reading ---- */

struct file_form {
    int32_t version;
    const struct baton_json *suite, *gates, *graph, *counts, *counters, *flaky, *weights;
    struct baton_str play, order;
    bool is_strict;
};

struct agent_form {
    struct baton_str agent;
    const struct baton_json *handoffs;
};

#define ROW(form, field, ...) .offset = offsetof(struct form, field), __VA_ARGS__

static const struct baton_field file_rows[] = {
    { "baton_counts", NULL, BATON_FIELD_INT32, ROW(file_form, version, .is_required = true, .low = 1, .high = 1) },
    { "suite", NULL, BATON_FIELD_OBJECT, ROW(file_form, suite, .is_required = true) },
    { "play", NULL, BATON_FIELD_TEXT, ROW(file_form, play, .is_required = true) },
    { "strict", NULL, BATON_FIELD_BOOLEAN, ROW(file_form, is_strict, .is_required = true) },
    { "gates", NULL, BATON_FIELD_ARRAY, ROW(file_form, gates, .is_required = true) },
    { "weights", NULL, BATON_FIELD_OBJECT, ROW(file_form, weights, 0) },
    { "graph", NULL, BATON_FIELD_ARRAY, ROW(file_form, graph, .is_required = true) },
    { "counts", NULL, BATON_FIELD_OBJECT, ROW(file_form, counts, .is_required = true) },
    { "counters", NULL, BATON_FIELD_OBJECT, ROW(file_form, counters, .is_required = true) },
    { "flaky", NULL, BATON_FIELD_ARRAY, ROW(file_form, flaky, .is_required = true) },
    { "order", NULL, BATON_FIELD_TEXT, ROW(file_form, order, 0) },
};

static const struct baton_field agent_rows[] = {
    { "agent", NULL, BATON_FIELD_TEXT, ROW(agent_form, agent, .is_required = true) },
    { "handoffs", NULL, BATON_FIELD_ARRAY, ROW(agent_form, handoffs, .is_required = true) },
};

struct flaky_form {
    struct baton_str id;
    int32_t n, passed, flips;
};

static const struct baton_field flaky_rows[] = {
    { "id", NULL, BATON_FIELD_TEXT, ROW(flaky_form, id, .is_required = true) },
    { "n", NULL, BATON_FIELD_INT32, ROW(flaky_form, n, .is_required = true, .low = 2, .high = INT32_MAX) },
    { "passed", NULL, BATON_FIELD_INT32, ROW(flaky_form, passed, .is_required = true, .low = 1, .high = INT32_MAX) },
    { "flips", NULL, BATON_FIELD_INT32, ROW(flaky_form, flips, .is_required = true, .low = 1, .high = INT32_MAX) },
};

struct reading {
    struct baton_tally_file *out;
    struct baton_arena *arena;
    const struct baton_source *source;
    struct baton_error *err;
};

static enum baton_status no_memory(const struct reading *reading)
{
    return baton_error_set(reading->err, BATON_ENOMEM, "out of memory for '%s'", reading->source->name);
}

static enum baton_status damaged(const struct reading *reading, const struct baton_json *node, const char *what)
{
    return baton_source_error(reading->source, node->offset, reading->err, "%s in a counts file of 'baton eval --out'",
                              what);
}

static enum baton_status read_form(const struct reading *reading, const struct baton_field *rows, size_t count,
                                   const char *what, const struct baton_json *node, void *out)
{
    struct baton_fields fields = { .source = reading->source, .rows = rows, .row_count = count, .what = what };
    return baton_fields_read(&fields, node, out, reading->err);
}

/* A count that JSON holds; up to 2^64 - 1 by its digits. */
static bool read_u64(const struct baton_json *node, uint64_t *out)
{
    return node != NULL && node->type == BATON_JSON_NUMBER && baton_number_u64(node->text, out);
}

static enum baton_status read_suite(const struct reading *reading, const struct baton_json *node)
{
    struct baton_summary *suite = &reading->out->suite;
    for (size_t i = 0; i < SUITE_ROWS; i++) {
        const struct baton_json *text = baton_json_get(node, suite_rows[i].name);
        bool is_shard = i == SUITE_ROWS - 1;
        if (text == NULL || (text->type != BATON_JSON_STRING && !(is_shard && text->type == BATON_JSON_NULL))) {
            return damaged(reading, node, "an incomplete suite");
        }
        struct baton_str value = text->type == BATON_JSON_NULL ? (struct baton_str){ NULL, 0 } : text->text;
        memcpy((char *)suite + suite_rows[i].offset, &value, sizeof value);
    }
    if (!read_u64(baton_json_get(node, "seed"), &suite->suite.seed) ||
        !read_u64(baton_json_get(node, "repeat"), &suite->suite.repeat)) {
        return damaged(reading, node, "an incomplete suite");
    }
    reading->out->shard_count = 1;
    if (suite->suite.shard.data != NULL) {
        struct baton_str shard = suite->suite.shard;
        uint64_t index = 0, count = 0;
        if (!baton_number_take_u64(&shard, &index) || !baton_str_starts(shard, "/") ||
            !baton_number_u64(baton_str_after(shard, 1), &count) || index < 1 || index > count || count > UINT32_MAX) {
            return damaged(reading, node, "a shard that is not I/N");
        }
        reading->out->shard_index = (uint32_t)index - 1;
        reading->out->shard_count = (uint32_t)count;
    }
    return BATON_OK;
}

static enum baton_status read_gates(const struct reading *reading, const struct baton_json *list)
{
    struct baton_str *gates = baton_arena_array(reading->arena, list->count + 1, sizeof *gates);
    if (gates == NULL) {
        return no_memory(reading);
    }
    for (const struct baton_json *node = list->child; node != NULL; node = node->next) {
        if (node->type != BATON_JSON_STRING) {
            return damaged(reading, node, "a gate that is not a text");
        }
        gates[reading->out->gate_count++] = node->text;
    }
    reading->out->gates = gates;
    return BATON_OK;
}

static enum baton_status read_agent(const struct reading *reading, const struct baton_json *node, uint32_t count,
                                    struct baton_agent *agent)
{
    struct agent_form form = { 0 };
    enum baton_status status = read_form(reading, agent_rows, BATON_FIELD_COUNT(agent_rows), "an agent", node, &form);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_handoff *handoffs = baton_arena_zero(reading->arena, (form.handoffs->count + 1) * sizeof *handoffs);
    if (handoffs == NULL) {
        return no_memory(reading);
    }
    agent->name = form.agent;
    agent->handoffs = handoffs;
    for (const struct baton_json *target = form.handoffs->child; target != NULL; target = target->next) {
        uint64_t index;
        if (!read_u64(target, &index) || index >= count) {
            return damaged(reading, target, "a handoff to an agent that is not there");
        }
        handoffs[agent->handoff_count++] = (struct baton_handoff){ .target = (uint32_t)index, .is_enabled = true };
    }
    return BATON_OK;
}

static enum baton_status read_graph(const struct reading *reading, const struct baton_json *list)
{
    struct baton_agents *agents = baton_arena_zero(reading->arena, sizeof *agents);
    struct baton_agent *all = baton_arena_zero(reading->arena, (list->count + 1) * sizeof *all);
    if (agents == NULL || all == NULL || !baton_map_init(&agents->by_name, reading->arena, list->count)) {
        return no_memory(reading);
    }
    if (list->count == 0 || list->count > BATON_AGENTS_MAX) {
        return damaged(reading, list, "a graph without agents");
    }
    agents->source = *reading->source;
    agents->list = all;
    enum baton_status status = BATON_OK;
    for (const struct baton_json *node = list->child; node != NULL && status == BATON_OK; node = node->next) {
        status = read_agent(reading, node, list->count, &all[agents->count]);
        baton_map_put(&agents->by_name, all[agents->count].name, agents->count);
        agents->count++;
    }
    reading->out->agents = agents;
    return status;
}

static enum baton_status read_counts(const struct reading *reading, const struct baton_json *node)
{
    for (size_t i = 0; i < COUNT_ROWS; i++) {
        uint64_t value;
        if (!read_u64(baton_json_get(node, count_rows[i].name), &value)) {
            return damaged(reading, node, "a missing count");
        }
        memcpy((char *)&reading->out->tally + count_rows[i].offset, &value, sizeof value);
    }
    return BATON_OK;
}

/* Agents in keys must be there: the summary looks them up. */
static bool key_is_good(enum baton_tally_key kind, uint64_t key, uint64_t agents)
{
    uint64_t high = key >> 32, low = key & UINT32_MAX;
    switch (kind) {
    case BATON_KEY_AGENT:
        return key < agents;
    case BATON_KEY_EDGE:
        return high < agents && low < agents;
    case BATON_KEY_EXPECTED_OBSERVED:
        return high < agents && low < agents + BATON_TALLY_OUTCOMES;
    case BATON_KEY_PART_OF_WHOLE:
        return high > 0 && low <= high;
    case BATON_KEY_NUMBER:
        break;
    }
    return true;
}

/* A step, and its count behind a colon where that is not 1. */
static bool take_step(struct baton_str *text, uint64_t *step, uint64_t *count)
{
    *count = 1;
    if (!baton_number_take_u64(text, step)) {
        return false;
    }
    if (!baton_str_starts(*text, ":")) {
        return true;
    }
    *text = baton_str_after(*text, 1);
    return baton_number_take_u64(text, count) && *count > 0;
}

static bool read_steps(const struct reading *reading, enum baton_tally_key kind, struct baton_str text,
                       struct baton_counter *counter)
{
    uint64_t key = 0, step, count;
    for (bool is_first = true; text.length > 0; is_first = false) {
        if (!is_first && text.data[0] != ' ') {
            return false;
        }
        text = is_first ? text : baton_str_after(text, 1);
        if (!take_step(&text, &step, &count) || (!is_first && step == 0) || step > UINT64_MAX - key) {
            return false;
        }
        key += step;
        if (!key_is_good(kind, key, reading->out->agents->count)) {
            return false;
        }
        baton_counter_add(counter, key, count);
    }
    return true;
}

static enum baton_status read_counter(const struct reading *reading, const struct tally_row *row,
                                      const struct baton_json *counters)
{
    struct baton_counter *counter = (struct baton_counter *)(void *)((char *)&reading->out->tally + row->offset);
    const struct baton_json *node = baton_json_get(counters, row->name);
    if (node == NULL || node->type != BATON_JSON_STRING) {
        return baton_error_set(reading->err, BATON_EINPUT, "%s: the counter '%s' is missing", reading->source->name,
                               row->name);
    }
    if (!read_steps(reading, row->key, node->text, counter)) {
        return damaged(reading, node, "a counter that is not right");
    }
    return counter->failed ? no_memory(reading) : BATON_OK;
}

static enum baton_status read_flaky(const struct reading *reading, const struct baton_json *list)
{
    for (const struct baton_json *node = list->child; node != NULL; node = node->next) {
        struct flaky_form form = { 0 };
        enum baton_status status =
            read_form(reading, flaky_rows, BATON_FIELD_COUNT(flaky_rows), "a flaky case", node, &form);
        if (status != BATON_OK) {
            return status;
        }
        if (form.passed >= form.n || form.flips >= form.n) {
            return damaged(reading, node, "a flaky case that is none");
        }
        struct baton_flaky one = {
            .id = form.id, .n = (uint32_t)form.n, .passed = (uint32_t)form.passed, .flips = (uint32_t)form.flips
        };
        baton_flaky_add(&reading->out->tally.flaky, &one);
    }
    return reading->out->tally.flaky.failed ? no_memory(reading) : BATON_OK;
}

enum baton_status baton_tally_read(struct baton_tally_file *out, struct baton_arena *arena, const char *path,
                                   struct baton_error *err)
{
    memset(out, 0, sizeof *out);
    out->path = path;
    struct baton_source *source = baton_arena_zero(arena, sizeof *source);
    const struct baton_json *root;
    struct reading reading = { .out = out, .arena = arena, .source = source, .err = err };
    struct file_form form = { 0 };
    if (source == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    enum baton_status status = baton_document_load(&root, source, arena, path, err);
    status = status == BATON_OK
                 ? read_form(&reading, file_rows, BATON_FIELD_COUNT(file_rows), "a counts file", root, &form)
                 : status;
    out->play = form.play;
    out->order = form.order;
    out->is_strict = form.is_strict;
    out->weights = form.weights;
    status = status == BATON_OK ? read_suite(&reading, form.suite) : status;
    status = status == BATON_OK ? read_gates(&reading, form.gates) : status;
    status = status == BATON_OK ? read_graph(&reading, form.graph) : status;
    status = status == BATON_OK ? read_counts(&reading, form.counts) : status;
    status = status == BATON_OK ? read_flaky(&reading, form.flaky) : status;
    for (size_t i = 0; i < COUNTER_ROWS && status == BATON_OK; i++) {
        status = read_counter(&reading, &counter_rows[i], form.counters);
    }
    return status;
}
