#include "evals/tally/repeats.h"

#include "evals/tally/tally.h"
#include "reports/result.h"

#include <string.h>

/* ---- the flakiest ---- */

/* How far the share of passes is from one half, twice, times n. */
static uint64_t steadiness(const struct baton_flaky *one)
{
    uint64_t passed = (uint64_t)one->passed * 2;
    return passed > one->n ? passed - one->n : one->n - passed;
}

static int by_id(struct baton_str a, struct baton_str b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

/* Whether a stands before b. */
static bool is_before(const struct baton_flaky *a, const struct baton_flaky *b)
{
    uint64_t left = steadiness(a) * b->n, right = steadiness(b) * a->n;
    if (left != right) {
        return left < right;
    }
    return a->flips != b->flips ? a->flips > b->flips : by_id(a->id, b->id) < 0;
}

void baton_flaky_add(struct baton_flaky_list *flaky, const struct baton_flaky *one)
{
    uint32_t at = flaky->count;
    while (at > 0 && is_before(one, &flaky->list[at - 1])) {
        at--;
    }
    if (at == BATON_FLAKY_MAX) {
        return;
    }
    char *id = baton_system_take(one->id.length + 1);
    if (id == NULL) {
        flaky->failed = true;
        return;
    }
    memcpy(id, one->id.data, one->id.length);
    if (flaky->count == BATON_FLAKY_MAX) {
        baton_system_give((char *)(uintptr_t)flaky->list[--flaky->count].id.data);
    }
    memmove(&flaky->list[at + 1], &flaky->list[at], (flaky->count - at) * sizeof *flaky->list);
    flaky->count++;
    flaky->list[at] = *one;
    flaky->list[at].id.data = id;
}

void baton_flaky_merge(struct baton_flaky_list *into, const struct baton_flaky_list *from)
{
    for (uint32_t i = 0; i < from->count; i++) {
        baton_flaky_add(into, &from->list[i]);
    }
    into->failed = into->failed || from->failed;
}

void baton_flaky_clear(struct baton_flaky_list *flaky)
{
    for (uint32_t i = 0; i < flaky->count; i++) {
        baton_system_give((char *)(uintptr_t)flaky->list[i].id.data);
    }
    *flaky = (struct baton_flaky_list){ 0 };
}

/* ---- one conversation ---- */

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
