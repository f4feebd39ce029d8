/* Cassettes of vcrpy: each spelling that versions of it and its like write, bodies in every coding, and files broken in every way.
 * Real ones are read as another reader read them (wire_vcr/expected).
 */
#include "sim/import/vcr.h"

#include "engine/base/json.h"
#include "engine/base/prng.h"
#include "engine/base/text.h"
#include "engine/tests/trees.h"
#include "sim/import/limits.h"
#include "sim/redact/redact.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

enum { TEXT_BYTES_MAX = 64 * 1024 * 1024 };

struct reading {
    enum baton_status status;
    struct baton_recorded_calls calls;
    struct baton_error err;
};

/* From a copy that ends without a NUL, so that a sanitiser sees a step too far. */
static struct reading read_as(struct baton_arena *arena, const char *name, const char *text, size_t length)
{
    struct reading reading;
    char *copy = malloc(length == 0 ? 1 : length);
    cr_assert_not_null(copy);
    memcpy(copy, text, length);
    const struct baton_source source = { .name = name, .text = { copy, length } };
    reading.status = baton_vcr_read(&reading.calls, arena, &source, &reading.err);
    free(copy); /* only the texts of numbers point into it */
    return reading;
}

static enum baton_status load(struct baton_recorded_calls *out, struct baton_arena *arena, const char *path,
                              struct baton_error *err)
{
    struct baton_source source;
    *out = (struct baton_recorded_calls){ NULL, 0 };
    enum baton_status status = baton_source_load(&source, arena, path, BATON_FILE_BYTES_MAX, err);
    return status == BATON_OK ? baton_vcr_read(out, arena, &source, err) : status;
}

static const char *error_of(struct baton_arena *arena, const struct reading *reading)
{
    char text[1024];
    const char *said = reading->status == BATON_OK ? "read" : baton_error_format(&reading->err, text, sizeof text);
    return baton_arena_copy(arena, said, strlen(said));
}

/* ---- compressed bodies ---- */

enum { GZIP_BITS = 15 + 16, ZLIB_BITS = 15, RAW_BITS = -15 };

static struct baton_str compressed(struct baton_arena *arena, const char *text, size_t length, int bits)
{
    size_t room = length + length / 100 + 1000;
    unsigned char *bytes = baton_arena_alloc(arena, room);
    z_stream stream = { .next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)length };
    cr_assert_eq(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_out = bytes;
    stream.avail_out = (uInt)room;
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return (struct baton_str){ (char *)bytes, room - stream.avail_out };
}

static const char *base64(struct baton_arena *arena, struct baton_str bytes)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct baton_text out = baton_text_with_limit(TEXT_BYTES_MAX);
    for (size_t i = 0; i < bytes.length; i += 3) {
        uint32_t group = 0;
        for (size_t k = i; k < i + 3; k++) {
            group = group << 8 | (k < bytes.length ? (unsigned char)bytes.data[k] : 0);
        }
        for (size_t k = 0; k < 4; k++) {
            baton_text_putc(&out, i + k <= bytes.length ? letters[group >> (18 - 6 * k) & 63] : '=');
        }
    }
    const char *kept = baton_arena_copy(arena, out.data == NULL ? "" : out.data, out.length);
    baton_text_clear(&out);
    return kept;
}

/* A cassette of one answer with that body and content-encoding. */
static const char *cassette_of(struct baton_arena *arena, const char *encoding, const char *body)
{
    return baton_arena_printf(
        arena,
        "interactions:\n- request: {method: GET, uri: u}\n  response:\n    status: {code: 200}\n"
        "    headers: {Content-Encoding: ['%s']}\n    body:\n      string: !!binary |\n        %s\n",
        encoding, body);
}

