/* Simulated models: the built-in ones choose among open handoffs, files of rules are read with their errors and played in small
 * games of one call after the other.
 */
#include "sim/model.h"

#include "sim/tests/asker.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEPS_MAX = 8, DRAWS = 2000, TEXT_BYTES = 4096 };

/* A model and one conversation in which it plays. */
struct scene {
    struct asker asker;
    struct baton_model *model; /* NULL: refused; the message is asker.message */
    struct baton_player player;
    char path[64]; /* of the rules file, or empty */
};

static void scene_load(struct scene *scene, const char *name)
{
    if (baton_model_load(&scene->model, scene->asker.arena, scene->asker.agents, name, NULL, &scene->asker.err) !=
        BATON_OK) {
        baton_error_format(&scene->asker.err, scene->asker.message, sizeof scene->asker.message);
        return;
    }
    baton_player_init(&scene->player, scene->model, 7, BATON_STR("c1"));
    baton_player_begin(&scene->player, BATON_NONE);
}

static void scene_open(struct scene *scene, const char *name)
{
    *scene = (struct scene){ .path = "" };
    asker_open(&scene->asker);
    scene_load(scene, name);
}

/* The model of a rules file with that text. */
static void scene_open_rules(struct scene *scene, const char *text)
{
    *scene = (struct scene){ .path = "build/rules-XXXXXX.yaml" };
    asker_open(&scene->asker);
    int fd = mkstemps(scene->path, 5);
    cr_assert_geq(fd, 0, "run the tests from the top of the repository");
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    scene_load(scene, scene->path);
}

static void scene_close(struct scene *scene)
{
    if (scene->path[0] != '\0') {
        unlink(scene->path);
    }
    baton_model_free(scene->model);
    asker_close(&scene->asker);
}

static const char *ask(struct scene *scene, const char *agent)
{
    return asker_summary(&scene->asker, &scene->player.provider, agent);
}

static void begin(struct scene *scene, const char *goal)
{
    baton_player_begin(&scene->player,
                       goal == NULL ? BATON_NONE : baton_agents_find(scene->asker.agents, baton_str_of(goal)));
}

#define ANSWER(agent) "text '[" agent "] That is for me, and it is done.'"

/* ---- the built-in ones ---- */

Test(model, direct_always_answers)
{
    struct scene scene;
    scene_open(&scene, "direct");
    begin(&scene, "tech");
    for (size_t i = 0; i < 20; i++) {
        cr_expect_str_eq(ask(&scene, "triage"), ANSWER("triage"));
    }
    scene_close(&scene);
}

Test(model, the_oracle_goes_the_shortest_way_to_the_label)
{
    static const struct row {
        const char *name, *goal, *agent, *summary;
    } rows[] = {
        { "there already", "billing", "billing", ANSWER("billing") },
        { "next door", "billing", "triage", "calls transfer_to_billing{}" },
        { "with the arguments that the handoff asks for", "tech", "triage",
          "calls call_tech{\"reason\":\"simulated\"}" },
        { "back", "triage", "tech", "calls transfer_to_triage{}" },
        { "over another", "billing", "tech", "calls transfer_to_triage{}" },
        { "directly, where there are two ways", "tech", "billing", "calls transfer_to_tech{}" },
        { "no way but a closed one", "sales", "triage", ANSWER("triage") },
        { "no label", NULL, "triage", ANSWER("triage") },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct scene scene;
        scene_open(&scene, "oracle");
        begin(&scene, rows[i].goal);
        const char *summary = ask(&scene, rows[i].agent);
        cr_expect_str_eq(summary, rows[i].summary, "%s: %s", rows[i].name, summary);
        scene_close(&scene);
    }
}

Test(model, the_adversary_goes_back_to_where_it_came_from_when_it_can)
{
    struct scene scene;
    scene_open(&scene, "adversary");
    begin(&scene, "triage");
    cr_expect_str_neq(ask(&scene, "triage"), ANSWER("triage"), "it never answers while a handoff is open");
    cr_expect_str_eq(ask(&scene, "billing"), "calls transfer_to_triage{}");
    cr_expect_str_eq(ask(&scene, "tech"), "calls transfer_to_triage{}", "billing is no way from here");
    cr_expect_str_eq(ask(&scene, "sales"), ANSWER("sales"), "with no way at all");
    scene_close(&scene);
}

