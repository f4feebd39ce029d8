/* What goes out: the bytes of requests, what real clients send in the same place, and what comes of it when it is read. */
#include "engine/base/prng.h"
#include "engine/tests/trees.h"
#include "engine/tests/wire.h"
#include "engine/wire/encoder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define TEXT(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }
#define CALLS(...)             \
    (struct baton_tool_call[]) \
    {                          \
        __VA_ARGS__            \
    }
#define CALL(id_, name_, arguments_)                                        \
    {                                                                       \
        .id = TEXT(id_), .name = TEXT(name_), .arguments = TEXT(arguments_) \
    }
#define USER(text)                                                          \
    {                                                                       \
        .role = BATON_ROLE_USER, .has_content = true, .content = TEXT(text) \
    }
#define SAYS(text)                                                               \
    {                                                                            \
        .role = BATON_ROLE_ASSISTANT, .has_content = true, .content = TEXT(text) \
    }
#define DOES(text, count, ...)                                                                                 \
    {                                                                                                          \
        .role = BATON_ROLE_ASSISTANT, .has_content = true, .content = TEXT(text), .calls = CALLS(__VA_ARGS__), \
        .call_count = (count)                                                                                  \
    }
#define RESULT(id, text)                                                                              \
    {                                                                                                 \
        .role = BATON_ROLE_TOOL, .has_content = true, .content = TEXT(text), .tool_call_id = TEXT(id) \
    }

static void use(struct wire *wire, const char *codec)
{
    wire->codec = baton_codec_find(baton_str_of(codec));
    cr_assert_not_null(wire->codec);
}

/* ---- bytes ---- */

#define TRIAGE_CHAT                                                                                                       \
    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"lookup_account\",\"description\":\"Look up an account\"," \
    "\"parameters\":{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\"}},\"required\":[\"id\"]}}},"         \
    "{\"type\":\"function\",\"function\":{\"name\":\"quick\",\"parameters\":{\"type\":\"object\",\"properties\":{}}}},"   \
    "{\"type\":\"function\",\"function\":{\"name\":\"boom\",\"parameters\":{\"type\":\"object\",\"properties\":"          \
    "{\"loud\":{\"type\":\"boolean\"}}}}},"                                                                               \
    "{\"type\":\"function\",\"function\":{\"name\":\"transfer_to_billing\",\"description\":\"Hand off to billing: "       \
    "Handles payments.\",\"parameters\":{\"type\":\"object\",\"properties\":{\"reason\":{\"type\":\"string\"}},"          \
    "\"additionalProperties\":false}}},"                                                                                  \
    "{\"type\":\"function\",\"function\":{\"name\":\"transfer_to_tech\",\"description\":\"Hand off to tech: \","          \
    "\"parameters\":{\"type\":\"object\",\"properties\":{\"reason\":{\"type\":\"string\"}},\"additionalProperties\":"     \
    "false}}}]"

Test(wire_encode, writes_the_first_request_of_the_fixed_setup)
{
    struct wire wire;
    wire_open(&wire);
    const struct baton_message messages[] = { USER("I need \"help\"\n\xe2\x80\xa6") };
    struct wire_ask ask = { .agents = wire_agents(&wire, ""), .messages = messages, .message_count = 1 };
    cr_expect_str_eq(wire_ask(&wire, &ask),
                     "{\"model\":\"m-triage\",\"messages\":[{\"role\":\"system\",\"content\":\"You are triage.\"},"
                     "{\"role\":\"user\",\"content\":\"I need \\\"help\\\"\\n\xe2\x80\xa6\"}]," TRIAGE_CHAT "}",
                     "%s", wire_ask(&wire, &ask));
    ask.options.is_stream = true;
    ask.options.output_tokens_max = 100;
    ask.options.model = BATON_STR("other");
    ask.disables_handoffs = true;
    ask.agent = "tech";
    ask.extra = "The user is on the pro plan.";
    cr_expect_str_eq(
        wire_ask(&wire, &ask),
        "{\"model\":\"other\",\"messages\":[{\"role\":\"system\",\"content\":\"You are tech.\\n\\nThe user is on the "
        "pro plan.\"},{\"role\":\"user\",\"content\":\"I need \\\"help\\\"\\n\xe2\x80\xa6\"}],\"tools\":[{\"type\":"
        "\"function\",\"function\":{\"name\":\"ask_billing\",\"description\":\"Asks billing.\",\"parameters\":"
        "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"]}}}],"
        "\"max_completion_tokens\":100,\"stream\":true,\"stream_options\":"
        "{\"include_usage\":true}}",
        "%s", wire_ask(&wire, &ask));
    wire_close(&wire);
}

