#include "reports/summary_json.h"

#include "engine/base/json_writer.h"
#include "reports/summary_blocks.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { BREAK_DEPTH = 3, PATH_PARTS_MAX = 4 };

enum figure_type {
    FIGURE_TEXT,     /* struct baton_str; null where data is NULL */
    FIGURE_COUNT,    /* uint64_t */
    FIGURE_SIGNED,   /* int64_t */
    FIGURE_OPTIONAL, /* int64_t, or BATON_FIGURE_NONE */
    FIGURE_NS,       /* int64_t nanoseconds, or BATON_FIGURE_NONE */
    FIGURE_RATIO,    /* double, six decimals */
    FIGURE_WRITTEN   /* by a function; not for gates */
};

/* One figure: its path, where it is, and where its n is. A path without a value opens nothing by itself. */
struct figure {
    const char *path;
    enum figure_type type;
    size_t offset, n_offset;
    void (*write)(struct baton_json_writer *writer, const struct baton_summary *summary);
    const char *constant; /* written as it is */
};

static void write_agents(struct baton_json_writer *writer, const struct baton_summary *summary);
static void write_confusion(struct baton_json_writer *writer, const struct baton_summary *summary);
static void write_depth_exchange(struct baton_json_writer *writer, const struct baton_summary *summary);
static void write_depth_conversation(struct baton_json_writer *writer, const struct baton_summary *summary);
static void write_tokens(struct baton_json_writer *writer, const struct baton_summary *summary);
static void write_cost(struct baton_json_writer *writer, const struct baton_summary *summary);
static void write_edges(struct baton_json_writer *writer, const struct baton_summary *summary);
static void write_unused_agents(struct baton_json_writer *writer, const struct baton_summary *summary);
static void write_unused_edges(struct baton_json_writer *writer, const struct baton_summary *summary);
static void write_gates(struct baton_json_writer *writer, const struct baton_summary *summary);
static void write_verdict(struct baton_json_writer *writer, const struct baton_summary *summary);

#define AT(field) offsetof(struct baton_summary, field)
#define CONSTANT(path, json)                   \
    {                                          \
        path, FIGURE_WRITTEN, 0, 0, NULL, json \
    }
#define WRITTEN(path, function)                    \
    {                                              \
        path, FIGURE_WRITTEN, 0, 0, function, NULL \
    }
#define TEXT(path, field)                           \
    {                                               \
        path, FIGURE_TEXT, AT(field), 0, NULL, NULL \
    }
#define FIGURE(type, path, field, n)                      \
    {                                                     \
        path, FIGURE_##type, AT(field), AT(n), NULL, NULL \
    }
#define COUNT(path, field) FIGURE(COUNT, path, field, counts.exchanges)
#define RATE(path, field)                                                                                         \
    FIGURE(COUNT, path ".correct", field.correct, field.n), FIGURE(COUNT, path ".n", field.n, field.n),           \
        FIGURE(RATIO, path ".value", field.value, field.n), FIGURE(RATIO, path ".ci_low", field.ci_low, field.n), \
        FIGURE(RATIO, path ".ci_high", field.ci_high, field.n)
#define DISTRIBUTION(path, field)                                                                 \
    FIGURE(COUNT, path ".n", field.n, field.n), FIGURE(NS, path ".sum", field.sum, field.n),      \
        FIGURE(NS, path ".min", field.min, field.n), FIGURE(NS, path ".p50", field.p50, field.n), \
        FIGURE(NS, path ".p90", field.p90, field.n), FIGURE(NS, path ".p95", field.p95, field.n), \
        FIGURE(NS, path ".p99", field.p99, field.n), FIGURE(NS, path ".max", field.max, field.n)

