/* tally.h - what is counted over conversations: exact sums that can be added up in any order.
 *
 * Each worker has one; merging them, or those of shards, gives the same figures as one that saw everything. Times are
 * nanoseconds, money pico-USD; no floating point.
 *
 * Owns:     its counters, until baton_tally_clear().
 * Threads:  one at a time.
 */
#ifndef BATON_EVALS_TALLY_TALLY_H
#define BATON_EVALS_TALLY_TALLY_H

#include "evals/judge/judge.h"
#include "evals/tally/counter.h"
#include "evals/tally/repeats.h"

#define BATON_TALLY_COUNTS(X) \
    X(conversations)          \
    X(exchanges)              \
    X(turns)                  \
    X(answered)               \
    X(unanswered)             \
    X(labelled)               \
    X(handoffs)               \
    X(invalid_handoffs)       \
    X(tool_calls)             \
    X(diverged)               \
    X(exhausted)              \
    X(errors)                 \
    X(final_n)                \
    X(final_correct)          \
    X(first_n)                \
    X(first_correct)          \
    X(route_n)                \
    X(route_correct)          \
    X(all_n)                  \
    X(all_correct)            \
    X(direct_expected)        \
    X(over_routed)            \
    X(agent_expected)         \
    X(under_routed)           \
    X(misrouted)              \
    X(optimal_hops)           \
    X(detour_n)               \
    X(detour_hops)            \
    X(shortcut_hops)          \
    X(looped_hops)            \
    X(loop_exchanges)         \
    X(loop_conversations)     \
    X(loop_self)              \
    X(loop_ping_pong)         \
    X(loop_cycle)             \
    X(revisit_exchanges)      \
    X(revisit_conversations)  \
    X(wasted_turns)           \
    X(saved_turns)            \
    X(detector_tp)            \
    X(detector_fp)            \
    X(detector_fn)            \
    X(detector_tn)            \
    X(timed_ns)               \
    X(hop_ns)                 \
    X(usage_n)                \
    X(tokens_input)           \
    X(tokens_output)          \
    X(tokens_cached)          \
    X(tokens_cache_write)     \
    X(tokens_reasoning)       \
    X(cost_n)                 \
    X(cost_pico)              \
    X(tests_passed)           \
    X(tests_failed)           \
    X(tests_flaky)            \
    X(tests_errors)           \
    X(tests_skipped)          \
    X(cost_routing_pico)      \
    X(hallucinated_targets)   \
    X(phantom_checked)        \
    X(phantom_handoffs)       \
    X(facts_n)                \
    X(facts_kept)

#define BATON_TALLY_FIELD(name) uint64_t name;
struct baton_counts {
    BATON_TALLY_COUNTS(BATON_TALLY_FIELD)
};
#undef BATON_TALLY_FIELD

struct baton_tally {
    struct baton_counts counts;
    struct baton_counter confusion; /* key: expected agent << 32 | observed (agent, or agent count + outcome - 1) */
    struct baton_counter edges;     /* key: from << 32 | to */
    struct baton_counter agents;    /* key: agent that was asked at least once; count: turns */
    struct baton_counter depth_exchange, depth_conversation;
    struct baton_counter latency_exchange, latency_ttft, latency_hop, latency_conversation; /* key: ns */
    struct baton_counter
        clusters;                /* of conversations; key: exchanges with a final agent as label << 32 | correct ones */
    struct baton_counter trials; /* of conversations; key: repeats judged << 32 | passed */
    struct baton_counter cost_agents, cost_edges; /* pico-USD; keys as agents and edges */
    struct baton_flaky_list flaky;
};

void baton_tally_clear(struct baton_tally *tally);

/* Adds `from` to `into`. */
void baton_tally_merge(struct baton_tally *into, const struct baton_tally *from);

/* Whether some counter ran out of memory, which makes every figure wrong. */
bool baton_tally_failed(const struct baton_tally *tally);

/* What one exchange took, where recorded or measured. */
struct baton_exchange_times {
    int64_t latency_ns, ttft_ns; /* or BATON_TIME_UNKNOWN */
};

struct baton_exchange_times baton_exchange_times(const struct baton_exchange *exchange);

/* Counts an exchange; `looped`: its hops on circles. */
void baton_tally_exchange(struct baton_tally *tally, const struct baton_exchange *exchange, uint32_t looped);

/* Counts the judgement of a labelled exchange or conversation. */
void baton_tally_verdict(struct baton_tally *tally, const struct baton_expect *expect,
                         const struct baton_verdict *verdict, const struct baton_observation *observation);

/* Shortest, needless and circular hops of a path towards a label's targets. */
struct baton_path_figures {
    uint32_t optimal; /* or BATON_PATH_UNKNOWN */
    uint32_t looped;
    bool has_detour;
    int64_t detour;
};

/* `expect` may be NULL: then only `looped` is known. `scratch` has room for depth + 1 agents. */
struct baton_path_figures baton_path_figures(const struct baton_expect *expect,
                                             const struct baton_observation *observation, bool is_revisit,
                                             uint32_t *scratch);

#endif
