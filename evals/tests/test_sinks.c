#include "reports/sinks.h"

#include "evals/tests/program.h"
#include "reports/step_summary.h"
#include "reports/tests/sample.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUITE "fixtures/suites/support.yaml"
#define AGENTS "fixtures/agents/support.yaml"
#define ALL_REPORTS                                                                                             \
    "--report", "junit", "--report", "tap", "--report", "csv", "--report", "confusion", "--report", "markdown", \
        "--report", "json", "--report", "jsonl"

enum { MANY = 30000, WAIT_MS = 20000, NS_PER_MS = 1000000, FILE_LIMIT = 64 * 1024 };

/* The names in a folder, sorted, each with a blank behind it. */
static const char *listing(struct program *program, const char *folder)
{
    struct dirent **entries = NULL;
    const char *list = "";
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0) {
            list = program_text(program, "%s%s ", list, entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    return list;
}

/* ---- where they go ---- */

Test(report_sinks, a_path_that_cannot_be_written_is_told_before_the_run)
{
    static const struct row {
        const char *name, *form, *path; /* below the scratch folder */
        int exit_code;
        const char *says;
    } rows[] = {
        { "a missing folder", "junit", "none/x", 3, "none/x': No such file or directory" },
        { "of a form without rows", "json", "none/x", 3, "none/x': No such file or directory" },
        { "of lines", "jsonl", "none/x", 3, "none/x.part': No such file or directory" },
        { "of annotations", "github", "none/x", 3, "none/x': No such file or directory" },
        { "a folder", "markdown", "folder", 3, "folder': Is a directory" },
        { "a folder, with rows", "csv", "folder", 3, "folder': Is a directory" },
        { "a file for a folder", "tap", "file/x", 3, "file/x': Not a directory" },
        { "the same path", "csv", "same", 4, "two reports, tap and csv, would go to '" },
    };
    struct program program;
    program_open(&program);
    cr_assert_eq(mkdir(program_path(&program, "folder"), 0777), 0);
    program_file(&program, "file", "old");
    const char *input = program_file(&program, "broken.jsonl", "not read, as the run does not begin\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *report = program_text(&program, "%s=%s", rows[i].form, program_path(&program, rows[i].path));
        const char *other = program_text(&program, "tap=%s", program_path(&program, "same"));
        struct program_run run =
            RUN(&program, "eval", "--agents", AGENTS, "--conversations", input, "--report", other, "--report", report);
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%s: %d %s", rows[i].name, run.exit_code, run.err.data);
        cr_expect(program_has(run.err, rows[i].says), "%s: %s", rows[i].name, run.err.data);
        cr_expect_str_eq(listing(&program, program_path(&program, "folder")), "", "%s", rows[i].name);
        cr_expect_null(program_read(&program, program_path(&program, "same.part")).data, "%s", rows[i].name);
        cr_expect_null(program_read(&program, program_path(&program, "file.part")).data, "%s", rows[i].name);
    }
    program_close(&program);
}

Test(report_sinks, the_same_form_may_go_to_several_places)
{
    struct program program;
    program_open(&program);
    const char *a = program_path(&program, "a.xml"), *b = program_path(&program, "b.xml");
    struct program_run run = RUN(&program, "eval", SUITE, "--report", program_text(&program, "junit=%s", a), "--report",
                                 program_text(&program, "junit=%s", b), "--report", "junit", "--report",
                                 "junit=/dev/null", "--report", "junit=/dev/null");
    cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
    cr_expect(run.out.length > 0 && baton_str_equal(run.out, program_read(&program, a)));
    cr_expect(baton_str_equal(run.out, program_read(&program, b)));
    program_close(&program);
}

Test(report_sinks, a_device_that_is_full_is_exit_code_3)
{
    static const char *const forms[] = { "terminal", "json",      "jsonl",    "junit", "tap",
                                         "csv",      "confusion", "markdown", "github" };
    struct program program;
    program_open(&program);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct program_run run = RUN(&program, "eval", SUITE, "--provider", "sim:random", "-q", "--report",
                                     program_text(&program, "%s=/dev/full", forms[i]));
        cr_expect_eq(run.exit_code, 3, "%s: %d", forms[i], run.exit_code);
        cr_expect(program_has(run.err, "/dev/full': No space left on device"), "%s: %s", forms[i], run.err.data);
    }
    program_close(&program);
}

