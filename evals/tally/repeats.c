#include "evals/tally/repeats.h"

struct baton_repeats baton_repeats_begin(const struct baton_tally *tally)
{
    return (struct baton_repeats){ .final_n = tally->counts.final_n, .final_correct = tally->counts.final_correct };
}

void baton_repeats_add(struct baton_repeats *repeats, const struct baton_result *result)
{
    enum baton_test_outcome outcome = baton_result_outcome(result);
    bool passed = outcome == BATON_TEST_PASSED;
    if (!passed && outcome != BATON_TEST_FAILED) {
        return; /* without a verdict */
    }
    repeats->flips += repeats->n > 0 && passed != repeats->last_passed;
    repeats->last_passed = passed;
    repeats->n++;
    repeats->passed += passed;
}

bool baton_repeats_decided(const struct baton_repeats *repeats, const struct baton_sprt *plan)
{
    struct baton_trials trials = { .count = repeats->n, .passed = repeats->passed };
    return plan != NULL && repeats->n > 0 && baton_resample_sprt_decide(plan, trials) != BATON_SPRT_CONTINUE;
}

void baton_repeats_end(const struct baton_repeats *repeats, struct baton_tally *tally, struct baton_str id)
{
    uint64_t n = tally->counts.final_n - repeats->final_n,
             correct = tally->counts.final_correct - repeats->final_correct;
    if (n > 0 && n <= UINT32_MAX) {
        baton_counter_add(&tally->clusters, n << 32 | correct, 1);
    }
    if (repeats->n > 0) {
        baton_counter_add(&tally->trials, (uint64_t)repeats->n << 32 | repeats->passed, 1);
    }
    if (repeats->passed > 0 && repeats->passed < repeats->n) {
        struct baton_flaky one = { .id = id, .n = repeats->n, .passed = repeats->passed, .flips = repeats->flips };
        baton_flaky_add(&tally->flaky, &one);
    }
}
