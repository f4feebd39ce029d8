/* Every formula against fixtures/metrics/vectors.json: inputs and outputs that were worked out apart from this code.
 *
 * The inputs become agents and recorded conversations, the program judges them, and what it says in summary.json,
 * results.jsonl or its comparison is held against the outputs: so a figure that nobody computes, prints or adds up in the
 * right way fails here. A vector that nobody checks fails the test, and so does a check without a vector. */
#include "evals/tests/parsed.h"
#include "evals/tests/routes.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 16, ARGS_MAX = 24, KEY_BYTES = 64, TRIALS = 8, CANDIDATES = 1500 };

#define VECTORS "fixtures/metrics/vectors.json"
#define ENTRY "front"

/* A vector on the table. `name` is for messages. */
struct vector {
    const struct baton_json *root, *in, *out;
    const char *name;
    struct program *program;
    struct routes *routes;
};

/* What the program made of the conversations. */
struct outcome {
    const char *folder;
    const struct baton_json *summary, **rows;
    size_t row_count;
};

/* Equal to the six decimals of both files; null is NaN. */
static void expect_near(const struct vector *vector, const struct baton_json *want, const struct baton_json *got,
                        const char *path)
{
    double a = parsed_number(want, ""), b = parsed_number(got, path);
    cr_expect(isnan(a) ? isnan(b) : fabs(a - b) <= 1.1e-6, "%s: %s is %.6f, not %.6f", vector->name, path, b, a);
}

/* Every member of `out` is found under its own name. */
static void expect_members(const struct vector *vector, const struct baton_json *out, const struct baton_json *got)
{
    for (const struct baton_json *want = out->child; want != NULL; want = want->next) {
        char key[KEY_BYTES];
        snprintf(key, sizeof key, "%.*s", (int)want->key.length, want->key.data);
        expect_near(vector, want, got, key);
    }
}

static const char *text_of(const struct vector *vector, const struct baton_json *node)
{
    struct baton_text text = baton_text_with_limit(1024 * 1024);
    baton_json_write(&text, node);
    const char *copy = baton_arena_copy(vector->program->arena, text.data, text.length);
    baton_text_clear(&text);
    return copy;
}

/* Agents of those names, the entry before them, all of whom may hand over to one another. */
static const char *agents_of(const struct vector *vector, const char *entry, const struct baton_json *names,
                             const char *top)
{
    struct baton_str list[NAMES_MAX] = { baton_str_of(entry) };
    size_t count = 1;
    for (const struct baton_json *name = names->child; name != NULL; name = name->next) {
        struct baton_str one = names->type == BATON_JSON_OBJECT ? name->key : name->text;
        bool is_new = one.data[0] != '@';
        for (size_t i = 0; i < count; i++) {
            is_new = is_new && !baton_str_equal(list[i], one);
        }
        if (is_new) {
            cr_assert_lt(count, (size_t)NAMES_MAX);
            list[count++] = one;
        }
    }
    return routes_agents(vector->routes, "agents.json", list, count, top);
}

static struct outcome eval_with(const struct vector *vector, const char *const *more)
{
    struct program *program = vector->program;
    struct outcome out = { .folder = program_text(program, "%s/%u", program->folder, program->run_count) };
    const char *args[ARGS_MAX] = { "eval", "-q", "--out", out.folder };
    for (size_t i = 0; more[i] != NULL; i++) {
        args[4 + i] = more[i];
    }
    struct program_run run = program_run(program, args);
    cr_assert(run.exit_code <= 1, "%s: %s", vector->name, run.err.data);
    out.summary = parsed_file(program->arena, program_text(program, "%s/summary.json", out.folder));
    out.rows = parsed_lines(
        program->arena, program_read(program, program_text(program, "%s/results.jsonl", out.folder)), &out.row_count);
    return out;
}

/* Judges the conversations so far with these agents. */
static struct outcome eval(const struct vector *vector, const char *agents)
{
    const char *conversations = routes_write(vector->routes, "conversations.jsonl");
    return eval_with(vector, (const char *const[]){ "--agents", agents, "--conversations", conversations, NULL });
}

/* So many conversations of that sort. */
static void add_many(const struct vector *vector, int64_t count, const char *sort, const char *expect,
                     const struct route *route)
{
    for (int64_t i = 0; i < count; i++) {
        routes_add(vector->routes, program_text(vector->program, "%s-%d", sort, (int)i), expect, route);
    }
}

