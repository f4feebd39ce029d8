/* Every formula against fixtures/metrics/vectors.json: inputs and outputs that were worked out apart from this code. A
 * vector that nobody checks fails the test. */
#include "engine/base/prng.h"
#include "engine/core/path.h"
#include "evals/stats/classify.h"
#include "evals/stats/intervals.h"
#include "evals/stats/resample.h"
#include "evals/tally/summarize.h"
#include "evals/tests/parsed.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { MEMORY_MAX = 64 * 1024 * 1024, LIST_MAX = 64 };

/* A vector on the table. `name` is for messages. */
struct vector {
    const struct baton_json *root, *in, *out;
    const char *name;
    struct baton_arena *arena;
};

/* Equal to the six decimals of the file; null is NaN. */
static void expect_near(const struct vector *vector, const char *path, double got)
{
    double want = parsed_number(vector->out, path);
    cr_expect(isnan(want) ? isnan(got) : fabs(got - want) <= 5.1e-7, "%s: %s is %.9f, not %.9f", vector->name, path,
              got, want);
}

static void expect_count(const struct vector *vector, const char *path, int64_t got)
{
    int64_t want = parsed_count(vector->out, path);
    cr_expect_eq(got, want, "%s: %s is %lld, not %lld", vector->name, path, (long long)got, (long long)want);
}

static void expect_truth(const struct vector *vector, const char *path, bool got)
{
    cr_expect_eq(got, parsed_true(vector->out, path), "%s: %s", vector->name, path);
}

static uint64_t natural(const struct vector *vector, const char *path)
{
    return (uint64_t)parsed_count(vector->in, path);
}

/* Numbers for names, in the order in which they occur. */
struct names {
    struct baton_str list[LIST_MAX];
    uint32_t count;
};

static uint32_t number_of(struct names *names, struct baton_str name)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (baton_str_equal(names->list[i], name)) {
            return i;
        }
    }
    cr_assert_lt(names->count, (uint32_t)LIST_MAX);
    names->list[names->count] = name;
    return names->count++;
}

static size_t numbers_of(struct names *names, const struct baton_json *list, uint32_t *out)
{
    size_t count = 0;
    for (const struct baton_json *name = list->child; name != NULL; name = name->next) {
        cr_assert_lt(count, (size_t)LIST_MAX);
        out[count++] = number_of(names, name->text);
    }
    return count;
}

/* ---- 3.1 routes ---- */

static void check_match(const struct vector *vector)
{
    struct names names = { 0 };
    uint32_t observed[LIST_MAX], expected[LIST_MAX];
    size_t observed_count = numbers_of(&names, parsed_at(vector->in, "observed"), observed);
    size_t expected_count = numbers_of(&names, parsed_at(vector->in, "expected"), expected);
    for (unsigned mode = 0; mode <= BATON_ROUTE_MATCH_SUBSET; mode++) {
        bool matches =
            baton_route_matches((enum baton_route_match)mode, observed, observed_count, expected, expected_count);
        expect_truth(vector, baton_route_match_names[mode], matches);
    }
}

/* ---- 3.2 the confusion matrix ---- */

struct matrix {
    size_t count;
    uint64_t cells[LIST_MAX];
};

static struct matrix read_matrix(const struct baton_json *in)
{
    struct matrix matrix = { .count = parsed_at(in, "labels")->count };
    size_t at = 0;
    for (const struct baton_json *row = parsed_at(in, "rows_expected_cols_observed")->child; row != NULL;
         row = row->next) {
        for (const struct baton_json *cell = row->child; cell != NULL; cell = cell->next) {
            matrix.cells[at++] = (uint64_t)parsed_count(cell, "");
        }
    }
    cr_assert_eq(at, matrix.count * matrix.count);
    return matrix;
}

static void check_labels(const struct vector *vector, const struct baton_confusion *confusion)
{
    size_t column = 0;
    for (const struct baton_json *want = parsed_at(vector->out, "per")->child; want != NULL; want = want->next) {
        struct vector label = { .out = want };
        label.name = baton_arena_printf(vector->arena, "%s, %.*s", vector->name, (int)want->key.length, want->key.data);
        struct baton_label_score got = baton_classify_label(confusion, column++);
        expect_count(&label, "tp", (int64_t)got.tp);
        expect_count(&label, "fp", (int64_t)(got.predicted - got.tp));
        expect_count(&label, "fn", (int64_t)(got.support - got.tp));
        expect_count(&label, "support", (int64_t)got.support);
        expect_near(&label, "precision", got.precision);
        expect_near(&label, "recall", got.recall);
        expect_near(&label, "f1", got.f1);
    }
}

