/* Any bytes: what comes out holds none of the known values, and is JSON where what went in was: that
 * stays as it is when redacted again. */
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "sim/redact/redact.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY_BYTES = 256 * 1024 * 1024, TEXT_BYTES_MAX = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

static bool is_json(struct baton_arena *arena, struct baton_str text)
{
    const struct baton_source source = { .name = "text", .text = text };
    const struct baton_json *root;
    return baton_json_parse(&root, arena, &source, NULL) == BATON_OK;
}

static void find_all(const struct baton_known_values *known, struct baton_str text)
{
    struct baton_secret_search search = baton_secret_search_in(known, text);
    struct baton_secret secret;
    size_t last = 0;
    while (baton_secret_search_next(&search, &secret)) {
        expect(secret.start >= last && secret.end > secret.start && secret.kind < BATON_SECRET_KIND_COUNT);
        last = secret.end;
    }
    expect(last <= text.length);
}

/* Made once, as it costs more than a run. */
static const struct baton_known_values *known_values(const char *const *texts, size_t text_count)
{
    static struct baton_arena *volatile arena; /* kept, so that no leak is seen */
    static struct baton_known_values *known;
    struct baton_str values[8];
    if (known == NULL) {
        for (size_t i = 0; i < text_count; i++) {
            values[i] = baton_str_of(texts[i]);
        }
        arena = baton_arena_new(MEMORY_BYTES);
        expect(baton_known_values_new(&known, arena, values, text_count, NULL) == BATON_OK);
    }
    return known;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const texts[] = { "hunter2 correct horse", "p\"a\\ss/w=\xc3\xb6r d<&>", "\\\\\"\"\"\\\\\\n",
                                         "aaaaaaaaaaab" };
    const struct baton_known_values *known = known_values(texts, sizeof texts / sizeof *texts);
    struct baton_arena *arena = baton_arena_new(MEMORY_BYTES);
    struct baton_str text = { (const char *)data, size };
    struct baton_text once = baton_text_with_limit(TEXT_BYTES_MAX), twice = baton_text_with_limit(TEXT_BYTES_MAX);
    find_all(known, text);
    baton_redact_text(&once, known, text);
    baton_redact_text(&twice, known, baton_text_str(&once));
    expect(!once.failed && !twice.failed);
    expect(once.length == 0 || memmem(once.data, once.length, texts[0], strlen(texts[0])) == NULL);
    if (is_json(arena, text)) {
        expect(is_json(arena, baton_text_str(&once)));
        expect(baton_str_equal(baton_text_str(&once), baton_text_str(&twice)));
    }
    baton_text_clear(&twice);
    baton_text_clear(&once);
    baton_arena_free(arena);
    return 0;
}
