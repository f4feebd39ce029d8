/* tally.c - counts exchanges and judgements.
 *
 * Counting runs once for every exchange of a run and on every thread, so it only adds integers, and keeps values (latencies,
 * depths) as histograms: sums of histograms are exact and have no order. What an exchange counts as is decided by the engine
 * and the judge; here it is only booked. Errors of the provider are counted and are in no denominator.
 */
#include "evals/tally/tally.h"

#include "engine/core/path.h"

#include <math.h>
#include <string.h>

void baton_tally_clear(struct baton_tally *tally)
{
#define CLEAR(name, key) baton_counter_clear(&tally->name);
    BATON_TALLY_COUNTERS(CLEAR)
    baton_flaky_clear(&tally->flaky);
    memset(&tally->counts, 0, sizeof tally->counts);
}

void baton_tally_merge(struct baton_tally *into, const struct baton_tally *from)
{
#define ADD(name) into->counts.name += from->counts.name;
#define MERGE(name, key) baton_counter_merge(&into->name, &from->name);
    BATON_TALLY_COUNTS(ADD)
    BATON_TALLY_COUNTERS(MERGE)
    baton_flaky_merge(&into->flaky, &from->flaky);
}

bool baton_tally_failed(const struct baton_tally *tally)
{
#define FAILED(name, key) || tally->name.failed
    return tally->flaky.failed BATON_TALLY_COUNTERS(FAILED);
}

/* ---- times ---- */

struct baton_exchange_times baton_exchange_times(const struct baton_exchange *exchange)
{
    struct baton_exchange_times times = { .latency_ns = BATON_TIME_UNKNOWN, .ttft_ns = BATON_TIME_UNKNOWN };
    bool is_gapless = true; /* all turns so far are timed */
    for (uint32_t i = 0; i < exchange->turn_count; i++) {
        const struct baton_turn *turn = &exchange->turns[i];
        if (!turn->is_timed) {
            is_gapless = false;
            continue;
        }
        int64_t took = (int64_t)(turn->end_ns - turn->start_ns);
        times.latency_ns = times.latency_ns == BATON_TIME_UNKNOWN ? took : times.latency_ns + took;
        if (is_gapless && times.ttft_ns == BATON_TIME_UNKNOWN && turn->first_text_ns != BATON_TIME_UNKNOWN) {
            times.ttft_ns = turn->first_text_ns - (int64_t)exchange->start_ns;
        }
    }
    if (is_gapless && exchange->turn_count > 0) { /* the user also waits for what lies between the calls: tools */
        times.latency_ns = (int64_t)(exchange->turns[exchange->turn_count - 1].end_ns - exchange->start_ns);
    }
    return times;
}

/* Time from the start of a call that handed over to the start of the next agent's call. */
static void count_hops(struct baton_tally *tally, const struct baton_exchange *exchange)
{
    for (uint32_t i = 0; i + 1 < exchange->turn_count; i++) {
        const struct baton_turn *turn = &exchange->turns[i];
        if (turn->handoff_to != BATON_NONE && turn->is_timed) {
            uint64_t took = exchange->turns[i + 1].start_ns - turn->start_ns;
            baton_counter_add(&tally->latency_hop, took, 1);
            tally->counts.hop_ns += took;
        }
    }
}

static void count_times(struct baton_tally *tally, const struct baton_exchange *exchange)
{
    struct baton_exchange_times times = baton_exchange_times(exchange);
    if (times.latency_ns != BATON_TIME_UNKNOWN) {
        baton_counter_add(&tally->latency_exchange, (uint64_t)times.latency_ns, 1);
        tally->counts.timed_ns += (uint64_t)times.latency_ns;
    }
    if (times.ttft_ns != BATON_TIME_UNKNOWN) {
        baton_counter_add(&tally->latency_ttft, (uint64_t)times.ttft_ns, 1);
    }
    count_hops(tally, exchange);
}

/* ---- exchanges ---- */

/* The turn that the p-th agent of the path took first: one after the p-th handoff. */
static uint32_t turn_of_path(const struct baton_exchange *exchange, uint32_t p)
{
    uint32_t handoffs = 0;
    for (uint32_t i = 0; i < exchange->turn_count; i++) {
        if (handoffs == p) {
            return i;
        }
        handoffs += exchange->turns[i].handoff_to != BATON_NONE;
    }
    return exchange->turn_count;
}

static void count_loop(struct baton_counts *counts, const struct baton_exchange *exchange)
{
    counts->revisit_exchanges += exchange->is_revisit;
    if (exchange->cycle.kind == BATON_LOOP_NONE) {
        return;
    }
    counts->loop_exchanges++;
    counts->loop_self += exchange->cycle.kind == BATON_LOOP_SELF;
    counts->loop_ping_pong += exchange->cycle.kind == BATON_LOOP_PING_PONG;
    counts->loop_cycle += exchange->cycle.kind == BATON_LOOP_CYCLE;
    if (exchange->status == BATON_RUN_ANSWERED) {
        return; /* it found its way out: its turns were not wasted to the end */
    }
    struct baton_loop_turns turns = { .max_turns = exchange->turn_count,
                                      .onset = turn_of_path(exchange, exchange->cycle.onset),
                                      .detected = turn_of_path(exchange, exchange->cycle.detected) };
    struct baton_loop_cost cost = baton_loop_cost(&turns);
    counts->wasted_turns += cost.wasted_without;
    counts->saved_turns += cost.saved;
}

static void count_status(struct baton_counts *counts, enum baton_run_status status)
{
    counts->answered += status == BATON_RUN_ANSWERED;
    counts->unanswered += status == BATON_RUN_UNANSWERED;
    counts->errors += status == BATON_RUN_ERROR;
    counts->exhausted += status == BATON_RUN_MAX_TURNS || status == BATON_RUN_MAX_HANDOFFS || status == BATON_RUN_LOOP;
}

