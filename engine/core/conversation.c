/* Reads conversations as they were recorded: OpenAI chat messages, in the spellings of several SDKs, with a few fields of ours. What
 * others wrote is not theirs to mend, so fields that are known and of no use are passed over; what bears on a result (who spoke,
 * calls and their ids, times, tokens) is strict, as a wrong figure is worse than a refused file.
 */
#include "engine/core/conversation.h"

#include "engine/base/fields.h"
#include "engine/base/text.h"

#include <stddef.h>
#include <string.h>

struct conversation_form {
    struct baton_str id, entry, cluster;
    const struct baton_json *messages, *tags, *expect;
    double weight;
};

struct message_form {
    int32_t role, continue_from;
    struct baton_str agent, sender, name, tool_call_id;
    const struct baton_json *content, *tool_calls, *usage, *expect;
    int64_t latency_ns, ttft_ns;
};

struct usage_form {
    int64_t input, output, cached, cache_write, reasoning;
    const struct baton_json *input_details, *output_details;
};

static const char *const role_words[] = { "system", "user", "assistant", "tool", "developer", NULL };
static const char *const continue_words[] = { "active", "entry", NULL };

#define ROW(form, field, ...) .offset = offsetof(struct form, field), __VA_ARGS__
#define IGNORED(name)                                \
    {                                                \
        name, NULL, BATON_FIELD_IGNORED, .offset = 0 \
    }

static const struct baton_field conversation_rows[] = {
    { "id", NULL, BATON_FIELD_TEXT, ROW(conversation_form, id, 0) },
    { "entry", NULL, BATON_FIELD_TEXT, ROW(conversation_form, entry, 0) },
    { "messages", NULL, BATON_FIELD_ARRAY, ROW(conversation_form, messages, .is_required = true) },
    { "expect", NULL, BATON_FIELD_ANY, ROW(conversation_form, expect, 0) },
    { "tags", NULL, BATON_FIELD_ARRAY, ROW(conversation_form, tags, 0) },
    { "cluster", NULL, BATON_FIELD_TEXT, ROW(conversation_form, cluster, 0) },
    { "weight", NULL, BATON_FIELD_NUMBER, ROW(conversation_form, weight, .low = 0, .high = 1000000) },
    { "version", NULL, BATON_FIELD_IGNORED, .offset = 0 },
};

/* Most frequent first: the reader looks from the top. The ignored ones are the providers' and SDKs' own. */
static const struct baton_field message_rows[] = {
    { "role", NULL, BATON_FIELD_WORD, ROW(message_form, role, .is_required = true, .words = role_words) },
    { "content", NULL, BATON_FIELD_ANY, ROW(message_form, content, 0) },
    { "agent", NULL, BATON_FIELD_TEXT, ROW(message_form, agent, 0) },
    { "latency_ms", NULL, BATON_FIELD_MS, ROW(message_form, latency_ns, 0) },
    { "tool_calls", NULL, BATON_FIELD_ARRAY, ROW(message_form, tool_calls, 0) },
    { "tool_call_id", NULL, BATON_FIELD_TEXT, ROW(message_form, tool_call_id, 0) },
    { "expect", NULL, BATON_FIELD_ANY, ROW(message_form, expect, 0) },
    { "ttft_ms", NULL, BATON_FIELD_MS, ROW(message_form, ttft_ns, 0) },
    { "usage", NULL, BATON_FIELD_OBJECT, ROW(message_form, usage, 0) },
    { "sender", NULL, BATON_FIELD_TEXT, ROW(message_form, sender, 0) },
    { "name", NULL, BATON_FIELD_TEXT, ROW(message_form, name, 0) },
    { "continue", NULL, BATON_FIELD_WORD, ROW(message_form, continue_from, .words = continue_words) },
    IGNORED("refusal"),
    IGNORED("annotations"),
    IGNORED("audio"),
    IGNORED("function_call"),
    IGNORED("reasoning"),
    IGNORED("reasoning_content"),
    IGNORED("reasoning_details"),
    IGNORED("tool_name"),
    IGNORED("id"),
    IGNORED("model"),
    IGNORED("created"),
    IGNORED("finish_reason"),
};

