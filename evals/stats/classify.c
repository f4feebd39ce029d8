#include "evals/stats/classify.h"

#include <assert.h>
#include <math.h>

__extension__ typedef unsigned __int128 wide; /* a product of two counts */

static double ratio(uint64_t part, uint64_t whole)
{
    return whole == 0 ? NAN : (double)part / (double)whole;
}

static double mean(double sum, size_t count)
{
    return count == 0 ? NAN : sum / (double)count;
}

static double wide_difference(wide a, wide b)
{
    return a >= b ? (double)(a - b) : -(double)(b - a);
}

struct baton_label_score baton_classify_label(const struct baton_confusion *confusion, size_t column)
{
    assert(confusion->columns >= confusion->rows && column < confusion->columns);
    struct baton_label_score score = { 0 };
    for (size_t row = 0; row < confusion->rows; row++) {
        score.predicted += confusion->cells[row * confusion->columns + column];
    }
    if (column < confusion->rows) {
        const uint64_t *row = &confusion->cells[column * confusion->columns];
        for (size_t i = 0; i < confusion->columns; i++) {
            score.support += row[i];
        }
        score.tp = row[column];
    }
    score.precision = ratio(score.tp, score.predicted);
    score.recall = ratio(score.tp, score.support);
    score.f1 = ratio(2 * score.tp, score.support + score.predicted);
    return score;
}

/* What is added up over the labels before any ratio is taken. */
struct totals {
    wide row_column; /* sum of support * predicted */
    wide row_row;
    wide column_column;
    uint64_t support_max;
    size_t supported_count;
    double recall_sum;
    double f1_supported_sum;
    double f1_weighted_sum;
};

static void totals_add(struct totals *totals, const struct baton_label_score *score)
{
    totals->row_column += (wide)score->support * score->predicted;
    totals->row_row += (wide)score->support * score->support;
    totals->column_column += (wide)score->predicted * score->predicted;
    if (score->support > totals->support_max) {
        totals->support_max = score->support;
    }
    if (score->support > 0) {
        totals->supported_count++;
        totals->recall_sum += score->recall;
        totals->f1_supported_sum += score->f1;
        totals->f1_weighted_sum += score->f1 * (double)score->support;
    }
}

/* (N tr - sum rc) / (N^2 - sum rc): kappa with both sides multiplied by N^2, so that 1 - pe is exact. */
static double kappa(const struct totals *totals, uint64_t correct, uint64_t count)
{
    wide square = (wide)count * count;
    if (square == totals->row_column) {
        return NAN;
    }
    return wide_difference((wide)count * correct, totals->row_column) / wide_difference(square, totals->row_column);
}

static double matthews(const struct totals *totals, uint64_t correct, uint64_t count)
{
    wide square = (wide)count * count;
    if (square == totals->row_row || square == totals->column_column) {
        return NAN;
    }
    double covariance = wide_difference((wide)count * correct, totals->row_column);
    double row_variance = wide_difference(square, totals->row_row);
    double column_variance = wide_difference(square, totals->column_column);
    return fmax(-1, fmin(1, covariance / sqrt(row_variance * column_variance)));
}

struct baton_classification baton_classify(const struct baton_confusion *confusion)
{
    struct baton_classification figures = { 0 };
    struct totals totals = { 0 };
    for (size_t column = 0; column < confusion->columns; column++) {
        struct baton_label_score score = baton_classify_label(confusion, column);
        totals_add(&totals, &score);
        assert(score.predicted <= UINT64_MAX / 2 - figures.count);
        figures.count += score.predicted;
        figures.correct += score.tp;
    }
    figures.accuracy = ratio(figures.correct, figures.count);
    figures.majority = ratio(totals.support_max, figures.count);
    figures.balanced_accuracy = mean(totals.recall_sum, totals.supported_count);
    figures.macro_f1_supported = mean(totals.f1_supported_sum, totals.supported_count);
    figures.weighted_f1 = figures.count == 0 ? NAN : totals.f1_weighted_sum / (double)figures.count;
    figures.kappa = kappa(&totals, figures.correct, figures.count);
    figures.mcc = matthews(&totals, figures.correct, figures.count);
    return figures;
}
