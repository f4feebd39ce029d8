/* `baton gates`: the list of figures is that of the README, of gates and of summary.json. */
#include "engine/base/source.h"
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <string.h>

#define SUITE "fixtures/suites/support.yaml"
#define LOOPS "fixtures/suites/support_loops.yaml"
#define AGENTS "fixtures/agents/support.yaml"
#define TALKS "fixtures/conversations/support/routing.jsonl"

enum { FIGURES_MIN = 130, GATES_OF_A_RUN = 20 };

/* ---- the README's table ---- */

/* Whether an entry of the README, `depth.*` or `recall[A]` or `accuracy`, stands for that name. */
static bool covers(struct baton_str entry, struct baton_str name)
{
    entry.length = baton_str_find(entry, '[');
    name.length = baton_str_find(name, '[');
    bool is_family = baton_str_ends(entry, ".*");
    entry.length -= is_family ? 2 : 0;
    bool begins = name.length >= entry.length && memcmp(name.data, entry.data, entry.length) == 0;
    return begins && (name.length == entry.length ? !is_family : name.data[entry.length] == '.');
}

/* Goes through what stands in backticks in the first cells of the table; false at its end. */
static bool next_entry(struct baton_str *left, struct baton_str *entry)
{
    while (baton_str_starts(*left, "|")) {
        size_t cell_end = baton_str_find(baton_str_after(*left, 1), '|') + 1, open = baton_str_find(*left, '`');
        if (open < cell_end) {
            struct baton_str inside = baton_str_after(*left, open + 1);
            size_t length = baton_str_find(inside, '`');
            *entry = (struct baton_str){ inside.data, length };
            char *rest = (char *)(uintptr_t)baton_str_after(inside, length).data; /* the cell goes on behind it */
            *rest = '|';
            *left = baton_str_after(inside, length);
            return true;
        }
        *left = baton_str_after(*left, baton_str_find(*left, '\n') + 1);
    }
    return false;
}

Test(gates_list, the_readme_tells_of_every_figure_and_of_no_other)
{
    struct program program;
    program_open(&program);
    struct program_run run = RUN(&program, "gates", "--json");
    const struct baton_json *figures = parsed_at(parsed_json(program.arena, run.out, "gates"), "figures");
    struct baton_str readme = program_read(&program, "README.md"), entry;
    char *table = strstr(readme.data, "| figure | what it says |");
    cr_assert_not_null(table);
    cr_assert_geq(figures->count, (unsigned)FIGURES_MIN);
    bool is_told[1000] = { false };
    size_t entries = 0;
    struct baton_str left = { table, readme.length - (size_t)(table - readme.data) };
    for (; next_entry(&left, &entry); entries++) {
        size_t i = 0, covered = 0;
        for (const struct baton_json *one = figures->child; one != NULL; one = one->next, i++) {
            bool is_it = covers(entry, parsed_text(one, "figure")) || covers(entry, parsed_text(one, "path"));
            is_told[i] = is_told[i] || is_it;
            covered += is_it;
        }
        cr_expect_gt(covered, 0u, "the README tells of '%.*s', which is no figure", BATON_STR_ARGS(entry));
    }
    cr_expect_gt(entries, 30u);
    size_t i = 0;
    for (const struct baton_json *one = figures->child; one != NULL; one = one->next, i++) {
        cr_expect(is_told[i], "the README does not tell of '%.*s'", BATON_STR_ARGS(parsed_text(one, "figure")));
    }
    program_close(&program);
}

/* ---- values ---- */

Test(gates_list, values_are_those_of_the_results)
{
    struct program program;
    program_open(&program);
    const char *out = program_path(&program, "out");
    RUN(&program, "eval", SUITE, "--quiet", "--repeat", "2", "--out", out);
    struct program_run run = RUN(&program, "gates", out, "--json");
    const struct baton_json *figures = parsed_at(parsed_json(program.arena, run.out, "gates"), "figures");
    const struct baton_json *summary = parsed_file(program.arena, program_text(&program, "%s/summary.json", out));
    for (const struct baton_json *one = figures->child; one != NULL; one = one->next) {
        const char *path = program_text(&program, "%.*s", BATON_STR_ARGS(parsed_text(one, "path")));
        if (strncmp(path, "baseline.", 9) == 0) {
            cr_expect(parsed_is_null(one, "value"), "%s", path);
        } else if (strchr(path, '[') == NULL) {
            cr_expect(parsed_is_null(one, "value") ? parsed_is_null(summary, path)
                                                   : parsed_number(one, "value") == parsed_number(summary, path),
                      "%s", path);
        }
    }
    program_close(&program);
}

/* Whole numbers only: of others the file has six decimals. */
Test(gates_list, every_name_with_its_value_is_a_gate_that_holds)
{
    struct program program;
    program_open(&program);
    const char *out = program_path(&program, "out");
    RUN(&program, "eval", "--agents", AGENTS, "--conversations", TALKS, "--repeat", "2", "--quiet", "--out", out);
    struct program_run run = RUN(&program, "gates", out, "--json");
    const struct baton_json *figures = parsed_at(parsed_json(program.arena, run.out, "gates"), "figures");
    size_t checked = 0;
    for (const struct baton_json *one = figures->child; one != NULL;) {
        const char *args[GATES_OF_A_RUN * 2 + 8] = { "eval", "--agents", AGENTS, "--conversations",
                                                     TALKS,  "--repeat", "2" };
        size_t count = 7;
        for (; one != NULL && count + 1 < COUNT_OF(args); one = one->next) {
            if (!parsed_is_null(one, "value") &&
                baton_str_find(parsed_at(one, "value")->text, '.') == parsed_at(one, "value")->text.length) {
                args[count++] = "--gate";
                args[count++] = program_text(&program, "%.*s == %.*s", BATON_STR_ARGS(parsed_text(one, "figure")),
                                             BATON_STR_ARGS(parsed_at(one, "value")->text));
            }
        }
        checked += (count - 7) / 2;
        run = program_run(&program, args);
        cr_expect_eq(program_count(run.out, "\n  FAIL "), 0u, "%s%s", run.out.data, run.err.data);
        cr_expect_eq(program_count(run.out, "\n  ok   "), (count - 7) / 2, "%s", run.err.data);
    }
    cr_expect_gt(checked, 80u);
    program_close(&program);
}

