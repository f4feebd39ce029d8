/* What a transfer comes to when the other side behaves badly: a table of servers, by failure, status and text.
 *
 * Over sockets of this machine, as it is libcurl's behaviour that counts; the policy of retries is driven along with it. */
#include "engine/tests/http_setup.h"

#include <criterion/criterion.h>
#include <string.h>

enum { STEPS_MAX = 4 };

struct row {
    const char *name;
    struct misbehave_step steps[STEPS_MAX];
    unsigned how;
    unsigned timeout_ms, idle_ms; /* 0: the setup's */
    size_t body_bytes_max;
    enum baton_http_failure want_failure;
    unsigned want_status, want_requests;
    const char *want_body;  /* collected or streamed; NULL: not looked at */
    size_t want_body_bytes; /* 0: not looked at */
    const char *want_error; /* a part of its text; NULL: none */
};

static void expect_row(const struct row *row)
{
    struct http_setup setup;
    size_t step_count = 0;
    while (step_count < STEPS_MAX && (row->steps[step_count].head != NULL || row->steps[step_count].body != NULL)) {
        step_count++;
    }
    http_setup_open(&setup, row->steps, step_count, row->how);
    setup.request.timeout_ns = row->timeout_ms == 0 ? setup.request.timeout_ns : row->timeout_ms * MS;
    setup.request.idle_ns = row->idle_ms * MS;
    setup.request.body_bytes_max = row->body_bytes_max;
    http_setup_post_with_retries(&setup);

    const struct baton_http_response *response = &setup.response;
    const bool streams = (row->how & STREAMS) != 0 && response->status / 100 == 2;
    const struct baton_str body = streams ? baton_text_str(&setup.streamed) : response->body;
    cr_expect_eq(response->failure, row->want_failure, "%s: '%s', %s", row->name,
                 baton_http_failure_text(response->failure), setup.err.text);
    cr_expect_eq(response->status, row->want_status, "%s: status %u", row->name, response->status);
    cr_expect_eq(setup.attempts, row->want_requests, "%s: %u attempts: %s", row->name, setup.attempts, setup.reason);
    cr_expect_eq(misbehave_request_count(setup.server), row->want_requests, "%s: %u requests", row->name,
                 misbehave_request_count(setup.server));
    cr_expect_eq(setup.status == BATON_OK, row->want_error == NULL, "%s: %s", row->name, setup.err.text);
    cr_expect(row->want_error == NULL || strstr(setup.err.text, row->want_error) != NULL, "%s: error '%s'", row->name,
              setup.err.text);
    cr_expect(row->want_body == NULL || baton_str_is(body, row->want_body), "%s: body '%.*s'", row->name,
              (int)body.length, body.data);
    cr_expect(row->want_body_bytes == 0 || body.length == row->want_body_bytes, "%s: %zu bytes", row->name,
              body.length);
    cr_expect(row->want_body == NULL || response->body_bytes == body.length, "%s: counts its bytes", row->name);
    cr_expect(response->total_ns >= response->first_byte_ns, "%s: times", row->name);
    http_setup_close(&setup);
}

static void expect_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        expect_row(&rows[i]);
    }
}

