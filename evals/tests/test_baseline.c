/* A run held against an earlier one: what newly fails is said, gated, and never becomes the baseline by itself. */
#include "evals/results/baseline.h"
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char support[] = "fixtures/suites/support.yaml";

static struct baton_str read_named(struct program *program, const char *name)
{
    return program_read(program, program_path(program, name));
}

/* Makes a baseline of the suite as recorded. */
static const char *bless(struct program *program, const char *name)
{
    const char *path = program_path(program, name);
    unsetenv("CI");
    struct program_run run = RUN(program, "eval", support, "-q", "--baseline", path, "--update-baseline");
    cr_assert_eq(run.exit_code, 0, "%.*s", (int)run.err.length, run.err.data);
    return path;
}

Test(baseline, of_the_same_run_changes_nothing)
{
    static const char *const places[] = { "golden", "golden/support.summary.json", "deep/er/support.results.jsonl" };
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct program program;
        program_open(&program);
        const char *path = bless(&program, places[i]);
        struct program_run run =
            RUN(&program, "eval", support, "--baseline", path, "--json", "--gate", "regressions == 0", "--gate",
                "regressions.mid_p >= 0.05", "--gate", "baseline.newly_passing == 0", "--gate", "baseline.cases == 31");
        const struct baton_json *got = parsed_json(program.arena, run.out, places[i]);
        cr_expect_eq(run.exit_code, 0, "%s: %.*s", places[i], (int)run.err.length, run.err.data);
        cr_expect(parsed_is(got, "baseline.verdict", "same"));
        cr_expect_eq(parsed_count(got, "baseline.both") + parsed_count(got, "baseline.neither"), 31);
        cr_expect_float_eq(parsed_number(got, "baseline.mid_p"), 1, 1e-9);
        program_close(&program);
    }
}

Test(baseline, tells_what_newly_fails_in_every_report)
{
    struct program program;
    program_open(&program);
    const char *path = bless(&program, "golden");
    static const char *const worse[] = { "--provider", "sim:random" };
    struct program_run terminal = RUN(&program, "eval", support, "--baseline", path, worse[0], worse[1]);
    struct program_run json = RUN(&program, "eval", support, "--baseline", path, worse[0], worse[1], "--json");
    const struct baton_json *got = parsed_json(program.arena, json.out, "json");
    cr_expect_eq(terminal.exit_code, 1);
    cr_expect(program_has(terminal.out, "newly failing (28)") && program_has(terminal.out, "billing-card"));
    cr_expect_eq(parsed_count(got, "baseline.newly_failing"), 28);
    cr_expect(parsed_is(got, "baseline.verdict", "worse"));
    program_close(&program);
}

