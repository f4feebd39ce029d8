#include "engine/core/conversation.h"

#include "engine/base/text.h"
#include "engine/base/yaml.h"
#include "engine/core/tools.h"
#include "engine/tests/stage.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

enum { MEMORY_MAX = 64 * 1024 * 1024 };

#define USER "{\"role\":\"user\",\"content\":\"x\"}"
#define TRIAGE "{\"role\":\"assistant\",\"agent\":\"triage\","

struct reading {
    struct baton_arena *arena;
    struct baton_agents *agents;
    struct baton_source source;
    struct baton_conversation conversation;
    enum baton_status status;
    char error[1024];
};

/* Reads the text as the seventh line of a file. */
static void read_named(struct reading *reading, const char *text, const char *fallback_id)
{
    static const char agents_text[] = "version: 1\nentry: triage\nagents: { triage: {}, billing: {} }\n";
    const struct baton_json *root = NULL;
    struct baton_error err = { 0 };
    *reading = (struct reading){ .arena = baton_arena_new(MEMORY_MAX) };
    struct baton_source agents_source = { .name = "a.yaml", .text = baton_str_of(agents_text) };
    cr_assert_eq(baton_yaml_parse(&root, reading->arena, &agents_source, &err), BATON_OK);
    cr_assert_eq(baton_agents_parse(&reading->agents, reading->arena, &agents_source, root, NULL, &err), BATON_OK);
    reading->source = (struct baton_source){ .name = "c.jsonl", .line_first = 7, .text = baton_str_of(text) };
    reading->status = baton_json_parse(&root, reading->arena, &reading->source, &err);
    if (reading->status == BATON_OK) {
        reading->status = baton_conversation_read(&reading->conversation, reading->arena, reading->agents,
                                                  &reading->source, root, baton_str_of(fallback_id), &err);
    }
    if (reading->status != BATON_OK) {
        baton_error_format(&err, reading->error, sizeof reading->error);
    }
}

/* A conversation of which only the messages matter. */
static void read_messages(struct reading *reading, const char *messages)
{
    static char text[4096]; /* what is read points into it */
    snprintf(text, sizeof text, "{\"id\":\"a\",\"messages\":[%s]}", messages);
    read_named(reading, text, "line-7");
}

static void put(struct baton_text *out, const char *before, struct baton_str text)
{
    baton_text_puts(out, before);
    for (size_t i = 0; i < text.length; i++) {
        baton_text_putc(out, text.data[i] == '"' ? '\'' : text.data[i]);
    }
}

/* `role@agent content [id name arguments] >answered-id`, messages apart by ` | `; - is no content. */
static const char *summary(struct reading *reading)
{
    struct baton_text out = baton_text_with_limit(MEMORY_MAX);
    for (uint32_t i = 0; i < reading->conversation.message_count; i++) {
        const struct baton_message *message = &reading->conversation.messages[i];
        put(&out, i == 0 ? "" : " | ", baton_str_of(baton_role_name(message->role)));
        if (message->agent != BATON_NONE) {
            put(&out, "@", baton_agent_name(reading->agents, message->agent));
        }
        put(&out, " ", message->has_content ? message->content : BATON_STR("-"));
        for (uint32_t c = 0; c < message->call_count; c++) {
            put(&out, " [", message->calls[c].id);
            put(&out, " ", message->calls[c].name);
            put(&out, " ", message->calls[c].arguments);
            baton_text_puts(&out, "]");
        }
        if (message->tool_call_id.length > 0) {
            put(&out, " >", message->tool_call_id);
        }
    }
    const char *text = baton_arena_copy(reading->arena, out.data, out.length);
    baton_text_clear(&out);
    return text;
}

struct accepted {
    const char *name, *messages, *want;
};

static void expect_accepted(const struct accepted *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct reading reading;
        read_messages(&reading, rows[i].messages);
        cr_expect_eq(reading.status, BATON_OK, "%s: %s", rows[i].name, reading.error);
        if (reading.status == BATON_OK) {
            expect_text(rows[i].name, "messages", summary(&reading), rows[i].want);
        }
        baton_arena_free(reading.arena);
    }
}

