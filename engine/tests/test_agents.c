#include "engine/core/agents.h"

#include "engine/base/yaml.h"
#include "engine/core/path.h"
#include "engine/core/tool_name.h"
#include "engine/tests/stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define HEAD "version: 1\nentry: a\nagents:\n"
#define ONE_AGENT HEAD "  a: {}\n"

enum { MEMORY_MAX = 64 * 1024 * 1024, LINE_MAX_BYTES = 1024 };

struct loaded {
    struct baton_arena *arena;
    struct baton_agents *agents; /* NULL: refused */
    struct baton_source source;
    char error[LINE_MAX_BYTES];
};

static void parse(struct loaded *loaded, const char *text, const char *name, const struct baton_profile *profile)
{
    const struct baton_json *root = NULL;
    struct baton_error err;
    *loaded = (struct loaded){ .arena = baton_arena_new(MEMORY_MAX) };
    loaded->source = (struct baton_source){ .name = name, .line_first = 1, .text = baton_str_of(text) };
    bool is_json = baton_path_ends(name, "json");
    enum baton_status status = is_json ? baton_json_parse(&root, loaded->arena, &loaded->source, &err)
                                       : baton_yaml_parse(&root, loaded->arena, &loaded->source, &err);
    if (status == BATON_OK) {
        status = baton_agents_parse(&loaded->agents, loaded->arena, &loaded->source, root, profile, &err);
    }
    cr_expect_eq(loaded->agents != NULL, status == BATON_OK);
    if (status != BATON_OK) {
        baton_error_format(&err, loaded->error, sizeof loaded->error);
    }
}

static void parse_good(struct loaded *loaded, const char *text)
{
    parse(loaded, text, "a.yaml", NULL);
    cr_assert_not_null(loaded->agents, "%s", loaded->error);
}

struct refused {
    const char *name, *text, *want;
};

static void expect_refused(const struct refused *rows, size_t count, const char *file)
{
    for (size_t i = 0; i < count; i++) {
        struct loaded loaded;
        parse(&loaded, rows[i].text, file, NULL);
        expect_text(rows[i].name, "error", loaded.error, rows[i].want);
        baton_arena_free(loaded.arena);
    }
}

/* ---- what is refused, and where ---- */

Test(agents, refuses_a_file_that_lacks_or_mistakes_something)
{
    static const struct refused rows[] = {
        { "no version", "entry: a\nagents: { a: {} }\n", "a.yaml:1:1: an agents file needs a key 'version'" },
        { "another version", "version: 2\nentry: a\nagents: { a: {} }\n",
          "a.yaml:1:10: 'version' must be a whole number from 1 to 1, not 2" },
        { "the version as a text", "version: '1'\nentry: a\nagents: { a: {} }\n",
          "a.yaml:1:10: 'version' must be a whole number, not a string" },
        { "no entry", "version: 1\nagents: { a: {} }\n", "a.yaml:1:1: an agents file needs a key 'entry'" },
        { "an unknown entry", "version: 1\nentry: trage\nagents: { triage: {} }\n",
          "a.yaml:2:8: unknown agent 'trage'; did you mean 'triage'?" },
        { "no agents", "version: 1\nentry: a\n", "a.yaml:1:1: an agents file needs a key 'agents'" },
        { "an empty list of agents", "version: 1\nentry: a\nagents: {}\n",
          "a.yaml:3:9: 'agents' must hold 1 to 1024 agents" },
        { "agents as a list", "version: 1\nentry: a\nagents: [a]\n",
          "a.yaml:3:9: 'agents' must be an object, not an array" },
        { "no object at all", "- version: 1\n", "a.yaml:1:1: an agents file must be an object, not an array" },
        { "an unknown key", "version: 1\nentry: a\nagent: {}\n",
          "a.yaml:3:1: unknown key 'agent' in an agents file; did you mean 'agents'?" },
        { "an unknown key far from any", "version: 1\nentry: a\nzzz: 1\nagents: { a: {} }\n",
          "a.yaml:3:1: unknown key 'zzz' in an agents file" },
        { "a key twice", "version: 1\nentry: a\nentry: b\nagents: { a: {} }\n", "a.yaml:3:1: *'entry'*" },
        { "an agent twice", HEAD "  a: {}\n  a: {}\n", "a.yaml:5:3: *'a'*" },
        { "an unknown profile", "profile: batton\n" ONE_AGENT,
          "a.yaml:1:10: unknown profile 'batton'; this version knows 'baton'; did you mean 'baton'?" },
        { "an unknown word", "on_handoff: later\n" ONE_AGENT,
          "a.yaml:1:13: 'on_handoff' must be one of continue, stop, not 'later'" },
        { "two spellings of one key", "on_handoff: stop\nonHandoff: stop\n" ONE_AGENT,
          "a.yaml:2:1: 'on_handoff' and 'onHandoff' are two spellings of one key; remove one" },
        { "an empty name", HEAD "  '': {}\n  a: {}\n",
          "a.yaml:4:3: an agent's name must not be empty or begin with '@'" },
        { "a name for ourselves", HEAD "  '@direct': {}\n",
          "a.yaml:4:3: an agent's name must not be empty or begin with '@'" },
    };
    expect_refused(rows, COUNT_OF(rows), "a.yaml");
}

