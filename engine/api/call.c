/* call.c - one call of a callback: what is asked, told when the host looks at it, and what it answers, kept as it comes.
 *
 * Short texts are told at once; messages, instructions and the request are long, and written only when they are asked for. All of
 * that is rolled back when the callback returns. A provider's text goes on to whoever listens piece by piece, and is kept
 * whole besides.
 */
#include "engine/api/call.h"

#include "engine/api/give.h"
#include "engine/base/json_writer.h"
#include "engine/core/tools.h"
#include "engine/wire/codecs.h"
#include "engine/wire/encoder.h"
#include "engine/wire/limits.h"

#include <string.h>

enum { FIRST_CALLS = 4 };

static const char *tell(struct baton_call *call, struct baton_str text)
{
    const char *told = baton_give_text(call->told, text);
    call->is_out_of_memory = call->is_out_of_memory || told == NULL;
    return told == NULL ? "" : told;
}

void baton_call_begin(struct baton_call *call, const struct baton_call_asked *asked, struct baton_arena *told,
                      struct baton_arena *kept)
{
    *call = (struct baton_call){ .asked = *asked,
                                 .told = told,
                                 .mark = baton_arena_mark(told),
                                 .kept = kept,
                                 .text = baton_text_with_limit(BATON_FILE_BYTES_MAX) };
    call->conversation = tell(call, asked->conversation_id);
    call->agent = tell(call, baton_agent_name(asked->agents, asked->agent));
    call->name = tell(call, asked->name);
    call->arguments = tell(call, asked->arguments);
}

struct baton_str baton_call_answer(struct baton_call *call)
{
    const char *text = baton_give_text(call->kept, baton_text_str(&call->text));
    call->is_out_of_memory = call->is_out_of_memory || text == NULL || call->text.failed;
    return baton_str_of(text);
}

void baton_call_end(struct baton_call *call)
{
    baton_text_clear(&call->text);
    baton_arena_rollback(call->told, call->mark);
}

/* ---- what is asked ---- */

const char *baton_call_conversation(const struct baton_call *call)
{
    return call->conversation;
}

const char *baton_call_agent(const struct baton_call *call)
{
    return call->agent;
}

const char *baton_call_name(const struct baton_call *call)
{
    return call->name;
}

const char *baton_call_arguments(const struct baton_call *call)
{
    return call->arguments;
}

uint32_t baton_call_exchange(const struct baton_call *call)
{
    return call->asked.exchange;
}

uint32_t baton_call_turn(const struct baton_call *call)
{
    return call->asked.turn;
}

uint32_t baton_call_nesting(const struct baton_call *call)
{
    return call->asked.nesting;
}

int baton_call_is_aborted(const struct baton_call *call)
{
    return call->asked.aborted != NULL && __atomic_load_n(call->asked.aborted, __ATOMIC_RELAXED) != 0;
}

/* What was written, and forgets it there. */
static const char *tell_written(struct baton_call *call, struct baton_text *written)
{
    call->is_out_of_memory = call->is_out_of_memory || written->failed;
    const char *told = tell(call, baton_text_str(written));
    baton_text_clear(written);
    return told;
}

const char *baton_call_messages(struct baton_call *call)
{
    if (call->messages == NULL && call->asked.messages != NULL) {
        struct baton_text text = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
        baton_messages_write(&text, call->asked.messages, call->asked.message_count, call->asked.agents);
        call->messages = tell_written(call, &text);
    }
    return call->messages == NULL ? "" : call->messages;
}

const char *baton_call_instructions(struct baton_call *call)
{
    const struct baton_request *request = call->asked.request;
    if (request == NULL) {
        return "";
    }
    struct baton_str own = request->agents->list[request->agent].instructions, extra = request->extra_instructions;
    struct baton_text text = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    baton_text_append(&text, own.data, own.length);
    baton_text_puts(&text, own.length > 0 && extra.length > 0 ? "\n\n" : "");
    baton_text_append(&text, extra.data, extra.length);
    return tell_written(call, &text);
}

const char *baton_call_request(struct baton_call *call)
{
    const struct baton_request *request = call->asked.request;
    if (request == NULL) {
        return "";
    }
    const struct baton_codec *codec = baton_codec_find(BATON_STR("openai"));
    bool has_model = request->agents->list[request->agent].model.length > 0;
    struct baton_encode_options options = { .model = has_model ? BATON_STR("") : BATON_STR("host") };
    struct baton_text text = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    struct baton_error err;
    enum baton_status status = baton_encode(&text, codec, request, &options, &err);
    if (status == BATON_OK) {
        return tell_written(call, &text);
    }
    baton_text_clear(&text);
    call->is_out_of_memory = call->is_out_of_memory || status != BATON_EUSAGE;
    baton_call_error(call, err.text);
    return NULL;
}

