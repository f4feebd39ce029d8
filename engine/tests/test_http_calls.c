/* One call at a time: the bytes that are sent, what of a reply is kept, limits, times, secrets, connections that are kept. */
#include "engine/tests/http_setup.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REQUEST_FILLER = 90000, THREADS = 4, CALLS = 25 };

static uint64_t now_ns(void)
{
    return baton_clock_system()->now_ns(baton_clock_system());
}

Test(http, sends_the_bytes_and_headers_it_was_given)
{
    static const struct misbehave_step steps[] = { OK_STEP };
    static char body[REQUEST_FILLER];
    struct http_setup setup;
    http_setup_open(&setup, steps, 1, 0);
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (char)(i % 256);
    }
    setup.request.body = (struct baton_str){ body, sizeof body };
    setup.request.url = "http://api.example.com/v1/chat?x=1";
    http_setup_post(&setup);
    cr_assert_eq(setup.status, BATON_OK, "%s", setup.err.text);
    const struct misbehave_request *request = misbehave_request(setup.server, 0);
    cr_expect_eq(request->length - request->head_length, sizeof body);
    cr_expect(memcmp(request->bytes + request->head_length, body, sizeof body) == 0);
    request->bytes[request->head_length] = '\0';
    static const char *const wanted[] = {
        "POST /v1/chat?x=1 HTTP/1.1\r\n",
        "Host: api.example.com\r\n",
        "\r\nContent-Type: application/json\r\n",
        "\r\nUser-Agent: baton/",
        "\r\nAuthorization: Bearer sk-key-secret\r\n",
        "\r\nx-api-key: ant-key-secret\r\n",
        "\r\nx-empty:\r\n",
        "\r\nContent-Length: 90000\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        cr_expect(strstr(request->bytes, wanted[i]) != NULL, "'%s' in\n%s", wanted[i], request->bytes);
    }
    static const char *const unwanted[] = { "Expect:", "Cookie:", "Accept-Encoding:", "Proxy", "Transfer-Encoding:" };
    for (size_t i = 0; i < COUNT_OF(unwanted); i++) {
        cr_expect(strcasestr(request->bytes, unwanted[i]) == NULL, "'%s' in\n%s", unwanted[i], request->bytes);
    }
    http_setup_close(&setup);
}

Test(http, the_callers_headers_replace_the_usual_ones)
{
    static const struct misbehave_step steps[] = { OK_STEP };
    static const struct baton_http_header headers[] = { { "content-type", "text/x-mine" },
                                                        { "USER-AGENT", "me" },
                                                        { "accept", "text/event-stream" } };
    struct http_setup setup;
    http_setup_open(&setup, steps, 1, 0);
    setup.request.headers = headers;
    setup.request.header_count = COUNT_OF(headers);
    setup.request.body = (struct baton_str){ NULL, 0 };
    http_setup_post(&setup);
    cr_assert_eq(setup.status, BATON_OK, "%s", setup.err.text);
    const char *bytes = misbehave_request(setup.server, 0)->bytes;
    cr_expect(strstr(bytes, "\r\ncontent-type: text/x-mine\r\n") != NULL, "%s", bytes);
    cr_expect(strstr(bytes, "\r\nUSER-AGENT: me\r\n") != NULL, "%s", bytes);
    cr_expect(strstr(bytes, "\r\naccept: text/event-stream\r\n") != NULL, "%s", bytes);
    cr_expect(strstr(bytes, "application/json") == NULL && strstr(bytes, "baton/") == NULL, "%s", bytes);
    cr_expect(strstr(bytes, "Accept: */*") == NULL, "%s", bytes);
    cr_expect(strstr(bytes, "\r\nContent-Length: 0\r\n") != NULL, "%s", bytes);
    http_setup_close(&setup);
}

