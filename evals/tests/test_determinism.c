/* The same inputs give the same bytes: at any number of threads, in any shard. (From any build too: make check-builds.) */
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARGS_MAX = 16, SHARDS = 3, NAME_BYTES = 256 };

/* What is run: a suite, or agents and conversations. */
static const struct input {
    const char *name;
    const char *args[5];
} inputs[] = {
    { "support", { "fixtures/suites/support.yaml" } },
    { "support_loops", { "fixtures/suites/support_loops.yaml" } },
    { "tau_airline", { "fixtures/suites/tau_airline.yaml" } },
    { "mwoz", { "fixtures/suites/mwoz.yaml" } },
    { "swarm_triage", { "fixtures/suites/swarm_triage.yaml" } },
    { "banking77",
      { "--agents", "fixtures/worked/banking77/agents.json", "--conversations",
        "fixtures/worked/banking77/conversations.jsonl" } },
    { "whowhen",
      { "--agents", "fixtures/worked/whowhen/agents.json", "--conversations",
        "fixtures/worked/whowhen/conversations.jsonl" } },
};

static const char *const recorded[] = { NULL };
static const char *const simulated[] = { "--provider", "sim:random", "--seed", "7", "--repeat", "5", NULL };

/* What a run left behind. */
struct outcome {
    struct baton_str summary, results;
    int exit_code;
};

static struct outcome eval(struct program *program, const struct input *input, const char *const *more,
                           const char *last)
{
    const char *folder = program_text(program, "%s/%u", program->folder, program->run_count);
    const char *args[ARGS_MAX] = { "eval", "--out", folder, "-q", last };
    size_t count = last == NULL ? 4 : 5;
    for (size_t i = 0; input->args[i] != NULL; i++) {
        args[count++] = input->args[i];
    }
    for (size_t i = 0; more[i] != NULL; i++) {
        args[count++] = more[i];
    }
    struct program_run run = program_run(program, args);
    return (struct outcome){ .summary = program_read(program, program_text(program, "%s/summary.json", folder)),
                             .results = program_read(program, program_text(program, "%s/results.jsonl", folder)),
                             .exit_code = run.exit_code };
}

static bool is_same(const struct outcome *a, const struct outcome *b)
{
    return a->summary.length > 0 && a->results.length > 0 && a->exit_code == b->exit_code &&
           baton_str_equal(a->summary, b->summary) && baton_str_equal(a->results, b->results);
}

Test(determinism, any_number_of_threads_gives_the_same_bytes)
{
    static const char *const threads[] = { "-j2", "-j4" };
    static const char *const *const ways[] = { recorded, simulated };
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        for (size_t i = 0; i < COUNT_OF(inputs); i++) {
            struct program program;
            program_open(&program);
            struct outcome one = eval(&program, &inputs[i], ways[way], "-j1");
            cr_expect(one.exit_code == 0 || one.exit_code == 1, "%s: exit code %d", inputs[i].name, one.exit_code);
            for (size_t t = 0; t < COUNT_OF(threads); t++) {
                struct outcome other = eval(&program, &inputs[i], ways[way], threads[t]);
                cr_expect(is_same(&one, &other), "%s %s: %s differs from -j1", inputs[i].name,
                          way == 0 ? "recorded" : "simulated", threads[t]);
            }
            program_close(&program);
        }
    }
}

Test(determinism, another_seed_gives_other_bytes)
{
    static const char *const other_seed[] = { "--provider", "sim:random", "--seed", "8", "--repeat", "5", NULL };
    struct program program;
    program_open(&program);
    for (size_t i = 0; i < COUNT_OF(inputs); i++) {
        struct outcome seven = eval(&program, &inputs[i], simulated, NULL);
        struct outcome eight = eval(&program, &inputs[i], other_seed, NULL);
        cr_expect(!baton_str_equal(seven.results, eight.results), "%s", inputs[i].name);
    }
    program_close(&program);
}

