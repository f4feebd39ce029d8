/* expect.c - reads a label: a table of its fields gives each its type, and what is more than a number or a word is read by a
 * function of its own.
 *
 * A label is read strictly: an unknown key, agent or status, or a pattern that does not compile, is an error with its place.
 * A label that asks for something by a wrong name would else hold, or fail, for no reason that anybody can see.
 */
#include "evals/judge/expect.h"

#include "engine/base/fields.h"

#include <stddef.h>

static const char *const status_words[] = { "answered", "handoff",    "max_turns", "max_handoffs",
                                            "loop",     "unanswered", "error",     NULL };

struct expect_form {
    const struct baton_json *final, *route, *says, *not_says, *tools, *facts, *loop;
    struct baton_str first;
    int32_t match, max_depth, max_turns, status;
};

struct tools_form {
    const struct baton_json *called, *not_called;
};

#define ROW(form, field, ...) .offset = offsetof(struct form, field), __VA_ARGS__

static const struct baton_field expect_rows[] = {
    { "final", NULL, BATON_FIELD_ANY, ROW(expect_form, final, 0) },
    { "first", NULL, BATON_FIELD_TEXT, ROW(expect_form, first, 0) },
    { "route", NULL, BATON_FIELD_ARRAY, ROW(expect_form, route, 0) },
    { "match", NULL, BATON_FIELD_WORD, ROW(expect_form, match, .words = baton_route_match_names) },
    { "max_depth", "maxDepth", BATON_FIELD_INT32, ROW(expect_form, max_depth, .low = 0, .high = BATON_TURNS_MAX) },
    { "max_turns", "maxTurns", BATON_FIELD_INT32, ROW(expect_form, max_turns, .low = 0, .high = BATON_TURNS_MAX) },
    { "loop", NULL, BATON_FIELD_ANY, ROW(expect_form, loop, 0) },
    { "status", NULL, BATON_FIELD_WORD, ROW(expect_form, status, .words = status_words) },
    { "says", NULL, BATON_FIELD_ANY, ROW(expect_form, says, 0) },
    { "not_says", "notSays", BATON_FIELD_ANY, ROW(expect_form, not_says, 0) },
    { "tools", NULL, BATON_FIELD_OBJECT, ROW(expect_form, tools, 0) },
    { "facts", NULL, BATON_FIELD_ARRAY, ROW(expect_form, facts, 0) },
};

static const struct baton_field tools_rows[] = {
    { "called", NULL, BATON_FIELD_ARRAY, ROW(tools_form, called, 0) },
    { "not_called", "notCalled", BATON_FIELD_ARRAY, ROW(tools_form, not_called, 0) },
};

struct read {
    struct baton_arena *arena;
    const struct baton_agents *agents;
    const struct baton_source *source;
    struct baton_error *err;
};

static enum baton_status no_memory(struct baton_error *err)
{
    return baton_error_over_limit(err, "a conversation");
}

/* ---- reading ---- */

static enum baton_status read_agent(const struct read *read, const struct baton_json *node, bool allows_direct,
                                    uint32_t *out)
{
    if (node->type != BATON_JSON_STRING) {
        return baton_type_error(read->source, node, "an expected agent", "a name", read->err);
    }
    if (allows_direct && baton_str_is(node->text, "@direct")) {
        *out = BATON_DIRECT;
        return BATON_OK;
    }
    *out = baton_agents_find(read->agents, node->text);
    return *out != BATON_NONE ? BATON_OK
                              : baton_agents_unknown(read->agents, node->text, read->source, node->offset, read->err);
}

/* A single name or a list of names. */
static enum baton_status read_agent_list(const struct read *read, const struct baton_json *node, bool allows_direct,
                                         const uint32_t **out, uint32_t *count)
{
    bool is_list = node->type == BATON_JSON_ARRAY;
    uint32_t *agents = baton_arena_array(read->arena, is_list ? node->count + 1 : 1, sizeof *agents);
    if (agents == NULL) {
        return no_memory(read->err);
    }
    *out = agents;
    *count = 0;
    enum baton_status status = BATON_OK;
    for (const struct baton_json *one = is_list ? node->child : node; one != NULL && status == BATON_OK;
         one = is_list ? one->next : NULL) {
        status = read_agent(read, one, allows_direct, &agents[(*count)++]);
    }
    return status;
}