/* ---- 3.1 routes ---- */

static const char *agent_label(const struct vector *vector, const struct baton_json *name)
{
    return name == NULL ? "\"@direct\"" : text_of(vector, name);
}

/* One conversation for each member of `out`, labelled with just that. */
static void check_match(const struct vector *vector)
{
    const struct baton_json *observed = parsed_at(vector->in, "observed"),
                            *expected = parsed_at(vector->in, "expected");
    const struct baton_json *last = expected->child;
    struct route route = route_of(ENTRY, observed);
    struct baton_text names = baton_text_with_limit(1024);
    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    for (const struct baton_json *want = vector->out->child; want != NULL; want = want->next) {
        const char *mode = program_text(vector->program, "%.*s", (int)want->key.length, want->key.data);
        const char *expect =
            strcmp(mode, "first_hop") == 0
                ? program_text(vector->program, "\"first\":%s", agent_label(vector, expected->child))
            : strcmp(mode, "final") == 0
                ? program_text(vector->program, "\"final\":%s", agent_label(vector, last))
                : program_text(vector->program, "\"route\":%s,\"match\":\"%s\"", text_of(vector, expected), mode);
        routes_add(vector->routes, mode, expect, &route);
    }
    baton_text_printf(&names,
                      "[\"tech\",\"billing\",\"refunds\",\"sales_team\",\"support_team\",\"enterprise_sales\",\"a\","
                      "\"b\"]");
    const char *agents =
        agents_of(vector, ENTRY, parsed_json(vector->program->arena, baton_text_str(&names), "names"), "");
    struct outcome got = eval(vector, agents);
    size_t row = 0;
    for (const struct baton_json *want = vector->out->child; want != NULL; want = want->next, row++) {
        cr_expect_eq(parsed_true(got.rows[row], "exchanges.0.correct"), want->boolean, "%s: %.*s", vector->name,
                     (int)want->key.length, want->key.data);
    }
    cr_expect_eq(row, got.row_count);
    baton_text_clear(&names);
}

/* ---- 3.2 the confusion matrix ---- */

/* An exchange for each case of each cell: @direct is answered by the entry, @none by nobody. */
static const char *add_matrix(const struct vector *vector, const struct baton_json *in)
{
    const struct baton_json *labels = parsed_at(in, "labels");
    for (const struct baton_json *row = parsed_at(in, "rows_expected_cols_observed")->child; row != NULL;
         row = row->next) {
        const struct baton_json *observed = labels->child;
        for (const struct baton_json *cell = row->child; cell != NULL; cell = cell->next, observed = observed->next) {
            bool goes = observed->text.data[0] != '@';
            struct route route = route_to(ENTRY, goes ? observed->text : BATON_STR(ENTRY));
            route.is_unanswered = baton_str_is(observed->text, "@none");
            const char *sort = program_text(vector->program, "%.*s-%.*s", (int)row->key.length, row->key.data,
                                            (int)observed->text.length, observed->text.data);
            const char *expect =
                program_text(vector->program, "\"final\":\"%.*s\"", (int)row->key.length, row->key.data);
            add_many(vector, parsed_count(cell, ""), sort, expect, &route);
        }
    }
    return agents_of(vector, ENTRY, labels, "");
}

static void check_confusion(const struct vector *vector)
{
    const char *agents = add_matrix(vector, vector->in);
    const struct baton_json *routing = parsed_at(eval(vector, agents).summary, "routing");
    cr_expect_eq(parsed_count(routing, "accuracy.n"), parsed_count(vector->out, "n"));
    expect_near(vector, parsed_at(vector->out, "accuracy"), routing, "accuracy.value");
    for (const struct baton_json *want = vector->out->child; want != NULL; want = want->next) {
        if (want->type == BATON_JSON_NUMBER && !baton_str_is(want->key, "n") && !baton_str_is(want->key, "accuracy")) {
            expect_near(vector, want, routing,
                        program_text(vector->program, "%.*s", (int)want->key.length, want->key.data));
        }
    }
    size_t seen = 0;
    for (const struct baton_json *agent = parsed_at(routing, "agents")->child; agent != NULL; agent = agent->next) {
        struct baton_str name = parsed_text(agent, "agent");
        name = baton_str_is(name, ENTRY) ? BATON_STR("@direct") : name;
        char key[KEY_BYTES];
        snprintf(key, sizeof key, "per.%.*s", (int)name.length, name.data);
        expect_members(vector, parsed_at(vector->out, key), agent);
        seen++;
    }
    cr_expect_eq(seen, parsed_at(vector->out, "per")->count);
}

