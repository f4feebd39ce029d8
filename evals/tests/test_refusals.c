/* Names that do not exist: each is refused with exit code 4, its place, and the nearest name that does. */
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <string.h>

#define AGENTS "fixtures/agents/support.yaml"
#define SUITE "fixtures/suites/support.yaml"

enum { ARGS_MAX = 12 };

/* Files of the scratch folder. */
static const struct {
    const char *name, *text;
} files[] = {
    { "key.yaml", "version: 1\nentry: a\nagents:\n  a: { handofs: [b] }\n  b: {}\n" },
    { "handoff.yaml", "version: 1\nentry: triage\nagents:\n  triage: { handoffs: [biling] }\n  billing: {}\n" },
    { "tool.yaml",
      "version: 1\nentry: a\nagents:\n  a: { tools: [serch_docs] }\ntools:\n  search_docs: { result: ok }\n" },
    { "entry.yaml", "version: 1\nentry: trage\nagents:\n  triage: {}\n" },
    { "profile.yaml", "version: 1\nprofile: batan\nentry: a\nagents:\n  a: {}\n" },
    { "agent.jsonl", "{\"id\":\"a\",\"entry\":\"sale\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}\n" },
    { "said.jsonl",
      "\n{\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"agent\":\"salse\"}]}\n" },
    { "final.jsonl",
      "{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"expect\":{\"final\":[\"sales\",\"salessmb\"]}}]}\n" },
    { "expect.jsonl", "{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"expect\":{\"finale\":\"sales\"}}]}\n" },
    { "word.jsonl", "{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"expect\":{\"status\":\"max_turn\"}}]}\n" },
    { "role.jsonl", "{\"messages\":[{\"role\":\"asistant\",\"content\":\"x\"}]}\n" },
    { "labels.csv", "text,final\none,sales\ntwo,salse\n" },
    { "column.csv", "text,finl\none,sales\n" },
    { "gate.yaml", "version: 1\nagents: a.yaml\nconversations: good.jsonl\ngates:\n  - acuracy >= 0.9\n" },
    { "gate_agent.yaml",
      "version: 1\nagents: a.yaml\nconversations: good.jsonl\ngates:\n  - depth.max <= 3\n  - recall[biling] >= 0.9\n" },
    { "suite_key.yaml", "version: 1\nagent: a.yaml\nconversations: good.jsonl\n" },
    { "suite_provider.yaml", "version: 1\nagents: a.yaml\nconversations: good.jsonl\nprovider: transcrip\n" },
    { "a.yaml", "version: 1\nentry: billing\nagents:\n  billing: {}\n  sales: {}\n" },
    { "good.jsonl", "{\"id\":\"good-one\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}\n" },
    { "rules.yaml", "version: 1\nrules:\n  - { agent: sale, say: hello }\n" },
};

