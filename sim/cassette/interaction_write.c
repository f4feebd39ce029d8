/* interaction_write.c - writes lines of a cassette, redacted.
 *
 * A line is made to be read in a diff and by other programs: a body is a tree where it is JSON, headers are an object with each
 * name once. Every text passes the redactor; what no JSON file can hold (bytes that are no text) is cut off there, so that what
 * was broken when it came stays broken when it is replayed.
 */
#include "engine/base/json_writer.h"
#include "engine/base/utf8.h"
#include "engine/wire/encoder.h"
#include "sim/cassette/interaction.h"
#include "sim/cassette/limits.h"
#include "sim/redact/redact.h"

#include <string.h>
#include <strings.h>

struct line {
    struct baton_json_writer json;
    const struct baton_known_values *values;
};

static void put_given(struct line *line, const char *key, struct baton_str text)
{
    if (text.length > 0) {
        baton_jw_put_str(&line->json, key, text);
    }
}

static void put_flag(struct line *line, const char *key, bool is_set)
{
    if (is_set) {
        baton_jw_put_bool(&line->json, key, true);
    }
}

static void put_ms(struct line *line, const char *key, int64_t ns)
{
    if (ns >= 0) {
        baton_jw_put_ms(&line->json, key, (uint64_t)ns);
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
    struct baton_text redacted = baton_text_with_limit(BATON_INTERACTION_TEXT_BYTES_MAX);
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
    baton_jw_put_string(&line->json, "key", hex);
    if (about->has_redacted_key) {
        baton_hash_hex(about->redacted_key, hex);
        baton_jw_put_string(&line->json, "redacted_key", hex);
    }
    put_given(line, "kind", baton_str_of(kinds[about->kind]));
    baton_jw_put_str(&line->json, "conversation", about->position.conversation);
    baton_jw_put_u64(&line->json, "exchange", about->position.exchange);
    baton_jw_put_u64(&line->json, "turn", about->position.turn);
    if (about->position.nesting > 0) {
        baton_jw_put_u64(&line->json, "nesting", about->position.nesting);
    }
    put_given(line, "agent", about->agent);
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
    struct baton_text value = baton_text_with_limit(BATON_INTERACTION_TEXT_BYTES_MAX);
    enum baton_status status = baton_redact_headers(&kept, scratch, line->values, headers, &ignored);
    baton_jw_put_open(&line->json, "headers", '{');
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
    baton_jw_put_open(&line->json, "events", '[');
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
    baton_jw_put_string(&line.json, "provider", traffic->codec->name);
    baton_jw_put_str(&line.json, "model", traffic->model);
    put_given(&line, "recorded_at", about->recorded_at);
    baton_jw_key(&line.json, "request");
    put_body(&line, scratch, traffic->request);
    baton_jw_put_open(&line.json, "response", '{');
    baton_jw_put_u64(&line.json, "status", traffic->status);
    put_headers(&line, scratch, traffic->headers);
    if (traffic->is_stream) {
        put_events(&line, traffic);
    } else {
        baton_jw_key(&line.json, "body");
        put_body(&line, scratch, traffic->body);
    }
    baton_jw_close(&line.json, '}');
    if (about->reply.latency_ns >= 0) {
        baton_jw_put_open(&line.json, "timing", '{');
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
    put_given(&line, "recorded_at", about->recorded_at);
    baton_jw_put_str(&line.json, "name", about->name);
    baton_jw_put_u64(&line.json, "call", about->call);
    put_redacted_pair(&line, "arguments", about->arguments);
    if (about->run_by.length > 0) {
        baton_jw_put_str(&line.json, "run_by", about->run_by);
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
    put_given(&line, "recorded_at", about->recorded_at);
    baton_jw_put_str(&line.json, "handoff", about->name);
    baton_jw_put_str(&line.json, "target", about->target);
    put_redacted_pair(&line, about->is_error ? "result" : "instructions", about->result);
    put_flag(&line, "is_error", about->is_error);
    end(&line);
}