/* A call, its result, an answer and a new question; the agent is billing. */
static const struct baton_message history[] = {
    USER("card"),
    DOES("", 2, CALL("call_1", "lookup_account", "{\"id\": \"7\"}"), CALL("call_2", "transfer_to_billing", "")),
    RESULT("call_1", "account 7: pro"),
    RESULT("call_2", "{\"assistant\":\"billing\"}"),
    SAYS("Which card?"),
    USER("This one."),
};

#define REFUND_SCHEMA \
    "{\"type\":\"object\",\"properties\":{\"amount\":{\"type\":\"number\"}},\"required\":[\"amount\"]}"

Test(wire_encode, writes_a_history_in_each_format)
{
    static const struct {
        const char *codec, *wanted;
    } rows[] = {
        { "openai-chat",
          "{\"model\":\"m-billing\",\"messages\":[{\"role\":\"system\",\"content\":\"You are billing.\"},{\"role\":\"user\","
          "\"content\":\"card\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\","
          "\"function\":{\"name\":\"lookup_account\",\"arguments\":\"{\\\"id\\\": \\\"7\\\"}\"}},{\"id\":\"call_2\",\"type\":"
          "\"function\",\"function\":{\"name\":\"transfer_to_billing\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\","
          "\"tool_call_id\":\"call_1\",\"content\":\"account 7: pro\"},{\"role\":\"tool\",\"tool_call_id\":\"call_2\",\"content\":"
          "\"{\\\"assistant\\\":\\\"billing\\\"}\"},{\"role\":\"assistant\",\"content\":\"Which card?\"},{\"role\":\"user\","
          "\"content\":\"This one.\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"refund\",\"parameters\":" REFUND_SCHEMA
          "}}]}" },
        { "openrouter",
          "{\"model\":\"m-billing\",\"messages\":[{\"role\":\"system\",\"content\":\"You are billing.\"},{\"role\":\"user\","
          "\"content\":\"card\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\","
          "\"function\":{\"name\":\"lookup_account\",\"arguments\":\"{\\\"id\\\": \\\"7\\\"}\"}},{\"id\":\"call_2\",\"type\":"
          "\"function\",\"function\":{\"name\":\"transfer_to_billing\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\","
          "\"tool_call_id\":\"call_1\",\"content\":\"account 7: pro\"},{\"role\":\"tool\",\"tool_call_id\":\"call_2\",\"content\":"
          "\"{\\\"assistant\\\":\\\"billing\\\"}\"},{\"role\":\"assistant\",\"content\":\"Which card?\"},{\"role\":\"user\","
          "\"content\":\"This one.\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"refund\",\"parameters\":" REFUND_SCHEMA
          "}}],\"usage\":{\"include\":true}}" },
        { "openai-responses",
          "{\"model\":\"m-billing\",\"instructions\":\"You are billing.\",\"input\":[{\"type\":\"message\",\"role\":\"user\","
          "\"content\":\"card\"},{\"type\":\"function_call\",\"call_id\":\"call_1\",\"name\":\"lookup_account\",\"arguments\":"
          "\"{\\\"id\\\": \\\"7\\\"}\"},{\"type\":\"function_call\",\"call_id\":\"call_2\",\"name\":\"transfer_to_billing\","
          "\"arguments\":\"{}\"},{\"type\":\"function_call_output\",\"call_id\":\"call_1\",\"output\":\"account 7: pro\"},{\"type\":"
          "\"function_call_output\",\"call_id\":\"call_2\",\"output\":\"{\\\"assistant\\\":\\\"billing\\\"}\"},{\"type\":\"message\","
          "\"role\":\"assistant\",\"content\":\"Which card?\"},{\"type\":\"message\",\"role\":\"user\",\"content\":\"This one.\"}],"
          "\"tools\":[{\"type\":\"function\",\"name\":\"refund\",\"parameters\":" REFUND_SCHEMA
          ",\"strict\":false}]}" },
        { "anthropic",
          "{\"model\":\"m-billing\",\"max_tokens\":4096,\"system\":\"You are billing.\",\"messages\":[{\"role\":\"user\",\"content\":"
          "[{\"type\":\"text\",\"text\":\"card\"}]},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"call_1\","
          "\"name\":\"lookup_account\",\"input\":{\"id\": \"7\"}},{\"type\":\"tool_use\",\"id\":\"call_2\",\"name\":"
          "\"transfer_to_billing\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
          "\"call_1\",\"content\":\"account 7: pro\"},{\"type\":\"tool_result\",\"tool_use_id\":\"call_2\",\"content\":"
          "\"{\\\"assistant\\\":\\\"billing\\\"}\"}]},{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Which card?\"}"
          "]},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"This one.\"}]}],\"tools\":[{\"name\":\"refund\","
          "\"input_schema\":" REFUND_SCHEMA "}]}" },
    };
    struct wire wire;
    wire_open(&wire);
    struct wire_ask ask = {
        .agents = wire_agents(&wire, ""), .agent = "billing", .messages = history, .message_count = COUNT_OF(history)
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        use(&wire, rows[i].codec);
        cr_expect_str_eq(wire_ask(&wire, &ask), rows[i].wanted, "%s: %s", rows[i].codec, wire_ask(&wire, &ask));
    }
    wire_close(&wire);
}