static enum baton_status read_final(const struct read *read, const struct baton_json *node, struct baton_expect *expect)
{
    if (node == NULL || node->type == BATON_JSON_NULL) {
        return BATON_OK;
    }
    if (node->type == BATON_JSON_ARRAY && node->count == 0) {
        return baton_source_error(read->source, node->offset, read->err,
                                  "'final' names no agent; leave it out or name one");
    }
    return read_agent_list(read, node, true, &expect->final, &expect->final_count);
}

static enum baton_status read_routes(const struct read *read, const struct baton_json *node,
                                     struct baton_expect *expect)
{
    if (node == NULL) {
        return BATON_OK;
    }
    bool is_list_of_routes = node->child != NULL && node->child->type == BATON_JSON_ARRAY;
    uint32_t count = is_list_of_routes ? node->count : 1;
    struct baton_expected_route *routes = baton_arena_zero(read->arena, count * sizeof *routes);
    if (routes == NULL) {
        return no_memory(read->err);
    }
    expect->routes = routes;
    enum baton_status status = BATON_OK;
    for (const struct baton_json *one = is_list_of_routes ? node->child : node; one != NULL && status == BATON_OK;
         one = is_list_of_routes ? one->next : NULL) {
        struct baton_expected_route *route = &routes[expect->route_count++];
        if (one->type != BATON_JSON_ARRAY) {
            return baton_type_error(read->source, one, "each route", "a list of agents", read->err);
        }
        if (one->count > BATON_ROUTE_MAX) {
            return baton_source_error(read->source, one->offset, read->err, "a route of more than %d agents",
                                      BATON_ROUTE_MAX);
        }
        status = read_agent_list(read, one, false, &route->agents, &route->count);
    }
    return status;
}

static enum baton_status read_pattern(const struct read *read, const struct baton_json *node,
                                      struct baton_expected_text *text)
{
    struct baton_error error;
    text->literal = node->text;
    enum baton_status status = baton_pattern_compile(&text->pattern, read->arena, node->text, &error);
    return status == BATON_OK ? BATON_OK : baton_source_error(read->source, node->offset, read->err, "%s", error.text);
}

/* A pattern or a list of patterns; facts: plain texts, or {pattern: ...}. */
static enum baton_status read_texts(const struct read *read, const struct baton_json *node, const char *what,
                                    bool are_facts, struct baton_expected_texts *out)
{
    if (node == NULL || node->type == BATON_JSON_NULL) {
        return BATON_OK;
    }
    bool is_list = node->type == BATON_JSON_ARRAY;
    struct baton_expected_text *list = baton_arena_zero(read->arena, ((is_list ? node->count : 0) + 1) * sizeof *list);
    if (list == NULL) {
        return no_memory(read->err);
    }
    out->list = list;
    enum baton_status status = BATON_OK;
    for (const struct baton_json *one = is_list ? node->child : node; one != NULL && status == BATON_OK;
         one = is_list ? one->next : NULL) {
        struct baton_expected_text *text = &list[out->count++];
        const struct baton_json *pattern = one;
        if (are_facts && one->type == BATON_JSON_OBJECT && one->count == 1) {
            pattern = baton_json_get(one, "pattern");
        }
        if (pattern == NULL || pattern->type != BATON_JSON_STRING) {
            return baton_type_error(read->source, one, what, are_facts ? "a text or { pattern: ... }" : "a pattern",
                                    read->err);
        }
        text->literal = pattern->text;
        status = are_facts && pattern == one ? BATON_OK : read_pattern(read, pattern, text);
    }
    return status;
}

