/* Event streams as the standard has them, however they are cut.
 *
 * Every table of bytes is fed whole, byte by byte and in two pieces at each cut, as a network does: an event must not depend on
 * where a packet ended. */
#include "engine/wire/sse.h"

#include "engine/base/json_writer.h"
#include "engine/base/prng.h"
#include "engine/tests/trees.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

enum { SHOWN_MAX = 1024 * 1024 };

/* Events as `type/data/id;`, line feeds as `\n`. */
static enum baton_status show(void *user, const struct baton_sse_event *event, struct baton_error *err)
{
    (void)err;
    struct baton_text *out = user;
    const struct baton_str parts[] = { event->type, event->data, event->id };
    for (size_t i = 0; i < COUNT(parts); i++) {
        baton_text_json_string(out, parts[i].data, parts[i].length);
        baton_text_putc(out, i + 1 == COUNT(parts) ? ';' : '/');
    }
    return BATON_OK;
}

struct reading {
    struct baton_sse sse;
    struct baton_text shown;
    struct baton_error err;
};

static void open_reading(struct reading *reading)
{
    baton_sse_init(&reading->sse);
    reading->shown = baton_text_with_limit(SHOWN_MAX);
}

static void close_reading(struct reading *reading)
{
    baton_sse_clear(&reading->sse);
    baton_text_clear(&reading->shown);
}

static void begin(struct reading *reading)
{
    baton_sse_reset(&reading->sse);
    baton_text_reset(&reading->shown);
}

static enum baton_status feed(struct reading *reading, const char *data, size_t length)
{
    return baton_sse_feed(&reading->sse, (struct baton_str){ data, length }, show, &reading->shown, &reading->err);
}

static const char *shown(const struct reading *reading)
{
    return reading->shown.length == 0 ? "" : reading->shown.data;
}

/* Whole, in every two pieces, byte by byte, and with empty pieces between: always the same. */
static void check_all_ways(struct reading *reading, struct baton_str input, const char *wanted, int64_t retry_ms,
                           const char *name)
{
    for (size_t cut = 0; cut <= input.length; cut++) {
        begin(reading);
        cr_assert_eq(feed(reading, input.data, cut), BATON_OK);
        cr_assert_eq(feed(reading, input.data + cut, input.length - cut), BATON_OK);
        cr_expect_str_eq(shown(reading), wanted, "%s, cut at %zu", name, cut);
        cr_expect_eq(reading->sse.retry_ms, retry_ms, "%s, cut at %zu", name, cut);
    }
    begin(reading);
    for (size_t i = 0; i < input.length; i++) {
        cr_assert_eq(feed(reading, input.data + i, 1), BATON_OK);
        cr_assert_eq(feed(reading, input.data, 0), BATON_OK);
    }
    cr_expect_str_eq(shown(reading), wanted, "%s, byte by byte", name);
    cr_expect_eq(reading->sse.retry_ms, retry_ms, "%s, byte by byte", name);
}

static const char *wanted_events(struct baton_arena *arena, const struct baton_json *vector)
{
    struct baton_text out = baton_text_with_limit(SHOWN_MAX);
    for (const struct baton_json *node = baton_json_get(vector, "events")->child; node != NULL; node = node->next) {
        struct baton_sse_event event = { .type = baton_json_get(node, "type")->text,
                                         .data = baton_json_get(node, "data")->text,
                                         .id = baton_json_get(node, "last_event_id")->text };
        cr_assert_eq(show(&out, &event, NULL), BATON_OK);
    }
    const char *copy = baton_arena_copy(arena, out.data == NULL ? "" : out.data, out.length);
    baton_text_clear(&out);
    return copy;
}

Test(sse, keeps_the_rules_of_the_vectors)
{
    struct baton_arena *arena = tree_arena();
    struct tree tree = tree_json(arena, tree_file(arena, "fixtures/sse/vectors.json").data);
    cr_assert_eq(tree.status, BATON_OK, "%s", tree.err.text);
    struct reading reading;
    open_reading(&reading);
    for (const struct baton_json *vector = tree.root->child; vector != NULL; vector = vector->next) {
        const struct baton_json *retry = baton_json_get(vector, "retry");
        check_all_ways(&reading, baton_json_get(vector, "input")->text, wanted_events(arena, vector),
                       retry->type == BATON_JSON_NULL ? -1 : (int64_t)retry->number,
                       baton_json_get(vector, "name")->text.data);
    }
    cr_expect_eq(tree.root->count, 10);
    close_reading(&reading);
    baton_arena_free(arena);
}

