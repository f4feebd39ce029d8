/* Planted regressions are named and judged as the statistics say; what is the same is called the same. */
#include "evals/results/compare.h"
#include "evals/results/rows.h"
#include "evals/stats/intervals.h"
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"
#include "reports/result.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CASES_MAX = 1000, ALLOCATIONS_MAX = 20000 };

static const char agents[] = "fixtures/agents/mwoz.yaml", recorded[] = "fixtures/conversations/mwoz.jsonl";

/* ---- planting ---- */

/* One line of the recording, and what is known of it. */
struct line {
    struct baton_str text, id;
    bool passes; /* in the recording as it is */
};

struct recording {
    struct line lines[CASES_MAX];
    size_t count;
};

static struct baton_str line_id(struct baton_str line)
{
    const char *start = line.data + strlen("{\"id\":\"");
    return (struct baton_str){ start, (size_t)((const char *)memchr(start, '"', line.length) - start) };
}

static void read_recording(struct program *program, struct recording *out, const char *results)
{
    struct baton_str text = program_read(program, recorded);
    struct baton_rows rows;
    struct baton_error err;
    cr_assert_eq(baton_rows_open(&rows, results, &err), BATON_OK);
    while (text.length > 0) {
        const char *end = memchr(text.data, '\n', text.length);
        struct line *line = &out->lines[out->count++];
        struct baton_result result;
        line->text = (struct baton_str){ text.data, (size_t)(end + 1 - text.data) };
        line->id = line_id(line->text);
        text = (struct baton_str){ end + 1, text.length - line->text.length };
        cr_assert_eq(baton_rows_next(&rows, &err), BATON_OK);
        cr_assert_eq(baton_rows_read(&rows, &result, program->arena, &err), BATON_OK, "%s", err.text);
        cr_assert(baton_str_equal(result.id, line->id));
        line->passes = baton_result_outcome(&result) == BATON_TEST_PASSED;
    }
    baton_rows_close(&rows);
}

/* Writes text with every `from` turned into `to`. */
static void replace(struct baton_text *out, struct baton_str text, const char *from, const char *to)
{
    const char *end = text.data + text.length;
    for (const char *at; (at = memmem(text.data, (size_t)(end - text.data), from, strlen(from))) != NULL;) {
        baton_text_append(out, text.data, (size_t)(at - text.data));
        baton_text_puts(out, to);
        text.data = at + strlen(from);
    }
    baton_text_append(out, text.data, (size_t)(end - text.data));
}

/* The line with all that one agent did done by the police: its labels stay. */
static void break_line(struct baton_text *out, const struct line *line)
{
    static const char *const desks[] = { "hotel", "restaurant", "train", "attraction", "taxi" };
    for (size_t i = 0; i < COUNT_OF(desks); i++) {
        char wanted[64], transfer[64], speaker[64], held[64];
        snprintf(wanted, sizeof wanted, "\"final\":\"%s\"", desks[i]);
        if (!program_has(line->text, wanted)) {
            continue;
        }
        struct baton_text once = baton_text_with_limit(1024 * 1024), twice = baton_text_with_limit(1024 * 1024);
        snprintf(transfer, sizeof transfer, "transfer_to_%s", desks[i]);
        snprintf(speaker, sizeof speaker, "\"agent\":\"%s\"", desks[i]);
        snprintf(held, sizeof held, "\\\"assistant\\\":\\\"%s\\\"", desks[i]);
        replace(&once, line->text, transfer, "transfer_to_police");
        replace(&twice, baton_text_str(&once), speaker, "\"agent\":\"police\"");
        replace(out, baton_text_str(&twice), held, "\\\"assistant\\\":\\\"police\\\"");
        baton_text_clear(&once);
        baton_text_clear(&twice);
        return;
    }
    cr_assert_fail("a line without a desk");
}