/* In the order of the file. */
static const struct figure figures[] = {
    CONSTANT("baton.version", "\"" BATON_VERSION "\""),
    CONSTANT("baton.schema", "1"),
    TEXT("suite.name", suite.name),
    TEXT("suite.fingerprint", suite.fingerprint),
    TEXT("suite.agents_digest", suite.agents_digest),
    TEXT("suite.conversations_digest", suite.conversations_digest),
    TEXT("suite.provider", suite.provider),
    TEXT("suite.profile", suite.profile),
    COUNT("suite.seed", suite.seed),
    COUNT("suite.repeat", suite.repeat),
    TEXT("suite.shard", suite.shard),
    FIGURE(COUNT, "counts.conversations", counts.conversations, counts.conversations),
    COUNT("counts.exchanges", counts.exchanges),
    COUNT("counts.turns", counts.turns),
    COUNT("counts.answered", counts.answered),
    COUNT("counts.unanswered", counts.unanswered),
    COUNT("counts.labelled", counts.labelled),
    COUNT("counts.handoffs", counts.handoffs),
    COUNT("counts.invalid_handoffs", counts.invalid_handoffs),
    FIGURE(OPTIONAL, "counts.phantom_handoffs", counts.phantom_handoffs, counts.phantom_n),
    COUNT("counts.tool_calls", counts.tool_calls),
    FIGURE(COUNT, "counts.diverged", counts.diverged, counts.conversations),
    COUNT("counts.exhausted", counts.exhausted),
    COUNT("counts.errors", counts.errors),
    COUNT("counts.hallucinated_targets", counts.hallucinated_targets),
    RATE("routing.accuracy", routing.accuracy),
    RATE("routing.first_hop", routing.first_hop),
    RATE("routing.route", routing.route),
    RATE("routing.all_expectations", routing.all_expectations),
    FIGURE(RATIO, "routing.majority", routing.majority, routing.accuracy.n),
    FIGURE(RATIO, "routing.balanced", routing.balanced, routing.accuracy.n),
    FIGURE(RATIO, "routing.macro_f1", routing.macro_f1, routing.accuracy.n),
    FIGURE(RATIO, "routing.weighted_f1", routing.weighted_f1, routing.accuracy.n),
    FIGURE(RATIO, "routing.kappa", routing.kappa, routing.accuracy.n),
    FIGURE(RATIO, "routing.mcc", routing.mcc, routing.accuracy.n),
    FIGURE(RATIO, "routing.over_routing", routing.over_routing, routing.direct_expected),
    FIGURE(RATIO, "routing.under_routing", routing.under_routing, routing.agent_expected),
    FIGURE(RATIO, "routing.misrouting", routing.misrouting, routing.agent_expected),
    WRITTEN("routing.agents", write_agents),
    WRITTEN("routing.confusion", write_confusion),
    FIGURE(COUNT, "routing.clusters.n", routing.clusters.n, routing.clusters.n),
    FIGURE(RATIO, "routing.clusters.se_iid", routing.clusters.se_iid, routing.clusters.n),
    FIGURE(RATIO, "routing.clusters.se_cluster", routing.clusters.se_cluster, routing.clusters.n),
    FIGURE(RATIO, "routing.clusters.se_cluster_cr1", routing.clusters.se_cluster_cr1, routing.clusters.n),
    FIGURE(RATIO, "routing.clusters.design_effect", routing.clusters.design_effect, routing.clusters.n),
    FIGURE(RATIO, "routing.clusters.ci_low", routing.clusters.ci_low, routing.clusters.n),
    FIGURE(RATIO, "routing.clusters.ci_high", routing.clusters.ci_high, routing.clusters.n),
    RATE("routing.facts", routing.facts),
    FIGURE(RATIO, "routing.cost", routing.cost, routing.accuracy.n),
    WRITTEN("depth.per_exchange", write_depth_exchange),
    WRITTEN("depth.per_conversation", write_depth_conversation),
    FIGURE(RATIO, "depth.mean", depth.mean, counts.exchanges),
    FIGURE(OPTIONAL, "depth.p95", depth.p95, counts.exchanges),
    FIGURE(OPTIONAL, "depth.max", depth.max, counts.exchanges),
    FIGURE(COUNT, "depth.optimal", depth.optimal, depth.detour_n),
    FIGURE(SIGNED, "depth.detour", depth.detour, depth.detour_n),
    COUNT("depth.looped", depth.looped),
    FIGURE(RATIO, "depth.share_4_or_more", depth.share_4_or_more, counts.exchanges),
    COUNT("loops.exchanges", loops.exchanges),
    FIGURE(COUNT, "loops.conversations", loops.conversations, counts.conversations),
    COUNT("loops.self", loops.self),
    COUNT("loops.ping_pong", loops.ping_pong),
    COUNT("loops.cycle", loops.cycle),
    COUNT("loops.revisit_exchanges", loops.revisit_exchanges),
    FIGURE(COUNT, "loops.revisit_conversations", loops.revisit_conversations, counts.conversations),
    FIGURE(COUNT, "loops.wasted_turns", loops.wasted_turns, counts.turns),
    FIGURE(COUNT, "loops.saved_turns", loops.saved_turns, counts.turns),
    COUNT("loops.detector.tp", loops.tp),
    COUNT("loops.detector.fp", loops.fp),
    COUNT("loops.detector.fn", loops.fn),
    COUNT("loops.detector.tn", loops.tn),
    FIGURE(RATIO, "loops.detector.precision", loops.precision, counts.labelled),
    FIGURE(RATIO, "loops.detector.recall", loops.recall, counts.labelled),
    DISTRIBUTION("latency.exchange", latency.exchange),
    DISTRIBUTION("latency.ttft", latency.ttft),
    DISTRIBUTION("latency.hop", latency.hop),
    DISTRIBUTION("latency.conversation", latency.conversation),
    FIGURE(RATIO, "latency.routing_tax", latency.routing_tax, latency.exchange.n),
    WRITTEN("tokens", write_tokens),
    WRITTEN("cost_usd", write_cost),
    WRITTEN("edges", write_edges),
    FIGURE(RATIO, "coverage.agents", coverage.agents, coverage.agents_n),
    FIGURE(RATIO, "coverage.edges", coverage.edges, coverage.edges_n),
    WRITTEN("coverage.unused_agents", write_unused_agents),
    WRITTEN("coverage.unused_edges", write_unused_edges),
    WRITTEN("repeats", baton_summary_write_repeats),
    WRITTEN("baseline", baton_summary_write_baseline),
    WRITTEN("gates", write_gates),
    WRITTEN("verdict", write_verdict),
};

