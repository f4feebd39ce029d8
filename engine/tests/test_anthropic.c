/* Anthropic Messages: what comes back. */
#include "engine/tests/wire.h"

#include <criterion/criterion.h>

struct row {
    const char *name, *input, *wanted;
};

static void open_wire(struct wire *wire)
{
    wire_open(wire);
    wire->codec = baton_codec_find(BATON_STR("anthropic"));
}

#define MESSAGE(blocks) \
    "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[" blocks "],\"stop_reason\":\"end_turn\"}"
#define TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define USE(id, name, input) "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" name "\",\"input\":" input "}"
#define THINKING "{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"s+/=\"}"

static const struct row bodies[] = {
    { "text", MESSAGE(TEXT("hi")), "hi |  | stop |  | " },
    { "nothing", MESSAGE(""), "(none) |  | stop |  | " },
    { "an empty text", MESSAGE(TEXT("")), " |  | stop |  | " },
    { "texts are joined", MESSAGE(TEXT("a") "," TEXT("b")), "ab |  | stop |  | " },
    { "text and calls",
      MESSAGE(TEXT("Wait.") "," USE("a", "f", "{}") "," USE("b", "g", "{\"x\":1.50,\"y\":\"\\u00e9\"}")),
      "Wait. | f({})#a g({\"x\":1.50,\"y\":\"\xc3\xa9\"})#b | stop |  | " },
    { "a call without input", MESSAGE("{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\"}"),
      "(none) | f()#a | stop |  | " },
    { "thinking goes back, with all that is beside it", MESSAGE(THINKING "," TEXT("") "," USE("a", "f", "{\"x\":1}")),
      "(none) | f({\"x\":1})#a | stop |  | [" THINKING "," USE("a", "f", "{\"x\":1}") "]" },
    { "redacted thinking too", MESSAGE("{\"type\":\"redacted_thinking\",\"data\":\"d==\"}," TEXT("a")),
      "a |  | stop |  | [{\"type\":\"redacted_thinking\",\"data\":\"d==\"}," TEXT("a") "]" },
    { "and tools that ran over there",
      MESSAGE(
          "{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web\",\"input\":{\"q\":1}},{\"type\":"
          "\"web_search_tool_result\",\"tool_use_id\":\"s\",\"content\":[{\"text\":\"t\"}]},{\"type\":\"text\",\"text\":"
          "\"a\",\"citations\":[{\"n\":1},{\"n\":2}]}"),
      "a |  | stop |  | [{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web\",\"input\":{\"q\":1}},{\"type\":"
      "\"web_search_tool_result\",\"tool_use_id\":\"s\",\"content\":[{\"text\":\"t\"}]},{\"type\":\"text\",\"text\":\"a\","
      "\"citations\":[{\"n\":1},{\"n\":2}]}]" },
    { "what is not known keeps all it has",
      MESSAGE("{\"type\":\"of_next_year\",\"text\":\"t\",\"input\":[1],\"thinking\":null}," TEXT("a")),
      "a |  | stop |  | [{\"type\":\"of_next_year\",\"text\":\"t\",\"input\":[1],\"thinking\":null}," TEXT("a") "]" },
    { "usage",
      "{\"content\":[],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":7,\"cache_read_input_tokens\":100,"
      "\"cache_creation_input_tokens\":20,\"output_tokens\":9,\"output_tokens_details\":{\"thinking_tokens\":4}}}",
      "(none) |  | stop | 7+100+20>9(4) | " },
    { "no stop reason", "{\"content\":[],\"stop_reason\":null}", "(none) |  | unknown |  | " },
    { "no content", "{\"type\":\"message\"}", "protocol: anthropic: the answer has no list 'content'" },
    { "content of another kind", "{\"type\":\"message\",\"content\":[" TEXT("a") ",7]}",
      "protocol: anthropic: 'content[1]' of the answer is a number, where an object was expected" },
    { "the old completions", "{\"type\":\"completion\",\"completion\":\"a\",\"stop_reason\":\"stop_sequence\"}",
      "protocol: anthropic: the answer has no list 'content'" },
};

