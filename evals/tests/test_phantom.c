/* An answer that says it hands over, and calls nothing: told from offers, refusals, conditions and other transfers. */
#include "evals/judge/phantom.h"
#include "evals/tally/tally_records.h"
#include "evals/tests/parsed.h"
#include "evals/tests/play.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <string.h>

/* Sentences as assistants write them, by hand and by kind, and what each is said to be. */
static const char *const promises[] = {
    "I'll transfer you to billing.",
    "I\xe2\x80\x99ll transfer you to our billing team now.",
    "I will connect you with a specialist who can help.",
    "Let me transfer you to technical support.",
    "Sure! Let me connect you with sales.",
    "I'm going to hand you over to my colleague in billing.",
    "I am transferring you to a human agent.",
    "Transferring you now.",
    "Thanks for the details. Connecting you with billing...",
    "I'll put you through to the renewals desk.",
    "Let me put you in touch with our enterprise team.",
    "I'll pass this along to billing.",
    "I'll hand this off to the technical team.",
    "Please hold while I work. I'll now route your request to billing.",
    "YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON.",
    "You'll be connected with a specialist shortly.",
    "I'm sorry to hear that! I'll escalate this to our support team.",
    "I understand.\nI'll connect you to tech support",
    "We'll transfer you over to accounts.",
    "I will now transfer your call to billing.",
    "I'm now connecting you to sales.",
    "Allow me to transfer you to the right department.",
    "Okay, I'll go ahead and transfer you to billing!",
};

static const char *const none[] = {
    "Would you like me to transfer you to a human agent?",
    "If you need further assistance, I can transfer you to a human agent.",
    "I can transfer you to billing.",
    "I can't transfer you to a person at this time.",
    "I cannot connect you with sales.",
    "I'll not transfer you without your consent.",
    "If that does not help, I'll connect you with a specialist.",
    "Once we have the reservation details, I'll transfer you to a human agent.",
    "Shall I connect you with billing?",
    "Let me know if I should transfer you.",
    "I'll transfer the balance to your new card.",
    "I'll transfer your points to the other account.",
    "Let me connect your bank account first.",
    "The bank will transfer the money within three days.",
    "You will be charged when the transfer completes.",
    "I'll pass on that one, thanks.",
    "The train will put you at the airport by 10:08.",
    "Put your card in the slot and connect the cable.",
    "Billing can help you with that.",
    "Your ticket was transferred to Ms. Lee yesterday.",
    "I'll connect to the server and have a look.",
    "I'll put your order through today.",
    "Before transferring you, may I have your order number?",
    "I'll refer to the manual.",
    "We never transfer you without asking.",
    "You can be connected to the internet by cable.",
    "I'll hand out the vouchers tomorrow.",
    "",
};

/* Whether an answer of that text counts as one, perhaps after a handoff. */
static bool says(const struct baton_phantoms *phantoms, const char *text, bool has_moved)
{
    struct baton_turn turn = { .text = baton_str_of(text), .choice = BATON_CHOICE_ANSWER };
    struct baton_exchange exchange = {
        .status = BATON_RUN_ANSWERED, .turns = &turn, .turn_count = 1, .depth = has_moved
    };
    struct baton_phantom_counts counts = baton_phantoms_count(phantoms, &(struct baton_exchange *){ &exchange }, 1);
    cr_assert_eq(counts.checked, 1);
    return counts.handoffs == 1;
}

Test(phantom, tells_promises_from_offers)
{
    struct baton_phantoms phantoms;
    struct baton_error err;
    cr_assert_eq(baton_phantoms_init(&phantoms, NULL, &err), BATON_OK, "%s", err.text);
    for (size_t i = 0; i < COUNT_OF(promises); i++) {
        cr_expect(says(&phantoms, promises[i], false), "missed: %s", promises[i]);
    }
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        cr_expect(!says(&phantoms, none[i], false), "false alarm: %s", none[i]);
    }
    cr_expect(!says(&phantoms, "You are being transferred to a human agent.", true), "after a handoff that is true");
    cr_expect(says(&phantoms, "I'll transfer you to billing.", true), "a second one would need a call too");
    baton_phantoms_clear(&phantoms);
}

/* Real answers, of people and of gpt-4o: those that offer are many, those that promise without a call are none. */
Test(phantom, raises_no_false_alarm_on_recorded_answers)
{
    static const char *const suites[] = { "support", "support_loops", "tau_airline", "mwoz", "swarm_triage" };
    struct program program;
    program_open(&program);
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        const char *suite = program_text(&program, "fixtures/suites/%s.yaml", suites[i]);
        struct program_run run = RUN(&program, "eval", suite, "--json");
        cr_expect_eq(parsed_count(parsed_json(program.arena, run.out, suite), "counts.phantom_handoffs"), 0, "%s",
                     suite);
    }
    program_close(&program);
}