/* Breaks `planted` of the conversations that pass, spread over the recording; the rest stays as it is. */
static const char *plant(struct program *program, const struct recording *recording, size_t planted, bool *is_broken)
{
    struct baton_text out = baton_text_with_limit(64 * 1024 * 1024);
    size_t passing = 0, seen = 0, done = 0;
    for (size_t i = 0; i < recording->count; i++) {
        passing += recording->lines[i].passes;
    }
    for (size_t i = 0; i < recording->count; i++) {
        const struct line *line = &recording->lines[i];
        is_broken[i] = line->passes && done < planted && seen * planted / passing >= done;
        seen += line->passes;
        done += is_broken[i];
        if (is_broken[i]) {
            break_line(&out, line);
        } else {
            baton_text_append(&out, line->text.data, line->text.length);
        }
    }
    cr_assert_eq(done, planted, "%zu", done);
    const char *path = program_write(program, "candidate.jsonl", baton_text_str(&out));
    baton_text_clear(&out);
    return path;
}

static const char *eval(struct program *program, const char *conversations, const char *name, const char *more)
{
    const char *folder = program_path(program, name);
    struct program_run run = RUN(program, "eval", "--agents", agents, "--conversations", conversations, "-q", "--out",
                                 folder, more == NULL ? "-q" : more);
    cr_assert(run.exit_code == 0 || run.exit_code == 1, "%.*s", (int)run.err.length, run.err.data);
    return folder;
}

Test(compare, names_planted_regressions_and_judges_them_by_the_statistics)
{
    static const struct row {
        size_t planted; /* of 500 conversations */
        const char *verdict;
        int exit_code, exit_code_any;
    } rows[] = { { 0, "same", 0, 0 },  { 1, "unclear", 0, 1 }, { 4, "unclear", 0, 1 },
                 { 5, "worse", 1, 1 }, { 15, "worse", 1, 1 },  { 50, "worse", 1, 1 } };
    struct program program;
    static struct recording recording;
    static bool is_broken[CASES_MAX];
    program_open(&program);
    const char *baseline = eval(&program, recorded, "baseline", NULL);
    read_recording(&program, &recording, program_path(&program, "baseline/results.jsonl"));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t planted = rows[i].planted, next = 0;
        const char *candidate = eval(&program, plant(&program, &recording, planted, is_broken), "candidate", NULL);
        struct program_run run = RUN(&program, "compare", baseline, candidate, "--json");
        const struct baton_json *got = parsed_json(program.arena, run.out, "compare");
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%zu planted", planted);
        cr_expect(parsed_is(got, "verdict", rows[i].verdict), "%zu planted: %.*s", planted, 200, run.out.data);
        cr_expect_eq(parsed_at(got, "newly_failing")->count, planted);
        cr_expect_eq(parsed_at(got, "newly_passing")->count, 0u);
        for (size_t k = 0; k < recording.count; k++) { /* exactly these, in order */
            const char *path = program_text(&program, "newly_failing.%zu.id", next);
            if (is_broken[k]) {
                cr_assert(baton_str_equal(parsed_text(got, path), recording.lines[k].id), "%zu planted: %s", planted,
                          path);
                next++;
            }
        }
        double want = planted == 0 ? 1 : pow(0.5, (double)planted); /* min = 0: 2 P(0) - P(0) */
        cr_expect_float_eq(parsed_number(got, "mid_p"), want, 1e-6, "%zu planted", planted);
        cr_expect_float_eq(parsed_number(got, "difference"), -(double)planted / (double)parsed_count(got, "cases"),
                           1e-6);
        cr_expect_eq(RUN(&program, "compare", baseline, candidate, "-q", "--fail-on", "any").exit_code,
                     rows[i].exit_code_any);
        cr_expect_eq(RUN(&program, "compare", baseline, candidate, "-q", "--fail-on", "never").exit_code, 0);
        struct program_run back = RUN(&program, "compare", candidate, baseline, "--json");
        cr_expect_eq(back.exit_code, 0, "what got better is no failure");
        cr_expect_eq(parsed_at(parsed_json(program.arena, back.out, "back"), "newly_passing")->count, planted);
    }
    program_close(&program);
}

