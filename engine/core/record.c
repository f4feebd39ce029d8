#include "engine/core/record.h"

static const char *const status_names[] = { "answered", "handoff",    "max_turns", "max_handoffs",
                                            "loop",     "unanswered", "error" };
static const char *const choice_names[] = { "answer", "tools", "handoff", "rejected", "nothing" };

const char *baton_run_status_name(enum baton_run_status status)
{
    return status_names[status];
}

enum baton_run_status baton_run_status_find(struct baton_str name)
{
    unsigned i = 0;
    while (i <= BATON_RUN_ERROR && !baton_str_is(name, status_names[i])) {
        i++;
    }
    return (enum baton_run_status)i;
}

const char *baton_choice_name(enum baton_choice choice)
{
    return choice_names[choice];
}
