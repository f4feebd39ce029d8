#include "evals/cli/recordings.h"

#include "engine/base/grow.h"
#include "evals/cli/print.h"
#include "evals/suite/cases.h"
#include "sim/cassette/cassette_check.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { CONVERSATION_BYTES_MAX = 512 * 1024 * 1024 };

/* ---- the order of a new recording ---- */

struct ids {
    struct baton_arena *arena;
    struct baton_str *list;
    uint32_t count, capacity;
};

static bool add_id(struct ids *ids, const char *text, size_t length)
{
    struct baton_str *list = baton_grow_arena(ids->arena, ids->list, ids->count, &ids->capacity, sizeof *list);
    char *copy = baton_arena_copy(ids->arena, text, length);
    if (list == NULL || copy == NULL) {
        return false;
    }
    ids->list = list;
    ids->list[ids->count++] = (struct baton_str){ copy, length };
    return true;
}

/* An id, and those of its repeats (evals/play/binding.h). */
static bool add_repeats(struct ids *ids, struct baton_str id, uint32_t repeats)
{
    bool is_added = add_id(ids, id.data, id.length);
    for (uint32_t i = 1; i < repeats && is_added; i++) {
        char *name = baton_arena_printf(ids->arena, "%.*s#%u", BATON_STR_ARGS(id), i);
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
    enum baton_status status = scratch == NULL ? baton_error_no_memory(err, NULL)
                                               : baton_cases_new(&cases, session->arena, session->suite.conversations,
                                                                 session->suite.conversation_count, err);
    while (status == BATON_OK && (status = baton_cases_next(cases, &chunk, err)) == BATON_OK && chunk.text.length > 0) {
        struct baton_chunk_cursor cursor = { 0 };
        struct baton_conversation conversation;
        while (baton_chunk_next(&chunk, &cursor, &conversation, scratch, session->agents, &status, err)) {
            if (!add_repeats(ids, conversation.id, session->play.repeat_count)) {
                status = baton_error_no_memory(err, NULL);
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

/* An empty cassette would only be in the way of the next attempt. */
static void drop_recording(struct baton_source_set *sources, FILE *notes)
{
    baton_recorder_close(sources->recorder);
    sources->recorder = NULL;
    if (sources->is_journal) {
        unlink(sources->record_path);
    }
    if (notes != NULL) {
        fputs("baton: nothing was recorded\n", notes);
    }
}

enum baton_status baton_recordings_finish(struct baton_session *session, FILE *notes, struct baton_error *err)
{
    struct ids ids = { .arena = session->arena };
    struct baton_recorder *recorder = session->sources.recorder;
    enum baton_status status = reads_standard_input(&session->suite) ? BATON_OK : gather_ids(session, &ids, err);
    if (status != BATON_OK) {
        return status;
    }
    uint64_t count = baton_recorder_count(recorder);
    if (count == 0 && baton_recorder_known(recorder)->count == 0) {
        drop_recording(&session->sources, notes);
        return BATON_OK;
    }
    status = baton_recorder_finish(recorder, ids.list, ids.count, err);
    if (status == BATON_OK && notes != NULL) {
        baton_print_line(notes, "baton: recorded %" PRIu64 " interaction%s in '%s'", count, count == 1 ? "" : "s",
                         session->sources.record_path);
    }
    return status;
}

/* ---- after a replay ---- */

struct notes {
    FILE *file; /* NULL: none are wanted */
    const char *what;
    uint32_t count;
};

static void note(void *user, const struct baton_cassette *cassette, const struct baton_interaction *it)
{
    struct notes *notes = user;
    if (notes->file == NULL || notes->count++ >= BATON_RECORDINGS_SHOWN_MAX) {
        return;
    }
    baton_print_line(notes->file, "baton: %s:%u: %s: %.*s, conversation '%.*s'", cassette->files[it->file].path,
                     it->line, notes->what, BATON_STR_ARGS(it->agent), BATON_STR_ARGS(it->position.conversation));
}

static void note_rest(const struct notes *notes, uint32_t count)
{
    if (notes->file != NULL && count > BATON_RECORDINGS_SHOWN_MAX) {
        fprintf(notes->file, "baton: ... and %u more of these\n", (unsigned)(count - BATON_RECORDINGS_SHOWN_MAX));
    }
}

enum baton_status baton_recordings_review(struct baton_recordings_found *out, const struct baton_session *session,
                                          const char *today, bool all_played, FILE *file, struct baton_error *err)
{
    const struct baton_cassette *cassette = session->sources.cassette;
    struct notes unused = { .file = file, .what = "nobody asked for this recording" };
    struct notes expired = { .file = file, .what = "this recording is past its expiry" };
    *out = (struct baton_recordings_found){ 0 };
    if (cassette == NULL) {
        return BATON_OK;
    }
    if (all_played) {
        out->unused = baton_cassette_unused(cassette, note, &unused);
        note_rest(&unused, out->unused);
    }
    if (session->suite.expires_after_days < 0) {
        return BATON_OK;
    }
    enum baton_status status = baton_cassette_expired(&out->expired, cassette, baton_str_of(today),
                                                      (uint32_t)session->suite.expires_after_days, note, &expired, err);
    note_rest(&expired, out->expired);
    return status;
}