Test(conversation, takes_every_spelling_of_a_speaker)
{
    static const struct accepted rows[] = {
        { "agent", USER ",{\"role\":\"assistant\",\"agent\":\"billing\",\"content\":\"y\"}",
          "user x | assistant@billing y" },
        { "sender", USER ",{\"role\":\"assistant\",\"sender\":\"billing\",\"content\":\"y\"}",
          "user x | assistant@billing y" },
        { "name", USER ",{\"role\":\"assistant\",\"name\":\"billing\",\"content\":\"y\"}",
          "user x | assistant@billing y" },
        { "agent before sender before name",
          USER ",{\"role\":\"assistant\",\"name\":\"x\",\"sender\":\"billing\",\"content\":\"y\"}"
               ",{\"role\":\"assistant\",\"sender\":\"x\",\"agent\":\"triage\",\"content\":\"z\"}",
          "user x | assistant@billing y | assistant@triage z" },
        { "nobody", USER ",{\"role\":\"assistant\",\"content\":\"y\"}", "user x | assistant y" },
        { "an empty name", USER ",{\"role\":\"assistant\",\"agent\":\"\",\"content\":\"y\"}", "user x | assistant y" },
        { "null", USER ",{\"role\":\"assistant\",\"agent\":null,\"content\":\"y\"}", "user x | assistant y" },
        { "a user's and a tool's name are not agents",
          "{\"role\":\"user\",\"name\":\"bob\",\"content\":\"x\"},{\"role\":\"tool\",\"name\":\"quick\",\"tool_call_id\":\"c\","
          "\"content\":\"r\"}",
          "user x | tool r >c" },
    };
    expect_accepted(rows, COUNT_OF(rows));
}

Test(conversation, takes_every_form_of_content)
{
    static const struct accepted rows[] = {
        { "a text", USER, "user x" },
        { "null", USER "," TRIAGE "\"content\":null}", "user x | assistant@triage -" },
        { "none", USER "," TRIAGE "\"latency_ms\":1}", "user x | assistant@triage -" },
        { "an empty text", "{\"role\":\"user\",\"content\":\"\"}", "user " },
        { "parts",
          "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"two \"},{\"type\":\"text\",\"text\":\"parts\"}]}",
          "user two parts" },
        { "parts as texts", "{\"role\":\"user\",\"content\":[\"two \",\"parts\"]}", "user two parts" },
        { "a picture counts as nothing",
          "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"u\"}},{\"type\":\"text\",\"text\":\"x\"}]}",
          "user x" },
        { "no parts", "{\"role\":\"user\",\"content\":[]}", "user " },
        { "other letters", "{\"role\":\"user\",\"content\":\"\\u5ba2\\ud83c\\udf3f\"}",
          "user \xe5\xae\xa2\xf0\x9f\x8c\xbf" },
        { "system and developer are kept",
          "{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"developer\",\"content\":\"d\"}," USER,
          "system s | system d | user x" },
        { "fields of others",
          USER
          "," TRIAGE "\"content\":\"y\",\"refusal\":null,\"annotations\":[],\"audio\":null,\"function_call\":null,"
          "\"reasoning_content\":\"hm\",\"id\":\"m1\",\"model\":\"large\",\"created\":1,\"finish_reason\":\"stop\"}",
          "user x | assistant@triage y" },
        { "fields of one's own", "{\"role\":\"user\",\"content\":\"x\",\"x-note\":{\"a\":1}}", "user x" },
    };
    expect_accepted(rows, COUNT_OF(rows));
}

#define CALL(arguments) "{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"t\"" arguments "}}"
#define CALLS(calls) USER "," TRIAGE "\"content\":null,\"tool_calls\":[" calls "]}"

