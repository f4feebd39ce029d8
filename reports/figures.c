/* figures.c - the rows of the table, and what reads a single row.
 *
 * Rows are in the order of summary.json, because that order is part of a format that others read, while reports may take
 * rows in any order they like. The table holds data and no code: a figure that is more than a number in struct baton_summary
 * is one of the kinds of rows, and a new kind is a case in the few functions that switch over kinds (here and in
 * summary_json.c), never an exception for one figure.
 */
#include "reports/figures.h"

#include "reports/comparison.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* clang-format off */
static const struct baton_unit_of units[] = {
    [BATON_UNIT_RATIO]         = { "ratio", 0, 1, 1, " %" },
    [BATON_UNIT_SCORE]         = { "score", 0, 1, 3, "" },
    [BATON_UNIT_AGREEMENT]     = { "agreement", -1, 1, 3, "" },
    [BATON_UNIT_CHANCE]        = { "chance", 0, 1, 4, "" },
    [BATON_UNIT_DIFFERENCE]    = { "difference", -1, 1, 3, "" },
    [BATON_UNIT_NUMBER]        = { "number", 0, INFINITY, 3, "" },
    [BATON_UNIT_MS]            = { "ms", 0, INFINITY, 0, "" },
    [BATON_UNIT_USD]           = { "USD", 0, INFINITY, 4, " USD" },
    [BATON_UNIT_USD_EACH]      = { "USD", 0, INFINITY, 6, " USD" },
    [BATON_UNIT_TOKENS]        = { "tokens", 0, INFINITY, 0, "" },
    [BATON_UNIT_HOPS]          = { "hops", 0, INFINITY, 0, "" },
    [BATON_UNIT_DETOURS]       = { "hops", -INFINITY, INFINITY, 0, "" },
    [BATON_UNIT_HOPS_EACH]     = { "hops", 0, INFINITY, 2, "" },
    [BATON_UNIT_CONVERSATIONS] = { "conversations", 0, INFINITY, 0, "" },
    [BATON_UNIT_EXCHANGES]     = { "exchanges", 0, INFINITY, 0, "" },
    [BATON_UNIT_TURNS]         = { "turns", 0, INFINITY, 0, "" },
    [BATON_UNIT_HANDOFFS]      = { "handoffs", 0, INFINITY, 0, "" },
    [BATON_UNIT_ANSWERS]       = { "answers", 0, INFINITY, 0, "" },
    [BATON_UNIT_CALLS]         = { "calls", 0, INFINITY, 0, "" },
    [BATON_UNIT_LABELS]        = { "labels", 0, INFINITY, 0, "" },
    [BATON_UNIT_CASES]         = { "cases", 0, INFINITY, 0, "" },
    [BATON_UNIT_TIMES]         = { "times", 0, INFINITY, 0, "" },
};

static const char *const section_names[BATON_SECTION_COUNT] = {
    [BATON_SECTION_RUN] = "the run",       [BATON_SECTION_ROUTING] = "routing",   [BATON_SECTION_AGENTS] = "agents",
    [BATON_SECTION_DEPTH] = "depth",       [BATON_SECTION_LOOPS] = "loops",       [BATON_SECTION_LIMITS] = "limits",
    [BATON_SECTION_LATENCY] = "latency",   [BATON_SECTION_COST] = "tokens and cost",
    [BATON_SECTION_COVERAGE] = "coverage", [BATON_SECTION_REPEATS] = "repeats",   [BATON_SECTION_BASELINE] = "baseline",
};

/* ---- members of what has members ---- */

#define MEMBER(type, key, kind_, unit_, better_, field, n, ...)                                         \
    { .path = key, .kind = BATON_FIGURE_##kind_, .unit = BATON_UNIT_##unit_, .better = BATON_##better_, \
      .offset = offsetof(struct type, field), .n_offset = offsetof(struct type, n), __VA_ARGS__ }
#define SHAPE(of_rows, ...) { .rows = of_rows, .row_count = sizeof of_rows / sizeof *of_rows, __VA_ARGS__ }

static const struct baton_figure rate_rows[] = {
    MEMBER(baton_rate, "correct", COUNT, LABELS, NEITHER, correct, n, .means = "how many of them"),
    MEMBER(baton_rate, "n", COUNT, LABELS, NEITHER, n, n, .means = "of how many"),
    MEMBER(baton_rate, "value", REAL, RATIO, AS_WHOLE, value, n, .on = BATON_ON_COMPARE),
    MEMBER(baton_rate, "ci_low", REAL, RATIO, AS_WHOLE, ci_low, n, .means = "low end of the 95 % interval"),
    MEMBER(baton_rate, "ci_high", REAL, RATIO, AS_WHOLE, ci_high, n, .means = "high end of the 95 % interval"),
};

