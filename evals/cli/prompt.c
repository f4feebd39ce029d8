#include "evals/cli/prompt.h"

#include "engine/base/suggest.h"
#include "engine/base/utf8.h"

#include <dlfcn.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND_ROW(name, word, text) { word, text },
static const struct {
    const char *word, *what;
} commands[] = { BATON_PROMPT_COMMANDS(COMMAND_ROW) };
#undef COMMAND_ROW

enum { COMMAND_COUNT = sizeof commands / sizeof *commands, COMMAND_BYTES_SHOWN = 40 };

bool baton_prompt_command_at(size_t i, const char **word, const char **what)
{
    if (i >= COMMAND_COUNT) {
        return false;
    }
    *word = commands[i].word;
    *what = commands[i].what;
    return true;
}

/* libedit is loaded where somebody types, and nowhere else: linked, every start would pay for it. */
static void load_editor(struct baton_prompt *prompt)
{
    static const char *const names[] = { "libedit.so.2", "libedit.so.0", "libedit.3.dylib", "libedit.dylib" };
    static const char *const locales[] = { "C.UTF-8", "en_US.UTF-8", "UTF-8" };
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && library == NULL; i++) {
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    }
    void *edit = library == NULL ? NULL : dlsym(library, "readline");
    void *remember = library == NULL ? NULL : dlsym(library, "add_history");
    for (size_t i = 0; i < sizeof locales / sizeof *locales && prompt->letters == NULL; i++) {
        prompt->letters = newlocale(LC_CTYPE_MASK, locales[i], NULL);
    }
    if (edit != NULL && remember != NULL && prompt->letters != NULL) {
        /* C has no cast from an object's address to a function's; POSIX promises that the bytes are the same. */
        memcpy(&prompt->edit, &edit, sizeof edit);
        memcpy(&prompt->remember, &remember, sizeof remember);
    }
}

void baton_prompt_init(struct baton_prompt *prompt, bool has_person)
{
    *prompt = (struct baton_prompt){ .line = baton_text_with_limit(BATON_PROMPT_BYTES_MAX), .has_person = has_person };
    if (has_person) {
        load_editor(prompt);
    }
}

void baton_prompt_clear(struct baton_prompt *prompt)
{
    baton_text_clear(&prompt->line);
    free(prompt->edited);
    prompt->edited = NULL;
    if (prompt->letters != NULL) {
        freelocale(prompt->letters);
        prompt->letters = NULL;
    }
}

static enum baton_status too_long(struct baton_error *err)
{
    return baton_error_set(err, BATON_EINPUT, "standard input: a line of more than %d KiB, the limit for a message",
                           BATON_PROMPT_BYTES_MAX / 1024);
}

/* A line from a person, with editing. False at the end. */
static bool edit_line(struct baton_prompt *prompt, const char *label, struct baton_str *line)
{
    free(prompt->edited);
    locale_t before = uselocale(prompt->letters);
    prompt->edited = prompt->edit(label);
    if (prompt->edited != NULL && prompt->edited[0] != '\0') {
        prompt->remember(prompt->edited);
    }
    uselocale(before);
    if (prompt->edited == NULL) {
        return false;
    }
    *line = baton_str_of(prompt->edited);
    return true;
}

/* A line as it comes; *has_line: false at the end. */
static enum baton_status read_line(struct baton_prompt *prompt, const char *label, struct baton_str *line,
                                   bool *has_line, struct baton_error *err)
{
    int c;
    baton_text_reset(&prompt->line);
    if (prompt->has_person) {
        fputs(label, stdout);
        fflush(stdout);
    }
    while ((c = getc(stdin)) != EOF && c != '\n') {
        baton_text_putc(&prompt->line, (char)c);
        if (prompt->line.failed) {
            return too_long(err);
        }
    }
    *has_line = c != EOF || prompt->line.length > 0;
    *line = baton_text_str(&prompt->line);
    return BATON_OK;
}

static enum baton_prompt_input find_command(struct baton_prompt *prompt, struct baton_str word, struct baton_str *text)
{
    struct baton_suggest suggest;
    char nearest[BATON_SUGGEST_TEXT_BYTES];
    struct baton_str shown = baton_str_cut(word, COMMAND_BYTES_SHOWN);
    baton_suggest_init(&suggest, word);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (baton_str_is(word, commands[i].word)) {
            return (enum baton_prompt_input)i;
        }
        baton_suggest_offer(&suggest, baton_str_of(commands[i].word));
    }
    snprintf(prompt->hint, sizeof prompt->hint, "no command '/%.*s'%s; /help lists them", BATON_STR_ARGS(shown),
             baton_suggest_text(&suggest, nearest));
    *text = baton_str_of(prompt->hint);
    return BATON_PROMPT_UNKNOWN;
}

enum baton_status baton_prompt_next(struct baton_prompt *prompt, const char *label, enum baton_prompt_input *input,
                                    struct baton_str *text, struct baton_error *err)
{
    struct baton_str line = { "", 0 };
    bool has_line = true;
    size_t bad = 0;
    for (;;) {
        enum baton_status status = BATON_OK;
        if (prompt->edit != NULL) {
            has_line = edit_line(prompt, label, &line);
        } else {
            status = read_line(prompt, label, &line, &has_line, err);
        }
        if (status != BATON_OK || !has_line) {
            *input = BATON_PROMPT_END;
            return status;
        }
        line = baton_str_trim(line);
        if (line.length > 0) {
            break;
        }
    }
    if (!baton_utf8_valid(line.data, line.length, &bad)) {
        return baton_error_set(err, BATON_EINPUT, "standard input: not UTF-8");
    }
    if (line.data[0] == '/' && !(line.length > 1 && line.data[1] == '/')) {
        *input = find_command(prompt, (struct baton_str){ line.data + 1, line.length - 1 }, text);
        return BATON_OK;
    }
    size_t skip = line.data[0] == '/' ? 1 : 0;
    *text = (struct baton_str){ line.data + skip, line.length - skip };
    *input = BATON_PROMPT_MESSAGE;
    return BATON_OK;
}