Test(conversation, takes_every_form_of_a_call)
{
    static const struct accepted rows[] = {
        { "a text", CALLS(CALL(",\"arguments\":\"{\\\"a\\\":1}\"")), "user x | assistant@triage - [c t {'a':1}]" },
        { "empty", CALLS(CALL(",\"arguments\":\"{}\"")), "user x | assistant@triage - [c t {}]" },
        { "an empty text", CALLS(CALL(",\"arguments\":\"\"")), "user x | assistant@triage - [c t ]" },
        { "null", CALLS(CALL(",\"arguments\":null")), "user x | assistant@triage - [c t ]" },
        { "none", CALLS(CALL("")), "user x | assistant@triage - [c t ]" },
        { "an object", CALLS(CALL(",\"arguments\":{\"b\":[1.50,null],\"a\":\"\\u00e9\"}")),
          "user x | assistant@triage - [c t {'b':[1.50,null],'a':'\xc3\xa9'}]" },
        { "an empty object", CALLS(CALL(",\"arguments\":{}")), "user x | assistant@triage - [c t {}]" },
        { "a text that is not JSON stays", CALLS(CALL(",\"arguments\":\"{not json\"")),
          "user x | assistant@triage - [c t {not json]" },
        { "without a function around it", CALLS("{\"id\":\"c\",\"name\":\"t\",\"arguments\":\"{}\"}"),
          "user x | assistant@triage - [c t {}]" },
        { "without an id", CALLS("{\"function\":{\"name\":\"t\"}},{\"id\":null,\"function\":{\"name\":\"u\"}}"),
          "user x | assistant@triage - [ t ] [ u ]" },
        { "no calls", CALLS(""), "user x | assistant@triage -" },
        { "null for calls", USER "," TRIAGE "\"content\":\"y\",\"tool_calls\":null}", "user x | assistant@triage y" },
        { "ids may come again, as recorders number anew",
          CALLS(CALL("") "," CALL("")) ",{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"r\"}," TRIAGE
                                       "\"content\":\"y\",\"tool_calls\":[" CALL("") "]}",
          "user x | assistant@triage - [c t ] [c t ] | tool r >c | assistant@triage y [c t ]" },
        { "a result without its call, and a call without its result",
          USER ",{\"role\":\"tool\",\"tool_call_id\":\"zz\",\"content\":\"r\"}," TRIAGE
               "\"tool_calls\":[" CALL("") "]}",
          "user x | tool r >zz | assistant@triage - [c t ]" },
    };
    expect_accepted(rows, COUNT_OF(rows));
}

/* ---- numbers ---- */

Test(conversation, reads_times_and_tokens)
{
    static const struct row {
        const char *name, *members;
        int64_t latency_ns, ttft_ns;
        struct baton_usage usage;
    } rows[] = {
        { "none", "\"content\":\"y\"", -1, -1, { 0 } },
        { "whole", "\"latency_ms\":420,\"ttft_ms\":310", 420000000, 310000000, { 0 } },
        { "a fraction", "\"latency_ms\":1.5,\"ttft_ms\":0", 1500000, 0, { 0 } },
        { "null", "\"latency_ms\":null", -1, -1, { 0 } },
        { "ours",
          "\"usage\":{\"input_tokens\":812,\"output_tokens\":37,\"cached_tokens\":5,\"cache_write_tokens\":6,"
          "\"reasoning_tokens\":7}",
          -1,
          -1,
          { 812, 37, 5, 6, 7, true } },
        { "of OpenAI",
          "\"usage\":{\"prompt_tokens\":812,\"completion_tokens\":37,\"total_tokens\":849,"
          "\"prompt_tokens_details\":{\"cached_tokens\":5,\"audio_tokens\":0},"
          "\"completion_tokens_details\":{\"reasoning_tokens\":7}}",
          -1,
          -1,
          { 807, 37, 5, 0, 7, true } },
        { "of Anthropic",
          "\"usage\":{\"input_tokens\":8,\"output_tokens\":3,\"cache_read_input_tokens\":5,"
          "\"cache_creation_input_tokens\":6,\"service_tier\":\"standard\"}",
          -1,
          -1,
          { 8, 3, 5, 6, 0, true } },
        { "more cached than counted",
          "\"usage\":{\"input_tokens\":1,\"input_tokens_details\":{\"cached_tokens\":5}}",
          -1,
          -1,
          { 0, 0, 5, 0, 0, true } },
        { "an empty usage", "\"usage\":{}", -1, -1, { 0, 0, 0, 0, 0, true } },
        { "null for a usage", "\"usage\":null", -1, -1, { 0 } },
        { "details of no use",
          "\"usage\":{\"input_tokens\":1,\"prompt_tokens_details\":null}",
          -1,
          -1,
          { 1, 0, 0, 0, 0, true } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char messages[1024];
        snprintf(messages, sizeof messages, USER "," TRIAGE "%s}", rows[i].members);
        struct reading reading;
        read_messages(&reading, messages);
        cr_assert_eq(reading.status, BATON_OK, "%s: %s", rows[i].name, reading.error);
        const struct baton_message *message = &reading.conversation.messages[1];
        cr_expect_eq(message->latency_ns, rows[i].latency_ns, "%s: %lld", rows[i].name, (long long)message->latency_ns);
        cr_expect_eq(message->ttft_ns, rows[i].ttft_ns, "%s: %lld", rows[i].name, (long long)message->ttft_ns);
        const struct baton_usage *got = &message->usage, *want = &rows[i].usage;
        cr_expect(got->input == want->input && got->output == want->output && got->cached == want->cached &&
                      got->cache_write == want->cache_write && got->reasoning == want->reasoning &&
                      got->is_known == want->is_known,
                  "%s: %lld %lld %lld %lld %lld", rows[i].name, (long long)got->input, (long long)got->output,
                  (long long)got->cached, (long long)got->cache_write, (long long)got->reasoning);
        baton_arena_free(reading.arena);
    }
    struct baton_usage sum = { 1, 2, 3, 4, 5, false };
    baton_usage_add(&sum, &(struct baton_usage){ 10, 20, 30, 40, 50, true });
    cr_expect(sum.input == 11 && sum.output == 22 && sum.cached == 33 && sum.cache_write == 44 && sum.reasoning == 55);
    cr_expect(sum.is_known);
}

/* ---- what is refused ---- */

struct refused {
    const char *name, *text, *want;
};

static void expect_refused(const struct refused *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct reading reading;
        read_named(&reading, rows[i].text, "line-7");
        cr_expect_eq(reading.status, BATON_EINPUT, "%s: status %d", rows[i].name, reading.status);
        expect_text(rows[i].name, "error", reading.error, rows[i].want);
        baton_arena_free(reading.arena);
    }
}

