/* trace_request.c - reads requests in the spoken formats, the other way round than engine/wire writes them.
 *
 * Recordings come from programs of all kinds, which send what their provider forgives: parts in place of texts, calls without
 * ids, prompts in the middle. So nothing here is an error; what has not the expected type counts as not there. Results stand
 * before the texts of the same Anthropic message, as there they answer the calls of the message before.
 */
#include "sim/import/trace_request.h"

#include "engine/base/grow.h"
#include "engine/base/text.h"
#include "engine/wire/codecs.h"

#include <string.h>

struct reading {
    struct baton_arena *arena;
    struct baton_trace_message *messages;
    uint32_t count, capacity;
    struct baton_trace_tool *tools;
    uint32_t tool_count;
    struct baton_text instructions;
    bool is_speaking; /* the prompts at the start are over */
    bool is_out_of_memory;
};

/* The member of that type, or NULL, also where there is no object. */
static const struct baton_json *get(const struct baton_json *object, const char *key, enum baton_json_type type)
{
    const struct baton_json *node =
        object != NULL && object->type == BATON_JSON_OBJECT ? baton_json_get(object, key) : NULL;
    return node != NULL && node->type == type ? node : NULL;
}

static struct baton_str get_text(const struct baton_json *object, const char *key)
{
    const struct baton_json *node = get(object, key, BATON_JSON_STRING);
    return node == NULL ? BATON_STR("") : node->text;
}

/* The first element of a member that is a list, or NULL. */
static const struct baton_json *first_of(const struct baton_json *object, const char *key)
{
    const struct baton_json *list = get(object, key, BATON_JSON_ARRAY);
    return list == NULL ? NULL : list->child;
}

static void add_message(struct reading *reading, const struct baton_trace_message *message)
{
    struct baton_trace_message *messages =
        baton_grow_arena(reading->arena, reading->messages, reading->count, &reading->capacity, sizeof *messages);
    if (messages == NULL) {
        reading->is_out_of_memory = true;
        return;
    }
    reading->messages = messages;
    reading->messages[reading->count++] = *message;
    reading->is_speaking = true;
}

/* Keeps what was written; the text is cleared. */
static struct baton_str keep(struct reading *reading, struct baton_text *text)
{
    char *copy = baton_arena_copy(reading->arena, text->data, text->length);
    struct baton_str kept = { copy, copy == NULL ? 0 : text->length };
    reading->is_out_of_memory = reading->is_out_of_memory || copy == NULL || text->failed;
    baton_text_clear(text);
    return kept;
}

/* A text, or the texts of a list of parts, a line each. */
static struct baton_str text_of(struct reading *reading, const struct baton_json *content)
{
    if (content == NULL || content->type != BATON_JSON_ARRAY) {
        return content != NULL && content->type == BATON_JSON_STRING ? content->text : BATON_STR("");
    }
    struct baton_text joined = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    for (const struct baton_json *part = content->child; part != NULL; part = part->next) {
        struct baton_str text = part->type == BATON_JSON_STRING ? part->text : get_text(part, "text");
        if (text.length > 0) {
            baton_text_puts(&joined, joined.length > 0 ? "\n" : "");
            baton_text_append(&joined, text.data, text.length);
        }
    }
    return keep(reading, &joined);
}

static void add_prompt(struct reading *reading, struct baton_str text)
{
    if (text.length > 0 && !reading->is_speaking) {
        baton_text_puts(&reading->instructions, reading->instructions.length > 0 ? "\n\n" : "");
        baton_text_append(&reading->instructions, text.data, text.length);
    }
}

static void add_spoken(struct reading *reading, struct baton_str role, struct baton_str text)
{
    bool is_assistant = baton_str_is(role, "assistant");
    if (baton_str_is(role, "system") || baton_str_is(role, "developer")) {
        add_prompt(reading, text);
    } else if (is_assistant ? text.length > 0 : baton_str_is(role, "user")) {
        add_message(reading, &(struct baton_trace_message){
                                 .kind = is_assistant ? BATON_TRACE_ASSISTANT : BATON_TRACE_USER, .text = text });
    }
}

/* Arguments as a text; a tree is written. */
static struct baton_str arguments_of(struct reading *reading, const struct baton_json *node)
{
    if (node == NULL || node->type == BATON_JSON_STRING) {
        return node == NULL ? BATON_STR("") : node->text;
    }
    struct baton_text written = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    baton_json_write(&written, node);
    return keep(reading, &written);
}

/* ---- tools ---- */

