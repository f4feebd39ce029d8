/* Do the gates of the shipped example notice when its agents or its recordings are broken? Each handoff that the recordings
 * use is taken away in turn, two targets are swapped, routes are turned round. */
#include "engine/base/document.h"
#include "engine/base/source.h"
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char suite[] = "fixtures/suites/support.yaml", agents_file[] = "fixtures/agents/support.yaml";
static const char *const recordings[] = { "fixtures/conversations/support/routing.jsonl",
                                          "fixtures/conversations/support/sales.jsonl" };

/* A tree that a test may bend: it lives in the test's memory. */
static struct baton_json *bend(const struct baton_json *node)
{
    return (struct baton_json *)(uintptr_t)node;
}

static const struct baton_json *agents_tree(struct program *program)
{
    static struct baton_source source;
    const struct baton_json *root;
    struct baton_error err;
    cr_assert_eq(baton_document_load(&root, &source, program->arena, agents_file, &err), BATON_OK, "%s", err.text);
    return root;
}

/* Writes the tree as a file of its own. */
static const char *write_tree(struct program *program, const char *name, const struct baton_json *root)
{
    struct baton_text text = baton_text_with_limit(1024 * 1024);
    baton_json_write(&text, root);
    const char *path = program_write(program, name, baton_text_str(&text));
    baton_text_clear(&text);
    return path;
}

/* The suite's run with other agents or recordings, under its own gates. */
static struct program_run eval(struct program *program, const char *agents, const char *const conversations[2])
{
    return RUN(program, "eval", suite, "--agents", agents, "--conversations", conversations[0], "--conversations",
               conversations[1]);
}

static struct baton_str target_of(const struct baton_json *handoff)
{
    return handoff->type == BATON_JSON_OBJECT ? parsed_text(handoff, "agent") : handoff->text;
}

/* Takes a handoff out of the tree. */
static void drop_edge(const struct baton_json *root, struct baton_str from, struct baton_str to)
{
    char path[128];
    snprintf(path, sizeof path, "agents.%.*s.handoffs", (int)from.length, from.data);
    struct baton_json *list = bend(parsed_at(root, path)), *before = NULL;
    for (const struct baton_json *node = list->child; node != NULL; before = bend(node), node = node->next) {
        if (baton_str_equal(target_of(node), to)) {
            *(before == NULL ? &list->child : &before->next) = node->next;
            list->count--;
            return;
        }
    }
    cr_assert_fail("no handoff from %.*s to %.*s", (int)from.length, from.data, (int)to.length, to.data);
}

Test(mutations, passes_as_it_is)
{
    struct program program;
    program_open(&program);
    const char *agents = write_tree(&program, "agents.json", agents_tree(&program));
    struct program_run run = eval(&program, agents, recordings);
    cr_expect_eq(run.exit_code, 0, "written anew, nothing is changed: %.*s%.*s", (int)run.out.length, run.out.data,
                 (int)run.err.length, run.err.data);
    program_close(&program);
}

Test(mutations, every_dropped_handoff_is_noticed)
{
    struct program program;
    program_open(&program);
    struct program_run whole = RUN(&program, "eval", suite, "--json");
    const struct baton_json *edges = parsed_at(parsed_json(program.arena, whole.out, "whole"), "edges");
    cr_assert_gt(edges->count, 8u);
    for (const struct baton_json *edge = edges->child; edge != NULL; edge = edge->next) {
        const struct baton_json *root = agents_tree(&program);
        struct baton_str from = parsed_text(edge, "from"), to = parsed_text(edge, "to");
        drop_edge(root, from, to);
        struct program_run run = eval(&program, write_tree(&program, "agents.json", root), recordings);
        cr_expect_eq(run.exit_code, 1, "%.*s > %.*s: exit code %d %.*s", (int)from.length, from.data, (int)to.length,
                     to.data, run.exit_code, (int)run.err.length, run.err.data);
        cr_expect(program_has(run.out, "FAIL"));
    }
    program_close(&program);
}

