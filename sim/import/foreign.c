#include "sim/import/foreign.h"

#include "engine/base/text.h"
#include "engine/wire/codecs.h"

#include <string.h>

struct reading {
    struct baton_arena *arena;
    struct baton_said *said;
    uint32_t count, capacity;
    struct baton_foreign_tool *tools;
    uint32_t tool_count;
    struct baton_text system;
    bool is_speaking; /* the prompts at the start are over */
    bool is_out_of_memory;
};

static const struct baton_json *get(const struct baton_json *object, const char *key, enum baton_json_type type)
{
    const struct baton_json *node =
        object != NULL && object->type == BATON_JSON_OBJECT ? baton_json_get(object, key) : NULL;
    return node != NULL && node->type == type ? node : NULL;
}

static struct baton_str str(const struct baton_json *object, const char *key)
{
    const struct baton_json *node = get(object, key, BATON_JSON_STRING);
    return node == NULL ? BATON_STR("") : node->text;
}

static void say(struct reading *reading, const struct baton_said *said)
{
    if (reading->count == reading->capacity) {
        uint32_t capacity = reading->capacity == 0 ? 16 : reading->capacity * 2;
        struct baton_said *larger = baton_arena_array(reading->arena, capacity, sizeof *larger);
        if (larger == NULL) {
            reading->is_out_of_memory = true;
            return;
        }
        if (reading->count > 0) {
            memcpy(larger, reading->said, reading->count * sizeof *larger);
        }
        reading->said = larger;
        reading->capacity = capacity;
    }
    reading->said[reading->count++] = *said;
    reading->is_speaking = true;
}

/* A text, or the texts of a list of parts, a line each. */
static struct baton_str text_of(struct reading *reading, const struct baton_json *content)
{
    if (content == NULL || content->type != BATON_JSON_ARRAY) {
        return content != NULL && content->type == BATON_JSON_STRING ? content->text : BATON_STR("");
    }
    struct baton_text joined = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    for (const struct baton_json *part = content->child; part != NULL; part = part->next) {
        struct baton_str text = part->type == BATON_JSON_STRING ? part->text : str(part, "text");
        if (text.length > 0) {
            baton_text_puts(&joined, joined.length > 0 ? "\n" : "");
            baton_text_append(&joined, text.data, text.length);
        }
    }
    char *copy = baton_arena_copy(reading->arena, joined.data, joined.length);
    struct baton_str text = { copy, copy == NULL ? 0 : joined.length };
    reading->is_out_of_memory = reading->is_out_of_memory || copy == NULL || joined.failed;
    baton_text_clear(&joined);
    return text;
}

static void prompt(struct reading *reading, struct baton_str text)
{
    if (text.length > 0 && !reading->is_speaking) {
        baton_text_puts(&reading->system, reading->system.length > 0 ? "\n\n" : "");
        baton_text_append(&reading->system, text.data, text.length);
    }
}

static bool is_prompt(struct baton_str role)
{
    return baton_str_is(role, "system") || baton_str_is(role, "developer");
}

static void spoken(struct reading *reading, struct baton_str role, struct baton_str text)
{
    bool is_assistant = baton_str_is(role, "assistant");
    if (is_prompt(role)) {
        prompt(reading, text);
    } else if (is_assistant ? text.length > 0 : baton_str_is(role, "user")) {
        say(reading,
            &(struct baton_said){ .kind = is_assistant ? BATON_SAID_ASSISTANT : BATON_SAID_USER, .text = text });
    }
}

/* Arguments as a text; a tree is written. */
static struct baton_str written(struct reading *reading, const struct baton_json *node)
{
    struct baton_text text = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    if (node == NULL || node->type == BATON_JSON_STRING) {
        return node == NULL ? BATON_STR("") : node->text;
    }
    baton_json_write(&text, node);
    char *copy = baton_arena_copy(reading->arena, text.data, text.length);
    struct baton_str out = { copy, copy == NULL ? 0 : text.length };
    reading->is_out_of_memory = reading->is_out_of_memory || copy == NULL || text.failed;
    baton_text_clear(&text);
    return out;
}

/* ---- tools ---- */