static const struct baton_figure distribution_rows[] = {
    MEMBER(baton_distribution, "n", COUNT, TIMES, NEITHER, n, n, .means = "how many are known"),
    MEMBER(baton_distribution, "sum", TIME, MS, NEITHER, sum, n, .means = "of all"),
    MEMBER(baton_distribution, "min", TIME, MS, AS_WHOLE, min, n, .means = "the shortest"),
    MEMBER(baton_distribution, "p50", TIME, MS, AS_WHOLE, p50, n, .on = BATON_ON_COMPARE, .means = "the median"),
    MEMBER(baton_distribution, "p90", TIME, MS, AS_WHOLE, p90, n, .means = "nine of ten take no longer"),
    MEMBER(baton_distribution, "p95", TIME, MS, AS_WHOLE, p95, n, .on = BATON_ON_COMPARE, .means = "19 of 20 take no longer"),
    MEMBER(baton_distribution, "p99", TIME, MS, AS_WHOLE, p99, n, .means = "99 of 100 take no longer"),
    MEMBER(baton_distribution, "max", TIME, MS, AS_WHOLE, max, n, .means = "the longest"),
};

static const struct baton_figure agent_rows[] = {
    MEMBER(baton_agent_score, "agent", TEXT, NUMBER, NEITHER, agent, support, .name = NULL),
    MEMBER(baton_agent_score, "support", COUNT, LABELS, NEITHER, support, support, .name = NULL),
    MEMBER(baton_agent_score, "predicted", COUNT, LABELS, NEITHER, predicted, predicted, .name = NULL),
    MEMBER(baton_agent_score, "tp", COUNT, LABELS, NEITHER, tp, support, .name = NULL),
    MEMBER(baton_agent_score, "precision", REAL, RATIO, HIGHER, precision, predicted, .name = "precision",
           .means = "of the labels that this agent answered, those that expected it"),
    MEMBER(baton_agent_score, "recall", REAL, RATIO, HIGHER, recall, support, .name = "recall",
           .means = "of the labels that expect this agent, those that it answered"),
    MEMBER(baton_agent_score, "f1", REAL, SCORE, HIGHER, f1, support, .name = "f1",
           .means = "precision and recall of this agent in one"),
};

static const struct baton_figure pass_rows[] = {
    MEMBER(baton_pass_figures, "k", COUNT, TIMES, NEITHER, k, cases, .name = NULL),
    MEMBER(baton_pass_figures, "cases", COUNT, CASES, NEITHER, cases, cases, .name = NULL),
    MEMBER(baton_pass_figures, "pass_at", REAL, RATIO, HIGHER, pass_at, cases, .name = "pass_at",
           .means = "chance that one of K repeats passes"),
    MEMBER(baton_pass_figures, "pass_hat", REAL, RATIO, HIGHER, pass_hat, cases, .name = "pass_hat",
           .means = "chance that all of K repeats pass"),
};

static const struct baton_figure flaky_rows[] = {
    MEMBER(baton_flaky_case, "id", TEXT, NUMBER, NEITHER, id, n, .name = NULL),
    MEMBER(baton_flaky_case, "n", COUNT, TIMES, NEITHER, n, n, .name = NULL),
    MEMBER(baton_flaky_case, "passed", COUNT, TIMES, NEITHER, passed, n, .name = NULL),
    MEMBER(baton_flaky_case, "rate", REAL, RATIO, NEITHER, rate, n, .name = NULL),
    MEMBER(baton_flaky_case, "flip_rate", REAL, RATIO, NEITHER, flip_rate, n, .name = NULL),
    MEMBER(baton_flaky_case, "entropy", REAL, NUMBER, NEITHER, entropy, n, .name = NULL),
};

static const struct baton_figure agent_cost_rows[] = {
    MEMBER(baton_agent_cost, "agent", TEXT, NUMBER, NEITHER, agent, pico, .name = NULL),
    MEMBER(baton_agent_cost, "total", MONEY, USD, LOWER, pico, pico, .name = NULL),
};

static const struct baton_figure edge_cost_rows[] = {
    MEMBER(baton_edge_cost, "from", TEXT, NUMBER, NEITHER, from, pico, .name = NULL),
    MEMBER(baton_edge_cost, "to", TEXT, NUMBER, NEITHER, to, pico, .name = NULL),
    MEMBER(baton_edge_cost, "total", MONEY, USD, LOWER, pico, pico, .name = NULL),
};

static const struct baton_figure edge_rows[] = {
    MEMBER(baton_edge_count, "from", TEXT, NUMBER, NEITHER, from, count, .name = NULL),
    MEMBER(baton_edge_count, "to", TEXT, NUMBER, NEITHER, to, count, .name = NULL),
    MEMBER(baton_edge_count, "count", COUNT, HANDOFFS, NEITHER, count, count, .name = NULL),
};

