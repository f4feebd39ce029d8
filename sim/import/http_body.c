/* http_body.c - undoes what was done to a body on its way: base64 by the recorder, gzip and deflate by the server.
 *
 * A file may come from anybody, so a body is inflated piece by piece up to a limit, and zlib draws its memory from the arena,
 * which is rolled back afterwards. `deflate` is sent with and without zlib's two bytes before it; gzip in several parts.
 */
#include "sim/import/http_body.h"

#include "engine/base/text.h"
#include "sim/import/limits.h"

#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

static enum baton_status no_memory(const struct baton_http_body *body, struct baton_error *err)
{
    return baton_error_over_limit(err, "'%s'", body->source->name);
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

/* The digits so far, with the padding after them. */
struct base64 {
    char *bytes;
    size_t length, digits, padding;
    uint32_t bits;
    unsigned bit_count;
};

/* One character; false where none of its kind may stand here. White space may stand anywhere. */
static bool base64_take(struct base64 *base64, char c)
{
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') {
        return true;
    }
    if (c == '=' && base64->digits % 4 >= 2 && base64->digits % 4 + base64->padding < 4) {
        base64->padding++;
        return true;
    }
    int digit = base64_digit(c);
    if (digit < 0 || base64->padding > 0) {
        return false;
    }
    base64->digits++;
    base64->bits = base64->bits << 6 | (uint32_t)digit;
    base64->bit_count += 6;
    if (base64->bit_count >= 8) {
        base64->bit_count -= 8;
        base64->bytes[base64->length++] = (char)(base64->bits >> base64->bit_count & 0xffU);
    }
    return true;
}

enum baton_status baton_http_body_undo_base64(struct baton_http_body *body, struct baton_error *err)
{
    struct baton_str text = body->bytes;
    struct base64 base64 = { .bytes = baton_arena_alloc(body->arena, text.length / 4 * 3 + 4) };
    body->bytes = BATON_STR("");
    if (base64.bytes == NULL) {
        return no_memory(body, err);
    }
    for (size_t i = 0; i < text.length; i++) {
        if (!base64_take(&base64, text.data[i])) {
            return baton_source_error(body->source, body->node->offset, err,
                                      "not base64: byte %zu of this text is 0x%02x", i + 1,
                                      (unsigned char)text.data[i]);
        }
    }
    size_t count = base64.digits + base64.padding;
    if (count % 4 != 0) {
        return baton_source_error(body->source, body->node->offset, err,
                                  "base64 that ends too early: %zu characters are no multiple of 4", count);
    }
    body->bytes = (struct baton_str){ base64.bytes, base64.length };
    return BATON_OK;
}

/* ---- content codings ---- */

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

static enum baton_status inflate_failure(const struct baton_http_body *body, int code, const z_stream *stream,
                                         bool is_too_large, struct baton_error *err)
{
    size_t offset = body->node->offset;
    if (is_too_large) {
        return baton_source_error(body->source, offset, err,
                                  "this body inflates to more than %d MiB, the limit for one",
                                  BATON_IMPORT_BODY_BYTES_MAX / (1024 * 1024));
    }
    if (code == Z_OK || code == Z_MEM_ERROR) {
        return no_memory(body, err);
    }
    if (code == Z_STREAM_END) {
        return baton_source_error(body->source, offset, err, "%u bytes after the end of the compressed body",
                                  stream->avail_in);
    }
    if (code == Z_BUF_ERROR) {
        return baton_source_error(body->source, offset, err, "the compressed body ends too early");
    }
    return baton_source_error(body->source, offset, err, "the compressed body is damaged: %s",
                              stream->msg == NULL ? "unknown" : stream->msg);
}

/* Keeps what was inflated; the text is cleared. */
static enum baton_status keep(struct baton_http_body *body, struct baton_text *text, struct baton_error *err)
{
    struct baton_str written = baton_text_str(text);
    const char *copy = text->failed ? NULL : baton_arena_copy(body->arena, written.data, written.length);
    body->bytes = (struct baton_str){ copy, copy == NULL ? 0 : written.length };
    baton_text_clear(text);
    return copy == NULL ? no_memory(body, err) : BATON_OK;
}