Test(conversation, refuses_what_is_no_conversation)
{
    static const struct refused rows[] = {
        { "a list", "[1,2]", "c.jsonl:7:1: a conversation must be an object, not an array" },
        { "null", "null", "c.jsonl:7:1: a conversation must be an object, not null" },
        { "no messages", "{\"id\":\"a\"}", "c.jsonl:7:1: a conversation needs a key 'messages'" },
        { "an unknown key", "{\"id\":\"a\",\"mesages\":[" USER "]}",
          "c.jsonl:7:11: unknown key 'mesages' in a conversation; did you mean 'messages'?" },
        { "messages that are no list", "{\"messages\":{}}", "c.jsonl:7:13: 'messages' must be a list, not an object" },
        { "no message", "{\"messages\":[]}", "c.jsonl:7:13: a conversation needs at least one user message" },
        { "no user", "{\"messages\":[{\"role\":\"system\",\"content\":\"x\"}]}",
          "c.jsonl:7:13: a conversation needs at least one user message" },
        { "an id that is a number", "{\"id\":7,\"messages\":[" USER "]}",
          "c.jsonl:7:7: 'id' must be a text; put it in quotes, not a number" },
        { "an empty id", "{\"id\":\"\",\"messages\":[" USER "]}", "c.jsonl:7:7: 'id' must not be empty" },
        { "an unknown entry", "{\"entry\":\"triag\",\"messages\":[" USER "]}",
          "c.jsonl:7:10: unknown agent 'triag'; did you mean 'triage'?" },
        { "tags that are a text", "{\"messages\":[" USER "],\"tags\":\"t\"}",
          "c.jsonl:7:52: 'tags' must be a list, not a string" },
        { "a tag that is a number", "{\"messages\":[" USER "],\"tags\":[1]}",
          "c.jsonl:7:53: each of 'tags' must be a text, not a number" },
        { "a weight below 0", "{\"messages\":[" USER "],\"weight\":-1}",
          "c.jsonl:7:54: 'weight' must be from 0 to 1000000, not -1" },
        { "a key twice", "{\"id\":\"a\",\"id\":\"b\",\"messages\":[" USER "]}", "c.jsonl:7:*'id'*" },
    };
    expect_refused(rows, COUNT_OF(rows));
    struct reading reading;
    read_named(&reading, "{\"messages\":[" USER "]}", "");
    cr_expect_eq(reading.status, BATON_EINPUT, "no id at all");
    expect_text("no id at all", "error", reading.error, "c.jsonl:7:1: 'id' must not be empty");
    baton_arena_free(reading.arena);
}

