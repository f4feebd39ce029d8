/* summarize.c - from a tally to the numbers of a summary.
 *
 * The tally holds exact counts only, so that parts of a run add up in any order; whatever divides, ranks or takes a root
 * happens here, once, after all was added. Arrays are sized by what occurs, and lists are in the order of the agents file or
 * of names, never of a hash table.
 */
#include "evals/tally/summarize.h"

#include "engine/base/map.h"
#include "evals/stats/classify.h"
#include "evals/stats/intervals.h"
#include "evals/tally/distribution.h"
#include "evals/tally/summarize_repeats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A summary under way. */
struct making {
    struct baton_summary *summary;
    struct baton_arena *arena;
    const struct baton_agents *agents;
    struct baton_tally *tally;
    struct baton_error *err;
};

static enum baton_status no_memory(const struct making *making)
{
    return baton_error_set(making->err, BATON_ENOMEM, "out of memory for the summary");
}

static double ratio(uint64_t part, uint64_t whole)
{
    return whole == 0 ? NAN : (double)part / (double)whole;
}

static struct baton_rate rate(uint64_t correct, uint64_t n)
{
    struct baton_interval interval = baton_intervals_wilson((struct baton_proportion){ .passed = correct, .total = n });
    return (struct baton_rate){
        .correct = correct, .n = n, .value = ratio(correct, n), .ci_low = interval.low, .ci_high = interval.high
    };
}

/* ---- distributions ---- */

static struct baton_distribution distribution(struct baton_counter *counter)
{
    size_t count;
    const struct baton_count *counts = baton_counter_sorted(counter, &count);
    return baton_distribution_of(counts, count);
}

static enum baton_status histogram(struct making *making, struct baton_counter *counter,
                                   const struct baton_depth_count **out, size_t *out_count)
{
    size_t count;
    const struct baton_count *counts = baton_counter_sorted(counter, &count);
    struct baton_depth_count *depths = baton_arena_array(making->arena, count + 1, sizeof *depths);
    if (depths == NULL) {
        return no_memory(making);
    }
    for (size_t i = 0; i < count; i++) {
        depths[i] = (struct baton_depth_count){ .depth = counts[i].key, .count = counts[i].count };
    }
    *out = depths;
    *out_count = count;
    return BATON_OK;
}

static enum baton_status make_depth(struct making *making)
{
    struct baton_summary *summary = making->summary;
    const struct baton_counts *counts = &making->tally->counts;
    enum baton_status status = histogram(making, &making->tally->depth_exchange, &summary->depth.per_exchange,
                                         &summary->depth.per_exchange_count);
    status = status == BATON_OK ? histogram(making, &making->tally->depth_conversation,
                                            &summary->depth.per_conversation, &summary->depth.per_conversation_count)
                                : status;
    if (status != BATON_OK) {
        return status;
    }
    uint64_t deep = 0;
    for (size_t i = 0; i < summary->depth.per_exchange_count; i++) {
        deep += summary->depth.per_exchange[i].depth >= 4 ? summary->depth.per_exchange[i].count : 0;
    }
    struct baton_distribution depths =
        baton_distribution_of(making->tally->depth_exchange.slots, summary->depth.per_exchange_count);
    summary->depth.mean = ratio(counts->handoffs, counts->exchanges);
    summary->depth.p95 = depths.p95;
    summary->depth.max = depths.max;
    summary->depth.optimal = counts->optimal_hops;
    summary->depth.detour_n = counts->detour_n;
    summary->depth.detour = (int64_t)counts->detour_hops - (int64_t)counts->shortcut_hops;
    summary->depth.looped = counts->looped_hops;
    summary->depth.share_4_or_more = ratio(deep, counts->exchanges);
    return BATON_OK;
}

/* ---- routing ---- */

/* The labels that occur, expected or observed, in the order of the agents file; then the outcomes that are no agent. */
static uint32_t *labels_in_use(struct making *making, const struct baton_count *cells, size_t cell_count,
                               size_t *label_count)
{
    uint32_t all = making->agents->count + BATON_TALLY_OUTCOMES;
    bool *is_used = baton_arena_zero(making->arena, all * sizeof *is_used);
    uint32_t *position = baton_arena_array(making->arena, all, sizeof *position);
    if (is_used == NULL || position == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < cell_count; i++) {
        is_used[cells[i].key >> 32] = true;
        is_used[cells[i].key & UINT32_MAX] = true;
    }
    *label_count = 0;
    for (uint32_t i = 0; i < all; i++) {
        position[i] = is_used[i] ? (uint32_t)(*label_count)++ : BATON_NONE;
    }
    return position;
}

