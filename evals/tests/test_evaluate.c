#include "evals/tests/parsed.h"
#include "evals/tests/play.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* ---- how exchanges end ---- */

Test(evaluate, each_ending_has_its_status_and_its_count)
{
    static const struct row {
        const char *name, *json, *outcome;
        int32_t max_turns, max_handoffs;
        bool loops_stop, on_handoff_stop;
        size_t count; /* offset of the count that is 1 */
    } rows[] = {
        { "answered", CASE("a", USER("Hi") TO("triage", "billing") SAYS("billing", "Done.")),
          "answered billing triage>billing turns 2", -1, -1, 0, 0, offsetof(struct baton_counts, answered) },
        { "unanswered", CASE("a", USER("Hi") TO("triage", "billing")), "unanswered billing triage>billing turns 1", -1,
          -1, 0, 0, offsetof(struct baton_counts, unanswered) },
        { "no recording at all", CASE("a", USER("Hi")), "unanswered triage triage turns 0", -1, -1, 0, 0,
          offsetof(struct baton_counts, unanswered) },
        { "max_turns", CASE("a", USER("Hi") TO("triage", "billing") TO("billing", "tech") SAYS("tech", "Done.")),
          "max_turns tech triage>billing>tech turns 2", 2, -1, 0, 0, offsetof(struct baton_counts, exhausted) },
        { "max_handoffs", CASE("a", USER("Hi") TO("triage", "billing") TO("billing", "tech") SAYS("tech", "Done.")),
          "max_handoffs billing triage>billing turns 2", -1, 1, 0, 0, offsetof(struct baton_counts, exhausted) },
        { "loop",
          CASE("a", USER("Hi") TO("triage", "billing") TO("billing", "triage") TO("triage", "billing")
                        TO("billing", "triage") SAYS("triage", "Done.")),
          "loop billing triage>billing>triage>billing turns 3", -1, -1, 1, 0,
          offsetof(struct baton_counts, exhausted) },
        { "handoff", CASE("a", USER("Hi") TO("triage", "billing") SAYS("billing", "Done.")),
          "handoff billing triage>billing turns 1", -1, -1, 0, 1, offsetof(struct baton_counts, handoffs) },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct play play;
        uint64_t count;
        play_open(&play, NULL);
        play.how.limits.max_turns = rows[i].max_turns;
        play.how.limits.max_handoffs = rows[i].max_handoffs;
        play.how.loops_stop = rows[i].loops_stop;
        play.how.on_handoff_stop = rows[i].on_handoff_stop;
        play_case(&play, rows[i].json, 0);
        cr_assert_eq(play.status, BATON_OK, "%s: %s", rows[i].name, play.message);
        cr_expect_str_eq(play_outcome(&play, 0), rows[i].outcome, "%s: %s", rows[i].name, play_outcome(&play, 0));
        memcpy(&count, (const char *)&play.tally.counts + rows[i].count, sizeof count);
        cr_expect_eq(count, 1u, "%s", rows[i].name);
        play_close(&play);
    }
}

Test(evaluate, the_first_exchange_that_went_wrong_says_how_the_conversation_went)
{
    struct play play;
    play_open(&play, NULL);
    play.how.limits.max_turns = 1;
    play_case(&play,
              CASE("a", USER("1") SAYS("triage", "x") USER("2") TO("triage", "billing") USER("3") SAYS("billing", "y")),
              0);
    cr_expect_str_eq(play.result.status, "max_turns", "%s", play.result.status);
    play_case(&play, CASE("a", USER("1") SAYS("triage", "x") USER("2") SAYS("triage", "y")), 0);
    cr_expect_str_eq(play.result.status, "answered");
    play_close(&play);
}

/* ---- from one exchange to the next ---- */