static const struct baton_figure_shape
    rates = SHAPE(rate_rows, .bytes = sizeof(struct baton_rate)),
    distributions = SHAPE(distribution_rows, .bytes = sizeof(struct baton_distribution)),
    agents = SHAPE(agent_rows, .bytes = sizeof(struct baton_agent_score), .key_word = "AGENT"),
    passes = SHAPE(pass_rows, .bytes = sizeof(struct baton_pass_figures), .key_word = "K",
                   .no_such = "it is known for 1, 2, 4, 8, ... up to the number of repeats, and for that"),
    flaky_cases = SHAPE(flaky_rows, .bytes = sizeof(struct baton_flaky_case)),
    agent_costs = SHAPE(agent_cost_rows, .bytes = sizeof(struct baton_agent_cost)),
    edge_costs = SHAPE(edge_cost_rows, .bytes = sizeof(struct baton_edge_cost)),
    edges = SHAPE(edge_rows, .bytes = sizeof(struct baton_edge_count)),
    unused_edges = { .rows = edge_rows, .row_count = 2, .bytes = sizeof(struct baton_edge_count) }; /* no count */

/* ---- the table ---- */

#define T BATON_ON_TERMINAL
#define M BATON_ON_MARKDOWN
#define H BATON_ON_HTML
#define C BATON_ON_COMPARE
#define PART BATON_ON_PART
#define NOT_0 BATON_ON_NOT_0

