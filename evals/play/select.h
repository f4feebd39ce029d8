/* select.h - which conversations of a suite are played: those whose id matches, with a tag, that failed before, of one shard.
 *
 * Owns:     a selector owns its compiled pattern, until baton_selector_clear().
 * Threads:  a selection is shared; a selector belongs to one thread.
 */
#ifndef BATON_EVALS_PLAY_SELECT_H
#define BATON_EVALS_PLAY_SELECT_H

#include "engine/base/pattern.h"
#include "engine/core/conversation.h"

enum { BATON_SHARDS_MAX = 100000 };

struct baton_counter;

/* What is asked for; zeroed: all. */
struct baton_selection {
    struct baton_str filter;           /* PCRE2 on the id; data NULL: all */
    struct baton_str tag;              /* data NULL: all */
    const struct baton_counter *only;  /* keys of failed_ids.h; NULL: all */
    uint32_t shard_index, shard_count; /* those with hash(id) % count == index; count 0 or 1: all */
};

/* Reads `I/N`, counted from 1, into the shard; NULL: all. BATON_EUSAGE. */
BATON_MUST_CHECK enum baton_status baton_selection_read_shard(struct baton_selection *selection, const char *text,
                                                              struct baton_error *err);

struct baton_selector {
    const struct baton_selection *selection;
    struct baton_pattern *filter;
};

/* The caller clears it, also on errors. BATON_EUSAGE for a filter that does not compile. */
BATON_MUST_CHECK enum baton_status baton_selector_init(struct baton_selector *selector,
                                                       const struct baton_selection *selection,
                                                       struct baton_error *err);
void baton_selector_clear(struct baton_selector *selector);

/* Whether the conversation is selected, in whatever shard. BATON_EUSAGE for a filter that takes too many steps. */
BATON_MUST_CHECK enum baton_status baton_selector_takes(const struct baton_selector *selector,
                                                        const struct baton_conversation *conversation, bool *out,
                                                        struct baton_error *err);

/* Whether an id is of the selection's shard. */
bool baton_selection_has(const struct baton_selection *selection, struct baton_str id);

#endif
