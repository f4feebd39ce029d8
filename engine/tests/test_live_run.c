/* What a live provider is made of and what it leaves behind: conversations, limits, traffic, keys, threads. */
#include "engine/providers/hide_key.h"
#include "engine/tests/live_setup.h"
#include "engine/tests/wire.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SSE_STEP(text)                                                                    \
    {                                                                                     \
        .head = LIVE_SSE, .body = (text), .framing = MISBEHAVE_CHUNKED, .piece_bytes = 50 \
    }
#define JSON_STEP(text)                   \
    {                                     \
        .head = LIVE_JSON, .body = (text) \
    }
#define REFUSAL(type) "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"Bad " LIVE_KEY " there.\"}}"

enum { TEXT_BYTES = 1024 * 1024, THREADS = 4, CALLS = 12 };

/* ---- conversations ---- */

struct listener {
    struct baton_text log, json;
    const struct baton_agents *agents;
};

static void on_event(void *user, const struct baton_event *event)
{
    struct listener *listener = user;
    baton_text_printf(&listener->log, "%s%s", listener->log.length == 0 ? "" : " ", baton_event_name(event->type));
    if (event->type == BATON_EVENT_TEXT_DELTA) {
        baton_text_printf(&listener->log, ":%.*s", (int)event->text.length, event->text.data);
    }
    baton_event_write(&listener->json, event, listener->agents);
}

static struct listener listener_open(const struct live_setup *setup)
{
    return (struct listener){ .log = baton_text_with_limit(TEXT_BYTES),
                              .json = baton_text_with_limit(TEXT_BYTES),
                              .agents = setup->agents };
}

static void listener_close(struct listener *listener)
{
    baton_text_clear(&listener->log);
    baton_text_clear(&listener->json);
}

/* The last word of a system prompt and the tools of a request, by the format's own reader. */
static void expect_asked(struct wire *wire, const char *name, const char *body, const char *system, const char *tools,
                         const char *talk)
{
    struct wire_request read;
    wire_read(wire, body, &read);
    cr_expect(baton_str_is(read.system, system), "%s: '%.*s'", name, (int)read.system.length, read.system.data);
    cr_expect_str_eq(read.tools, tools, "%s", name);
    cr_expect_str_eq(wire_talk(wire, read.messages, read.count), talk, "%s", name);
}

static void check_handoff(struct wire *wire, const struct live_format *format, bool is_stream)
{
    const struct misbehave_step streamed[] = { SSE_STEP(format->hand_sse), SSE_STEP(format->text_sse) };
    const struct misbehave_step whole[] = { JSON_STEP(format->hand_json), JSON_STEP(format->text_json) };
    struct live_setup setup;
    live_setup_open(&setup, format->codec);
    setup.options.is_stream = is_stream;
    live_setup_begin(&setup, is_stream ? streamed : whole, 2);
    struct listener listener = listener_open(&setup);
    struct baton_exchange *exchange = live_setup_play(&setup, baton_live_caller_provider(setup.caller),
                                                      (struct baton_event_sink){ on_event, &listener });
    char name[80];
    snprintf(name, sizeof name, "%s, %s", format->codec, is_stream ? "streamed" : "whole");
    cr_expect_eq(exchange->status, BATON_RUN_ANSWERED, "%s: %.*s", name, (int)exchange->text.length,
                 exchange->text.data);
    cr_expect(baton_str_is(baton_agent_name(setup.agents, exchange->final), "billing"), "%s", name);
    cr_expect(baton_str_is(exchange->text, LIVE_TEXT), "%s", name);
    cr_expect(exchange->usage.input == 22 && exchange->usage.output == 14, "%s", name);
    cr_expect(exchange->turns[0].is_timed && exchange->turns[1].is_timed && exchange->turns[1].first_text_ns >= 0, "%s",
              name);
    cr_expect_str_eq(listener.log.data,
                     is_stream ? "turn_start text_delta:Wait. tool_call tool_result handoff agent_updated turn_end "
                                 "turn_start text_delta:H\xc3\xa9 text_delta:llo. turn_end done"
                               : "turn_start text_delta:Wait. tool_call tool_result handoff agent_updated turn_end "
                                 "turn_start text_delta:" LIVE_TEXT " turn_end done",
                     "%s: %s", name, listener.log.data);
    cr_assert_eq(misbehave_request_count(setup.server), 2, "%s", name);
    cr_expect_eq(misbehave_connection_count(setup.server), 1, "%s: the connection is kept", name);
    wire->codec = baton_codec_find(baton_str_of(format->codec));
    expect_asked(wire, name, live_setup_body(&setup, 0), "You are triage.", "lookup transfer_to_billing",
                 "user:my card");
    expect_asked(wire, name, live_setup_body(&setup, 1), "You are billing.", "refund",
                 "user:my card assistant:Wait.+transfer_to_billing({\"reason\":\"r\"})#c "
                 "result#c:{\"assistant\":\"billing\"}");
    cr_expect_eq(strstr(live_setup_body(&setup, 1), "\"stream\":true") != NULL, is_stream, "%s", name);
    cr_expect(strstr(misbehave_request(setup.server, 1)->bytes, LIVE_KEY) != NULL, "%s: the service gets the key",
              name);
    cr_expect(strstr(listener.json.data, LIVE_KEY) == NULL, "%s: and no event", name);
    listener_close(&listener);
    live_setup_end(&setup);
    live_setup_close(&setup);
}

