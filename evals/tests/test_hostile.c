/* Input that is broken, output that fails, runs that are stopped: the right exit code, the place, and nothing lost that was
 * good before. */
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define AGENTS "fixtures/agents/support.yaml"
#define SAYS(id) "{\"id\":\"" id "\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"

enum {
    CONVERSATIONS = 100000,
    BROKEN_LINE = 70001,
    REPEATS = 3,
    LONG_LINE_BYTES = 17 * 1024 * 1024,
    WAIT_MS = 20000,
    NS_PER_MS = 1000000
};

static const char *const eval_args[] = {
    "eval", "--agents", AGENTS, "--provider", "sim:direct", "-q", "--conversations"
};

/* `baton eval` of that file with results in the folder `out`, and more arguments. */
static struct program_run eval(struct program *program, const struct program_options *options, const char *path,
                               const char *const *more)
{
    const char *args[32] = { NULL };
    size_t count = COUNT_OF(eval_args);
    memcpy(args, eval_args, sizeof eval_args);
    args[count++] = path;
    args[count++] = "--out";
    args[count++] = program_path(program, "out");
    for (size_t i = 0; more != NULL && more[i] != NULL; i++) {
        args[count++] = more[i];
    }
    return program_run_with(program, options, args);
}

static struct program_run eval_file(struct program *program, const char *path)
{
    return eval(program, &(struct program_options){ 0 }, path, NULL);
}

static struct baton_str results(struct program *program)
{
    return program_read(program, program_path(program, "out/results.jsonl"));
}

static bool has_summary(struct program *program)
{
    return program_read(program, program_path(program, "out/summary.json")).data != NULL;
}

/* ---- a broken line among many ---- */

/* Many conversations; the line of that number has no colon, none where it is 0. */
static const char *many(struct program *program, unsigned broken_line)
{
    struct baton_text text = baton_text_with_limit((size_t)CONVERSATIONS * 128);
    for (unsigned i = 1; i <= CONVERSATIONS; i++) {
        baton_text_printf(&text,
                          i == broken_line ? "{\"id!c%u\",\"messages\":[]}\n"
                                           : "{\"id\":\"c%u\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}\n",
                          i);
    }
    cr_assert(!text.failed);
    const char *path = program_write(program, "many.jsonl", baton_text_str(&text));
    baton_text_clear(&text);
    return path;
}

Test(hostile, a_broken_line_is_named_and_all_before_it_is_kept)
{
    struct program program;
    program_open(&program);
    const char *path = many(&program, BROKEN_LINE);
    struct program_run run = eval_file(&program, path);
    struct baton_str rows = results(&program);
    const char *place = program_text(&program, "%s:%d:13: ", path, BROKEN_LINE);
    cr_expect_eq(run.exit_code, 4, "%d", run.exit_code);
    cr_expect_eq(program_count(run.err, place), 1u, "%s in %s", place, run.err.data);
    cr_expect_eq(program_count(rows, "\n"), (size_t)BROKEN_LINE - 1);
    cr_expect(program_has(rows, "{\"id\":\"c70000\","));
    cr_expect(!has_summary(&program), "a summary of half a run");
    cr_expect_eq(run.out.length, 0u);
    program_close(&program);
}

/* ---- files of all kinds ---- */

