/* rebuild.c - writes conversations and a cassette of a joined trace; the agents file is written in rebuild_agents.c.
 *
 * The agents come first, as the handoffs of the file decide which calls of tools get a line of their own: a handoff has no
 * result, and a tool that was not on offer is answered by the run loop itself. Model calls are written in recorded order within
 * their conversation, and a replay gives them in that order; they are found by who asks, so the key of a line is that of the
 * asked agent's instructions.
 */
#include "sim/import/rebuild.h"

#include "engine/base/json_writer.h"
#include "sim/cassette/cassette.h"
#include "sim/import/join.h"
#include "sim/import/limits.h"
#include "sim/import/rebuild_agents.h"
#include "sim/import/trace_match.h"

#include <stdio.h>
#include <string.h>

enum { ID_BYTES = BATON_IMPORT_ID_BYTES_MAX + 16 };

struct rebuilding {
    const struct baton_import_options *options;
    struct baton_rebuilt *out;
    struct baton_arena *arena;
    struct baton_joined joined;
    struct baton_rebuilt_agents agents;
    struct baton_error *err;
};

void baton_rebuilt_clear(struct baton_rebuilt *rebuilt)
{
    baton_text_clear(&rebuilt->agents);
    baton_text_clear(&rebuilt->conversations);
    baton_text_clear(&rebuilt->cassette);
}

static struct baton_str id_of(const struct rebuilding *rebuilding, uint32_t conversation, char out[ID_BYTES])
{
    struct baton_str id = baton_str_cut(rebuilding->options->id, BATON_IMPORT_ID_BYTES_MAX);
    int length = rebuilding->joined.conversation_count == 1
                     ? snprintf(out, ID_BYTES, "%.*s", BATON_STR_ARGS(id))
                     : snprintf(out, ID_BYTES, "%.*s-%u", BATON_STR_ARGS(id), conversation + 1);
    return (struct baton_str){ out, (size_t)length };
}

/* ---- conversations ---- */

static void put_exchange(struct baton_json_writer *json, const struct baton_joined_call *call)
{
    baton_jw_open(json, '{');
    baton_jw_put_string(json, "role", "user");
    baton_jw_put_str(json, "content", baton_trace_user_text(call->recorded));
    if (call->starts_over) {
        baton_jw_put_string(json, "continue", "entry");
    }
    baton_jw_close(json, '}');
}

/* The next call from `at` on that begins an exchange of the conversation, or NULL. */
static const struct baton_joined_call *next_exchange(const struct rebuilding *rebuilding, uint32_t conversation,
                                                     const struct baton_joined_call *last, uint32_t *at)
{
    const struct baton_joined *joined = &rebuilding->joined;
    while (*at < joined->count) {
        const struct baton_joined_call *call = &joined->calls[(*at)++];
        bool is_new = last == NULL || call->exchange != last->exchange;
        if (call->conversation == conversation && call->nesting == 0 && !call->is_dropped && is_new) {
            return call;
        }
    }
    return NULL;
}

static void write_conversation(struct rebuilding *rebuilding, uint32_t conversation, struct baton_str id)
{
    struct baton_json_writer json = baton_json_writer_to(&rebuilding->out->conversations, 0);
    uint32_t at = 0;
    const struct baton_joined_call *call = next_exchange(rebuilding, conversation, NULL, &at);
    if (call == NULL) {
        return;
    }
    baton_jw_open(&json, '{');
    baton_jw_put_str(&json, "id", id);
    baton_jw_put_str(&json, "entry", baton_rebuilt_agents_name(&rebuilding->agents, call->agent));
    baton_jw_put_open(&json, "messages", '[');
    for (; call != NULL; call = next_exchange(rebuilding, conversation, call, &at)) {
        put_exchange(&json, call);
    }
    baton_jw_close(&json, ']');
    baton_jw_close(&json, '}');
    baton_text_putc(json.out, '\n');
    rebuilding->out->conversation_count++;
}

