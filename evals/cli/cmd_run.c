/* cmd_run.c - `baton run`: one conversation, told as it happens: as text for people, or as events for programs. */
#include "evals/cli/find_case.h"
#include "evals/cli/prompt.h"
#include "evals/cli/verbs.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EVENT_BYTES_MAX = 64 * 1024 * 1024 };

struct run_args {
    struct baton_session_args session;
    const char *replay, *id;
    bool events, no_color;
};

static const struct baton_switch switches[] = {
    BATON_SESSION_SWITCHES(run_args, session),
    BATON_LIVE_SWITCHES(run_args, session),
    { "replay", 0, BATON_SWITCH_TEXT, offsetof(struct run_args, replay), "FILE",
      "play a recorded conversation instead of a message", 0, 0 },
    { "id", 0, BATON_SWITCH_TEXT, offsetof(struct run_args, id), "ID", "which conversation of --replay (the first)", 0,
      0 },
    { "events", 0, BATON_SWITCH_FLAG, offsetof(struct run_args, events), NULL, "print every event as a JSON line", 0,
      0 },
    { "no-color", 0, BATON_SWITCH_FLAG, offsetof(struct run_args, no_color), NULL, "no colours (also: NO_COLOR)", 0,
      0 },
};

/* Where events go. */
struct teller {
    const struct baton_agents *agents;
    struct baton_text line;
    bool as_json, has_colour, is_speaking;
    enum baton_run_status last_status;
};

static void dim(const struct teller *teller, bool on)
{
    if (teller->has_colour) {
        fputs(on ? "\033[2m" : "\033[0m", stdout);
    }
}

static void end_speech(struct teller *teller)
{
    if (teller->is_speaking) {
        putchar('\n');
        teller->is_speaking = false;
    }
}

/* A line beside the talk. */
static void tell_note(struct teller *teller, const char *before, struct baton_str a, const char *between,
                      struct baton_str b)
{
    end_speech(teller);
    dim(teller, true);
    printf("  %s%.*s%s%.*s", before, (int)a.length, a.data, between, (int)b.length, b.data);
    dim(teller, false);
    putchar('\n');
}

static void tell_handoff(struct teller *teller, const struct baton_event *event)
{
    struct baton_str from = baton_agent_name(teller->agents, event->from),
                     to = baton_agent_name(teller->agents, event->to);
    tell_note(teller, "", from, " > ", to);
    if (event->text.length > 0) {
        tell_note(teller, "  reason: ", event->text, "", BATON_STR(""));
    }
}

static void tell(struct teller *teller, const struct baton_event *event)
{
    struct baton_str agent = baton_agent_name(teller->agents, event->agent);
    switch (event->type) {
    case BATON_EVENT_TEXT_DELTA:
        if (!teller->is_speaking) {
            printf("%.*s: ", (int)agent.length, agent.data);
            teller->is_speaking = true;
        }
        fwrite(event->text.data, 1, event->text.length, stdout);
        fflush(stdout);
        break;
    case BATON_EVENT_TOOL_CALL:
        tell_note(teller, "calls ", event->name, " ", event->arguments);
        break;
    case BATON_EVENT_TOOL_RESULT:
        if (event->is_error) {
            tell_note(teller, "", event->name, " answers ", event->text);
        }
        break;
    case BATON_EVENT_HANDOFF:
        tell_handoff(teller, event);
        break;
    case BATON_EVENT_LOOP:
        tell_note(teller, "loop: ", event->name, "", BATON_STR(""));
        break;
    case BATON_EVENT_WARNING:
    case BATON_EVENT_ERROR:
        tell_note(teller, "", event->name, ": ", event->text);
        break;
    case BATON_EVENT_DONE:
        end_speech(teller);
        if (event->nesting == 0 && strcmp(event->status, "answered") != 0) {
            tell_note(teller, "ended: ", baton_str_of(event->status), "; next would speak ", agent);
        }
        break;
    case BATON_EVENT_TURN_START:
    case BATON_EVENT_AGENT_UPDATED:
    case BATON_EVENT_TURN_END:
        end_speech(teller);
        break;
    }
}

static void on_event(void *user, const struct baton_event *event)
{
    struct teller *teller = user;
    if (!teller->as_json) {
        tell(teller, event);
        return;
    }
    baton_text_reset(&teller->line);
    baton_event_write(&teller->line, event, teller->agents);
    if (teller->line.failed) {
        fputs("baton: out of memory for an event\n", stderr);
        return;
    }
    puts(teller->line.data);
}

/* ---- a recording ---- */