/* Short names of gates. */
static const struct {
    const char *name, *path;
} short_names[] = {
    { "accuracy", "routing.accuracy.value" },
    { "accuracy.", "routing.accuracy." },
    { "first_hop", "routing.first_hop.value" },
    { "first_hop.", "routing.first_hop." },
    { "route", "routing.route.value" },
    { "route.", "routing.route." },
    { "all_expectations", "routing.all_expectations.value" },
    { "all_expectations.", "routing.all_expectations." },
    { "balanced", "routing.balanced" },
    { "macro_f1", "routing.macro_f1" },
    { "weighted_f1", "routing.weighted_f1" },
    { "majority", "routing.majority" },
    { "kappa", "routing.kappa" },
    { "mcc", "routing.mcc" },
    { "over_routing", "routing.over_routing" },
    { "under_routing", "routing.under_routing" },
    { "misrouting", "routing.misrouting" },
    { "loops", "loops.exchanges" },
    { "revisits", "loops.revisit_exchanges" },
    { "exhausted", "counts.exhausted" },
    { "diverged", "counts.diverged" },
    { "errors", "counts.errors" },
    { "unanswered", "counts.unanswered" },
    { "invalid_handoffs", "counts.invalid_handoffs" },
    { "phantom_handoffs", "counts.phantom_handoffs" },
    { "handoffs", "counts.handoffs" },
    { "hallucinated_targets", "counts.hallucinated_targets" },
    { "facts", "routing.facts.value" },
    { "facts.", "routing.facts." },
};

/* ---- figures by name ---- */

static double optional(int64_t value)
{
    return value == BATON_FIGURE_NONE ? NAN : (double)value;
}