Test(hostile, odd_files_are_read_or_refused_with_their_place)
{
#define BYTES(text)              \
    {                            \
        (text), sizeof(text) - 1 \
    }
    static const struct row {
        const char *name;
        struct baton_str text;
        int exit_code;
        size_t rows;
        const char *says; /* behind the file's name */
    } rows[] = {
        { "empty", BYTES(""), 5, 0, NULL },
        { "blank lines alone", BYTES("\n\n \t\n\r\n"), 5, 0, NULL },
        { "blank lines between", BYTES("\n" SAYS("a") "\n\n  \n" SAYS("b") "\n\n"), 0, 2, NULL },
        { "CRLF", BYTES(SAYS("a") "\r\n" SAYS("b") "\r\n"), 0, 2, NULL },
        { "no line break at the end", BYTES(SAYS("a") "\n" SAYS("b")), 0, 2, NULL },
        { "a byte order mark", BYTES("\xef\xbb\xbf" SAYS("a") "\n"), 0, 1, NULL },
        { "a NUL byte", BYTES(SAYS("a") "\n{\"id\":\"b\0\"}\n"), 4, 1, ":2:9: " },
        { "a NUL byte between records", BYTES(SAYS("a") "\n\0\n"), 4, 1, ":2:1: " },
        { "not UTF-8", BYTES(SAYS("a") "\n" SAYS("b") "\n{\"id\":\"\xff\"}\n"), 4, 2, ":3:8: " },
        { "half a character at the end", BYTES(SAYS("a") "\n{\"id\":\"\xc3"), 4, 1, ":2:8: " },
        { "a raw control byte", BYTES("{\"id\":\"\x01\"}\n"), 4, 0, ":1:8: " },
        { "cut off", BYTES(SAYS("a") "\n{\"id\":\"b\",\"mess"), 4, 1, ":2:11: " },
        { "cut off, and more behind it", BYTES(SAYS("a") "\n{\"id\":\"b\",\r\n" SAYS("c") "\n"), 4, 1, ":2:11: " },
        { "two objects in a line", BYTES(SAYS("a") SAYS("b") "\n"), 4, 0, ":1:" },
        { "an array", BYTES("[]\n"), 4, 0, ":1:1: " },
        { "a key twice", BYTES("{\"id\":\"a\",\"id\":\"b\"}\n"), 4, 0, ":1:11: " },
        { "an unknown key", BYTES("{\"idd\":\"a\"}\n"), 4, 0,
          ":1:2: unknown key 'idd' in a conversation; did you mean 'id'?" },
        { "an id twice", BYTES(SAYS("a") "\n" SAYS("b") "\n\n" SAYS("a") "\n" SAYS("c") "\n"), 4, 2, ":4: the id " },
        { "no user message", BYTES("{\"messages\":[]}\n"), 4, 0,
          ":1:13: a conversation needs at least one user message" },
        { "a number too large for any double", BYTES("{\"id\":\"a\",\"weight\":1e999}\n"), 4, 0, ":1:20: " },
    };
#undef BYTES
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program program;
        program_open(&program);
        const char *path = program_write(&program, "odd.jsonl", rows[i].text);
        struct program_run run = eval_file(&program, path);
        const char *place = program_text(&program, "%s%s", path, rows[i].says == NULL ? "" : rows[i].says);
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%s: %d %s", rows[i].name, run.exit_code, run.err.data);
        cr_expect(rows[i].says == NULL || program_has(run.err, place), "%s: %s", rows[i].name, run.err.data);
        cr_expect_eq(program_count(results(&program), "\n"), rows[i].rows, "%s", rows[i].name);
        cr_expect_eq(has_summary(&program), rows[i].exit_code == 0, "%s", rows[i].name);
        program_close(&program);
    }
}

Test(hostile, a_line_over_the_limit_is_refused_and_one_below_it_is_not)
{
    struct program program;
    program_open(&program);
    static const struct row {
        const char *name;
        size_t bytes;
        int exit_code;
    } rows[] = { { "17 MiB", LONG_LINE_BYTES, 4 }, { "15 MiB", 15 * 1024 * 1024, 0 } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_text text = baton_text_with_limit((size_t)2 * LONG_LINE_BYTES);
        baton_text_puts(&text, SAYS("a") "\n{\"id\":\"b\",\"messages\":[{\"role\":\"user\",\"content\":\"");
        for (size_t k = 0; k < rows[i].bytes / 64; k++) {
            baton_text_puts(&text, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        }
        baton_text_puts(&text, "\"}]}\n" SAYS("c") "\n");
        const char *path = program_write(&program, "long.jsonl", baton_text_str(&text));
        baton_text_clear(&text);
        struct program_run run = eval_file(&program, path);
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%s: %s", rows[i].name, run.err.data);
        if (rows[i].exit_code != 0) {
            cr_expect(program_has(run.err, "long.jsonl:2: a record of more than 16 MiB"), "%s", run.err.data);
            cr_expect_eq(program_count(results(&program), "\n"), 1u, "what was before it");
        }
    }
    program_close(&program);
}

Test(hostile, files_that_are_none_are_refused_by_name)
{
    static const struct row {
        const char *name, *path, *says;
    } rows[] = {
        { "missing", "none.jsonl", "none.jsonl': No such file or directory" },
        { "a folder", "folder.jsonl", "folder.jsonl' is a folder; name its files, as in" },
        { "an unknown ending", "cases.txt", "cases.txt' has no known ending: conversations are .jsonl, .ndjson" },
        { "a pattern without a match", "*.ndjson", "*.ndjson' matches no file" },
    };
    struct program program;
    program_open(&program);
    program_file(&program, "folder.jsonl/inside.jsonl", SAYS("a"));
    program_file(&program, "cases.txt", SAYS("a"));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program_run run = eval_file(&program, program_path(&program, rows[i].path));
        cr_expect_eq(run.exit_code, 4, "%s: %d", rows[i].name, run.exit_code);
        cr_expect(program_has(run.err, rows[i].says), "%s: %s", rows[i].name, run.err.data);
        cr_expect_null(results(&program).data, "%s: a file of results", rows[i].name);
    }
    struct program_run run = eval_file(&program, program_path(&program, "fol*/*.jsonl"));
    cr_expect_eq(run.exit_code, 0, "a pattern with a match: %s", run.err.data);
    program_close(&program);
}