static enum baton_status undo_deflate(struct baton_http_body *body, enum coding coding, struct baton_error *err)
{
    static const int window_bits[] = { [GZIP] = 15 + 16, [DEFLATE] = 15, [RAW_DEFLATE] = -15 };
    struct baton_arena_mark mark = baton_arena_mark(body->arena);
    struct baton_text out = baton_text_with_limit(BATON_IMPORT_BODY_BYTES_MAX);
    z_stream stream = { .zalloc = piece_take,
                        .zfree = piece_give,
                        .opaque = body->arena,
                        .next_in = (const Bytef *)body->bytes.data,
                        .avail_in = (uInt)body->bytes.length };
    int code = inflateInit2(&stream, window_bits[coding]);
    if (code == Z_OK) {
        code = inflate_all(&stream, &out, coding);
    }
    enum baton_status status = BATON_OK;
    if (code != Z_STREAM_END || stream.avail_in > 0) {
        bool is_too_large = out.failed && out.length + CHUNK_BYTES > out.limit;
        status = inflate_failure(body, code, &stream, is_too_large, err);
    }
    inflateEnd(&stream);
    baton_arena_rollback(body->arena, mark);
    if (status != BATON_OK) {
        baton_text_clear(&out);
        return status;
    }
    return keep(body, &out, err);
}

/* One coding. */
static enum baton_status undo_coding(struct baton_http_body *body, struct baton_str name, struct baton_error *err)
{
    static const struct {
        const char *name;
        enum coding coding;
    } codings[] = { { "gzip", GZIP }, { "x-gzip", GZIP }, { "deflate", DEFLATE } };
    const unsigned char *bytes = (const unsigned char *)body->bytes.data;
    size_t length = body->bytes.length, i = 0;
    if (name.length == 0 || baton_str_is_caseless(name, "identity")) {
        return BATON_OK;
    }
    while (i < sizeof codings / sizeof *codings && !baton_str_is_caseless(name, codings[i].name)) {
        i++;
    }
    if (i == sizeof codings / sizeof *codings) {
        return baton_source_error(
            body->source, body->node->offset, err,
            "content-encoding '%.*s' cannot be read; record again with 'accept-encoding: gzip', or with "
            "vcrpy's decode_compressed_response",
            BATON_STR_ARGS(name));
    }
    enum coding coding = codings[i].coding;
    if (coding == GZIP && (length < 2 || bytes[0] != 0x1f || bytes[1] != 0x8b)) {
        return baton_source_error(body->source, body->node->offset, err,
                                  "the headers say that this body is gzip, but it does not begin so");
    }
    if (coding == DEFLATE) { /* as the standard says, with zlib's two bytes before it; or as some servers send it */
        bool has_zlib = length >= 2 && (bytes[0] & 0x0f) == 8 && (bytes[0] << 8 | bytes[1]) % 31 == 0;
        coding = has_zlib ? DEFLATE : RAW_DEFLATE;
    }
    return undo_deflate(body, coding, err);
}

enum baton_status baton_http_body_undo_codings(struct baton_http_body *body, struct baton_str codings,
                                               struct baton_error *err)
{
    enum baton_status status = BATON_OK;
    for (size_t count = 0; codings.length > 0 && status == BATON_OK; count++) {
        const char *comma = memrchr(codings.data, ',', codings.length);
        size_t start = comma == NULL ? 0 : (size_t)(comma - codings.data) + 1;
        if (count == BATON_IMPORT_CODINGS_MAX) {
            return baton_source_error(body->source, body->node->offset, err,
                                      "a body with more than %d content-encodings", BATON_IMPORT_CODINGS_MAX);
        }
        status = undo_coding(body, baton_str_trim(baton_str_after(codings, start)), err);
        codings.length = comma == NULL ? 0 : start - 1;
    }
    return status;
}
