#include "evals/stats/classify.h"

#include "engine/base/prng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { LABELS_MAX = 6 };

/* Equal to the six decimals that are printed; NaN equals NaN. */
static bool is_near(double got, double want)
{
    return isnan(want) ? isnan(got) : fabs(got - want) <= 5.1e-7;
}

static bool is_same(double a, double b)
{
    return isnan(a) ? isnan(b) : fabs(a - b) < 1e-12;
}

/* The worked matrix (fixtures/metrics): how large its counts are must not matter. */
static const uint64_t WORKED[] = {
    46, 3,  1,  0, 0, /* billing */
    4,  33, 0,  2, 1, /* tech */
    2,  0,  17, 1, 0, /* sales */
    1,  2,  0,  7, 0, /* @direct */
    0,  0,  0,  0, 0, /* @none */
};

Test(classify, the_detector_of_loops_gets_the_worked_numbers)
{
    static const uint64_t cells[] = { 18, 3, 2, 177 }; /* tp fn, fp tn */
    struct baton_confusion detector = { cells, 2, 2 };
    struct baton_label_score loop = baton_classify_label(&detector, 0);
    struct baton_label_score none = baton_classify_label(&detector, 1);
    cr_expect(is_near(loop.precision, 0.9), "%.9f", loop.precision);
    cr_expect(is_near(loop.recall, 0.857143), "%.9f", loop.recall);
    cr_expect(is_near(loop.f1, 0.878049), "%.9f", loop.f1);
    cr_expect(is_near(1 - none.recall, 0.011173), "false positive rate %.9f", 1 - none.recall);
}

Test(classify, degenerate_matrices_give_nan_where_a_figure_is_undefined)
{
    static const struct row {
        const char *name;
        size_t rows, columns;
        uint64_t cells[6];
        double accuracy, majority, balanced, macro, kappa, mcc;
    } rows[] = {
        { "no labels", 0, 0, { 0 }, NAN, NAN, NAN, NAN, NAN, NAN },
        { "outcomes without labels", 0, 3, { 0 }, NAN, NAN, NAN, NAN, NAN, NAN },
        { "no cases", 2, 2, { 0 }, NAN, NAN, NAN, NAN, NAN, NAN },
        { "one label, all right", 1, 1, { 5 }, 1, 1, 1, 1, NAN, NAN },
        { "one label of two, all right", 2, 2, { 5, 0, 0, 0 }, 1, 1, 1, 1, NAN, NAN },
        { "one label, all wrong", 2, 2, { 0, 5, 0, 0 }, 0, 1, 0, 0, 0, NAN },
        { "one label, half right", 2, 2, { 2, 2, 0, 0 }, 0.5, 1, 0.5, 2 / 3., 0, NAN },
        { "always the same answer", 2, 2, { 3, 0, 1, 0 }, 0.75, 0.75, 0.5, 3 / 7., 0, NAN },
        { "none answered", 2, 3, { 0, 0, 3, 0, 0, 1 }, 0, 0.75, 0, 0, 0, NAN },
        { "all right", 2, 2, { 3, 0, 0, 4 }, 1, 4 / 7., 1, 1, 1, 1 },
        { "all the other way round", 2, 2, { 0, 3, 3, 0 }, 0, 0.5, 0, 0, -1, -1 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_confusion confusion = { rows[i].cells, rows[i].rows, rows[i].columns };
        struct baton_classification got = baton_classify(&confusion);
        cr_expect(is_same(got.accuracy, rows[i].accuracy), "%s: accuracy %g", rows[i].name, got.accuracy);
        cr_expect(is_same(got.majority, rows[i].majority), "%s: majority %g", rows[i].name, got.majority);
        cr_expect(is_same(got.balanced_accuracy, rows[i].balanced), "%s: %g", rows[i].name, got.balanced_accuracy);
        cr_expect(is_same(got.macro_f1_supported, rows[i].macro), "%s: %g", rows[i].name, got.macro_f1_supported);
        cr_expect(is_same(got.kappa, rows[i].kappa), "%s: kappa %g", rows[i].name, got.kappa);
        cr_expect(is_same(got.mcc, rows[i].mcc), "%s: mcc %g", rows[i].name, got.mcc);
    }
}

Test(classify, a_label_neither_expected_nor_observed_is_in_no_mean)
{
    static const uint64_t cells[] = { 3, 1, 0, 0, 2, 0, 0, 0, 0 };
    struct baton_confusion confusion = { cells, 3, 3 };
    struct baton_label_score absent = baton_classify_label(&confusion, 2);
    struct baton_classification got = baton_classify(&confusion);
    cr_expect(isnan(absent.precision) && isnan(absent.recall) && isnan(absent.f1));
    cr_expect(is_same(got.macro_f1_supported, (6 / 7. + 4 / 5.) / 2));
}

static void random_cells(uint64_t *cells, size_t count, struct baton_prng *prng)
{
    for (size_t i = 0; i < count; i++) {
        cells[i] = baton_prng_below(prng, 4) == 0 ? 0 : baton_prng_below(prng, 30);
    }
}

Test(classify, mcc_of_two_labels_is_the_binary_formula)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 21);
    for (int round = 0; round < 20000; round++) {
        uint64_t cells[4];
        random_cells(cells, 4, &prng);
        double tp = (double)cells[0], fn = (double)cells[1], fp = (double)cells[2], tn = (double)cells[3];
        double margins = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn);
        double want = margins > 0 ? (tp * tn - fp * fn) / sqrt(margins) : NAN;
        double got = baton_classify(&(struct baton_confusion){ cells, 2, 2 }).mcc;
        cr_assert(is_same(got, want), "round %d: %.15f for %.15f", round, got, want);
    }
}

