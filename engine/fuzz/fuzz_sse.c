/* Any bytes as an event stream: the same events however they are cut. */
#include "engine/base/prng.h"
#include "engine/wire/sse.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

static enum baton_status note(void *user, const struct baton_sse_event *event, struct baton_error *err)
{
    (void)err;
    expect(event->type.length > 0 && memchr(event->type.data, '\n', event->type.length) == NULL);
    expect(event->id.length == 0 || memchr(event->id.data, '\0', event->id.length) == NULL);
    baton_text_json_string(user, event->type.data, event->type.length);
    baton_text_json_string(user, event->data.data, event->data.length);
    baton_text_json_string(user, event->id.data, event->id.length);
    return BATON_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct baton_sse whole, pieces;
    struct baton_text one = baton_text_with_limit(SHOWN_MAX), other = baton_text_with_limit(SHOWN_MAX);
    struct baton_error err;
    struct baton_prng prng;
    baton_sse_init(&whole);
    baton_sse_init(&pieces);
    expect(baton_sse_feed(&whole, (struct baton_str){ (const char *)data, size }, note, &one, &err) == BATON_OK);
    baton_prng_seed(&prng, size);
    for (size_t at = 0, step; at < size; at += step) {
        step = 1 + baton_prng_below(&prng, baton_prng_below(&prng, 2) == 0 ? 3 : size - at);
        step = step > size - at ? size - at : step;
        char *piece = baton_system_take(step); /* a piece of its own, so that a sanitiser sees a step too far */
        expect(piece != NULL);
        memcpy(piece, data + at, step);
        expect(baton_sse_feed(&pieces, (struct baton_str){ piece, step }, note, &other, &err) == BATON_OK);
        baton_system_give(piece);
    }
    expect(one.length == other.length && (one.length == 0 || memcmp(one.data, other.data, one.length) == 0));
    expect(whole.retry_ms == pieces.retry_ms && whole.retry_ms >= -1);
    baton_sse_clear(&whole);
    baton_sse_clear(&pieces);
    baton_text_clear(&one);
    baton_text_clear(&other);
    return 0;
}
