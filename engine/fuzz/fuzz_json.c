/* Any bytes: they load or they are refused with a place. What loads is written, and that loads as the same again. */
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY_BYTES = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

static void write_and_read_again(struct baton_arena *arena, const struct baton_json *root)
{
    struct baton_text once = baton_text_with_limit(MEMORY_BYTES), twice = baton_text_with_limit(MEMORY_BYTES);
    const struct baton_json *again;
    baton_json_write(&once, root);
    const struct baton_source source = { .name = "written", .text = baton_text_str(&once) };
    expect(!once.failed && baton_json_parse(&again, arena, &source, NULL) == BATON_OK);
    baton_json_write(&twice, again);
    expect(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0);
    baton_text_clear(&once);
    baton_text_clear(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_BYTES);
    const struct baton_source source = { .name = "input", .text = { (const char *)data, size } };
    const struct baton_json *root;
    struct baton_error err;
    enum baton_status status = baton_json_parse(&root, arena, &source, &err);
    size_t bad;
    expect((status == BATON_OK) == (root != NULL));
    if (status == BATON_OK) {
        write_and_read_again(arena, root);
    } else {
        expect(status == BATON_EINPUT && err.line > 0 && err.column > 0);
        expect(baton_utf8_valid(err.text, strlen(err.text), &bad));
    }
    baton_arena_free(arena);
    return 0;
}
