#include "engine/core/profile.h"

static const struct baton_profile profiles[] = {
    {
        .name = "baton",
        .name_rule = BATON_NAME_SAFE,
        .name_collision = BATON_COLLISION_ERROR,
        .description_template = "Hand off to {name}: {description}",
        .resolve = BATON_RESOLVE_DECLARED,
        .result_template = "{\"assistant\":{name}}",
        .multi = BATON_MULTI_FIRST,
        .multi_ignored = BATON_IGNORED_ANSWER,
        .results_order = BATON_ORDER_CALL,
        .tools_concurrent = true,
        .unknown_tool = BATON_MISTAKE_RESULT,
        .bad_json_handoff = BATON_MISTAKE_TRANSFER,
        .bad_json_handoff_typed = BATON_MISTAKE_RESULT,
        .bad_json_tool = BATON_MISTAKE_RESULT,
        .args_validate = true,
        .tool_error_template = "Error: {message}",
        .max_turns = 10,
        .finish_trust = BATON_TRUST_CALLS,
        .tool_choice_reset = true,
        .transfer_result_event = true,
        .no_call_ends_run = true,
        .continue_agent = BATON_CONTINUE_ACTIVE,
    },
};

const struct baton_profile *baton_profile_default(void)
{
    return &profiles[0];
}

const struct baton_profile *baton_profile_find(struct baton_str name)
{
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        if (baton_str_is(name, profiles[i].name)) {
            return &profiles[i];
        }
    }
    return NULL;
}

const struct baton_profile *baton_profile_at(size_t i)
{
    return i < sizeof profiles / sizeof *profiles ? &profiles[i] : NULL;
}
