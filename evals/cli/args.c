/* args.c - reads a command line by the verb's table, and prints the table as help.
 *
 * Written here since getopt_long() can neither name the nearest switch nor keep values out of globals.
 */
#include "evals/cli/args.h"

#include "engine/base/number.h"
#include "engine/base/suggest.h"
#include "engine/base/text.h"

#include <stdio.h>
#include <string.h>

enum { DECIMAL_BYTES = 64 };

struct reading {
    const struct baton_verb *verb;
    int argc;
    char **argv;
    int at;
    struct baton_arena *arena;
    char *out;
    struct baton_error *err;
};

static enum baton_status unknown_switch(const struct reading *reading, struct baton_str name)
{
    struct baton_suggest suggest;
    char hint[BATON_SUGGEST_TEXT_BYTES];
    baton_suggest_init(&suggest, name);
    for (size_t i = 0; i < reading->verb->switch_count; i++) {
        baton_suggest_offer(&suggest, baton_str_of(reading->verb->switches[i].name));
    }
    baton_suggest_text(&suggest, hint);
    return baton_error_set(reading->err, BATON_EUSAGE, "unknown switch '%s%.*s' of 'baton %s'%s%s",
                           name.length == 1 ? "-" : "--", (int)name.length, name.data, reading->verb->name, hint,
                           hint[0] == '\0' ? "; see 'baton help'" : "");
}

static const struct baton_switch *find_switch(const struct baton_verb *verb, struct baton_str name)
{
    for (size_t i = 0; i < verb->switch_count; i++) {
        const struct baton_switch *one = &verb->switches[i];
        if (baton_str_is(name, one->name) || (name.length == 1 && one->letter != 0 && name.data[0] == one->letter)) {
            return one;
        }
    }
    return NULL;
}

static enum baton_status put_number(const struct reading *reading, const struct baton_switch *one, const char *value)
{
    int64_t number = 0;
    if (!baton_number_i64(baton_str_of(value), &number) || number < one->low || number > one->high) {
        return baton_error_set(reading->err, BATON_EUSAGE, "--%s must be a whole number from %lld to %lld, not '%s'",
                               one->name, (long long)one->low, (long long)one->high, value);
    }
    memcpy(reading->out + one->offset, &number, sizeof number);
    return BATON_OK;
}

static enum baton_status list_add(const struct reading *reading, struct baton_arg_list *list, const char *item)
{
    if (list->items == NULL) {
        list->items = baton_arena_array(reading->arena, (size_t)reading->argc + 1, sizeof *list->items);
    }
    if (list->items == NULL) {
        return baton_error_no_memory(reading->err, NULL);
    }
    list->items[list->count++] = item;
    return BATON_OK;
}

static enum baton_status put_value(const struct reading *reading, const struct baton_switch *one, const char *value)
{
    if (one->type == BATON_SWITCH_NUMBER) {
        return put_number(reading, one, value);
    }
    if (one->type == BATON_SWITCH_LIST) {
        return list_add(reading, (struct baton_arg_list *)(void *)(reading->out + one->offset), value);
    }
    memcpy(reading->out + one->offset, &value, sizeof value);
    return BATON_OK;
}

/* One switch; `attached` is the value written to it, or NULL. */
static enum baton_status read_switch(struct reading *reading, struct baton_str name, const char *attached)
{
    const struct baton_switch *one = find_switch(reading->verb, name);
    if (one == NULL) {
        return unknown_switch(reading, name);
    }
    if (one->type == BATON_SWITCH_FLAG) {
        bool on = true;
        memcpy(reading->out + one->offset, &on, sizeof on);
        return attached == NULL ? BATON_OK
                                : baton_error_set(reading->err, BATON_EUSAGE, "--%s takes no value", one->name);
    }
    if (attached == NULL && reading->at + 1 >= reading->argc) {
        return baton_error_set(reading->err, BATON_EUSAGE, "--%s needs a value: --%s %s", one->name, one->name,
                               one->value);
    }
    return put_value(reading, one, attached != NULL ? attached : reading->argv[++reading->at]);
}

static enum baton_status read_argument(struct reading *reading, struct baton_arg_list *plain, bool *is_ended)
{
    const char *text = reading->argv[reading->at];
    if (*is_ended || text[0] != '-' || text[1] == '\0') {
        return list_add(reading, plain, text);
    }
    if (strcmp(text, "--") == 0) {
        *is_ended = true;
        return BATON_OK;
    }
    if (text[1] == '-') {
        const char *equals = strchr(text, '=');
        size_t length = equals == NULL ? strlen(text + 2) : (size_t)(equals - text - 2);
        return read_switch(reading, (struct baton_str){ text + 2, length }, equals == NULL ? NULL : equals + 1);
    }
    return read_switch(reading, (struct baton_str){ text + 1, 1 }, text[2] == '\0' ? NULL : text + 2);
}

