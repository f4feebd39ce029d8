/* Six recorded sets with the figures of a scorer that shares no code with baton (fixtures/worked): ours must be equal. */
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 12, KEY_BYTES = 256, LENGTHS_MAX = 16 };

static const char *const sets[] = { "banking77", "clinc150", "hwu64", "mwoz", "tau_airline", "whowhen" };

struct worked {
    struct program program;
    const char *set;
    const struct baton_json *expected, *summary;
    struct baton_str results;
};

/* ---- the reference's rows ---- */

/* A row of expected_turns.tsv. */
struct turn_row {
    struct baton_str id, start, final, expected, correct, ms;
    long steps, handoffs, invalid;
    bool loops, is_answered;
};

struct turn_rows {
    struct turn_row *list;
    size_t count;
};

static struct baton_str next_column(struct baton_str *line)
{
    const char *tab = memchr(line->data, '\t', line->length);
    struct baton_str column = { line->data, tab == NULL ? line->length : (size_t)(tab - line->data) };
    size_t taken = column.length + (tab != NULL);
    *line = (struct baton_str){ line->data + taken, line->length - taken };
    return column;
}

static struct turn_row read_row(struct baton_str line)
{
    struct baton_str columns[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++) {
        columns[i] = next_column(&line);
    }
    return (struct turn_row){ .id = columns[0],
                              .start = columns[2],
                              .final = columns[3],
                              .expected = columns[4],
                              .steps = strtol(columns[5].data, NULL, 10),
                              .handoffs = strtol(columns[6].data, NULL, 10),
                              .invalid = strtol(columns[7].data, NULL, 10),
                              .loops = baton_str_is(columns[8], "1"),
                              .is_answered = baton_str_is(columns[9], "1"),
                              .correct = columns[10],
                              .ms = columns[11] };
}

static struct turn_rows read_rows(struct worked *worked)
{
    struct baton_str text = program_read(
        &worked->program, program_text(&worked->program, "fixtures/worked/%s/expected_turns.tsv", worked->set));
    size_t lines = program_count(text, "\n");
    struct turn_rows rows = { .list = baton_arena_array(worked->program.arena, lines, sizeof *rows.list) };
    cr_assert(lines > 1 && rows.list != NULL);
    const char *line = text.data;
    for (size_t i = 0; i < lines; i++) {
        const char *end = strchr(line, '\n');
        if (i > 0) { /* the first is the header */
            rows.list[rows.count++] = read_row((struct baton_str){ line, (size_t)(end - line) });
        }
        line = end + 1;
    }
    return rows;
}

/* ---- our side ---- */

static struct program_run eval(struct worked *worked, const char *max_turns, const char *folder)
{
    const char *agents = program_text(&worked->program, "fixtures/worked/%s/agents.json", worked->set);
    const char *cases = program_text(&worked->program, "fixtures/worked/%s/conversations.jsonl", worked->set);
    return RUN(&worked->program, "eval", "--agents", agents, "--conversations", cases, "--max-turns", max_turns,
               "--json", "--out", folder);
}

static void open_set(struct worked *worked, const char *set)
{
    program_open(&worked->program);
    worked->set = set;
    worked->expected =
        parsed_file(worked->program.arena, program_text(&worked->program, "fixtures/worked/%s/expected.json", set));
    const char *folder = program_path(&worked->program, set);
    struct program_run run = eval(worked, "-1", folder);
    worked->summary = parsed_json(worked->program.arena, run.out, set);
    bool passed = parsed_is(worked->summary, "verdict", "pass");
    cr_assert_eq(run.exit_code, passed ? 0 : 1, "%s: exit code %d: %s", set, run.exit_code, run.err.data);
    struct baton_str file = program_read(&worked->program, program_text(&worked->program, "%s/summary.json", folder));
    cr_assert(baton_str_equal(file, run.out), "%s: --json and summary.json differ", set);
    worked->results = program_read(&worked->program, program_text(&worked->program, "%s/results.jsonl", folder));
}

static void close_set(struct worked *worked)
{
    program_close(&worked->program);
}

/* A reference figure has six decimals, as ours. */
static bool agree(double ours, double theirs)
{
    return isnan(theirs) ? isnan(ours) : fabs(ours - theirs) < 1e-9;
}