/* ---- what is left behind ---- */

static const char *many(struct program *program, bool is_broken)
{
    struct baton_text text = baton_text_with_limit(SIZE_MAX / 2);
    for (unsigned i = 1; i <= MANY; i++) {
        baton_text_printf(&text,
                          "{\"id\":\"c%u\",\"messages\":[{\"role\":\"user\",\"content\":\"x\","
                          "\"expect\":{\"final\":\"sales\"}}]}\n",
                          i);
    }
    baton_text_puts(&text, is_broken ? "broken\n" : "");
    const char *path = program_write(program, "many.jsonl", baton_text_str(&text));
    baton_text_clear(&text);
    return path;
}

Test(report_sinks, a_run_leaves_its_reports_and_nothing_else)
{
    struct program program;
    program_open(&program);
    const char *folder = program_path(&program, "out");
    struct program_run run = RUN(&program, "eval", "-q", ALL_REPORTS, "--out", folder, SUITE);
    cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
    cr_expect_str_eq(
        listing(&program, folder),
        "confusion.csv counts.json junit.xml results.csv results.jsonl results.tap summary.json summary.md ");
    program_close(&program);
}

Test(report_sinks, a_broken_line_leaves_the_rows_before_it_and_nothing_else)
{
    struct program program;
    program_open(&program);
    const char *folder = program_path(&program, "out"), *rows = program_path(&program, "out/results.jsonl");
    struct program_run run = RUN(&program, "eval", "-q", ALL_REPORTS, "--out", folder, "--agents", AGENTS,
                                 "--conversations", many(&program, true));
    cr_expect_eq(run.exit_code, 4, "%s", run.err.data);
    cr_expect_str_eq(listing(&program, folder), "results.jsonl ");
    cr_expect_eq(program_count(program_read(&program, rows), "\n"), (size_t)MANY);
    program_close(&program);
}

Test(report_sinks, an_interrupt_leaves_the_rows_before_it_and_nothing_else)
{
    struct program program;
    program_open(&program);
    const char *folder = program_path(&program, "out"), *part = program_path(&program, "out/results.jsonl.part");
    const char *args[] = { "eval",
                           "-q",
                           ALL_REPORTS,
                           "--out",
                           folder,
                           "--agents",
                           AGENTS,
                           "--provider",
                           "sim:random",
                           "--repeat",
                           "10",
                           "--conversations",
                           many(&program, false),
                           NULL };
    struct program_child child = program_start(&program, &(struct program_options){ 0 }, args);
    struct stat info = { 0 };
    for (int ms = 0; ms < WAIT_MS && (stat(part, &info) != 0 || info.st_size == 0); ms++) {
        nanosleep(&(struct timespec){ .tv_nsec = NS_PER_MS }, NULL);
    }
    kill(child.pid, SIGINT);
    struct program_run run = program_finish(&program, &child);
    cr_expect_eq(run.exit_code, 2, "%d %s", run.exit_code, run.err.data);
    cr_expect_str_eq(listing(&program, folder), "results.jsonl ");
    struct baton_str rows = program_read(&program, program_path(&program, "out/results.jsonl"));
    cr_assert_gt(rows.length, 0u);
    cr_expect_eq(rows.data[rows.length - 1], '\n', "whole lines");
    program_close(&program);
}

