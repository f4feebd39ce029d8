/* Repeats: pass@k, pass^k, the flakiest and clusters are what the formulas say, however the run was cut up. */
#include "engine/base/prng.h"
#include "evals/tally/repeats.h"
#include "evals/tally/summarize_repeats.h"
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CASES = 300, PARTS = 7 };

static const char support[] = "fixtures/suites/support.yaml";

/* ---- the list ---- */

static struct baton_flaky nth(unsigned n, char id[16])
{
    int length = snprintf(id, 16, "case-%u", n);
    uint32_t count = 2 + n % 9, passed = 1 + n * 7 % (count - 1);
    return (struct baton_flaky){ .id = { id, (size_t)length }, .n = count, .passed = passed, .flips = 1 + n % count };
}

static bool is_same_list(const struct baton_flaky_list *a, const struct baton_flaky_list *b)
{
    bool is_same = a->count == b->count;
    for (uint32_t i = 0; is_same && i < a->count; i++) {
        is_same = baton_str_equal(a->list[i].id, b->list[i].id) && a->list[i].n == b->list[i].n &&
                  a->list[i].passed == b->list[i].passed && a->list[i].flips == b->list[i].flips;
    }
    return is_same;
}

Test(repeats, the_flakiest_are_the_same_however_the_run_was_cut)
{
    struct baton_flaky_list whole = { 0 };
    char id[16];
    for (unsigned i = 0; i < CASES; i++) {
        struct baton_flaky one = nth(i, id);
        baton_flaky_add(&whole, &one);
    }
    cr_expect_eq(whole.count, (uint32_t)BATON_FLAKY_MAX);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct baton_flaky_list parts[PARTS] = { 0 }, merged = { 0 };
        struct baton_prng prng;
        unsigned order[CASES];
        baton_prng_seed(&prng, seed);
        for (unsigned i = 0; i < CASES; i++) {
            unsigned at = (unsigned)baton_prng_below(&prng, i + 1);
            order[i] = order[at];
            order[at] = i;
        }
        for (unsigned i = 0; i < CASES; i++) {
            struct baton_flaky one = nth(order[i], id);
            baton_flaky_add(&parts[baton_prng_below(&prng, PARTS)], &one);
        }
        for (unsigned i = 0; i < PARTS; i++) {
            baton_flaky_merge(&merged, &parts[(i + seed) % PARTS]);
        }
        cr_assert(is_same_list(&whole, &merged), "seed %u", (unsigned)seed);
        for (unsigned i = 0; i < PARTS; i++) {
            baton_flaky_clear(&parts[i]);
        }
        baton_flaky_clear(&merged);
    }
    baton_flaky_clear(&whole);
}

Test(repeats, the_nearest_to_a_coin_comes_first)
{
    static const struct baton_flaky rows[] = {
        { { "often", 5 }, 10, 9, 2 }, { { "coin", 4 }, 8, 4, 3 },  { { "wild", 4 }, 8, 4, 7 },
        { { "also", 4 }, 4, 2, 3 },   { { "rare", 4 }, 10, 2, 3 },
    };
    static const char *const want[] = { "wild", "also", "coin", "rare", "often" };
    struct baton_flaky_list list = { 0 };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        baton_flaky_add(&list, &rows[i]);
    }
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        cr_expect(baton_str_is(list.list[i].id, want[i]), "%zu: %.*s", i, (int)list.list[i].id.length,
                  list.list[i].id.data);
    }
    baton_flaky_clear(&list);
}

/* ---- figures ---- */

/* ---- the program ---- */

static const struct baton_json *eval(struct program *program, const char *const *more)
{
    const char *args[24] = { "eval", support, "--provider", "sim:random", "--json" };
    for (size_t i = 0; more[i] != NULL; i++) {
        args[5 + i] = more[i];
    }
    struct program_run run = program_run(program, args);
    return parsed_json(program->arena, run.out, "summary");
}