static double figure_value(const struct figure *figure, const struct baton_summary *summary)
{
    const char *place = (const char *)summary + figure->offset;
    uint64_t count;
    int64_t number;
    double ratio;
    switch (figure->type) {
    case FIGURE_COUNT:
        memcpy(&count, place, sizeof count);
        return (double)count;
    case FIGURE_SIGNED:
        memcpy(&number, place, sizeof number);
        return (double)number;
    case FIGURE_OPTIONAL:
        memcpy(&number, place, sizeof number);
        return optional(number);
    case FIGURE_NS:
        memcpy(&number, place, sizeof number);
        return optional(number) / 1e6;
    case FIGURE_RATIO:
        memcpy(&ratio, place, sizeof ratio);
        return ratio;
    case FIGURE_TEXT:
    case FIGURE_WRITTEN:
        break;
    }
    return NAN;
}

static bool is_for_gates(const struct figure *figure)
{
    return figure->type != FIGURE_TEXT && figure->type != FIGURE_WRITTEN;
}

static const struct figure *figure_find(struct baton_str path)
{
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        if (is_for_gates(&figures[i]) && baton_str_is(path, figures[i].path)) {
            return &figures[i];
        }
    }
    return NULL;
}

/* The full path of a short name, written into `full`; a name that ends in a dot stands for what begins with it. */
static struct baton_str expand(struct baton_str path, char *full, size_t bytes)
{
    for (size_t i = 0; i < sizeof short_names / sizeof *short_names; i++) {
        size_t length = strlen(short_names[i].name);
        bool is_prefix = short_names[i].name[length - 1] == '.';
        if (is_prefix && path.length > length && memcmp(path.data, short_names[i].name, length) == 0) {
            snprintf(full, bytes, "%s%.*s", short_names[i].path, (int)(path.length - length), path.data + length);
            return baton_str_of(full);
        }
        if (!is_prefix && baton_str_is(path, short_names[i].name)) {
            return baton_str_of(short_names[i].path);
        }
    }
    return path;
}

/* Figures that are no member of the struct: made here from those that are. */
static double cost_mean(const struct baton_summary *summary)
{
    return summary->cost.n == 0 ? NAN : (double)summary->cost.total_pico / 1e12 / (double)summary->cost.n;
}

static const struct {
    const char *path;
    size_t offset;
} token_figures[] = {
    { "tokens.n", AT(tokens.n) },
    { "tokens.input", AT(tokens.input) },
    { "tokens.output", AT(tokens.output) },
    { "tokens.cached", AT(tokens.cached) },
    { "tokens.cache_write", AT(tokens.cache_write) },
    { "tokens.reasoning", AT(tokens.reasoning) },
};

static bool made_figure(const struct baton_summary *summary, struct baton_str path, struct baton_figure_value *out)
{
    if (baton_str_is(path, "cost_usd.mean") || baton_str_is(path, "cost_usd.total")) {
        bool is_mean = baton_str_is(path, "cost_usd.mean");
        out->n = summary->cost.n;
        out->why = NULL;
        out->value = is_mean || out->n == 0 ? cost_mean(summary) : (double)summary->cost.total_pico / 1e12;
        return true;
    }
    if (baton_str_is(path, "cost_usd.routing_share")) {
        *out = (struct baton_figure_value){ .value = summary->cost.n == 0 ? NAN : summary->cost.routing_share,
                                            .n = summary->cost.n };
        return true;
    }
    for (size_t i = 0; i < sizeof token_figures / sizeof *token_figures; i++) {
        if (baton_str_is(path, token_figures[i].path)) {
            uint64_t count;
            memcpy(&count, (const char *)summary + token_figures[i].offset, sizeof count);
            *out = (struct baton_figure_value){ .value = summary->tokens.n == 0 ? NAN : (double)count,
                                                .n = summary->tokens.n };
            return true;
        }
    }
    return false;
}

