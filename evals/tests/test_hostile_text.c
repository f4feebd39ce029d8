/* What a model, a file or a service says reaches a person without anything that a terminal would obey. */
#include "engine/base/utf8.h"
#include "engine/core/agents.h"
#include "evals/cli/event_printer.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A colour, a window's title, control bytes of both sets, DEL, a line separator, and controls that turn text round: in JSON. */
#define HOSTILE "\\u001b[31m\\u001b]0;t\\u0007\\u009b2J\\u0085\\u007f\\r\\b\\u2028\\u202e\\u2066"
#define AGENT "bill" HOSTILE
#define TRANSFER "transfer_to_bill__31m__0_t___2J______________" /* to that agent, by the rules for names of tools */

static const char agents[] =
    "{\"version\":1,\"entry\":\"triage\",\"agents\":{"
    "\"triage\":{\"description\":\"d" HOSTILE "\",\"instructions\":\"i\",\"handoffs\":[\"" AGENT "\"]},\"" AGENT
    "\":{\"description\":\"e" HOSTILE "\"},"
    "\"lost" HOSTILE "\":{\"description\":\"f\",\"instructions\":\"i\"}}}";

#define CALL(name, arguments)                                                                             \
    "\"tool_calls\":[{\"id\":\"c" HOSTILE "\",\"type\":\"function\",\"function\":{\"name\":\"" name "\"," \
    "\"arguments\":\"{\\\"reason\\\":\\\"" arguments "\\\"}\"}}]"

/* A handoff with a reason, a call of a tool that is not there, an answer; the label fails. */
static const char conversation[] =
    "{\"id\":\"a" HOSTILE "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi" HOSTILE "\",\"expect\":"
    "{\"final\":\"triage\",\"says\":\"x"
    "\\u202e"
    "\"}},"
    "{\"role\":\"assistant\",\"agent\":\"triage\",\"content\":\"Wait" HOSTILE
    "\"," CALL("nothing" HOSTILE, "y") "},"
                                       "{\"role\":\"tool\",\"tool_call_id\":\"c" HOSTILE
                                       "\",\"content\":\"Error: t" HOSTILE "\"},"
                                       "{\"role\":\"assistant\",\"agent\":\"triage\"," CALL(
                                           TRANSFER, "z\\\\u001b[31m") "},"
                                                                       "{\"role\":\"tool\",\"tool_call_id\":\"c" HOSTILE
                                                                       "\",\"content\":\"no\"},"
                                                                       "{\"role\":\"assistant\",\"agent\":\"" AGENT
                                                                       "\",\"content\":\"Line one" HOSTILE
                                                                       "\\nline two\"}]}\n";

/* The first thing in a text that a terminal would obey or show in another order, or that is no text; its length if none. */
static size_t first_bad(struct baton_str text)
{
    for (size_t at = 0, length; at < text.length; at += length) {
        length = baton_utf8_length(text.data + at, text.length - at);
        uint32_t point = length == 0 ? 0 : baton_utf8_point(text.data + at, length);
        bool is_control = (point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7f && point < 0xa0);
        bool is_bidi = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
        if (is_control || is_bidi || point == 0x2028 || point == 0x2029) {
            return at;
        }
    }
    return text.length;
}

static void expect_harmless(const struct program_run *run, const char *name, const char *wanted)
{
    const struct baton_str texts[] = { run->out, run->err };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        size_t at = first_bad(texts[i]);
        cr_expect_eq(at, texts[i].length, "%s: byte 0x%02x at %zu of %s:\n%.*s", name,
                     at < texts[i].length ? (unsigned char)texts[i].data[at] : 0, at, i == 0 ? "output" : "messages",
                     (int)texts[i].length, texts[i].data);
    }
    cr_expect(program_has(run->out, wanted) || program_has(run->err, wanted), "%s: no '%s' in:\n%.*s%.*s", name, wanted,
              (int)run->out.length, run->out.data, (int)run->err.length, run->err.data);
}