Test(http, keeps_the_headers_that_matter)
{
    static const struct misbehave_step steps[] = {
        { .head = "HTTP/1.1 200 OK\r\nContent-Type:application/json; charset=utf-8 \r\nX-Request-ID: req-\x1b[31m\r\n"
                  "request-id: second\r\nopenai-processing-ms: 412\r\nretry-after:\t3\r\nx-other: 1\r\n",
          .body = OK_BODY,
          .delay_ms = 20 },
        { .head = "HTTP/1.1 200 OK\r\nrequest-id: "
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" },
    };
    struct http_setup setup;
    http_setup_open(&setup, steps, 2, 0);
    http_setup_post(&setup);
    const struct baton_http_response *response = &setup.response;
    cr_expect_str_eq(response->content_type, "application/json; charset=utf-8");
    cr_expect_str_eq(response->request_id, "req-?[31m");
    cr_expect_str_eq(response->openai_processing_ms, "412");
    cr_expect_str_eq(response->retry_after, "3");
    cr_expect_str_eq(response->retry_after_ms, "");
    cr_expect(response->first_byte_ns >= 20 * MS && response->first_byte_ns <= response->total_ns, "%llu",
              (unsigned long long)response->first_byte_ns);
    cr_expect(strstr(setup.seen_headers.data, ";x-other=1;") != NULL, "%s", setup.seen_headers.data);
    cr_expect(strstr(setup.seen_headers.data, ";retry-after=3;") != NULL, "%s", setup.seen_headers.data);
    http_setup_post(&setup);
    cr_expect_str_eq(response->content_type, "", "nothing of the last reply stays");
    cr_expect_eq(strlen(response->request_id), BATON_HTTP_VALUE_BYTES - 1);
    http_setup_close(&setup);
}

Test(http, keeps_connections_open)
{
    static const struct misbehave_step steps[] = {
        { .times = 4, .head = SSE, .body = CHUNK DONE, .framing = MISBEHAVE_CHUNKED },
        { .head = JSON, .body = OK_BODY, .end = MISBEHAVE_CLOSE },
        { .head = JSON, .body = OK_BODY },
    };
    struct http_setup setup;
    http_setup_open(&setup, steps, COUNT_OF(steps), STREAMS);
    for (unsigned i = 0; i < 5; i++) {
        http_setup_post(&setup);
        cr_expect_eq(setup.status, BATON_OK);
        cr_expect_eq(setup.response.connections_opened, i == 0 ? 1 : 0, "call %u", i);
    }
    cr_expect_eq(misbehave_connection_count(setup.server), 1);
    http_setup_post(&setup); /* the server has closed the connection meanwhile */
    cr_expect_eq(setup.status, BATON_OK, "%s", setup.err.text);
    cr_expect_eq(misbehave_connection_count(setup.server), 2);
    cr_expect_eq(misbehave_request_count(setup.server), 6);
    http_setup_close(&setup);
}

Test(http, a_reader_may_stop_a_stream)
{
    static const struct misbehave_step steps[] = {
        { .head = SSE,
          .body = CHUNK DONE,
          .piece_bytes = 100,
          .piece_pause_us = 3000,
          .is_cut = true,
          .cut_after = sizeof SSE + 50,
          .end = MISBEHAVE_HANG },
        OK_STEP,
    };
    struct http_setup setup;
    http_setup_open(&setup, steps, COUNT_OF(steps), STREAMS);
    setup.stop_after = 5;
    http_setup_post(&setup);
    cr_expect_eq(setup.status, BATON_OK, "%s", setup.err.text);
    cr_expect_eq(setup.response.failure, BATON_HTTP_STOPPED);
    cr_expect_eq(setup.response.status, 200);
    setup.stop_after = 0;
    http_setup_post(&setup);
    cr_expect_eq(setup.response.failure, BATON_HTTP_NONE);
    cr_expect(baton_str_is(baton_text_str(&setup.streamed), OK_BODY));
    cr_expect_eq(misbehave_connection_count(setup.server), 2, "what was stopped cannot be used again");
    http_setup_close(&setup);
}

static void *interrupt_soon(void *user)
{
    struct http_setup *setup = user;
    struct timespec time = { .tv_nsec = 60 * 1000 * 1000 };
    nanosleep(&time, NULL);
    __atomic_store_n(&setup->interrupted, 1, __ATOMIC_RELAXED);
    return NULL;
}

Test(http, an_interrupt_ends_a_call_at_once)
{
    static const struct {
        const char *name;
        struct misbehave_step step;
        unsigned how;
    } rows[] = {
        { "before any byte", { .head = JSON, .is_cut = true, .end = MISBEHAVE_HANG }, 0 },
        { "before any byte, TCP", { .head = JSON, .is_cut = true, .end = MISBEHAVE_HANG }, BY_TCP },
        { "in the head", { .head = JSON, .is_cut = true, .cut_after = 20, .end = MISBEHAVE_HANG }, 0 },
        { "in a silent stream",
          { .head = SSE, .body = CHUNK, .is_cut = true, .cut_after = 90, .end = MISBEHAVE_HANG },
          STREAMS },
        { "in a busy stream",
          { .head = SSE, .body_filler = 1000000, .piece_bytes = 10, .piece_pause_us = 1000 },
          STREAMS },
        { "in the handshake", { .head = "", .framing = MISBEHAVE_RAW, .end = MISBEHAVE_HANG }, BY_TCP | BY_TLS },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_setup setup;
        pthread_t thread;
        http_setup_open(&setup, &rows[i].step, 1, rows[i].how);
        cr_assert_eq(pthread_create(&thread, NULL, interrupt_soon, &setup), 0);
        const uint64_t start = now_ns();
        http_setup_post(&setup);
        const uint64_t took_ms = (now_ns() - start) / MS;
        pthread_join(thread, NULL);
        cr_expect_eq(setup.status, BATON_EINTERRUPTED, "%s: %s", rows[i].name, setup.err.text);
        cr_expect_eq(setup.response.failure, BATON_HTTP_INTERRUPTED, "%s", rows[i].name);
        cr_expect(took_ms < 60 + 200, "%s: %llu ms", rows[i].name, (unsigned long long)took_ms);
        http_setup_post(&setup);
        cr_expect_eq(setup.status, BATON_EINTERRUPTED);
        cr_expect_eq(misbehave_request_count(setup.server), 1, "%s: no call after it", rows[i].name);
        http_setup_close(&setup);
    }
}

Test(http, no_time_left_is_no_call)
{
    static const struct misbehave_step steps[] = { OK_STEP };
    struct http_setup setup;
    http_setup_open(&setup, steps, 1, 0);
    setup.request.timeout_ns = 0;
    http_setup_post(&setup);
    cr_expect_eq(setup.status, BATON_EPROVIDER);
    cr_expect_eq(setup.response.failure, BATON_HTTP_TIMEOUT);
    cr_expect_eq(misbehave_connection_count(setup.server), 0);
    setup.request.timeout_ns = UINT64_MAX;
    http_setup_post(&setup);
    cr_expect_eq(setup.status, BATON_OK, "%s", setup.err.text);
    http_setup_close(&setup);
}

Test(http, a_total_time_ends_a_busy_stream)
{
    static const struct misbehave_step steps[] = {
        { .head = SSE, .body_filler = 1000000, .piece_bytes = 10, .piece_pause_us = 1000 }
    };
    struct http_setup setup;
    http_setup_open(&setup, steps, 1, STREAMS);
    setup.request.timeout_ns = 100 * MS;
    const uint64_t start = now_ns();
    http_setup_post(&setup);
    cr_expect_eq(setup.response.failure, BATON_HTTP_TIMEOUT, "%s", setup.err.text);
    cr_expect(now_ns() - start < 400 * MS);
    cr_expect(strstr(setup.err.text, "time was up") != NULL, "%s", setup.err.text);
    http_setup_close(&setup);
}

Test(http, plain_http_stays_on_this_machine)
{
    static const struct {
        const char *url;
        bool is_allowed;
    } rows[] = {
        { "http://127.0.0.1:%u/v1", true },
        { "HTTP://127.0.0.1:%u/v1", true },
        { "http://127.1:%u/v1", true },
        { "http://2130706433:%u/v1", true },
        { "http://0x7f000001:%u/v1", true },
        { "http://localhost:%u/v1", true },
        { "http://LocalHost:%u/v1", true },
        { "http://user-secret:word-secret@127.0.0.1:%u/v1?query-secret", true },
        { "http://example.com:%u/v1", false },
        { "http://user-secret:word-secret@example.com:%u/v1?query-secret#query-secret", false },
        { "http://127.0.0.1@example.com:%u/v1", false },
        { "http://127.0.0.1.example.com:%u/v1", false },
        { "http://localhost.example.com:%u/v1", false },
        { "http://example.com:%u/127.0.0.1", false },
        { "http://10.0.0.1:%u/v1", false },
        { "http://128.0.0.1:%u/v1", false },
        { "http://0.0.0.0:%u/v1", false },
        { "http://169.254.169.254:%u/latest/meta-data", false },
        { "http://[::2]:%u/v1", false },
        { "http://[::]:%u/v1", false },
        { "http://[::ffff:10.0.0.1]:%u/v1", false },
        { "ftp://127.0.0.1:%u/v1", false },
        { "file:///etc/passwd?%u", false },
        { "gopher://127.0.0.1:%u/v1", false },
        { "user-secret:word-secret@127.0.0.1:%u/v1", false },
        { "127.0.0.1:%u/v1?query-secret", false },
        { "http://user-secret:word-secret@127.0.0.1:%u:x/v1?query-secret", false },
        { "http://127.0.0.1:%u/query-secret with blanks\r\nx: 1", false },
        { "%.0u", false },
    };
    static const struct misbehave_step steps[] = { OK_STEP };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_setup setup;
        http_setup_open(&setup, steps, 1, BY_TCP);
        char url[160], head[80];
        snprintf(head, sizeof head, "%.*s", (int)strcspn(rows[i].url, "%"), rows[i].url);
        const char *rest = strchr(rows[i].url, '%');
        snprintf(url, sizeof url, "%s%u%s", head, misbehave_port(setup.server), strchr(rest, 'u') + 1);
        setup.request.url = rows[i].url[1] == '.' ? "" : url;
        http_setup_post(&setup);
        cr_expect_eq(setup.status, rows[i].is_allowed ? BATON_OK : BATON_EUSAGE, "%s: %s", url, setup.err.text);
        cr_expect_eq(setup.response.failure, rows[i].is_allowed ? BATON_HTTP_NONE : BATON_HTTP_REFUSED, "%s", url);
        cr_expect_eq(misbehave_connection_count(setup.server), rows[i].is_allowed ? 1 : 0, "%s", url);
        http_setup_close(&setup);
    }
}