Test(live_run, hands_over_in_every_format)
{
    struct wire wire;
    wire_open(&wire);
    for (size_t i = 0; i < LIVE_FORMATS; i++) {
        check_handoff(&wire, &live_formats[i], false);
        check_handoff(&wire, &live_formats[i], true);
    }
    wire_close(&wire);
}

Test(live_run, a_service_that_fails_ends_the_exchange_and_not_the_run)
{
    const struct misbehave_step steps[] = { SSE_STEP(live_formats[2].hand_sse), SSE_STEP(live_formats[2].half_sse) };
    struct live_setup setup;
    live_setup_open(&setup, "anthropic");
    setup.options.is_stream = true;
    live_setup_begin(&setup, steps, 2);
    struct listener listener = listener_open(&setup);
    struct baton_exchange *exchange = live_setup_play(&setup, baton_live_caller_provider(setup.caller),
                                                      (struct baton_event_sink){ on_event, &listener });
    cr_expect_eq(exchange->status, BATON_RUN_ERROR);
    cr_expect(strstr(exchange->text.data, "the answer is not whole") != NULL, "%s", exchange->text.data);
    cr_expect_str_eq(listener.log.data,
                     "turn_start text_delta:Wait. tool_call tool_result handoff agent_updated turn_end turn_start "
                     "text_delta:H\xc3\xa9 error turn_end done",
                     "%s", listener.log.data);
    listener_close(&listener);
    exchange =
        live_setup_play(&setup, baton_live_caller_provider(setup.caller), (struct baton_event_sink){ NULL, NULL });
    cr_expect_eq(exchange->status, BATON_RUN_ERROR);
    cr_expect(strstr(exchange->text.data, "(after 3 attempts)") != NULL, "nobody read along, so it was asked again: %s",
              exchange->text.data);
    live_setup_end(&setup);
    live_setup_close(&setup);
}

/* ---- what is needed to begin ---- */

static const char *one_setting(void *user, const char *name)
{
    const char *const *settings = user; /* name, value, ..., NULL */
    for (; *settings != NULL; settings += 2) {
        if (strcmp(settings[0], name) == 0) {
            return settings[1];
        }
    }
    return NULL;
}

static const char *begin_error(struct live_setup *setup, const char *const *settings)
{
    struct baton_live *live = NULL;
    setup->options.setting = one_setting;
    setup->options.user = (void *)settings;
    setup->err.text[0] = '\0';
    enum baton_status status = baton_live_new(&live, &setup->options, &setup->err);
    cr_expect(status == BATON_OK ? live != NULL : live == NULL && status == BATON_EUSAGE, "%d", (int)status);
    baton_live_free(live);
    return setup->err.text;
}