static void read_tools(struct reading *reading, const struct baton_json *root, const char *schema_key)
{
    const struct baton_json *list = get(root, "tools", BATON_JSON_ARRAY);
    reading->tools = baton_arena_array(reading->arena, list == NULL ? 0 : list->count, sizeof *reading->tools);
    reading->is_out_of_memory = reading->is_out_of_memory || reading->tools == NULL;
    for (const struct baton_json *node = list == NULL ? NULL : list->child; node != NULL && reading->tools != NULL;
         node = node->next) {
        const struct baton_json *inner = get(node, "function", BATON_JSON_OBJECT);
        const struct baton_json *tool = inner != NULL ? inner : node;
        struct baton_str type = get_text(node, "type"), name = get_text(tool, "name");
        bool is_function = type.length == 0 || baton_str_is(type, "function") || baton_str_is(type, "custom");
        if (name.length > 0 && is_function) {
            reading->tools[reading->tool_count++] =
                (struct baton_trace_tool){ .name = name,
                                           .description = get_text(tool, "description"),
                                           .parameters = get(tool, schema_key, BATON_JSON_OBJECT) };
        }
    }
}

/* ---- the formats ---- */

static void read_chat(struct reading *reading, const struct baton_json *root)
{
    for (const struct baton_json *it = first_of(root, "messages"); it != NULL; it = it->next) {
        struct baton_str role = get_text(it, "role");
        struct baton_str text = text_of(reading, it->type == BATON_JSON_OBJECT ? baton_json_get(it, "content") : NULL);
        if (baton_str_is(role, "tool")) {
            add_message(reading, &(struct baton_trace_message){
                                     .kind = BATON_TRACE_RESULT, .text = text, .id = get_text(it, "tool_call_id") });
            continue;
        }
        add_spoken(reading, role, text);
        for (const struct baton_json *call = first_of(it, "tool_calls"); call != NULL; call = call->next) {
            const struct baton_json *function = get(call, "function", BATON_JSON_OBJECT);
            add_message(reading, &(struct baton_trace_message){ .kind = BATON_TRACE_CALL,
                                                                .text = get_text(function, "arguments"),
                                                                .id = get_text(call, "id"),
                                                                .name = get_text(function, "name") });
        }
    }
    read_tools(reading, root, "parameters");
}

static void read_item(struct reading *reading, const struct baton_json *item)
{
    struct baton_str type = get_text(item, "type");
    bool is_object = item->type == BATON_JSON_OBJECT;
    if (baton_str_is(type, "function_call")) {
        add_message(reading, &(struct baton_trace_message){ .kind = BATON_TRACE_CALL,
                                                            .text = get_text(item, "arguments"),
                                                            .id = get_text(item, "call_id"),
                                                            .name = get_text(item, "name") });
    } else if (baton_str_is(type, "function_call_output")) {
        const struct baton_json *output = is_object ? baton_json_get(item, "output") : NULL;
        add_message(reading, &(struct baton_trace_message){ .kind = BATON_TRACE_RESULT,
                                                            .text = text_of(reading, output),
                                                            .id = get_text(item, "call_id") });
    } else if (type.length == 0 || baton_str_is(type, "message")) {
        add_spoken(reading, get_text(item, "role"),
                   text_of(reading, is_object ? baton_json_get(item, "content") : NULL));
    }
}

static void read_responses(struct reading *reading, const struct baton_json *root)
{
    add_prompt(reading, get_text(root, "instructions"));
    const struct baton_json *text = get(root, "input", BATON_JSON_STRING);
    if (text != NULL) {
        add_spoken(reading, BATON_STR("user"), text->text);
    }
    for (const struct baton_json *item = first_of(root, "input"); item != NULL; item = item->next) {
        read_item(reading, item);
    }
    read_tools(reading, root, "parameters");
}

/* Texts of one message are one; calls and results come in between where they stand. */
static void read_blocks(struct reading *reading, struct baton_str role, const struct baton_json *blocks)
{
    struct baton_str text = text_of(reading, blocks);
    bool has_result = false;
    for (const struct baton_json *block = blocks->child; block != NULL; block = block->next) {
        if (baton_str_is(get_text(block, "type"), "tool_result")) {
            const struct baton_json *failed = get(block, "is_error", BATON_JSON_BOOLEAN);
            add_message(reading,
                        &(struct baton_trace_message){ .kind = BATON_TRACE_RESULT,
                                                       .text = text_of(reading, baton_json_get(block, "content")),
                                                       .id = get_text(block, "tool_use_id"),
                                                       .is_error = failed != NULL && failed->boolean });
            has_result = true;
        }
    }
    if (text.length > 0 || (!has_result && baton_str_is(role, "user"))) {
        add_spoken(reading, role, text);
    }
    for (const struct baton_json *block = blocks->child; block != NULL; block = block->next) {
        if (baton_str_is(get_text(block, "type"), "tool_use")) {
            add_message(reading,
                        &(struct baton_trace_message){ .kind = BATON_TRACE_CALL,
                                                       .text = arguments_of(reading, baton_json_get(block, "input")),
                                                       .id = get_text(block, "id"),
                                                       .name = get_text(block, "name") });
        }
    }
}

