#include "engine/wire/encode.h"

#include "engine/core/tool_name.h"

#include <string.h>

#define SCHEMA_ANYTHING "{\"type\":\"object\",\"properties\":{}}"
#define SCHEMA_REASON \
    "{\"type\":\"object\",\"properties\":{\"reason\":{\"type\":\"string\"}},\"additionalProperties\":false}"
static enum baton_status no_memory(const struct baton_encoding *encoding)
{
    return baton_error_set(encoding->err, BATON_ELIMIT, "%s: the request needs more memory than is allowed",
                           encoding->codec->name);
}

static void put_node(struct baton_encoding *encoding, const struct baton_json *node)
{
    baton_jw_raw(&encoding->json, BATON_STR("")); /* the comma, if one is due */
    baton_json_write(encoding->json.out, node);
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
    const char *text = baton_arena_printf(encoding->request->arena, "c%u", number);
    return text == NULL ? (struct baton_str){ NULL, 0 } : baton_str_of(text);
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
    return fits ? BATON_OK : no_memory(encoding);
}

struct baton_str baton_encode_call_id(const struct baton_encoding *encoding, uint32_t message, uint32_t i)
{
    return encoding->call_ids[encoding->call_firsts[message] + i];
}

struct baton_str baton_encode_result_id(const struct baton_encoding *encoding, uint32_t message)
{
    uint32_t call = encoding->call_firsts[message];
    return call == BATON_NONE ? encoding->request->messages[message].tool_call_id : encoding->call_ids[call];
}

/* ---- begin and end ---- */

static enum baton_status choose(struct baton_encoding *encoding)
{
    static const char *const words[] = {
        [BATON_TOOLS_AUTO] = "auto", [BATON_TOOLS_NONE] = "none", [BATON_TOOLS_REQUIRED] = "required"
    };
    struct baton_str choice = encoding->request->tool_choice;
    struct baton_offer offer;
    encoding->choice = BATON_TOOLS_UNSET;
    if (choice.length == 0 || !baton_encode_offer(encoding, 0, &offer)) {
        return BATON_OK;
    }
    for (size_t i = BATON_TOOLS_AUTO; i <= BATON_TOOLS_REQUIRED; i++) {
        if (baton_str_is(choice, words[i])) {
            encoding->choice = (enum baton_choice_kind)i;
            return BATON_OK;
        }
    }
    encoding->choice = BATON_TOOLS_NAMED;
    for (uint32_t i = 0; baton_encode_offer(encoding, i, &offer); i++) {
        if (baton_str_equal(offer.name, choice)) {
            return BATON_OK;
        }
    }
    return baton_error_set(
        encoding->err, BATON_EUSAGE, "agent '%.*s' has tool_choice '%.*s', which is not among the tools it is offered",
        (int)encoding->agent->name.length, encoding->agent->name.data, (int)choice.length, choice.data);
}

enum baton_status baton_encode_begin(struct baton_encoding *encoding, struct baton_text *out,
                                     const struct baton_codec *codec, const struct baton_request *request,
                                     const struct baton_encode_options *options, struct baton_error *err)
{
    const struct baton_agent *agent = &request->agents->list[request->agent];
    struct baton_str model = options->model.length > 0 ? options->model : agent->model;
    *encoding = (struct baton_encoding){ .json = baton_json_writer_to(out, 0),
                                         .codec = codec,
                                         .request = request,
                                         .options = options,
                                         .agent = agent,
                                         .mark = baton_arena_mark(request->arena),
                                         .err = err };
    if (model.length == 0) {
        return baton_error_set(err, BATON_EUSAGE, "agent '%.*s' has no model; give it a 'model' in the agents file",
                               (int)agent->name.length, agent->name.data);
    }
    enum baton_status status = number_calls(encoding);
    status = status == BATON_OK ? choose(encoding) : status;
    baton_jw_open(&encoding->json, '{');
    baton_encode_pair(encoding, "model", model);
    return status;
}

enum baton_status baton_encode_end(struct baton_encoding *encoding, enum baton_status status)
{
    baton_arena_rollback(encoding->request->arena, encoding->mark);
    if (status == BATON_OK) {
        baton_jw_close(&encoding->json, '}');
        status = encoding->json.out->failed ? no_memory(encoding) : BATON_OK;
    }
    return status;
}

void baton_encode_pair(struct baton_encoding *encoding, const char *key, struct baton_str text)
{
    baton_jw_key(&encoding->json, key);
    baton_jw_str(&encoding->json, text);
}

struct baton_str baton_encode_system(struct baton_encoding *encoding)
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