Test(live, says_what_is_missing)
{
    static const struct {
        const char *provider, *model;
        uint64_t spend_max_pico;
        const char *settings[5];
        const char *error;
    } cases[] = {
        { "", "", 0, { NULL }, "anthropic needs a key; set ANTHROPIC_API_KEY" },
        { "openai", "", 0, { "ANTHROPIC_API_KEY", "k" }, "openai-chat needs a key; set OPENAI_API_KEY" },
        { "openai", "", 0, { "OPENAI_API_KEY", "" }, "openai-chat needs a key; set OPENAI_API_KEY" },
        { "openai",
          "",
          0,
          { "OPENAI_API_KEY", "sk-1 " },
          "the key in OPENAI_API_KEY holds a space, line break or other odd byte" },
        { "openai",
          "",
          0,
          { "OPENAI_BASE_URL", "http://example.com/v1", "OPENAI_API_KEY", "k" },
          "OPENAI_BASE_URL: will not call 'http://example.com/v1/chat/completions': http:// is for this machine "
          "(127.0.0.0/8, ::1, localhost) or a unix socket; use https://" },
        { "openai",
          "",
          0,
          { "OPENAI_BASE_URL", "https://user:word@localhost/v1" },
          "openai-chat needs a key; set OPENAI_API_KEY" },
        { "openai",
          "",
          0,
          { "OPENAI_BASE_URL", "ftp://localhost/", "OPENAI_API_KEY", "k" },
          "OPENAI_BASE_URL: cannot call 'ftp://localhost/chat/completions': only https:// and http:// are spoken" },
        { "antropic",
          "",
          0,
          { NULL },
          "provider: unknown live provider 'antropic'; there are openai-chat, openai-responses, anthropic, openrouter; "
          "did you mean 'anthropic'?" },
        { "",
          "x",
          1,
          { "ANTHROPIC_API_KEY", "k" },
          "a limit of money cannot be kept: 'agents.yaml' has no price for the model 'x'; add it to 'prices'" },
        { "", "", 1, { "ANTHROPIC_API_KEY", "k" }, "" },
        { "", "", 0, { "ANTHROPIC_API_KEY", "k" }, "" },
        { "openai-responses", "", 0, { "OPENAI_BASE_URL", "http://127.0.0.1:11434/v1/" }, "" },
        { "openrouter", "", 0, { "OPENROUTER_BASE_URL", "http://[::1]:9/" }, "" },
    };
    struct live_setup setup;
    live_setup_open(&setup, "");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        setup.options.provider = baton_str_of(cases[i].provider);
        setup.options.model = baton_str_of(cases[i].model);
        setup.options.spend_max_pico = cases[i].spend_max_pico;
        cr_expect_str_eq(begin_error(&setup, cases[i].settings), cases[i].error, "case %zu: %s", i, setup.err.text);
    }
    live_setup_close(&setup);
}

Test(live, wants_a_provider_and_a_model_for_each_agent)
{
    static const char *const settings[] = { "ANTHROPIC_API_KEY", "k", "OPENAI_API_KEY", "k", NULL };
    struct live_setup setup;
    live_setup_open(&setup, "");
    struct baton_agent *billing = (struct baton_agent *)&setup.agents->list[1];
    billing->provider = BATON_STR("gemini");
    cr_expect_str_eq(begin_error(&setup, settings),
                     "provider of agent billing: unknown live provider 'gemini'; there are openai-chat, "
                     "openai-responses, anthropic, openrouter");
    billing->provider = BATON_STR("");
    cr_expect_str_eq(
        begin_error(&setup, settings),
        "agent 'billing' has no provider; give it one, or all of them by 'defaults: { provider: anthropic }' "
        "in 'agents.yaml'");
    billing->provider = BATON_STR("openai");
    cr_expect_str_eq(begin_error(&setup, settings), "", "agents may have different ones");
    billing->model = BATON_STR("");
    cr_expect_str_eq(begin_error(&setup, settings),
                     "agent 'billing' has no model; give it one, or all of them by 'defaults: { model: ... }' in "
                     "'agents.yaml'");
    setup.options.model = BATON_STR("m");
    cr_expect_str_eq(begin_error(&setup, settings), "");
    live_setup_close(&setup);
}

