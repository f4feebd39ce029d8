#include "engine/schema/schema_shape.h"

#include "engine/base/number.h"

#include <string.h>

/* ---- keywords ---- */

#define BIT(type) (1U << BATON_JSON_##type)
enum { ABOUT_ANY = 0x3f };

const struct baton_schema_shape_row baton_schema_shapes[] = {
    [BATON_SHAPE_ANY] = { ABOUT_ANY, "anything" },
    [BATON_SHAPE_BOOLEAN] = { BIT(BOOLEAN), "true or false" },
    [BATON_SHAPE_NUMBER] = { BIT(NUMBER), "a number" },
    [BATON_SHAPE_POSITIVE] = { BIT(NUMBER), "a number above 0" },
    [BATON_SHAPE_COUNT] = { BIT(NUMBER), "a whole number of 0 or more" },
    [BATON_SHAPE_LIST] = { BIT(ARRAY), "a list" },
    [BATON_SHAPE_TYPE] = { BIT(STRING) | BIT(ARRAY), "the name of a type or a list of them" },
    [BATON_SHAPE_NAMES] = { BIT(ARRAY), "a list of names" },
    [BATON_SHAPE_NAMES_MAP] = { BIT(OBJECT), "an object of lists of names" },
    [BATON_SHAPE_PATTERN] = { BIT(STRING), "a pattern" },
    [BATON_SHAPE_REFERENCE] = { BIT(STRING), "a text such as '#/$defs/x'" },
    [BATON_SHAPE_SCHEMA] = { BIT(OBJECT) | BIT(BOOLEAN), "a schema (an object, true or false)" },
    [BATON_SHAPE_SCHEMA_LIST] = { BIT(ARRAY), "a list of schemas" },
    [BATON_SHAPE_SCHEMA_OR_LIST] = { BIT(OBJECT) | BIT(BOOLEAN) | BIT(ARRAY), "a schema or a list of them" },
    [BATON_SHAPE_SCHEMA_MAP] = { BIT(OBJECT), "an object of schemas" },
    [BATON_SHAPE_PATTERN_MAP] = { BIT(OBJECT), "an object of schemas" },
};

enum {
    ABOUT_NUMBER = BIT(NUMBER),
    ABOUT_STRING = BIT(STRING),
    ABOUT_ARRAY = BIT(ARRAY),
    ABOUT_OBJECT = BIT(OBJECT),
};

#define KEYWORD_ROW(id, name, shape, about) { name, sizeof(name) - 1, BATON_SHAPE_##shape, ABOUT_##about },
const struct baton_schema_keyword_row baton_schema_keywords[BATON_SCHEMA_KEYWORD_COUNT] = { BATON_SCHEMA_KEYWORDS(
    KEYWORD_ROW) };

/* Most names of a schema's keys differ from most keywords in their length or first byte, so that few are compared. */
static bool is_name(struct baton_str name, const char *known, size_t known_length)
{
    return name.length == known_length && name.data[0] == known[0] && memcmp(name.data, known, known_length) == 0;
}

enum baton_schema_keyword baton_schema_keyword_named(struct baton_str name)
{
    const struct baton_schema_keyword_row *rows = baton_schema_keywords;
    unsigned i = 0;
    while (i < BATON_SCHEMA_KEYWORD_COUNT && !is_name(name, rows[i].name, rows[i].length)) {
        i++;
    }
    return (enum baton_schema_keyword)i;
}

enum baton_schema_keyword baton_schema_keyword_of(const struct baton_json *member)
{
    enum baton_schema_keyword keyword = baton_schema_keyword_named(member->key);
    if (keyword == BATON_SCHEMA_KEYWORD_COUNT) {
        return keyword;
    }
    unsigned types = baton_schema_shapes[baton_schema_keywords[keyword].shape].types;
    return (types >> member->type & 1) != 0 ? keyword : BATON_SCHEMA_KEYWORD_COUNT;
}

bool baton_schema_keyword_is_about(enum baton_schema_keyword keyword, enum baton_json_type type)
{
    return (baton_schema_keywords[keyword].about >> type & 1) != 0;
}

/* ---- names of types ---- */

#define TYPE_ROW(name, article)         \
    {                                   \
        name, sizeof(name) - 1, article \
    }
const struct baton_schema_type_row baton_schema_types[BATON_SCHEMA_TYPE_COUNT + 1] = {
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
    const struct baton_schema_type_row *rows = baton_schema_types;
    unsigned type = 0;
    while (type < BATON_SCHEMA_TYPE_COUNT && !is_name(name, rows[type].name, rows[type].length)) {
        type++;
    }
    return type;
}

/* ---- references ---- */

/* Reads one step of a pointer up to the next `/`: undoes %41 as in a URI, then ~0 and ~1. False when it is too long. */
static bool step_read(struct baton_str *rest, char *out, size_t out_bytes, size_t *out_length)
{
    size_t count = 0;
    while (rest->length > 0 && rest->data[0] != '/') {
        const char *p = rest->data;
        bool is_coded =
            p[0] == '%' && rest->length > 2 && baton_number_hex_digit(p[1]) >= 0 && baton_number_hex_digit(p[2]) >= 0;
        size_t used = is_coded ? 3 : 1;
        if (count == out_bytes) {
            return false;
        }
        out[count++] = is_coded ? (char)(baton_number_hex_digit(p[1]) * 16 + baton_number_hex_digit(p[2])) : p[0];
        *rest = baton_str_after(*rest, used);
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
    uint64_t index = 0;
    bool has_zeros = step.length > 1 && step.data[0] == '0'; /* which no index has in front (RFC 6901) */
    if (node->type != BATON_JSON_ARRAY || has_zeros || !baton_number_u64(step, &index)) {
        return NULL;
    }
    const struct baton_json *element = node->child;
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
    struct baton_str rest = baton_str_after(reference, 1);
    const struct baton_json *node = root;
    while (rest.length > 0 && node != NULL) {
        char step[STEP_BYTES];
        size_t length = 0;
        rest = baton_str_after(rest, 1);
        if (!step_read(&rest, step, sizeof step, &length)) {
            return NULL;
        }
        node = step_take(node, (struct baton_str){ step, length });
    }
    bool is_schema = node != NULL && (node->type == BATON_JSON_OBJECT || node->type == BATON_JSON_BOOLEAN);
    return is_schema ? node : NULL;
}
