#include "reports/summary_json.h"

#include "evals/tests/parsed.h"
#include "reports/figure_names.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { MEMORY_MAX = 16 * 1024 * 1024 };

enum type { COUNT, SIGNED, TIME, RATIO };

/* Every figure that a gate can name, by its full path: where it is, and how it is written. */
#define AT(type, path, field)                             \
    {                                                     \
        path, offsetof(struct baton_summary, field), type \
    }
#define RATE(path, field)                                                                                            \
    AT(COUNT, path ".correct", field.correct), AT(COUNT, path ".n", field.n), AT(RATIO, path ".value", field.value), \
        AT(RATIO, path ".ci_low", field.ci_low), AT(RATIO, path ".ci_high", field.ci_high)
#define TIMES(path, field)                                                                                    \
    AT(COUNT, path ".n", field.n), AT(TIME, path ".sum", field.sum), AT(TIME, path ".min", field.min),        \
        AT(TIME, path ".p50", field.p50), AT(TIME, path ".p90", field.p90), AT(TIME, path ".p95", field.p95), \
        AT(TIME, path ".p99", field.p99), AT(TIME, path ".max", field.max)

static const struct field {
    const char *path;
    size_t offset;
    enum type type;
} fields[] = {
    AT(COUNT, "suite.seed", suite.seed),
    AT(COUNT, "suite.repeat", suite.repeat),
    AT(COUNT, "counts.conversations", counts.conversations),
    AT(COUNT, "counts.exchanges", counts.exchanges),
    AT(COUNT, "counts.turns", counts.turns),
    AT(COUNT, "counts.answered", counts.answered),
    AT(COUNT, "counts.unanswered", counts.unanswered),
    AT(COUNT, "counts.labelled", counts.labelled),
    AT(COUNT, "counts.handoffs", counts.handoffs),
    AT(COUNT, "counts.invalid_handoffs", counts.invalid_handoffs),
    AT(SIGNED, "counts.phantom_handoffs", counts.phantom_handoffs),
    AT(COUNT, "counts.tool_calls", counts.tool_calls),
    AT(COUNT, "counts.diverged", counts.diverged),
    AT(COUNT, "counts.exhausted", counts.exhausted),
    AT(COUNT, "counts.errors", counts.errors),
    RATE("routing.accuracy", routing.accuracy),
    RATE("routing.first_hop", routing.first_hop),
    RATE("routing.route", routing.route),
    RATE("routing.all_expectations", routing.all_expectations),
    AT(RATIO, "routing.majority", routing.majority),
    AT(RATIO, "routing.balanced", routing.balanced),
    AT(RATIO, "routing.macro_f1", routing.macro_f1),
    AT(RATIO, "routing.weighted_f1", routing.weighted_f1),
    AT(RATIO, "routing.kappa", routing.kappa),
    AT(RATIO, "routing.mcc", routing.mcc),
    AT(RATIO, "routing.over_routing", routing.over_routing),
    AT(RATIO, "routing.under_routing", routing.under_routing),
    AT(RATIO, "routing.misrouting", routing.misrouting),
    AT(RATIO, "depth.mean", depth.mean),
    AT(SIGNED, "depth.p95", depth.p95),
    AT(SIGNED, "depth.max", depth.max),
    AT(COUNT, "depth.optimal", depth.optimal),
    AT(SIGNED, "depth.detour", depth.detour),
    AT(COUNT, "depth.looped", depth.looped),
    AT(RATIO, "depth.share_4_or_more", depth.share_4_or_more),
    AT(COUNT, "loops.exchanges", loops.exchanges),
    AT(COUNT, "loops.conversations", loops.conversations),
    AT(COUNT, "loops.self", loops.self),
    AT(COUNT, "loops.ping_pong", loops.ping_pong),
    AT(COUNT, "loops.cycle", loops.cycle),
    AT(COUNT, "loops.revisit_exchanges", loops.revisit_exchanges),
    AT(COUNT, "loops.revisit_conversations", loops.revisit_conversations),
    AT(COUNT, "loops.wasted_turns", loops.wasted_turns),
    AT(COUNT, "loops.saved_turns", loops.saved_turns),
    AT(COUNT, "loops.detector.tp", loops.tp),
    AT(COUNT, "loops.detector.fp", loops.fp),
    AT(COUNT, "loops.detector.fn", loops.fn),
    AT(COUNT, "loops.detector.tn", loops.tn),
    AT(RATIO, "loops.detector.precision", loops.precision),
    AT(RATIO, "loops.detector.recall", loops.recall),
    TIMES("latency.exchange", latency.exchange),
    TIMES("latency.ttft", latency.ttft),
    TIMES("latency.hop", latency.hop),
    TIMES("latency.conversation", latency.conversation),
    AT(RATIO, "latency.routing_tax", latency.routing_tax),
    AT(COUNT, "tokens.n", tokens.n),
    AT(COUNT, "tokens.input", tokens.input),
    AT(COUNT, "tokens.output", tokens.output),
    AT(COUNT, "tokens.cached", tokens.cached),
    AT(COUNT, "tokens.cache_write", tokens.cache_write),
    AT(COUNT, "tokens.reasoning", tokens.reasoning),
    AT(RATIO, "coverage.agents", coverage.agents),
    AT(RATIO, "coverage.edges", coverage.edges),
};