/* What stands in the body from the choice on. */
static const char *after_tools(const char *body)
{
    const char *end = strrchr(body, ']');
    return end == NULL ? body : end + 1;
}

Test(wire_encode, writes_choices_and_streams)
{
    static const struct {
        const char *codec, *more, *tool_choice;
        bool is_stream, is_stateless;
        const char *wanted;
    } rows[] = {
        { "openai-chat", "", "auto", false, false, ",\"tool_choice\":\"auto\"}" },
        { "openai-chat", "", "none", true, false,
          ",\"tool_choice\":\"none\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}" },
        { "openai-chat", "    parallel_tool_calls: false", "required", false, false,
          ",\"tool_choice\":\"required\",\"parallel_tool_calls\":false}" },
        { "openai-chat", "    parallel_tool_calls: true", "quick", false, true,
          ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"quick\"}},\"parallel_tool_calls\":true}" },
        { "openrouter", "", "transfer_to_tech", true, false,
          ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"transfer_to_tech\"}},\"stream\":true,\"usage\":"
          "{\"include\":true}}" },
        { "openai-responses", "", "required", true, false, ",\"tool_choice\":\"required\",\"stream\":true}" },
        { "openai-responses", "    parallel_tool_calls: false", "quick", false, false,
          ",\"tool_choice\":{\"type\":\"function\",\"name\":\"quick\"},\"parallel_tool_calls\":false}" },
        { "anthropic", "", "", true, true, ",\"stream\":true}" },
        { "anthropic", "", "auto", false, false, ",\"tool_choice\":{\"type\":\"auto\"}}" },
        { "anthropic", "", "none", false, false, ",\"tool_choice\":{\"type\":\"none\"}}" },
        { "anthropic", "", "required", false, false, ",\"tool_choice\":{\"type\":\"any\"}}" },
        { "anthropic", "", "quick", false, false, ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"quick\"}}" },
        { "anthropic", "    parallel_tool_calls: true", "", false, false, "}" },
        { "anthropic", "    parallel_tool_calls: false", "", false, false,
          ",\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}}" },
        { "anthropic", "    parallel_tool_calls: false", "none", false, false,
          ",\"tool_choice\":{\"type\":\"none\"}}" },
        { "anthropic", "    parallel_tool_calls: true", "required", false, false,
          ",\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":false}}" },
    };
    struct wire wire;
    wire_open(&wire);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        use(&wire, rows[i].codec);
        struct wire_ask ask = { .agents = wire_agents(&wire, rows[i].more),
                                .messages = history,
                                .message_count = 1,
                                .tool_choice = rows[i].tool_choice,
                                .options = { .is_stream = rows[i].is_stream, .is_stateless = rows[i].is_stateless } };
        cr_expect_str_eq(after_tools(wire_ask(&wire, &ask)), rows[i].wanted, "row %zu", i);
    }
    use(&wire, "openai-responses");
    struct wire_ask ask = { .agents = wire_agents(&wire, ""),
                            .messages = history,
                            .message_count = 1,
                            .options = { .is_stateless = true, .output_tokens_max = 9 } };
    cr_expect_not_null(strstr(wire_ask(&wire, &ask), ",\"max_output_tokens\":9,\"store\":false,\"include\":"
                                                     "[\"reasoning.encrypted_content\"]}"));
    wire_close(&wire);
}

