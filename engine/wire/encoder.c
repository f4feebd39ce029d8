/* One walk over a request for all wire formats.
 *
 * The formats differ in how they write a message, a call or a tool, but not in what is sent: so the walk decides that, once,
 * and calls the format's table (encode.h) for the writing. It also holds what must be alike everywhere: a call and its result
 * share an id even where the provider gave none or gave one twice; a name that a model made up is made one that the services
 * accept; and what the same provider wrote itself (thinking with its signature, encrypted reasoning) goes back byte for byte.
 * The normal form of a request key leaves out what differs from run to run, ids above all. */
#include "engine/wire/encoder.h"

#include "engine/core/tool_name.h"
#include "engine/wire/encode.h"

#include <string.h>

#define SCHEMA_ANYTHING "{\"type\":\"object\",\"properties\":{}}"
#define SCHEMA_REASON \
    "{\"type\":\"object\",\"properties\":{\"reason\":{\"type\":\"string\"}},\"additionalProperties\":false}"

static enum baton_status over_limit(const struct baton_encoding *encoding)
{
    return baton_error_over_limit(encoding->err, "%s: the request", encoding->codec->name);
}

/* ---- ids of calls ---- */

static uint32_t count_calls(const struct baton_request *request)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < request->message_count; i++) {
        count += request->messages[i].call_count;
    }
    return count;
}

/* As it came; by its number in the normal form, and where the provider gave none. */
static struct baton_str written_id(struct baton_encoding *encoding, struct baton_str id, uint32_t number)
{
    if (id.length > 0 && !encoding->options->is_normal_form) {
        return id;
    }
    return baton_str_of(baton_arena_printf(encoding->request->arena, "c%u", number));
}

struct calls {
    struct baton_str *given;
    bool *is_answered;
    uint32_t count, last_first; /* number of the first call of the last message that has some */
};

/* The first call of the nearest message that has the id of a result and no result yet. */
static uint32_t answered_call(struct calls *calls, struct baton_str id)
{
    uint32_t found = BATON_NONE;
    for (uint32_t i = calls->count; i-- > 0 && (i >= calls->last_first || found == BATON_NONE);) {
        if (!calls->is_answered[i] && baton_str_equal(calls->given[i], id)) {
            found = i;
        }
    }
    if (found != BATON_NONE) {
        calls->is_answered[found] = true;
    }
    return found;
}

static enum baton_status number_calls(struct baton_encoding *encoding)
{
    const struct baton_request *request = encoding->request;
    struct baton_arena *arena = request->arena;
    uint32_t total = count_calls(request);
    struct calls calls = { .given = baton_arena_array(arena, total, sizeof *calls.given),
                           .is_answered = baton_arena_zero(arena, total * sizeof *calls.is_answered) };
    encoding->call_ids = baton_arena_array(arena, total, sizeof *encoding->call_ids);
    encoding->call_firsts = baton_arena_array(arena, request->message_count, sizeof *encoding->call_firsts);
    bool fits =
        calls.given != NULL && calls.is_answered != NULL && encoding->call_ids != NULL && encoding->call_firsts != NULL;
    for (uint32_t i = 0; i < request->message_count && fits; i++) {
        const struct baton_message *message = &request->messages[i];
        bool is_result = message->role == BATON_ROLE_TOOL;
        encoding->call_firsts[i] = is_result ? answered_call(&calls, message->tool_call_id) : calls.count;
        calls.last_first = message->call_count > 0 ? calls.count : calls.last_first;
        for (uint32_t k = 0; k < message->call_count && fits; k++, calls.count++) {
            calls.given[calls.count] = message->calls[k].id;
            encoding->call_ids[calls.count] = written_id(encoding, message->calls[k].id, calls.count);
            fits = encoding->call_ids[calls.count].data != NULL;
        }
    }
    return fits ? BATON_OK : over_limit(encoding);
}

/* The id of call `i` of a message, and of the call that a result answers. */
static struct baton_str call_id(const struct baton_encoding *encoding, uint32_t message, uint32_t i)
{
    return encoding->call_ids[encoding->call_firsts[message] + i];
}

