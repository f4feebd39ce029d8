/* Chat Completions and OpenRouter: what comes back. */
#include "engine/tests/wire.h"

#include <criterion/criterion.h>
#include <string.h>

struct row {
    const char *name, *input, *wanted;
    const char *codec; /* NULL: openai-chat */
};

static void use(struct wire *wire, const struct row *row)
{
    wire->codec = baton_codec_find(baton_str_of(row->codec == NULL ? "openai-chat" : row->codec));
}

#define MESSAGE(members) "{\"choices\":[{\"index\":0,\"message\":{" members "},\"finish_reason\":\"stop\"}]}"
#define CALL(id, name, arguments) \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name "\",\"arguments\":" arguments "}}"

static const struct row bodies[] = {
    { "text", MESSAGE("\"content\":\"hi\""), "hi |  | stop |  | ", NULL },
    { "null text", MESSAGE("\"content\":null"), "(none) |  | stop |  | ", NULL },
    { "empty text is a text", MESSAGE("\"content\":\"\""), " |  | stop |  | ", NULL },
    { "empty text beside calls is none", MESSAGE("\"content\":\"\",\"tool_calls\":[" CALL("a", "f", "\"{}\"") "]"),
      "(none) | f({})#a | stop |  | ", NULL },
    { "text with two calls",
      MESSAGE("\"content\":\"Wait.\",\"tool_calls\":[" CALL("a", "f", "\"{}\"") "," CALL("b", "g",
                                                                                         "\"{\\\"x\\\":1}\"") "]"),
      "Wait. | f({})#a g({\"x\":1})#b | stop |  | ", NULL },
    { "arguments as an object", MESSAGE("\"tool_calls\":[" CALL("a", "f", "{\"x\":1.0}") "]"),
      "(none) | f({\"x\":1.0})#a | stop |  | ", NULL },
    { "arguments null or absent",
      MESSAGE("\"tool_calls\":[" CALL("a", "f", "null") ",{\"id\":\"b\",\"function\":{\"name\":\"g\"}}]"),
      "(none) | f()#a g()#b | stop |  | ", NULL },
    { "bad arguments stay as they are", MESSAGE("\"tool_calls\":[" CALL("a", "f", "\"{not json\"") "]"),
      "(none) | f({not json)#a | stop |  | ", NULL },
    { "calls of one index are two calls",
      MESSAGE("\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}},"
              "{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"g\"}}]"),
      "(none) | f()#a g()#b | stop |  | ", NULL },
    { "calls without an id are calls of their own",
      MESSAGE("\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},"
              "{\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]"),
      "(none) | f({})# g({})# | stop |  | ", NULL },
    { "other types of tools are passed over",
      MESSAGE(
          "\"content\":\"x\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"custom\",\"custom\":{\"name\":\"n\",\"input\":\"i\"}}]"),
      "x |  | stop |  | ", NULL },
    { "the old single call", MESSAGE("\"content\":null,\"function_call\":{\"name\":\"f\",\"arguments\":\"{}\"}"),
      "(none) | f({})# | stop |  | ", NULL },
    { "a refusal is a text of its own kind", MESSAGE("\"content\":null,\"refusal\":\"No.\""), "No. |  | refusal |  | ",
      NULL },
    { "an empty refusal is none", MESSAGE("\"content\":\"Yes.\",\"refusal\":\"\""), "Yes. |  | stop |  | ", NULL },
    { "unknown members are passed over", MESSAGE("\"content\":\"x\",\"audio\":{\"id\":\"a\"},\"zzz\":[[1]]"),
      "x |  | stop |  | ", NULL },
    { "parts of text are joined",
      MESSAGE("\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]"),
      "ab |  | stop |  | ", NULL },
    { "unknown chunks go back one by one",
      MESSAGE("\"content\":[{\"type\":\"thinking\",\"thinking\":[]},{\"type\":\"a\"},{\"type\":\"b\"}]"),
      "(none) |  | stop |  | {\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\","
      "\"text\":\"\"}]},{\"type\":\"a\"},{\"type\":\"b\"}]}",
      NULL },
    { "chunks of thinking go back",
      MESSAGE("\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"hm\"}]},"
              "{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"reference\",\"reference_ids\":[1]},\"odd\"]"),
      "a |  | stop |  | {\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\","
      "\"text\":\"hm\"}]},{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"reference\",\"reference_ids\":[1]}]}",
      NULL },
    { "reasoning_content goes back",
      MESSAGE("\"content\":null,\"reasoning_content\":\"hm\",\"tool_calls\":[" CALL("a", "f", "\"{}\"") "]"),
      "(none) | f({})#a | stop |  | {\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"hm\",\"tool_calls\":["
      "{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}",
      NULL },
    { "empty reasoning_content does not", MESSAGE("\"content\":\"x\",\"reasoning_content\":\"\""), "x |  | stop |  | ",
      NULL },
    { "reasoning as a text goes back to OpenRouter alone", MESSAGE("\"content\":\"x\",\"reasoning\":\"hm\""),
      "x |  | stop |  | ", NULL },
    { "reasoning as a text", MESSAGE("\"content\":\"x\",\"reasoning\":\"hm\""),
      "x |  | stop |  | {\"role\":\"assistant\",\"content\":\"x\",\"reasoning\":\"hm\"}", "openrouter" },
    { "reasoning_details go back",
      MESSAGE(
          "\"content\":\"x\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"a\",\"signature\":\"s==\","
          "\"format\":\"f\",\"index\":0},{\"type\":\"reasoning.encrypted\",\"data\":\"d==\",\"id\":\"r\",\"index\":0}]"),
      "x |  | stop |  | {\"role\":\"assistant\",\"content\":\"x\",\"reasoning_details\":[{\"type\":\"reasoning.text\","
      "\"format\":\"f\",\"index\":0,\"text\":\"a\",\"signature\":\"s==\"},{\"type\":\"reasoning.encrypted\",\"data\":"
      "\"d==\",\"id\":\"r\",\"index\":0}]}",
      "openrouter" },
    { "the choice of index 0 counts",
      "{\"choices\":[{\"index\":1,\"message\":{\"content\":\"b\"},\"finish_reason\":\"length\"},"
      "{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}",
      "a |  | stop |  | ", NULL },
    { "no finish reason", "{\"choices\":[{\"message\":{\"content\":\"a\"}}]}", "a |  | unknown |  | ", NULL },
    { "no choices", "{\"choices\":[]}", "protocol: openai-chat: the answer has no object 'choices[0]'", NULL },
    { "no message", "{\"choices\":[{\"index\":0}]}",
      "protocol: openai-chat: the answer has no object 'choices[0].message'", NULL },
    { "a call without a name", MESSAGE("\"tool_calls\":[" CALL("a", "f", "\"\"") "," CALL("b", "", "\"\"") "]"),
      "protocol: openai-chat: tool call 2 of the answer has no name", NULL },
};

