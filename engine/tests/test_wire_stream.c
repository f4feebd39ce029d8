/* The recorded streams of fixtures/wire_sse and fixtures/aisdk: however they are cut they say the same, and a stream that
 * is cut off is no answer. */
#include "engine/base/prng.h"
#include "engine/tests/trees.h"
#include "engine/tests/wire.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { SMALL_BYTES = 3000, CUTS = 300, STREAMS = 59 };

static bool holds(struct baton_str text, const char *word)
{
    return memmem(text.data, text.length, word, strlen(word)) != NULL;
}

/* The format of a stream, by what is in it; NULL: none of ours, or nothing at all. */
static const struct baton_codec *codec_of(struct baton_str bytes, const char *name)
{
    if (holds(bytes, "event: message_start")) {
        return baton_codec_find(BATON_STR("anthropic"));
    }
    if (holds(bytes, "event: response.created")) {
        return baton_codec_find(BATON_STR("openai-responses"));
    }
    if (holds(bytes, "chat.completion.chunk")) {
        return baton_codec_find(strstr(name, "openrouter") != NULL ? BATON_STR("openrouter")
                                                                   : BATON_STR("openai-chat"));
    }
    return NULL;
}

/* Calls back with each recorded stream of ours; gives back their number. */
static unsigned for_each(struct wire *wire, void (*check)(struct wire *wire, const char *name, struct baton_str bytes))
{
    unsigned count = 0;
    const char **names = tree_folder(wire->arena, "fixtures/wire_sse", "sse", 65);
    for (size_t i = 0; names[i] != NULL; i++) {
        struct baton_arena_mark mark = baton_arena_mark(wire->arena);
        char path[256];
        snprintf(path, sizeof path, "fixtures/wire_sse/%s", names[i]);
        struct baton_str bytes = tree_file(wire->arena, path);
        wire->codec = codec_of(bytes, names[i]);
        if (wire->codec != NULL) {
            check(wire, names[i], bytes);
            count++;
        }
        baton_arena_rollback(wire->arena, mark);
    }
    return count;
}

/* ---- cuts ---- */

static void check_cut(struct wire *wire, const char *name, struct baton_str bytes, size_t at, const char *whole)
{
    struct baton_arena_mark mark = baton_arena_mark(wire->arena);
    struct wire_result result = wire_cut(wire, bytes, at);
    cr_assert_str_eq(wire_show(wire, &result), whole, "%s, cut at %zu", name, at);
    baton_arena_rollback(wire->arena, mark);
}

static void check_cuts(struct wire *wire, const char *name, struct baton_str bytes)
{
    struct wire_result result = wire_pieces(wire, bytes, bytes.length);
    const char *whole = wire_show(wire, &result);
    cr_assert_str_not_empty(whole);
    if (bytes.length <= SMALL_BYTES) {
        for (size_t at = 0; at <= bytes.length; at++) {
            check_cut(wire, name, bytes, at, whole);
        }
        return;
    }
    struct baton_prng prng; /* one cut in each of so many stretches, so that all of it is met */
    baton_prng_seed_for(&prng, 1, name, strlen(name), "cuts");
    for (size_t i = 0; i < CUTS; i++) {
        size_t from = bytes.length * i / CUTS, to = bytes.length * (i + 1) / CUTS;
        check_cut(wire, name, bytes, from + baton_prng_below(&prng, to - from), whole);
    }
}

Test(wire_stream, says_the_same_however_it_is_cut, .timeout = 60)
{
    struct wire wire;
    wire_open(&wire);
    cr_expect_eq(for_each(&wire, check_cuts), STREAMS);
    wire_close(&wire);
}

static void check_pieces(struct wire *wire, const char *name, struct baton_str bytes)
{
    static const size_t sizes[] = { 1, 2, 3, 7, 64, 1000 };
    struct wire_result result = wire_pieces(wire, bytes, bytes.length);
    const char *whole = wire_show(wire, &result);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        result = wire_pieces(wire, bytes, sizes[i]);
        cr_assert_str_eq(wire_show(wire, &result), whole, "%s, in pieces of %zu", name, sizes[i]);
    }
}

