/* The answers of the four formats, once, and a live provider around them.
 *
 * The same words in each format, so that a test says what happens and not in which dialect. The clock skips what is slept: a
 * retry that waits for a minute takes none, and still shows how long it would have waited. */
#include "engine/tests/live_setup.h"

#include "engine/base/yaml.h"
#include "engine/tests/trees.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { STREAMED_BYTES_MAX = 1024 * 1024 };

#define CHUNK(members) "data: {\"choices\":[{\"index\":0," members "}]}\n\n"
#define CHAT_USAGE "\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7,\"total_tokens\":18}"
#define CHAT_CALL                                                                                                     \
    "\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"transfer_to_billing\"," \
    "\"arguments\":\"{\\\"reason\\\":\\\"r\\\"}\"}}]"
#define CHAT_BEGIN CHUNK("\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null")
#define CHAT_HALF CHAT_BEGIN CHUNK("\"delta\":{\"content\":\"H\xc3\xa9\"}")
#define CHAT_TEXT                                       \
    CHAT_HALF CHUNK("\"delta\":{\"content\":\"llo.\"}") \
        CHUNK("\"delta\":{},\"finish_reason\":\"stop\"") "data: {\"choices\":[]," CHAT_USAGE "}\n\ndata: [DONE]\n\n"
#define CHAT_HAND                                                                                  \
    CHAT_BEGIN CHUNK("\"delta\":{\"content\":\"Wait.\"}") CHUNK("\"delta\":{" CHAT_CALL "}")       \
        CHUNK("\"delta\":{},\"finish_reason\":\"tool_calls\"") "data: {\"choices\":[]," CHAT_USAGE \
                                                               "}\n\ndata: [DONE]\n\n"
#define CHAT_TEXT_JSON                                                                                                 \
    "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" LIVE_TEXT "\"},\"finish_reason\":" \
    "\"stop\"}]," CHAT_USAGE "}"
#define CHAT_HAND_JSON                                                                                     \
    "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Wait.\"," CHAT_CALL "}," \
    "\"finish_reason\":\"tool_calls\"}]," CHAT_USAGE "}"
#define CHAT_ERROR \
    "data: {\"error\":{\"message\":\"Too busy.\",\"type\":\"overloaded_error\",\"param\":null,\"code\":null}}\n\n"

#define EVENT(type, members) "event: " type "\ndata: {\"type\":\"" type "\"" members "}\n\n"
#define SAID(text) \
    "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"" text "\"}]}"
#define CALLED                                                                                                   \
    "{\"type\":\"function_call\",\"id\":\"f\",\"call_id\":\"c\",\"name\":\"transfer_to_billing\",\"arguments\":" \
    "\"{\\\"reason\\\":\\\"r\\\"}\"}"
#define USED "\"usage\":{\"input_tokens\":11,\"output_tokens\":7,\"total_tokens\":18}"
#define RESPONSE(output) \
    "{\"id\":\"r\",\"object\":\"response\",\"status\":\"completed\",\"output\":[" output "]," USED "}"
#define RESPONSES_BEGIN EVENT("response.created", ",\"response\":{\"id\":\"r\"}")
#define RESPONSES_HALF \
    RESPONSES_BEGIN EVENT("response.output_text.delta", ",\"output_index\":0,\"delta\":\"H\xc3\xa9\"")
#define RESPONSES_TEXT                                                                           \
    RESPONSES_HALF EVENT("response.output_text.delta", ",\"output_index\":0,\"delta\":\"llo.\"") \
        EVENT("response.completed", ",\"response\":" RESPONSE(SAID(LIVE_TEXT)))
#define RESPONSES_HAND                                                                             \
    RESPONSES_BEGIN EVENT("response.output_text.delta", ",\"output_index\":0,\"delta\":\"Wait.\"") \
        EVENT("response.completed", ",\"response\":" RESPONSE(SAID("Wait.") "," CALLED))
#define RESPONSES_ERROR EVENT("error", ",\"code\":\"server_is_overloaded\",\"message\":\"Too busy.\",\"param\":null")

#define MESSAGE_BEGIN                                                                                               \
    EVENT("message_start", ",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[]," \
                           "\"usage\":{\"input_tokens\":11,\"output_tokens\":1}}")                                  \
    EVENT("ping", "")
#define BLOCK(index, block) EVENT("content_block_start", ",\"index\":" index ",\"content_block\":" block)
#define PIECE(text) \
    EVENT("content_block_delta", ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"" text "\"}")