/* recall[A], precision[A], f1[A] */
static bool agent_figure(const struct baton_summary *summary, struct baton_str path, struct baton_figure_value *out)
{
    static const struct {
        const char *name;
        size_t offset, n_offset;
    } kinds[] = {
        { "recall[", offsetof(struct baton_agent_score, recall), offsetof(struct baton_agent_score, support) },
        { "precision[", offsetof(struct baton_agent_score, precision), offsetof(struct baton_agent_score, predicted) },
        { "f1[", offsetof(struct baton_agent_score, f1), offsetof(struct baton_agent_score, support) },
    };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t length = strlen(kinds[k].name);
        if (path.length <= length + 1 || memcmp(path.data, kinds[k].name, length) != 0 ||
            path.data[path.length - 1] != ']') {
            continue;
        }
        struct baton_str agent = { path.data + length, path.length - length - 1 };
        *out = (struct baton_figure_value){ .value = NAN, .n = 0 };
        for (size_t i = 0; i < summary->routing.agent_count; i++) {
            const char *score = (const char *)&summary->routing.agents[i];
            if (baton_str_equal(summary->routing.agents[i].agent, agent)) {
                memcpy(&out->value, score + kinds[k].offset, sizeof out->value);
                memcpy(&out->n, score + kinds[k].n_offset, sizeof out->n);
            }
        }
        return true;
    }
    return false;
}

bool baton_summary_figure(const struct baton_summary *summary, struct baton_str path, struct baton_figure_value *out)
{
    char full[128];
    const struct figure *figure = figure_find(expand(path, full, sizeof full));
    if (figure == NULL) {
        return agent_figure(summary, path, out) || made_figure(summary, path, out) ||
               baton_summary_block_figure(summary, path, out);
    }
    out->why = NULL;
    out->value = figure_value(figure, summary);
    memcpy(&out->n, (const char *)summary + figure->n_offset, sizeof out->n);
    return true;
}

bool baton_summary_has(struct baton_str path)
{
    static const struct baton_summary none;
    struct baton_figure_value ignored;
    return baton_summary_figure(&none, path, &ignored);
}

const char *baton_summary_figure_name(size_t i)
{
    static const char *const more[] = { "cost_usd.mean",   "cost_usd.total",   "cost_usd.routing_share",
                                        "recall[AGENT]",   "precision[AGENT]", "f1[AGENT]",
                                        "accuracy.ci_low", "accuracy.ci_high", "accuracy.n",
                                        "tokens.input",    "tokens.output" };
    for (size_t k = 0; k < sizeof short_names / sizeof *short_names; k++) {
        bool is_prefix = short_names[k].name[strlen(short_names[k].name) - 1] == '.';
        if (!is_prefix && i-- == 0) {
            return short_names[k].name;
        }
    }
    if (i < sizeof more / sizeof *more) {
        return more[i];
    }
    i -= sizeof more / sizeof *more;
    for (size_t k = 0; k < sizeof figures / sizeof *figures; k++) {
        if (is_for_gates(&figures[k]) && i-- == 0) {
            return figures[k].path;
        }
    }
    return baton_summary_block_name(i);
}

/* ---- summary.json ---- */

static void write_agents(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < summary->routing.agent_count; i++) {
        const struct baton_agent_score *score = &summary->routing.agents[i];
        baton_jw_open(writer, '{');
        baton_jw_put_str(writer, "agent", score->agent);
        baton_jw_put_u64(writer, "support", score->support);
        baton_jw_put_u64(writer, "predicted", score->predicted);
        baton_jw_put_u64(writer, "tp", score->tp);
        baton_jw_put_ratio(writer, "precision", score->precision);
        baton_jw_put_ratio(writer, "recall", score->recall);
        baton_jw_put_ratio(writer, "f1", score->f1);
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

static void write_confusion(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    size_t count = summary->routing.label_count;
    baton_jw_open(writer, '{');
    baton_jw_key(writer, "labels");
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < count; i++) {
        baton_jw_str(writer, summary->routing.labels[i]);
    }
    baton_jw_close(writer, ']');
    baton_jw_key(writer, "rows");
    baton_jw_open(writer, '[');
    for (size_t row = 0; row < count; row++) {
        baton_jw_open(writer, '[');
        for (size_t column = 0; column < count; column++) {
            baton_jw_u64(writer, summary->routing.cells[row * count + column]);
        }
        baton_jw_close(writer, ']');
    }
    baton_jw_close(writer, ']');
    baton_jw_close(writer, '}');
}

