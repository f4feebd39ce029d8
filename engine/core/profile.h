/* profile.h - the rule set of one SDK, as data.
 *
 * The run loop reads these switches; it has no second loop for another SDK. A profile is one row of the table in
 * profile.c. The values follow SEMANTICS of the SDKs named at each; `baton` is the default and the only row so far.
 */
#ifndef BATON_ENGINE_CORE_PROFILE_H
#define BATON_ENGINE_CORE_PROFILE_H

#include "engine/base/arena.h"

/* How an agent's name becomes part of a tool's name. */
enum baton_name_rule {
    BATON_NAME_SAFE, /* bytes outside [A-Za-z0-9_-] become _, case kept, at most 64 bytes with a hash at the end */
    BATON_NAME_VERBATIM
};

/* Two callables of one agent with one name; read when agents are loaded, which refuses them under every value so far. */
enum baton_collision { BATON_COLLISION_ERROR, BATON_COLLISION_LAST_WINS, BATON_COLLISION_NONE };

/* Where the target of a transfer is looked up. */
enum baton_resolve { BATON_RESOLVE_DECLARED, BATON_RESOLVE_AGENTS_MAP };

/* Which of several handoffs in one response is taken. */
enum baton_multi { BATON_MULTI_FIRST, BATON_MULTI_LAST };

/* What the other ones get. */
enum baton_ignored { BATON_IGNORED_ANSWER, BATON_IGNORED_DROP };

/* Ordinary calls beside a handoff. */
enum baton_results_order { BATON_ORDER_CALL, BATON_ORDER_TOOLS_THEN_HANDOFF };

/* What a mistake in a response does. */
enum baton_on_mistake {
    BATON_MISTAKE_RESULT,   /* an error result; the agent keeps the floor */
    BATON_MISTAKE_RAISE,    /* the exchange ends with status error */
    BATON_MISTAKE_TRANSFER, /* a warning, and the handoff happens all the same */
    BATON_MISTAKE_EMPTY     /* a warning, and the tool gets {} */
};

enum baton_trust { BATON_TRUST_CALLS, BATON_TRUST_FINISH_REASON };

enum baton_continue { BATON_CONTINUE_ACTIVE, BATON_CONTINUE_ENTRY };

struct baton_profile {
    const char *name;
    enum baton_name_rule name_rule;
    enum baton_collision name_collision;
    const char *description_template; /* {name} and {description} are put in */
    enum baton_resolve resolve;
    const char *result_template; /* text of an accepted transfer; {name} is put in as JSON text */
    enum baton_multi multi;
    enum baton_ignored multi_ignored;
    enum baton_results_order results_order;
    bool tools_concurrent; /* ordinary calls of one response start together */
    enum baton_on_mistake unknown_tool;
    enum baton_on_mistake bad_json_handoff;       /* untyped */
    enum baton_on_mistake bad_json_handoff_typed; /* typed: bad JSON or against the schema */
    enum baton_on_mistake bad_json_tool;
    bool args_validate;              /* ordinary tools' arguments against their parameters */
    const char *tool_error_template; /* {message} is put in */
    int32_t max_turns;               /* default for files that say nothing; -1 = off */
    enum baton_trust finish_trust;
    bool tool_choice_reset; /* an agent's own tool_choice counts only until it has used a tool */
    bool transfer_result_event;
    bool no_call_ends_run;
    enum baton_continue continue_agent;
};

/* The default rules. */
const struct baton_profile *baton_profile_default(void);

/* The row of that name, or NULL. */
const struct baton_profile *baton_profile_find(struct baton_str name);

/* The i-th row, or NULL past the end; for messages and lists. */
const struct baton_profile *baton_profile_at(size_t i);

#endif