/* ---- tools ---- */

bool baton_encode_offer(const struct baton_encoding *encoding, uint32_t i, struct baton_offer *offer)
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

/* A schema must say that it is an object; one that leaves that open is told so. */
void baton_encode_schema(struct baton_encoding *encoding, const struct baton_offer *offer)
{
    struct baton_json_writer *json = &encoding->json;
    const struct baton_json *schema = offer->schema;
    if (schema == NULL || schema->type != BATON_JSON_OBJECT) {
        baton_jw_raw(json, baton_str_of(offer->fallback));
        return;
    }
    baton_jw_open(json, '{');
    if (baton_json_get(schema, "type") == NULL) {
        baton_encode_pair(encoding, "type", BATON_STR("object"));
    }
    for (const struct baton_json *member = schema->child; member != NULL; member = member->next) {
        baton_jw_key_str(json, member->key);
        put_node(encoding, member);
    }
    baton_jw_close(json, '}');
}

struct baton_str baton_encode_name(struct baton_encoding *encoding, struct baton_str name)
{
    if (baton_tool_name_is_safe(name)) {
        return name;
    }
    size_t length = name.length < BATON_TOOL_NAME_BYTES_MAX ? name.length : BATON_TOOL_NAME_BYTES_MAX;
    char *safe = baton_arena_copy(encoding->request->arena, name.data, length);
    if (safe == NULL || length == 0) {
        return BATON_STR("_");
    }
    for (size_t i = 0; i < length; i++) {
        struct baton_str byte = { &safe[i], 1 };
        safe[i] = baton_tool_name_is_safe(byte) ? safe[i] : '_';
    }
    return (struct baton_str){ safe, length };
}

struct baton_str baton_encode_arguments(const struct baton_tool_call *call)
{
    return call->arguments.length == 0 ? BATON_STR("{}") : call->arguments;
}

/* ---- messages as their provider wrote them ---- */

/* Calls without an id get one from us, which the provider's own words do not have. */
bool baton_encode_is_native(const struct baton_encoding *encoding, uint32_t message)
{
    const struct baton_message *it = &encoding->request->messages[message];
    bool is_native = it->native.format != NULL && strcmp(it->native.format, encoding->codec->name) == 0;
    for (uint32_t i = 0; i < it->call_count; i++) {
        is_native = is_native && it->calls[i].id.length > 0;
    }
    return is_native;
}

static bool is_id_key(struct baton_str key)
{
    return baton_str_is(key, "id") || baton_str_is(key, "call_id") || baton_str_is(key, "tool_use_id");
}

/* An id in the normal form: a call's number, nothing for all others. */
static struct baton_str normal_id(const struct baton_encoding *encoding, uint32_t message, struct baton_str id)
{
    const struct baton_message *it = &encoding->request->messages[message];
    for (uint32_t i = 0; i < it->call_count; i++) {
        if (baton_str_equal(it->calls[i].id, id)) {
            return baton_encode_call_id(encoding, message, i);
        }
    }
    return BATON_STR("");
}

/* Recursion is bounded by BATON_JSON_DEPTH_MAX. */
static void write_normal(struct baton_encoding *encoding, uint32_t message, const struct baton_json *node)
{
    struct baton_json_writer *json = &encoding->json;
    if (node->type != BATON_JSON_OBJECT && node->type != BATON_JSON_ARRAY) {
        put_node(encoding, node);
        return;
    }
    bool is_object = node->type == BATON_JSON_OBJECT;
    baton_jw_open(json, is_object ? '{' : '[');
    for (const struct baton_json *child = node->child; child != NULL; child = child->next) {
        if (is_object) {
            baton_jw_key_str(json, child->key);
        }
        if (is_object && is_id_key(child->key) && child->type == BATON_JSON_STRING) {
            baton_jw_str(json, normal_id(encoding, message, child->text));
        } else {
            write_normal(encoding, message, child);
        }
    }
    baton_jw_close(json, is_object ? '}' : ']');
}

void baton_encode_native(struct baton_encoding *encoding, uint32_t message)
{
    struct baton_str native = encoding->request->messages[message].native.json;
    const struct baton_source source = { .name = "native", .text = native };
    const struct baton_json *root = NULL;
    struct baton_error ignored;
    if (encoding->options->is_normal_form &&
        baton_json_parse(&root, encoding->request->arena, &source, &ignored) == BATON_OK) {
        const struct baton_json *first = root->type == BATON_JSON_ARRAY ? root->child : root;
        for (const struct baton_json *item = first; item != NULL; item = item->next) {
            write_normal(encoding, message, item);
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
