/* Imports: recordings of other projects, whose agents, tokens and last words are known (runs.json), replay through the engine;
 * small traces, each a few requests and replies, show one way in which calls belong together.
 */
#include "sim/import/forms.h"

#include "engine/base/document.h"
#include "sim/import/vcr.h"
#include "sim/tests/import_run.h"
#include "sim/tests/playback.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define RUNS "fixtures/wire_vcr/runs.json"

enum { RUNS_COUNT = 9, PATH_BYTES = 512, SCRATCH_MAX = 64 * 1024 * 1024 };

static struct import_run *played_new(void)
{
    struct import_run *played = malloc(sizeof *played);
    cr_assert_not_null(played);
    import_run_open(played);
    return played;
}

static void played_drop(struct import_run *played)
{
    import_run_close(played);
    free(played);
}

/* ---- recorded runs ---- */

static const struct baton_json *member(const struct baton_json *object, const char *key)
{
    const struct baton_json *node = baton_json_get(object, key);
    cr_assert_not_null(node, "%s", key);
    return node;
}

/* Tokens of a usage, under whichever names. */
static int64_t tokens(const struct baton_json *usage, const char *chat, const char *others)
{
    const struct baton_json *node = baton_json_get(usage, chat);
    int64_t count = 0;
    node = node == NULL ? baton_json_get(usage, others) : node;
    cr_assert(node != NULL && baton_json_integer(node, 0, INT32_MAX, &count));
    return count;
}

/* Call by call: who was asked, with how many tokens; and agents are the same exactly where the recording says so. */
static void compare_calls(const struct import_run *played, const struct baton_json *run, const char *file)
{
    const struct baton_json *calls = member(run, "calls");
    cr_assert_eq(played->call_count, calls->count, "%s: %u calls", file, played->call_count);
    uint32_t i = 0;
    for (const struct baton_json *call = calls->child; call != NULL; call = call->next, i++) {
        const struct import_run_call *made = &played->calls[i];
        struct baton_str head = member(call, "system_head")->text;
        cr_expect(head.length == 0 || baton_str_starts(made->instructions, head.data), "%s, call %u: %.*s", file, i,
                  BATON_STR_ARGS(made->instructions));
        cr_expect_eq(made->usage.input + made->usage.cached + made->usage.cache_write,
                     tokens(member(call, "usage"), "prompt_tokens", "input_tokens"), "%s, call %u", file, i);
        cr_expect_eq(made->usage.output, tokens(member(call, "usage"), "completion_tokens", "output_tokens"),
                     "%s, call %u", file, i);
        uint32_t k = 0;
        for (const struct baton_json *other = calls->child; other != call; other = other->next, k++) {
            bool is_same = baton_str_equal(made->instructions, played->calls[k].instructions);
            cr_expect_eq(is_same, baton_str_equal(member(call, "agent_key")->text, member(other, "agent_key")->text),
                         "%s, calls %u and %u", file, k, i);
        }
    }
}