static void write_histogram(struct baton_json_writer *writer, const struct baton_depth_count *counts, size_t count)
{
    baton_jw_open(writer, '{');
    for (size_t i = 0; i < count; i++) {
        char key[24];
        snprintf(key, sizeof key, "%llu", (unsigned long long)counts[i].depth);
        baton_jw_put_u64(writer, key, counts[i].count);
    }
    baton_jw_close(writer, '}');
}

static void write_depth_exchange(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    write_histogram(writer, summary->depth.per_exchange, summary->depth.per_exchange_count);
}

static void write_depth_conversation(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    write_histogram(writer, summary->depth.per_conversation, summary->depth.per_conversation_count);
}

static void write_tokens(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    if (summary->tokens.n == 0) {
        baton_jw_null(writer);
        return;
    }
    baton_jw_open(writer, '{');
    for (size_t i = 0; i < sizeof token_figures / sizeof *token_figures; i++) {
        uint64_t count;
        memcpy(&count, (const char *)summary + token_figures[i].offset, sizeof count);
        baton_jw_put_u64(writer, token_figures[i].path + strlen("tokens."), count);
    }
    baton_jw_close(writer, '}');
}

/* Pico-USD as USD, exactly. */
static void put_usd(struct baton_json_writer *writer, const char *key, uint64_t pico)
{
    char text[40];
    int length = snprintf(text, sizeof text, "%llu.%012llu", (unsigned long long)(pico / 1000000000000U),
                          (unsigned long long)(pico % 1000000000000U));
    while (text[length - 1] == '0' && text[length - 2] != '.') {
        length--;
    }
    baton_jw_key(writer, key);
    baton_jw_raw(writer, (struct baton_str){ text, (size_t)length });
}

