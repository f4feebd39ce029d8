/* cmd_check.c - `baton check`: are these files right, and is there something to mend in them?
 *
 * What a file is shows in its keys, since people check `*.yaml` at once. A file with errors does not keep the others from
 * being checked, and of one file only the first errors are printed; so complaints are printed and counted where they
 * arise, and no status is passed up.
 */
#include "engine/base/document.h"
#include "engine/base/lines.h"
#include "evals/cli/advice.h"
#include "evals/cli/print.h"
#include "evals/cli/session.h"
#include "evals/cli/verbs.h"
#include "evals/play/runner.h"
#include "evals/suite/cases.h"
#include "sim/cassette/cassette_check.h"
#include "sim/model.h"

#include <string.h>
#include <unistd.h>

enum { CHECK_BYTES_MAX = 1024 * 1024 * 1024, ERRORS_PER_FILE_MAX = 20, NOTES_MAX = 20 };

struct check_args {
    const char *agents;
    bool strict;
};

#define FORM struct check_args

/* clang-format off */
static const struct baton_switch switches[] = {
    TEXT("agents", 0, agents, "FILE", "agents file that conversations are checked against"),
    FLAG("strict", 0, strict, "exit 1 also when there is advice"),
};
/* clang-format on */

struct check {
    struct check_args args;
    struct baton_environment *environment;
    struct baton_arena *arena;
    struct baton_agents *agents; /* of --agents, or of the last agents or suite file */
    size_t errors, advice, conversations, recordings;
    struct baton_text text;
};

static void complain(struct check *check, const struct baton_error *err)
{
    char line[BATON_ERROR_TEXT_BYTES + BATON_ERROR_FILE_BYTES + 64];
    baton_print_line(stdout, "error: %s", baton_error_format(err, line, sizeof line));
    check->errors++;
}

static void advise(struct check *check, const char *path)
{
    baton_text_reset(&check->text);
    check->advice += baton_advise(&check->text, path, check->agents);
    baton_print_text(stdout, &check->text);
}

/* A check of the files of conversations under way. */
struct reading {
    struct check *check;
    struct baton_arena *arena; /* of a conversation */
    struct baton_chunk chunk;
    size_t errors_max; /* of the check, then enough was said of these files */
};

static bool is_enough(const struct reading *reading)
{
    return reading->check->errors >= reading->errors_max;
}

/* Reads all labels of a conversation. */
static void check_labels(const struct reading *reading, const struct baton_conversation *conversation)
{
    struct baton_error err;
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i <= conversation->message_count && status == BATON_OK; i++) {
        const struct baton_json *node =
            i < conversation->message_count ? conversation->messages[i].expect : conversation->expect;
        const struct baton_expect *expect;
        status = baton_expect_read(&expect, reading->arena, reading->check->agents, &conversation->source, node, &err);
    }
    if (status != BATON_OK) {
        baton_chunk_blame(&reading->chunk, conversation->source.line_first, &err);
        complain(reading->check, &err);
    }
}

/* Goes on after an error with the next record. */
static void check_chunk(const struct reading *reading)
{
    struct baton_chunk_cursor cursor = { 0 };
    enum baton_status status = BATON_OK;
    while (!is_enough(reading)) {
        struct baton_error err;
        struct baton_conversation conversation;
        baton_arena_reset(reading->arena);
        if (baton_chunk_next(&reading->chunk, &cursor, &conversation, reading->arena, reading->check->agents, &status,
                             &err)) {
            reading->check->conversations++;
            check_labels(reading, &conversation);
        } else if (status != BATON_OK) {
            complain(reading->check, &err);
        } else {
            return;
        }
    }
}