Test(phantom, survives_any_text)
{
    struct baton_phantoms phantoms;
    struct baton_error err;
    static char text[200000];
    cr_assert_eq(baton_phantoms_init(&phantoms, NULL, &err), BATON_OK);
    static const char *const fills[] = { "I'll ", "transfer you ", "\xc3\xa4", "you are now being ", "?",
                                         ". ",    "let me now " };
    for (size_t i = 0; i < COUNT_OF(fills); i++) {
        size_t length = strlen(fills[i]), at = 0;
        for (; at + length < sizeof text; at += length) {
            memcpy(text + at, fills[i], length);
        }
        text[at] = '\0';
        cr_expect(!says(&phantoms, text, false), "%s", fills[i]);
    }
    baton_phantoms_clear(&phantoms);
}

/* ---- counted ---- */

Test(phantom, counts_answers_that_call_nothing)
{
    static const struct row {
        const char *name, *messages;
        uint64_t checked, phantoms;
    } rows[] = {
        { "a promise without a call", USER("Hi") SAYS("triage", "I'll transfer you to billing."), 1, 1 },
        { "a promise with its call", USER("Hi") TO("triage", "billing") SAYS("billing", "Here I am."), 1, 0 },
        { "a promise after a handoff",
          USER("Hi") TO("triage", "billing") SAYS("billing", "Let me connect you with tech."), 1, 1 },
        { "two exchanges",
          USER("Hi") SAYS("triage", "I'll transfer you to billing.") USER("And?") SAYS("triage", "Done."), 2, 1 },
        { "no answer", USER("Hi"), 0, 0 },
    };
    struct play play;
    struct baton_phantoms phantoms;
    struct baton_error err;
    play_open(&play, NULL);
    cr_assert_eq(baton_phantoms_init(&phantoms, NULL, &err), BATON_OK);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *json = baton_arena_printf(play.lasting, "{\"messages\":[%s{\"role\":\"system\",\"content\":\"\"}]}",
                                              rows[i].messages);
        play_case(&play, json, 0);
        cr_assert_eq(play.status, BATON_OK, "%s", play.message);
        struct baton_phantom_counts counts = baton_phantoms_count(&phantoms, play.records, play.result.exchange_count);
        cr_expect_eq(counts.checked, rows[i].checked, "%s", rows[i].name);
        cr_expect_eq(counts.handoffs, rows[i].phantoms, "%s", rows[i].name);
    }
    baton_phantoms_clear(&phantoms);
    play_close(&play);
}