Test(model, random_takes_each_open_way_as_often)
{
    static const char *const choices[] = { "calls transfer_to_billing{}", "calls call_tech{\"reason\":\"simulated\"}",
                                           ANSWER("triage") };
    size_t counts[COUNT_OF(choices)] = { 0 }, others = 0;
    struct scene scene;
    scene_open(&scene, "random");
    for (size_t i = 0; i < DRAWS; i++) {
        const char *summary = ask(&scene, "triage");
        size_t k = 0;
        while (k < COUNT_OF(choices) && strcmp(summary, choices[k]) != 0) {
            k++;
        }
        k < COUNT_OF(choices) ? counts[k]++ : others++;
    }
    for (size_t k = 0; k < COUNT_OF(choices); k++) {
        cr_expect(counts[k] > DRAWS / 3 - 100 && counts[k] < DRAWS / 3 + 100, "%s: %zu of %d", choices[k], counts[k],
                  DRAWS);
    }
    cr_expect_eq(others, 0u, "a closed way was taken");
    scene_close(&scene);
}

Test(model, noise_is_the_share_of_turns_in_which_something_else_is_done)
{
    static const struct row {
        const char *name;
        double low, high; /* of the share of turns that do not go to billing: two in three of the noisy ones */
    } rows[] = { { "oracle@0", 0, 0 }, { "oracle@0.3", 0.16, 0.24 }, { "oracle@1", 0.6, 0.73 } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct scene scene;
        size_t others = 0;
        scene_open(&scene, rows[i].name);
        cr_assert_not_null(scene.model, "%s", scene.asker.message);
        begin(&scene, "billing");
        for (size_t k = 0; k < DRAWS; k++) {
            others += strcmp(ask(&scene, "triage"), "calls transfer_to_billing{}") != 0;
        }
        double share = (double)others / DRAWS;
        cr_expect(share >= rows[i].low && share <= rows[i].high, "%s: %g", rows[i].name, share);
        scene_close(&scene);
    }
}

/* What a model does in twenty turns. */
static const char *twenty(struct scene *scene, uint64_t seed, const char *id)
{
    const char *summary = "";
    baton_player_init(&scene->player, scene->model, seed, baton_str_of(id));
    begin(scene, "billing");
    for (size_t i = 0; i < 20; i++) {
        summary =
            baton_arena_printf(scene->asker.arena, "%s\n%s", summary, ask(scene, i % 2 == 0 ? "triage" : "billing"));
    }
    return summary;
}

Test(model, draws_are_those_of_the_seed_and_the_conversation)
{
    static const char *const names[] = { "random", "oracle@0.5", "adversary" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct scene scene;
        scene_open(&scene, names[i]);
        const char *first = twenty(&scene, 7, "c1");
        cr_expect_str_eq(twenty(&scene, 7, "c1"), first, "%s", names[i]);
        cr_expect(i == 2 || strcmp(twenty(&scene, 8, "c1"), first) != 0, "%s: another seed", names[i]);
        cr_expect(i == 2 || strcmp(twenty(&scene, 7, "c2"), first) != 0, "%s: another conversation", names[i]);
        scene_close(&scene);
    }
}

/* ---- rules ---- */

#define RULES(rules) "version: 1\nrules:\n" rules

/* What the user says, who is asked, and what the model does. An agent "" begins the next exchange. */
struct step {
    const char *said, *agent, *summary;
};