Test(wire_stream, says_the_same_in_small_pieces, .timeout = 60)
{
    struct wire wire;
    wire_open(&wire);
    cr_expect_eq(for_each(&wire, check_pieces), STREAMS);
    wire_close(&wire);
}

/* With CRLF for line ends, and a comment before each event. */
static void check_dressed(struct wire *wire, const char *name, struct baton_str bytes)
{
    struct wire_result result = wire_pieces(wire, bytes, bytes.length);
    const char *whole = wire_show(wire, &result);
    struct baton_text dressed = baton_text_with_limit(bytes.length * 2 + 16);
    for (size_t i = 0; i < bytes.length; i++) {
        bool ends_event = bytes.data[i] == '\n' && i > 0 && bytes.data[i - 1] == '\n';
        if (bytes.data[i] != '\r') {
            baton_text_puts(&dressed, bytes.data[i] == '\n' ? "\r" : "");
            baton_text_putc(&dressed, bytes.data[i]);
        }
        baton_text_puts(&dressed, ends_event ? ": keep-alive\r\n\r\n" : "");
    }
    cr_assert_not(dressed.failed);
    result = wire_pieces(wire, baton_text_str(&dressed), 100);
    cr_assert_str_eq(wire_show(wire, &result), whole, "%s, dressed", name);
    baton_text_clear(&dressed);
}

Test(wire_stream, says_the_same_with_other_line_ends_and_comments)
{
    struct wire wire;
    wire_open(&wire);
    cr_expect_eq(for_each(&wire, check_dressed), STREAMS);
    wire_close(&wire);
}

/* ---- cut off ---- */

/* The length of the stream up to the end of the next event after `from`, or 0. */
static size_t event_end(struct baton_str bytes, size_t from)
{
    for (size_t i = from; i + 1 < bytes.length; i++) {
        bool is_crlf = i + 3 < bytes.length && memcmp(bytes.data + i, "\r\n\r\n", 4) == 0;
        if (is_crlf || (bytes.data[i] == '\n' && bytes.data[i + 1] == '\n')) {
            return i + (is_crlf ? 4 : 2);
        }
    }
    return 0;
}

/* Whether the event says that the answer is whole; a quote inside a text would be escaped. */
static bool is_terminal(const struct wire *wire, struct baton_str event)
{
    static const char *const anthropic[] = { "event: message_stop", NULL };
    static const char *const responses[] = { "event: response.completed", "event: response.incomplete", NULL };
    static const char *const chat[] = { "\"finish_reason\":\"", "\"finish_reason\": \"", "data: [DONE]", NULL };
    const char *const *marks = strcmp(wire->codec->name, "anthropic") == 0          ? anthropic
                               : strcmp(wire->codec->name, "openai-responses") == 0 ? responses
                                                                                    : chat;
    for (size_t i = 0; marks[i] != NULL; i++) {
        if (holds(event, marks[i])) {
            return true;
        }
    }
    return false;
}

static void check_cut_off(struct wire *wire, const char *name, struct baton_str bytes)
{
    bool is_whole = false, fails = false;
    for (size_t end = 0, next; (next = event_end(bytes, end)) > 0; end = next) {
        struct baton_arena_mark mark = baton_arena_mark(wire->arena);
        struct baton_str event = { bytes.data + end, next - end }, prefix = { bytes.data, next };
        is_whole = is_whole || is_terminal(wire, event);
        fails = fails || holds(event, "\"error\":{");
        struct wire_result result = wire_pieces(wire, prefix, next);
        if (fails) {
            cr_assert_eq(result.status, BATON_EPROVIDER, "%s, after %zu bytes", name, next);
        } else if (is_whole) {
            cr_assert_eq(result.status, BATON_OK, "%s, after %zu bytes: %s", name, next, result.error);
        } else {
            cr_assert_eq(result.status, BATON_EPROVIDER, "%s, after %zu bytes", name, next);
            cr_assert_eq(result.fault, BATON_FAULT_CUT, "%s, after %zu bytes: %s", name, next, result.error);
        }
        baton_arena_rollback(wire->arena, mark);
    }
    cr_assert(is_whole, "%s has an end", name);
    struct wire_result nothing = wire_pieces(wire, BATON_STR(""), 1);
    cr_assert_eq(nothing.fault, BATON_FAULT_CUT);
}

