/* One check walks through the schema, keyword by keyword in its own order, so that the reason is that of the first keyword that
 * does not fit. Each keyword is a function in one table; those for any value are here, the others in schema_parts.c. A schema
 * within a schema (not, anyOf, ...) is the same walk, told to be quiet where only the outcome counts. Limits end the whole check
 * with "no", whatever a `not` around them would make of it: what could not be looked at must not pass.
 */
#include "engine/schema/schema.h"

#include "engine/base/text.h"
#include "engine/schema/schema_parts.h"
#include "engine/schema/value.h"

#include <stdio.h>

enum { TEXT_BYTES = 320, LIST_BYTES = 160 };

/* ---- keywords for any value ---- */

static bool is_of_type(const struct baton_json *value, struct baton_str name)
{
    unsigned type = baton_schema_type(name);
    return type == value->type ||
           (type == BATON_SCHEMA_INTEGER && value->type == BATON_JSON_NUMBER && baton_value_is_whole(value));
}

static bool type_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                      const struct baton_schema_location *at)
{
    bool is_list = use->node->type == BATON_JSON_ARRAY;
    const struct baton_json *first = is_list ? use->node->child : use->node;
    for (const struct baton_json *name = first; name != NULL; name = is_list ? name->next : NULL) {
        if (is_of_type(at->value, name->text)) {
            return true;
        }
    }
    char wanted[TEXT_BYTES] = "";
    size_t length = 0;
    const char *found = baton_json_type_name(at->value);
    for (const struct baton_json *name = first; name != NULL && length < sizeof wanted;
         name = is_list ? name->next : NULL) {
        unsigned type = baton_schema_type(name->text);
        length += (size_t)snprintf(wanted + length, sizeof wanted - length, "%s%s", length == 0 ? "" : " or ",
                                   baton_schema_types[type].article);
        found = type == BATON_SCHEMA_INTEGER && at->value->type == BATON_JSON_NUMBER ? "a fraction" : found;
    }
    return baton_schema_fail(run, at, "must be %s, not %s", wanted, found);
}

static bool enum_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                      const struct baton_schema_location *at)
{
    for (const struct baton_json *each = use->node->child; each != NULL; each = each->next) {
        if (baton_value_equal(each, at->value)) {
            return true;
        }
    }
    if (run->is_quiet) {
        return false;
    }
    struct baton_text list = baton_text_with_limit(LIST_BYTES);
    size_t whole = 0;
    for (const struct baton_json *each = use->node->child; each != NULL && !list.failed; each = each->next) {
        whole = list.length;
        baton_text_puts(&list, whole == 0 ? "" : ", ");
        baton_json_write(&list, each);
    }
    if (list.failed && whole == 0) {
        baton_schema_fail(run, at, "must be one of the %u values of its enum", use->node->count);
    } else {
        baton_schema_fail(run, at, "must be one of %.*s%s", (int)(list.failed ? whole : list.length),
                          baton_text_str(&list).data, list.failed ? ", ..." : "");
    }
    baton_text_clear(&list);
    return false;
}

static bool const_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                       const struct baton_schema_location *at)
{
    if (baton_value_equal(use->node, at->value)) {
        return true;
    }
    if (run->is_quiet) {
        return false;
    }
    struct baton_text text = baton_text_with_limit(LIST_BYTES);
    baton_json_write(&text, use->node);
    baton_schema_fail(run, at, "must be %s%s", baton_text_str(&text).data, text.failed ? "..." : "");
    baton_text_clear(&text);
    return false;
}

/* ---- schemas made of schemas ---- */

static bool fits_quietly(struct baton_schema_run *run, const struct baton_json *schema,
                         const struct baton_schema_location *at)
{
    bool was_quiet = run->is_quiet;
    run->is_quiet = true;
    bool fits = baton_schema_apply(run, schema, at);
    run->is_quiet = was_quiet;
    return fits;
}

static bool not_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                     const struct baton_schema_location *at)
{
    return !fits_quietly(run, use->node, at) || baton_schema_fail(run, at, "must not fit the schema of 'not'");
}

static bool all_of_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                        const struct baton_schema_location *at)
{
    const struct baton_json *schema = use->node->child;
    while (schema != NULL && baton_schema_apply(run, schema, at)) {
        schema = schema->next;
    }
    return schema == NULL;
}

/* Says why the first one does not fit, as the others are often just null. */
static bool none_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                      const struct baton_schema_location *at)
{
    char first[TEXT_BYTES] = "";
    if (!run->is_quiet && use->node->child != NULL) {
        struct baton_schema_run again = *run;
        again.reason = first;
        again.reason_bytes = sizeof first;
        again.base = at;
        baton_schema_apply(&again, use->node->child, at);
        run->references = again.references;
        run->stopped = again.stopped;
    }
    return baton_schema_fail(run, at, "fits none of %u alternatives; the first one: %s", use->node->count, first);
}