Test(chat, reads_whole_answers)
{
    struct wire wire;
    wire_open(&wire);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        use(&wire, &bodies[i]);
        struct wire_result result = wire_body(&wire, 200, baton_str_of(bodies[i].input));
        cr_expect_str_eq(wire_show(&wire, &result), bodies[i].wanted, "%s: %s", bodies[i].name,
                         wire_show(&wire, &result));
    }
    wire_close(&wire);
}

Test(chat, maps_each_finish_reason)
{
    static const struct {
        const char *raw;
        enum baton_finish finish;
    } rows[] = {
        { "stop", BATON_FINISH_STOP },
        { "eos", BATON_FINISH_STOP },
        { "tool_calls", BATON_FINISH_TOOL_CALLS },
        { "function_call", BATON_FINISH_TOOL_CALLS },
        { "length", BATON_FINISH_LENGTH },
        { "model_length", BATON_FINISH_LENGTH },
        { "content_filter", BATON_FINISH_CONTENT_FILTER },
        { "sensitive", BATON_FINISH_CONTENT_FILTER },
        { "of_next_year", BATON_FINISH_UNKNOWN },
    };
    struct wire wire;
    wire_open(&wire);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *body = baton_arena_printf(
            wire.arena, "{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"%s\"}]}", rows[i].raw);
        struct wire_result result = wire_body(&wire, 200, baton_str_of(body));
        cr_expect(result.status == BATON_OK && result.reply.finish == rows[i].finish, "%s", rows[i].raw);
    }
    wire_close(&wire);
}