Test(hostile, a_conversation_in_two_files_is_refused_with_the_second_place)
{
    struct program program;
    program_open(&program);
    program_file(&program, "a.jsonl", SAYS("one") "\n" SAYS("two") "\n");
    program_file(&program, "b.jsonl", SAYS("three") "\n" SAYS("two") "\n" SAYS("four") "\n");
    struct program_run run = eval_file(&program, program_path(&program, "*.jsonl"));
    cr_expect_eq(run.exit_code, 4);
    cr_expect(program_has(run.err, "b.jsonl:2: the id of this conversation was used before"), "%s", run.err.data);
    cr_expect_eq(program_count(results(&program), "\n"), 3u);
    program_close(&program);
}

Test(hostile, standard_input_is_read_as_lines_and_named_in_messages)
{
    struct program program;
    program_open(&program);
    struct program_options good = { .input = BATON_STR(
                                        SAYS("a") "\n{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}\n") };
    struct program_run run = eval(&program, &good, "-", NULL);
    cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
    cr_expect(program_has(results(&program), "{\"id\":\"stdin-2\""), "a name for what has none");
    struct program_options bad = { .input = BATON_STR(SAYS("a") "\n" SAYS("b") "\n{}\n") };
    run = eval(&program, &bad, "-", NULL);
    cr_expect_eq(run.exit_code, 4);
    cr_expect(program_has(run.err, "standard input:3:1: "), "%s", run.err.data);
    struct program_options twice = { .input = BATON_STR(SAYS("a") "\n" SAYS("a") "\n") };
    run = eval(&program, &twice, "-", NULL);
    cr_expect(program_has(run.err, "standard input:2: the id "), "%s", run.err.data);
    struct program_options closed = { .closes_input = true };
    run = eval(&program, &closed, "-", NULL);
    cr_expect(run.exit_code == 5 || run.exit_code == 3, "closed: %d", run.exit_code);
    program_close(&program);
}

/* ---- output ---- */

Test(hostile, output_that_cannot_be_written_is_exit_code_3)
{
    struct program program;
    program_open(&program);
    const char *file = program_file(&program, "file", "");
    const char *suite = "fixtures/suites/support.yaml", *deep = program_text(&program, "%s/deeper", file);
    const char *out_args[] = { "eval", suite, "-q", "--out", NULL, NULL };
    static const struct row {
        const char *name;
        const char *args[8];
    } rows[] = {
        { "a short report", { "eval", "fixtures/suites/support.yaml" } },
        { "a long report",
          { "eval", "--agents", "fixtures/worked/banking77/agents.json", "--conversations",
            "fixtures/worked/banking77/conversations.jsonl", "--json" } },
        { "help", { "eval", "--help" } },
        { "events", { "run", AGENTS, "Hello", "--provider", "sim:oracle", "--events" } },
        { "a graph", { "graph", AGENTS } },
        { "a check", { "check", AGENTS } },
        { "an explanation", { "explain", "fixtures/suites/support.yaml", "misroute-double-charge" } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program_options full = { .output_path = "/dev/full" }, closed = { .closes_output = true };
        struct program_run run = program_run_with(&program, &full, rows[i].args);
        cr_expect_eq(run.exit_code, 3, "%s to a full disk: %d", rows[i].name, run.exit_code);
        cr_expect(program_has(run.err, "cannot write to standard output"), "%s", rows[i].name);
        run = program_run_with(&program, &closed, rows[i].args);
        cr_expect_eq(run.exit_code, 3, "%s to a closed output: %d", rows[i].name, run.exit_code);
    }
    const char *const folders[] = { file, deep, "/proc", "/proc/none" };
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        out_args[4] = folders[i];
        struct program_run run = program_run(&program, out_args);
        cr_expect_eq(run.exit_code, 3, "--out %s: %d", folders[i], run.exit_code);
        cr_expect(program_has(run.err, folders[i]), "--out %s: %s", folders[i], run.err.data);
    }
    struct program_run run = RUN(&program, "eval", suite, "--report", "json=/dev/full", "-q");
    cr_expect_eq(run.exit_code, 3, "--report json=/dev/full: %d", run.exit_code);
    struct stat info;
    cr_expect(stat("/dev/full", &info) == 0 && S_ISCHR(info.st_mode), "a device must stay one");
    program_close(&program);
}

