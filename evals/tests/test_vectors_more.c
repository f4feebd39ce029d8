/* More vectors of fixtures/metrics/vectors.json (see test_vectors.c): what reached the next agent, and calibration. */
#include "evals/judge/judge.h"
#include "evals/stats/calibration.h"
#include "evals/tests/parsed.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MEMORY_MAX = 64 * 1024 * 1024, LIST_MAX = 64 };

/* The facts as an author writes them, against what the target's first request shows. */
Test(vectors, context_retention)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    const struct baton_json *vector =
        parsed_at(parsed_file(arena, "fixtures/metrics/vectors.json"), "context_retention");
    const struct baton_json *facts = parsed_at(vector, "in.established"), *lost = parsed_at(vector, "out.lost");
    struct baton_expected_text texts[LIST_MAX] = { { 0 } };
    struct baton_message shown[LIST_MAX] = { { 0 } };
    struct baton_turn first = { .seen = shown };
    struct baton_expect expect = { .first = BATON_NONE, .max_depth = -1, .max_turns = -1, .loop = -1, .status = -1 };
    struct baton_observation seen = { .status = BATON_RUN_ANSWERED, .final_first = &first };
    struct baton_verdict verdict;
    struct baton_result_label label;
    struct baton_error err;
    for (const struct baton_json *node = facts->child; node != NULL; node = node->next) {
        texts[expect.facts.count++].literal = node->text;
    }
    for (const struct baton_json *node = parsed_at(vector, "in.visible_to_target")->child; node != NULL;
         node = node->next) {
        shown[first.seen_count++].content = node->text;
    }
    expect.facts.list = texts;
    cr_assert_eq(baton_expect_judge(&verdict, &label, &expect, &seen, arena, &err), BATON_OK);
    cr_expect_float_eq((double)verdict.facts_kept / (double)expect.facts.count,
                       parsed_number(vector, "out.fact_retention"), 5.1e-7);
    cr_expect_eq(label.failed_count, lost->count);
    for (uint32_t i = 0; i < label.failed_count; i++) {
        char index[LIST_MAX];
        snprintf(index, sizeof index, "out.lost.%u", i);
        cr_expect_not_null(strstr(label.failed[i], parsed_text(vector, index).data), "%s", label.failed[i]);
    }
    baton_arena_free(arena);
}

Test(vectors, calibration)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    const struct baton_json *vector = parsed_at(parsed_file(arena, "fixtures/metrics/vectors.json"), "calibration");
    struct baton_confident answers[LIST_MAX];
    size_t count = 0;
    for (const struct baton_json *pair = parsed_at(vector, "in.conf_correct")->child; pair != NULL; pair = pair->next) {
        answers[count++] = (struct baton_confident){ .confidence = parsed_number(pair, "0"),
                                                     .is_correct = parsed_count(pair, "1") == 1 };
    }
    struct baton_calibration got = baton_calibrate(answers, count, (size_t)parsed_count(vector, "in.bins"));
    cr_expect_float_eq(got.mean_confidence, parsed_number(vector, "out.mean_confidence"), 5.1e-7);
    cr_expect_float_eq(got.accuracy, parsed_number(vector, "out.accuracy"), 5.1e-7);
    cr_expect_float_eq(got.brier, parsed_number(vector, "out.brier"), 5.1e-7);
    cr_expect_float_eq(got.ece, parsed_number(vector, "out.ece"), 5.1e-7);
    struct baton_threshold sure = baton_calibration_above(answers, count, 0.8);
    cr_expect_float_eq(sure.coverage, 0.5, 1e-12); /* 0.95 0.92 0.88 0.85 0.80, of which 0.85 is wrong */
    cr_expect_float_eq(sure.accuracy, 0.8, 1e-12);
    cr_expect(isnan(baton_calibration_above(answers, count, 1).accuracy));
    baton_arena_free(arena);
}