static void read_tools(struct reading *reading, const struct baton_json *list, const char *schema_key)
{
    reading->tools = baton_arena_array(reading->arena, list == NULL ? 0 : list->count, sizeof *reading->tools);
    reading->is_out_of_memory = reading->is_out_of_memory || reading->tools == NULL;
    for (const struct baton_json *node = list == NULL ? NULL : list->child; node != NULL && reading->tools != NULL;
         node = node->next) {
        const struct baton_json *inner = get(node, "function", BATON_JSON_OBJECT);
        const struct baton_json *tool = inner != NULL ? inner : node;
        struct baton_str type = str(node, "type"), name = str(tool, "name");
        bool is_function = type.length == 0 || baton_str_is(type, "function") || baton_str_is(type, "custom");
        if (name.length > 0 && is_function) {
            reading->tools[reading->tool_count++] =
                (struct baton_foreign_tool){ .name = name,
                                             .description = str(tool, "description"),
                                             .parameters = get(tool, schema_key, BATON_JSON_OBJECT) };
        }
    }
}

/* ---- the formats ---- */

static void read_chat(struct reading *reading, const struct baton_json *root)
{
    const struct baton_json *messages = get(root, "messages", BATON_JSON_ARRAY);
    for (const struct baton_json *it = messages == NULL ? NULL : messages->child; it != NULL; it = it->next) {
        struct baton_str role = str(it, "role");
        struct baton_str text =
            text_of(reading, get(it, "content", BATON_JSON_ARRAY) != NULL ? get(it, "content", BATON_JSON_ARRAY)
                                                                          : get(it, "content", BATON_JSON_STRING));
        if (baton_str_is(role, "tool")) {
            say(reading,
                &(struct baton_said){ .kind = BATON_SAID_RESULT, .text = text, .id = str(it, "tool_call_id") });
            continue;
        }
        spoken(reading, role, text);
        const struct baton_json *calls = get(it, "tool_calls", BATON_JSON_ARRAY);
        for (const struct baton_json *call = calls == NULL ? NULL : calls->child; call != NULL; call = call->next) {
            const struct baton_json *function = get(call, "function", BATON_JSON_OBJECT);
            say(reading, &(struct baton_said){ .kind = BATON_SAID_CALL,
                                               .text = str(function, "arguments"),
                                               .id = str(call, "id"),
                                               .name = str(function, "name") });
        }
    }
    read_tools(reading, get(root, "tools", BATON_JSON_ARRAY), "parameters");
}

static void read_item(struct reading *reading, const struct baton_json *item)
{
    struct baton_str type = str(item, "type");
    if (baton_str_is(type, "function_call")) {
        say(reading, &(struct baton_said){ .kind = BATON_SAID_CALL,
                                           .text = str(item, "arguments"),
                                           .id = str(item, "call_id"),
                                           .name = str(item, "name") });
    } else if (baton_str_is(type, "function_call_output")) {
        const struct baton_json *output = item->type == BATON_JSON_OBJECT ? baton_json_get(item, "output") : NULL;
        say(reading, &(struct baton_said){
                         .kind = BATON_SAID_RESULT, .text = text_of(reading, output), .id = str(item, "call_id") });
    } else if (type.length == 0 || baton_str_is(type, "message")) {
        spoken(reading, str(item, "role"),
               text_of(reading, item->type == BATON_JSON_OBJECT ? baton_json_get(item, "content") : NULL));
    }
}

static void read_responses(struct reading *reading, const struct baton_json *root)
{
    const struct baton_json *input = baton_json_get(root, "input");
    prompt(reading, str(root, "instructions"));
    if (input != NULL && input->type == BATON_JSON_STRING) {
        spoken(reading, BATON_STR("user"), input->text);
    } else if (input != NULL && input->type == BATON_JSON_ARRAY) {
        for (const struct baton_json *item = input->child; item != NULL; item = item->next) {
            read_item(reading, item);
        }
    }
    read_tools(reading, get(root, "tools", BATON_JSON_ARRAY), "parameters");
}