Test(vcr, inflates_bodies)
{
    static const char text[] = "{\"answer\":\"42, and some more of it, and some more of it\"}";
    struct baton_arena *arena = tree_arena();
    struct baton_str once = compressed(arena, text, sizeof text - 1, GZIP_BITS);
    struct baton_str twice = compressed(arena, once.data, once.length, ZLIB_BITS);
    struct baton_str half = compressed(arena, text, 20, GZIP_BITS);
    struct baton_str rest = compressed(arena, text + 20, sizeof text - 21, GZIP_BITS);
    char *parts = baton_arena_alloc(arena, half.length + rest.length);
    memcpy(parts, half.data, half.length);
    memcpy(parts + half.length, rest.data, rest.length);
    const struct {
        const char *name, *encoding;
        struct baton_str bytes;
    } rows[] = {
        { "gzip", "gzip", once },
        { "gzip by its old name", "x-gzip", once },
        { "gzip in capitals", "GZIP", once },
        { "deflate", "deflate", compressed(arena, text, sizeof text - 1, ZLIB_BITS) },
        { "deflate without its head", "deflate", compressed(arena, text, sizeof text - 1, RAW_BITS) },
        { "one after the other", "gzip, deflate", twice },
        { "and nothing", "identity , gzip", once },
        { "in two parts", "gzip", { parts, half.length + rest.length } },
        { "not at all", "identity", { text, sizeof text - 1 } },
        { "not at all, unsaid", "", { text, sizeof text - 1 } },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *yaml = cassette_of(arena, rows[i].encoding, base64(arena, rows[i].bytes));
        struct reading reading = read_as(arena, "file", yaml, strlen(yaml));
        cr_assert_eq(reading.status, BATON_OK, "%s: %s", rows[i].name, error_of(arena, &reading));
        cr_expect(baton_str_is(reading.calls.items[0].response_body, text), "%s", rows[i].name);
    }
    baton_arena_free(arena);
}

