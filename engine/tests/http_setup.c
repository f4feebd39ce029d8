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
    struct http_setup *setup = user;
    baton_text_append(&setup->streamed, piece.data, piece.length);
    cr_expect_neq(setup->response.status, 0, "status and headers are there before the first piece");
    return setup->stop_after == 0 || setup->streamed.length < setup->stop_after;
}

static void on_header(void *user, struct baton_str name, struct baton_str value)
{
    struct http_setup *setup = user;
    baton_text_printf(&setup->seen_headers, "%.*s=%.*s;", (int)name.length, name.data, (int)value.length, value.data);
}

void http_setup_open(struct http_setup *setup, const struct misbehave_step *steps, size_t count, unsigned how)
{
    *setup = (struct http_setup){ .streamed = baton_text_with_limit(TEXT_BYTES_MAX),
                                  .seen_headers = baton_text_with_limit(TEXT_BYTES_MAX) };
    setup->server = misbehave_start(steps, count);
    const struct baton_http_options options = { .clock = baton_clock_system(), .interrupted = &setup->interrupted };
    cr_assert_eq(baton_http_new(&setup->http, &options, &setup->err), BATON_OK, "%s", setup->err.text);
    snprintf(setup->url, sizeof setup->url, "%s://user-secret:word-secret@127.0.0.1:%u/v1/chat?key=query-secret",
             (how & BY_TLS) != 0 ? "https" : "http", misbehave_port(setup->server));
    setup->request =
        (struct baton_http_request){ .url = setup->url,
                                     .headers = secret_headers,
                                     .header_count = COUNT_OF(secret_headers),
                                     .body = BATON_STR("{\"model\":\"m\"}"),
                                     .timeout_ns = 5000 * MS,
                                     .unix_socket = (how & BY_TCP) != 0 ? NULL : misbehave_socket(setup->server),
                                     .on_header = on_header,
                                     .on_data = (how & STREAMS) != 0 ? on_data : NULL,
                                     .user = setup };
}

void http_setup_close(struct http_setup *setup)
{
    baton_http_free(setup->http);
    misbehave_stop(setup->server);
    baton_text_clear(&setup->streamed);
    baton_text_clear(&setup->seen_headers);
}

void http_setup_post(struct http_setup *setup)
{
    setup->err.text[0] = '\0';
    baton_text_reset(&setup->streamed);
    baton_text_reset(&setup->seen_headers);
    setup->status = baton_http_post(&setup->response, setup->http, &setup->request, &setup->err);
    expect_no_secret("post", setup->err.text);
}

/* Posts as often as the policy says. Waits are only added up. */
void http_setup_post_with_retries(struct http_setup *setup)
{
    const struct baton_retry_policy policy = baton_retry_policy_default();
    struct baton_retry_decision decision = { .is_retry = true };
    struct baton_prng prng;
    baton_prng_seed(&prng, 1);
    setup->waited_ns = 0;
    for (setup->attempts = 0; decision.is_retry; setup->waited_ns += decision.wait_ns) {
        http_setup_post(setup);
        const struct baton_retry_attempt attempt = { .number = ++setup->attempts,
                                                     .response = &setup->response,
                                                     .was_delivered = setup->streamed.length > 0,
                                                     .elapsed_ns = setup->waited_ns,
                                                     .timeout_ns = 600000 * MS };
        decision = baton_retry_decide(&policy, &attempt, &prng);
    }
    snprintf(setup->reason, sizeof setup->reason, "%s", decision.reason);
    expect_no_secret("retry", setup->reason);
}
