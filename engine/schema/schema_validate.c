/* Looks a schema over when it is loaded, so that a mistake in it is told with its place in the file and not by each check. It goes
 * down the tree by what the table in schema_shape.c says of each known keyword; unknown ones are passed over, as the standard has
 * it.
 */
#include "engine/base/fields.h"
#include "engine/base/pattern.h"
#include "engine/base/suggest.h"
#include "engine/schema/schema.h"
#include "engine/schema/schema_shape.h"

struct load {
    const struct baton_json *root;
    struct baton_arena *arena; /* for patterns */
    const struct baton_source *source;
    struct baton_error *err;
};

static enum baton_status schema_load(const struct load *load, const struct baton_json *schema);

static enum baton_status names_load(const struct load *load, const struct baton_json *list)
{
    if (list->type != BATON_JSON_ARRAY) {
        return baton_type_error(load->source, list, "this", "a list of names", load->err);
    }
    for (const struct baton_json *name = list->child; name != NULL; name = name->next) {
        if (name->type != BATON_JSON_STRING) {
            return baton_type_error(load->source, name, "this", "the name of a key", load->err);
        }
    }
    return BATON_OK;
}

static enum baton_status type_name_load(const struct load *load, const struct baton_json *name)
{
    if (name->type != BATON_JSON_STRING) {
        return baton_type_error(load->source, name, "this", "the name of a type", load->err);
    }
    if (baton_schema_type(name->text) < BATON_SCHEMA_TYPE_COUNT) {
        return BATON_OK;
    }
    struct baton_suggest suggest;
    char text[BATON_SUGGEST_UNKNOWN_BYTES];
    baton_suggest_init(&suggest, name->text);
    baton_suggest_offer_each(&suggest, &baton_schema_types[0].name, BATON_SCHEMA_TYPE_COUNT,
                             sizeof *baton_schema_types);
    return baton_source_error(load->source, name->offset, load->err, "%s",
                              baton_suggest_unknown(&suggest, "type", "", text));
}

static enum baton_status type_load(const struct load *load, const struct baton_json *node)
{
    if (node->type == BATON_JSON_STRING) {
        return type_name_load(load, node);
    }
    enum baton_status status = BATON_OK;
    if (node->count == 0) {
        status = baton_source_error(load->source, node->offset, load->err, "'type' must name at least one type");
    }
    for (const struct baton_json *name = node->child; name != NULL && status == BATON_OK; name = name->next) {
        status = type_name_load(load, name);
    }
    return status;
}

static enum baton_status pattern_load(const struct load *load, struct baton_str text, size_t offset)
{
    struct baton_arena_mark mark = baton_arena_mark(load->arena);
    struct baton_pattern *pattern;
    struct baton_error why;
    enum baton_status status = baton_pattern_compile_ecmascript(&pattern, load->arena, text, &why);
    baton_arena_rollback(load->arena, mark);
    return status == BATON_OK ? BATON_OK : baton_source_error(load->source, offset, load->err, "%s", why.text);
}

/* Elements of a list or members of an object, each a schema. */
static enum baton_status schemas_load(const struct load *load, const struct baton_json *node, bool has_patterns)
{
    enum baton_status status = BATON_OK;
    for (const struct baton_json *child = node->child; child != NULL && status == BATON_OK; child = child->next) {
        status = has_patterns ? pattern_load(load, child->key, child->key_offset) : BATON_OK;
        if (status == BATON_OK) {
            status = schema_load(load, child);
        }
    }
    return status;
}

static enum baton_status number_load(const struct load *load, const struct baton_json *node,
                                     enum baton_schema_shape shape)
{
    int64_t value;
    if (shape == BATON_SHAPE_COUNT ? baton_json_integer(node, 0, INT64_MAX, &value) : node->number > 0) {
        return BATON_OK;
    }
    return baton_source_error(load->source, node->offset, load->err, "'%.*s' must be %s, not %.*s",
                              (int)node->key.length, node->key.data, baton_schema_shapes[shape].wanted,
                              (int)node->text.length, node->text.data);
}

