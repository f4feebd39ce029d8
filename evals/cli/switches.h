/* switches.h - one line for each switch of a verb's table (args.h), and the lines that several verbs share.
 *
 * A file with a table defines FORM before it, the struct of its values; `field` is the member that the switch fills. The
 * letter is 0 where there is no short way to write it.
 */
#ifndef BATON_EVALS_CLI_SWITCHES_H
#define BATON_EVALS_CLI_SWITCHES_H

#include "evals/cli/args.h"

#include <stddef.h>

/* clang-format off */
#define BATON_ROW(name, letter, type, field, ...) { name, letter, type, offsetof(FORM, field), __VA_ARGS__ }

#define FLAG(name, letter, field, help)                     BATON_ROW(name, letter, BATON_SWITCH_FLAG, field, NULL, help, 0, 0, NULL)
#define TEXT(name, letter, field, value, help)              BATON_ROW(name, letter, BATON_SWITCH_TEXT, field, value, help, 0, 0, NULL)
#define LIST(name, letter, field, value, help)              BATON_ROW(name, letter, BATON_SWITCH_LIST, field, value, help, 0, 0, NULL)
#define CHOICE(name, letter, field, value, choices, help)   BATON_ROW(name, letter, BATON_SWITCH_TEXT, field, value, help, 0, 0, choices)
#define NUMBER(name, letter, field, value, low, high, help) BATON_ROW(name, letter, BATON_SWITCH_NUMBER, field, value, help, low, high, NULL)

#define REPORT_SWITCH      LIST("report", 0, reports, "FORM[=FILE]", "one more report, to a file, into --out or to standard output; may be repeated")
#define BASELINE_SWITCH    TEXT("baseline", 0, baseline, "PATH", "compare with those results: a folder, or a summary.json with its results.jsonl beside it")
#define JSON_SWITCH(help)  FLAG("json", 0, json, help)
#define QUIET_SWITCH(help) FLAG("quiet", 'q', quiet, help)
#define NO_COLOR_SWITCH    FLAG("no-color", 0, no_color, "no colours (also: NO_COLOR)")
/* clang-format on */

#endif
