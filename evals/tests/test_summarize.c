#include "evals/tally/distribution.h"
#include "evals/tally/summarize.h"

#include "evals/tests/play.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { MEMORY_MAX = 64 * 1024 * 1024, NS_PER_MS = 1000000 };

/* METRICS 3.6: nearest rank, and integers stay integers. */
Test(summarize, percentiles_are_nearest_ranks)
{
    static const uint64_t ms[] = { 420, 380, 1210, 515, 610, 450, 2300, 700, 495, 530 };
    struct baton_counter counter = { 0 };
    size_t count;
    for (size_t i = 0; i < COUNT_OF(ms); i++) {
        baton_counter_add(&counter, ms[i] * NS_PER_MS, 1);
    }
    const struct baton_count *counts = baton_counter_sorted(&counter, &count);
    struct baton_distribution got = baton_distribution_of(counts, count);
    cr_expect_eq(got.n, 10u);
    cr_expect_eq(got.sum, INT64_C(7610) * NS_PER_MS);
    cr_expect_eq(got.min, INT64_C(380) * NS_PER_MS);
    cr_expect_eq(got.p50, INT64_C(515) * NS_PER_MS);
    cr_expect_eq(got.p90, INT64_C(1210) * NS_PER_MS);
    cr_expect_eq(got.p95, INT64_C(2300) * NS_PER_MS);
    cr_expect_eq(got.p99, INT64_C(2300) * NS_PER_MS);
    cr_expect_eq(got.max, INT64_C(2300) * NS_PER_MS);
    baton_counter_clear(&counter);
}