static const struct row {
    const char *name;
    const char *args[ARGS_MAX]; /* % stands for the scratch folder */
    int exit_code;
    const char *says;
} rows[] = {
    { "a verb", { "evla", SUITE }, 4, "unknown verb 'evla'; did you mean 'eval'?" },
    { "a verb like none", { "frobnicate" }, 4, "unknown verb 'frobnicate'; see 'baton --help'" },
    { "a flag",
      { "eval", SUITE, "--gat", "loops == 0" },
      4,
      "unknown switch '--gat' of 'baton eval'; did you mean 'gate'?" },
    { "a flag with a value",
      { "eval", SUITE, "--jobbs=4" },
      4,
      "unknown switch '--jobbs' of 'baton eval'; did you mean 'jobs'?" },
    { "a letter", { "eval", SUITE, "-x" }, 4, "unknown switch '-x' of 'baton eval'" },
    { "a flag of another verb", { "graph", AGENTS, "--seed", "1" }, 4, "unknown switch '--seed' of 'baton graph'" },
    { "a provider",
      { "eval", SUITE, "--provider", "transcipt" },
      4,
      "unknown provider 'transcipt'; there are transcript, cassette, sim:NAME, live, and by name openai, openai-responses, anthropic "
      "and openrouter; did you mean 'transcript'?" },
    { "a simulated model",
      { "eval", SUITE, "--provider", "sim:orcle" },
      4,
      "unknown simulated model 'orcle'; there are direct, oracle, random, adversary, and files of rules (.yaml); did you mean 'oracle'?" },
    { "a noise",
      { "eval", SUITE, "--provider", "sim:oracle@2" },
      4,
      "the noise of a simulated model must be from 0 to 1, as in oracle@0.1" },
    { "a profile",
      { "eval", SUITE, "--profile", "bato" },
      4,
      "unknown profile 'bato'; profiles are baton; did you mean 'baton'?" },
    { "a profile in a file", { "check", "%/profile.yaml" }, 4, "%/profile.yaml:2:10: unknown profile 'batan'" },
    { "a report form",
      { "eval", SUITE, "--report", "jsno=%/x" },
      4,
      "unknown report form 'jsno'; there are terminal, json, jsonl, junit, tap, csv, confusion, markdown, html, github; "
      "did you mean 'json'?" },
    { "a graph's format", { "graph", AGENTS, "-f", "svg" }, 4, "unknown format 'svg'; formats are dot, mermaid" },
    { "a figure",
      { "eval", SUITE, "--gate", "acuracy >= 0.9" },
      4,
      "unknown figure 'acuracy' in a gate; did you mean 'accuracy'?" },
    { "a figure's agent",
      { "eval", SUITE, "--gate", "recall[biling] >= 0.9" },
      4,
      "unknown agent 'biling'; did you mean 'billing'? in a gate" },
    { "a figure in a suite",
      { "eval", "%/gate.yaml" },
      4,
      "%/gate.yaml:5:5: unknown figure 'acuracy' in a gate; did you mean 'accuracy'?" },
    { "a figure's agent in a suite",
      { "eval", "%/gate_agent.yaml" },
      4,
      "%/gate_agent.yaml:6:5: unknown agent 'biling'; did you mean 'billing'?" },
    { "a suite's key",
      { "eval", "%/suite_key.yaml" },
      4,
      "%/suite_key.yaml:2:1: unknown key 'agent' in a suite; did you mean 'agents'?" },
    { "a suite's provider",
      { "eval", "%/suite_provider.yaml" },
      4,
      "unknown provider 'transcrip'; there are transcript, cassette, sim:NAME, live, and by name openai, openai-responses, anthropic "
      "and openrouter; did you mean 'transcript'?" },
    { "an agent's key",
      { "graph", "%/key.yaml" },
      4,
      "%/key.yaml:4:8: unknown key 'handofs' in an agent; did you mean 'handoffs'?" },
    { "a handoff's agent",
      { "graph", "%/handoff.yaml" },
      4,
      "%/handoff.yaml:4:24: unknown agent 'biling'; did you mean 'billing'?" },
    { "an agent's tool",
      { "graph", "%/tool.yaml" },
      4,
      "%/tool.yaml:4:16: unknown tool 'serch_docs'; did you mean 'search_docs'?" },
    { "the entry", { "graph", "%/entry.yaml" }, 4, "%/entry.yaml:2:8: unknown agent 'trage'; did you mean 'triage'?" },
    { "a conversation's entry",
      { "eval", "--agents", AGENTS, "--conversations", "%/agent.jsonl" },
      4,
      "%/agent.jsonl:1:19: unknown agent 'sale'; did you mean 'sales'?" },
    { "a speaker",
      { "eval", "--agents", AGENTS, "--conversations", "%/said.jsonl" },
      4,
      "%/said.jsonl:2:72: unknown agent 'salse'; did you mean 'sales'?" },
    { "a role",
      { "eval", "--agents", AGENTS, "--conversations", "%/role.jsonl" },
      4,
      "not 'asistant'; did you mean 'assistant'?" },
    { "a label's agent",
      { "eval", "--agents", AGENTS, "--conversations", "%/final.jsonl" },
      4,
      "%/final.jsonl:1:70: unknown agent 'salessmb'; did you mean 'sales_smb'?" },
    { "a label's key",
      { "eval", "--agents", AGENTS, "--conversations", "%/expect.jsonl" },
      4,
      "%/expect.jsonl:1:53: unknown key 'finale' in 'expect'; did you mean 'final'?" },
    { "a label's status",
      { "eval", "--agents", AGENTS, "--conversations", "%/word.jsonl" },
      4,
      "not 'max_turn'; did you mean 'max_turns'?" },
    { "a row's agent",
      { "eval", "--agents", AGENTS, "--conversations", "%/labels.csv", "--provider", "sim:oracle" },
      4,
      "%/labels.csv:3:5: unknown agent 'salse'; did you mean 'sales'?" },
    { "a row's agent, checked",
      { "check", "--agents", AGENTS, "%/labels.csv" },
      4,
      "%/labels.csv:3:5: unknown agent 'salse'; did you mean 'sales'?" },
    { "a column",
      { "eval", "--agents", AGENTS, "--conversations", "%/column.csv" },
      4,
      "%/column.csv:1:1: unknown column 'finl'; did you mean 'final'?" },
    { "a rule's agent",
      { "eval", SUITE, "--provider", "sim:%/rules.yaml" },
      4,
      "%/rules.yaml:3:14: unknown agent 'sale'; did you mean 'sales'?" },
    { "a conversation to explain",
      { "explain", SUITE, "misroute-double-charg" },
      5,
      "no conversation 'misroute-double-charg'; did you mean 'misroute-double-charge'?" },
    { "a conversation to replay",
      { "run", "%/a.yaml", "--replay", "%/good.jsonl", "--id", "good-on" },
      5,
      "no conversation 'good-on'; did you mean 'good-one'?" },
    { "no agents", { "eval", "--conversations", "%/good.jsonl" }, 4, "no agents: name a suite, or give --agents FILE" },
    { "no conversations",
      { "eval", "--agents", AGENTS },
      4,
      "no conversations: name a suite, or give --conversations FILE" },
    { "nobody to answer",
      { "run", AGENTS, "Hello" },
      4,
      "who is to answer? Give --provider live, --provider sim:random" },
    { "too many arguments",
      { "eval", SUITE, SUITE },
      4,
      "usage: baton eval SUITE | --agents FILE --conversations FILE; see 'baton eval --help'" },
    { "too few arguments", { "graph" }, 4, "usage: baton graph AGENTS [SUMMARY.json]" },
    { "a flag without its value", { "eval", SUITE, "--seed" }, 4, "--seed needs a value: --seed N" },
    { "a flag with a value too many", { "eval", SUITE, "--json=yes" }, 4, "--json takes no value" },
    { "a number that is none", { "eval", SUITE, "--seed", "7x" }, 4, "--seed must be a whole number from 0 to" },
    { "a number out of range",
      { "eval", SUITE, "-j", "0" },
      4,
      "--jobs must be a whole number from 1 to 256, not '0'" },
    { "a shard that is none",
      { "eval", SUITE, "--shard", "0/3" },
      4,
      "--shard must be I/N with I from 1 to N, not '0/3'" },
    { "a missing suite", { "eval", "%/none.yaml" }, 4, "cannot open '%/none.yaml': No such file or directory" },
    { "a folder as agents", { "graph", "fixtures" }, 4, "'fixtures' is a folder, not a file" },
    { "a cassette that is not there",
      { "eval", SUITE, "--provider", "cassette", "--cassette", "%/none.jsonl" },
      4,
      "there is no cassette '%/none.jsonl'; make it with: baton record " SUITE " --cassette %/none.jsonl" },
    { "a report without its file",
      { "eval", SUITE, "--report", "junit=" },
      4,
      "--report junit= names no file after '='" },
    { "a summary that is none", { "graph", AGENTS, AGENTS }, 4, "not a summary.json of 'baton eval'" },
};