Test(gates_list, each_agent_of_the_results_stands_in_it)
{
    struct program program;
    program_open(&program);
    const char *out = program_path(&program, "out");
    RUN(&program, "eval", SUITE, "--quiet", "--out", out);
    struct program_run run = RUN(&program, "gates", out);
    cr_expect(program_has(run.out, "\nagents\n  precision[triage] "));
    cr_expect(
        program_has(run.out, "\n  recall[billing]                  ratio          0 to 1       higher   0.928571 "));
    cr_expect(!program_has(run.out, "[AGENT]"));
    cr_expect(program_has(RUN(&program, "gates").out, "\n  recall[AGENT] "));
    cr_expect_eq(RUN(&program, "gates", "nothing").exit_code, 4);
    cr_expect_eq(RUN(&program, "gates", "fixtures").exit_code, 4);
    program_close(&program);
}

/* ---- one figure, everywhere ---- */

Test(gates_list, a_figure_of_the_table_is_on_every_report)
{
    struct program program;
    program_open(&program);
    const char *out = program_path(&program, "out"), *less = program_path(&program, "less");
    struct program_run run =
        RUN(&program, "eval", LOOPS, "--out", out, "--report", "terminal", "--report", "markdown", "--report", "html",
            "--report", "figures", "--gate", "exhausted.rate == 0.3", "--gate", "exhausted.rate > 30");
    cr_expect_eq(run.exit_code, 4);
    cr_expect(program_has(run.err, "'exhausted.rate > 30' is about a ratio from 0 to 1: 0.30?"), "%s", run.err.data);
    run = RUN(&program, "eval", LOOPS, "--out", out, "--report", "terminal", "--report", "markdown", "--report", "html",
              "--report", "figures", "--gate", "exhausted.rate <= 0.3 if n >= 10");
    cr_expect(program_has(run.out, "  ok   exhausted.rate <= 0.3 if n >= 10               0.3  (n 10)\n"), "%s",
              run.out.data);
    cr_expect(program_has(run.out, "  exhausted rate 30.0 %"), "%s", run.out.data);
    static const struct row {
        const char *file, *holds;
    } rows[] = {
        { "summary.json", "\"exhausted_rate\":0.300000" },
        { "summary.md", "| exhausted rate | 30.0 % |" },
        { "figures.csv", "exhausted.rate,counts.exhausted_rate,\"of the exchanges, those that ran into a limit\",ratio,"
                         "lower,0.3,10\r\n" },
        { "report.html", "\"path\":\"counts.exhausted_rate\",\"kind\":\"number\",\"label\":\"exhausted rate\"" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_str text = program_read(&program, program_text(&program, "%s/%s", out, rows[i].file));
        cr_expect(program_has(text, rows[i].holds), "%s", rows[i].file);
    }
    RUN(&program, "eval", LOOPS, "--quiet", "--max-turns", "1", "--out", less);
    run = RUN(&program, "compare", out, less, "--fail-on", "never");
    cr_expect(program_has(run.out, "\n  exhausted.rate               0.3 > 1\n"), "%s", run.out.data);
    program_close(&program);
}

/* ---- names of agents ---- */

Test(gates_list, agents_with_odd_names_are_listed_as_gates_take_them)
{
    static const char agents[] =
        "{\"version\":1,\"entry\":\"x]y\",\"agents\":{\"x]y\":{\"handoffs\":[\"a>=b\"]},\"a>=b\":{}}}";
    static const char talk[] =
        "{\"id\":\"1\",\"messages\":[{\"role\":\"user\",\"content\":\"q\",\"expect\":{\"final\":\"x]y\"}},"
        "{\"role\":\"assistant\",\"content\":\"r\"}]}\n";
    struct program program;
    program_open(&program);
    const char *out = program_path(&program, "out");
    const char *agents_path = program_file(&program, "agents.json", agents);
    const char *talk_path = program_file(&program, "talk.jsonl", talk);
    struct program_run run =
        RUN(&program, "eval", "--agents", agents_path, "--conversations", talk_path, "--out", out, "--gate",
            "recall[\"x]y\"] >= 1", "--gate", "recall[x]y] == 1", "--gate", "recall[\"a>=b\"] >= 0.5 if n >= 1");
    cr_expect_eq(run.exit_code, 0, "%s%s", run.out.data, run.err.data);
    cr_expect(program_has(run.out, "  ok   recall[\"x]y\"] >= 1 "), "%s", run.out.data);
    cr_expect(program_has(run.out, "  skip recall[\"a>=b\"] >= 0.5 if n >= 1 "), "%s", run.out.data);
    cr_expect(program_has(RUN(&program, "gates", out).out, "\n  recall[\"x]y\"] "));
    program_close(&program);
}
