#include "engine/base/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>

struct baton_pattern {
    pcre2_general_context *general;
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

static void *arena_take(size_t bytes, void *arena)
{
    return baton_arena_alloc(arena, bytes);
}

static void arena_leave(void *piece, void *arena)
{
    (void)piece; /* the arena is given back whole */
    (void)arena;
}

struct dialect {
    uint32_t options, extra;
};

static const struct dialect plain = { PCRE2_UTF, 0 };
static const struct dialect ecmascript = {
    PCRE2_UTF | PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF | PCRE2_DOLLAR_ENDONLY |
        PCRE2_NEVER_BACKSLASH_C,
    PCRE2_EXTRA_ALT_BSUX,
};

static enum baton_status compile(struct baton_pattern *pattern, const struct dialect *dialect, struct baton_str text,
                                 struct baton_error *err)
{
    int code = PCRE2_ERROR_HEAP_FAILED;
    size_t offset = 0;
    pcre2_compile_context *context = pcre2_compile_context_create(pattern->general);
    if (context != NULL) {
        pcre2_set_compile_extra_options(context, dialect->extra);
        pattern->code = pcre2_compile((PCRE2_SPTR)text.data, text.length, dialect->options, &code, &offset, context);
        pcre2_compile_context_free(context);
    }
    if (pattern->code == NULL && code == PCRE2_ERROR_HEAP_FAILED) {
        return baton_error_no_memory(err, "a pattern");
    }
    if (pattern->code == NULL) {
        char words[160] = "";
        pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof words);
        return baton_error_set(err, BATON_EINPUT, "the pattern '%.*s' is wrong at character %zu: %s", (int)text.length,
                               text.data, offset + 1, words);
    }
    pattern->data = pcre2_match_data_create_from_pattern(pattern->code, pattern->general);
    pattern->limits = pcre2_match_context_create(pattern->general);
    if (pattern->data == NULL || pattern->limits == NULL) {
        return baton_error_no_memory(err, "a pattern");
    }
    pcre2_set_match_limit(pattern->limits, BATON_PATTERN_STEPS_MAX);
    pcre2_set_depth_limit(pattern->limits, BATON_PATTERN_STEPS_MAX);
    pcre2_set_heap_limit(pattern->limits, BATON_PATTERN_HEAP_KIB_MAX);
    return BATON_OK;
}

static enum baton_status compile_into(struct baton_pattern **out, struct baton_arena *arena,
                                      const struct dialect *dialect, struct baton_str text, struct baton_error *err)
{
    *out = NULL;
    struct baton_pattern *pattern = baton_arena_zero(arena, sizeof *pattern);
    if (pattern != NULL) {
        pattern->general = pcre2_general_context_create(arena_take, arena_leave, arena);
    }
    if (pattern == NULL || pattern->general == NULL) {
        return baton_error_no_memory(err, "a pattern");
    }
    enum baton_status status = compile(pattern, dialect, text, err);
    *out = status == BATON_OK ? pattern : NULL;
    return status;
}

enum baton_status baton_pattern_compile(struct baton_pattern **out, struct baton_arena *arena, struct baton_str text,
                                        struct baton_error *err)
{
    return compile_into(out, arena, &plain, text, err);
}

enum baton_status baton_pattern_compile_ecmascript(struct baton_pattern **out, struct baton_arena *arena,
                                                   struct baton_str text, struct baton_error *err)
{
    return compile_into(out, arena, &ecmascript, text, err);
}

enum baton_status baton_pattern_compile_lasting(struct baton_pattern **out, struct baton_str text,
                                                struct baton_error *err)
{
    *out = NULL;
    pcre2_general_context *general = pcre2_general_context_create(NULL, NULL, NULL);
    struct baton_pattern *pattern = baton_system_take(sizeof *pattern);
    if (general == NULL || pattern == NULL) {
        pcre2_general_context_free(general);
        baton_system_give(pattern);
        return baton_error_no_memory(err, "a pattern");
    }
    *pattern = (struct baton_pattern){ .general = general };
    enum baton_status status = compile(pattern, &plain, text, err);
    if (status != BATON_OK) {
        baton_pattern_free(pattern);
        return status;
    }
    (void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE); /* where there is no JIT the interpreter does */
    *out = pattern;
    return BATON_OK;
}

void baton_pattern_free(struct baton_pattern *pattern)
{
    if (pattern != NULL) {
        pcre2_match_context_free(pattern->limits);
        pcre2_match_data_free(pattern->data);
        pcre2_code_free(pattern->code);
        pcre2_general_context_free(pattern->general);
        baton_system_give(pattern);
    }
}

enum baton_match baton_pattern_match(struct baton_pattern *pattern, struct baton_str subject)
{
    if (subject.length > BATON_PATTERN_SUBJECT_MAX) {
        return BATON_MATCH_LIMIT;
    }
    const char *text = subject.length == 0 ? "" : subject.data;
    int found = pcre2_match(pattern->code, (PCRE2_SPTR)text, subject.length, 0, 0, pattern->data, pattern->limits);
    if (found == PCRE2_ERROR_NOMATCH) {
        return BATON_MATCH_NO;
    }
    return found >= 0 ? BATON_MATCH_YES : BATON_MATCH_LIMIT;
}