static void check_confusion(const struct vector *vector)
{
    struct matrix matrix = read_matrix(vector->in);
    struct baton_confusion confusion = { .cells = matrix.cells, .rows = matrix.count, .columns = matrix.count };
    struct baton_classification got = baton_classify(&confusion);
    check_labels(vector, &confusion);
    expect_count(vector, "n", (int64_t)got.count);
    expect_near(vector, "accuracy", got.accuracy);
    expect_near(vector, "micro_f1", got.accuracy);
    expect_near(vector, "macro_f1_union", got.macro_f1_union);
    expect_near(vector, "macro_f1_supported", got.macro_f1_supported);
    expect_near(vector, "weighted_f1", got.weighted_f1);
    expect_near(vector, "balanced_accuracy", got.balanced_accuracy);
    expect_near(vector, "majority_baseline", got.majority);
    expect_near(vector, "lift_over_majority", got.lift_over_majority);
    expect_near(vector, "kappa", got.kappa);
    expect_near(vector, "mcc", got.mcc);
}

/* One judged exchange of a cell: the label is a number of `agents`, whose last one holds the conversation (@direct). */
static void tally_cell(const struct vector *vector, struct baton_tally *tally, const struct baton_agents *agents,
                       uint32_t label, uint32_t observed)
{
    uint32_t holder = agents->count - 1, path[] = { holder, observed };
    uint32_t final = label == holder ? BATON_DIRECT : label;
    struct baton_expect expect = { .final = &final,
                                   .final_count = 1,
                                   .first = BATON_NONE,
                                   .max_depth = -1,
                                   .max_turns = -1,
                                   .loop = -1,
                                   .status = -1 };
    bool is_none = observed == agents->count;
    struct baton_observation seen = { .agents = agents,
                                      .path = path,
                                      .depth = is_none || observed == holder ? 0 : 1,
                                      .final = is_none ? holder : observed,
                                      .status = is_none ? BATON_RUN_UNANSWERED : BATON_RUN_ANSWERED };
    struct baton_verdict verdict;
    struct baton_result_label row;
    cr_assert_eq(baton_expect_judge(&verdict, &row, &expect, &seen, vector->arena, NULL), BATON_OK);
    baton_tally_verdict(tally, &expect, &verdict, &seen);
}

/* The same cells through judging, counting and the summary: what a run would say of them. */
static void check_routing(const struct vector *vector)
{
    struct matrix matrix = read_matrix(vector->in);
    uint32_t agent_count = (uint32_t)matrix.count - 1; /* all but @none, which is no agent */
    struct baton_agent list[LIST_MAX] = { 0 };
    const struct baton_json *label = parsed_at(vector->in, "labels")->child;
    for (uint32_t i = 0; i < agent_count; i++, label = label->next) {
        list[i].name = label->text;
    }
    struct baton_agents agents = { .list = list, .count = agent_count };
    struct baton_tally tally = { 0 };
    struct baton_summary summary;
    for (size_t cell = 0; cell < matrix.count * matrix.count; cell++) {
        for (uint64_t i = 0; i < matrix.cells[cell]; i++) {
            tally_cell(vector, &tally, &agents, (uint32_t)(cell / matrix.count), (uint32_t)(cell % matrix.count));
        }
    }
    cr_assert_eq(baton_summarize(&summary, vector->arena, &agents, &tally, NULL), BATON_OK);
    expect_count(vector, "n", (int64_t)summary.routing.accuracy.n);
    expect_near(vector, "accuracy", summary.routing.accuracy.value);
    expect_near(vector, "macro_f1_supported", summary.routing.macro_f1);
    expect_near(vector, "kappa", summary.routing.kappa);
    expect_near(vector, "mcc", summary.routing.mcc);
    expect_near(vector, "over_routing", summary.routing.over_routing);
    expect_near(vector, "under_routing", summary.routing.under_routing);
    expect_near(vector, "misroute", summary.routing.misrouting);
    uint64_t direct_right = summary.routing.agents[agent_count - 1].tp;
    expect_near(vector, "correct_given_agent",
                (double)(summary.routing.accuracy.correct - direct_right) / (double)summary.routing.agent_expected);
    baton_tally_clear(&tally);
}