Test(http, a_unix_socket_serves_any_host)
{
    static const struct misbehave_step steps[] = { OK_STEP };
    struct http_setup setup;
    http_setup_open(&setup, steps, 1, 0);
    setup.request.url = "http://api.example.com/v1";
    http_setup_post(&setup);
    cr_expect_eq(setup.status, BATON_OK, "%s", setup.err.text);
    setup.request.unix_socket = "/no/such/socket";
    http_setup_post(&setup);
    cr_expect_eq(setup.response.failure, BATON_HTTP_CONNECT);
    cr_expect(strstr(setup.err.text, "'http://api.example.com/v1 by /no/such/socket'") != NULL, "%s", setup.err.text);
    http_setup_close(&setup);
}

Test(http, nobody_listens)
{
    static const struct misbehave_step steps[] = { OK_STEP };
    struct http_setup setup;
    http_setup_open(&setup, steps, 1, BY_TCP);
    setup.request.url = "http://user-secret:word-secret@127.0.0.1:1/v1?key=query-secret";
    http_setup_post_with_retries(&setup);
    cr_expect_eq(setup.status, BATON_EPROVIDER);
    cr_expect_eq(setup.response.failure, BATON_HTTP_CONNECT);
    cr_expect_eq(setup.attempts, 3);
    cr_expect(strstr(setup.err.text, "cannot connect to 'http://127.0.0.1:1/v1': ") != NULL, "%s", setup.err.text);
    http_setup_close(&setup);
}

