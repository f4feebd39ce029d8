#include "evals/tally/flaky.h"

#include "engine/base/arena.h"

#include <string.h>

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