static void check_confusion_and_routing(const struct vector *vector)
{
    check_confusion(vector);
    check_routing(vector);
}

static void check_cost_weighted(const struct vector *vector)
{
    const struct baton_json *in = parsed_at(vector->root, "confusion.in"); /* the matrix that the weights are for */
    struct matrix matrix = read_matrix(in);
    double weights[LIST_MAX] = { 0 };
    size_t used = 0, cell = 0;
    for (const struct baton_json *from = parsed_at(in, "labels")->child; from != NULL; from = from->next) {
        for (const struct baton_json *to = parsed_at(in, "labels")->child; to != NULL; to = to->next, cell++) {
            char key[LIST_MAX];
            snprintf(key, sizeof key, "%.*s>%.*s", (int)from->text.length, from->text.data, (int)to->text.length,
                     to->text.data);
            const struct baton_json *weight = baton_json_get(parsed_at(vector->in, "weights"), key);
            weights[cell] = weight == NULL ? 0 : weight->number;
            used += weight != NULL;
        }
    }
    cr_expect_eq(used, parsed_at(vector->in, "weights")->count);
    struct baton_confusion confusion = { .cells = matrix.cells, .rows = matrix.count, .columns = matrix.count };
    expect_near(vector, "expected_cost_per_conv", baton_classify_cost(&confusion, weights));
}

/* ---- 3.3 depth ---- */

/* The graph of the vectors, as an agents file. */
static struct baton_agents *graph_agents(const struct vector *vector)
{
    struct baton_text text = baton_text_with_limit(MEMORY_MAX);
    const struct baton_json *graph = parsed_at(vector->root, "depth_direct.in.graph"), *root;
    baton_text_puts(&text, "{\"version\":1,\"entry\":\"front_desk\",\"agents\":{");
    for (const struct baton_json *agent = graph->child; agent != NULL; agent = agent->next) {
        baton_text_json_string(&text, agent->key.data, agent->key.length);
        baton_text_puts(&text, ":{\"handoffs\":");
        baton_json_write(&text, agent);
        baton_text_puts(&text, agent->next == NULL ? "}" : "},");
    }
    baton_text_puts(&text, "}}");
    struct baton_str copy = { baton_arena_copy(vector->arena, text.data, text.length), text.length };
    baton_text_clear(&text);
    root = parsed_json(vector->arena, copy, "graph");
    struct baton_source source = { .name = "graph", .text = copy };
    struct baton_agents *agents;
    cr_assert_eq(baton_agents_parse(&agents, vector->arena, &source, root, NULL, NULL), BATON_OK);
    return agents;
}

static void check_depth(const struct vector *vector)
{
    struct baton_agents *agents = graph_agents(vector);
    uint32_t path[LIST_MAX], erased[LIST_MAX];
    size_t count = 0;
    for (const struct baton_json *name = parsed_at(vector->in, "path")->child; name != NULL; name = name->next) {
        path[count++] = baton_agents_find(agents, name->text);
    }
    uint32_t target = baton_agents_find(agents, parsed_text(vector->in, "target"));
    struct baton_path_walk walk = { .path_count = count,
                                    .erased_count = baton_path_erase_loops(erased, path, count),
                                    .optimal = baton_agents_distance(agents, path[0], target),
                                    .is_reached = path[count - 1] == target };
    struct baton_path_split got = baton_path_split(&walk);
    const struct baton_json *want = parsed_at(vector->out, "loop_erased");
    cr_assert_eq(want->count, walk.erased_count, "%s: loop_erased", vector->name);
    for (size_t i = 0; i < walk.erased_count; i++) {
        char index[LIST_MAX];
        snprintf(index, sizeof index, "%zu", i);
        cr_expect(baton_str_equal(parsed_text(want, index), baton_agent_name(agents, erased[i])), "%s: loop_erased",
                  vector->name);
    }
    expect_count(vector, "depth", (int64_t)got.depth);
    expect_count(vector, "optimal", walk.optimal);
    expect_count(vector, "looped_hops", (int64_t)got.looped);
    expect_truth(vector, "reached", walk.is_reached);
    expect_near(vector, "detour_hops", got.has_detour ? (double)got.detour : NAN);
    expect_near(vector, "excess", got.has_detour ? (double)got.detour + (double)got.looped : NAN);
    expect_near(vector, "spl", got.spl);
}

