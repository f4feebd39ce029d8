/* event_printer.c - a person sees the answers as they are streamed, and a line beside them for each call, handoff and error.
 *
 * All of it is text of models and services, so all of it passes engine/base/terminal. A stream may be cut anywhere, also
 * inside a character; the start of one is held back until the rest comes.
 */
#include "evals/cli/event_printer.h"

#include "engine/base/terminal.h"
#include "engine/base/utf8.h"
#include "evals/cli/print.h"

#include <string.h>

enum { EVENT_BYTES_MAX = 64 * 1024 * 1024, UTF8_BYTES_MAX = 4 };

struct baton_event_printer baton_event_printer_new(bool as_json, bool has_colour)
{
    struct baton_text empty = baton_text_with_limit(EVENT_BYTES_MAX);
    return (struct baton_event_printer){ .as_json = as_json, .has_colour = has_colour, .raw = empty, .clean = empty };
}

void baton_event_printer_clear(struct baton_event_printer *printer)
{
    baton_text_clear(&printer->raw);
    baton_text_clear(&printer->clean);
}

/* Prints the scratch text, and empties it. */
static void flush(struct baton_event_printer *printer)
{
    if (printer->clean.failed) {
        fputs("baton: out of memory for an event\n", stderr);
    }
    baton_print_text(stdout, &printer->clean);
    baton_text_reset(&printer->clean);
}

/* ---- what an agent says ---- */

/* Bytes of the text up to a character that its end may have cut. */
static size_t whole_length(struct baton_str text)
{
    for (size_t back = 1; back < UTF8_BYTES_MAX && back <= text.length; back++) {
        unsigned char byte = (unsigned char)text.data[text.length - back];
        if (byte >= 0xc0) { /* a first byte, of 2 to 4 */
            size_t wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
            return wanted > back ? text.length - back : text.length;
        }
        if (byte < 0x80) {
            break;
        }
    }
    return text.length;
}

/* Prints so many bytes of what was held back, and keeps the rest. */
static void print_raw(struct baton_event_printer *printer, size_t length)
{
    struct baton_str rest = baton_str_after(baton_text_str(&printer->raw), length);
    char kept[UTF8_BYTES_MAX];
    baton_terminal_lines(&printer->clean, (struct baton_str){ printer->raw.data, length });
    flush(printer);
    memcpy(kept, rest.data, rest.length);
    baton_text_reset(&printer->raw);
    baton_text_append(&printer->raw, kept, rest.length);
}

static void speak(struct baton_event_printer *printer, struct baton_str agent, struct baton_str text)
{
    if (!printer->is_speaking) {
        baton_print(stdout, "%.*s: ", BATON_STR_ARGS(agent));
        printer->is_speaking = true;
    }
    baton_text_append(&printer->raw, text.data, text.length);
    if (printer->raw.length > 0) {
        print_raw(printer, whole_length(baton_text_str(&printer->raw)));
    }
    fflush(stdout);
}

static void end_speech(struct baton_event_printer *printer)
{
    if (printer->raw.length > 0) {
        print_raw(printer, printer->raw.length);
    }
    if (printer->is_speaking) {
        putchar('\n');
        printer->is_speaking = false;
    }
}

/* ---- what happens beside it ---- */

static void note(struct baton_event_printer *printer, const char *before, struct baton_str a, const char *between,
                 struct baton_str b)
{
    struct baton_text *clean = &printer->clean;
    end_speech(printer);
    baton_terminal_colour(clean, printer->has_colour, BATON_DIM);
    baton_text_puts(clean, "  ");
    baton_text_puts(clean, before);
    baton_terminal_put(clean, a);
    baton_text_puts(clean, between);
    baton_terminal_put(clean, b);
    baton_terminal_colour(clean, printer->has_colour, BATON_PLAIN);
    baton_text_putc(clean, '\n');
    flush(printer);
}

static void note_handoff(struct baton_event_printer *printer, const struct baton_event *event)
{
    note(printer, "", baton_agent_name(printer->agents, event->from), " > ",
         baton_agent_name(printer->agents, event->to));
    if (event->text.length > 0) {
        note(printer, "  reason: ", event->text, "", BATON_STR(""));
    }
}

static void print_event(struct baton_event_printer *printer, const struct baton_event *event)
{
    struct baton_str agent = baton_agent_name(printer->agents, event->agent);
    switch (event->type) {
    case BATON_EVENT_TEXT_DELTA:
        speak(printer, agent, event->text);
        break;
    case BATON_EVENT_TOOL_CALL:
        note(printer, "calls ", event->name, " ", event->arguments);
        break;
    case BATON_EVENT_TOOL_RESULT:
        if (event->is_error) {
            note(printer, "", event->name, " answers ", event->text);
        }
        break;
    case BATON_EVENT_HANDOFF:
        note_handoff(printer, event);
        break;
    case BATON_EVENT_LOOP:
        note(printer, "loop: ", event->name, "", BATON_STR(""));
        break;
    case BATON_EVENT_WARNING:
    case BATON_EVENT_ERROR:
        note(printer, "", event->name, ": ", event->text);
        break;
    case BATON_EVENT_DONE:
        end_speech(printer);
        if (event->nesting == 0 && strcmp(event->status, "answered") != 0) {
            note(printer, "ended: ", baton_str_of(event->status), "; next would speak ", agent);
        }
        break;
    case BATON_EVENT_TURN_START:
    case BATON_EVENT_AGENT_UPDATED:
    case BATON_EVENT_TURN_END:
        end_speech(printer);
        break;
    }
}

void baton_event_printer_take(void *user, const struct baton_event *event)
{
    struct baton_event_printer *printer = user;
    if (!printer->as_json) {
        print_event(printer, event);
        return;
    }
    baton_event_write(&printer->clean, event, printer->agents);
    baton_text_putc(&printer->clean, '\n');
    flush(printer);
}
