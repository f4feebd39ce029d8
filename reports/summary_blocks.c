#include "reports/summary_blocks.h"

#include "reports/comparison.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum row_type { ROW_COUNT, ROW_RATIO };

struct row {
    const char *path; /* block, dot, key */
    enum row_type type;
    size_t offset;
};

#define BASELINE(type, name, field)                                            \
    {                                                                          \
        "baseline." name, ROW_##type, offsetof(struct baton_comparison, field) \
    }

static const struct row baseline_rows[] = {
    BASELINE(COUNT, "cases", cases),
    BASELINE(COUNT, "unjudged", unjudged),
    BASELINE(COUNT, "newly_failing", baseline_only),
    BASELINE(COUNT, "newly_passing", candidate_only),
    BASELINE(COUNT, "both", both),
    BASELINE(COUNT, "neither", neither),
    BASELINE(RATIO, "difference", difference),
    BASELINE(RATIO, "ci_low", ci_low),
    BASELINE(RATIO, "ci_high", ci_high),
    BASELINE(RATIO, "mid_p", mid_p),
    BASELINE(RATIO, "exact_p", exact_p),
    BASELINE(RATIO, "flip_p", flip_p),
    BASELINE(RATIO, "detectable", detectable),
};

/* Figures of getting worse: a p-value is 1 where the candidate is not, so that an improvement fails no gate. */
static const struct row regression_rows[] = {
    { "regressions", ROW_COUNT, offsetof(struct baton_comparison, baseline_only) },
    { "regressions.mid_p", ROW_RATIO, offsetof(struct baton_comparison, mid_p) },
    { "regressions.exact_p", ROW_RATIO, offsetof(struct baton_comparison, exact_p) },
    { "regressions.flip_p", ROW_RATIO, offsetof(struct baton_comparison, flip_p) },
    { "regressions.p", ROW_RATIO, SIZE_MAX }, /* the one that decides */
};

static const struct row repeat_rows[] = {
    { "repeats.n", ROW_COUNT, offsetof(struct baton_summary, repeats.n) },
    { "repeats.cases", ROW_COUNT, offsetof(struct baton_summary, repeats.cases) },
    { "repeats.always", ROW_COUNT, offsetof(struct baton_summary, repeats.always) },
    { "repeats.never", ROW_COUNT, offsetof(struct baton_summary, repeats.never) },
    { "repeats.flaky", ROW_COUNT, offsetof(struct baton_summary, repeats.flaky) },
};

enum {
    REPEAT_ROWS = sizeof repeat_rows / sizeof *repeat_rows,
    BASELINE_ROWS = sizeof baseline_rows / sizeof *baseline_rows,
    REGRESSION_ROWS = sizeof regression_rows / sizeof *regression_rows
};

static const char no_baseline[] = "there is no baseline to compare with; give --baseline, or `baseline:` in the suite";

static const char no_repeats[] = "there are no repeats; give --repeat N, or `repeat:` in the suite";
static const char no_such_k[] = "it is known for 1, 2, 4, 8, ... up to the number of repeats, and for that";

static double row_value(const struct row *row, const void *block)
{
    const char *place = (const char *)block + row->offset;
    uint64_t count;
    double ratio;
    if (row->type == ROW_COUNT) {
        memcpy(&count, place, sizeof count);
        return (double)count;
    }
    memcpy(&ratio, place, sizeof ratio);
    return ratio;
}

static double regression_value(const struct row *row, const struct baton_comparison *comparison)
{
    double value = row->offset == SIZE_MAX ? baton_comparison_p(comparison) : row_value(row, comparison);
    return row->type == ROW_RATIO && !isnan(value) && !(comparison->difference < 0) ? 1 : value;
}