/* ---- 3.4 loops ---- */

/* Walks a path through the detector. */
static void walk(const struct vector *vector, struct baton_loop *loop, const struct baton_loop_options *options,
                 const struct baton_json *progress)
{
    static struct baton_loop_mark of_agent[LIST_MAX];
    static struct baton_loop_marks marks;
    struct names names = { 0 };
    uint32_t path[LIST_MAX];
    size_t count = numbers_of(&names, parsed_at(vector->in, "path"), path);
    const struct baton_json *step = progress == NULL ? NULL : progress->child;
    baton_loop_marks_init(&marks, of_agent, LIST_MAX);
    baton_loop_init(loop, &marks, options);
    for (size_t i = 0; i < count; i++) {
        baton_loop_note(loop, path[i], step == NULL ? 0 : (uint32_t)parsed_count(step, ""));
        step = step == NULL ? NULL : step->next;
    }
}

static void check_cycle(const struct vector *vector)
{
    struct baton_loop loop;
    struct baton_loop_options options = { .repeats = (uint32_t)natural(vector, "min_repeats"),
                                          .max_cycle = (uint32_t)natural(vector, "max_k") };
    walk(vector, &loop, &options, NULL);
    if (vector->out->type == BATON_JSON_NULL) {
        cr_expect_eq(loop.cycle.kind, BATON_LOOP_NONE, "%s", vector->name);
        return;
    }
    cr_expect(parsed_is(vector->out, "kind", baton_loop_kind_name(loop.cycle.kind)), "%s", vector->name);
    expect_count(vector, "k", loop.cycle.k);
    expect_count(vector, "onset", loop.cycle.onset);
    expect_count(vector, "detected_at", loop.cycle.detected);
}

static void check_revisit(const struct vector *vector)
{
    struct baton_loop loop;
    struct baton_loop_options options = { .repeats = BATON_LOOP_REPEATS_DEFAULT,
                                          .max_cycle = BATON_LOOP_CYCLE_DEFAULT };
    walk(vector, &loop, &options, parsed_at(vector->in, "progress"));
    cr_expect(loop.standstill.is_found && loop.is_revisit, "%s", vector->name);
    expect_count(vector, "onset", loop.standstill.onset);
    expect_count(vector, "detected_at", loop.standstill.onset);
    expect_count(vector, "first_visit", loop.standstill.first_visit);
}

static void check_loop_cost(const struct vector *vector)
{
    struct baton_loop_turns turns = { .max_turns = (uint32_t)natural(vector, "max_turns"),
                                      .onset = (uint32_t)natural(vector, "onset_turn"),
                                      .detected = (uint32_t)natural(vector, "detected_turn") };
    struct baton_loop_cost cost = baton_loop_cost(&turns);
    expect_count(vector, "latency_turns", cost.wasted_with);
    expect_count(vector, "wasted_with_detector", cost.wasted_with);
    expect_count(vector, "wasted_without", cost.wasted_without);
    expect_count(vector, "turns_saved", cost.saved);
}

/* ---- 3.6 latency ---- */

/* The calls as the turns of an exchange. What an agent says while it hands over is not for the user. */
static void check_virtual_clock(const struct vector *vector)
{
    struct baton_turn turns[LIST_MAX] = { 0 };
    struct baton_agent list[LIST_MAX] = { { .name = BATON_STR("triage") }, { .name = BATON_STR("billing") } };
    struct baton_agents agents = { .list = list, .count = 2 };
    uint32_t path[] = { 0, 1 }, count = 0;
    for (const struct baton_json *call = parsed_at(vector->in, "calls_ns")->child; call != NULL; call = call->next) {
        bool hands_over = parsed_true(call, "handoff");
        turns[count] =
            (struct baton_turn){ .agent = count,
                                 .handoff_to = hands_over ? count + 1 : BATON_NONE,
                                 .start_ns = (uint64_t)parsed_count(call, "start"),
                                 .end_ns = (uint64_t)parsed_count(call, "end"),
                                 .first_text_ns = hands_over ? BATON_TIME_UNKNOWN : parsed_count(call, "first"),
                                 .is_timed = true };
        count++;
    }
    struct baton_exchange exchange = { .path = path, .depth = 1, .turns = turns, .turn_count = count, .final = 1 };
    struct baton_tally tally = { 0 };
    struct baton_summary summary;
    baton_tally_exchange(&tally, &exchange, 0);
    cr_assert_eq(baton_summarize(&summary, vector->arena, &agents, &tally, NULL), BATON_OK);
    expect_near(vector, "ttft_user_ms", (double)summary.latency.ttft.p50 / 1e6);
    expect_near(vector, "ttft_final_agent_ms", (double)(turns[1].first_text_ns - (int64_t)turns[1].start_ns) / 1e6);
    expect_near(vector, "hop_overhead_ms", (double)summary.latency.hop.sum / 1e6);
    expect_near(vector, "e2e_ms", (double)summary.latency.exchange.p50 / 1e6);
    expect_near(vector, "routing_tax", summary.latency.routing_tax);
    baton_tally_clear(&tally);
}

