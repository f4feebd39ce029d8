/* Reports as the program writes them: valid, of one mind with results.jsonl, whatever names and ids hold. */
#include "evals/suite/csv.h"
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"
#include "reports/tests/junit_reader.h"
#include "reports/tests/sample.h"
#include "reports/tests/table_reader.h"
#include "reports/tests/tap_reader.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#define SUITE "fixtures/suites/support.yaml"
#define AGENTS "fixtures/agents/support.yaml"
#define ALL_REPORTS                                                                                             \
    "--report", "junit", "--report", "tap", "--report", "csv", "--report", "confusion", "--report", "markdown", \
        "--report", "json", "--report", "jsonl"

enum { ARGS_MAX = 48 };

static const char *const names[] = { "results.jsonl", "summary.json", "junit.xml",    "results.tap",
                                     "results.csv",   "summary.md",   "confusion.csv" };

/* What a run with every report left in its folder. */
struct outcome {
    const char *folder;
    struct program_run run;
};

static struct outcome eval_all(struct program *program, const char *const *more)
{
    struct outcome outcome = { .folder = program_text(program, "%s/%u", program->folder, program->run_count) };
    const char *args[ARGS_MAX] = { "eval", "-q", ALL_REPORTS, "--out", outcome.folder };
    size_t count = 0;
    while (args[count] != NULL) {
        count++;
    }
    for (size_t i = 0; more[i] != NULL; i++) {
        args[count++] = more[i];
    }
    outcome.run = program_run(program, args);
    return outcome;
}

static struct baton_str file_of(struct program *program, const struct outcome *outcome, const char *name)
{
    return program_read(program, program_text(program, "%s/%s", outcome->folder, name));
}

/* ---- one mind ---- */

/* P, F or S by the labels in a line of results.jsonl. */
static char outcome_of(const struct baton_json *line)
{
    char outcome = 'S';
    for (const struct baton_json *exchange = parsed_at(line, "exchanges")->child; exchange != NULL;
         exchange = exchange->next) {
        const struct baton_json *correct = parsed_at(exchange, "correct");
        if (correct->type == BATON_JSON_BOOLEAN) {
            outcome = outcome == 'F' || !correct->boolean ? 'F' : 'P';
        }
    }
    const struct baton_json *whole = baton_json_get(line, "whole");
    if (whole != NULL && parsed_at(whole, "correct")->type == BATON_JSON_BOOLEAN) {
        outcome = outcome == 'F' || !parsed_true(whole, "correct") ? 'F' : 'P';
    }
    return outcome;
}

static void expect_tap(struct program *program, const struct outcome *outcome, const char *name)
{
    struct tap tap;
    size_t count;
    const struct baton_json **lines = parsed_lines(program->arena, file_of(program, outcome, "results.jsonl"), &count);
    const char *problem = tap_read(&tap, program->arena, file_of(program, outcome, "results.tap"));
    cr_assert_null(problem, "%s: %s", name, problem);
    cr_assert_geq(tap.count, count, "%s", name);
    for (size_t i = 0; i < count; i++) {
        char want = outcome_of(lines[i]);
        cr_expect_eq(tap.points[i].is_ok, want != 'F', "%s, line %zu", name, i + 1);
        cr_expect_eq(tap.points[i].skip.data != NULL, want == 'S', "%s, line %zu", name, i + 1);
    }
}

static void expect_junit(struct program *program, const struct outcome *outcome, const char *name)
{
    const char *problem;
    size_t count;
    const struct baton_json **lines = parsed_lines(program->arena, file_of(program, outcome, "results.jsonl"), &count);
    const struct xml_node *root = xml_read(program->arena, file_of(program, outcome, "junit.xml"), &problem);
    cr_assert_not_null(root, "%s: %s", name, problem);
    problem = junit_problem(program->arena, root);
    cr_expect_null(problem, "%s: %s", name, problem);
    const struct xml_node *test = xml_child(root->child, "testcase");
    for (size_t i = 0; i < count; test = test->next) {
        char letters[64] = "";
        size_t repeats = 0, first = i;
        for (; i < count && (i == first || parsed_count(lines[i], "repeat") > 0); i++) {
            letters[repeats++] = outcome_of(lines[i]);
        }
        struct baton_test_counts want = sample_counts(letters);
        size_t failed = program_count(baton_str_of(letters), "F");
        cr_expect_eq(xml_count(test, "failure"), want.failed, "%s: %s", name, letters);
        cr_expect_eq(xml_count(test, "rerunFailure"), want.failed > 0 ? failed - 1 : 0, "%s: %s", name, letters);
        cr_expect_eq(xml_count(test, "flakyFailure"), want.flaky > 0 ? failed : 0, "%s: %s", name, letters);
        cr_expect_eq(xml_count(test, "skipped"), want.skipped, "%s: %s", name, letters);
    }
    for (; test != NULL; test = test->next) {
        cr_expect(baton_str_is(xml_attribute(test, "classname"), "gates"), "%s", name);
    }
}

