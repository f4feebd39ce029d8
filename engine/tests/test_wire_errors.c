/* What goes wrong: refusals, errors inside an answer, nonsense, memory that ends; and what a retry may make of it. */
#include "engine/base/utf8.h"
#include "engine/tests/trees.h"
#include "engine/tests/wire.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct row {
    const char *codec;
    int http_status;
    const char *body, *wanted;
} rows[] = {
    { "openai-chat", 401,
      "{\"error\":{\"message\":\"Incorrect API key\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"invalid_api_key\"}}",
      "auth: openai-chat: HTTP 401, invalid_request_error, invalid_api_key: Incorrect API key" },
    { "openai-chat", 429, "{\"error\":{\"message\":\"Slow.\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
      "rate_limit: openai-chat: HTTP 429, tokens, rate_limit_exceeded: Slow." },
    { "openai-chat", 429,
      "{\"error\":{\"message\":\"Pay.\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}",
      "quota: openai-chat: HTTP 429, insufficient_quota, insufficient_quota: Pay." },
    { "openai-chat", 400,
      "{\"error\":{\"message\":\"No.\",\"type\":\"invalid_request_error\",\"code\":\"model_not_found\"}}",
      "not_found: openai-chat: HTTP 400, invalid_request_error, model_not_found: No." },
    { "openai-chat", 500, "{\"error\":{\"message\":\"Oops.\",\"type\":\"server_error\",\"code\":null}}",
      "server: openai-chat: HTTP 500, server_error: Oops." },
    { "openai-chat", 400, "{\"error\":\"just a text\"}", "bad_request: openai-chat: HTTP 400: just a text" },
    { "openai-chat", 422,
      "{\"object\":\"error\",\"message\":\"Extra.\",\"type\":\"invalid_request_error\",\"code\":1300}",
      "bad_request: openai-chat: HTTP 422, invalid_request_error, 1300: Extra." },
    { "openai-chat", 404, "{\"message\":\"no such route\"}", "not_found: openai-chat: HTTP 404: no such route" },
    { "openai-chat", 502, "<html>\n<b>Bad Gateway</b>", "server: openai-chat: HTTP 502: <html> <b>Bad Gateway</b>" },
    { "openai-chat", 503, "", "overloaded: openai-chat: HTTP 503 without a text" },
    { "openai-chat", 503, "{}", "overloaded: openai-chat: HTTP 503: {}" },
    { "openai-chat", 500,
      "\xff\xfe"
      "bad",
      "server: openai-chat: HTTP 500 without a text" },
    { "openai-chat", 408, "\"x\"", "timeout: openai-chat: HTTP 408: \"x\"" },
    { "openai-chat", 409, "[]", "conflict: openai-chat: HTTP 409: []" },
    { "openai-chat", 302, "{}", "server: openai-chat: HTTP 302: {}" },
    { "openai-chat", 200, "", "protocol: openai-chat: the answer:1:1: empty, where JSON was expected" },
    { "openai-chat", 200, "<html>", "protocol: openai-chat: the answer:1:1: not valid JSON here: expected a value" },
    { "openai-chat", 200, "[]", "protocol: openai-chat: the answer is an array, where an object was expected" },
    { "openai-chat", 200, "{\"choices\":[{\"message\":{\"content\":\"a\"}}]} x",
      "protocol: openai-chat: the answer:1:43: not valid JSON here: expected a value" },
    { "openai-chat", 200, "{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"error\"}]}",
      "server: openai-chat: the answer ended with finish_reason 'error'" },
    { "openai-chat", 200,
      "{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"insufficient_system_resource\"}]}",
      "server: openai-chat: the answer ended with finish_reason 'insufficient_system_resource'" },
    { "openrouter", 200, "{\"error\":{\"code\":429,\"message\":\"Slow.\"}}",
      "rate_limit: openrouter: error in the answer, 429: Slow." },
    { "openrouter", 200,
      "{\"error\":{\"code\":502,\"message\":\"Provider returned error\",\"metadata\":{\"raw\":\"upstream\\nsays\x7fno\","
      "\"provider_name\":\"X\"}}}",
      "server: openrouter: error in the answer, 502: Provider returned error - upstream says no" },
    { "openrouter", 402, "{\"error\":{\"code\":402,\"message\":\"Insufficient credits\"}}",
      "quota: openrouter: HTTP 402, 402: Insufficient credits" },
    { "openrouter", 200, "{\"choices\":[{\"error\":{\"code\":503,\"message\":\"Down.\"},\"finish_reason\":\"error\"}]}",
      "overloaded: openrouter: error in the answer, 503: Down." },
    { "openrouter", 200, "{\"error\":{}}", "server: openrouter: error in the answer: without a text" },
    { "anthropic", 529,
      "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"},\"request_id\":\"r\"}",
      "overloaded: anthropic: HTTP 529, overloaded_error: Overloaded" },
    { "anthropic", 413, "{\"type\":\"error\",\"error\":{\"type\":\"request_too_large\",\"message\":\"Big.\"}}",
      "bad_request: anthropic: HTTP 413, request_too_large: Big." },
    { "anthropic", 403, "{\"type\":\"error\",\"error\":{\"type\":\"permission_error\",\"message\":\"No.\"}}",
      "auth: anthropic: HTTP 403, permission_error: No." },
    { "anthropic", 200, "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"Oops.\"}}",
      "server: anthropic: error in the answer, api_error: Oops." },
    { "openai-responses", 400,
      "{\"error\":{\"message\":\"Bad.\",\"type\":\"invalid_request_error\",\"param\":\"input\",\"code\":null}}",
      "bad_request: openai-responses: HTTP 400, invalid_request_error: Bad." },
};

