/* Writes lines of a cassette, and the keys by which they are found. */
#include "engine/base/json_writer.h"
#include "engine/base/utf8.h"
#include "engine/wire/encoder.h"
#include "sim/cassette/interaction.h"
#include "sim/redact/redact.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORKING_BYTES_MAX = 128 * 1024 * 1024 };

/* ---- keys ---- */

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
        struct baton_text redacted = baton_text_with_limit(WORKING_BYTES_MAX);
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
    return text->failed ? baton_error_set(err, BATON_ELIMIT, "a call's key needs more memory than is allowed")
                        : BATON_OK;
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

/* ---- lines ---- */

struct line {
    struct baton_json_writer json;
    const struct baton_known_values *values;
};

static void put_pair(struct line *line, const char *key, struct baton_str text)
{
    baton_jw_key(&line->json, key);
    baton_jw_str(&line->json, text);
}

static void put_number(struct line *line, const char *key, uint64_t number)
{
    baton_jw_key(&line->json, key);
    baton_jw_u64(&line->json, number);
}

static void put_flag(struct line *line, const char *key, bool is_set)
{
    if (is_set) {
        baton_jw_key(&line->json, key);
        baton_jw_bool(&line->json, true);
    }
}

static void put_ms(struct line *line, const char *key, int64_t ns)
{
    if (ns >= 0) {
        baton_jw_key(&line->json, key);
        baton_jw_ms(&line->json, (uint64_t)ns);
    }
}

/* Up to the first byte that a JSON file of ours cannot hold: what is no text is cut there, and so stays broken. */
static struct baton_str textual(struct baton_str text)
{
    size_t length = strnlen(text.data == NULL ? "" : text.data, text.length), bad;
    if (!baton_utf8_valid(text.data, length, &bad)) {
        length = bad;
    }
    return (struct baton_str){ text.data, length };
}

/* A text, redacted, as a JSON string. */
static void put_redacted(struct line *line, struct baton_str text)
{
    struct baton_text redacted = baton_text_with_limit(WORKING_BYTES_MAX);
    baton_redact_text(&redacted, line->values, textual(text));
    baton_jw_str(&line->json, baton_text_str(&redacted));
    line->json.out->failed = line->json.out->failed || redacted.failed;
    baton_text_clear(&redacted);
}

static void put_redacted_pair(struct line *line, const char *key, struct baton_str text)
{
    baton_jw_key(&line->json, key);
    put_redacted(line, text);
}

/* A body: as a tree where it is JSON, else as a text. */
static void put_body(struct line *line, struct baton_arena *scratch, struct baton_str body)
{
    struct baton_arena_mark mark = baton_arena_mark(scratch);
    const struct baton_source source = { .name = "body", .line_first = 1, .text = body };
    const struct baton_json *root;
    struct baton_error ignored;
    enum baton_status status = baton_json_parse(&root, scratch, &source, &ignored);
    if (status == BATON_OK && root->type != BATON_JSON_STRING) {
        baton_jw_raw(&line->json, BATON_STR("")); /* the comma, if one is due */
        baton_redact_json(line->json.out, line->values, root);
    } else {
        put_redacted(line, body);
    }
    line->json.out->failed = line->json.out->failed || (status != BATON_OK && status != BATON_EINPUT);
    baton_arena_rollback(scratch, mark);
}

static void begin(struct line *line, struct baton_text *out, const struct baton_known_values *values,
                  const struct baton_interaction *about)
{
    static const char *const kinds[] = { NULL, "tool", "context" };
    char hex[BATON_HASH_HEX_BYTES];
    *line = (struct line){ .json = baton_json_writer_to(out, 0), .values = values };
    baton_jw_open(&line->json, '{');
    baton_hash_hex(about->key, hex);
    put_pair(line, "key", baton_str_of(hex));
    if (about->has_redacted_key) {
        baton_hash_hex(about->redacted_key, hex);
        put_pair(line, "redacted_key", baton_str_of(hex));
    }
    if (kinds[about->kind] != NULL) {
        put_pair(line, "kind", baton_str_of(kinds[about->kind]));
    }
    put_pair(line, "conversation", about->place.conversation);
    put_number(line, "exchange", about->place.exchange);
    put_number(line, "turn", about->place.turn);
    if (about->place.nesting > 0) {
        put_number(line, "nesting", about->place.nesting);
    }
    if (about->agent.length > 0) {
        put_pair(line, "agent", about->agent);
    }
}

static void end(struct line *line)
{
    baton_jw_close(&line->json, '}');
    baton_text_putc(line->json.out, '\n');
}

static bool is_named_alike(const struct baton_wire_header *a, const struct baton_wire_header *b)
{
    return a->name.length == b->name.length && strncasecmp(a->name.data, b->name.data, a->name.length) == 0;
}

