/* What live services do wrong, end to end: sockets, libcurl, decoders, retries. WIRE: every fault there is has its row. */
#include "engine/tests/live_setup.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define ERROR_HEAD(status, more) "HTTP/1.1 " status " Oh\r\ncontent-type: application/json\r\n" more
#define ERROR_BODY(type) "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"Not now.\"}}"

/* What the body of a step is. */
enum what {
    NOTHING, /* past the last step */
    WHOLE,   /* text_json */
    STREAM,  /* text_sse */
    HALF,    /* half_sse */
    HALF_AND_ERROR,
    WITH_CRLF, /* text_sse with comments, and lines that end with CRLF */
    OWN        /* step.body */
};

enum { WHOLE_ASKED = 1, STREAM_ASKED = 2, BOTH = 3, STEPS_MAX = 4 };

struct fault_step {
    struct misbehave_step step; /* head NULL: by what it is */
    enum what what;
};

struct row {
    const char *name;
    int how;      /* with what requests */
    bool listens; /* a user reads along */
    struct fault_step steps[STEPS_MAX];
    unsigned requests;
    enum baton_provider_fault fault;
    const char *error;    /* in the text; NULL: the answer is whole */
    int64_t waited_ms;    /* -1: some time by backoff, 0: none */
    const char *streamed; /* NULL: as it pleases */
};

#define ANSWER       \
    {                \
        { 0 }, WHOLE \
    }
#define REFUSES(status, more, type, count)                                                    \
    {                                                                                         \
        { .head = ERROR_HEAD(status, more), .body = ERROR_BODY(type), .times = (count) }, OWN \
    }

#define ENDS_SHORT(how)                                                                               \
    {                                                                                                 \
        .head = LIVE_SSE "content-length: 100000\r\n", .framing = MISBEHAVE_UNTIL_CLOSE, .end = (how) \
    }