Test(live, asks_where_the_environment_says_and_without_a_key_on_this_machine)
{
    static const struct {
        const char *codec, *line, *key_header;
    } cases[] = {
        { "openai-chat", "POST /base/chat/completions HTTP/1.1\r\n", "\r\nAuthorization: Bearer " LIVE_KEY "\r\n" },
        { "openai-responses", "POST /base/responses HTTP/1.1\r\n", "\r\nAuthorization: Bearer " LIVE_KEY "\r\n" },
        { "anthropic", "POST /base/v1/messages HTTP/1.1\r\n", "\r\nx-api-key: " LIVE_KEY "\r\n" },
        { "openrouter", "POST /base/chat/completions HTTP/1.1\r\n", "\r\nAuthorization: Bearer " LIVE_KEY "\r\n" },
    };
    for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
        const struct misbehave_step steps[] = { JSON_STEP(live_formats[i / 2].text_json) };
        struct live_setup setup;
        struct baton_reply reply;
        live_setup_open(&setup, cases[i / 2].codec);
        setup.options.model = BATON_STR("m-2");
        setup.options.output_tokens_max = 77;
        setup.key = i % 2 == 0 ? LIVE_KEY : NULL;
        live_setup_begin(&setup, steps, 1);
        cr_assert_eq(live_setup_ask(&setup, &reply, true), BATON_OK, "%s", setup.err.text);
        const char *bytes = misbehave_request(setup.server, 0)->bytes;
        cr_expect(strncmp(bytes, cases[i / 2].line, strlen(cases[i / 2].line)) == 0, "%.60s", bytes);
        cr_expect_eq(strstr(bytes, cases[i / 2].key_header) != NULL, i % 2 == 0, "%s", bytes);
        cr_expect_eq(strcasestr(bytes, "\r\nauthorization:") != NULL || strcasestr(bytes, "\r\nx-api-key:") != NULL,
                     i % 2 == 0, "%s", bytes);
        cr_expect(i / 2 != 2 || strstr(bytes, "\r\nanthropic-version: ") != NULL, "%s", bytes);
        cr_expect(strstr(bytes, "\"model\":\"m-2\"") != NULL && strstr(bytes, ":77") != NULL, "%s", bytes);
        live_setup_end(&setup);
        live_setup_close(&setup);
    }
}

/* ---- limits ---- */

Test(live, stops_at_limits_of_money_and_tokens)
{
    static const struct {
        uint64_t spend_max_pico, tokens_max;
        unsigned answers; /* that are had */
        const char *error;
    } cases[] = {
        { 46000000, 0, 1,
          "0.000046 USD have been spent, and the limit is 0.000046 USD; raise it to make further calls" },
        { 46000001, 0, 2,
          "0.000092 USD have been spent, and the limit is 0.000046 USD; raise it to make further calls" },
        { 0, 18, 1, "18 tokens have been used, and the limit is 18; raise it to make further calls" },
        { 0, 37, 3, "54 tokens have been used, and the limit is 37; raise it to make further calls" },
    };
    const struct misbehave_step steps[] = { JSON_STEP(live_formats[0].text_json) };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct live_setup setup;
        struct baton_reply reply;
        live_setup_open(&setup, "openai");
        setup.options.spend_max_pico = cases[i].spend_max_pico;
        setup.options.tokens_max = cases[i].tokens_max;
        live_setup_begin(&setup, steps, 1);
        for (unsigned k = 0; k < cases[i].answers; k++) {
            cr_expect_eq(live_setup_ask(&setup, &reply, true), BATON_OK, "case %zu: %s", i, setup.err.text);
        }
        cr_expect_eq(live_setup_ask(&setup, &reply, true), BATON_EINTERRUPTED, "case %zu", i);
        cr_expect_str_eq(setup.err.text, cases[i].error, "case %zu: %s", i, setup.err.text);
        cr_expect_eq(misbehave_request_count(setup.server), cases[i].answers);
        const struct baton_live_totals totals = baton_live_totals(setup.live);
        cr_expect(totals.calls == cases[i].answers + 1 && totals.attempts == cases[i].answers &&
                  totals.tokens == 18 * cases[i].answers && totals.spent_pico == 46000000 * cases[i].answers);
        live_setup_end(&setup);
        live_setup_close(&setup);
    }
}