Test(agents, refuses_limits_out_of_range)
{
    static const struct refused rows[] = {
        { "below -1", "limits: { max_turns: -2 }\n" ONE_AGENT,
          "a.yaml:1:22: 'max_turns' must be a whole number from -1 to 10000, not -2" },
        { "above all", "limits: { max_turns: 10001 }\n" ONE_AGENT,
          "a.yaml:1:22: 'max_turns' must be a whole number from -1 to 10000, not 10001" },
        { "a half", "limits: { max_turns: 1.5 }\n" ONE_AGENT,
          "a.yaml:1:22: 'max_turns' must be a whole number from -1 to 10000, not 1.5" },
        { "huge", "limits: { max_turns: 99999999999999999999 }\n" ONE_AGENT,
          "a.yaml:1:22: 'max_turns' must be a whole number from -1 to 10000, not 99999999999999999999" },
        { "a text", "limits: { max_turns: ten }\n" ONE_AGENT,
          "a.yaml:1:22: 'max_turns' must be a whole number, not a string" },
        { "handoffs", "limits: { maxHandoffs: -3 }\n" ONE_AGENT,
          "a.yaml:1:24: 'max_handoffs' must be a whole number from -1 to 10000, not -3" },
        { "no time", "limits: { tool_timeout_ms: 0 }\n" ONE_AGENT,
          "a.yaml:1:28: 'tool_timeout_ms' must be a whole number from 1 to 3600000, not 0" },
        { "an unknown limit", "limits: { max_turn: 3 }\n" ONE_AGENT,
          "a.yaml:1:11: unknown key 'max_turn' in 'limits'; did you mean 'max_turns'?" },
        { "no object", "limits: 3\n" ONE_AGENT, "a.yaml:1:9: 'limits' must be an object, not a number" },
        { "once is no repetition", "loops: { repeats: 1 }\n" ONE_AGENT,
          "a.yaml:1:19: 'repeats' must be a whole number from 2 to 8, not 1" },
        { "too long a circle", "loops: { max_cycle: 17 }\n" ONE_AGENT,
          "a.yaml:1:21: 'max_cycle' must be a whole number from 1 to 16, not 17" },
        { "an unknown action", "loops: { action: stap }\n" ONE_AGENT,
          "a.yaml:1:18: 'action' must be one of report, stop, not 'stap'; did you mean 'stop'?" },
        { "a price below 0", "prices: { m: { in: -1 } }\n" ONE_AGENT,
          "a.yaml:1:20: 'in' must be from 0 to 1000000, not -1" },
        { "an unknown price", "prices: { m: { inn: 1 } }\n" ONE_AGENT,
          "a.yaml:1:16: unknown key 'inn' in a price; did you mean 'in'?" },
    };
    expect_refused(rows, COUNT_OF(rows), "a.yaml");
}