static const struct game {
    const char *name, *text;
    struct step steps[STEPS_MAX];
} games[] = {
    { "when",
      RULES("  - { when: '(?i)invoice|card', hand_to: billing, repeat: true }\n"),
      { { "my Invoice", "triage", "calls transfer_to_billing{}" },
        { "hello", "triage", ANSWER("triage") },
        { "a card", "triage", "calls transfer_to_billing{}" },
        { "", "triage", ANSWER("triage") } } },
    { "unless",
      RULES("  - { when: card, unless: cancel, hand_to: billing, repeat: true }\n"),
      { { "cancel my card", "triage", ANSWER("triage") }, { "my card", "triage", "calls transfer_to_billing{}" } } },
    { "an agent",
      RULES("  - { agent: billing, say: Mine., repeat: true }\n"),
      { { "x", "triage", ANSWER("triage") }, { "x", "billing", "text 'Mine.'" } } },
    { "a list of agents",
      RULES("  - { agent: [billing, tech], say: Ours., repeat: true }\n"),
      { { "x", "triage", ANSWER("triage") },
        { "x", "billing", "text 'Ours.'" },
        { "x", "tech", "text 'Ours.'" },
        { "x", "sales", ANSWER("sales") } } },
    { "no list of agents at all",
      RULES("  - { agent: [], say: Nobody's. }\n"),
      { { "x", "triage", ANSWER("triage") } } },
    { "the order of the file",
      RULES("  - { when: a, say: first, repeat: true }\n  - { when: b, say: second, repeat: true }\n"),
      { { "ab", "triage", "text 'first'" }, { "b", "triage", "text 'second'" } } },
    { "once in an exchange",
      RULES("  - { say: once }\n  - { say: then, repeat: true }\n"),
      { { "x", "triage", "text 'once'" },
        { "x", "triage", "text 'then'" },
        { "x", "triage", "text 'then'" },
        { "x", "", NULL },
        { "x", "triage", "text 'once'" } } },
    { "a way that is closed does not fit",
      RULES("  - { hand_to: sales, repeat: true }\n  - { hand_to: tech, repeat: true }\n"),
      { { "x", "triage", "calls call_tech{\"reason\":\"simulated\"}" }, { "x", "tech", ANSWER("tech") } } },
    { "a reason",
      RULES("  - { hand_to: tech, reason: 'it \"broke\"' }\n"),
      { { "x", "triage", "calls call_tech{\"reason\":\"it \\\"broke\\\"\"}" } } },
    { "a reason where none is asked for",
      RULES("  - { hand_to: billing, reason: money }\n"),
      { { "x", "triage", "calls transfer_to_billing{\"reason\":\"money\"}" } } },
    { "a call",
      RULES("  - { call: { name: lookup, arguments: { id: 7, deep: [true, null] } } }\n  - { say: done }\n"),
      { { "x", "billing", "calls lookup{\"id\":7,\"deep\":[true,null]}" }, { "x", "billing", "text 'done'" } } },
    { "a call without arguments", RULES("  - { call: { name: lookup } }\n"), { { "x", "billing", "calls lookup" } } },
    { "otherwise",
      "version: 1\nrules: [{ when: a, say: rule }]\notherwise: { say: Sorry. }\n",
      { { "b", "triage", "text 'Sorry.'" }, { "b", "triage", "text 'Sorry.'" }, { "a", "triage", "text 'rule'" } } },
    { "otherwise a handoff, or an answer where there is no way",
      "version: 1\notherwise: { hand_to: billing }\n",
      { { "x", "triage", "calls transfer_to_billing{}" }, { "x", "billing", ANSWER("billing") } } },
    { "no rules", "version: 1\n", { { "x", "triage", ANSWER("triage") } } },
    { "the user has said nothing",
      RULES("  - { when: '^$', say: silence }\n"),
      { { NULL, "triage", "text 'silence'" } } },
};

Test(model, the_first_rule_that_fits_is_followed)
{
    for (size_t i = 0; i < COUNT_OF(games); i++) {
        struct scene scene;
        scene_open_rules(&scene, games[i].text);
        cr_assert_not_null(scene.model, "%s: %s", games[i].name, scene.asker.message);
        for (size_t k = 0; k < STEPS_MAX && games[i].steps[k].agent != NULL; k++) {
            const struct step *step = &games[i].steps[k];
            scene.asker.said = step->said;
            if (step->agent[0] == '\0') {
                begin(&scene, NULL);
                continue;
            }
            const char *summary = ask(&scene, step->agent);
            cr_expect_str_eq(summary, step->summary, "%s, step %zu: %s", games[i].name, k, summary);
        }
        scene_close(&scene);
    }
}