#define BLOCK_END(index) EVENT("content_block_stop", ",\"index\":" index)
#define MESSAGE_END(reason)                                                                               \
    EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"" reason "\"},\"usage\":{\"output_tokens\":7}") \
    EVENT("message_stop", "")
#define ANTHROPIC_HALF MESSAGE_BEGIN BLOCK("0", "{\"type\":\"text\",\"text\":\"\"}") PIECE("H\xc3\xa9")
#define ANTHROPIC_TEXT ANTHROPIC_HALF PIECE("llo.") BLOCK_END("0") MESSAGE_END("end_turn")
#define ANTHROPIC_HAND                                                                                             \
    MESSAGE_BEGIN BLOCK("0", "{\"type\":\"text\",\"text\":\"\"}") PIECE("Wait.") BLOCK_END("0")                    \
        BLOCK("1", "{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"transfer_to_billing\",\"input\":{}}")           \
            EVENT("content_block_delta", ",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":" \
                                         "\"{\\\"reason\\\":\\\"r\\\"}\"}") BLOCK_END("1") MESSAGE_END("tool_use")
#define ANTHROPIC_JSON(content, reason)                                                                             \
    "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[" content "],\"stop_reason\":\"" reason \
    "\",\"usage\":{\"input_tokens\":11,\"output_tokens\":7}}"
#define ANTHROPIC_ERROR EVENT("error", ",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Too busy.\"}")

const struct live_format live_formats[LIVE_FORMATS] = {
    { "openai-chat", CHAT_TEXT_JSON, CHAT_TEXT, CHAT_HAND_JSON, CHAT_HAND, CHAT_HALF, CHAT_ERROR },
    { "openai-responses", RESPONSE(SAID(LIVE_TEXT)), RESPONSES_TEXT, RESPONSE(SAID("Wait.") "," CALLED), RESPONSES_HAND,
      RESPONSES_HALF, RESPONSES_ERROR },
    { "anthropic", ANTHROPIC_JSON("{\"type\":\"text\",\"text\":\"" LIVE_TEXT "\"}", "end_turn"), ANTHROPIC_TEXT,
      ANTHROPIC_JSON("{\"type\":\"text\",\"text\":\"Wait.\"},{\"type\":\"tool_use\",\"id\":\"c\",\"name\":"
                     "\"transfer_to_billing\",\"input\":{\"reason\":\"r\"}}",
                     "tool_use"),
      ANTHROPIC_HAND, ANTHROPIC_HALF, ANTHROPIC_ERROR },
    { "openrouter", CHAT_TEXT_JSON, ": OPENROUTER PROCESSING\n\n" CHAT_TEXT, CHAT_HAND_JSON,
      ": OPENROUTER PROCESSING\n\n" CHAT_HAND, CHAT_HALF, CHAT_ERROR },
};

static const char agents_text[] =
    "version: 1\n"
    "entry: triage\n"
    "defaults: { provider: anthropic, model: m }\n"
    "agents:\n"
    "  triage: { description: First contact., instructions: You are triage., handoffs: [billing], tools: [lookup] }\n"
    "  billing: { description: Handles payments., instructions: You are billing., tools: [refund] }\n"
    "tools:\n"
    "  lookup: { description: Looks up., result: found }\n"
    "  refund: { description: Pays back., result: paid }\n"
    "prices: { m: { in: 1, cached: 0.1, cache_write: 1.25, out: 5 } }\n";

struct baton_agents *live_agents(struct baton_arena *arena)
{
    static const struct baton_source source = { .name = "agents.yaml", .text = BATON_STR_INIT(agents_text) };
    struct baton_agents *agents = NULL;
    struct baton_error err;
    const struct baton_json *root = NULL;
    enum baton_status status = baton_yaml_parse(&root, arena, &source, &err);
    if (status == BATON_OK) {
        status = baton_agents_parse(&agents, arena, &source, root, NULL, &err);
    }
    cr_assert_eq(status, BATON_OK, "%s", err.text);
    return agents;
}

static uint64_t skipping_now(struct baton_clock *clock)
{
    struct skipping_clock *skipping = (struct skipping_clock *)clock;
    return baton_clock_system()->now_ns(baton_clock_system()) + skipping->skipped_ns;
}

static void skipping_sleep(struct baton_clock *clock, uint64_t duration_ns)
{
    ((struct skipping_clock *)clock)->skipped_ns += duration_ns;
}

