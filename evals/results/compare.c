/* compare.c - two results side by side: pairs, their statistics, what changed, and the verdict in a sentence.
 *
 * Results may be larger than memory, so rows are read twice: once for a record of each conversation (pairs.h), from which all
 * counts come, and then only those rows again that changed, for their routes and reasons. A comparison is refused, not made
 * small, where the two are not of the same conversations: a difference of suites is no difference of runs.
 */
#include "evals/results/compare.h"

#include "engine/base/document.h"
#include "evals/results/pairs.h"
#include "evals/stats/intervals.h"
#include "evals/stats/resample.h"
#include "reports/figure_names.h"
#include "reports/result.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    FLIPS = 10000,
    FLIPS_OF_MANY = 1000,
    MANY = 20000,
    ROW_BYTES_MAX = 256 * 1024 * 1024,
    REASON_BYTES_MAX = 4096,
    NAME_BYTES_MAX = 256
};

static const double power = 0.8;

/* A comparison under way. */
struct comparing {
    struct baton_comparison *out;
    const struct baton_compare_options *options;
    struct baton_arena *arena, *row_arena;
    struct baton_pairs pairs;
    struct baton_rows rows[2];
    struct baton_error *err;
};

static enum baton_status no_memory(struct baton_error *err)
{
    return baton_error_set(err, BATON_ENOMEM, "out of memory for comparing");
}

/* ---- the two sides ---- */

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The name with another ending: support.summary.json > support.results.jsonl. */
static const char *sibling(struct baton_arena *arena, const char *path, const char *ending, const char *other)
{
    size_t length = strlen(path) - strlen(ending);
    return baton_arena_printf(arena, "%.*s%s", (int)length, path, other);
}

static bool ends_in(const char *path, const char *ending)
{
    size_t length = strlen(path), wanted = strlen(ending);
    return length >= wanted && strcmp(path + length - wanted, ending) == 0;
}

enum baton_status baton_compare_paths(const char *path, struct baton_arena *arena, const char **summary_path,
                                      const char **rows_path, struct baton_error *err)
{
    *summary_path = *rows_path = path;
    if (is_folder(path)) {
        *summary_path = baton_arena_printf(arena, "%s/summary.json", path);
        *rows_path = baton_arena_printf(arena, "%s/results.jsonl", path);
    } else if (ends_in(path, "summary.json")) {
        *rows_path = sibling(arena, path, "summary.json", "results.jsonl");
    } else if (ends_in(path, "results.jsonl")) {
        *summary_path = sibling(arena, path, "results.jsonl", "summary.json");
    } else {
        return baton_error_set(err, BATON_EUSAGE,
                               "'%s' is no folder of results, and ends neither in summary.json nor in results.jsonl",
                               path);
    }
    return *summary_path == NULL || *rows_path == NULL ? no_memory(err) : BATON_OK;
}

enum baton_status baton_compare_open(struct baton_compare_side *out, struct baton_arena *arena, const char *path,
                                     struct baton_error *err)
{
    const char *summary_path;
    struct baton_source *source = baton_arena_zero(arena, sizeof *source);
    struct stat info;
    *out = (struct baton_compare_side){ .path = path };
    enum baton_status status = source == NULL ? no_memory(err) : BATON_OK;
    status = status == BATON_OK ? baton_compare_paths(path, arena, &summary_path, &out->rows_path, err) : status;
    if (status != BATON_OK) {
        return status;
    }
    const char *const files[] = { summary_path, out->rows_path };
    for (size_t i = 0; i < 2; i++) {
        if (stat(files[i], &info) != 0) {
            return baton_error_set(err, BATON_EINPUT,
                                   "there is no '%s'; a result is compared by its summary.json and the results.jsonl "
                                   "beside it, as 'baton eval --out DIR' leaves them",
                                   files[i]);
        }
    }
    const char *slash = strrchr(path, '/');
    out->name = baton_str_of(slash == NULL || slash[1] == '\0' ? path : slash + 1);
    return baton_document_load(&out->summary, source, arena, summary_path, err);
}