static struct baton_str result_id(const struct baton_encoding *encoding, uint32_t message)
{
    uint32_t call = encoding->call_firsts[message];
    return call == BATON_NONE ? encoding->request->messages[message].tool_call_id : encoding->call_ids[call];
}

/* ---- tools ---- */

/* The i-th tool on offer: the agent's tools, then its enabled handoffs. False past the end. */
static bool offer_at(const struct baton_encoding *encoding, uint32_t i, struct baton_offer *offer)
{
    const struct baton_agent *agent = encoding->agent;
    if (i < agent->tool_count) {
        const struct baton_tool *tool = &encoding->request->agents->tools[agent->tools[i]];
        *offer = (struct baton_offer){ .name = tool->name,
                                       .description = tool->description,
                                       .schema = tool->parameters,
                                       .fallback = SCHEMA_ANYTHING };
        return true;
    }
    uint32_t left = i - agent->tool_count;
    for (uint32_t k = 0; k < agent->handoff_count; k++) {
        const struct baton_handoff *handoff = &agent->handoffs[k];
        if (encoding->request->handoff_enabled[k] && left-- == 0) {
            *offer = (struct baton_offer){ .name = handoff->tool_name,
                                           .description = handoff->description,
                                           .schema = handoff->input,
                                           .fallback = SCHEMA_REASON };
            return true;
        }
    }
    return false;
}

static enum baton_status choose(struct baton_encoding *encoding)
{
    static const char *const words[] = {
        [BATON_TOOLS_AUTO] = "auto", [BATON_TOOLS_NONE] = "none", [BATON_TOOLS_REQUIRED] = "required"
    };
    struct baton_str choice = encoding->request->tool_choice;
    struct baton_offer offer;
    encoding->choice = BATON_TOOLS_UNSET;
    if (choice.length == 0 || !offer_at(encoding, 0, &offer)) {
        return BATON_OK;
    }
    for (size_t i = BATON_TOOLS_AUTO; i <= BATON_TOOLS_REQUIRED; i++) {
        if (baton_str_is(choice, words[i])) {
            encoding->choice = (enum baton_choice_kind)i;
            return BATON_OK;
        }
    }
    encoding->choice = BATON_TOOLS_NAMED;
    for (uint32_t i = 0; offer_at(encoding, i, &offer); i++) {
        if (baton_str_equal(offer.name, choice)) {
            return BATON_OK;
        }
    }
    return baton_error_set(encoding->err, BATON_EUSAGE,
                           "agent '%.*s' has tool_choice '%.*s', which is not among the tools it is offered",
                           BATON_STR_ARGS(encoding->agent->name), BATON_STR_ARGS(choice));
}

static void write_tools(struct baton_encoding *encoding)
{
    const struct baton_request_form *form = encoding->codec->request;
    struct baton_json_writer *json = &encoding->json;
    struct baton_offer offer;
    if (!offer_at(encoding, 0, &offer)) {
        return;
    }
    baton_jw_put_open(json, "tools", '[');
    for (uint32_t i = 0; offer_at(encoding, i, &offer); i++) {
        baton_jw_open(json, '{');
        form->tool(encoding, &offer);
        baton_jw_close(json, '}');
    }
    baton_jw_close(json, ']');
    form->choice(encoding);
}

/* ---- messages as their provider wrote them ---- */

/* Calls without an id get one from us, which the provider's own words do not have. */
static bool is_native(const struct baton_encoding *encoding, const struct baton_message *message)
{
    bool is_its_own = message->native.format != NULL && strcmp(message->native.format, encoding->codec->name) == 0;
    for (uint32_t i = 0; i < message->call_count; i++) {
        is_its_own = is_its_own && message->calls[i].id.length > 0;
    }
    return is_its_own;
}

static bool is_id_key(struct baton_str key)
{
    return baton_str_is(key, "id") || baton_str_is(key, "call_id") || baton_str_is(key, "tool_use_id");
}

/* An id in the normal form: a call's number, nothing for all others. */
static struct baton_str normal_id(const struct baton_encoding *encoding, uint32_t index, struct baton_str id)
{
    const struct baton_message *message = &encoding->request->messages[index];
    for (uint32_t i = 0; i < message->call_count; i++) {
        if (baton_str_equal(message->calls[i].id, id)) {
            return call_id(encoding, index, i);
        }
    }
    return BATON_STR("");
}

