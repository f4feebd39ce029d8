/* cmd_import.c - `baton import`: what other tools recorded, as a suite that can be replayed. A table of the forms. */
#include "engine/base/suggest.h"
#include "engine/wire/codecs.h"
#include "evals/cli/verbs.h"
#include "reports/outdir.h"
#include "sim/import/vcr_import.h"
#include "sim/redact/known_values.h"

#include <stddef.h>
#include <stdio.h>

enum { IMPORT_BYTES_MAX = 1024 * 1024 * 1024, KEYS_MAX = 16 };

struct import_args {
    const char *out, *id;
    bool quiet;
};

static const struct baton_switch switches[] = {
    { "out", 'o', BATON_SWITCH_TEXT, offsetof(struct import_args, out), "DIR",
      "where suite.yaml, agents.json, conversations.jsonl and cassette.jsonl go (the file's name without its ending)",
      0, 0 },
    { "id", 0, BATON_SWITCH_TEXT, offsetof(struct import_args, id), "ID", "of the conversations (the file's name)", 0,
      0 },
    { "quiet", 'q', BATON_SWITCH_FLAG, offsetof(struct import_args, quiet), NULL, "do not tell what was left out", 0,
      0 },
};

struct importing {
    struct import_args args;
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

/* The keys of this machine's environment must not get into what is written. */
static enum baton_status gather_keys(struct importing *importing)
{
    struct baton_str keys[KEYS_MAX];
    size_t count = 0;
    for (size_t i = 0; baton_codec_at(i) != NULL && count < KEYS_MAX; i++) {
        struct baton_str value = baton_str_of(baton_world.setting(NULL, baton_codec_at(i)->key_variable));
        if (value.length > 0) {
            keys[count++] = value;
        }
    }
    return count == 0 ? BATON_OK
                      : baton_known_values_new(&importing->values, importing->arena, keys, count, importing->err);
}

/* ---- cassettes of vcrpy ---- */

static void tell_skipped(void *user, unsigned line, const char *reason)
{
    const struct importing *importing = user;
    if (!importing->args.quiet) {
        fprintf(stderr, "baton: %s:%u: left out: %s\n", importing->path, line, reason);
    }
}

static enum baton_status put_suite(struct importing *importing)
{
    const char *text = baton_arena_printf(importing->arena,
                                          "version: 1\nname: \"%.*s\"\nagents: agents.json\n"
                                          "conversations: [conversations.jsonl]\nprovider: cassette\n"
                                          "cassette: cassette.jsonl\n",
                                          (int)importing->stem.length, importing->stem.data);
    return text == NULL ? baton_error_set(importing->err, BATON_ENOMEM, "out of memory")
                        : put(importing, "suite.yaml", baton_str_of(text));
}

static enum baton_status import_vcr(struct importing *importing)
{
    struct baton_vcr vcr;
    struct baton_vcr_import import = { .call_count = 0 };
    const struct baton_vcr_import_options options = {
        .name = importing->path,
        .id = importing->args.id != NULL ? baton_str_of(importing->args.id) : importing->stem,
        .day = BATON_STR(""),
        .values = importing->values,
        .skipped = tell_skipped,
        .user = importing,
    };
    enum baton_status status = baton_vcr_load(&vcr, importing->arena, importing->path, importing->err);
    status = status == BATON_OK ? baton_vcr_import(&import, importing->arena, &vcr, &options, importing->err) : status;
    status = status == BATON_OK ? baton_outdir_make(importing->folder, importing->err) : status;
    status = status == BATON_OK ? put(importing, "agents.json", baton_text_str(&import.agents)) : status;
    status = status == BATON_OK ? put(importing, "conversations.jsonl", baton_text_str(&import.conversations)) : status;
    status = status == BATON_OK ? put(importing, "cassette.jsonl", baton_text_str(&import.cassette)) : status;
    status = status == BATON_OK ? put_suite(importing) : status;
    if (status == BATON_OK && !importing->args.quiet) {
        printf("%u agents, %u conversations, %u model calls, %u left out; replay: baton eval %s/suite.yaml\n",
               (unsigned)import.agent_count, (unsigned)import.conversation_count, (unsigned)import.call_count,
               (unsigned)import.skipped_count, importing->folder);
    }
    baton_vcr_import_clear(&import);
    return status;
}

static const struct {
    const char *name, *what;
    enum baton_status (*run)(struct importing *importing);
} forms[] = {
    { "vcr", "cassettes of vcrpy (YAML or JSON)", import_vcr },
};

enum { FORM_COUNT = sizeof forms / sizeof *forms };

/* ---- the verb ---- */

static enum baton_status unknown_form(struct baton_str name, struct baton_error *err)
{
    struct baton_suggest suggest;
    char hint[BATON_SUGGEST_TEXT_BYTES];
    baton_suggest_init(&suggest, name);
    for (size_t i = 0; i < FORM_COUNT; i++) {
        baton_suggest_offer(&suggest, baton_str_of(forms[i].name));
    }
    return baton_error_set(err, BATON_EUSAGE, "unknown form '%.*s'; this version reads vcr%s", (int)name.length,
                           name.data, baton_suggest_text(&suggest, hint));
}

static enum baton_status import_file(struct importing *importing, const char *form, const char *path)
{
    importing->path = path;
    importing->stem = baton_path_stem(path);
    importing->folder = importing->args.out != NULL
                            ? importing->args.out
                            : baton_arena_copy(importing->arena, importing->stem.data, importing->stem.length);
    if (importing->folder == NULL) {
        return baton_error_set(importing->err, BATON_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < FORM_COUNT; i++) {
        if (baton_str_is(baton_str_of(form), forms[i].name)) {
            enum baton_status status = gather_keys(importing);
            return status == BATON_OK ? forms[i].run(importing) : status;
        }
    }
    return unknown_form(baton_str_of(form), importing->err);
}

static enum baton_status import_run(const struct baton_verb *verb, int argc, char **argv, int *exit_code,
                                    struct baton_error *err)
{
    struct importing importing = { .arena = baton_arena_new(IMPORT_BYTES_MAX), .err = err };
    struct baton_arg_list plain;
    bool is_done = false;
    *exit_code = 0;
    enum baton_status status =
        baton_args_begin(verb, argc, argv, importing.arena, &importing.args, &plain, &is_done, err);
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
