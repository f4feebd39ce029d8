/* cmd_compare.c - `baton compare`: what got worse between two results of the same suite, and whether that is noise. */
#include "evals/cli/print.h"
#include "evals/cli/switches.h"
#include "evals/cli/verbs.h"
#include "evals/results/compare.h"
#include "reports/comparison_json.h"
#include "reports/forms/markdown.h"
#include "reports/forms/terminal_comparison.h"

#include <string.h>

enum { COMPARE_BYTES_MAX = 1024 * 1024 * 1024 };
enum fail_on { FAIL_ON_SIGNIFICANT, FAIL_ON_ANY, FAIL_ON_NEVER, FAIL_ON_COUNT };

static const char *const fail_on_words[FAIL_ON_COUNT] = { "significant", "any", "never" };

struct compare_args {
    const char *alpha, *fail_on;
    bool json, markdown, quiet, no_color;
};

#define FORM struct compare_args

/* clang-format off */
static const struct baton_switch switches[] = {
    TEXT("alpha", 0, alpha, "P", "worse is what chance does less often than this (0.05)"),
    TEXT("fail-on", 0, fail_on, "WHAT", "exit 1 when: significant (clearly worse), any (a conversation newly fails), never (significant)"),
    JSON_SWITCH("print it as JSON"),
    FLAG("markdown", 0, markdown, "print it as Markdown"),
    QUIET_SWITCH("print nothing"),
    NO_COLOR_SWITCH,
};
/* clang-format on */

static enum baton_status read_alpha(const char *text, double *alpha, struct baton_error *err)
{
    struct baton_str rest = baton_str_of(text);
    *alpha = BATON_COMPARE_ALPHA;
    if (text != NULL && (!baton_args_take_decimal(&rest, alpha) || rest.length > 0 || !(*alpha > 0 && *alpha < 1))) {
        return baton_error_set(err, BATON_EUSAGE, "--alpha must be a number between 0 and 1, not '%s'", text);
    }
    return BATON_OK;
}

static enum baton_status read_fail_on(const char *text, size_t *fail_on, struct baton_error *err)
{
    *fail_on = FAIL_ON_SIGNIFICANT;
    while (text != NULL && *fail_on < FAIL_ON_COUNT && strcmp(text, fail_on_words[*fail_on]) != 0) {
        (*fail_on)++;
    }
    return *fail_on < FAIL_ON_COUNT
               ? BATON_OK
               : baton_error_set(err, BATON_EUSAGE, "--fail-on must be significant, any or never, not '%s'", text);
}

static enum baton_status print(const struct compare_args *args, const struct baton_comparison *comparison,
                               bool has_colour, struct baton_error *err)
{
    struct baton_text text = baton_text_with_limit(COMPARE_BYTES_MAX);
    if (args->json) {
        baton_comparison_json_write(&text, comparison);
    } else if (args->markdown) {
        baton_markdown_write_comparison(&text, comparison);
    } else if (!args->quiet) {
        baton_terminal_comparison_write(&text, comparison, has_colour && !args->no_color);
    }
    enum baton_status status = text.failed ? baton_error_no_memory(err, "comparing") : BATON_OK;
    if (status == BATON_OK) {
        baton_print_text(stdout, &text);
    }
    baton_text_clear(&text);
    return status;
}

static enum baton_status load_and_compare(struct baton_comparison *out, double alpha,
                                          const struct baton_arg_list *plain, struct baton_arena *arena,
                                          struct baton_error *err)
{
    struct baton_compare_side baseline, candidate;
    enum baton_status status = baton_compare_open(&baseline, arena, plain->items[0], err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_compare_open(&candidate, arena, plain->items[1], err);
    if (status != BATON_OK) {
        return status;
    }
    const struct baton_compare_options options = { .baseline = &baseline, .candidate = &candidate, .alpha = alpha };
    return baton_compare(out, arena, &options, err);
}

static enum baton_status compare(const struct compare_args *args, const struct baton_arg_list *plain, bool has_colour,
                                 struct baton_arena *arena, int *exit_code, struct baton_error *err)
{
    struct baton_comparison comparison;
    double alpha;
    size_t fail_on;
    enum baton_status status = read_alpha(args->alpha, &alpha, err);
    if (status != BATON_OK) {
        return status;
    }
    status = read_fail_on(args->fail_on, &fail_on, err);
    if (status != BATON_OK) {
        return status;
    }
    status = load_and_compare(&comparison, alpha, plain, arena, err);
    if (status != BATON_OK) {
        return status;
    }
    *exit_code = (fail_on == FAIL_ON_SIGNIFICANT && comparison.verdict == BATON_COMPARISON_WORSE) ||
                 (fail_on == FAIL_ON_ANY && comparison.newly_failing_count > 0);
    return print(args, &comparison, has_colour, err);
}

static enum baton_status compare_run(const struct baton_command_line *line, int *exit_code, struct baton_error *err)
{
    struct baton_arena *arena = baton_arena_new(COMPARE_BYTES_MAX);
    struct compare_args args = { 0 };
    struct baton_arg_list plain;
    bool is_done = false;
    enum baton_status status = baton_args_begin(line, arena, &args, &plain, &is_done, err);
    if (status == BATON_OK && !is_done) {
        status = compare(&args, &plain, line->environment->has_colour, arena, exit_code, err);
    }
    baton_arena_free(arena);
    return status;
}

const struct baton_verb baton_verb_compare = {
    .name = "compare",
    .summary = "two results of the same suite: what got worse, and whether that is noise",
    .usage = "BASELINE CANDIDATE",
    .examples = "  baton compare golden build/results\n"
                "  baton compare golden/support.summary.json build/results --fail-on any\n"
                "  baton compare golden build/results --markdown >>\"$GITHUB_STEP_SUMMARY\"",
    .more =
        "Each is a folder of 'baton eval --out', or its summary.json or results.jsonl with the other beside it\n"
        "(NAME.summary.json beside NAME.results.jsonl). Exits 1 when the candidate is clearly worse, and 7 when the two\n"
        "are not of the same conversations, questions and labels.",
    .switches = switches,
    .switch_count = sizeof switches / sizeof *switches,
    .least = 2,
    .most = 2,
    .run = compare_run,
};
