/* vcr.c - the HTTP calls of a vcrpy cassette, read by tables of the fields that its versions and its like write.
 *
 * The same thing stands in several places: a body may be a text, !!binary, base64 beside it or a tree, a status a number or an
 * object. Whether bytes are compressed the headers alone do not say, as most recorders inflate a body and keep its headers: so
 * only what is no text is undone. Lines are counted along, as an interaction is named by its own in what is said of it.
 */
#include "sim/import/vcr.h"

#include "engine/base/fields.h"
#include "engine/base/text.h"
#include "engine/base/yaml.h"
#include "sim/import/http_body.h"

#include <string.h>
#include <strings.h>

#define ROW(form, field, ...) .offset = offsetof(struct form, field), __VA_ARGS__

struct reader {
    const struct baton_source *source;
    struct baton_arena *arena;
    struct baton_error *err;
};

static enum baton_status no_memory(const struct reader *reader)
{
    return baton_error_over_limit(reader->err, "'%s'", reader->source->name);
}

/* ---- headers ---- */

/* A header's value; numbers and the like as they were written. */
static enum baton_status header_value(const struct reader *reader, const struct baton_json *node, struct baton_str *out)
{
    *out = node->text;
    if (node->type == BATON_JSON_ARRAY || node->type == BATON_JSON_OBJECT) {
        return baton_type_error(reader->source, node, "a header's value", "a text", reader->err);
    }
    if (node->type == BATON_JSON_NULL || node->type == BATON_JSON_BOOLEAN) {
        *out = node->type == BATON_JSON_NULL ? BATON_STR("") : node->boolean ? BATON_STR("true") : BATON_STR("false");
    }
    if (!node->is_binary) {
        return BATON_OK;
    }
    struct baton_http_body bytes = { reader->arena, reader->source, node, node->text };
    enum baton_status status = baton_http_body_undo_base64(&bytes, reader->err);
    *out = bytes.bytes;
    return status;
}

/* `[name, value]` */
static enum baton_status header_pair(const struct reader *reader, const struct baton_json *pair,
                                     struct baton_wire_header *out)
{
    if (pair->type != BATON_JSON_ARRAY || pair->count != 2 || pair->child->type != BATON_JSON_STRING) {
        return baton_source_error(reader->source, pair->offset, reader->err,
                                  "a header in a list must be a pair: [name, value]");
    }
    out->name = pair->child->text;
    return header_value(reader, pair->child->next, &out->value);
}

static size_t headers_count(const struct baton_json *node)
{
    size_t count = node->count;
    for (const struct baton_json *member = node->child; member != NULL; member = member->next) {
        count += member->count;
    }
    return count;
}

static enum baton_status headers_read(const struct reader *reader, const struct baton_json *node,
                                      struct baton_wire_headers *out)
{
    if (node == NULL || node->type == BATON_JSON_NULL) {
        return BATON_OK;
    }
    if (node->type != BATON_JSON_OBJECT && node->type != BATON_JSON_ARRAY) {
        return baton_type_error(reader->source, node, "'headers'", "an object", reader->err);
    }
    struct baton_wire_header *items = baton_arena_array(reader->arena, headers_count(node), sizeof *items);
    if (items == NULL) {
        return no_memory(reader);
    }
    enum baton_status status = BATON_OK;
    size_t count = 0;
    for (const struct baton_json *member = node->child; member != NULL && status == BATON_OK; member = member->next) {
        if (node->type == BATON_JSON_ARRAY) {
            status = header_pair(reader, member, &items[count++]);
            continue;
        }
        bool is_list = member->type == BATON_JSON_ARRAY;
        for (const struct baton_json *value = is_list ? member->child : member; value != NULL && status == BATON_OK;
             value = is_list ? value->next : NULL) {
            items[count].name = member->key;
            status = header_value(reader, value, &items[count++].value);
        }
    }
    *out = (struct baton_wire_headers){ items, count };
    return status;
}