/* Correlation of the indicator vectors of all labels, which is what Gorodkin's closed form comes to: each case of the
 * matrix adds its products, so no sum of squares of the closed form takes part. */
static double mcc_by_covariance(const uint64_t *cells, size_t rows, size_t columns)
{
    double total = 0, row_sum[LABELS_MAX] = { 0 }, column_sum[LABELS_MAX] = { 0 };
    for (size_t i = 0; i < rows * columns; i++) {
        total += (double)cells[i];
        row_sum[i / columns] += (double)cells[i];
        column_sum[i % columns] += (double)cells[i];
    }
    double cross = 0, expected = 0, observed = 0;
    for (size_t i = 0; i < rows * columns; i++) {
        for (size_t label = 0; label < columns; label++) {
            double x = (i / columns == label) - row_sum[label] / total;
            double y = (i % columns == label) - column_sum[label] / total;
            cross += (double)cells[i] * x * y;
            expected += (double)cells[i] * x * x;
            observed += (double)cells[i] * y * y;
        }
    }
    return expected > 1e-9 && observed > 1e-9 ? cross / sqrt(expected * observed) : NAN;
}

static double kappa_by_shares(const uint64_t *cells, size_t rows, size_t columns)
{
    double total = 0, agreed = 0, row_sum[LABELS_MAX] = { 0 }, column_sum[LABELS_MAX] = { 0 };
    for (size_t i = 0; i < rows * columns; i++) {
        total += (double)cells[i];
        agreed += i / columns == i % columns ? (double)cells[i] : 0;
        row_sum[i / columns] += (double)cells[i];
        column_sum[i % columns] += (double)cells[i];
    }
    double chance = 0;
    for (size_t label = 0; label < columns; label++) {
        chance += row_sum[label] / total * column_sum[label] / total;
    }
    return chance < 1 - 1e-12 ? (agreed / total - chance) / (1 - chance) : NAN;
}

Test(classify, kappa_and_mcc_agree_with_their_definitions_for_random_matrices)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 22);
    for (int round = 0; round < 20000; round++) {
        uint64_t cells[LABELS_MAX * LABELS_MAX];
        size_t rows = 1 + baton_prng_below(&prng, LABELS_MAX);
        size_t columns = rows + baton_prng_below(&prng, LABELS_MAX - rows + 1);
        random_cells(cells, rows * columns, &prng);
        struct baton_classification got = baton_classify(&(struct baton_confusion){ cells, rows, columns });
        if (got.count > 0) {
            double want = mcc_by_covariance(cells, rows, columns);
            cr_assert(is_same(got.mcc, want), "round %d: mcc %.15f for %.15f", round, got.mcc, want);
            want = kappa_by_shares(cells, rows, columns);
            cr_assert(is_same(got.kappa, want), "round %d: kappa %.15f for %.15f", round, got.kappa, want);
        }
    }
}

Test(classify, figures_do_not_depend_on_the_order_of_labels)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 23);
    for (int round = 0; round < 2000; round++) {
        uint64_t cells[LABELS_MAX * LABELS_MAX];
        uint64_t reversed[LABELS_MAX * LABELS_MAX];
        random_cells(cells, COUNT_OF(cells), &prng);
        for (size_t i = 0; i < COUNT_OF(cells); i++) {
            reversed[COUNT_OF(cells) - 1 - i] = cells[i];
        }
        struct baton_classification a = baton_classify(&(struct baton_confusion){ cells, LABELS_MAX, LABELS_MAX });
        struct baton_classification b = baton_classify(&(struct baton_confusion){ reversed, LABELS_MAX, LABELS_MAX });
        cr_assert(a.accuracy == b.accuracy && a.majority == b.majority && a.kappa == b.kappa && a.mcc == b.mcc);
        cr_assert(is_same(a.weighted_f1, b.weighted_f1) && is_same(a.macro_f1_supported, b.macro_f1_supported));
    }
}

Test(classify, large_counts_lose_no_digit)
{
    static const struct row {
        const char *name;
        uint64_t unit;
    } rows[] = { { "2^32 - 1", UINT32_MAX }, { "2^55", UINT64_C(1) << 55 } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t cells[COUNT_OF(WORKED)];
        for (size_t j = 0; j < COUNT_OF(cells); j++) {
            cells[j] = WORKED[j] * rows[i].unit;
        }
        struct baton_classification large = baton_classify(&(struct baton_confusion){ cells, 5, 5 });
        struct baton_classification small = baton_classify(&(struct baton_confusion){ WORKED, 5, 5 });
        cr_expect_eq(large.count, 120 * rows[i].unit, "%s", rows[i].name);
        cr_expect(is_same(large.kappa, small.kappa), "%s: kappa %.15f", rows[i].name, large.kappa);
        cr_expect(is_same(large.mcc, small.mcc), "%s: mcc %.15f", rows[i].name, large.mcc);
        cr_expect(is_same(large.weighted_f1, small.weighted_f1), "%s", rows[i].name);
    }
    static const uint64_t perfect[] = { UINT64_C(1) << 60, 0, 0, (UINT64_C(1) << 60) + 1 };
    struct baton_classification got = baton_classify(&(struct baton_confusion){ perfect, 2, 2 });
    cr_expect(got.mcc == 1 && got.kappa == 1 && got.accuracy == 1);
}