Test(agents, refuses_faulty_agents_and_handoffs)
{
    static const struct refused rows[] = {
        { "an unknown key", HEAD "  a: { descriptoin: x }\n",
          "a.yaml:4:8: unknown key 'descriptoin' in an agent; did you mean 'description'?" },
        { "two spellings", HEAD "  a: { instructions: x, prompt: y }\n",
          "a.yaml:4:25: 'instructions' and 'prompt' are two spellings of one key; remove one" },
        { "a number for a text", HEAD "  a: { model: 4 }\n",
          "a.yaml:4:15: 'model' must be a text; put it in quotes, not a number" },
        { "an agent that is a text", HEAD "  a: hello\n", "a.yaml:4:6: an agent must be an object, not a string" },
        { "parallel", HEAD "  a: { parallel_tool_calls: yes }\n",
          "a.yaml:4:29: 'parallel_tool_calls' must be true or false, not a string" },
        { "22 listed_but_not_in_map", HEAD "  a: { handoffs: [ghost] }\n", "a.yaml:4:19: unknown agent 'ghost'" },
        { "nearly listed", HEAD "  a: { handoffs: [bb, biling] }\n  billing: {}\n  bb: {}\n",
          "a.yaml:4:23: unknown agent 'biling'; did you mean 'billing'?" },
        { "an unknown tool", HEAD "  a: { tools: [serch] }\ntools:\n  search: { result: x }\n",
          "a.yaml:4:16: unknown tool 'serch'; did you mean 'search'?" },
        { "a tool without a name", HEAD "  a: { tools: [3] }\n",
          "a.yaml:4:16: each of 'tools' must be a tool's name, not a number" },
        { "handoffs as a text", HEAD "  a: { handoffs: b }\n", "a.yaml:4:18: 'handoffs' must be a list, not a string" },
        { "a handoff to nobody", HEAD "  a: { handoffs: [{ tool: x }] }\n",
          "a.yaml:4:19: a handoff needs a key 'agent'" },
        { "a handoff that is a number", HEAD "  a: { handoffs: [7] }\n",
          "a.yaml:4:19: a handoff must be an object, not a number" },
        { "an unknown key of a handoff", HEAD "  a: { handoffs: [{ agent: a, desc: x }] }\n",
          "a.yaml:4:31: unknown key 'desc' in a handoff" },
        { "37 overrides, not safe", HEAD "  a: { handoffs: [{ agent: a, tool: escalate billing! }] }\n",
          "a.yaml:4:19: the tool name 'escalate billing!' must be 1 to 64 letters, digits, _ or -, as the providers ask" },
        { "a history of another kind", HEAD "  a: { handoffs: [{ agent: a, history: some }] }\n",
          "a.yaml:4:40: 'history' must be full, none, last_user, no_tools or { last: N }" },
        { "a history of nothing", HEAD "  a: { handoffs: [{ agent: a, history: { last: 0 } }] }\n",
          "a.yaml:4:40: 'history' must be full, none, last_user, no_tools or { last: N }" },
        { "a history of two kinds", HEAD "  a: { handoffs: [{ agent: a, history: { last: 1, first: 1 } }] }\n",
          "a.yaml:4:40: 'history' must be full, none, last_user, no_tools or { last: N }" },
        { "a context that is no command", HEAD "  a: { handoffs: [{ agent: a, context: {} }] }\n",
          "a.yaml:4:40: 'context' needs one of exec and http" },
        { "a command of nothing", HEAD "  a: { handoffs: [{ agent: a, context: { exec: [] } }] }\n",
          "a.yaml:4:48: 'exec' must be a list of 1 to 64 words" },
        { "a switch that is a word", HEAD "  a: { handoffs: [{ agent: a, enabled: on }] }\n",
          "a.yaml:4:40: 'enabled' must be true or false, not a string" },
        { "a schema of an unknown type", HEAD "  a: { handoffs: [{ agent: a, input: { type: objekt } }] }\n",
          "a.yaml:4:46: *'objekt'*" },
    };
    expect_refused(rows, COUNT_OF(rows), "a.yaml");
}