/* ---- the cassette ---- */

static struct baton_call_position position_of(const struct baton_joined_call *call, struct baton_str id)
{
    return (struct baton_call_position){ id, call->exchange, call->turn, call->nesting };
}

static void write_call(struct rebuilding *rebuilding, const struct baton_joined_call *call, struct baton_str id)
{
    struct baton_str instructions = rebuilding->joined.agents[call->agent].instructions;
    const struct baton_reply *reply = &call->recorded->reply;
    const struct baton_interaction about = {
        .key = baton_hash128(instructions.data, instructions.length),
        .position = position_of(call, id),
        .agent = baton_rebuilt_agents_name(&rebuilding->agents, call->agent),
        .recorded_at = rebuilding->options->day,
        .reply = { .latency_ns = reply->latency_ns, .ttft_ns = reply->ttft_ns },
    };
    baton_interaction_write_model(&rebuilding->out->cassette, rebuilding->options->values, rebuilding->arena, &about,
                                  &call->recorded->traffic, call->continues);
    rebuilding->out->call_count++;
}

/* Others are answered by the run loop: there is no such tool. */
static bool is_offered(const struct baton_joined *joined, uint32_t agent, struct baton_str tool)
{
    for (uint32_t i = 0; i < joined->count; i++) {
        const struct baton_trace_request *asked = &joined->calls[i].recorded->asked;
        for (uint32_t k = 0; k < asked->tool_count && joined->calls[i].agent == agent; k++) {
            if (baton_str_equal(asked->tools[k].name, tool)) {
                return true;
            }
        }
    }
    return false;
}

/* What came of the k-th call of a reply. */
static enum baton_status write_outcome(struct rebuilding *rebuilding, const struct baton_joined_call *call, uint32_t k,
                                       struct baton_str id, struct baton_text *scratch)
{
    const struct baton_outcome *outcome = &call->outcomes[k];
    struct baton_tool_call tool = call->recorded->reply.calls[k];
    struct baton_interaction about = { .kind = BATON_INTERACTION_TOOL,
                                       .position = position_of(call, id),
                                       .agent = baton_rebuilt_agents_name(&rebuilding->agents, call->agent),
                                       .recorded_at = rebuilding->options->day,
                                       .name = tool.name,
                                       .call = k,
                                       .arguments = tool.arguments,
                                       .result = outcome->text,
                                       .duration_ns = BATON_TIME_UNKNOWN };
    if (outcome->kind == BATON_OUTCOME_RUN) {
        about.run_by = baton_rebuilt_agents_name(&rebuilding->agents, outcome->agent);
    } else if (outcome->kind == BATON_OUTCOME_NONE) {
        about.result = BATON_STR("the recording does not tell what came of this call");
        about.is_error = true;
    }
    tool.arguments = tool.arguments.length == 0 ? BATON_STR("{}") : tool.arguments; /* as the run loop has it */
    enum baton_status status =
        baton_interaction_tool_key(&about.key, scratch, rebuilding->arena, id, &tool, rebuilding->err);
    if (status == BATON_OK) {
        baton_interaction_write_tool(&rebuilding->out->cassette, rebuilding->options->values, &about);
    }
    return status;
}

/* A line for each call of the reply that was no handoff. */
static enum baton_status write_outcomes(struct rebuilding *rebuilding, const struct baton_joined_call *call,
                                        struct baton_str id)
{
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    enum baton_status status = BATON_OK;
    for (uint32_t k = 0; k < call->recorded->reply.call_count && status == BATON_OK; k++) {
        struct baton_str tool = call->recorded->reply.calls[k].name;
        bool is_handoff;
        uint32_t target;
        status =
            baton_rebuilt_agents_handoff(&rebuilding->agents, call->agent, tool, &is_handoff, &target, rebuilding->err);
        if (status == BATON_OK && !is_handoff && is_offered(&rebuilding->joined, call->agent, tool)) {
            status = write_outcome(rebuilding, call, k, id, &scratch);
        }
    }
    baton_text_clear(&scratch);
    return status;
}

