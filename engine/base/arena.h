/* arena.h - memory with one owner: taken piece by piece, given back whole.
 *
 * There are three lifetimes: process, conversation, call. A conversation's arena is reset at its end and used again; a
 * call takes a mark and rolls back to it. A pointer never goes from a longer life to a shorter one.
 *
 * Owns:     all it hands out; nothing is freed alone.
 * Threads:  an arena belongs to one thread at a time.
 * Limits:   the bytes given at creation; at the limit, or out of memory, an allocation returns NULL.
 * Flavour:  built with BATON_ARENA_SEPARATE each piece is its own malloc, so that a sanitiser sees what a bump allocator
 *           hides.
 */
#ifndef BATON_ENGINE_BASE_ARENA_H
#define BATON_ENGINE_BASE_ARENA_H

#include "engine/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct baton_arena;

struct baton_arena_mark {
    void *block;   /* private */
    size_t used;   /* private */
    size_t in_use; /* private */
};

/* An empty arena, or NULL when out of memory. The caller frees it. */
struct baton_arena *baton_arena_new(size_t limit_bytes);
void baton_arena_free(struct baton_arena *arena);

/* Bytes aligned for any type, or NULL. baton_arena_zero() clears them. */
void *baton_arena_alloc(struct baton_arena *arena, size_t bytes);
void *baton_arena_zero(struct baton_arena *arena, size_t bytes);

/* An array of count elements; NULL also when the product does not fit. Not cleared. */
void *baton_arena_array(struct baton_arena *arena, size_t count, size_t element_bytes);

/* A copy with a NUL after it, or NULL. */
char *baton_arena_copy(struct baton_arena *arena, const char *text, size_t length);

/* printf into the arena; NULL when it does not fit. */
char *baton_arena_printf(struct baton_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct baton_arena_mark baton_arena_mark(const struct baton_arena *arena);
void baton_arena_rollback(struct baton_arena *arena, struct baton_arena_mark mark);

/* Gives all back but keeps the blocks for the next use. */
void baton_arena_reset(struct baton_arena *arena);

/* For tests: bytes in use now, and the most that ever were. */
size_t baton_arena_in_use(const struct baton_arena *arena);
size_t baton_arena_peak(const struct baton_arena *arena);

/* For tests: the n-th allocation from now on in this thread (arena pieces and growing texts, n from 1) and all after it
 * fail. 0 turns it off. */
void baton_arena_fail_after(uint64_t n);

/* For the allocators of this folder: counts one allocation and says whether it is to fail. */
bool baton_allocation_fails(void);

/* One piece from the system, for the few things that outlive every arena; NULL when out of memory. Given back alone. */
void *baton_system_take(size_t bytes);
void baton_system_give(void *piece);

/* For the allocators of this folder: notes that memory was asked of the system. */
void baton_system_allocation_note(void);

/* For tests: how often that was in this thread. `make bench` holds it down. */
uint64_t baton_system_allocations(void);

#endif