/* A value that no other field has, in the unit of the file. */
static double value_of(size_t i)
{
    switch (fields[i].type) {
    case TIME:
        return (double)i + 0.25;
    case RATIO:
        return (double)i / 1000;
    case COUNT:
    case SIGNED:
        break;
    }
    return (double)i + 1000;
}

static struct baton_summary filled(void)
{
    struct baton_summary summary = { .suite = { .name = BATON_STR("s"),
                                                .fingerprint = BATON_STR("f"),
                                                .agents_digest = BATON_STR("a"),
                                                .conversations_digest = BATON_STR("c"),
                                                .provider = BATON_STR("p"),
                                                .profile = BATON_STR("baton"),
                                                .shard = BATON_STR("1/3") },
                                     .passed = true };
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        char *place = (char *)&summary + fields[i].offset;
        int64_t whole = fields[i].type == TIME ? (int64_t)i * 1000000 + 250000 : (int64_t)i + 1000;
        double ratio = value_of(i);
        if (fields[i].type == RATIO) {
            memcpy(place, &ratio, sizeof ratio);
        } else {
            memcpy(place, &whole, sizeof whole);
        }
    }
    return summary;
}

static const struct baton_json *written(struct baton_arena *arena, const struct baton_summary *summary)
{
    struct baton_text text = baton_text_with_limit(MEMORY_MAX);
    baton_summary_write(&text, summary);
    cr_assert(!text.failed);
    cr_expect_eq(text.data[text.length - 1], '\n');
    struct baton_str copy = { baton_arena_copy(arena, text.data, text.length), text.length };
    baton_text_clear(&text);
    return parsed_json(arena, copy, "summary.json");
}

static bool has(const char *name)
{
    struct baton_figure_ref ref;
    return baton_figure_find(baton_str_of(name), &ref);
}

static struct baton_figure_value figure(const struct baton_summary *summary, const char *name)
{
    struct baton_figure_ref ref;
    cr_assert(baton_figure_find(baton_str_of(name), &ref), "%s", name);
    return baton_figure_value(&ref, summary);
}

/* ---- every figure ---- */

Test(summary, every_figure_is_found_by_its_path_and_stands_in_the_file)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_summary summary = filled();
    const struct baton_json *root = written(arena, &summary);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct baton_figure_ref ref;
        struct baton_figure_value got = figure(&summary, fields[i].path);
        cr_assert(baton_figure_find(baton_str_of(fields[i].path), &ref));
        cr_expect_eq(baton_figure_in_file(&ref, root), value_of(i), "%s out of the file", fields[i].path);
        cr_expect_eq(got.value, value_of(i), "%s: %g", fields[i].path, got.value);
        cr_expect_eq(parsed_number(root, fields[i].path), value_of(i), "%s in the file", fields[i].path);
    }
    baton_arena_free(arena);
}