Test(determinism, a_replay_does_not_draw)
{
    static const char *const other_seed[] = { "--seed", "8", NULL };
    struct program program;
    program_open(&program);
    for (size_t i = 0; i < COUNT_OF(inputs); i++) {
        struct outcome own = eval(&program, &inputs[i], recorded, NULL);
        struct outcome eight = eval(&program, &inputs[i], other_seed, NULL);
        cr_expect(baton_str_equal(own.results, eight.results), "%s", inputs[i].name);
    }
    program_close(&program);
}

/* ---- shards ---- */

struct shard {
    struct baton_str left; /* of its results */
    const struct baton_json *summary;
};

/* The first line with its line break. */
static struct baton_str first_line(struct baton_str text)
{
    const char *end = memchr(text.data, '\n', text.length);
    return (struct baton_str){ text.data, end == NULL ? text.length : (size_t)(end + 1 - text.data) };
}

static void drop(struct baton_str *text, size_t length)
{
    text->data += length;
    text->length -= length;
}

/* Deals the lines of the whole out to the shards: each must be the next line of exactly one. */
static void expect_dealt(const char *name, struct baton_str whole, struct shard shards[SHARDS])
{
    while (whole.length > 0) {
        struct baton_str line = first_line(whole);
        unsigned owners = 0;
        for (size_t i = 0; i < SHARDS; i++) {
            if (shards[i].left.length >= line.length && memcmp(shards[i].left.data, line.data, line.length) == 0) {
                drop(&shards[i].left, line.length);
                owners++;
            }
        }
        cr_assert_eq(owners, 1u, "%s: a line in %u shards: %.*s", name, owners, (int)line.length, line.data);
        drop(&whole, line.length);
    }
    for (size_t i = 0; i < SHARDS; i++) {
        cr_expect_eq(shards[i].left.length, 0u, "%s: shard %zu has lines that the whole lacks", name, i + 1);
    }
}

/* Every count of the section adds up. */
static void expect_sums(const char *name, const char *section, const struct baton_json *whole,
                        const struct shard shards[SHARDS])
{
    for (const struct baton_json *node = parsed_at(whole, section)->child; node != NULL; node = node->next) {
        char key[NAME_BYTES];
        int64_t want = 0, sum = 0;
        snprintf(key, sizeof key, "%.*s", (int)node->key.length, node->key.data);
        if (node->type != BATON_JSON_NUMBER || !baton_json_integer(node, 0, INT64_MAX, &want)) {
            continue; /* ratios do not add up, and null is not counted */
        }
        for (size_t i = 0; i < SHARDS; i++) {
            const struct baton_json *part = baton_json_get(parsed_at(shards[i].summary, section), key);
            sum += part == NULL ? 0 : parsed_count(part, "");
        }
        cr_expect_eq(sum, want, "%s: %s.%s is %lld in shards, %lld in the whole", name, section, key, (long long)sum,
                     (long long)want);
    }
}

/* Runs the three shards. */
static void eval_shards(struct program *program, const struct input *input, const char *const *way,
                        struct shard shards[SHARDS])
{
    static const char *const shard_args[SHARDS] = { "--shard=1/3", "--shard=2/3", "--shard=3/3" };
    for (size_t i = 0; i < SHARDS; i++) {
        struct outcome part = eval(program, input, way, shard_args[i]);
        shards[i] =
            (struct shard){ .left = part.results, .summary = parsed_json(program->arena, part.summary, input->name) };
        cr_expect(parsed_is(shards[i].summary, "suite.shard", shard_args[i] + strlen("--shard=")), "%s", input->name);
    }
}

Test(determinism, shards_add_up_to_the_whole)
{
    static const char *const summed[] = { "counts", "depth.per_exchange", "depth.per_conversation", "loops" };
    static const char *const *const ways[] = { recorded, simulated };
    for (size_t i = 0; i < COUNT_OF(inputs) * COUNT_OF(ways); i++) {
        const struct input *input = &inputs[i / COUNT_OF(ways)];
        struct program program;
        struct shard shards[SHARDS];
        program_open(&program);
        struct outcome whole = eval(&program, input, ways[i % COUNT_OF(ways)], NULL);
        const struct baton_json *summary = parsed_json(program.arena, whole.summary, input->name);
        eval_shards(&program, input, ways[i % COUNT_OF(ways)], shards);
        cr_expect(parsed_is_null(summary, "suite.shard"), "%s", input->name);
        for (size_t k = 0; k < SHARDS; k++) {
            cr_expect(baton_str_equal(parsed_text(shards[k].summary, "suite.fingerprint"),
                                      parsed_text(summary, "suite.fingerprint")),
                      "%s: shard %zu has another fingerprint", input->name, k + 1);
        }
        expect_dealt(input->name, whole.results, shards);
        for (size_t k = 0; k < COUNT_OF(summed); k++) {
            expect_sums(input->name, summed[k], summary, shards);
        }
        program_close(&program);
    }
}

