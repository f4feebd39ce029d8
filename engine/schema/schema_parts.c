/* The keywords that are about one kind of value, one function each: true, or false with a reason that says what is wanted and
 * what was found. Which one is called is for the table in schema.c; that the value has the right kind is checked before. What a
 * pattern cannot decide within its limits does not match.
 */
#include "engine/schema/schema_parts.h"

#include "engine/base/pattern.h"
#include "engine/base/suggest.h"
#include "engine/base/utf8.h"
#include "engine/schema/value.h"

/* ---- numbers and strings ---- */

bool baton_schema_range_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                             const struct baton_schema_location *at)
{
    int order = baton_value_order(at->value, use->node);
    const char *wanted = NULL;
    if (use->keyword == BATON_SCHEMA_MINIMUM) {
        wanted = order >= 0 ? NULL : "at least";
    } else if (use->keyword == BATON_SCHEMA_MAXIMUM) {
        wanted = order <= 0 ? NULL : "at most";
    } else if (use->keyword == BATON_SCHEMA_EXCLUSIVE_MINIMUM) {
        wanted = order > 0 ? NULL : "more than";
    } else {
        wanted = order < 0 ? NULL : "less than";
    }
    return wanted == NULL ||
           baton_schema_fail(run, at, "must be %s %.*s, not %.*s", wanted, (int)use->node->text.length,
                             use->node->text.data, (int)at->value->text.length, at->value->text.data);
}

bool baton_schema_multiple_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                                const struct baton_schema_location *at)
{
    return baton_value_is_multiple(at->value, use->node) ||
           baton_schema_fail(run, at, "must be a multiple of %.*s, not %.*s", (int)use->node->text.length,
                             use->node->text.data, (int)at->value->text.length, at->value->text.data);
}

/* minLength, maxLength, minItems, maxItems, minProperties, maxProperties */
bool baton_schema_count_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                             const struct baton_schema_location *at)
{
    bool is_least = use->keyword == BATON_SCHEMA_MIN_LENGTH || use->keyword == BATON_SCHEMA_MIN_ITEMS ||
                    use->keyword == BATON_SCHEMA_MIN_PROPERTIES;
    bool is_string = at->value->type == BATON_JSON_STRING;
    size_t count = is_string ? baton_utf8_count(at->value->text.data, at->value->text.length) : at->value->count;
    double limit = use->node->number;
    if (is_least ? (double)count >= limit : (double)count <= limit) {
        return true;
    }
    const char *unit = is_string ? "character" : at->value->type == BATON_JSON_ARRAY ? "item" : "key";
    return baton_schema_fail(run, at, "must have at %s %.*s %s%s, not %zu", is_least ? "least" : "most",
                             (int)use->node->text.length, use->node->text.data, unit, limit == 1 ? "" : "s", count);
}

/* A faulty pattern matches as `of_faulty` says. */
static enum baton_match match(struct baton_schema_run *run, struct baton_str text, struct baton_str subject,
                              enum baton_match of_faulty)
{
    struct baton_arena_mark mark = baton_arena_mark(run->arena);
    struct baton_pattern *pattern;
    enum baton_match found = of_faulty;
    enum baton_status status = baton_pattern_compile_ecmascript(&pattern, run->arena, text, NULL);
    if (status == BATON_OK) {
        found = baton_pattern_match(pattern, subject);
    } else if (status == BATON_ENOMEM) {
        baton_schema_stop(run, "needs more memory than is allowed to be checked");
    }
    baton_arena_rollback(run->arena, mark);
    return found;
}

bool baton_schema_pattern_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                               const struct baton_schema_location *at)
{
    enum baton_match found = match(run, use->node->text, at->value->text, BATON_MATCH_YES);
    const char *why = "takes too many steps to be matched with";
    if (found == BATON_MATCH_NO) {
        why = "does not match";
    } else if (at->value->text.length > BATON_PATTERN_SUBJECT_MAX) {
        why = "is too long to be matched with";
    }
    return found == BATON_MATCH_YES ||
           baton_schema_fail(run, at, "%s the pattern '%.*s'", why, (int)use->node->text.length, use->node->text.data);
}

/* ---- arrays ---- */

static bool each_fits(struct baton_schema_run *run, const struct baton_json *schema,
                      const struct baton_schema_location *at, size_t skip)
{
    struct baton_schema_location below = { .up = at, .value = at->value->child };
    for (; below.value != NULL; below.value = below.value->next, below.index++) {
        if (below.index >= skip && !baton_schema_apply(run, schema, &below)) {
            return false;
        }
    }
    return true;
}

bool baton_schema_tuple_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                             const struct baton_schema_location *at)
{
    struct baton_schema_location below = { .up = at, .value = at->value->child };
    const struct baton_json *schema = use->node->child;
    for (; below.value != NULL && schema != NULL; below.value = below.value->next, below.index++) {
        if (!baton_schema_apply(run, schema, &below)) {
            return false;
        }
        schema = schema->next;
    }
    return true;
}

bool baton_schema_items_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                             const struct baton_schema_location *at)
{
    if (use->node->type == BATON_JSON_ARRAY) {
        return baton_schema_tuple_fits(run, use, at);
    }
    const struct baton_json *prefix = baton_json_get(use->schema, "prefixItems");
    return each_fits(run, use->node, at, prefix == NULL ? 0 : prefix->count);
}

