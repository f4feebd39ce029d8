/* classify.h - figures of a confusion matrix: expected labels against observed outcomes.
 *
 * Rows are expected, columns observed. Label i is row i and column i; columns from `rows` on are outcomes that are
 * never expected (@none, @invalid, @exhausted). Counts are added as integers, and products of them with 128 bits, so
 * each figure is rounded only in its last division and no order of adding changes it.
 * What has no value (a ratio without a denominator) is NaN; callers print it as null and n/a.
 *
 * Owns:     nothing; the cells are borrowed for the call.
 * Threads:  any.
 * Errors:   none; all cells together must stay under 2^63, and fewer columns than rows are a mistake: asserted.
 */
#ifndef BATON_EVALS_STATS_CLASSIFY_H
#define BATON_EVALS_STATS_CLASSIFY_H

#include <stddef.h>
#include <stdint.h>

struct baton_confusion {
    const uint64_t *cells; /* row after row: cells[row * columns + column] */
    size_t rows;
    size_t columns;
};

struct baton_label_score {
    uint64_t tp;
    uint64_t support;   /* row sum: tp + fn; 0 for a column that is observed only */
    uint64_t predicted; /* column sum: tp + fp */
    double precision;   /* tp / predicted */
    double recall;      /* tp / support */
    double f1;          /* 2 tp / (support + predicted), so 0 and not NaN where only one of the two is empty */
};

struct baton_classification {
    uint64_t count; /* sum of all cells */
    uint64_t correct;
    double accuracy;           /* correct / count; with one label a case also the micro F1 */
    double majority;           /* largest support / count: what always naming the commonest label would score */
    double balanced_accuracy;  /* mean recall over labels with support */
    double macro_f1_supported; /* mean F1 over labels with support */
    double weighted_f1;        /* mean F1 weighted by support */
    double kappa;              /* Cohen 1960: (acc - pe) / (1 - pe), pe = sum row column / count^2 */
    double mcc;                /* Gorodkin 2004, for many labels; scikit-learn gives 0 where this is NaN */
};

/* The score of one column, which may be an observed-only one. Time: rows + columns. */
struct baton_label_score baton_classify_label(const struct baton_confusion *confusion, size_t column);

/* All figures of the matrix. NaN all over when it is empty; kappa and mcc are NaN also when all cases are of one
 * label or all have one outcome (kappa: only when both are the same one). Time: rows * columns. */
struct baton_classification baton_classify(const struct baton_confusion *confusion);

#endif