/* ---- 3.9 statistics ---- */

static void check_wilson(const struct vector *vector)
{
    struct baton_interval got = baton_intervals_wilson(
        (struct baton_proportion){ .passed = natural(vector, "x"), .total = natural(vector, "n") });
    cr_expect_eq(parsed_number(vector->in, "z"), BATON_INTERVALS_Z);
    expect_near(vector, "0", got.low);
    expect_near(vector, "1", got.high);
}

static void check_newcombe(const struct vector *vector)
{
    struct baton_unpaired unpaired = { .candidate = { natural(vector, "x1"), natural(vector, "n1") },
                                       .baseline = { natural(vector, "x2"), natural(vector, "n2") } };
    struct baton_difference got = baton_intervals_newcombe(&unpaired);
    expect_near(vector, "diff", got.value);
    expect_near(vector, "lo", got.low);
    expect_near(vector, "hi", got.high);
}

static void check_newcombe_paired(const struct vector *vector)
{
    struct baton_paired paired = { natural(vector, "both"), natural(vector, "cand_only"), natural(vector, "base_only"),
                                   natural(vector, "neither") };
    struct baton_difference got = baton_intervals_newcombe_paired(&paired);
    expect_near(vector, "diff", got.value);
    expect_near(vector, "phi", got.phi);
    expect_near(vector, "lo", got.low);
    expect_near(vector, "hi", got.high);
}

static void check_mcnemar(const struct vector *vector)
{
    struct baton_paired paired = { .candidate_only = natural(vector, "cand_only"),
                                   .baseline_only = natural(vector, "base_only") };
    struct baton_mcnemar got = baton_intervals_mcnemar(&paired);
    expect_near(vector, "p_exact", got.exact);
    expect_near(vector, "p_mid", got.mid);
}

static size_t doubles_of(const struct baton_json *list, double *out)
{
    size_t count = 0;
    for (const struct baton_json *node = list->child; node != NULL; node = node->next) {
        cr_assert_lt(count, (size_t)LIST_MAX);
        out[count++] = parsed_number(node, "");
    }
    return count;
}

static void check_holm(const struct vector *vector)
{
    double p_values[LIST_MAX];
    size_t order[LIST_MAX], count = doubles_of(parsed_at(vector->in, "p"), p_values);
    baton_intervals_holm(p_values, order, count);
    for (size_t i = 0; i < count; i++) {
        char index[LIST_MAX];
        snprintf(index, sizeof index, "%zu", i);
        expect_near(vector, index, p_values[i]);
    }
}

static void check_n_needed(const struct vector *vector)
{
    struct baton_power plan = { parsed_number(vector->in, "discordant"), parsed_number(vector->in, "alpha"),
                                parsed_number(vector->in, "power") };
    expect_near(vector, "n", baton_intervals_pairs_needed(&plan, parsed_number(vector->in, "delta")));
}

static size_t clusters_of(const struct vector *vector, struct baton_cluster *clusters)
{
    size_t count = 0;
    for (const struct baton_json *list = parsed_at(vector->in, "clusters")->child; list != NULL; list = list->next) {
        cr_assert_lt(count, (size_t)LIST_MAX);
        for (const struct baton_json *value = list->child; value != NULL; value = value->next) {
            baton_resample_cluster_add(&clusters[count], parsed_number(value, ""));
        }
        count++;
    }
    return count;
}