Test(vcr, refuses_broken_bodies_with_the_place)
{
    static const char text[] = "{\"answer\":\"42, and some more of it, and some more of it\"}";
    struct baton_arena *arena = tree_arena();
    struct baton_str gzip = compressed(arena, text, sizeof text - 1, GZIP_BITS);
    char *damaged = baton_arena_copy(arena, gzip.data, gzip.length);
    damaged[gzip.length - 6] = (char)(damaged[gzip.length - 6] + 1); /* in the checksum */
    char *longer = baton_arena_alloc(arena, gzip.length + 2);
    memcpy(longer, gzip.data, gzip.length);
    memcpy(longer + gzip.length, "xy", 2);
    struct baton_str zlib = compressed(arena, text, sizeof text - 1, ZLIB_BITS);
    char *deflated = baton_arena_alloc(arena, zlib.length + 2);
    memcpy(deflated, zlib.data, zlib.length);
    memcpy(deflated + zlib.length, "xy", 2);
    const struct {
        const char *name, *encoding, *body, *want;
    } rows[] = {
        { "gzip cut off", "gzip", base64(arena, (struct baton_str){ gzip.data, gzip.length - 9 }),
          "file:7:15: the compressed body ends too early" },
        { "gzip cut off in its head", "gzip", base64(arena, (struct baton_str){ gzip.data, 5 }),
          "file:7:15: the compressed body ends too early" },
        { "a wrong checksum", "gzip", base64(arena, (struct baton_str){ damaged, gzip.length }),
          "file:7:15: the compressed body is damaged: incorrect data check" },
        { "bytes after the end", "gzip", base64(arena, (struct baton_str){ longer, gzip.length + 2 }),
          "file:7:15: the compressed body is damaged: incorrect header check" },
        { "bytes after the end of deflate", "deflate", base64(arena, (struct baton_str){ deflated, zlib.length + 2 }),
          "file:7:15: 2 bytes after the end of the compressed body" },
        { "no gzip", "gzip",
          "aGVsbG8=", "file:7:15: the headers say that this body is gzip, but it does not begin so" },
        { "no deflate", "deflate", "/////w==", "file:7:15: the compressed body is damaged: invalid block type" },
        { "a coding that nobody reads", "br", "aGVsbG8=",
          "file:7:15: content-encoding 'br' cannot be read; record again with 'accept-encoding: gzip', or with vcrpy's "
          "decode_compressed_response" },
        { "too many codings", "identity,identity,identity,identity,identity",
          "aGVsbG8=", "file:7:15: a body with more than 4 content-encodings" },
        { "no base64", "gzip", "H4sI!AAA", "file:7:15: not base64: byte 5 of this text is 0x21" },
        { "base64 that goes on after its end", "gzip",
          "aGk=aGk=", "file:7:15: not base64: byte 5 of this text is 0x61" },
        { "padding too soon", "gzip", "a===", "file:7:15: not base64: byte 2 of this text is 0x3d" },
        { "base64 cut off", "gzip", "aGVsbG8",
          "file:7:15: base64 that ends too early: 7 characters are no multiple of 4" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *yaml = cassette_of(arena, rows[i].encoding, rows[i].body);
        struct reading reading = read_as(arena, "file", yaml, strlen(yaml));
        cr_expect_eq(reading.status, BATON_EINPUT, "%s", rows[i].name);
        cr_expect_str_eq(error_of(arena, &reading), rows[i].want, "%s: %s", rows[i].name, error_of(arena, &reading));
    }
    baton_arena_free(arena);
}

Test(vcr, bounds_what_a_body_inflates_to, .timeout = 20)
{
    struct baton_arena *arena = tree_arena();
    size_t length = BATON_IMPORT_BODY_BYTES_MAX;
    char *zeros = calloc(1, length + 1);
    cr_assert_not_null(zeros);
    const char *fits = cassette_of(arena, "gzip", base64(arena, compressed(arena, zeros, length, GZIP_BITS)));
    struct reading reading = read_as(arena, "file", fits, strlen(fits));
    cr_assert_eq(reading.status, BATON_OK, "%s", error_of(arena, &reading));
    cr_expect_eq(reading.calls.items[0].response_body.length, length);
    const char *bomb = cassette_of(arena, "gzip", base64(arena, compressed(arena, zeros, length + 1, GZIP_BITS)));
    reading = read_as(arena, "file", bomb, strlen(bomb));
    cr_expect_str_eq(error_of(arena, &reading), "file:7:15: this body inflates to more than 16 MiB, the limit for one");
    struct baton_str nested = compressed(arena, zeros, length, GZIP_BITS);
    for (int i = 0; i < 2; i++) {
        nested = compressed(arena, nested.data, nested.length, GZIP_BITS);
    }
    const char *onion = cassette_of(arena, "gzip, gzip, gzip", base64(arena, nested));
    reading = read_as(arena, "file", onion, strlen(onion));
    cr_expect_eq(reading.status, BATON_OK, "%s", error_of(arena, &reading));
    struct baton_arena *small = baton_arena_new(1024 * 1024);
    reading = read_as(small, "file", fits, strlen(fits));
    cr_expect_eq(reading.status, BATON_ELIMIT);
    baton_arena_free(small);
    free(zeros);
    baton_arena_free(arena);
}

/* ---- forms ---- */

static void put_headers(struct baton_text *out, struct baton_wire_headers headers)
{
    for (size_t i = 0; i < headers.count; i++) {
        const struct baton_wire_header *header = &headers.items[i];
        baton_text_printf(out, " %.*s=%.*s", (int)header->name.length, header->name.data, (int)header->value.length,
                          header->value.data);
    }
}

static const char *summary(struct baton_arena *arena, const struct reading *reading)
{
    if (reading->status != BATON_OK) {
        return error_of(arena, reading);
    }
    struct baton_text out = baton_text_with_limit(TEXT_BYTES_MAX);
    for (size_t i = 0; i < reading->calls.count; i++) {
        const struct baton_recorded_call *it = &reading->calls.items[i];
        baton_text_printf(&out, "%u: %.*s %.*s", it->line, (int)it->method.length, it->method.data, (int)it->url.length,
                          it->url.data);
        put_headers(&out, it->request_headers);
        baton_text_printf(&out, " [%.*s] %d %.*s", (int)it->request_body.length, it->request_body.data, it->status,
                          (int)it->reason.length, it->reason.data);
        put_headers(&out, it->response_headers);
        baton_text_printf(&out, " [%.*s]%s\n", (int)it->response_body.length, it->response_body.data,
                          it->is_stream ? " stream" : "");
    }
    const char *kept = baton_arena_copy(arena, out.data == NULL ? "" : out.data, out.length);
    baton_text_clear(&out);
    return kept;
}

#define REQUEST "- request: {method: POST, uri: u}\n"
#define ANSWER "  response: {status: {code: 200}, body: {string: x}}\n"

static const struct form {
    const char *name, *text, *want;
} forms[] = {
    { "as vcrpy writes it",
      "interactions:\n- request:\n    body: '{\"a\":1}'\n    headers:\n      accept:\n      - application/json\n"
      "    method: POST\n    uri: https://api.example.com/v1\n  response:\n    body:\n      string: '{\"b\":2}'\n"
      "    headers:\n      Content-Type:\n      - application/json\n      X:\n      - a\n      - b\n"
      "    status:\n      code: 200\n      message: OK\nversion: 1\n",
      "2: POST https://api.example.com/v1 accept=application/json [{\"a\":1}] 200 OK Content-Type=application/json X=a X=b "
      "[{\"b\":2}]\n" },
    { "no body at all",
      "interactions:\n- request: {method: GET, uri: u, body: null, headers: {}}\n"
      "  response: {status: {code: 204, message: No Content}, body: {string: ''}, headers: {}}\n",
      "2: GET u [] 204 No Content []\n" },
    { "nothing said of bodies", "interactions:\n- request: {method: GET, uri: u}\n  response: {status: {code: 204}}\n",
      "2: GET u [] 204  []\n" },
    { "bodies with an encoding",
      "http_interactions:\n- request: {method: post, uri: u, body: {encoding: UTF-8, string: 'q'}, headers: {A: [b]}}\n"
      "  response: {status: {code: 200, message: OK}, body: {encoding: ASCII-8BIT, base64_string: 'aGk='}, http_version: "
      "null}\n  recorded_at: Mon\nrecorded_with: VCR 6\n",
      "2: post u A=b [q] 200 OK [hi]\n" },
    { "binary bodies on both sides",
      "interactions:\n- request: {method: POST, uri: u, body: !!binary aGk=}\n"
      "  response: {status: {code: 200}, body: {string: !!binary 'aG8='}}\n",
      "2: POST u [hi] 200  [ho]\n" },
    { "a text that says it is gzip was inflated before",
      "interactions:\n" REQUEST
      "  response: {status: {code: 200}, headers: {content-encoding: gzip}, body: {string: plain}}\n",
      "2: POST u [] 200  content-encoding=gzip [plain]\n" },
    { "the flat form of its httpx recorder",
      "interactions:\n" REQUEST
      "  response:\n    content: 'text'\n    headers: {Content-Encoding: [gzip]}\n    http_version: HTTP/1.1\n"
      "    status_code: 201\n",
      "2: POST u [] 201  Content-Encoding=gzip [text]\n" },
    { "trees in place of bodies",
      "interactions:\n- request: {method: POST, uri: u, parsed_body: {a: [1, 2.50], b: 'x'}}\n"
      "  response: {status: {code: 200}, parsed_body: {c: null}}\n",
      "2: POST u [{\"a\":[1,2.50],\"b\":\"x\"}] 200  [{\"c\":null}]\n" },
    { "headers of one value",
      "interactions:\n- request: {method: POST, uri: u, headers: {A: x, B: 12, C: true, D: null}}\n" ANSWER,
      "2: POST u A=x B=12 C=true D= [] 200  [x]\n" },
    { "headers in pairs", "interactions:\n- request: {method: POST, uri: u, headers: [[A, x], [B, 1]]}\n" ANSWER,
      "2: POST u A=x B=1 [] 200  [x]\n" },
    { "a binary header", "interactions:\n- request: {method: POST, uri: u, headers: {A: [!!binary aGk=]}}\n" ANSWER,
      "2: POST u A=hi [] 200  [x]\n" },
    { "a stream by its type",
      "interactions:\n" REQUEST "  response: {status: {code: 200}, headers: {content-type: "
      "['Text/Event-Stream; charset=utf-8']}, body: {string: 'x'}}\n",
      "2: POST u [] 200  content-type=Text/Event-Stream; charset=utf-8 [x] stream\n" },
    { "a stream by how it begins",
      "interactions:\n" REQUEST "  response: {status: {code: 200}, body: {string: 'data: {}'}}\n",
      "2: POST u [] 200  [data: {}] stream\n" },
    { "no stream by its type",
      "interactions:\n" REQUEST "  response: {status: {code: 200}, headers: {content-type: "
      "text/plain}, body: {string: 'data: {}'}}\n",
      "2: POST u [] 200  content-type=text/plain [data: {}]\n" },
    { "several, with their lines", "version: 1\ninteractions:\n" REQUEST ANSWER "\n" REQUEST ANSWER,
      "3: POST u [] 200  [x]\n6: POST u [] 200  [x]\n" },
    { "shared by an alias", "interactions:\n- request: &r {method: POST, uri: u}\n" ANSWER "- request: *r\n" ANSWER,
      "2: POST u [] 200  [x]\n4: POST u [] 200  [x]\n" },
    { "none", "interactions: []\nversion: 1\n", "" },
    /* what is refused */
    { "nothing", "", "file:1:1: empty, where YAML was expected" },
    { "no cassette", "[1]", "file:1:1: a cassette must be an object, not an array" },
    { "no interactions", "version: 1\n", "file:1:1: a cassette needs a key 'interactions'" },
    { "interactions that are no list", "interactions: {}\n",
      "file:1:15: 'interactions' must be a list, not an object" },
    { "another version", "interactions: []\nversion: 2\n",
      "file:2:10: 'version' must be a whole number from 1 to 1, not 2" },
    { "an interaction that is none", "interactions:\n- 1\n",
      "file:2:3: an interaction must be an object, not a number" },
    { "no request", "interactions:\n- response: {}\n", "file:2:3: an interaction needs a key 'request'" },
    { "no response", "interactions:\n" REQUEST, "file:2:3: an interaction needs a key 'response'" },
    { "no method", "interactions:\n- request: {uri: u}\n" ANSWER, "file:2:12: a request needs a key 'method'" },
    { "no uri", "interactions:\n- request: {method: GET}\n" ANSWER, "file:2:12: a request needs a key 'uri'" },
    { "no status", "interactions:\n" REQUEST "  response: {body: {string: x}}\n",
      "file:3:13: a response needs a key 'status' with 'code' in it" },
    { "no code", "interactions:\n" REQUEST "  response: {status: {message: OK}}\n",
      "file:3:22: a status needs a key 'code'" },
    { "a code that is none", "interactions:\n" REQUEST "  response: {status: {code: 1000}}\n",
      "file:3:29: 'code' must be a whole number from 100 to 599, not 1000" },
    { "a status that is no object", "interactions:\n" REQUEST "  response: {status: 200}\n",
      "file:3:22: a status must be an object, not a number" },
    { "a body that is a list", "interactions:\n" REQUEST "  response: {status: {code: 200}, body: {string: [1]}}\n",
      "file:3:50: a body must be a text, not an array" },
    { "a body without its text", "interactions:\n" REQUEST "  response: {status: {code: 200}, body: {text: x}}\n",
      "file:3:41: a body needs a key 'string' or 'base64_string'" },
    { "headers that are a text", "interactions:\n- request: {method: POST, uri: u, headers: x}\n" ANSWER,
      "file:2:44: 'headers' must be an object, not a string" },
    { "a header that is an object", "interactions:\n- request: {method: POST, uri: u, headers: {A: {b: c}}}\n" ANSWER,
      "file:2:48: a header's value must be a text, not an object" },
    { "a header that is no pair", "interactions:\n- request: {method: POST, uri: u, headers: [[A]]}\n" ANSWER,
      "file:2:45: a header in a list must be a pair: [name, value]" },
    { "another tag", "interactions: !!python/object:x []\n",
      "file:1:15: the tag 'tag:yaml.org,2002:python/object:x' is not supported" },
};

Test(vcr, reads_the_forms_that_there_are)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct reading reading = read_as(arena, "file", forms[i].text, strlen(forms[i].text));
        cr_expect_str_eq(summary(arena, &reading), forms[i].want, "%s: %s", forms[i].name, summary(arena, &reading));
        cr_expect(reading.status == BATON_OK || (reading.calls.count == 0 && reading.calls.items == NULL));
    }
    static const char json[] =
        "{\"version\":1,\"interactions\":[{\"request\":{\"method\":\"GET\",\"uri\":\"u\",\"body\":null},"
        "\"response\":{\"status\":{\"code\":200,\"message\":\"OK\"},\"body\":{\"string\":\"\\u00e9\"}}}]}";
    struct reading reading = read_as(arena, "cassette.json", json, sizeof json - 1);
    cr_expect_str_eq(summary(arena, &reading), "1: GET u [] 200 OK [\xc3\xa9]\n");
    baton_arena_free(arena);
}