static void check_cost(const struct vector *vector)
{
    const char *agents = add_matrix(vector, parsed_at(vector->root, "confusion.in"));
    const char *conversations = routes_write(vector->routes, "conversations.jsonl");
    struct baton_text suite = baton_text_with_limit(1024 * 1024);
    baton_text_puts(
        &suite, "{\"version\":1,\"agents\":\"agents.json\",\"conversations\":\"conversations.jsonl\",\"weights\":{");
    for (const struct baton_json *weight = parsed_at(vector->in, "weights")->child; weight != NULL;
         weight = weight->next) {
        const char *arrow = memchr(weight->key.data, '>', weight->key.length);
        struct baton_str from = { weight->key.data, (size_t)(arrow - weight->key.data) };
        struct baton_str to = { arrow + 1, weight->key.length - from.length - 1 };
        from = baton_str_is(from, "@direct") ? BATON_STR(ENTRY) : from;
        to = baton_str_is(to, "@direct") ? BATON_STR(ENTRY) : to;
        baton_text_printf(&suite, "\"%.*s > %.*s\":%g,", (int)from.length, from.data, (int)to.length, to.data,
                          weight->number);
    }
    baton_text_puts(&suite, "\"*\":0}}");
    const char *path = program_write(vector->program, "suite.json", baton_text_str(&suite));
    cr_assert(agents != NULL && conversations != NULL);
    baton_text_clear(&suite);
    struct outcome got = eval_with(vector, (const char *const[]){ path, NULL });
    expect_members(vector, vector->out, parsed_at(got.summary, "routing"));
}

/* ---- 3.3 depth ---- */

/* The graph of the vectors, as an agents file. */
static const char *graph_agents(const struct vector *vector)
{
    struct baton_text text = baton_text_with_limit(1024 * 1024);
    baton_text_puts(&text, "{\"version\":1,\"entry\":\"front_desk\",\"agents\":{");
    for (const struct baton_json *agent = parsed_at(vector->root, "depth_direct.in.graph")->child; agent != NULL;
         agent = agent->next) {
        baton_text_printf(&text, "\"%.*s\":{\"handoffs\":%s}%s", (int)agent->key.length, agent->key.data,
                          text_of(vector, agent), agent->next == NULL ? "}}" : ",");
    }
    const char *path = program_write(vector->program, "agents.json", baton_text_str(&text));
    baton_text_clear(&text);
    return path;
}

/* A route whose first agent is that of the list. */
static struct route path_of(const struct vector *vector, const char **entry)
{
    const struct baton_json *path = parsed_at(vector->in, "path");
    *entry = program_text(vector->program, "%.*s", (int)path->child->text.length, path->child->text.data);
    struct route route = route_of("", path);
    route.count--;
    memmove(route.agents, route.agents + 1, route.count * sizeof *route.agents);
    return route;
}

static void check_depth(const struct vector *vector)
{
    const char *entry,
        *expect = program_text(vector->program, "\"final\":%s", text_of(vector, parsed_at(vector->in, "target")));
    struct route route = path_of(vector, &entry);
    routes_add(vector->routes, "one", expect, &route);
    const struct baton_json *row = parsed_at(eval(vector, graph_agents(vector)).rows[0], "exchanges.0");
    cr_expect_eq(parsed_true(row, "correct"), parsed_true(vector->out, "reached"), "%s", vector->name);
    static const char *const hops[] = { "depth", "optimal", "looped", "detour" };
    for (size_t i = 0; i < COUNT_OF(hops); i++) {
        expect_near(vector, parsed_at(vector->out, hops[i]), row, hops[i]);
    }
}

/* ---- 3.4 loops ---- */

static struct outcome eval_path(const struct vector *vector, const char *top)
{
    const char *entry;
    struct route route = path_of(vector, &entry);
    routes_add(vector->routes, "one", "", &route);
    return eval(vector, agents_of(vector, entry, parsed_at(vector->in, "path"), top));
}

