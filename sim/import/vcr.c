#include "sim/import/vcr.h"

#include "engine/base/fields.h"
#include "engine/base/text.h"
#include "engine/base/yaml.h"

#include <string.h>
#include <strings.h>

#define ZLIB_CONST
#include <zlib.h>

struct reader {
    const struct baton_source *source;
    struct baton_arena *arena;
    struct baton_error *err;
};

static enum baton_status no_memory(const struct reader *reader)
{
    return baton_error_set(reader->err, BATON_ELIMIT, "'%s' needs more memory than is allowed", reader->source->name);
}

/* Keeps what was written; the text is cleared. */
static enum baton_status keep(const struct reader *reader, struct baton_str *out, struct baton_text *text)
{
    struct baton_str written = baton_text_str(text);
    const char *copy = text->failed ? NULL : baton_arena_copy(reader->arena, written.data, written.length);
    *out = (struct baton_str){ copy, copy == NULL ? 0 : written.length };
    baton_text_clear(text);
    return copy == NULL ? no_memory(reader) : BATON_OK;
}

/* ---- base64 ---- */

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static enum baton_status base64_decode(const struct reader *reader, const struct baton_json *node,
                                       struct baton_str *out)
{
    char *bytes = baton_arena_alloc(reader->arena, node->text.length / 4 * 3 + 4);
    size_t length = 0, digits = 0, padding = 0;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    if (bytes == NULL) {
        return no_memory(reader);
    }
    for (size_t i = 0; i < node->text.length; i++) {
        char c = node->text.data[i];
        int digit = base64_digit(c);
        bool is_padding = c == '=' && digits % 4 >= 2 && digits % 4 + padding < 4;
        if (c == '\n' || c == '\r' || c == ' ' || c == '\t') {
            continue;
        }
        if ((digit < 0 && !is_padding) || (digit >= 0 && padding > 0)) {
            return baton_source_error(reader->source, node->offset, reader->err,
                                      "not base64: byte %zu of this text is 0x%02x", i + 1, (unsigned char)c);
        }
        if (is_padding) {
            padding++;
            continue;
        }
        digits++;
        bits = bits << 6 | (uint32_t)digit;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            bytes[length++] = (char)(bits >> bit_count & 0xffU);
        }
    }
    if ((digits + padding) % 4 != 0) {
        return baton_source_error(reader->source, node->offset, reader->err,
                                  "base64 that ends too early: %zu characters are no multiple of 4", digits + padding);
    }
    *out = (struct baton_str){ bytes, length };
    return BATON_OK;
}

/* ---- compressed bodies ---- */

enum { CHUNK_BYTES = 16 * 1024 };

enum coding { GZIP, DEFLATE, RAW_DEFLATE };

/* zlib's memory: the arena's, rolled back after each body. */
static voidpf piece_take(voidpf arena, uInt count, uInt bytes)
{
    return baton_arena_array(arena, count, bytes);
}

static void piece_give(voidpf arena, voidpf piece)
{
    (void)arena;
    (void)piece;
}

/* Inflates what the stream holds, for gzip one part after the other. Returns zlib's last word. */
static int inflate_all(z_stream *stream, struct baton_text *out, enum coding coding)
{
    unsigned char chunk[CHUNK_BYTES];
    for (;;) {
        stream->next_out = chunk;
        stream->avail_out = sizeof chunk;
        int code = inflate(stream, Z_NO_FLUSH);
        baton_text_append(out, (const char *)chunk, sizeof chunk - stream->avail_out);
        if (out->failed) {
            return Z_OK;
        }
        bool has_more = coding == GZIP && code == Z_STREAM_END && stream->avail_in > 0;
        if (has_more && inflateReset(stream) == Z_OK) {
            continue;
        }
        if (code != Z_OK || (stream->avail_in == 0 && stream->avail_out > 0)) {
            return code == Z_OK ? Z_BUF_ERROR : code;
        }
    }
}

