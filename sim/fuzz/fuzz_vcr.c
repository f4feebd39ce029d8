/* Any bytes, as a cassette and as the compressed body of one: they are read, or refused with the place. */
#include "engine/base/text.h"
#include "sim/import/limits.h"
#include "sim/import/vcr.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY_BYTES = 128 * 1024 * 1024, TEXT_BYTES_MAX = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

static uint64_t bytes_sum; /* each byte that comes out is looked at, so that a sanitiser sees one that is not there */

static void look(struct baton_str text)
{
    expect(text.data != NULL || text.length == 0);
    for (size_t i = 0; i < text.length; i++) {
        bytes_sum += (unsigned char)text.data[i];
    }
}

static void look_at_headers(struct baton_wire_headers headers)
{
    for (size_t i = 0; i < headers.count; i++) {
        look(headers.items[i].name);
        look(headers.items[i].value);
    }
}

static void read_cassette(struct baton_str text)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_BYTES);
    const struct baton_source source = { .name = "input", .text = text };
    struct baton_recorded_calls calls;
    struct baton_error err;
    unsigned line = 1;
    enum baton_status status = baton_vcr_read(&calls, arena, &source, &err);
    expect(status == BATON_OK || (calls.count == 0 && calls.items == NULL));
    expect(status != BATON_EINPUT || (err.line > 0 && err.column > 0));
    expect(status == BATON_OK || status == BATON_EINPUT || status == BATON_ELIMIT);
    for (size_t i = 0; i < calls.count; i++) {
        const struct baton_recorded_call *it = &calls.items[i];
        expect(it->line >= line && it->status >= 100 && it->status <= 599);
        expect(it->response_body.length <= BATON_IMPORT_BODY_BYTES_MAX || it->response_body.length <= 64 * text.length);
        line = it->line;
        look(it->method);
        look(it->url);
        look(it->reason);
        look(it->request_body);
        look(it->response_body);
        look_at_headers(it->request_headers);
        look_at_headers(it->response_headers);
    }
    baton_arena_free(arena);
}

/* A cassette whose one body is these bytes; the first says how they are compressed. */
static void read_body(const uint8_t *data, size_t size)
{
    static const char *const codings[] = { "gzip", "deflate", "gzip, deflate", "identity" };
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct baton_text text = baton_text_with_limit(TEXT_BYTES_MAX);
    baton_text_printf(&text,
                      "interactions:\n- request: {method: GET, uri: u}\n  response:\n    status: {code: 200}\n"
                      "    headers: {content-encoding: ['%s']}\n    body: {string: !!binary '",
                      codings[data[0] % 4]);
    for (size_t i = 1; i + 3 <= size; i += 3) {
        uint32_t group = (uint32_t)data[i] << 16 | (uint32_t)data[i + 1] << 8 | data[i + 2];
        for (unsigned shift = 24; shift > 0; shift -= 6) {
            baton_text_putc(&text, letters[group >> (shift - 6) & 63]);
        }
    }
    baton_text_puts(&text, "'}\n");
    expect(!text.failed);
    read_cassette(baton_text_str(&text));
    baton_text_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0) {
        read_body(data, size);
        read_cassette((struct baton_str){ (const char *)data, size });
    }
    return 0;
}
