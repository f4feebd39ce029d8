#include "engine/core/response.h"

#include "engine/base/text.h"
#include "engine/core/tool_name.h"
#include "engine/schema/schema.h"

#include <stdio.h>
#include <string.h>

const struct baton_agent *baton_response_speaker(const struct baton_response *response)
{
    return &response->run->options.agents->list[response->run->active];
}

enum baton_status baton_response_no_memory(struct baton_response *response)
{
    return baton_run_no_memory(response->run, response->err);
}

void baton_response_warn(struct baton_run *run, struct baton_str code, struct baton_str text)
{
    baton_run_emit(run, (struct baton_event){ .type = BATON_EVENT_WARNING, .name = code, .text = text });
}

/* Settles a call with an error result, in the profile's words. */
enum baton_status baton_response_refuse(struct baton_response *response, struct baton_plan *plan, const char *message)
{
    struct baton_str text = baton_str_of(message);
    plan->result = baton_template_fill(response->run->arena, response->run->profile->tool_error_template,
                                       (const char *[]){ "message" }, &text, 1);
    plan->is_error = plan->is_settled = true;
    if (plan->is_transfer && !plan->is_over_limit) {
        response->run->exchange->invalid_handoffs++;
        response->run->exchange->ended_rejected = true;
    }
    return plan->result.data == NULL ? baton_response_no_memory(response) : BATON_OK;
}

/* The whole exchange fails, where the profile's SDK would raise. */
enum baton_status baton_response_raise(struct baton_response *response, const char *message)
{
    struct baton_run *run = response->run;
    char *text = baton_arena_copy(run->arena, message, strlen(message));
    if (text == NULL) {
        return baton_response_no_memory(response);
    }
    run->exchange->text = baton_str_of(text);
    baton_run_end(run, BATON_RUN_ERROR);
    baton_run_emit(run, (struct baton_event){
                            .type = BATON_EVENT_ERROR, .name = BATON_STR("response"), .text = run->exchange->text });
    return BATON_OK;
}

enum baton_status baton_response_mistake(struct baton_response *response, struct baton_plan *plan,
                                         enum baton_on_mistake what, const char *message)
{
    if (what == BATON_MISTAKE_TRANSFER) {
        baton_response_warn(response->run, BATON_STR("bad_arguments"), plan->call->name);
        return BATON_OK;
    }
    return what == BATON_MISTAKE_RAISE ? baton_response_raise(response, message)
                                       : baton_response_refuse(response, plan, message);
}

/* ---- arguments ---- */

bool baton_response_is_empty(struct baton_str arguments)
{
    return arguments.length == 0 || baton_str_is(arguments, "{}");
}

/* Reads arguments as an object. NULL and a reason where they are not one. */
const struct baton_json *baton_response_arguments(struct baton_response *response, struct baton_str arguments,
                                                  char *reason, size_t bytes)
{
    struct baton_error parse_error;
    const struct baton_json *node = NULL;
    struct baton_source source = { .name = "arguments", .line_first = 1, .text = arguments };
    if (baton_json_parse(&node, response->run->arena, &source, &parse_error) != BATON_OK) {
        snprintf(reason, bytes, "cannot read the arguments: %.*s",
                 (int)baton_str_cut(baton_str_of(parse_error.text), 180).length, parse_error.text);
        return NULL;
    }
    if (node->type != BATON_JSON_OBJECT) {
        snprintf(reason, bytes, "the arguments must be an object, not %s", baton_json_type_name(node));
        return NULL;
    }
    return node;
}

struct baton_str baton_response_reason(const struct baton_json *arguments)
{
    const struct baton_json *node = arguments == NULL ? NULL : baton_json_get(arguments, "reason");
    return node != NULL && node->type == BATON_JSON_STRING ? node->text : (struct baton_str){ "", 0 };
}
