#include "engine/schema/schema_shape.h"

#include "engine/base/fields.h"
#include "engine/base/pattern.h"
#include "engine/base/suggest.h"
#include "engine/schema/schema.h"

#include <string.h>

/* ---- keywords ---- */

enum shape {
    SHAPE_ANY,
    SHAPE_BOOLEAN,
    SHAPE_NUMBER,
    SHAPE_POSITIVE,
    SHAPE_COUNT,
    SHAPE_LIST,
    SHAPE_TYPE,
    SHAPE_NAMES,
    SHAPE_NAMES_MAP,
    SHAPE_PATTERN,
    SHAPE_REFERENCE,
    SHAPE_SCHEMA,
    SHAPE_SCHEMA_LIST,
    SHAPE_SCHEMA_OR_LIST,
    SHAPE_SCHEMA_MAP,
    SHAPE_PATTERN_MAP
};

#define BIT(type) (1U << BATON_JSON_##type)
enum { ABOUT_ANY = 0x3f };

static const struct {
    unsigned types;
    const char *wanted;
} shapes[] = {
    [SHAPE_ANY] = { ABOUT_ANY, "anything" },
    [SHAPE_BOOLEAN] = { BIT(BOOLEAN), "true or false" },
    [SHAPE_NUMBER] = { BIT(NUMBER), "a number" },
    [SHAPE_POSITIVE] = { BIT(NUMBER), "a number above 0" },
    [SHAPE_COUNT] = { BIT(NUMBER), "a whole number of 0 or more" },
    [SHAPE_LIST] = { BIT(ARRAY), "a list" },
    [SHAPE_TYPE] = { BIT(STRING) | BIT(ARRAY), "the name of a type or a list of them" },
    [SHAPE_NAMES] = { BIT(ARRAY), "a list of names" },
    [SHAPE_NAMES_MAP] = { BIT(OBJECT), "an object of lists of names" },
    [SHAPE_PATTERN] = { BIT(STRING), "a pattern" },
    [SHAPE_REFERENCE] = { BIT(STRING), "a text such as '#/$defs/x'" },
    [SHAPE_SCHEMA] = { BIT(OBJECT) | BIT(BOOLEAN), "a schema (an object, true or false)" },
    [SHAPE_SCHEMA_LIST] = { BIT(ARRAY), "a list of schemas" },
    [SHAPE_SCHEMA_OR_LIST] = { BIT(OBJECT) | BIT(BOOLEAN) | BIT(ARRAY), "a schema or a list of them" },
    [SHAPE_SCHEMA_MAP] = { BIT(OBJECT), "an object of schemas" },
    [SHAPE_PATTERN_MAP] = { BIT(OBJECT), "an object of schemas" },
};

enum {
    ABOUT_NUMBER = BIT(NUMBER),
    ABOUT_STRING = BIT(STRING),
    ABOUT_ARRAY = BIT(ARRAY),
    ABOUT_OBJECT = BIT(OBJECT),
};

#define KEYWORD_ROW(id, name, shape, about) { name, sizeof(name) - 1, SHAPE_##shape, ABOUT_##about },
static const struct {
    const char *name;
    uint8_t length;
    uint8_t shape; /* enum shape */
    uint8_t about; /* a bit per type */
} keywords[] = { BATON_SCHEMA_KEYWORDS(KEYWORD_ROW) };

/* Most names of a schema's keys differ from most keywords in their length or first byte, so that few are compared. */
static bool is_name(struct baton_str name, const char *known, size_t known_length)
{
    return name.length == known_length && name.data[0] == known[0] && memcmp(name.data, known, known_length) == 0;
}

static enum baton_schema_keyword keyword_named(struct baton_str name)
{
    unsigned i = 0;
    while (i < BATON_SCHEMA_KEYWORD_COUNT && !is_name(name, keywords[i].name, keywords[i].length)) {
        i++;
    }
    return (enum baton_schema_keyword)i;
}

enum baton_schema_keyword baton_schema_keyword_of(const struct baton_json *member)
{
    enum baton_schema_keyword keyword = keyword_named(member->key);
    if (keyword != BATON_SCHEMA_KEYWORD_COUNT && (shapes[keywords[keyword].shape].types >> member->type & 1) == 0) {
        return BATON_SCHEMA_KEYWORD_COUNT;
    }
    return keyword;
}

