/* Replies and requests of the wire formats as short texts, so that a test is a table of texts.
 *
 * Reading a request body back (wire_read) is written apart from the encoders on purpose: what both get wrong in the same way
 * would not show. */
#include "engine/tests/wire.h"

#include "engine/base/json_writer.h"
#include "engine/base/yaml.h"
#include "engine/tests/trees.h"
#include "engine/wire/encoder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 64 * 1024 * 1024, NAMES_MAX = 32 };

static void put(struct baton_text *out, struct baton_str text)
{
    baton_text_append(out, text.data, text.length);
}

static const char *keep(struct wire *wire, struct baton_text *text)
{
    cr_assert_not(text->failed);
    struct baton_str str = baton_text_str(text);
    const char *copy = baton_arena_copy(wire->arena, str.data, str.length);
    baton_text_clear(text);
    cr_assert_not_null(copy);
    return copy;
}

void wire_open(struct wire *wire)
{
    *wire = (struct wire){ .arena = tree_arena(),
                           .decoder = baton_decoder_new(),
                           .streamed = baton_text_with_limit(TEXT_MAX),
                           .codec = baton_codec_find(BATON_STR("openai-chat")) };
    cr_assert(wire->decoder != NULL && wire->codec != NULL);
}

void wire_close(struct wire *wire)
{
    baton_text_clear(&wire->streamed);
    baton_decoder_free(wire->decoder);
    baton_arena_free(wire->arena);
}

/* ---- replies ---- */

static void on_text(void *user, struct baton_str delta)
{
    put(&((struct wire *)user)->streamed, delta);
}

static void begin(struct wire *wire)
{
    struct baton_request request = { .arena = wire->arena, .on_text = on_text, .user = wire };
    baton_text_reset(&wire->streamed);
    baton_decoder_begin(wire->decoder, wire->codec, &request);
}

static struct wire_result result_of(struct wire *wire, enum baton_status status, const struct baton_reply *reply,
                                    const struct baton_error *err)
{
    struct wire_result result = {
        .status = status, .fault = baton_decoder_fault(wire->decoder), .reply = *reply, .error = ""
    };
    if (status != BATON_OK) {
        result.error = baton_arena_copy(wire->arena, err->text, strlen(err->text));
        cr_assert_eq(status == BATON_EPROVIDER, result.fault != BATON_FAULT_NONE, "%s", result.error);
    }
    return result;
}

struct wire_result wire_body(struct wire *wire, int http_status, struct baton_str body)
{
    struct baton_reply reply = { 0 };
    struct baton_error err;
    begin(wire);
    enum baton_status status = baton_decoder_body(wire->decoder, http_status, body, &reply, &err);
    cr_assert_eq(wire->streamed.length, 0, "a whole answer does not come in pieces");
    return result_of(wire, status, &reply, &err);
}

static struct wire_result end(struct wire *wire, enum baton_status status)
{
    struct baton_reply reply = { 0 };
    struct baton_error err;
    enum baton_status at_end = baton_decoder_end(wire->decoder, &reply, &err);
    cr_assert(status == BATON_OK || at_end == status, "the first error stays");
    return result_of(wire, at_end, &reply, &err);
}

struct wire_result wire_pieces(struct wire *wire, struct baton_str bytes, size_t piece_bytes)
{
    enum baton_status status = BATON_OK;
    begin(wire);
    for (size_t at = 0; at < bytes.length && status == BATON_OK; at += piece_bytes) {
        size_t left = bytes.length - at;
        struct baton_str piece = { bytes.data + at, left < piece_bytes ? left : piece_bytes };
        status = baton_decoder_bytes(wire->decoder, piece, NULL);
    }
    return end(wire, status);
}

struct wire_result wire_cut(struct wire *wire, struct baton_str bytes, size_t at)
{
    begin(wire);
    enum baton_status status = baton_decoder_bytes(wire->decoder, (struct baton_str){ bytes.data, at }, NULL);
    if (status == BATON_OK) {
        status = baton_decoder_bytes(wire->decoder, (struct baton_str){ bytes.data + at, bytes.length - at }, NULL);
    }
    return end(wire, status);
}