Test(model, latency_is_what_the_rule_says_or_drawn_from_its_range)
{
    static const struct row {
        const char *text;
        int64_t low_ns, high_ns;
    } rows[] = {
        { RULES("  - { say: x, latency_ms: 420, repeat: true }\n"), 420000000, 420000000 },
        { RULES("  - { say: x, latency_ms: 0.5, repeat: true }\n"), 500000, 500000 },
        { RULES("  - { say: x, latency_ms: [100, 200], repeat: true }\n"), 100000000, 200000000 },
        { RULES("  - { say: x, latency_ms: 0, repeat: true }\n"), 0, 0 },
        { RULES("  - { say: x, repeat: true }\n"), BATON_TIME_UNKNOWN, BATON_TIME_UNKNOWN },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct scene scene;
        int64_t least = INT64_MAX, most = INT64_MIN;
        scene_open_rules(&scene, rows[i].text);
        cr_assert_not_null(scene.model, "%s", scene.asker.message);
        for (size_t k = 0; k < DRAWS; k++) {
            struct baton_reply reply = asker_ask(&scene.asker, &scene.player.provider, "triage");
            least = reply.latency_ns < least ? reply.latency_ns : least;
            most = reply.latency_ns > most ? reply.latency_ns : most;
        }
        int64_t span = (rows[i].high_ns - rows[i].low_ns) / 50; /* so near do so many draws come to both ends */
        cr_expect(least >= rows[i].low_ns && least <= rows[i].low_ns + span, "%zu: %lld", i, (long long)least);
        cr_expect(most <= rows[i].high_ns && most >= rows[i].high_ns - span, "%zu: %lld", i, (long long)most);
        scene_close(&scene);
    }
}

Test(model, rules_can_be_noisy)
{
    struct scene scene;
    size_t others = 0;
    scene_open_rules(&scene, "version: 1\nnoise: 0.3\nrules: [{ say: rule, repeat: true }]\n");
    cr_assert_not_null(scene.model, "%s", scene.asker.message);
    for (size_t i = 0; i < DRAWS; i++) {
        others += strcmp(ask(&scene, "triage"), "text 'rule'") != 0;
    }
    cr_expect(others * 20 > DRAWS * 5 && others * 20 < DRAWS * 7, "%zu of %d", others, DRAWS);
    scene_close(&scene);
}

Test(model, a_pattern_that_takes_too_many_steps_is_the_providers_failure)
{
    struct scene scene;
    scene_open_rules(&scene, RULES("  - { say: x }\n  - { when: '^(a+)+$', say: y }\n"));
    scene.asker.said = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
    cr_expect_str_eq(ask(&scene, "triage"), "text 'x'");
    (void)ask(&scene, "triage");
    cr_expect_eq(scene.asker.err.status, BATON_EPROVIDER);
    cr_expect_str_eq(scene.asker.message,
                     "rule 2 of the simulated model takes too many steps on this message; make its pattern simpler");
    scene_close(&scene);
}

/* ---- what is refused ---- */