/* In the list of a triage agent, billing's transfer leads to tech_support and the other way round. */
Test(mutations, two_targets_swapped_are_noticed)
{
    static const char *const pairs[][3] = { { "triage", "billing", "sales" },
                                            { "billing", "tech_support", "triage" },
                                            { "tech_support", "billing", "triage" } };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct program program;
        program_open(&program);
        const struct baton_json *root = agents_tree(&program);
        char path[128];
        snprintf(path, sizeof path, "agents.%s.handoffs", pairs[i][0]);
        unsigned swapped = 0;
        for (const struct baton_json *node = parsed_at(root, path)->child; node != NULL; node = node->next) {
            for (size_t k = 1; k <= 2; k++) {
                if (swapped < 2 && baton_str_is(target_of(node), pairs[i][k])) {
                    const char *tool = node->type == BATON_JSON_OBJECT && baton_json_get(node, "tool") != NULL
                                           ? parsed_text(node, "tool").data
                                           : program_text(&program, "transfer_to_%s", pairs[i][k]);
                    const char *full =
                        program_text(&program, "{\"agent\":\"%s\",\"tool\":\"%s\"}", pairs[i][3 - k], tool);
                    const struct baton_json *other = parsed_json(program.arena, baton_str_of(full), "swap"),
                                            *next = node->next;
                    *bend(node) = *other;
                    bend(node)->next = next;
                    swapped++;
                    break;
                }
            }
        }
        cr_assert_eq(swapped, 2u);
        struct program_run run = eval(&program, write_tree(&program, "agents.json", root), recordings);
        cr_expect_eq(run.exit_code, 1, "%s: %d %.*s", pairs[i][0], run.exit_code, (int)run.err.length, run.err.data);
        program_close(&program);
    }
}

/* Turns the list round where it is one of two or more. */
static bool reverse(const struct baton_json *list)
{
    if (list == NULL || list->type != BATON_JSON_ARRAY || list->count < 2 || list->child->type != BATON_JSON_STRING) {
        return false;
    }
    const struct baton_json *done = NULL;
    for (const struct baton_json *node = list->child, *next; node != NULL; node = next) {
        next = node->next;
        bend(node)->next = done;
        done = node;
    }
    bend(list)->child = done;
    return true;
}

static bool reverse_route(const struct baton_json *owner)
{
    const struct baton_json *expect = baton_json_get(owner, "expect");
    if (expect != NULL && expect->type == BATON_JSON_OBJECT && baton_json_get(expect, "match") != NULL) {
        return false; /* unordered and the like do not mind */
    }
    return expect != NULL && expect->type == BATON_JSON_OBJECT && reverse(baton_json_get(expect, "route"));
}

Test(mutations, a_single_reversed_route_is_noticed)
{
    struct program program;
    program_open(&program);
    unsigned tried = 0;
    for (size_t f = 0; f < COUNT_OF(recordings); f++) {
        size_t count;
        struct baton_str text = program_read(&program, recordings[f]);
        (void)parsed_lines(program.arena, text, &count);
        for (size_t target = 0; target < count; target++) { /* one line at a time, from a fresh tree */
            const struct baton_json **lines = parsed_lines(program.arena, text, &count);
            bool is_bent = reverse_route(lines[target]);
            for (const struct baton_json *node = parsed_at(lines[target], "messages")->child; node != NULL;
                 node = node->next) {
                is_bent = reverse_route(node) || is_bent;
            }
            if (!is_bent) {
                continue;
            }
            struct baton_text out = baton_text_with_limit(1024 * 1024);
            for (size_t i = 0; i < count; i++) {
                baton_json_write(&out, lines[i]);
                baton_text_putc(&out, '\n');
            }
            const char *files[2] = { recordings[0], recordings[1] };
            files[f] = program_write(&program, "bent.jsonl", baton_text_str(&out));
            struct program_run run = eval(&program, agents_file, files);
            cr_expect_eq(run.exit_code, 1, "line %zu of %s: %.*s", target + 1, recordings[f], (int)run.err.length,
                         run.err.data);
            baton_text_clear(&out);
            tried++;
        }
    }
    cr_expect_gt(tried, 2u);
    program_close(&program);
}