struct wire_result wire_chunks(struct wire *wire, struct baton_str lines)
{
    enum baton_status status = BATON_OK;
    begin(wire);
    for (size_t at = 0; at < lines.length && status == BATON_OK;) {
        const char *stop = memchr(lines.data + at, '\n', lines.length - at);
        size_t length = stop == NULL ? lines.length - at : (size_t)(stop - (lines.data + at));
        struct baton_sse_event event = { .type = BATON_STR("message"), .data = { lines.data + at, length } };
        status = baton_decoder_event(wire->decoder, &event, NULL);
        at += length + 1;
    }
    return end(wire, status);
}

static void put_reply(struct baton_text *out, const struct baton_reply *reply)
{
    const struct baton_usage *usage = &reply->usage;
    if (reply->has_text) {
        put(out, reply->text);
    } else {
        baton_text_puts(out, "(none)");
    }
    baton_text_puts(out, " | ");
    for (uint32_t i = 0; i < reply->call_count; i++) {
        const struct baton_tool_call *call = &reply->calls[i];
        baton_text_printf(out, "%s%.*s(%.*s)#%.*s", i == 0 ? "" : " ", (int)call->name.length, call->name.data,
                          (int)call->arguments.length, call->arguments.data, (int)call->id.length, call->id.data);
    }
    static const char *const names[] = { "unknown", "stop",           "tool_calls", "length",
                                         "refusal", "content_filter", "pause",      "error" };
    cr_assert_lt((size_t)reply->finish, COUNT_OF(names));
    baton_text_printf(out, " | %s | ", names[reply->finish]);
    if (usage->is_known) {
        baton_text_printf(out, "%lld+%lld+%lld>%lld(%lld)", (long long)usage->input, (long long)usage->cached,
                          (long long)usage->cache_write, (long long)usage->output, (long long)usage->reasoning);
    }
    baton_text_puts(out, " | ");
    put(out, reply->native.format == NULL ? BATON_STR("") : reply->native.json);
}

const char *wire_show(struct wire *wire, const struct wire_result *result)
{
    struct baton_text out = baton_text_with_limit(TEXT_MAX);
    if (result->status != BATON_OK) {
        baton_text_printf(&out, "%s: %s", baton_provider_fault_name(result->fault), result->error);
        return keep(wire, &out);
    }
    const struct baton_reply *reply = &result->reply;
    cr_assert_eq(reply->kind, BATON_REPLY_MESSAGE);
    cr_assert(reply->has_text || reply->text.length == 0);
    if (reply->was_streamed) {
        struct baton_str streamed = baton_text_str(&wire->streamed);
        cr_assert(baton_str_equal(streamed, reply->text), "streamed '%.*s', got '%.*s'", (int)streamed.length,
                  streamed.data, (int)reply->text.length, reply->text.data);
    }
    if (reply->native.format != NULL) {
        const struct baton_source source = { .name = "native", .text = reply->native.json };
        const struct baton_json *root;
        struct baton_error err;
        cr_assert_str_eq(reply->native.format, wire->codec->name);
        cr_assert_eq(baton_json_parse(&root, wire->arena, &source, &err), BATON_OK, "%s in %.*s", err.text,
                     (int)reply->native.json.length, reply->native.json.data);
    }
    put_reply(&out, reply);
    return keep(wire, &out);
}

/* ---- requests ---- */