Test(conversation, refuses_faulty_messages)
{
#define WITH(message) "{\"messages\":[" message "]}"
#define AFTER_USER(message) "{\"messages\":[" USER "," message "]}" /* the message stands at column 44 */
    static const struct refused rows[] = {
        { "no object", WITH("null"), "c.jsonl:7:14: a message must be an object, not null" },
        { "no role", WITH("{\"content\":\"x\"}"), "c.jsonl:7:14: a message needs a key 'role'" },
        { "an unknown role", WITH("{\"role\":\"usr\",\"content\":\"x\"}"),
          "c.jsonl:7:22: 'role' must be one of system, user, assistant, tool, developer, not 'usr'; did you mean 'user'?" },
        { "an unknown key", WITH("{\"role\":\"user\",\"contents\":\"x\"}"),
          "c.jsonl:7:29: unknown key 'contents' in a message; did you mean 'content'?" },
        { "content that is a number", WITH("{\"role\":\"user\",\"content\":3}"),
          "c.jsonl:7:39: 'content' must be a text, null or a list of parts, not a number" },
        { "a part that is a number", WITH("{\"role\":\"user\",\"content\":[3]}"),
          "c.jsonl:7:40: each part of 'content' must be an object with a 'text', not a number" },
        { "an unknown agent", AFTER_USER("{\"role\":\"assistant\",\"agent\":\"biling\",\"content\":\"y\"}"),
          "c.jsonl:7:72: unknown agent 'biling'; did you mean 'billing'?" },
        { "an unknown sender", AFTER_USER("{\"role\":\"assistant\",\"sender\":\"ghost\",\"content\":\"y\"}"),
          "c.jsonl:7:73: unknown agent 'ghost'" },
        { "a name for ourselves", AFTER_USER("{\"role\":\"assistant\",\"agent\":\"@direct\",\"content\":\"y\"}"),
          "c.jsonl:7:72: unknown agent '@direct'" },
        { "expect on an assistant message",
          AFTER_USER("{\"role\":\"assistant\",\"content\":\"y\",\"expect\":{\"final\":\"billing\"}}"),
          "c.jsonl:7:87: 'expect' belongs to a user message or to the conversation, not to an assistant message" },
        { "expect on a tool message",
          AFTER_USER("{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"y\",\"expect\":{}}"),
          "c.jsonl:7:101: 'expect' belongs to a user message or to the conversation, not to this message" },
        { "a result before the first user message",
          WITH("{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"y\"}," USER),
          "c.jsonl:7:14: a tool message before the first user message" },
        { "a time below 0", AFTER_USER(TRIAGE "\"latency_ms\":-1}"),
          "c.jsonl:7:94: 'latency_ms' must be from 0 to 1000000000000, not -1" },
        { "tokens below 0", AFTER_USER(TRIAGE "\"usage\":{\"output_tokens\":-3}}"),
          "c.jsonl:7:106: 'output_tokens' must be a whole number from 0 to 1000000000000, not -3" },
        { "tokens beyond counting", AFTER_USER(TRIAGE "\"usage\":{\"input_tokens\":18446744073709551615}}"),
          "c.jsonl:7:105: 'input_tokens' must be a whole number from 0 to 1000000000000, not 18446744073709551615" },
        { "going on from nowhere", WITH("{\"role\":\"user\",\"content\":\"x\",\"continue\":\"start\"}"),
          "c.jsonl:7:54: 'continue' must be one of active, entry, not 'start'" },
    };
    expect_refused(rows, COUNT_OF(rows));
}

Test(conversation, refuses_faulty_calls)
{
#define WITH_CALLS(calls) "{\"messages\":[" USER "," TRIAGE "\"tool_calls\":" calls "}]}"
#define NO_NAME                                                \
    "a tool call must be an object with function.name, as in " \
    "{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":...,\"arguments\":...}}"
    static const struct refused rows[] = {
        { "no list", WITH_CALLS("{}"), "c.jsonl:7:94: 'tool_calls' must be a list, not an object" },
        { "a text", WITH_CALLS("[\"t\"]"), "c.jsonl:7:95: " NO_NAME },
        { "no function", WITH_CALLS("[{\"id\":\"1\",\"type\":\"function\"}]"), "c.jsonl:7:95: " NO_NAME },
        { "no name", WITH_CALLS("[{\"id\":\"1\",\"function\":{}}]"), "c.jsonl:7:95: " NO_NAME },
        { "a name that is a number", WITH_CALLS("[{\"id\":\"1\",\"function\":{\"name\":7}}]"),
          "c.jsonl:7:95: " NO_NAME },
        { "an id that is a number", WITH_CALLS("[{\"id\":1,\"function\":{\"name\":\"t\"}}]"),
          "c.jsonl:7:101: 'id' must be a text, not a number" },
        { "arguments that are a list", WITH_CALLS("[{\"function\":{\"name\":\"t\",\"arguments\":[1]}}]"),
          "c.jsonl:7:131: 'arguments' must be a text that holds JSON, not an array" },
        { "arguments that are a number", WITH_CALLS("[{\"function\":{\"name\":\"t\",\"arguments\":7}}]"),
          "c.jsonl:7:131: 'arguments' must be a text that holds JSON, not a number" },
    };
    expect_refused(rows, COUNT_OF(rows));
}