Test(vcr, finds_headers_by_name)
{
    static const struct baton_wire_header items[] = { { { "A", 1 }, { "x", 1 } },
                                                      { { "Content-Type", 12 }, { "y", 1 } },
                                                      { { "content-type", 12 }, { "z", 1 } } };
    const struct baton_wire_headers headers = { items, COUNT(items) };
    cr_expect(baton_str_is(baton_wire_header_value(headers, "CONTENT-TYPE"), "y"));
    cr_expect(baton_str_is(baton_wire_header_value(headers, "a"), "x"));
    cr_expect_null(baton_wire_header_value(headers, "content").data);
}

/* ---- real cassettes ---- */

/* By value: the other reader wrote its numbers in its own way. */
static bool same_value(const struct baton_json *a, const struct baton_json *b)
{
    if (a->type != b->type || a->count != b->count || a->boolean != b->boolean ||
        (a->type == BATON_JSON_STRING && !baton_str_equal(a->text, b->text)) ||
        (a->type == BATON_JSON_NUMBER && (a->number < b->number || a->number > b->number))) {
        return false;
    }
    for (const struct baton_json *x = a->child, *y = b->child; x != NULL; x = x->next, y = y->next) {
        if (!baton_str_equal(x->key, y->key) || !same_value(x, y)) {
            return false;
        }
    }
    return true;
}

