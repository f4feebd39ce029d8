/* Whether a call is made again, and after how long: the policy alone, without a network and without waiting.
 *
 * What is random is tested by its bounds and its mean, and by the same seed giving the same wait. */
#include "engine/http/retry.h"

#include "engine/base/prng.h"
#include "engine/http/http.h"
#include "engine/http/wait.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define MS UINT64_C(1000000)

static struct baton_prng prng;

static struct baton_http_response response_of(enum baton_http_failure failure, unsigned status)
{
    return (struct baton_http_response){ .failure = failure, .status = status };
}

static struct baton_retry_decision decide(const struct baton_http_response *response, uint32_t number)
{
    const struct baton_retry_policy policy = baton_retry_policy_default();
    const struct baton_retry_attempt attempt = { .number = number, .response = response, .timeout_ns = 600000 * MS };
    return baton_retry_decide(&policy, &attempt, &prng);
}

Test(retry, status_and_failure_decide)
{
    static const struct {
        enum baton_http_failure failure;
        unsigned status;
        bool want;
        const char *reason;
    } rows[] = {
        { BATON_HTTP_NONE, 200, false, "answered" },
        { BATON_HTTP_NONE, 204, false, "answered" },
        { BATON_HTTP_NONE, 302, false, "status 302: final" },
        { BATON_HTTP_NONE, 400, false, "status 400: final" },
        { BATON_HTTP_NONE, 401, false, "status 401: final" },
        { BATON_HTTP_NONE, 402, false, "status 402: final" },
        { BATON_HTTP_NONE, 403, false, "status 403: final" },
        { BATON_HTTP_NONE, 404, false, "status 404: final" },
        { BATON_HTTP_NONE, 408, true, "status 408: backoff of " },
        { BATON_HTTP_NONE, 409, true, "status 409: backoff of " },
        { BATON_HTTP_NONE, 413, false, "status 413: final" },
        { BATON_HTTP_NONE, 422, false, "status 422: final" },
        { BATON_HTTP_NONE, 429, true, "status 429: backoff of " },
        { BATON_HTTP_NONE, 499, false, "status 499: final" },
        { BATON_HTTP_NONE, 500, true, "status 500: backoff of " },
        { BATON_HTTP_NONE, 503, true, "status 503: backoff of " },
        { BATON_HTTP_NONE, 529, true, "status 529: backoff of " },
        { BATON_HTTP_CONNECT, 0, true, "no connection: backoff of " },
        { BATON_HTTP_TIMEOUT, 0, true, "time is up: backoff of " },
        { BATON_HTTP_CUT, 200, true, "the connection broke: backoff of " },
        { BATON_HTTP_CUT, 0, true, "the connection broke: backoff of " },
        { BATON_HTTP_TLS, 0, false, "no secure connection: final" },
        { BATON_HTTP_TOO_LARGE, 200, false, "the reply is too large: final" },
        { BATON_HTTP_PROTOCOL, 0, false, "the reply is not HTTP: final" },
        { BATON_HTTP_INTERRUPTED, 0, false, "interrupted: final" },
        { BATON_HTTP_STOPPED, 200, false, "stopped by its reader: final" },
        { BATON_HTTP_REFUSED, 0, false, "the request was not sent: final" },
        { BATON_HTTP_MEMORY, 0, false, "out of memory: final" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_http_response response = response_of(rows[i].failure, rows[i].status);
        struct baton_retry_decision decision = decide(&response, 1);
        cr_expect_eq(decision.is_retry, rows[i].want, "%s", rows[i].reason);
        cr_expect(strncmp(decision.reason, rows[i].reason, strlen(rows[i].reason)) == 0, "'%s', wanted '%s'",
                  decision.reason, rows[i].reason);
    }
    cr_expect_str_eq(baton_http_failure_text(BATON_HTTP_FAILURE_COUNT), "unknown failure");
}

Test(retry, the_server_overrules_the_status)
{
    static const struct {
        enum baton_http_failure failure;
        unsigned status;
        const char *advice;
        bool want;
    } rows[] = {
        { BATON_HTTP_NONE, 500, "false", false },     { BATON_HTTP_NONE, 429, "FALSE", false },
        { BATON_HTTP_NONE, 400, "true", true },       { BATON_HTTP_NONE, 401, "True", true },
        { BATON_HTTP_NONE, 500, "maybe", true },      { BATON_HTTP_NONE, 400, "maybe", false },
        { BATON_HTTP_NONE, 200, "true", false },      { BATON_HTTP_CUT, 200, "false", false },
        { BATON_HTTP_INTERRUPTED, 0, "true", false }, { BATON_HTTP_TOO_LARGE, 200, "true", false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_http_response response = response_of(rows[i].failure, rows[i].status);
        snprintf(response.x_should_retry, sizeof response.x_should_retry, "%s", rows[i].advice);
        struct baton_retry_decision decision = decide(&response, 1);
        cr_expect_eq(decision.is_retry, rows[i].want, "%u %s: %s", rows[i].status, rows[i].advice, decision.reason);
    }
}

Test(retry, two_retries_and_no_more)
{
    struct baton_http_response response = response_of(BATON_HTTP_NONE, 500);
    cr_expect(decide(&response, 1).is_retry);
    cr_expect(decide(&response, 2).is_retry);
    cr_expect_not(decide(&response, 3).is_retry);
    cr_expect_str_eq(decide(&response, 3).reason, "status 500: 3 attempts have failed");
    cr_expect_not(decide(&response, UINT32_MAX).is_retry);
    snprintf(response.x_should_retry, sizeof response.x_should_retry, "true");
    cr_expect_not(decide(&response, 3).is_retry, "the header does not raise the count");
}

Test(retry, waits_as_asked_up_to_a_minute)
{
    static const struct {
        const char *after, *after_ms, *date;
        uint64_t want_ns;
        bool is_backoff;
    } rows[] = {
        { "1", "", "", 1000 * MS, false },
        { "0", "", "", 0, false },
        { "0.5", "", "", 500 * MS, false },
        { "2.", "", "", 2000 * MS, false },
        { "60", "", "", 60000 * MS, false },
        { "61", "", "", 60000 * MS, false },
        { "60.000000001", "", "", 60000 * MS, false },
        { "99999999999999999999999999", "", "", 60000 * MS, false },
        { "", "1500", "", 1500 * MS, false },
        { "", "0.25", "", 250000, false },
        { "", "0.0000001", "", 0, false },
        { "7", "20", "", 20 * MS, false },
        { "7", "soon", "", 7000 * MS, false },
        { "Sun, 06 Nov 1994 08:49:40 GMT", "", "Sun, 06 Nov 1994 08:49:37 GMT", 3000 * MS, false },
        { "Sun, 06 Nov 1994 08:49:37 GMT", "", "Sun, 06 Nov 1994 08:49:40 GMT", 0, false },
        { "Fri, 06 Nov 2026 08:49:37 GMT", "", "Sun, 06 Nov 1994 08:49:40 GMT", 60000 * MS, false },
        { "Sun, 06 Nov 1994 08:49:40 GMT", "", "", 0, true },
        { "Sun, 06 Nov 1994 08:49:40 GMT", "", "today", 0, true },
        { "", "", "", 0, true },
        { "-1", "-1", "", 0, true },
        { "+1", "1e3", "", 0, true },
        { "1 s", "", "", 0, true },
        { "nan", "inf", "", 0, true },
        { ".5", "", "", 0, true },
        { "1.5.5", "", "", 0, true },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_http_response response = response_of(BATON_HTTP_NONE, 429);
        snprintf(response.retry_after, sizeof response.retry_after, "%s", rows[i].after);
        snprintf(response.retry_after_ms, sizeof response.retry_after_ms, "%s", rows[i].after_ms);
        snprintf(response.date, sizeof response.date, "%s", rows[i].date);
        const struct baton_prng before = prng;
        struct baton_retry_decision decision = decide(&response, 1);
        cr_expect(decision.is_retry);
        cr_expect_eq(strstr(decision.reason, "backoff") != NULL, rows[i].is_backoff, "'%s' '%s': %s", rows[i].after,
                     rows[i].after_ms, decision.reason);
        cr_expect(rows[i].is_backoff ? decision.wait_ns <= BATON_RETRY_BASE_NS : decision.wait_ns == rows[i].want_ns,
                  "'%s' '%s': %s", rows[i].after, rows[i].after_ms, decision.reason);
        cr_expect_eq(prng.state == before.state, !rows[i].is_backoff, "draws for backoff only");
    }
}

Test(retry, backs_off_with_full_jitter)
{
    const struct baton_retry_policy policy = { .retries_max = UINT32_MAX, .base_ns = 500 * MS, .cap_ns = 8000 * MS };
    static const struct {
        uint32_t number;
        uint64_t longest_ms;
    } rows[] = { { 1, 500 },  { 2, 1000 }, { 3, 2000 },  { 4, 4000 },
                 { 5, 8000 }, { 6, 8000 }, { 40, 8000 }, { UINT32_MAX - 1, 8000 } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct baton_http_response response = response_of(BATON_HTTP_CONNECT, 0);
        const struct baton_retry_attempt attempt = { .number = rows[i].number,
                                                     .response = &response,
                                                     .timeout_ns = UINT64_MAX };
        const uint64_t longest = rows[i].longest_ms * MS;
        uint64_t least = UINT64_MAX, most = 0, sum = 0;
        baton_prng_seed(&prng, 7);
        for (unsigned k = 0; k < 2000; k++) {
            uint64_t wait = baton_retry_decide(&policy, &attempt, &prng).wait_ns;
            least = wait < least ? wait : least;
            most = wait > most ? wait : most;
            sum += wait;
        }
        cr_expect(least < longest / 50 && most <= longest && most > longest - longest / 50, "%u: %llu to %llu",
                  (unsigned)rows[i].number, (unsigned long long)least, (unsigned long long)most);
        cr_expect(sum / 2000 > longest * 47 / 100 && sum / 2000 < longest * 53 / 100);
    }
    struct baton_prng a, b;
    baton_prng_seed(&a, 3);
    baton_prng_seed(&b, 3);
    const struct baton_http_response response = response_of(BATON_HTTP_NONE, 500);
    const struct baton_retry_attempt attempt = { .number = 1, .response = &response, .timeout_ns = UINT64_MAX };
    cr_expect_eq(baton_retry_decide(&policy, &attempt, &a).wait_ns, baton_retry_decide(&policy, &attempt, &b).wait_ns,
                 "one seed, one wait");
}

Test(retry, what_the_user_has_seen_is_not_said_again)
{
    const struct baton_retry_policy policy = baton_retry_policy_default();
    const struct baton_http_response response = response_of(BATON_HTTP_CUT, 200);
    struct baton_retry_attempt attempt = { .number = 1, .response = &response, .timeout_ns = UINT64_MAX };
    cr_expect(baton_retry_decide(&policy, &attempt, &prng).is_retry);
    attempt.was_delivered = true;
    struct baton_retry_decision decision = baton_retry_decide(&policy, &attempt, &prng);
    cr_expect_not(decision.is_retry);
    cr_expect_str_eq(decision.reason, "the connection broke: part of the answer has reached the user");
}

Test(retry, never_past_the_total_time)
{
    static const struct {
        uint64_t elapsed_ms, timeout_ms;
        bool want;
    } rows[] = { { 0, 1001, true },     { 0, 1000, false },    { 500, 1501, true }, { 500, 1500, false },
                 { 2000, 1500, false }, { 1500, 1500, false }, { 0, 0, false } };
    const struct baton_retry_policy policy = baton_retry_policy_default();
    struct baton_http_response response = response_of(BATON_HTTP_NONE, 429);
    snprintf(response.retry_after, sizeof response.retry_after, "1");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct baton_retry_attempt attempt = { .number = 1,
                                                     .response = &response,
                                                     .elapsed_ns = rows[i].elapsed_ms * MS,
                                                     .timeout_ns = rows[i].timeout_ms * MS };
        struct baton_retry_decision decision = baton_retry_decide(&policy, &attempt, &prng);
        cr_expect_eq(decision.is_retry, rows[i].want, "row %zu: %s", i, decision.reason);
        cr_expect_eq(decision.wait_ns, rows[i].want ? 1000 * MS : 0, "row %zu", i);
        cr_expect_eq(strstr(decision.reason, "past the total time") != NULL, !rows[i].want, "%s", decision.reason);
    }
}

Test(retry, reads_dates_of_all_three_forms)
{
    static const struct {
        const char *date, *after; /* 50 s apart, where both are dates */
        bool want;
    } rows[] = {
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", true },
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", true },
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sun Nov  6 08:49:37 1994", true },
        { "Sun Nov  6 08:48:47 1994", "Sunday, 06-Nov-94 08:49:37 GMT", true },
        { "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:50 GMT", true },
        { "Fri, 31 Dec 1999 23:59:10 GMT", "Saturday, 01-Jan-00 00:00:00 GMT", true },
        { "Mon, 28 Feb 2000 23:59:30 GMT", "Tue, 29 Feb 2000 00:00:20 GMT", true },
        { "Tue, 29 Feb 2000 23:59:30 GMT", "Wed, 01 Mar 2000 00:00:20 GMT", true },
        { "Sun, 28 Feb 2100 23:59:30 GMT", "Mon, 01 Mar 2100 00:00:20 GMT", true },
        { "Thu, 29 Feb 2024 23:59:10 GMT", "Thu, 29 Feb 2024 23:59:60 GMT", true },
        { "Tue, 19 Jan 2038 03:13:18 GMT", "Tuesday, 19-Jan-38 03:14:08 GMT", true },
        { "Fri, 31 Dec 9999 23:59:09 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", true },
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sun, 06 Nov 1994 08:49:37 GMT+1", false },
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sun, 06 Nov 1994 08:49:37", false },
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sun, 06 Nov 1994 08:49:37 CET", false },
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sun, 06 Nix 1994 08:49:37 GMT", false },
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", false },
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sun, 32 Nov 1994 08:49:37 GMT", false },
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", false },
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", false },
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sun, -6 Nov 1994 08:49:37 GMT", false },
        { "Sun, 06 Nov 1994 08:48:47 GMT", "Sun, 06 Nov -994 08:49:37 GMT", false },
        { "Sun, 06 Nov 1969 08:48:47 GMT", "Sun, 06 Nov 1969 08:49:37 GMT", false },
        { "120", "Sun, 06 Nov 1994 08:49:37 GMT", false },
        { "", "Sun, 06 Nov 1994 08:49:37 GMT", false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_http_response response = response_of(BATON_HTTP_NONE, 503);
        snprintf(response.date, sizeof response.date, "%s", rows[i].date);
        snprintf(response.retry_after, sizeof response.retry_after, "%s", rows[i].after);
        const struct baton_retry_decision decision = decide(&response, 1);
        cr_expect_eq(strcmp(decision.reason, "status 503: retry-after asks for 50000 ms") == 0, rows[i].want,
                     "'%s' '%s': %s", rows[i].date, rows[i].after, decision.reason);
        cr_expect_eq(strstr(decision.reason, "backoff") == NULL, rows[i].want, "%s", decision.reason);
    }
}

struct counting_clock {
    struct baton_clock clock;
    uint64_t now_ns, longest_ns;
    volatile int *interrupts_at_half;
};

static uint64_t counting_now(struct baton_clock *clock)
{
    return ((struct counting_clock *)clock)->now_ns;
}

static void counting_sleep(struct baton_clock *clock, uint64_t duration_ns)
{
    struct counting_clock *self = (struct counting_clock *)clock;
    self->now_ns += duration_ns;
    self->longest_ns = duration_ns > self->longest_ns ? duration_ns : self->longest_ns;
    if (self->interrupts_at_half != NULL && self->now_ns >= 500 * MS) {
        *self->interrupts_at_half = 1;
    }
}

Test(retry, a_wait_is_cut_short_by_an_interrupt)
{
    volatile int interrupted = 0;
    struct counting_clock clock = { .clock = { counting_now, counting_sleep } };
    cr_expect(baton_wait(&clock.clock, 1234 * MS, &interrupted));
    cr_expect_eq(clock.now_ns, 1234 * MS, "to the nanosecond");
    cr_expect(clock.longest_ns <= BATON_WAIT_SLICE_MS * MS);
    cr_expect(baton_wait(&clock.clock, 1000 * MS, NULL));
    cr_expect_eq(clock.longest_ns, 1000 * MS, "in one piece where nobody can interrupt");

    clock.now_ns = 0;
    clock.interrupts_at_half = &interrupted;
    cr_expect_not(baton_wait(&clock.clock, 1000 * MS, &interrupted));
    cr_expect_eq(clock.now_ns, 500 * MS);
    cr_expect_not(baton_wait(&clock.clock, 0, &interrupted));
    cr_expect_eq(clock.now_ns, 500 * MS);
}