Test(http, the_environments_proxy_is_ignored)
{
    static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
    static const struct misbehave_step steps[] = { OK_STEP };
    static const struct misbehave_step proxy_steps[] = { { .head = ERROR("418") } };
    struct misbehave *proxy = misbehave_start(proxy_steps, 1);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", misbehave_port(proxy));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        setenv(names[i], url, 1);
    }
    struct http_setup setup;
    http_setup_open(&setup, steps, 1, BY_TCP);
    http_setup_post(&setup);
    cr_expect_eq(setup.response.status, 200);
    cr_expect_eq(misbehave_connection_count(proxy), 0);
    http_setup_close(&setup);
    misbehave_stop(proxy);
}

Test(http, headers_that_cannot_be_sent_are_refused)
{
    static const struct {
        const char *name;
        struct baton_http_header header;
    } rows[] = {
        { "two lines", { "authorization", "Bearer sk-key-secret\r\nx-evil: 1" } },
        { "a line feed", { "authorization", "sk-key-secret\n" } },
        { "a colon", { "x:y", "ant-key-secret" } },
        { "a blank", { "x y", "ant-key-secret" } },
        { "no name", { "", "ant-key-secret" } },
        { "framing", { "Content-Length", "ant-key-secret" } },
        { "framing too", { "transfer-encoding", "chunked" } },
        { "expect", { "Expect", "100-continue" } },
    };
    static const struct misbehave_step steps[] = { OK_STEP };
    static struct baton_http_header many[BATON_HTTP_REQUEST_HEADERS_MAX + 1];
    static char large[BATON_HTTP_REQUEST_HEADER_BYTES_MAX + 1];
    struct http_setup setup;
    http_setup_open(&setup, steps, 1, 0);
    setup.request.header_count = 1;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        setup.request.headers = &rows[i].header;
        http_setup_post(&setup);
        cr_expect_eq(setup.status, BATON_EUSAGE, "%s: %s", rows[i].name, setup.err.text);
        cr_expect_eq(setup.response.failure, BATON_HTTP_REFUSED, "%s", rows[i].name);
    }
    memset(large, 'v', sizeof large - 1);
    setup.request.headers = &(struct baton_http_header){ "a", large };
    http_setup_post(&setup);
    cr_expect_eq(setup.status, BATON_EUSAGE, "one byte too long");
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        many[i] = (struct baton_http_header){ "a", "b" };
    }
    setup.request.headers = many;
    setup.request.header_count = COUNT_OF(many);
    http_setup_post(&setup);
    cr_expect_eq(setup.status, BATON_EUSAGE, "one too many");
    cr_expect_eq(misbehave_connection_count(setup.server), 0);

    setup.request.header_count--;
    http_setup_post(&setup);
    cr_expect_eq(setup.status, BATON_OK, "%s", setup.err.text);
    setup.request.headers = &(struct baton_http_header){ "a", large + 1 };
    setup.request.header_count = 1;
    http_setup_post(&setup);
    cr_expect_eq(setup.status, BATON_OK, "%s", setup.err.text);
    http_setup_close(&setup);
}

