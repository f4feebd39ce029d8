/* Responses: what comes back. */
#include "engine/tests/wire.h"

#include <criterion/criterion.h>

struct row {
    const char *name, *input, *wanted;
};

static void open_wire(struct wire *wire)
{
    wire_open(wire);
    wire->codec = baton_codec_find(BATON_STR("openai-responses"));
}

#define TEXT(text) \
    "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"" text "\"}]}"
#define CALL(id, name, arguments) \
    "{\"type\":\"function_call\",\"call_id\":\"" id "\",\"name\":\"" name "\",\"arguments\":\"" arguments "\"}"
#define DONE(output) "{\"status\":\"completed\",\"error\":null,\"output\":[" output "]}"
#define REASONING "{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"gAA==\"}"

static const struct row bodies[] = {
    { "text", DONE(TEXT("hi")), "hi |  | stop |  | " },
    { "nothing", DONE(""), "(none) |  | stop |  | " },
    { "an empty text", DONE(TEXT("")), " |  | stop |  | " },
    { "text and calls", DONE(TEXT("Wait.") "," CALL("a", "f", "{}") "," CALL("b", "g", "")),
      "Wait. | f({})#a g()#b | tool_calls |  | " },
    { "messages and parts are joined",
      DONE(
          "{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"a\"},{\"type\":\"output_text\",\"text\":"
          "\"b\"},{\"type\":\"of_next_year\"}]}," TEXT("c")),
      "abc |  | stop |  | " },
    { "a refusal", DONE("{\"type\":\"message\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"No.\"}]}"),
      "No. |  | refusal |  | " },
    { "reasoning goes back, with all that is beside it", DONE(REASONING "," CALL("a", "f", "{}")),
      "(none) | f({})#a | tool_calls |  | [" REASONING "," CALL("a", "f", "{}") "]" },
    { "so do items of other kinds", DONE("{\"type\":\"of_next_year\",\"x\":1.50}," TEXT("a")),
      "a |  | stop |  | [{\"type\":\"of_next_year\",\"x\":1.50}," TEXT("a") "]" },
    { "a phase counts",
      DONE("{\"type\":\"message\",\"phase\":\"commentary\",\"content\":[{\"type\":\"output_text\",\"text\":\"a\"}]}"),
      "a |  | stop |  | [{\"type\":\"message\",\"phase\":\"commentary\",\"content\":[{\"type\":\"output_text\",\"text\":\"a\"}]}"
      "]" },
    { "a phase of null does not", DONE("{\"type\":\"message\",\"phase\":null,\"content\":[]}"),
      "(none) |  | stop |  | " },
    { "a namespace counts",
      DONE("{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\",\"namespace\":\"n\",\"arguments\":\"{}\"}"),
      "(none) | f({})#a | tool_calls |  | [{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\",\"namespace\":\"n\","
      "\"arguments\":\"{}\"}]" },
    { "cut at its length",
      "{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"},\"output\":[" TEXT(
          "a") "]}",
      "a |  | length |  | " },
    { "cut by a filter",
      "{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"content_filter\"},\"output\":[]}",
      "(none) |  | content_filter |  | " },
    { "cut for no reason", "{\"status\":\"incomplete\",\"incomplete_details\":null,\"output\":[]}",
      "(none) |  | length |  | " },
    { "usage",
      "{\"status\":\"completed\",\"output\":[],\"usage\":{\"input_tokens\":10,\"input_tokens_details\":"
      "{\"cached_tokens\":4,\"cache_write_tokens\":1},\"output_tokens\":5,\"output_tokens_details\":"
      "{\"reasoning_tokens\":3},\"total_tokens\":15}}",
      "(none) |  | stop | 5+4+1>5(3) | " },
    { "no output", "{\"status\":\"completed\"}", "protocol: openai-responses: the answer has no list 'output'" },
    { "failed",
      "{\"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"Slow.\"},\"output\":[]}",
      "rate_limit: openai-responses: error in the answer, rate_limit_exceeded: Slow." },
    { "failed without a word", "{\"status\":\"failed\",\"error\":null,\"output\":[]}",
      "server: openai-responses: the answer has the status 'failed'" },
    { "not finished", "{\"status\":\"in_progress\",\"output\":[]}",
      "protocol: openai-responses: the answer has the status 'in_progress'" },
    { "a call without a name", DONE(CALL("a", "", "{}")),
      "protocol: openai-responses: tool call 1 of the answer has no name" },
};

Test(responses, reads_whole_answers)
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

