/* Transcripts: conversations with the agents that are asked step by step, and what the recording answers or who it says has the
 * floor.
 */
#include "sim/transcript.h"

#include "sim/tests/asker.h"

#include <criterion/criterion.h>
#include <string.h>

#define USER(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define SAYS(agent, text) ",{\"role\":\"assistant\",\"agent\":\"" agent "\",\"content\":\"" text "\"}"
#define UNNAMED(text) ",{\"role\":\"assistant\",\"content\":\"" text "\"}"
#define CALL(id, tool) \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" tool "\",\"arguments\":\"{}\"}}"
#define CALLS(agent, calls) \
    ",{\"role\":\"assistant\",\"agent\":\"" agent "\",\"content\":null,\"tool_calls\":[" calls "]}"
#define CALLS_UNNAMED(calls) ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" calls "]}"
#define RESULT(id, text) ",{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" text "\"}"
#define CONVERSATION(messages) "{\"messages\":[" messages "]}"

enum { STEPS_MAX = 8 };

/* One model call: who is asked, and what the recording answers. An empty agent goes on to the next user message; then
 * `want` is who holds the conversation there. */
struct step {
    const char *agent, *want;
};

struct row {
    const char *name, *json;
    struct step steps[STEPS_MAX];
};

/* Whether all answers were as written down; complains of each that was not. */
static bool replay(struct asker *asker, const struct row *row)
{
    struct baton_transcript transcript;
    bool is_as_wanted = true;
    asker_read(asker, row->json);
    baton_transcript_init(&transcript, asker->agents, &asker->conversation, asker->arena);
    uint32_t user = baton_conversation_next_user(&asker->conversation, 0);
    baton_transcript_begin(&transcript, user);
    for (size_t i = 0; i < STEPS_MAX && row->steps[i].agent != NULL; i++) {
        const char *got;
        if (row->steps[i].agent[0] == '\0') {
            user = baton_conversation_next_user(&asker->conversation, user + 1);
            cr_assert_lt(user, asker->conversation.message_count, "%s", row->name);
            struct baton_str holder = baton_agent_name(asker->agents, baton_transcript_begin(&transcript, user));
            got = baton_arena_printf(asker->arena, "%.*s", (int)holder.length, holder.data);
        } else {
            got = asker_summary(asker, &transcript.provider, row->steps[i].agent);
        }
        cr_expect_str_eq(got, row->steps[i].want, "%s, step %zu: %s", row->name, i, got);
        is_as_wanted = is_as_wanted && strcmp(got, row->steps[i].want) == 0;
    }
    return is_as_wanted;
}

/* How many of the rows were replayed as written down. */
static size_t replay_all(const struct row *rows, size_t count)
{
    size_t good = 0;
    for (size_t i = 0; i < count; i++) {
        struct asker asker;
        asker_open(&asker);
        good += replay(&asker, &rows[i]);
        asker_close(&asker);
    }
    return good;
}

Test(transcript, the_kth_call_gets_the_kth_recorded_message)
{
    static const struct row rows[] = {
        { "an answer",
          CONVERSATION(USER("Hi") SAYS("triage", "Hello")),
          { { "triage", "text 'Hello'" }, { "triage", "end" }, { "triage", "end" } } },
        { "a handoff and an answer",
          CONVERSATION(USER("Hi") CALLS("triage", CALL("c1", "transfer_to_billing")) RESULT("c1", "ok")
                           SAYS("billing", "Yes?")),
          { { "triage", "calls transfer_to_billing{}" }, { "billing", "text 'Yes?'" }, { "billing", "end" } } },
        { "a tool between",
          CONVERSATION(USER("Hi") CALLS("triage", CALL("a", "x") "," CALL("b", "y")) RESULT("a", "1") RESULT("b", "2")
                           SAYS("triage", "Done")),
          { { "triage", "calls x{} y{}" }, { "triage", "text 'Done'" } } },
        { "text beside a call",
          CONVERSATION(
              USER("Hi") ",{\"role\":\"assistant\",\"agent\":\"triage\",\"content\":\"One moment\",\"tool_calls\":[" CALL(
                  "c", "x") "]}"),
          { { "triage", "text 'One moment' calls x{}" }, { "triage", "end" } } },
        { "several answers in one exchange",
          CONVERSATION(USER("Hi") SAYS("triage", "One") SAYS("triage", "Two")),
          { { "triage", "text 'One' +" }, { "triage", "text 'Two'" }, { "triage", "end" } } },
        { "no answer",
          CONVERSATION(USER("Hi") CALLS("triage", CALL("c", "transfer_to_billing")) RESULT("c", "ok")),
          { { "triage", "calls transfer_to_billing{}" }, { "billing", "end" } } },
        { "nothing recorded", CONVERSATION(USER("Hi")), { { "triage", "end" } } },
        { "a silent message",
          CONVERSATION(USER("Hi") ",{\"role\":\"assistant\",\"agent\":\"triage\",\"content\":null}"),
          { { "triage", "" } } },
        { "system messages are passed over",
          CONVERSATION("{\"role\":\"system\",\"content\":\"s\"}," USER(
              "Hi") ",{\"role\":\"system\",\"content\":\"s\"}" SAYS("triage", "Hello")),
          { { "triage", "text 'Hello'" } } },
    };
    cr_expect_eq(replay_all(rows, COUNT_OF(rows)), COUNT_OF(rows));
}