Test(import, recorded_runs_of_several_agents_replay_through_the_engine_as_they_were)
{
    struct playback playback;
    struct baton_error err;
    struct baton_source source;
    const struct baton_json *runs;
    uint32_t refused = 0, count = 0;
    playback_open(&playback);
    cr_assert_eq(baton_document_load(&runs, &source, playback.arena, RUNS, &err), BATON_OK, "%s", err.text);
    for (const struct baton_json *run = runs->child; run != NULL; run = run->next) {
        struct baton_str file = member(run, "file")->text;
        const char *slash = memchr(file.data, '/', file.length);
        const char *path =
            baton_arena_printf(playback.arena, "fixtures/wire_vcr/%.*s__%.*s.yaml", (int)(slash - file.data), file.data,
                               (int)(file.length - (size_t)(slash + 1 - file.data)) - 5, slash + 1);
        struct import_run *played = played_new();
        struct baton_trace trace;
        const struct baton_import_options options = { .name = path };
        enum baton_status status =
            baton_import_read(&trace, playback.arena, baton_import_form_at(0), path, &options, &err);
        count++;
        if (strstr(path, "google") != NULL) {
            cr_expect_eq(status, BATON_EINPUT);
            cr_expect_not_null(strstr(err.text, "generativelanguage.googleapis.com: Gemini is not spoken"), "%s",
                               err.text);
            refused++;
            played_drop(played);
            continue;
        }
        cr_assert_eq(status, BATON_OK, "%s: %s", path, err.text);
        status = import_run_play_trace(played, &trace, path, playback_file(&playback, "r.jsonl"));
        cr_assert_eq(status, BATON_OK, "%s: %s", path, played->said);
        compare_calls(played, run, path);
        cr_expect(baton_str_equal(played->final_text, member(run, "final_text")->text), "%s: %.*s", path,
                  (int)played->final_text.length, played->final_text.data);
        cr_expect_eq(played->final_status, BATON_RUN_ANSWERED, "%s", path);
        cr_expect_eq(played->rebuilt.conversation_count, 1, "%s", path);
        cr_expect_eq(played->handoff_count, baton_str_is(member(run, "kind")->text, "transfer"), "%s", path);
        cr_expect(!played->diverged && played->miss_count == 0 && played->unused_count == 0, "%s: %s", path,
                  played->said);
        played_drop(played);
    }
    cr_expect_eq(count, RUNS_COUNT);
    cr_expect_eq(refused, 1);
    playback_close(&playback);
}

/* ---- small traces ---- */

struct part {
    const char *url, *request, *response; /* the last two are JSON, with ' for " */
    int status;
};

enum { PARTS_MAX = 7 };

struct small_trace {
    const char *name;
    struct part parts[PARTS_MAX];
    const char *want;           /* see summarize() */
    const char *agents_hold[2]; /* texts of the agents file, with ' for " */
};

#define CHAT "https://api.openai.com/v1/chat/completions"
#define RESPONSES "https://api.openai.com/v1/responses"
#define MESSAGES "https://api.anthropic.com/v1/messages?beta=true"

#define SYSTEM(text) "{'role':'system','content':'" text "'}"
#define USER(text) ",{'role':'user','content':'" text "'}"
#define SAYS(text) ",{'role':'assistant','content':'" text "'}"
#define FUNCTION(id, name, arguments) \
    "{'id':'" id "','type':'function','function':{'name':'" name "','arguments':'" arguments "'}}"
#define CALLS(calls) ",{'role':'assistant','content':null,'tool_calls':[" calls "]}"
#define RESULT(id, text) ",{'role':'tool','tool_call_id':'" id "','content':'" text "'}"
#define ASKED(messages) "{'model':'m','messages':[" messages "]}"
#define OFFER(name) "{'type':'function','function':{'name':'" name "'}}"
#define ASKED_WITH(messages, offers) "{'model':'m','messages':[" messages "],'tools':[" offers "]}"
#define REPLY(message, finish)                                                                                \
    "{'choices':[{'index':0,'message':" message ",'finish_reason':'" finish "'}],'usage':{'prompt_tokens':1," \
    "'completion_tokens':1}}"
#define TEXT(text) REPLY("{'role':'assistant','content':'" text "'}", "stop")
#define CALLING(calls) REPLY("{'role':'assistant','content':null,'tool_calls':[" calls "]}", "tool_calls")

#define TRANSFER FUNCTION("c1", "transfer_to_billing", "{}")
#define LOOKUP FUNCTION("c2", "lookup", "{}")

