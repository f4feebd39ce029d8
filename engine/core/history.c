#include "engine/core/history.h"

#include "engine/base/grow.h"

static bool push(struct baton_arena *arena, struct baton_messages *messages, const struct baton_message *message)
{
    struct baton_message *list =
        baton_grow_arena(arena, messages->list, messages->count, &messages->capacity, sizeof *list);
    if (list == NULL) {
        return false;
    }
    messages->list = list;
    list[messages->count++] = *message;
    return true;
}

enum baton_status baton_history_append(struct baton_run *run, const struct baton_message *message,
                                       struct baton_error *err)
{
    if (!push(run->arena, &run->history, message) || (run->has_seen && !push(run->arena, &run->seen, message))) {
        return baton_run_no_memory(run, err);
    }
    return BATON_OK;
}

/* Whether a filter keeps the message, changed in place where it keeps only a part. */
static bool keeps(const struct baton_handoff *handoff, const struct baton_messages *all, uint32_t index,
                  struct baton_message *message)
{
    switch (handoff->history) {
    case BATON_HISTORY_FULL:
        return true;
    case BATON_HISTORY_NONE:
        return false;
    case BATON_HISTORY_LAST_USER:
        for (uint32_t later = index + 1; later < all->count; later++) {
            if (all->list[later].role == BATON_ROLE_USER) {
                return false;
            }
        }
        return message->role == BATON_ROLE_USER;
    case BATON_HISTORY_NO_TOOLS:
        message->calls = NULL;
        message->call_count = 0;
        message->native = (struct baton_native){ 0 }; /* it holds the calls too */
        return message->role == BATON_ROLE_USER ||
               (message->role == BATON_ROLE_ASSISTANT && message->content.length > 0);
    case BATON_HISTORY_LAST:
        return all->count - index <= handoff->history_last;
    }
    return true;
}

enum baton_status baton_history_filter(struct baton_run *run, const struct baton_handoff *handoff,
                                       struct baton_error *err)
{
    const struct baton_hooks *hooks = run->options.hooks;
    run->has_seen = false;
    run->seen = (struct baton_messages){ 0 };
    if (hooks != NULL && hooks->filter != NULL) {
        struct baton_messages out = { 0 };
        if (hooks->filter(hooks->user, handoff, run->history.list, run->history.count, run->arena, &out.list,
                          &out.count)) {
            out.capacity = out.count;
            run->seen = out;
            run->has_seen = true;
            return BATON_OK;
        }
    }
    if (handoff->history == BATON_HISTORY_FULL) {
        return BATON_OK;
    }
    for (uint32_t i = 0; i < run->history.count; i++) {
        struct baton_message message = run->history.list[i];
        /* A result whose call was cut off would make the request invalid. */
        bool is_orphan = message.role == BATON_ROLE_TOOL && run->seen.count == 0;
        if (keeps(handoff, &run->history, i, &message) && !is_orphan && !push(run->arena, &run->seen, &message)) {
            return baton_run_no_memory(run, err);
        }
    }
    run->has_seen = true;
    return BATON_OK;
}