/* A file may not grow past a limit: as on a full disk, but where there is one. */
Test(report_sinks, a_full_disk_leaves_the_old_files_and_the_rows_that_were_written)
{
    struct program program;
    program_open(&program);
    const char *path = many(&program, false);
    struct rlimit limit, small;
    program_file(&program, "rows/results.jsonl", "old");
    program_file(&program, "rows/summary.json", "old too");
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){ .rlim_cur = FILE_LIMIT, .rlim_max = limit.rlim_max };
    signal(SIGXFSZ, SIG_IGN); /* the program inherits both */
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct program_run run = RUN(&program, "eval", "-q", "--out", program_path(&program, "rows"), "--agents", AGENTS,
                                 "--conversations", path, "--report", "junit");
    struct program_run other = RUN(&program, "eval", "-q", "--agents", AGENTS, "--conversations", path, "--report",
                                   program_text(&program, "junit=%s", program_path(&program, "one/../x")), "--report",
                                   program_text(&program, "csv=%s", program_path(&program, "y")));
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_eq(run.exit_code, 3, "%d %s", run.exit_code, run.err.data);
    cr_expect(program_has(run.err, "File too large"), "%s", run.err.data);
    cr_expect_str_eq(listing(&program, program_path(&program, "rows")),
                     "results.jsonl results.jsonl.part summary.json ");
    cr_expect(baton_str_is(program_read(&program, program_path(&program, "rows/results.jsonl")), "old"));
    cr_expect_gt(program_read(&program, program_path(&program, "rows/results.jsonl.part")).length, 0u);
    cr_expect_eq(other.exit_code, 3, "%d %s", other.exit_code, other.err.data);
    cr_expect(!program_has(baton_str_of(listing(&program, program.folder)), ".part"));
    program_close(&program);
}

/* ---- bounded forms ---- */

static void bounded_before(struct baton_text *out, const struct baton_report_context *context)
{
    const struct baton_report_shares *shown = &context->shown;
    baton_text_printf(out, "%d/%d %d/%d\n", (int)shown->failed, (int)shown->failed_all, (int)shown->others,
                      (int)shown->others_all);
}

static void bounded_line(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                         uint32_t count)
{
    (void)suite;
    baton_text_printf(out, "%.*s%u\n", (int)repeats[0].id.length, repeats[0].id.data, count);
}

/* The report when the conversations come in chunks of that size. */
static struct baton_str bounded_report(struct program *program, const struct baton_report_form *form,
                                       const struct baton_result *results, size_t count, size_t chunk)
{
    struct baton_error err;
    struct baton_report_part part;
    struct baton_report_context context = { .summary = NULL };
    struct baton_report_sinks sinks = { .arena = program->arena };
    const char *path = program_text(program, "%s/bounded", program->folder);
    sinks.list[sinks.count++] = (struct baton_report_sink){ .form = form, .path = path };
    cr_assert_eq(baton_report_sinks_open(&sinks, &err), BATON_OK, "%s", err.text);
    baton_report_parts_init(&part, 1);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(baton_report_parts_write(&part, &sinks, BATON_STR("s"), &results[i], 1, &err), BATON_OK);
        if ((i + 1) % chunk == 0 || i + 1 == count) {
            cr_assert_eq(baton_report_sinks_take(&sinks, &part, &err), BATON_OK);
            baton_report_parts_reset(&part, 1);
        }
    }
    baton_report_parts_clear(&part, 1);
    cr_assert_eq(baton_report_sinks_finish(&sinks, &context, &err), BATON_OK, "%s", err.text);
    baton_report_sinks_discard(&sinks);
    cr_expect_str_eq(listing(program, program->folder), "bounded ");
    return program_read(program, path);
}