static void check_cycle(const struct vector *vector)
{
    const char *top =
        program_text(vector->program, "\"loops\":{\"repeats\":%d,\"max_cycle\":%d}",
                     (int)parsed_count(vector->in, "min_repeats"), (int)parsed_count(vector->in, "max_k"));
    const struct baton_json *got = parsed_at(eval_path(vector, top).rows[0], "exchanges.0.loop");
    cr_assert_eq(got->type == BATON_JSON_NULL, vector->out->type == BATON_JSON_NULL, "%s", vector->name);
    if (got->type != BATON_JSON_NULL) {
        cr_expect(baton_str_equal(parsed_text(got, "kind"), parsed_text(vector->out, "kind")), "%s", vector->name);
        expect_near(vector, parsed_at(vector->out, "k"), got, "k");
        expect_near(vector, parsed_at(vector->out, "onset"), got, "onset");
        expect_near(vector, parsed_at(vector->out, "detected_at"), got, "detected");
    }
}

/* A revisit is told as an event at the handoff that leads back, so before the turn of its index in the path. */
static void check_revisit(const struct vector *vector)
{
    struct outcome got = eval_path(vector, "");
    cr_expect(parsed_true(got.rows[0], "exchanges.0.revisit"), "%s", vector->name);
    struct program_run run = RUN(vector->program, "run", program_path(vector->program, "agents.json"), "--replay",
                                 program_path(vector->program, "conversations.jsonl"), "--events");
    size_t count, found = 0;
    const struct baton_json **events = parsed_lines(vector->program->arena, run.out, &count);
    for (size_t i = 0; i < count; i++) {
        if (parsed_is(events[i], "event", "loop") && parsed_is(events[i], "kind", "revisit")) {
            found++;
            cr_expect_eq(parsed_count(events[i], "turn") + 1, parsed_count(vector->out, "onset"), "%s", vector->name);
        }
    }
    cr_expect_eq(found, 1u, "%s: told once", vector->name);
}

/* An endless circle of two after the entry, once let run to its limit and once stopped where it is seen. */
static void check_loop_cost(const struct vector *vector)
{
    static const struct baton_str names[] = { BATON_STR_INIT("triage"), BATON_STR_INIT("sales"),
                                              BATON_STR_INIT("billing") };
    int64_t turns = parsed_count(vector->in, "max_turns");
    struct route route = { .agents = { names[0] }, .count = 1 };
    for (; route.count <= (size_t)turns; route.count++) {
        route.agents[route.count] = names[1 + (route.count - 1) % 2];
    }
    routes_add(vector->routes, "one", "", &route);
    const char *top = program_text(vector->program, "\"limits\":{\"max_turns\":%d}", (int)turns);
    struct outcome free_run = eval(vector, routes_agents(vector->routes, "agents.json", names, COUNT_OF(names), top));
    const struct baton_json *loop = parsed_at(free_run.rows[0], "exchanges.0.loop");
    expect_near(vector, parsed_at(vector->in, "path_onset"), loop, "onset");
    expect_near(vector, parsed_at(vector->in, "path_detected"), loop, "detected");
    expect_near(vector, parsed_at(vector->out, "wasted_without"), free_run.summary, "loops.wasted_turns");
    expect_near(vector, parsed_at(vector->out, "turns_saved"), free_run.summary, "loops.saved_turns");
    routes_add(vector->routes, "one", "", &route);
    top = program_text(vector->program, "\"limits\":{\"max_turns\":%d},\"loops\":{\"action\":\"stop\"}", (int)turns);
    struct outcome stopped = eval(vector, routes_agents(vector->routes, "agents.json", names, COUNT_OF(names), top));
    cr_expect(parsed_is(stopped.rows[0], "exchanges.0.status", "loop"));
    expect_near(vector, parsed_at(vector->out, "wasted_with_detector"), stopped.summary, "loops.wasted_turns");
}

/* ---- 3.5 context ---- */