/* Every conversation of the files: read, its labels too. */
static void check_conversations(struct check *check, const char *const *paths, size_t count)
{
    struct baton_error err;
    struct baton_cases *cases = NULL;
    struct reading reading = { .check = check, .errors_max = check->errors + ERRORS_PER_FILE_MAX };
    reading.arena = baton_arena_new(CHECK_BYTES_MAX);
    enum baton_status status = reading.arena == NULL ? baton_error_no_memory(&err, NULL)
                                                     : baton_cases_new(&cases, check->arena, paths, count, &err);
    while (status == BATON_OK && !is_enough(&reading)) {
        status = baton_cases_next(cases, &reading.chunk, &err);
        if (status == BATON_OK && reading.chunk.text.length == 0) {
            break;
        }
        if (status == BATON_OK) {
            check_chunk(&reading);
        }
    }
    if (status != BATON_OK) {
        complain(check, &err);
    }
    baton_chunk_clear(&reading.chunk);
    baton_cases_free(cases);
    baton_arena_free(reading.arena);
}

/* ---- cassettes ---- */

/* Lines of one kind, of which only the first are printed. */
struct notes {
    struct check *check;
    const char *what;
    uint32_t count;
};

static void note_secret(void *user, const struct baton_secret_place *place)
{
    struct notes *notes = user;
    if (notes->count++ < NOTES_MAX) {
        baton_print_line(
            stdout, "error: %s:%u:%u: %s stands here; replace it by " BATON_REDACTED ", and do not use it any more",
            place->path, place->line, place->column, baton_secret_kind_text(place->kind));
    }
    notes->check->errors++;
}

static void note_interaction(void *user, const struct baton_cassette *cassette, const struct baton_interaction *it)
{
    struct notes *notes = user;
    if (notes->count++ < NOTES_MAX) {
        baton_print_line(stdout, "advice: %s:%u: %s: %.*s, conversation '%.*s'", cassette->files[it->file].path,
                         it->line, notes->what, BATON_STR_ARGS(it->agent), BATON_STR_ARGS(it->position.conversation));
    }
    notes->check->advice++;
}

static void note_rest(const struct notes *notes)
{
    if (notes->count > NOTES_MAX) {
        printf("  ... and %u more of these\n", (unsigned)(notes->count - NOTES_MAX));
    }
}

/* Secrets in it, whatever else is wrong with it; then whether it can be read. */
static void check_cassette(struct check *check, const char *path)
{
    struct baton_error err;
    struct baton_cassette *cassette;
    struct notes secrets = { .check = check };
    uint32_t count;
    struct baton_arena *arena = baton_arena_new(CHECK_BYTES_MAX);
    const struct baton_cassette_options options = { .files = &path, .file_count = 1 };
    if (arena == NULL) {
        baton_error_no_memory(&err, NULL);
        complain(check, &err);
        return;
    }
    if (baton_cassette_secrets(&count, path, NULL, note_secret, &secrets, &err) != BATON_OK ||
        baton_cassette_load(&cassette, arena, &options, &err) != BATON_OK) {
        complain(check, &err);
    } else {
        check->recordings += cassette->count;
    }
    note_rest(&secrets);
    baton_arena_free(arena);
}

/* What the suite's conversations ask of it; nothing is printed or written. */
static enum baton_status play_silently(struct baton_runner_result *ran, struct baton_session *session,
                                       const struct baton_environment *environment, struct baton_error *err)
{
    struct baton_cases *cases;
    struct baton_tally tally = { 0 };
    enum baton_status status =
        baton_cases_new(&cases, session->arena, session->suite.conversations, session->suite.conversation_count, err);
    if (status == BATON_OK) {
        const struct baton_runner_options options = {
            .play = &session->play, .cases = cases, .thread_count = 1, .interrupted = &environment->interrupted
        };
        status = baton_runner_run(ran, &tally, &options, err);
        baton_cases_free(cases);
    }
    baton_tally_clear(&tally);
    return status;
}