Test(wire_errors, says_what_the_provider_said)
{
    struct wire wire;
    wire_open(&wire);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        wire.codec = baton_codec_find(baton_str_of(rows[i].codec));
        struct wire_result result = wire_body(&wire, rows[i].http_status, baton_str_of(rows[i].body));
        cr_expect_eq(result.status, BATON_EPROVIDER);
        cr_expect_str_eq(wire_show(&wire, &result), rows[i].wanted, "%s", wire_show(&wire, &result));
    }
    wire_close(&wire);
}

Test(wire_errors, a_chunk_with_an_error_ends_a_stream)
{
    static const struct {
        const char *event, *wanted;
    } events[] = {
        { "data: {\"id\":\"g\",\"error\":{\"code\":502,\"message\":\"Gone.\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},"
          "\"finish_reason\":\"error\"}]}\n\n",
          "server: openrouter: error in the stream, 502: Gone." },
        { "data: {\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
          "server: openrouter: error in the stream, server_error: m" },
        { "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"error\"}]}\n\n",
          "server: openrouter: the answer ended with finish_reason 'error'" },
        { "data: {\"object\":\"error\",\"message\":\"m\",\"type\":\"rate_limit_error\"}\n\n",
          "rate_limit: openrouter: error in the stream, rate_limit_error: m" },
        { "event: error\ndata: {\"error\":\"a text\"}\n\n", "server: openrouter: error in the stream: a text" },
    };
    struct wire wire;
    wire_open(&wire);
    wire.codec = baton_codec_find(BATON_STR("openrouter"));
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        const char *bytes = baton_arena_printf(
            wire.arena,
            "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":%s}]}\n\n%sdata: [DONE]\n\n",
            i % 2 == 0 ? "null" : "\"stop\"", events[i].event);
        struct wire_result result = wire_pieces(&wire, baton_str_of(bytes), 9);
        cr_expect_str_eq(wire_show(&wire, &result), events[i].wanted, "%s", wire_show(&wire, &result));
        cr_expect_eq(wire.streamed.length, 1, "what came before was passed on");
    }
    wire_close(&wire);
}

Test(wire_errors, long_words_are_cut_at_a_character)
{
    struct wire wire;
    wire_open(&wire);
    char body[4096] = "{\"error\":{\"message\":\"";
    for (size_t i = 0; i < 1000; i++) {
        strcat(body, "\xe2\x80\xa6");
    }
    strcat(body, "\"}}");
    for (int http_status = 400; http_status < 404; http_status++) {
        struct wire_result result = wire_body(&wire, http_status, baton_str_of(body));
        size_t bad;
        cr_expect(strlen(result.error) > 600 && baton_utf8_valid(result.error, strlen(result.error), &bad));
        result = wire_body(&wire, http_status, (struct baton_str){ body + 21, 900 });
        cr_expect(strlen(result.error) > 200 && baton_utf8_valid(result.error, strlen(result.error), &bad));
    }
    wire_close(&wire);
}

