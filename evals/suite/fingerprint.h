/* fingerprint.h - what makes a suite the same suite: the ids, questions and labels of its conversations, not what agents said.
 *
 * Hashes are summed, so neither the order of the conversations nor how they were shared out counts.
 *
 * Owns:     nothing.
 */
#ifndef BATON_EVALS_SUITE_FINGERPRINT_H
#define BATON_EVALS_SUITE_FINGERPRINT_H

#include "engine/base/hash.h"
#include "engine/core/conversation.h"

/* Adds a conversation to a fingerprint that began as zero. */
void baton_fingerprint_add(struct baton_hash *fingerprint, const struct baton_conversation *conversation);

/* Adds the fingerprint of other conversations of the suite. */
void baton_fingerprint_merge(struct baton_hash *fingerprint, struct baton_hash other);

#endif