Test(agents, refuses_faulty_tools)
{
    static const struct refused rows[] = {
        { "36 name_collision_tool: a reserved name", ONE_AGENT "tools:\n  transfer_to_billing: { result: x }\n",
          "a.yaml:6:3: the tool name 'transfer_to_billing' begins with 'transfer_to_', which is reserved for handoffs" },
        { "a space", ONE_AGENT "tools:\n  my tool: { result: x }\n",
          "a.yaml:6:3: the tool name 'my tool' must be 1 to 64 letters, digits, _ or -, as the providers ask" },
        { "65 letters",
          ONE_AGENT "tools: { aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: { result: x } }\n",
          "a.yaml:5:10: the tool name 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' must be 1 to 64 "
          "letters, digits, _ or -, as the providers ask" },
        { "nothing to do", ONE_AGENT "tools: { t: { description: x } }\n",
          "a.yaml:5:10: the tool 't' needs exactly one of 'result', 'exec', 'http' and 'agent'" },
        { "two things to do", ONE_AGENT "tools: { t: { result: x, agent: a } }\n",
          "a.yaml:5:10: the tool 't' needs exactly one of 'result', 'exec', 'http' and 'agent'" },
        { "a result that is a number", ONE_AGENT "tools: { t: { result: 7 } }\n",
          "a.yaml:5:23: 'result' must be a text; put it in quotes, not a number" },
        { "a word that is a number", ONE_AGENT "tools: { t: { exec: [sleep, 1] } }\n",
          "a.yaml:5:29: each word of 'exec' must be a text, not a number" },
        { "a command line", ONE_AGENT "tools: { t: { exec: ls -l } }\n",
          "a.yaml:5:21: 'exec' must be a list, not a string" },
        { "an agent that is not there", HEAD "  alpha: {}\n  a: {}\ntools: { t: { agent: alpa } }\n",
          "a.yaml:6:10: unknown agent 'alpa'; did you mean 'alpha'?" },
        { "a faulty schema", ONE_AGENT "tools: { t: { result: x, parameters: { required: id } } }\n",
          "a.yaml:5:50: 'required' *" },
        { "a pattern that does not compile", ONE_AGENT "tools: { t: { result: x, parameters: { pattern: '(' } } }\n",
          "a.yaml:5:49: *'('*" },
        { "the same tool twice", HEAD "  a: { tools: [t, t] }\ntools: { t: { result: x } }\n",
          "a.yaml:4:19: the agent 'a' has two tools named 't'; give one another name" },
        { "a handoff named as a tool",
          HEAD "  a: { tools: [t], handoffs: [{ agent: a, tool: t }] }\ntools: { t: { result: x } }\n",
          "a.yaml:4:31: the agent 'a' has two tools named 't'; give one another name" },
        { "36 name_collision", HEAD "  a: { handoffs: [a b, a_b] }\n  a b: {}\n  a_b: {}\n",
          "a.yaml:4:24: the agent 'a' has two tools named 'transfer_to_a_b'; give one another name" },
        { "the same handoff twice", HEAD "  a: { handoffs: [b, b] }\n  b: {}\n",
          "a.yaml:4:22: the agent 'a' has two tools named 'transfer_to_b'; give one another name" },
    };
    expect_refused(rows, COUNT_OF(rows), "a.yaml");
}

Test(agents, tells_the_place_in_json_too)
{
    static const struct refused rows[] = {
        { "an unknown agent", "{\"version\":1,\"entry\":\"a\",\n \"agents\":{\"a\":{\"handoffs\":[\"nobody\"]}}}",
          "a.json:2:29: unknown agent 'nobody'" },
        { "an unknown key", "{\"version\":1,\"entry\":\"a\",\n \"agents\":{\"a\":{\"tool\":[]}}}",
          "a.json:2:17: unknown key 'tool' in an agent; did you mean 'tools'?" },
    };
    expect_refused(rows, COUNT_OF(rows), "a.json");
}

/* ---- what is accepted ---- */

static void expect_str(struct baton_str got, const char *want)
{
    cr_expect(baton_str_is(got, want), "got '%.*s', wanted '%s'", (int)got.length, got.data, want);
}