#define INPUT(text)                        \
    {                                      \
        "" text "", sizeof("" text "") - 1 \
    }

static const struct row {
    const char *name;
    struct baton_str input;
    const char *wanted;
    int64_t retry_ms;
} rows[] = {
    { "nothing", INPUT(""), "", -1 },
    { "only a comment", INPUT(": OPENROUTER PROCESSING\n\n"), "", -1 },
    { "comment inside an event", INPUT("data: a\n: x\ndata: b\n\n"), "\"message\"/\"a\\nb\"/\"\";", -1 },
    { "the type goes with its event", INPUT("event: x\ndata: 1\n\ndata: 2\n\n"),
      "\"x\"/\"1\"/\"\";\"message\"/\"2\"/\"\";", -1 },
    { "a type without data is forgotten", INPUT("event: x\n\ndata: 2\n\n"), "\"message\"/\"2\"/\"\";", -1 },
    { "the last type counts", INPUT("event: x\nevent: y\ndata: 1\n\n"), "\"y\"/\"1\"/\"\";", -1 },
    { "CRLF", INPUT("event: x\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n"), "\"x\"/\"1\"/\"\";\"message\"/\"2\"/\"\";", -1 },
    { "line ends of all kinds", INPUT("data: 1\r\rdata: 2\n\ndata: 3\r\n\ndata: 4\r\n\r\n"),
      "\"message\"/\"1\"/\"\";\"message\"/\"2\"/\"\";\"message\"/\"3\"/\"\";\"message\"/\"4\"/\"\";", -1 },
    { "CR LF CR is two ends", INPUT("data: 1\r\n\rdata: 2\n\n"), "\"message\"/\"1\"/\"\";\"message\"/\"2\"/\"\";", -1 },
    { "half a byte order mark is text",
      INPUT("\xef\xbb"
            "data: 1\n\ndata: 2\n\n"),
      "\"message\"/\"2\"/\"\";", -1 },
    { "a mark alone", INPUT("\xef\xbb\xbf"), "", -1 },
    { "two marks",
      INPUT("\xef\xbb\xbf\xef\xbb\xbf"
            "data: 1\n\ndata: 2\n\n"),
      "\"message\"/\"2\"/\"\";", -1 },
    { "one space only", INPUT("data:  1\n\n"), "\"message\"/\" 1\"/\"\";", -1 },
    { "a tab is no space", INPUT("data:\t1\n\n"), "\"message\"/\"\\t1\"/\"\";", -1 },
    { "case counts", INPUT("Data: 1\nDATA: 2\n\n"), "", -1 },
    { "an id with NUL is ignored", INPUT("id: 1\nid: 2\0\ndata: x\n\n"), "\"message\"/\"x\"/\"1\";", -1 },
    { "NUL in data stays", INPUT("data: a\0b\n\n"), "\"message\"/\"a\\u0000b\"/\"\";", -1 },
    { "an id without data sticks", INPUT("id: 9\n\ndata: x\n\n"), "\"message\"/\"x\"/\"9\";", -1 },
    { "retry", INPUT("retry: 250\n\n"), "", 250 },
    { "retry needs digits", INPUT("retry: \nretry: -1\nretry: 1e3\nretry: 99999999999999999999\n\n"), "", -1 },
    { "characters of four bytes", INPUT("data: \xf0\x9f\xa6\x9c\n\n"), "\"message\"/\"\xf0\x9f\xa6\x9c\"/\"\";", -1 },
    { "no blank line, no event", INPUT("data: 1\n\ndata: 2\n"), "\"message\"/\"1\"/\"\";", -1 },
};

Test(sse, keeps_the_rules_of_the_standard)
{
    struct reading reading;
    open_reading(&reading);
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_all_ways(&reading, rows[i].input, rows[i].wanted, rows[i].retry_ms, rows[i].name);
    }
    close_reading(&reading);
}