static enum baton_status replay(struct baton_session *session, const struct run_args *args, struct teller *teller,
                                struct baton_error *err)
{
    struct baton_conversation conversation;
    struct baton_tally tally = { 0 };
    struct baton_evaluator evaluator = { 0 };
    struct baton_result result;
    struct baton_exchange **records;
    enum baton_status status = baton_find_case(&conversation, session, baton_str_of(args->id), err);
    status =
        status == BATON_OK ? baton_evaluator_init(&evaluator, session->arena, &session->play, &tally, err) : status;
    if (status == BATON_OK) {
        evaluator.events = (struct baton_event_sink){ .on_event = on_event, .user = teller };
        status = baton_evaluate(&evaluator, &result, &records, session->arena, &conversation, 0, err);
    }
    if (status == BATON_OK) {
        teller->last_status = records[result.exchange_count - 1]->status;
    }
    baton_evaluator_clear(&evaluator);
    baton_tally_clear(&tally);
    return status;
}

/* ---- messages ---- */

enum { TALK_BYTES_MAX = 1024 * 1024 * 1024, LABEL_BYTES = 160 };

struct talk {
    struct baton_session *session;
    struct teller *teller;
    struct baton_arena *arena; /* of the conversation */
    struct baton_binding binding;
    struct baton_loop_marks marks;
    struct baton_run *run;
};

