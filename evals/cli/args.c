#include "evals/cli/args.h"

#include "engine/base/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0 || number < one->low || number > one->high) {
        return baton_error_set(reading->err, BATON_EUSAGE, "--%s must be a whole number from %lld to %lld, not '%s'",
                               one->name, (long long)one->low, (long long)one->high, value);
    }
    int64_t stored = number;
    memcpy(reading->out + one->offset, &stored, sizeof stored);
    return BATON_OK;
}

static enum baton_status list_add(const struct reading *reading, struct baton_arg_list *list, const char *item)
{
    if (list->items == NULL) {
        list->items = baton_arena_array(reading->arena, (size_t)reading->argc + 1, sizeof *list->items);
    }
    if (list->items == NULL) {
        return baton_error_set(reading->err, BATON_ENOMEM, "out of memory");
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

enum baton_status baton_args_read(const struct baton_verb *verb, int argc, char **argv, struct baton_arena *arena,
                                  void *out, struct baton_arg_list *plain, bool *wants_help, struct baton_error *err)
{
    struct reading reading = { .verb = verb, .argc = argc, .argv = argv, .arena = arena, .out = out, .err = err };
    bool is_ended = false;
    enum baton_status status = BATON_OK;
    *plain = (struct baton_arg_list){ 0 };
    *wants_help = false;
    if (argc > BATON_ARGS_MAX) {
        return baton_error_set(err, BATON_EUSAGE, "more than %d arguments", BATON_ARGS_MAX);
    }
    for (; reading.at < argc && status == BATON_OK; reading.at++) {
        const char *text = argv[reading.at];
        if (!is_ended && (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0)) {
            *wants_help = true;
            return BATON_OK;
        }
        status = read_argument(&reading, plain, &is_ended);
    }
    if (status == BATON_OK && (plain->count < verb->least || plain->count > verb->most)) {
        status = baton_error_set(err, BATON_EUSAGE, "usage: baton %s %s; see 'baton %s --help'", verb->name,
                                 verb->usage, verb->name);
    }
    return status;
}

void baton_args_help(FILE *file, const struct baton_verb *verb)
{
    fprintf(file, "%s\n\nusage: baton %s %s\n", verb->examples, verb->name, verb->usage);
    if (verb->switch_count > 0) {
        fprintf(file, "\n");
    }
    for (size_t i = 0; i < verb->switch_count; i++) {
        const struct baton_switch *one = &verb->switches[i];
        char left[64], letter[8] = "    ";
        if (one->letter != 0) {
            snprintf(letter, sizeof letter, "-%c, ", one->letter);
        }
        snprintf(left, sizeof left, "%s--%s%s%s", letter, one->name, one->value == NULL ? "" : " ",
                 one->value == NULL ? "" : one->value);
        fprintf(file, "  %-30s %s\n", left, one->help);
    }
    if (verb->more != NULL) {
        fprintf(file, "\n%s\n", verb->more);
    }
}

enum baton_status baton_args_begin(const struct baton_verb *verb, int argc, char **argv, struct baton_arena *arena,
                                   void *out, struct baton_arg_list *plain, bool *is_done, struct baton_error *err)
{
    enum baton_status status = arena == NULL ? baton_error_set(err, BATON_ENOMEM, "out of memory")
                                             : baton_args_read(verb, argc, argv, arena, out, plain, is_done, err);
    if (status == BATON_OK && *is_done) {
        baton_args_help(stdout, verb);
    }
    return status;
}