static const char agents_text[] =
    "version: 1\n"
    "entry: triage\n"
    "agents:\n"
    "  triage:\n"
    "    instructions: You are triage.\n"
    "    model: m-triage\n"
    "    tools: [lookup_account, quick, boom]\n"
    "    handoffs: [billing, tech]\n"
    "%s\n"
    "  billing: { instructions: You are billing., description: Handles payments., model: m-billing, tools: [refund] }\n"
    "  tech: { instructions: You are tech., model: m-tech, tools: [ask_billing], handoffs: [{ agent: triage, input: "
    "{ type: object, properties: { why: { type: string } }, required: [why] } }] }\n"
    "  mute: { handoffs: [triage] }\n"
    "tools:\n"
    "  lookup_account: { description: Look up an account, parameters: { type: object, properties: { id: { type: string } "
    "}, required: [id] }, result: 'account 7: pro' }\n"
    "  quick: { result: quick ok }\n"
    "  boom: { parameters: { properties: { loud: { type: boolean } } }, result: '' }\n"
    "  refund: { parameters: { type: object, properties: { amount: { type: number } }, required: [amount] }, result: ok }\n"
    "  ask_billing: { description: Asks billing., agent: billing }\n";

const struct baton_agents *wire_agents(struct wire *wire, const char *more)
{
    char *text = baton_arena_printf(wire->arena, agents_text, more);
    struct baton_source *source = baton_arena_zero(wire->arena, sizeof *source);
    cr_assert(text != NULL && source != NULL);
    source->name = "agents.yaml";
    source->text = baton_str_of(text);
    const struct baton_json *root;
    struct baton_agents *agents;
    struct baton_error err;
    enum baton_status status = baton_yaml_parse(&root, wire->arena, source, &err);
    if (status == BATON_OK) {
        status = baton_agents_parse(&agents, wire->arena, source, root, NULL, &err);
    }
    cr_assert_eq(status, BATON_OK, "%s", err.text);
    return agents;
}

static const char *encode(struct wire *wire, const struct baton_request *request,
                          const struct baton_encode_options *options)
{
    struct baton_text out = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    struct baton_error err;
    size_t in_use = baton_arena_in_use(request->arena);
    enum baton_status status = baton_encode(&out, wire->codec, request, options, &err);
    cr_assert_eq(baton_arena_in_use(request->arena), in_use, "the arena is as it was");
    if (status != BATON_OK) {
        baton_text_reset(&out);
        baton_text_printf(&out, "error: %s", err.text);
    } else {
        const struct baton_source source = { .name = "body", .text = baton_text_str(&out) };
        const struct baton_json *root;
        status = baton_json_parse(&root, wire->arena, &source, &err);
        cr_assert_eq(status, BATON_OK, "%s in %s", err.text, out.data);
    }
    return keep(wire, &out);
}

const char *wire_ask(struct wire *wire, const struct wire_ask *ask)
{
    uint32_t agent = ask->agent == NULL ? ask->agents->entry : baton_agents_find(ask->agents, baton_str_of(ask->agent));
    cr_assert_neq(agent, BATON_NONE);
    bool enabled[NAMES_MAX];
    for (uint32_t i = 0; i < NAMES_MAX; i++) {
        enabled[i] = !ask->disables_handoffs;
    }
    struct baton_request request = { .agents = ask->agents,
                                     .agent = agent,
                                     .extra_instructions = baton_str_of(ask->extra == NULL ? "" : ask->extra),
                                     .messages = ask->messages,
                                     .message_count = ask->message_count,
                                     .handoff_enabled = enabled,
                                     .tool_choice = baton_str_of(ask->tool_choice == NULL ? "" : ask->tool_choice),
                                     .arena = wire->arena };
    const char *once = encode(wire, &request, &ask->options), *again = encode(wire, &request, &ask->options);
    cr_assert_str_eq(once, again, "the same request, the same bytes");
    return once;
}

/* ---- request bodies read back ---- */

const struct baton_json *wire_get(const struct baton_json *object, const char *key)
{
    const struct baton_json *node = object->type == BATON_JSON_OBJECT ? baton_json_get(object, key) : NULL;
    cr_assert_not_null(node, "no member '%s'", key);
    return node;
}

struct baton_str wire_str(const struct baton_json *object, const char *key)
{
    const struct baton_json *node = object->type == BATON_JSON_OBJECT ? baton_json_get(object, key) : NULL;
    return node == NULL || node->type != BATON_JSON_STRING ? BATON_STR("") : node->text;
}