static bool any_of_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                        const struct baton_schema_location *at)
{
    for (const struct baton_json *schema = use->node->child; schema != NULL; schema = schema->next) {
        if (fits_quietly(run, schema, at)) {
            return true;
        }
    }
    return none_fits(run, use, at);
}

static bool one_of_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                        const struct baton_schema_location *at)
{
    unsigned count = 0;
    for (const struct baton_json *schema = use->node->child; schema != NULL && count < 2; schema = schema->next) {
        count += fits_quietly(run, schema, at);
    }
    if (count > 1) {
        return baton_schema_fail(run, at, "fits more than one alternative of 'oneOf'");
    }
    return count == 1 || none_fits(run, use, at);
}

static bool if_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                    const struct baton_schema_location *at)
{
    const struct baton_json *branch = baton_json_get(use->schema, fits_quietly(run, use->node, at) ? "then" : "else");
    return branch == NULL || baton_schema_apply(run, branch, at);
}

static bool ref_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                     const struct baton_schema_location *at)
{
    const struct baton_json *schema = baton_schema_reference(run->root, use->node->text);
    if (schema == NULL) {
        return true;
    }
    if (++run->references > BATON_SCHEMA_REFERENCES_MAX) {
        return baton_schema_stop(run, "the schema has too many references to follow");
    }
    return baton_schema_apply(run, schema, at);
}

/* ---- all keywords ---- */

static baton_schema_fits *const fits[BATON_SCHEMA_KEYWORD_COUNT] = {
    [BATON_SCHEMA_TYPE] = type_fits,
    [BATON_SCHEMA_ENUM] = enum_fits,
    [BATON_SCHEMA_CONST] = const_fits,
    [BATON_SCHEMA_MINIMUM] = baton_schema_range_fits,
    [BATON_SCHEMA_MAXIMUM] = baton_schema_range_fits,
    [BATON_SCHEMA_EXCLUSIVE_MINIMUM] = baton_schema_range_fits,
    [BATON_SCHEMA_EXCLUSIVE_MAXIMUM] = baton_schema_range_fits,
    [BATON_SCHEMA_MULTIPLE_OF] = baton_schema_multiple_fits,
    [BATON_SCHEMA_MIN_LENGTH] = baton_schema_count_fits,
    [BATON_SCHEMA_MAX_LENGTH] = baton_schema_count_fits,
    [BATON_SCHEMA_PATTERN] = baton_schema_pattern_fits,
    [BATON_SCHEMA_ITEMS] = baton_schema_items_fits,
    [BATON_SCHEMA_PREFIX_ITEMS] = baton_schema_tuple_fits,
    [BATON_SCHEMA_ADDITIONAL_ITEMS] = baton_schema_additional_items_fits,
    [BATON_SCHEMA_MIN_ITEMS] = baton_schema_count_fits,
    [BATON_SCHEMA_MAX_ITEMS] = baton_schema_count_fits,
    [BATON_SCHEMA_UNIQUE_ITEMS] = baton_schema_unique_fits,
    [BATON_SCHEMA_PROPERTIES] = baton_schema_properties_fits,
    [BATON_SCHEMA_PATTERN_PROPERTIES] = baton_schema_pattern_properties_fits,
    [BATON_SCHEMA_ADDITIONAL_PROPERTIES] = baton_schema_additional_properties_fits,
    [BATON_SCHEMA_PROPERTY_NAMES] = baton_schema_property_names_fits,
    [BATON_SCHEMA_REQUIRED] = baton_schema_required_fits,
    [BATON_SCHEMA_DEPENDENT_REQUIRED] = baton_schema_dependent_required_fits,
    [BATON_SCHEMA_MIN_PROPERTIES] = baton_schema_count_fits,
    [BATON_SCHEMA_MAX_PROPERTIES] = baton_schema_count_fits,
    [BATON_SCHEMA_NOT] = not_fits,
    [BATON_SCHEMA_ANY_OF] = any_of_fits,
    [BATON_SCHEMA_ALL_OF] = all_of_fits,
    [BATON_SCHEMA_ONE_OF] = one_of_fits,
    [BATON_SCHEMA_IF] = if_fits,
    [BATON_SCHEMA_REF] = ref_fits,
};

bool baton_schema_check(const struct baton_json *schema, const struct baton_json *value, struct baton_arena *arena,
                        char *reason, size_t reason_bytes)
{
    struct baton_schema_run run = {
        .fits = fits, .root = schema, .arena = arena, .reason = reason, .reason_bytes = reason_bytes
    };
    const struct baton_schema_location top = { .value = value };
    reason[0] = '\0';
    bool fit = baton_schema_apply(&run, schema, &top);
    if (run.stopped != NULL) {
        snprintf(reason, reason_bytes, "%s", run.stopped);
    }
    return fit;
}
