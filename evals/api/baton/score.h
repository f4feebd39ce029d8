/* score.h - judges conversations against what they expect, and makes figures of the judgements: what `baton eval` does.
 *
 *     struct baton_scores *scores = baton_scores_new(agents, "nightly", &error);
 *     baton_scores_add_run(scores, run, labels, &judgement, &error);
 *     baton_scores_figure(scores, "routing.accuracy.value", &figure, &error);
 *     baton_scores_gate(scores, "accuracy >= 0.95", &gate, &error);
 *
 * What is expected (`expect`), the figures and the gates are those of the README.
 *
 * Owns:     scores own their counts, until baton_scores_free(); agents must outlive them. Texts that are given out live until
 *           the next call with the same scores.
 * Threads:  one at a time. A thread each, and baton_scores_merge() at the end, gives the figures of one that saw it all.
 * Errors:   a conversation that could not be read or judged is not counted.
 * Limits:   those of a conversation line: 16 MiB.
 */
#ifndef BATON_API_SCORE_H
#define BATON_API_SCORE_H

#include <baton/run.h>

#ifdef __cplusplus
extern "C" {
#endif

struct baton_scores;

/* `name` stands in the summary; NULL: "baton". NULL on an error. */
BATON_API struct baton_scores *baton_scores_new(const struct baton_agents *agents, const char *name,
                                                struct baton_error_info *error);
/* NULL is allowed. */
BATON_API void baton_scores_free(struct baton_scores *scores);

struct baton_judgement {
    const char *outcome; /* passed; failed; error: the provider failed; skipped: it has no label */
    const char *reasons; /* `final: expected billing, got tech; ...`, or "" */
    const char *line;    /* of results.jsonl, without its line break */
};

/* Replays and judges a recorded conversation, one object in the form of the README's "Conversations". `judgement` may be
 * NULL. */
BATON_API int baton_scores_add_recording(struct baton_scores *scores, const char *conversation,
                                         struct baton_judgement *judgement, struct baton_error_info *error);

/* Judges a run as it went. `labels` is a conversation in the same form with the user messages that the run was told, in
 * order, each with its `expect`; other messages in it are passed over. BATON_ERROR_USAGE where they are not the run's. The run
 * must have the agents of the scores. */
BATON_API int baton_scores_add_run(struct baton_scores *scores, const struct baton_run *run, const char *labels,
                                   struct baton_judgement *judgement, struct baton_error_info *error);

/* Adds the counts of `from`, which stays as it is. The two must have the same agents. */
BATON_API int baton_scores_merge(struct baton_scores *scores, const struct baton_scores *from,
                                 struct baton_error_info *error);

/* What summary.json would hold, or NULL on an error. `suite.provider` is "transcript" for recordings, "run" for runs, "mixed" for
 * both; the digest of conversation files, which there are none of, is empty. */
BATON_API const char *baton_scores_summary(struct baton_scores *scores, struct baton_error_info *error);

struct baton_score { /* a figure */
    double value;    /* NaN: undefined, as a ratio over nothing */
    uint64_t n;      /* what it is counted over; 0 where that means nothing */
    const char *why; /* it is undefined, or "" */
};

/* A figure by its path in summary.json, or its short name: `accuracy`, `recall[billing]`, `latency.exchange.p95`.
 * BATON_ERROR_USAGE for an unknown one, with the nearest. */
BATON_API int baton_scores_figure(struct baton_scores *scores, const char *path, struct baton_score *figure,
                                  struct baton_error_info *error);

struct baton_gate_check {
    const char *verdict; /* pass, fail, or skip: its `if n >= K` does not hold */
    double value;        /* of its figure; NaN: undefined, which fails */
    uint64_t n;
    const char *why; /* of a fail on an undefined figure, or a skip; or "" */
};

/* Checks a gate: `FIGURE OP NUMBER [if n >= K]`. `check` may be NULL. Returns 0 also for one that does not hold. */
BATON_API int baton_scores_gate(struct baton_scores *scores, const char *gate, struct baton_gate_check *check,
                                struct baton_error_info *error);

#ifdef __cplusplus
}
#endif

#endif
