#include "engine/core/record.h"

static const char *const status_names[] = { "answered", "handoff",    "max_turns", "max_handoffs",
                                            "loop",     "unanswered", "error" };
static const char *const choice_names[] = { "answer", "tools", "handoff", "rejected", "nothing" };

const char *baton_run_status_name(enum baton_run_status status)
{
    return status_names[status];
}

const char *baton_choice_name(enum baton_choice choice)
{
    return choice_names[choice];
}
