/* The run loop with a provider that goes through the wire formats, as a live one does, but for the wire. */
#include "engine/base/json_writer.h"
#include "engine/core/run.h"
#include "engine/tests/script.h"
#include "engine/tests/wire.h"
#include "engine/wire/encoder.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ANSWERS_MAX = 4 };

struct live {
    struct baton_provider provider;
    struct wire *wire;
    const char *answers[ANSWERS_MAX]; /* bodies, or streams where they begin with `event:` or `data:` */
    const char *requests[ANSWERS_MAX];
    uint32_t count;
};

static bool is_stream(const char *answer)
{
    return answer[0] != '{';
}

static enum baton_status call(struct baton_provider *provider, const struct baton_request *request,
                              struct baton_reply *reply, struct baton_error *err)
{
    struct live *live = (struct live *)provider;
    struct wire *wire = live->wire;
    cr_assert_lt(live->count, ANSWERS_MAX);
    const char *answer = live->answers[live->count];
    struct baton_encode_options options = { .is_stream = is_stream(answer) };
    struct baton_text body = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    enum baton_status status = baton_encode(&body, wire->codec, request, &options, err);
    cr_assert_eq(status, BATON_OK);
    live->requests[live->count++] = baton_arena_copy(wire->arena, body.data, body.length);
    baton_text_clear(&body);
    baton_decoder_begin(wire->decoder, wire->codec, request);
    if (!is_stream(answer)) {
        return baton_decoder_body(wire->decoder, 200, baton_str_of(answer), reply, err);
    }
    status = baton_decoder_bytes(wire->decoder, baton_str_of(answer), err);
    return status == BATON_OK ? baton_decoder_end(wire->decoder, reply, err) : status;
}

static void on_event(void *user, const struct baton_event *event)
{
    struct wire *wire = user;
    if (event->type == BATON_EVENT_TEXT_DELTA) {
        baton_text_append(&wire->streamed, event->text.data, event->text.length);
        baton_text_putc(&wire->streamed, '|');
    }
}

static struct baton_exchange *play(struct live *live, const struct baton_agents *agents)
{
    struct wire *wire = live->wire;
    struct script_clock clock;
    script_clock_init(&clock);
    live->provider.call = call;
    live->count = 0;
    baton_text_reset(&wire->streamed);
    struct baton_loop_mark *list = baton_arena_array(wire->arena, agents->count, sizeof *list);
    struct baton_loop_marks marks;
    baton_loop_marks_init(&marks, list, agents->count);
    struct baton_run_options options = { .agents = agents,
                                         .provider = &live->provider,
                                         .clock = &clock.clock,
                                         .limits = agents->limits,
                                         .marks = &marks,
                                         .entry = agents->entry,
                                         .events = { .on_event = on_event, .user = wire } };
    struct baton_run *run;
    struct baton_exchange *exchange;
    struct baton_error err;
    cr_assert_eq(baton_run_new(&run, wire->arena, &options, &err), BATON_OK);
    cr_assert_eq(baton_run_exchange(run, BATON_STR("my card"), false, &exchange, &err), BATON_OK);
    return exchange;
}

static const char *talk(struct wire *wire, const char *body)
{
    struct wire_request read;
    wire_read(wire, body, &read);
    return wire_talk(wire, read.messages, read.count);
}

/* ---- a handoff in every format, whole and streamed ---- */

#define CHUNK(members) "data: {\"choices\":[{\"index\":0," members "}]}\n\n"
#define CHAT_CALL \
    "\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"transfer_to_billing\",\"arguments\":\"{}\"}}]"
#define ITEM "{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"transfer_to_billing\",\"arguments\":\"{}\"}"
#define DONE(output) "data: {\"type\":\"response.completed\",\"response\":{\"output\":[" output "]}}\n\n"
#define SAID "{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"Hi.\"}]}"
#define USE "{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"transfer_to_billing\",\"input\":{}}"
#define START "data: {\"type\":\"message_start\",\"message\":{}}\n\n"
#define BLOCK(block) "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":" block "}\n\n"
#define PIECE(text) \
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"" text "\"}}\n\n"
#define STOP "data: {\"type\":\"message_stop\"}\n\n"

static const struct row {
    const char *codec, *first, *second, *streamed;
} rows[] = {
    { "openai-chat", "{\"choices\":[{\"message\":{\"content\":null," CHAT_CALL "}}]}",
      "{\"choices\":[{\"message\":{\"content\":\"Hi.\"}}]}", "Hi.|" },
    { "openrouter", CHUNK("\"delta\":{" CHAT_CALL "},\"finish_reason\":\"tool_calls\""),
      CHUNK("\"delta\":{\"content\":\"H\"}") CHUNK("\"delta\":{\"content\":\"i.\"},\"finish_reason\":\"stop\""),
      "H|i.|" },
    { "openai-responses", "{\"output\":[" ITEM "]}", "{\"output\":[" SAID "]}", "Hi.|" },
    { "openai-responses", DONE(ITEM),
      "data: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi.\"}\n\n" DONE(SAID), "Hi.|" },
    { "anthropic", "{\"content\":[" USE "]}", "{\"content\":[{\"type\":\"text\",\"text\":\"Hi.\"}]}", "Hi.|" },
    { "anthropic", START BLOCK(USE) STOP, START BLOCK("{\"type\":\"text\",\"text\":\"\"}") PIECE("H") PIECE("i.") STOP,
      "H|i.|" },
};