static const struct small_trace small_traces[] = {
    { "one answer",
      { { CHAT, ASKED(SYSTEM("A") USER("hi")), TEXT("hello"), 200 } },
      "A@run; answered 'hello'",
      { NULL } },
    { "a tool",
      { { CHAT, ASKED_WITH(SYSTEM("A") USER("hi"), OFFER("lookup")), CALLING(LOOKUP), 200 },
        { CHAT, ASKED_WITH(SYSTEM("A") USER("hi") CALLS(LOOKUP) RESULT("c2", "found"), OFFER("lookup")), TEXT("done"),
          200 } },
      "A@run A@run; answered 'done'",
      { "'exec':['./lookup']" } },
    { "a tool that nothing came of",
      { { CHAT, ASKED_WITH(SYSTEM("A") USER("hi"), OFFER("lookup")), CALLING(LOOKUP), 200 } },
      "A@run; unanswered ''",
      { NULL } },
    { "a handoff and a second exchange with the new agent",
      { { CHAT, ASKED_WITH(SYSTEM("A") USER("hi"), OFFER("transfer_to_billing")), CALLING(TRANSFER), 200 },
        { CHAT, ASKED(SYSTEM("B") USER("hi") CALLS(TRANSFER) RESULT("c1", "ok")), TEXT("yes?"), 200 },
        { CHAT, ASKED(SYSTEM("B") USER("hi") CALLS(TRANSFER) RESULT("c1", "ok") SAYS("yes?") USER("pay")), TEXT("paid"),
          200 } },
      "A@run B@run; answered 'yes?' B@run; answered 'paid'",
      { "'tool':'transfer_to_billing'", "'billing':{" } },
    { "a second exchange that starts over",
      { { CHAT, ASKED_WITH(SYSTEM("A") USER("hi"), OFFER("transfer_to_billing")), CALLING(TRANSFER), 200 },
        { CHAT, ASKED(SYSTEM("B") USER("hi") CALLS(TRANSFER) RESULT("c1", "ok")), TEXT("yes?"), 200 },
        { CHAT,
          ASKED_WITH(SYSTEM("A") USER("hi") CALLS(TRANSFER) RESULT("c1", "ok") SAYS("yes?") USER("bye"),
                     OFFER("transfer_to_billing")),
          TEXT("bye"), 200 } },
      "A@run B@run; answered 'yes?' A@run; answered 'bye'",
      { NULL } },
    { "a handoff by a tool of any name, with a tool beside it",
      { { CHAT, ASKED_WITH(SYSTEM("A") USER("hi"), OFFER("lookup") "," OFFER("escalate")),
          CALLING(LOOKUP "," FUNCTION("c1", "escalate", "{}")), 200 },
        { CHAT,
          ASKED(SYSTEM("B") USER("hi") CALLS(LOOKUP "," FUNCTION("c1", "escalate", "{}")) RESULT("c2", "found")
                    RESULT("c1", "ok")),
          TEXT("here"), 200 } },
      "A@run B@run; answered 'here'",
      { "'tool':'escalate'" } },
    { "a handoff whose target sees nothing of it",
      { { CHAT, ASKED_WITH(SYSTEM("A") USER("hi"), OFFER("transfer_to_billing")), CALLING(TRANSFER), 200 },
        { CHAT, ASKED(SYSTEM("B") USER("hi")), TEXT("here"), 200 } },
      "A@run B@run; answered 'here'",
      { NULL } },
    { "an agent as a tool, with a tool of its own",
      { { CHAT, ASKED_WITH(SYSTEM("A") USER("hi"), OFFER("ask_bea")),
          CALLING(FUNCTION("c1", "ask_bea", "{\\'input\\':\\'what is it\\'}")), 200 },
        { CHAT, ASKED_WITH(SYSTEM("B") USER("what is it"), OFFER("lookup")), CALLING(LOOKUP), 200 },
        { CHAT, ASKED_WITH(SYSTEM("B") USER("what is it") CALLS(LOOKUP) RESULT("c2", "found"), OFFER("lookup")),
          TEXT("a thing"), 200 },
        { CHAT,
          ASKED_WITH(SYSTEM("A") USER("hi") CALLS(FUNCTION("c1", "ask_bea", "{\\'input\\':\\'what is it\\'}"))
                         RESULT("c1", "a thing"),
                     OFFER("ask_bea")),
          TEXT("it is a thing"), 200 } },
      "A@run +B@run +B@run A@run; answered 'it is a thing'",
      { "'agent':'bea'" } },
    { "two agents at once, asked in another order than they were called",
      { { CHAT, ASKED_WITH(SYSTEM("A") USER("hi"), OFFER("ask")),
          CALLING(FUNCTION("c1", "ask", "{\\'who\\':\\'Ben\\'}") "," FUNCTION("c2", "ask", "{\\'who\\':\\'Carla\\'}")),
          200 },
        { CHAT, ASKED(SYSTEM("Carla here") USER("x")), TEXT("I am second"), 200 },
        { CHAT, ASKED(SYSTEM("Ben here") USER("x")), TEXT("I am first"), 200 },
        { CHAT,
          ASKED_WITH(SYSTEM("A") USER("hi") CALLS(FUNCTION("c1", "ask", "{\\'who\\':\\'Ben\\'}") "," FUNCTION(
                         "c2", "ask", "{\\'who\\':\\'Carla\\'}")) RESULT("c1", "I am first")
                         RESULT("c2", "I am second"),
                     OFFER("ask")),
          TEXT("both"), 200 } },
      "A@run +Carla here@run +Ben here@run A@run; answered 'both'",
      { "'Ben':{", "'exec':['./ask']" } },
    { "a failure that was asked again",
      { { CHAT, ASKED(SYSTEM("A") USER("hi")), "{'error':{'message':'slow down'}}", 429 },
        { CHAT, ASKED(SYSTEM("A") USER("hi")), TEXT("hello"), 200 } },
      "A@run; answered 'hello'",
      { NULL } },
    { "a failure that was the end",
      { { CHAT, ASKED(SYSTEM("A") USER("hi")), "{'error':{'message':'no','type':'bad'}}", 400 } },
      "A@run; error 'openai-chat: HTTP 400, bad: no'",
      { NULL } },
    { "two conversations",
      { { CHAT, ASKED(SYSTEM("A") USER("one")), TEXT("1"), 200 },
        { CHAT, ASKED(SYSTEM("A") USER("two")), TEXT("2"), 200 } },
      "A@run-1; answered '1' A@run-2; answered '2'",
      { NULL } },
    { "instructions that change from call to call",
      { { CHAT, ASKED_WITH(SYSTEM("It is 9:00") USER("hi"), OFFER("lookup")), CALLING(LOOKUP), 200 },
        { CHAT, ASKED_WITH(SYSTEM("It is 9:01") USER("hi") CALLS(LOOKUP) RESULT("c2", "found"), OFFER("lookup")),
          TEXT("done"), 200 } },
      "It is 9:00@run It is 9:00@run; answered 'done'",
      { NULL } },
    { "tools called in words",
      { { CHAT, ASKED(SYSTEM("A") USER("hi")), TEXT("Action: look"), 200 },
        { CHAT, ASKED(SYSTEM("A") USER("hi") SAYS("Action: look\\nObservation: found")), TEXT("Answer"), 200 } },
      "A@run A@run; answered 'Answer'",
      { NULL } },
    { "Anthropic, with a handoff",
      { { MESSAGES,
          "{'model':'m','system':[{'type':'text','text':'A'}],'messages':[{'role':'user','content':'hi'}],'tools':[{'name':'transfer_to_billing','input_schema':{'type':'object'}}]}",
          "{'type':'message','role':'assistant','content':[{'type':'text','text':'Moment.'},{'type':'tool_use','id':'t1','name':'transfer_to_billing','input':{}}],'stop_reason':'tool_use','usage':{'input_tokens':1,'output_tokens':1}}",
          200 },
        { MESSAGES,
          "{'model':'m','system':'B','messages':[{'role':'user','content':'hi'},{'role':'assistant','content':[{'type':'text','text':'Moment.'},{'type':'tool_use','id':'t1','name':'transfer_to_billing','input':{}}]},{'role':'user','content':[{'type':'tool_result','tool_use_id':'t1','content':'ok'}]}]}",
          "{'type':'message','role':'assistant','content':[{'type':'text','text':'Yes?'}],'stop_reason':'end_turn','usage':{'input_tokens':1,'output_tokens':1}}",
          200 } },
      "A@run B@run; answered 'Yes?'",
      { NULL } },
    { "Responses, which remember by themselves",
      { { RESPONSES, "{'model':'m','instructions':'A','input':'hi'}",
          "{'id':'r1','object':'response','status':'completed','output':[{'type':'message','role':'assistant','content':[{'type':'output_text','text':'hello'}]}]}",
          200 },
        { RESPONSES, "{'model':'m','instructions':'A','input':'more','previous_response_id':'r1'}",
          "{'id':'r2','object':'response','status':'completed','output':[{'type':'message','role':'assistant','content':[{'type':'output_text','text':'and more'}]}]}",
          200 } },
      "A@run; answered 'hello' A@run; answered 'and more'",
      { NULL } },
    { "other traffic between",
      { { "https://api.openai.com/v1/models", "{}", "{}", 200 },
        { CHAT, ASKED(SYSTEM("A") USER("hi")), TEXT("hello"), 200 } },
      "A@run; answered 'hello'",
      { NULL } },
};