Test(chat, normalises_usage)
{
    static const struct {
        const char *usage, *wanted;
    } rows[] = {
        { "{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}", "10+0+0>5(0)" },
        { "{\"prompt_tokens\":10,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":4}}",
          "6+4+0>5(0)" },
        { "{\"prompt_tokens\":10,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":4,"
          "\"cache_write_tokens\":3},\"completion_tokens_details\":{\"reasoning_tokens\":2}}",
          "3+4+3>5(2)" },
        { "{\"prompt_tokens\":10,\"completion_tokens\":5,\"prompt_cache_hit_tokens\":8}", "2+8+0>5(0)" },
        { "{\"prompt_tokens\":10,\"completion_tokens\":5,\"cached_tokens\":9}", "1+9+0>5(0)" },
        { "{\"prompt_tokens\":12,\"completion_tokens\":2,\"total_tokens\":354,\"completion_tokens_details\":"
          "{\"reasoning_tokens\":340}}",
          "12+0+0>342(340)" },
        { "{\"prompt_tokens\":10,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":99}}",
          "0+99+0>5(0)" },
        { "{\"prompt_tokens\":-1,\"completion_tokens\":1.5,\"prompt_tokens_details\":null}", "0+0+0>0(0)" },
        { "{}", "0+0+0>0(0)" },
        { "null", "" },
    };
    struct wire wire;
    wire_open(&wire);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *body = baton_arena_printf(
            wire.arena, "{\"choices\":[{\"message\":{\"content\":\"a\"}}],\"usage\":%s}", rows[i].usage);
        struct wire_result result = wire_body(&wire, 200, baton_str_of(body));
        const char *wanted = baton_arena_printf(wire.arena, "a |  | unknown | %s | ", rows[i].wanted);
        cr_expect_str_eq(wire_show(&wire, &result), wanted, "%s", rows[i].usage);
    }
    wire_close(&wire);
}

/* ---- streams ---- */

#define DELTA(members) "data: {\"choices\":[{\"index\":0,\"delta\":{" members "},\"finish_reason\":null}]}\n\n"
#define FINISH(reason) "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define DONE "data: [DONE]\n\n"
#define PIECE(members) DELTA("\"tool_calls\":[{" members "}]")