/* Texts of one message are one; calls and results come in between where they stand. */
static void read_blocks(struct reading *reading, struct baton_str role, const struct baton_json *blocks)
{
    struct baton_str text = text_of(reading, blocks);
    bool has_result = false;
    for (const struct baton_json *block = blocks->child; block != NULL; block = block->next) {
        if (baton_str_is(str(block, "type"), "tool_result")) {
            const struct baton_json *failed = get(block, "is_error", BATON_JSON_BOOLEAN);
            say(reading, &(struct baton_said){ .kind = BATON_SAID_RESULT,
                                               .text = text_of(reading, baton_json_get(block, "content")),
                                               .id = str(block, "tool_use_id"),
                                               .is_error = failed != NULL && failed->boolean });
            has_result = true;
        }
    }
    if (text.length > 0 || (!has_result && baton_str_is(role, "user"))) {
        spoken(reading, role, text);
    }
    for (const struct baton_json *block = blocks->child; block != NULL; block = block->next) {
        if (baton_str_is(str(block, "type"), "tool_use")) {
            say(reading, &(struct baton_said){ .kind = BATON_SAID_CALL,
                                               .text = written(reading, baton_json_get(block, "input")),
                                               .id = str(block, "id"),
                                               .name = str(block, "name") });
        }
    }
}

static void read_anthropic(struct reading *reading, const struct baton_json *root)
{
    const struct baton_json *messages = get(root, "messages", BATON_JSON_ARRAY);
    prompt(reading, text_of(reading, baton_json_get(root, "system")));
    for (const struct baton_json *it = messages == NULL ? NULL : messages->child; it != NULL; it = it->next) {
        const struct baton_json *blocks = get(it, "content", BATON_JSON_ARRAY);
        if (blocks != NULL) {
            read_blocks(reading, str(it, "role"), blocks);
        } else {
            spoken(reading, str(it, "role"), str(it, "content"));
        }
    }
    read_tools(reading, get(root, "tools", BATON_JSON_ARRAY), "input_schema");
}

enum baton_status baton_foreign_read(struct baton_foreign_request *out, struct baton_arena *arena,
                                     const struct baton_codec *codec, const struct baton_json *root,
                                     struct baton_error *err)
{
    struct reading reading = { .arena = arena, .system = baton_text_with_limit(BATON_FILE_BYTES_MAX) };
    *out = (struct baton_foreign_request){ .system = { "", 0 } };
    if (root->type == BATON_JSON_OBJECT && strcmp(codec->name, "anthropic") == 0) {
        read_anthropic(&reading, root);
    } else if (root->type == BATON_JSON_OBJECT && strcmp(codec->name, "openai-responses") == 0) {
        read_responses(&reading, root);
    } else if (root->type == BATON_JSON_OBJECT) {
        read_chat(&reading, root);
    }
    char *system = baton_arena_copy(arena, reading.system.data, reading.system.length);
    *out = (struct baton_foreign_request){ .model = str(root, "model"),
                                           .system = { system, reading.system.length },
                                           .said = reading.said,
                                           .said_count = reading.count,
                                           .tools = reading.tools,
                                           .tool_count = reading.tool_count,
                                           .previous_id = str(root, "previous_response_id") };
    bool fits = !reading.is_out_of_memory && !reading.system.failed && system != NULL;
    baton_text_clear(&reading.system);
    return fits ? BATON_OK : baton_error_set(err, BATON_ELIMIT, "a recorded request needs more memory than is allowed");
}

/* ---- which format ---- */

static bool ends(struct baton_str path, const char *with)
{
    size_t length = strlen(with);
    return path.length >= length && memcmp(path.data + path.length - length, with, length) == 0;
}

static bool holds(struct baton_str text, const char *word)
{
    return text.length > 0 && memmem(text.data, text.length, word, strlen(word)) != NULL;
}

const struct baton_codec *baton_foreign_codec(struct baton_str method, struct baton_str url, const char **reason)
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
    struct baton_str path = { url.data, 0 };
    const char *name = NULL;
    *reason = NULL;
    while (path.length < url.length && strchr("?#", url.data[path.length]) == NULL) {
        path.length++;
    }
    while (path.length > 0 && path.data[path.length - 1] == '/') {
        path.length--;
    }
    if (ends(path, "/chat/completions")) {
        name = holds(path, "openrouter.ai") ? "openrouter" : "openai-chat";
    } else if (ends(path, "/responses")) {
        name = "openai-responses";
    } else if (ends(path, "/messages") && !holds(path, "/threads/")) {
        name = "anthropic";
    }
    if (name != NULL && !baton_str_is(method, "POST")) {
        *reason = "it asks nothing";
        return NULL;
    }
    if (name != NULL) {
        return baton_codec_find(baton_str_of(name));
    }
    *reason = "its format is not spoken";
    for (size_t i = sizeof others / sizeof *others; i-- > 0;) {
        *reason = holds(path, others[i].word) ? others[i].reason : *reason;
    }
    return NULL;
}