Test(http, statuses_are_replies_and_some_are_tried_again)
{
    static const struct row rows[] = {
        { .name = "an answer", .steps = { OK_STEP }, .want_status = 200, .want_requests = 1, .want_body = OK_BODY },
        { .name = "no content",
          .steps = { { .head = "HTTP/1.1 204 No\r\n\r\n", .framing = MISBEHAVE_RAW } },
          .want_status = 204,
          .want_requests = 1,
          .want_body = "" },
        { .name = "429, retry-after",
          .steps = { { .head = ERROR("429") "Retry-After: 1\r\n" }, OK_STEP },
          .want_status = 200,
          .want_requests = 2,
          .want_body = OK_BODY },
        { .name = "500 twice",
          .steps = { { .times = 2, .head = ERROR("500"), .body = "no" }, OK_STEP },
          .want_status = 200,
          .want_requests = 3,
          .want_body = OK_BODY },
        { .name = "500 for ever",
          .steps = { { .head = ERROR("500"), .body = "no" } },
          .want_status = 500,
          .want_requests = 3,
          .want_body = "no" },
        { .name = "529 for ever",
          .steps = { { .head = ERROR("529"), .body = "full" } },
          .want_status = 529,
          .want_requests = 3,
          .want_body = "full" },
        { .name = "401",
          .steps = { { .head = ERROR("401"), .body = "bad key sk-key-secret" } },
          .want_status = 401,
          .want_requests = 1,
          .want_body = "bad key sk-key-secret" },
        { .name = "400",
          .steps = { { .head = ERROR("400"), .body = "{}" } },
          .want_status = 400,
          .want_requests = 1,
          .want_body = "{}" },
        { .name = "503, but told not to",
          .steps = { { .head = ERROR("503") "x-should-retry: false\r\n" } },
          .want_status = 503,
          .want_requests = 1 },
        { .name = "400, but told to",
          .steps = { { .head = ERROR("400") "X-Should-Retry: true\r\n" }, OK_STEP },
          .want_status = 200,
          .want_requests = 2,
          .want_body = OK_BODY },
        { .name = "redirect",
          .steps = { { .head = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n" } },
          .want_status = 302,
          .want_requests = 1,
          .want_body = "" },
        { .name = "an error instead of a stream",
          .steps = { { .head = ERROR("401"), .body = "bad key" } },
          .how = STREAMS,
          .want_status = 401,
          .want_requests = 1,
          .want_body = "bad key" },
    };
    expect_rows(rows, COUNT_OF(rows));
}

Test(http, streams_arrive_as_they_were_sent)
{
    static const struct row rows[] = {
        { .name = "stream",
          .steps = { { .head = SSE, .body = CHUNK DONE, .framing = MISBEHAVE_CHUNKED } },
          .how = STREAMS,
          .want_status = 200,
          .want_requests = 1,
          .want_body = CHUNK DONE },
        { .name = "error event in mid-stream",
          .steps = { { .head = SSE, .body = CHUNK ERROR_EVENT, .framing = MISBEHAVE_CHUNKED } },
          .how = STREAMS,
          .want_status = 200,
          .want_requests = 1,
          .want_body = CHUNK ERROR_EVENT },
        { .name = "clean early end",
          .steps = { { .head = SSE, .body = CHUNK, .framing = MISBEHAVE_CHUNKED } },
          .how = STREAMS,
          .want_status = 200,
          .want_requests = 1,
          .want_body = CHUNK },
        { .name = "end by closing",
          .steps = { { .head = SSE, .body = CHUNK, .framing = MISBEHAVE_UNTIL_CLOSE, .end = MISBEHAVE_CLOSE } },
          .how = STREAMS,
          .want_status = 200,
          .want_requests = 1,
          .want_body = CHUNK },
        { .name = "three bytes at a time, CRLF, comments",
          .steps = { { .head = SSE,
                       .body = ": PROCESSING\r\n\r\n" CHUNK ": x\r\n" CHUNK DONE,
                       .framing = MISBEHAVE_CHUNKED,
                       .piece_bytes = 3,
                       .piece_pause_us = 300 } },
          .how = STREAMS,
          .want_status = 200,
          .want_requests = 1,
          .want_body = ": PROCESSING\r\n\r\n" CHUNK ": x\r\n" CHUNK DONE },
    };
    expect_rows(rows, COUNT_OF(rows));
}

Test(http, a_stream_that_broke_says_so_and_is_not_tried_again)
{
    static const struct row rows[] = {
        { .name = "cut in mid-stream",
          .steps = { { .head = SSE,
                       .body = CHUNK DONE,
                       .framing = MISBEHAVE_CHUNKED,
                       .chunk_bytes = 10,
                       .is_cut = true,
                       .cut_after = sizeof SSE - 1 + 28 + 2 + 4 + 10,
                       .end = MISBEHAVE_CLOSE } },
          .how = STREAMS,
          .want_status = 200,
          .want_requests = 1,
          .want_body = "data: {\"ch",
          .want_failure = BATON_HTTP_CUT,
          .want_error = "broke off after 10 bytes" },
        { .name = "reset in mid-stream",
          .steps = { { .head = SSE,
                       .body = CHUNK DONE,
                       .framing = MISBEHAVE_CHUNKED,
                       .piece_bytes = 60,
                       .piece_pause_us = 20000,
                       .is_cut = true,
                       .cut_after = 120,
                       .end = MISBEHAVE_RESET } },
          .how = STREAMS | BY_TCP,
          .want_status = 200,
          .want_requests = 1,
          .want_failure = BATON_HTTP_CUT,
          .want_error = "broke off after" },
        { .name = "silence in mid-stream",
          .steps = { { .head = SSE,
                       .body = CHUNK DONE,
                       .is_cut = true,
                       .cut_after = sizeof SSE + 40,
                       .end = MISBEHAVE_HANG } },
          .how = STREAMS,
          .idle_ms = 150,
          .want_status = 200,
          .want_requests = 1,
          .want_failure = BATON_HTTP_TIMEOUT,
          .want_error = "no byte came" },
        { .name = "a stream over its limit",
          .steps = { { .head = SSE, .body_filler = 5000 } },
          .how = STREAMS,
          .body_bytes_max = 4000,
          .want_status = 200,
          .want_requests = 1,
          .want_failure = BATON_HTTP_TOO_LARGE,
          .want_error = "over 4000 bytes of body" },
    };
    expect_rows(rows, COUNT_OF(rows));
}

Test(http, broken_connections_have_a_class_and_nothing_of_them_stays)
{
    static const struct row rows[] = {
        { .name = "closed before any byte",
          .steps = { { .head = JSON, .is_cut = true, .end = MISBEHAVE_CLOSE } },
          .want_requests = 3,
          .want_failure = BATON_HTTP_CUT,
          .want_error = "broke off after 0 bytes" },
        { .name = "reset before any byte",
          .steps = { { .head = JSON, .is_cut = true, .end = MISBEHAVE_RESET } },
          .how = BY_TCP,
          .want_requests = 3,
          .want_failure = BATON_HTTP_CUT,
          .want_error = "broke off after 0 bytes" },
        { .name = "cut in the head, then well",
          .steps = { { .head = JSON, .is_cut = true, .cut_after = 30, .end = MISBEHAVE_CLOSE }, OK_STEP },
          .want_status = 200,
          .want_requests = 2,
          .want_body = OK_BODY },
        { .name = "cut in the body, then well",
          .steps = { { .head = JSON, .body = OK_BODY, .is_cut = true, .cut_after = 75, .end = MISBEHAVE_CLOSE },
                     OK_STEP },
          .want_status = 200,
          .want_requests = 2,
          .want_body = OK_BODY },
        { .name = "cut in the body each time",
          .steps = { { .head = JSON,
                       .body = "abcdefgh",
                       .is_cut = true,
                       .cut_after = sizeof JSON - 1 + 21 + 5,
                       .end = MISBEHAVE_CLOSE } },
          .want_status = 200,
          .want_requests = 3,
          .want_body = "abcde",
          .want_failure = BATON_HTTP_CUT,
          .want_error = "broke off after 5 bytes" },
        { .name = "a chunk that is none",
          .steps = { { .head = JSON "transfer-encoding: chunked\r\n\r\nzz\r\n",
                       .framing = MISBEHAVE_RAW,
                       .end = MISBEHAVE_CLOSE } },
          .want_status = 200,
          .want_requests = 3,
          .want_failure = BATON_HTTP_CUT,
          .want_error = "broke off" },
        { .name = "silence before any byte",
          .steps = { { .head = JSON, .is_cut = true, .end = MISBEHAVE_HANG } },
          .timeout_ms = 100,
          .want_requests = 3,
          .want_failure = BATON_HTTP_TIMEOUT,
          .want_error = "time was up" },
        { .name = "silence in the head, then well",
          .steps = { { .head = JSON, .is_cut = true, .cut_after = 20, .end = MISBEHAVE_HANG }, OK_STEP },
          .idle_ms = 100,
          .want_status = 200,
          .want_requests = 2,
          .want_body = OK_BODY },
        { .name = "a server that speaks no TLS",
          .steps = { { .head = "HTTP/1.1 400 Bad Request\r\n\r\n", .framing = MISBEHAVE_RAW, .end = MISBEHAVE_CLOSE } },
          .how = BY_TCP | BY_TLS,
          .want_requests = 1,
          .want_failure = BATON_HTTP_TLS,
          .want_error = "no secure connection to 'https://127.0.0.1:" },
        { .name = "closed in the handshake",
          .steps = { { .head = "", .framing = MISBEHAVE_RAW, .end = MISBEHAVE_CLOSE } },
          .how = BY_TCP | BY_TLS,
          .want_requests = 3,
          .want_failure = BATON_HTTP_CONNECT,
          .want_error = "cannot connect to" },
        { .name = "reset in the handshake",
          .steps = { { .head = "", .framing = MISBEHAVE_RAW, .end = MISBEHAVE_RESET } },
          .how = BY_TCP | BY_TLS,
          .want_requests = 3,
          .want_failure = BATON_HTTP_CONNECT,
          .want_error = "cannot connect to" },
    };
    expect_rows(rows, COUNT_OF(rows));
}

Test(http, sizes_have_limits)
{
    static const struct row rows[] = {
        { .name = "large headers",
          .steps = { { .body = OK_BODY, .header_filler = 60000 } },
          .want_status = 200,
          .want_requests = 1,
          .want_body = OK_BODY },
        { .name = "huge headers",
          .steps = { { .body = OK_BODY, .header_filler = 66000 } },
          .want_status = 200,
          .want_requests = 1,
          .want_failure = BATON_HTTP_TOO_LARGE,
          .want_error = "over 65536 bytes of headers" },
        { .name = "a header that libcurl does not take",
          .steps = { { .body = OK_BODY, .header_filler = 300000 } },
          .want_status = 200,
          .want_requests = 1,
          .want_failure = BATON_HTTP_TOO_LARGE,
          .want_error = "over 65536 bytes of headers" },
        { .name = "large body",
          .steps = { { .body = "", .body_filler = 3000000 } },
          .want_status = 200,
          .want_requests = 1,
          .want_body_bytes = 3000000 },
        { .name = "body of just the limit",
          .steps = { { .body = OK_BODY } },
          .body_bytes_max = sizeof OK_BODY - 1,
          .want_status = 200,
          .want_requests = 1,
          .want_body = OK_BODY },
        { .name = "body over the limit",
          .steps = { { .body = OK_BODY } },
          .body_bytes_max = sizeof OK_BODY - 2,
          .want_status = 200,
          .want_requests = 1,
          .want_failure = BATON_HTTP_TOO_LARGE,
          .want_error = "over 12 bytes of body" },
    };
    expect_rows(rows, COUNT_OF(rows));
}

Test(http, odd_replies_are_read_or_refused)
{
    static const struct row rows[] = {
        { .name = "wrong content-type",
          .steps = { { .head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n", .body = OK_BODY } },
          .want_status = 200,
          .want_requests = 1,
          .want_body = OK_BODY },
        { .name = "slow head",
          .steps = { { .body = OK_BODY, .piece_bytes = 3, .piece_pause_us = 300 } },
          .want_status = 200,
          .want_requests = 1,
          .want_body = OK_BODY },
        { .name = "100 first",
          .steps = { { .interim = "HTTP/1.1 100 Continue\r\n\r\n", .body = OK_BODY } },
          .want_status = 200,
          .want_requests = 1,
          .want_body = OK_BODY },
        { .name = "an interim reply leaves nothing behind",
          .steps = { { .interim = "HTTP/1.1 103 Early Hints\r\nx-should-retry: true\r\nretry-after: 9\r\n\r\n",
                       .head = ERROR("400"),
                       .body = "{}" } },
          .want_status = 400,
          .want_requests = 1,
          .want_body = "{}" },
        { .name = "an interim reply alone",
          .steps = { { .head = "HTTP/1.1 100 Continue\r\n\r\n", .framing = MISBEHAVE_RAW, .end = MISBEHAVE_CLOSE } },
          .want_requests = 3,
          .want_failure = BATON_HTTP_CUT,
          .want_error = "broke off after 0 bytes" },
        { .name = "trailers are no headers",
          .steps = { { .head = ERROR("500") "transfer-encoding: chunked\r\n\r\n2\r\nno\r\n0\r\nx-should-retry: "
                                            "false\r\n\r\n",
                       .framing = MISBEHAVE_RAW },
                     OK_STEP },
          .want_status = 200,
          .want_requests = 2,
          .want_body = OK_BODY },
        { .name = "not HTTP",
          .steps = { { .head = "SSH-2.0-OpenSSH_9.2\r\n", .framing = MISBEHAVE_RAW, .end = MISBEHAVE_CLOSE } },
          .want_requests = 1,
          .want_failure = BATON_HTTP_PROTOCOL,
          .want_error = "is not a reply" },
        { .name = "a status that is no number",
          .steps = { { .head = "HTTP/1.1 two hundred\r\n\r\n", .framing = MISBEHAVE_RAW, .end = MISBEHAVE_CLOSE } },
          .want_requests = 1,
          .want_failure = BATON_HTTP_PROTOCOL,
          .want_error = "is not a reply" },
        { .name = "a length that is no number",
          .steps = { { .head = JSON "content-length: many\r\n\r\n",
                       .framing = MISBEHAVE_RAW,
                       .end = MISBEHAVE_CLOSE } },
          .want_status = 200,
          .want_requests = 1,
          .want_failure = BATON_HTTP_PROTOCOL,
          .want_error = "is not a reply" },
    };
    expect_rows(rows, COUNT_OF(rows));
}

Test(http, waits_as_long_as_the_reply_asks)
{
    static const struct {
        const char *name, *head;
        uint64_t want_ms;
    } rows[] = {
        { "seconds", ERROR("429") "retry-after: 1\r\n", 1000 },
        { "milliseconds", ERROR("429") "retry-after-ms: 250\r\n", 250 },
        { "both", ERROR("429") "retry-after: 9\r\nretry-after-ms: 250\r\n", 250 },
        { "a date",
          ERROR("503") "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:44 GMT\r\n", 7000 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct misbehave_step steps[] = { { .head = rows[i].head }, OK_STEP };
        struct http_setup setup;
        http_setup_open(&setup, steps, 2, 0);
        http_setup_post_with_retries(&setup);
        cr_expect_eq(setup.attempts, 2, "%s", rows[i].name);
        cr_expect_eq(setup.waited_ns, rows[i].want_ms * MS, "%s: %llu ns", rows[i].name,
                     (unsigned long long)setup.waited_ns);
        http_setup_close(&setup);
    }
}
