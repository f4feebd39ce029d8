/* cmd_import.c - `baton import`: what other tools recorded, as a suite that can be replayed (sim/import). */
#include "evals/cli/keys.h"
#include "evals/cli/print.h"
#include "evals/cli/switches.h"
#include "evals/cli/verbs.h"
#include "reports/out_file.h"
#include "sim/import/forms.h"
#include "sim/import/rebuild.h"

#include <string.h>

enum { IMPORT_BYTES_MAX = 1024 * 1024 * 1024 };

struct import_args {
    const char *out, *id;
    bool quiet;
};

#define FORM struct import_args

/* clang-format off */
static const struct baton_switch switches[] = {
    TEXT("out", 'o', out, "DIR", "where suite.yaml, agents.json, conversations.jsonl and cassette.jsonl go (the file's name without its ending)"),
    TEXT("id", 0, id, "ID", "of the conversations (the file's name)"),
    QUIET_SWITCH("do not list what was left out"),
};
/* clang-format on */

struct importing {
    struct import_args args;
    const struct baton_environment *environment;
    struct baton_arena *arena;
    const char *path, *folder;
    struct baton_str stem;
    struct baton_known_values *values;
    struct baton_error *err;
};

static enum baton_status put(struct importing *importing, const char *name, struct baton_str text)
{
    return baton_out_write(importing->arena, importing->folder, name, text, importing->err);
}

/* ---- the suite ---- */

static void note_skipped(void *user, unsigned line, struct baton_str service, const char *reason)
{
    const struct importing *importing = user;
    if (!importing->args.quiet) {
        baton_print_line(stderr, "baton: %s:%u: left out: %.*s: %s", importing->path, line, BATON_STR_ARGS(service),
                         reason);
    }
}

static enum baton_status put_suite(struct importing *importing)
{
    const char *text = baton_arena_printf(importing->arena,
                                          "version: 1\nname: \"%.*s\"\nagents: agents.json\n"
                                          "conversations: [conversations.jsonl]\nprovider: cassette\n"
                                          "cassette: cassette.jsonl\n",
                                          (int)importing->stem.length, importing->stem.data);
    return text == NULL ? baton_error_no_memory(importing->err, NULL)
                        : put(importing, "suite.yaml", baton_str_of(text));
}

static enum baton_status put_files(struct importing *importing, const struct baton_rebuilt *rebuilt)
{
    enum baton_status status = baton_out_folder_make(importing->folder, importing->err);
    status = status == BATON_OK ? put(importing, "agents.json", baton_text_str(&rebuilt->agents)) : status;
    status =
        status == BATON_OK ? put(importing, "conversations.jsonl", baton_text_str(&rebuilt->conversations)) : status;
    status = status == BATON_OK ? put(importing, "cassette.jsonl", baton_text_str(&rebuilt->cassette)) : status;
    return status == BATON_OK ? put_suite(importing) : status;
}

static enum baton_status import_form(struct importing *importing, const struct baton_import_form *form)
{
    struct baton_trace trace;
    struct baton_rebuilt rebuilt = { .call_count = 0 };
    const struct baton_import_options options = {
        .name = importing->path,
        .id = importing->args.id != NULL ? baton_str_of(importing->args.id) : importing->stem,
        .day = BATON_STR(""),
        .values = importing->values,
        .skipped = note_skipped,
        .user = importing,
    };
    enum baton_status status =
        baton_import_read(&trace, importing->arena, form, importing->path, &options, importing->err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_rebuild(&rebuilt, importing->arena, &trace, &options, importing->err);
    status = status == BATON_OK ? put_files(importing, &rebuilt) : status;
    if (status == BATON_OK && !importing->args.quiet) {
        baton_print_line(stdout,
                         "%u agents, %u conversations, %u model calls, %u left out; replay: baton eval %s/suite.yaml",
                         (unsigned)rebuilt.agent_count, (unsigned)rebuilt.conversation_count,
                         (unsigned)rebuilt.call_count, (unsigned)rebuilt.skipped_count, importing->folder);
    }
    baton_rebuilt_clear(&rebuilt);
    return status;
}

/* ---- the verb ---- */

static const char *form_at(size_t i)
{
    return baton_import_form_at(i) == NULL ? NULL : baton_import_form_at(i)->name;
}

static enum baton_status import_file(struct importing *importing, const char *form, const char *path)
{
    importing->path = path;
    importing->stem = baton_path_stem(path);
    importing->folder = importing->args.out != NULL
                            ? importing->args.out
                            : baton_arena_copy(importing->arena, importing->stem.data, importing->stem.length);
    if (importing->folder == NULL) {
        return baton_error_no_memory(importing->err, NULL);
    }
    for (size_t i = 0; baton_import_form_at(i) != NULL; i++) {
        if (strcmp(form, baton_import_form_at(i)->name) == 0) {
            enum baton_status status =
                baton_keys_gather(&importing->values, importing->arena, NULL, importing->environment, importing->err);
            return status == BATON_OK ? import_form(importing, baton_import_form_at(i)) : status;
        }
    }
    return baton_args_unknown("form", form, "forms", form_at, importing->err);
}

static enum baton_status import_run(const struct baton_command_line *line, int *exit_code, struct baton_error *err)
{
    struct importing importing = { .environment = line->environment,
                                   .arena = baton_arena_new(IMPORT_BYTES_MAX),
                                   .err = err };
    struct baton_arg_list plain;
    bool is_done = false;
    *exit_code = 0;
    enum baton_status status = baton_args_begin(line, importing.arena, &importing.args, &plain, &is_done, err);
    if (status == BATON_OK && !is_done) {
        status = import_file(&importing, plain.items[0], plain.items[1]);
    }
    baton_arena_free(importing.arena);
    return status;
}

const struct baton_verb baton_verb_import = {
    .name = "import",
    .summary = "what other tools recorded, as a suite that can be replayed",
    .usage = "FORM FILE",
    .examples = "  baton import vcr tests/cassettes/test_handoff.yaml --out imported/handoff\n"
                "  baton eval imported/handoff/suite.yaml",
    .more = "Forms: vcr (cassettes of vcrpy, YAML or JSON). Secrets are taken out before anything is written.",
    .switches = switches,
    .switch_count = sizeof switches / sizeof *switches,
    .least = 2,
    .most = 2,
    .run = import_run,
};
