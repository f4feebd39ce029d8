/* switches.h - one line for each switch of a verb's table (args.h), and the lines that several verbs share.
 *
 * `form` is the verb's struct of values without `struct`, `field` the member that the switch fills. The letter is 0 where
 * there is no short way to write it.
 */
#ifndef BATON_EVALS_CLI_SWITCHES_H
#define BATON_EVALS_CLI_SWITCHES_H

#include "evals/cli/args.h"

#include <stddef.h>

/* clang-format off: a line each */
#define BATON_ROW(name, letter, type, form, field, ...)               \
    {                                                                 \
        name, letter, type, offsetof(struct form, field), __VA_ARGS__ \
    }

#define FLAG(name, letter, form, field, help) \
    BATON_ROW(name, letter, BATON_SWITCH_FLAG, form, field, NULL, help, 0, 0, NULL)
#define TEXT(name, letter, form, field, value, help) \
    BATON_ROW(name, letter, BATON_SWITCH_TEXT, form, field, value, help, 0, 0, NULL)
#define LIST(name, letter, form, field, value, help) \
    BATON_ROW(name, letter, BATON_SWITCH_LIST, form, field, value, help, 0, 0, NULL)
#define CHOICE(name, letter, form, field, value, choices, help) \
    BATON_ROW(name, letter, BATON_SWITCH_TEXT, form, field, value, help, 0, 0, choices)
#define NUMBER(name, letter, form, field, value, low, high, help) \
    BATON_ROW(name, letter, BATON_SWITCH_NUMBER, form, field, value, help, low, high, NULL)

#define REPORT_SWITCH(form)                         \
    LIST("report", 0, form, reports, "FORM[=FILE]", \
         "one more report, to a file, into --out or to standard output; may be repeated")
#define BASELINE_SWITCH(form)                   \
    TEXT("baseline", 0, form, baseline, "PATH", \
         "compare with those results: a folder, or a summary.json with its results.jsonl beside it")
#define JSON_SWITCH(form, help) FLAG("json", 0, form, json, help)
#define QUIET_SWITCH(form, help) FLAG("quiet", 'q', form, quiet, help)
#define NO_COLOR_SWITCH(form) FLAG("no-color", 0, form, no_color, "no colours (also: NO_COLOR)")
/* clang-format on */

#endif