Test(wire_errors, has_limits)
{
    struct wire wire;
    wire_open(&wire);
    struct baton_text body = baton_text_with_limit(1024 * 1024);
    baton_text_puts(&body, "{\"choices\":[{\"message\":{\"tool_calls\":[");
    for (unsigned i = 0; i <= BATON_CALLS_MAX; i++) {
        baton_text_printf(&body, "%s{\"id\":\"c%u\",\"function\":{\"name\":\"f\"}}", i == 0 ? "" : ",", i);
    }
    baton_text_puts(&body, "]}}]}");
    struct wire_result result = wire_body(&wire, 200, baton_text_str(&body));
    cr_expect_eq(result.status, BATON_ELIMIT);
    cr_expect_str_eq(result.error, "openai-chat: the answer has more parts or bytes than is allowed");
    baton_text_clear(&body);
    wire_close(&wire);
}

/* ---- faults ---- */

Test(wire_errors, faults_have_names_and_say_whether_to_try_again)
{
    static const struct {
        int http_status;
        const char *code, *type, *name;
        bool is_transient;
    } faults[] = {
        { 400, "", "", "bad_request", false },
        { 401, "", "authentication_error", "auth", false },
        { 402, "", "", "quota", false },
        { 403, "", "", "auth", false },
        { 404, "", "invalid_request_error", "not_found", false },
        { 408, "", "", "timeout", true },
        { 409, "", "", "conflict", true },
        { 413, "", "", "bad_request", false },
        { 422, "", "", "bad_request", false },
        { 429, "", "", "rate_limit", true },
        { 429, "insufficient_quota", "", "quota", false },
        { 429, "", "insufficient_quota", "quota", false },
        { 500, "", "", "server", true },
        { 500, "", "overloaded_error", "server", true },
        { 502, "", "", "server", true },
        { 503, "", "", "overloaded", true },
        { 504, "", "", "timeout", true },
        { 529, "", "", "overloaded", true },
        { 599, "", "", "server", true },
        { 200, "", "overloaded_error", "overloaded", true },
        { 200, "", "rate_limit_error", "rate_limit", true },
        { 200, "", "timeout_error", "timeout", true },
        { 200, "", "billing_error", "quota", false },
        { 200, "", "not_found_error", "not_found", false },
        { 200, "", "invalid_request_error", "bad_request", false },
        { 200, "overloaded", "", "overloaded", true },
        { 200, "429", "", "rate_limit", true },
        { 200, "4290", "", "server", true },
        { 200, "", "", "server", true },
        { 0, "what", "ever", "server", true },
    };
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        enum baton_provider_fault fault =
            baton_provider_fault_of(faults[i].http_status, baton_str_of(faults[i].code), baton_str_of(faults[i].type));
        cr_expect_str_eq(baton_provider_fault_name(fault), faults[i].name, "row %zu", i);
        cr_expect_eq(baton_provider_fault_is_transient(fault), faults[i].is_transient, "row %zu", i);
    }
    cr_expect_str_eq(baton_provider_fault_name(BATON_FAULT_NONE), "none");
    cr_expect(baton_provider_fault_is_transient(BATON_FAULT_CUT) &&
              !baton_provider_fault_is_transient(BATON_FAULT_PROTOCOL));
}

/* ---- the table of codecs ---- */

Test(wire_errors, codecs_are_found_by_name)
{
    static const char *const names[] = { "openai-chat", "openai-responses", "anthropic", "openrouter" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        cr_expect_str_eq(baton_codec_at(i)->name, names[i]);
        cr_expect_eq(baton_codec_find(baton_str_of(names[i])), baton_codec_at(i));
    }
    cr_expect_null(baton_codec_at(COUNT_OF(names)));
    cr_expect_eq(baton_codec_find(BATON_STR("openai")), baton_codec_at(0));
    cr_expect_null(baton_codec_find(BATON_STR("gemini")));
    cr_expect_null(baton_codec_find(BATON_STR("")));
}