Test(hostile_text, no_verb_passes_it_on_to_a_terminal)
{
    struct program program;
    program_open(&program);
    const char *file = program_file(&program, "agents.json", agents);
    const char *recorded = program_file(&program, "c.jsonl", conversation);
    const char *broken = program_file(
        &program, "b.jsonl",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"expect\":{\"final\":\"no" HOSTILE "\"}}]}\n");
    const char *results = program_path(&program, "results");
    program_file(&program, "id.txt", "");
    const struct row {
        const char *name, *wanted;
        const char *arguments[10];
    } rows[] = {
        { "a run of a recording", "line two", { "run", file, "--replay", recorded } },
        { "an explanation", "NOT AS EXPECTED", { "explain", "--agents", file, "--conversations", recorded, "ID" } },
        { "a run", "to look at", { "eval", "--agents", file, "--conversations", recorded, "--out", results } },
        { "an explanation of results", "(from the results", { "explain", results, "ID" } },
        { "advice", "cannot be reached", { "check", file } },
        { "an error in a file", "unknown agent", { "check", broken, "--agents", file } },
        { "the same, when it is played", "unknown agent", { "eval", "--agents", file, "--conversations", broken } },
        { "an id that there is not",
          "no conversation",
          { "explain", "--agents", file, "--conversations", recorded, "\033" } },
        { "a verb", "unknown verb", { "\033[31m\xc2\x9b" } },
        { "a switch", "unknown switch", { "run", "--\033[31m" } },
        { "a provider", "unknown provider", { "run", file, "Hi", "--provider", "\033[31m\xe2\x80\xae" } },
        { "a file's name", "no-such", { "run", "no-such\033]0;t\007", "Hi" } },
    };
    char id[] = "a\033[31m\033]0;t\a\xc2\x9b"
                "2J\xc2\x85\x7f\r\b\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6";
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *arguments[COUNT_OF(rows->arguments) + 1] = { NULL };
        for (size_t k = 0; k < COUNT_OF(rows->arguments) && rows[i].arguments[k] != NULL; k++) {
            arguments[k] = strcmp(rows[i].arguments[k], "ID") == 0 ? id : rows[i].arguments[k];
        }
        struct program_run run = program_run(&program, arguments);
        expect_harmless(&run, rows[i].name, rows[i].wanted);
    }
    program_close(&program);
}

Test(hostile_text, the_prompt_lists_agents_without_it)
{
    struct program program;
    program_open(&program);
    const char *file = program_file(&program, "agents.json", agents);
    const struct program_options options = { .input = BATON_STR("/agents\n/what\033[31m\n") };
    struct program_run run =
        program_run_with(&program, &options, (const char *const[]){ "run", file, "--provider", "sim:random", NULL });
    expect_harmless(&run, "agents", "* triage: d");
    expect_harmless(&run, "a command", "no command '/what");
    program_close(&program);
}

/* What the printer makes of an answer in pieces of so many bytes, and one more event. */
static char *printed(struct baton_str answer, size_t piece_bytes, bool has_colour)
{
    static const struct baton_agent agent = { .name = BATON_STR_INIT("bill\033") };
    const struct baton_agents known = { .list = &agent, .count = 1 };
    char *text = NULL;
    size_t length = 0;
    struct baton_event_printer printer = baton_event_printer_new(false, has_colour);
    FILE *output = stdout;
    printer.agents = &known;
    stdout = open_memstream(&text, &length);
    for (size_t at = 0; at < answer.length; at += piece_bytes) {
        size_t left = answer.length - at;
        struct baton_event delta = { .type = BATON_EVENT_TEXT_DELTA,
                                     .text = { answer.data + at, left < piece_bytes ? left : piece_bytes } };
        baton_event_printer_take(&printer, &delta);
    }
    baton_event_printer_take(&printer, &(struct baton_event){ .type = BATON_EVENT_ERROR,
                                                              .name = BATON_STR("late\r"),
                                                              .text = BATON_STR("\xc2\x9b\xff") });
    fclose(stdout);
    stdout = output;
    baton_event_printer_clear(&printer);
    return text;
}

Test(hostile_text, a_streamed_answer_may_be_cut_anywhere)
{
    static const struct row {
        const char *name;
        struct baton_str answer;
        const char *want;
    } rows[] = {
        { "characters of one to four bytes", BATON_STR_INIT("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80."),
          "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80." },
        { "controls of several bytes", BATON_STR_INIT("x\033[1m\xc2\x9by\xe2\x80\xaez\n\tw"),
          "x [1m y\xef\xbf\xbdz\n\tw" },
        { "a character that never ends", BATON_STR_INIT("x\xf0\x9f\x98"), "x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "bytes that begin none", BATON_STR_INIT("\x80\xbf\xff!"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t piece = 1; piece <= rows[i].answer.length; piece++) {
            char *got = printed(rows[i].answer, piece, false), want[256];
            snprintf(want, sizeof want, "bill : %s\n  late :  \xef\xbf\xbd\n", rows[i].want);
            cr_expect_str_eq(got, want, "%s, %zu bytes at a time: %s", rows[i].name, piece, got);
            free(got);
        }
    }
}

Test(hostile_text, colours_are_ours_alone)
{
    char *got = printed(BATON_STR("\033[2mdim"), 4, true);
    cr_expect_str_eq(got, "bill :  [2mdim\n\033[2m  late :  \xef\xbf\xbd\033[0m\n", "%s", got);
    free(got);
}