static struct baton_message *add(struct wire_request *out, enum baton_role role)
{
    cr_assert_lt(out->count, COUNT_OF(out->messages));
    out->messages[out->count] = (struct baton_message){ .role = role, .agent = BATON_NONE };
    return &out->messages[out->count++];
}

static void add_call(struct wire *wire, struct baton_message *message, struct baton_str id, struct baton_str name,
                     struct baton_str arguments)
{
    struct baton_tool_call *calls = baton_arena_array(wire->arena, message->call_count + 1, sizeof *calls);
    if (message->call_count > 0) {
        memcpy(calls, message->calls, message->call_count * sizeof *calls);
    }
    calls[message->call_count] = (struct baton_tool_call){ .id = id, .name = name, .arguments = arguments };
    message->calls = calls;
    message->call_count++;
}

/* Content as a text, also where it is a list of parts. */
static struct baton_str content_of(const struct baton_json *message)
{
    const struct baton_json *content = baton_json_get(message, "content");
    if (content != NULL && content->type == BATON_JSON_ARRAY && content->child != NULL) {
        cr_assert_eq(content->count, 1);
        return wire_str(content->child, "text");
    }
    return wire_str(message, "content");
}

static void read_chat(struct wire *wire, const struct baton_json *root, struct wire_request *out)
{
    for (const struct baton_json *node = wire_get(root, "messages")->child; node != NULL; node = node->next) {
        struct baton_str role = wire_str(node, "role");
        if (baton_str_is(role, "system")) {
            out->system = content_of(node);
            continue;
        }
        struct baton_message *message = add(out, baton_str_is(role, "user")   ? BATON_ROLE_USER
                                                 : baton_str_is(role, "tool") ? BATON_ROLE_TOOL
                                                                              : BATON_ROLE_ASSISTANT);
        message->content = content_of(node);
        message->tool_call_id = wire_str(node, "tool_call_id");
        const struct baton_json *calls = baton_json_get(node, "tool_calls");
        for (const struct baton_json *call = calls == NULL ? NULL : calls->child; call != NULL; call = call->next) {
            const struct baton_json *function = wire_get(call, "function");
            add_call(wire, message, wire_str(call, "id"), wire_str(function, "name"), wire_str(function, "arguments"));
        }
    }
}

static void read_responses(struct wire *wire, const struct baton_json *root, struct wire_request *out)
{
    out->system = wire_str(root, "instructions");
    struct baton_message *assistant = NULL;
    for (const struct baton_json *item = wire_get(root, "input")->child; item != NULL; item = item->next) {
        struct baton_str type = wire_str(item, "type"), role = wire_str(item, "role");
        if (baton_str_is(type, "function_call_output")) {
            struct baton_message *message = add(out, BATON_ROLE_TOOL);
            message->content = wire_str(item, "output");
            message->tool_call_id = wire_str(item, "call_id");
            assistant = NULL;
        } else if (baton_str_is(type, "function_call")) {
            assistant = assistant == NULL ? add(out, BATON_ROLE_ASSISTANT) : assistant;
            add_call(wire, assistant, wire_str(item, "call_id"), wire_str(item, "name"), wire_str(item, "arguments"));
        } else if (role.length > 0) {
            bool is_user = baton_str_is(role, "user");
            struct baton_message *message = add(out, is_user ? BATON_ROLE_USER : BATON_ROLE_ASSISTANT);
            message->content = content_of(item);
            assistant = is_user ? NULL : message;
        }
    }
}