/* The text with the scratch folder put in for each %. */
static const char *put_folder(struct program *program, const char *text)
{
    const char *made = "";
    for (const char *at = text; at != NULL;) {
        size_t length = strcspn(at, "%");
        made = program_text(program, "%s%.*s%s", made, (int)length, at, at[length] == '%' ? program->folder : "");
        at = at[length] == '%' ? at + length + 1 : NULL;
    }
    return made;
}

Test(refusals, each_unknown_name_is_refused_with_its_place_and_the_nearest)
{
    struct program program;
    program_open(&program);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        program_file(&program, files[i].name, files[i].text);
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *args[ARGS_MAX + 1] = { NULL };
        for (size_t k = 0; k < ARGS_MAX && rows[i].args[k] != NULL; k++) {
            args[k] = put_folder(&program, rows[i].args[k]);
        }
        struct program_run run = program_run(&program, args);
        bool is_check = strcmp(args[0], "check") == 0; /* its findings are its results */
        struct baton_str told = is_check ? run.out : run.err;
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%s: exit code %d", rows[i].name, run.exit_code);
        cr_expect(program_has(told, put_folder(&program, rows[i].says)), "%s: %s", rows[i].name, told.data);
        cr_expect(is_check || run.out.length == 0, "%s: printed %s", rows[i].name, run.out.data);
    }
    program_close(&program);
}

Test(refusals, no_arguments_at_all_show_the_help)
{
    struct program program;
    program_open(&program);
    struct program_run run = program_run(&program, (const char *const[]){ NULL });
    cr_expect_eq(run.exit_code, 4);
    cr_expect(program_has(run.err, "usage: baton VERB"), "%s", run.err.data);
    cr_expect_eq(run.out.length, 0u);
    program_close(&program);
}
