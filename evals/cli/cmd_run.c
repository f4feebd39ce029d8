/* cmd_run.c - `baton run`: one conversation, as it happens: a recorded one, one message, or messages line by line.
 *
 * The same run loop as in an evaluation, but on the system's clock where a live service answers, and with the events
 * printed (event_printer.h). Nothing is judged or written.
 */
#include "evals/cli/event_printer.h"
#include "evals/cli/find_case.h"
#include "evals/cli/print.h"
#include "evals/cli/prompt.h"
#include "evals/cli/verbs.h"

#include <unistd.h>

struct run_args {
    struct baton_session_args session;
    const char *replay, *id;
    bool events, no_color;
};

#define FORM struct run_args

/* clang-format off */
static const struct baton_switch switches[] = {
    BATON_SESSION_SWITCHES(session),
    BATON_LIVE_SWITCHES(session.sources),
    TEXT("replay", 0, replay, "FILE", "play a recorded conversation instead of a message"),
    TEXT("id", 0, id, "ID", "which conversation of --replay (the first)"),
    FLAG("events", 0, events, "print every event as a JSON line"),
    NO_COLOR_SWITCH,
};
/* clang-format on */

/* One run of the verb. */
struct run {
    struct run_args args;
    struct baton_session session;
    struct baton_environment *environment;
    struct baton_event_printer printer;
    enum baton_run_status last_status; /* of an exchange */
    struct baton_error *err;
};

/* ---- a recording ---- */