static void put_quoted(struct baton_text *out, const char *text)
{
    for (; *text != '\0'; text++) {
        baton_text_putc(out, *text == '\'' ? '"' : *text);
    }
}

/* The parts as vcrpy writes them, in JSON. */
static struct baton_recorded_calls calls_of(struct playback *playback, const struct small_trace *small)
{
    struct baton_text text = baton_text_with_limit(SCRATCH_MAX);
    struct baton_recorded_calls calls;
    struct baton_error err;
    baton_text_puts(&text, "{\"version\":1,\"interactions\":[");
    for (size_t i = 0; i < PARTS_MAX && small->parts[i].url != NULL; i++) {
        const struct part *part = &small->parts[i];
        struct baton_text request = baton_text_with_limit(SCRATCH_MAX), response = request;
        put_quoted(&request, part->request);
        put_quoted(&response, part->response);
        baton_text_printf(&text,
                          "%s{\"request\":{\"method\":\"%s\",\"uri\":\"%s\",\"headers\":{},\"body\":", i > 0 ? "," : "",
                          strstr(part->url, "/models") != NULL ? "GET" : "POST", part->url);
        baton_text_json_string(&text, request.data, request.length);
        baton_text_printf(
            &text, "},\"response\":{\"status\":{\"code\":%d,\"message\":\"\"},\"headers\":{},\"body\":{\"string\":",
            part->status);
        baton_text_json_string(&text, response.data, response.length);
        baton_text_puts(&text, "}}}");
        baton_text_clear(&request);
        baton_text_clear(&response);
    }
    baton_text_puts(&text, "]}");
    char *copy = baton_arena_copy(playback->arena, text.data, text.length);
    const struct baton_source source = { .name = "small.json", .line_first = 1, .text = { copy, text.length } };
    cr_assert_eq(baton_vcr_read(&calls, playback->arena, &source, &err), BATON_OK, "%s: %s", small->name, err.text);
    baton_text_clear(&text);
    return calls;
}