static struct baton_str text_at(const struct baton_json *root, const char *path)
{
    const struct baton_json *node = baton_json_at(root, baton_str_of(path));
    return node != NULL && node->type == BATON_JSON_STRING ? node->text : (struct baton_str){ NULL, 0 };
}

static enum baton_status check_same_suite(const struct comparing *comparing)
{
    const struct baton_compare_side *a = comparing->options->baseline, *b = comparing->options->candidate;
    struct baton_str was = text_at(a->summary, "suite.fingerprint"), now = text_at(b->summary, "suite.fingerprint");
    if (was.data == NULL || now.data == NULL) {
        return baton_error_set(comparing->err, BATON_EINPUT, "'%s' is no summary of baton: it has no suite.fingerprint",
                               was.data == NULL ? a->path : b->path);
    }
    if (!baton_str_equal(was, now)) {
        return baton_error_set(comparing->err, BATON_EBASELINE,
                               "'%s' and '%s' are results of different conversations: ids, questions, labels or the "
                               "selection changed (fingerprints %.8s and %.8s); make the baseline again",
                               a->path, b->path, was.data, now.data);
    }
    if (!comparing->options->is_part &&
        !baton_str_equal(text_at(a->summary, "suite.shard"), text_at(b->summary, "suite.shard"))) {
        return baton_error_set(comparing->err, BATON_EBASELINE,
                               "'%s' and '%s' are not the same part of the suite; merge the shards first", a->path,
                               b->path);
    }
    return BATON_OK;
}

/* ---- pairing ---- */

static enum baton_status read_side(struct comparing *comparing, int side)
{
    const struct baton_compare_side *from =
        side == BATON_PAIRS_BASELINE ? comparing->options->baseline : comparing->options->candidate;
    struct baton_rows *rows = &comparing->rows[side];
    enum baton_status status = from->rows == NULL ? baton_rows_open(rows, from->rows_path, comparing->err)
                                                  : baton_rows_open_file(rows, from->rows, from->path, comparing->err);
    return status == BATON_OK ? baton_pairs_read(&comparing->pairs, side, rows, comparing->err) : status;
}

static enum baton_status check_complete(struct comparing *comparing)
{
    size_t missing = comparing->pairs.count - comparing->pairs.order_count;
    if (missing == 0 || comparing->options->is_part) {
        return BATON_OK;
    }
    return baton_error_set(comparing->err, BATON_EBASELINE,
                           "%zu of the %zu conversations of the baseline are not in '%s'; a run that stopped early "
                           "cannot be compared",
                           missing, comparing->pairs.count, comparing->options->candidate->path);
}

static bool is_case(const struct baton_pair *pair)
{
    return pair->is_in_candidate && pair->sides[0].judged > 0 && pair->sides[1].judged > 0;
}

static void count_pairs(struct comparing *comparing)
{
    struct baton_comparison *out = comparing->out;
    for (size_t i = 0; i < comparing->pairs.count; i++) {
        const struct baton_pair *pair = &comparing->pairs.list[i];
        if (!is_case(pair)) {
            out->unjudged += pair->is_labelled && pair->is_in_candidate;
            continue;
        }
        bool was = baton_pair_passes(&pair->sides[0]), is = baton_pair_passes(&pair->sides[1]);
        out->cases++;
        out->has_repeats = out->has_repeats || pair->sides[0].judged > 1 || pair->sides[1].judged > 1;
        out->both += was && is;
        out->candidate_only += !was && is;
        out->baseline_only += was && !is;
        out->neither += !was && !is;
    }
}

/* ---- statistics ---- */

static struct baton_paired paired(uint64_t both, uint64_t candidate_only, uint64_t baseline_only, uint64_t neither)
{
    return (struct baton_paired){
        .both = both, .candidate_only = candidate_only, .baseline_only = baseline_only, .neither = neither
    };
}