Test(http, a_message_that_quotes_the_request_is_not_shown)
{
    static const struct misbehave_step steps[] = { { .head = JSON, .is_cut = true, .end = MISBEHAVE_CLOSE } };
    static const struct baton_http_header headers[] = { { "x-key", "my server" }, { "x-short", "a" } };
    static const char *const urls[] = { "http://h/v1", "http://h/v1?server", "http://server@h/v1",
                                        "http://u:server@h/v1", "http://reply:from@h/v1?a" };
    struct http_setup setup;
    http_setup_open(&setup, steps, 1, 0);
    for (size_t i = 0; i < COUNT_OF(urls); i++) { /* libcurl says `Empty reply from server` */
        setup.request.url = urls[i];
        setup.request.headers = &headers[i == 0 ? 0 : 1];
        setup.request.header_count = 1;
        http_setup_post(&setup);
        cr_expect(strstr(setup.err.text, "broke off after 0 bytes: Server returned nothing") != NULL, "%s: %s", urls[i],
                  setup.err.text);
    }
    setup.request.url = "http://h/server";
    http_setup_post(&setup);
    cr_expect(strstr(setup.err.text, "'http://h/server by /tmp/") != NULL, "%s", setup.err.text);
    cr_expect(strstr(setup.err.text, ": Empty reply from server") != NULL, "%s", setup.err.text);
    http_setup_close(&setup);
}

