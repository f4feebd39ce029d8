/* prompt.h - messages from a person or a pipe, a line each, and the commands among them.
 *
 * On a terminal lines can be edited and called back (libedit, where it is installed); from a pipe they are read as they are.
 * A line that begins with `/` is a command; `//` stands for a message that begins with `/`.
 *
 * Owns:     its last line, until the next one.
 * Threads:  one.
 */
#ifndef BATON_EVALS_CLI_PROMPT_H
#define BATON_EVALS_CLI_PROMPT_H

#include "engine/base/error.h"
#include "engine/base/text.h"

enum { BATON_PROMPT_BYTES_MAX = 1024 * 1024 };

#define BATON_PROMPT_COMMANDS(X)                               \
    X(AGENTS, "agents", "who there is, and who has the floor") \
    X(RESET, "reset", "begin a new conversation")              \
    X(HELP, "help", "these commands")                          \
    X(QUIT, "quit", "end; so does the end of the input")

#define BATON_PROMPT_ENUM(name, word, text) BATON_PROMPT_##name,
enum baton_prompt_input {
    BATON_PROMPT_COMMANDS(BATON_PROMPT_ENUM) BATON_PROMPT_MESSAGE,
    BATON_PROMPT_UNKNOWN, /* a command that is none; its text is the hint */
    BATON_PROMPT_END
};
#undef BATON_PROMPT_ENUM

struct baton_prompt {
    struct baton_text line; /* private, as all below */
    bool has_person;
    char *(*edit)(const char *label); /* NULL: lines are read as they are */
    int (*remember)(const char *line);
    void *letters; /* the locale of UTF-8, while a line is edited; else its letters would be dropped */
    char *edited;
    char hint[256];
};

/* has_person: standard input is a terminal that somebody types at. */
void baton_prompt_init(struct baton_prompt *prompt, bool has_person);
void baton_prompt_clear(struct baton_prompt *prompt);

/* The next line that says something; `label` stands before it on a terminal. *text: a message, or a hint. BATON_EINPUT when
 * it is not UTF-8 or longer than BATON_PROMPT_BYTES_MAX. */
BATON_MUST_CHECK enum baton_status baton_prompt_next(struct baton_prompt *prompt, const char *label,
                                                     enum baton_prompt_input *input, struct baton_str *text,
                                                     struct baton_error *err);

/* The i-th command and what it does; false past the end. */
bool baton_prompt_command_at(size_t i, const char **word, const char **what);

#endif