/* The smallest difference to be seen, with as many discordant cases as the two may well have. */
static double detectable(const struct baton_comparison *out)
{
    struct baton_interval discordant = baton_intervals_wilson(
        (struct baton_proportion){ .passed = out->candidate_only + out->baseline_only, .total = out->cases });
    struct baton_power plan = { .discordant = discordant.high, .alpha = out->alpha, .power = power };
    return out->cases == 0 ? NAN : baton_intervals_difference_detectable(&plan, out->cases);
}

static void compare_single(struct baton_comparison *out)
{
    struct baton_paired counts = paired(out->both, out->candidate_only, out->baseline_only, out->neither);
    struct baton_difference difference = baton_intervals_newcombe_paired(&counts);
    struct baton_mcnemar test = baton_intervals_mcnemar(&counts);
    out->difference = difference.value;
    out->ci_low = difference.low;
    out->ci_high = difference.high;
    out->exact_p = out->cases == 0 ? NAN : test.exact;
    out->mid_p = out->cases == 0 ? NAN : test.mid;
    out->flip_p = NAN;
}

/* Differences of the shares of passed repeats, case by case; the interval is that of their mean. */
static enum baton_status compare_repeated(struct comparing *comparing)
{
    struct baton_comparison *out = comparing->out;
    double *differences = baton_system_take((out->cases + 1) * sizeof *differences);
    size_t count = 0;
    double squares = 0;
    if (differences == NULL) {
        return no_memory(comparing->err);
    }
    for (size_t i = 0; i < comparing->pairs.count; i++) {
        const struct baton_pair *pair = &comparing->pairs.list[i];
        if (is_case(pair)) {
            differences[count++] = baton_pair_share(&pair->sides[1]) - baton_pair_share(&pair->sides[0]);
        }
    }
    struct baton_sign_flip_options options = { .seed = comparing->options->flip_seed,
                                               .sample_count = count > MANY ? FLIPS_OF_MANY : FLIPS };
    struct baton_sign_flip flip = baton_resample_sign_flip(differences, count, &options);
    for (size_t i = 0; i < count; i++) {
        squares += (differences[i] - flip.mean) * (differences[i] - flip.mean);
    }
    double half = count < 2 ? NAN : BATON_INTERVALS_Z * sqrt(squares / (double)(count - 1) / (double)count);
    baton_system_give(differences);
    out->difference = flip.mean;
    out->ci_low = fmax(-1, flip.mean - half);
    out->ci_high = fmin(1, flip.mean + half);
    if (isnan(half)) {
        out->ci_low = out->ci_high = NAN;
    }
    out->exact_p = out->mid_p = NAN;
    out->flip_p = flip.p_value;
    return BATON_OK;
}

static enum baton_status compare_agents(struct comparing *comparing)
{
    const struct baton_pairs *pairs = &comparing->pairs;
    struct baton_comparison_agent *agents =
        baton_arena_zero(comparing->arena, (pairs->agent_count + 1) * sizeof *agents);
    double holm[BATON_PAIR_AGENTS_MAX];
    size_t order[BATON_PAIR_AGENTS_MAX];
    if (agents == NULL) {
        return no_memory(comparing->err);
    }
    for (size_t i = 0; i < pairs->count; i++) {
        const struct baton_pair *pair = &pairs->list[i];
        for (uint32_t a = 0; is_case(pair) && a < pairs->agent_count; a++) {
            if ((pair->agents_expected >> a & 1) != 0) {
                bool was = (pair->sides[0].agents_passed >> a & 1) != 0,
                     is = (pair->sides[1].agents_passed >> a & 1) != 0;
                agents[a].both += was && is;
                agents[a].candidate_only += !was && is;
                agents[a].baseline_only += was && !is;
                agents[a].neither += !was && !is;
            }
        }
    }
    for (uint32_t a = 0; a < pairs->agent_count; a++) {
        struct baton_paired counts =
            paired(agents[a].both, agents[a].candidate_only, agents[a].baseline_only, agents[a].neither);
        agents[a].agent = pairs->agents[a];
        agents[a].mid_p =
            agents[a].candidate_only + agents[a].baseline_only == 0 ? NAN : baton_intervals_mcnemar(&counts).mid;
        holm[a] = agents[a].mid_p;
    }
    baton_intervals_holm(holm, order, pairs->agent_count);
    for (uint32_t a = 0; a < pairs->agent_count; a++) {
        agents[a].mid_p_holm = holm[a];
    }
    comparing->out->agents = agents;
    comparing->out->agent_count = pairs->agent_count;
    return BATON_OK;
}