Test(wire_encode, says_why_an_agent_cannot_be_asked)
{
    struct wire wire;
    wire_open(&wire);
    struct wire_ask ask = { .agents = wire_agents(&wire, ""), .messages = history, .message_count = 1 };
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        wire.codec = baton_codec_at(i);
        ask.agent = "mute";
        ask.tool_choice = NULL;
        cr_expect_str_eq(wire_ask(&wire, &ask),
                         "error: agent 'mute' has no model; give it a 'model' in the agents file");
        ask.agent = "triage";
        ask.tool_choice = "transfer_to_nobody";
        cr_expect_str_eq(wire_ask(&wire, &ask),
                         "error: agent 'triage' has tool_choice 'transfer_to_nobody', which is not "
                         "among the tools it is offered");
    }
    wire_close(&wire);
}

/* ---- odd histories ---- */

static const struct odd_history {
    const char *name, *codec, *wanted;
    uint32_t count;
    struct baton_message messages[4];
} odd_histories[] = {
    { "nothing",
      "anthropic",
      "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"(no text)\"}]}]",
      0,
      { { 0 } } },
    { "nothing",
      "openai-responses",
      "[{\"type\":\"message\",\"role\":\"user\",\"content\":\"(no text)\"}]",
      0,
      { { 0 } } },
    { "a system message of a recording",
      "openai-responses",
      "[{\"type\":\"message\",\"role\":\"user\",\"content\":\"(no text)\"}]",
      1,
      { { .role = BATON_ROLE_SYSTEM, .content = TEXT("old") } } },
    { "the assistant begins",
      "anthropic",
      "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"(no text)\"}]},{\"role\":\"assistant\",\"content\":"
      "[{\"type\":\"text\",\"text\":\"Hi.\"}]},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}]",
      2,
      { SAYS("Hi."), USER("a") } },
    { "one role after itself",
      "anthropic",
      "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]},{\"role\":"
      "\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"c\"},{\"type\":\"text\",\"text\":\"d\"}]}]",
      4,
      { USER("a"), USER("b"), SAYS("c"), SAYS("d") } },
    { "a result and new words share a turn",
      "anthropic",
      "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]},{\"role\":\"assistant\",\"content\":[{\"type\":"
      "\"text\",\"text\":\"t\"},{\"type\":\"tool_use\",\"id\":\"x\",\"name\":\"f\",\"input\":{}}]},{\"role\":\"user\",\"content\":"
      "[{\"type\":\"tool_result\",\"tool_use_id\":\"x\",\"content\":\"\"},{\"type\":\"text\",\"text\":\"b\"}]}]",
      4,
      { USER("a"), DOES("t", 1, CALL("x", "f", "{}")), RESULT("x", ""), USER("b") } },
    { "silence is left out",
      "anthropic",
      "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"(no text)\"}]}]",
      3,
      { USER("a"), SAYS(""), USER("") } },
    { "silence is empty",
      "openai-chat",
      "[{\"role\":\"system\",\"content\":\"You are triage.\"},{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\","
      "\"content\":\"\"}]",
      2,
      { USER("a"), SAYS("") } },
    { "arguments that are no object",
      "anthropic",
      "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]},{\"role\":\"assistant\",\"content\":[{\"type\":"
      "\"tool_use\",\"id\":\"x\",\"name\":\"f\",\"input\":{\"invalid_arguments\":\"{not json\"}},{\"type\":\"tool_use\",\"id\":"
      "\"y\",\"name\":\"f\",\"input\":{\"invalid_arguments\":\"[1]\"}},{\"type\":\"tool_use\",\"id\":\"z\",\"name\":\"f\","
      "\"input\":{ \"a\" : 1.0 }}]}]",
      2,
      { USER("a"),
        DOES("", 3, CALL("x", "f", "{not json"), CALL("y", "f", "[1]"), CALL("z", "f", "{ \"a\" : 1.0 }")) } },
    { "names and ids that are refused over there",
      "anthropic",
      "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]},{\"role\":\"assistant\",\"content\":[{\"type\":"
      "\"tool_use\",\"id\":\"functions_f_0\",\"name\":\"fly_me_to\",\"input\":{}},{\"type\":\"tool_use\",\"id\":\"c1\",\"name\":"
      "\"_\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"functions_f_0\","
      "\"content\":\"r\"},{\"type\":\"tool_result\",\"tool_use_id\":\"c1\",\"content\":\"s\"}]}]",
      4,
      { USER("a"), DOES("", 2, CALL("functions.f:0", "fly.me to", ""), CALL("", "", "")), RESULT("functions.f:0", "r"),
        RESULT("", "s") } },
    { "calls without ids are told apart",
      "openai-responses",
      "[{\"type\":\"function_call\",\"call_id\":\"c0\",\"name\":\"f\",\"arguments\":\"{}\"},{\"type\":\"function_call\","
      "\"call_id\":\"c1\",\"name\":\"g\",\"arguments\":\"{}\"},{\"type\":\"function_call_output\",\"call_id\":\"c0\",\"output\":"
      "\"r\"},{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"s\"}]",
      3,
      { DOES("", 2, CALL("", "f", ""), CALL("", "g", "")), RESULT("", "r"), RESULT("", "s") } },
};

