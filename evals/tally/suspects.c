#include "evals/tally/suspects.h"

#include "engine/base/arena.h"

#include <string.h>

static bool is_before(const struct baton_suspect *a, const struct baton_suspect *b)
{
    return a->order != b->order ? a->order < b->order : a->exchange < b->exchange;
}

static void keep(struct baton_suspects *suspects, const struct baton_suspect *one)
{
    uint32_t at = suspects->kept;
    while (at > 0 && is_before(one, &suspects->list[at - 1])) {
        at--;
    }
    if (at == BATON_SUSPECTS_MAX) {
        return;
    }
    char *id = baton_system_take(one->id.length + 1);
    if (id == NULL) {
        suspects->failed = true;
        return;
    }
    memcpy(id, one->id.data, one->id.length);
    if (suspects->kept == BATON_SUSPECTS_MAX) {
        baton_system_give((char *)(uintptr_t)suspects->list[--suspects->kept].id.data);
    }
    memmove(&suspects->list[at + 1], &suspects->list[at], (suspects->kept - at) * sizeof *suspects->list);
    suspects->kept++;
    suspects->list[at] = *one;
    suspects->list[at].id.data = id;
}

void baton_suspects_add(struct baton_suspects *suspects, const struct baton_suspect *one)
{
    suspects->count++;
    keep(suspects, one);
}

void baton_suspects_merge(struct baton_suspects *into, const struct baton_suspects *from)
{
    for (uint32_t i = 0; i < from->kept; i++) {
        keep(into, &from->list[i]);
    }
    into->count += from->count;
    into->failed = into->failed || from->failed;
}

void baton_suspects_clear(struct baton_suspects *suspects)
{
    for (uint32_t i = 0; i < suspects->kept; i++) {
        baton_system_give((char *)(uintptr_t)suspects->list[i].id.data);
    }
    *suspects = (struct baton_suspects){ 0 };
}