static enum baton_status note_expired(struct check *check, const struct baton_session *session, struct baton_error *err)
{
    struct notes expired = { .check = check, .what = "this recording is past its expiry" };
    uint32_t count;
    if (session->suite.expires_after_days < 0) {
        return BATON_OK;
    }
    enum baton_status status =
        baton_cassette_expired(&count, session->sources.cassette, baton_str_of(check->environment->today),
                               (uint32_t)session->suite.expires_after_days, note_interaction, &expired, err);
    note_rest(&expired);
    if (status == BATON_OK && count > 0 && session->suite.expires_is_error) {
        status = baton_error_set(err, BATON_EMISS, "%s: recordings are past their expiry; record them again",
                                 session->sources.cassette->files[0].path);
    }
    return status;
}

static void note_misses(struct check *check, const char *suite_path, const struct baton_session *session,
                        uint64_t misses)
{
    if (misses > 0) {
        baton_print_line(stdout,
                         "advice: %s: %llu answers that conversations ask for are not in it; record them with: baton "
                         "record %s --refresh-missing",
                         session->sources.cassette->files[0].path, (unsigned long long)misses, suite_path);
        check->advice++;
    }
}

/* Recordings that nobody asks for, answers that are missing, and old ones. */
static enum baton_status check_recordings(struct check *check, const char *path, struct baton_error *err)
{
    struct baton_session session;
    struct baton_session_args args = baton_session_args_unset();
    struct baton_runner_result ran = { 0 };
    struct notes unused = { .check = check, .what = "no conversation asks for this recording" };
    const struct baton_session_options options = { .suite_path = path,
                                                   .args = &args,
                                                   .environment = check->environment };
    args.sources.provider = "cassette";
    enum baton_status status = baton_session_open(&session, &options, err);
    if (status == BATON_OK) {
        status = play_silently(&ran, &session, check->environment, err);
    }
    if (status == BATON_OK) {
        note_misses(check, path, &session, ran.misses);
        baton_cassette_unused(session.sources.cassette, note_interaction, &unused);
        note_rest(&unused);
        status = note_expired(check, &session, err);
    }
    baton_session_clear(&session);
    return status;
}

static void check_suite_cassette(struct check *check, const char *path, const struct baton_suite *suite)
{
    struct baton_error err;
    size_t errors_before = check->errors;
    if (suite->cassette == NULL || (access(suite->cassette, F_OK) != 0 && !baton_str_is(suite->provider, "cassette"))) {
        return; /* one that is yet to be recorded */
    }
    check_cassette(check, suite->cassette);
    if (check->errors == errors_before && check_recordings(check, path, &err) != BATON_OK) {
        complain(check, &err);
    }
}

static bool is_cassette(const char *path)
{
    struct baton_lines lines;
    struct baton_line line;
    struct baton_error ignored;
    bool has_line = false;
    if (!baton_path_ends(path, "jsonl") || baton_lines_open(&lines, path, &ignored) != BATON_OK) {
        return false;
    }
    bool is_one = baton_lines_next(&lines, &line, &has_line, &ignored) == BATON_OK && has_line &&
                  memmem(line.text.data, line.text.length, "\"baton_cassette\"", 16) != NULL;
    baton_lines_close(&lines);
    return is_one;
}

/* ---- kinds of files ---- */

static void check_suite(struct check *check, const char *path)
{
    struct baton_error err;
    struct baton_session session;
    struct baton_session_args args = baton_session_args_unset();
    struct baton_gate *gates;
    size_t gate_count;
    struct baton_arg_list none = { 0 };
    const struct baton_session_options options = {
        .suite_path = path, .args = &args, .environment = check->environment, .is_dry = true
    };
    enum baton_status status = baton_session_open(&session, &options, &err);
    if (status == BATON_OK) {
        status = baton_session_gates(&session, &none, &gates, &gate_count, &err);
    }
    if (status == BATON_OK) {
        check->agents = session.agents;
        advise(check, session.suite.agents);
        size_t errors_before = check->errors;
        check_conversations(check, session.suite.conversations, session.suite.conversation_count);
        if (check->errors == errors_before) {
            check_suite_cassette(check, path, &session.suite);
        }
    } else {
        complain(check, &err);
    }
    check->agents = NULL;
    baton_session_clear(&session);
}