static enum baton_status play_recording(struct run *run)
{
    struct baton_session *session = &run->session;
    struct baton_conversation conversation;
    struct baton_tally tally = { 0 };
    struct baton_evaluator evaluator = { 0 };
    struct baton_result result;
    struct baton_exchange **records;
    enum baton_status status = baton_find_case(&conversation, session, baton_str_of(run->args.id), run->err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_evaluator_init(&evaluator, session->arena, &session->play, &tally, run->err);
    if (status == BATON_OK) {
        evaluator.events = (struct baton_event_sink){ .on_event = baton_event_printer_take, .user = &run->printer };
        status = baton_evaluate(&evaluator, &result, &records, session->arena, &conversation, 0, run->err);
    }
    if (status == BATON_OK) {
        run->last_status = records[result.exchange_count - 1]->status;
    }
    baton_evaluator_clear(&evaluator);
    baton_tally_clear(&tally);
    return status;
}

/* ---- messages ---- */

enum { CHAT_BYTES_MAX = 1024 * 1024 * 1024, LABEL_BYTES_MAX = 4096 };

struct chat {
    struct run *run;
    struct baton_arena *arena; /* of the conversation */
    struct baton_binding binding;
    struct baton_loop_marks marks;
    struct baton_run *conversation;
};

static enum baton_status chat_open(struct chat *chat)
{
    struct baton_session *session = &chat->run->session;
    struct baton_loop_mark *of_agent = baton_arena_array(session->arena, session->agents->count, sizeof *of_agent);
    chat->arena = baton_arena_new(CHAT_BYTES_MAX);
    if (of_agent == NULL || chat->arena == NULL) {
        return baton_error_no_memory(chat->run->err, NULL);
    }
    baton_loop_marks_init(&chat->marks, of_agent, session->agents->count);
    return baton_binding_init(&chat->binding, session->agents, &session->play.sources, chat->run->err);
}

static void chat_clear(struct chat *chat)
{
    baton_binding_clear(&chat->binding);
    baton_arena_free(chat->arena);
}

/* A new conversation. */
static enum baton_status chat_begin(struct chat *chat)
{
    const struct baton_session *session = &chat->run->session;
    const struct baton_conversation nothing_said = { .id = BATON_STR("run"), .entry = session->agents->entry };
    baton_arena_reset(chat->arena);
    enum baton_status status =
        baton_binding_start(&chat->binding, &nothing_said, session->play.seed, 0, chat->arena, chat->run->err);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_run_options options = {
        .agents = session->agents,
        .provider = chat->binding.provider,
        .tools = chat->binding.tools,
        .clock = session->sources.live != NULL ? baton_clock_system() : chat->binding.clock,
        .limits = session->play.limits,
        .loops_stop = session->play.loops_stop,
        .on_handoff_stop = session->play.on_handoff_stop,
        .marks = &chat->marks,
        .conversation_id = nothing_said.id,
        .entry = nothing_said.entry,
        .events = { .on_event = baton_event_printer_take, .user = &chat->run->printer },
    };
    return baton_run_new(&chat->conversation, chat->arena, &options, chat->run->err);
}

static enum baton_status send_message(struct chat *chat, struct baton_str text)
{
    struct baton_exchange *exchange;
    baton_binding_start_exchange(&chat->binding, 0, BATON_NONE);
    enum baton_status status = baton_run_exchange(chat->conversation, text, false, &exchange, chat->run->err);
    if (status == BATON_OK) {
        chat->run->last_status = exchange->status;
    }
    return status;
}

static void print_agents(const struct chat *chat)
{
    const struct baton_agents *agents = chat->run->session.agents;
    for (uint32_t i = 0; i < agents->count; i++) {
        const struct baton_agent *agent = &agents->list[i];
        baton_print_line(stdout, "%c %.*s%s%.*s", i == baton_run_active(chat->conversation) ? '*' : ' ',
                         BATON_STR_ARGS(agent->name), agent->description.length > 0 ? ": " : "",
                         BATON_STR_ARGS(agent->description));
    }
}

static void print_commands(void)
{
    const char *word, *what;
    for (size_t i = 0; baton_prompt_command_at(i, &word, &what); i++) {
        printf("  /%-7s %s\n", word, what);
    }
}

/* What was typed is done; *is_over: it was the end. */
static enum baton_status obey(struct chat *chat, enum baton_prompt_input input, struct baton_str text, bool *is_over)
{
    char *copy;
    *is_over = false;
    switch (input) {
    case BATON_PROMPT_MESSAGE:
        copy = baton_arena_copy(chat->arena, text.data, text.length);
        return copy == NULL ? baton_error_set(chat->run->err, BATON_ELIMIT,
                                              "the conversation has become too long; /reset begins anew")
                            : send_message(chat, (struct baton_str){ copy, text.length });
    case BATON_PROMPT_RESET:
        return chat_begin(chat);
    case BATON_PROMPT_AGENTS:
        print_agents(chat);
        return BATON_OK;
    case BATON_PROMPT_HELP:
        print_commands();
        return BATON_OK;
    case BATON_PROMPT_UNKNOWN:
        baton_print_line(stderr, "%.*s", BATON_STR_ARGS(text));
        return BATON_OK;
    case BATON_PROMPT_QUIT:
    case BATON_PROMPT_END:
        *is_over = true;
        return BATON_OK;
    }
    return BATON_OK;
}

/* The next line, with the agent that has the floor before it, and what it asks for. */
static enum baton_status chat_next(struct chat *chat, struct baton_prompt *prompt, bool *is_over)
{
    struct run *run = chat->run;
    struct baton_str agent = baton_agent_name(run->session.agents, baton_run_active(chat->conversation));
    struct baton_str text = { "", 0 };
    struct baton_text label = baton_text_with_limit(LABEL_BYTES_MAX);
    enum baton_prompt_input input;
    baton_text_putc(&label, '[');
    baton_terminal_put(&label, agent);
    baton_text_puts(&label, "] > ");
    run->environment->is_prompting = prompt->has_person;
    enum baton_status status = baton_prompt_next(prompt, label.data, &input, &text, run->err);
    run->environment->is_prompting = false;
    baton_text_clear(&label);
    return status == BATON_OK ? obey(chat, input, text, is_over) : status;
}

/* A line is a message; ends at the end of the input. */
static enum baton_status chat_by_lines(struct chat *chat, bool has_person)
{
    struct run *run = chat->run;
    struct baton_prompt prompt;
    bool is_over = false;
    enum baton_status status = BATON_OK;
    baton_prompt_init(&prompt, has_person);
    if (has_person) {
        printf("%u agents. Type a message, or /help.\n", (unsigned)run->session.agents->count);
    }
    while (status == BATON_OK && !is_over && run->environment->interrupted == 0) {
        status = chat_next(chat, &prompt, &is_over);
    }
    if (has_person && is_over) {
        putchar('\n');
    }
    if (status == BATON_OK && run->environment->interrupted != 0) {
        status = baton_error_set(run->err, BATON_EINTERRUPTED, "interrupted");
    }
    baton_prompt_clear(&prompt);
    return status;
}

/* `message` NULL: each line of standard input is one. */
static enum baton_status chat_with_agents(struct run *run, const char *message)
{
    struct chat chat = { .run = run };
    if (run->session.play.sources.kind == BATON_SOURCE_TRANSCRIPT) {
        return baton_error_set(run->err, BATON_EUSAGE,
                               "who is to answer? Give --provider live, --provider sim:random, --provider "
                               "sim:rules.yaml, or --replay FILE for a recorded conversation");
    }
    enum baton_status status = chat_open(&chat);
    if (status == BATON_OK) {
        status = chat_begin(&chat);
    }
    if (status == BATON_OK) {
        bool has_person = !run->args.events && isatty(STDIN_FILENO) == 1;
        status = message != NULL ? send_message(&chat, baton_str_of(message)) : chat_by_lines(&chat, has_person);
    }
    chat_clear(&chat);
    return status;
}

/* ---- the verb ---- */

static enum baton_status open_session(struct run *run, const char *agents)
{
    struct run_args *args = &run->args;
    args->session.agents = agents;
    if (args->replay != NULL) {
        args->session.conversations = (struct baton_arg_list){ .items = &args->replay, .count = 1 };
    }
    const struct baton_session_options options = { .args = &args->session,
                                                   .environment = run->environment,
                                                   .has_person = args->replay == NULL };
    enum baton_status status = baton_session_open(&run->session, &options, run->err);
    run->printer.agents = run->session.agents;
    return status;
}

static enum baton_status run_run(const struct baton_command_line *line, int *exit_code, struct baton_error *err)
{
    struct baton_arena *arena = baton_arena_new(BATON_ARGS_BYTES_MAX);
    struct run run = { .args = { .session = baton_session_args_unset() },
                       .environment = line->environment,
                       .err = err };
    struct baton_arg_list plain;
    bool is_done = false;
    enum baton_status status = baton_args_begin(line, arena, &run.args, &plain, &is_done, err);
    if (status == BATON_OK && !is_done) {
        run.printer = baton_event_printer_new(run.args.events, line->environment->has_colour && !run.args.no_color);
        status = open_session(&run, plain.items[0]);
        if (status == BATON_OK) {
            status = run.args.replay != NULL ? play_recording(&run)
                                             : chat_with_agents(&run, plain.count > 1 ? plain.items[1] : NULL);
        }
        *exit_code = run.last_status == BATON_RUN_ERROR ? 3 : 0;
        baton_event_printer_clear(&run.printer);
        baton_session_clear(&run.session);
    }
    baton_arena_free(arena);
    return status;
}

const struct baton_verb baton_verb_run = {
    .name = "run",
    .summary = "one conversation, as it happens",
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