Test(worked, counts_are_those_of_the_reference)
{
    static const struct row {
        const char *ours, *theirs;
    } rows[] = {
        { "counts.conversations", "conversations" },
        { "counts.exchanges", "turns" },
        { "counts.turns", "model_calls" },
        { "counts.answered", "answered" },
        { "counts.labelled", "labelled" },
        { "counts.handoffs", "handoffs" },
        { "counts.invalid_handoffs", "invalid_handoffs" },
        { "loops.revisit_exchanges", "loop_turns" },
        { "loops.revisit_conversations", "loop_conversations" },
        { "routing.accuracy.correct", "correct_any" },
        { "routing.accuracy.n", "labelled" },
    };
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        struct worked worked;
        open_set(&worked, sets[s]);
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            int64_t ours = parsed_count(worked.summary, rows[i].ours),
                    theirs = parsed_count(worked.expected, rows[i].theirs);
            cr_expect_eq(ours, theirs, "%s: %s is %lld, not %lld", sets[s], rows[i].ours, (long long)ours,
                         (long long)theirs);
        }
        int64_t tool_calls = 0;
        for (const struct baton_json *tool = parsed_at(worked.expected, "plain_tool_calls")->child; tool != NULL;
             tool = tool->next) {
            tool_calls += parsed_count(tool, "");
        }
        cr_expect_eq(parsed_count(worked.summary, "counts.tool_calls"), tool_calls, "%s: tool calls", sets[s]);
        close_set(&worked);
    }
}

Test(worked, ratios_are_those_of_the_reference)
{
    static const struct row {
        const char *ours, *theirs;
    } rows[] = {
        { "routing.accuracy.value", "accuracy_any" },
        { "routing.macro_f1", "macro_f1" },
    };
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        struct worked worked;
        open_set(&worked, sets[s]);
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            double ours = parsed_number(worked.summary, rows[i].ours),
                   theirs = parsed_number(worked.expected, rows[i].theirs);
            cr_expect(agree(ours, theirs), "%s: %s is %.9f, not %.9f", sets[s], rows[i].ours, ours, theirs);
        }
        close_set(&worked);
    }
}

/* The member of the list whose `key` is `name`, or NULL. */
static const struct baton_json *find(const struct baton_json *list, const char *key, struct baton_str name)
{
    const struct baton_json *node = list->child;
    while (node != NULL && !baton_str_equal(parsed_text(node, key), name)) {
        node = node->next;
    }
    return node;
}

/* The reference lists agents that were expected or answered in a labelled turn. */
static void expect_agents(const struct worked *worked)
{
    static const char *const counts[] = { "support", "predicted", "tp" };
    static const char *const ratios[] = { "precision", "recall", "f1" };
    const struct baton_json *theirs = parsed_at(worked->expected, "per_agent");
    const struct baton_json *ours = parsed_at(worked->summary, "routing.agents");
    cr_expect_eq(ours->count, theirs->count, "%s: %u agents, not %u", worked->set, ours->count, theirs->count);
    for (const struct baton_json *their = theirs->child; their != NULL; their = their->next) {
        const struct baton_json *our = find(ours, "agent", their->key);
        cr_assert_not_null(our, "%s: no %.*s", worked->set, (int)their->key.length, their->key.data);
        for (size_t i = 0; i < COUNT_OF(counts); i++) {
            cr_expect_eq(parsed_count(our, counts[i]), parsed_count(their, counts[i]), "%s: %s of %.*s", worked->set,
                         counts[i], (int)their->key.length, their->key.data);
        }
        for (size_t i = 0; i < COUNT_OF(ratios); i++) {
            cr_expect(agree(parsed_number(our, ratios[i]), parsed_number(their, ratios[i])), "%s: %s of %.*s",
                      worked->set, ratios[i], (int)their->key.length, their->key.data);
        }
    }
}

Test(worked, each_agent_scores_as_in_the_reference)
{
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        struct worked worked;
        open_set(&worked, sets[s]);
        cr_expect_eq(parsed_at(worked.summary, "routing.agents")->type, BATON_JSON_ARRAY);
        expect_agents(&worked);
        close_set(&worked);
    }
}

/* Our cell of the confusion matrix; their "(none)" is our @none, @exhausted and @invalid together. */
static int64_t cell(const struct baton_json *summary, struct baton_str expected, struct baton_str observed)
{
    const struct baton_json *row = parsed_at(summary, "routing.confusion.rows")->child;
    const struct baton_json *row_label = parsed_at(summary, "routing.confusion.labels")->child;
    bool is_none = baton_str_is(observed, "(none)");
    int64_t sum = 0;
    for (; row != NULL && !baton_str_equal(row_label->text, expected); row = row->next) {
        row_label = row_label->next;
    }
    const struct baton_json *label = parsed_at(summary, "routing.confusion.labels")->child;
    for (const struct baton_json *count = row == NULL ? NULL : row->child; count != NULL; count = count->next) {
        if (is_none ? label->text.data[0] == '@' : baton_str_equal(label->text, observed)) {
            sum += parsed_count(count, "");
        }
        label = label->next;
    }
    return sum;
}