/* ---- the cases that changed ---- */

static struct baton_str keep(struct comparing *comparing, struct baton_text *text)
{
    const char *copy = baton_arena_copy(comparing->arena, text->length == 0 ? "" : text->data, text->length);
    struct baton_str kept = copy == NULL ? (struct baton_str){ NULL, 0 } : (struct baton_str){ copy, text->length };
    baton_text_clear(text);
    return kept;
}

/* `triage > billing | billing`: an exchange each. */
static void write_route(struct baton_text *out, const struct baton_result *result)
{
    for (uint32_t i = 0; i < result->exchange_count; i++) {
        const struct baton_result_exchange *exchange = &result->exchanges[i];
        baton_text_puts(out, i == 0 ? "" : " | ");
        baton_text_append(out, exchange->start.data, exchange->start.length);
        for (uint32_t k = 0; k < exchange->route_count; k++) {
            baton_text_puts(out, " > ");
            baton_text_append(out, exchange->route[k].data, exchange->route[k].length);
        }
        if (!exchange->is_answered) {
            baton_text_printf(out, " (%s)", exchange->status);
        }
    }
}

/* Reads a conversation's rows again, up to the first repeat that failed or passed as wanted: its route, and its reasons. */
static enum baton_status describe(struct comparing *comparing, int side, uint64_t offset, bool wants_failed,
                                  struct baton_comparison_case *one)
{
    struct baton_rows *rows = &comparing->rows[side];
    struct baton_result result;
    struct baton_text route = baton_text_with_limit(REASON_BYTES_MAX), failed = baton_text_with_limit(REASON_BYTES_MAX);
    enum baton_test_outcome wanted = wants_failed ? BATON_TEST_FAILED : BATON_TEST_PASSED;
    enum baton_status status = baton_rows_at(rows, offset, comparing->err);
    for (bool is_found = false; status == BATON_OK && !is_found;) {
        baton_arena_reset(comparing->row_arena);
        status = baton_rows_read(rows, &result, comparing->row_arena, comparing->err);
        is_found = status == BATON_OK && baton_result_outcome(&result) == wanted;
        if (status == BATON_OK && !is_found) {
            status = baton_rows_next(rows, comparing->err);
        }
    }
    if (status == BATON_OK) {
        write_route(&route, &result);
        *(side == BATON_PAIRS_BASELINE ? &one->baseline_route : &one->candidate_route) = keep(comparing, &route);
    }
    if (status == BATON_OK && wants_failed) {
        baton_result_reasons(&failed, &result);
        one->failed = keep(comparing, &failed);
    }
    baton_text_clear(&route);
    baton_text_clear(&failed);
    return status;
}

