/* runner.h - plays all conversations of a suite on several threads, in order, in little memory.
 *
 * Workers take chunks of the input in turn; whoever finishes the next chunk in input order writes its results. Results and
 * counts are the same at any number of threads. Only a few chunks are held at a time.
 */
#ifndef BATON_EVALS_PLAY_RUNNER_H
#define BATON_EVALS_PLAY_RUNNER_H

#include "engine/base/hash.h"
#include "evals/play/evaluate.h"
#include "evals/play/failures.h"
#include "evals/play/select.h"
#include "evals/suite/cases.h"
#include "reports/sinks.h"

enum { BATON_THREADS_MAX = 256, BATON_CONVERSATION_BYTES_MAX = 512 * 1024 * 1024 };

/* Where a run stands; for the progress line. */
struct baton_progress {
    uint64_t conversations, correct, labelled, loops;
    uint64_t bytes_read, bytes_all; /* of the input; bytes_all 0: unknown */
};

struct baton_runner_options {
    const struct baton_play *play;
    struct baton_cases *cases;
    uint32_t thread_count;
    struct baton_selection selection;
    struct baton_failures *failures;  /* gets the first judgements that failed; or NULL */
    struct baton_report_sinks *sinks; /* get every conversation; opened and finished by the caller; NULL: none */
    struct baton_str suite;           /* its name, for reports */
    struct baton_text *order;         /* gets what shard_order.h says of this shard; NULL: none */
    const struct baton_json *phantom_patterns; /* see phantom.h; NULL: those that come with baton */
    const struct baton_sprt *stop_early; /* ends the repeats of a conversation when they say enough; NULL: plays all */
    const volatile int *interrupted;     /* set from a signal handler; NULL: never */
    void (*on_progress)(void *user, const struct baton_progress *progress); /* now and then, one thread at a time */
    void *user;
};

struct baton_runner_result {
    struct baton_hash fingerprint;   /* of the ids, questions and labels selected, whatever the shard and order */
    struct baton_hash conversations; /* of the files' bytes */
    uint64_t seen, selected;         /* conversations read; played in this shard */
    uint64_t answers_recorded;       /* of those played: with an assistant message */
    uint64_t misses;                 /* answers that a cassette does not hold */
};

/* Adds to tally. On an error (a bad line, a full disk, an interrupt) what came before it in input order has gone to the
 * sinks, and the tally is of no use. */
BATON_MUST_CHECK enum baton_status baton_runner_run(struct baton_runner_result *out, struct baton_tally *tally,
                                                    const struct baton_runner_options *options,
                                                    struct baton_error *err);

#endif
