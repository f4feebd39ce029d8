#include "evals/suite/suite.h"

#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 1024 };

#define LEAST "version: 1\nagents: a.yaml\nconversations: c.jsonl\n"

struct loaded {
    struct program program;
    struct baton_suite suite;
    enum baton_status status;
    char message[MESSAGE_BYTES]; /* of a refusal, without the folder */
};

static void load(struct loaded *loaded, const char *text)
{
    struct baton_error err;
    char line[MESSAGE_BYTES];
    *loaded = (struct loaded){ .message = "" };
    program_open(&loaded->program);
    const char *path = program_file(&loaded->program, "suites/my.suite.yaml", text);
    loaded->status = baton_suite_load(&loaded->suite, loaded->program.arena, path, &err);
    if (loaded->status != BATON_OK) {
        baton_error_format(&err, line, sizeof line);
        const char *name = strstr(line, "my.suite.yaml");
        snprintf(loaded->message, sizeof loaded->message, "%s", name == NULL ? line : name);
    }
}

static void unload(struct loaded *loaded)
{
    program_close(&loaded->program);
}

Test(suite, paths_are_seen_from_its_own_folder)
{
    static const struct row {
        const char *name, *text, *agents, *conversation;
    } rows[] = {
        { "beside it", LEAST, "suites/a.yaml", "suites/c.jsonl" },
        { "above it", "version: 1\nagents: ../agents/a.yaml\nconversations: [../c/*.jsonl]\n",
          "suites/../agents/a.yaml", "suites/../c/*.jsonl" },
        { "standard input", "version: 1\nagents: a.yaml\nconversations: '-'\n", "suites/a.yaml", "-" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct loaded loaded;
        load(&loaded, rows[i].text);
        cr_assert_eq(loaded.status, BATON_OK, "%s: %s", rows[i].name, loaded.message);
        const char *want = program_path(&loaded.program, rows[i].agents);
        cr_expect_str_eq(loaded.suite.agents, want, "%s", rows[i].name);
        want = strcmp(rows[i].conversation, "-") == 0 ? "-" : program_path(&loaded.program, rows[i].conversation);
        cr_expect_eq(loaded.suite.conversation_count, 1u, "%s", rows[i].name);
        cr_expect_str_eq(loaded.suite.conversations[0], want, "%s", rows[i].name);
        unload(&loaded);
    }
}

Test(suite, absolute_paths_stay)
{
    struct loaded loaded;
    load(&loaded, "version: 1\nagents: /a/b.yaml\nconversations: [/c/d.jsonl, e.csv]\n");
    cr_assert_eq(loaded.status, BATON_OK, "%s", loaded.message);
    cr_expect_str_eq(loaded.suite.agents, "/a/b.yaml");
    cr_assert_eq(loaded.suite.conversation_count, 2u);
    cr_expect_str_eq(loaded.suite.conversations[0], "/c/d.jsonl");
    cr_expect_str_eq(loaded.suite.conversations[1], program_path(&loaded.program, "suites/e.csv"));
    unload(&loaded);
}

Test(suite, what_is_left_out_has_a_default)
{
    struct loaded loaded;
    load(&loaded, LEAST);
    cr_assert_eq(loaded.status, BATON_OK, "%s", loaded.message);
    cr_expect(baton_str_is(loaded.suite.name, "my.suite"), "its file's name");
    cr_expect(baton_str_is(loaded.suite.provider, "transcript"));
    cr_expect_eq(loaded.suite.seed, 0);
    cr_expect_eq(loaded.suite.repeat, 1);
    cr_expect_null(loaded.suite.gates);
    cr_expect_null(loaded.suite.cassette);
    cr_expect_null(loaded.suite.baseline);
    cr_expect_eq(loaded.suite.expires_after_days, -1);
    unload(&loaded);
}

Test(suite, every_field_is_read)
{
    struct loaded loaded;
    load(&loaded,
         LEAST "name: all\nprovider: sim:oracle\nseed: 9223372036854775807\nrepeat: 10000\ngates: [loops == 0]\n"
               "cassette: tape.jsonl\nbaseline: base.json\nexpires: { after_days: 90, action: error }\nx-ours: 1\n");
    cr_assert_eq(loaded.status, BATON_OK, "%s", loaded.message);
    cr_expect(baton_str_is(loaded.suite.name, "all"));
    cr_expect(baton_str_is(loaded.suite.provider, "sim:oracle"));
    cr_expect_eq(loaded.suite.seed, INT64_MAX);
    cr_expect_eq(loaded.suite.repeat, 10000);
    cr_expect_eq(loaded.suite.gates->count, 1u);
    cr_expect_str_eq(loaded.suite.cassette, program_path(&loaded.program, "suites/tape.jsonl"));
    cr_expect_str_eq(loaded.suite.baseline, program_path(&loaded.program, "suites/base.json"));
    cr_expect_eq(loaded.suite.expires_after_days, 90);
    cr_expect(loaded.suite.expires_is_error);
    unload(&loaded);
}

Test(suite, what_is_wrong_is_refused_with_its_place)
{
    static const struct row {
        const char *name, *text, *want;
    } rows[] = {
        { "no version", "agents: a\nconversations: b\n", "my.suite.yaml:1:1: a suite needs a key 'version'" },
        { "another version", "version: 2\nagents: a\nconversations: b\n", "my.suite.yaml:1:10: 'version' must be" },
        { "no agents", "version: 1\nconversations: b\n", "my.suite.yaml:1:1: a suite needs a key 'agents'" },
        { "no conversations", "version: 1\nagents: a\n", "my.suite.yaml:1:1: a suite needs a key 'conversations'" },
        { "an empty list", "version: 1\nagents: a\nconversations: []\n", "my.suite.yaml:3:16: 'conversations'" },
        { "a path that is a number", "version: 1\nagents: a\nconversations: [1]\n",
          "my.suite.yaml:3:17: 'conversations' must be a path or a list of paths, not a number" },
        { "a repeat of none", LEAST "repeat: 0\n",
          "my.suite.yaml:4:9: 'repeat' must be a whole number from 1 to 10000" },
        { "a seed below zero", LEAST "seed: -1\n", "my.suite.yaml:4:7: 'seed' must be a whole number from 0 to" },
        { "a gate that is a number", LEAST "gates:\n  - accuracy >= 1\n  - 3\n", "my.suite.yaml:6:5: " },
        { "gates as a text", LEAST "gates: accuracy >= 1\n",
          "my.suite.yaml:4:8: 'gates' must be a list, not a string" },
        { "an unknown word", LEAST "expires: { after_days: 1, action: warm }\n",
          "my.suite.yaml:4:35: 'action' must be one of warn, error, not 'warm'; did you mean 'warn'?" },
        { "an unknown key within", LEAST "expires: { days: 1 }\n",
          "my.suite.yaml:4:12: unknown key 'days' in 'expires'" },
        { "an unknown key", LEAST "gate: []\n",
          "my.suite.yaml:4:1: unknown key 'gate' in a suite; did you mean 'gates'?" },
        { "a list", "- version: 1\n", "my.suite.yaml:1:1: a suite must be an object, not an array" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct loaded loaded;
        load(&loaded, rows[i].text);
        cr_expect_eq(loaded.status, BATON_EINPUT, "%s", rows[i].name);
        cr_expect_eq(strncmp(loaded.message, rows[i].want, strlen(rows[i].want)), 0, "%s: %s", rows[i].name,
                     loaded.message);
        unload(&loaded);
    }
}