/* ---- bodies ---- */

/* The keys under which a body may stand; at most one is there. */
struct body_nodes {
    const struct baton_json *body, *content, *parsed;
};

struct body_fields {
    const struct baton_json *string, *base64_string;
};

/* The node that holds the body's text, or NULL for none; *is_base64 says how to read it. */
static enum baton_status body_node(const struct reader *reader, const struct baton_json *node,
                                   const struct baton_json **out, bool *is_base64)
{
    static const struct baton_field rows[] = {
        { "string", NULL, BATON_FIELD_ANY, ROW(body_fields, string, 0) },
        { "base64_string", NULL, BATON_FIELD_ANY, ROW(body_fields, base64_string, 0) },
    };
    *out = node;
    if (node != NULL && node->type == BATON_JSON_OBJECT) {
        const struct baton_fields table = { reader->source, rows, BATON_FIELD_COUNT(rows), "a body", true };
        struct body_fields fields = { NULL, NULL };
        enum baton_status status = baton_fields_read(&table, node, &fields, reader->err);
        if (status != BATON_OK) {
            return status;
        }
        *out = fields.string != NULL ? fields.string : fields.base64_string;
        *is_base64 = fields.string == NULL;
        if (*out == NULL && node->count > 0) {
            return baton_source_error(reader->source, node->offset, reader->err,
                                      "a body needs a key 'string' or 'base64_string'");
        }
    }
    if (*out != NULL && (*out)->type == BATON_JSON_NULL) {
        *out = NULL;
    }
    if (*out != NULL && (*out)->type != BATON_JSON_STRING) {
        return baton_type_error(reader->source, *out, "a body", "a text", reader->err);
    }
    *is_base64 = *is_base64 || (*out != NULL && (*out)->is_binary);
    return BATON_OK;
}

/* A tree in place of a body, as JSON. */
static enum baton_status written_body(const struct reader *reader, const struct baton_json *tree, struct baton_str *out)
{
    struct baton_text written = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    baton_json_write(&written, tree);
    const char *copy = written.failed ? NULL : baton_arena_copy(reader->arena, written.data, written.length);
    *out = (struct baton_str){ copy, copy == NULL ? 0 : written.length };
    baton_text_clear(&written);
    return copy == NULL ? no_memory(reader) : BATON_OK;
}

static enum baton_status body_read(const struct reader *reader, const struct body_nodes *nodes,
                                   struct baton_wire_headers headers, struct baton_str *out)
{
    const struct baton_json *node = nodes->body != NULL ? nodes->body : nodes->content;
    bool is_base64 = false;
    *out = BATON_STR("");
    if (nodes->parsed != NULL && nodes->parsed->type != BATON_JSON_NULL) {
        return written_body(reader, nodes->parsed, out);
    }
    enum baton_status status = body_node(reader, node, &node, &is_base64);
    if (status != BATON_OK || node == NULL) {
        return status;
    }
    *out = node->text;
    if (!is_base64) { /* no compressed body is a text: the recorder has inflated it already, whatever the headers say */
        return BATON_OK;
    }
    struct baton_http_body body = { reader->arena, reader->source, node, node->text };
    status = baton_http_body_undo_base64(&body, reader->err);
    if (status == BATON_OK && body.bytes.length > 0) {
        status = baton_http_body_undo_codings(&body, baton_wire_header_value(headers, "content-encoding"), reader->err);
    }
    *out = body.bytes;
    return status;
}

static bool begins(struct baton_str text, const char *word)
{
    size_t length = strlen(word);
    return text.length >= length && strncasecmp(text.data, word, length) == 0;
}

/* By its type; where the headers were cut, by how it begins. */
static bool is_event_stream(struct baton_wire_headers headers, struct baton_str body)
{
    struct baton_str type = baton_wire_header_value(headers, "content-type");
    return type.data != NULL ? begins(type, "text/event-stream")
                             : begins(body, "data:") || begins(body, "event:") || begins(body, ": ");
}