static void check_retention(const struct vector *vector)
{
    const struct baton_json *lost = parsed_at(vector->out, "lost");
    struct baton_text shown = baton_text_with_limit(1024);
    struct route route = route_to(ENTRY, BATON_STR("billing"));
    for (const struct baton_json *text = parsed_at(vector->in, "visible_to_target")->child; text != NULL;
         text = text->next) {
        baton_text_printf(&shown, "%.*s. ", (int)text->text.length, text->text.data);
    }
    const char *facts = text_of(vector, parsed_at(vector->in, "established"));
    routes_exchange(vector->routes, baton_text_str(&shown).data, program_text(vector->program, "\"facts\":%s", facts),
                    &route);
    routes_end(vector->routes, "one");
    static const struct baton_str names[] = { BATON_STR_INIT(ENTRY), BATON_STR_INIT("billing") };
    struct outcome got = eval(vector, routes_agents(vector->routes, "agents.json", names, COUNT_OF(names), ""));
    expect_near(vector, parsed_at(vector->out, "fact_retention"), got.summary, "routing.facts.value");
    const struct baton_json *failed = parsed_at(got.rows[0], "exchanges.0.failed");
    cr_expect_eq(failed->count, lost->count);
    for (const struct baton_json *fact = lost->child, *told = failed->child; fact != NULL && told != NULL;
         fact = fact->next, told = told->next) {
        cr_expect(memmem(told->text.data, told->text.length, fact->text.data, fact->text.length) != NULL, "%.*s",
                  (int)told->text.length, told->text.data);
    }
    baton_text_clear(&shown);
}

/* ---- 3.6 latency ---- */

/* What an agent says while it hands over is not for the user. */
static void check_virtual_clock(const struct vector *vector)
{
    const struct baton_json *calls = parsed_at(vector->in, "calls_ms");
    struct route route = { .count = 0 };
    const char *latency = "", *ttft = "";
    for (const struct baton_json *call = calls->child; call != NULL; call = call->next) {
        route.agents[route.count++] = parsed_text(call, "agent");
        const char *comma = call->next == NULL ? "" : ",";
        latency = program_text(vector->program, "%s%d%s", latency, (int)parsed_count(call, "latency"), comma);
        ttft = program_text(vector->program, "%s%d%s", ttft, (int)parsed_count(call, "ttft"), comma);
    }
    struct baton_arena *arena = vector->program->arena;
    route.latency_ms = parsed_json(arena, baton_str_of(program_text(vector->program, "[%s]", latency)), "ms")->child;
    route.ttft_ms = parsed_json(arena, baton_str_of(program_text(vector->program, "[%s]", ttft)), "ms")->child;
    routes_add(vector->routes, "one", "", &route);
    struct outcome got = eval(vector, routes_agents(vector->routes, "agents.json", route.agents, route.count, ""));
    const struct baton_json *figures = parsed_at(got.summary, "latency");
    expect_near(vector, parsed_at(vector->out, "ttft"), figures, "ttft.p50");
    expect_near(vector, parsed_at(vector->out, "hop"), figures, "hop.sum");
    expect_near(vector, parsed_at(vector->out, "exchange"), figures, "exchange.p50");
    expect_near(vector, parsed_at(vector->out, "routing_tax"), figures, "routing_tax");
}

static void check_latency_ranks(const struct vector *vector)
{
    static const struct baton_str names[] = { BATON_STR_INIT(ENTRY) };
    for (const struct baton_json *ms = parsed_at(vector->in, "ms")->child; ms != NULL; ms = ms->next) {
        struct baton_json one = *ms;
        one.next = NULL;
        struct route route = { .agents = { names[0] }, .count = 1, .latency_ms = &one };
        routes_add(vector->routes, program_text(vector->program, "of-%d", (int)ms->number), "", &route);
    }
    struct outcome got = eval(vector, routes_agents(vector->routes, "agents.json", names, 1, ""));
    expect_members(vector, vector->out, parsed_at(got.summary, "latency.exchange"));
}

/* ---- 3.9 statistics ---- */

static const struct baton_str two_agents[] = { BATON_STR_INIT(ENTRY), BATON_STR_INIT("other") };

/* An exchange that should have stayed with the entry, and did or did not. */
static struct route kept(bool is_right)
{
    return route_to(ENTRY, two_agents[is_right ? 0 : 1]);
}

static const char wants_entry[] = "\"final\":\"" ENTRY "\"";