Test(baseline, decides_where_no_gate_is_about_it)
{
    struct program program;
    program_open(&program);
    const char *path = bless(&program, "golden"), *agents = "fixtures/agents/support.yaml";
    const char *routing = "fixtures/conversations/support/routing.jsonl",
               *sales = "fixtures/conversations/support/sales.jsonl";
    const struct row {
        const char *name, *provider, *gate;
        int exit_code;
    } rows[] = {
        { "the same failures as before are no news", "transcript", NULL, 0 },
        { "clearly worse fails by itself", "sim:random", NULL, 1 },
        { "also beside gates of other things", "sim:random", "depth.max <= 100", 1 },
        { "a gate about it decides in its stead", "sim:random", "regressions <= 30", 0 },
        { "and may be strict", "sim:random", "regressions == 0", 1 },
        { "by chance alone", "sim:random", "regressions.p >= 0.05", 1 },
        { "better fails no gate on regressions", "transcript", "regressions.mid_p >= 0.05", 0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *gate = rows[i].gate == NULL ? "-q" : program_text(&program, "--gate=%s", rows[i].gate);
        struct program_run run =
            RUN(&program, "eval", "--agents", agents, "--conversations", routing, "--conversations", sales,
                "--baseline", path, "--provider", rows[i].provider, "-q", gate);
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%s: %.*s", rows[i].name, (int)run.err.length, run.err.data);
    }
    program_close(&program);
}

Test(baseline, is_replaced_only_on_request_and_never_in_ci)
{
    struct program program;
    program_open(&program);
    const char *path = bless(&program, "golden"), *out = program_path(&program, "out");
    struct baton_str before = read_named(&program, "golden/results.jsonl");
    cr_expect_eq(RUN(&program, "eval", support, "-q", "--baseline", path, "--provider", "sim:random").exit_code, 1);
    cr_expect(baton_str_equal(before, read_named(&program, "golden/results.jsonl")), "without asking");
    setenv("CI", "true", 1);
    const char *update[] = { "eval",       support,      "-q", "--baseline", path, "--update-baseline",
                             "--provider", "sim:random", NULL };
    struct program_run refused = program_run(&program, update);
    cr_expect_eq(refused.exit_code, 4);
    cr_expect(program_has(refused.err, "refused where CI is set"));
    cr_expect(baton_str_equal(before, read_named(&program, "golden/results.jsonl")), "in CI");
    unsetenv("CI");
    cr_expect_eq(program_run(&program, update).exit_code, 1, "the verdict stays that of the comparison");
    cr_expect_eq(RUN(&program, "eval", support, "-q", "--provider", "sim:random", "--out", out).exit_code, 1);
    cr_expect(baton_str_equal(read_named(&program, "out/results.jsonl"), read_named(&program, "golden/results.jsonl")));
    cr_expect(program_has(read_named(&program, "golden/summary.json"), "\"baseline\":null"));
    program_close(&program);
}

Test(baseline, update_takes_whole_runs_with_a_place_to_go)
{
    static const char *const more[] = { "--filter=a", "--tag=a", "--shard=1/2" };
    struct program program;
    program_open(&program);
    const char *path = program_path(&program, "golden");
    unsetenv("CI");
    for (size_t i = 0; i < COUNT_OF(more); i++) {
        struct program_run run = RUN(&program, "eval", support, "-q", "--baseline", path, "--update-baseline", more[i]);
        cr_expect_eq(run.exit_code, 4, "%s", more[i]);
    }
    cr_expect_eq(RUN(&program, "eval", support, "-q", "--update-baseline").exit_code, 4, "no baseline named");
    cr_expect_null(read_named(&program, "golden/summary.json").data);
    program_close(&program);
}

Test(baseline, of_other_conversations_is_refused_with_7_and_can_be_replaced)
{
    struct program program;
    program_open(&program);
    const char *path = bless(&program, "golden"), *out = program_path(&program, "out");
    const char *other = "fixtures/suites/tau_airline.yaml";
    struct program_run run = RUN(&program, "eval", other, "-q", "--baseline", path, "--out", out);
    cr_expect_eq(run.exit_code, 7);
    cr_expect(program_has(run.err, "results of different conversations"), "%.*s", (int)run.err.length, run.err.data);
    cr_expect_null(read_named(&program, "out/summary.json").data, "no summary of something else beside the results");
    cr_expect_eq(RUN(&program, "eval", other, "-q", "--baseline", path, "--update-baseline").exit_code, 0);
    cr_expect_eq(RUN(&program, "eval", other, "-q", "--baseline", path).exit_code, 0);
    cr_expect_eq(RUN(&program, "eval", support, "-q", "--baseline", program_path(&program, "none")).exit_code, 4);
    program_close(&program);
}

Test(baseline, may_be_the_folder_that_the_run_writes_to)
{
    struct program program;
    program_open(&program);
    const char *out = program_path(&program, "out");
    cr_expect_eq(RUN(&program, "eval", support, "-q", "--out", out).exit_code, 0);
    struct program_run run =
        RUN(&program, "eval", support, "--provider", "sim:random", "--out", out, "--baseline", out, "--json");
    cr_expect_eq(run.exit_code, 1);
    cr_expect_eq(parsed_count(parsed_json(program.arena, run.out, "json"), "baseline.newly_failing"), 28);
    program_close(&program);
}

Test(baseline, of_the_suite_is_found_beside_it)
{
    struct program program;
    program_open(&program);
    char *here = realpath("fixtures", NULL);
    const char *suite = program_file(&program, "suites/s.yaml",
                                     program_text(&program,
                                                  "version: 1\nname: support\nagents: %s/agents/support.yaml\n"
                                                  "conversations: [%s/conversations/support/routing.jsonl, "
                                                  "%s/conversations/support/sales.jsonl]\n"
                                                  "baseline: ../golden/support.summary.json\n"
                                                  "gates: [regressions == 0]\n",
                                                  here, here, here));
    free(here);
    struct program_run missing = RUN(&program, "eval", suite, "-q");
    cr_expect_eq(missing.exit_code, 4);
    cr_expect(program_has(missing.err, "--update-baseline makes it"), "%.*s", (int)missing.err.length,
              missing.err.data);
    unsetenv("CI");
    RUN(&program, "eval", suite, "-q", "--update-baseline");
    cr_expect_gt(read_named(&program, "golden/support.results.jsonl").length, 0u);
    cr_expect_eq(RUN(&program, "eval", suite, "-q").exit_code, 0);
    cr_expect_eq(RUN(&program, "eval", suite, "-q", "--provider", "sim:random").exit_code, 1);
    struct program_run part = RUN(&program, "eval", suite, "-q", "--filter", "billing");
    cr_expect(program_has(part.err, "not compared"), "%.*s", (int)part.err.length, part.err.data);
    program_close(&program);
}

Test(baseline, of_shards_merged_is_that_of_the_whole)
{
    struct program program;
    program_open(&program);
    const char *path = bless(&program, "golden"), *one = program_path(&program, "1"),
               *two = program_path(&program, "2");
    const char *whole = program_path(&program, "whole"), *merged = program_path(&program, "merged");
    static const char gate[] = "regressions <= 28";
    const char *const provider = "--provider=sim:random";
    RUN(&program, "eval", support, "-q", provider, "--gate", gate, "--baseline", path, "--out", whole);
    RUN(&program, "eval", support, "-q", provider, "--gate", gate, "--baseline", path, "--out", one, "--shard=1/2");
    RUN(&program, "eval", support, "-q", provider, "--gate", gate, "--baseline", path, "--out", two, "--shard=2/2");
    RUN(&program, "merge", "-q", one, two, "--baseline", path, "--out", merged);
    struct baton_str want = read_named(&program, "whole/summary.json");
    cr_expect_gt(want.length, 0u);
    cr_expect(baton_str_equal(want, read_named(&program, "merged/summary.json")));
    const struct baton_json *part = parsed_json(program.arena, read_named(&program, "1/summary.json"), "1");
    cr_expect_lt(parsed_count(part, "baseline.cases"), 31, "a shard is compared with its own part");
    cr_expect_gt(parsed_count(part, "baseline.cases"), 0);
    program_close(&program);
}

Test(baseline, gates_without_one_fail_and_say_so)
{
    static const char *const gates[] = { "regressions == 0", "regressions.mid_p >= 0.05",
                                         "baseline.newly_failing == 0" };
    struct program program;
    program_open(&program);
    for (size_t i = 0; i < COUNT_OF(gates); i++) {
        struct program_run run = RUN(&program, "eval", support, "--gate", gates[i]);
        cr_expect_eq(run.exit_code, 1, "%s", gates[i]);
        cr_expect(program_has(run.out, "there is no baseline to compare with"), "%s", gates[i]);
    }
    struct program_run wrong = RUN(&program, "eval", support, "--gate", "regresions == 0");
    cr_expect_eq(wrong.exit_code, 4);
    cr_expect(program_has(wrong.err, "regressions"), "%.*s", (int)wrong.err.length, wrong.err.data);
    program_close(&program);
}