Test(wire_stream, is_no_answer_when_it_is_cut_off, .timeout = 60)
{
    struct wire wire;
    wire_open(&wire);
    cr_expect_eq(for_each(&wire, check_cut_off), STREAMS);
    wire_close(&wire);
}

/* ---- chunks, one JSON a line, and whole replies of the same kinds ---- */

/* What the index says of a file: bytes of text, calls, finish, usage, types of what is sent back besides. */
static const char *summary(struct wire *wire, const struct wire_result *result)
{
    if (result->status != BATON_OK) {
        return result->error;
    }
    const char *shown = wire_show(wire, result);
    const struct baton_reply *reply = &result->reply;
    struct baton_text out = baton_text_with_limit(1024 * 1024);
    size_t text_shown = reply->has_text ? reply->text.length : strlen("(none)");
    if (reply->has_text) {
        baton_text_u64(&out, reply->text.length);
    }
    baton_text_puts(&out, reply->has_text ? "" : "none");
    size_t rest = strlen(shown) - text_shown - reply->native.json.length;
    baton_text_append(&out, shown + text_shown, rest);
    if (reply->native.format != NULL) {
        struct tree native =
            tree_read(baton_json_parse, wire->arena, reply->native.json.data, reply->native.json.length);
        for (const struct baton_json *node = native.root->child; node != NULL; node = node->next) {
            struct baton_str type = native.root->type == BATON_JSON_ARRAY          ? wire_str(node, "type")
                                    : baton_str_is(node->key, "reasoning_content") ? node->key
                                                                                   : BATON_STR("");
            bool is_first = out.data[out.length - 1] == ' ' && out.data[out.length - 2] == '|';
            baton_text_puts(&out, type.length == 0 || is_first ? "" : " ");
            baton_text_append(&out, type.data, type.length);
        }
    }
    const char *copy = baton_arena_copy(wire->arena, out.data, out.length);
    cr_assert_not(out.failed);
    baton_text_clear(&out);
    return copy;
}

/* Some streams were cut short by those who keep them, so that their pieces do not come to the whole at the end. */
static bool is_abridged(struct baton_str file)
{
    return holds(file, "openai-phase.1.chunks") || holds(file, "openai-shell-container.1.chunks");
}

Test(wire_stream, reads_chunks_and_wholes_of_other_collections)
{
    struct wire wire;
    unsigned count = 0;
    wire_open(&wire);
    struct baton_str index = tree_file(wire.arena, "fixtures/aisdk/index.jsonl");
    for (size_t at = 0; at < index.length; count++) {
        const char *end = memchr(index.data + at, '\n', index.length - at);
        size_t length = (size_t)(end - (index.data + at));
        struct tree row = tree_read(baton_json_parse, wire.arena, index.data + at, length);
        struct baton_str file = wire_str(row.root, "file"), expect = wire_str(row.root, "expect");
        char path[256];
        snprintf(path, sizeof path, "fixtures/aisdk/%.*s", (int)file.length, file.data);
        wire.codec = baton_codec_find(wire_str(row.root, "codec"));
        struct baton_str bytes = tree_file(wire.arena, path);
        struct wire_result result = holds(file, ".chunks.txt")
                                        ? wire_chunks(&wire, bytes)
                                        : wire_body(&wire, 400 - 200 * !holds(file, "error"), bytes);
        result.reply.was_streamed = result.reply.was_streamed && !is_abridged(file);
        const char *got = summary(&wire, &result);
        if (result.status == BATON_OK) {
            cr_expect_str_eq(got, expect.data, "%s: %s", path, got);
        } else {
            cr_expect(holds(baton_str_of(got), expect.data + strlen("error ")), "%s: %s", path, got);
        }
        at += length + 1;
    }
    cr_expect_eq(count, 47);
    wire_close(&wire);
}
