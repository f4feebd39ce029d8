/* pairs.h - pairs the conversations of two results by their ids: which pass in either, and which of their labels do.
 *
 * The baseline's results are read first, then the candidate's; of each conversation only a record of 64 bytes is kept, with
 * the places of its rows, so that those which changed can be read again. Ids are told apart by a 64-bit hash.
 *
 * Owns:     its records and its table, until baton_pairs_clear().
 * Threads:  one at a time.
 */
#ifndef BATON_EVALS_RESULTS_PAIRS_H
#define BATON_EVALS_RESULTS_PAIRS_H

#include "evals/results/rows.h"

enum { BATON_PAIR_AGENTS_MAX = 64, BATON_PAIRS_BASELINE = 0, BATON_PAIRS_CANDIDATE = 1 };

/* A conversation in one of the two. */
struct baton_pair_side {
    uint64_t offset;         /* of its first row */
    uint64_t agents_passed;  /* a bit for each agent whose labels hold in most repeats */
    uint32_t judged, passed; /* repeats with a verdict; those where every label holds */
};

struct baton_pair {
    uint64_t id_hash;
    uint64_t agents_expected; /* a bit for each agent that it expects somewhere as the final one */
    struct baton_pair_side sides[2];
    bool is_labelled, is_in_candidate;
};

struct baton_pairs {
    struct baton_pair *list; /* in the order of the baseline */
    size_t count;
    uint32_t *order; /* those in the candidate, in its order: indices into list */
    size_t order_count;
    struct baton_str agents[BATON_PAIR_AGENTS_MAX]; /* by bit; more than that many are left out */
    uint32_t agent_count;
    struct baton_arena *arena;              /* of the names */
    uint32_t list_capacity, order_capacity; /* private, as are the following */
    size_t slot_count;
    uint32_t *slots;
};

/* Names go into the arena. */
struct baton_pairs baton_pairs_new(struct baton_arena *arena);
void baton_pairs_clear(struct baton_pairs *pairs);

/* Reads all rows of a side. BATON_EBASELINE where the candidate has a conversation that the baseline lacks. */
BATON_MUST_CHECK enum baton_status baton_pairs_read(struct baton_pairs *pairs, int side, struct baton_rows *rows,
                                                    struct baton_error *err);

/* Share of its repeats that passed; judged must not be 0. */
double baton_pair_share(const struct baton_pair_side *side);

/* Whether most of its repeats passed. */
bool baton_pair_passes(const struct baton_pair_side *side);

#endif