static void write_costs(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    baton_jw_key(writer, "agents");
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < summary->cost.agent_count; i++) {
        baton_jw_open(writer, '{');
        baton_jw_put_str(writer, "agent", summary->cost.agents[i].agent);
        put_usd(writer, "total", summary->cost.agents[i].pico);
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
    baton_jw_key(writer, "edges");
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < summary->cost.edge_count; i++) {
        baton_jw_open(writer, '{');
        baton_jw_put_str(writer, "from", summary->cost.edges[i].from);
        baton_jw_put_str(writer, "to", summary->cost.edges[i].to);
        put_usd(writer, "total", summary->cost.edges[i].pico);
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

static void write_cost(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    if (summary->cost.n == 0) {
        baton_jw_null(writer);
        return;
    }
    baton_jw_open(writer, '{');
    baton_jw_put_u64(writer, "n", summary->cost.n);
    put_usd(writer, "total", summary->cost.total_pico);
    baton_jw_put_ratio(writer, "mean", cost_mean(summary));
    baton_jw_put_ratio(writer, "routing_share", summary->cost.routing_share);
    write_costs(writer, summary);
    baton_jw_close(writer, '}');
}

static void write_edge_list(struct baton_json_writer *writer, const struct baton_edge_count *edges, size_t count,
                            bool has_count)
{
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < count; i++) {
        baton_jw_open(writer, '{');
        baton_jw_put_str(writer, "from", edges[i].from);
        baton_jw_put_str(writer, "to", edges[i].to);
        if (has_count) {
            baton_jw_put_u64(writer, "count", edges[i].count);
        }
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

static void write_edges(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    write_edge_list(writer, summary->edges, summary->edge_count, true);
}

static void write_unused_edges(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    write_edge_list(writer, summary->coverage.unused_edges, summary->coverage.unused_edge_count, false);
}

static void write_unused_agents(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < summary->coverage.unused_agent_count; i++) {
        baton_jw_str(writer, summary->coverage.unused_agents[i]);
    }
    baton_jw_close(writer, ']');
}

static void write_gates(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    static const char *const verdicts[] = { "fail", "pass", "skip" };
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < summary->gate_count; i++) {
        const struct baton_gate_result *gate = &summary->gates[i];
        baton_jw_open(writer, '{');
        baton_jw_put_str(writer, "gate", gate->gate);
        baton_jw_put_ratio(writer, "value", gate->value);
        baton_jw_put_u64(writer, "n", gate->n);
        baton_jw_key(writer, "verdict");
        baton_jw_string(writer, verdicts[gate->verdict]);
        if (gate->why.length > 0) {
            baton_jw_put_str(writer, "why", gate->why);
        }
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

static void write_verdict(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    baton_jw_string(writer, summary->passed ? "pass" : "fail");
}

static void write_value(struct baton_json_writer *writer, const struct figure *figure,
                        const struct baton_summary *summary)
{
    const char *place = (const char *)summary + figure->offset;
    struct baton_str text;
    int64_t number;
    uint64_t count;
    switch (figure->type) {
    case FIGURE_TEXT:
        memcpy(&text, place, sizeof text);
        if (text.data == NULL) {
            baton_jw_null(writer);
        } else {
            baton_jw_str(writer, text);
        }
        return;
    case FIGURE_COUNT:
        memcpy(&count, place, sizeof count);
        baton_jw_u64(writer, count);
        return;
    case FIGURE_SIGNED:
    case FIGURE_OPTIONAL:
    case FIGURE_NS:
        memcpy(&number, place, sizeof number);
        if (figure->type != FIGURE_SIGNED && number == BATON_FIGURE_NONE) {
            baton_jw_null(writer);
        } else if (figure->type == FIGURE_NS) {
            baton_jw_ms(writer, (uint64_t)number);
        } else {
            baton_jw_i64(writer, number);
        }
        return;
    case FIGURE_RATIO:
        baton_jw_ratio(writer, figure_value(figure, summary));
        return;
    case FIGURE_WRITTEN:
        if (figure->constant != NULL) {
            baton_jw_raw(writer, baton_str_of(figure->constant));
        } else {
            figure->write(writer, summary);
        }
        return;
    }
}

/* Splits a path at its dots; returns the number of parts. */
static size_t split(const char *path, struct baton_str parts[PATH_PARTS_MAX])
{
    size_t count = 0;
    for (;;) {
        const char *dot = strchr(path, '.');
        size_t length = dot == NULL ? strlen(path) : (size_t)(dot - path);
        parts[count++] = (struct baton_str){ path, length };
        if (dot == NULL || count == PATH_PARTS_MAX) {
            return count;
        }
        path = dot + 1;
    }
}

void baton_summary_write(struct baton_text *out, const struct baton_summary *summary)
{
    struct baton_json_writer writer = baton_json_writer_to(out, BREAK_DEPTH);
    struct baton_str open[PATH_PARTS_MAX], parts[PATH_PARTS_MAX];
    size_t open_count = 0;
    baton_jw_open(&writer, '{');
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        size_t count = split(figures[i].path, parts), same = 0;
        while (same < open_count && same + 1 < count && baton_str_equal(open[same], parts[same])) {
            same++;
        }
        for (; open_count > same; open_count--) {
            baton_jw_close(&writer, '}');
        }
        for (; open_count + 1 < count; open_count++) {
            open[open_count] = parts[open_count];
            baton_jw_key_str(&writer, parts[open_count]);
            baton_jw_open(&writer, '{');
        }
        baton_jw_key_str(&writer, parts[count - 1]);
        write_value(&writer, &figures[i], summary);
    }
    for (; open_count > 0; open_count--) {
        baton_jw_close(&writer, '}');
    }
    baton_jw_close(&writer, '}');
    baton_text_putc(out, '\n');
}