static bool is_body(struct baton_arena *arena, struct baton_str body, const struct baton_json *want)
{
    const struct baton_source source = { .name = "body", .text = body };
    const struct baton_json *tree;
    return baton_json_parse(&tree, arena, &source, NULL) == BATON_OK && same_value(tree, want);
}

/* What the other reader left out: calls that ask no model. */
static bool is_left_out(const struct baton_recorded_call *interaction)
{
    struct baton_str url = interaction->url;
    static const char ending[] = "/traces/ingest";
    return url.length >= sizeof ending - 1 &&
           memcmp(url.data + url.length - (sizeof ending - 1), ending, sizeof ending - 1) == 0;
}

static void compare(struct baton_arena *arena, const char *name, const struct baton_recorded_call *got,
                    const struct baton_json *want)
{
    const struct baton_json *request = baton_json_get(want, "request"), *response = baton_json_get(want, "response");
    const struct baton_json *sse = baton_json_get(response, "sse"), *body = baton_json_get(response, "body");
    cr_expect(baton_str_equal(got->method, baton_json_get(request, "method")->text), "%s", name);
    cr_expect(baton_str_equal(got->url, baton_json_get(request, "url")->text), "%s", name);
    cr_expect(is_body(arena, got->request_body, baton_json_get(request, "body")), "%s: the request", name);
    cr_expect_eq(got->status, (int32_t)baton_json_get(response, "status")->number, "%s", name);
    cr_expect_eq(got->is_stream, sse != NULL, "%s", name);
    if (sse != NULL) {
        cr_expect(baton_str_equal(got->response_body, sse->text), "%s: the stream", name);
    } else {
        cr_assert_not_null(body, "%s", name);
        cr_expect(is_body(arena, got->response_body, body), "%s: the response", name);
    }
    for (const struct baton_json *header = baton_json_get(response, "headers")->child; header != NULL;
         header = header->next) {
        struct baton_str value = baton_wire_header_value(got->response_headers, header->key.data);
        cr_expect(value.data == NULL || baton_str_equal(value, header->text), "%s: %s", name, header->key.data);
    }
}