static const struct row *row_find(const struct row *rows, size_t count, struct baton_str path)
{
    for (size_t i = 0; i < count; i++) {
        if (baton_str_is(path, rows[i].path)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* pass_at[K] and pass_hat[K] */
static bool pass_figure(const struct baton_summary *summary, struct baton_str path, struct baton_figure_value *out)
{
    static const struct {
        struct baton_str head;
        size_t offset;
    } kinds[] = {
        { BATON_STR_INIT("pass_at["), offsetof(struct baton_pass_figures, pass_at) },
        { BATON_STR_INIT("pass_hat["), offsetof(struct baton_pass_figures, pass_hat) },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t length = kinds[i].head.length;
        uint64_t k = 0;
        if (path.length < length + 2 || memcmp(path.data, kinds[i].head.data, length) != 0 ||
            path.data[path.length - 1] != ']' || path.length > length + 8) {
            continue;
        }
        for (size_t at = length; at + 1 < path.length; at++) {
            if (path.data[at] < '0' || path.data[at] > '9') {
                return false;
            }
            k = k * 10 + (uint64_t)(path.data[at] - '0');
        }
        *out = (struct baton_figure_value){ .value = NAN, .why = summary->repeats.n < 2 ? no_repeats : no_such_k };
        for (size_t p = 0; p < summary->repeats.pass_count; p++) {
            const struct baton_pass_figures *pass = &summary->repeats.passes[p];
            if (pass->k == k) {
                *out = (struct baton_figure_value){ .n = pass->cases };
                memcpy(&out->value, (const char *)pass + kinds[i].offset, sizeof out->value);
            }
        }
        return true;
    }
    return false;
}

static bool repeat_figure(const struct baton_summary *summary, struct baton_str path, struct baton_figure_value *out)
{
    const struct row *row =
        row_find(repeat_rows, REPEAT_ROWS, baton_str_is(path, "flaky") ? BATON_STR("repeats.flaky") : path);
    if (row == NULL) {
        return pass_figure(summary, path, out);
    }
    *out = (struct baton_figure_value){ .value = NAN, .why = no_repeats };
    if (summary->repeats.n > 1) {
        *out = (struct baton_figure_value){ .value = row_value(row, summary), .n = summary->repeats.cases };
    }
    return true;
}

bool baton_summary_block_figure(const struct baton_summary *summary, struct baton_str path,
                                struct baton_figure_value *out)
{
    const struct row *of_baseline = row_find(baseline_rows, BASELINE_ROWS, path);
    const struct row *of_regressions = row_find(regression_rows, REGRESSION_ROWS, path);
    if (of_baseline == NULL && of_regressions == NULL) {
        return repeat_figure(summary, path, out);
    }
    *out = (struct baton_figure_value){ .value = NAN, .why = no_baseline };
    if (summary->baseline != NULL) {
        *out = (struct baton_figure_value){ .value = of_baseline != NULL
                                                         ? row_value(of_baseline, summary->baseline)
                                                         : regression_value(of_regressions, summary->baseline),
                                            .n = summary->baseline->cases };
    }
    return true;
}

const char *baton_summary_block_name(size_t i)
{
    if (i < REGRESSION_ROWS) {
        return regression_rows[i].path;
    }
    static const char *const more[] = { "flaky", "pass_at[8]", "pass_hat[8]" };
    i -= REGRESSION_ROWS;
    if (i < BASELINE_ROWS) {
        return baseline_rows[i].path;
    }
    i -= BASELINE_ROWS;
    if (i < REPEAT_ROWS) {
        return repeat_rows[i].path;
    }
    i -= REPEAT_ROWS;
    return i < sizeof more / sizeof *more ? more[i] : NULL;
}

static void put_rows(struct baton_json_writer *writer, const struct row *rows, size_t count, const void *block)
{
    for (size_t i = 0; i < count; i++) {
        baton_jw_key(writer, strchr(rows[i].path, '.') + 1);
        if (rows[i].type == ROW_COUNT) {
            baton_jw_u64(writer, (uint64_t)row_value(&rows[i], block));
        } else {
            baton_jw_ratio(writer, row_value(&rows[i], block));
        }
    }
}

static void put_ratio(struct baton_json_writer *writer, const char *key, double value)
{
    baton_jw_key(writer, key);
    baton_jw_ratio(writer, value);
}

static void put_count(struct baton_json_writer *writer, const char *key, uint64_t value)
{
    baton_jw_key(writer, key);
    baton_jw_u64(writer, value);
}

static void put_passes(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    baton_jw_key(writer, "passes");
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < summary->repeats.pass_count; i++) {
        const struct baton_pass_figures *pass = &summary->repeats.passes[i];
        baton_jw_open(writer, '{');
        put_count(writer, "k", pass->k);
        put_count(writer, "cases", pass->cases);
        put_ratio(writer, "pass_at", pass->pass_at);
        put_ratio(writer, "pass_hat", pass->pass_hat);
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

static void put_flakiest(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    baton_jw_key(writer, "flakiest");
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < summary->repeats.flakiest_count; i++) {
        const struct baton_flaky_case *one = &summary->repeats.flakiest[i];
        baton_jw_open(writer, '{');
        baton_jw_key(writer, "id");
        baton_jw_str(writer, one->id);
        put_count(writer, "n", one->n);
        put_count(writer, "passed", one->passed);
        put_ratio(writer, "rate", one->rate);
        put_ratio(writer, "flip_rate", one->flip_rate);
        put_ratio(writer, "entropy", one->entropy);
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

void baton_summary_write_repeats(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    if (summary->repeats.n < 2) {
        baton_jw_null(writer);
        return;
    }
    baton_jw_open(writer, '{');
    put_rows(writer, repeat_rows, REPEAT_ROWS, summary);
    put_passes(writer, summary);
    put_flakiest(writer, summary);
    baton_jw_close(writer, '}');
}

void baton_summary_write_baseline(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    const struct baton_comparison *comparison = summary->baseline;
    if (comparison == NULL) {
        baton_jw_null(writer);
        return;
    }
    baton_jw_open(writer, '{');
    baton_jw_key(writer, "name");
    baton_jw_str(writer, comparison->baseline);
    put_rows(writer, baseline_rows, BASELINE_ROWS, comparison);
    baton_jw_key(writer, "verdict");
    baton_jw_string(writer, baton_comparison_verdict_name(comparison->verdict));
    baton_jw_close(writer, '}');
}