static void check_wilson(const struct vector *vector)
{
    int64_t right = parsed_count(vector->in, "x"), n = parsed_count(vector->in, "n");
    struct route passes = kept(true), fails = kept(false);
    add_many(vector, right, "right", wants_entry, &passes);
    add_many(vector, n - right, "wrong", wants_entry, &fails);
    struct outcome got = eval(vector, routes_agents(vector->routes, "agents.json", two_agents, 2, ""));
    cr_expect_eq(parsed_count(got.summary, "routing.accuracy.correct"), right, "%s", vector->name);
    cr_expect_eq(parsed_count(got.summary, "routing.accuracy.n"), n, "%s", vector->name);
    expect_near(vector, parsed_at(vector->out, "0"), got.summary, "routing.accuracy.ci_low");
    expect_near(vector, parsed_at(vector->out, "1"), got.summary, "routing.accuracy.ci_high");
}

/* Conversations that pass on both sides, on one, or on none. The labels are the same on both sides. */
static const struct kind {
    const char *name;
    bool passes[2]; /* baseline, candidate */
} kinds[] = { { "both", { true, true } },
              { "cand_only", { false, true } },
              { "base_only", { true, false } },
              { "neither", { false, false } } };

/* Adds one side of such conversations, each labelled with that agent; where it fails, the agent after it answers. */
static void add_side(const struct vector *vector, const struct baton_json *counts, size_t side, struct baton_str label,
                     struct baton_str wrong)
{
    const char *expect = program_text(vector->program, "\"final\":\"%.*s\"", (int)label.length, label.data);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct baton_json *count = baton_json_get(counts, kinds[i].name);
        struct route route = route_to(ENTRY, kinds[i].passes[side] ? label : wrong);
        const char *sort = program_text(vector->program, "%.*s-%s", (int)label.length, label.data, kinds[i].name);
        add_many(vector, count == NULL ? 0 : parsed_count(count, ""), sort, expect, &route);
    }
}

static const struct baton_json *compare(const struct vector *vector, const struct outcome sides[2])
{
    struct program_run run = RUN(vector->program, "compare", sides[0].folder, sides[1].folder, "--json");
    cr_assert(run.exit_code <= 1, "%s: %s", vector->name, run.err.data);
    return parsed_json(vector->program->arena, run.out, vector->name);
}

static void check_pairs(const struct vector *vector)
{
    struct outcome sides[2];
    for (size_t side = 0; side < 2; side++) {
        add_side(vector, vector->in, side, two_agents[0], two_agents[1]);
        sides[side] = eval(vector, routes_agents(vector->routes, "agents.json", two_agents, 2, ""));
    }
    const struct baton_json *got = compare(vector, sides);
    expect_members(vector, vector->out, got);
    cr_expect_eq(parsed_count(got, "both"), parsed_count(vector->in, "both"), "%s", vector->name);
    cr_expect_eq(parsed_count(got, "neither"), parsed_count(vector->in, "neither"), "%s", vector->name);
    cr_expect_eq(parsed_count(got, "candidate_only"), parsed_count(vector->in, "cand_only"), "%s", vector->name);
    cr_expect_eq(parsed_count(got, "baseline_only"), parsed_count(vector->in, "base_only"), "%s", vector->name);
}

/* Each agent with conversations of its own; one that nothing changed for is no test and does not count. */
static void check_holm(const struct vector *vector)
{
    struct outcome sides[2];
    const struct baton_json *unchanged = parsed_json(vector->program->arena, BATON_STR("{\"both\":2}"), "unchanged");
    for (size_t side = 0; side < 2; side++) {
        for (const struct baton_json *agent = vector->in->child; agent != NULL; agent = agent->next) {
            add_side(vector, agent, side, agent->key, BATON_STR(ENTRY));
            add_side(vector, unchanged, side, agent->key, BATON_STR(ENTRY));
        }
        sides[side] = eval(vector, agents_of(vector, ENTRY, vector->in, ""));
    }
    const struct baton_json *got = compare(vector, sides);
    size_t seen = 0;
    for (const struct baton_json *agent = parsed_at(got, "agents")->child; agent != NULL; agent = agent->next) {
        struct baton_str name = parsed_text(agent, "agent");
        char key[KEY_BYTES];
        snprintf(key, sizeof key, "%.*s", (int)name.length, name.data);
        expect_members(vector, parsed_at(vector->out, key), agent);
        seen++;
    }
    cr_expect_eq(seen, vector->out->count);
}

