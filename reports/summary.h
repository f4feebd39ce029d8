/* summary.h - the figures of a run, as numbers: what evals fills in and every report is made from. figures.h says of each what
 * it is called and what it means.
 *
 * A figure that is undefined is NaN (ratios), BATON_FIGURE_NONE (times) or absent.
 *
 * Owns:     nothing; arrays and texts live in the arena of whoever made the summary.
 * Units:    times are nanoseconds and money is pico-USD.
 */
#ifndef BATON_REPORTS_SUMMARY_H
#define BATON_REPORTS_SUMMARY_H

#include "engine/base/text.h"

#define BATON_FIGURE_NONE INT64_C(-1)

struct baton_rate {
    uint64_t correct, n;
    double value, ci_low, ci_high; /* Wilson, 95 % */
};

struct baton_distribution {
    uint64_t n;
    int64_t sum, min, p50, p90, p95, p99, max; /* ns; nearest rank; BATON_FIGURE_NONE without values */
};

struct baton_agent_score {
    struct baton_str agent;
    uint64_t support, predicted, tp;
    double precision, recall, f1;
};

struct baton_edge_count {
    struct baton_str from, to;
    uint64_t count;
};

/* Chance that one of k repeats passes, that all of k do: mean over the cases with so many. */
struct baton_pass_figures {
    uint64_t k, cases;
    double pass_at, pass_hat;
};

struct baton_flaky_case {
    struct baton_str id;
    uint64_t n, passed; /* repeats */
    double rate, flip_rate, entropy;
};

struct baton_agent_cost {
    struct baton_str agent;
    uint64_t pico;
};

struct baton_edge_cost {
    struct baton_str from, to;
    uint64_t pico;
};

struct baton_depth_count {
    uint64_t depth, count;
};

enum baton_gate_verdict {
    BATON_GATE_FAIL,
    BATON_GATE_PASS,
    BATON_GATE_SKIP /* its `if` does not hold */
};

struct baton_gate_result {
    struct baton_str gate;
    double value; /* NaN: undefined */
    uint64_t n;
    enum baton_gate_verdict verdict;
    struct baton_str why; /* of a fail or a skip */
};

struct baton_comparison; /* reports/comparison.h */

/* Conversations as test reports count them; not part of summary.json. */
struct baton_test_counts {
    uint64_t passed, failed, flaky, errors, skipped; /* flaky: some repeats failed, some passed */
};

struct baton_summary {
    struct baton_test_counts tests;
    struct {
        struct baton_str name, fingerprint, agents_digest, conversations_digest, provider, profile;
        uint64_t seed, repeat;
        struct baton_str shard; /* data NULL: null */
    } suite;
    struct {
        uint64_t conversations, exchanges, turns, answered, unanswered, labelled, handoffs, invalid_handoffs;
        int64_t phantom_handoffs; /* BATON_FIGURE_NONE: not measured */
        uint64_t tool_calls, diverged, exhausted, errors;
        uint64_t phantom_n;            /* answers looked at for phantom handoffs */
        uint64_t hallucinated_targets; /* calls of a transfer that the agent was never given */
    } counts;
    struct {
        struct baton_rate accuracy, first_hop, route, all_expectations;
        double majority, balanced, macro_f1, weighted_f1, kappa, mcc, over_routing, under_routing, misrouting;
        uint64_t direct_expected, agent_expected; /* denominators of the last three */
        const struct baton_agent_score *agents;
        size_t agent_count;
        const struct baton_str *labels; /* of the confusion matrix */
        const uint64_t *cells;          /* label_count x label_count, rows expected */
        size_t label_count;
        struct {        /* of accuracy, where the exchanges of a conversation are no independent draws */
            uint64_t n; /* conversations with a label */
            double se_iid, se_cluster, se_cluster_cr1, design_effect, ci_low, ci_high;
        } clusters;
        double cost;             /* of wrong routes by exchange, by the suite's weights; NaN: it has none */
        struct baton_rate facts; /* of the labels' facts, those that reached the final agent */
    } routing;
    struct {
        const struct baton_depth_count *per_exchange, *per_conversation;
        size_t per_exchange_count, per_conversation_count;
        double mean; /* hops per exchange */
        int64_t p95, max;
        uint64_t optimal, detour_n; /* hops in all exchanges that reached a labelled target; how many those are */
        int64_t detour;
        uint64_t looped; /* hops on circles, in all exchanges */
        double share_4_or_more;
    } depth;
    struct {
        uint64_t exchanges, conversations, self, ping_pong, cycle, revisit_exchanges, revisit_conversations,
            wasted_turns, saved_turns;
        uint64_t tp, fp, fn, tn;
        double precision, recall;
    } loops;
    struct {
        struct baton_distribution exchange, ttft, hop, conversation;
        double routing_tax;
    } latency;
    struct {
        uint64_t n, input, output, cached, cache_write, reasoning; /* n: calls with known usage */
    } tokens;
    struct {
        uint64_t n, total_pico; /* n: conversations with a known cost */
        double mean_usd;        /* of these */
        double routing_share;   /* of the calls that handed over */
        const struct baton_agent_cost *agents;
        size_t agent_count;
        const struct baton_edge_cost *edges; /* of the calls that handed over */
        size_t edge_count;
    } cost;
    const struct baton_edge_count *edges;
    size_t edge_count;
    struct {
        double agents, edges;
        uint64_t agents_n, edges_n;
        const struct baton_str *unused_agents;
        size_t unused_agent_count;
        const struct baton_edge_count *unused_edges;
        size_t unused_edge_count;
    } coverage;
    struct {
        uint64_t n; /* times that each case was played, at most; 1: no repeats, and the block is null */
        uint64_t cases, always, never, flaky;
        const struct baton_pass_figures *passes;
        size_t pass_count;
        const struct baton_flaky_case *flakiest; /* not all: the nearest to a coin */
        size_t flakiest_count;
    } repeats;
    const struct baton_comparison *baseline; /* NULL: none was given */
    const struct baton_gate_result *gates;
    size_t gate_count;
    bool passed;
};

#endif