/* A value of results.jsonl as a cell; the elements of an array with that between them. */
static struct baton_str cell_of(struct program *program, const struct baton_json *value, const char *between)
{
    if (value->type == BATON_JSON_BOOLEAN) {
        return baton_str_of(value->boolean ? "true" : "false");
    }
    if (value->type != BATON_JSON_ARRAY) {
        return value->type == BATON_JSON_NULL ? BATON_STR("") : value->text;
    }
    struct baton_text text = baton_text_with_limit(SIZE_MAX / 2);
    for (const struct baton_json *element = value->child; element != NULL; element = element->next) {
        baton_text_puts(&text, element == value->child ? "" : between);
        baton_text_append(&text, element->text.data, element->text.length);
    }
    char *copy = baton_arena_copy(program->arena, text.length == 0 ? "" : text.data, text.length);
    struct baton_str cell = { copy, text.length };
    baton_text_clear(&text);
    return cell;
}

/* Columns of an exchange, and where their values are. */
static const struct column {
    const char *name, *path, *between;
} columns[] = {
    { "start", "start", NULL },           { "route", "route", " > " },
    { "final", "final", NULL },           { "status", "status", NULL },
    { "turns", "turns", NULL },           { "depth", "depth", NULL },
    { "optimal", "optimal", NULL },       { "detour", "detour", NULL },
    { "looped", "looped", NULL },         { "invalid_handoffs", "invalid_handoffs", NULL },
    { "revisit", "revisit", NULL },       { "expected", "expected", " | " },
    { "correct", "correct", NULL },       { "failed", "failed", "; " },
    { "latency_ms", "latency_ms", NULL }, { "ttft_ms", "ttft_ms", NULL },
};

static void expect_csv_row(struct program *program, const struct table *table, size_t row,
                           const struct baton_json *line, const struct baton_json *exchange)
{
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        struct baton_str want = cell_of(program, parsed_at(exchange, columns[i].path), columns[i].between);
        struct baton_str got = table_at(table, row, columns[i].name);
        cr_expect(baton_str_equal(got, want), "row %zu, %s: '%.*s', not '%.*s'", row, columns[i].name, (int)got.length,
                  got.data, (int)want.length, want.data);
    }
    const struct baton_json *loop = parsed_at(exchange, "loop");
    cr_expect(baton_str_equal(table_at(table, row, "loop"),
                              loop->type == BATON_JSON_NULL ? BATON_STR("") : parsed_text(loop, "kind")));
    cr_expect(baton_str_equal(table_at(table, row, "id"), parsed_text(line, "id")), "row %zu", row);
    cr_expect(baton_str_equal(table_at(table, row, "repeat"), parsed_at(line, "repeat")->text), "row %zu", row);
}

static void expect_csv(struct program *program, const struct outcome *outcome, const char *name)
{
    struct table table;
    size_t count, row = 1;
    const struct baton_json **lines = parsed_lines(program->arena, file_of(program, outcome, "results.jsonl"), &count);
    const char *problem = table_read(&table, program->arena, file_of(program, outcome, "results.csv"));
    cr_assert_null(problem, "%s: %s", name, problem);
    for (size_t i = 0; i < count; i++) {
        for (const struct baton_json *exchange = parsed_at(lines[i], "exchanges")->child; exchange != NULL;
             exchange = exchange->next) {
            cr_assert_lt(row, table.rows, "%s", name);
            expect_csv_row(program, &table, row++, lines[i], exchange);
        }
    }
    cr_expect_eq(row, table.rows, "%s", name);
}

static void expect_confusion(struct program *program, const struct outcome *outcome, const char *name)
{
    struct table table;
    const struct baton_json *confusion =
        parsed_at(parsed_json(program->arena, file_of(program, outcome, "summary.json"), name), "routing.confusion");
    const char *problem = table_read(&table, program->arena, file_of(program, outcome, "confusion.csv"));
    cr_assert_null(problem, "%s: %s", name, problem);
    size_t count = parsed_at(confusion, "labels")->count;
    cr_assert(table.rows == count + 1 && table.columns == count + 1, "%s", name);
    for (size_t i = 0; i < count; i++) {
        struct baton_str label = parsed_at(confusion, program_text(program, "labels.%zu", i))->text;
        cr_expect(baton_str_equal(table_plain(table.cells[i + 1]), label), "%s, column %zu", name, i);
        cr_expect(baton_str_equal(table_plain(table.cells[(i + 1) * table.columns]), label), "%s, row %zu", name, i);
        for (size_t k = 0; k < count; k++) {
            struct baton_str cell = parsed_at(confusion, program_text(program, "rows.%zu.%zu", i, k))->text;
            cr_expect(baton_str_equal(table.cells[(i + 1) * table.columns + k + 1], cell), "%s %zu %zu", name, i, k);
        }
    }
}