Test(compare, level_decides_what_is_clearly_worse)
{
    struct program program;
    static struct recording recording;
    static bool is_broken[CASES_MAX];
    program_open(&program);
    const char *baseline = eval(&program, recorded, "baseline", NULL);
    read_recording(&program, &recording, program_path(&program, "baseline/results.jsonl"));
    const char *candidate = eval(&program, plant(&program, &recording, 4, is_broken), "candidate", NULL);
    cr_expect_eq(RUN(&program, "compare", baseline, candidate, "-q", "--alpha", "0.05").exit_code, 0); /* 0.0625 */
    cr_expect_eq(RUN(&program, "compare", baseline, candidate, "-q", "--alpha", "0.1").exit_code, 1);
    static const char *const wrong[] = { "0", "1", "-1", "x", "0.1x", "nan", "" };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct program_run run = RUN(&program, "compare", baseline, candidate, "--alpha", wrong[i]);
        cr_expect_eq(run.exit_code, 4, "--alpha '%s'", wrong[i]);
    }
    program_close(&program);
}

Test(compare, of_repeats_judges_shares_by_flipping_signs)
{
    struct program program;
    program_open(&program);
    static const char *const seeds[] = { "1", "2" };
    static const char *const models[] = { "sim:random", "sim:oracle" };
    const char *folders[2][2];
    for (size_t m = 0; m < 2; m++) {
        for (size_t s = 0; s < 2; s++) {
            folders[m][s] = program_text(&program, "%s/%zu-%zu", program.folder, m, s);
            RUN(&program, "eval", "fixtures/suites/support.yaml", "-q", "--out", folders[m][s], "--provider", models[m],
                "--seed", seeds[s], "--repeat", "8");
        }
    }
    struct program_run noise = RUN(&program, "compare", folders[0][0], folders[0][1], "--json");
    const struct baton_json *got = parsed_json(program.arena, noise.out, "noise");
    cr_expect(parsed_true(got, "repeats"));
    cr_expect(parsed_is_null(got, "mid_p"), "McNemar is for one trial a case");
    cr_expect_gt(parsed_number(got, "flip_p"), 0.05, "two seeds of one model");
    cr_expect_eq(noise.exit_code, 0);
    struct program_run better = RUN(&program, "compare", folders[0][0], folders[1][0], "--json");
    got = parsed_json(program.arena, better.out, "better");
    cr_expect(parsed_is(got, "verdict", "better"));
    cr_expect_lt(parsed_number(got, "flip_p"), 0.01);
    cr_expect_gt(parsed_number(got, "ci_low"), 0);
    cr_expect_eq(RUN(&program, "compare", folders[1][0], folders[0][0], "-q").exit_code, 1);
    cr_expect_eq(RUN(&program, "compare", folders[1][0], folders[1][1], "-q").exit_code, 0, "the oracle never errs");
    program_close(&program);
}

/* ---- what cannot be compared ---- */

Test(compare, refuses_other_conversations_with_7)
{
    struct program program;
    program_open(&program);
    const char *whole = eval(&program, recorded, "whole", NULL),
               *part = eval(&program, recorded, "part", "--filter=1$");
    const char *shard = eval(&program, recorded, "shard", "--shard=1/2");
    const char *cut = eval(&program, recorded, "cut", NULL), *cut_rows = "cut/results.jsonl";
    struct baton_str rows = program_read(&program, program_path(&program, cut_rows));
    rows.length = (size_t)((const char *)memrchr(rows.data, '\n', rows.length - 1) + 1 - rows.data);
    program_write(&program, cut_rows, rows);
    const struct row {
        const char *name, *baseline, *candidate, *says;
        int exit_code;
    } refused[] = {
        { "another selection", whole, part, "results of different conversations", 7 },
        { "a shard", whole, shard, "merge the shards first", 7 },
        { "a run that stopped early", whole, cut, "stopped early", 7 },
        { "a baseline that stopped early", cut, whole, "not in the baseline", 7 },
        { "nothing there", whole, "nowhere", "is no folder of results", 4 },
        { "no summary beside it", whole, recorded, "ends neither in", 4 },
        { "an empty folder", whole, program.folder, "there is no", 4 },
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct program_run run = RUN(&program, "compare", refused[i].baseline, refused[i].candidate);
        cr_expect_eq(run.exit_code, refused[i].exit_code, "%s: %d", refused[i].name, run.exit_code);
        cr_expect(program_has(run.err, refused[i].says), "%s: %.*s", refused[i].name, (int)run.err.length,
                  run.err.data);
    }
    program_close(&program);
}