Test(wire_encode, makes_the_best_of_odd_histories)
{
    struct wire wire;
    wire_open(&wire);
    for (size_t i = 0; i < COUNT_OF(odd_histories); i++) {
        use(&wire, odd_histories[i].codec);
        struct wire_ask ask = { .agents = wire_agents(&wire, ""),
                                .messages = odd_histories[i].messages,
                                .message_count = odd_histories[i].count };
        struct tree body = tree_json(wire.arena, wire_ask(&wire, &ask));
        const struct baton_json *messages = baton_json_get(body.root, "messages");
        messages = messages == NULL ? wire_get(body.root, "input") : messages;
        struct tree wanted = tree_json(wire.arena, odd_histories[i].wanted);
        cr_assert_eq(wanted.status, BATON_OK, "%s", odd_histories[i].name);
        cr_expect_str_eq(tree_text(wire.arena, messages), tree_text(wire.arena, wanted.root), "%s: %s",
                         odd_histories[i].name, tree_text(wire.arena, messages));
    }
    wire_close(&wire);
}

/* ---- the normal form ---- */

static const char *normal(struct wire *wire, const struct baton_message *messages, uint32_t count, bool is_stream)
{
    struct wire_ask ask = { .agents = wire_agents(wire, ""),
                            .messages = messages,
                            .message_count = count,
                            .options = { .is_normal_form = true, .is_stream = is_stream } };
    return wire_ask(wire, &ask);
}

#define NATIVE(format_, json_) .native = { .format = (format_), .json = TEXT(json_) }

Test(wire_encode, the_normal_form_knows_ids_by_their_order)
{
    /* The same talk twice, with other ids; the second has one id for two calls, as some recordings do. */
    const struct baton_message a[] = { USER("u"),
                                       DOES("", 2, CALL("call_x", "f", ""), CALL("call_y", "g", "")),
                                       RESULT("call_y", "r"),
                                       RESULT("call_x", "s"),
                                       DOES("", 1, CALL("call_z", "f", "")),
                                       RESULT("call_z", "t") };
    const struct baton_message b[] = { USER("u"),
                                       DOES("", 2, CALL("toolu_1", "f", ""), CALL("toolu_2", "g", "")),
                                       RESULT("toolu_2", "r"),
                                       RESULT("toolu_1", "s"),
                                       DOES("", 1, CALL("toolu_1", "f", "")),
                                       RESULT("toolu_1", "t") };
    struct wire wire;
    wire_open(&wire);
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        wire.codec = baton_codec_at(i);
        const char *one = normal(&wire, a, COUNT_OF(a), false);
        cr_expect_str_eq(one, normal(&wire, b, COUNT_OF(b), true), "%s", wire.codec->name);
        struct wire_request read;
        wire_read(&wire, one, &read);
        cr_expect_str_eq(wire_talk(&wire, read.messages, read.count),
                         "user:u assistant:+f({})#c0+g({})#c1 result#c1:r result#c0:s assistant:+f({})#c2 result#c2:t");
        cr_expect(strstr(one, "stream") == NULL && strstr(one, "include") == NULL, "%s", one);
    }
    wire_close(&wire);
}