Test(report_sinks, a_bounded_form_holds_the_first_that_failed_then_the_first_others)
{
    static const struct row {
        size_t failed_max, others_max;
        const char *want;
    } rows[] = {
        { 1000, 1000, "4/4 4/4\nf1-1\nf2-long-1\nf3-1\nf4-1\np1-1\np2-1\np3-longer-1\np4-1\n" },
        { 5, 10, "1/4 2/4\nf1-1\np1-1\np2-1\n" },
        { 14, 12, "1/4 2/4\nf1-1\np1-1\np2-1\n" }, /* f2 does not fit, so f3 does not come in its place */
        { 15, 9, "2/4 1/4\nf1-1\nf2-long-1\np1-1\n" },
        { 4, 4, "0/4 0/4\n" },
        { 1000, 0, "4/4 0/4\nf1-1\nf2-long-1\nf3-1\nf4-1\n" },
        { 0, 1000, "0/4 4/4\np1-1\np2-1\np3-longer-1\np4-1\n" },
    };
    static const char *const ids[] = { "p1-", "f1-", "p2-", "f2-long-", "p3-longer-", "f3-", "f4-", "p4-" };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program program;
        struct baton_result results[COUNT_OF(ids)];
        program_open(&program);
        for (size_t k = 0; k < COUNT_OF(ids); k++) {
            results[k] = sample_result(program.arena, ids[k][0] == 'p' ? 'P' : 'F', baton_str_of(ids[k]));
        }
        struct baton_report_form form = { .name = "bounded",
                                          .before = bounded_before,
                                          .conversation = bounded_line,
                                          .bytes_failed_max = rows[i].failed_max,
                                          .bytes_others_max = rows[i].others_max };
        for (size_t chunk = 1; chunk <= COUNT_OF(ids); chunk++) {
            struct baton_str got = bounded_report(&program, &form, results, COUNT_OF(ids), chunk);
            cr_expect(baton_str_is(got, rows[i].want), "row %zu, chunks of %zu: %s", i, chunk, got.data);
        }
        program_close(&program);
    }
}

/* ---- the step summary of GitHub ---- */

Test(report_sinks, annotations_come_with_a_step_summary)
{
    struct program program;
    program_open(&program);
    const char *path = program_path(&program, "step.md"), *own = program_path(&program, "own.md");
    setenv("GITHUB_STEP_SUMMARY", path, 1);
    struct program_run run = RUN(&program, "eval", SUITE, "--report", program_text(&program, "markdown=%s", own));
    cr_expect_null(program_read(&program, path).data, "nobody asked for it");
    run = RUN(&program, "eval", SUITE, "--report", "github");
    cr_expect(run.exit_code == 0 && run.err.length == 0, "%s", run.err.data);
    cr_expect(baton_str_equal(program_read(&program, path), program_read(&program, own)));
    run = RUN(&program, "eval", SUITE, "--report", "github");
    struct baton_str once = program_read(&program, own), twice = program_read(&program, path);
    cr_assert_eq(twice.length, 2 * once.length + 1, "the second is added behind the first");
    cr_expect(memcmp(twice.data, once.data, once.length) == 0 && twice.data[once.length] == '\n' &&
              memcmp(twice.data + once.length + 1, once.data, once.length) == 0);
    setenv("GITHUB_STEP_SUMMARY", program_path(&program, "none/step.md"), 1);
    run = RUN(&program, "eval", SUITE, "--report", "github");
    cr_expect_eq(run.exit_code, 0, "the run is as it was");
    cr_expect(program_has(run.err, "nothing was added to the step summary '") &&
                  program_has(run.err, "No such file or directory"),
              "%s", run.err.data);
    unsetenv("GITHUB_STEP_SUMMARY");
    program_close(&program);
}

Test(report_sinks, a_step_summary_over_the_limit_is_left_as_it_is)
{
    struct program program;
    program_open(&program);
    struct baton_report_context context = { .summary = sample_summary(program.arena, "P", BATON_STR("x")) };
    char note[BATON_STEP_SUMMARY_NOTE_BYTES];
    const char *path = program_path(&program, "empty.md");
    cr_assert_null(baton_step_summary_add(path, &context, note));
    size_t size = program_read(&program, path).length;
    for (size_t over = 0; over <= 1; over++) {
        struct stat info;
        path = program_file(&program, "full.md", "");
        size_t before = BATON_STEP_SUMMARY_BYTES_MAX - size - 1 + over;
        cr_assert_eq(truncate(path, (off_t)before), 0);
        const char *problem = baton_step_summary_add(path, &context, note);
        cr_expect_eq(problem != NULL, over > 0, "%zu over: %s", over, problem);
        cr_assert_eq(stat(path, &info), 0);
        cr_expect_eq((size_t)info.st_size, over > 0 ? before : (size_t)BATON_STEP_SUMMARY_BYTES_MAX);
    }
    cr_expect(program_has(baton_str_of(note), "over the 1024 KiB"), "%s", note);
    program_close(&program);
}