/* An object has each name once: values of one name are joined, as HTTP has it. */
static void put_headers(struct line *line, struct baton_arena *scratch, struct baton_wire_headers headers)
{
    struct baton_wire_headers kept;
    struct baton_error ignored;
    struct baton_text value = baton_text_with_limit(WORKING_BYTES_MAX);
    enum baton_status status = baton_redact_headers(&kept, scratch, line->values, headers, &ignored);
    baton_jw_key(&line->json, "headers");
    baton_jw_open(&line->json, '{');
    for (size_t i = 0; i < kept.count; i++) {
        bool is_first = true;
        for (size_t k = 0; k < i; k++) {
            is_first = is_first && !is_named_alike(&kept.items[k], &kept.items[i]);
        }
        if (!is_first) {
            continue;
        }
        baton_text_reset(&value);
        for (size_t k = i; k < kept.count; k++) {
            if (is_named_alike(&kept.items[k], &kept.items[i])) {
                baton_text_puts(&value, k == i ? "" : ", ");
                baton_text_append(&value, kept.items[k].value.data, kept.items[k].value.length);
            }
        }
        baton_jw_key_str(&line->json, textual(kept.items[i].name));
        baton_jw_str(&line->json, textual(baton_text_str(&value)));
    }
    baton_jw_close(&line->json, '}');
    line->json.out->failed = line->json.out->failed || value.failed || status != BATON_OK;
    baton_text_clear(&value);
}

static void put_events(struct line *line, const struct baton_traffic *traffic)
{
    baton_jw_key(&line->json, "events");
    baton_jw_open(&line->json, '[');
    for (size_t i = 0; i < traffic->event_count; i++) {
        const struct baton_traffic_event *event = &traffic->events[i];
        baton_jw_open(&line->json, '[');
        baton_jw_ms(&line->json, event->time_ns);
        put_redacted(line, event->name);
        put_redacted(line, event->data);
        baton_jw_close(&line->json, ']');
    }
    baton_jw_close(&line->json, ']');
}

void baton_interaction_write_model(struct baton_text *out, const struct baton_known_values *values,
                                   struct baton_arena *scratch, const struct baton_interaction *about,
                                   const struct baton_traffic *traffic, bool continues)
{
    struct line line;
    begin(&line, out, values, about);
    put_pair(&line, "provider", baton_str_of(traffic->codec->name));
    put_pair(&line, "model", traffic->model);
    if (about->recorded_at.length > 0) {
        put_pair(&line, "recorded_at", about->recorded_at);
    }
    baton_jw_key(&line.json, "request");
    put_body(&line, scratch, traffic->request);
    baton_jw_key(&line.json, "response");
    baton_jw_open(&line.json, '{');
    put_number(&line, "status", traffic->status);
    put_headers(&line, scratch, traffic->headers);
    if (traffic->is_stream) {
        put_events(&line, traffic);
    } else {
        baton_jw_key(&line.json, "body");
        put_body(&line, scratch, traffic->body);
    }
    baton_jw_close(&line.json, '}');
    if (about->reply.latency_ns >= 0) {
        baton_jw_key(&line.json, "timing");
        baton_jw_open(&line.json, '{');
        put_ms(&line, "ttft_ms", about->reply.ttft_ns);
        put_ms(&line, "total_ms", about->reply.latency_ns);
        baton_jw_close(&line.json, '}');
    }
    put_flag(&line, "continues", continues);
    end(&line);
}

void baton_interaction_write_tool(struct baton_text *out, const struct baton_known_values *values,
                                  const struct baton_interaction *about)
{
    struct line line;
    begin(&line, out, values, about);
    if (about->recorded_at.length > 0) {
        put_pair(&line, "recorded_at", about->recorded_at);
    }
    put_pair(&line, "name", about->name);
    put_number(&line, "call", about->call);
    put_redacted_pair(&line, "arguments", about->arguments);
    if (about->run_by.length > 0) {
        put_pair(&line, "run_by", about->run_by);
    } else {
        put_redacted_pair(&line, "result", about->result);
    }
    put_flag(&line, "is_error", about->is_error);
    put_ms(&line, "duration_ms", about->duration_ns);
    end(&line);
}

void baton_interaction_write_context(struct baton_text *out, const struct baton_known_values *values,
                                     const struct baton_interaction *about)
{
    struct line line;
    begin(&line, out, values, about);
    if (about->recorded_at.length > 0) {
        put_pair(&line, "recorded_at", about->recorded_at);
    }
    put_pair(&line, "handoff", about->name);
    put_pair(&line, "target", about->target);
    put_redacted_pair(&line, about->is_error ? "result" : "instructions", about->result);
    put_flag(&line, "is_error", about->is_error);
    end(&line);
}