static const char full_file[] =
    "version: 1\n"
    "entry: triage\n"
    "profile: baton\n"
    "limits: { max_turns: 7, max_handoffs: 3, tool_timeout_ms: 250 }\n"
    "loops: { repeats: 3, max_cycle: 5, action: stop }\n"
    "on_handoff: stop\n"
    "defaults: { provider: anthropic, model: small }\n"
    "x-owner: { team: support }\n"
    "agents:\n"
    "  triage:\n"
    "    description: First contact.\n"
    "    instructions: You are triage.\n"
    "    model: large\n"
    "    x-note: free\n"
    "    handoffs:\n"
    "      - billing\n"
    "      - agent: tech\n"
    "        description: Technical problems.\n"
    "        tool: escalate\n"
    "        input: { type: object, properties: { reason: { type: string } }, required: [reason] }\n"
    "        context: { exec: [./lookup_user, '--all'] }\n"
    "        history: { last: 6 }\n"
    "        enabled: false\n"
    "    tools: [search, ask_tech]\n"
    "    tool_choice: required\n"
    "    parallel_tool_calls: true\n"
    "  billing: { description: Payments., prompt: You are billing., toolChoice: auto, parallelToolCalls: false }\n"
    "  tech: { handoffs: [triage] }\n"
    "tools:\n"
    "  search: { description: Docs., parameters: { type: object }, exec: [./search] }\n"
    "  ask_tech: { agent: tech }\n"
    "  fixed: { result: ok }\n"
    "  remote: { http: { url: 'https://example.org' } }\n"
    "prices:\n"
    "  small: { in: 1, cached: 0.1, cache_write: 1.25, out: 5 }\n";

Test(agents, reads_every_field)
{
    struct loaded loaded;
    parse(&loaded, full_file, "some/folder/a.yaml", NULL);
    cr_assert_not_null(loaded.agents, "%s", loaded.error);
    const struct baton_agents *agents = loaded.agents;
    cr_expect_eq(agents->count, 3);
    cr_expect_eq(agents->entry, 0);
    cr_expect_eq(agents->profile, baton_profile_default());
    cr_expect_eq(agents->limits.max_turns, 7);
    cr_expect_eq(agents->limits.max_handoffs, 3);
    cr_expect_eq(agents->limits.tool_timeout_ns, INT64_C(250000000));
    cr_expect_eq(agents->loops.repeats, 3);
    cr_expect_eq(agents->loops.max_cycle, 5);
    cr_expect(agents->loops_stop && agents->on_handoff_stop);
    const struct baton_agent *triage = &agents->list[0], *billing = &agents->list[1];
    expect_str(triage->description, "First contact.");
    expect_str(triage->instructions, "You are triage.");
    expect_str(triage->model, "large");
    expect_str(triage->provider, "anthropic");
    expect_str(triage->tool_choice, "required");
    cr_expect_eq(triage->parallel_tool_calls, 1);
    expect_str(billing->instructions, "You are billing.");
    expect_str(billing->model, "small");
    expect_str(billing->tool_choice, "auto");
    cr_expect_eq(billing->parallel_tool_calls, 0);
    cr_expect_eq(agents->list[2].parallel_tool_calls, -1);
    cr_expect_eq(agents->tool_count, 4);
    cr_expect_eq(agents->tools[0].kind, BATON_TOOL_EXEC);
    cr_expect_str_eq(agents->tools[0].command.argv[0], "./search");
    cr_expect_str_eq(agents->tools[0].command.folder, "some/folder/.");
    cr_expect_not_null(agents->tools[0].parameters);
    cr_expect_eq(agents->tools[1].kind, BATON_TOOL_AGENT);
    cr_expect_eq(agents->tools[1].agent, 2);
    expect_str(agents->tools[2].result, "ok");
    cr_expect_eq(agents->tools[3].kind, BATON_TOOL_HTTP);
    cr_expect_eq(agents->price_count, 1);
    cr_expect_eq(agents->prices[0].cache_write, 1.25);
    expect_str(baton_agent_name(agents, 2), "tech");
    expect_str(baton_agent_name(agents, BATON_NONE), "@none");
    cr_expect_eq(baton_agents_find(agents, BATON_STR("billing")), 1);
    cr_expect_eq(baton_agents_find(agents, BATON_STR("Billing")), BATON_NONE);
    baton_arena_free(loaded.arena);
}