bool baton_schema_keyword_is_about(enum baton_schema_keyword keyword, enum baton_json_type type)
{
    return (keywords[keyword].about >> type & 1) != 0;
}

/* ---- names of types ---- */

#define TYPE_ROW(name, article)         \
    {                                   \
        name, sizeof(name) - 1, article \
    }
static const struct {
    const char *name;
    size_t length;
    const char *article;
} types[BATON_SCHEMA_TYPE_COUNT + 1] = {
    [BATON_JSON_NULL] = TYPE_ROW("null", "null"),
    [BATON_JSON_BOOLEAN] = TYPE_ROW("boolean", "a boolean"),
    [BATON_JSON_NUMBER] = TYPE_ROW("number", "a number"),
    [BATON_JSON_STRING] = TYPE_ROW("string", "a string"),
    [BATON_JSON_ARRAY] = TYPE_ROW("array", "an array"),
    [BATON_JSON_OBJECT] = TYPE_ROW("object", "an object"),
    [BATON_SCHEMA_INTEGER] = TYPE_ROW("integer", "an integer"),
    [BATON_SCHEMA_TYPE_COUNT] = TYPE_ROW("", "of an unknown type"),
};

unsigned baton_schema_type(struct baton_str name)
{
    unsigned type = 0;
    while (type < BATON_SCHEMA_TYPE_COUNT && !is_name(name, types[type].name, types[type].length)) {
        type++;
    }
    return type;
}

const char *baton_schema_type_article(unsigned type)
{
    return types[type].article;
}

/* ---- references ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* Reads one step of a pointer up to the next `/`: undoes %41 as in a URI, then ~0 and ~1. False when it is too long. */
static bool step_read(struct baton_str *rest, char *out, size_t out_bytes, size_t *out_length)
{
    size_t count = 0;
    while (rest->length > 0 && rest->data[0] != '/') {
        const char *p = rest->data;
        bool is_coded = p[0] == '%' && rest->length > 2 && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0;
        size_t used = is_coded ? 3 : 1;
        if (count == out_bytes) {
            return false;
        }
        out[count++] = is_coded ? (char)(hex_digit(p[1]) * 16 + hex_digit(p[2])) : p[0];
        *rest = (struct baton_str){ p + used, rest->length - used };
    }
    *out_length = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_escape = out[i] == '~' && i + 1 < count && (out[i + 1] == '0' || out[i + 1] == '1');
        i += is_escape;
        out[(*out_length)++] = !is_escape ? out[i] : out[i] == '0' ? '~' : '/';
    }
    return true;
}

static const struct baton_json *step_take(const struct baton_json *node, struct baton_str step)
{
    if (node->type == BATON_JSON_OBJECT) {
        const struct baton_json *member = node->child;
        while (member != NULL && !baton_str_equal(member->key, step)) {
            member = member->next;
        }
        return member;
    }
    size_t index = 0;
    for (size_t i = 0; i < step.length; i++) {
        if (step.data[i] < '0' || step.data[i] > '9' || i > 8 || (i > 0 && step.data[0] == '0')) {
            return NULL;
        }
        index = index * 10 + (size_t)(step.data[i] - '0');
    }
    const struct baton_json *element = node->type == BATON_JSON_ARRAY && step.length > 0 ? node->child : NULL;
    while (element != NULL && index-- > 0) {
        element = element->next;
    }
    return element;
}

const struct baton_json *baton_schema_reference(const struct baton_json *root, struct baton_str reference)
{
    enum { STEP_BYTES = 256 };
    if (reference.length == 0 || reference.data[0] != '#' || (reference.length > 1 && reference.data[1] != '/')) {
        return NULL;
    }
    struct baton_str rest = { reference.data + 1, reference.length - 1 };
    const struct baton_json *node = root;
    while (rest.length > 0 && node != NULL) {
        char step[STEP_BYTES];
        size_t length = 0;
        rest = (struct baton_str){ rest.data + 1, rest.length - 1 };
        if (!step_read(&rest, step, sizeof step, &length)) {
            return NULL;
        }
        node = step_take(node, (struct baton_str){ step, length });
    }
    bool is_schema = node != NULL && (node->type == BATON_JSON_OBJECT || node->type == BATON_JSON_BOOLEAN);
    return is_schema ? node : NULL;
}