Test(summary, short_names_mean_the_full_ones)
{
    static const struct row {
        const char *name, *path;
    } rows[] = {
        { "accuracy", "routing.accuracy.value" },
        { "accuracy.ci_low", "routing.accuracy.ci_low" },
        { "accuracy.n", "routing.accuracy.n" },
        { "first_hop", "routing.first_hop.value" },
        { "first_hop.correct", "routing.first_hop.correct" },
        { "route", "routing.route.value" },
        { "route.ci_high", "routing.route.ci_high" },
        { "all_expectations", "routing.all_expectations.value" },
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
    };
    struct baton_summary summary = filled();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_figure_value a = figure(&summary, rows[i].name), b = figure(&summary, rows[i].path);
        cr_expect(a.value == b.value && a.n == b.n, "%s", rows[i].name);
    }
}

Test(summary, the_n_of_a_figure_is_what_it_was_counted_over)
{
    static const struct row {
        const char *name, *n;
    } rows[] = {
        { "accuracy", "accuracy.n" },
        { "accuracy.ci_low", "accuracy.n" },
        { "kappa", "accuracy.n" },
        { "first_hop", "first_hop.n" },
        { "loops", "counts.exchanges" },
        { "loops.conversations", "counts.conversations" },
        { "diverged", "counts.conversations" },
        { "depth.max", "counts.exchanges" },
        { "latency.hop.p95", "latency.hop.n" },
        { "loops.wasted_turns", "counts.turns" },
        { "latency.routing_tax", "latency.exchange.n" },
        { "tokens.output", "tokens.n" },
    };
    struct baton_summary summary = filled();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_figure_value got = figure(&summary, rows[i].name), n = figure(&summary, rows[i].n);
        cr_expect_eq((double)got.n, n.value, "%s", rows[i].name);
    }
}

Test(summary, what_is_no_figure_is_none)
{
    static const char *const names[] = {
        "",         "routing",  "routing.accuracy", "accuracy.",  "accuracy.p95", "counts", "recall",
        "recall[]", "recall[a", "recal[a]",         "suite.name", "verdict",      "edges",  "routing.agents",
        "tokens",   "cost_usd", "repeats",          "Accuracy",   "accuracy "
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        cr_expect(!has(names[i]), "'%s'", names[i]);
    }
}

/* ---- the file ---- */

/* The names of an object's members in order, with spaces between. */
static const char *keys(struct baton_arena *arena, const struct baton_json *object)
{
    const char *told = "";
    for (const struct baton_json *member = object->child; member != NULL; member = member->next) {
        told = baton_arena_printf(arena, "%s%s%.*s", told, told[0] == '\0' ? "" : " ", (int)member->key.length,
                                  member->key.data);
    }
    return told;
}

