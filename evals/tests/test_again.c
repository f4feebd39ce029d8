/* The same conversations once more: those that failed, or all of them under other limits. */
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <string.h>

static const char support[] = "fixtures/suites/support.yaml", loops[] = "fixtures/suites/support_loops.yaml";

Test(again, only_failed_takes_exactly_those)
{
    struct program program;
    program_open(&program);
    const char *out = program_path(&program, "out"), *again = program_path(&program, "again");
    RUN(&program, "eval", support, "-q", "--out", out);
    RUN(&program, "eval", support, "-q", "--only-failed", out, "--out", again);
    size_t count, failed = 0, at = 0, again_count;
    const struct baton_json **rows =
        parsed_lines(program.arena, program_read(&program, program_path(&program, "out/results.jsonl")), &count);
    const struct baton_json **taken = parsed_lines(
        program.arena, program_read(&program, program_path(&program, "again/results.jsonl")), &again_count);
    for (size_t i = 0; i < count; i++) {
        bool has_failed = false;
        for (const struct baton_json *node = parsed_at(rows[i], "exchanges")->child; node != NULL; node = node->next) {
            has_failed = has_failed || parsed_at(node, "failed")->count > 0;
        }
        const struct baton_json *whole = baton_json_get(rows[i], "whole");
        has_failed = has_failed || (whole != NULL && parsed_at(whole, "failed")->count > 0);
        failed += has_failed;
        if (has_failed) {
            cr_assert_lt(at, again_count);
            cr_expect(baton_str_equal(parsed_text(rows[i], "id"), parsed_text(taken[at++], "id")));
        }
    }
    cr_expect_eq(failed, 3u);
    cr_expect_eq(again_count, failed);
    struct program_run none = RUN(&program, "eval", support, "-q", "--only-failed", program_path(&program, "none"));
    cr_expect_eq(none.exit_code, 4);
    program_close(&program);
}

Test(again, only_failed_of_a_clean_run_has_nothing_to_do)
{
    struct program program;
    program_open(&program);
    const char *out = program_path(&program, "out");
    RUN(&program, "eval", support, "-q", "--filter", "billing-french", "--out", out);
    struct program_run run = RUN(&program, "eval", support, "-q", "--only-failed", out);
    cr_expect_eq(run.exit_code, 5, "%.*s", (int)run.err.length, run.err.data);
    cr_expect(program_has(run.err, "nothing failed in"));
    program_close(&program);
}

/* What it says is what a run with these limits says. */
Test(again, a_counterfactual_is_the_run_under_these_limits)
{
    struct program program;
    program_open(&program);
    struct program_run run = RUN(&program, "eval", loops, "--counterfactual", "max_turns=4");
    struct program_run was = RUN(&program, "eval", loops, "--json");
    struct program_run would_be = RUN(&program, "eval", loops, "--max-turns", "4", "--json");
    const struct baton_json *a = parsed_json(program.arena, was.out, "was");
    const struct baton_json *b = parsed_json(program.arena, would_be.out, "would be");
    static const char *const paths[] = { "counts.turns", "counts.answered", "counts.exhausted", "loops.exchanges" };
    static const char *const names[] = { "counts.turns", "counts.answered", "exhausted", "loops" };
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        int64_t left = parsed_count(a, paths[i]), right = parsed_count(b, paths[i]);
        const char *line =
            program_text(&program, "  %-22s %16lld %16lld\n", names[i], (long long)left, (long long)right);
        cr_expect_eq(program_has(run.out, line), left != right, "%s", line);
    }
    cr_expect_eq(run.exit_code, was.exit_code, "the verdict is that of the run as it was");
    cr_expect(program_has(RUN(&program, "eval", loops, "--counterfactual", "loops=stop").out, "counts.turns"));
    cr_expect(
        program_has(RUN(&program, "eval", loops, "--counterfactual", "max_turns=10").out, "nothing would change"));
    static const char *const wrong[] = { "max_turns", "max_turns=",  "max_turns=0",  "max_turns=x",
                                         "turns=3",   "loops=maybe", "max_turns=3,", "" };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        cr_expect_eq(RUN(&program, "eval", loops, "--counterfactual", wrong[i]).exit_code, 4, "'%s'", wrong[i]);
    }
    program_close(&program);
}

Test(again, explain_tells_each_field_that_held_and_each_that_did_not)
{
    struct program program;
    program_open(&program);
    struct program_run held = RUN(&program, "explain", support, "billing-double-charge");
    static const char *const fields[] = { "held     final: \"billing\"", "held     tools: {",
                                          "held     says: ", "held     not_says: ", "held     facts: [" };
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        cr_expect(program_has(held.out, fields[i]), "%s", fields[i]);
    }
    struct program_run failed = RUN(&program, "explain", support, "misroute-double-charge");
    cr_expect(program_has(failed.out, "final: expected billing, got tech_support"));
    cr_expect(!program_has(failed.out, "held     final"));
    program_close(&program);
}