Test(wire_encode, the_normal_form_of_a_native_message)
{
    struct wire wire;
    wire_open(&wire);
    use(&wire, "anthropic");
    const struct baton_message thinking[] = {
        USER("u"),
        { .role = BATON_ROLE_ASSISTANT,
          .calls = CALLS(CALL("toolu_9", "f", "{}")),
          .call_count = 1,
          NATIVE("anthropic",
                 "[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"s=\"},{\"type\":\"server_tool_use\","
                 "\"id\":\"srv_1\",\"name\":\"w\",\"input\":{\"n\":1.50}},{\"type\":\"tool_use\",\"id\":\"toolu_9\","
                 "\"name\":\"f\",\"input\":{}}]") },
        RESULT("toolu_9", "r"),
    };
    cr_expect_not_null(
        strstr(normal(&wire, thinking, COUNT_OF(thinking), false),
               "\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"s=\"},{\"type\":"
               "\"server_tool_use\",\"id\":\"\",\"name\":\"w\",\"input\":{\"n\":1.50}},{\"type\":\"tool_use\",\"id\":"
               "\"c0\",\"name\":\"f\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
               "\"tool_use_id\":\"c0\""),
        "%s", normal(&wire, thinking, COUNT_OF(thinking), false));
    use(&wire, "openai-responses");
    cr_expect_not_null(strstr(normal(&wire, thinking, COUNT_OF(thinking), false),
                              "{\"type\":\"function_call\",\"call_id\":\"c0\",\"name\":\"f\",\"arguments\":\"{}\"}"),
                       "to another provider it goes without");
    wire_close(&wire);
}

/* ---- real clients ---- */

/* The same talk, the same tools, the same prompt as a client of somebody else's sent in the same place. */
static void check_capture(struct wire *wire, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "fixtures/wire/sdk/%s", name);
    struct tree tree = tree_json(wire->arena, tree_file(wire->arena, path).data);
    cr_assert_eq(tree.status, BATON_OK, "%s", tree.err.text);
    unsigned count = 0;
    for (const struct baton_json *exchange = wire_get(tree.root, "exchanges")->child; exchange != NULL;
         exchange = exchange->next, count++) {
        const char *body = tree_text(wire->arena, wire_get(exchange, "request"));
        struct wire_request theirs, ours;
        use(wire, strstr(name, "anthropic") != NULL    ? "anthropic"
                  : strstr(name, "responses") != NULL  ? "openai-responses"
                  : strstr(name, "openrouter") != NULL ? "openrouter"
                                                       : "openai-chat");
        wire_read(wire, body, &theirs);
        struct wire_ask ask = { .agents = wire_agents(wire, ""),
                                .agent = count == 0 ? "triage" : "billing",
                                .messages = theirs.messages,
                                .message_count = theirs.count };
        wire_read(wire, wire_ask(wire, &ask), &ours);
        cr_expect_str_eq(wire_talk(wire, ours.messages, ours.count), wire_talk(wire, theirs.messages, theirs.count),
                         "%s, request %u", name, count + 1);
        cr_expect_str_eq(ours.tools, theirs.tools, "%s, request %u", name, count + 1);
        cr_expect(baton_str_equal(ours.system, theirs.system), "%s, request %u", name, count + 1);
    }
    cr_expect_geq(count, 2);
}

Test(wire_encode, says_what_real_clients_say)
{
    struct wire wire;
    wire_open(&wire);
    const char **names = tree_folder(wire.arena, "fixtures/wire/sdk", "json", 11);
    for (size_t i = 0; names[i] != NULL; i++) {
        check_capture(&wire, names[i]);
    }
    wire_close(&wire);
}

/* ---- there and back ---- */