Test(model, a_rules_file_that_is_wrong_is_refused_with_its_place)
{
    static const struct row {
        const char *name, *text, *says;
    } rows[] = {
        { "no version", "rules: []\n", ":1:1: a simulated model needs a key 'version'" },
        { "an unknown key", "version: 1\nrule: []\n",
          ":2:1: unknown key 'rule' in a simulated model; did you mean 'rules'?" },
        { "noise over 1", "version: 1\nnoise: 1.5\n", ":2:8: 'noise' must be from 0 to 1, not 1.5" },
        { "rules as an object", "version: 1\nrules: {}\n", ":2:8: 'rules' must be a list, not an object" },
        { "a rule that is a text", RULES("  - hello\n"), ":3:5: a rule must be an object, not a string" },
        { "an unknown key of a rule", RULES("  - { handto: billing }\n"),
          ":3:7: unknown key 'handto' in a rule; did you mean 'hand_to'?" },
        { "nothing to do", RULES("  - { when: x }\n"),
          ":3:5: a rule needs exactly one of 'hand_to', 'call' and 'say'" },
        { "two things to do", RULES("  - { say: x, hand_to: billing }\n"),
          ":3:5: a rule needs exactly one of 'hand_to', 'call' and 'say'" },
        { "an unknown target", RULES("  - { hand_to: biling }\n"),
          ":3:16: unknown agent 'biling'; did you mean 'billing'?" },
        { "an unknown agent", RULES("  - { agent: teck, say: x }\n"),
          ":3:14: unknown agent 'teck'; did you mean 'tech'?" },
        { "an unknown agent of a list", RULES("  - { agent: [tech, teck], say: x }\n"),
          ":3:21: unknown agent 'teck'; did you mean 'tech'?" },
        { "an agent that is a number", RULES("  - { agent: [1], say: x }\n"),
          ":3:15: 'agent' must be a name or a list of names, not a number" },
        { "a pattern that does not compile", RULES("  - { when: 'a(b', say: x }\n"),
          ":3:13: the pattern 'a(b' is wrong at character 4: missing closing parenthesis" },
        { "another pattern that does not compile", RULES("  - { unless: '[', say: x }\n"),
          ":3:15: the pattern '[' is wrong at character" },
        { "a latency below 0", RULES("  - { say: x, latency_ms: -1 }\n"),
          ":3:27: 'latency_ms' must be a number or [low, high]" },
        { "a range the wrong way round", RULES("  - { say: x, latency_ms: [2, 1] }\n"),
          ":3:27: 'latency_ms' must be a number or [low, high]" },
        { "a range of three", RULES("  - { say: x, latency_ms: [1, 2, 3] }\n"),
          ":3:27: 'latency_ms' must be a number or [low, high]" },
        { "a latency that is a text", RULES("  - { say: x, latency_ms: soon }\n"),
          ":3:27: 'latency_ms' must be a number or [low, high]" },
        { "a call without a name", RULES("  - { call: { arguments: {} } }\n"), ":3:13: 'call' needs a key 'name'" },
        { "arguments that are a list", RULES("  - { call: { name: x, arguments: [] } }\n"),
          ":3:35: 'arguments' must be an object, not an array" },
        { "otherwise is a rule too", "version: 1\notherwise: { sya: x }\n",
          ":2:14: unknown key 'sya' in a rule; did you mean 'say'?" },
        { "no YAML", "version: [\n", ":" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct scene scene;
        scene_open_rules(&scene, rows[i].text);
        const char *want = baton_arena_printf(scene.asker.arena, "%s%s", scene.path, rows[i].says);
        cr_expect_null(scene.model, "%s", rows[i].name);
        cr_expect_eq(scene.asker.err.status, BATON_EINPUT, "%s", rows[i].name);
        cr_expect_eq(strncmp(scene.asker.message, want, strlen(want)), 0, "%s: %s", rows[i].name, scene.asker.message);
        scene_close(&scene);
    }
}

Test(model, more_rules_than_the_limit_are_refused)
{
    static const struct row {
        size_t rules;
        bool is_good;
    } rows[] = { { 64, true }, { 65, false } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[TEXT_BYTES] = "version: 1\nrules:\n";
        for (size_t k = 0; k < rows[i].rules; k++) {
            strcat(text, k + 1 < rows[i].rules ? "  - { when: x, say: a }\n" : "  - { say: last }\n");
        }
        struct scene scene;
        scene_open_rules(&scene, text);
        cr_expect_eq(scene.model != NULL, rows[i].is_good, "%zu: %s", rows[i].rules, scene.asker.message);
        cr_expect(!rows[i].is_good || strcmp(ask(&scene, "triage"), "text 'last'") == 0);
        cr_expect(!rows[i].is_good || strcmp(ask(&scene, "triage"), ANSWER("triage")) == 0, "the last one once, too");
        scene_close(&scene);
    }
}

Test(model, a_name_that_is_none_is_refused)
{
    static const struct row {
        const char *name, *says;
        enum baton_status status;
    } rows[] = {
        { "orcle",
          "unknown simulated model 'orcle'; there are direct, oracle, random, adversary, and files of rules (.yaml); did you mean 'oracle'?",
          BATON_EUSAGE },
        { "", "unknown simulated model ''", BATON_EUSAGE },
        { "Random", "unknown simulated model 'Random'", BATON_EUSAGE },
        { "oracle@", "the noise of a simulated model must be from 0 to 1, as in oracle@0.1", BATON_EUSAGE },
        { "oracle@1.1", "the noise of a simulated model must be from 0 to 1, as in oracle@0.1", BATON_EUSAGE },
        { "oracle@-0.1", "the noise of a simulated model must be from 0 to 1, as in oracle@0.1", BATON_EUSAGE },
        { "oracle@nan", "the noise of a simulated model must be from 0 to 1, as in oracle@0.1", BATON_EUSAGE },
        { "oracle@0.1x", "the noise of a simulated model must be from 0 to 1, as in oracle@0.1", BATON_EUSAGE },
        { "none.yaml", "cannot open 'none.yaml': No such file or directory", BATON_EINPUT },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct scene scene;
        scene_open(&scene, rows[i].name);
        cr_expect_null(scene.model, "%s", rows[i].name);
        cr_expect_eq(scene.asker.err.status, rows[i].status, "%s", rows[i].name);
        cr_expect_eq(strncmp(scene.asker.message, rows[i].says, strlen(rows[i].says)), 0, "%s: %s", rows[i].name,
                     scene.asker.message);
        scene_close(&scene);
    }
}
