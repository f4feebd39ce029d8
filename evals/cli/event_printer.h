/* event_printer.h - the events of a conversation as they happen: as text for a person, or as JSON lines for programs.
 *
 * Owns:     its texts, until baton_event_printer_clear().
 * Threads:  one.
 */
#ifndef BATON_EVALS_CLI_EVENT_PRINTER_H
#define BATON_EVALS_CLI_EVENT_PRINTER_H

#include "engine/base/text.h"
#include "engine/core/events.h"

struct baton_event_printer {
    const struct baton_agents *agents; /* set before the first event */
    bool as_json, has_colour;
    bool is_speaking;        /* private, as all below: the line is an agent's answer */
    struct baton_text raw;   /* what was not printed yet: perhaps the start of a character that the next piece ends */
    struct baton_text clean; /* scratch */
};

struct baton_event_printer baton_event_printer_new(bool as_json, bool has_colour);
void baton_event_printer_clear(struct baton_event_printer *printer);

/* Prints to standard output; fits struct baton_event_sink. */
void baton_event_printer_take(void *printer, const struct baton_event *event);

#endif
