#include "sim/cassette/volatile_text.h"

#include <string.h>

enum stretch {
    ELEMENT, /* from the opening to the closing; nothing where that is missing */
    LINE,    /* to the end of the line; the opening stands at the beginning of one */
    DATE     /* the digits and dashes that follow, in a <system-reminder> */
};

/* What stands there is left out. */
static const struct volatile_text {
    const char *opening, *closing;
    enum stretch stretch;
} volatile_texts[] = {
    { "<environment_context>", "</environment_context>", ELEMENT }, /* Codex: folder, date, time zone */
    { "<current_datetime>", "</current_datetime>", ELEMENT },       /* Copilot */
    { "<env>", "</env>", ELEMENT },                                 /* Claude: folder, system, date */
    { "<usage>subagent_tokens:", "</usage>", ELEMENT },             /* Claude, after an agent's result */
    { "<usage>total_tokens:", "</usage>", ELEMENT },
    { "agentId: ", NULL, LINE },
    { "x-anthropic-billing-header:", NULL, LINE }, /* Claude: a hash that changes */
    { "Working directory: ", NULL, LINE },
    { "Primary working directory: ", NULL, LINE },
    { "Wall time: ", NULL, LINE }, /* Codex, Kimi: results of tools */
    { "Chunk ID: ", NULL, LINE },
    { "Today's date is ", NULL, DATE }, /* Claude, Kimi */
};

enum { VOLATILE_COUNT = sizeof volatile_texts / sizeof *volatile_texts };

struct stripper {
    const char *data;
    size_t length;
    bool in_reminder;
    bool is_unclosed[VOLATILE_COUNT]; /* looked for in vain: nor is it further on */
};

static bool starts_with(const struct stripper *text, size_t at, const char *word)
{
    size_t length = strlen(word);
    return text->length - at >= length && memcmp(text->data + at, word, length) == 0;
}

/* Whether only blanks and a dash stand before it in its line. */
static bool begins_line(const struct stripper *text, size_t at)
{
    enum { INDENT_MAX = 16 };
    for (size_t i = 0; i < INDENT_MAX && at > 0; i++) {
        char before = text->data[--at];
        if (before == '\n') {
            return true;
        }
        if (before != ' ' && before != '-') {
            return false;
        }
    }
    return at == 0;
}

/* If something volatile begins at `at`, where what is left out starts and ends. */
static bool volatile_at(struct stripper *text, size_t at, size_t *start, size_t *end)
{
    for (size_t i = 0; i < VOLATILE_COUNT; i++) {
        const struct volatile_text *row = &volatile_texts[i];
        if (row->opening[0] != text->data[at] || text->is_unclosed[i] || !starts_with(text, at, row->opening)) {
            continue;
        }
        *start = *end = at + strlen(row->opening);
        size_t left = text->length - *start;
        const char *close = NULL;
        switch (row->stretch) {
        case ELEMENT:
            close = memmem(text->data + *start, left, row->closing, strlen(row->closing));
            text->is_unclosed[i] = close == NULL;
            break;
        case LINE:
            close = begins_line(text, at) ? memchr(text->data + *start, '\n', left) : text->data + *start;
            close = close == NULL ? text->data + text->length : close;
            break;
        case DATE:
            close = text->data + *start;
            while (text->in_reminder && close < text->data + text->length &&
                   (*close == '-' || (*close >= '0' && *close <= '9'))) {
                close++;
            }
            break;
        }
        if (close != NULL && close > text->data + *start) {
            *end = (size_t)(close - text->data);
            return true;
        }
    }
    return false;
}

struct baton_str baton_volatile_text_strip(struct baton_arena *arena, struct baton_str prose)
{
    static const char reminder[] = "<system-reminder>", reminder_end[] = "</system-reminder>";
    struct stripper text = { .data = prose.data, .length = prose.length };
    char *copy = NULL;
    size_t length = 0, done = 0, start, end;
    for (size_t at = 0; at < prose.length; at++) {
        if (prose.data[at] == '<' && (starts_with(&text, at, reminder) || starts_with(&text, at, reminder_end))) {
            text.in_reminder = prose.data[at + 1] != '/';
        }
        if (!volatile_at(&text, at, &start, &end)) {
            continue;
        }
        copy = copy != NULL ? copy : baton_arena_alloc(arena, prose.length);
        if (copy == NULL) {
            return (struct baton_str){ NULL, 0 };
        }
        memcpy(copy + length, prose.data + done, start - done);
        length += start - done;
        done = end;
        at = end - 1;
    }
    if (copy == NULL) {
        return prose;
    }
    memcpy(copy + length, prose.data + done, prose.length - done);
    return (struct baton_str){ copy, length + prose.length - done };
}
