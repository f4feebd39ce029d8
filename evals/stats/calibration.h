/* calibration.h - whether a confidence means what it says (METRICS 3.8). A confidence is never shown as accuracy.
 *
 * Owns:     nothing; pure functions over numbers.
 * Errors:   none; a confidence outside [0, 1] is a mistake of the caller and asserted. NaN where there are no answers.
 */
#ifndef BATON_EVALS_STATS_CALIBRATION_H
#define BATON_EVALS_STATS_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

enum { BATON_CALIBRATION_BINS_MAX = 100 };

struct baton_confident {
    double confidence; /* in [0, 1] */
    bool is_correct;
};

struct baton_calibration {
    double mean_confidence, accuracy;
    double brier; /* mean (confidence - correct)^2 (Brier 1950) */
    double ece;   /* sum over bins of |share| |accuracy - confidence|, equal bins (Naeini 2015) */
};

/* bins: 1 to BATON_CALIBRATION_BINS_MAX; 10 is usual. */
struct baton_calibration baton_calibrate(const struct baton_confident *answers, size_t count, size_t bins);

struct baton_threshold {
    double coverage, accuracy; /* share that is answered; of those, how many rightly (NaN: none is) */
};

/* Answering only where the confidence is not below a threshold. */
struct baton_threshold baton_calibration_above(const struct baton_confident *answers, size_t count, double threshold);

#endif