static enum baton_status read_names(const struct read *read, const struct baton_json *node,
                                    struct baton_expected_names *out)
{
    struct baton_str *list = baton_arena_array(read->arena, (node == NULL ? 0 : node->count) + 1, sizeof *list);
    if (list == NULL) {
        return no_memory(read->err);
    }
    out->list = list;
    for (const struct baton_json *one = node == NULL ? NULL : node->child; one != NULL; one = one->next) {
        if (one->type != BATON_JSON_STRING) {
            return baton_type_error(read->source, one, "a tool", "a name", read->err);
        }
        list[out->count++] = one->text;
    }
    return BATON_OK;
}

static enum baton_status read_tools(const struct read *read, const struct baton_json *node, struct baton_expect *expect)
{
    if (node == NULL) {
        return BATON_OK;
    }
    struct tools_form form = { 0 };
    struct baton_fields fields = {
        .source = read->source, .rows = tools_rows, .row_count = BATON_FIELD_COUNT(tools_rows), .what = "'tools'"
    };
    enum baton_status status = baton_fields_read(&fields, node, &form, read->err);
    if (status == BATON_OK) {
        status = read_names(read, form.called, &expect->called);
    }
    return status == BATON_OK ? read_names(read, form.not_called, &expect->not_called) : status;
}

static enum baton_status read_first(const struct read *read, struct baton_str name, const struct baton_json *object,
                                    struct baton_expect *expect)
{
    return name.length == 0 ? BATON_OK : read_agent(read, baton_json_get(object, "first"), true, &expect->first);
}

static enum baton_status read_loop(const struct read *read, const struct baton_json *node, struct baton_expect *expect)
{
    if (node == NULL || node->type == BATON_JSON_NULL) {
        return BATON_OK;
    }
    if (node->type != BATON_JSON_BOOLEAN) {
        return baton_type_error(read->source, node, "'loop'", "true or false", read->err);
    }
    expect->loop = node->boolean;
    return BATON_OK;
}

/* The fields that are more than a number or a word. */
static enum baton_status read_fields(const struct read *read, const struct expect_form *form,
                                     const struct baton_json *node, struct baton_expect *expect)
{
    enum baton_status status = read_final(read, form->final, expect);
    if (status != BATON_OK) {
        return status;
    }
    status = read_first(read, form->first, node, expect);
    if (status != BATON_OK) {
        return status;
    }
    status = read_routes(read, form->route, expect);
    if (status != BATON_OK) {
        return status;
    }
    status = read_loop(read, form->loop, expect);
    if (status != BATON_OK) {
        return status;
    }
    status = read_texts(read, form->says, "'says'", false, &expect->says);
    if (status != BATON_OK) {
        return status;
    }
    status = read_texts(read, form->not_says, "'not_says'", false, &expect->not_says);
    if (status != BATON_OK) {
        return status;
    }
    status = read_texts(read, form->facts, "each of 'facts'", true, &expect->facts);
    return status == BATON_OK ? read_tools(read, form->tools, expect) : status;
}

enum baton_status baton_expect_read(const struct baton_expect **out, struct baton_arena *arena,
                                    const struct baton_agents *agents, const struct baton_source *source,
                                    const struct baton_json *node, struct baton_error *err)
{
    *out = NULL;
    if (node == NULL || node->type == BATON_JSON_NULL) {
        return BATON_OK;
    }
    struct read read = { .arena = arena, .agents = agents, .source = source, .err = err };
    struct expect_form form = { .max_depth = -1, .max_turns = -1, .status = -1 };
    struct baton_fields fields = {
        .source = source, .rows = expect_rows, .row_count = BATON_FIELD_COUNT(expect_rows), .what = "'expect'"
    };
    enum baton_status status = baton_fields_read(&fields, node, &form, err);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_expect *expect = baton_arena_zero(arena, sizeof *expect);
    if (expect == NULL) {
        return no_memory(err);
    }
    expect->first = BATON_NONE;
    expect->loop = -1;
    expect->match = (enum baton_route_match)form.match;
    expect->max_depth = form.max_depth;
    expect->max_turns = form.max_turns;
    expect->status = form.status;
    status = read_fields(&read, &form, node, expect);
    *out = status == BATON_OK ? expect : NULL;
    return status;
}