static enum baton_status inflate_failure(const struct reader *reader, const struct baton_json *node, int code,
                                         const z_stream *stream, bool is_too_large)
{
    if (is_too_large) {
        return baton_source_error(reader->source, node->offset, reader->err,
                                  "this body inflates to more than %d MiB, the limit for one",
                                  BATON_VCR_BODY_BYTES_MAX / (1024 * 1024));
    }
    if (code == Z_OK || code == Z_MEM_ERROR) {
        return no_memory(reader);
    }
    if (code == Z_STREAM_END) {
        return baton_source_error(reader->source, node->offset, reader->err,
                                  "%u bytes after the end of the compressed body", stream->avail_in);
    }
    if (code == Z_BUF_ERROR) {
        return baton_source_error(reader->source, node->offset, reader->err, "the compressed body ends too early");
    }
    return baton_source_error(reader->source, node->offset, reader->err, "the compressed body is damaged: %s",
                              stream->msg == NULL ? "unknown" : stream->msg);
}

static enum baton_status inflate_body(const struct reader *reader, const struct baton_json *node, enum coding coding,
                                      struct baton_str *body)
{
    static const int window_bits[] = { [GZIP] = 15 + 16, [DEFLATE] = 15, [RAW_DEFLATE] = -15 };
    struct baton_arena_mark mark = baton_arena_mark(reader->arena);
    struct baton_text out = baton_text_with_limit(BATON_VCR_BODY_BYTES_MAX);
    z_stream stream = { .zalloc = piece_take,
                        .zfree = piece_give,
                        .opaque = reader->arena,
                        .next_in = (const Bytef *)body->data,
                        .avail_in = (uInt)body->length };
    int code = inflateInit2(&stream, window_bits[coding]);
    if (code == Z_OK) {
        code = inflate_all(&stream, &out, coding);
    }
    enum baton_status status = BATON_OK;
    if (code != Z_STREAM_END || stream.avail_in > 0) {
        bool is_too_large = out.failed && out.length + CHUNK_BYTES > out.limit;
        status = inflate_failure(reader, node, code, &stream, is_too_large);
    }
    inflateEnd(&stream);
    baton_arena_rollback(reader->arena, mark);
    if (status != BATON_OK) {
        baton_text_clear(&out);
        return status;
    }
    return keep(reader, body, &out);
}

/* One coding of a content-encoding header; several stand in the order in which they were applied. */
static enum baton_status undo_coding(const struct reader *reader, const struct baton_json *node, struct baton_str name,
                                     struct baton_str *body)
{
    static const struct {
        const char *name;
        enum coding coding;
    } codings[] = { { "gzip", GZIP }, { "x-gzip", GZIP }, { "deflate", DEFLATE } };
    const unsigned char *bytes = (const unsigned char *)body->data;
    if (name.length == 0 || (name.length == 8 && strncasecmp(name.data, "identity", 8) == 0)) {
        return BATON_OK;
    }
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
        if (strlen(codings[i].name) != name.length || strncasecmp(name.data, codings[i].name, name.length) != 0) {
            continue;
        }
        enum coding coding = codings[i].coding;
        if (coding == GZIP && (body->length < 2 || bytes[0] != 0x1f || bytes[1] != 0x8b)) {
            return baton_source_error(reader->source, node->offset, reader->err,
                                      "the headers say that this body is gzip, but it does not begin so");
        }
        if (coding == DEFLATE) { /* as the standard says, with zlib's two bytes before it; or as some servers send it */
            bool has_zlib = body->length >= 2 && (bytes[0] & 0x0f) == 8 && (bytes[0] << 8 | bytes[1]) % 31 == 0;
            coding = has_zlib ? DEFLATE : RAW_DEFLATE;
        }
        return inflate_body(reader, node, coding, body);
    }
    return baton_source_error(
        reader->source, node->offset, reader->err,
        "content-encoding '%.*s' cannot be read; record again with 'accept-encoding: gzip', or with "
        "vcrpy's decode_compressed_response",
        (int)name.length, name.data);
}

static enum baton_status undo_codings(const struct reader *reader, const struct baton_json *node,
                                      struct baton_str codings, struct baton_str *body)
{
    enum { CODINGS_MAX = 4 };
    enum baton_status status = BATON_OK;
    for (size_t count = 0; codings.length > 0 && status == BATON_OK; count++) {
        const char *comma = memrchr(codings.data, ',', codings.length);
        size_t start = comma == NULL ? 0 : (size_t)(comma - codings.data) + 1;
        struct baton_str name = { codings.data + start, codings.length - start };
        while (name.length > 0 && (name.data[0] == ' ' || name.data[0] == '\t')) {
            name.data++;
            name.length--;
        }
        while (name.length > 0 && (name.data[name.length - 1] == ' ' || name.data[name.length - 1] == '\t')) {
            name.length--;
        }
        if (count == CODINGS_MAX) {
            return baton_source_error(reader->source, node->offset, reader->err,
                                      "a body with more than %d content-encodings", CODINGS_MAX);
        }
        status = undo_coding(reader, node, name, body);
        codings.length = comma == NULL ? 0 : start - 1;
    }
    return status;
}

