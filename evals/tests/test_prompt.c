/* The prompt of `baton run`: lines from a pipe, and from somebody at a terminal. */
#include "evals/tests/service.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static struct program_run talk(struct service *service, struct baton_str input)
{
    const char *arguments[] = { "run", service->agents, "--provider=live", NULL };
    const struct program_options options = { .settings = service->settings, .input = input };
    return program_run_with(&service->program, &options, arguments);
}

Test(prompt, lines_from_a_pipe_are_messages_and_commands)
{
    static const struct row {
        const char *name, *input, *says, *says_not;
        unsigned asked;
    } rows[] = {
        { "a message", "Hello, case-1.\n", "triage: H\xc3\xa9llo case-1.\n", "[triage] >", 1 },
        { "without a line break", "Hello, case-1.", "triage: H\xc3\xa9llo case-1.\n", "[triage] >", 1 },
        { "with carriage returns", "Hello, case-1.\r\n/quit\r\n", "triage: H\xc3\xa9llo case-1.\n", "no command", 1 },
        { "two", "My card, case-2.\nThank you.\n", "billing: H\xc3\xa9llo case-2.\nbilling: H\xc3\xa9llo case-2.\n",
          "x>", 3 },
        { "who has the floor", "/agents\n", "* triage: First contact.\n  billing: Handles payments.\n", "x>", 0 },
        { "who has it then", "My card, case-2.\n/agents\n", "  triage: First contact.\n* billing: Handles payments.\n",
          "* triage", 2 },
        { "a new conversation", "My card, case-2.\n/reset\n/agents\nHello, case-1.\n",
          "* triage: First contact.\n  billing: Handles payments.\ntriage: H\xc3\xa9llo case-1.", "* billing", 3 },
        { "the end", "/quit\nHello, case-1.\n", "", "llo", 0 },
        { "help", "/help\n", "/agents  who there is, and who has the floor\n", "x>", 0 },
        { "a command that is none", "/agnets\n", "no command '/agnets'; did you mean 'agents'?; /help lists them\n",
          "llo", 0 },
        { "one like none", "/frobnicate\n", "no command '/frobnicate'; /help lists them\n", "llo", 0 },
        { "a slash alone", "/\n", "no command '/'", "llo", 0 },
        { "a message that begins with a slash", "//agents of case-3.\n", "triage: H\xc3\xa9llo case-3.", "* triage",
          1 },
        { "nothing at all", "", "", "llo", 0 },
        { "blank lines", "\n  \n\t\n\r\n", "", "llo", 0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct service service;
        service_open(&service, "anthropic", true);
        struct program_run run = talk(&service, baton_str_of(rows[i].input));
        const char *both = program_text(&service.program, "%s%s", run.out.data, run.err.data);
        cr_expect_eq(run.exit_code, 0, "%s: %d %s", rows[i].name, run.exit_code, both);
        cr_expect(strstr(both, rows[i].says) != NULL, "%s: %s", rows[i].name, both);
        cr_expect(strstr(both, rows[i].says_not) == NULL, "%s: %s", rows[i].name, both);
        unsigned asked = service_asked(&service);
        cr_expect_eq(asked, rows[i].asked, "%s: asked %u times", rows[i].name, asked);
        service_close(&service);
    }
}

Test(prompt, a_message_with_a_slash_is_sent_with_one)
{
    struct service service;
    service_open(&service, "openai-chat", false);
    talk(&service, BATON_STR("//agents of case-3.\n"));
    const char *request = misbehave_request(service.server, 0)->bytes;
    cr_expect_not_null(strstr(request, "\"/agents of case-3.\""), "%s", request);
    service_close(&service);
}

Test(prompt, a_line_that_cannot_be_a_message_is_refused_and_none_is_sent)
{
    static const struct {
        const char *name, *fill;
        size_t count;
        const char *says;
    } rows[] = {
        { "2 MB", "x", 2 * 1024 * 1024, "a line of more than 1024 KiB, the limit for a message" },
        { "no UTF-8", "\xff", 3, "standard input: not UTF-8" },
        { "half a character", "\xc3", 1, "standard input: not UTF-8" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct service service;
        struct baton_text text = baton_text_with_limit(4 * 1024 * 1024);
        service_open(&service, "anthropic", true);
        for (size_t k = 0; k < rows[i].count; k++) {
            baton_text_puts(&text, rows[i].fill);
        }
        struct program_run run = talk(&service, baton_text_str(&text));
        baton_text_clear(&text);
        cr_expect_eq(run.exit_code, 4, "%s: %d", rows[i].name, run.exit_code);
        cr_expect(program_has(run.err, rows[i].says), "%s: %s", rows[i].name, run.err.data);
        cr_expect_eq(service_asked(&service), 0u);
        service_close(&service);
    }
}

Test(prompt, a_failed_answer_does_not_end_the_talk)
{
    static const struct misbehave_step refused = { .head = "HTTP/1.1 401 No\r\n", .body = "{}" };
    struct service service;
    service_open(&service, "anthropic", true);
    service.trouble = &refused;
    service.trouble_after = 1;
    struct program_run run = talk(&service, BATON_STR("Hello, case-1.\nHello, case-3.\nHello, case-5.\n"));
    cr_expect_eq(run.exit_code, 3, "%d", run.exit_code);
    cr_expect_eq(service_asked(&service), 3u);
    cr_expect_eq(program_count(run.out, "HTTP 401"), 2u, "%s", run.out.data);
    service_close(&service);
}

/* ---- at a terminal ---- */

struct desk {
    struct service service;
    struct program_terminal terminal;
    struct termios before;
};

static void desk_open(struct desk *desk)
{
    service_open(&desk->service, "anthropic", true);
    desk->service.settings[7] = "TERM=xterm";
    desk->service.settings[8] = NULL;
}

static bool has_editor(void)
{
    return dlopen("libedit.so.2", RTLD_LAZY) != NULL;
}

/* The label stands before the keys are the editor's; until then the line has its own ideas of them. */
static void expect_prompt(struct desk *desk, const char *label)
{
    struct termios now = { .c_lflag = ICANON };
    bool is_edited = has_editor();
    cr_assert(program_shows(&desk->terminal, label), "no '%s' in: %s", label, desk->terminal.seen.data);
    for (int i = 0; i < 2000 && is_edited && (now.c_lflag & ICANON) != 0; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
        cr_assert_eq(tcgetattr(desk->terminal.line, &now), 0);
    }
}

static void desk_begin(struct desk *desk)
{
    const char *arguments[] = { "run", desk->service.agents, "--provider=live", NULL };
    const struct program_options options = { .settings = desk->service.settings };
    program_start_on_terminal(&desk->terminal, &options, arguments);
    cr_assert_eq(tcgetattr(desk->terminal.line, &desk->before), 0);
    expect_prompt(desk, "[triage] > ");
}

static void expect_desk_end(struct desk *desk, int wanted)
{
    struct termios after;
    int exit_code = program_terminal_finish(&desk->terminal);
    cr_expect_eq(exit_code, wanted, "%d: %s", exit_code, desk->terminal.seen.data);
    cr_expect_eq(tcgetattr(desk->terminal.line, &after), 0);
    cr_expect(after.c_lflag == desk->before.c_lflag && after.c_iflag == desk->before.c_iflag &&
                  after.c_oflag == desk->before.c_oflag && after.c_cflag == desk->before.c_cflag &&
                  memcmp(after.c_cc, desk->before.c_cc, sizeof after.c_cc) == 0,
              "the terminal is not as it was");
    program_terminal_clear(&desk->terminal);
}

#define SHOWS(desk, text) \
    cr_assert(program_shows(&(desk)->terminal, text), "no '%s' in: %s", text, (desk)->terminal.seen.data)

Test(prompt, at_a_terminal_the_label_says_who_has_the_floor_and_lines_can_be_edited)
{
    struct desk desk;
    desk_open(&desk);
    desk_begin(&desk);
    program_type(&desk.terminal, "My card, case-3\x7f"
                                 "2.\r");
    SHOWS(&desk, "triage > billing");
    SHOWS(&desk, "billing: H\xc3\xa9llo case-2.");
    expect_prompt(&desk, "[billing] > ");
    program_type(&desk.terminal, has_editor() ? "\033[A\r" : "My card, case-2.\r");
    SHOWS(&desk, "billing: H\xc3\xa9llo case-2.");
    expect_prompt(&desk, "[billing] > ");
    cr_expect_eq(program_count((struct baton_str){ misbehave_request(desk.service.server, 2)->bytes,
                                                   misbehave_request(desk.service.server, 2)->length },
                               "My card, case-2."),
                 2u, "the line was called back");
    program_type(&desk.terminal, "/reset\r");
    expect_prompt(&desk, "[triage] > ");
    program_type(&desk.terminal, "Gr\xc3\xbc\xc3\x9f"
                                 "e, case-5.\r");
    SHOWS(&desk, "H\xc3\xa9llo case-5.");
    expect_prompt(&desk, "[triage] > ");
    cr_expect_not_null(strstr(misbehave_request(desk.service.server, 3)->bytes, "\"Gr\xc3\xbc\xc3\x9f"
                                                                                "e, case-5.\""),
                       "%s", misbehave_request(desk.service.server, 3)->bytes);
    program_type(&desk.terminal, "/agnets\r");
    SHOWS(&desk, "did you mean 'agents'?");
    expect_prompt(&desk, "[triage] > ");
    program_type(&desk.terminal, "\x04");
    expect_desk_end(&desk, 0);
    service_close(&desk.service);
}

Test(prompt, an_interrupt_at_the_prompt_leaves_the_terminal_as_it_was)
{
    struct desk desk;
    desk_open(&desk);
    desk_begin(&desk);
    program_type(&desk.terminal, "half a line\x03");
    expect_desk_end(&desk, 2);
    service_close(&desk.service);
}

Test(prompt, an_interrupt_during_an_answer_ends_the_talk)
{
    struct desk desk;
    desk_open(&desk);
    service_delay(&desk.service, 200);
    desk_begin(&desk);
    program_type(&desk.terminal, "Hello, case-1.\r");
    while (atomic_load(&desk.service.asked_all) == 0) {
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    program_type(&desk.terminal, "\x03");
    expect_desk_end(&desk, 2);
    service_close(&desk.service);
}

Test(prompt, words_are_shown_before_the_answer_is_complete)
{
    struct misbehave_step half = { .head = LIVE_SSE, .framing = MISBEHAVE_UNTIL_CLOSE, .end = MISBEHAVE_HANG };
    struct desk desk;
    desk_open(&desk);
    half.body = desk.service.format->half_sse;
    desk.service.trouble = &half;
    desk_begin(&desk);
    program_type(&desk.terminal, "Hello, case-1.\r");
    SHOWS(&desk, "triage: H\xc3\xa9");
    program_type(&desk.terminal, "\x03");
    expect_desk_end(&desk, 2);
    service_close(&desk.service);
}