Test(vcr, reads_real_cassettes_as_another_reader_did)
{
    struct baton_arena *arena = tree_arena();
    size_t compared = 0;
    for (const char **names = tree_folder(arena, "fixtures/wire_vcr", "yaml", 9); *names != NULL; names++) {
        struct baton_recorded_calls calls;
        struct baton_error err;
        const char *path = baton_arena_printf(arena, "fixtures/wire_vcr/%s", *names);
        cr_assert_eq(load(&calls, arena, path, &err), BATON_OK, "%s:%u: %s", path, err.line, err.text);
        struct baton_str stem = baton_path_stem(path);
        struct baton_str twin = tree_file(
            arena, baton_arena_printf(arena, "fixtures/wire_vcr/expected/%.*s.json", (int)stem.length, stem.data));
        const struct baton_json *want = baton_json_get(tree_json(arena, twin.data).root, "interactions")->child;
        for (size_t i = 0; i < calls.count; i++) {
            if (!is_left_out(&calls.items[i])) {
                cr_assert_not_null(want, "%s", *names);
                compare(arena, *names, &calls.items[i], want);
                want = want->next;
                compared++;
            }
        }
        cr_expect_null(want, "%s: all of them", *names);
    }
    cr_expect_eq(compared, 30, "%zu", compared);
    baton_arena_free(arena);
}

