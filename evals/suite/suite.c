#include "evals/suite/suite.h"

#include "engine/base/document.h"
#include "engine/base/fields.h"
#include "engine/base/pattern.h"

#include <stddef.h>
#include <string.h>

struct suite_form {
    int32_t version, repeat;
    struct baton_str name, agents, provider, cassette, baseline;
    const struct baton_json *conversations, *gates, *expires, *phantom_patterns, *weights;
    int64_t seed;
};

struct expires_form {
    int32_t after_days, action;
};

#define ROW(form, field, ...) .offset = offsetof(struct form, field), __VA_ARGS__

static const struct baton_field suite_rows[] = {
    { "version", NULL, BATON_FIELD_INT32, ROW(suite_form, version, .is_required = true, .low = 1, .high = 1) },
    { "name", NULL, BATON_FIELD_TEXT, ROW(suite_form, name, 0) },
    { "agents", NULL, BATON_FIELD_TEXT, ROW(suite_form, agents, .is_required = true) },
    { "conversations", NULL, BATON_FIELD_ANY, ROW(suite_form, conversations, .is_required = true) },
    { "provider", NULL, BATON_FIELD_TEXT, ROW(suite_form, provider, 0) },
    { "cassette", NULL, BATON_FIELD_TEXT, ROW(suite_form, cassette, 0) },
    { "expires", NULL, BATON_FIELD_OBJECT, ROW(suite_form, expires, 0) },
    { "seed", NULL, BATON_FIELD_INT64, ROW(suite_form, seed, .low = 0, .high = INT64_MAX) },
    { "repeat", NULL, BATON_FIELD_INT32, ROW(suite_form, repeat, .low = 1, .high = BATON_REPEAT_MAX) },
    { "baseline", NULL, BATON_FIELD_TEXT, ROW(suite_form, baseline, 0) },
    { "gates", NULL, BATON_FIELD_ARRAY, ROW(suite_form, gates, 0) },
    { "weights", NULL, BATON_FIELD_OBJECT, ROW(suite_form, weights, 0) },
    { "phantom_patterns", NULL, BATON_FIELD_ARRAY, ROW(suite_form, phantom_patterns, 0) },
};

static const char *const action_words[] = { "warn", "error", NULL };

static const struct baton_field expires_rows[] = {
    { "after_days", NULL, BATON_FIELD_INT32,
      ROW(expires_form, after_days, .is_required = true, .low = 1, .high = 36500) },
    { "action", NULL, BATON_FIELD_WORD, ROW(expires_form, action, .words = action_words) },
};

struct baton_suite baton_suite_empty(void)
{
    return (struct baton_suite){
        .name = BATON_STR("unnamed"), .provider = BATON_STR("transcript"), .repeat = 1, .expires_after_days = -1
    };
}

static enum baton_status read_conversations(struct baton_suite *suite, struct baton_arena *arena,
                                            const struct baton_json *node, struct baton_error *err)
{
    bool is_list = node->type == BATON_JSON_ARRAY;
    const char **paths = baton_arena_array(arena, is_list ? node->count + 1 : 1, sizeof *paths);
    if (paths == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    suite->conversations = paths;
    for (const struct baton_json *one = is_list ? node->child : node; one != NULL; one = is_list ? one->next : NULL) {
        if (one->type != BATON_JSON_STRING) {
            return baton_type_error(&suite->source, one, "'conversations'", "a path or a list of paths", err);
        }
        paths[suite->conversation_count] = baton_path_beside(arena, suite->source.name, one->text);
        if (paths[suite->conversation_count++] == NULL) {
            return baton_error_no_memory(err, NULL);
        }
    }
    return suite->conversation_count > 0
               ? BATON_OK
               : baton_source_error(&suite->source, node->offset, err, "'conversations' names no file");
}

static enum baton_status read_path(const struct baton_suite *suite, struct baton_arena *arena, struct baton_str path,
                                   const char **out, struct baton_error *err)
{
    *out = path.length == 0 ? NULL : baton_path_beside(arena, suite->source.name, path);
    return path.length == 0 || *out != NULL ? BATON_OK : baton_error_no_memory(err, NULL);
}

static enum baton_status read_paths(struct baton_suite *suite, struct baton_arena *arena, const struct suite_form *form,
                                    struct baton_error *err)
{
    const struct {
        struct baton_str path;
        const char **out;
    } files[] = {
        { form->agents, &suite->agents },
        { form->cassette, &suite->cassette },
        { form->baseline, &suite->baseline },
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        enum baton_status status = read_path(suite, arena, files[i].path, files[i].out, err);
        if (status != BATON_OK) {
            return status;
        }
    }
    return read_conversations(suite, arena, form->conversations, err);
}

static enum baton_status check_gates(const struct baton_suite *suite, struct baton_error *err)
{
    for (const struct baton_json *gate = suite->gates == NULL ? NULL : suite->gates->child; gate != NULL;
         gate = gate->next) {
        if (gate->type != BATON_JSON_STRING) {
            return baton_type_error(&suite->source, gate, "each gate", "a text such as 'accuracy >= 0.9'", err);
        }
    }
    return BATON_OK;
}

/* Compiles them once, so that a mistake has its place. */
static enum baton_status check_phantoms(const struct baton_suite *suite, struct baton_error *err)
{
    for (const struct baton_json *one = suite->phantom_patterns == NULL ? NULL : suite->phantom_patterns->child;
         one != NULL; one = one->next) {
        struct baton_pattern *pattern = NULL;
        if (one->type != BATON_JSON_STRING) {
            return baton_type_error(&suite->source, one, "each phantom pattern", "a text", err);
        }
        enum baton_status status = baton_pattern_compile_lasting(&pattern, one->text, err);
        baton_pattern_free(pattern);
        if (status != BATON_OK) {
            char text[BATON_ERROR_TEXT_BYTES];
            memcpy(text, err->text, sizeof text);
            return baton_source_error(&suite->source, one->offset, err, "%s", text);
        }
    }
    return BATON_OK;
}

enum baton_status baton_suite_load(struct baton_suite *out, struct baton_arena *arena, const char *path,
                                   struct baton_error *err)
{
    *out = baton_suite_empty();
    const struct baton_json *root;
    enum baton_status status = baton_document_load(&root, &out->source, arena, path, err);
    if (status != BATON_OK) {
        return status;
    }
    struct suite_form form = { .name = baton_path_stem(path), .provider = out->provider, .repeat = 1 };
    struct expires_form expires = { .after_days = -1 };
    struct baton_fields fields = {
        .source = &out->source, .rows = suite_rows, .row_count = BATON_FIELD_COUNT(suite_rows), .what = "a suite"
    };
    status = baton_fields_read(&fields, root, &form, err);
    if (status == BATON_OK && form.expires != NULL) {
        fields = (struct baton_fields){ .source = &out->source,
                                        .rows = expires_rows,
                                        .row_count = BATON_FIELD_COUNT(expires_rows),
                                        .what = "'expires'" };
        status = baton_fields_read(&fields, form.expires, &expires, err);
    }
    if (status != BATON_OK) {
        return status;
    }
    out->name = form.name;
    out->provider = form.provider;
    out->seed = form.seed;
    out->repeat = form.repeat;
    out->gates = form.gates;
    out->weights = form.weights;
    out->phantom_patterns = form.phantom_patterns;
    out->expires_after_days = expires.after_days;
    out->expires_is_error = expires.action == 1;
    status = read_paths(out, arena, &form, err);
    if (status != BATON_OK) {
        return status;
    }
    status = check_phantoms(out, err);
    return status == BATON_OK ? check_gates(out, err) : status;
}
