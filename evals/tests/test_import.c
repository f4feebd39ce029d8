/* `baton import`, as a user sees it: what others recorded becomes a suite, and the suite replays. */
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <string.h>

/* The figures are those of another reader, fixtures/wire_vcr/expected. */
static const struct run {
    const char *name;
    unsigned calls;
    const char *final_text; /* its beginning */
} runs[] = {
    { "dd-trace-py__test_multiple_agent_handoffs_with_chat_completions", 3, NULL },
    { "logfire__test_responses", 2, "The random number generated is 4, and it's been handed off to agent2." },
    { "openllmetry__test_agent_with_handoff_spans", 2, "Task has been delegated to Agent A." },
    { "openllmetry__test_music_composer_handoff_hierarchy", 3, NULL },
    { "crewAI__test_hierarchical_process", 6, NULL },
    { "crewAI__test_hierarchical_verbose_manager_agent", 4, NULL },
    { "crewAI__test_increment_delegations_for_sequential_process", 3, NULL },
    { "crewAI__test_output_pydantic_hierarchical", 4, NULL },
};

Test(import, a_foreign_recording_becomes_a_suite_that_replays)
{
    struct program program;
    program_open(&program);
    for (size_t i = 0; i < COUNT_OF(runs); i++) {
        const char *file = program_text(&program, "fixtures/wire_vcr/%s.yaml", runs[i].name);
        const char *folder = program_path(&program, runs[i].name);
        struct program_run made = RUN(&program, "import", "vcr", file, "--out", folder);
        cr_expect_eq(made.exit_code, 0, "%s: %s", runs[i].name, made.err.data);
        cr_expect(program_has(made.out, program_text(&program, " %u model calls", runs[i].calls)), "%s: %s",
                  runs[i].name, made.out.data);
        const char *suite = program_text(&program, "%s/suite.yaml", folder),
                   *out = program_text(&program, "%s/out", folder);
        struct program_run replayed = RUN(&program, "eval", suite, "--strict", "--out", out, "-q");
        cr_expect_eq(replayed.exit_code, 0, "%s: %s", runs[i].name, replayed.err.data);
        cr_expect_not(program_has(replayed.err, "nobody asked for"), "%s: %s", runs[i].name, replayed.err.data);
        struct baton_str rows = program_read(&program, program_text(&program, "%s/results.jsonl", out));
        cr_expect(program_has(rows, "\"status\":\"answered\""), "%s: %s", runs[i].name, rows.data);
        cr_expect(runs[i].final_text == NULL || program_has(rows, runs[i].final_text), "%s: %s", runs[i].name,
                  rows.data);
    }
    program_close(&program);
}

Test(import, what_cannot_come_along_is_told_with_its_reason)
{
    static const char gemini[] = "fixtures/wire_vcr/openinference__test_google_adk_instrumentor_multi_agent.yaml";
    struct program program;
    program_open(&program);
    struct program_run run = RUN(&program, "import", "vcr", gemini, "--out", program_path(&program, "o"));
    cr_expect_eq(run.exit_code, 4, "%d", run.exit_code);
    cr_expect(program_has(run.err, "Gemini is not spoken"), "%s", run.err.data);
    run = RUN(&program, "import", "vrc", gemini);
    cr_expect_eq(run.exit_code, 4, "%d", run.exit_code);
    cr_expect(program_has(run.err, "unknown form 'vrc'; forms are vcr; did you mean 'vcr'?"), "%s", run.err.data);
    run = RUN(&program, "import", "vcr", program_path(&program, "none.yaml"));
    cr_expect_eq(run.exit_code, 4, "%d", run.exit_code);
    cr_expect(program_has(run.err, "none.yaml"), "%s", run.err.data);
    program_close(&program);
}
