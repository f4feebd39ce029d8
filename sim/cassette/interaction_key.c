/* interaction_key.c - the keys by which interactions are found.
 *
 * A model call's key is that of its request in the codec's normal form (codec.h), where ids are numbered and nothing says
 * whether the answer is streamed, so that the same question finds its answer on another day. It is made of the raw request;
 * where redaction changes that, a second key is made of the redacted one. The other kinds have the conversation's id in their
 * key: the same call to a tool may give another result elsewhere.
 */
#include "engine/base/json_writer.h"
#include "engine/wire/encoder.h"
#include "sim/cassette/interaction.h"
#include "sim/cassette/limits.h"
#include "sim/redact/redact.h"

#include <stdlib.h>
#include <string.h>

enum baton_status baton_interaction_request_keys(struct baton_interaction_keys *out, struct baton_text *scratch,
                                                 const struct baton_codec *codec, const struct baton_request *request,
                                                 struct baton_str model, const struct baton_known_values *values,
                                                 bool wants_redacted, struct baton_error *err)
{
    const struct baton_encode_options options = { .model = model, .is_normal_form = true };
    *out = (struct baton_interaction_keys){ .has_redacted_key = false };
    baton_text_reset(scratch);
    enum baton_status status = baton_encode(scratch, codec, request, &options, err);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_str normal = baton_text_str(scratch);
    out->key = baton_hash128(normal.data, normal.length);
    if (wants_redacted) {
        struct baton_text redacted = baton_text_with_limit(BATON_INTERACTION_TEXT_BYTES_MAX);
        baton_redact_text(&redacted, values, normal);
        out->has_redacted_key = !baton_str_equal(normal, baton_text_str(&redacted));
        out->redacted_key = baton_hash128(baton_text_str(&redacted).data, redacted.length);
        if (redacted.failed) {
            status = baton_error_set(err, BATON_ELIMIT, "a request is too large to be redacted");
        }
        baton_text_clear(&redacted);
    }
    return status;
}

static int by_key(const void *a, const void *b)
{
    const struct baton_json *left = *(const struct baton_json *const *)a, *right = *(const struct baton_json *const *)b;
    size_t shared = left->key.length < right->key.length ? left->key.length : right->key.length;
    int order = shared == 0 ? 0 : memcmp(left->key.data, right->key.data, shared);
    return order != 0 ? order : (left->key.length > right->key.length) - (left->key.length < right->key.length);
}

/* With sorted keys. Recursion is bounded by BATON_JSON_DEPTH_MAX. */
static void write_sorted(struct baton_json_writer *writer, struct baton_arena *arena, const struct baton_json *node)
{
    bool is_object = node->type == BATON_JSON_OBJECT;
    if (!is_object && node->type != BATON_JSON_ARRAY) {
        baton_jw_raw(writer, BATON_STR("")); /* the comma, if one is due */
        baton_json_write(writer->out, node);
        return;
    }
    const struct baton_json **children = baton_arena_array(arena, node->count, sizeof(*children));
    uint32_t count = 0;
    if (children == NULL) {
        writer->out->failed = true;
        return;
    }
    for (const struct baton_json *child = node->child; child != NULL; child = child->next) {
        children[count++] = child;
    }
    if (is_object && count > 1) {
        qsort(children, count, sizeof(*children), by_key);
    }
    baton_jw_open(writer, is_object ? '{' : '[');
    for (uint32_t i = 0; i < count; i++) {
        if (is_object) {
            baton_jw_key_str(writer, children[i]->key);
        }
        write_sorted(writer, arena, children[i]);
    }
    baton_jw_close(writer, is_object ? '}' : ']');
}

static enum baton_status hash_of(struct baton_hash *out, const struct baton_text *text, struct baton_error *err)
{
    struct baton_str written = baton_text_str(text);
    *out = baton_hash128(written.data, written.length);
    return text->failed ? baton_error_over_limit(err, "a call's key") : BATON_OK;
}

/* Of `["tool","CONVERSATION","NAME",ARGUMENTS]`; arguments that are no JSON stand there as a text. */
enum baton_status baton_interaction_tool_key(struct baton_hash *out, struct baton_text *scratch,
                                             struct baton_arena *arena, struct baton_str conversation,
                                             const struct baton_tool_call *call, struct baton_error *err)
{
    struct baton_json_writer writer = baton_json_writer_to(scratch, 0);
    struct baton_arena_mark mark = baton_arena_mark(arena);
    const struct baton_source source = { .name = "arguments", .line_first = 1, .text = call->arguments };
    const struct baton_json *root;
    struct baton_error ignored;
    baton_text_reset(scratch);
    baton_jw_open(&writer, '[');
    baton_jw_string(&writer, "tool");
    baton_jw_str(&writer, conversation);
    baton_jw_str(&writer, call->name);
    enum baton_status status = baton_json_parse(&root, arena, &source, &ignored);
    if (status == BATON_OK) {
        write_sorted(&writer, arena, root);
    } else {
        baton_jw_str(&writer, call->arguments);
    }
    baton_jw_close(&writer, ']');
    baton_arena_rollback(arena, mark);
    if (status != BATON_OK && status != BATON_EINPUT) {
        return baton_error_set(err, status, "the arguments of a call need more memory than is allowed");
    }
    return hash_of(out, scratch, err);
}

/* Of `["context","CONVERSATION","TOOL","TARGET"]`. */
enum baton_status baton_interaction_context_key(struct baton_hash *out, struct baton_text *scratch,
                                                struct baton_str conversation, struct baton_str tool,
                                                struct baton_str target, struct baton_error *err)
{
    struct baton_json_writer writer = baton_json_writer_to(scratch, 0);
    baton_text_reset(scratch);
    baton_jw_open(&writer, '[');
    baton_jw_string(&writer, "context");
    baton_jw_str(&writer, conversation);
    baton_jw_str(&writer, tool);
    baton_jw_str(&writer, target);
    baton_jw_close(&writer, ']');
    return hash_of(out, scratch, err);
}
