#include "evals/tests/play.h"

#include <criterion/criterion.h>
#include <string.h>

/* triage > billing > tech in three calls and one lookup; the answer names an invoice. */
#define LONG_WAY            \
    TO("triage", "billing") \
    CALLS("billing", "l", "lookup", "balance 42") TO("billing", "tech") SAYS("tech", "All done: invoice INV-7.")

/* What is expected of an exchange, and what fails of it; "" where all of it holds. */
struct row {
    const char *name, *expect, *failed;
};

/* Plays the messages with each expectation on the user's. */
static void play_rows(struct play *play, const char *messages, const struct row *row)
{
    const char *json =
        baton_arena_printf(play->lasting,
                           "{\"messages\":[{\"role\":\"user\",\"content\":\"My card 4242\",\"expect\":%s},%s"
                           "{\"role\":\"system\",\"content\":\"\"}]}",
                           row->expect, messages);
    play_case(play, json, 0);
}

/* Each field once as it holds and once as it does not. */
Test(expect, each_field_holds_or_fails_with_what_was_got)
{
    static const struct row rows[] = {
        { "final", "{\"final\":\"tech\"}", "" },
        { "another final", "{\"final\":\"billing\"}", "final: expected billing, got tech" },
        { "one of several", "{\"final\":[\"billing\",\"tech\"]}", "" },
        { "none of several", "{\"final\":[\"billing\",\"triage\"]}", "final: expected billing or triage, got tech" },
        { "direct", "{\"final\":\"@direct\"}", "final: expected triage, got tech" },
        { "first", "{\"first\":\"billing\"}", "" },
        { "another first", "{\"first\":\"tech\"}", "first: expected tech, got billing" },
        { "first, directly", "{\"first\":\"@direct\"}", "first: expected @direct, got billing" },
        { "route", "{\"route\":[\"billing\",\"tech\"]}", "" },
        { "another route", "{\"route\":[\"tech\"]}", "route: expected exact [tech], got [billing > tech]" },
        { "no route", "{\"route\":[]}", "route: expected exact [], got [billing > tech]" },
        { "one of several routes", "{\"route\":[[\"tech\"],[\"billing\",\"tech\"]]}", "" },
        { "none of several routes", "{\"route\":[[\"tech\"],[]]}",
          "route: expected exact [tech] or another, got [billing > tech]" },
        { "in order", "{\"route\":[\"tech\"],\"match\":\"in_order\"}", "" },
        { "not in order", "{\"route\":[\"tech\",\"billing\"],\"match\":\"in_order\"}",
          "route: expected in_order [tech > billing], got [billing > tech]" },
        { "unordered", "{\"route\":[\"tech\",\"billing\"],\"match\":\"unordered\"}", "" },
        { "superset", "{\"route\":[\"billing\"],\"match\":\"superset\"}", "" },
        { "subset", "{\"route\":[\"billing\"],\"match\":\"subset\"}",
          "route: expected subset [billing], got [billing > tech]" },
        { "deep enough", "{\"max_depth\":2}", "" },
        { "too deep", "{\"max_depth\":1}", "max_depth: expected at most 1, got 2" },
        { "few turns", "{\"max_turns\":4}", "" },
        { "too many turns", "{\"maxTurns\":3}", "max_turns: expected at most 3, got 4" },
        { "no loop", "{\"loop\":false}", "" },
        { "a loop", "{\"loop\":true}", "loop: expected one, got none" },
        { "status", "{\"status\":\"answered\"}", "" },
        { "another status", "{\"status\":\"max_turns\"}", "status: expected max_turns, got answered" },
        { "says", "{\"says\":\"INV-\\\\d+\"}", "" },
        { "says all of a list", "{\"says\":[\"^All\",\"7\\\\.$\"]}", "" },
        { "does not say", "{\"says\":[\"^All\",\"sorry\"]}", "says: the final text does not match 'sorry'" },
        { "does not say what it must not", "{\"not_says\":\"sorry\"}", "" },
        { "says what it must not", "{\"notSays\":[\"sorry\",\"(?i)ALL DONE\"]}",
          "not_says: the final text matches '(?i)ALL DONE'" },
        { "called", "{\"tools\":{\"called\":[\"lookup\"]}}", "" },
        { "not called", "{\"tools\":{\"called\":[\"refund\"]}}", "tools: refund was not called" },
        { "not called as wished", "{\"tools\":{\"not_called\":[\"refund\"]}}", "" },
        { "called against the wish", "{\"tools\":{\"notCalled\":[\"lookup\"]}}", "tools: lookup was called" },
        { "a transfer is a call", "{\"tools\":{\"called\":[\"transfer_to_tech\"]}}", "" },
        { "facts", "{\"facts\":[\"4242\",\"balance 42\"]}", "" },
        { "a fact as a pattern", "{\"facts\":[{\"pattern\":\"card \\\\d{4}\"}]}", "" },
        { "a lost fact", "{\"facts\":[\"4242\",\"pro plan\",{\"pattern\":\"^x$\"}]}",
          "facts: 'pro plan' did not reach the final agent; facts: '^x$' did not reach the final agent" },
        { "a fact is no pattern", "{\"facts\":[\"card ....\"]}", "facts: 'card ....' did not reach the final agent" },
        { "the answer is no fact for itself", "{\"facts\":[\"INV-7\"]}",
          "facts: 'INV-7' did not reach the final agent" },
        { "several fail, each with its line", "{\"final\":\"billing\",\"first\":\"tech\",\"max_depth\":0}",
          "final: expected billing, got tech; first: expected tech, got billing; max_depth: expected at most 0, got 2" },
        { "nothing expected but an answer", "{}", "" },
        { "null fields expect nothing", "{\"final\":null,\"loop\":null,\"says\":null,\"max_depth\":null}", "" },
    };
    struct play play;
    play_open(&play, NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        play_rows(&play, LONG_WAY, &rows[i]);
        cr_assert_eq(play.status, BATON_OK, "%s: %s", rows[i].name, play.message);
        const char *failed = play_failed(&play, 0);
        cr_expect_str_eq(failed, rows[i].failed, "%s: %s", rows[i].name, failed);
        const struct baton_result_label *label = &play.result.exchanges[0].label;
        cr_expect(label->is_labelled && label->is_judged, "%s", rows[i].name);
        cr_expect_eq(label->is_correct, rows[i].failed[0] == '\0', "%s", rows[i].name);
    }
    play_close(&play);
}