Test(phantom, patterns_of_the_suite_stand_in_place)
{
    static const struct row {
        const char *name, *patterns, *answer;
        int64_t want; /* -1: null */
        int exit_code;
    } rows[] = {
        { "those of baton", "", "I'll transfer you to billing.", 1, 0 },
        { "German", "phantom_patterns: ['ich verbinde Sie']", "Moment, Ich verbinde Sie mit der Technik.", 1, 0 },
        { "in place of, not beside", "phantom_patterns: ['ich verbinde Sie']", "I'll transfer you to billing.", 0, 0 },
        { "turned off", "phantom_patterns: []", "I'll transfer you to billing.", -1, 0 },
        { "one that does not compile", "phantom_patterns: ['(']", "x", 0, 4 },
        { "no text", "phantom_patterns: [1]", "x", 0, 4 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program program;
        program_open(&program);
        program_file(&program, "a.yaml",
                     "version: 1\nentry: triage\nagents:\n  triage: { description: d, instructions: i }\n");
        program_file(&program, "c.jsonl",
                     program_text(&program, CASE("a", USER("Hi") SAYS("triage", "%s")), rows[i].answer));
        const char *suite = program_file(
            &program, "s.yaml",
            program_text(&program, "version: 1\nagents: a.yaml\nconversations: [c.jsonl]\n%s\n", rows[i].patterns));
        struct program_run run = RUN(&program, "eval", suite, "--json");
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%s: %.*s", rows[i].name, (int)run.err.length, run.err.data);
        if (run.exit_code == 0) {
            const struct baton_json *got = parsed_json(program.arena, run.out, rows[i].name);
            cr_expect(rows[i].want < 0 ? parsed_is_null(got, "counts.phantom_handoffs")
                                       : parsed_count(got, "counts.phantom_handoffs") == rows[i].want,
                      "%s", rows[i].name);
        } else {
            cr_expect(program_has(run.err, "s.yaml:4"), "%s: %.*s", rows[i].name, (int)run.err.length, run.err.data);
        }
        program_close(&program);
    }
}

/* ---- made-up targets and money ---- */

Test(records, counts_transfers_to_targets_that_nobody_declared)
{
    static const struct row {
        const char *name, *messages;
        uint64_t invalid, made_up;
    } rows[] = {
        { "declared", USER("Hi") TO("triage", "billing") SAYS("billing", "Yes."), 0, 0 },
        { "no such agent", USER("Hi") TO("triage", "refunds") SAYS("triage", "Yes."), 1, 1 },
        { "an agent, but not for this one", USER("Hi") TO("triage", "tech") TO("tech", "billing") SAYS("tech", "Yes."),
          1, 1 },
    };
    struct play play;
    play_open(&play, NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_counts before = play.tally.counts;
        const char *json = baton_arena_printf(play.lasting, "{\"messages\":[%s{\"role\":\"system\",\"content\":\"\"}]}",
                                              rows[i].messages);
        play_case(&play, json, 0);
        cr_assert_eq(play.status, BATON_OK, "%s", play.message);
        cr_expect_eq(play.tally.counts.invalid_handoffs - before.invalid_handoffs, rows[i].invalid, "%s", rows[i].name);
        cr_expect_eq(play.tally.counts.hallucinated_targets - before.hallucinated_targets, rows[i].made_up, "%s",
                     rows[i].name);
    }
    play_close(&play);
}

/* Pico-USD of "0.021906". */
static int64_t pico(struct baton_str usd)
{
    int64_t whole = 0, places = -1;
    for (size_t i = 0; i < usd.length; i++) {
        places += places >= 0 || usd.data[i] == '.';
        whole = usd.data[i] == '.' ? whole : whole * 10 + (usd.data[i] - '0');
    }
    for (places = places < 0 ? 0 : places; places < 12; places++) {
        whole *= 10;
    }
    return whole;
}

Test(records, costs_of_agents_add_up_to_the_whole_and_those_of_edges_to_the_routing)
{
    struct program program;
    program_open(&program);
    struct program_run run = RUN(&program, "eval", "fixtures/suites/support.yaml", "--json");
    const struct baton_json *got = parsed_json(program.arena, run.out, "support");
    int64_t agents = 0, edges = 0, total = pico(parsed_at(got, "cost_usd.total")->text);
    for (const struct baton_json *node = parsed_at(got, "cost_usd.agents")->child; node != NULL; node = node->next) {
        agents += pico(parsed_at(node, "total")->text);
    }
    for (const struct baton_json *node = parsed_at(got, "cost_usd.edges")->child; node != NULL; node = node->next) {
        edges += pico(parsed_at(node, "total")->text);
    }
    cr_expect_gt(total, 0);
    cr_expect_eq(agents, total);
    cr_expect_float_eq(parsed_number(got, "cost_usd.routing_share"), (double)edges / (double)total, 1e-6);
    program_close(&program);
}

/* METRICS 3.7: triage 812 in, 37 out at 1 and 5; billing 340 in, 1024 cached, 211 out at 3, 0.3 and 15. */
Test(records, the_worked_example_of_cost)
{
    struct program program;
    program_open(&program);
    program_file(&program, "a.yaml",
                 "version: 1\nentry: triage\nagents:\n"
                 "  triage: { description: d, instructions: i, model: small, handoffs: [billing] }\n"
                 "  billing: { description: d, instructions: i, model: large }\n"
                 "prices:\n  small: { in: 1, cached: 0.1, cache_write: 1.25, out: 5 }\n"
                 "  large: { in: 3, cached: 0.3, cache_write: 3.75, out: 15 }\n");
    program_file(
        &program, "c.jsonl",
        "{\"id\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"},"
        "{\"role\":\"assistant\",\"agent\":\"triage\",\"content\":null,\"usage\":{\"input_tokens\":812,\"output_tokens\":37},"
        "\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"transfer_to_billing\",\"arguments\":\"{}\"}}]},"
        "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"ok\"},"
        "{\"role\":\"assistant\",\"agent\":\"billing\",\"content\":\"y\",\"usage\":{\"input_tokens\":340,"
        "\"cache_read_input_tokens\":1024,\"output_tokens\":211}}]}\n");
    struct program_run run = RUN(&program, "eval", "--agents", program_path(&program, "a.yaml"), "--conversations",
                                 program_path(&program, "c.jsonl"), "--json");
    const struct baton_json *got = parsed_json(program.arena, run.out, "cost");
    cr_expect_eq(pico(parsed_at(got, "cost_usd.agents.0.total")->text), 997000000);
    cr_expect_eq(pico(parsed_at(got, "cost_usd.agents.1.total")->text), 4492200000);
    cr_expect_float_eq(parsed_number(got, "cost_usd.routing_share"), 0.181629, 1e-6);
    program_close(&program);
}