Test(conversation, limits_the_calls_of_a_message)
{
    static const char call[] = "{\"name\":\"t\"},";
    struct baton_text text = baton_text_with_limit(MEMORY_MAX);
    for (unsigned calls = BATON_CALLS_MAX; calls <= BATON_CALLS_MAX + 1; calls++) {
        baton_text_reset(&text);
        baton_text_puts(&text, "{\"messages\":[" USER "," TRIAGE "\"tool_calls\":[");
        for (unsigned i = 0; i < calls; i++) {
            baton_text_append(&text, call, strlen(call) - (i + 1 == calls));
        }
        baton_text_puts(&text, "]}]}");
        struct reading reading;
        read_named(&reading, text.data, "line-7");
        expect_text("calls", "error", reading.error,
                    calls > BATON_CALLS_MAX ? "c.jsonl:7:94: more than 256 calls in one message" : "");
        baton_arena_free(reading.arena);
    }
    baton_text_clear(&text);
}

Test(conversation, limits_its_messages)
{
    struct baton_text text = baton_text_with_limit(MEMORY_MAX);
    baton_text_puts(&text, "{\"messages\":[" USER);
    for (unsigned i = 0; i < BATON_MESSAGES_MAX; i++) {
        baton_text_puts(&text, "," USER);
    }
    baton_text_puts(&text, "]}");
    struct reading reading;
    read_named(&reading, text.data, "line-7");
    expect_text("messages", "error", reading.error, "c.jsonl:7:13: more than 100000 messages");
    baton_arena_free(reading.arena);
    baton_text_clear(&text);
}

/* ---- the whole ---- */

Test(conversation, reads_the_whole)
{
    static const char text[] =
        "{\"id\":\"card-1\",\"entry\":\"billing\",\"messages\":[{\"role\":\"system\",\"content\":\"s\"},"
        "{\"role\":\"user\",\"content\":\"x\",\"expect\":{\"final\":\"billing\"}}," TRIAGE
        "\"content\":\"y\",\"expect\":null},"
        "{\"role\":\"user\",\"content\":\"z\",\"continue\":\"entry\",\"expect\":null}],"
        "\"tags\":[\"billing\"],\"cluster\":\"intent-17\",\"weight\":0.5,\"expect\":{\"final\":\"billing\"},\"version\":1,"
        "\"x-origin\":null}";
    struct reading reading;
    read_named(&reading, text, "line-7");
    cr_assert_eq(reading.status, BATON_OK, "%s", reading.error);
    const struct baton_conversation *conversation = &reading.conversation;
    cr_expect(baton_str_is(conversation->id, "card-1"));
    cr_expect_eq(conversation->entry, 1);
    cr_expect_eq(conversation->message_count, 4);
    cr_expect_eq(conversation->exchange_count, 2);
    cr_expect(conversation->has_recording);
    cr_expect(baton_str_is(conversation->cluster, "intent-17"));
    cr_expect_eq(conversation->weight, 0.5);
    cr_expect_eq(conversation->tags->count, 1);
    cr_expect_not_null(conversation->expect);
    cr_expect_not_null(conversation->messages[1].expect);
    cr_expect_not(conversation->messages[1].starts_over);
    cr_expect(conversation->messages[3].starts_over);
    cr_expect_eq(conversation->messages[3].offset, strstr(text, "{\"role\":\"user\",\"content\":\"z\"") - text);
    cr_expect_eq(baton_conversation_next_user(conversation, 0), 1);
    cr_expect_eq(baton_conversation_next_user(conversation, 2), 3);
    cr_expect_eq(baton_conversation_next_user(conversation, 4), 4);
    baton_arena_free(reading.arena);
    read_named(&reading, "{\"messages\":[" USER "]}", "line-7");
    cr_assert_eq(reading.status, BATON_OK, "%s", reading.error);
    cr_expect(baton_str_is(reading.conversation.id, "line-7"), "without an id it has the one of its place");
    cr_expect_eq(reading.conversation.entry, 0, "without an entry it has the one of the agents file");
    cr_expect_eq(reading.conversation.weight, 1);
    cr_expect_not(reading.conversation.has_recording);
    baton_arena_free(reading.arena);
}