#define IN(type, path_, name_, kind_, unit_, better_, field, n, section_, ...)                                          \
    { .path = path_, .name = name_, .kind = BATON_FIGURE_##kind_, .unit = BATON_UNIT_##unit_, .better = BATON_##better_, \
      .offset = offsetof(struct type, field), .n_offset = offsetof(struct type, n),                                     \
      .section = BATON_SECTION_##section_, __VA_ARGS__ }
#define ROW(path, name, kind, unit, better, field, n, section, ...) \
    IN(baton_summary, path, name, kind, unit, better, field, n, section, __VA_ARGS__)
#define RATE(path, name, field, ...) \
    ROW(path, name, RATE, RATIO, HIGHER, field, field.n, ROUTING, .shape = &rates, __VA_ARGS__)
#define TIMES(path, field, ...) \
    ROW(path, NULL, DISTRIBUTION, MS, LOWER, field, field.n, LATENCY, .shape = &distributions, __VA_ARGS__)
#define LIST(path, of_shape, field, count, section, ...) \
    ROW(path, NULL, LIST, NUMBER, NEITHER, field, count, section, .shape = &of_shape, __VA_ARGS__)
#define TEXT(path, field) ROW(path, NULL, TEXT, NUMBER, NEITHER, field, counts.conversations, RUN, .means = NULL)
#define COMPARED(path, name, kind, unit, better, field, ...) \
    IN(baton_comparison, path, name, kind, unit, better, field, cases, BASELINE, .block = BATON_BASELINE, __VA_ARGS__)

/* path, short name, kind, unit, which way it is better, where it is, where its n is, section of reports, and the rest */
static const struct baton_figure table[] = {
    TEXT("suite.name", suite.name),
    TEXT("suite.fingerprint", suite.fingerprint),
    TEXT("suite.agents_digest", suite.agents_digest),
    TEXT("suite.conversations_digest", suite.conversations_digest),
    TEXT("suite.provider", suite.provider),
    TEXT("suite.profile", suite.profile),
    ROW("suite.seed", NULL, COUNT, NUMBER, NEITHER, suite.seed, counts.exchanges, RUN, .means = "seed of the run"),
    ROW("suite.repeat", NULL, COUNT, TIMES, NEITHER, suite.repeat, counts.exchanges, RUN,
        .means = "how often each conversation was to be played"),
    TEXT("suite.shard", suite.shard),

    ROW("counts.conversations", NULL, COUNT, CONVERSATIONS, NEITHER, counts.conversations, counts.conversations, RUN,
        .means = "conversations played"),
    ROW("counts.exchanges", NULL, COUNT, EXCHANGES, NEITHER, counts.exchanges, counts.exchanges, RUN,
        .means = "user messages and what followed them"),
    ROW("counts.turns", NULL, COUNT, TURNS, NEITHER, counts.turns, counts.exchanges, RUN, .on = C, .means = "model calls"),
    ROW("counts.answered", NULL, COUNT, EXCHANGES, HIGHER, counts.answered, counts.exchanges, LIMITS, .on = T | C,
        .label = "answered", .means = "ended in a text"),
    ROW("counts.unanswered", "unanswered", COUNT, EXCHANGES, LOWER, counts.unanswered, counts.exchanges, LIMITS,
        .on = T | M | H | C, .label = "unanswered", .means = "ended without a text"),
    ROW("counts.labelled", NULL, COUNT, LABELS, NEITHER, counts.labelled, counts.exchanges, RUN,
        .means = "exchanges and conversations that say what is expected"),
    ROW("counts.handoffs", "handoffs", COUNT, HANDOFFS, NEITHER, counts.handoffs, counts.exchanges, RUN, .on = C,
        .means = "moves to another agent"),
    ROW("counts.invalid_handoffs", "invalid_handoffs", COUNT, HANDOFFS, LOWER, counts.invalid_handoffs, counts.exchanges,
        LIMITS, .on = T | M | H | C, .label = "invalid handoffs", .means = "transfers that were refused"),
    ROW("counts.phantom_handoffs", "phantom_handoffs", OPTIONAL, ANSWERS, LOWER, counts.phantom_handoffs, counts.phantom_n,
        LIMITS, .on = C, .label = "phantom handoffs", .means = "answers that say they hand over and call nothing"),
    ROW("counts.tool_calls", NULL, COUNT, CALLS, NEITHER, counts.tool_calls, counts.exchanges, COST, .on = H,
        .label = "tool calls", .means = "calls of tools, without transfers"),
    ROW("counts.diverged", "diverged", COUNT, CONVERSATIONS, LOWER, counts.diverged, counts.conversations, LIMITS,
        .on = T | M | H | C, .label = "diverged", .means = "left the way of their recording"),
    ROW("counts.exhausted", "exhausted", COUNT, EXCHANGES, LOWER, counts.exhausted, counts.exchanges, LIMITS,
        .on = T | M | H | C, .label = "exhausted", .means = "ran into a limit"),
    ROW("counts.errors", "errors", COUNT, EXCHANGES, LOWER, counts.errors, counts.exchanges, LIMITS,
        .on = T | M | H | C, .label = "errors", .means = "the provider failed; they are in no denominator"),
    ROW("counts.hallucinated_targets", "hallucinated_targets", COUNT, HANDOFFS, LOWER, counts.hallucinated_targets,
        counts.exchanges, LIMITS, .means = "transfers to targets that the agent was never given"),
    ROW("counts.exhausted_rate", "exhausted.rate", SHARE, RATIO, LOWER, counts.exhausted, counts.exchanges, LIMITS,
        .on = T | M | H | C, .label = "exhausted rate", .means = "of the exchanges, those that ran into a limit"),

    RATE("routing.accuracy", "accuracy", routing.accuracy, .on = T | M | C, .label = "accuracy",
         .means = "answered by an agent that the label names"),
    RATE("routing.first_hop", "first_hop", routing.first_hop, .on = T | M | H | C, .label = "first hop",
         .means = "the first agent entered is the one that the label names"),
    RATE("routing.route", "route", routing.route, .on = T | M | H | C, .label = "route",
         .means = "the agents entered are those that the label names"),
    RATE("routing.all_expectations", "all_expectations", routing.all_expectations, .on = T | M | H | C,
         .label = "all expectations", .means = "every field of the label holds"),
    ROW("routing.majority", "majority", REAL, RATIO, NEITHER, routing.majority, routing.accuracy.n, ROUTING, .on = T | M,
        .label = "majority baseline", .means = "what naming the commonest agent always would score"),
    ROW("routing.balanced", "balanced", REAL, RATIO, HIGHER, routing.balanced, routing.accuracy.n, ROUTING, .on = T | M | C,
        .label = "balanced accuracy", .means = "mean recall over agents, each counting the same"),
    ROW("routing.macro_f1", "macro_f1", REAL, SCORE, HIGHER, routing.macro_f1, routing.accuracy.n, ROUTING, .on = H | C,
        .label = "macro F1", .means = "mean F1 over agents, each counting the same"),
    ROW("routing.weighted_f1", "weighted_f1", REAL, SCORE, HIGHER, routing.weighted_f1, routing.accuracy.n, ROUTING,
        .means = "mean F1 over agents, each by its labels"),
    ROW("routing.kappa", "kappa", REAL, AGREEMENT, HIGHER, routing.kappa, routing.accuracy.n, ROUTING, .on = T | H,
        .label = "kappa", .means = "agreement beyond chance (Cohen)"),
    ROW("routing.mcc", "mcc", REAL, AGREEMENT, HIGHER, routing.mcc, routing.accuracy.n, ROUTING, .on = T | H,
        .label = "mcc", .means = "correlation of expected and observed (Matthews, Gorodkin)"),
    ROW("routing.over_routing", "over_routing", REAL, RATIO, LOWER, routing.over_routing, routing.direct_expected, ROUTING,
        .on = T | M | H | C, .label = "over-routing", .of = "that wanted no handoff", .means = "handed over without need"),
    ROW("routing.under_routing", "under_routing", REAL, RATIO, LOWER, routing.under_routing, routing.agent_expected, ROUTING,
        .on = T | M | H | C, .label = "under-routing", .of = "that wanted another agent",
        .means = "kept though another agent was wanted"),
    ROW("routing.misrouting", "misrouting", REAL, RATIO, LOWER, routing.misrouting, routing.agent_expected, ROUTING,
        .on = T | M | H | C, .label = "misrouting", .of = "that wanted another agent", .means = "handed to the wrong agent"),
    LIST("routing.agents", agents, routing.agents, routing.agent_count, AGENTS, .means = "scores of each agent"),
    ROW("routing.confusion.labels", NULL, TEXTS, NUMBER, NEITHER, routing.labels, routing.label_count, ROUTING, .means = NULL),
    ROW("routing.confusion.rows", NULL, MATRIX, LABELS, NEITHER, routing.cells, routing.label_count, ROUTING, .means = NULL),
    ROW("routing.clusters.n", NULL, COUNT, CONVERSATIONS, NEITHER, routing.clusters.n, routing.clusters.n, ROUTING,
        .means = "conversations with a label of a final agent"),
    ROW("routing.clusters.se_iid", NULL, REAL, NUMBER, NEITHER, routing.clusters.se_iid, routing.clusters.n, ROUTING,
        .means = "standard error of accuracy, were exchanges independent draws"),
    ROW("routing.clusters.se_cluster", NULL, REAL, NUMBER, NEITHER, routing.clusters.se_cluster, routing.clusters.n, ROUTING,
        .means = "standard error of accuracy by conversation"),
    ROW("routing.clusters.se_cluster_cr1", NULL, REAL, NUMBER, NEITHER, routing.clusters.se_cluster_cr1, routing.clusters.n,
        ROUTING, .means = "standard error of accuracy by conversation, corrected for few conversations (CR1)"),
    ROW("routing.clusters.design_effect", NULL, REAL, NUMBER, NEITHER, routing.clusters.design_effect, routing.clusters.n,
        ROUTING, .means = "how many times too many the exchanges seem"),
    ROW("routing.clusters.ci_low", NULL, REAL, RATIO, HIGHER, routing.clusters.ci_low, routing.clusters.n, ROUTING,
        .means = "accuracy: low end of the 95 % interval by conversation"),
    ROW("routing.clusters.ci_high", NULL, REAL, RATIO, HIGHER, routing.clusters.ci_high, routing.clusters.n, ROUTING,
        .means = "accuracy: high end of the 95 % interval by conversation"),
    RATE("routing.facts", "facts", routing.facts, .on = T | M | H, .label = "facts",
         .means = "facts of labels that were before the final agent at its first call"),
    ROW("routing.cost", NULL, REAL, NUMBER, LOWER, routing.cost, routing.accuracy.n, ROUTING,
        .means = "what wrong routes cost by exchange, by the suite's weights"),

    ROW("depth.per_exchange", NULL, HISTOGRAM, EXCHANGES, NEITHER, depth.per_exchange, depth.per_exchange_count, DEPTH,
        .means = NULL),
    ROW("depth.per_conversation", NULL, HISTOGRAM, CONVERSATIONS, NEITHER, depth.per_conversation,
        depth.per_conversation_count, DEPTH, .means = NULL),
    ROW("depth.mean", NULL, REAL, HOPS_EACH, LOWER, depth.mean, counts.exchanges, DEPTH, .on = T | M | C, .label = "mean",
        .means = "hops of an exchange"),
    ROW("depth.p95", NULL, OPTIONAL, HOPS, LOWER, depth.p95, counts.exchanges, DEPTH, .on = T | M, .label = "p95",
        .means = "19 of 20 exchanges take no more hops"),
    ROW("depth.max", NULL, OPTIONAL, HOPS, LOWER, depth.max, counts.exchanges, DEPTH, .on = T | M | C, .label = "max",
        .means = "hops of the longest route"),
    ROW("depth.optimal", NULL, COUNT, HOPS, NEITHER, depth.optimal, depth.detour_n, DEPTH, .on = T,
        .label = "needed to arrive", .means = "hops needed in the exchanges that arrived"),
    ROW("depth.detour", NULL, SIGNED, DETOURS, LOWER, depth.detour, depth.detour_n, DEPTH, .on = T, .label = "detours",
        .means = "hops beyond those needed in the exchanges that arrived"),
    ROW("depth.looped", NULL, COUNT, HOPS, LOWER, depth.looped, counts.exchanges, DEPTH, .on = T, .label = "in circles",
        .means = "hops on circles"),
    ROW("depth.share_4_or_more", NULL, REAL, RATIO, LOWER, depth.share_4_or_more, counts.exchanges, DEPTH,
        .label = "4 or more", .means = "exchanges of four hops or more"),

    ROW("loops.exchanges", "loops", COUNT, EXCHANGES, LOWER, loops.exchanges, counts.exchanges, LOOPS, .on = T | M | C,
        .label = "loops", .means = "went round in a circle"),
    ROW("loops.conversations", NULL, COUNT, CONVERSATIONS, LOWER, loops.conversations, counts.conversations, LOOPS,
        .means = "with a loop somewhere"),
    ROW("loops.self", NULL, COUNT, EXCHANGES, LOWER, loops.self, counts.exchanges, LOOPS, .on = T | PART, .label = "self",
        .means = "loops of an agent to itself"),
    ROW("loops.ping_pong", NULL, COUNT, EXCHANGES, LOWER, loops.ping_pong, counts.exchanges, LOOPS, .on = T | PART,
        .label = "ping-pong", .means = "loops between two agents"),
    ROW("loops.cycle", NULL, COUNT, EXCHANGES, LOWER, loops.cycle, counts.exchanges, LOOPS, .on = T | PART,
        .label = "longer", .means = "loops over three agents and more"),
    ROW("loops.revisit_exchanges", "revisits", COUNT, EXCHANGES, LOWER, loops.revisit_exchanges, counts.exchanges, LOOPS,
        .on = T | M | C, .label = "revisits", .means = "met an agent twice"),
    ROW("loops.revisit_conversations", NULL, COUNT, CONVERSATIONS, LOWER, loops.revisit_conversations,
        counts.conversations, LOOPS, .means = "that met an agent twice in an exchange"),
    ROW("loops.wasted_turns", NULL, COUNT, TURNS, LOWER, loops.wasted_turns, counts.turns, LOOPS, .on = T | C | NOT_0,
        .label = "turns wasted", .means = "turns in loops that led nowhere"),
    ROW("loops.saved_turns", NULL, COUNT, TURNS, NEITHER, loops.saved_turns, counts.turns, LOOPS, .on = T | NOT_0,
        .label = "to be saved", .means = "of these, those that stopping at detection would save"),
    ROW("loops.detector.tp", NULL, COUNT, LABELS, NEITHER, loops.tp, counts.exchanges, LOOPS,
        .means = "loops expected and found"),
    ROW("loops.detector.fp", NULL, COUNT, LABELS, LOWER, loops.fp, counts.exchanges, LOOPS,
        .means = "loops found though none was expected"),
    ROW("loops.detector.fn", NULL, COUNT, LABELS, LOWER, loops.fn, counts.exchanges, LOOPS,
        .means = "loops expected and not found"),
    ROW("loops.detector.tn", NULL, COUNT, LABELS, NEITHER, loops.tn, counts.exchanges, LOOPS,
        .means = "no loop expected, and none found"),
    ROW("loops.detector.precision", NULL, REAL, RATIO, HIGHER, loops.precision, counts.labelled, LOOPS,
        .means = "of the loops found, those expected"),
    ROW("loops.detector.recall", NULL, REAL, RATIO, HIGHER, loops.recall, counts.labelled, LOOPS,
        .means = "of the loops expected, those found"),

    TIMES("latency.exchange", latency.exchange, .on = T | M | H | C, .label = "exchange",
          .means = "from the user's message to the answer"),
    TIMES("latency.ttft", latency.ttft, .on = T | H | C, .label = "first text",
          .means = "from the user's message to the first text"),
    TIMES("latency.hop", latency.hop, .on = T | M | H, .label = "hop",
          .means = "from one agent's call to the next agent's"),
    TIMES("latency.conversation", latency.conversation, .on = T | H, .label = "conversation",
          .means = "all exchanges of a conversation"),
    ROW("latency.routing_tax", NULL, REAL, RATIO, LOWER, latency.routing_tax, latency.exchange.n, LATENCY, .on = T | NOT_0,
        .label = "spent on handing over", .means = "share of the time that went into handing over"),

#define TOKENS(key, better, field, ...)                                                                    \
    ROW("tokens." key, NULL, COUNT, TOKENS, better, tokens.field, tokens.n, COST, .block = BATON_TOKENS, __VA_ARGS__)
    ROW("tokens.n", NULL, COUNT, CALLS, NEITHER, tokens.n, tokens.n, COST, .block = BATON_TOKENS,
        .means = "model calls with known usage"),
    TOKENS("input", LOWER, input, .on = T | H | C, .label = "input tokens", .means = "sent, without those from a cache"),
    TOKENS("output", LOWER, output, .on = T | H | C, .label = "output tokens", .means = "written by models"),
    TOKENS("cached", NEITHER, cached, .on = T, .label = "cached tokens", .means = "sent, and read from a cache"),
    TOKENS("cache_write", NEITHER, cache_write, .means = "sent, and written into a cache"),
    TOKENS("reasoning", NEITHER, reasoning, .means = "of the output, those spent on reasoning"),

#define COST(key, kind, unit, field, ...)                                                                  \
    ROW("cost_usd." key, NULL, kind, unit, LOWER, cost.field, cost.n, COST, .block = BATON_COST, __VA_ARGS__)
    ROW("cost_usd.n", NULL, COUNT, CONVERSATIONS, NEITHER, cost.n, cost.n, COST, .block = BATON_COST,
        .means = "conversations with a known cost"),
    COST("total", MONEY, USD, total_pico, .on = T | H | C, .label = "cost", .means = "of all conversations"),
    COST("mean", REAL, USD_EACH, mean_usd, .on = T | H | C, .label = "cost of a conversation", .means = "of a conversation"),
    COST("routing_share", REAL, RATIO, routing_share, .means = "share of the cost that went into handing over"),
    LIST("cost_usd.agents", agent_costs, cost.agents, cost.agent_count, COST, .block = BATON_COST),
    LIST("cost_usd.edges", edge_costs, cost.edges, cost.edge_count, COST, .block = BATON_COST),

    LIST("edges", edges, edges, edge_count, COVERAGE, .means = NULL),
    ROW("coverage.agents", NULL, REAL, RATIO, HIGHER, coverage.agents, coverage.agents_n, COVERAGE,
        .means = "of the agents, those that were asked"),
    ROW("coverage.edges", NULL, REAL, RATIO, HIGHER, coverage.edges, coverage.edges_n, COVERAGE,
        .means = "of the handoffs declared, those that were taken"),
    ROW("coverage.unused_agents", NULL, TEXTS, NUMBER, NEITHER, coverage.unused_agents, coverage.unused_agent_count, COVERAGE,
        .means = NULL),
    LIST("coverage.unused_edges", unused_edges, coverage.unused_edges, coverage.unused_edge_count, COVERAGE, .means = NULL),

#define REPEATS(key, name, unit, better, field, ...)                                                       \
    ROW("repeats." key, name, COUNT, unit, better, repeats.field, repeats.cases, REPEATS, .block = BATON_REPEATS, __VA_ARGS__)
    REPEATS("n", NULL, TIMES, NEITHER, n, .on = T, .label = "repeats", .means = "how often a case was played, at most"),
    REPEATS("cases", NULL, CASES, NEITHER, cases, .on = T, .label = "cases", .means = "conversations with a verdict"),
    REPEATS("always", NULL, CASES, HIGHER, always, .on = T, .label = "always passed", .means = "passed every time"),
    REPEATS("never", NULL, CASES, LOWER, never, .on = T, .label = "never passed", .means = "passed no time"),
    REPEATS("flaky", "flaky", CASES, LOWER, flaky, .on = T, .label = "flaky", .means = "passed sometimes"),
    LIST("repeats.passes", passes, repeats.passes, repeats.pass_count, REPEATS, .block = BATON_REPEATS),
    LIST("repeats.flakiest", flaky_cases, repeats.flakiest, repeats.flakiest_count, REPEATS, .block = BATON_REPEATS),

    COMPARED("baseline.name", NULL, TEXT, NUMBER, NEITHER, baseline, .means = NULL),
    COMPARED("baseline.cases", NULL, COUNT, CASES, NEITHER, cases, .means = "conversations with a verdict in both"),
    COMPARED("baseline.unjudged", NULL, COUNT, CASES, LOWER, unjudged, .means = "with a verdict in one of the two only"),
    COMPARED("baseline.newly_failing", "regressions", COUNT, CASES, LOWER, baseline_only,
             .means = "pass in the baseline and fail here"),
    COMPARED("baseline.newly_passing", NULL, COUNT, CASES, HIGHER, candidate_only,
             .means = "fail in the baseline and pass here"),
    COMPARED("baseline.both", NULL, COUNT, CASES, HIGHER, both, .means = "pass in both"),
    COMPARED("baseline.neither", NULL, COUNT, CASES, LOWER, neither, .means = "fail in both"),
    COMPARED("baseline.difference", NULL, REAL, DIFFERENCE, HIGHER, difference, .means = "share that passes, minus the baseline's"),
    COMPARED("baseline.ci_low", NULL, REAL, DIFFERENCE, HIGHER, ci_low, .means = "low end of the difference's 95 % interval"),
    COMPARED("baseline.ci_high", NULL, REAL, DIFFERENCE, HIGHER, ci_high,
             .means = "high end of the difference's 95 % interval"),
    COMPARED("baseline.mid_p", NULL, REAL, CHANCE, NEITHER, mid_p, .means = "chance of so much change by accident: McNemar, mid-p"),
    COMPARED("baseline.exact_p", NULL, REAL, CHANCE, NEITHER, exact_p, .means = "chance of so much change by accident: McNemar, exact, never too small"),
    COMPARED("baseline.flip_p", NULL, REAL, CHANCE, NEITHER, flip_p, .means = "chance of so much change by accident, with repeats: sign flips"),
    COMPARED("baseline.detectable", NULL, REAL, DIFFERENCE, LOWER, detectable,
             .means = "the smallest difference that so many cases can show"),
    COMPARED("baseline.verdict", NULL, VERDICT, NUMBER, NEITHER, verdict, .means = NULL),
    COMPARED("baseline.mid_p", "regressions.mid_p", ONE_SIDED, CHANCE, HIGHER, mid_p,
             .means = "chance that it got so much worse by accident, 1 where it is not worse: mid-p"),
    COMPARED("baseline.exact_p", "regressions.exact_p", ONE_SIDED, CHANCE, HIGHER, exact_p,
             .means = "chance that it got so much worse by accident: exact, never too small"),
    COMPARED("baseline.flip_p", "regressions.flip_p", ONE_SIDED, CHANCE, HIGHER, flip_p, .means = "chance that it got so much worse by accident, with repeats: sign flips"),
    COMPARED("baseline.mid_p", "regressions.p", ONE_SIDED, CHANCE, HIGHER, mid_p, .or_path = "baseline.flip_p",
             .means = "chance that it got so much worse by accident: mid-p, with repeats sign flips"),
};
/* clang-format on */

const struct baton_figure *baton_figure_at(size_t i)
{
    return i < sizeof table / sizeof *table ? &table[i] : NULL;
}

const struct baton_figure *baton_figure_next_on(const struct baton_figure *last, enum baton_section section,
                                                unsigned on)
{
    const struct baton_figure *row = last == NULL ? table : last + 1;
    while (row < table + sizeof table / sizeof *table && (row->section != section || (row->on & on) == 0)) {
        row++;
    }
    return row < table + sizeof table / sizeof *table ? row : NULL;
}

const char *baton_section_name(enum baton_section section)
{
    return section_names[section];
}

const struct baton_unit_of *baton_unit_of(enum baton_unit unit)
{
    return &units[unit];
}

/* ---- values ---- */

const void *baton_figure_base(const struct baton_figure *row, const struct baton_summary *summary)
{
    switch (row->block) {
    case BATON_TOKENS:
        return summary->tokens.n > 0 ? summary : NULL;
    case BATON_COST:
        return summary->cost.n > 0 ? summary : NULL;
    case BATON_REPEATS:
        return summary->repeats.n > 1 ? summary : NULL;
    case BATON_BASELINE:
        return summary->baseline;
    case BATON_ALWAYS:
        break;
    }
    return summary;
}

const char *baton_block_missing(enum baton_block block)
{
    return block == BATON_REPEATS ? "there are no repeats; give --repeat N, or `repeat:` in the suite"
           : block == BATON_BASELINE
               ? "there is no baseline to compare with; give --baseline, or `baseline:` in the suite"
               : NULL;
}

double baton_figure_one_sided(double p, double difference)
{
    return isnan(p) || difference < 0 ? p : 1;
}

static double one_sided(const struct baton_figure *row, const struct baton_comparison *comparison)
{
    double p;
    memcpy(&p, (const char *)comparison + row->offset, sizeof p);
    return baton_figure_one_sided(row->or_path == NULL ? p : baton_comparison_p(comparison), comparison->difference);
}

static double optional(int64_t value)
{
    return value == BATON_FIGURE_NONE ? NAN : (double)value;
}

double baton_figure_number(const struct baton_figure *row, const void *base)
{
    const char *place = (const char *)base + row->offset;
    uint64_t count, n = baton_figure_n(row, base);
    int64_t number;
    double real;
    memcpy(&count, place, sizeof count);
    memcpy(&number, place, sizeof number);
    memcpy(&real, place, sizeof real);
    switch (row->kind) {
    case BATON_FIGURE_COUNT:
        return (double)count;
    case BATON_FIGURE_SIGNED:
        return (double)number;
    case BATON_FIGURE_OPTIONAL:
        return optional(number);
    case BATON_FIGURE_TIME:
        return optional(number) / 1e6;
    case BATON_FIGURE_MONEY:
        return (double)count / 1e12;
    case BATON_FIGURE_REAL:
        return real;
    case BATON_FIGURE_SHARE:
        return n == 0 ? NAN : (double)count / (double)n;
    case BATON_FIGURE_RATE:
        return ((const struct baton_rate *)(const void *)place)->value;
    case BATON_FIGURE_ONE_SIDED:
        return one_sided(row, base);
    default:
        return NAN;
    }
}

uint64_t baton_figure_n(const struct baton_figure *row, const void *base)
{
    uint64_t n;
    memcpy(&n, (const char *)base + row->n_offset, sizeof n);
    return n;
}

void baton_figure_put(struct baton_text *out, const struct baton_figure *row, double value)
{
    const struct baton_unit_of *unit = &units[row->unit];
    if (isnan(value)) {
        baton_text_puts(out, "n/a");
    } else {
        value = row->unit == BATON_UNIT_RATIO ? value * 100 : value;
        baton_text_printf(out, "%.*f%s", unit->decimals, value, unit->after);
    }
}
