#include "engine/core/loop.h"

#include <assert.h>
#include <stddef.h>

enum { PATH_MASK = BATON_LOOP_PATH_MAX - 1 };

_Static_assert((BATON_LOOP_PATH_MAX & PATH_MASK) == 0, "a ring is masked, not divided");
_Static_assert(BATON_LOOP_PATH_MAX >= BATON_LOOP_REPEATS_MAX * BATON_LOOP_CYCLE_MAX + 1,
               "the longest stretch must fit");

static void marks_wipe(struct baton_loop_marks *marks)
{
    for (uint32_t i = 0; i < marks->agent_count; i++) {
        marks->of_agent[i] = (struct baton_loop_mark){ 0 };
    }
    marks->epoch = 0;
}

void baton_loop_marks_init(struct baton_loop_marks *marks, struct baton_loop_mark *of_agent, uint32_t agent_count)
{
    marks->of_agent = of_agent;
    marks->agent_count = agent_count;
    marks_wipe(marks);
}

void baton_loop_init(struct baton_loop *loop, struct baton_loop_marks *marks, const struct baton_loop_options *options)
{
    assert(options->repeats >= BATON_LOOP_REPEATS_MIN && options->repeats <= BATON_LOOP_REPEATS_MAX);
    assert(options->max_cycle >= BATON_LOOP_CYCLE_MIN && options->max_cycle <= BATON_LOOP_CYCLE_MAX);
    if (marks->epoch == UINT32_MAX) {
        marks_wipe(marks);
    }
    marks->epoch++;
    /* Field by field: an initialiser for the whole would clear the path as well. */
    loop->cycle = (struct baton_loop_cycle){ 0 };
    loop->standstill = (struct baton_loop_standstill){ 0 };
    loop->is_revisit = false;
    loop->path_count = 0;
    loop->options = *options;
    loop->marks = marks;
}

/* Progress never goes back, so the mark needs to keep no more than the latest progress and where it began. */
static void visit_note(struct baton_loop *loop, uint32_t agent, uint32_t index, uint32_t progress)
{
    struct baton_loop_mark *mark = &loop->marks->of_agent[agent];
    bool is_revisit = mark->epoch == loop->marks->epoch;
    if (is_revisit) {
        loop->is_revisit = true;
    }
    if (!is_revisit || mark->progress != progress) {
        *mark = (struct baton_loop_mark){ loop->marks->epoch, index, progress };
    } else if (!loop->standstill.is_found) {
        loop->standstill = (struct baton_loop_standstill){ true, index, mark->first_index };
    }
}

/* Whether the last `length` agents each equal the one `period` before. */
static bool has_period(const struct baton_loop *loop, uint32_t period, uint32_t length)
{
    uint32_t end = loop->path_count;
    for (uint32_t back = 1; back <= length; back++) {
        if (loop->path[(end - back) & PATH_MASK] != loop->path[(end - back - period) & PATH_MASK]) {
            return false;
        }
    }
    return true;
}

/* The shortest word is primitive by itself: were it a power of a shorter one, that would have been found before. */
static uint32_t shortest_cycle(const struct baton_loop *loop)
{
    uint32_t repeats = loop->options.repeats;
    for (uint32_t k = 1; k <= loop->options.max_cycle && k * repeats <= loop->path_count; k++) {
        if (has_period(loop, k, k * (repeats - 1))) {
            return k;
        }
    }
    return 0;
}

static enum baton_loop_kind kind_of(uint32_t k)
{
    return k == 1 ? BATON_LOOP_SELF : k == 2 ? BATON_LOOP_PING_PONG : BATON_LOOP_CYCLE;
}

uint32_t baton_loop_note(struct baton_loop *loop, uint32_t agent, uint32_t progress)
{
    assert(agent < loop->marks->agent_count && loop->path_count < UINT32_MAX);
    uint32_t index = loop->path_count++;
    loop->path[index & PATH_MASK] = agent;
    visit_note(loop, agent, index, progress);
    uint32_t k = shortest_cycle(loop);
    if (k > 0 && loop->cycle.kind == BATON_LOOP_NONE) {
        uint32_t onset = index + 1 - k * (loop->options.repeats - 1);
        loop->cycle = (struct baton_loop_cycle){ kind_of(k), k, onset, index };
    }
    return k;
}

const char *baton_loop_kind_name(enum baton_loop_kind kind)
{
    static const char *const names[] = {
        [BATON_LOOP_NONE] = "none",
        [BATON_LOOP_SELF] = "self",
        [BATON_LOOP_PING_PONG] = "ping_pong",
        [BATON_LOOP_CYCLE] = "cycle",
    };
    assert((size_t)kind < sizeof names / sizeof *names);
    return names[kind];
}

struct baton_loop_cost baton_loop_cost(const struct baton_loop_turns *turns)
{
    assert(turns->onset <= turns->detected);
    uint32_t onset = turns->onset < turns->max_turns ? turns->onset : turns->max_turns;
    uint32_t detected = turns->detected < turns->max_turns ? turns->detected : turns->max_turns;
    return (struct baton_loop_cost){
        .wasted_with = detected - onset,
        .wasted_without = turns->max_turns - onset,
        .saved = turns->max_turns - detected,
    };
}
