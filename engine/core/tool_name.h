/* tool_name.h - names and small texts that a profile makes from agents.
 */
#ifndef BATON_ENGINE_CORE_TOOL_NAME_H
#define BATON_ENGINE_CORE_TOOL_NAME_H

#include "engine/core/profile.h"

/* Whether every provider takes it: 1 to 64 bytes of [A-Za-z0-9_-]. */
bool baton_tool_name_is_safe(struct baton_str name);

/* `transfer_to_` and the agent's name by the rule. Under BATON_NAME_SAFE a name that would be longer than 64 bytes is cut
 * and ends in `_` and 8 hex digits of its hash, so that long names stay distinct. data is NULL when out of memory. */
struct baton_str baton_transfer_name(struct baton_arena *arena, enum baton_name_rule rule, struct baton_str agent_name);

/* The template with each `{key}` replaced by its value; unknown braces stay. data is NULL when out of memory. */
struct baton_str baton_template_fill(struct baton_arena *arena, const char *template_text, const char *const *keys,
                                     const struct baton_str *values, size_t count);

#endif