Test(hostile, a_folder_without_permission_is_exit_code_3)
{
    struct program program;
    program_open(&program);
    const char *folder = program_path(&program, "locked");
    cr_assert_eq(mkdir(folder, 0555), 0);
    if (geteuid() == 0) {
        cr_log_info("root may write anywhere, so the folder without permission was not tried");
    } else {
        struct program_run run = RUN(&program, "eval", "fixtures/suites/support.yaml", "-q", "--out", folder);
        cr_expect_eq(run.exit_code, 3);
        cr_expect(program_has(run.err, "Permission denied"), "%s", run.err.data);
    }
    program_close(&program);
}

Test(hostile, a_reader_that_stops_early_is_no_failure)
{
    struct program program;
    program_open(&program);
    const char *fifo = program_path(&program, "fifo");
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    int reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    cr_assert_geq(reader, 0);
    const char *args[] = { "eval",
                           "--agents",
                           "fixtures/worked/clinc150/agents.json",
                           "--conversations",
                           "fixtures/worked/clinc150/conversations.jsonl",
                           "--json",
                           "--quiet", /* a slow build would tell of its progress */
                           NULL };
    struct program_options options = { .output_path = fifo };
    struct program_child child = program_start(&program, &options, args);
    close(reader); /* the program may have begun to write, or not: both must do */
    struct program_run run = program_finish(&program, &child);
    cr_expect_eq(run.exit_code, 1, "the verdict: %d %s", run.exit_code, run.err.data);
    cr_expect_eq(run.err.length, 0u, "%s", run.err.data);
    program_close(&program);
}

/* ---- what was there before ---- */

Test(hostile, a_run_that_plays_nothing_leaves_older_results_alone)
{
    static const struct row {
        const char *name;
        const char *more[3];
        int exit_code;
    } rows[] = {
        { "nothing selected", { "--filter", "no such id" }, 5 },
        { "no such tag", { "--tag", "no such tag" }, 5 },
        { "a bad filter", { "--filter", "(" }, 4 },
        { "a bad shard", { "--shard", "4/3" }, 4 },
        { "a bad gate", { "--gate", "acuracy >= 1" }, 4 },
        { "a bad number", { "--max-turns", "many" }, 4 },
    };
    struct program program;
    program_open(&program);
    const char *path = program_file(&program, "a.jsonl", SAYS("a") "\n");
    cr_assert_eq(eval_file(&program, path).exit_code, 0);
    struct baton_str before = results(&program);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program_run run = eval(&program, &(struct program_options){ 0 }, path, rows[i].more);
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%s: %d %s", rows[i].name, run.exit_code, run.err.data);
        cr_expect(baton_str_equal(results(&program), before), "%s: other results", rows[i].name);
        cr_expect(has_summary(&program), "%s: no summary", rows[i].name);
        cr_expect_null(program_read(&program, program_path(&program, "out/results.jsonl.part")).data, "%s",
                       rows[i].name);
    }
    program_close(&program);
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_PER_MS }, NULL);
}

/* Waits until the file has bytes; false when it never does. */
static bool has_begun(const char *path)
{
    struct stat info = { 0 };
    for (int ms = 0; ms < WAIT_MS && (stat(path, &info) != 0 || info.st_size == 0); ms++) {
        pause_ms(1);
    }
    return info.st_size > 0;
}