Test(wire_run, hands_over_in_every_format)
{
    struct wire wire;
    wire_open(&wire);
    const struct baton_agents *agents = wire_agents(&wire, "");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct live live = { .wire = &wire, .answers = { rows[i].first, rows[i].second } };
        wire.codec = baton_codec_find(baton_str_of(rows[i].codec));
        struct baton_exchange *exchange = play(&live, agents);
        cr_expect_eq(exchange->status, BATON_RUN_ANSWERED, "row %zu: %.*s", i, (int)exchange->text.length,
                     exchange->text.data);
        cr_expect(baton_str_is(agents->list[exchange->final].name, "billing") && exchange->turn_count == 2, "row %zu",
                  i);
        cr_expect_str_eq(talk(&wire, live.requests[1]),
                         "user:my card assistant:+transfer_to_billing({})#c result#c:{\"assistant\":\"billing\"}",
                         "row %zu", i);
        cr_expect_not_null(strstr(live.requests[1], "You are billing."), "row %zu", i);
        cr_expect_str_eq(wire.streamed.data, rows[i].streamed, "row %zu", i);
    }
    wire_close(&wire);
}

/* ---- what is sent back, and what is not ---- */

#define THINKING "{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"s=\"}"
#define USE_TECH "{\"type\":\"tool_use\",\"id\":\"d\",\"name\":\"transfer_to_tech\",\"input\":{}}"
#define SAYS(text) "{\"type\":\"text\",\"text\":\"" text "\"}"

/* The same agents, with the rules and the history that a test wants. */
static const struct baton_agents *changed(struct wire *wire, struct baton_profile *profile,
                                          enum baton_history_kind history)
{
    const struct baton_agents *from = wire_agents(wire, "");
    struct baton_agents *agents = baton_arena_alloc(wire->arena, sizeof *agents);
    struct baton_agent *list = baton_arena_array(wire->arena, from->count, sizeof *list);
    memcpy(list, from->list, from->count * sizeof *list);
    struct baton_handoff *handoffs = baton_arena_array(wire->arena, list[0].handoff_count, sizeof *handoffs);
    memcpy(handoffs, list[0].handoffs, list[0].handoff_count * sizeof *handoffs);
    handoffs[0].history = history;
    list[0].handoffs = handoffs;
    *agents = *from;
    agents->list = list;
    agents->profile = profile;
    return agents;
}

Test(wire_run, sends_back_thinking_with_the_calls_that_count)
{
    static const struct {
        const char *name;
        enum baton_ignored ignored;
        enum baton_history_kind history;
        const char *wanted; /* in the second request */
    } cases[] = {
        { "all calls are answered", BATON_IGNORED_ANSWER, BATON_HISTORY_FULL,
          "{\"role\":\"assistant\",\"content\":[" THINKING "," SAYS("Wait.") "," USE "," USE_TECH
                                                                             "]},{\"role\":\"user\"" },
        { "one is dropped, and the thinking about it", BATON_IGNORED_DROP, BATON_HISTORY_FULL,
          "{\"role\":\"assistant\",\"content\":[" SAYS("Wait.") "," USE "]},{\"role\":\"user\"" },
        { "the target sees no calls", BATON_IGNORED_ANSWER, BATON_HISTORY_NO_TOOLS,
          "{\"role\":\"assistant\",\"content\":[" SAYS("Wait.") "]}]" },
    };
    struct wire wire;
    wire_open(&wire);
    wire.codec = baton_codec_find(BATON_STR("anthropic"));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct baton_profile profile = *baton_profile_default();
        profile.multi_ignored = cases[i].ignored;
        struct live live = { .wire = &wire,
                             .answers = { "{\"content\":[" THINKING "," SAYS("Wait.") "," USE "," USE_TECH "]}",
                                          "{\"content\":[" SAYS("Hi.") "]}" } };
        struct baton_exchange *exchange = play(&live, changed(&wire, &profile, cases[i].history));
        cr_assert_eq(exchange->status, BATON_RUN_ANSWERED, "%s", cases[i].name);
        cr_expect_not_null(strstr(live.requests[1], cases[i].wanted), "%s: %s", cases[i].name, live.requests[1]);
    }
    wire_close(&wire);
}

Test(wire_run, a_failed_answer_ends_the_exchange_with_its_words)
{
    struct wire wire;
    wire_open(&wire);
    wire.codec = baton_codec_find(BATON_STR("anthropic"));
    struct live live = { .wire = &wire, .answers = { START PIECE("x") } };
    struct baton_exchange *exchange = play(&live, wire_agents(&wire, ""));
    cr_expect_eq(exchange->status, BATON_RUN_ERROR);
    cr_expect(baton_str_is(exchange->text, "anthropic: event 2 goes on with block 0, which never began"), "%.*s",
              (int)exchange->text.length, exchange->text.data);
    live.answers[0] = START BLOCK(SAYS("Half an"));
    exchange = play(&live, wire_agents(&wire, ""));
    cr_expect_eq(exchange->status, BATON_RUN_ERROR, "half an answer is none");
    wire_close(&wire);
}