static enum baton_status read_id(struct comparing *comparing, const struct baton_pair *pair,
                                 struct baton_comparison_case *one)
{
    struct baton_rows *rows = &comparing->rows[BATON_PAIRS_CANDIDATE];
    struct baton_result result;
    baton_arena_reset(comparing->row_arena);
    enum baton_status status = baton_rows_at(rows, pair->sides[BATON_PAIRS_CANDIDATE].offset, comparing->err);
    status = status == BATON_OK ? baton_rows_read(rows, &result, comparing->row_arena, comparing->err) : status;
    if (status != BATON_OK) {
        return status;
    }
    const char *id = baton_arena_copy(comparing->arena, result.id.data, result.id.length);
    *one = (struct baton_comparison_case){ .id = { id, result.id.length },
                                           .baseline = baton_pair_share(&pair->sides[0]),
                                           .candidate = baton_pair_share(&pair->sides[1]) };
    return id == NULL ? no_memory(comparing->err) : BATON_OK;
}

/* All cases that went from `was` to not `was`, in the order of the candidate. */
static enum baton_status list_changed(struct comparing *comparing, bool was, size_t count,
                                      const struct baton_comparison_case **out, size_t *out_count)
{
    struct baton_comparison_case *cases = baton_arena_zero(comparing->arena, (count + 1) * sizeof *cases);
    enum baton_status status = cases == NULL ? no_memory(comparing->err) : BATON_OK;
    *out = cases;
    *out_count = 0;
    for (size_t i = 0; i < comparing->pairs.order_count && status == BATON_OK; i++) {
        const struct baton_pair *pair = &comparing->pairs.list[comparing->pairs.order[i]];
        if (!is_case(pair) || baton_pair_passes(&pair->sides[0]) != was || baton_pair_passes(&pair->sides[1]) == was) {
            continue;
        }
        struct baton_comparison_case *one = &cases[(*out_count)++];
        status = read_id(comparing, pair, one);
        if (status == BATON_OK && *out_count <= BATON_COMPARISON_DETAILS_MAX) {
            status = describe(comparing, BATON_PAIRS_BASELINE, pair->sides[0].offset, !was, one);
            status = status == BATON_OK ? describe(comparing, BATON_PAIRS_CANDIDATE, pair->sides[1].offset, was, one)
                                        : status;
        }
    }
    return status;
}

/* ---- figures ---- */

static const char *name_of(const struct comparing *comparing, const struct baton_figure_ref *ref)
{
    struct baton_text name = baton_text_with_limit(NAME_BYTES_MAX);
    baton_figure_put_name(&name, ref);
    const char *copy = name.failed ? NULL : baton_arena_copy(comparing->arena, name.data, name.length);
    baton_text_clear(&name);
    return copy;
}

static enum baton_status compare_figures(struct comparing *comparing)
{
    size_t count = 0;
    for (struct baton_figure_ref ref = { 0 }; baton_figure_next_compared(&ref); count++) {
    }
    struct baton_comparison_figure *figures = baton_arena_array(comparing->arena, count, sizeof *figures);
    comparing->out->figures = figures;
    for (struct baton_figure_ref ref = { 0 }; figures != NULL && baton_figure_next_compared(&ref);) {
        struct baton_comparison_figure *one = &figures[comparing->out->figure_count++];
        one->name = name_of(comparing, &ref);
        one->baseline = baton_figure_in_file(&ref, comparing->options->baseline->summary);
        one->candidate = baton_figure_in_file(&ref, comparing->options->candidate->summary);
        figures = one->name == NULL ? NULL : figures;
    }
    return figures == NULL ? no_memory(comparing->err) : BATON_OK;
}

/* ---- the verdict ---- */

static enum baton_comparison_verdict verdict_of(const struct baton_comparison *out)
{
    double p = baton_comparison_p(out);
    bool is_same = out->has_repeats ? out->difference == 0 && out->candidate_only + out->baseline_only == 0
                                    : out->candidate_only + out->baseline_only == 0;
    if (isnan(p) || is_same) {
        return BATON_COMPARISON_SAME;
    }
    if (p >= out->alpha) {
        return BATON_COMPARISON_UNCLEAR;
    }
    return out->difference < 0 ? BATON_COMPARISON_WORSE : BATON_COMPARISON_BETTER;
}