/* `INSTRUCTIONS@CONVERSATION` for each call, a + where it is nested, and `; STATUS 'TEXT'` where an exchange ends. */
static void summarize(const struct import_run *played, struct baton_text *out)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < played->call_count; i++) {
        const struct import_run_call *call = &played->calls[i];
        for (; done < call->exchange; done++) {
            baton_text_printf(out, "; %s", played->ends[done]);
        }
        baton_text_printf(out, "%s%s%.*s@%.*s", i > 0 ? " " : "", call->nesting > 0 ? "+" : "",
                          (int)call->instructions.length, call->instructions.data, (int)call->conversation.length,
                          call->conversation.data);
    }
    for (; done < played->exchange_count; done++) {
        baton_text_printf(out, "; %s", played->ends[done]);
    }
}

Test(import, finds_out_what_happened)
{
    for (size_t i = 0; i < COUNT_OF(small_traces); i++) {
        struct playback playback;
        struct import_run *played = played_new();
        struct baton_text summary = baton_text_with_limit(SCRATCH_MAX);
        playback_open(&playback);
        struct baton_recorded_calls calls = calls_of(&playback, &small_traces[i]);
        cr_assert_eq(import_run_play(played, &calls, "small", playback_file(&playback, "t.jsonl")), BATON_OK, "%s: %s",
                     small_traces[i].name, played->said);
        summarize(played, &summary);
        cr_expect_str_eq(summary.data, small_traces[i].want, "%s: %s\n%s", small_traces[i].name, summary.data,
                         played->rebuilt.agents.data);
        cr_expect(!played->diverged && played->miss_count == 0, "%s: %s", small_traces[i].name, played->said);
        cr_expect_eq(played->unused_count, 0, "%s", small_traces[i].name);
        for (size_t k = 0; k < COUNT_OF(small_traces[i].agents_hold) && small_traces[i].agents_hold[k] != NULL; k++) {
            struct baton_text wanted = baton_text_with_limit(SCRATCH_MAX);
            put_quoted(&wanted, small_traces[i].agents_hold[k]);
            cr_expect_not_null(strstr(played->rebuilt.agents.data, wanted.data), "%s: %s", small_traces[i].name,
                               played->rebuilt.agents.data);
            baton_text_clear(&wanted);
        }
        baton_text_clear(&summary);
        played_drop(played);
        playback_close(&playback);
    }
}