static const struct baton_field usage_rows[] = {
    { "input_tokens", "prompt_tokens", BATON_FIELD_INT64,
      ROW(usage_form, input, .low = 0, .high = INT64_C(1000000000000)) },
    { "output_tokens", "completion_tokens", BATON_FIELD_INT64,
      ROW(usage_form, output, .low = 0, .high = INT64_C(1000000000000)) },
    { "cached_tokens", "cache_read_input_tokens", BATON_FIELD_INT64,
      ROW(usage_form, cached, .low = 0, .high = INT64_C(1000000000000)) },
    { "cache_write_tokens", "cache_creation_input_tokens", BATON_FIELD_INT64,
      ROW(usage_form, cache_write, .low = 0, .high = INT64_C(1000000000000)) },
    { "reasoning_tokens", NULL, BATON_FIELD_INT64,
      ROW(usage_form, reasoning, .low = 0, .high = INT64_C(1000000000000)) },
    { "input_tokens_details", "prompt_tokens_details", BATON_FIELD_ANY, ROW(usage_form, input_details, 0) },
    { "output_tokens_details", "completion_tokens_details", BATON_FIELD_ANY, ROW(usage_form, output_details, 0) },
};

struct read {
    struct baton_arena *arena;
    const struct baton_agents *agents;
    const struct baton_source *source;
    struct baton_error *err;
};

static enum baton_status no_memory(const struct read *read)
{
    return baton_error_over_limit(read->err, "a conversation of '%s'", read->source->name);
}

static enum baton_status read_form(const struct read *read, const struct baton_field *rows, size_t count,
                                   const char *what, const struct baton_json *node, bool allows_unknown, void *out)
{
    struct baton_fields fields = {
        .source = read->source, .rows = rows, .row_count = count, .what = what, .allows_unknown = allows_unknown
    };
    return baton_fields_read(&fields, node, out, read->err);
}

/* ---- content: a text, null, or a list of text parts ---- */

static enum baton_status part_text(const struct read *read, const struct baton_json *part, struct baton_str *out)
{
    const struct baton_json *text = part->type == BATON_JSON_OBJECT ? baton_json_get(part, "text") : NULL;
    *out = (struct baton_str){ "", 0 };
    if (part->type == BATON_JSON_STRING) {
        *out = part->text;
    } else if (text != NULL && text->type == BATON_JSON_STRING) {
        *out = text->text;
    } else if (part->type != BATON_JSON_OBJECT) {
        return baton_type_error(read->source, part, "each part of 'content'", "an object with a 'text'", read->err);
    }
    return BATON_OK; /* pictures and other parts without text count as nothing */
}

static enum baton_status join_parts(const struct read *read, const struct baton_json *list, struct baton_str *out)
{
    size_t length = 0;
    struct baton_str text;
    for (const struct baton_json *part = list->child; part != NULL; part = part->next) {
        enum baton_status status = part_text(read, part, &text);
        if (status != BATON_OK) {
            return status;
        }
        length += text.length;
    }
    char *joined = baton_arena_alloc(read->arena, length + 1);
    if (joined == NULL) {
        return no_memory(read);
    }
    *out = (struct baton_str){ joined, length };
    for (const struct baton_json *part = list->child; part != NULL; part = part->next) {
        if (part_text(read, part, &text) == BATON_OK && text.length > 0) {
            memcpy(joined, text.data, text.length);
            joined += text.length;
        }
    }
    *joined = '\0';
    return BATON_OK;
}

static enum baton_status read_content(const struct read *read, const struct baton_json *node,
                                      struct baton_message *message)
{
    if (node == NULL || node->type == BATON_JSON_NULL) {
        return BATON_OK;
    }
    message->has_content = true;
    message->content = node->text;
    if (node->type == BATON_JSON_STRING) {
        return BATON_OK;
    }
    if (node->type == BATON_JSON_ARRAY) {
        return join_parts(read, node, &message->content);
    }
    return baton_type_error(read->source, node, "'content'", "a text, null or a list of parts", read->err);
}

/* ---- tool calls ---- */

/* Arguments come as a JSON text; objects, as some systems log them, are written out again. */
static enum baton_status read_arguments(const struct read *read, const struct baton_json *node, struct baton_str *out)
{
    *out = (struct baton_str){ "", 0 };
    if (node == NULL || node->type == BATON_JSON_NULL) {
        return BATON_OK;
    }
    if (node->type == BATON_JSON_STRING) {
        *out = node->text;
        return BATON_OK;
    }
    if (node->type != BATON_JSON_OBJECT) {
        return baton_type_error(read->source, node, "'arguments'", "a text that holds JSON", read->err);
    }
    struct baton_text text = baton_text_with_limit(BATON_LINE_BYTES_MAX);
    baton_json_write(&text, node);
    out->length = text.length;
    out->data = text.failed ? NULL : baton_arena_copy(read->arena, text.data, text.length);
    baton_text_clear(&text);
    return out->data == NULL ? no_memory(read) : BATON_OK;
}