static struct baton_str label_name(const struct making *making, uint32_t label)
{
    return label < making->agents->count
               ? making->agents->list[label].name
               : baton_str_of(
                     baton_outcome_label((enum baton_outcome)(label - making->agents->count + BATON_OUTCOME_NONE)));
}

static void score_agents(struct making *making, struct baton_agent_score *scores,
                         const struct baton_confusion *confusion, const uint32_t *position)
{
    struct baton_summary *summary = making->summary;
    for (uint32_t i = 0; i < making->agents->count; i++) {
        if (position[i] != BATON_NONE) {
            struct baton_label_score score = baton_classify_label(confusion, position[i]);
            scores[summary->routing.agent_count++] = (struct baton_agent_score){ .agent = making->agents->list[i].name,
                                                                                 .support = score.support,
                                                                                 .predicted = score.predicted,
                                                                                 .tp = score.tp,
                                                                                 .precision = score.precision,
                                                                                 .recall = score.recall,
                                                                                 .f1 = score.f1 };
        }
    }
}

static enum baton_status make_confusion(struct making *making)
{
    struct baton_summary *summary = making->summary;
    size_t cell_count, labels = 0;
    const struct baton_count *counts = baton_counter_sorted(&making->tally->confusion, &cell_count);
    uint32_t *position = labels_in_use(making, counts, cell_count, &labels);
    struct baton_str *names = baton_arena_array(making->arena, labels + 1, sizeof *names);
    uint64_t *cells = baton_arena_zero(making->arena, (labels * labels + 1) * sizeof *cells);
    struct baton_agent_score *scores = baton_arena_array(making->arena, labels + 1, sizeof *scores);
    if (position == NULL || names == NULL || cells == NULL || scores == NULL) {
        return no_memory(making);
    }
    for (uint32_t i = 0; i < making->agents->count + BATON_TALLY_OUTCOMES; i++) {
        if (position[i] != BATON_NONE) {
            names[position[i]] = label_name(making, i);
        }
    }
    for (size_t i = 0; i < cell_count; i++) {
        cells[position[counts[i].key >> 32] * labels + position[counts[i].key & UINT32_MAX]] += counts[i].count;
    }
    struct baton_confusion confusion = { .cells = cells, .rows = labels, .columns = labels };
    struct baton_classification figures = baton_classify(&confusion);
    score_agents(making, scores, &confusion, position);
    summary->routing.agents = scores;
    summary->routing.labels = names;
    summary->routing.cells = cells;
    summary->routing.label_count = labels;
    summary->routing.majority = figures.majority;
    summary->routing.balanced = figures.balanced_accuracy;
    summary->routing.macro_f1 = figures.macro_f1_supported;
    summary->routing.weighted_f1 = figures.weighted_f1;
    summary->routing.kappa = figures.kappa;
    summary->routing.mcc = figures.mcc;
    return BATON_OK;
}

static void make_routing(struct making *making)
{
    struct baton_summary *summary = making->summary;
    const struct baton_counts *counts = &making->tally->counts;
    summary->routing.accuracy = rate(counts->final_correct, counts->final_n);
    summary->routing.first_hop = rate(counts->first_correct, counts->first_n);
    summary->routing.route = rate(counts->route_correct, counts->route_n);
    summary->routing.all_expectations = rate(counts->all_correct, counts->all_n);
    summary->routing.cost = NAN; /* baton_weights_apply() */
    summary->routing.facts = rate(counts->facts_kept, counts->facts_n);
    summary->routing.direct_expected = counts->direct_expected;
    summary->routing.agent_expected = counts->agent_expected;
    summary->routing.over_routing = ratio(counts->over_routed, counts->direct_expected);
    summary->routing.under_routing = ratio(counts->under_routed, counts->agent_expected);
    summary->routing.misrouting = ratio(counts->misrouted, counts->agent_expected);
}

/* ---- edges and coverage ---- */

static int by_names(const void *a, const void *b)
{
    const struct baton_edge_count *left = a, *right = b;
    struct baton_str pairs[2][2] = { { left->from, right->from }, { left->to, right->to } };
    for (int i = 0; i < 2; i++) {
        size_t shorter = pairs[i][0].length < pairs[i][1].length ? pairs[i][0].length : pairs[i][1].length;
        int order = memcmp(pairs[i][0].data, pairs[i][1].data, shorter);
        if (order == 0) {
            order = (pairs[i][0].length > pairs[i][1].length) - (pairs[i][0].length < pairs[i][1].length);
        }
        if (order != 0) {
            return order;
        }
    }
    return 0;
}