static void check_agents(struct check *check, const char *path)
{
    struct baton_error err;
    if (baton_agents_load(&check->agents, check->arena, path, NULL, &err) == BATON_OK) {
        advise(check, path);
    } else {
        complain(check, &err);
    }
}

static void check_lines(struct check *check, const char *path)
{
    struct baton_error err;
    if (check->args.agents != NULL &&
        baton_agents_load(&check->agents, check->arena, check->args.agents, NULL, &err) != BATON_OK) {
        complain(check, &err);
        return;
    }
    if (check->agents == NULL) {
        baton_print_line(stdout,
                         "error: %s: conversations are checked against their agents: give --agents FILE, or check a "
                         "suite",
                         path);
        check->errors++;
        return;
    }
    check_conversations(check, &path, 1);
}

static bool is_document(const char *path)
{
    return baton_path_ends(path, "yaml") || baton_path_ends(path, "yml") || baton_path_ends(path, "json");
}

/* What a file is shows in its keys. */
static void check_file(struct check *check, const char *path)
{
    struct baton_error err;
    struct baton_source source;
    const struct baton_json *root;
    if (is_cassette(path)) {
        check_cassette(check, path);
        return;
    }
    if (!is_document(path)) {
        check_lines(check, path);
        return;
    }
    if (baton_document_load(&root, &source, check->arena, path, &err) != BATON_OK) {
        complain(check, &err);
        return;
    }
    bool is_object = root->type == BATON_JSON_OBJECT;
    if (is_object && baton_json_get(root, "messages") != NULL) {
        check_lines(check, path);
    } else if (is_object && baton_json_get(root, "conversations") != NULL) {
        check_suite(check, path);
    } else {
        check_agents(check, path);
    }
}

static enum baton_status check_run(const struct baton_command_line *line, int *exit_code, struct baton_error *err)
{
    struct check check = { .environment = line->environment,
                           .arena = baton_arena_new(CHECK_BYTES_MAX),
                           .text = baton_text_with_limit(CHECK_BYTES_MAX) };
    struct baton_arg_list plain;
    bool is_done = false;
    enum baton_status status = baton_args_begin(line, check.arena, &check.args, &plain, &is_done, err);
    if (status == BATON_OK && !is_done) {
        for (size_t i = 0; i < plain.count; i++) {
            check_file(&check, plain.items[i]);
        }
        printf("%zu files, %zu conversations", plain.count, check.conversations);
        if (check.recordings > 0) {
            printf(", %zu recordings", check.recordings);
        }
        printf(": %zu errors, %zu pieces of advice\n", check.errors, check.advice);
        *exit_code = check.errors > 0                        ? baton_status_exit_code(BATON_EINPUT)
                     : check.args.strict && check.advice > 0 ? 1
                                                             : 0;
    }
    baton_text_clear(&check.text);
    baton_arena_free(check.arena);
    return status;
}

const struct baton_verb baton_verb_check = {
    .name = "check",
    .summary = "errors and advice for agents, suites, conversations and cassettes",
    .usage = "FILE...",
    .examples = "  baton check agents.yaml suite.yaml\n"
                "  baton check recorded/*.jsonl --agents agents.yaml\n"
                "  baton check cassettes/support.jsonl             secrets in it, and whether it can be read",
    .more =
        "A suite that names a cassette is played against it, to nobody: what is missing in it, unused or old is listed.\n"
        "Exit code 4 when a file has an error; advice alone is 0, or 1 under --strict.",
    .switches = switches,
    .switch_count = sizeof switches / sizeof *switches,
    .least = 1,
    .most = BATON_ARGS_MAX,
    .run = check_run,
};