Test(transcript, another_agent_than_the_recorded_one_is_a_divergence)
{
    static const struct row rows[] = {
        { "the first call",
          CONVERSATION(USER("Hi") SAYS("tech", "Hello")),
          { { "triage", "diverged tech" }, { "triage", "diverged tech" } } },
        { "after a handoff to another",
          CONVERSATION(USER("Hi") CALLS("triage", CALL("c", "transfer_to_billing")) SAYS("tech", "Hello")),
          { { "triage", "calls transfer_to_billing{}" }, { "billing", "diverged tech" } } },
        { "a handoff that the recording does not follow",
          CONVERSATION(USER("Hi") CALLS("triage", CALL("c", "transfer_to_billing")) SAYS("triage", "Hello")),
          { { "triage", "calls transfer_to_billing{}" }, { "billing", "diverged triage" } } },
        { "by name and by transfer",
          CONVERSATION(USER("Hi") CALLS_UNNAMED(CALL("c", "transfer_to_billing")) UNNAMED("Hello")),
          { { "triage", "calls transfer_to_billing{}" }, { "triage", "diverged billing" } } },
        { "the right one may still be asked",
          CONVERSATION(USER("Hi") SAYS("tech", "Hello")),
          { { "triage", "diverged tech" }, { "tech", "text 'Hello'" } } },
    };
    cr_expect_eq(replay_all(rows, COUNT_OF(rows)), COUNT_OF(rows));
}

Test(transcript, messages_without_a_name_belong_to_whom_the_transfers_lead)
{
    static const struct row rows[] = {
        { "the entry", CONVERSATION(USER("Hi") UNNAMED("Hello")), { { "triage", "text 'Hello'" } } },
        { "another entry",
          "{\"entry\":\"billing\",\"messages\":[" USER("Hi") UNNAMED("Hello") "]}",
          { { "billing", "text 'Hello'" } } },
        { "a transfer",
          CONVERSATION(USER("Hi") CALLS_UNNAMED(CALL("c", "transfer_to_billing")) RESULT("c", "{}") UNNAMED("Hello")),
          { { "triage", "calls transfer_to_billing{}" }, { "billing", "text 'Hello'" } } },
        { "a transfer by a tool of another name",
          CONVERSATION(USER("Hi") CALLS_UNNAMED(CALL("c", "call_tech")) UNNAMED("Hello")),
          { { "triage", "calls call_tech{}" }, { "tech", "text 'Hello'" } } },
        { "a transfer that the agent does not have, but the file",
          CONVERSATION(USER("Hi") CALLS_UNNAMED(CALL("c", "transfer_to_sales")) UNNAMED("Hello")),
          { { "triage", "calls transfer_to_sales{}" }, { "sales", "text 'Hello'" } } },
        { "a transfer to nobody",
          CONVERSATION(USER("Hi") CALLS_UNNAMED(CALL("c", "transfer_to_legal")) UNNAMED("Hello")),
          { { "triage", "calls transfer_to_legal{}" }, { "triage", "text 'Hello'" } } },
        { "a transfer that was refused",
          CONVERSATION(USER("Hi") CALLS_UNNAMED(CALL("c", "transfer_to_billing")) RESULT("c", "Error: not now")
                           UNNAMED("Hello")),
          { { "triage", "calls transfer_to_billing{}" }, { "triage", "text 'Hello'" } } },
        { "the first of two transfers",
          CONVERSATION(USER("Hi") CALLS_UNNAMED(CALL("a", "transfer_to_billing") "," CALL("b", "call_tech"))
                           UNNAMED("Hello")),
          { { "triage", "calls transfer_to_billing{} call_tech{}" }, { "billing", "text 'Hello'" } } },
        { "the second, where the first was refused",
          CONVERSATION(USER("Hi") CALLS_UNNAMED(CALL("a", "transfer_to_billing") "," CALL("b", "call_tech"))
                           RESULT("a", "Error: no") RESULT("b", "ok") UNNAMED("Hello")),
          { { "triage", "calls transfer_to_billing{} call_tech{}" }, { "tech", "text 'Hello'" } } },
        { "an ordinary tool moves nobody",
          CONVERSATION(USER("Hi") CALLS_UNNAMED(CALL("c", "lookup")) UNNAMED("Hello")),
          { { "triage", "calls lookup{}" }, { "triage", "text 'Hello'" } } },
        { "a name beats the transfers",
          CONVERSATION(USER("Hi") CALLS_UNNAMED(CALL("c", "transfer_to_billing")) SAYS("tech", "Hello")),
          { { "triage", "calls transfer_to_billing{}" }, { "tech", "text 'Hello'" } } },
    };
    cr_expect_eq(replay_all(rows, COUNT_OF(rows)), COUNT_OF(rows));
}