void baton_tally_exchange(struct baton_tally *tally, const struct baton_exchange *exchange, uint32_t looped)
{
    struct baton_counts *counts = &tally->counts;
    counts->exchanges++;
    counts->turns += exchange->turn_count;
    counts->handoffs += exchange->depth;
    counts->invalid_handoffs += exchange->invalid_handoffs;
    counts->tool_calls += exchange->tool_calls;
    counts->looped_hops += looped;
    count_status(counts, exchange->status);
    count_loop(counts, exchange);
    count_times(tally, exchange);
    baton_counter_add(&tally->depth_exchange, exchange->depth, 1);
    for (uint32_t i = 0; i < exchange->depth; i++) {
        baton_counter_add(&tally->edges, (uint64_t)exchange->path[i] << 32 | exchange->path[i + 1], 1);
    }
    for (uint32_t i = 0; i < exchange->turn_count; i++) {
        baton_counter_add(&tally->agents, exchange->turns[i].agent, 1);
        counts->usage_n += exchange->turns[i].usage.is_known;
    }
    if (exchange->depth > 0) {
        baton_counter_add(&tally->agents, exchange->final, 1); /* entered, perhaps never asked */
    }
    counts->tokens_input += (uint64_t)exchange->usage.input;
    counts->tokens_output += (uint64_t)exchange->usage.output;
    counts->tokens_cached += (uint64_t)exchange->usage.cached;
    counts->tokens_cache_write += (uint64_t)exchange->usage.cache_write;
    counts->tokens_reasoning += (uint64_t)exchange->usage.reasoning;
}

/* ---- verdicts ---- */

/* METRICS 3.2: `@direct` expected is a label that is the agent which holds the conversation already. */
static void count_routing(struct baton_counts *counts, uint32_t label, const struct baton_verdict *verdict,
                          const struct baton_observation *observation)
{
    enum baton_outcome outcome = baton_outcome_of(observation);
    bool is_direct = outcome == BATON_OUTCOME_AGENT && observation->final == observation->path[0];
    if (label == observation->path[0]) {
        counts->direct_expected++;
        counts->over_routed += outcome == BATON_OUTCOME_AGENT && !verdict->final_holds;
        return;
    }
    counts->agent_expected++;
    if (!verdict->final_holds) {
        counts->under_routed += is_direct || outcome == BATON_OUTCOME_NONE;
        counts->misrouted += outcome == BATON_OUTCOME_AGENT && !is_direct;
    }
}

static void count_detector(struct baton_counts *counts, bool wanted, bool found)
{
    counts->detector_tp += wanted && found;
    counts->detector_fp += !wanted && found;
    counts->detector_fn += wanted && !found;
    counts->detector_tn += !wanted && !found;
}

void baton_tally_verdict(struct baton_tally *tally, const struct baton_expect *expect,
                         const struct baton_verdict *verdict, const struct baton_observation *observation)
{
    struct baton_counts *counts = &tally->counts;
    enum baton_outcome outcome = baton_outcome_of(observation);
    counts->labelled++;
    if (outcome == BATON_OUTCOME_ERROR && expect->status != (int32_t)BATON_RUN_ERROR) {
        return; /* not the agents' doing: in no denominator */
    }
    counts->all_n++;
    counts->all_correct += verdict->is_correct;
    counts->facts_n += expect->facts.count;
    counts->facts_kept += verdict->facts_kept;
    if (expect->loop >= 0) {
        count_detector(counts, expect->loop == 1, observation->has_loop);
    }
    if (expect->route_count > 0) {
        counts->route_n++;
        counts->route_correct += verdict->route_holds;
    }
    if (expect->first != BATON_NONE) {
        counts->first_n++;
        counts->first_correct += verdict->first_holds;
    }
    if (expect->final_count > 0) {
        uint32_t observed = outcome == BATON_OUTCOME_AGENT
                                ? observation->final
                                : observation->agents->count + (uint32_t)outcome - BATON_OUTCOME_NONE;
        counts->final_n++;
        counts->final_correct += verdict->final_holds;
        count_routing(counts, verdict->label, verdict, observation);
        baton_counter_add(&tally->confusion, (uint64_t)verdict->label << 32 | observed, 1);
    }
}

/* ---- paths ---- */

struct baton_path_figures baton_path_figures(const struct baton_expect *expect,
                                             const struct baton_observation *observation, bool is_revisit,
                                             uint32_t *scratch)
{
    size_t count = (size_t)observation->depth + 1;
    struct baton_path_walk walk = { .path_count = count, .erased_count = count, .optimal = BATON_PATH_UNKNOWN };
    if (is_revisit) {
        walk.erased_count = baton_path_erase_loops(scratch, observation->path, count);
    }
    for (uint32_t i = 0; expect != NULL && i < expect->final_count; i++) {
        uint32_t target = expect->final[i] == BATON_DIRECT ? observation->path[0] : expect->final[i];
        uint32_t hops = baton_agents_distance(observation->agents, observation->path[0], target);
        if (target == observation->final && baton_is_completed(observation->status)) {
            walk.optimal = hops; /* the one that was reached counts */
            walk.is_reached = true;
            break;
        }
        walk.optimal = hops < walk.optimal ? hops : walk.optimal;
    }
    struct baton_path_split split = baton_path_split(&walk);
    return (struct baton_path_figures){ .optimal = walk.optimal,
                                        .looped = (uint32_t)split.looped,
                                        .has_detour = split.has_detour,
                                        .detour = split.has_detour ? split.detour : 0 };
}
