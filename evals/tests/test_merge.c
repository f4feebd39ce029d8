/* Shards put together are the run that was not split: byte for byte, or not at all. */
#include "evals/results/merge.h"
#include "evals/results/rows.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { CASES = 4000, SHARDS_MAX = 64, ALLOCATIONS_MAX = 4000 };

static const char mwoz[] = "fixtures/suites/mwoz.yaml", support[] = "fixtures/suites/support.yaml";

/* Runs the suite in so many shards, by turns on one and on four threads, and merges them in reverse order. */
static struct program_run split_and_merge(struct program *program, const char *const *input, unsigned shards)
{
    const char *merge[SHARDS_MAX + 8] = { "merge", "-q", "--out", program_path(program, "merged") };
    for (unsigned i = 0; i < shards; i++) {
        const char *folder = program_text(program, "%s/shard-%u", program->folder, i + 1);
        const char *eval[24] = { "eval",
                                 "-q",
                                 "--out",
                                 folder,
                                 "--shard",
                                 program_text(program, "%u/%u", i + 1, shards),
                                 i % 2 == 0 ? "-j1" : "-j4" };
        for (size_t k = 0; input[k] != NULL; k++) {
            eval[7 + k] = input[k];
        }
        struct program_run run = program_run(program, eval);
        cr_assert(run.exit_code == 0 || run.exit_code == 1 || run.exit_code == 5, "shard %u/%u: %.*s", i + 1, shards,
                  (int)run.err.length, run.err.data);
        merge[4 + shards - 1 - i] = folder;
    }
    return program_run(program, merge);
}

static void expect_same_files(struct program *program, const char *name, unsigned shards)
{
    static const char *const files[] = { "summary.json", "results.jsonl", "counts.json" };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct baton_str whole = program_read(program, program_text(program, "%s/whole/%s", program->folder, files[i]));
        struct baton_str merged =
            program_read(program, program_text(program, "%s/merged/%s", program->folder, files[i]));
        cr_expect_gt(whole.length, 0u, "%s: %s", name, files[i]);
        cr_expect(baton_str_equal(whole, merged), "%s in %u shards: %s differs", name, shards, files[i]);
    }
}

static void expect_exact(const char *name, const char *const *input, const unsigned *shards, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct program program;
        program_open(&program);
        const char *eval[24] = { "eval", "-q", "--out", program_path(&program, "whole") };
        for (size_t k = 0; input[k] != NULL; k++) {
            eval[4 + k] = input[k];
        }
        struct program_run whole = program_run(&program, eval);
        struct program_run merged = split_and_merge(&program, input, shards[i]);
        cr_expect_eq(merged.exit_code, whole.exit_code, "%s in %u shards: %.*s", name, shards[i],
                     (int)merged.err.length, merged.err.data);
        expect_same_files(&program, name, shards[i]);
        program_close(&program);
    }
}

Test(merge, gives_the_bytes_of_the_run_that_was_not_split)
{
    static const unsigned shards[] = { 1, 2, 7, 64 };
    expect_exact("recorded", (const char *const[]){ mwoz, NULL }, shards, COUNT_OF(shards));
}

Test(merge, holds_with_repeats_and_a_failed_gate)
{
    static const unsigned shards[] = { 2, 7 };
    expect_exact("simulated",
                 (const char *const[]){ "fixtures/suites/tau_airline.yaml", "--provider", "sim:random", "--repeat", "3",
                                        "--seed", "7", NULL },
                 shards, COUNT_OF(shards));
}

Test(merge, holds_where_shards_came_out_empty)
{
    static const unsigned shards[] = { 64 }; /* for 32 conversations: half of the shards exit with 5 */
    expect_exact("small", (const char *const[]){ support, NULL }, shards, COUNT_OF(shards));
}

Test(merge, holds_for_a_selection)
{
    static const unsigned shards[] = { 3 };
    expect_exact("filtered", (const char *const[]){ mwoz, "--filter", "1$", NULL }, shards, COUNT_OF(shards));
}

Test(merge, holds_for_thousands_over_many_chunks)
{
    static const unsigned shards[] = { 2, 7, 64 };
    static const char *const finals[] = { "billing", "tech_support", "sales", "triage" };
    struct program program;
    struct baton_text csv = baton_text_with_limit(64 * 1024 * 1024);
    program_open(&program);
    baton_text_puts(&csv, "text,final\n");
    for (unsigned i = 0; i < CASES; i++) {
        baton_text_printf(&csv, "question %u; it is long enough that the input has several chunks of it,%s\n", i,
                          finals[i % COUNT_OF(finals)]);
    }
    const char *path = program_write(&program, "many.csv", baton_text_str(&csv));
    expect_exact("many",
                 (const char *const[]){ "--agents", "fixtures/agents/support.yaml", "--conversations", path,
                                        "--provider", "sim:random", NULL },
                 shards, COUNT_OF(shards));
    baton_text_clear(&csv);
    program_close(&program);
}