static enum baton_status write_calls(struct rebuilding *rebuilding, uint32_t conversation, struct baton_str id)
{
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i < rebuilding->joined.count && status == BATON_OK; i++) {
        const struct baton_joined_call *call = &rebuilding->joined.calls[i];
        if (call->conversation == conversation && !call->is_dropped) {
            write_call(rebuilding, call, id);
            status = write_outcomes(rebuilding, call, id);
        }
    }
    return status;
}

static enum baton_status write_cassette(struct rebuilding *rebuilding)
{
    const char *name = rebuilding->options->name, *slash = strrchr(name, '/');
    const struct baton_cassette_header header = { .created = rebuilding->options->day,
                                                  .source = baton_str_of(slash == NULL ? name : slash + 1),
                                                  .is_by_order = true };
    baton_cassette_header_write(&rebuilding->out->cassette, &header);
    for (uint32_t i = 0; i < rebuilding->joined.conversation_count; i++) {
        char id[ID_BYTES];
        enum baton_status status = write_calls(rebuilding, i, id_of(rebuilding, i, id));
        if (status != BATON_OK) {
            return status;
        }
        write_conversation(rebuilding, i, id_of(rebuilding, i, id));
    }
    return BATON_OK;
}

/* ---- all of it ---- */

static void skip_dropped(struct rebuilding *rebuilding)
{
    const struct baton_import_options *options = rebuilding->options;
    for (uint32_t i = 0; i < rebuilding->joined.count; i++) {
        const struct baton_trace_call *call = rebuilding->joined.calls[i].recorded;
        if (!rebuilding->joined.calls[i].is_dropped) {
            continue;
        }
        rebuilding->out->skipped_count++;
        if (options->skipped != NULL) {
            options->skipped(options->user, call->line, call->service, "it failed and was asked again");
        }
    }
}

static enum baton_status rebuild(struct rebuilding *rebuilding, const struct baton_trace *trace)
{
    struct baton_rebuilt *out = rebuilding->out;
    enum baton_status status = baton_join(&rebuilding->joined, rebuilding->arena, trace, rebuilding->err);
    if (status != BATON_OK) {
        return status;
    }
    skip_dropped(rebuilding);
    status = baton_rebuilt_agents_write(&out->agents, &out->agent_count, &rebuilding->agents, rebuilding->err);
    if (status != BATON_OK) {
        return status;
    }
    status = write_cassette(rebuilding);
    if (status != BATON_OK) {
        return status;
    }
    return out->agents.failed || out->conversations.failed || out->cassette.failed
               ? baton_error_over_limit(rebuilding->err, "'%s'", rebuilding->options->name)
               : BATON_OK;
}

enum baton_status baton_rebuild(struct baton_rebuilt *out, struct baton_arena *arena, const struct baton_trace *trace,
                                const struct baton_import_options *options, struct baton_error *err)
{
    struct rebuilding rebuilding = { .options = options, .out = out, .arena = arena, .err = err };
    rebuilding.agents =
        (struct baton_rebuilt_agents){ .name = options->name, .joined = &rebuilding.joined, .arena = arena };
    *out = (struct baton_rebuilt){ .agents = baton_text_with_limit(BATON_IMPORT_TEXT_BYTES_MAX),
                                   .conversations = baton_text_with_limit(BATON_IMPORT_TEXT_BYTES_MAX),
                                   .cassette = baton_text_with_limit(BATON_IMPORT_TEXT_BYTES_MAX),
                                   .skipped_count = trace->skipped_count };
    enum baton_status status = rebuild(&rebuilding, trace);
    if (status != BATON_OK) {
        baton_rebuilt_clear(out);
    }
    return status;
}