static void check_cluster_se(const struct vector *vector)
{
    struct baton_cluster clusters[LIST_MAX] = { 0 };
    struct baton_cluster_error got = baton_resample_cluster_error(clusters, clusters_of(vector, clusters));
    expect_count(vector, "n", (int64_t)got.count);
    expect_near(vector, "mean", got.mean);
    expect_near(vector, "se_iid", got.se_iid);
    expect_near(vector, "se_cluster", got.se_cluster);
    expect_near(vector, "se_cluster_cr1", got.se_cluster_cr1);
    expect_near(vector, "design_effect", got.design_effect);
}

static struct baton_bootstrap_options bootstrap_options(const struct vector *vector)
{
    struct baton_bootstrap_options options = { .seed = natural(vector, "seed"),
                                               .replicate_count = natural(vector, "B") };
    options.replicates = baton_arena_array(vector->arena, options.replicate_count, sizeof *options.replicates);
    options.draws = baton_arena_array(vector->arena, LIST_MAX, sizeof *options.draws);
    cr_assert(options.replicates != NULL && options.draws != NULL);
    return options;
}

static void check_cluster_bootstrap(const struct vector *vector)
{
    struct baton_cluster clusters[LIST_MAX] = { 0 };
    struct baton_bootstrap_options options = bootstrap_options(vector);
    struct baton_bootstrap got = baton_resample_bootstrap_clusters(clusters, clusters_of(vector, clusters), &options);
    expect_near(vector, "mean", got.mean);
    expect_near(vector, "se", got.se);
    expect_near(vector, "lo", got.low);
    expect_near(vector, "hi", got.high);
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void check_bootstrap_p95(const struct vector *vector)
{
    double values[LIST_MAX];
    size_t count = doubles_of(parsed_at(vector->in, "ms"), values);
    qsort(values, count, sizeof *values, by_size);
    struct baton_bootstrap_options options = bootstrap_options(vector);
    struct baton_bootstrap got = baton_resample_bootstrap_percentile(values, count, 950, &options);
    expect_near(vector, "0", got.low);
    expect_near(vector, "1", got.high);
}

static void check_splitmix64(const struct vector *vector)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, natural(vector, "seed"));
    for (const struct baton_json *want = parsed_at(vector->out, "first4")->child; want != NULL; want = want->next) {
        cr_expect_eq(baton_prng_next(&prng), strtoull(want->text.data, NULL, 16), "%s", vector->name);
    }
    baton_prng_seed(&prng, natural(vector, "seed"));
    for (const struct baton_json *want = parsed_at(vector->out, "below10")->child; want != NULL; want = want->next) {
        cr_expect_eq(baton_prng_below(&prng, 10), (uint64_t)parsed_count(want, ""), "%s", vector->name);
    }
}

/* `plugin_pow` stands in the file as the biased figure that ours is not. */
static void check_pass_k(const struct vector *vector)
{
    static const uint32_t ks[] = { 1, 2, 4, 8 };
    const struct baton_json *tasks = parsed_at(vector->in, "tasks_n_c");
    for (size_t i = 0; i < COUNT_OF(ks); i++) {
        double hat = 0, at = 0;
        char path[LIST_MAX];
        for (const struct baton_json *task = tasks->child; task != NULL; task = task->next) {
            struct baton_trials trials = { .count = (uint32_t)parsed_count(task, "0"),
                                           .passed = (uint32_t)parsed_count(task, "1") };
            hat += baton_resample_pass_hat(trials, ks[i]) / tasks->count;
            at += baton_resample_pass_at(trials, ks[i]) / tasks->count;
        }
        snprintf(path, sizeof path, "k%u.pass_hat", ks[i]);
        expect_near(vector, path, hat);
        snprintf(path, sizeof path, "k%u.pass_at", ks[i]);
        expect_near(vector, path, at);
    }
}

static void check_flakiness(const struct vector *vector)
{
    struct baton_str trials = parsed_text(vector->in, "trials");
    bool outcomes[LIST_MAX];
    for (size_t i = 0; i < trials.length; i++) {
        outcomes[i] = trials.data[i] == 'P';
    }
    struct baton_flakiness got = baton_resample_flakiness(outcomes, (uint32_t)trials.length);
    expect_near(vector, "pass_rate", got.pass_rate);
    expect_near(vector, "flip_rate", got.flip_rate);
    expect_near(vector, "entropy_bits", got.entropy_bits);
    expect_truth(vector, "flaky", got.is_flaky);
    expect_near(vector, "p_all_green_10_cases", baton_resample_all_green(0.95, 10));
    expect_near(vector, "p_any_red_100_cases_5pct", 1 - baton_resample_all_green(0.95, 100));
}