static enum baton_status keyword_load(const struct load *load, const struct baton_json *node,
                                      enum baton_schema_shape shape)
{
    enum baton_status status = BATON_OK;
    if ((baton_schema_shapes[shape].types >> node->type & 1) == 0) {
        return baton_source_error(load->source, node->offset, load->err, "'%.*s' must be %s, not %s",
                                  (int)node->key.length, node->key.data, baton_schema_shapes[shape].wanted,
                                  baton_json_type_name(node));
    }
    switch (shape) {
    case BATON_SHAPE_POSITIVE:
    case BATON_SHAPE_COUNT:
        return number_load(load, node, shape);
    case BATON_SHAPE_TYPE:
        return type_load(load, node);
    case BATON_SHAPE_NAMES:
        return names_load(load, node);
    case BATON_SHAPE_NAMES_MAP:
        for (const struct baton_json *list = node->child; list != NULL && status == BATON_OK; list = list->next) {
            status = names_load(load, list);
        }
        return status;
    case BATON_SHAPE_PATTERN:
        return pattern_load(load, node->text, node->offset);
    case BATON_SHAPE_REFERENCE:
        if (baton_schema_reference(load->root, node->text) == NULL) {
            return baton_source_error(
                load->source, node->offset, load->err,
                "the reference '%.*s' leads to no schema; only '#' and '#/...' into the same schema work",
                (int)node->text.length, node->text.data);
        }
        return BATON_OK;
    case BATON_SHAPE_SCHEMA:
        return schema_load(load, node);
    case BATON_SHAPE_SCHEMA_OR_LIST:
        return node->type == BATON_JSON_ARRAY ? schemas_load(load, node, false) : schema_load(load, node);
    case BATON_SHAPE_SCHEMA_LIST:
        if (node->count == 0) {
            return baton_source_error(load->source, node->offset, load->err, "'%.*s' must list at least one schema",
                                      (int)node->key.length, node->key.data);
        }
        return schemas_load(load, node, false);
    case BATON_SHAPE_SCHEMA_MAP:
    case BATON_SHAPE_PATTERN_MAP:
        return schemas_load(load, node, shape == BATON_SHAPE_PATTERN_MAP);
    case BATON_SHAPE_ANY:
    case BATON_SHAPE_BOOLEAN:
    case BATON_SHAPE_NUMBER:
    case BATON_SHAPE_LIST:
        break;
    }
    return BATON_OK;
}

/* Recursion ends at BATON_JSON_DEPTH_MAX: each step goes down in the tree. */
static enum baton_status schema_load(const struct load *load, const struct baton_json *schema)
{
    if (schema->type == BATON_JSON_BOOLEAN) {
        return BATON_OK;
    }
    if (schema->type != BATON_JSON_OBJECT) {
        return baton_type_error(load->source, schema, "a schema", "an object, true or false", load->err);
    }
    enum baton_status status = BATON_OK;
    for (const struct baton_json *member = schema->child; member != NULL && status == BATON_OK; member = member->next) {
        enum baton_schema_keyword keyword = baton_schema_keyword_named(member->key);
        if (keyword != BATON_SCHEMA_KEYWORD_COUNT) {
            status = keyword_load(load, member, (enum baton_schema_shape)baton_schema_keywords[keyword].shape);
        }
    }
    return status;
}

enum baton_status baton_schema_validate(const struct baton_json *schema, const struct baton_source *source,
                                        struct baton_error *err)
{
    struct baton_arena *arena = baton_arena_new(BATON_SCHEMA_PATTERN_BYTES_MAX);
    if (arena == NULL) {
        return baton_error_no_memory(err, "a schema");
    }
    const struct load load = { .root = schema, .arena = arena, .source = source, .err = err };
    enum baton_status status = schema_load(&load, schema);
    baton_arena_free(arena);
    return status;
}