Test(conversation, survives_each_failing_allocation)
{
    static const char text[] = "{\"messages\":[{\"role\":\"user\",\"content\":[\"a\",\"b\"]}," TRIAGE
                               "\"tool_calls\":[" CALL(",\"arguments\":{\"a\":1}") "," CALL("") "]}]}";
    struct reading reading;
    read_named(&reading, text, "line-7");
    cr_assert_eq(reading.status, BATON_OK, "%s", reading.error);
    struct baton_arena *tree = baton_arena_new(MEMORY_MAX);
    const struct baton_json *root;
    cr_assert_eq(baton_json_parse(&root, tree, &reading.source, NULL), BATON_OK);
    enum baton_status status = BATON_ELIMIT;
    for (uint64_t failing = 1; status != BATON_OK && failing < 100; failing++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        struct baton_conversation conversation;
        struct baton_error err;
        baton_arena_fail_after(failing);
        status =
            baton_conversation_read(&conversation, arena, reading.agents, &reading.source, root, BATON_STR("a"), &err);
        baton_arena_fail_after(0);
        cr_expect(status == BATON_OK ? failing > 4 : status == BATON_ELIMIT, "allocation %u", (unsigned)failing);
        baton_arena_free(arena);
    }
    cr_expect_eq(status, BATON_OK);
    baton_arena_free(tree);
    baton_arena_free(reading.arena);
}

Test(conversation, reads_or_refuses_every_line_of_the_corpus)
{
    static const char *const must_be_read[] = { "direct",    "no-agent-names", "one-handoff", "ping-pong",
                                                "spellings", "three-hops",     "unanswered",  "two-transfers" };
    struct baton_arena *life = baton_arena_new(MEMORY_MAX), *arena = baton_arena_new((size_t)256 * 1024 * 1024);
    struct baton_agents *agents;
    struct baton_error err;
    cr_assert_eq(baton_agents_load(&agents, life, "fixtures/agents/support.yaml", NULL, &err), BATON_OK, "%s",
                 err.text);
    glob_t files;
    cr_assert_eq(glob("fixtures/corpus/conversations/*.jsonl", 0, NULL, &files), 0);
    unsigned read = 0, refused = 0;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct baton_source file;
        cr_assert_eq(baton_source_load(&file, life, files.gl_pathv[i], MEMORY_MAX / 8, &err), BATON_OK, "%s", err.text);
        bool is_good = false;
        for (size_t m = 0; m < COUNT_OF(must_be_read); m++) {
            is_good = is_good || strstr(files.gl_pathv[i], must_be_read[m]) != NULL;
        }
        unsigned line = 1;
        for (size_t at = 0; at < file.text.length; line++) {
            const char *start = file.text.data + at, *end = memchr(start, '\n', file.text.length - at);
            size_t length = end == NULL ? file.text.length - at : (size_t)(end - start);
            struct baton_source source = { .name = file.name, .line_first = line, .text = { start, length } };
            const struct baton_json *root;
            struct baton_conversation conversation;
            enum baton_status status = baton_json_parse(&root, arena, &source, &err);
            status = status != BATON_OK ? status
                                        : baton_conversation_read(&conversation, arena, agents, &source, root,
                                                                  BATON_STR("line"), &err);
            cr_expect(status == BATON_OK || (!is_good && status == BATON_EINPUT && err.line == line), "%s:%u: %s",
                      file.name, line, err.text);
            *(status == BATON_OK ? &read : &refused) += 1;
            at += length + 1;
            baton_arena_reset(arena);
        }
    }
    cr_expect(read > 30 && refused > 60, "%u read, %u refused", read, refused);
    globfree(&files);
    baton_arena_free(arena);
    baton_arena_free(life);
}