static struct baton_str random_text(struct wire *wire, struct baton_prng *prng)
{
    static const char *const words[] = {
        "a", " ", "\"", "\\", "\n", "\xc3\xa9", "{}", "\x01", "\xf0\x9f\xa6\x9c", "x"
    };
    char text[64] = "t";
    for (uint64_t i = baton_prng_below(prng, 10); i > 0; i--) {
        strcat(text, words[baton_prng_below(prng, COUNT_OF(words))]);
    }
    return baton_str_of(baton_arena_copy(wire->arena, text, strlen(text)));
}

static uint32_t random_talk(struct wire *wire, struct baton_prng *prng, struct baton_message *messages, uint32_t max)
{
    uint32_t count = 0, ids = 0;
    while (count + 6 < max) {
        messages[count++] = (struct baton_message){ .role = BATON_ROLE_USER, .content = random_text(wire, prng) };
        while (baton_prng_below(prng, 3) > 0 && count + 5 < max) {
            uint32_t calls = 1 + (uint32_t)baton_prng_below(prng, 3);
            struct baton_tool_call *list = baton_arena_array(wire->arena, calls, sizeof *list);
            struct baton_str none = BATON_STR("");
            messages[count++] =
                (struct baton_message){ .role = BATON_ROLE_ASSISTANT,
                                        .content = baton_prng_below(prng, 2) == 0 ? none : random_text(wire, prng),
                                        .calls = list,
                                        .call_count = calls };
            for (uint32_t i = 0; i < calls; i++) {
                const char *id = baton_arena_printf(wire->arena, "id_%u", ids++);
                list[i] = (struct baton_tool_call){ .id = baton_str_of(id),
                                                    .name = BATON_STR("quick"),
                                                    .arguments = baton_prng_below(prng, 2) == 0
                                                                     ? none
                                                                     : BATON_STR("{\"n\":1.50,\"s\":\"\xc3\xa9\"}") };
                messages[count++] = (struct baton_message){ .role = BATON_ROLE_TOOL,
                                                            .content = random_text(wire, prng),
                                                            .tool_call_id = list[i].id };
            }
        }
        messages[count++] = (struct baton_message){ .role = BATON_ROLE_ASSISTANT, .content = random_text(wire, prng) };
    }
    return count;
}

Test(wire_encode, what_is_written_reads_as_the_same)
{
    struct wire wire;
    struct baton_prng prng;
    wire_open(&wire);
    baton_prng_seed(&prng, 11);
    const struct baton_agents *agents = wire_agents(&wire, "");
    for (unsigned round = 0; round < 200; round++) {
        struct baton_arena_mark mark = baton_arena_mark(wire.arena);
        struct baton_message messages[60];
        struct wire_ask ask = { .agents = agents, .messages = messages };
        ask.message_count = random_talk(&wire, &prng, messages, COUNT_OF(messages));
        wire.codec = baton_codec_at(round % 4);
        struct wire_request read;
        wire_read(&wire, wire_ask(&wire, &ask), &read);
        cr_assert_str_eq(wire_talk(&wire, read.messages, read.count), wire_talk(&wire, messages, ask.message_count),
                         "%s, round %u", wire.codec->name, round);
        baton_arena_rollback(wire.arena, mark);
    }
    wire_close(&wire);
}

/* ---- replies that are sent back as they were ---- */

static bool holds(const char *text, struct baton_str piece)
{
    return memmem(text, strlen(text), piece.data, piece.length) != NULL;
}

/* A reply, its results, and a new question to the same provider, then to each other one. */
static void send_back(struct wire *wire, const struct wire_result *result, const char *name)
{
    const struct baton_reply *reply = &result->reply;
    struct baton_message messages[64] = { USER("u"),
                                          { .role = BATON_ROLE_ASSISTANT,
                                            .has_content = reply->has_text,
                                            .content = reply->text,
                                            .calls = reply->calls,
                                            .call_count = reply->call_count,
                                            .native = reply->native } };
    uint32_t count = 2;
    for (uint32_t i = 0; i < reply->call_count; i++) {
        messages[count++] = (struct baton_message){ .role = BATON_ROLE_TOOL,
                                                    .content = BATON_STR("r"),
                                                    .tool_call_id = reply->calls[i].id };
    }
    messages[count++] = (struct baton_message)USER("v");
    struct wire_ask ask = { .agents = wire_agents(wire, ""), .messages = messages, .message_count = count };
    struct baton_str native = reply->native.json;
    if (native.data[0] == '[') {
        native = (struct baton_str){ native.data + 1, native.length - 2 };
    }
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        wire->codec = baton_codec_at(i);
        bool is_same = strcmp(wire->codec->name, reply->native.format) == 0;
        cr_expect_eq(holds(wire_ask(wire, &ask), native), is_same, "%s to %s", name, wire->codec->name);
    }
}