Test(http, every_allocation_may_fail)
{
    static const struct misbehave_step steps[] = { OK_STEP };
    bool was_whole = false;
    for (uint64_t n = 1; !was_whole && n < 100; n++) {
        struct http_setup setup;
        http_setup_open(&setup, steps, 1, 0);
        setup.request.on_header = NULL;
        baton_arena_fail_after(n);
        http_setup_post(&setup);
        baton_arena_fail_after(0);
        was_whole = setup.status == BATON_OK;
        cr_expect(was_whole || setup.status == BATON_ENOMEM, "%llu: %s", (unsigned long long)n, setup.err.text);
        cr_expect_eq(setup.response.failure, was_whole ? BATON_HTTP_NONE : BATON_HTTP_MEMORY);
        http_setup_post(&setup);
        cr_expect_eq(setup.status, BATON_OK, "the next call is well again: %s", setup.err.text);
        cr_expect(baton_str_is(setup.response.body, OK_BODY));
        http_setup_close(&setup);
    }
    cr_expect(was_whole);

    struct baton_http *http = NULL;
    struct baton_error err;
    baton_arena_fail_after(1);
    cr_expect_eq(baton_http_new(&http, &(struct baton_http_options){ .clock = baton_clock_system() }, &err),
                 BATON_ENOMEM);
    baton_arena_fail_after(0);
    cr_expect_null(http);
}

static void *call_often(void *user)
{
    const char *path = user;
    struct baton_http *http = NULL;
    struct baton_error err;
    uintptr_t answers = 0;
    if (baton_http_new(&http, &(struct baton_http_options){ .clock = baton_clock_system() }, &err) != BATON_OK) {
        return NULL;
    }
    const struct baton_http_request request = {
        .url = "http://localhost/v1", .body = BATON_STR("{}"), .timeout_ns = 5000 * MS, .unix_socket = path
    };
    for (unsigned i = 0; i < CALLS; i++) {
        struct baton_http_response response;
        if (baton_http_post(&response, http, &request, &err) == BATON_OK && baton_str_is(response.body, OK_BODY)) {
            answers++;
        }
    }
    baton_http_free(http);
    return (void *)answers;
}

Test(http, threads_share_nothing)
{
    static const struct misbehave_step steps[] = { OK_STEP };
    struct misbehave *server = misbehave_start(steps, 1);
    pthread_t threads[THREADS];
    uintptr_t answers = 0;
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, call_often, (void *)(uintptr_t)misbehave_socket(server)), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        answers += (uintptr_t)result;
    }
    cr_expect_eq(answers, THREADS * CALLS);
    cr_expect_eq(misbehave_request_count(server), THREADS * CALLS);
    cr_expect_eq(misbehave_connection_count(server), THREADS);
    misbehave_stop(server);
}