static const struct row streams[] = {
    { "text",
      DELTA("\"role\":\"assistant\",\"content\":\"\"") DELTA("\"content\":\"he\"") DELTA("\"content\":\"y\"")
          FINISH("stop") DONE,
      "hey |  | stop |  | ", NULL },
    { "no mark at the end", DELTA("\"content\":\"a\"") FINISH("stop"), "a |  | stop |  | ", NULL },
    { "no finish reason, but the mark", DELTA("\"content\":\"a\"") DONE, "a |  | unknown |  | ", NULL },
    { "spaces after the mark, and events after it",
      DELTA("\"content\":\"a\"") FINISH("stop") "data: [DONE]  \n\ndata: {nonsense\n\n", "a |  | stop |  | ", NULL },
    { "only the mark", DONE,
      "cut: openai-chat: the stream ended after 1 events, before its end; the answer is not whole", NULL },
    { "neither", DELTA("\"content\":\"a\"") DELTA("\"content\":\"b\""),
      "cut: openai-chat: the stream ended after 2 events, before its end; the answer is not whole", NULL },
    { "an event that no blank line ends", DELTA("\"content\":\"a\"") "data: [DONE]\n",
      "cut: openai-chat: the stream ended after 1 events, before its end; the answer is not whole", NULL },
    { "parallel calls, their pieces mixed",
      PIECE("\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}")
          PIECE("\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{\"}")
              PIECE("\"index\":0,\"function\":{\"arguments\":\"{\\\"x\\\":\"}")
                  PIECE("\"index\":1,\"function\":{\"arguments\":\"}\"}")
                      PIECE("\"index\":0,\"function\":{\"arguments\":\"1}\"}") FINISH("tool_calls") DONE,
      "(none) | f({\"x\":1})#a g({})#b | tool_calls |  | ", NULL },
    { "two calls in one piece",
      DELTA(
          "\"content\":\"t\",\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"1\"}},"
          "{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"2\"}}]") FINISH("tool_calls"),
      "t | f(1)#a g(2)#b | tool_calls |  | ", NULL },
    { "name and id again with every piece",
      PIECE("\"index\":0,\"id\":\"0\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}")
          PIECE("\"index\":0,\"id\":\"0\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}") FINISH("tool_calls"),
      "(none) | f({})#0 | tool_calls |  | ", NULL },
    { "every call has the index 0",
      PIECE("\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}")
          PIECE("\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}") FINISH("stop"),
      "(none) | f({})#a g({})#b | stop |  | ", NULL },
    { "no call has an index",
      PIECE("\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}")
          PIECE("\"function\":{\"arguments\":\"}\"}")
              PIECE("\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}") FINISH("stop"),
      "(none) | f({})#a g({})#b | stop |  | ", NULL },
    { "a call without an id, and then one with",
      PIECE("\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}")
          PIECE("\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}") FINISH("tool_calls"),
      "(none) | f({})# g({})#b | tool_calls |  | ", NULL },
    { "arguments that are cut stay as they are",
      PIECE("\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":\"}") FINISH("length"),
      "(none) | f({\"x\":)#a | length |  | ", NULL },
    { "usage in a chunk of its own",
      DELTA("\"content\":\"a\"") FINISH(
          "stop") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7,\"total_tokens\":18}}\n\n" DONE,
      "a |  | stop | 11+0+0>7(0) | ", NULL },
    { "usage in every chunk, the last counts",
      "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n"
      "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}"
      "\n\n",
      "a |  | stop | 1+0+0>2(0) | ", NULL },
    { "usage as Groq hides it",
      DELTA("\"content\":\"a\"") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"x_groq\":{\"usage\":"
                                 "{\"prompt_tokens\":3,\"completion_tokens\":4}}}\n\n",
      "a |  | stop | 3+0+0>4(0) | ", NULL },
    { "the first chunk may be about filters",
      "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\ndata: {\"choices\":[{\"index\":0,\"content_filter_results\":{}}]}"
      "\n\n" DELTA("\"content\":\"a\"") FINISH("stop"),
      "a |  | stop |  | ", NULL },
    { "other choices are passed over",
      "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"no\"},\"finish_reason\":\"stop\"}]}\n\n" DELTA(
          "\"content\":\"a\"") FINISH("stop"),
      "a |  | stop |  | ", NULL },
    { "a refusal in pieces", DELTA("\"refusal\":\"N\"") DELTA("\"refusal\":\"o.\"") FINISH("stop"),
      "No. |  | refusal |  | ", NULL },
    { "events without data, and comments",
      ": OPENROUTER PROCESSING\n\ndata\n\n" DELTA("\"content\":\"a\"") FINISH("stop"), "a |  | stop |  | ",
      "openrouter" },
    { "reasoning_content in pieces",
      DELTA("\"reasoning_content\":\"h\",\"content\":null") DELTA("\"reasoning_content\":\"m\"")
          DELTA("\"content\":\"a\",\"reasoning_content\":null") FINISH("stop"),
      "a |  | stop |  | {\"role\":\"assistant\",\"content\":\"a\",\"reasoning_content\":\"hm\"}", NULL },
    { "reasoning_details in pieces",
      DELTA(
          "\"reasoning\":\"h\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"h\",\"index\":0,\"format\":null}]")
          DELTA("\"reasoning\":\"m\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"m\",\"index\":0}]")
              DELTA("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"signature\":\"s==\",\"index\":0}]")
                  DELTA("\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"d\",\"index\":1},"
                        "{\"type\":\"reasoning.encrypted\",\"data\":\"e\",\"index\":1}]") DELTA("\"content\":\"a\"")
                      FINISH("stop"),
      "a |  | stop |  | {\"role\":\"assistant\",\"content\":\"a\",\"reasoning\":\"hm\",\"reasoning_details\":[{\"type\":"
      "\"reasoning.text\",\"index\":0,\"format\":null,\"text\":\"hm\",\"signature\":\"s==\"},{\"type\":\"reasoning.encrypted\","
      "\"data\":\"d\",\"index\":1},{\"type\":\"reasoning.encrypted\",\"data\":\"e\",\"index\":1}]}",
      "openrouter" },
    { "Mistral's chunks, then plain text",
      DELTA("\"content\":\"\"")
          DELTA("\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"h\"}]}]")
              DELTA("\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"m\"}]}]")
                  DELTA("\"content\":\"a\"") DELTA("\"content\":\"b\"") FINISH("stop"),
      "ab |  | stop |  | {\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":"
      "\"hm\"}]},{\"type\":\"text\",\"text\":\"ab\"}]}",
      NULL },
    { "not JSON", DELTA("\"content\":\"a\"") "data: {\"choices\":\n\n",
      "protocol: openai-chat: event 2:1:12: ends too early: a bracket is still open", NULL },
    { "not an object", "data: [1]\n\n", "protocol: openai-chat: event 1 is an array, where an object was expected",
      NULL },
    { "the old completions",
      "data: {\"object\":\"text_completion\",\"choices\":[{\"text\":\"a\",\"index\":0,\"finish_reason\":\"stop\"}]}\n\n",
      "protocol: openai-chat: event 1 has no object 'choices[0].delta'", NULL },
};

Test(chat, reads_streams)
{
    struct wire wire;
    wire_open(&wire);
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        use(&wire, &streams[i]);
        struct baton_str bytes = baton_str_of(streams[i].input);
        struct wire_result result = wire_pieces(&wire, bytes, bytes.length);
        cr_expect_str_eq(wire_show(&wire, &result), streams[i].wanted, "%s: %s", streams[i].name,
                         wire_show(&wire, &result));
        result = wire_pieces(&wire, bytes, 5);
        cr_expect_str_eq(wire_show(&wire, &result), streams[i].wanted, "%s, in pieces", streams[i].name);
    }
    wire_close(&wire);
}
