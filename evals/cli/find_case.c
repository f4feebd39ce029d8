#include "evals/cli/find_case.h"

#include "engine/base/suggest.h"

#include <string.h>

enum { NEAR_BYTES = 128 };

/* A search under way. */
struct search {
    const struct baton_session *session;
    struct baton_str id;
    struct baton_chunk chunk;
    struct baton_suggest suggest;
    char nearest[NEAR_BYTES];
    bool is_found;
};

/* Keeps the nearest id in memory of our own, as the chunk's goes away. */
static void offer(struct search *search, struct baton_str id)
{
    baton_suggest_offer(&search->suggest, id);
    if (search->suggest.best.data == id.data && id.length > 0 && id.length < NEAR_BYTES) {
        memcpy(search->nearest, id.data, id.length);
        search->suggest.best.data = search->nearest;
    }
}

static enum baton_status search_chunk(struct search *search, struct baton_conversation *out, struct baton_error *err)
{
    struct baton_arena *arena = search->session->arena;
    struct baton_chunk_cursor cursor = { 0 };
    enum baton_status status;
    for (;;) {
        struct baton_arena_mark mark = baton_arena_mark(arena);
        if (!baton_chunk_next(&search->chunk, &cursor, out, arena, search->session->agents, &status, err)) {
            return status;
        }
        if (search->id.data == NULL || baton_str_equal(out->id, search->id)) {
            search->is_found = true;
            return BATON_OK;
        }
        offer(search, out->id);
        baton_arena_rollback(arena, mark);
    }
}

/* Puts the found conversation's source where it stays. */
static enum baton_status keep(struct search *search, struct baton_conversation *out, struct baton_error *err)
{
    struct baton_arena *arena = search->session->arena;
    char *text = baton_arena_copy(arena, out->source.text.data, out->source.text.length);
    const struct baton_json *node;
    struct baton_str id = { NULL, 0 };
    if (text == NULL || (id.data = baton_arena_copy(arena, out->id.data, out->id.length)) == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    id.length = out->id.length;
    struct baton_source source = out->source;
    source.text.data = text;
    if (!baton_chunk_is_borrowed(&search->chunk)) {
        out->source = source; /* its tree owns its texts already */
        return BATON_OK;
    }
    enum baton_status status = baton_json_parse(&node, arena, &source, err);
    return status == BATON_OK ? baton_conversation_read(out, arena, search->session->agents, &source, node, id, err)
                              : status;
}

enum baton_status baton_find_case(struct baton_conversation *out, const struct baton_session *session,
                                  struct baton_str id, struct baton_error *err)
{
    struct search search = { .session = session, .id = id };
    struct baton_cases *cases;
    baton_suggest_init(&search.suggest, id);
    enum baton_status status =
        baton_cases_new(&cases, session->arena, session->suite.conversations, session->suite.conversation_count, err);
    if (status != BATON_OK) {
        return status;
    }
    do {
        status = baton_cases_next(cases, &search.chunk, err);
        status = status == BATON_OK && search.chunk.text.length > 0 ? search_chunk(&search, out, err) : status;
    } while (status == BATON_OK && !search.is_found && search.chunk.text.length > 0);
    if (status == BATON_OK && search.is_found) {
        status = keep(&search, out, err);
    } else if (status == BATON_OK) {
        char hint[BATON_SUGGEST_TEXT_BYTES];
        status = baton_error_set(err, BATON_EEMPTY, "no conversation '%.*s'%s", (int)id.length,
                                 id.data == NULL ? "" : id.data, baton_suggest_text(&search.suggest, hint));
    }
    baton_chunk_clear(&search.chunk);
    baton_cases_free(cases);
    return status;
}
