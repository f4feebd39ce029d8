/* Whether and when a call is made again.
 *
 * A pure function of what came back and of a generator, so that a test, or a run with the same seed, decides alike. Most of it
 * reads what a service says of its own accord (retry-after in its four forms), as that is better than any guess; a date is
 * counted from the reply's own date, since the clock of this machine may be wrong by more than the wait. */
#include "engine/http/retry.h"

#include "engine/base/prng.h"
#include "engine/http/http.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NS_PER_MS = 1000000, SECONDS_PER_DAY = 86400, BACKOFF_DOUBLINGS_MAX = 30 };

struct baton_retry_policy baton_retry_policy_default(void)
{
    return (struct baton_retry_policy){ .retries_max = BATON_RETRIES_DEFAULT,
                                        .base_ns = BATON_RETRY_BASE_NS,
                                        .cap_ns = BATON_RETRY_CAP_NS,
                                        .retry_after_max_ns = BATON_RETRY_AFTER_MAX_NS };
}

/* Days since 1970-01-01 in the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    const int64_t era = year / 400; /* years here are positive */
    const int64_t year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static unsigned month_of(const char name[4])
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (unsigned i = 0; i < 12; i++) {
        if (memcmp(names + 3 * (size_t)i, name, 3) == 0) {
            return i + 1;
        }
    }
    return 0;
}

struct date {
    unsigned year, day, hour, minute, second;
    char month[4];
};

/* The three forms. Numbers of bounded width cannot overflow, and %n tells that all of the text matched. */
static bool scan_fixdate(struct date *out, const char *text)
{
    int end = 0;
    return sscanf(text, "%*3[A-Za-z], %2u %3[A-Za-z] %4u %2u:%2u:%2u GMT%n", &out->day, out->month, &out->year,
                  &out->hour, &out->minute, &out->second, &end) == 6 &&
           end > 0 && text[end] == '\0';
}

static bool scan_rfc850(struct date *out, const char *text)
{
    int end = 0;
    bool matches = sscanf(text, "%*9[A-Za-z], %2u-%3[A-Za-z]-%2u %2u:%2u:%2u GMT%n", &out->day, out->month, &out->year,
                          &out->hour, &out->minute, &out->second, &end) == 6;
    out->year += out->year < 70 ? 2000 : 1900;
    return matches && end > 0 && text[end] == '\0';
}

static bool scan_asctime(struct date *out, const char *text)
{
    int end = 0;
    return sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2u %2u:%2u:%2u %4u%n", out->month, &out->day, &out->hour, &out->minute,
                  &out->second, &out->year, &end) == 6 &&
           end > 0 && text[end] == '\0';
}

/* Seconds since 1970 of an HTTP date from that year on, in any of its three forms (RFC 9110 section 5.6.7). False for anything
 * else. */
static bool date_parse(const char *text, int64_t *out_s)
{
    struct date date = { .year = 0 };
    if (!scan_fixdate(&date, text) && !scan_rfc850(&date, text) && !scan_asctime(&date, text)) {
        return false;
    }
    const unsigned month = month_of(date.month);
    if (month == 0 || date.day < 1 || date.day > 31 || date.year < 1970 || date.year > 9999 || date.hour > 23 ||
        date.minute > 59 || date.second > 60) {
        return false;
    }
    *out_s = days_from_civil(date.year, month, date.day) * SECONDS_PER_DAY + date.hour * 3600 + date.minute * 60 +
             date.second;
    return true;
}

/* A decimal number of units, as `1`, `0.25` or `1500.0`, in nanoseconds; more than cap_ns counts as cap_ns. */
static bool duration_parse(const char *text, uint64_t unit_ns, uint64_t cap_ns, uint64_t *out_ns)
{
    uint64_t whole = 0, fraction_ns = 0, scale = unit_ns;
    const char *next = text;
    for (; *next >= '0' && *next <= '9'; next++) {
        whole = whole > UINT64_MAX / 10 - 1 ? whole : whole * 10 + (uint64_t)(*next - '0');
    }
    if (next == text) {
        return false;
    }
    if (*next == '.') {
        for (next++; *next >= '0' && *next <= '9'; next++) {
            scale /= 10;
            fraction_ns += scale * (uint64_t)(*next - '0');
        }
    }
    if (*next != '\0') {
        return false;
    }
    *out_ns = whole >= cap_ns / unit_ns + 1 ? cap_ns : whole * unit_ns + fraction_ns;
    *out_ns = *out_ns < cap_ns ? *out_ns : cap_ns;
    return true;
}

static bool date_wait(const struct baton_http_response *response, uint64_t cap_ns, uint64_t *out_ns)
{
    int64_t now = 0, due = 0;
    if (!date_parse(response->retry_after, &due) || !date_parse(response->date, &now)) {
        return false;
    }
    const uint64_t second_ns = UINT64_C(1000000000), wait_s = due > now ? (uint64_t)(due - now) : 0;
    *out_ns = wait_s >= cap_ns / second_ns ? cap_ns : wait_s * second_ns;
    return true;
}

