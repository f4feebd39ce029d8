/* shard_order.h - where the conversations of one shard stood among all that were selected: `0 3 1` says that none of other
 * shards came before the first, three between it and the second, one before the third. baton merge finds the input order
 * again with it.
 *
 * Owns:     its text, until baton_shard_order_clear().
 */
#ifndef BATON_EVALS_PLAY_SHARD_ORDER_H
#define BATON_EVALS_PLAY_SHARD_ORDER_H

#include "engine/base/text.h"

/* That of a stretch of the input. Private. */
struct baton_shard_order {
    bool has_own;         /* some conversation of the stretch is of this shard */
    uint64_t first, last; /* of other shards: before the first own one; after the last, or all where none is own */
    struct baton_text between;
};

struct baton_shard_order baton_shard_order_none(void);
void baton_shard_order_reset(struct baton_shard_order *order);
void baton_shard_order_clear(struct baton_shard_order *order);

/* Notes the next selected conversation. */
void baton_shard_order_note(struct baton_shard_order *order, bool is_own);

/* Adds the stretch that comes next. */
void baton_shard_order_merge(struct baton_shard_order *order, const struct baton_shard_order *next);

/* Writes it; nothing where no conversation is of the shard. */
void baton_shard_order_write(struct baton_text *out, const struct baton_shard_order *order);

#endif