Test(agents, reads_handoffs_in_short_and_in_full)
{
    struct loaded loaded;
    parse_good(&loaded, full_file);
    const struct baton_agent *triage = &loaded.agents->list[0];
    cr_assert_eq(triage->handoff_count, 2);
    const struct baton_handoff *brief = &triage->handoffs[0], *full = &triage->handoffs[1];
    cr_expect_eq(brief->target, 1);
    expect_str(brief->tool_name, "transfer_to_billing");
    expect_str(brief->description, "Hand off to billing: Payments.");
    cr_expect_null(brief->input, "the default: an optional reason");
    cr_expect_null(brief->context.argv);
    cr_expect_eq(brief->history, BATON_HISTORY_FULL);
    cr_expect(brief->is_enabled);
    cr_expect_eq(full->target, 2);
    expect_str(full->tool_name, "escalate");
    expect_str(full->description, "Technical problems.");
    cr_expect_not_null(full->input);
    cr_expect_str_eq(full->context.argv[1], "--all");
    cr_expect_null(full->context.argv[2]);
    cr_expect_eq(full->history, BATON_HISTORY_LAST);
    cr_expect_eq(full->history_last, 6);
    cr_expect_not(full->is_enabled);
    cr_expect_eq(baton_agent_handoff(triage, BATON_STR("escalate")), full);
    cr_expect_null(baton_agent_handoff(triage, BATON_STR("transfer_to_tech")));
    cr_expect_null(baton_agent_handoff(triage, BATON_STR("search")), "a tool is no handoff");
    cr_expect_eq(baton_map_get(&triage->callables, BATON_STR("ask_tech")), 1);
    cr_expect_eq(baton_map_get(&triage->callables, BATON_STR("escalate")), 3);
    baton_arena_free(loaded.arena);
}

Test(agents, has_defaults_for_what_is_not_said)
{
    struct loaded loaded;
    parse_good(&loaded, ONE_AGENT "tools:\nlimits:\ndefaults: ~\n");
    cr_expect_eq(loaded.agents->limits.max_turns, 10);
    cr_expect_eq(loaded.agents->limits.max_handoffs, -1);
    cr_expect_eq(loaded.agents->limits.tool_timeout_ns, INT64_C(10000000000));
    cr_expect_eq(loaded.agents->loops.repeats, BATON_LOOP_REPEATS_DEFAULT);
    cr_expect_eq(loaded.agents->loops.max_cycle, BATON_LOOP_CYCLE_DEFAULT);
    cr_expect_not(loaded.agents->loops_stop || loaded.agents->on_handoff_stop);
    cr_expect_eq(loaded.agents->list[0].handoff_count + loaded.agents->list[0].tool_count, 0);
    baton_arena_free(loaded.arena);
}

Test(agents, measures_the_way_from_each_to_each)
{
    static const struct row {
        const char *name, *from, *to;
        uint32_t want;
    } rows[] = {
        { "to itself", "a", "a", 0 },
        { "a hop", "a", "b", 1 },
        { "the shorter way", "a", "d", 2 },
        { "round the circle", "d", "c", 3 },
        { "a handoff that is off", "a", "e", BATON_PATH_UNKNOWN },
        { "an island", "e", "a", BATON_PATH_UNKNOWN },
    };
    struct loaded loaded;
    parse_good(&loaded, HEAD "  a: { handoffs: [b, { agent: e, enabled: false }] }\n"
                             "  b: { handoffs: [c, d] }\n"
                             "  c: { handoffs: [d] }\n"
                             "  d: { handoffs: [a] }\n"
                             "  e: { handoffs: [e] }\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t from = baton_agents_find(loaded.agents, baton_str_of(rows[i].from));
        uint32_t to = baton_agents_find(loaded.agents, baton_str_of(rows[i].to));
        cr_expect_eq(baton_agents_distance(loaded.agents, from, to), rows[i].want, "%s", rows[i].name);
    }
    baton_arena_free(loaded.arena);
}

/* ---- names ---- */

#define TEN "aaaaaaaaaa"

