/* limits.h - how much is redacted at a time, in one list. Over it the text that is written says so in its `failed`.
 */
#ifndef BATON_SIM_REDACT_LIMITS_H
#define BATON_SIM_REDACT_LIMITS_H

enum {
    BATON_REDACT_TEXT_BYTES_MAX = 256 * 1024 * 1024, /* a body or a header's value, while it is rewritten */
    BATON_GUARD_TEXT_BYTES_MAX = 64 * 1024 * 1024,   /* an answer's text or a tool's result */

    BATON_KNOWN_VALUE_MIN = 8, /* bytes: shorter ones would be found in ordinary words */
    BATON_KNOWN_VALUE_MAX = 16 * 1024,
    BATON_KNOWN_VALUES_MAX = 1024,
    BATON_KNOWN_FORMS_BYTES_MAX = 64 * 1024 * 1024 /* all spellings of all values */
};

#endif