/* Starts a run that takes a while, and waits for its first results. */
static struct program_child start_long(struct program *program)
{
    const char *repeats = program_text(program, "--repeat=%d", REPEATS), *path = many(program, 0);
    const char *args[] = { "eval",
                           "--agents",
                           AGENTS,
                           "--provider",
                           "sim:random",
                           "-q",
                           repeats,
                           "--conversations",
                           path,
                           "--out",
                           program_path(program, "out"),
                           NULL };
    struct program_child child = program_start(program, &(struct program_options){ 0 }, args);
    cr_assert(has_begun(program_path(program, "out/results.jsonl.part")), "the run does not begin");
    return child;
}

Test(hostile, an_interrupted_run_ends_with_2_and_keeps_what_it_has)
{
    static const int signals[] = { SIGINT, SIGTERM };
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        struct program program;
        program_open(&program);
        program_file(&program, "out/summary.json", "old");
        struct program_child child = start_long(&program);
        kill(child.pid, signals[i]);
        struct program_run run = program_finish(&program, &child);
        struct baton_str rows = results(&program);
        size_t lines = program_count(rows, "\n");
        cr_expect_eq(run.exit_code, 2, "signal %d: %d %s", signals[i], run.exit_code, run.err.data);
        cr_expect(program_has(run.err, "stopped early; the results before that are in"), "%s", run.err.data);
        cr_expect(lines > 0 && lines < (size_t)CONVERSATIONS * REPEATS, "%zu lines", lines);
        cr_expect_eq(program_count(rows, "\"repeat\":0,"), (lines + REPEATS - 1) / REPEATS, "a beginning, in order");
        const char *last = memrchr(rows.data, '\n', rows.length - 1);
        struct baton_str line = { last + 1, (size_t)(rows.data + rows.length - last) - 2 };
        cr_expect(parsed_is(parsed_json(program.arena, line, "last line"), "exchanges.0.start", "triage"));
        cr_expect(!has_summary(&program), "a summary of other results");
        program_close(&program);
    }
}

Test(hostile, a_run_that_waits_for_input_can_be_interrupted)
{
    static const char *const run_args[] = { "run", AGENTS, "--provider", "sim:direct", NULL };
    struct program program;
    program_open(&program);
    const char *fifo = program_path(&program, "fifo.jsonl");
    const char *eval_fifo[] = { "eval", "--agents", AGENTS, "--provider", "sim:direct", "--conversations", "-", NULL };
    const char *const *const all[] = { run_args, eval_fifo };
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    int writer = open(fifo, O_RDWR | O_CLOEXEC); /* holds it open, and lets the others open it at once */
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct program_options options = { .input_path = fifo };
        struct program_child child = program_start(&program, &options, all[i]);
        pause_ms(200);
        kill(child.pid, SIGINT);
        struct program_run run = program_finish(&program, &child);
        cr_expect_eq(run.exit_code, 2, "%s: %d %s", all[i][0], run.exit_code, run.err.data);
        cr_expect(program_has(run.err, "interrupted"), "%s: %s", all[i][0], run.err.data);
    }
    close(writer);
    program_close(&program);
}

Test(hostile, a_killed_run_leaves_the_old_results)
{
    struct program program;
    program_open(&program);
    program_file(&program, "out/results.jsonl", "old\n");
    program_file(&program, "out/summary.json", "old too\n");
    struct program_child child = start_long(&program);
    kill(child.pid, SIGKILL);
    struct program_run run = program_finish(&program, &child);
    cr_expect_eq(run.exit_code, PROGRAM_SIGNAL + SIGKILL);
    cr_expect(baton_str_is(results(&program), "old\n"));
    cr_expect(has_summary(&program));
    struct baton_str part = program_read(&program, program_path(&program, "out/results.jsonl.part"));
    const char *end = memrchr(part.data, '\n', part.length);
    cr_assert_not_null(end);
    size_t lines;
    struct baton_str whole_lines = { part.data, (size_t)(end + 1 - part.data) };
    (void)parsed_lines(program.arena, whole_lines, &lines);
    cr_expect_gt(lines, 0u, "a readable beginning");
    program_close(&program);
}