Test(import, says_why_something_does_not_come_along)
{
    static const struct small_trace rows[] = {
        { "no traffic",
          { { NULL, NULL, NULL, 0 } },
          "nothing in 'small' can be imported: it holds no traffic",
          { NULL } },
        { "Gemini",
          { { "https://generativelanguage.googleapis.com/v1beta/models/g:generateContent", "{}", "{}", 200 } },
          "nothing in 'small' can be imported: generativelanguage.googleapis.com: Gemini is not spoken",
          { NULL } },
        { "Bedrock",
          { { "https://bedrock-runtime.us-east-1.amazonaws.com/model/x/invoke", "{}", "{}", 200 } },
          "nothing in 'small' can be imported: bedrock-runtime.us-east-1.amazonaws.com: Bedrock is not spoken",
          { NULL } },
        { "embeddings",
          { { "https://api.openai.com/v1/embeddings", "{}", "{}", 200 } },
          "nothing in 'small' can be imported: api.openai.com: it asks for embeddings, not for an answer",
          { NULL } },
        { "something else",
          { { "https://example.com/x", "{}", "{}", 200 } },
          "nothing in 'small' can be imported: example.com: its format is not spoken",
          { NULL } },
        { "no JSON",
          { { CHAT, "hello", "{}", 200 } },
          "nothing in 'small' can be imported: api.openai.com: its request is no JSON object",
          { NULL } },
        { "one tool to several agents",
          { { CHAT, ASKED_WITH(SYSTEM("A") USER("hi"), OFFER("transfer")), CALLING(FUNCTION("c1", "transfer", "{}")),
              200 },
            { CHAT, ASKED(SYSTEM("B") USER("hi") CALLS(FUNCTION("c1", "transfer", "{}")) RESULT("c1", "ok")), TEXT("b"),
              200 },
            { CHAT, ASKED_WITH(SYSTEM("A") USER("ho"), OFFER("transfer")), CALLING(FUNCTION("c3", "transfer", "{}")),
              200 },
            { CHAT, ASKED(SYSTEM("C") USER("ho") CALLS(FUNCTION("c3", "transfer", "{}")) RESULT("c3", "ok")), TEXT("c"),
              200 } },
          "'small': the tool 'transfer' hands over to 'transfer' and to 'transfer_2'; a handoff of an agents file has one target",
          { NULL } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct playback playback;
        struct import_run *played = played_new();
        playback_open(&playback);
        struct baton_recorded_calls calls = calls_of(&playback, &rows[i]);
        cr_expect_eq(import_run_play(played, &calls, "small", playback_file(&playback, "t.jsonl")), BATON_EINPUT, "%s",
                     rows[i].name);
        cr_expect_str_eq(played->said, rows[i].want, "%s: %s", rows[i].name, played->said);
        played_drop(played);
        playback_close(&playback);
    }
}

Test(import, a_changed_agent_is_a_divergence_or_a_miss_that_names_both)
{
    struct playback playback;
    struct import_run *played = played_new();
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    playback_open(&playback);
    struct baton_recorded_calls calls = calls_of(&playback, &small_traces[3]);
    cr_assert_eq(import_run_play(played, &calls, "small", playback_file(&playback, "t.jsonl")), BATON_OK);
    static const bool enabled[4] = { true, true, true, true };
    struct baton_agent *list = baton_arena_array(playback.arena, played->agents->count, sizeof *list);
    memcpy(list, played->agents->list, played->agents->count * sizeof *list);
    struct baton_agents agents = *played->agents;
    agents.list = list;
    const struct baton_replay_options options = { .cassette = played->cassette, .agents = &agents };
    struct baton_replay replay;
    struct baton_error err;
    struct baton_reply reply = { .latency_ns = 0 };
    struct baton_request request = {
        .agents = &agents, .agent = 1, .handoff_enabled = enabled, .arena = playback.arena
    };
    baton_replay_init(&replay, &options, BATON_STR("run"), playback.arena, &scratch);
    cr_expect_eq(replay.provider.call(&replay.provider, &request, &reply, &err), BATON_OK);
    cr_expect_eq(reply.kind, BATON_REPLY_DIVERGED);
    cr_expect_eq(reply.recorded_agent, 0);
    list[0].instructions = BATON_STR("A, politely");
    request.agent = 0;
    cr_expect_eq(replay.provider.call(&replay.provider, &request, &reply, &err), BATON_EMISS);
    cr_expect_eq(replay.miss_count, 1);
    cr_expect_not_null(strstr(err.text, "agent 'agent1' is asked, but "), "%s", err.text);
    cr_expect_not_null(strstr(err.text, "t.jsonl:2 holds an answer of 'agent1' with other instructions"), "%s",
                       err.text);
    baton_text_clear(&scratch);
    played_drop(played);
    playback_close(&playback);
}

Test(import, no_key_comes_along)
{
    static const struct small_trace small = {
        "keys",
        { { CHAT,
            ASKED_WITH(SYSTEM("The key is sk-ant-api03-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.")
                           USER("mine is ghp_0123456789012345678901234567890123AB"),
                       OFFER("lookup")),
            CALLING(FUNCTION("c2", "lookup", "{\\'key\\':\\'ghp_0123456789012345678901234567890123AB\\'}")), 200 },
          { CHAT,
            ASKED_WITH(SYSTEM("The key is sk-ant-api03-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.")
                           USER("mine is ghp_0123456789012345678901234567890123AB") CALLS(
                               FUNCTION("c2", "lookup", "{\\'key\\':\\'ghp_0123456789012345678901234567890123AB\\'}"))
                               RESULT("c2", "sk-ant-api03-BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"),
                       OFFER("lookup")),
            TEXT("ghp_0123456789012345678901234567890123AB it is"), 200 } },
        "",
        { NULL }
    };
    struct playback playback;
    struct import_run *played = played_new();
    playback_open(&playback);
    struct baton_recorded_calls calls = calls_of(&playback, &small);
    cr_assert_eq(import_run_play(played, &calls, "keys", playback_file(&playback, "t.jsonl")), BATON_OK, "%s",
                 played->said);
    cr_expect_eq(played->miss_count, 0, "%s", played->said);
    cr_expect_eq(played->unused_count, 0);
    const char *texts[] = { played->rebuilt.agents.data, played->rebuilt.conversations.data,
                            played->rebuilt.cassette.data };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        cr_expect_null(strstr(texts[i], "sk-ant"), "%s", texts[i]);
        cr_expect_null(strstr(texts[i], "ghp_"), "%s", texts[i]);
    }
    cr_expect(baton_str_is(played->final_text, "REDACTED it is"), "%.*s", (int)played->final_text.length,
              played->final_text.data);
    played_drop(played);
    playback_close(&playback);
}

