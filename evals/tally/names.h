/* names.h - the texts behind hashes: names of cases and slices, kept once each.
 *
 * Owns:     its copies, until baton_names_clear().
 * Errors:   out of memory sets `failed` of the table, which the owner reads once at the end.
 */
#ifndef BATON_EVALS_TALLY_NAMES_H
#define BATON_EVALS_TALLY_NAMES_H

#include "engine/base/str.h"
#include "evals/tally/table.h"

struct baton_names {
    struct baton_table table;
};

struct baton_names baton_names_of(void);
void baton_names_clear(struct baton_names *names);
void baton_names_merge(struct baton_names *into, const struct baton_names *from);

/* The hash of a text, never 0, under which it is kept from now on. */
uint64_t baton_names_keep(struct baton_names *names, struct baton_str text);

/* The text of a hash, or empty. */
struct baton_str baton_names_find(const struct baton_names *names, uint64_t hash);

/* The i-th of names->table.used, in the order in which they came. */
struct baton_str baton_names_at(const struct baton_names *names, size_t i, uint64_t *hash);

#endif