/* `mid-p 0.0312`, `mid-p < 0.0001` */
static const char *p_of(const struct comparing *comparing)
{
    const char *name = comparing->out->has_repeats ? "sign-flip p" : "mid-p";
    double p = baton_comparison_p(comparing->out);
    return p < 0.0001 ? baton_arena_printf(comparing->arena, "%s < 0.0001", name)
                      : baton_arena_printf(comparing->arena, "%s %.4f", name, p);
}

static const char *sentence_of(const struct comparing *comparing)
{
    const struct baton_comparison *out = comparing->out;
    const char *p = p_of(comparing);
    unsigned long long cases = out->cases, worse = out->baseline_only, better = out->candidate_only;
    if (p == NULL) {
        return NULL;
    }
    if (out->cases == 0) {
        return "nothing to compare: no conversation has a verdict in both";
    }
    switch (out->verdict) {
    case BATON_COMPARISON_SAME:
        return baton_arena_printf(comparing->arena, "no change: all %llu cases pass and fail as in the baseline",
                                  cases);
    case BATON_COMPARISON_WORSE:
    case BATON_COMPARISON_BETTER:
        return baton_arena_printf(comparing->arena,
                                  "%s than the baseline: %llu newly fail and %llu newly pass of %llu cases (%s)",
                                  out->verdict == BATON_COMPARISON_WORSE ? "worse" : "better", worse, better, cases, p);
    case BATON_COMPARISON_UNCLEAR:
        break;
    }
    return baton_arena_printf(comparing->arena,
                              "not clearly different: %llu newly fail and %llu newly pass of %llu cases, which chance "
                              "may explain (%s)",
                              worse, better, cases, p);
}

static enum baton_status compare_all(struct comparing *comparing)
{
    struct baton_comparison *out = comparing->out;
    enum baton_status status = check_same_suite(comparing);
    status = status == BATON_OK ? read_side(comparing, BATON_PAIRS_BASELINE) : status;
    status = status == BATON_OK ? read_side(comparing, BATON_PAIRS_CANDIDATE) : status;
    status = status == BATON_OK ? check_complete(comparing) : status;
    if (status != BATON_OK) {
        return status;
    }
    count_pairs(comparing);
    compare_single(out);
    status = out->has_repeats ? compare_repeated(comparing) : BATON_OK;
    out->detectable = detectable(out);
    out->verdict = verdict_of(out);
    status = status == BATON_OK ? compare_agents(comparing) : status;
    status = status == BATON_OK ? compare_figures(comparing) : status;
    status = status == BATON_OK
                 ? list_changed(comparing, true, out->baseline_only, &out->newly_failing, &out->newly_failing_count)
                 : status;
    status = status == BATON_OK
                 ? list_changed(comparing, false, out->candidate_only, &out->newly_passing, &out->newly_passing_count)
                 : status;
    const char *sentence = status == BATON_OK ? sentence_of(comparing) : "";
    out->sentence = baton_str_of(sentence == NULL ? "" : sentence);
    return status == BATON_OK && sentence == NULL ? no_memory(comparing->err) : status;
}

enum baton_status baton_compare(struct baton_comparison *out, struct baton_arena *arena,
                                const struct baton_compare_options *options, struct baton_error *err)
{
    struct comparing comparing = { .out = out,
                                   .options = options,
                                   .arena = arena,
                                   .row_arena = baton_arena_new(ROW_BYTES_MAX),
                                   .pairs = baton_pairs_new(arena),
                                   .err = err };
    *out = (struct baton_comparison){ .baseline = options->baseline->name,
                                      .candidate = options->candidate->name,
                                      .alpha = options->alpha };
    enum baton_status status = comparing.row_arena == NULL ? no_memory(err) : compare_all(&comparing);
    baton_rows_close(&comparing.rows[0]);
    baton_rows_close(&comparing.rows[1]);
    baton_pairs_clear(&comparing.pairs);
    baton_arena_free(comparing.row_arena);
    return status;
}
