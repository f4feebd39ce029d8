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
#include "evals/tally/flaky.h"

/* What is counted plainly: a row for each count. */
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

/* What is counted by key: a row for each counter, with what its keys are. counts.json holds them in this order. Agents count
 * turns, cost pico-USD, clusters the labelled exchanges of a conversation, trials its repeats that were judged. */
#define BATON_TALLY_COUNTERS(X)     \
    X(confusion, EXPECTED_OBSERVED) \
    X(edges, EDGE)                  \
    X(agents, AGENT)                \
    X(depth_exchange, NUMBER)       \
    X(depth_conversation, NUMBER)   \
    X(latency_exchange, NUMBER)     \
    X(latency_ttft, NUMBER)         \
    X(latency_hop, NUMBER)          \
    X(latency_conversation, NUMBER) \
    X(cost_agents, AGENT)           \
    X(cost_edges, EDGE)             \
    X(clusters, PART_OF_WHOLE)      \
    X(trials, PART_OF_WHOLE)

enum { BATON_TALLY_OUTCOMES = BATON_OUTCOME_ERROR - BATON_OUTCOME_NONE }; /* @none and the like, behind the agents */

enum baton_tally_key {
    BATON_KEY_AGENT,
    BATON_KEY_EDGE,              /* agent << 32 | agent */
    BATON_KEY_EXPECTED_OBSERVED, /* agent << 32 | agent, or one of the outcomes behind them */
    BATON_KEY_PART_OF_WHOLE,     /* whole << 32 | part, whole > 0 */
    BATON_KEY_NUMBER             /* hops, nanoseconds */
};

#define BATON_TALLY_COUNT(name) uint64_t name;
#define BATON_TALLY_COUNTER(name, key) struct baton_counter name;
struct baton_counts {
    BATON_TALLY_COUNTS(BATON_TALLY_COUNT)
};

struct baton_tally {
    struct baton_counts counts;
    BATON_TALLY_COUNTERS(BATON_TALLY_COUNTER)
    struct baton_flaky_list flaky;
};
#undef BATON_TALLY_COUNT
#undef BATON_TALLY_COUNTER

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