/* ---- headers ---- */

struct baton_str baton_wire_header_value(struct baton_wire_headers headers, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < headers.count; i++) {
        const struct baton_wire_header *header = &headers.items[i];
        if (header->name.length == length && strncasecmp(header->name.data, name, length) == 0) {
            return header->value;
        }
    }
    return (struct baton_str){ NULL, 0 };
}

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
    return node->is_binary ? base64_decode(reader, node, out) : BATON_OK;
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

/* The places where a body may stand; at most one of them does. */
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
        { .name = "string", .type = BATON_FIELD_ANY, .offset = offsetof(struct body_fields, string) },
        { .name = "base64_string", .type = BATON_FIELD_ANY, .offset = offsetof(struct body_fields, base64_string) },
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

static enum baton_status body_read(const struct reader *reader, const struct body_nodes *nodes,
                                   struct baton_wire_headers headers, struct baton_str *out)
{
    const struct baton_json *node = nodes->body != NULL ? nodes->body : nodes->content;
    bool is_base64 = false;
    *out = BATON_STR("");
    if (nodes->parsed != NULL && nodes->parsed->type != BATON_JSON_NULL) {
        struct baton_text written = baton_text_with_limit(BATON_FILE_BYTES_MAX);
        baton_json_write(&written, nodes->parsed);
        return keep(reader, out, &written);
    }
    enum baton_status status = body_node(reader, node, &node, &is_base64);
    if (status != BATON_OK || node == NULL) {
        return status;
    }
    *out = node->text;
    if (!is_base64) { /* no compressed body is a text: the recorder has inflated it already, whatever the headers say */
        return BATON_OK;
    }
    status = base64_decode(reader, node, out);
    struct baton_str codings = baton_wire_header_value(headers, "content-encoding");
    return status == BATON_OK && out->length > 0 ? undo_codings(reader, node, codings, out) : status;
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
    { .name = "method",
      .type = BATON_FIELD_TEXT,
      .offset = offsetof(struct request_fields, method),
      .is_required = true },
    { .name = "uri",
      .alias = "url",
      .type = BATON_FIELD_TEXT,
      .offset = offsetof(struct request_fields, uri),
      .is_required = true },
    { .name = "headers", .type = BATON_FIELD_ANY, .offset = offsetof(struct request_fields, headers) },
    { .name = "body", .type = BATON_FIELD_ANY, .offset = offsetof(struct request_fields, body.body) },
    { .name = "parsed_body", .type = BATON_FIELD_ANY, .offset = offsetof(struct request_fields, body.parsed) },
};

struct response_fields {
    const struct baton_json *status, *headers;
    int32_t status_code;
    struct body_nodes body;
};

static const struct baton_field response_rows[] = {
    { .name = "status", .type = BATON_FIELD_ANY, .offset = offsetof(struct response_fields, status) },
    { .name = "status_code",
      .type = BATON_FIELD_INT32,
      .offset = offsetof(struct response_fields, status_code),
      .low = 100,
      .high = 599 },
    { .name = "headers", .type = BATON_FIELD_ANY, .offset = offsetof(struct response_fields, headers) },
    { .name = "body", .type = BATON_FIELD_ANY, .offset = offsetof(struct response_fields, body.body) },
    { .name = "content", .type = BATON_FIELD_ANY, .offset = offsetof(struct response_fields, body.content) },
    { .name = "parsed_body", .type = BATON_FIELD_ANY, .offset = offsetof(struct response_fields, body.parsed) },
};

struct status_fields {
    int32_t code;
    struct baton_str message;
};

static const struct baton_field status_rows[] = {
    { .name = "code",
      .type = BATON_FIELD_INT32,
      .offset = offsetof(struct status_fields, code),
      .is_required = true,
      .low = 100,
      .high = 599 },
    { .name = "message", .type = BATON_FIELD_TEXT, .offset = offsetof(struct status_fields, message) },
};

