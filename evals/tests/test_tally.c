#include "evals/tally/tally.h"

#include "engine/base/prng.h"
#include "engine/core/path.h"
#include "evals/tests/play.h"

#include <criterion/criterion.h>
#include <string.h>

enum { PARTS = 3, CASES = 60 };

/* ---- parts and the whole ---- */

/* A conversation to play: every third one recorded with times and tokens, the others simulated. */
static void play_nth(struct play *play, uint64_t n)
{
    static const char recorded[] = CASE(
        "r", ASKS("1", "\"final\":\"billing\",\"loop\":false")
                 TO("triage",
                    "billing") "{\"role\":\"assistant\",\"agent\":\"billing\",\"content\":\"x\",\"latency_ms\":12.5,"
                               "\"ttft_ms\":3,\"usage\":{\"input_tokens\":7,\"output_tokens\":2}}," ASKS(
                                   "2", "\"final\":\"@direct\"") SAYS("billing", "y"));
    static const char *const finals[] = { "triage", "billing", "tech", "@direct" };
    bool is_recorded = n % 3 == 0;
    play->how.sources.kind = is_recorded ? BATON_SOURCE_TRANSCRIPT : BATON_SOURCE_MODEL;
    play->how.limits.max_turns = n % 5 == 0 ? 3 : -1;
    const char *json = baton_arena_printf(
        play->lasting,
        "{\"id\":\"s%u\",\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"expect\":{\"final\":\"%s\",\"loop\":%s}}]}",
        (unsigned)n, finals[n % 4], n % 2 == 0 ? "true" : "false");
    play_case(play, is_recorded ? recorded : json, 0);
    cr_assert_eq(play->status, BATON_OK, "%s", play->message);
}

static void expect_same_counter(const char *name, struct baton_counter *a, struct baton_counter *b)
{
    size_t counts[2];
    const struct baton_count *left = baton_counter_sorted(a, &counts[0]), *right = baton_counter_sorted(b, &counts[1]);
    cr_assert_eq(counts[0], counts[1], "%s", name);
    for (size_t i = 0; i < counts[0]; i++) {
        cr_assert(left[i].key == right[i].key && left[i].count == right[i].count, "%s: %zu", name, i);
    }
}

static void expect_same(struct baton_tally *a, struct baton_tally *b)
{
    cr_expect_eq(memcmp(&a->counts, &b->counts, sizeof a->counts), 0, "counts");
    expect_same_counter("confusion", &a->confusion, &b->confusion);
    expect_same_counter("edges", &a->edges, &b->edges);
    expect_same_counter("agents", &a->agents, &b->agents);
    expect_same_counter("depth of exchanges", &a->depth_exchange, &b->depth_exchange);
    expect_same_counter("depth of conversations", &a->depth_conversation, &b->depth_conversation);
    expect_same_counter("latency of exchanges", &a->latency_exchange, &b->latency_exchange);
    expect_same_counter("first text", &a->latency_ttft, &b->latency_ttft);
    expect_same_counter("hops", &a->latency_hop, &b->latency_hop);
    expect_same_counter("latency of conversations", &a->latency_conversation, &b->latency_conversation);
}

Test(tally, merged_parts_are_the_whole_in_any_order)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct play play;
        struct baton_tally parts[PARTS] = { 0 }, forth = { 0 }, back = { 0 }, copy = { 0 };
        struct baton_prng prng;
        baton_prng_seed(&prng, seed);
        play_open(&play, NULL);
        play_model(&play, "random");
        for (uint64_t n = 0; n < CASES; n++) {
            play.evaluator.tally = &play.tally;
            play_nth(&play, n);
            play.evaluator.tally = &parts[baton_prng_below(&prng, PARTS)];
            play_nth(&play, n);
        }
        for (size_t i = 0; i < PARTS; i++) {
            baton_tally_merge(&forth, &parts[i]);
            baton_tally_merge(&back, &parts[PARTS - 1 - i]);
        }
        baton_tally_merge(&copy, &play.tally); /* comparing packs the counters, which is their end */
        cr_expect_eq(play.tally.counts.conversations, (uint64_t)CASES);
        expect_same(&forth, &play.tally);
        expect_same(&back, &copy);
        cr_expect(!baton_tally_failed(&forth));
        for (size_t i = 0; i < PARTS; i++) {
            baton_tally_clear(&parts[i]);
        }
        baton_tally_clear(&forth);
        baton_tally_clear(&back);
        baton_tally_clear(&copy);
        play_close(&play);
    }
}