Test(live, counts_what_no_service_counted)
{
    const struct misbehave_step steps[] = { JSON_STEP("{\"choices\":[{\"message\":{\"content\":\"eight by\"}}]}") };
    struct live_setup setup;
    struct baton_reply reply;
    live_setup_open(&setup, "openai");
    live_setup_begin(&setup, steps, 1);
    cr_assert_eq(live_setup_ask(&setup, &reply, true), BATON_OK, "%s", setup.err.text);
    const struct misbehave_request *request = misbehave_request(setup.server, 0);
    cr_expect_not(reply.usage.is_known, "the reply does not pretend");
    cr_expect_eq(baton_live_totals(setup.live).tokens, (request->length - request->head_length + 3) / 4 + 2);
    live_setup_end(&setup);
    live_setup_close(&setup);
}

Test(live, keeps_to_a_rate)
{
    const struct misbehave_step steps[] = { JSON_STEP(live_formats[0].text_json) };
    struct live_setup setup;
    struct baton_reply reply;
    live_setup_open(&setup, "openai");
    setup.options.requests_per_minute = 60;
    live_setup_begin(&setup, steps, 1);
    for (unsigned i = 0; i < 10; i++) {
        cr_assert_eq(live_setup_ask(&setup, &reply, true), BATON_OK, "%s", setup.err.text);
    }
    cr_expect(setup.clock.skipped_ns > 3000 * MS && setup.clock.skipped_ns <= 4100 * MS,
              "six at once, then one each second: %llu ns", (unsigned long long)setup.clock.skipped_ns);
    cr_expect(reply.ttft_ns == BATON_TIME_UNKNOWN, "an answer that came whole has no first text");
    live_setup_end(&setup);
    live_setup_close(&setup);
}

Test(live, the_total_time_is_over_all_attempts)
{
    static const struct misbehave_step steps[] = { { .head = "HTTP/1.1 429 Oh\r\nretry-after: 30\r\n", .body = "{}" } };
    struct live_setup setup;
    struct baton_reply reply;
    live_setup_open(&setup, "openai");
    setup.options.retry.retries_max = 9;
    live_setup_begin(&setup, steps, 1);
    cr_expect_eq(live_setup_ask(&setup, &reply, true), BATON_EPROVIDER);
    cr_expect_eq(misbehave_request_count(setup.server), 4, "three waits of 30 s fit into 100 s: %u",
                 misbehave_request_count(setup.server));
    live_setup_end(&setup);
    live_setup_close(&setup);
}

static volatile int interrupted;

static void interrupting_sleep(struct baton_clock *clock, uint64_t duration_ns)
{
    (void)clock;
    interrupted = duration_ns > 0;
}

Test(live, a_wait_for_another_attempt_can_be_interrupted)
{
    static const struct misbehave_step steps[] = { { .head = "HTTP/1.1 429 Oh\r\nretry-after: 30\r\n", .body = "{}" } };
    struct live_setup setup;
    struct baton_reply reply;
    live_setup_open(&setup, "openai");
    setup.clock.clock.sleep_ns = interrupting_sleep;
    setup.options.interrupted = &interrupted;
    live_setup_begin(&setup, steps, 1);
    cr_expect_eq(live_setup_ask(&setup, &reply, true), BATON_EINTERRUPTED);
    cr_expect_str_eq(setup.err.text, "interrupted while waiting to call 'openai-chat' again");
    cr_expect_eq(baton_live_caller_fault(setup.caller), BATON_FAULT_NONE);
    cr_expect_eq(misbehave_request_count(setup.server), 1);
    live_setup_end(&setup);
    live_setup_close(&setup);
}

/* The waits of a failing call; the same for the same seed and place in a conversation. */
static uint64_t jitter(uint64_t seed)
{
    static const struct misbehave_step steps[] = { { .head = "HTTP/1.1 500 Oh\r\n" } };
    struct live_setup setup;
    struct baton_reply reply;
    live_setup_open(&setup, "openai");
    setup.options.seed = seed;
    live_setup_begin(&setup, steps, 1);
    cr_expect_eq(live_setup_ask(&setup, &reply, true), BATON_EPROVIDER);
    const uint64_t waited_ns = setup.clock.skipped_ns;
    live_setup_end(&setup);
    live_setup_close(&setup);
    return waited_ns;
}

Test(live, jitter_is_drawn_from_the_seed)
{
    cr_expect_eq(jitter(1), jitter(1));
    cr_expect_neq(jitter(1), jitter(2));
}

/* ---- what a recorder sees ---- */