static const struct row rows[] = {
    { "a whole answer", WHOLE_ASKED, true, { ANSWER }, 1, BATON_FAULT_NONE, NULL, 0, "" },
    { "a stream", STREAM_ASKED, true, { { { 0 }, STREAM } }, 1, BATON_FAULT_NONE, NULL, 0, "H\xc3\xa9|llo.|" },
    { "JSON in answer to a request for a stream", STREAM_ASKED, true, { ANSWER }, 1, BATON_FAULT_NONE, NULL, 0, "" },
    { "a stream in answer to a request for JSON",
      WHOLE_ASKED,
      true,
      { { { 0 }, STREAM } },
      1,
      BATON_FAULT_NONE,
      NULL,
      0,
      "H\xc3\xa9|llo.|" },
    { "a stream that does not say that it is one",
      STREAM_ASKED,
      true,
      { { { .head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n" }, STREAM } },
      1,
      BATON_FAULT_NONE,
      NULL,
      0,
      "H\xc3\xa9|llo.|" },
    { "JSON that does not say that it is",
      STREAM_ASKED,
      true,
      { { { .head = "HTTP/1.1 200 OK\r\n" }, WHOLE } },
      1,
      BATON_FAULT_NONE,
      NULL,
      0,
      "" },
    { "three bytes at a time",
      STREAM_ASKED,
      true,
      { { { .framing = MISBEHAVE_CHUNKED, .chunk_bytes = 3, .piece_bytes = 3 }, STREAM } },
      1,
      BATON_FAULT_NONE,
      NULL,
      0,
      "H\xc3\xa9|llo.|" },
    { "CRLF and comments, two bytes at a time",
      STREAM_ASKED,
      true,
      { { { .framing = MISBEHAVE_CHUNKED, .chunk_bytes = 2, .piece_bytes = 7 }, WITH_CRLF } },
      1,
      BATON_FAULT_NONE,
      NULL,
      0,
      "H\xc3\xa9|llo.|" },
    { "three bytes at a time, whole",
      WHOLE_ASKED,
      true,
      { { { .framing = MISBEHAVE_CHUNKED, .chunk_bytes = 3, .piece_bytes = 3 }, WHOLE } },
      1,
      BATON_FAULT_NONE,
      NULL,
      0,
      NULL },
    { "429 with retry-after",
      BOTH,
      true,
      { REFUSES("429", "retry-after: 1\r\n", "rate_limit_error", 1), ANSWER },
      2,
      BATON_FAULT_NONE,
      NULL,
      1000,
      NULL },
    { "429 with retry-after-ms",
      BOTH,
      true,
      { REFUSES("429", "retry-after: 9\r\nretry-after-ms: 20\r\n", "rate_limit_error", 1), ANSWER },
      2,
      BATON_FAULT_NONE,
      NULL,
      20,
      NULL },
    { "429 and x-should-retry: false",
      BOTH,
      true,
      { REFUSES("429", "x-should-retry: false\r\n", "rate_limit_error", 1), ANSWER },
      1,
      BATON_FAULT_RATE_LIMIT,
      "HTTP 429",
      0,
      "" },
    { "429 for want of credit",
      BOTH,
      true,
      { { { .head = ERROR_HEAD("429", ""),
            .body =
                "{\"error\":{\"message\":\"Pay.\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}" },
          OWN },
        ANSWER },
      1,
      BATON_FAULT_QUOTA,
      "Pay.",
      0,
      "" },
    { "500 twice", BOTH, true, { REFUSES("500", "", "api_error", 2), ANSWER }, 3, BATON_FAULT_NONE, NULL, -1, NULL },
    { "500 for ever",
      BOTH,
      true,
      { REFUSES("500", "", "api_error", 9) },
      3,
      BATON_FAULT_SERVER,
      "(after 3 attempts)",
      -1,
      "" },
    { "529 for ever",
      BOTH,
      true,
      { REFUSES("529", "", "overloaded_error", 9) },
      3,
      BATON_FAULT_OVERLOADED,
      "HTTP 529, overloaded_error: Not now. (after 3 attempts)",
      -1,
      "" },
    { "503 with a page",
      BOTH,
      true,
      { { { .head = "HTTP/1.1 503 Oh\r\ncontent-type: text/html\r\n", .body = "<html>" }, OWN }, ANSWER },
      2,
      BATON_FAULT_NONE,
      NULL,
      -1,
      NULL },
    { "401", BOTH, true, { REFUSES("401", "", "authentication_error", 9) }, 1, BATON_FAULT_AUTH, "HTTP 401", 0, "" },
    { "400",
      BOTH,
      true,
      { REFUSES("400", "", "invalid_request_error", 9) },
      1,
      BATON_FAULT_BAD_REQUEST,
      "HTTP 400, invalid_request_error: Not now.",
      0,
      "" },
    { "402", BOTH, true, { REFUSES("402", "", "billing_error", 9) }, 1, BATON_FAULT_QUOTA, "HTTP 402", 0, "" },
    { "404", BOTH, true, { REFUSES("404", "", "not_found_error", 9) }, 1, BATON_FAULT_NOT_FOUND, "HTTP 404", 0, "" },
    { "a way elsewhere is not taken",
      BOTH,
      true,
      { { { .head = "HTTP/1.1 302 Oh\r\nlocation: http://127.0.0.1/\r\n" }, OWN } },
      1,
      BATON_FAULT_SERVER,
      "HTTP 302",
      0,
      "" },
    { "an error in a 200",
      BOTH,
      true,
      { { { .body = ERROR_BODY("overloaded_error") }, OWN }, ANSWER },
      2,
      BATON_FAULT_NONE,
      NULL,
      -1,
      NULL },
    { "no JSON in a 200",
      BOTH,
      true,
      { { { .body = "<html>" }, OWN }, ANSWER },
      1,
      BATON_FAULT_PROTOCOL,
      "not valid JSON",
      0,
      "" },
    { "an empty stream",
      STREAM_ASKED,
      true,
      { { { .head = LIVE_SSE }, OWN }, ANSWER },
      2,
      BATON_FAULT_NONE,
      NULL,
      -1,
      "" },
    { "an error in mid-stream, while a user reads",
      STREAM_ASKED,
      true,
      { { { 0 }, HALF_AND_ERROR }, ANSWER },
      1,
      BATON_FAULT_OVERLOADED,
      "Too busy.",
      0,
      "H\xc3\xa9|" },
    { "an error in mid-stream, unseen",
      STREAM_ASKED,
      false,
      { { { 0 }, HALF_AND_ERROR }, ANSWER },
      2,
      BATON_FAULT_NONE,
      NULL,
      -1,
      "" },
    { "a clean end in mid-stream, while a user reads",
      STREAM_ASKED,
      true,
      { { { 0 }, HALF }, ANSWER },
      1,
      BATON_FAULT_CUT,
      "before its end; the answer is not whole",
      0,
      "H\xc3\xa9|" },
    { "a clean end in mid-stream, unseen",
      STREAM_ASKED,
      false,
      { { { 0 }, HALF }, ANSWER },
      2,
      BATON_FAULT_NONE,
      NULL,
      -1,
      "" },
    { "a clean end in mid-stream, each time",
      STREAM_ASKED,
      false,
      { { { 0 }, HALF } },
      3,
      BATON_FAULT_CUT,
      "(after 3 attempts)",
      -1,
      "" },
    { "a cut in mid-stream, while a user reads",
      STREAM_ASKED,
      true,
      { { ENDS_SHORT(MISBEHAVE_CLOSE), HALF }, ANSWER },
      1,
      BATON_FAULT_CUT,
      "broke off after",
      0,
      "H\xc3\xa9|" },
    { "a cut in mid-stream, unseen",
      STREAM_ASKED,
      false,
      { { ENDS_SHORT(MISBEHAVE_RESET), HALF }, ANSWER },
      2,
      BATON_FAULT_NONE,
      NULL,
      -1,
      "" },
    { "a cut before any byte",
      BOTH,
      true,
      { { { .is_cut = true, .end = MISBEHAVE_CLOSE }, OWN }, ANSWER },
      2,
      BATON_FAULT_NONE,
      NULL,
      -1,
      NULL },
    { "a cut in a whole answer",
      BOTH,
      true,
      { { { .is_cut = true, .cut_after = 120, .end = MISBEHAVE_CLOSE }, WHOLE }, ANSWER },
      2,
      BATON_FAULT_NONE,
      NULL,
      -1,
      NULL },
    { "a cut after the last event",
      STREAM_ASKED,
      true,
      { { ENDS_SHORT(MISBEHAVE_CLOSE), STREAM } },
      1,
      BATON_FAULT_NONE,
      NULL,
      0,
      "H\xc3\xa9|llo.|" },
    { "silence before the answer",
      BOTH,
      true,
      { { { .is_cut = true, .end = MISBEHAVE_HANG }, OWN }, ANSWER },
      2,
      BATON_FAULT_NONE,
      NULL,
      -1,
      NULL },
    { "silence in mid-stream, while a user reads",
      STREAM_ASKED,
      true,
      { { ENDS_SHORT(MISBEHAVE_HANG), HALF }, ANSWER },
      1,
      BATON_FAULT_TIMEOUT,
      "no byte came for a while",
      0,
      "H\xc3\xa9|" },
    { "silence after the last event",
      STREAM_ASKED,
      true,
      { { ENDS_SHORT(MISBEHAVE_HANG), STREAM } },
      1,
      BATON_FAULT_NONE,
      NULL,
      0,
      "H\xc3\xa9|llo.|" },
};

static const char *with_crlf(struct live_setup *setup, const char *text)
{
    struct baton_text out = baton_text_with_limit(1024 * 1024);
    baton_text_puts(&out, ": first\r\n\r\n");
    for (const char *at = text; *at != '\0'; at++) {
        baton_text_puts(&out, *at == '\n' ? "\r\n" : (char[]){ *at, '\0' });
        baton_text_puts(&out, at[0] == '\n' && at[1] == '\n' ? ": between\r\n" : "");
    }
    const char *copy = baton_arena_copy(setup->arena, out.data, out.length);
    baton_text_clear(&out);
    return copy;
}

/* The format's own words in the step. */
static struct misbehave_step step_of(struct live_setup *setup, const struct live_format *format,
                                     const struct fault_step *from)
{
    struct misbehave_step step = from->step;
    const char *bodies[] = { [WHOLE] = format->text_json,
                             [STREAM] = format->text_sse,
                             [HALF] = format->half_sse,
                             [HALF_AND_ERROR] =
                                 baton_arena_printf(setup->arena, "%s%s", format->half_sse, format->error_sse),
                             [WITH_CRLF] = with_crlf(setup, format->text_sse),
                             [OWN] = step.body };
    step.body = bodies[from->what];
    if (step.head == NULL && from->what != OWN) {
        step.head = from->what == WHOLE ? LIVE_JSON : LIVE_SSE;
    }
    return step;
}

static void check(const struct live_format *format, const struct row *row, bool is_stream)
{
    struct live_setup setup;
    struct misbehave_step steps[STEPS_MAX];
    size_t count = 0;
    struct baton_reply reply;
    live_setup_open(&setup, format->codec);
    for (; count < STEPS_MAX && row->steps[count].what != NOTHING; count++) {
        steps[count] = step_of(&setup, format, &row->steps[count]);
    }
    setup.options.is_stream = is_stream;
    setup.options.idle_ns = 150 * MS;
    live_setup_begin(&setup, steps, count);
    char name[160];
    snprintf(name, sizeof name, "%s, %s, asked %s", row->name, format->codec, is_stream ? "to stream" : "whole");
    enum baton_status status = live_setup_ask(&setup, &reply, row->listens);
    cr_expect_eq(status, row->error == NULL ? BATON_OK : BATON_EPROVIDER, "%s: %s", name, setup.err.text);
    cr_expect_eq(misbehave_request_count(setup.server), row->requests, "%s: %u requests", name,
                 misbehave_request_count(setup.server));
    cr_expect_eq(baton_live_caller_attempts(setup.caller), row->requests, "%s", name);
    cr_expect_eq(baton_live_caller_fault(setup.caller), row->fault, "%s: %s", name,
                 baton_provider_fault_name(baton_live_caller_fault(setup.caller)));
    if (row->error == NULL) {
        cr_expect(baton_str_is(reply.text, LIVE_TEXT) && reply.call_count == 0, "%s: '%.*s'", name,
                  (int)reply.text.length, reply.text.data);
        cr_expect(reply.usage.is_known && reply.usage.input == 11 && reply.usage.output == 7, "%s", name);
        cr_expect_eq(reply.latency_ns, BATON_LATENCY_MEASURED, "%s", name);
        uint64_t spent = baton_live_totals(setup.live).spent_pico, wanted = (11 + 7 * 5) * 1000000;
        cr_expect(row->requests == 1 ? spent == wanted : spent >= wanted, "%s: what broke off may have cost too", name);
    } else {
        cr_expect(strstr(setup.err.text, row->error) != NULL, "%s: '%s' in '%s'", name, row->error, setup.err.text);
    }
    const uint64_t waited_ns = setup.clock.skipped_ns;
    cr_expect(row->waited_ms < 0 || waited_ns == (uint64_t)row->waited_ms * MS, "%s: waited %llu ns", name,
              (unsigned long long)waited_ns);
    const char *streamed = setup.streamed.length == 0 ? "" : setup.streamed.data;
    cr_expect(row->streamed == NULL || strcmp(streamed, row->streamed) == 0, "%s: streamed '%s'", name, streamed);
    live_setup_end(&setup);
    live_setup_close(&setup);
}

static void check_format(const struct live_format *format)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int how = WHOLE_ASKED; how <= STREAM_ASKED; how++) {
            if ((rows[i].how & how) != 0) {
                check(format, &rows[i], how == STREAM_ASKED);
            }
        }
    }
}

Test(live, survives_what_chat_services_do)
{
    check_format(&live_formats[0]);
}

Test(live, survives_what_responses_services_do)
{
    check_format(&live_formats[1]);
}

Test(live, survives_what_anthropic_does)
{
    check_format(&live_formats[2]);
}

Test(live, survives_what_openrouter_does)
{
    check_format(&live_formats[3]);
}