/* Recursion is bounded by BATON_JSON_DEPTH_MAX. */
static void write_normal(struct baton_encoding *encoding, uint32_t index, const struct baton_json *node)
{
    struct baton_json_writer *json = &encoding->json;
    if (node->type != BATON_JSON_OBJECT && node->type != BATON_JSON_ARRAY) {
        baton_encode_node(encoding, node);
        return;
    }
    bool is_object = node->type == BATON_JSON_OBJECT;
    baton_jw_open(json, is_object ? '{' : '[');
    for (const struct baton_json *child = node->child; child != NULL; child = child->next) {
        if (is_object) {
            baton_jw_key_str(json, child->key);
        }
        if (is_object && is_id_key(child->key) && child->type == BATON_JSON_STRING) {
            baton_jw_str(json, normal_id(encoding, index, child->text));
        } else {
            write_normal(encoding, index, child);
        }
    }
    baton_jw_close(json, is_object ? '}' : ']');
}

/* An object, or the elements of a list without its brackets. */
static void write_native(struct baton_encoding *encoding, uint32_t index)
{
    struct baton_str native = encoding->request->messages[index].native.json;
    const struct baton_source source = { .name = "native", .text = native };
    const struct baton_json *root = NULL;
    struct baton_error ignored;
    if (encoding->options->is_normal_form &&
        baton_json_parse(&root, encoding->request->arena, &source, &ignored) == BATON_OK) {
        const struct baton_json *first = root->type == BATON_JSON_ARRAY ? root->child : root;
        for (const struct baton_json *item = first; item != NULL; item = item->next) {
            write_normal(encoding, index, item);
        }
        return;
    }
    if (native.length >= 2 && native.data[0] == '[') {
        native = (struct baton_str){ native.data + 1, native.length - 2 };
    }
    if (native.length > 0) {
        baton_jw_raw(&encoding->json, native);
    }
}

/* ---- messages ---- */

static void take_turn(struct baton_encoding *encoding, enum baton_turn turn)
{
    if (encoding->codec->request->take_turn != NULL) {
        encoding->codec->request->take_turn(encoding, turn);
    }
}

/* A tool's name as the provider APIs allow it: what a model made up need not be. */
static struct baton_str written_name(struct baton_encoding *encoding, struct baton_str name)
{
    if (baton_tool_name_is_safe(name)) {
        return name;
    }
    name.length = name.length < BATON_TOOL_NAME_BYTES_MAX ? name.length : BATON_TOOL_NAME_BYTES_MAX;
    return name.length == 0 ? BATON_STR("_") : baton_encode_safe(encoding, name);
}

static void write_answer(struct baton_encoding *encoding, uint32_t index)
{
    const struct baton_request_form *form = encoding->codec->request;
    const struct baton_message *message = &encoding->request->messages[index];
    form->answer(encoding, message);
    for (uint32_t i = 0; i < message->call_count; i++) {
        const struct baton_tool_call *made = &message->calls[i];
        const struct baton_tool_call call = { .id = call_id(encoding, index, i),
                                              .name = written_name(encoding, made->name),
                                              .arguments =
                                                  made->arguments.length > 0 ? made->arguments : BATON_STR("{}") };
        form->call(encoding, &call);
    }
    if (form->answer_end != NULL) {
        form->answer_end(encoding, message);
    }
}

/* False where the message is not sent. */
static bool write_message(struct baton_encoding *encoding, uint32_t index)
{
    const struct baton_request_form *form = encoding->codec->request;
    const struct baton_message *message = &encoding->request->messages[index];
    bool is_silent = message->content.length == 0 && message->call_count == 0;
    switch (message->role) {
    case BATON_ROLE_USER:
        take_turn(encoding, BATON_TURN_USER);
        form->text(encoding, BATON_ROLE_USER, message->content);
        return true;
    case BATON_ROLE_TOOL:
        take_turn(encoding, BATON_TURN_USER);
        form->result(encoding, result_id(encoding, index), message->content);
        return true;
    case BATON_ROLE_ASSISTANT:
        if (is_native(encoding, message)) {
            take_turn(encoding, BATON_TURN_MODEL);
            write_native(encoding, index);
            return true;
        }
        if (is_silent && form->skips_silence) {
            return false;
        }
        take_turn(encoding, BATON_TURN_MODEL);
        write_answer(encoding, index);
        return true;
    default:
        return false; /* the system prompt is the agent's, and is not among them */
    }
}