/* ---- interactions ---- */

struct request_fields {
    struct baton_str method, uri;
    const struct baton_json *headers;
    struct body_nodes body;
};

static const struct baton_field request_rows[] = {
    { "method", NULL, BATON_FIELD_TEXT, ROW(request_fields, method, .is_required = true) },
    { "uri", "url", BATON_FIELD_TEXT, ROW(request_fields, uri, .is_required = true) },
    { "headers", NULL, BATON_FIELD_ANY, ROW(request_fields, headers, 0) },
    { "body", NULL, BATON_FIELD_ANY, ROW(request_fields, body.body, 0) },
    { "parsed_body", NULL, BATON_FIELD_ANY, ROW(request_fields, body.parsed, 0) },
};

struct response_fields {
    const struct baton_json *status, *headers;
    int32_t status_code;
    struct body_nodes body;
};

static const struct baton_field response_rows[] = {
    { "status", NULL, BATON_FIELD_ANY, ROW(response_fields, status, 0) },
    { "status_code", NULL, BATON_FIELD_INT32, ROW(response_fields, status_code, .low = 100, .high = 599) },
    { "headers", NULL, BATON_FIELD_ANY, ROW(response_fields, headers, 0) },
    { "body", NULL, BATON_FIELD_ANY, ROW(response_fields, body.body, 0) },
    { "content", NULL, BATON_FIELD_ANY, ROW(response_fields, body.content, 0) },
    { "parsed_body", NULL, BATON_FIELD_ANY, ROW(response_fields, body.parsed, 0) },
};

struct status_fields {
    int32_t code;
    struct baton_str message;
};

static const struct baton_field status_rows[] = {
    { "code", NULL, BATON_FIELD_INT32, ROW(status_fields, code, .is_required = true, .low = 100, .high = 599) },
    { "message", NULL, BATON_FIELD_TEXT, ROW(status_fields, message, 0) },
};

struct interaction_fields {
    const struct baton_json *request, *response;
};

static const struct baton_field interaction_rows[] = {
    { "request", NULL, BATON_FIELD_OBJECT, ROW(interaction_fields, request, .is_required = true) },
    { "response", NULL, BATON_FIELD_OBJECT, ROW(interaction_fields, response, .is_required = true) },
};

static enum baton_status request_read(const struct reader *reader, const struct baton_json *node,
                                      struct baton_recorded_call *out)
{
    const struct baton_fields table = { reader->source, request_rows, BATON_FIELD_COUNT(request_rows), "a request",
                                        true };
    struct request_fields fields = { .uri = { NULL, 0 } };
    enum baton_status status = baton_fields_read(&table, node, &fields, reader->err);
    if (status == BATON_OK) {
        out->method = fields.method;
        out->url = fields.uri;
        status = headers_read(reader, fields.headers, &out->request_headers);
    }
    return status == BATON_OK ? body_read(reader, &fields.body, out->request_headers, &out->request_body) : status;
}

/* `status: {code, message}`, or `status_code: N` beside it. */
static enum baton_status status_read(const struct reader *reader, const struct baton_json *response,
                                     const struct response_fields *fields, struct baton_recorded_call *out)
{
    const struct baton_fields table = { reader->source, status_rows, BATON_FIELD_COUNT(status_rows), "a status", true };
    struct status_fields parts = { .code = fields->status_code, .message = BATON_STR("") };
    enum baton_status status = BATON_OK;
    if (fields->status != NULL) {
        status = baton_fields_read(&table, fields->status, &parts, reader->err);
    } else if (fields->status_code == 0) {
        status = baton_source_error(reader->source, response->offset, reader->err,
                                    "a response needs a key 'status' with 'code' in it");
    }
    out->status = parts.code;
    out->reason = parts.message;
    return status;
}