static enum baton_status read_all(struct reading *reading, struct baton_arg_list *plain, bool *wants_help)
{
    bool is_ended = false;
    *plain = (struct baton_arg_list){ 0 };
    *wants_help = false;
    if (reading->argc > BATON_ARGS_MAX) {
        return baton_error_set(reading->err, BATON_EUSAGE, "more than %d arguments", BATON_ARGS_MAX);
    }
    for (; reading->at < reading->argc; reading->at++) {
        const char *text = reading->argv[reading->at];
        if (!is_ended && (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0)) {
            *wants_help = true;
            return BATON_OK;
        }
        enum baton_status status = read_argument(reading, plain, &is_ended);
        if (status != BATON_OK) {
            return status;
        }
    }
    const struct baton_verb *verb = reading->verb;
    return plain->count >= verb->least && plain->count <= verb->most
               ? BATON_OK
               : baton_error_set(reading->err, BATON_EUSAGE, "usage: baton %s %s; see 'baton %s --help'", verb->name,
                                 verb->usage, verb->name);
}

static void print_switch(const struct baton_switch *one)
{
    char left[64], letter[8] = "    ";
    if (one->letter != 0) {
        snprintf(letter, sizeof letter, "-%c, ", one->letter);
    }
    snprintf(left, sizeof left, "%s--%s%s%s", letter, one->name, one->value == NULL ? "" : " ",
             one->value == NULL ? "" : one->value);
    printf("  %-30s %s", left, one->help);
    for (size_t i = 0; one->choices != NULL && one->choices(i) != NULL; i++) {
        printf("%s%s%s", i == 0 ? " (" : ", ", one->choices(i), one->choices(i + 1) == NULL ? ")" : "");
    }
    putchar('\n');
}

static void print_help(const struct baton_verb *verb)
{
    printf("%s\n\nusage: baton %s %s\n", verb->examples, verb->name, verb->usage);
    if (verb->switch_count > 0) {
        putchar('\n');
    }
    for (size_t i = 0; i < verb->switch_count; i++) {
        print_switch(&verb->switches[i]);
    }
    if (verb->more != NULL) {
        printf("\n%s\n", verb->more);
    }
}

enum baton_status baton_args_begin(const struct baton_command_line *line, struct baton_arena *arena, void *out,
                                   struct baton_arg_list *plain, bool *is_done, struct baton_error *err)
{
    struct reading reading = {
        .verb = line->verb, .argc = line->argc, .argv = line->argv, .arena = arena, .out = out, .err = err
    };
    if (arena == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    enum baton_status status = read_all(&reading, plain, is_done);
    if (status == BATON_OK && *is_done) {
        print_help(line->verb);
    }
    return status;
}

bool baton_args_take_decimal(struct baton_str *text, double *out)
{
    char whole[DECIMAL_BYTES];
    if (!baton_str_starts(*text, ".")) {
        return baton_number_take_double(text, out);
    }
    snprintf(whole, sizeof whole, "0%.*s", BATON_STR_ARGS(*text));
    struct baton_str rest = baton_str_of(whole);
    size_t length = rest.length;
    bool is_read = baton_number_take_double(&rest, out);
    if (is_read) {
        *text = baton_str_after(*text, length - rest.length - 1);
    }
    return is_read;
}

enum baton_status baton_args_unknown(const char *kind, const char *name, const char *kinds, baton_choices *choices,
                                     struct baton_error *err)
{
    struct baton_suggest suggest;
    struct baton_text known = baton_text_with_limit(BATON_ERROR_TEXT_BYTES);
    char text[BATON_SUGGEST_UNKNOWN_BYTES];
    baton_suggest_init(&suggest, baton_str_of(name));
    baton_text_printf(&known, "; %s are ", kinds);
    for (size_t i = 0; choices(i) != NULL; i++) {
        baton_suggest_offer(&suggest, baton_str_of(choices(i)));
        baton_text_printf(&known, "%s%s", i == 0 ? "" : ", ", choices(i));
    }
    baton_suggest_unknown(&suggest, kind, known.failed ? "" : known.data, text);
    baton_text_clear(&known);
    return baton_error_set(err, BATON_EUSAGE, "%s", text);
}