static void expect_all(struct program *program, const struct outcome *outcome, const char *name)
{
    cr_assert(outcome->run.exit_code == 0 || outcome->run.exit_code == 1, "%s: %s", name, outcome->run.err.data);
    expect_tap(program, outcome, name);
    expect_junit(program, outcome, name);
    expect_csv(program, outcome, name);
    expect_confusion(program, outcome, name);
    cr_expect_leq(file_of(program, outcome, "summary.md").length, 60000u, "%s", name);
}

static const struct input {
    const char *name, *args[8];
} inputs[] = {
    { "support", { SUITE } },
    { "support, flaky", { SUITE, "--provider", "sim:random", "--repeat", "5" } },
    { "loops", { "fixtures/suites/support_loops.yaml" } },
    { "airline", { "fixtures/suites/tau_airline.yaml" } },
    { "swarm", { "fixtures/suites/swarm_triage.yaml", "--provider", "sim:random", "--repeat", "3" } },
    { "banking77",
      { "--agents", "fixtures/worked/banking77/agents.json", "--conversations",
        "fixtures/worked/banking77/conversations.jsonl" } },
};

Test(reports, are_valid_and_agree_with_results_jsonl)
{
    for (size_t i = 0; i < COUNT_OF(inputs); i++) {
        struct program program;
        program_open(&program);
        struct outcome outcome = eval_all(&program, inputs[i].args);
        expect_all(&program, &outcome, inputs[i].name);
        program_close(&program);
    }
}

Test(reports, have_the_same_bytes_at_any_number_of_threads)
{
    static const char *const threads[] = { "-j1", "-j2", "-j4" };
    for (size_t i = 0; i < COUNT_OF(inputs); i++) {
        struct program program;
        struct outcome outcomes[COUNT_OF(threads)];
        program_open(&program);
        for (size_t t = 0; t < COUNT_OF(threads); t++) {
            const char *args[ARGS_MAX] = { threads[t] };
            for (size_t k = 0; inputs[i].args[k] != NULL; k++) {
                args[k + 1] = inputs[i].args[k];
            }
            outcomes[t] = eval_all(&program, args);
            for (size_t k = 0; k < COUNT_OF(names); k++) {
                struct baton_str bytes = file_of(&program, &outcomes[t], names[k]);
                cr_expect(bytes.length > 0 && baton_str_equal(bytes, file_of(&program, &outcomes[0], names[k])),
                          "%s of %s at %s", names[k], inputs[i].name, threads[t]);
            }
        }
        program_close(&program);
    }
}

/* ---- hostile names ---- */

static struct baton_str quoted(struct program *program, struct baton_str text)
{
    struct baton_text out = baton_text_with_limit(SIZE_MAX / 2);
    baton_text_json_string(&out, text.data, text.length);
    struct baton_str copy = { baton_arena_copy(program->arena, out.data, out.length), out.length };
    baton_text_clear(&out);
    return copy;
}

/* Agents that bear those texts, each handing over to the next; `@` may not begin a name. */
static const char *hostile_agents(struct program *program)
{
    struct baton_text text = baton_text_with_limit(SIZE_MAX / 2);
    baton_text_puts(&text, "{\"version\":1,\"entry\":\"plain\",\"agents\":{");
    for (size_t i = 0; i < SAMPLE_TEXTS; i++) {
        size_t next = (i + 1) % SAMPLE_TEXTS;
        struct baton_str name = quoted(program, sample_text(program->arena, i));
        struct baton_str to = quoted(program, sample_text(program->arena, next));
        if (name.data[1] != '@') {
            baton_text_printf(&text, "%s%.*s:{", i == 0 ? "" : ",", (int)name.length, name.data);
            baton_text_puts(&text, to.data[1] == '@' ? "}" : "\"handoffs\":[");
            baton_text_append(&text, to.data, to.data[1] == '@' ? 0 : to.length);
            baton_text_puts(&text, to.data[1] == '@' ? "" : "]}");
        }
    }
    baton_text_puts(&text, "}}");
    const char *path = program_write(program, "agents.json", baton_text_str(&text));
    baton_text_clear(&text);
    return path;
}