Test(wire_errors, headers_hold_the_key_and_no_odd_byte)
{
    struct baton_text out = baton_text_with_limit(1024);
    struct baton_error err;
    const struct baton_codec *anthropic = baton_codec_find(BATON_STR("anthropic"));
    cr_expect_eq(baton_codec_headers(baton_codec_at(0), &out, BATON_STR("sk-1"), &err), BATON_OK);
    cr_expect_str_eq(out.data, "Content-Type: application/json\nAuthorization: Bearer sk-1\n");
    baton_text_reset(&out);
    cr_expect_eq(baton_codec_headers(anthropic, &out, BATON_STR("sk-2"), &err), BATON_OK);
    cr_expect_str_eq(out.data, "Content-Type: application/json\nx-api-key: sk-2\nanthropic-version: 2023-06-01\n");
    static const char *const bad[] = { "sk-secret\n", "sk-secret\r\nX: y", "sk secret", "sk-\xc3\xa9" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        cr_expect_eq(baton_codec_headers(anthropic, &out, baton_str_of(bad[i]), &err), BATON_EUSAGE);
        cr_expect_str_eq(err.text, "the key in ANTHROPIC_API_KEY holds a space, line break or other odd byte");
    }
    cr_expect_eq(baton_codec_headers(anthropic, &out, BATON_STR(""), &err), BATON_EUSAGE);
    cr_expect_str_eq(err.text, "anthropic needs a key; set ANTHROPIC_API_KEY");
    baton_text_clear(&out);
}

/* ---- memory that ends ---- */

static const char *const memory_files[] = {
    "fixtures/wire_sse/pydantic-ai__test_openrouter_stream_with_reasoning.0.sse",
    "fixtures/wire_sse/pydantic-ai__test_mistral_model_thinking_part_iter.0.sse",
    "fixtures/wire_sse/dd-trace-py__response_tools_stream.0.sse",
    "fixtures/wire_sse/openinference__test_anthropic_instrumentation_multiple_tool_calling_streaming.0.sse",
};

/* Every allocation fails in turn: an error each time, until none is left that fails. Returns how many there were. */
static uint64_t starve(const char *path, const struct baton_codec *codec)
{
    struct baton_arena *life = tree_arena();
    struct baton_str bytes = tree_file(life, path);
    uint64_t n = 1;
    for (enum baton_status status = BATON_ENOMEM; status != BATON_OK; n++) {
        struct baton_arena *arena = tree_arena();
        struct baton_request request = { .arena = arena };
        struct baton_reply reply = { 0 };
        struct baton_error err = { .text = "" };
        cr_assert_lt(n, 100000);
        baton_arena_fail_after(n);
        struct baton_decoder *decoder = baton_decoder_new();
        if (decoder != NULL) {
            baton_decoder_begin(decoder, codec, &request);
            status = baton_decoder_bytes(decoder, bytes, &err);
            enum baton_status at_end = baton_decoder_end(decoder, &reply, &err);
            baton_arena_fail_after(0);
            cr_assert(status == BATON_OK || status == at_end, "%s, allocation %d", path, (int)n);
            status = at_end;
            cr_assert(status == BATON_OK || status == BATON_ENOMEM || status == BATON_ELIMIT, "%s, allocation %d: %s",
                      path, (int)n, err.text);
            cr_assert_eq(baton_decoder_fault(decoder), BATON_FAULT_NONE);
        }
        baton_arena_fail_after(0);
        baton_decoder_free(decoder);
        baton_arena_free(arena);
    }
    baton_arena_free(life);
    return n;
}

Test(wire_errors, survives_each_failing_allocation, .timeout = 60)
{
    cr_expect_gt(starve(memory_files[0], baton_codec_find(BATON_STR("openrouter"))), 20);
    cr_expect_gt(starve(memory_files[1], baton_codec_find(BATON_STR("openai-chat"))), 20);
    cr_expect_gt(starve(memory_files[2], baton_codec_find(BATON_STR("openai-responses"))), 20);
    cr_expect_gt(starve(memory_files[3], baton_codec_find(BATON_STR("anthropic"))), 20);
}