/* What the reply asks for. Returns the header's name, or NULL where there is none that can be read. */
static const char *asked_wait(const struct baton_retry_policy *policy, const struct baton_http_response *response,
                              uint64_t *out_ns)
{
    const uint64_t cap = policy->retry_after_max_ns;
    if (duration_parse(response->retry_after_ms, NS_PER_MS, cap, out_ns)) {
        return "retry-after-ms";
    }
    if (duration_parse(response->retry_after, UINT64_C(1000000000), cap, out_ns) || date_wait(response, cap, out_ns)) {
        return "retry-after";
    }
    return NULL;
}

/* Full jitter: anything from 0 to the cap of this attempt. */
static uint64_t backoff_wait(const struct baton_retry_policy *policy, uint32_t number, struct baton_prng *prng)
{
    uint64_t longest = policy->base_ns;
    for (uint32_t i = 1; i < number && i < BACKOFF_DOUBLINGS_MAX && longest < policy->cap_ns; i++) {
        longest *= 2;
    }
    longest = longest < policy->cap_ns ? longest : policy->cap_ns;
    return baton_prng_below(prng, longest + 1);
}

static bool is_retry_status(unsigned status)
{
    return status == 408 || status == 409 || status == 429 || status >= 500;
}

static bool is_retry_failure(enum baton_http_failure failure)
{
    return failure == BATON_HTTP_CONNECT || failure == BATON_HTTP_CUT || failure == BATON_HTTP_TIMEOUT;
}

/* x-should-retry as 1 or 0; -1 where it says nothing. */
static int advice_of(const struct baton_http_response *response)
{
    return strcasecmp(response->x_should_retry, "true") == 0    ? 1
           : strcasecmp(response->x_should_retry, "false") == 0 ? 0
                                                                : -1;
}

static struct baton_retry_decision decision(bool is_retry, uint64_t wait_ns, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static struct baton_retry_decision decision(bool is_retry, uint64_t wait_ns, const char *format, ...)
{
    struct baton_retry_decision out = { .is_retry = is_retry, .wait_ns = is_retry ? wait_ns : 0 };
    va_list args;
    va_start(args, format);
    vsnprintf(out.reason, sizeof out.reason, format, args);
    va_end(args);
    return out;
}

/* `status 503` or `time is up`. */
static const char *what_failed(const struct baton_http_response *response, char *out, size_t out_bytes)
{
    if (response->failure == BATON_HTTP_NONE) {
        snprintf(out, out_bytes, "status %u", response->status);
        return out;
    }
    return baton_http_failure_text(response->failure);
}

static struct baton_retry_decision wait_decide(const struct baton_retry_policy *policy,
                                               const struct baton_retry_attempt *attempt, struct baton_prng *prng,
                                               const char *what)
{
    uint64_t wait_ns = 0;
    const char *header = asked_wait(policy, attempt->response, &wait_ns);
    if (header == NULL) {
        wait_ns = backoff_wait(policy, attempt->number, prng);
    }
    unsigned long long wait_ms = wait_ns / NS_PER_MS;
    if (attempt->elapsed_ns >= attempt->timeout_ns || wait_ns >= attempt->timeout_ns - attempt->elapsed_ns) {
        return decision(false, 0, "%s: a wait of %llu ms would go past the total time of %llu ms", what, wait_ms,
                        (unsigned long long)(attempt->timeout_ns / NS_PER_MS));
    }
    return header != NULL ? decision(true, wait_ns, "%s: %s asks for %llu ms", what, header, wait_ms)
                          : decision(true, wait_ns, "%s: backoff of %llu ms", what, wait_ms);
}

struct baton_retry_decision baton_retry_decide(const struct baton_retry_policy *policy,
                                               const struct baton_retry_attempt *attempt, struct baton_prng *prng)
{
    const struct baton_http_response *response = attempt->response;
    const int advice = advice_of(response);
    char text[32];
    const char *what = what_failed(response, text, sizeof text);
    if (response->failure == BATON_HTTP_NONE && response->status / 100 == 2) {
        return decision(false, 0, "answered");
    }
    if (response->failure != BATON_HTTP_NONE && !is_retry_failure(response->failure)) {
        return decision(false, 0, "%s: final", what);
    }
    if (attempt->was_delivered) {
        return decision(false, 0, "%s: part of the answer has reached the user", what);
    }
    if (advice == 0) {
        return decision(false, 0, "%s: x-should-retry is false", what);
    }
    if (advice != 1 && response->failure == BATON_HTTP_NONE && !is_retry_status(response->status)) {
        return decision(false, 0, "%s: final", what);
    }
    if (attempt->number > policy->retries_max) {
        return decision(false, 0, "%s: %u attempts have failed", what, (unsigned)attempt->number);
    }
    return wait_decide(policy, attempt, prng, what);
}