bool baton_schema_additional_items_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                                        const struct baton_schema_location *at)
{
    const struct baton_json *items = baton_json_get(use->schema, "items");
    return items == NULL || items->type != BATON_JSON_ARRAY || each_fits(run, use->node, at, items->count);
}

bool baton_schema_unique_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                              const struct baton_schema_location *at)
{
    if (!use->node->boolean) {
        return true;
    }
    struct baton_value_twins twins = baton_value_twins(at->value, run->arena);
    if (twins.is_out_of_memory) {
        return baton_schema_stop(run, "needs more memory than is allowed to be checked");
    }
    return !twins.is_found || baton_schema_fail(run, at, "must have no equal items, but those at %u and %u are",
                                                twins.first, twins.second);
}

/* ---- objects ---- */

static const struct baton_json *member_of(const struct baton_json *object, struct baton_str key)
{
    const struct baton_json *member = object == NULL ? NULL : object->child;
    while (member != NULL && !baton_str_equal(member->key, key)) {
        member = member->next;
    }
    return member;
}

bool baton_schema_properties_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                                  const struct baton_schema_location *at)
{
    struct baton_schema_location below = { .up = at, .value = at->value->child };
    for (; below.value != NULL; below.value = below.value->next) {
        const struct baton_json *schema = member_of(use->node, below.value->key);
        if (schema != NULL && !baton_schema_apply(run, schema, &below)) {
            return false;
        }
    }
    return true;
}

/* Where that cannot be told, nothing more can be. */
static bool key_matches(struct baton_schema_run *run, struct baton_str pattern, struct baton_str key)
{
    enum baton_match found = match(run, pattern, key, BATON_MATCH_NO);
    if (found == BATON_MATCH_LIMIT) {
        baton_schema_stop(run, "has a key that takes too many steps to be matched with a pattern");
    }
    return found == BATON_MATCH_YES;
}

bool baton_schema_pattern_properties_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                                          const struct baton_schema_location *at)
{
    for (const struct baton_json *schema = use->node->child; schema != NULL; schema = schema->next) {
        struct baton_schema_location below = { .up = at, .value = at->value->child };
        for (; below.value != NULL; below.value = below.value->next) {
            if (key_matches(run, schema->key, below.value->key) && !baton_schema_apply(run, schema, &below)) {
                return false;
            }
        }
    }
    return true;
}

static bool unknown_key(struct baton_schema_run *run, const struct baton_json *known,
                        const struct baton_schema_location *at, struct baton_str key)
{
    struct baton_suggest suggest;
    char text[BATON_SUGGEST_UNKNOWN_BYTES];
    baton_suggest_init(&suggest, key);
    for (const struct baton_json *member = known == NULL ? NULL : known->child; member != NULL; member = member->next) {
        baton_suggest_offer(&suggest, member->key);
    }
    return baton_schema_fail(run, at, "%s", baton_suggest_unknown(&suggest, "key", "", text));
}

bool baton_schema_additional_properties_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                                             const struct baton_schema_location *at)
{
    const struct baton_json *known = baton_json_get(use->schema, "properties");
    const struct baton_json *patterns = baton_json_get(use->schema, "patternProperties");
    struct baton_schema_location below = { .up = at, .value = at->value->child };
    for (; below.value != NULL; below.value = below.value->next) {
        bool is_known = member_of(known, below.value->key) != NULL;
        const struct baton_json *pattern = patterns == NULL || is_known ? NULL : patterns->child;
        while (pattern != NULL && !key_matches(run, pattern->key, below.value->key)) {
            pattern = pattern->next;
        }
        if (is_known || pattern != NULL) {
            continue;
        }
        if (use->node->type == BATON_JSON_BOOLEAN && !use->node->boolean) {
            return unknown_key(run, known, at, below.value->key);
        }
        if (!baton_schema_apply(run, use->node, &below)) {
            return false;
        }
    }
    return true;
}

bool baton_schema_property_names_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                                      const struct baton_schema_location *at)
{
    for (const struct baton_json *member = at->value->child; member != NULL; member = member->next) {
        const struct baton_json name = { .type = BATON_JSON_STRING, .key = member->key, .text = member->key };
        const struct baton_schema_location below = { .up = at, .value = &name };
        if (!baton_schema_apply(run, use->node, &below)) {
            return false;
        }
    }
    return true;
}

bool baton_schema_required_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                                const struct baton_schema_location *at)
{
    for (const struct baton_json *name = use->node->child; name != NULL; name = name->next) {
        if (name->type == BATON_JSON_STRING && member_of(at->value, name->text) == NULL) {
            return baton_schema_fail(run, at, "the key '%.*s' is missing", (int)name->text.length, name->text.data);
        }
    }
    return true;
}

bool baton_schema_dependent_required_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                                          const struct baton_schema_location *at)
{
    for (const struct baton_json *list = use->node->child; list != NULL; list = list->next) {
        const struct baton_schema_use required = { .schema = use->schema, .node = list };
        if (member_of(at->value, list->key) != NULL && !baton_schema_required_fits(run, &required, at)) {
            return false;
        }
    }
    return true;
}