Test(agents, names_transfers_so_that_every_provider_takes_them)
{
    static const struct row {
        const char *name, *agent, *want;
    } rows[] = {
        { "35 names", "billing", "transfer_to_billing" },
        { "case is kept", "Billing", "transfer_to_Billing" },
        { "a space and a sign", "Billing Agent-2!", "transfer_to_Billing_Agent-2_" },
        { "two bytes, two signs", "Caf\xc3\xa9 S\xc3\xa3o", "transfer_to_Caf___S__o" },
        { "not a letter of ours", "\xe5\xae\xa2\xe6\x9c\x8d", "transfer_to_______" },
        { "dots and slashes", "a.b/c", "transfer_to_a_b_c" },
        { "52 bytes just fit", TEN TEN TEN TEN TEN "bb", "transfer_to_" TEN TEN TEN TEN TEN "bb" },
        { "53 bytes do not", TEN TEN TEN TEN TEN "bbb", "transfer_to_" TEN TEN TEN TEN "aaa_5c32f338" },
        { "53 others do not either", TEN TEN TEN TEN TEN "bbc", "transfer_to_" TEN TEN TEN TEN "aaa_188c1036" },
    };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_str got = baton_transfer_name(arena, BATON_NAME_SAFE, baton_str_of(rows[i].agent));
        cr_expect(baton_str_is(got, rows[i].want), "%s: got '%s', wanted '%s'", rows[i].name, got.data, rows[i].want);
        cr_expect(baton_tool_name_is_safe(got), "%s", rows[i].name);
        cr_expect_eq(strlen(got.data), got.length, "%s", rows[i].name);
    }
    struct baton_str verbatim = baton_transfer_name(arena, BATON_NAME_VERBATIM, BATON_STR("Billing Agent-2!"));
    expect_str(verbatim, "transfer_to_Billing Agent-2!");
    cr_expect_not(baton_tool_name_is_safe(verbatim));
    cr_expect_not(baton_tool_name_is_safe(BATON_STR("")));
    baton_arena_free(arena);
}

Test(agents, refuses_names_that_become_one)
{
    static const struct refused rows[] = {
        { "other letters",
          HEAD "  a: { handoffs: [\xe5\xae\xa2\xe6\x9c\x8d, \xe8\xb4\xa6\xe5\x8d\x95] }\n"
               "  \xe5\xae\xa2\xe6\x9c\x8d: {}\n  \xe8\xb4\xa6\xe5\x8d\x95: {}\n",
          "a.yaml:4:27: the agent 'a' has two tools named 'transfer_to_______'; give one another name" },
    };
    expect_refused(rows, COUNT_OF(rows), "a.yaml");
    struct loaded loaded;
    parse_good(&loaded,
               HEAD "  a: { handoffs: [a b, a-b, { agent: a_b, tool: other }] }\n  a b: {}\n  a_b: {}\n  a-b: {}\n");
    cr_expect_eq(loaded.agents->list[0].handoff_count, 3, "a dash is kept, so that it is another name");
    baton_arena_free(loaded.arena);
    parse_good(&loaded, HEAD "  a: { handoffs: [" TEN TEN TEN TEN TEN "bbb, " TEN TEN TEN TEN TEN "bbc] }\n"
                             "  " TEN TEN TEN TEN TEN "bbb: {}\n  " TEN TEN TEN TEN TEN "bbc: {}\n");
    cr_expect_eq(loaded.agents->list[0].handoff_count, 2, "long names stay apart by their hash");
    baton_arena_free(loaded.arena);
}

Test(agents, fills_templates)
{
    static const struct row {
        const char *name, *template_text, *want;
    } rows[] = {
        { "both", "{name}: {description}", "billing: Payments." },
        { "twice", "{name}{name}", "billingbilling" },
        { "unknown braces stay", "{nam} {name {}} {", "{nam} {name {}} {" },
        { "nothing", "", "" },
        { "values are not looked into", "{odd}", "{name}" },
    };
    const char *const keys[] = { "name", "description", "odd" };
    const struct baton_str values[] = { BATON_STR("billing"), BATON_STR("Payments."), BATON_STR("{name}") };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect_str(baton_template_fill(arena, rows[i].template_text, keys, values, 3), rows[i].want);
    }
    baton_arena_free(arena);
}