Test(compare, finds_the_other_file_beside_the_one_named)
{
    struct program program;
    program_open(&program);
    const char *folder = eval(&program, recorded, "out", NULL);
    program_write(&program, "golden/mwoz.summary.json",
                  program_read(&program, program_path(&program, "out/summary.json")));
    program_write(&program, "golden/mwoz.results.jsonl",
                  program_read(&program, program_path(&program, "out/results.jsonl")));
    static const char *const names[] = { "golden/mwoz.summary.json", "golden/mwoz.results.jsonl", "out/summary.json",
                                         "out/results.jsonl", "out" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct program_run run = RUN(&program, "compare", program_path(&program, names[i]), folder);
        cr_expect_eq(run.exit_code, 0, "%s: %.*s", names[i], (int)run.err.length, run.err.data);
        cr_expect(program_has(run.out, "no change"), "%s", names[i]);
    }
    program_close(&program);
}

/* ---- forms and memory ---- */

Test(compare, tells_the_same_in_every_form)
{
    struct program program;
    static struct recording recording;
    static bool is_broken[CASES_MAX];
    program_open(&program);
    const char *baseline = eval(&program, recorded, "baseline", NULL);
    read_recording(&program, &recording, program_path(&program, "baseline/results.jsonl"));
    const char *candidate = eval(&program, plant(&program, &recording, 15, is_broken), "candidate", NULL);
    struct program_run terminal = RUN(&program, "compare", baseline, candidate);
    struct program_run markdown = RUN(&program, "compare", baseline, candidate, "--markdown");
    struct program_run json = RUN(&program, "compare", baseline, candidate, "--json");
    static const char sentence[] = "worse than the baseline: 15 newly fail and 0 newly pass";
    static const char escaped[] = "worse than the baseline\\: 15 newly fail and 0 newly pass";
    cr_expect(program_has(terminal.out, sentence) && program_has(markdown.out, escaped) &&
              program_has(json.out, sentence));
    for (size_t i = 0; i < recording.count; i++) {
        const char *id = program_text(&program, "%.*s", (int)recording.lines[i].id.length, recording.lines[i].id.data);
        if (is_broken[i]) {
            cr_expect(program_has(terminal.out, id) && program_has(markdown.out, id) && program_has(json.out, id), "%s",
                      id);
        }
    }
    cr_expect(program_has(terminal.out, "police"), "the way it took instead");
    cr_expect(!program_has(terminal.out, "nan"), "%.*s", (int)terminal.out.length, terminal.out.data);
    program_close(&program);
}

Test(compare, any_allocation_may_fail)
{
    struct program program;
    program_open(&program);
    const char *one = eval(&program, "fixtures/conversations/mwoz.jsonl", "one", "--filter=MUL00");
    enum baton_status status = BATON_ENOMEM;
    unsigned n = 0;
    for (; status != BATON_OK && n < ALLOCATIONS_MAX; n += 1 + n / 8) {
        struct baton_compare_side sides[2];
        struct baton_comparison comparison;
        struct baton_compare_options options = { .baseline = &sides[0], .candidate = &sides[1], .alpha = 0.05 };
        struct baton_error err;
        struct baton_arena *arena = baton_arena_new(BATON_FILE_BYTES_MAX);
        baton_arena_fail_after(n + 1);
        status = baton_compare_open(&sides[0], arena, one, &err);
        status = status == BATON_OK ? baton_compare_open(&sides[1], arena, one, &err) : status;
        status = status == BATON_OK ? baton_compare(&comparison, arena, &options, &err) : status;
        baton_arena_fail_after(0);
        cr_expect(status == BATON_OK || status == BATON_ENOMEM || status == BATON_ELIMIT, "allocation %u: %s", n,
                  err.text);
        baton_arena_free(arena);
    }
    cr_expect_eq(status, BATON_OK);
    program_close(&program);
}