Test(worked, confusion_is_that_of_the_reference)
{
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        struct worked worked;
        int64_t theirs_all = 0, ours_all = 0;
        open_set(&worked, sets[s]);
        for (const struct baton_json *their = parsed_at(worked.expected, "confusion")->child; their != NULL;
             their = their->next) {
            struct baton_str expected = parsed_text(their, "0"), observed = parsed_text(their, "1");
            theirs_all += parsed_count(their, "2");
            cr_expect_eq(cell(worked.summary, expected, observed), parsed_count(their, "2"), "%s: %.*s > %.*s", sets[s],
                         (int)expected.length, expected.data, (int)observed.length, observed.data);
        }
        for (const struct baton_json *row = parsed_at(worked.summary, "routing.confusion.rows")->child; row != NULL;
             row = row->next) {
            for (const struct baton_json *count = row->child; count != NULL; count = count->next) {
                ours_all += parsed_count(count, "");
            }
        }
        cr_expect_eq(ours_all, theirs_all, "%s: cells that the reference lacks", sets[s]);
        close_set(&worked);
    }
}

Test(worked, depths_are_those_of_the_reference)
{
    static const struct row {
        const char *ours, *theirs;
    } rows[] = { { "depth.per_exchange", "depth_per_turn" }, { "depth.per_conversation", "depth_per_conversation" } };
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        struct worked worked;
        open_set(&worked, sets[s]);
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            const struct baton_json *ours = parsed_at(worked.summary, rows[i].ours);
            const struct baton_json *theirs = parsed_at(worked.expected, rows[i].theirs);
            cr_expect_eq(ours->count, theirs->count, "%s: %s has other depths", sets[s], rows[i].ours);
            for (const struct baton_json *their = theirs->child; their != NULL; their = their->next) {
                char depth[KEY_BYTES];
                snprintf(depth, sizeof depth, "%.*s", (int)their->key.length, their->key.data);
                cr_expect_eq(parsed_count(ours, depth), parsed_count(their, ""), "%s: %s of depth %s", sets[s],
                             rows[i].ours, depth);
            }
        }
        close_set(&worked);
    }
}

Test(worked, edges_are_those_of_the_reference)
{
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        struct worked worked;
        open_set(&worked, sets[s]);
        const struct baton_json *our = parsed_at(worked.summary, "edges")->child;
        for (const struct baton_json *their = parsed_at(worked.expected, "edges")->child; their != NULL;
             their = their->next) {
            struct baton_str from = parsed_text(their, "0"), to = parsed_text(their, "1");
            cr_assert_not_null(our, "%s: fewer edges than the reference", sets[s]);
            cr_expect(baton_str_equal(parsed_text(our, "from"), from) && baton_str_equal(parsed_text(our, "to"), to) &&
                          parsed_count(our, "count") == parsed_count(their, "2"),
                      "%s: %.*s > %.*s", sets[s], (int)from.length, from.data, (int)to.length, to.data);
            our = our->next;
        }
        cr_expect_null(our, "%s: more edges than the reference", sets[s]);
        close_set(&worked);
    }
}

Test(worked, latencies_are_those_of_the_reference)
{
    static const char *const fields[] = { "n", "sum", "min", "p50", "p90", "p95", "p99", "max" };
    static const struct row {
        const char *ours, *theirs;
    } rows[] = { { "latency.exchange", "latency_turn_ms" }, { "latency.conversation", "latency_conversation_ms" } };
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        struct worked worked;
        open_set(&worked, sets[s]);
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            const struct baton_json *ours = parsed_at(worked.summary, rows[i].ours);
            const struct baton_json *theirs = parsed_at(worked.expected, rows[i].theirs);
            if (theirs->type == BATON_JSON_NULL) {
                cr_expect_eq(parsed_count(ours, "n"), 0, "%s: %s", sets[s], rows[i].ours);
                cr_expect(parsed_is_null(ours, "p95"), "%s: %s", sets[s], rows[i].ours);
                continue;
            }
            for (size_t f = 0; f < COUNT_OF(fields); f++) {
                cr_expect_eq(parsed_number(ours, fields[f]), parsed_number(theirs, fields[f]), "%s: %s.%s", sets[s],
                             rows[i].ours, fields[f]);
            }
        }
        close_set(&worked);
    }
}

/* ---- exchange by exchange ---- */