Test(agents, takes_a_profile_from_outside_before_the_files_own)
{
    struct baton_profile profile = *baton_profile_default();
    profile.description_template = "Handoff to {name}.";
    profile.name_rule = BATON_NAME_VERBATIM;
    profile.max_turns = -1;
    struct loaded loaded;
    parse(&loaded, "profile: baton\n" HEAD "  a: { handoffs: [b c] }\n  b c: { description: x }\n", "a.yaml", &profile);
    cr_assert_not_null(loaded.agents, "%s", loaded.error);
    cr_expect_eq(loaded.agents->profile, &profile);
    cr_expect_eq(loaded.agents->limits.max_turns, -1);
    expect_str(loaded.agents->list[0].handoffs[0].tool_name, "transfer_to_b c");
    expect_str(loaded.agents->list[0].handoffs[0].description, "Handoff to b c.");
    cr_expect_eq(baton_profile_find(BATON_STR("baton")), baton_profile_at(0));
    cr_expect_null(baton_profile_find(BATON_STR("Baton")));
    baton_arena_free(loaded.arena);
}

Test(agents, refuses_more_than_it_can_hold)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    char *text = baton_arena_alloc(arena, 64 * 1024);
    size_t length = (size_t)snprintf(text, 64 * 1024, HEAD);
    for (unsigned i = 0; i < BATON_AGENTS_MAX; i++) {
        length += (size_t)snprintf(text + length, 64 * 1024 - length, "  a%u: {}\n", i);
    }
    struct loaded loaded;
    parse(&loaded, text, "a.yaml", NULL);
    cr_expect_str_eq(loaded.error, "a.yaml:2:8: unknown agent 'a'; did you mean 'a0'?", "%s", loaded.error);
    baton_arena_free(loaded.arena);
    snprintf(text + length, 64 * 1024 - length, "  a: {}\n");
    parse(&loaded, text, "a.yaml", NULL);
    cr_expect_str_eq(loaded.error, "a.yaml:4:3: 'agents' must hold 1 to 1024 agents", "%s", loaded.error);
    baton_arena_free(loaded.arena);
    baton_arena_free(arena);
}

Test(agents, survives_each_failing_allocation)
{
    const struct baton_json *root = NULL;
    struct baton_error err;
    struct baton_source source = { .name = "a.yaml", .line_first = 1, .text = baton_str_of(full_file) };
    struct baton_arena *tree = baton_arena_new(MEMORY_MAX);
    cr_assert_eq(baton_yaml_parse(&root, tree, &source, &err), BATON_OK);
    bool is_done = false;
    uint64_t failing = 1;
    for (; !is_done && failing < 1000; failing++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        struct baton_agents *agents;
        baton_arena_fail_after(failing);
        enum baton_status status = baton_agents_parse(&agents, arena, &source, root, NULL, &err);
        baton_arena_fail_after(0);
        cr_expect(status == BATON_OK || status == BATON_ELIMIT || status == BATON_ENOMEM, "allocation %u: %s",
                  (unsigned)failing, err.text);
        cr_expect_eq(agents != NULL, status == BATON_OK);
        is_done = status == BATON_OK;
        baton_arena_free(arena);
    }
    cr_expect(is_done && failing > 20);
    baton_arena_free(tree);
}

Test(agents, loads_the_files_of_the_fixtures)
{
    static const char *const files[] = { "fixtures/agents/support.yaml", "fixtures/agents/tau_airline.yaml",
                                         "fixtures/agents/mwoz.yaml", "fixtures/agents/swarm_triage.yaml" };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        struct baton_agents *agents;
        struct baton_error err;
        char line[LINE_MAX_BYTES];
        enum baton_status status = baton_agents_load(&agents, arena, files[i], NULL, &err);
        cr_expect_eq(status, BATON_OK, "%s", baton_error_format(&err, line, sizeof line));
        baton_arena_free(arena);
    }
    struct baton_agents *agents;
    struct baton_error err;
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    cr_expect_eq(baton_agents_load(&agents, arena, "fixtures/agents/nobody.yaml", NULL, &err), BATON_EINPUT);
    cr_expect_null(agents);
    baton_arena_free(arena);
}