static const char *hostile_conversations(struct program *program)
{
    struct baton_text text = baton_text_with_limit(SIZE_MAX / 2);
    for (size_t i = 0; i < SAMPLE_TEXTS; i++) {
        struct baton_str id = quoted(program, sample_text(program->arena, i));
        struct baton_str final = id.data[1] == '@' ? BATON_STR("\"plain\"") : id;
        baton_text_printf(&text, "{\"id\":%.*s,\"entry\":%.*s,\"messages\":[{\"role\":\"user\",\"content\":\"x\",",
                          (int)id.length, id.data, (int) final.length, final.data);
        baton_text_puts(&text, "\"expect\":{\"final\":\"plain\",\"says\":\"nobody says that\"}}]}\n");
    }
    const char *path = program_write(program, "conversations.jsonl", baton_text_str(&text));
    baton_text_clear(&text);
    return path;
}

Test(reports, hostile_names_and_ids_break_none)
{
    struct program program;
    program_open(&program);
    const char *args[] = { "--agents",
                           hostile_agents(&program),
                           "--conversations",
                           hostile_conversations(&program),
                           "--provider",
                           "sim:random",
                           "--repeat",
                           "3",
                           NULL };
    struct outcome outcome = eval_all(&program, args);
    expect_all(&program, &outcome, "hostile");
    struct program_run run = RUN(&program, "eval", args[0], args[1], args[2], args[3], args[4], args[5], "--report",
                                 "github", "--report", "terminal");
    cr_expect_eq(run.exit_code, 1, "%s", run.err.data);
    cr_expect_eq(program_count(run.out, "\n::") + 1, 11u, "ten annotations and what was left out: %s", run.out.data);
    cr_expect_null(memchr(run.out.data, '\033', run.out.length));
    program_close(&program);
}

Test(reports, our_own_reader_takes_every_cell_of_the_csv)
{
    struct program program;
    struct table table;
    program_open(&program);
    const char *args[] = { "--agents",
                           hostile_agents(&program),
                           "--conversations",
                           hostile_conversations(&program),
                           "--provider",
                           "sim:random",
                           NULL };
    struct outcome outcome = eval_all(&program, args);
    struct baton_str text = file_of(&program, &outcome, "results.csv");
    cr_assert_null(table_read(&table, program.arena, text));
    size_t row = 0;
    for (size_t at = 0; at < text.length; row++) {
        struct baton_source record = { .name = "results.csv" };
        record.text = (struct baton_str){ text.data + at, 0 };
        record.text.length = baton_csv_record_length((struct baton_str){ text.data + at, text.length - at }, ',');
        for (int i = 0; i < (int)table.columns; i++) {
            struct baton_csv_columns wanted = { i, 1, -1, -1, -1, -1, (int)table.columns };
            const struct baton_json *got;
            struct baton_error error;
            cr_assert_eq(baton_csv_read_row(&got, program.arena, &record, &wanted, ',', &error), BATON_OK, "%s",
                         error.text);
            struct baton_str want = table.cells[row * table.columns + (size_t)i];
            cr_expect(want.length == 0 || baton_str_equal(parsed_text(got, "messages.0.content"), want),
                      "row %zu, column %d", row, i);
        }
        at += record.text.length;
    }
    cr_expect_eq(row, table.rows);
    program_close(&program);
}

Test(reports, prove_takes_the_tap)
{
    static const char prove[] = "/usr/bin/prove";
    struct program program;
    if (access(prove, X_OK) != 0) {
        cr_skip_test("%s is not installed", prove);
    }
    program_open(&program);
    const char *hostile[] = { "--agents",
                              hostile_agents(&program),
                              "--conversations",
                              hostile_conversations(&program),
                              "--provider",
                              "sim:random",
                              NULL };
    const char *const *const all[] = { inputs[0].args, inputs[1].args, hostile };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct outcome outcome = eval_all(&program, all[i]);
        const char *path = program_text(&program, "%s/results.tap", outcome.folder);
        const char *args[] = { "-v", "--exec", "cat", path, NULL };
        struct program_run run = program_run_with(&program, &(struct program_options){ .path = prove }, args);
        const char *tests =
            program_text(&program, "Tests=%zu,", program_count(file_of(&program, &outcome, "results.tap"), "ok - "));
        cr_expect(!program_has(run.out, "Parse errors") && program_has(run.out, tests), "%s: %s", tests, run.out.data);
        cr_expect_eq(run.exit_code != 0, i > 0 || program_has(file_of(&program, &outcome, "results.tap"), "not ok"));
    }
    program_close(&program);
}