/* What a form says of agents and conversations; no reader of today does, so it is put into the trace here. */
Test(import, what_the_form_says_of_agents_and_conversations_counts_first)
{
    static const struct small_trace unlike = { "no sign that they belong together",
                                               { { CHAT, ASKED(SYSTEM("A") USER("one")), TEXT("1"), 200 },
                                                 { CHAT, ASKED(SYSTEM("B") USER("two")), TEXT("2"), 200 } },
                                               "",
                                               { NULL } };
    static const struct small_trace alike = { "every sign that they belong together",
                                              { { CHAT, ASKED(SYSTEM("A") USER("one")), TEXT("1"), 200 },
                                                { CHAT, ASKED(SYSTEM("A") USER("one") SAYS("1") USER("two")), TEXT("2"),
                                                  200 } },
                                              "",
                                              { NULL } };
    static const struct {
        const struct small_trace *small;
        const char *conversations[2], *agents[2], *want;
    } rows[] = {
        { &unlike, { "", "" }, { "", "" }, "A@run-1; answered '1' B@run-2; answered '2'" },
        { &unlike, { "x", "x" }, { "ann", "ann" }, "A@run; answered '1' A@run; answered '2'" },
        { &alike, { "", "" }, { "", "" }, "A@run; answered '1' A@run; answered '2'" },
        { &alike, { "x", "y" }, { "", "" }, "A@run-1; answered '1' A@run-2; answered '2'" },
        { &alike, { "x", "y" }, { "ann", "bob" }, "A@run-1; answered '1' A@run-2; answered '2'" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct playback playback;
        struct import_run *played = played_new();
        struct baton_text summary = baton_text_with_limit(SCRATCH_MAX);
        playback_open(&playback);
        struct baton_recorded_calls calls = calls_of(&playback, rows[i].small);
        const struct baton_import_options options = { .name = "small" };
        struct baton_trace trace;
        cr_assert_eq(baton_trace_from_http(&trace, playback.arena, &calls, &options, NULL), BATON_OK);
        struct baton_trace_call named[2] = { trace.calls[0], trace.calls[1] };
        for (size_t k = 0; k < 2; k++) {
            named[k].conversation = baton_str_of(rows[i].conversations[k]);
            named[k].agent = baton_str_of(rows[i].agents[k]);
        }
        trace.calls = named;
        cr_assert_eq(import_run_play_trace(played, &trace, "small", playback_file(&playback, "t.jsonl")), BATON_OK,
                     "%zu: %s", i, played->said);
        summarize(played, &summary);
        cr_expect_str_eq(summary.data, rows[i].want, "%zu: %s", i, summary.data);
        for (size_t k = 0; k < 2; k++) {
            cr_expect_not_null(strstr(played->rebuilt.agents.data, rows[i].agents[k]), "%zu: %s", i,
                               played->rebuilt.agents.data);
        }
        baton_text_clear(&summary);
        played_drop(played);
        playback_close(&playback);
    }
}

Test(import, survives_every_failed_allocation)
{
    struct playback playback;
    enum baton_status status = BATON_ENOMEM;
    playback_open(&playback);
    struct baton_recorded_calls calls = calls_of(&playback, &small_traces[7]);
    for (uint64_t n = 1; status != BATON_OK; n++) {
        struct baton_arena *arena = baton_arena_new(SCRATCH_MAX);
        const struct baton_import_options options = { .name = "small", .id = BATON_STR("run") };
        struct baton_trace trace;
        struct baton_rebuilt rebuilt = { .agents = { .data = NULL } };
        struct baton_error err;
        baton_arena_fail_after(n);
        status = baton_trace_from_http(&trace, arena, &calls, &options, &err);
        status = status == BATON_OK ? baton_rebuild(&rebuilt, arena, &trace, &options, &err) : status;
        baton_arena_fail_after(0);
        cr_assert(status == BATON_OK || status == BATON_ELIMIT || status == BATON_ENOMEM, "%llu: %s",
                  (unsigned long long)n, err.text);
        cr_assert(status == BATON_OK || rebuilt.agents.data == NULL);
        baton_rebuilt_clear(&rebuilt);
        baton_arena_free(arena);
    }
    playback_close(&playback);
}