Test(summary, keys_are_in_the_order_of_the_format)
{
    static const struct row {
        const char *path, *keys;
    } rows[] = {
        { "",
          "baton suite counts routing depth loops latency tokens cost_usd edges coverage repeats baseline gates verdict" },
        { "baton", "version schema" },
        { "suite", "name fingerprint agents_digest conversations_digest provider profile seed repeat shard" },
        { "counts",
          "conversations exchanges turns answered unanswered labelled handoffs invalid_handoffs phantom_handoffs tool_calls "
          "diverged exhausted errors hallucinated_targets exhausted_rate" },
        { "routing",
          "accuracy first_hop route all_expectations majority balanced macro_f1 weighted_f1 kappa mcc over_routing "
          "under_routing misrouting agents confusion clusters facts cost" },
        { "routing.accuracy", "correct n value ci_low ci_high" },
        { "routing.confusion", "labels rows" },
        { "depth", "per_exchange per_conversation mean p95 max optimal detour looped share_4_or_more" },
        { "loops",
          "exchanges conversations self ping_pong cycle revisit_exchanges revisit_conversations wasted_turns saved_turns "
          "detector" },
        { "loops.detector", "tp fp fn tn precision recall" },
        { "latency", "exchange ttft hop conversation routing_tax" },
        { "latency.hop", "n sum min p50 p90 p95 p99 max" },
        { "tokens", "n input output cached cache_write reasoning" },
        { "coverage", "agents edges unused_agents unused_edges" },
    };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_summary summary = filled();
    const struct baton_json *root = written(arena, &summary);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_expect_str_eq(keys(arena, parsed_at(root, rows[i].path)), rows[i].keys, "%s: %s", rows[i].path,
                         keys(arena, parsed_at(root, rows[i].path)));
    }
    cr_expect(parsed_is(root, "suite.shard", "1/3") && parsed_is(root, "suite.profile", "baton"));
    cr_expect(parsed_is(root, "baton.version", BATON_VERSION) && parsed_count(root, "baton.schema") == 1);
    baton_arena_free(arena);
}

Test(summary, what_is_undefined_is_null)
{
    static const char *const nulls[] = { "suite.shard",
                                         "counts.phantom_handoffs",
                                         "routing.accuracy.value",
                                         "routing.kappa",
                                         "depth.mean",
                                         "depth.p95",
                                         "latency.exchange.sum",
                                         "latency.hop.p95",
                                         "latency.routing_tax",
                                         "tokens",
                                         "cost_usd",
                                         "repeats",
                                         "baseline",
                                         "loops.detector.recall",
                                         "coverage.edges" };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_summary summary = { .passed = false };
    const int64_t none = BATON_FIGURE_NONE;
    const double undefined = NAN;
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        char *place = (char *)&summary + fields[i].offset;
        if (fields[i].type == RATIO) {
            memcpy(place, &undefined, sizeof undefined);
        } else if (fields[i].type == TIME ||
                   (fields[i].type == SIGNED && strcmp(fields[i].path, "depth.detour") != 0)) {
            memcpy(place, &none, sizeof none);
        }
    }
    const struct baton_json *root = written(arena, &summary);
    for (size_t i = 0; i < COUNT_OF(nulls); i++) {
        cr_expect(parsed_is_null(root, nulls[i]), "%s", nulls[i]);
        cr_expect(!has(nulls[i]) || isnan(figure(&summary, nulls[i]).value), "%s", nulls[i]);
    }
    cr_expect(parsed_is(root, "verdict", "fail"));
    cr_expect_eq(parsed_count(root, "depth.detour"), 0);
    cr_expect_eq(parsed_at(root, "routing.agents")->count + parsed_at(root, "edges")->count +
                     parsed_at(root, "gates")->count,
                 0u);
    baton_arena_free(arena);
}

Test(summary, numbers_are_exact)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_summary summary = filled();
    summary.counts.turns = UINT64_MAX;
    summary.suite.seed = INT64_MAX;
    summary.depth.detour = INT64_MIN;
    summary.latency.exchange.sum = INT64_C(9007199254740993000);
    summary.latency.exchange.p95 = 1;
    summary.routing.kappa = -0.1234565;
    summary.routing.mcc = 2.0 / 3;
    summary.cost.n = 2;
    summary.cost.total_pico = 5489200000001;
    summary.cost.mean_usd = 2.7446;
    const struct baton_json *root = written(arena, &summary);
    static const struct row {
        const char *path, *want;
    } rows[] = {
        { "counts.turns", "18446744073709551615" }, { "suite.seed", "9223372036854775807" },
        { "depth.detour", "-9223372036854775808" }, { "latency.exchange.sum", "9007199254740.993" },
        { "latency.exchange.p95", "0.000001" },     { "routing.mcc", "0.666667" },
        { "cost_usd.total", "5.489200000001" },     { "cost_usd.mean", "2.744600" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_str text = parsed_at(root, rows[i].path)->text;
        cr_expect(baton_str_is(text, rows[i].want), "%s: %.*s", rows[i].path, (int)text.length, text.data);
    }
    baton_arena_free(arena);
}