static void check_sprt(const struct vector *vector)
{
    struct baton_sprt_plan plan = { parsed_number(vector->in, "p0"), parsed_number(vector->in, "p1"),
                                    parsed_number(vector->in, "alpha"), parsed_number(vector->in, "beta") };
    struct baton_sprt got;
    cr_assert(baton_resample_sprt_init(&got, &plan));
    expect_near(vector, "log_accept_h1", got.reject); /* h1: as bad as p1 */
    expect_near(vector, "log_accept_h0", got.accept);
    expect_near(vector, "step_pass", got.step_pass);
    expect_near(vector, "step_fail", got.step_fail);
    expect_count(vector, "all_pass_trials_to_accept", (int64_t)got.passes_to_accept);
    expect_count(vector, "all_fail_trials_to_reject", (int64_t)got.failures_to_reject);
}

/* ---- all of them ---- */

static const struct checker {
    const char *name; /* ends in _: all vectors that begin so */
    void (*check)(const struct vector *vector);
} checkers[] = {
    { "match_", check_match },
    { "confusion", check_confusion_and_routing },
    { "cost_weighted", check_cost_weighted },
    { "depth_", check_depth },
    { "cycle_", check_cycle },
    { "revisit_pp", check_revisit },
    { "loop_cost", check_loop_cost },
    { "virtual_clock", check_virtual_clock },
    { "wilson_", check_wilson },
    { "newcombe_paired_", check_newcombe_paired },
    { "newcombe_", check_newcombe },
    { "mcnemar_", check_mcnemar },
    { "holm", check_holm },
    { "n_needed", check_n_needed },
    { "cluster_se", check_cluster_se },
    { "cluster_bootstrap", check_cluster_bootstrap },
    { "bootstrap_p95_latency", check_bootstrap_p95 },
    { "splitmix64_seed42", check_splitmix64 },
    { "pass_k", check_pass_k },
    { "flakiness", check_flakiness },
    { "sprt", check_sprt },
};

/* Those that test_vectors_more.c checks. */
static const char *const elsewhere[] = { "context_retention", "calibration" };

static bool is_named(struct baton_str name, const char *pattern)
{
    size_t length = strlen(pattern);
    bool is_prefix = pattern[length - 1] == '_';
    return is_prefix ? name.length > length && memcmp(name.data, pattern, length) == 0 : baton_str_is(name, pattern);
}

static const struct checker *find_checker(struct baton_str name)
{
    for (size_t i = 0; i < COUNT_OF(checkers); i++) {
        if (is_named(name, checkers[i].name)) {
            return &checkers[i];
        }
    }
    return NULL;
}

static bool is_elsewhere(struct baton_str name)
{
    bool found = false;
    for (size_t i = 0; i < COUNT_OF(elsewhere); i++) {
        found = found || baton_str_is(name, elsewhere[i]);
    }
    return found;
}

Test(vectors, every_vector_holds_and_none_is_left_out)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    const struct baton_json *root = parsed_file(arena, "fixtures/metrics/vectors.json");
    cr_assert_gt(root->count, 30u);
    for (const struct baton_json *node = root->child; node != NULL; node = node->next) {
        struct vector vector = {
            .root = root, .in = parsed_at(node, "in"), .out = parsed_at(node, "out"), .arena = arena
        };
        vector.name = baton_arena_copy(arena, node->key.data, node->key.length);
        const struct checker *checker = find_checker(node->key);
        cr_expect(checker != NULL || is_elsewhere(node->key), "%s is checked by nobody", vector.name);
        if (checker != NULL) {
            checker->check(&vector);
        }
    }
    baton_arena_free(arena);
}

Test(vectors, each_check_has_a_vector)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    const struct baton_json *root = parsed_file(arena, "fixtures/metrics/vectors.json");
    for (size_t i = 0; i < COUNT_OF(checkers); i++) {
        const char *name = checkers[i].name;
        bool found = false;
        for (const struct baton_json *node = root->child; node != NULL; node = node->next) {
            found = found || is_named(node->key, name);
        }
        cr_expect(found, "no vector for %s", name);
    }
    baton_arena_free(arena);
}