Test(expect, null_or_nothing_is_no_label)
{
    static const struct row rows[] = { { "null", "null", "" } };
    struct play play;
    play_open(&play, NULL);
    play_rows(&play, LONG_WAY, &rows[0]);
    cr_expect(!play.result.exchanges[0].label.is_labelled);
    play_case(&play, CASE("a", USER("Hi") LONG_WAY), 0);
    cr_expect(!play.result.exchanges[0].label.is_labelled && !play.result.whole.is_labelled);
    cr_expect_eq(play.tally.counts.labelled, 0u);
    play_close(&play);
}

/* Exchanges that end otherwise than with an answer. */
Test(expect, an_exchange_without_an_answer_is_not_correct_unless_that_was_asked_for)
{
    static const struct ending {
        const char *name, *messages, *expect, *failed;
        int32_t max_turns;
    } endings[] = {
        { "unanswered", TO("triage", "billing"), "{\"final\":\"billing\"}", "final: expected billing, got @none", -1 },
        { "unanswered, another field", TO("triage", "billing"), "{\"first\":\"billing\"}",
          "status: expected an answer, got unanswered", -1 },
        { "unanswered as expected", TO("triage", "billing"), "{\"status\":\"unanswered\"}", "", -1 },
        { "unanswered, expected, but another agent", TO("triage", "billing"),
          "{\"status\":\"unanswered\",\"final\":\"tech\"}", "final: expected tech, got @none", -1 },
        { "a rejected transfer", CALLS("triage", "c", "transfer_to_sales", "Error: no such agent"),
          "{\"final\":\"billing\"}", "final: expected billing, got @invalid", -1 },
        { "a limit", TO("triage", "billing") TO("billing", "tech"), "{\"final\":\"tech\"}",
          "final: expected tech, got @exhausted", 2 },
        { "a limit as expected", TO("triage", "billing") TO("billing", "tech"), "{\"status\":\"max_turns\"}", "", 2 },
        { "no answer to look at", TO("triage", "billing"), "{\"says\":\"x\"}",
          "status: expected an answer, got unanswered; says: the final text does not match 'x'", -1 },
    };
    struct play play;
    play_open(&play, NULL);
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        struct row row = { endings[i].name, endings[i].expect, endings[i].failed };
        play.how.limits.max_turns = endings[i].max_turns;
        play_rows(&play, endings[i].messages, &row);
        cr_assert_eq(play.status, BATON_OK, "%s: %s", row.name, play.message);
        cr_expect_str_eq(play_failed(&play, 0), row.failed, "%s: %s", row.name, play_failed(&play, 0));
        cr_expect_eq(play.result.exchanges[0].label.is_correct, row.failed[0] == '\0', "%s", row.name);
    }
    play_close(&play);
}

Test(expect, direct_is_whoever_holds_the_conversation_when_the_exchange_begins)
{
    struct play play;
    play_open(&play, NULL);
    play_case(&play,
              CASE("a", USER("Hi") TO("triage", "billing") SAYS("billing", "Yes?")
                            ASKS("And?", "\"final\":\"@direct\",\"first\":\"@direct\",\"route\":[]")
                                SAYS("billing", "Done.")),
              0);
    cr_assert_eq(play.status, BATON_OK, "%s", play.message);
    cr_expect_str_eq(play_failed(&play, 1), "");
    cr_expect(baton_str_is(play.result.exchanges[1].label.expected[0], "billing"), "named, not @direct");
    cr_expect_eq(play.tally.counts.direct_expected, 1u);
    play_close(&play);
}