/* ---- lists ---- */

Test(summary, lists_are_written_whole)
{
    static const struct baton_agent_score agents[] = {
        { .agent = { "a\"b", 3 },
          .support = 3,
          .predicted = 2,
          .tp = 1,
          .precision = 0.5,
          .recall = 1.0 / 3,
          .f1 = 0.4 },
        { .agent = { "c", 1 }, .support = 0, .predicted = 1, .precision = 0, .recall = NAN, .f1 = 0 },
    };
    static const struct baton_str labels[] = { { "a\"b", 3 }, { "@none", 5 } };
    static const uint64_t cells[] = { 1, 2, 0, 0 };
    static const struct baton_depth_count depths[] = { { 0, 5 }, { 12, 1 } };
    static const struct baton_edge_count edges[] = { { { "a\"b", 3 }, { "c", 1 }, 7 } };
    static const struct baton_gate_result gates[] = {
        { .gate = { "loops == 0", 10 }, .value = 0, .n = 4, .verdict = BATON_GATE_PASS, .why = { "", 0 } },
        { .gate = { "recall[c] >= 1", 14 },
          .value = NAN,
          .n = 0,
          .verdict = BATON_GATE_FAIL,
          .why = { "undefined", 9 } },
    };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_summary summary = filled();
    summary.routing.agents = agents;
    summary.routing.agent_count = 2;
    summary.routing.labels = labels;
    summary.routing.cells = cells;
    summary.routing.label_count = 2;
    summary.depth.per_exchange = depths;
    summary.depth.per_exchange_count = 2;
    summary.edges = summary.coverage.unused_edges = edges;
    summary.edge_count = summary.coverage.unused_edge_count = 1;
    summary.coverage.unused_agents = labels;
    summary.coverage.unused_agent_count = 1;
    summary.gates = gates;
    summary.gate_count = 2;
    const struct baton_json *root = written(arena, &summary);
    static const struct row {
        const char *path, *want;
    } rows[] = {
        { "routing.agents",
          "[{\"agent\":\"a\\\"b\",\"support\":3,\"predicted\":2,\"tp\":1,\"precision\":0.500000,\"recall\":0.333333,\"f1\":0.400000},"
          "{\"agent\":\"c\",\"support\":0,\"predicted\":1,\"tp\":0,\"precision\":0.000000,\"recall\":null,\"f1\":0.000000}]" },
        { "routing.confusion", "{\"labels\":[\"a\\\"b\",\"@none\"],\"rows\":[[1,2],[0,0]]}" },
        { "depth.per_exchange", "{\"0\":5,\"12\":1}" },
        { "depth.per_conversation", "{}" },
        { "edges", "[{\"from\":\"a\\\"b\",\"to\":\"c\",\"count\":7}]" },
        { "coverage.unused_edges", "[{\"from\":\"a\\\"b\",\"to\":\"c\"}]" },
        { "coverage.unused_agents", "[\"a\\\"b\"]" },
        { "gates", "[{\"gate\":\"loops == 0\",\"value\":0.000000,\"n\":4,\"verdict\":\"pass\"},"
                   "{\"gate\":\"recall[c] >= 1\",\"value\":null,\"n\":0,\"verdict\":\"fail\",\"why\":\"undefined\"}]" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_text text = baton_text_with_limit(MEMORY_MAX);
        baton_json_write(&text, parsed_at(root, rows[i].path));
        cr_expect_str_eq(text.data, rows[i].want, "%s: %s", rows[i].path, text.data);
        baton_text_clear(&text);
    }
    baton_arena_free(arena);
}