struct keeper {
    struct baton_traffic_sink sink;
    struct baton_text all;
    unsigned count;
    enum baton_status says;
};

static enum baton_status keeper_take(struct baton_traffic_sink *sink, const struct baton_traffic *traffic,
                                     struct baton_error *err)
{
    struct keeper *keeper = (struct keeper *)sink;
    struct baton_text *all = &keeper->all;
    keeper->count++;
    baton_text_printf(all, "%s %.*s %u %s\n", traffic->codec->name, (int)traffic->model.length, traffic->model.data,
                      traffic->status, traffic->is_stream ? "stream" : "whole");
    baton_text_printf(all, "asked turn %u: %.*s\n", traffic->asked->turn, (int)traffic->request.length,
                      traffic->request.data);
    for (size_t i = 0; i < traffic->headers.count; i++) {
        const struct baton_wire_header *header = &traffic->headers.items[i];
        baton_text_printf(all, "%.*s=%.*s\n", (int)header->name.length, header->name.data, (int)header->value.length,
                          header->value.data);
    }
    uint64_t before_ns = 0;
    for (size_t i = 0; i < traffic->event_count; i++) {
        const struct baton_traffic_event *event = &traffic->events[i];
        cr_expect(event->time_ns >= before_ns && event->time_ns <= traffic->total_ns);
        before_ns = event->time_ns;
        baton_text_printf(all, "event: %.*s\ndata: %.*s\n\n", (int)event->name.length, event->name.data,
                          (int)event->data.length, event->data.data);
    }
    baton_text_append(all, traffic->body.data, traffic->body.length);
    cr_expect(traffic->ttft_ns == BATON_TIME_UNKNOWN || (uint64_t)traffic->ttft_ns <= traffic->total_ns);
    return keeper->says == BATON_OK ? BATON_OK : baton_error_set(err, keeper->says, "the disk is full");
}

static struct keeper keeper_open(enum baton_status says)
{
    return (struct keeper){ .sink = { .take = keeper_take }, .all = baton_text_with_limit(TEXT_BYTES), .says = says };
}

Test(live, shows_what_is_used_before_it_is_used)
{
    for (size_t i = 0; i < LIVE_FORMATS * 2; i++) {
        const struct live_format *format = &live_formats[i / 2];
        const bool is_stream = i % 2 == 1;
        const struct misbehave_step steps[] = {
            { .head = "HTTP/1.1 500 Oh\r\nx-mark: early\r\n" },
            { .head = is_stream ? LIVE_SSE "x-mark: late\r\n" : LIVE_JSON "x-mark: late\r\n",
              .body = is_stream ? format->text_sse : format->text_json },
        };
        struct keeper keeper = keeper_open(BATON_OK);
        struct live_setup setup;
        struct baton_reply reply;
        live_setup_open(&setup, format->codec);
        setup.options.is_stream = is_stream;
        setup.options.sink = &keeper.sink;
        live_setup_begin(&setup, steps, 2);
        cr_assert_eq(live_setup_ask(&setup, &reply, true), BATON_OK, "%s", setup.err.text);
        cr_expect_eq(keeper.count, 1, "%s: the attempt that failed is not shown", format->codec);
        const char *all = keeper.all.data;
        cr_expect(strstr(all, is_stream ? " m 200 stream\n" : " m 200 whole\n") != NULL, "%s", all);
        cr_expect(strstr(all, live_setup_body(&setup, 1)) != NULL, "%s", all);
        cr_expect(strstr(all, "x-mark=late\n") != NULL && strstr(all, "x-mark=early\n") == NULL, "%s", all);
        const char *in_body =
            is_stream ? (i == 1 || i == 7 ? "data: [DONE]\n\n" : "data: {\"type\":\"") : format->text_json;
        cr_expect(strstr(all, in_body) != NULL, "%s", all);
        cr_expect(strstr(all, LIVE_KEY) == NULL, "%s", all);
        baton_text_clear(&keeper.all);
        live_setup_end(&setup);
        live_setup_close(&setup);
    }
}