Test(transcript, the_next_exchange_goes_on_from_where_the_recording_stands)
{
    static const struct row rows[] = {
        { "with who answered",
          CONVERSATION(USER("1") CALLS("triage", CALL("c", "transfer_to_billing")) SAYS("billing", "x") "," USER("2")
                           SAYS("billing", "y")),
          { { "triage", "calls transfer_to_billing{}" },
            { "billing", "text 'x'" },
            { "", "billing" },
            { "billing", "text 'y'" } } },
        { "after a cut: what was not asked for says who holds it",
          CONVERSATION(USER("1") CALLS("triage", CALL("c", "transfer_to_billing")) CALLS(
              "billing", CALL("d", "transfer_to_tech")) SAYS("tech", "x") "," USER("2") SAYS("tech", "y")),
          { { "triage", "calls transfer_to_billing{}" }, { "", "tech" }, { "tech", "text 'y'" } } },
        { "after a cut, without names",
          CONVERSATION(USER("1") CALLS_UNNAMED(CALL("c", "transfer_to_billing"))
                           CALLS_UNNAMED(CALL("d", "transfer_to_tech")) UNNAMED("x") "," USER("2") UNNAMED("y")),
          { { "triage", "calls transfer_to_billing{}" }, { "", "tech" }, { "tech", "text 'y'" } } },
        { "after a cut before a refused transfer",
          CONVERSATION(USER("1") UNNAMED("w") CALLS_UNNAMED(CALL("d", "transfer_to_billing"))
                           RESULT("d", "Error: no") "," USER("2") UNNAMED("y")),
          { { "triage", "text 'w' +" }, { "", "triage" }, { "triage", "text 'y'" } } },
        { "nothing asked at all",
          CONVERSATION(USER("1") CALLS_UNNAMED(CALL("c", "transfer_to_billing")) "," USER("2") UNNAMED("y")),
          { { "", "billing" }, { "billing", "text 'y'" } } },
        { "from the entry, on request",
          CONVERSATION(USER("1") CALLS("triage", CALL("c", "transfer_to_billing")) SAYS(
              "billing", "x") ",{\"role\":\"user\",\"content\":\"2\",\"continue\":\"entry\"}" UNNAMED("y")),
          { { "triage", "calls transfer_to_billing{}" },
            { "billing", "text 'x'" },
            { "", "triage" },
            { "triage", "text 'y'" } } },
        { "two questions in a row",
          CONVERSATION(USER("1") "," USER("2") SAYS("triage", "y")),
          { { "triage", "end" }, { "", "triage" }, { "triage", "text 'y'" } } },
        { "the first exchange does not take the second one's messages",
          CONVERSATION(USER("1") SAYS("triage", "x") "," USER("2") SAYS("triage", "y")),
          { { "triage", "text 'x'" }, { "triage", "end" }, { "", "triage" }, { "triage", "text 'y'" } } },
    };
    cr_expect_eq(replay_all(rows, COUNT_OF(rows)), COUNT_OF(rows));
}

/* ---- tools ---- */

/* The recorded results of the calls of the reply that was given last, with `|` between; ! before errors. */
static const char *run_tools(struct asker *asker, struct baton_transcript *transcript, const struct baton_reply *reply)
{
    struct baton_tool_job jobs[STEPS_MAX] = { 0 };
    struct baton_tool_batch batch = { .jobs = jobs, .count = reply->call_count, .arena = asker->arena };
    const char *got = "";
    for (uint32_t i = 0; i < reply->call_count; i++) {
        jobs[i].call = &reply->calls[i];
    }
    cr_assert_eq(transcript->tools.run_tools(&transcript->tools, &batch, &asker->err), BATON_OK);
    for (uint32_t i = 0; i < reply->call_count; i++) {
        got = baton_arena_printf(asker->arena, "%s%s%s%.*s", got, i == 0 ? "" : "|", jobs[i].is_error ? "!" : "",
                                 (int)jobs[i].result.length, jobs[i].result.data);
        cr_expect(jobs[i].is_worded, "a recorded error is complete");
    }
    return got;
}