static enum baton_status talk_open(struct talk *talk, struct baton_error *err)
{
    struct baton_session *session = talk->session;
    struct baton_loop_mark *of_agent = baton_arena_array(session->arena, session->agents->count, sizeof *of_agent);
    talk->arena = baton_arena_new(TALK_BYTES_MAX);
    if (of_agent == NULL || talk->arena == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    baton_loop_marks_init(&talk->marks, of_agent, session->agents->count);
    return baton_binding_init(&talk->binding, session->agents, &session->play.sources, err);
}

static void talk_clear(struct talk *talk)
{
    baton_binding_clear(&talk->binding);
    baton_arena_free(talk->arena);
}

/* A new conversation. */
static enum baton_status talk_begin(struct talk *talk, struct baton_error *err)
{
    const struct baton_session *session = talk->session;
    const struct baton_conversation nothing_said = { .id = BATON_STR("run"), .entry = session->agents->entry };
    baton_arena_reset(talk->arena);
    enum baton_status status =
        baton_binding_start(&talk->binding, &nothing_said, session->play.seed, 0, talk->arena, err);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_run_options options = {
        .agents = session->agents,
        .provider = talk->binding.provider,
        .tools = talk->binding.tools,
        .clock = session->live != NULL ? baton_clock_system() : talk->binding.clock,
        .limits = session->play.limits,
        .loops_stop = session->play.loops_stop,
        .on_handoff_stop = session->play.on_handoff_stop,
        .marks = &talk->marks,
        .conversation_id = nothing_said.id,
        .entry = nothing_said.entry,
        .events = { .on_event = on_event, .user = talk->teller },
    };
    return baton_run_new(&talk->run, talk->arena, &options, err);
}

static enum baton_status say(struct talk *talk, struct baton_str text, struct baton_error *err)
{
    struct baton_exchange *exchange;
    baton_binding_start_exchange(&talk->binding, 0, BATON_NONE);
    enum baton_status status = baton_run_exchange(talk->run, text, false, &exchange, err);
    if (status == BATON_OK) {
        talk->teller->last_status = exchange->status;
    }
    return status;
}

static void tell_agents(const struct talk *talk)
{
    const struct baton_agents *agents = talk->session->agents;
    for (uint32_t i = 0; i < agents->count; i++) {
        const struct baton_agent *agent = &agents->list[i];
        printf("%c %.*s%s%.*s\n", i == baton_run_active(talk->run) ? '*' : ' ', (int)agent->name.length,
               agent->name.data, agent->description.length > 0 ? ": " : "", (int)agent->description.length,
               agent->description.data);
    }
}

static void tell_commands(void)
{
    const char *word, *what;
    for (size_t i = 0; baton_prompt_command_at(i, &word, &what); i++) {
        printf("  /%-7s %s\n", word, what);
    }
}

/* What was typed is done; *is_over: it was the end. */
static enum baton_status obey(struct talk *talk, enum baton_prompt_input input, struct baton_str text, bool *is_over,
                              struct baton_error *err)
{
    char *copy;
    *is_over = false;
    switch (input) {
    case BATON_PROMPT_MESSAGE:
        copy = baton_arena_copy(talk->arena, text.data, text.length);
        return copy == NULL
                   ? baton_error_set(err, BATON_ELIMIT, "the conversation has become too long; /reset begins anew")
                   : say(talk, (struct baton_str){ copy, text.length }, err);
    case BATON_PROMPT_RESET:
        return talk_begin(talk, err);
    case BATON_PROMPT_AGENTS:
        tell_agents(talk);
        return BATON_OK;
    case BATON_PROMPT_HELP:
        tell_commands();
        return BATON_OK;
    case BATON_PROMPT_UNKNOWN:
        fprintf(stderr, "%.*s\n", (int)text.length, text.data);
        return BATON_OK;
    case BATON_PROMPT_QUIT:
    case BATON_PROMPT_END:
        *is_over = true;
        return BATON_OK;
    }
    return BATON_OK;
}

static void interrupted(struct baton_error *err, enum baton_status *status)
{
    if (*status == BATON_OK && baton_world.interrupted != 0) {
        *status = baton_error_set(err, BATON_EINTERRUPTED, "interrupted");
    }
}

/* A line is a message; ends at the end of the input. */
static enum baton_status talk_lines(struct talk *talk, bool has_person, struct baton_error *err)
{
    struct baton_prompt prompt;
    bool is_over = false;
    enum baton_status status = BATON_OK;
    baton_prompt_init(&prompt, has_person);
    if (has_person) {
        printf("%u agents. Type a message, or /help.\n", (unsigned)talk->session->agents->count);
    }
    while (status == BATON_OK && !is_over && baton_world.interrupted == 0) {
        char label[LABEL_BYTES];
        struct baton_str agent = baton_agent_name(talk->session->agents, baton_run_active(talk->run)), text = { "", 0 };
        enum baton_prompt_input input;
        snprintf(label, sizeof label, "[%.*s] > ", (int)agent.length, agent.data);
        baton_world.is_prompting = has_person;
        status = baton_prompt_next(&prompt, label, &input, &text, err);
        baton_world.is_prompting = false;
        status = status == BATON_OK ? obey(talk, input, text, &is_over, err) : status;
    }
    if (has_person && is_over) {
        putchar('\n');
    }
    interrupted(err, &status);
    baton_prompt_clear(&prompt);
    return status;
}

/* ---- the verb ---- */

static bool has_person(const struct run_args *args, const char *message)
{
    return message == NULL && args->replay == NULL && !args->events && isatty(STDIN_FILENO) == 1;
}

static enum baton_status play(struct baton_session *session, const struct run_args *args, const char *message,
                              struct teller *teller, struct baton_error *err)
{
    struct talk talk = { .session = session, .teller = teller };
    teller->agents = session->agents;
    if (args->replay != NULL) {
        return replay(session, args, teller, err);
    }
    if (session->play.sources.kind == BATON_SOURCE_TRANSCRIPT) {
        return baton_error_set(err, BATON_EUSAGE,
                               "who is to answer? Give --provider live, --provider sim:random, --provider "
                               "sim:rules.yaml, or --replay FILE for a recorded conversation");
    }
    enum baton_status status = talk_open(&talk, err);
    status = status == BATON_OK ? talk_begin(&talk, err) : status;
    if (status == BATON_OK) {
        status = message != NULL ? say(&talk, baton_str_of(message), err)
                                 : talk_lines(&talk, has_person(args, message), err);
    }
    talk_clear(&talk);
    return status;
}

static enum baton_status run_run(const struct baton_verb *verb, int argc, char **argv, int *exit_code,
                                 struct baton_error *err)
{
    struct baton_arena *arena = baton_arena_new(1024 * 1024);
    struct run_args args = { .session = baton_session_args_unset() };
    struct baton_session session = { 0 };
    struct baton_arg_list plain;
    bool is_done = false;
    enum baton_status status = baton_args_begin(verb, argc, argv, arena, &args, &plain, &is_done, err);
    if (status == BATON_OK && !is_done) {
        struct teller teller = { .line = baton_text_with_limit(EVENT_BYTES_MAX), .as_json = args.events };
        struct baton_session_world world = baton_world_outside();
        teller.has_colour = baton_world.has_colour && !args.no_color;
        world.has_person = args.replay == NULL;
        args.session.agents = plain.items[0];
        if (args.replay != NULL) {
            args.session.conversations = (struct baton_arg_list){ .items = &args.replay, .count = 1 };
        }
        status = baton_session_open(&session, NULL, &args.session, &world, err);
        status =
            status == BATON_OK ? play(&session, &args, plain.count > 1 ? plain.items[1] : NULL, &teller, err) : status;
        *exit_code = teller.last_status == BATON_RUN_ERROR ? 3 : 0;
        baton_text_clear(&teller.line);
        baton_session_clear(&session);
    }
    baton_arena_free(arena);
    return status;
}

const struct baton_verb baton_verb_run = {
    .name = "run",
    .summary = "one conversation, told as it happens",
    .usage = "AGENTS [MESSAGE]",
    .examples = "  baton run agents.yaml --provider live\n"
                "  baton run agents.yaml \"I was charged twice\" --provider sim:random --seed 7\n"
                "  baton run agents.yaml --replay recorded.jsonl --id card-1 --events",
    .more =
        "Without a message, each line of standard input is one; /help lists the commands among them. Live services take\n"
        "their keys from ANTHROPIC_API_KEY, OPENAI_API_KEY and OPENROUTER_API_KEY, and other addresses from\n"
        "ANTHROPIC_BASE_URL, OPENAI_BASE_URL and OPENROUTER_BASE_URL.",
    .switches = switches,
    .switch_count = sizeof switches / sizeof *switches,
    .least = 1,
    .most = 2,
    .run = run_run,
};