Test(live, shows_refusals_of_the_request_and_no_others)
{
    static const struct {
        const char *head, *body;
        unsigned shown;
    } cases[] = {
        { "HTTP/1.1 400 Oh\r\n", REFUSAL("invalid_request_error"), 1 },
        { "HTTP/1.1 413 Oh\r\n", REFUSAL("request_too_large"), 1 },
        { LIVE_JSON, REFUSAL("invalid_request_error"), 1 },
        { LIVE_SSE, "event: error\ndata: " REFUSAL("invalid_request_error") "\n\n", 1 },
        { "HTTP/1.1 401 Oh\r\n", REFUSAL("authentication_error"), 0 },
        { "HTTP/1.1 402 Oh\r\n", REFUSAL("billing_error"), 0 },
        { "HTTP/1.1 404 Oh\r\n", REFUSAL("not_found_error"), 0 },
        { "HTTP/1.1 429 Oh\r\n", REFUSAL("rate_limit_error"), 0 },
        { "HTTP/1.1 529 Oh\r\n", REFUSAL("overloaded_error"), 0 },
        { LIVE_JSON, "{}", 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct misbehave_step steps[] = { { .head = cases[i].head, .body = cases[i].body } };
        struct keeper keeper = keeper_open(BATON_OK);
        struct live_setup setup;
        struct baton_reply reply;
        live_setup_open(&setup, "anthropic");
        setup.options.is_stream = true;
        setup.options.sink = &keeper.sink;
        live_setup_begin(&setup, steps, 1);
        cr_expect_eq(live_setup_ask(&setup, &reply, true), BATON_EPROVIDER, "case %zu", i);
        cr_expect(strstr(setup.err.text, "Bad REDACTED there.") != NULL || i == 9, "case %zu: %s", i, setup.err.text);
        cr_expect_eq(keeper.count, cases[i].shown, "case %zu", i);
        baton_text_clear(&keeper.all);
        live_setup_end(&setup);
        live_setup_close(&setup);
    }
}

Test(live, what_cannot_be_recorded_is_not_used)
{
    static const char *const bodies[] = { NULL, REFUSAL("invalid_request_error") };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        const struct misbehave_step steps[] = { JSON_STEP(bodies[i] == NULL ? live_formats[2].text_json : bodies[i]) };
        struct keeper keeper = keeper_open(BATON_EIO);
        struct live_setup setup;
        struct baton_reply reply;
        live_setup_open(&setup, "anthropic");
        setup.options.sink = &keeper.sink;
        live_setup_begin(&setup, steps, 1);
        cr_expect_eq(live_setup_ask(&setup, &reply, true), BATON_EIO);
        cr_expect_str_eq(setup.err.text, "the disk is full");
        baton_text_clear(&keeper.all);
        live_setup_end(&setup);
        live_setup_close(&setup);
    }
}

/* ---- keys ---- */

Test(live, hides_a_key_that_a_service_quotes)
{
    static const struct {
        const char *text, *key, *wanted;
    } cases[] = {
        { "bad key sk-0123456789abcdef.", "sk-0123456789abcdef", "bad key REDACTED." },
        { "sk-0123456789abcdef sk-0123456789abcdef", "sk-0123456789abcdef", "REDACTED REDACTED" },
        { "cut off: sk-0123456789", "sk-0123456789abcdef", "cut off: REDACTED" },
        { "sk-01234567***cdef", "sk-0123456789abcdef", "sk-01234567***cdef" },
        { "ssk-0123456789abcdef", "sk-0123456789abcdef", "sREDACTED" },
        { "key abcdefgh", "abcdefgh", "key REDACTED" },
        { "key abcdefg", "abcdefg", "key abcdefg" },
        { "a key", "a", "a key" },
        { "no key at all", NULL, "no key at all" },
    };
    char text[80];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        snprintf(text, sizeof text, "%s", cases[i].text);
        baton_hide_key(text, cases[i].key);
        cr_expect_str_eq(text, cases[i].wanted, "case %zu: %s", i, text);
    }
}

/* ---- threads ---- */

struct worker {
    pthread_t thread;
    struct baton_live *live;
    const struct baton_agents *agents;
    unsigned answered;
    struct baton_error err;
};