#define EVENT(type, members) "event: " type "\ndata: {\"type\":\"" type "\"," members "}\n\n"
#define CREATED EVENT("response.created", "\"response\":{\"id\":\"r\",\"status\":\"in_progress\",\"output\":[]}")
#define DELTA(text) EVENT("response.output_text.delta", "\"output_index\":0,\"delta\":\"" text "\"")
#define ITEM(item) EVENT("response.output_item.done", "\"item\":" item)
#define COMPLETED(response) EVENT("response.completed", "\"response\":" response)

static const struct row streams[] = {
    { "text", CREATED DELTA("he") DELTA("y") ITEM(TEXT("hey")) COMPLETED(DONE(TEXT("hey"))), "hey |  | stop |  | " },
    { "the least that will do", CREATED ITEM(TEXT("hey")) COMPLETED("{\"id\":\"r\"}"), "hey |  | stop |  | " },
    { "less still", COMPLETED("{\"id\":\"r\",\"output\":[]}"), "(none) |  | stop |  | " },
    { "pieces alone", DELTA("he") DELTA("y") COMPLETED("{}"), "hey |  | stop |  | " },
    { "two messages, one of them in pieces",
      DELTA("a") ITEM(TEXT("a")) ITEM(TEXT("b")) DELTA("c") ITEM(TEXT("c")) COMPLETED("{\"output\":[]}"),
      "abc |  | stop |  | " },
    { "calls without the whole at the end", ITEM(CALL("a", "f", "{}")) ITEM(CALL("b", "g", "{}")) COMPLETED("{}"),
      "(none) | f({})#a g({})#b | tool_calls |  | " },
    { "the whole counts, and is not counted twice",
      ITEM(CALL("a", "f", "{}")) COMPLETED(DONE(CALL("a", "f", "{}") "," CALL("b", "g", "{}"))),
      "(none) | f({})#a g({})#b | tool_calls |  | " },
    { "reasoning", ITEM(REASONING) ITEM(CALL("a", "f", "{}")) COMPLETED("{}"),
      "(none) | f({})#a | tool_calls |  | [" REASONING "," CALL("a", "f", "{}") "]" },
    { "a refusal", EVENT("response.refusal.delta", "\"delta\":\"No.\"") COMPLETED("{}"), "No. |  | refusal |  | " },
    { "incomplete",
      DELTA("a") EVENT("response.incomplete", "\"response\":{\"status\":\"incomplete\",\"incomplete_details\":"
                                              "{\"reason\":\"max_output_tokens\"},\"output\":[" TEXT("a") "]}"),
      "a |  | length |  | " },
    { "without event lines",
      "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n"
      "data: {\"type\":\"response.completed\",\"response\":{}}\n\n",
      "a |  | stop |  | " },
    { "unknown events, also those that are no JSON",
      "event: response.of_next_year\ndata: {\n\nevent: ping\ndata: x\n\n" DELTA("a") COMPLETED("{}") "data: [DONE]\n\n",
      "a |  | stop |  | " },
    { "a mark at the end alone is none", DELTA("a") "data: [DONE]\n\n",
      "cut: openai-responses: the stream ended after 2 events, before its end; the answer is not whole" },
    { "cut off", CREATED DELTA("a") ITEM(TEXT("a")),
      "cut: openai-responses: the stream ended after 3 events, before its end; the answer is not whole" },
    { "failed",
      DELTA("a") EVENT("response.failed", "\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"server_error\","
                                          "\"message\":\"Oops.\"}}"),
      "server: openai-responses: error in the stream, server_error: Oops." },
    { "failed without a word", EVENT("response.failed", "\"response\":{}"),
      "server: openai-responses: the answer failed, without a reason" },
    { "failed without anything", EVENT("response.failed", "\"x\":1"),
      "server: openai-responses: the answer failed, without a reason" },
    { "an error event",
      "event: error\ndata: {\"type\":\"error\",\"code\":\"context_length_exceeded\",\"message\":\"Long.\",\"sequence_number\":3}"
      "\n\n",
      "bad_request: openai-responses: error in the stream, context_length_exceeded: Long." },
    { "an error event of the other kind",
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"code\":null,\"message\":\"Bad.\"}}"
      "\n\n",
      "bad_request: openai-responses: error in the stream, invalid_request_error: Bad." },
    { "completed, but of what", EVENT("response.completed", "\"x\":1"),
      "protocol: openai-responses: event 1 has no object 'response'" },
    { "an item that is none", EVENT("response.output_item.done", "\"item\":7"),
      "protocol: openai-responses: event 1 has no object 'item'" },
};

Test(responses, reads_streams)
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