/* ---- the answer ---- */

void baton_call_text(struct baton_call *call, const char *text)
{
    const struct baton_request *request = call->asked.request;
    struct baton_str piece = baton_str_of(text);
    if (text == NULL || call->has_failed) {
        return;
    }
    if (call->text.data == NULL) {
        baton_text_puts(&call->text, ""); /* an empty text is one too */
    }
    baton_text_append(&call->text, piece.data, piece.length);
    if (request != NULL && request->on_text != NULL && piece.length > 0) {
        request->on_text(request->user, piece);
    }
}

void baton_call_error(struct baton_call *call, const char *text)
{
    if (!call->has_failed) {
        call->has_failed = true;
        baton_text_reset(&call->text);
        baton_text_puts(&call->text, text == NULL || text[0] == '\0' ? "the host gave no reason" : text);
    }
}

/* Room for one call more, or NULL. */
static struct baton_tool_call *call_push(struct baton_call *call)
{
    if (call->call_count == call->call_capacity) {
        uint32_t capacity = call->call_capacity == 0 ? FIRST_CALLS : call->call_capacity * 2;
        struct baton_tool_call *longer = baton_arena_array(call->kept, capacity, sizeof *longer);
        if (longer == NULL) {
            call->is_out_of_memory = true;
            return NULL;
        }
        if (call->call_count > 0) {
            memcpy(longer, call->calls, call->call_count * sizeof *longer);
        }
        call->calls = longer;
        call->call_capacity = capacity;
    }
    return &call->calls[call->call_count++];
}

static struct baton_str keep(struct baton_call *call, const char *text)
{
    const char *kept = text == NULL ? NULL : baton_give_text(call->kept, baton_str_of(text));
    call->is_out_of_memory = call->is_out_of_memory || kept == NULL;
    return baton_str_of(kept);
}

void baton_call_tool(struct baton_call *call, const char *id, const char *name, const char *arguments)
{
    struct baton_tool_call *added = call_push(call);
    if (added == NULL) {
        return;
    }
    const struct baton_call_asked *asked = &call->asked;
    added->id = keep(call, id != NULL ? id
                                      : baton_arena_printf(call->told, "call_%u_%u_%u_%u", asked->nesting,
                                                           asked->exchange, asked->turn, call->call_count - 1));
    added->name = keep(call, name == NULL ? "" : name);
    added->arguments = keep(call, arguments == NULL ? "" : arguments);
}

/* The tool by which the agent that is asked hands over to another. */
static const char *transfer_name(struct baton_call *call, struct baton_str target)
{
    const struct baton_agents *agents = call->asked.agents;
    const struct baton_agent *agent = &agents->list[call->asked.agent];
    for (uint32_t i = 0; i < agent->handoff_count; i++) {
        if (baton_str_equal(baton_agent_name(agents, agent->handoffs[i].target), target)) {
            return tell(call, agent->handoffs[i].tool_name);
        }
    }
    return baton_arena_printf(call->told, BATON_TRANSFER_PREFIX "%.*s", BATON_STR_ARGS(target));
}

void baton_call_handoff(struct baton_call *call, const char *agent, const char *reason)
{
    struct baton_text arguments = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    struct baton_json_writer writer = baton_json_writer_to(&arguments, 0);
    if (reason != NULL) {
        baton_jw_open(&writer, '{');
        baton_jw_put_str(&writer, "reason", baton_str_of(reason));
        baton_jw_close(&writer, '}');
    }
    const char *name = transfer_name(call, baton_str_of(agent));
    call->is_out_of_memory = call->is_out_of_memory || name == NULL || arguments.failed;
    baton_call_tool(call, NULL, name, arguments.data);
    baton_text_clear(&arguments);
}

void baton_call_usage(struct baton_call *call, int64_t input_tokens, int64_t output_tokens)
{
    call->usage = (struct baton_usage){ .input = input_tokens < 0 ? 0 : input_tokens,
                                        .output = output_tokens < 0 ? 0 : output_tokens,
                                        .is_known = true };
}