static const char *setting(void *user, const char *name)
{
    const struct live_setup *setup = user;
    return strstr(name, "_BASE_URL") != NULL ? setup->base_url : strstr(name, "_API_KEY") != NULL ? setup->key : NULL;
}

void live_setup_open(struct live_setup *setup, const char *codec)
{
    *setup = (struct live_setup){ .arena = tree_arena(),
                                  .clock = { .clock = { .now_ns = skipping_now, .sleep_ns = skipping_sleep } },
                                  .base_url = "http://localhost/base/",
                                  .key = LIVE_KEY,
                                  .streamed = baton_text_with_limit(STREAMED_BYTES_MAX) };
    setup->agents = live_agents(setup->arena);
    setup->options = baton_live_options_default(setup->agents);
    setup->options.provider = baton_str_of(codec);
    setup->options.clock = &setup->clock.clock;
    setup->options.timeout_ns = 100000 * MS;
    setup->options.setting = setting;
    setup->options.user = setup;
}

void live_setup_begin(struct live_setup *setup, const struct misbehave_step *steps, size_t count)
{
    setup->server = misbehave_start(steps, count);
    setup->options.unix_socket = misbehave_socket(setup->server);
    cr_assert_eq(baton_live_new(&setup->live, &setup->options, &setup->err), BATON_OK, "%s", setup->err.text);
    cr_assert_eq(baton_live_caller_new(&setup->caller, setup->live, &setup->err), BATON_OK, "%s", setup->err.text);
}

void live_setup_end(struct live_setup *setup)
{
    baton_live_caller_free(setup->caller);
    baton_live_free(setup->live);
    misbehave_stop(setup->server);
}

void live_setup_close(struct live_setup *setup)
{
    baton_text_clear(&setup->streamed);
    baton_arena_free(setup->arena);
}

static void on_text(void *user, struct baton_str delta)
{
    struct live_setup *setup = user;
    baton_text_append(&setup->streamed, delta.data, delta.length);
    baton_text_putc(&setup->streamed, '|');
}

enum baton_status live_setup_ask(struct live_setup *setup, struct baton_reply *reply, bool listens)
{
    static const bool enabled[] = { true };
    static const struct baton_message message = { .role = BATON_ROLE_USER,
                                                  .has_content = true,
                                                  .content = BATON_STR_INIT("hi") };
    const struct baton_request request = { .agents = setup->agents,
                                           .agent = setup->agents->entry,
                                           .conversation_id = BATON_STR("c-1"),
                                           .messages = &message,
                                           .message_count = 1,
                                           .handoff_enabled = enabled,
                                           .arena = setup->arena,
                                           .on_text = listens ? on_text : NULL,
                                           .user = setup };
    struct baton_provider *provider = baton_live_caller_provider(setup->caller);
    *reply = (struct baton_reply){ .latency_ns = BATON_TIME_UNKNOWN, .ttft_ns = BATON_TIME_UNKNOWN };
    setup->err.text[0] = '\0';
    baton_text_reset(&setup->streamed);
    enum baton_status status = provider->call(provider, &request, reply, &setup->err);
    cr_expect(strstr(setup->err.text, LIVE_KEY) == NULL, "the key stands in '%s'", setup->err.text);
    return status;
}

struct baton_exchange *live_setup_play(struct live_setup *setup, struct baton_provider *provider,
                                       struct baton_event_sink events)
{
    struct baton_loop_marks marks;
    baton_loop_marks_init(&marks, baton_arena_array(setup->arena, setup->agents->count, sizeof(struct baton_loop_mark)),
                          setup->agents->count);
    const struct baton_run_options options = { .agents = setup->agents,
                                               .provider = provider,
                                               .clock = setup->options.clock,
                                               .limits = setup->agents->limits,
                                               .marks = &marks,
                                               .conversation_id = BATON_STR("c-1"),
                                               .entry = setup->agents->entry,
                                               .events = events };
    struct baton_run *run = NULL;
    struct baton_exchange *exchange = NULL;
    cr_assert_eq(baton_run_new(&run, setup->arena, &options, &setup->err), BATON_OK);
    cr_assert_eq(baton_run_exchange(run, BATON_STR("my card"), false, &exchange, &setup->err), BATON_OK, "%s",
                 setup->err.text);
    return exchange;
}

const char *live_setup_body(const struct live_setup *setup, unsigned index)
{
    const struct misbehave_request *request = misbehave_request(setup->server, index);
    return request->bytes + request->head_length;
}