/* A cluster is a conversation, its values are its exchanges. */
static void check_clusters(const struct vector *vector)
{
    size_t number = 0;
    for (const struct baton_json *list = parsed_at(vector->in, "clusters")->child; list != NULL; list = list->next) {
        struct baton_str holder = two_agents[0];
        for (const struct baton_json *value = list->child; value != NULL; value = value->next) {
            struct baton_str target = two_agents[parsed_count(value, "") == 1 ? 0 : 1];
            struct route route = route_to(holder.data, target);
            routes_exchange(vector->routes, "q", wants_entry, &route);
            holder = target;
        }
        routes_end(vector->routes, program_text(vector->program, "cluster-%zu", number++));
    }
    struct outcome got = eval(vector, routes_agents(vector->routes, "agents.json", two_agents, 2, ""));
    expect_members(vector, vector->out, parsed_at(got.summary, "routing.clusters"));
}

/* ---- repeats ---- */

/* P and F of the trials of a case, from the rows of a run with --repeat. */
static const char *trials_of(const struct vector *vector, const struct outcome *got, size_t first)
{
    char trials[TRIALS + 1] = "";
    for (size_t i = 0; i < TRIALS; i++) {
        trials[i] = parsed_true(got->rows[first + i], "exchanges.0.correct") ? 'P' : 'F';
    }
    return program_text(vector->program, "%s", trials);
}

static size_t passes_of(const char *trials)
{
    size_t passed = 0;
    for (size_t i = 0; trials[i] != '\0'; i++) {
        passed += trials[i] == 'P';
    }
    return passed;
}

/* A model that draws by the id of the conversation plays some that differ in nothing else. */
static struct outcome eval_drawn(const struct vector *vector)
{
    static const struct baton_str names[] = { BATON_STR_INIT(ENTRY), BATON_STR_INIT("other"), BATON_STR_INIT("third") };
    const char *agents = routes_agents(vector->routes, "agents.json", names, COUNT_OF(names), "");
    const char *conversations = routes_write(vector->routes, "conversations.jsonl");
    return eval_with(vector, (const char *const[]){ "--agents", agents, "--conversations", conversations, "--provider",
                                                    "sim:random", "--seed", "1", "--repeat", "8", NULL });
}

static void add_id(const struct vector *vector, size_t number)
{
    struct route route = kept(true);
    route.is_unanswered = true;
    routes_add(vector->routes, program_text(vector->program, "id-%zu", number), wants_entry, &route);
}

/* Plays many ids and then again those whose trials came out as the vector has them: the first that fits of each. */
static struct outcome eval_chosen(const struct vector *vector,
                                  bool (*fits)(const char *trials, const struct baton_json *),
                                  const struct baton_json *wanted, size_t count)
{
    bool is_taken[CANDIDATES] = { false };
    for (size_t i = 0; i < CANDIDATES; i++) {
        add_id(vector, i);
    }
    struct outcome all = eval_drawn(vector);
    for (size_t k = 0; k < count; k++, wanted = wanted->next) {
        size_t i = 0;
        while (i < CANDIDATES && (is_taken[i] || !fits(trials_of(vector, &all, i * TRIALS), wanted))) {
            i++;
        }
        cr_assert_lt(i, (size_t)CANDIDATES, "%s: no id came out so", vector->name);
        is_taken[i] = true;
        add_id(vector, i);
    }
    return eval_drawn(vector);
}

static bool has_passed(const char *trials, const struct baton_json *task)
{
    return passes_of(trials) == (size_t)parsed_count(task, "1");
}

static void check_pass_k(const struct vector *vector)
{
    const struct baton_json *tasks = parsed_at(vector->in, "tasks_n_c");
    struct outcome got = eval_chosen(vector, has_passed, tasks->child, tasks->count);
    size_t seen = 0;
    for (const struct baton_json *one = parsed_at(got.summary, "repeats.passes")->child; one != NULL; one = one->next) {
        char key[KEY_BYTES];
        snprintf(key, sizeof key, "k%d", (int)parsed_count(one, "k"));
        expect_members(vector, parsed_at(vector->out, key), one);
        seen++;
    }
    cr_expect_eq(seen, vector->out->count);
    cr_expect_eq(parsed_count(got.summary, "repeats.always"), 1);
    cr_expect_eq(parsed_count(got.summary, "repeats.never"), 1);
    cr_expect_eq(parsed_count(got.summary, "repeats.flaky"), 2);
}

