#include "engine/base/json.h"
#include "engine/tests/stage.h"

#include <criterion/criterion.h>
#include <string.h>

/* Whether the text is as wanted, where a * stands for anything. */
static bool matches(const char *got, const char *want)
{
    const char *star = NULL, *resume = NULL;
    while (*got != '\0') {
        if (*want == '*') {
            star = want++;
            resume = got;
        } else if (*want == *got) {
            want++;
            got++;
        } else if (star != NULL) {
            want = star + 1;
            got = ++resume;
        } else {
            return false;
        }
    }
    while (*want == '*') {
        want++;
    }
    return *want == '\0';
}

void expect_text(const char *name, const char *what, const char *got, const char *want)
{
    cr_expect(matches(got, want), "%s: %s\n  got:    %s\n  wanted: %s", name, what, got, want);
}

/* ---- the record ---- */

/* How many of the results that follow an assistant message answer a call; the one in its place when order counts. */
static uint32_t answers(const struct baton_message *results, uint32_t count, const struct baton_tool_call *call,
                        uint32_t place, bool in_order)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        found += baton_str_equal(results[i].tool_call_id, call->id) && (!in_order || i == place);
    }
    return found;
}

static void check_record(const struct stage *stage, const char *name, unsigned breaches)
{
    uint32_t count;
    const struct baton_message *messages = baton_run_history(stage->run, &count);
    bool in_order = (breaches & STAGE_ORDERS_RESULTS) == 0;
    cr_expect(count > 0 && messages[0].role == BATON_ROLE_USER, "%s: begins with the user", name);
    for (uint32_t i = 0; i < count;) {
        const struct baton_message *message = &messages[i++];
        uint32_t results = 0;
        while (i + results < count && messages[i + results].role == BATON_ROLE_TOOL) {
            results++;
        }
        cr_expect(message->role != BATON_ROLE_TOOL, "%s: message %u is a result without a call", name, i - 1);
        if ((breaches & STAGE_LEAVES_CALLS_OPEN) == 0) {
            cr_expect_eq(results, message->call_count, "%s: message %u has %u calls and %u results", name, i - 1,
                         message->call_count, results);
            for (uint32_t c = 0; c < message->call_count; c++) {
                cr_expect_eq(answers(&messages[i], results, &message->calls[c], c, in_order), 1,
                             "%s: call %u of message %u is answered once, in its place", name, c, i - 1);
            }
        }
        cr_expect(message->role != BATON_ROLE_ASSISTANT || message->agent < stage->agents->count,
                  "%s: message %u says who spoke", name, i - 1);
        i += results;
    }
}

/* ---- the events ---- */

static uint32_t results_of(const struct stage *stage, uint32_t call)
{
    uint32_t found = 0;
    for (uint32_t i = call + 1; i < stage->event_count; i++) {
        found += stage->events[i].type == BATON_EVENT_TOOL_RESULT &&
                 stage->events[i].nesting == stage->events[call].nesting &&
                 baton_str_equal(stage->events[i].call_id, stage->events[call].call_id);
    }
    return found;
}

static void check_line(const struct stage *stage, const char *name, const struct baton_event *event)
{
    struct baton_text line = baton_text_with_limit(1024 * 1024);
    baton_event_write(&line, event, stage->agents);
    const struct baton_json *root;
    struct baton_error err;
    struct baton_source source = { .name = "event", .text = baton_text_str(&line) };
    cr_expect_eq(baton_json_parse(&root, stage->life, &source, &err), BATON_OK, "%s: %s: %s", name, line.data,
                 err.text);
    baton_text_clear(&line);
}

static void check_events(const struct stage *stage, const char *name, unsigned breaches)
{
    uint32_t done_count = 0, open_turns[BATON_NESTING_MAX + 1] = { 0 };
    bool raised = false;
    for (uint32_t i = 0; i < stage->exchange_count; i++) {
        raised = raised || stage->exchanges[i]->status == BATON_RUN_ERROR;
    }
    for (uint32_t i = 0; i < stage->event_count; i++) {
        const struct baton_event *event = &stage->events[i];
        check_line(stage, name, event);
        cr_expect_eq(event->seq, i, "%s: seq %llu of event %u", name, (unsigned long long)event->seq, i);
        cr_expect(i == 0 || event->at_ns >= event[-1].at_ns, "%s: event %u is not before the one before it", name, i);
        open_turns[event->nesting] += event->type == BATON_EVENT_TURN_START;
        open_turns[event->nesting] -= event->type == BATON_EVENT_TURN_END;
        cr_expect_leq(open_turns[event->nesting], 1, "%s: turns begin and end in turn at event %u", name, i);
        if (event->type == BATON_EVENT_TOOL_CALL && !raised && (breaches & STAGE_HIDES_RESULTS) == 0) {
            cr_expect_eq(results_of(stage, i), 1, "%s: one result for the call of event %u", name, i);
        }
        if (event->type == BATON_EVENT_DONE && event->nesting == 0) {
            cr_expect_eq(event->exchange, done_count, "%s: one done an exchange, in order", name);
            cr_expect(i + 1 == stage->event_count || event[1].exchange == done_count + 1, "%s: done is last", name);
            cr_expect_eq(open_turns[0], 0, "%s: done stands outside of a turn", name);
            done_count++;
        }
    }
    cr_expect_eq(done_count, stage->exchange_count, "%s: one done for each exchange", name);
}

void stage_check(struct stage *stage, const char *name, unsigned breaches)
{
    check_record(stage, name, breaches);
    check_events(stage, name, breaches);
}

/* ---- scenarios ---- */

static void play(struct stage *stage, const struct scenario *scenario, bool streams)
{
    struct stage_options options = scenario->stage;
    options.streams = streams;
    stage_open(stage, &options);
    const char *const fixed[] = { "U", NULL };
    const char *const *says = scenario->says[0] == NULL ? fixed : scenario->says;
    for (size_t i = 0; i < STAGE_SAYS_MAX && says[i] != NULL; i++) {
        cr_assert_not_null(stage_say(stage, says[i], false), "%s: %s", scenario->name, stage->err.text);
    }
}

static void compare(struct stage *stage, const struct scenario *scenario)
{
    stage_check(stage, scenario->name, scenario->breaches);
    const char *name = scenario->name;
    if (scenario->log != NULL) {
        expect_text(name, "log", stage_log(stage), scenario->log);
    }
    if (scenario->seen != NULL) {
        cr_assert_gt(stage->request_count, 0, "%s", name);
        expect_text(name, "last request", stage->requests[stage->request_count - 1].seen, scenario->seen);
    }
    if (scenario->events != NULL) {
        expect_text(name, "events", stage_events(stage), scenario->events);
    }
    expect_text(name, "outcome", stage_outcome(stage, stage->exchanges[stage->exchange_count - 1]), scenario->outcome);
}

void check_scenario(const struct scenario *scenario)
{
    struct stage whole, again, streaming, streaming_again;
    play(&whole, scenario, false);
    play(&again, scenario, false);
    play(&streaming, scenario, true);
    play(&streaming_again, scenario, true);
    compare(&whole, scenario);
    compare(&streaming, scenario);
    expect_text(scenario->name, "the same twice", stage_event_lines(&again), stage_event_lines(&whole));
    expect_text(scenario->name, "the same twice, streaming", stage_event_lines(&streaming_again),
                stage_event_lines(&streaming));
    expect_text(scenario->name, "the record when streaming", stage_record(&streaming), stage_record(&whole));
    stage_close(&whole);
    stage_close(&again);
    stage_close(&streaming);
    stage_close(&streaming_again);
}
