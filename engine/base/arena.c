/* A bump allocator: blocks that double up to 1 MiB, a pointer that moves up in the newest one, and no way back but to a mark. A
 * conversation makes some hundred small pieces and drops them all at once, so nothing is kept of any single one. Blocks are kept for
 * the next conversation, up to 8 MiB, which leaves about one system allocation for each. Under a sanitiser each piece is a malloc of
 * its own, as within a block it would not see one byte too many.
 */
#include "engine/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef BATON_ARENA_SEPARATE
#define BATON_ARENA_SEPARATE 0
#endif

enum { ALIGNMENT = 16, BLOCK_BYTES_FIRST = 64 * 1024, BLOCK_BYTES_MAX = 1024 * 1024, KEPT_BYTES_MAX = 8 * 1024 * 1024 };

struct block {
    struct block *next; /* the one taken before this, or in the list of spare ones */
    size_t capacity, used;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

struct baton_arena {
    struct block *top;   /* the block in use; older ones follow */
    struct block *spare; /* empty ones, kept for the next use */
    size_t spare_bytes;
    size_t limit, in_use, peak;
};

static _Thread_local uint64_t fail_countdown;
static _Thread_local uint64_t system_allocations;

void baton_arena_fail_after(uint64_t n)
{
    fail_countdown = n;
}

bool baton_allocation_fails(void)
{
    if (fail_countdown == 0) {
        return false;
    }
    if (fail_countdown > 1) {
        fail_countdown--;
        return false;
    }
    return true;
}

uint64_t baton_system_allocations(void)
{
    return system_allocations;
}

void baton_system_allocation_note(void)
{
    system_allocations++;
}

void *baton_system_take(size_t bytes)
{
    void *piece = baton_allocation_fails() ? NULL : calloc(1, bytes);
    if (piece != NULL) {
        baton_system_allocation_note();
    }
    return piece;
}

void baton_system_give(void *piece)
{
    free(piece);
}

struct baton_arena *baton_arena_new(size_t limit_bytes)
{
    struct baton_arena *arena = baton_system_take(sizeof *arena);
    if (arena != NULL) {
        arena->limit = limit_bytes;
    }
    return arena;
}

static void blocks_free(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void baton_arena_free(struct baton_arena *arena)
{
    if (arena != NULL) {
        blocks_free(arena->top);
        blocks_free(arena->spare);
        free(arena);
    }
}

static struct block *spare_take(struct baton_arena *arena, size_t bytes)
{
    struct block **place = &arena->spare;
    while (*place != NULL && (*place)->capacity < bytes) {
        place = &(*place)->next;
    }
    struct block *block = *place;
    if (block != NULL) {
        *place = block->next;
        arena->spare_bytes -= block->capacity;
    }
    return block;
}

static struct block *block_new(size_t bytes)
{
    struct block *block = malloc(sizeof *block + bytes);
    if (block != NULL) {
        baton_system_allocation_note();
        block->capacity = bytes;
    }
    return block;
}

static size_t block_bytes_for(const struct baton_arena *arena, size_t bytes)
{
    if (BATON_ARENA_SEPARATE) {
        return bytes;
    }
    size_t next = arena->top == NULL ? BLOCK_BYTES_FIRST : arena->top->capacity * 2;
    next = next > BLOCK_BYTES_MAX ? BLOCK_BYTES_MAX : next;
    return bytes > next ? bytes : next;
}

static struct block *block_push(struct baton_arena *arena, size_t bytes)
{
    struct block *block = BATON_ARENA_SEPARATE ? NULL : spare_take(arena, bytes);
    if (block == NULL) {
        block = block_new(block_bytes_for(arena, bytes));
    }
    if (block != NULL) {
        block->used = 0;
        block->next = arena->top;
        arena->top = block;
    }
    return block;
}

void *baton_arena_alloc(struct baton_arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX - ALIGNMENT || baton_allocation_fails()) {
        return NULL;
    }
    size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t wanted = BATON_ARENA_SEPARATE ? bytes : rounded; /* to the byte, so that a sanitiser sees one too many */
    if (rounded > arena->limit - arena->in_use) {
        return NULL;
    }
    struct block *block = arena->top;
    if (BATON_ARENA_SEPARATE || block == NULL || block->capacity - block->used < wanted) {
        block = block_push(arena, wanted);
        if (block == NULL) {
            return NULL;
        }
    }
    void *piece = block->bytes + block->used;
    block->used += wanted;
    arena->in_use += rounded;
    arena->peak = arena->in_use > arena->peak ? arena->in_use : arena->peak;
    return piece;
}

void *baton_arena_zero(struct baton_arena *arena, size_t bytes)
{
    void *piece = baton_arena_alloc(arena, bytes);
    return piece == NULL ? NULL : memset(piece, 0, bytes);
}

void *baton_arena_array(struct baton_arena *arena, size_t count, size_t element_bytes)
{
    if (element_bytes != 0 && count > SIZE_MAX / element_bytes) {
        return NULL;
    }
    return baton_arena_alloc(arena, count * element_bytes);
}

char *baton_arena_copy(struct baton_arena *arena, const char *text, size_t length)
{
    char *copy = length == SIZE_MAX ? NULL : baton_arena_alloc(arena, length + 1);
    if (copy != NULL) {
        if (length > 0) {
            memcpy(copy, text, length);
        }
        copy[length] = '\0';
    }
    return copy;
}

char *baton_arena_printf(struct baton_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : baton_arena_alloc(arena, (size_t)length + 1);
    if (text != NULL) {
        va_start(args, format);
        vsnprintf(text, (size_t)length + 1, format, args);
        va_end(args);
    }
    return text;
}

struct baton_arena_mark baton_arena_mark(const struct baton_arena *arena)
{
    return (struct baton_arena_mark){
        .block = arena->top,
        .used = arena->top == NULL ? 0 : arena->top->used,
        .in_use = arena->in_use,
    };
}

static void block_retire(struct baton_arena *arena, struct block *block)
{
    if (BATON_ARENA_SEPARATE || arena->spare_bytes + block->capacity > KEPT_BYTES_MAX) {
        free(block);
        return;
    }
    arena->spare_bytes += block->capacity;
    block->next = arena->spare;
    arena->spare = block;
}

void baton_arena_rollback(struct baton_arena *arena, struct baton_arena_mark mark)
{
    while (arena->top != mark.block) {
        struct block *block = arena->top;
        arena->top = block->next;
        block_retire(arena, block);
    }
    if (arena->top != NULL) {
        arena->top->used = mark.used;
    }
    arena->in_use = mark.in_use;
}

void baton_arena_reset(struct baton_arena *arena)
{
    baton_arena_rollback(arena, (struct baton_arena_mark){ .block = NULL, .used = 0, .in_use = 0 });
}

size_t baton_arena_in_use(const struct baton_arena *arena)
{
    return arena->in_use;
}

size_t baton_arena_peak(const struct baton_arena *arena)
{
    return arena->peak;
}