static enum baton_status read_call(const struct read *read, const struct baton_json *node, struct baton_tool_call *call)
{
    const struct baton_json *function = node->type == BATON_JSON_OBJECT ? baton_json_get(node, "function") : NULL;
    const struct baton_json *body = function != NULL && function->type == BATON_JSON_OBJECT ? function : node;
    const struct baton_json *name = body->type == BATON_JSON_OBJECT ? baton_json_get(body, "name") : NULL;
    const struct baton_json *id = body->type == BATON_JSON_OBJECT ? baton_json_get(node, "id") : NULL;
    if (name == NULL || name->type != BATON_JSON_STRING) {
        return baton_source_error(
            read->source, node->offset, read->err,
            "a tool call must be an object with function.name, as in "
            "{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":...,\"arguments\":...}}");
    }
    if (id != NULL && id->type != BATON_JSON_STRING && id->type != BATON_JSON_NULL) {
        return baton_type_error(read->source, id, "'id'", "a text", read->err);
    }
    call->name = name->text;
    call->id = id == NULL ? (struct baton_str){ "", 0 } : id->text;
    return read_arguments(read, baton_json_get(body, "arguments"), &call->arguments);
}

static enum baton_status read_calls(const struct read *read, const struct baton_json *list,
                                    struct baton_message *message)
{
    if (list == NULL || list->count == 0) {
        return BATON_OK;
    }
    if (list->count > BATON_CALLS_MAX) {
        return baton_source_error(read->source, list->offset, read->err, "more than %d calls in one message",
                                  BATON_CALLS_MAX);
    }
    struct baton_tool_call *calls = baton_arena_zero(read->arena, list->count * sizeof *calls);
    if (calls == NULL) {
        return no_memory(read);
    }
    message->calls = calls;
    enum baton_status status = BATON_OK;
    for (const struct baton_json *node = list->child; node != NULL && status == BATON_OK; node = node->next) {
        status = read_call(read, node, &calls[message->call_count++]);
    }
    return status;
}

/* ---- usage ---- */

static int64_t detail(const struct baton_json *details, const char *name)
{
    const struct baton_json *node =
        details == NULL || details->type != BATON_JSON_OBJECT ? NULL : baton_json_get(details, name);
    int64_t value = 0;
    return node != NULL && baton_json_integer(node, 0, INT64_C(1000000000000), &value) ? value : 0;
}

static enum baton_status read_usage(const struct read *read, const struct baton_json *node, struct baton_usage *usage)
{
    if (node == NULL) {
        return BATON_OK;
    }
    struct usage_form form = { 0 };
    enum baton_status status = read_form(read, usage_rows, BATON_FIELD_COUNT(usage_rows), "'usage'", node, true, &form);
    /* Where the provider reports cached tokens as a detail of its input count, that count includes them. */
    int64_t included = detail(form.input_details, "cached_tokens");
    *usage = (struct baton_usage){
        .input = form.input > included ? form.input - included : 0,
        .output = form.output,
        .cached = form.cached + included,
        .cache_write = form.cache_write,
        .reasoning = form.reasoning + detail(form.output_details, "reasoning_tokens"),
        .is_known = true,
    };
    return status;
}

void baton_usage_add(struct baton_usage *a, const struct baton_usage *b)
{
    a->input += b->input;
    a->output += b->output;
    a->cached += b->cached;
    a->cache_write += b->cache_write;
    a->reasoning += b->reasoning;
    a->is_known = a->is_known || b->is_known;
}

/* ---- messages ---- */

static enum baton_status read_speaker(const struct read *read, const struct message_form *form,
                                      const struct baton_json *node, struct baton_message *message)
{
    struct baton_str name = form->agent.length > 0 ? form->agent : form->sender.length > 0 ? form->sender : form->name;
    message->agent = BATON_NONE;
    if (message->role != BATON_ROLE_ASSISTANT || name.length == 0) {
        return BATON_OK;
    }
    message->agent = baton_agents_find(read->agents, name);
    if (message->agent != BATON_NONE) {
        return BATON_OK;
    }
    const char *key = form->agent.length > 0 ? "agent" : form->sender.length > 0 ? "sender" : "name";
    return baton_agents_unknown(read->agents, name, read->source, baton_json_get(node, key)->offset, read->err);
}