/* ---- loading ---- */

enum { PATTERN_BYTES_MAX = 4 * 1024 * 1024 };

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
    char hint[BATON_SUGGEST_TEXT_BYTES];
    baton_suggest_init(&suggest, name->text);
    for (unsigned i = 0; i < BATON_SCHEMA_TYPE_COUNT; i++) {
        baton_suggest_offer(&suggest, baton_str_of(types[i].name));
    }
    return baton_source_error(load->source, name->offset, load->err, "unknown type '%.*s'%s", (int)name->text.length,
                              name->text.data, baton_suggest_text(&suggest, hint));
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

static enum baton_status number_load(const struct load *load, const struct baton_json *node, enum shape shape)
{
    int64_t value;
    if (shape == SHAPE_COUNT ? baton_json_integer(node, 0, INT64_MAX, &value) : node->number > 0) {
        return BATON_OK;
    }
    return baton_source_error(load->source, node->offset, load->err, "'%.*s' must be %s, not %.*s",
                              (int)node->key.length, node->key.data, shapes[shape].wanted, (int)node->text.length,
                              node->text.data);
}

static enum baton_status keyword_load(const struct load *load, const struct baton_json *node, enum shape shape)
{
    enum baton_status status = BATON_OK;
    if ((shapes[shape].types >> node->type & 1) == 0) {
        return baton_source_error(load->source, node->offset, load->err, "'%.*s' must be %s, not %s",
                                  (int)node->key.length, node->key.data, shapes[shape].wanted,
                                  baton_json_type_name(node));
    }
    switch (shape) {
    case SHAPE_POSITIVE:
    case SHAPE_COUNT:
        return number_load(load, node, shape);
    case SHAPE_TYPE:
        return type_load(load, node);
    case SHAPE_NAMES:
        return names_load(load, node);
    case SHAPE_NAMES_MAP:
        for (const struct baton_json *list = node->child; list != NULL && status == BATON_OK; list = list->next) {
            status = names_load(load, list);
        }
        return status;
    case SHAPE_PATTERN:
        return pattern_load(load, node->text, node->offset);
    case SHAPE_REFERENCE:
        if (baton_schema_reference(load->root, node->text) == NULL) {
            return baton_source_error(
                load->source, node->offset, load->err,
                "the reference '%.*s' leads to no schema; only '#' and '#/...' into the same schema work",
                (int)node->text.length, node->text.data);
        }
        return BATON_OK;
    case SHAPE_SCHEMA:
        return schema_load(load, node);
    case SHAPE_SCHEMA_OR_LIST:
        return node->type == BATON_JSON_ARRAY ? schemas_load(load, node, false) : schema_load(load, node);
    case SHAPE_SCHEMA_LIST:
        if (node->count == 0) {
            return baton_source_error(load->source, node->offset, load->err, "'%.*s' must list at least one schema",
                                      (int)node->key.length, node->key.data);
        }
        return schemas_load(load, node, false);
    case SHAPE_SCHEMA_MAP:
    case SHAPE_PATTERN_MAP:
        return schemas_load(load, node, shape == SHAPE_PATTERN_MAP);
    case SHAPE_ANY:
    case SHAPE_BOOLEAN:
    case SHAPE_NUMBER:
    case SHAPE_LIST:
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
        enum baton_schema_keyword keyword = keyword_named(member->key);
        if (keyword != BATON_SCHEMA_KEYWORD_COUNT) {
            status = keyword_load(load, member, (enum shape)keywords[keyword].shape);
        }
    }
    return status;
}

enum baton_status baton_schema_validate(const struct baton_json *schema, const struct baton_source *source,
                                        struct baton_error *err)
{
    struct baton_arena *arena = baton_arena_new(PATTERN_BYTES_MAX);
    if (arena == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory for a schema");
    }
    const struct load load = { .root = schema, .arena = arena, .source = source, .err = err };
    enum baton_status status = schema_load(&load, schema);
    baton_arena_free(arena);
    return status;
}
