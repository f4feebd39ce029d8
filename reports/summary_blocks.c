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

enum {
    BASELINE_ROWS = sizeof baseline_rows / sizeof *baseline_rows,
    REGRESSION_ROWS = sizeof regression_rows / sizeof *regression_rows
};

static const char no_baseline[] = "there is no baseline to compare with; give --baseline, or `baseline:` in the suite";

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

bool baton_summary_block_figure(const struct baton_summary *summary, struct baton_str path,
                                struct baton_figure_value *out)
{
    const struct row *of_baseline = row_find(baseline_rows, BASELINE_ROWS, path);
    const struct row *of_regressions = row_find(regression_rows, REGRESSION_ROWS, path);
    if (of_baseline == NULL && of_regressions == NULL) {
        return false;
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
    i -= REGRESSION_ROWS;
    return i < BASELINE_ROWS ? baseline_rows[i].path : NULL;
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