Test(determinism, the_fingerprint_tells_of_questions_and_labels_not_of_answers)
{
    static const struct row {
        const char *name, *line;
        bool is_same;
    } rows[] = {
        { "another answer",
          "{\"id\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"expect\":{\"final\":\"triage\"}},"
          "{\"role\":\"assistant\",\"content\":\"Good day\"}]}",
          true },
        { "another question",
          "{\"id\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"Ho\",\"expect\":{\"final\":\"triage\"}},"
          "{\"role\":\"assistant\",\"content\":\"Hello\"}]}",
          false },
        { "another label",
          "{\"id\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"expect\":{\"final\":\"billing\"}},"
          "{\"role\":\"assistant\",\"content\":\"Hello\"}]}",
          false },
        { "another id",
          "{\"id\":\"b\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"expect\":{\"final\":\"triage\"}},"
          "{\"role\":\"assistant\",\"content\":\"Hello\"}]}",
          false },
    };
    static const char first[] =
        "{\"id\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"expect\":{\"final\":\"triage\"}},"
        "{\"role\":\"assistant\",\"content\":\"Hello\"}]}";
    struct program program;
    program_open(&program);
    struct input input = { .args = { "--agents", "fixtures/agents/support.yaml", "--conversations",
                                     program_file(&program, "first.jsonl", first) } };
    struct outcome base = eval(&program, &input, recorded, NULL);
    const struct baton_json *summary = parsed_json(program.arena, base.summary, "first");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        input.args[3] = program_file(&program, "second.jsonl", rows[i].line);
        struct outcome other = eval(&program, &input, recorded, NULL);
        const struct baton_json *got = parsed_json(program.arena, other.summary, rows[i].name);
        cr_expect_eq(baton_str_equal(parsed_text(summary, "suite.fingerprint"), parsed_text(got, "suite.fingerprint")),
                     rows[i].is_same, "%s", rows[i].name);
        cr_expect(!baton_str_equal(parsed_text(summary, "suite.conversations_digest"),
                                   parsed_text(got, "suite.conversations_digest")),
                  "%s: the digest is of the bytes", rows[i].name);
    }
    program_close(&program);
}

/* ---- nothing of the machine ---- */

Test(determinism, result_files_tell_nothing_of_the_machine)
{
    static const char *const keys[] = { "\"time", "\"date", "\"host", "\"wall", "\"seconds", "\"threads", "\"jobs" };
    char folder[4096], host[NAME_BYTES];
    cr_assert_not_null(getcwd(folder, sizeof folder));
    cr_assert_eq(gethostname(host, sizeof host), 0);
    for (size_t i = 0; i < COUNT_OF(inputs); i++) {
        struct program program;
        program_open(&program);
        struct outcome got = eval(&program, &inputs[i], simulated, NULL);
        const struct baton_str files[] = { got.summary, got.results };
        for (size_t f = 0; f < COUNT_OF(files); f++) {
            cr_expect_gt(files[f].length, 0u);
            cr_expect(!program_has(files[f], folder), "%s: the working folder", inputs[i].name);
            cr_expect(!program_has(files[f], program.folder), "%s: the folder of the results", inputs[i].name);
            cr_expect(strlen(host) < 6 || !program_has(files[f], host), "%s: the name of the host", inputs[i].name);
            for (size_t k = 0; k < COUNT_OF(keys); k++) {
                cr_expect(!program_has(got.summary, keys[k]), "%s: %s", inputs[i].name, keys[k]);
            }
        }
        program_close(&program);
    }
}