static enum baton_status read_message(const struct read *read, const struct baton_json *node,
                                      struct baton_message *message)
{
    struct message_form form = { .latency_ns = BATON_TIME_UNKNOWN, .ttft_ns = BATON_TIME_UNKNOWN };
    enum baton_status status =
        read_form(read, message_rows, BATON_FIELD_COUNT(message_rows), "a message", node, false, &form);
    if (status != BATON_OK) {
        return status;
    }
    message->role = form.role == 4 ? BATON_ROLE_SYSTEM : (enum baton_role)form.role;
    message->offset = node->offset;
    message->tool_call_id = form.tool_call_id;
    message->latency_ns = form.latency_ns;
    message->ttft_ns = form.ttft_ns;
    message->starts_over = form.continue_from == 1;
    if (baton_json_get(node, "continue") != NULL && message->role != BATON_ROLE_USER) {
        return baton_source_error(read->source, baton_json_get(node, "continue")->key_offset, read->err,
                                  "'continue' belongs to a user message");
    }
    message->expect = form.expect;
    if (form.expect != NULL && form.expect->type != BATON_JSON_NULL && message->role != BATON_ROLE_USER) {
        return baton_source_error(read->source, form.expect->offset, read->err,
                                  "'expect' belongs to a user message or to the "
                                  "conversation, not to %s message",
                                  message->role == BATON_ROLE_ASSISTANT ? "an assistant" : "this");
    }
    status = read_content(read, form.content, message);
    if (status != BATON_OK) {
        return status;
    }
    status = read_calls(read, form.tool_calls, message);
    if (status != BATON_OK) {
        return status;
    }
    status = read_usage(read, form.usage, &message->usage);
    if (status != BATON_OK) {
        return status;
    }
    return read_speaker(read, &form, node, message);
}

static enum baton_status read_messages(const struct read *read, const struct baton_json *list,
                                       struct baton_conversation *out)
{
    if (list->count > BATON_MESSAGES_MAX) {
        return baton_source_error(read->source, list->offset, read->err, "more than %d messages", BATON_MESSAGES_MAX);
    }
    struct baton_message *messages = baton_arena_zero(read->arena, (list->count + 1) * sizeof *messages);
    if (messages == NULL) {
        return no_memory(read);
    }
    out->messages = messages;
    enum baton_status status = BATON_OK;
    for (const struct baton_json *node = list->child; node != NULL && status == BATON_OK; node = node->next) {
        struct baton_message *message = &messages[out->message_count++];
        status = read_message(read, node, message);
        out->exchange_count += message->role == BATON_ROLE_USER;
        out->has_recording = out->has_recording || message->role == BATON_ROLE_ASSISTANT;
        if (status == BATON_OK && out->exchange_count == 0 && message->role == BATON_ROLE_TOOL) {
            status = baton_source_error(read->source, node->offset, read->err,
                                        "a tool message before the first user message");
        }
    }
    if (status == BATON_OK && out->exchange_count == 0) {
        status =
            baton_source_error(read->source, list->offset, read->err, "a conversation needs at least one user message");
    }
    return status;
}

static enum baton_status check_tags(const struct read *read, const struct baton_json *tags)
{
    for (const struct baton_json *tag = tags == NULL ? NULL : tags->child; tag != NULL; tag = tag->next) {
        if (tag->type != BATON_JSON_STRING) {
            return baton_type_error(read->source, tag, "each of 'tags'", "a text", read->err);
        }
    }
    return BATON_OK;
}

enum baton_status baton_conversation_read(struct baton_conversation *out, struct baton_arena *arena,
                                          const struct baton_agents *agents, const struct baton_source *source,
                                          const struct baton_json *node, struct baton_str fallback_id,
                                          struct baton_error *err)
{
    *out = (struct baton_conversation){ .source = *source };
    struct read read = { .arena = arena, .agents = agents, .source = source, .err = err };
    struct conversation_form form = { .id = fallback_id, .weight = 1 };
    enum baton_status status =
        read_form(&read, conversation_rows, BATON_FIELD_COUNT(conversation_rows), "a conversation", node, false, &form);
    if (status != BATON_OK) {
        return status;
    }
    if (form.id.length == 0) {
        const struct baton_json *id = baton_json_get(node, "id");
        return baton_source_error(source, (id == NULL ? node : id)->offset, err, "'id' must not be empty");
    }
    out->id = form.id;
    out->entry = form.entry.length == 0 ? agents->entry : baton_agents_find(agents, form.entry);
    out->expect = form.expect;
    out->tags = form.tags;
    out->cluster = form.cluster;
    out->weight = form.weight;
    if (out->entry == BATON_NONE) {
        return baton_agents_unknown(agents, form.entry, source, baton_json_get(node, "entry")->offset, err);
    }
    status = check_tags(&read, form.tags);
    return status == BATON_OK ? read_messages(&read, form.messages, out) : status;
}

uint32_t baton_conversation_next_user(const struct baton_conversation *conversation, uint32_t from)
{
    while (from < conversation->message_count && conversation->messages[from].role != BATON_ROLE_USER) {
        from++;
    }
    return from;
}

const char *baton_role_name(enum baton_role role)
{
    return role_words[role];
}
