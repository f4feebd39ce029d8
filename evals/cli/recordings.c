#include "evals/cli/recordings.h"

#include "evals/suite/cases.h"
#include "sim/cassette/cassette_check.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { IDS_FIRST = 256, CONVERSATION_BYTES_MAX = 512 * 1024 * 1024 };

/* ---- the order of a new recording ---- */

struct ids {
    struct baton_arena *arena;
    struct baton_str *list;
    size_t count, capacity;
};

static bool add_id(struct ids *ids, const char *text, size_t length)
{
    if (ids->count == ids->capacity) {
        size_t capacity = ids->capacity == 0 ? IDS_FIRST : ids->capacity * 2;
        struct baton_str *list = baton_arena_array(ids->arena, capacity, sizeof *list);
        if (list == NULL) {
            return false;
        }
        if (ids->count > 0) {
            memcpy(list, ids->list, ids->count * sizeof *list);
        }
        ids->list = list;
        ids->capacity = capacity;
    }
    char *copy = baton_arena_copy(ids->arena, text, length);
    ids->list[ids->count++] = (struct baton_str){ copy, length };
    return copy != NULL;
}

/* An id, and those of its repeats (cast.h). */
static bool add_repeats(struct ids *ids, struct baton_str id, uint32_t repeats)
{
    bool is_added = add_id(ids, id.data, id.length);
    for (uint32_t i = 1; i < repeats && is_added; i++) {
        char *name = baton_arena_printf(ids->arena, "%.*s#%u", (int)id.length, id.data, i);
        is_added = name != NULL && add_id(ids, name, strlen(name));
    }
    return is_added;
}

static bool reads_standard_input(const struct baton_suite *suite)
{
    for (size_t i = 0; i < suite->conversation_count; i++) {
        if (strcmp(suite->conversations[i], "-") == 0) {
            return true;
        }
    }
    return false;
}

/* The ids of all conversations in input order; none where the input cannot be read again. */
static enum baton_status gather_ids(struct baton_session *session, struct ids *ids, struct baton_error *err)
{
    struct baton_cases *cases = NULL;
    struct baton_chunk chunk = { 0 };
    struct baton_arena *scratch = baton_arena_new(CONVERSATION_BYTES_MAX);
    enum baton_status status = scratch == NULL ? baton_error_set(err, BATON_ENOMEM, "out of memory")
                                               : baton_cases_new(&cases, session->arena, session->suite.conversations,
                                                                 session->suite.conversation_count, err);
    while (status == BATON_OK && (status = baton_cases_next(cases, &chunk, err)) == BATON_OK && chunk.text.length > 0) {
        struct baton_chunk_cursor cursor = { 0 };
        struct baton_conversation conversation;
        while (baton_chunk_next(&chunk, &cursor, &conversation, scratch, session->agents, &status, err)) {
            if (!add_repeats(ids, conversation.id, session->play.repeat_count)) {
                status = baton_error_set(err, BATON_ENOMEM, "out of memory");
                break;
            }
            baton_arena_reset(scratch);
        }
    }
    baton_chunk_clear(&chunk);
    baton_cases_free(cases);
    baton_arena_free(scratch);
    return status;
}

enum baton_status baton_recordings_finish(struct baton_session *session, FILE *told, struct baton_error *err)
{
    struct ids ids = { .arena = session->arena };
    enum baton_status status = reads_standard_input(&session->suite) ? BATON_OK : gather_ids(session, &ids, err);
    uint64_t count = baton_recorder_count(session->recorder);
    if (count == 0 && baton_recorder_known(session->recorder)->count == 0 && status == BATON_OK) {
        baton_recorder_close(session->recorder); /* an empty cassette would only be in the way of the next attempt */
        session->recorder = NULL;
        if (session->is_journal) {
            unlink(session->record_path);
        }
        if (told != NULL) {
            fputs("baton: nothing was recorded\n", told);
        }
        return BATON_OK;
    }
    status = status == BATON_OK ? baton_recorder_finish(session->recorder, ids.list, ids.count, err) : status;
    if (status == BATON_OK && told != NULL) {
        fprintf(told, "baton: recorded %" PRIu64 " interaction%s in '%s'\n", count, count == 1 ? "" : "s",
                session->record_path);
    }
    return status;
}

/* ---- after a replay ---- */

struct telling {
    FILE *file;
    const char *what;
    uint32_t count;
};

static void tell(void *user, const struct baton_cassette *cassette, const struct baton_interaction *it)
{
    struct telling *telling = user;
    if (telling->file == NULL || telling->count++ >= BATON_RECORDINGS_TOLD_MAX) {
        return;
    }
    fprintf(telling->file, "baton: %s:%u: %s: %.*s, conversation '%.*s'\n", cassette->files[it->file].path, it->line,
            telling->what, (int)it->agent.length, it->agent.data, (int)it->position.conversation.length,
            it->position.conversation.data);
}

static void tell_rest(const struct telling *telling, uint32_t count)
{
    if (telling->file != NULL && count > BATON_RECORDINGS_TOLD_MAX) {
        fprintf(telling->file, "baton: ... and %u more of these\n", (unsigned)(count - BATON_RECORDINGS_TOLD_MAX));
    }
}

enum baton_status baton_recordings_review(struct baton_recordings_found *out, const struct baton_session *session,
                                          const char *today, bool all_played, FILE *told, struct baton_error *err)
{
    struct telling unused = { .file = told, .what = "nobody asked for this recording" };
    struct telling expired = { .file = told, .what = "this recording is past its expiry" };
    *out = (struct baton_recordings_found){ 0 };
    if (session->cassette == NULL) {
        return BATON_OK;
    }
    if (all_played) {
        out->unused = baton_cassette_unused(session->cassette, tell, &unused);
        tell_rest(&unused, out->unused);
    }
    if (session->suite.expires_after_days < 0) {
        return BATON_OK;
    }
    enum baton_status status = baton_cassette_expired(&out->expired, session->cassette, baton_str_of(today),
                                                      (uint32_t)session->suite.expires_after_days, tell, &expired, err);
    tell_rest(&expired, out->expired);
    return status;
}
