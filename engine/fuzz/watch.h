/* watch.h - what holds for every conversation, whatever a fuzzer made of it; each breach is a trap.
 *
 * A watch is the sink of a run's events: numbered without gaps, each a line of JSON, one `done` an exchange. At the end the
 * record is looked at: each call has its result at its place, and what is written of it can be read again.
 */
#ifndef BATON_ENGINE_FUZZ_WATCH_H
#define BATON_ENGINE_FUZZ_WATCH_H

#include "engine/base/text.h"
#include "engine/core/run.h"

#include <stdlib.h>

struct watch {
    const struct baton_agents *agents;
    struct baton_arena *arena; /* for reading back what was written; as it was after each look */
    uint64_t seq_next;
    uint32_t done_count;
};

static inline void watch_claim(bool holds)
{
    if (!holds) {
        abort();
    }
}

static inline void watch_json(const struct watch *watch, const struct baton_text *text)
{
    struct baton_source source = { .name = "written", .text = baton_text_str(text) };
    struct baton_arena_mark mark = baton_arena_mark(watch->arena);
    const struct baton_json *root;
    struct baton_error err;
    enum baton_status status = text->failed ? BATON_ELIMIT : baton_json_parse(&root, watch->arena, &source, &err);
    watch_claim(status == BATON_OK || status == BATON_ELIMIT || status == BATON_ENOMEM);
    baton_arena_rollback(watch->arena, mark);
}

static inline void watch_event(void *user, const struct baton_event *event)
{
    struct watch *watch = user;
    watch_claim(event->seq == watch->seq_next);
    watch->seq_next++;
    if (event->type == BATON_EVENT_DONE && event->nesting == 0) {
        watch_claim(event->exchange == watch->done_count);
        watch->done_count++;
    }
    struct baton_text line = baton_text_with_limit((size_t)4 * 1024 * 1024);
    baton_event_write(&line, event, watch->agents);
    watch_json(watch, &line);
    baton_text_clear(&line);
}

static inline void watch_record(const struct watch *watch, const struct baton_run *run)
{
    uint32_t count;
    const struct baton_message *messages = baton_run_history(run, &count);
    for (uint32_t i = 0; i < count;) {
        const struct baton_message *message = &messages[i++];
        watch_claim(message->role != BATON_ROLE_TOOL);
        for (uint32_t c = 0; c < message->call_count; c++, i++) {
            watch_claim(i < count && messages[i].role == BATON_ROLE_TOOL &&
                        baton_str_equal(messages[i].tool_call_id, message->calls[c].id));
        }
    }
    struct baton_text text = baton_text_with_limit((size_t)16 * 1024 * 1024);
    baton_messages_write(&text, messages, count, watch->agents);
    watch_json(watch, &text);
    baton_text_clear(&text);
}

#endif