/* The agent's instructions and what a context provider added; empty = none. */
static struct baton_str system_prompt(struct baton_encoding *encoding)
{
    struct baton_str own = encoding->agent->instructions, extra = encoding->request->extra_instructions;
    if (own.length == 0 || extra.length == 0) {
        return own.length == 0 ? extra : own;
    }
    size_t length = own.length + 2 + extra.length;
    char *text = baton_arena_alloc(encoding->request->arena, length);
    if (text == NULL) {
        encoding->json.out->failed = true;
        return own;
    }
    memcpy(text, own.data, own.length);
    memcpy(text + own.length, "\n\n", 2);
    memcpy(text + own.length + 2, extra.data, extra.length);
    return (struct baton_str){ text, length };
}

static void write_messages(struct baton_encoding *encoding)
{
    const struct baton_request_form *form = encoding->codec->request;
    struct baton_json_writer *json = &encoding->json;
    const struct baton_str system = system_prompt(encoding);
    bool is_empty = true;
    if (system.length > 0 && form->system_key != NULL) {
        baton_jw_put_str(json, form->system_key, system);
    }
    baton_jw_put_open(json, form->messages_key, '[');
    if (system.length > 0 && form->system_key == NULL) {
        form->text(encoding, BATON_ROLE_SYSTEM, system);
    }
    for (uint32_t i = 0; i < encoding->request->message_count; i++) {
        bool is_sent = write_message(encoding, i);
        is_empty = is_empty && !is_sent;
    }
    if (is_empty) { /* no service takes a request without a word */
        take_turn(encoding, BATON_TURN_USER);
        form->text(encoding, BATON_ROLE_USER, BATON_STR(BATON_ENCODE_NO_TEXT));
    }
    take_turn(encoding, BATON_TURN_NOBODY);
    baton_jw_close(json, ']');
}

/* ---- the body ---- */

static void write_body(struct baton_encoding *encoding, struct baton_str model)
{
    const struct baton_request_form *form = encoding->codec->request;
    struct baton_json_writer *json = &encoding->json;
    const int64_t tokens_max = encoding->options->output_tokens_max;
    baton_jw_open(json, '{');
    baton_jw_put_str(json, "model", model);
    if (form->head != NULL) {
        form->head(encoding);
    }
    write_messages(encoding);
    write_tools(encoding);
    if (tokens_max > 0 && form->output_limit_key != NULL) {
        baton_jw_put_i64(json, form->output_limit_key, tokens_max);
    }
    form->tail(encoding);
    baton_jw_close(json, '}');
}

enum baton_status baton_encode(struct baton_text *out, const struct baton_codec *codec,
                               const struct baton_request *request, const struct baton_encode_options *options,
                               struct baton_error *err)
{
    const struct baton_agent *agent = &request->agents->list[request->agent];
    const struct baton_str model = options->model.length > 0 ? options->model : agent->model;
    const struct baton_arena_mark mark = baton_arena_mark(request->arena);
    struct baton_encoding encoding = { .json = baton_json_writer_to(out, 0),
                                       .codec = codec,
                                       .request = request,
                                       .options = options,
                                       .agent = agent,
                                       .err = err };
    if (model.length == 0) {
        return baton_error_set(err, BATON_EUSAGE, "agent '%.*s' has no model; give it a 'model' in the agents file",
                               BATON_STR_ARGS(agent->name));
    }
    enum baton_status status = choose(&encoding);
    if (status == BATON_OK) {
        status = number_calls(&encoding);
    }
    if (status == BATON_OK) {
        write_body(&encoding, model);
        status = out->failed ? over_limit(&encoding) : BATON_OK;
    }
    baton_arena_rollback(request->arena, mark);
    return status;
}