static void expect_row(const char *set, const struct turn_row *want, const struct baton_json *got)
{
    struct baton_str id = want->id;
    cr_expect(baton_str_equal(parsed_text(got, "start"), want->start), "%s %.*s: start", set, (int)id.length, id.data);
    cr_expect_eq(parsed_count(got, "turns"), want->steps, "%s %.*s: turns", set, (int)id.length, id.data);
    cr_expect_eq(parsed_count(got, "depth"), want->handoffs, "%s %.*s: depth", set, (int)id.length, id.data);
    cr_expect_eq(parsed_at(got, "route")->count, (uint32_t)want->handoffs, "%s %.*s: route", set, (int)id.length,
                 id.data);
    cr_expect_eq(parsed_count(got, "invalid_handoffs"), want->invalid, "%s %.*s: invalid", set, (int)id.length,
                 id.data);
    cr_expect_eq(parsed_true(got, "revisit"), want->loops, "%s %.*s: revisit", set, (int)id.length, id.data);
    cr_expect_eq(parsed_true(got, "answered"), want->is_answered, "%s %.*s: answered", set, (int)id.length, id.data);
    cr_expect(!want->is_answered || baton_str_equal(parsed_text(got, "final"), want->final), "%s %.*s: final", set,
              (int)id.length, id.data);
    if (want->ms.length == 0) {
        cr_expect(parsed_is_null(got, "latency_ms"), "%s %.*s: latency", set, (int)id.length, id.data);
    } else {
        cr_expect_eq(parsed_number(got, "latency_ms"), strtod(want->ms.data, NULL), "%s %.*s: latency", set,
                     (int)id.length, id.data);
    }
}

/* Labels of whole conversations stand at the reference's last turn, and at our conversation. */
static void expect_label(const char *set, const struct turn_row *want, const struct baton_json *got, bool is_last,
                         const struct baton_json *line)
{
    struct baton_str id = want->id, first = { want->expected.data, strcspn(want->expected.data, "|\t") };
    const struct baton_json *whole = is_last ? baton_json_get(line, "whole") : NULL;
    const struct baton_json *label = whole != NULL ? whole : got;
    if (want->expected.length == 0) {
        cr_expect(parsed_is_null(label, "correct"), "%s %.*s: a label too many", set, (int)id.length, id.data);
        return;
    }
    cr_expect(baton_str_equal(parsed_text(label, "expected.0"), first), "%s %.*s: expected", set, (int)id.length,
              id.data);
    cr_expect_eq(parsed_true(label, "correct"), baton_str_is(want->correct, "1"), "%s %.*s: correct", set,
                 (int)id.length, id.data);
}

Test(worked, every_exchange_is_that_of_the_reference)
{
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        struct worked worked;
        size_t line_count, at = 0;
        open_set(&worked, sets[s]);
        struct turn_rows rows = read_rows(&worked);
        const struct baton_json **lines = parsed_lines(worked.program.arena, worked.results, &line_count);
        for (size_t i = 0; i < line_count; i++) {
            for (const struct baton_json *got = parsed_at(lines[i], "exchanges")->child; got != NULL; got = got->next) {
                cr_assert_lt(at, rows.count, "%s: more exchanges than the reference", sets[s]);
                cr_assert(baton_str_equal(parsed_text(lines[i], "id"), rows.list[at].id), "%s: row %zu", sets[s], at);
                expect_row(sets[s], &rows.list[at], got);
                expect_label(sets[s], &rows.list[at], got, got->next == NULL, lines[i]);
                at++;
            }
        }
        cr_expect_eq(at, rows.count, "%s: fewer exchanges than the reference", sets[s]);
        close_set(&worked);
    }
}

/* ---- limits ---- */

/* Recordings that end without an answer after exactly that many calls. */
static int64_t unanswered_after(const struct turn_rows *rows, long steps)
{
    int64_t count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        count += !rows->list[i].is_answered && rows->list[i].steps == steps;
    }
    return count;
}

/* The reference counts recordings that are longer than N calls. We also count those that end without an answer after
 * exactly N: the limit trips before the recording could say that there is nothing more. */
Test(worked, limits_trip_where_the_reference_says)
{
    static const char *const limits[] = { "1", "3", "9", "10", "12" };
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        struct worked worked;
        open_set(&worked, sets[s]);
        struct turn_rows rows = read_rows(&worked);
        for (size_t i = 0; i < COUNT_OF(limits); i++) {
            struct program_run run = eval(&worked, limits[i], program_path(&worked.program, limits[i]));
            const struct baton_json *summary = parsed_json(worked.program.arena, run.out, sets[s]);
            const char *path = program_text(&worked.program, "over_budget.%s", limits[i]);
            int64_t over = parsed_count(worked.expected, path);
            int64_t ended = unanswered_after(&rows, strtol(limits[i], NULL, 10));
            cr_expect_eq(parsed_count(summary, "counts.exhausted"), over + ended, "%s: exhausted under %s", sets[s],
                         limits[i]);
            cr_expect_eq(parsed_count(summary, "counts.exchanges"), parsed_count(worked.expected, "turns"),
                         "%s: each exchange is judged, whatever was cut before it", sets[s]);
            cr_expect_eq(parsed_count(summary, "counts.diverged"), 0, "%s: diverged under %s", sets[s], limits[i]);
        }
        close_set(&worked);
    }
}
