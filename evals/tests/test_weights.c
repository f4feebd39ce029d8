/* Wrong routes by what they cost: the nearest weight counts, and shards put together cost the same. */
#include "evals/tally/weights.h"
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static const char *suite_with(struct program *program, const char *weights)
{
    char *here = realpath("fixtures", NULL);
    const char *path = program_file(program, "s.yaml",
                                    program_text(program,
                                                 "version: 1\nname: s\nagents: %s/agents/support.yaml\n"
                                                 "conversations: [%s/conversations/support/routing.jsonl]\n%s\n",
                                                 here, here, weights));
    free(here);
    return path;
}

Test(weights, the_nearest_counts)
{
    static const struct row {
        const char *name, *weights;
        double
            cost; /* of one misroute billing > tech_support, one tech_support > @none, one needless triage > tech_support */
    } rows[] = {
        { "each as one", "weights: { '*': 1 }", 3 },
        { "a pair", "weights: { 'billing > tech_support': 5 }", 7 },
        { "what is got", "weights: { '* > @none': 20 }", 22 },
        { "the pair before what is got", "weights: { '* > @none': 20, 'tech_support > @none': 10 }", 12 },
        { "what is wanted before what is got", "weights: { '* > tech_support': 7, 'billing > *': 3 }", 11 },
        { "nothing", "weights: { '*': 0 }", 0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program program;
        program_open(&program);
        struct program_run run = RUN(&program, "eval", suite_with(&program, rows[i].weights), "--json");
        const struct baton_json *got = parsed_json(program.arena, run.out, rows[i].name);
        double n = (double)parsed_count(got, "routing.accuracy.n");
        cr_expect_float_eq(parsed_number(got, "routing.cost") * n, rows[i].cost, 1e-4, "%s: %g", rows[i].name,
                           parsed_number(got, "routing.cost") * n);
        program_close(&program);
    }
}

Test(weights, are_read_strictly)
{
    static const char *const wrong[] = {
        "weights: { billing: 2 }",           "weights: { 'biling > sales': 2 }", "weights: { 'billing > sales': -1 }",
        "weights: { 'billing > sales': x }", "weights: { '@none > sales': 1 }",  "weights: [1]"
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct program program;
        program_open(&program);
        struct program_run run = RUN(&program, "eval", suite_with(&program, wrong[i]), "-q");
        cr_expect_eq(run.exit_code, 4, "%s", wrong[i]);
        cr_expect(program_has(run.err, "s.yaml:5"), "%s: %.*s", wrong[i], (int)run.err.length, run.err.data);
        program_close(&program);
    }
}

Test(weights, of_shards_merged_are_those_of_the_whole)
{
    struct program program;
    program_open(&program);
    const char *suite = suite_with(&program, "weights: { '* > @none': 20, 'billing > tech_support': 2.5 }\n"
                                             "gates: [routing.cost <= 1]");
    const char *one = program_path(&program, "1"), *two = program_path(&program, "2"),
               *whole = program_path(&program, "w");
    const char *merged = program_path(&program, "m");
    cr_expect_eq(RUN(&program, "eval", suite, "-q", "--out", whole).exit_code, 0);
    RUN(&program, "eval", suite, "-q", "--out", one, "--shard=1/2");
    RUN(&program, "eval", suite, "-q", "--out", two, "--shard=2/2");
    cr_expect_eq(RUN(&program, "merge", "-q", one, two, "--out", merged).exit_code, 0);
    struct baton_str want = program_read(&program, program_path(&program, "w/summary.json"));
    cr_expect(want.length > 0 &&
              baton_str_equal(want, program_read(&program, program_path(&program, "m/summary.json"))));
    suite_with(&program, "weights: { '*': 2 }\ngates: [routing.cost <= 1]");
    RUN(&program, "eval", suite, "-q", "--out", two, "--shard=2/2");
    cr_expect_eq(RUN(&program, "merge", "-q", one, two).exit_code, 4, "other weights");
    program_close(&program);
}