struct interaction_fields {
    const struct baton_json *request, *response;
};

static const struct baton_field interaction_rows[] = {
    { .name = "request",
      .type = BATON_FIELD_OBJECT,
      .offset = offsetof(struct interaction_fields, request),
      .is_required = true },
    { .name = "response",
      .type = BATON_FIELD_OBJECT,
      .offset = offsetof(struct interaction_fields, response),
      .is_required = true },
};

static enum baton_status request_read(const struct reader *reader, const struct baton_json *node,
                                      struct baton_vcr_interaction *out)
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
                                     const struct response_fields *fields, struct baton_vcr_interaction *out)
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
                                       struct baton_vcr_interaction *out)
{
    const struct baton_fields table = { reader->source, response_rows, BATON_FIELD_COUNT(response_rows), "a response",
                                        true };
    struct response_fields fields = { .status_code = 0 };
    enum baton_status status = baton_fields_read(&table, node, &fields, reader->err);
    if (status == BATON_OK) {
        status = status_read(reader, node, &fields, out);
    }
    if (status == BATON_OK) {
        status = headers_read(reader, fields.headers, &out->response_headers);
    }
    if (status == BATON_OK) {
        status = body_read(reader, &fields.body, out->response_headers, &out->response_body);
        out->is_stream = status == BATON_OK && is_event_stream(out->response_headers, out->response_body);
    }
    return status;
}

static enum baton_status interaction_read(const struct reader *reader, const struct baton_json *node,
                                          struct baton_vcr_interaction *out)
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

static enum baton_status root_read(const struct reader *reader, const struct baton_json *root, struct baton_vcr *out)
{
    static const struct baton_field rows[] = {
        { .name = "interactions",
          .alias = "http_interactions",
          .type = BATON_FIELD_ARRAY,
          .offset = offsetof(struct root_fields, interactions),
          .is_required = true },
        { .name = "version",
          .type = BATON_FIELD_INT32,
          .offset = offsetof(struct root_fields, version),
          .low = 1,
          .high = 1 },
    };
    const struct baton_fields table = { reader->source, rows, BATON_FIELD_COUNT(rows), "a cassette", true };
    struct root_fields fields = { .version = 1 };
    enum baton_status status = baton_fields_read(&table, root, &fields, reader->err);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_vcr_interaction *interactions =
        baton_arena_array(reader->arena, fields.interactions->count, sizeof *interactions);
    if (interactions == NULL) {
        return no_memory(reader);
    }
    size_t count = 0, seen = 0;
    unsigned line = reader->source->line_first == 0 ? 1 : reader->source->line_first;
    for (const struct baton_json *node = fields.interactions->child; node != NULL && status == BATON_OK;
         node = node->next) {
        for (; seen < node->offset; seen++) {
            line += reader->source->text.data[seen] == '\n';
        }
        interactions[count] = (struct baton_vcr_interaction){ .line = line };
        status = interaction_read(reader, node, &interactions[count++]);
    }
    if (status == BATON_OK) {
        *out = (struct baton_vcr){ interactions, count };
    }
    return status;
}

enum baton_status baton_vcr_parse(struct baton_vcr *out, struct baton_arena *arena, const struct baton_source *source,
                                  struct baton_error *err)
{
    const struct reader reader = { .source = source, .arena = arena, .err = err };
    const struct baton_json *root;
    *out = (struct baton_vcr){ NULL, 0 };
    enum baton_status status = baton_path_ends(source->name, "json")
                                   ? baton_json_parse(&root, arena, source, err)
                                   : baton_yaml_parse_with_binary(&root, arena, source, err);
    return status == BATON_OK ? root_read(&reader, root, out) : status;
}

enum baton_status baton_vcr_load(struct baton_vcr *out, struct baton_arena *arena, const char *path,
                                 struct baton_error *err)
{
    struct baton_source *source = baton_arena_zero(arena, sizeof *source);
    *out = (struct baton_vcr){ NULL, 0 };
    if (source == NULL) {
        return baton_error_set(err, BATON_ELIMIT, "'%s' needs more memory than is allowed", path);
    }
    enum baton_status status = baton_source_load(source, arena, path, BATON_FILE_BYTES_MAX, err);
    return status == BATON_OK ? baton_vcr_parse(out, arena, source, err) : status;
}