Test(anthropic, reads_whole_answers)
{
    struct wire wire;
    open_wire(&wire);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct wire_result result = wire_body(&wire, 200, baton_str_of(bodies[i].input));
        cr_expect_str_eq(wire_show(&wire, &result), bodies[i].wanted, "%s: %s", bodies[i].name,
                         wire_show(&wire, &result));
    }
    wire_close(&wire);
}

Test(anthropic, maps_each_stop_reason)
{
    static const struct {
        const char *raw;
        enum baton_finish finish;
    } rows[] = {
        { "end_turn", BATON_FINISH_STOP },
        { "stop_sequence", BATON_FINISH_STOP },
        { "tool_use", BATON_FINISH_TOOL_CALLS },
        { "max_tokens", BATON_FINISH_LENGTH },
        { "model_context_window_exceeded", BATON_FINISH_LENGTH },
        { "refusal", BATON_FINISH_REFUSAL },
        { "pause_turn", BATON_FINISH_PAUSE },
        { "of_next_year", BATON_FINISH_UNKNOWN },
    };
    struct wire wire;
    open_wire(&wire);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *body =
            baton_arena_printf(wire.arena, "{\"content\":[" TEXT("a") "],\"stop_reason\":\"%s\"}", rows[i].raw);
        struct wire_result result = wire_body(&wire, 200, baton_str_of(body));
        cr_expect(result.status == BATON_OK && result.reply.finish == rows[i].finish, "%s", rows[i].raw);
    }
    wire_close(&wire);
}

#define EVENT(type, members) "event: " type "\ndata: {\"type\":\"" type "\"" members "}\n\n"
#define START \
    EVENT("message_start", ",\"message\":{\"content\":[],\"usage\":{\"input_tokens\":11,\"output_tokens\":1}}")
#define BLOCK(index, block) EVENT("content_block_start", ",\"index\":" index ",\"content_block\":" block)
#define DELTA(index, delta) EVENT("content_block_delta", ",\"index\":" index ",\"delta\":" delta)
#define PIECE(index, text) DELTA(index, "{\"type\":\"text_delta\",\"text\":\"" text "\"}")
#define INPUT(index, json) DELTA(index, "{\"type\":\"input_json_delta\",\"partial_json\":\"" json "\"}")
#define CLOSE(index) EVENT("content_block_stop", ",\"index\":" index)
#define REASON(reason) \
    EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"" reason "\"},\"usage\":{\"output_tokens\":7}")
#define STOP EVENT("message_stop", "")