static void read_block(struct wire *wire, const struct baton_json *block, enum baton_role role,
                       struct baton_message **open, struct wire_request *out)
{
    struct baton_str type = wire_str(block, "type");
    if (baton_str_is(type, "tool_result")) {
        struct baton_message *message = add(out, BATON_ROLE_TOOL);
        message->content = content_of(block);
        message->tool_call_id = wire_str(block, "tool_use_id");
        *open = NULL;
        return;
    }
    if (*open == NULL) {
        *open = add(out, role);
    }
    if (baton_str_is(type, "text")) {
        (*open)->content = wire_str(block, "text");
    } else if (baton_str_is(type, "tool_use")) {
        add_call(wire, *open, wire_str(block, "id"), wire_str(block, "name"),
                 baton_str_of(tree_text(wire->arena, wire_get(block, "input"))));
    }
}

static void read_anthropic(struct wire *wire, const struct baton_json *root, struct wire_request *out)
{
    struct baton_str before = BATON_STR("");
    out->system = wire_str(root, "system");
    for (const struct baton_json *node = wire_get(root, "messages")->child; node != NULL; node = node->next) {
        struct baton_str role = wire_str(node, "role");
        enum baton_role as = baton_str_is(role, "user") ? BATON_ROLE_USER : BATON_ROLE_ASSISTANT;
        const struct baton_json *content = wire_get(node, "content");
        struct baton_message *open = NULL;
        cr_assert(!baton_str_equal(role, before), "roles take turns");
        cr_assert(before.length > 0 || as == BATON_ROLE_USER, "the user begins");
        before = role;
        if (content->type == BATON_JSON_STRING) {
            add(out, as)->content = content->text;
            continue;
        }
        for (const struct baton_json *block = content->child; block != NULL; block = block->next) {
            read_block(wire, block, as, &open, out);
        }
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *tools_of(struct wire *wire, const struct baton_json *root)
{
    const struct baton_json *tools = baton_json_get(root, "tools");
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (const struct baton_json *tool = tools == NULL ? NULL : tools->child; tool != NULL; tool = tool->next) {
        const struct baton_json *function = baton_json_get(tool, "function");
        struct baton_str name = wire_str(function == NULL ? tool : function, "name");
        cr_assert_lt(count, COUNT_OF(names));
        names[count++] = baton_arena_copy(wire->arena, name.data, name.length);
    }
    qsort(names, count, sizeof *names, by_text);
    struct baton_text out = baton_text_with_limit(TEXT_MAX);
    for (size_t i = 0; i < count; i++) {
        baton_text_puts(&out, i == 0 ? "" : " ");
        baton_text_puts(&out, names[i]);
    }
    return keep(wire, &out);
}

void wire_read(struct wire *wire, const char *body, struct wire_request *out)
{
    struct tree tree = tree_json(wire->arena, body);
    cr_assert_eq(tree.status, BATON_OK, "%s in %s", tree.err.text, body);
    *out = (struct wire_request){ .tools = tools_of(wire, tree.root) };
    if (strcmp(wire->codec->name, "anthropic") == 0) {
        read_anthropic(wire, tree.root, out);
    } else if (strcmp(wire->codec->name, "openai-responses") == 0) {
        read_responses(wire, tree.root, out);
    } else {
        read_chat(wire, tree.root, out);
    }
}

const char *wire_talk(struct wire *wire, const struct baton_message *messages, uint32_t count)
{
    struct baton_text out = baton_text_with_limit(TEXT_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct baton_message *message = &messages[i];
        baton_text_puts(&out, i == 0 ? "" : " ");
        if (message->role == BATON_ROLE_TOOL) {
            baton_text_puts(&out, "result#");
            put(&out, message->tool_call_id);
        } else {
            baton_text_puts(&out, baton_role_name(message->role));
        }
        baton_text_putc(&out, ':');
        put(&out, message->content);
        for (uint32_t k = 0; k < message->call_count; k++) {
            const struct baton_tool_call *call = &message->calls[k];
            baton_text_putc(&out, '+');
            put(&out, call->name);
            baton_text_putc(&out, '(');
            put(&out, call->arguments.length == 0 ? BATON_STR("{}") : call->arguments);
            baton_text_puts(&out, ")#");
            put(&out, call->id);
        }
    }
    return keep(wire, &out);
}
