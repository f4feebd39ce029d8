/* `baton eval` and `baton run` against services that answer, fail, are slow or far away: exit codes, limits, what is said. */
#include "evals/tests/service.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *at(struct service *service, const char *name)
{
    return program_path(&service->program, name);
}

static void pause_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 }, NULL);
}

Test(live_verbs, every_name_of_a_provider_asks_its_service)
{
    static const struct {
        const char *name, *codec, *path;
    } rows[] = {
        { "live", "openai-chat", "/chat/completions " },           { "openai", "openai-chat", "/chat/completions " },
        { "openai-responses", "openai-responses", "/responses " }, { "anthropic", "anthropic", "/messages " },
        { "openrouter", "openrouter", "/chat/completions " },
    };
    for (size_t i = 0; i < COUNT_OF(rows) * 2; i++) {
        struct service service;
        service_open(&service, rows[i / 2].codec, i % 2 == 1);
        const char *streams = i % 2 == 1 ? "--stream" : "--no-stream";
        struct program_run run = ASK(&service, "eval", service.suite, streams, "--provider", rows[i / 2].name);
        cr_expect_eq(run.exit_code, 0, "%s: %s%s", rows[i / 2].name, run.out.data, run.err.data);
        cr_expect_eq(service_asked(&service), (unsigned)SERVICE_CALLS);
        cr_expect_not_null(strstr(misbehave_request(service.server, 0)->bytes, rows[i / 2].path), "%s",
                           misbehave_request(service.server, 0)->bytes);
        run = ASK(&service, "run", service.agents, "My card, case-2.", streams, "--provider", rows[i / 2].name);
        cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
        cr_expect(program_has(run.out, "triage > billing") && program_has(run.out, "billing: H\xc3\xa9llo case-2.\n"),
                  "%s", run.out.data);
        service_close(&service);
    }
}

/* ---- services that fail ---- */

static const struct misbehave_step refused = { .head = "HTTP/1.1 401 No\r\ncontent-type: application/json\r\n",
                                               .body = "{\"error\":{\"message\":\"No such key.\",\"type\":\"auth\"}}" };
static const struct misbehave_step too_many = { .head = "HTTP/1.1 429 Slow\r\nretry-after-ms: 1\r\n",
                                                .body = "{\"error\":{\"message\":\"Slow down.\"}}" };