Test(sse, has_limits)
{
    enum { PIECE = 1024 * 1024 };
    struct reading reading;
    static char piece[PIECE];
    open_reading(&reading);
    memset(piece, 'x', sizeof piece);
    enum baton_status status = feed(&reading, "data: ", 6);
    size_t pieces = 0;
    for (; status == BATON_OK && pieces < 100; pieces++) {
        status = feed(&reading, piece, sizeof piece);
    }
    cr_expect_eq(status, BATON_EPROVIDER);
    cr_expect_eq(pieces, BATON_SSE_LINE_BYTES_MAX / PIECE);
    cr_expect_str_eq(reading.err.text, "a line of the event stream is larger than 16 MiB");
    begin(&reading);
    piece[0] = piece[1] = piece[2] = piece[3] = 'd';
    memcpy(piece, "data:", 5);
    piece[PIECE - 1] = '\n';
    for (pieces = 0, status = BATON_OK; status == BATON_OK && pieces < 100; pieces++) {
        status = feed(&reading, piece, sizeof piece);
    }
    cr_expect_eq(status, BATON_EPROVIDER);
    cr_expect_str_eq(reading.err.text, "the data of an event of the event stream is larger than 16 MiB");
    close_reading(&reading);
}

static enum baton_status refuse(void *user, const struct baton_sse_event *event, struct baton_error *err)
{
    ++*(unsigned *)user;
    return baton_error_set(err, BATON_EINTERRUPTED, "enough of %.*s", (int)event->data.length, event->data.data);
}

Test(sse, stops_when_the_handler_says_so)
{
    struct baton_sse sse;
    struct baton_error err;
    unsigned count = 0;
    baton_sse_init(&sse);
    cr_expect_eq(baton_sse_feed(&sse, BATON_STR("data: 1\n\ndata: 2\n\n"), refuse, &count, &err), BATON_EINTERRUPTED);
    cr_expect_eq(count, 1);
    cr_expect_str_eq(err.text, "enough of 1");
    baton_sse_clear(&sse);
}

Test(sse, says_so_when_memory_ends)
{
    struct reading reading;
    open_reading(&reading);
    for (uint64_t n = 1; n <= 3; n++) { /* line, data, type */
        begin(&reading);
        baton_text_clear(&reading.sse.line);
        baton_text_clear(&reading.sse.data);
        baton_text_clear(&reading.sse.type);
        baton_arena_fail_after(n);
        enum baton_status status = feed(&reading, "event: x\nda", 11);
        status = status == BATON_OK ? feed(&reading, "ta: 1\n", 6) : status;
        baton_arena_fail_after(0);
        cr_expect_eq(status, BATON_ENOMEM, "allocation %d", (int)n);
    }
    close_reading(&reading);
}

/* Streams of odd lines, in random pieces. */
Test(sse, does_not_care_about_pieces)
{
    static const char *const words[] = { "data: a", "data",         "event: e",     "id: 7",  ":",
                                         "\r",      "\n",           "\n",           "\r\n",   "\n\n",
                                         "retry:5", "\xef\xbb\xbf", "\xe2\x80\xa6", "data:b", " " };
    struct baton_prng prng;
    struct reading whole, pieces;
    baton_prng_seed(&prng, 7);
    open_reading(&whole);
    open_reading(&pieces);
    for (unsigned round = 0; round < 2000; round++) {
        char text[512];
        size_t length = 0;
        for (uint64_t k = baton_prng_below(&prng, 40); k > 0; k--) {
            const char *word = words[baton_prng_below(&prng, COUNT(words))];
            memcpy(text + length, word, strlen(word));
            length += strlen(word);
        }
        begin(&whole);
        begin(&pieces);
        cr_assert_eq(feed(&whole, text, length), BATON_OK);
        for (size_t at = 0; at < length;) {
            size_t size = 1 + baton_prng_below(&prng, length - at);
            cr_assert_eq(feed(&pieces, text + at, size), BATON_OK);
            at += size;
        }
        cr_assert_str_eq(shown(&pieces), shown(&whole), "round %u", round);
    }
    close_reading(&whole);
    close_reading(&pieces);
}