/* ---- verdicts ---- */

#define HANDED TO("triage", "billing") SAYS("billing", "x")

Test(tally, a_label_counts_once_in_the_right_place)
{
    struct counts {
        unsigned n, correct, direct, over, agent, under, wrong;
    };
    static const struct row {
        const char *name, *expect, *messages;
        struct counts want;
    } rows[] = {
        { "right", "\"final\":\"billing\"", HANDED, { 1, 1, 0, 0, 1, 0, 0 } },
        { "right, one of several", "\"final\":[\"tech\",\"billing\"]", HANDED, { 1, 1, 0, 0, 1, 0, 0 } },
        { "misrouted", "\"final\":\"tech\"", HANDED, { 1, 0, 0, 0, 1, 0, 1 } },
        { "under-routed", "\"final\":\"tech\"", SAYS("triage", "x"), { 1, 0, 0, 0, 1, 1, 0 } },
        { "no answer is under-routed too", "\"final\":\"tech\"", TO("triage", "billing"), { 1, 0, 0, 0, 1, 1, 0 } },
        { "over-routed", "\"final\":\"@direct\"", HANDED, { 1, 0, 1, 1, 0, 0, 0 } },
        { "over-routed, by name", "\"final\":\"triage\"", HANDED, { 1, 0, 1, 1, 0, 0, 0 } },
        { "direct", "\"final\":\"@direct\"", SAYS("triage", "x"), { 1, 1, 1, 0, 0, 0, 0 } },
        { "direct, and no answer", "\"final\":\"@direct\"", "", { 1, 0, 1, 0, 0, 0, 0 } },
        { "an invalid transfer is none of them",
          "\"final\":\"tech\"",
          CALLS("triage", "c", "transfer_to_x", "Error: no"),
          { 1, 0, 0, 0, 1, 0, 0 } },
        { "no final", "\"first\":\"billing\"", HANDED, { 0, 0, 0, 0, 0, 0, 0 } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct play play;
        play_open(&play, NULL);
        play_case(&play,
                  baton_arena_printf(
                      play.lasting,
                      "{\"messages\":[{\"role\":\"user\",\"content\":\"\",\"expect\":{%s}},%s{\"role\":\"system\"}]}",
                      rows[i].expect, rows[i].messages),
                  0);
        cr_assert_eq(play.status, BATON_OK, "%s: %s", rows[i].name, play.message);
        const struct baton_counts *got = &play.tally.counts;
        struct counts counts = { (unsigned)got->final_n,         (unsigned)got->final_correct,
                                 (unsigned)got->direct_expected, (unsigned)got->over_routed,
                                 (unsigned)got->agent_expected,  (unsigned)got->under_routed,
                                 (unsigned)got->misrouted };
        cr_expect_eq(memcmp(&counts, &rows[i].want, sizeof counts), 0,
                     "%s: n %u correct %u direct %u over %u agent %u under %u wrong %u", rows[i].name, counts.n,
                     counts.correct, counts.direct, counts.over, counts.agent, counts.under, counts.wrong);
        cr_expect_eq(got->labelled, 1u, "%s", rows[i].name);
        play_close(&play);
    }
}

Test(tally, the_detector_is_judged_by_the_label)
{
#define CIRCLE \
    TO("triage", "billing") TO("billing", "triage") TO("triage", "billing") TO("billing", "triage") SAYS("triage", "x")
    static const struct row {
        const char *name, *json;
        uint64_t tp, fp, fn, tn;
    } rows[] = {
        { "a loop that was one", CASE("a", ASKS("1", "\"loop\":true") CIRCLE), 1, 0, 0, 0 },
        { "a loop that was none", CASE("a", ASKS("1", "\"loop\":false") CIRCLE), 0, 1, 0, 0 },
        { "a loop not seen", CASE("a", ASKS("1", "\"loop\":true") HANDED), 0, 0, 1, 0 },
        { "none, and none seen", CASE("a", ASKS("1", "\"loop\":false") HANDED), 0, 0, 0, 1 },
        { "no label for it", CASE("a", ASKS("1", "\"final\":\"triage\"") CIRCLE), 0, 0, 0, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct play play;
        play_open(&play, NULL);
        play_case(&play, rows[i].json, 0);
        cr_assert_eq(play.status, BATON_OK, "%s: %s", rows[i].name, play.message);
        const struct baton_counts *got = &play.tally.counts;
        cr_expect(got->detector_tp == rows[i].tp && got->detector_fp == rows[i].fp && got->detector_fn == rows[i].fn &&
                      got->detector_tn == rows[i].tn,
                  "%s", rows[i].name);
        play_close(&play);
    }
}

Test(tally, what_the_provider_did_wrong_is_in_no_denominator)
{
    struct baton_tally tally = { 0 };
    struct baton_agents agents = { .count = 3 };
    uint32_t path[] = { 0 }, final = 1;
    struct baton_expect expect = { .final = &final, .final_count = 1, .first = BATON_NONE, .loop = -1, .status = -1 };
    struct baton_observation seen = { .agents = &agents, .path = path, .status = BATON_RUN_ERROR };
    struct baton_verdict verdict = { .label = 1 };
    baton_tally_verdict(&tally, &expect, &verdict, &seen);
    cr_expect_eq(tally.counts.labelled, 1u);
    cr_expect_eq(tally.counts.all_n + tally.counts.final_n + tally.counts.agent_expected, 0u);
    expect.status = BATON_RUN_ERROR;
    verdict.is_correct = true;
    expect.final_count = 0;
    baton_tally_verdict(&tally, &expect, &verdict, &seen);
    cr_expect_eq(tally.counts.all_correct, 1u, "unless an error is what was expected");
    baton_tally_clear(&tally);
}

/* ---- times ---- */

Test(tally, an_exchange_takes_what_its_user_waits)
{
#define UNKNOWN BATON_TIME_UNKNOWN
    static const struct row {
        const char *name;
        struct baton_turn turns[3];
        uint32_t count;
        int64_t latency_ns, ttft_ns;
    } rows[] = {
        { "no turn", { { 0 } }, 0, UNKNOWN, UNKNOWN },
        { "one", { { .start_ns = 5, .end_ns = 25, .first_text_ns = 15, .is_timed = true } }, 1, 20, 10 },
        { "time between the calls counts",
          { { .start_ns = 5, .end_ns = 25, .first_text_ns = UNKNOWN, .is_timed = true },
            { .start_ns = 35, .end_ns = 45, .first_text_ns = 40, .is_timed = true } },
          2,
          40,
          35 },
        { "the first text is the first that was seen",
          { { .start_ns = 5, .end_ns = 25, .first_text_ns = 8, .is_timed = true },
            { .start_ns = 25, .end_ns = 45, .first_text_ns = 40, .is_timed = true } },
          2,
          40,
          3 },
        { "unknown in the middle: what is known, and no first text after it",
          { { .start_ns = 5, .end_ns = 25, .first_text_ns = UNKNOWN, .is_timed = true },
            { .start_ns = 25, .end_ns = 25, .first_text_ns = UNKNOWN },
            { .start_ns = 25, .end_ns = 55, .first_text_ns = 40, .is_timed = true } },
          3,
          50,
          UNKNOWN },
        { "nothing known", { { .start_ns = 5, .end_ns = 5, .first_text_ns = UNKNOWN } }, 1, UNKNOWN, UNKNOWN },
        { "no time at all is a time",
          { { .start_ns = 5, .end_ns = 5, .first_text_ns = UNKNOWN, .is_timed = true } },
          1,
          0,
          UNKNOWN },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_turn turns[3];
        memcpy(turns, rows[i].turns, sizeof turns);
        struct baton_exchange exchange = { .turns = turns, .turn_count = rows[i].count, .start_ns = 5 };
        struct baton_exchange_times got = baton_exchange_times(&exchange);
        cr_expect_eq(got.latency_ns, rows[i].latency_ns, "%s: %lld", rows[i].name, (long long)got.latency_ns);
        cr_expect_eq(got.ttft_ns, rows[i].ttft_ns, "%s: %lld", rows[i].name, (long long)got.ttft_ns);
    }
}

/* ---- paths and loops ---- */

Test(tally, a_path_is_measured_against_the_shortest_to_what_was_wanted)
{
    static const struct row {
        const char *name, *json;
        int64_t optimal, detour;
        bool has_detour;
        uint32_t looped;
    } rows[] = {
        { "straight", CASE("a", ASKS("1", "\"final\":\"billing\"") HANDED), 1, 0, true, 0 },
        { "a detour",
          CASE("a", ASKS("1", "\"final\":\"tech\"") TO("triage", "billing") TO("billing", "tech") SAYS("tech", "x")), 1,
          1, true, 0 },
        { "a circle",
          CASE("a", ASKS("1", "\"final\":\"triage\"") TO("triage", "tech") TO("tech", "triage") SAYS("triage", "x")), 0,
          0, true, 2 },
        { "missed", CASE("a", ASKS("1", "\"final\":\"tech\"") HANDED), 1, 0, false, 0 },
        { "no label", CASE("a", USER("1") HANDED), BATON_RESULT_UNKNOWN, 0, false, 0 },
        { "the target that was reached counts", CASE("a", ASKS("1", "\"final\":[\"triage\",\"billing\"]") HANDED), 1, 0,
          true, 0 },
        { "the nearest counts where none was reached", CASE("a", ASKS("1", "\"final\":[\"tech\",\"@direct\"]") HANDED),
          0, 0, false, 0 },
        { "on the way, but without an answer", CASE("a", ASKS("1", "\"final\":\"billing\"") TO("triage", "billing")), 1,
          0, false, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct play play;
        play_open(&play, NULL);
        play_case(&play, rows[i].json, 0);
        cr_assert_eq(play.status, BATON_OK, "%s: %s", rows[i].name, play.message);
        const struct baton_result_exchange *got = &play.result.exchanges[0];
        cr_expect_eq(got->optimal, rows[i].optimal, "%s: %lld", rows[i].name, (long long)got->optimal);
        cr_expect_eq(got->has_detour, rows[i].has_detour, "%s", rows[i].name);
        cr_expect_eq(got->detour, rows[i].detour, "%s: %lld", rows[i].name, (long long)got->detour);
        cr_expect_eq(got->looped, rows[i].looped, "%s: %u", rows[i].name, got->looped);
        play_close(&play);
    }
}

Test(tally, a_loop_without_a_way_out_wastes_turns)
{
#define THERE TO("triage", "billing") TO("billing", "triage")
    static const struct row {
        const char *name, *json;
        uint64_t loops, revisits, wasted, saved;
    } rows[] = {
        { "none", CASE("a", USER("1") HANDED), 0, 0, 0, 0 },
        { "back once", CASE("a", USER("1") THERE SAYS("triage", "x")), 0, 1, 0, 0 },
        { "found its way out", CASE("a", USER("1") THERE THERE SAYS("triage", "x")), 1, 1, 0, 0 },
        { "ran into the limit: ten turns, a loop from the third on, seen a turn later",
          CASE("a", USER("1") THERE THERE THERE THERE THERE THERE), 1, 1, 8, 7 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct play play;
        play_open(&play, NULL);
        play_case(&play, rows[i].json, 0);
        cr_assert_eq(play.status, BATON_OK, "%s: %s", rows[i].name, play.message);
        const struct baton_counts *got = &play.tally.counts;
        cr_expect_eq(got->loop_exchanges, rows[i].loops, "%s", rows[i].name);
        cr_expect_eq(got->loop_ping_pong, rows[i].loops, "%s", rows[i].name);
        cr_expect_eq(got->loop_conversations, rows[i].loops, "%s", rows[i].name);
        cr_expect_eq(got->revisit_exchanges, rows[i].revisits, "%s", rows[i].name);
        cr_expect_eq(got->wasted_turns, rows[i].wasted, "%s: %llu", rows[i].name,
                     (unsigned long long)got->wasted_turns);
        cr_expect_eq(got->saved_turns, rows[i].saved, "%s: %llu", rows[i].name, (unsigned long long)got->saved_turns);
        play_close(&play);
    }
}