/* ---- refusals ---- */

static const char *shard_of(struct program *program, const char *name, const char *shard, const char *more)
{
    const char *folder = program_path(program, name);
    const char *last = more == NULL ? "-q" : more;
    struct program_run run = RUN(program, "eval", support, "-q", "--out", folder, "--shard", shard, last);
    cr_assert(run.exit_code == 0 || run.exit_code == 1, "%.*s", (int)run.err.length, run.err.data);
    return folder;
}

Test(merge, reports_are_those_of_the_run_that_was_not_split)
{
    static const char suite[] = "fixtures/suites/support.yaml";
    static const char *const names[] = { "junit.xml", "results.tap", "results.csv", "summary.md", "confusion.csv" };
#define FORMS "--report=junit", "--report=tap", "--report=csv", "--report=markdown", "--report=confusion"
    struct program program;
    program_open(&program);
    const char *one = program_path(&program, "1"), *two = program_path(&program, "2"),
               *whole = program_path(&program, "whole"), *merged = program_path(&program, "merged");
    RUN(&program, "eval", suite, "-q", "--out", whole, FORMS);
    RUN(&program, "eval", suite, "-q", "--out", one, "--shard=1/2");
    RUN(&program, "eval", suite, "-q", "--out", two, "--shard=2/2");
    struct program_run run = RUN(&program, "merge", "-q", one, two, "--out", merged, FORMS);
    cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct baton_str want = program_read(&program, program_text(&program, "%s/%s", whole, names[i]));
        cr_expect_gt(want.length, 0u, "%s", names[i]);
        cr_expect(baton_str_equal(want, program_read(&program, program_text(&program, "%s/%s", merged, names[i]))),
                  "%s", names[i]);
    }
    run = RUN(&program, "merge", "-q", one, two, "--report", "html");
    cr_expect_eq(run.exit_code, 4);
    cr_expect(program_has(run.err, "needs the turns of conversations"), "%s", run.err.data);
    program_close(&program);
}