Test(expect, the_conversation_as_a_whole_has_all_hops_in_order)
{
    static const struct row rows[] = {
        { "route", "{\"route\":[\"billing\",\"tech\"],\"final\":\"tech\",\"first\":\"billing\",\"max_turns\":4}", "" },
        { "one turn less", "{\"max_turns\":3}", "max_turns: expected at most 3, got 4" },
        { "the last answer", "{\"says\":\"second\",\"not_says\":\"first\"}", "" },
        { "all its calls", "{\"tools\":{\"called\":[\"transfer_to_billing\",\"transfer_to_tech\"]}}", "" },
        { "another final", "{\"final\":\"billing\"}", "final: expected billing, got tech" },
    };
    struct play play;
    play_open(&play, NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *json =
            baton_arena_printf(play.lasting, "{\"expect\":%s,\"messages\":[%s{\"role\":\"system\"}]}", rows[i].expect,
                               USER("1") TO("triage", "billing") SAYS("billing", "first") USER("2")
                                   TO("billing", "tech") SAYS("tech", "second"));
        play_case(&play, json, 0);
        cr_assert_eq(play.status, BATON_OK, "%s: %s", rows[i].name, play.message);
        cr_expect_str_eq(play_failed(&play, BATON_NONE), rows[i].failed, "%s: %s", rows[i].name,
                         play_failed(&play, BATON_NONE));
        cr_expect(play.result.whole.is_labelled, "%s", rows[i].name);
        cr_expect(strstr(play.row, "\"whole\":{\"expected\":") != NULL, "%s: %s", rows[i].name, play.row);
    }
    play_close(&play);
}

Test(expect, a_label_that_cannot_be_read_is_refused_with_its_place)
{
    static const struct row rows[] = {
        { "an unknown key", "{\"finale\":1}", "unknown key 'finale' in 'expect'; did you mean 'final'?" },
        { "an unknown agent", "{\"final\":\"billng\"}", "unknown agent 'billng'; did you mean 'billing'?" },
        { "an unknown agent of several", "{\"final\":[\"tech\",\"x\"]}", "unknown agent 'x'" },
        { "an unknown first", "{\"first\":\"tecj\"}", "unknown agent 'tecj'; did you mean 'tech'?" },
        { "direct in a route", "{\"route\":[\"@direct\"]}", "unknown agent '@direct'" },
        { "an empty list of finals", "{\"final\":[]}", "'final' names no agent; leave it out or name one" },
        { "a number for an agent", "{\"final\":3}", "an expected agent must be a name, not a number" },
        { "a route that is a text", "{\"route\":\"tech\"}", "'route' must be a list, not a string" },
        { "a list of routes with a name", "{\"route\":[[\"tech\"],\"tech\"]}",
          "each route must be a list of agents, not a string" },
        { "an unknown mode", "{\"match\":\"in-order\"}",
          "'match' must be one of exact, in_order, unordered, superset, subset, not 'in-order'; did you mean 'in_order'?" },
        { "an unknown status", "{\"status\":\"answer\"}",
          "'status' must be one of answered, handoff, max_turns, max_handoffs, loop, unanswered, error, not 'answer'; did you mean 'answered'?" },
        { "a depth below 0", "{\"max_depth\":-1}", "'max_depth' must be a whole number from 0 to 10000, not -1" },
        { "a loop that is no truth", "{\"loop\":1}", "'loop' must be true or false, not a number" },
        { "a pattern that does not compile", "{\"says\":\"(\"}",
          "the pattern '(' is wrong at character 2: missing closing parenthesis" },
        { "a pattern that is none", "{\"says\":3}", "'says' must be a pattern, not a number" },
        { "a fact that is none", "{\"facts\":[{\"patern\":\"x\"}]}",
          "each of 'facts' must be a text or { pattern: ... }, not an object" },
        { "facts that are no list", "{\"facts\":\"x\"}", "'facts' must be a list, not a string" },
        { "tools that are a list", "{\"tools\":[\"lookup\"]}", "'tools' must be an object, not an array" },
        { "an unknown key of tools", "{\"tools\":{\"call\":[]}}", "unknown key 'call' in 'tools'" },
        { "a tool that is a number", "{\"tools\":{\"called\":[1]}}", "a tool must be a name, not a number" },
        { "no object", "\"tech\"", "'expect' must be an object, not a string" },
    };
    struct play play;
    play_open(&play, NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        play_rows(&play, LONG_WAY, &rows[i]);
        cr_expect_eq(play.status, BATON_EINPUT, "%s", rows[i].name);
        cr_expect_eq(strncmp(play.message, "cases.jsonl:1:", 14), 0, "%s: %s", rows[i].name, play.message);
        cr_expect_not_null(strstr(play.message, rows[i].failed), "%s: %s", rows[i].name, play.message);
    }
    play_close(&play);
}

Test(expect, a_pattern_that_takes_too_many_steps_is_told_so)
{
    struct row row = { "catastrophic", "{\"says\":\"^(a+)+$\"}", "" };
    struct play play;
    play_open(&play, NULL);
    play_rows(&play, SAYS("triage", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"), &row);
    cr_expect_eq(play.status, BATON_EINPUT);
    cr_expect_not_null(strstr(play.message, "the pattern '^(a+)+$' takes too many steps on a text of 41 bytes"), "%s",
                       play.message);
    play_close(&play);
}