static enum baton_status response_read(const struct reader *reader, const struct baton_json *node,
                                       struct baton_recorded_call *out)
{
    const struct baton_fields table = { reader->source, response_rows, BATON_FIELD_COUNT(response_rows), "a response",
                                        true };
    struct response_fields fields = { .status_code = 0 };
    enum baton_status status = baton_fields_read(&table, node, &fields, reader->err);
    if (status != BATON_OK) {
        return status;
    }
    status = status_read(reader, node, &fields, out);
    if (status != BATON_OK) {
        return status;
    }
    status = headers_read(reader, fields.headers, &out->response_headers);
    if (status != BATON_OK) {
        return status;
    }
    status = body_read(reader, &fields.body, out->response_headers, &out->response_body);
    out->is_stream = status == BATON_OK && is_event_stream(out->response_headers, out->response_body);
    return status;
}

static enum baton_status interaction_read(const struct reader *reader, const struct baton_json *node,
                                          struct baton_recorded_call *out)
{
    const struct baton_fields table = { reader->source, interaction_rows, BATON_FIELD_COUNT(interaction_rows),
                                        "an interaction", true };
    struct interaction_fields fields = { NULL, NULL };
    enum baton_status status = baton_fields_read(&table, node, &fields, reader->err);
    if (status == BATON_OK) {
        status = request_read(reader, fields.request, out);
    }
    return status == BATON_OK ? response_read(reader, fields.response, out) : status;
}

struct root_fields {
    const struct baton_json *interactions;
    int32_t version;
};

/* The line of a place in the file, counted on from the place that was asked for last. */
struct line_counter {
    const struct baton_source *source;
    size_t at;
    unsigned line;
};

static unsigned line_of(struct line_counter *counter, size_t offset)
{
    for (; counter->at < offset; counter->at++) {
        counter->line += counter->source->text.data[counter->at] == '\n';
    }
    return counter->line;
}

static enum baton_status root_read(const struct reader *reader, const struct baton_json *root,
                                   struct baton_recorded_calls *out)
{
    static const struct baton_field rows[] = {
        { "interactions", "http_interactions", BATON_FIELD_ARRAY, ROW(root_fields, interactions, .is_required = true) },
        { "version", NULL, BATON_FIELD_INT32, ROW(root_fields, version, .low = 1, .high = 1) },
    };
    const struct baton_fields table = { reader->source, rows, BATON_FIELD_COUNT(rows), "a cassette", true };
    struct root_fields fields = { .version = 1 };
    enum baton_status status = baton_fields_read(&table, root, &fields, reader->err);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_recorded_call *items = baton_arena_array(reader->arena, fields.interactions->count, sizeof *items);
    if (items == NULL) {
        return no_memory(reader);
    }
    struct line_counter counter = { .source = reader->source,
                                    .line = reader->source->line_first == 0 ? 1 : reader->source->line_first };
    size_t count = 0;
    for (const struct baton_json *node = fields.interactions->child; node != NULL; node = node->next) {
        items[count] = (struct baton_recorded_call){ .line = line_of(&counter, node->offset) };
        status = interaction_read(reader, node, &items[count++]);
        if (status != BATON_OK) {
            return status;
        }
    }
    *out = (struct baton_recorded_calls){ items, count };
    return BATON_OK;
}

enum baton_status baton_vcr_read(struct baton_recorded_calls *out, struct baton_arena *arena,
                                 const struct baton_source *source, struct baton_error *err)
{
    const struct reader reader = { .source = source, .arena = arena, .err = err };
    const struct baton_json *root;
    *out = (struct baton_recorded_calls){ NULL, 0 };
    enum baton_status status = baton_path_ends(source->name, "json")
                                   ? baton_json_parse(&root, arena, source, err)
                                   : baton_yaml_parse_with_binary(&root, arena, source, err);
    return status == BATON_OK ? root_read(&reader, root, out) : status;
}