Test(merge, refuses_what_is_not_all_of_one_run)
{
    struct program program;
    program_open(&program);
    const char *one = shard_of(&program, "1", "1/3", NULL), *two = shard_of(&program, "2", "2/3", NULL);
    const char *three = shard_of(&program, "3", "3/3", NULL), *other = shard_of(&program, "o", "3/3", "--max-turns=9");
    const char *half = shard_of(&program, "h", "2/2", NULL), *seed = shard_of(&program, "s", "3/3", "--seed=9");
    const char *gate = shard_of(&program, "g", "3/3", "--gate=loops == 0");
    const char *filtered = shard_of(&program, "f", "3/3", "--filter=a");
    const struct row {
        const char *name, *paths[3], *says;
    } rows[] = {
        { "one is missing", { one, three, NULL }, "2 of 3 shards are there; missing: 2" },
        { "one is there twice", { one, two, two }, "shard 2/3 is there twice" },
        { "of other shards", { one, half, three }, "the number of shards differs" },
        { "with other limits", { one, two, other }, "the limits differ" },
        { "with another seed", { one, two, seed }, "the seed differs" },
        { "with other gates", { one, two, gate }, "the number of gates differs" },
        { "of another selection", { one, two, filtered }, "fingerprint" },
        { "not there", { one, two, "nowhere" }, "nowhere" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program_run run = RUN(&program, "merge", rows[i].paths[0], rows[i].paths[1],
                                     rows[i].paths[2] == NULL ? "-q" : rows[i].paths[2]);
        cr_expect_eq(run.exit_code, 4, "%s", rows[i].name);
        cr_expect(program_has(run.err, rows[i].says), "%s: %.*s", rows[i].name, (int)run.err.length, run.err.data);
    }
    program_close(&program);
}

Test(merge, refuses_rows_that_do_not_go_with_their_counts)
{
    struct program program;
    program_open(&program);
    const char *one = shard_of(&program, "1", "1/2", NULL), *two = shard_of(&program, "2", "2/2", NULL);
    const char *path = program_path(&program, "2/results.jsonl");
    struct baton_str rows = program_read(&program, path);
    const char *second = memchr(rows.data, '\n', rows.length);
    const struct baton_str damaged[] = {
        { second + 1, rows.length - (size_t)(second + 1 - rows.data) }, /* one too few */
        { rows.data, rows.length - 1 },                                 /* cut */
        BATON_STR(""),
    };
    for (size_t i = 0; i < COUNT_OF(damaged); i++) {
        program_write(&program, "2/results.jsonl", damaged[i]);
        struct program_run run = RUN(&program, "merge", one, two, "--out", program_path(&program, "merged"));
        cr_expect_eq(run.exit_code, 4, "damage %zu: exit code %d", i, run.exit_code);
        cr_expect_null(program_read(&program, program_path(&program, "merged/results.jsonl")).data);
    }
    program_close(&program);
}

Test(merge, survives_counts_that_were_damaged_anywhere)
{
    struct program program;
    program_open(&program);
    const char *folder = program_path(&program, "whole"), *path = program_path(&program, "damaged.json");
    RUN(&program, "eval", support, "-q", "--out", folder);
    struct baton_str counts = program_read(&program, program_path(&program, "whole/counts.json"));
    unsigned refused = 0;
    for (size_t at = 0; at < counts.length; at += 13) {
        char *copy = baton_arena_copy(program.arena, counts.data, counts.length);
        copy[at] = "0:x \"-9"[at % 7];
        program_write(&program, "damaged.json", (struct baton_str){ copy, counts.length });
        struct baton_merge merge;
        struct baton_arena *arena = baton_arena_new(BATON_FILE_BYTES_MAX);
        struct baton_error err;
        enum baton_status status = baton_merge_load(&merge, arena, &path, 1, &err);
        cr_expect(status == BATON_OK || status == BATON_EINPUT, "at %zu: %s", at, err.text);
        refused += status != BATON_OK;
        baton_merge_clear(&merge);
        baton_arena_free(arena);
    }
    cr_expect_gt(refused, 50u);
    program_close(&program);
}

Test(merge, any_allocation_may_fail)
{
    struct program program;
    program_open(&program);
    const char *folder = program_path(&program, "whole");
    RUN(&program, "eval", support, "-q", "--out", folder);
    enum baton_status status = BATON_ENOMEM;
    unsigned n = 0;
    for (; status != BATON_OK && n < ALLOCATIONS_MAX; n++) {
        struct baton_merge merge;
        struct baton_error err;
        struct baton_arena *arena = baton_arena_new(BATON_FILE_BYTES_MAX);
        baton_arena_fail_after(n + 1);
        status = baton_merge_load(&merge, arena, &folder, 1, &err);
        baton_arena_fail_after(0);
        cr_expect(status == BATON_OK || status == BATON_ENOMEM || status == BATON_ELIMIT, "allocation %u: %s", n,
                  err.text);
        baton_merge_clear(&merge);
        baton_arena_free(arena);
    }
    cr_expect_eq(status, BATON_OK);
    cr_expect_gt(n, 20u);
    program_close(&program);
}

/* ---- rows ---- */

Test(rows, read_and_written_again_are_the_same_bytes)
{
    struct program program;
    struct baton_rows rows;
    struct baton_error err;
    struct baton_text again = baton_text_with_limit(64 * 1024 * 1024);
    uint64_t lines = 0;
    program_open(&program);
    RUN(&program, "eval", "fixtures/suites/tau_airline.yaml", "-q", "--out", program_path(&program, "out"),
        "--provider", "sim:adversary", "--repeat", "2");
    const char *path = program_path(&program, "out/results.jsonl");
    cr_assert_eq(baton_rows_open(&rows, path, &err), BATON_OK);
    for (;;) {
        struct baton_result result;
        cr_assert_eq(baton_rows_next(&rows, &err), BATON_OK, "%s", err.text);
        if (rows.line.length == 0) {
            break;
        }
        cr_assert_eq(baton_rows_read(&rows, &result, program.arena, &err), BATON_OK, "%s", err.text);
        cr_expect_eq(baton_rows_is_first(&rows), result.repeat == 0);
        baton_text_reset(&again);
        baton_result_write(&again, &result);
        cr_assert(baton_str_equal(baton_text_str(&again), rows.line), "line %u", rows.line_number);
        lines++;
    }
    cr_expect_eq(lines, 200u);
    baton_rows_close(&rows);
    baton_text_clear(&again);
    program_close(&program);
}

Test(rows, tells_first_repeats_by_the_head_of_a_line)
{
    static const struct row {
        const char *line;
        bool is_first;
    } lines[] = {
        { "{\"id\":\"a\",\"repeat\":0,\"status\":\"answered\"}\n", true },
        { "{\"id\":\"a\",\"repeat\":1,\"status\":\"answered\"}\n", false },
        { "{\"id\":\"a\",\"repeat\":10,\"status\":\"answered\"}\n", false },
        { "{\"id\":\"a\\\",\\\"repeat\\\":0,\",\"repeat\":3,\"status\":\"x\"}\n", false },
        { "{\"id\":\"\\\\\",\"repeat\":0,\"status\":\"x\"}\n", true },
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct baton_rows rows = { .line = baton_str_of(lines[i].line) };
        cr_expect_eq(baton_rows_is_first(&rows), lines[i].is_first, "%s", lines[i].line);
    }
}
