#include "evals/stats/calibration.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>

struct baton_calibration baton_calibrate(const struct baton_confident *answers, size_t count, size_t bins)
{
    double confidence[BATON_CALIBRATION_BINS_MAX] = { 0 }, correct[BATON_CALIBRATION_BINS_MAX] = { 0 };
    struct baton_calibration out = { 0 };
    assert(bins > 0 && bins <= BATON_CALIBRATION_BINS_MAX);
    for (size_t i = 0; i < count; i++) {
        double c = answers[i].confidence, y = answers[i].is_correct ? 1 : 0;
        assert(c >= 0 && c <= 1);
        size_t bin = (size_t)(c * (double)bins);
        bin = bin < bins ? bin : bins - 1; /* 1.0 is in the last */
        confidence[bin] += c;
        correct[bin] += y;
        out.mean_confidence += c;
        out.accuracy += y;
        out.brier += (c - y) * (c - y);
    }
    for (size_t i = 0; i < bins; i++) {
        out.ece += fabs(correct[i] - confidence[i]);
    }
    double n = count == 0 ? NAN : (double)count;
    out.mean_confidence /= n;
    out.accuracy /= n;
    out.brier /= n;
    out.ece /= n;
    return out;
}

struct baton_threshold baton_calibration_above(const struct baton_confident *answers, size_t count, double threshold)
{
    uint64_t answered = 0, correct = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_answered = answers[i].confidence >= threshold;
        answered += is_answered;
        correct += is_answered && answers[i].is_correct;
    }
    return (struct baton_threshold){ .coverage = count == 0 ? NAN : (double)answered / (double)count,
                                     .accuracy = answered == 0 ? NAN : (double)correct / (double)answered };
}