Test(summarize, equal_values_count_as_often_as_they_occur)
{
    static const struct row {
        const char *name;
        struct baton_count counts[3];
        size_t count;
        int64_t p50, p90, p95, p99;
    } rows[] = {
        { "one value", { { 7, 1 } }, 1, 7, 7, 7, 7 },
        { "one value often", { { 7, 1000 } }, 1, 7, 7, 7, 7 },
        { "half and half", { { 1, 50 }, { 2, 50 } }, 2, 1, 2, 2, 2 },
        { "just under half", { { 1, 49 }, { 2, 51 } }, 2, 2, 2, 2, 2 },
        { "90, 95 and 99 of 100", { { 1, 90 }, { 2, 5 }, { 3, 5 } }, 3, 1, 1, 2, 3 },
        { "99 of 100 at the end", { { 1, 95 }, { 2, 4 }, { 3, 1 } }, 3, 1, 1, 1, 2 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_distribution got = baton_distribution_of(rows[i].counts, rows[i].count);
        cr_expect_eq(got.p50, rows[i].p50, "%s: p50 %lld", rows[i].name, (long long)got.p50);
        cr_expect_eq(got.p90, rows[i].p90, "%s: p90 %lld", rows[i].name, (long long)got.p90);
        cr_expect_eq(got.p95, rows[i].p95, "%s: p95 %lld", rows[i].name, (long long)got.p95);
        cr_expect_eq(got.p99, rows[i].p99, "%s: p99 %lld", rows[i].name, (long long)got.p99);
    }
}

/* The summary of what was played. */
static void summarize(struct play *play, struct baton_summary *summary)
{
    struct baton_error err;
    cr_assert_eq(baton_summarize(summary, play->lasting, play->agents, &play->tally, &err), BATON_OK);
}

Test(summarize, nothing_counted_is_undefined_and_not_zero)
{
    struct play play;
    struct baton_summary got;
    play_open(&play, NULL);
    summarize(&play, &got);
    const double ratios[] = { got.routing.accuracy.value,
                              got.routing.accuracy.ci_low,
                              got.routing.first_hop.value,
                              got.routing.majority,
                              got.routing.balanced,
                              got.routing.macro_f1,
                              got.routing.kappa,
                              got.routing.mcc,
                              got.routing.over_routing,
                              got.routing.under_routing,
                              got.routing.misrouting,
                              got.depth.mean,
                              got.depth.share_4_or_more,
                              got.loops.precision,
                              got.loops.recall,
                              got.latency.routing_tax };
    for (size_t i = 0; i < COUNT_OF(ratios); i++) {
        cr_expect(isnan(ratios[i]), "%zu", i);
    }
    cr_expect_eq(got.latency.exchange.p95, BATON_FIGURE_NONE);
    cr_expect_eq(got.latency.exchange.n, 0u);
    cr_expect_eq(got.depth.p95, BATON_FIGURE_NONE);
    cr_expect_eq(got.counts.phantom_handoffs, BATON_FIGURE_NONE);
    cr_expect_eq(got.routing.agent_count + got.routing.label_count + got.edge_count, 0u);
    cr_expect_eq(got.coverage.unused_agent_count, 3u);
    cr_expect_eq(got.coverage.unused_edge_count, 5u);
    cr_expect_eq(got.coverage.edges, 0.0, "none of five is a share");
    play_close(&play);
}

Test(summarize, depth_loops_and_edges_are_those_of_what_was_played)
{
    struct play play;
    struct baton_summary got;
    play_open(&play, NULL);
    play_case(&play, CASE("a", USER("1") SAYS("triage", "x")), 0);
    play_case(&play, CASE("b", USER("1") TO("triage", "tech") SAYS("tech", "x") USER("2") SAYS("tech", "y")), 0);
    play_case(&play,
              CASE("c", USER("1") TO("triage", "billing") TO("billing", "triage") TO("triage", "billing")
                            TO("billing", "tech") SAYS("tech", "x")),
              0);
    summarize(&play, &got);
    cr_expect_eq(got.counts.conversations, 3u);
    cr_expect_eq(got.counts.exchanges, 4u);
    cr_assert_eq(got.depth.per_exchange_count, 3u);
    cr_expect(got.depth.per_exchange[0].depth == 0 && got.depth.per_exchange[0].count == 2);
    cr_expect(got.depth.per_exchange[1].depth == 1 && got.depth.per_exchange[1].count == 1);
    cr_expect(got.depth.per_exchange[2].depth == 4 && got.depth.per_exchange[2].count == 1);
    cr_expect_eq(got.depth.per_conversation_count, 3u);
    cr_expect_eq(got.depth.mean, 1.25);
    cr_expect(got.depth.p95 == 4 && got.depth.max == 4);
    cr_expect_eq(got.depth.share_4_or_more, 0.25);
    cr_expect_eq(got.depth.looped, 2u);
    cr_expect(got.loops.exchanges == 1 && got.loops.ping_pong == 1 && got.loops.revisit_exchanges == 1);
    static const char *const edges[] = { "billing>tech 1", "billing>triage 1", "triage>billing 2", "triage>tech 1" };
    cr_assert_eq(got.edge_count, COUNT_OF(edges), "by name");
    for (size_t i = 0; i < COUNT_OF(edges); i++) {
        const char *edge = baton_arena_printf(play.lasting, "%.*s>%.*s %llu", (int)got.edges[i].from.length,
                                              got.edges[i].from.data, (int)got.edges[i].to.length, got.edges[i].to.data,
                                              (unsigned long long)got.edges[i].count);
        cr_expect_str_eq(edge, edges[i]);
    }
    cr_expect_eq(got.coverage.agents, 1.0);
    cr_expect_eq(got.coverage.edges, 0.8);
    cr_assert_eq(got.coverage.unused_edge_count, 1u);
    cr_expect(baton_str_is(got.coverage.unused_edges[0].from, "tech") &&
              baton_str_is(got.coverage.unused_edges[0].to, "triage"));
    play_close(&play);
}

Test(summarize, labels_are_agents_in_the_order_of_their_file_and_then_what_is_none)
{
    struct play play;
    struct baton_summary got;
    play_open(&play, NULL);
    play_case(&play, CASE("a", ASKS("1", "\"final\":\"tech\"") TO("triage", "tech") SAYS("tech", "x")), 0);
    play_case(&play, CASE("b", ASKS("1", "\"final\":\"tech\"") CALLS("triage", "c", "transfer_to_x", "Error: no")), 0);
    play_case(&play, CASE("c", ASKS("1", "\"final\":\"triage\"")), 0);
    play.how.limits.max_turns = 1;
    play_case(&play, CASE("d", ASKS("1", "\"final\":\"triage\"") TO("triage", "tech") SAYS("tech", "x")), 0);
    summarize(&play, &got);
    static const char *const labels[] = { "triage", "tech", "@none", "@exhausted", "@invalid" };
    static const uint64_t cells[COUNT_OF(labels) * COUNT_OF(labels)] = { 0, 0, 1, 1, 0, /* triage */
                                                                         0, 1, 0, 0, 1 /* tech */ };
    cr_assert_eq(got.routing.label_count, COUNT_OF(labels));
    for (size_t i = 0; i < COUNT_OF(labels); i++) {
        cr_expect(baton_str_is(got.routing.labels[i], labels[i]), "%zu: %.*s", i, (int)got.routing.labels[i].length,
                  got.routing.labels[i].data);
    }
    cr_expect_eq(memcmp(got.routing.cells, cells, sizeof cells), 0);
    cr_assert_eq(got.routing.agent_count, 2u, "agents alone have scores");
    cr_expect(baton_str_is(got.routing.agents[1].agent, "tech") && got.routing.agents[1].tp == 1 &&
              got.routing.agents[1].support == 2 && got.routing.agents[1].predicted == 1);
    cr_expect_eq(got.routing.accuracy.value, 0.25);
    cr_expect_eq(got.routing.majority, 0.5);
    play_close(&play);
}

Test(summarize, out_of_memory_is_an_error)
{
    struct play play;
    struct baton_summary got;
    struct baton_error err;
    struct baton_arena *small = baton_arena_new(64);
    play_open(&play, NULL);
    play_case(&play, CASE("a", ASKS("1", "\"final\":\"tech\"") TO("triage", "tech") SAYS("tech", "x")), 0);
    cr_expect_eq(baton_summarize(&got, small, play.agents, &play.tally, &err), BATON_ENOMEM);
    baton_arena_free(small);
    play_close(&play);
}
