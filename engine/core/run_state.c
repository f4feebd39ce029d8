#include "engine/core/run_state.h"

uint64_t baton_run_now(const struct baton_run *run)
{
    return run->options.clock->now_ns(run->options.clock) - run->origin_ns;
}

void baton_run_emit(struct baton_run *run, struct baton_event event)
{
    const struct baton_event_sink *sink = &run->options.events;
    if (sink->on_event == NULL) {
        return;
    }
    event.seq = (*run->seq_next)++;
    event.at_ns = baton_run_now(run);
    event.exchange = run->exchange->index;
    event.turn = run->exchange->turn_count == 0 ? 0 : run->exchange->turn_count - 1;
    event.nesting = run->options.nesting;
    event.agent = run->active;
    sink->on_event(sink->user, &event);
}

void baton_run_end(struct baton_run *run, enum baton_run_status status)
{
    run->exchange->status = status;
    run->is_over = true;
}

enum baton_status baton_run_no_memory(const struct baton_run *run, struct baton_error *err)
{
    return baton_error_over_limit(err, "the conversation '%.*s'", BATON_STR_ARGS(run->options.conversation_id));
}