static void read_anthropic(struct reading *reading, const struct baton_json *root)
{
    add_prompt(reading, text_of(reading, baton_json_get(root, "system")));
    for (const struct baton_json *it = first_of(root, "messages"); it != NULL; it = it->next) {
        const struct baton_json *blocks = get(it, "content", BATON_JSON_ARRAY);
        if (blocks != NULL) {
            read_blocks(reading, get_text(it, "role"), blocks);
        } else {
            add_spoken(reading, get_text(it, "role"), get_text(it, "content"));
        }
    }
    read_tools(reading, root, "input_schema");
}

/* By the name of the codec; all others speak as OpenAI's chat completions do. */
static void read_format(struct reading *reading, const struct baton_codec *codec, const struct baton_json *root)
{
    static const struct {
        const char *codec;
        void (*read)(struct reading *reading, const struct baton_json *root);
    } formats[] = { { "anthropic", read_anthropic }, { "openai-responses", read_responses } };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(codec->name, formats[i].codec) == 0) {
            formats[i].read(reading, root);
            return;
        }
    }
    read_chat(reading, root);
}

enum baton_status baton_trace_request_read(struct baton_trace_request *out, struct baton_arena *arena,
                                           const struct baton_codec *codec, const struct baton_json *root,
                                           struct baton_error *err)
{
    struct reading reading = { .arena = arena, .instructions = baton_text_with_limit(BATON_FILE_BYTES_MAX) };
    if (root->type == BATON_JSON_OBJECT) {
        read_format(&reading, codec, root);
    }
    *out = (struct baton_trace_request){ .model = get_text(root, "model"),
                                         .instructions = keep(&reading, &reading.instructions),
                                         .messages = reading.messages,
                                         .message_count = reading.count,
                                         .tools = reading.tools,
                                         .tool_count = reading.tool_count,
                                         .previous_id = get_text(root, "previous_response_id") };
    return reading.is_out_of_memory ? baton_error_over_limit(err, "a recorded request") : BATON_OK;
}

/* ---- which format ---- */

static bool has(struct baton_str text, const char *word)
{
    return baton_str_has(text, baton_str_of(word));
}

/* The URL's way, without what follows it and without a slash at its end. */
static struct baton_str path_of(struct baton_str url)
{
    struct baton_str path = { url.data, 0 };
    while (path.length < url.length && strchr("?#", url.data[path.length]) == NULL) {
        path.length++;
    }
    while (path.length > 0 && path.data[path.length - 1] == '/') {
        path.length--;
    }
    return path;
}

static const char *codec_name(struct baton_str path)
{
    if (baton_str_ends(path, "/chat/completions")) {
        return has(path, "openrouter.ai") ? "openrouter" : "openai-chat";
    }
    if (baton_str_ends(path, "/responses")) {
        return "openai-responses";
    }
    return baton_str_ends(path, "/messages") && !has(path, "/threads/") ? "anthropic" : NULL;
}

const struct baton_codec *baton_trace_request_codec(struct baton_str method, struct baton_str url, const char **reason)
{
    static const struct {
        const char *word, *reason;
    } others[] = {
        { "generativelanguage.googleapis.com", "Gemini is not spoken" },
        { "aiplatform.googleapis.com", "Gemini is not spoken" },
        { "bedrock", "Bedrock is not spoken" },
        { "/api/chat", "Ollama's own format is not spoken" },
        { "/embeddings", "it asks for embeddings, not for an answer" },
        { "/count_tokens", "it counts tokens" },
        { "/models", "it lists models" },
        { "/complete", "the old text completions are not spoken" },
    };
    struct baton_str path = path_of(url);
    const char *name = codec_name(path);
    *reason = NULL;
    if (name != NULL && baton_str_is(method, "POST")) {
        return baton_codec_find(baton_str_of(name));
    }
    if (name != NULL) {
        *reason = "it asks nothing";
        return NULL;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others && *reason == NULL; i++) {
        *reason = has(path, others[i].word) ? others[i].reason : NULL;
    }
    *reason = *reason == NULL ? "its format is not spoken" : *reason;
    return NULL;
}