/* They were cleaned before they came here, so a redactor that changes one byte takes too much. */
Test(vcr, real_cassettes_hold_nothing_to_redact)
{
    struct baton_arena *arena = tree_arena();
    for (const char **names = tree_folder(arena, "fixtures/wire_vcr", "yaml", 9); *names != NULL; names++) {
        struct baton_recorded_calls calls;
        const char *path = baton_arena_printf(arena, "fixtures/wire_vcr/%s", *names);
        cr_assert_eq(load(&calls, arena, path, NULL), BATON_OK);
        for (size_t i = 0; i < calls.count; i++) {
            const struct baton_str bodies[] = { calls.items[i].request_body, calls.items[i].response_body };
            for (size_t k = 0; k < COUNT(bodies); k++) {
                struct baton_text out = baton_text_with_limit(TEXT_BYTES_MAX);
                baton_redact_text(&out, NULL, bodies[k]);
                cr_expect(baton_str_equal(baton_text_str(&out), bodies[k]), "%s:%u", path, calls.items[i].line);
                baton_text_clear(&out);
            }
        }
    }
    baton_arena_free(arena);
}

/* ---- hostile files ---- */

Test(vcr, survives_any_change_of_bytes)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 8);
    struct baton_arena *arena = tree_arena();
    struct baton_str text = tree_file(arena, "fixtures/wire_vcr/logfire__test_responses.yaml");
    char *bytes = baton_arena_alloc(arena, text.length);
    static const char likely[] = "\"'{}[]:-&*!|AZaz09+/= \n\x80";
    size_t loaded = 0, refused = 0;
    for (unsigned i = 0; i < 1000; i++) {
        struct baton_arena_mark mark = baton_arena_mark(arena);
        memcpy(bytes, text.data, text.length);
        for (uint64_t k = baton_prng_below(&prng, 3) + 1; k > 0; k--) {
            bytes[baton_prng_below(&prng, text.length)] = likely[baton_prng_below(&prng, sizeof likely)];
        }
        struct reading reading = read_as(
            arena, "file", bytes, baton_prng_below(&prng, 2) == 0 ? text.length : baton_prng_below(&prng, text.length));
        *(reading.status == BATON_OK ? &loaded : &refused) += 1;
        cr_assert(reading.status == BATON_OK || (reading.status == BATON_EINPUT && reading.err.line > 0), "%s",
                  error_of(arena, &reading));
        baton_arena_rollback(arena, mark);
    }
    cr_expect(loaded > 20 && refused > 200, "%zu loaded, %zu refused", loaded, refused);
    baton_arena_free(arena);
}

Test(vcr, every_allocation_may_fail)
{
    struct baton_arena *arena = tree_arena();
    const char *path = "fixtures/wire_vcr/logfire__test_responses.yaml";
    enum baton_status status = BATON_ELIMIT;
    uint64_t n = 0;
    while (status != BATON_OK) {
        struct baton_arena_mark mark = baton_arena_mark(arena);
        struct baton_recorded_calls calls;
        struct baton_error err;
        baton_arena_fail_after(++n);
        status = load(&calls, arena, path, &err);
        baton_arena_fail_after(0);
        cr_assert(status == BATON_OK || ((status == BATON_ELIMIT || status == BATON_ENOMEM) && calls.count == 0),
                  "allocation %llu: %s", (unsigned long long)n, err.text);
        cr_assert_lt(n, 10000);
        baton_arena_rollback(arena, mark);
    }
    cr_expect_gt(n, 50);
    baton_arena_free(arena);
}