Test(wire_encode, sends_back_what_a_provider_wants_to_see_again)
{
    struct wire wire;
    unsigned count = 0;
    wire_open(&wire);
    struct baton_str index = tree_file(wire.arena, "fixtures/aisdk/index.jsonl");
    for (size_t at = 0; at < index.length;) {
        size_t length = (size_t)((const char *)memchr(index.data + at, '\n', index.length - at) - (index.data + at));
        struct tree row = tree_read(baton_json_parse, wire.arena, index.data + at, length);
        struct baton_str file = wire_str(row.root, "file");
        char path[256];
        snprintf(path, sizeof path, "fixtures/aisdk/%.*s", (int)file.length, file.data);
        wire.codec = baton_codec_find(wire_str(row.root, "codec"));
        struct baton_str bytes = tree_file(wire.arena, path);
        struct wire_result result =
            strstr(path, ".chunks.txt") != NULL ? wire_chunks(&wire, bytes) : wire_body(&wire, 200, bytes);
        if (result.status == BATON_OK && result.reply.native.format != NULL) {
            send_back(&wire, &result, path);
            count++;
        }
        at += length + 1;
    }
    cr_expect_eq(count, 33);
    wire_close(&wire);
}

/* The provider's own words would lack the id that we give the call, and its result would belong to none. */
Test(wire_encode, writes_anew_what_holds_a_call_without_an_id)
{
    static const struct row {
        const char *id;
        bool is_native;
    } rows[] = { { "k", true }, { "", false } };
    struct wire wire;
    wire_open(&wire);
    wire.codec = baton_codec_find(BATON_STR("openai-chat"));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_tool_call call = { .id = baton_str_of(rows[i].id),
                                        .name = BATON_STR("quick"),
                                        .arguments = BATON_STR("{}") };
        struct baton_message messages[] = {
            USER("u"),
            { .role = BATON_ROLE_ASSISTANT,
              .calls = &call,
              .call_count = 1,
              .native = { .format = "openai-chat", .json = BATON_STR("{\"role\":\"assistant\",\"mark\":1}") } },
            { .role = BATON_ROLE_TOOL, .content = BATON_STR("r"), .tool_call_id = call.id },
        };
        struct wire_ask ask = { .agents = wire_agents(&wire, ""), .messages = messages, .message_count = 3 };
        cr_expect_eq(holds(wire_ask(&wire, &ask), BATON_STR("\"mark\":1")), rows[i].is_native, "id '%s'", rows[i].id);
    }
    wire_close(&wire);
}

/* ---- memory that ends ---- */

Test(wire_encode, survives_each_failing_allocation)
{
    struct wire wire;
    wire_open(&wire);
    const struct baton_agents *agents = wire_agents(&wire, "");
    bool enabled[] = { true, true };
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        enum baton_status status = BATON_ELIMIT;
        uint64_t n = 1;
        for (; status != BATON_OK; n++) {
            struct baton_arena *arena = tree_arena();
            struct baton_request request = { .agents = agents,
                                             .extra_instructions = BATON_STR("x"),
                                             .messages = history,
                                             .message_count = COUNT_OF(history),
                                             .handoff_enabled = enabled,
                                             .arena = arena };
            struct baton_encode_options options = { .is_normal_form = true };
            struct baton_text out = baton_text_with_limit(1024 * 1024);
            struct baton_error err;
            baton_arena_fail_after(n);
            status = baton_encode(&out, baton_codec_at(i), &request, &options, &err);
            baton_arena_fail_after(0);
            cr_assert(status == BATON_OK || status == BATON_ELIMIT);
            baton_text_clear(&out);
            baton_arena_free(arena);
        }
        cr_expect_gt(n, 5);
    }
    wire_close(&wire);
}