static const struct row streams[] = {
    { "text",
      START BLOCK("0", TEXT("")) PIECE("0", "he") EVENT("ping", "") PIECE("0", "y") CLOSE("0") REASON("end_turn") STOP,
      "hey |  | stop | 11+0+0>7(0) | " },
    { "text with two calls, their pieces mixed",
      START BLOCK("0", TEXT("t")) CLOSE("0") BLOCK("1", USE("a", "f", "{}")) BLOCK("2", USE("b", "g", "{}")) INPUT(
          "2", "{\\\"y\\\":") INPUT("1", "{\\\"x\\\": 1") INPUT("1", "}") INPUT("2", "2}") REASON("tool_use") STOP,
      "t | f({\"x\": 1})#a g({\"y\":2})#b | tool_calls | 11+0+0>7(0) | " },
    { "input at the start alone", START BLOCK("0", USE("a", "f", "{\"x\":1}")) INPUT("0", "") REASON("tool_use") STOP,
      "(none) | f({\"x\":1})#a | tool_calls | 11+0+0>7(0) | " },
    { "input that is cut stays as it is",
      START BLOCK("0", USE("a", "f", "{}")) INPUT("0", "{\\\"x\\\":") REASON("max_tokens") STOP,
      "(none) | f({\"x\":)#a | length | 11+0+0>7(0) | " },
    { "and goes back in an object",
      START BLOCK("0", "{\"type\":\"redacted_thinking\",\"data\":\"d\"}") BLOCK("1", USE("a", "f", "{}"))
          INPUT("1", "[1") STOP,
      "(none) | f([1)#a | unknown | 11+0+0>1(0) | [{\"type\":\"redacted_thinking\",\"data\":\"d\"},{\"type\":\"tool_use\","
      "\"id\":\"a\",\"name\":\"f\",\"input\":{\"invalid_arguments\":\"[1\"}}]" },
    { "thinking in pieces",
      START BLOCK("0", "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
          DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\"h\"}")
              DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\"m\"}")
                  DELTA("0", "{\"type\":\"signature_delta\",\"signature\":\"s+/=\"}") CLOSE("0") BLOCK("1", TEXT("a"))
                      DELTA("1", "{\"type\":\"citations_delta\",\"citation\":{\"n\":1}}")
                          DELTA("1", "{\"type\":\"citations_delta\",\"citation\":{\"n\":2}}") REASON("end_turn") STOP,
      "a |  | stop | 11+0+0>7(0) | [" THINKING
      ",{\"type\":\"text\",\"text\":\"a\",\"citations\":[{\"n\":1},{\"n\":2}]}]" },
    { "unknown deltas and events are passed over",
      START BLOCK("0", TEXT("")) DELTA("0", "{\"type\":\"of_next_year\",\"text\":\"no\"}")
          PIECE("0", "a") "event: of_next_year\ndata: {\n\n" STOP,
      "a |  | unknown | 11+0+0>1(0) | " },
    { "all counts near the end",
      START BLOCK("0", TEXT("a"))
          EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":61,"
                                 "\"cache_read_input_tokens\":5,\"output_tokens\":2}") STOP,
      "a |  | stop | 61+5+0>2(0) | " },
    { "an answer that begins anew before any text",
      START BLOCK("0", USE("a", "f", "{}")) INPUT("0", "{\\\"x") START BLOCK("0", USE("b", "f", "{}")) INPUT("0", "{}")
          STOP,
      "(none) | f({})#b | unknown | 11+0+0>1(0) | " },
    { "or after some", START BLOCK("0", TEXT("")) PIECE("0", "a") START,
      "protocol: anthropic: a second 'message_start' in the middle of an answer" },
    { "without event lines",
      "data: {\"type\":\"message_start\",\"message\":{}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
      "(none) |  | unknown |  | " },
    { "cut off before the last event", START BLOCK("0", TEXT("a")) CLOSE("0") REASON("end_turn"),
      "cut: anthropic: the stream ended after 4 events, before its end; the answer is not whole" },
    { "an end without a beginning", STOP, "protocol: anthropic: 'message_stop' of an answer that never began" },
    { "a piece without a block", START PIECE("3", "a"),
      "protocol: anthropic: event 2 goes on with block 3, which never began" },
    { "an error event",
      START BLOCK(
          "0",
          TEXT("a")) "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":"
                     "\"Overloaded\"}}\n\n",
      "overloaded: anthropic: error in the stream, overloaded_error: Overloaded" },
    { "an error event that hardly says so", "event: error\ndata: {\"message\":\"Oops.\"}\n\n",
      "server: anthropic: error in the stream: Oops." },
    { "nothing in the start", EVENT("message_start", ""), "protocol: anthropic: event 1 has no object 'message'" },
    { "no block", START EVENT("content_block_start", ",\"index\":0"),
      "protocol: anthropic: event 2 has no object 'content_block'" },
    { "no delta", START BLOCK("0", TEXT("")) EVENT("content_block_delta", ",\"index\":0"),
      "protocol: anthropic: event 3 has no object 'delta'" },
};

Test(anthropic, reads_streams)
{
    struct wire wire;
    open_wire(&wire);
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        struct baton_str bytes = baton_str_of(streams[i].input);
        struct wire_result result = wire_pieces(&wire, bytes, bytes.length);
        cr_expect_str_eq(wire_show(&wire, &result), streams[i].wanted, "%s: %s", streams[i].name,
                         wire_show(&wire, &result));
        result = wire_pieces(&wire, bytes, 5);
        cr_expect_str_eq(wire_show(&wire, &result), streams[i].wanted, "%s, in pieces", streams[i].name);
    }
    wire_close(&wire);
}