Test(transcript, tools_answer_from_the_recording)
{
    static const struct tools_row {
        const char *name, *json, *results[3]; /* of the first, second and third call of the model */
    } rows[] = {
        { "in the order of the calls, whatever the order of the results",
          CONVERSATION(USER("Hi") CALLS("triage", CALL("a", "x") "," CALL("b", "y")) RESULT("b", "2") RESULT("a", "1")),
          { "1|2" } },
        { "a call id that comes again gets the next result",
          CONVERSATION(USER("Hi") CALLS("triage", CALL("c", "x")) RESULT("c", "first") CALLS("triage", CALL("c", "x"))
                           RESULT("c", "second")),
          { "first", "second" } },
        { "nothing recorded is an empty text", CONVERSATION(USER("Hi") CALLS("triage", CALL("a", "x"))), { "" } },
        { "an error",
          CONVERSATION(USER("Hi") CALLS("triage", CALL("a", "x")) RESULT("a", "Error: broken")),
          { "!Error: broken" } },
        { "a result of the next exchange is not taken",
          CONVERSATION(USER("Hi") CALLS("triage", CALL("a", "x")) "," USER("2") RESULT("a", "late")),
          { "" } },
        { "a result that comes after the next message is taken",
          CONVERSATION(USER("Hi") CALLS("triage", CALL("a", "x")) CALLS("triage", CALL("b", "y")) RESULT("b", "2")
                           RESULT("a", "1")),
          { "1", "2" } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct asker asker;
        struct baton_transcript transcript;
        asker_open(&asker);
        asker_read(&asker, rows[i].json);
        baton_transcript_init(&transcript, asker.agents, &asker.conversation, asker.arena);
        baton_transcript_begin(&transcript, 0);
        for (size_t k = 0; k < COUNT_OF(rows[i].results) && rows[i].results[k] != NULL; k++) {
            struct baton_reply reply = asker_ask(&asker, &transcript.provider, "triage");
            const char *got = run_tools(&asker, &transcript, &reply);
            cr_expect_str_eq(got, rows[i].results[k], "%s: %s", rows[i].name, got);
        }
        asker_close(&asker);
    }
}

Test(transcript, times_and_tokens_are_the_recorded_ones)
{
    struct asker asker;
    struct baton_transcript transcript;
    asker_open(&asker);
    asker_read(&asker, CONVERSATION(USER(
                           "Hi") ",{\"role\":\"assistant\",\"agent\":\"triage\",\"content\":\"x\",\"latency_ms\":12.25,"
                                 "\"ttft_ms\":3,\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":4,"
                                 "\"prompt_tokens_details\":{\"cached_tokens\":6}}}" SAYS("triage", "y")));
    baton_transcript_init(&transcript, asker.agents, &asker.conversation, asker.arena);
    baton_transcript_begin(&transcript, 0);
    struct baton_reply reply = asker_ask(&asker, &transcript.provider, "triage");
    cr_expect_eq(reply.latency_ns, 12250000);
    cr_expect_eq(reply.ttft_ns, 3000000);
    cr_expect(reply.usage.is_known && reply.usage.input == 4 && reply.usage.cached == 6 && reply.usage.output == 4);
    reply = asker_ask(&asker, &transcript.provider, "triage");
    cr_expect(reply.latency_ns == BATON_TIME_UNKNOWN && reply.ttft_ns == BATON_TIME_UNKNOWN && !reply.usage.is_known);
    asker_close(&asker);
}

Test(transcript, it_takes_no_lasting_memory)
{
    struct asker asker;
    struct baton_transcript transcript;
    asker_open(&asker);
    asker_read(&asker, CONVERSATION(USER("Hi") CALLS_UNNAMED(CALL("c", "transfer_to_sales")) UNNAMED("Hello")));
    struct baton_arena *own = baton_arena_new(1024 * 1024);
    baton_transcript_init(&transcript, asker.agents, &asker.conversation, own);
    baton_transcript_begin(&transcript, 0);
    size_t before = baton_arena_in_use(own);
    cr_expect_str_eq(asker_summary(&asker, &transcript.provider, "triage"), "calls transfer_to_sales{}");
    cr_expect_str_eq(asker_summary(&asker, &transcript.provider, "sales"), "text 'Hello'");
    cr_expect_eq(baton_arena_in_use(own), before);
    baton_arena_free(own);
    asker_close(&asker);
}