static enum baton_status make_edges(struct making *making)
{
    size_t count;
    const struct baton_count *counts = baton_counter_sorted(&making->tally->edges, &count);
    struct baton_edge_count *edges = baton_arena_array(making->arena, count + 1, sizeof *edges);
    if (edges == NULL) {
        return no_memory(making);
    }
    for (size_t i = 0; i < count; i++) {
        edges[i] = (struct baton_edge_count){ .from = making->agents->list[counts[i].key >> 32].name,
                                              .to = making->agents->list[counts[i].key & UINT32_MAX].name,
                                              .count = counts[i].count };
    }
    if (count > 1) {
        qsort(edges, count, sizeof *edges, by_names);
    }
    making->summary->edges = edges;
    making->summary->edge_count = count;
    return BATON_OK;
}

/* Whether a sorted list of counts has the key. */
static bool has_key(const struct baton_count *counts, size_t count, uint64_t key)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (counts[middle].key == key) {
            return true;
        }
        if (counts[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

static enum baton_status make_agent_coverage(struct making *making)
{
    struct baton_summary *summary = making->summary;
    size_t count;
    const struct baton_count *counts = baton_counter_sorted(&making->tally->agents, &count);
    struct baton_str *unused = baton_arena_array(making->arena, making->agents->count, sizeof *unused);
    if (unused == NULL) {
        return no_memory(making);
    }
    for (uint32_t i = 0; i < making->agents->count; i++) {
        if (!has_key(counts, count, i)) {
            unused[summary->coverage.unused_agent_count++] = making->agents->list[i].name;
        }
    }
    summary->coverage.unused_agents = unused;
    summary->coverage.agents_n = making->agents->count;
    summary->coverage.agents =
        ratio(making->agents->count - summary->coverage.unused_agent_count, making->agents->count);
    return BATON_OK;
}

static enum baton_status make_edge_coverage(struct making *making)
{
    struct baton_summary *summary = making->summary;
    size_t declared = 0, used = 0, count = making->summary->edge_count;
    const struct baton_count *counts = making->tally->edges.slots; /* packed and sorted by make_edges() */
    for (uint32_t i = 0; i < making->agents->count; i++) {
        declared += making->agents->list[i].handoff_count;
    }
    struct baton_edge_count *unused = baton_arena_array(making->arena, declared + 1, sizeof *unused);
    if (unused == NULL) {
        return no_memory(making);
    }
    declared = 0;
    for (uint32_t i = 0; i < making->agents->count; i++) {
        const struct baton_agent *agent = &making->agents->list[i];
        for (uint32_t h = 0; h < agent->handoff_count; h++) {
            if (!agent->handoffs[h].is_enabled) {
                continue;
            }
            declared++;
            if (has_key(counts, count, (uint64_t)i << 32 | agent->handoffs[h].target)) {
                used++;
            } else {
                unused[summary->coverage.unused_edge_count++] =
                    (struct baton_edge_count){ .from = agent->name,
                                               .to = making->agents->list[agent->handoffs[h].target].name };
            }
        }
    }
    summary->coverage.unused_edges = unused;
    summary->coverage.edges_n = declared;
    summary->coverage.edges = ratio(used, declared);
    return BATON_OK;
}

/* ---- the rest ---- */

static void make_counts(struct making *making)
{
    struct baton_summary *summary = making->summary;
    const struct baton_counts *counts = &making->tally->counts;
    summary->tests = (struct baton_test_counts){ .passed = counts->tests_passed,
                                                 .failed = counts->tests_failed,
                                                 .flaky = counts->tests_flaky,
                                                 .errors = counts->tests_errors,
                                                 .skipped = counts->tests_skipped };
    summary->counts.conversations = counts->conversations;
    summary->counts.exchanges = counts->exchanges;
    summary->counts.turns = counts->turns;
    summary->counts.answered = counts->answered;
    summary->counts.unanswered = counts->unanswered;
    summary->counts.labelled = counts->labelled;
    summary->counts.handoffs = counts->handoffs;
    summary->counts.invalid_handoffs = counts->invalid_handoffs;
    summary->counts.phantom_handoffs =
        counts->phantom_checked == 0 ? BATON_FIGURE_NONE : (int64_t)counts->phantom_handoffs;
    summary->counts.phantom_n = counts->phantom_checked;
    summary->counts.hallucinated_targets = counts->hallucinated_targets;
    summary->counts.tool_calls = counts->tool_calls;
    summary->counts.diverged = counts->diverged;
    summary->counts.exhausted = counts->exhausted;
    summary->counts.errors = counts->errors;
}

static void make_loops(struct making *making)
{
    struct baton_summary *summary = making->summary;
    const struct baton_counts *counts = &making->tally->counts;
    summary->loops.exchanges = counts->loop_exchanges;
    summary->loops.conversations = counts->loop_conversations;
    summary->loops.self = counts->loop_self;
    summary->loops.ping_pong = counts->loop_ping_pong;
    summary->loops.cycle = counts->loop_cycle;
    summary->loops.revisit_exchanges = counts->revisit_exchanges;
    summary->loops.revisit_conversations = counts->revisit_conversations;
    summary->loops.wasted_turns = counts->wasted_turns;
    summary->loops.saved_turns = counts->saved_turns;
    summary->loops.tp = counts->detector_tp;
    summary->loops.fp = counts->detector_fp;
    summary->loops.fn = counts->detector_fn;
    summary->loops.tn = counts->detector_tn;
    summary->loops.precision = ratio(counts->detector_tp, counts->detector_tp + counts->detector_fp);
    summary->loops.recall = ratio(counts->detector_tp, counts->detector_tp + counts->detector_fn);
}

static void make_latency(struct making *making)
{
    struct baton_summary *summary = making->summary;
    struct baton_tally *tally = making->tally;
    summary->latency.exchange = distribution(&tally->latency_exchange);
    summary->latency.ttft = distribution(&tally->latency_ttft);
    summary->latency.hop = distribution(&tally->latency_hop);
    summary->latency.conversation = distribution(&tally->latency_conversation);
    summary->latency.routing_tax = ratio(tally->counts.hop_ns, tally->counts.timed_ns);
}

static void make_tokens(struct making *making)
{
    struct baton_summary *summary = making->summary;
    const struct baton_counts *counts = &making->tally->counts;
    summary->tokens.n = counts->usage_n;
    summary->tokens.input = counts->tokens_input;
    summary->tokens.output = counts->tokens_output;
    summary->tokens.cached = counts->tokens_cached;
    summary->tokens.cache_write = counts->tokens_cache_write;
    summary->tokens.reasoning = counts->tokens_reasoning;
    summary->cost.n = counts->cost_n;
    summary->cost.total_pico = counts->cost_pico;
    summary->cost.mean_usd = counts->cost_n == 0 ? NAN : (double)counts->cost_pico / 1e12 / (double)counts->cost_n;
    summary->cost.routing_share = ratio(counts->cost_routing_pico, counts->cost_pico);
}

static enum baton_status make_costs(struct making *making)
{
    struct baton_summary *summary = making->summary;
    size_t agent_count, edge_count;
    const struct baton_count *of_agents = baton_counter_sorted(&making->tally->cost_agents, &agent_count);
    const struct baton_count *of_edges = baton_counter_sorted(&making->tally->cost_edges, &edge_count);
    struct baton_agent_cost *agents = baton_arena_array(making->arena, agent_count + 1, sizeof *agents);
    struct baton_edge_cost *edges = baton_arena_array(making->arena, edge_count + 1, sizeof *edges);
    if (agents == NULL || edges == NULL) {
        return no_memory(making);
    }
    for (size_t i = 0; i < agent_count; i++) {
        agents[i] = (struct baton_agent_cost){ .agent = making->agents->list[of_agents[i].key].name,
                                               .pico = of_agents[i].count };
    }
    for (size_t i = 0; i < edge_count; i++) {
        edges[i] = (struct baton_edge_cost){ .from = making->agents->list[of_edges[i].key >> 32].name,
                                             .to = making->agents->list[of_edges[i].key & UINT32_MAX].name,
                                             .pico = of_edges[i].count };
    }
    summary->cost.agents = agents;
    summary->cost.agent_count = agent_count;
    summary->cost.edges = edges;
    summary->cost.edge_count = edge_count;
    return BATON_OK;
}

enum baton_status baton_summarize(struct baton_summary *out, struct baton_arena *arena,
                                  const struct baton_agents *agents, struct baton_tally *tally, struct baton_error *err)
{
    struct making making = { .summary = out, .arena = arena, .agents = agents, .tally = tally, .err = err };
    memset(out, 0, sizeof *out);
    make_counts(&making);
    make_routing(&making);
    make_loops(&making);
    make_latency(&making);
    make_tokens(&making);
    enum baton_status status = make_confusion(&making);
    status = status == BATON_OK ? make_depth(&making) : status;
    status = status == BATON_OK ? make_edges(&making) : status;
    status = status == BATON_OK ? make_agent_coverage(&making) : status;
    status = status == BATON_OK ? make_edge_coverage(&making) : status;
    status = status == BATON_OK ? make_costs(&making) : status;
    status = status == BATON_OK ? baton_summarize_clusters(out, arena, tally, err) : status;
    return status == BATON_OK ? baton_summarize_repeats(out, arena, tally, err) : status;
}