static void *work(void *user)
{
    static const bool enabled[] = { true };
    static const struct baton_message message = { .role = BATON_ROLE_USER, .has_content = true };
    struct worker *worker = user;
    struct baton_live_caller *caller = NULL;
    if (baton_live_caller_new(&caller, worker->live, &worker->err) != BATON_OK) {
        return NULL;
    }
    struct baton_arena *arena = baton_arena_new(TEXT_BYTES);
    for (unsigned i = 0; i < CALLS; i++) {
        struct baton_provider *provider = baton_live_caller_provider(caller);
        struct baton_reply reply = { .latency_ns = BATON_TIME_UNKNOWN };
        const struct baton_request request = { .agents = worker->agents,
                                               .agent = i % 2,
                                               .turn = i,
                                               .conversation_id = BATON_STR("c"),
                                               .messages = &message,
                                               .message_count = 1,
                                               .handoff_enabled = enabled,
                                               .arena = arena };
        worker->answered +=
            provider->call(provider, &request, &reply, &worker->err) == BATON_OK && baton_str_is(reply.text, LIVE_TEXT);
    }
    baton_arena_free(arena);
    baton_live_caller_free(caller);
    return NULL;
}

Test(live, serves_many_threads)
{
    const struct misbehave_step steps[] = { { .head = "HTTP/1.1 500 Oh\r\n", .times = 3 },
                                            SSE_STEP(live_formats[2].text_sse) };
    struct live_setup setup;
    struct worker workers[THREADS];
    live_setup_open(&setup, "anthropic");
    setup.options.is_stream = true;
    setup.options.requests_per_minute = 100000;
    setup.options.tokens_per_minute = 10000000;
    setup.options.retry.retries_max = 4;
    live_setup_begin(&setup, steps, 2);
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .live = setup.live, .agents = setup.agents };
        cr_assert_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        cr_expect_eq(workers[i].answered, CALLS, "%s", workers[i].err.text);
    }
    const struct baton_live_totals totals = baton_live_totals(setup.live);
    cr_expect(totals.calls == THREADS * CALLS && totals.attempts == THREADS * CALLS + 3 &&
              totals.tokens == THREADS * CALLS * 18);
    live_setup_end(&setup);
    live_setup_close(&setup);
}

/* ---- memory that ends ---- */

Test(live, survives_each_failing_allocation)
{
    struct live_setup setup;
    live_setup_open(&setup, "anthropic");
    uint64_t n = 1;
    for (enum baton_status status = BATON_ENOMEM; status != BATON_OK; n++) {
        struct baton_live *live = NULL;
        struct baton_live_caller *caller = NULL;
        cr_assert_lt(n, 1000);
        baton_arena_fail_after(n);
        status = baton_live_new(&live, &setup.options, &setup.err);
        status = status == BATON_OK ? baton_live_caller_new(&caller, live, &setup.err) : status;
        baton_arena_fail_after(0);
        cr_assert(status == BATON_OK || status == BATON_ENOMEM || status == BATON_ELIMIT, "%s", setup.err.text);
        cr_expect_eq(live == NULL, status != BATON_OK && caller == NULL && live == NULL);
        baton_live_caller_free(caller);
        baton_live_free(live);
    }
    cr_expect_gt(n, 8);
    live_setup_close(&setup);
}

Test(live, a_call_survives_each_failing_allocation)
{
    const struct misbehave_step steps[] = { { .head = LIVE_SSE, .body = live_formats[2].hand_sse } };
    struct keeper keeper = keeper_open(BATON_OK);
    struct live_setup setup;
    struct baton_reply reply;
    live_setup_open(&setup, "anthropic");
    setup.options.is_stream = true;
    setup.options.sink = &keeper.sink;
    live_setup_begin(&setup, steps, 1);
    uint64_t n = 1;
    for (enum baton_status status = BATON_ENOMEM; status != BATON_OK; n++) {
        cr_assert_lt(n, 1000);
        baton_live_caller_free(setup.caller);
        cr_assert_eq(baton_live_caller_new(&setup.caller, setup.live, &setup.err), BATON_OK);
        baton_arena_fail_after(n);
        status = live_setup_ask(&setup, &reply, false);
        baton_arena_fail_after(0);
        cr_assert(status == BATON_OK || status == BATON_ENOMEM || status == BATON_ELIMIT, "%d: %s", (int)n,
                  setup.err.text);
    }
    cr_expect_gt(n, 20);
    baton_text_clear(&keeper.all);
    live_setup_end(&setup);
    live_setup_close(&setup);
}