/* The block, counted anew from the rows. */
Test(repeats, summary_says_what_the_rows_say)
{
    struct program program;
    program_open(&program);
    const char *out = program_path(&program, "out");
    const struct baton_json *got = eval(&program, (const char *const[]){ "--repeat", "8", "--out", out, NULL });
    size_t count, cases = 0, flaky = 0;
    const struct baton_json **rows =
        parsed_lines(program.arena, program_read(&program, program_path(&program, "out/results.jsonl")), &count);
    double passed_share = 0;
    for (size_t i = 0; i < count; i += 8) {
        unsigned judged = 0, passed = 0;
        for (size_t r = 0; r < 8; r++) {
            bool is_labelled = false, is_correct = true;
            const struct baton_json *list = parsed_at(rows[i + r], "exchanges");
            for (const struct baton_json *node = list->child; node != NULL; node = node->next) {
                is_labelled = is_labelled || !parsed_is_null(node, "correct");
                is_correct = is_correct && (parsed_is_null(node, "correct") || parsed_true(node, "correct"));
            }
            const struct baton_json *whole = baton_json_get(rows[i + r], "whole");
            is_labelled = is_labelled || whole != NULL;
            judged += is_labelled;
            passed += is_labelled && is_correct && (whole == NULL || parsed_true(whole, "correct"));
        }
        cases += judged > 0;
        flaky += passed > 0 && passed < judged;
        passed_share += judged == 0 ? 0 : (double)passed / judged;
    }
    cr_expect_eq(parsed_count(got, "repeats.cases"), (int64_t)cases);
    cr_expect_eq(parsed_count(got, "repeats.flaky"), (int64_t)flaky);
    cr_expect_float_eq(parsed_number(got, "repeats.passes.0.pass_at"), passed_share / (double)cases, 1e-6);
    cr_expect(parsed_is_null(eval(&program, (const char *const[]){ NULL }), "repeats"), "without repeats");
    program_close(&program);
}

Test(repeats, gates_can_name_their_figures)
{
    static const struct row {
        const char *gate, *repeat;
        int exit_code;
    } rows[] = {
        { "pass_hat[8] <= 0.01", "8", 0 },
        { "pass_at[8] >= 0.2", "8", 0 },
        { "flaky == 7", "8", 0 },
        { "repeats.never <= 3", "8", 1 },
        { "pass_hat[3] >= 0", "8", 1 },
        { "flaky == 0", "1", 1 },
        { "pass_hat[x] >= 0", "8", 4 },
        { "pass_hat[] >= 0", "8", 4 },
        { "routing.clusters.ci_low >= 0.1", "8", 0 },
    };
    struct program program;
    program_open(&program);
    const char *routing = "fixtures/conversations/support/routing.jsonl",
               *sales = "fixtures/conversations/support/sales.jsonl";
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program_run run = RUN(&program, "eval", "--agents", "fixtures/agents/support.yaml", "--conversations",
                                     routing, "--conversations", sales, "--seed", "42", "--provider", "sim:random",
                                     "--repeat", rows[i].repeat, "-q", "--gate", rows[i].gate);
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%s: %d %.*s", rows[i].gate, run.exit_code, (int)run.err.length,
                     run.err.data);
    }
    program_close(&program);
}

Test(repeats, stopping_early_plays_no_more_than_it_must)
{
    struct program program;
    program_open(&program);
    const char *out = program_path(&program, "out"), *other = program_path(&program, "other");
    RUN(&program, "eval", support, "-q", "--provider", "sim:oracle", "--repeat", "30", "--stop-early", "0.95,0.8",
        "--out", out, "-j1");
    RUN(&program, "eval", support, "-q", "--provider", "sim:oracle", "--repeat", "30", "--stop-early", "0.95,0.8",
        "--out", other, "-j4");
    size_t count, straight[2] = { 0 };
    struct baton_str text = program_read(&program, program_path(&program, "out/results.jsonl"));
    cr_expect(baton_str_equal(text, program_read(&program, program_path(&program, "other/results.jsonl"))),
              "-j1 and -j4");
    const struct baton_json **rows = parsed_lines(program.arena, text, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count || parsed_count(rows[i + 1], "repeat") == 0;
        straight[0] += is_last && parsed_count(rows[i], "repeat") == 17; /* 18 straight passes accept */
        straight[1] += is_last && parsed_count(rows[i], "repeat") == 2;  /* 3 straight failures reject */
        cr_expect(!is_last || parsed_count(rows[i], "repeat") <= 29);
    }
    cr_expect_gt(straight[0], 0u);
    cr_expect_gt(straight[1], 0u);
    static const char *const wrong[] = { "0.8,0.95", "0.9", "0.9,", "1,0.5", "a,b", "0.9,0.8,0.7", "" };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        cr_expect_eq(RUN(&program, "eval", support, "-q", "--stop-early", wrong[i]).exit_code, 4, "'%s'", wrong[i]);
    }
    program_close(&program);
}
