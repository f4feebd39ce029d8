#include "engine/tests/http_setup.h"

#include "engine/base/prng.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 8 * 1024 * 1024 };

/* None of these may ever be read in an error. */
static const char *const secrets[] = { "sk-key-secret", "ant-key-secret", "user-secret", "word-secret",
                                       "query-secret" };

static const struct baton_http_header secret_headers[] = {
    { "Authorization", "Bearer sk-key-secret" },
    { "x-api-key", "ant-key-secret" },
    { "x-empty", "" },
};

static void expect_no_secret(const char *name, const char *text)
{
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        cr_expect(strstr(text, secrets[i]) == NULL, "%s: a secret stands in '%s'", name, text);
    }
}

static bool on_data(void *user, struct baton_str piece)
{
    struct http_stand *stand = user;
    baton_text_append(&stand->streamed, piece.data, piece.length);
    cr_expect_neq(stand->response.status, 0, "status and headers are there before the first piece");
    return stand->stop_after == 0 || stand->streamed.length < stand->stop_after;
}

static void on_header(void *user, struct baton_str name, struct baton_str value)
{
    struct http_stand *stand = user;
    baton_text_printf(&stand->seen_headers, "%.*s=%.*s;", (int)name.length, name.data, (int)value.length, value.data);
}

void http_stand_open(struct http_stand *stand, const struct misbehave_step *steps, size_t count, unsigned how)
{
    *stand = (struct http_stand){ .streamed = baton_text_with_limit(TEXT_BYTES_MAX),
                                  .seen_headers = baton_text_with_limit(TEXT_BYTES_MAX) };
    stand->server = misbehave_start(steps, count);
    const struct baton_http_options options = { .clock = baton_clock_system(), .interrupted = &stand->interrupted };
    cr_assert_eq(baton_http_new(&stand->http, &options, &stand->err), BATON_OK, "%s", stand->err.text);
    snprintf(stand->url, sizeof stand->url, "%s://user-secret:word-secret@127.0.0.1:%u/v1/chat?key=query-secret",
             (how & BY_TLS) != 0 ? "https" : "http", misbehave_port(stand->server));
    stand->request =
        (struct baton_http_request){ .url = stand->url,
                                     .headers = secret_headers,
                                     .header_count = COUNT_OF(secret_headers),
                                     .body = BATON_STR("{\"model\":\"m\"}"),
                                     .timeout_ns = 5000 * MS,
                                     .unix_socket = (how & BY_TCP) != 0 ? NULL : misbehave_socket(stand->server),
                                     .on_header = on_header,
                                     .on_data = (how & STREAMS) != 0 ? on_data : NULL,
                                     .user = stand };
}

void http_stand_close(struct http_stand *stand)
{
    baton_http_free(stand->http);
    misbehave_stop(stand->server);
    baton_text_clear(&stand->streamed);
    baton_text_clear(&stand->seen_headers);
}

void http_stand_post(struct http_stand *stand)
{
    stand->err.text[0] = '\0';
    baton_text_reset(&stand->streamed);
    baton_text_reset(&stand->seen_headers);
    stand->status = baton_http_post(&stand->response, stand->http, &stand->request, &stand->err);
    expect_no_secret("post", stand->err.text);
}

/* Posts as often as the policy says. Waits are only added up. */
void http_stand_post_with_retries(struct http_stand *stand)
{
    const struct baton_retry_policy policy = baton_retry_policy_default();
    struct baton_retry_decision decision = { .is_retry = true };
    struct baton_prng prng;
    baton_prng_seed(&prng, 1);
    stand->waited_ns = 0;
    for (stand->attempts = 0; decision.is_retry; stand->waited_ns += decision.wait_ns) {
        http_stand_post(stand);
        const struct baton_retry_attempt attempt = { .number = ++stand->attempts,
                                                     .response = &stand->response,
                                                     .was_delivered = stand->streamed.length > 0,
                                                     .elapsed_ns = stand->waited_ns,
                                                     .timeout_ns = 600000 * MS };
        decision = baton_retry_decide(&policy, &attempt, &prng);
    }
    snprintf(stand->reason, sizeof stand->reason, "%s", decision.reason);
    expect_no_secret("retry", stand->reason);
}