Test(evaluate, an_exchange_begins_with_who_holds_the_conversation)
{
    static const struct row {
        const char *name, *json;
        int32_t max_turns;
        bool on_handoff_stop;
        const char *second;
        bool diverges;
    } rows[] = {
        { "the one that answered",
          CASE("a", USER("1") TO("triage", "billing") SAYS("billing", "x") USER("2") SAYS("billing", "y")), -1, false,
          "answered billing billing turns 1", false },
        { "the entry, on request",
          CASE("a", USER("1") TO("triage", "billing")
                        SAYS("billing",
                             "x") "{\"role\":\"user\",\"content\":\"2\",\"continue\":\"entry\"}," SAYS("triage", "y")),
          -1, false, "answered triage triage turns 1", false },
        { "after a limit, the one of the recording",
          CASE("a",
               USER("1") TO("triage", "billing") TO("billing", "tech") SAYS("tech", "x") USER("2") SAYS("tech", "y")),
          1, false, "answered tech tech turns 1", false },
        { "after a stop at a handoff, the one of the recording",
          CASE("a",
               USER("1") TO("triage", "billing") TO("billing", "tech") SAYS("tech", "x") USER("2") SAYS("tech", "y")),
          -1, true, "answered tech tech turns 1", false },
        { "without names, by the transfers",
          CASE("a",
               USER("1") "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{"
                         "\"name\":\"transfer_to_billing\",\"arguments\":\"\"}}]},"
                         "{\"role\":\"assistant\",\"content\":\"x\"}," USER(
                             "2") "{\"role\":\"assistant\",\"content\":\"y\"},"),
          -1, false, "answered billing billing turns 1", false },
        { "another than in the recording: diverged",
          CASE("a", USER("1") TO("triage", "billing") SAYS("billing", "x") USER("2") SAYS("tech", "y")), -1, false,
          "unanswered billing billing turns 0", true },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct play play;
        play_open(&play, NULL);
        play.how.limits.max_turns = rows[i].max_turns;
        play.how.on_handoff_stop = rows[i].on_handoff_stop;
        play_case(&play, rows[i].json, 0);
        cr_assert_eq(play.status, BATON_OK, "%s: %s", rows[i].name, play.message);
        cr_expect_str_eq(play_outcome(&play, 1), rows[i].second, "%s: %s", rows[i].name, play_outcome(&play, 1));
        cr_expect_eq(play.result.divergence.happened, rows[i].diverges, "%s", rows[i].name);
        cr_expect_eq(play.tally.counts.diverged, rows[i].diverges, "%s", rows[i].name);
        play_close(&play);
    }
}

Test(evaluate, a_divergence_is_told_with_its_place)
{
    struct play play;
    play_open(&play, NULL);
    play_case(&play,
              CASE("a", USER("1") SAYS("triage", "x") USER("2") TO("triage", "billing") SAYS("tech", "y") USER("3")
                            SAYS("tech", "z")),
              0);
    const struct baton_result_divergence *got = &play.result.divergence;
    cr_expect(got->happened);
    cr_expect_eq(got->exchange, 1u);
    cr_expect_eq(got->turn, 1u);
    cr_expect(baton_str_is(got->recorded, "tech") && baton_str_is(got->asked, "billing"));
    cr_expect_not_null(
        strstr(play.row, "\"diverged\":{\"exchange\":1,\"turn\":1,\"recorded\":\"tech\",\"asked\":\"billing\"}"), "%s",
        play.row);
    cr_expect_eq(play.tally.counts.diverged, 1u, "once, however often");
    play_close(&play);
}

Test(evaluate, a_greeting_before_the_first_question_is_part_of_what_agents_see)
{
    struct play play;
    play_open(&play, NULL);
    play_case(&play,
              CASE("a", SAYS("triage", "Welcome to 4242!") ASKS("Hi", "\"final\":\"billing\",\"facts\":[\"4242\"]")
                            TO("triage", "billing") SAYS("billing", "x")),
              0);
    cr_assert_eq(play.status, BATON_OK, "%s", play.message);
    cr_expect_eq(play.result.exchange_count, 1u, "a greeting is no exchange");
    cr_expect_str_eq(play_failed(&play, 0), "");
    cr_expect_str_eq(play_outcome(&play, 0), "answered billing triage>billing turns 2");
    cr_expect_eq(play.tally.counts.turns, 2u, "nor a turn");
    play_close(&play);
}

/* ---- what is measured ---- */

#define TIMED(agent, text, latency, ttft)                                                              \
    "{\"role\":\"assistant\",\"agent\":\"" agent "\",\"content\":\"" text "\",\"latency_ms\":" latency \
    ",\"ttft_ms\":" ttft "},"
#define TIMED_TO(agent, target, latency)                                                                        \
    "{\"role\":\"assistant\",\"agent\":\"" agent "\",\"latency_ms\":" latency ",\"tool_calls\":[{\"id\":\"c\"," \
    "\"type\":\"function\",\"function\":{\"name\":\"transfer_to_" target "\",\"arguments\":\"\"}}]},"

Test(evaluate, times_are_those_of_the_recording)
{
    static const struct row {
        const char *name, *json;
        double latency_ms, ttft_ms;
    } rows[] = {
        { "one call", CASE("a", USER("1") TIMED("triage", "x", "250.5", "100")), 250.5, 100 },
        { "two calls add up",
          CASE("a", USER("1") TIMED_TO("triage", "billing", "400") TIMED("billing", "x", "300", "120")), 700, 520 },
        { "nothing recorded", CASE("a", USER("1") SAYS("triage", "x")), NAN, NAN },
        { "part of it recorded", CASE("a", USER("1") TO("triage", "billing") TIMED("billing", "x", "300", "120")), 300,
          NAN },
        { "no first text", CASE("a", USER("1") TIMED_TO("triage", "billing", "400")), 400, NAN },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct play play;
        play_open(&play, NULL);
        play_case(&play, rows[i].json, 0);
        cr_assert_eq(play.status, BATON_OK, "%s: %s", rows[i].name, play.message);
        const struct baton_json *row =
            parsed_at(parsed_json(play.arena, baton_str_of(play.row), rows[i].name), "exchanges.0");
        double latency = parsed_number(row, "latency_ms"), ttft = parsed_number(row, "ttft_ms");
        cr_expect(isnan(rows[i].latency_ms) ? isnan(latency) : latency == rows[i].latency_ms, "%s: %g", rows[i].name,
                  latency);
        cr_expect(isnan(rows[i].ttft_ms) ? isnan(ttft) : ttft == rows[i].ttft_ms, "%s: %g", rows[i].name, ttft);
        play_close(&play);
    }
}