static const struct misbehave_step cut_off = { .is_cut = true, .cut_after = 20, .end = MISBEHAVE_RESET };
static const struct misbehave_step half = { .head = LIVE_SSE,
                                            .body = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n" };

Test(live_verbs, a_service_that_fails_is_exit_code_3_unless_a_gate_allows_it)
{
    static const struct row {
        const char *name, *says;
        const struct misbehave_step *trouble; /* NULL: nobody listens */
        unsigned attempts;
    } rows[] = {
        { "nobody there", "127.0.0.1", NULL, 0 },
        { "refused", "HTTP 401, auth: No such key.", &refused, 8 },
        { "too many", "HTTP 429: Slow down.", &too_many, 16 },
        { "cut off", "broke off after 0 bytes", &cut_off, 16 },
        { "half a stream", "error: openai-chat: ", &half, 16 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct service service;
        service_open(&service, "openai-chat", true);
        service.trouble = rows[i].trouble;
        service.settings[1] = rows[i].trouble == NULL ? "OPENAI_BASE_URL=http://127.0.0.1:1" : service.settings[1];
        struct program_run run = ASK(&service, "eval", service.suite, "--provider=live", "--stream", "--retries=1");
        cr_expect_eq(run.exit_code, 3, "%s: %d %s", rows[i].name, run.exit_code, run.err.data);
        cr_expect(program_has(run.out, "FAIL") && program_has(run.out, rows[i].says), "%s: %s", rows[i].name,
                  run.out.data);
        cr_expect(program_has(run.out, "\n  9 in all; one in full: "), "%s", run.out.data);
        cr_expect(program_has(run.out, "a provider failed, and no gate says how often it may"), "%s", run.out.data);
        unsigned asked = service_asked(&service);
        cr_expect_geq(asked, rows[i].attempts, "%s: asked %u times", rows[i].name, asked);
        run = ASK(&service, "eval", service.suite, "--provider=live", "--stream", "--retries=0", "--gate=errors <= 9");
        cr_expect_eq(run.exit_code, 0, "%s: %d %s%s", rows[i].name, run.exit_code, run.out.data, run.err.data);
        run = ASK(&service, "eval", service.suite, "--provider=live", "--stream", "--retries=0", "--gate=errors <= 7");
        cr_expect_eq(run.exit_code, 1, "%s: %d %s", rows[i].name, run.exit_code, run.err.data);
        run = ASK(&service, "run", service.agents, "Hello, case-1.", "--provider=live", "--retries=0");
        cr_expect_eq(run.exit_code, 3, "%s: %d %s", rows[i].name, run.exit_code, run.out.data);
        service_close(&service);
    }
}

/* ---- limits ---- */

Test(live_verbs, a_limit_of_money_or_tokens_stops_the_run_which_goes_on_under_a_higher_one)
{
    static const struct {
        const char *low, *high, *says;
    } rows[] = {
        { "--max-tokens=60", "--max-tokens=10000", "tokens" },
        { "--max-cost=0.0002", "--max-cost=1", "USD" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct service service;
        service_open(&service, "anthropic", false);
        const char *out = at(&service, "out"), *part = at(&service, "out/cassette.jsonl.part");
        struct program_run run =
            ASK(&service, "eval", service.suite, "--provider=live", "-j2", "--out", out, rows[i].low);
        cr_expect_eq(run.exit_code, 2, "%d %s%s", run.exit_code, run.out.data, run.err.data);
        cr_expect(program_has(run.err, rows[i].says) && program_has(run.err, "--resume"), "%s", run.err.data);
        cr_expect_not(program_has(run.err, "70"), "%s", run.err.data);
        unsigned asked = service_asked(&service);
        cr_expect(asked >= 2 && asked < SERVICE_CALLS, "asked %u times", asked);
        cr_expect_eq(program_count(program_read(&service.program, part), "\n"), (size_t)asked + 1,
                     "all answers are kept");
        run = ASK(&service, "eval", service.suite, "--provider=live", "-j2", "--out", out, "--resume", rows[i].high);
        cr_expect_eq(run.exit_code, 0, "%d %s%s", run.exit_code, run.out.data, run.err.data);
        cr_expect_eq(service_asked(&service) + asked, (unsigned)SERVICE_CALLS, "nothing is asked twice");
        service_close(&service);
    }
}

Test(live_verbs, requests_per_minute_are_kept)
{
    struct service service;
    struct timespec from, to;
    service_open(&service, "openai-chat", false);
    clock_gettime(CLOCK_MONOTONIC, &from);
    struct program_run run = ASK(&service, "eval", service.suite, "--provider=live", "--rpm=100");
    clock_gettime(CLOCK_MONOTONIC, &to);
    cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
    unsigned asked = service_asked(&service);
    cr_expect_eq(asked, (unsigned)SERVICE_CALLS);
    double ms = (double)(to.tv_sec - from.tv_sec) * 1000 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
    cr_expect_geq(ms, (asked - 10) * 600.0 * 0.9, "ten at once, then one in 600 ms: %u in %.1f ms", asked, ms);
    service_close(&service);
}

/* ---- interrupts ---- */

static struct program_child start_slow(struct service *service, const char *out, const char *more)
{
    const char *arguments[] = { "eval", service->suite, "--provider=live", "-j2", "--out", out, more, NULL };
    service_delay(service, 60);
    return program_start(&service->program, &(struct program_options){ .settings = service->settings }, arguments);
}

static void wait_for_requests(struct service *service, unsigned count)
{
    for (int i = 0; i < 5000 && atomic_load(&service->asked_all) < count; i++) {
        pause_ms(2);
    }
}

Test(live_verbs, an_interrupted_run_keeps_its_answers_and_says_how_to_go_on)
{
    struct service service;
    service_open(&service, "openai-responses", true);
    const char *out = at(&service, "out");
    struct program_child child = start_slow(&service, out, NULL);
    wait_for_requests(&service, 8);
    kill(child.pid, SIGINT);
    struct program_run run = program_finish(&service.program, &child);
    cr_expect_eq(run.exit_code, 2, "%d %s", run.exit_code, run.err.data);
    cr_expect(program_has(run.err, "--resume goes on from there"), "%s", run.err.data);
    cr_expect(program_has(run.err, "interrupted"), "%s", run.err.data);
    struct baton_str results = program_read(&service.program, at(&service, "out/results.jsonl"));
    size_t rows = program_count(results, "\n");
    cr_expect(rows >= 1 && rows < SERVICE_CASES, "%zu rows: %s", rows, results.data);
    cr_expect_eq(program_count(results, "{\"id\":"), rows, "whole lines: %s", results.data);
    cr_expect_neq(access(at(&service, "out/summary.json"), F_OK), 0);
    size_t kept = program_count(program_read(&service.program, at(&service, "out/cassette.jsonl.part")), "\n") - 1;
    service_move(&service);
    child = start_slow(&service, out, "--resume");
    run = program_finish(&service.program, &child);
    cr_expect_eq(run.exit_code, 0, "%s%s", run.out.data, run.err.data);
    cr_expect_eq(service_asked(&service) + kept, (size_t)SERVICE_CALLS);
    service_close(&service);
}

Test(live_verbs, a_second_interrupt_ends_at_once)
{
    static const struct misbehave_step hangs = {
        .delay_ms = 0, .is_cut = true, .cut_after = 10, .end = MISBEHAVE_HANG
    };
    struct service service;
    service_open(&service, "openai-chat", true);
    service.trouble = &hangs;
    struct program_child child = start_slow(&service, at(&service, "out"), NULL);
    wait_for_requests(&service, 1);
    kill(child.pid, SIGINT);
    pause_ms(1);
    kill(child.pid, SIGINT);
    struct program_run run = program_finish(&service.program, &child);
    cr_expect(run.exit_code == PROGRAM_SIGNAL + SIGINT || run.exit_code == 2, "%d %s", run.exit_code, run.err.data);
    service_close(&service);
}

/* ---- addresses and keys of an agents file ---- */

static const char *agents_with(struct service *service, const char *members)
{
    return program_file(&service->program, "addressed.yaml",
                        program_text(&service->program,
                                     "version: 1\nentry: triage\ndefaults: { provider: openai, model: m, %s }\n"
                                     "agents: { triage: { instructions: You are triage. } }\n",
                                     members));
}

static struct program_run run_with(struct service *service, const char *agents, const char *const *settings)
{
    const char *arguments[] = { "run", agents, "Hello, case-1.", "--provider=live", "--retries=0", NULL };
    service_asked(service);
    return program_run_with(&service->program, &(struct program_options){ .settings = settings }, arguments);
}

Test(live_verbs, the_key_of_the_environment_does_not_go_where_a_file_says)
{
    struct service service;
    service_open(&service, "openai-chat", true);
    const char *here = program_text(&service.program, "base_url: 'http://127.0.0.1:%u/file'",
                                    misbehave_port(service.server)),
               *elsewhere = "base_url: 'https://service.invalid/v1'";
    const char *settings[] = { "OPENAI_API_KEY=" SERVICE_KEY, "OPENAI_BASE_URL", "OTHER_KEY=another-key-of-mine",
                               NULL };
    struct program_run run = run_with(&service, agents_with(&service, here), settings);
    cr_expect_eq(run.exit_code, 0, "a service on this machine needs no key: %s%s", run.out.data, run.err.data);
    const char *request = misbehave_request(service.server, 0)->bytes;
    cr_expect_eq(strncmp(request, "POST /file/", 11), 0, "%s", request);
    cr_expect_null(strstr(request, SERVICE_KEY), "%s", request);
    cr_expect_null(strcasestr(request, "authorization:"), "%s", request);

    run = run_with(&service, agents_with(&service, elsewhere), settings);
    cr_expect_eq(run.exit_code, 4, "%d", run.exit_code);
    cr_expect(program_has(run.err, "base_url 'https://service.invalid/v1' needs its own key"), "%s", run.err.data);

    run = run_with(&service, agents_with(&service, program_text(&service.program, "%s, api_key: $OTHER_KEY", here)),
                   settings);
    cr_expect_eq(run.exit_code, 0, "%s%s", run.out.data, run.err.data);
    request = misbehave_request(service.server, 1)->bytes;
    cr_expect_not_null(strstr(request, "Bearer another-key-of-mine"), "%s", request);
    cr_expect_null(strstr(request, SERVICE_KEY), "%s", request);

    run = run_with(&service, agents_with(&service, program_text(&service.program, "%s, api_key: $MISSING", elsewhere)),
                   settings);
    cr_expect_eq(run.exit_code, 4, "%d", run.exit_code);
    cr_expect(program_has(run.err, "the variable MISSING, which 'api_key' in '"), "%s", run.err.data);
    service_close(&service);
}

Test(live_verbs, the_address_of_the_environment_comes_before_that_of_a_file)
{
    struct service service;
    service_open(&service, "openai-chat", true);
    const char *agents = agents_with(&service, "base_url: 'https://service.invalid/v1'");
    struct program_run run = run_with(&service, agents, service.settings);
    cr_expect_eq(run.exit_code, 0, "%s%s", run.out.data, run.err.data);
    const char *request = misbehave_request(service.server, 0)->bytes;
    cr_expect_eq(strncmp(request, "POST /base-0/", 13), 0, "%s", request);
    cr_expect_not_null(strstr(request, SERVICE_KEY), "the environment says both: %s", request);
    const char *empty[] = { "OPENAI_API_KEY=" SERVICE_KEY, "OPENAI_BASE_URL=", NULL };
    run = run_with(&service, agents, empty);
    cr_expect_eq(run.exit_code, 4, "an empty variable is none: %s", run.err.data);
    service_close(&service);
}

Test(live_verbs, a_key_itself_does_not_belong_into_a_file)
{
    static const char *const bad[] = { "sk-abcdefghijklmnopqrstuv", "$", "$1X", "$A B", "MY_KEY" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct service service;
        service_open(&service, "openai-chat", true);
        const char *agents = agents_with(&service, program_text(&service.program, "api_key: '%s'", bad[i]));
        struct program_run run = run_with(&service, agents, service.settings);
        cr_expect_eq(run.exit_code, 4, "%s: %d", bad[i], run.exit_code);
        cr_expect(program_has(run.err, program_text(&service.program, "%s:3:", agents)), "%s: %s", bad[i],
                  run.err.data);
        cr_expect(program_has(run.err, "'api_key' must name a variable of the environment"), "%s", run.err.data);
        cr_expect_not(program_has(run.err, "sk-abcdef"), "%s", run.err.data);
        service_close(&service);
    }
}