static bool is_so(const char *trials, const struct baton_json *wanted)
{
    return baton_str_is(wanted->text, trials);
}

static void check_flakiness(const struct vector *vector)
{
    struct outcome got = eval_chosen(vector, is_so, parsed_at(vector->in, "trials"), 1);
    expect_members(vector, vector->out, parsed_at(got.summary, "repeats.flakiest.0"));
}

/* Trials that were played of a case that always passes, and of one that never does. */
static void check_sprt(const struct vector *vector)
{
    static const char *const wanted[] = { "passes_to_accept", "failures_to_reject" };
    const char *plan =
        program_text(vector->program, "%g,%g", parsed_number(vector->in, "good"), parsed_number(vector->in, "bad"));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        struct route route = kept(i == 0);
        routes_add(vector->routes, "one", wants_entry, &route);
        const char *agents = routes_agents(vector->routes, "agents.json", two_agents, 2, "");
        const char *conversations = routes_write(vector->routes, "conversations.jsonl");
        struct outcome got =
            eval_with(vector, (const char *const[]){ "--agents", agents, "--conversations", conversations, "--repeat",
                                                     "50", "--stop-early", plan, NULL });
        cr_expect_eq((int64_t)got.row_count, parsed_count(vector->out, wanted[i]), "%s: %zu", wanted[i], got.row_count);
    }
}

/* ---- all of them ---- */

static const struct checker {
    const char *name; /* ends in _: all vectors that begin so */
    void (*check)(const struct vector *vector);
} checkers[] = {
    { "match_", check_match },
    { "confusion", check_confusion },
    { "cost_weighted", check_cost },
    { "depth_", check_depth },
    { "cycle_", check_cycle },
    { "revisit_pp", check_revisit },
    { "loop_cost", check_loop_cost },
    { "context_retention", check_retention },
    { "virtual_clock", check_virtual_clock },
    { "latency_ranks", check_latency_ranks },
    { "wilson_", check_wilson },
    { "pairs_", check_pairs },
    { "holm", check_holm },
    { "cluster_se", check_clusters },
    { "pass_k", check_pass_k },
    { "flakiness", check_flakiness },
    { "sprt", check_sprt },
};

static bool is_named(struct baton_str name, const char *pattern)
{
    size_t length = strlen(pattern);
    bool is_prefix = pattern[length - 1] == '_';
    return is_prefix ? name.length > length && memcmp(name.data, pattern, length) == 0 : baton_str_is(name, pattern);
}

static const struct checker *find_checker(struct baton_str name)
{
    for (size_t i = 0; i < COUNT_OF(checkers); i++) {
        if (is_named(name, checkers[i].name)) {
            return &checkers[i];
        }
    }
    return NULL;
}

static void check_vector(const struct baton_json *root, const struct baton_json *node, const struct checker *checker)
{
    struct program program;
    struct routes routes;
    program_open(&program);
    routes_open(&routes, &program);
    struct vector vector = {
        .root = root, .in = parsed_at(node, "in"), .out = parsed_at(node, "out"), .program = &program, .routes = &routes
    };
    vector.name = program_text(&program, "%.*s", (int)node->key.length, node->key.data);
    checker->check(&vector);
    routes_close(&routes);
    program_close(&program);
}

Test(vectors, every_vector_holds_and_none_is_left_out)
{
    struct baton_arena *arena = baton_arena_new(64 * 1024 * 1024);
    const struct baton_json *root = parsed_file(arena, VECTORS);
    size_t used[COUNT_OF(checkers)] = { 0 };
    cr_assert_gt(root->count, 30u);
    for (const struct baton_json *node = root->child; node != NULL; node = node->next) {
        const struct checker *checker = find_checker(node->key);
        cr_assert_not_null(checker, "%.*s is checked by nobody", (int)node->key.length, node->key.data);
        check_vector(root, node, checker);
        used[checker - checkers]++;
    }
    for (size_t i = 0; i < COUNT_OF(checkers); i++) {
        cr_expect_gt(used[i], 0u, "no vector for %s", checkers[i].name);
    }
    baton_arena_free(arena);
}