#define PRICED                                                                                           \
    "version: 1\nentry: triage\nagents:\n  triage: { handoffs: [billing], model: small }\n"              \
    "  billing: { model: large }\nprices:\n  small: { in: 1, cached: 0.1, cache_write: 1.25, out: 5 }\n" \
    "  large: { in: 3, cached: 0.3, cache_write: 3.75, out: 15 }\n"
#define USING(agent, rest, usage) "{\"role\":\"assistant\",\"agent\":\"" agent "\"," rest ",\"usage\":{" usage "}},"
#define TRANSFER                                                                                                        \
    "\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"transfer_to_billing\",\"arguments\":" \
    "\"\"}}]"

/* The worked numbers of METRICS 3.7. */
Test(evaluate, a_conversation_costs_what_its_tokens_cost)
{
    static const struct row {
        const char *name, *agents, *json;
        uint64_t n, pico;
    } rows[] = {
        { "as worked out by hand", PRICED,
          CASE("a", USER("1") USING("triage", TRANSFER, "\"input_tokens\":812,\"output_tokens\":37")
                        USING("billing", "\"content\":\"x\"",
                              "\"input_tokens\":340,\"cached_tokens\":1024,\"output_tokens\":211")),
          1, 5489200000 },
        { "a call without tokens costs nothing", PRICED,
          CASE("a",
               USER("1") USING("triage", TRANSFER, "\"input_tokens\":812,\"output_tokens\":37") SAYS("billing", "x")),
          1, 997000000 },
        { "no tokens at all", PRICED, CASE("a", USER("1") SAYS("triage", "x")), 0, 0 },
        { "a model without a price",
          "version: 1\nentry: triage\nagents:\n  triage: { model: other }\nprices:\n  small: { in: 1, out: 5 }\n",
          CASE("a", USER("1") USING("triage", "\"content\":\"x\"", "\"input_tokens\":812")), 0, 0 },
        { "no prices", "version: 1\nentry: triage\nagents:\n  triage: { model: other }\n",
          CASE("a", USER("1") USING("triage", "\"content\":\"x\"", "\"input_tokens\":812")), 0, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct play play;
        play_open(&play, rows[i].agents);
        play_case(&play, rows[i].json, 0);
        cr_assert_eq(play.status, BATON_OK, "%s: %s", rows[i].name, play.message);
        cr_expect_eq(play.tally.counts.cost_n, rows[i].n, "%s", rows[i].name);
        cr_expect_eq(play.tally.counts.cost_pico, rows[i].pico, "%s: %llu", rows[i].name,
                     (unsigned long long)play.tally.counts.cost_pico);
        play_close(&play);
    }
}

/* ---- simulated ---- */

Test(evaluate, the_oracle_is_always_right_where_there_is_a_way)
{
    static const struct row {
        const char *final, *outcome;
    } rows[] = {
        { "triage", "answered triage triage turns 1" },
        { "billing", "answered billing triage>billing turns 2" },
        { "tech", "answered tech triage>tech turns 2" },
        { "@direct", "answered triage triage turns 1" },
    };
    struct play play;
    play_open(&play, NULL);
    play_model(&play, "oracle");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *json = baton_arena_printf(play.lasting,
                                              "{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"expect\":{"
                                              "\"final\":\"%s\"}}]}",
                                              rows[i].final);
        play_case(&play, json, 0);
        cr_expect_str_eq(play_outcome(&play, 0), rows[i].outcome, "%s: %s", rows[i].final, play_outcome(&play, 0));
        cr_expect(play.result.exchanges[0].label.is_correct, "%s", rows[i].final);
    }
    play_close(&play);
}

Test(evaluate, repeats_draw_anew_and_the_same_repeat_draws_the_same)
{
    struct play play;
    const char *first = NULL;
    bool differs = false;
    play_open(&play, NULL);
    play_model(&play, "random");
    for (uint32_t repeat = 0; repeat < 20; repeat++) {
        play_case(&play, CASE("a", USER("x")), repeat);
        const char *outcome = play_outcome(&play, 0);
        first = first == NULL ? baton_arena_copy(play.lasting, outcome, strlen(outcome)) : first;
        differs = differs || strcmp(outcome, first) != 0;
        cr_expect_eq(play.result.repeat, repeat);
    }
    cr_expect(differs, "twenty draws alike");
    play_case(&play, CASE("a", USER("x")), 0);
    cr_expect_str_eq(play_outcome(&play, 0), first);
    play_close(&play);
}
