/* Objects are read by tables: a row says the key, the type, the range and where the value goes. One loop over the members, not one
 * lookup for each field, because unknown keys must be found too: a misspelled limit that is silently passed over would be worse
 * than none. Values go through memcpy to an offset, as the struct behind `out` is the caller's.
 */
#include "engine/base/fields.h"

#include "engine/base/suggest.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 64 }; /* a bit each in a uint64_t */

static bool row_is(const struct baton_field *row, struct baton_str key)
{
    return baton_str_is(key, row->name) || (row->alias != NULL && baton_str_is(key, row->alias));
}

static const struct baton_field *row_find(const struct baton_fields *fields, struct baton_str key)
{
    for (size_t i = 0; i < fields->row_count; i++) {
        if (row_is(&fields->rows[i], key)) {
            return &fields->rows[i];
        }
    }
    return NULL;
}

static enum baton_status unknown_key(const struct baton_fields *fields, const struct baton_json *member,
                                     struct baton_error *err)
{
    struct baton_suggest suggest;
    baton_suggest_init(&suggest, member->key);
    for (size_t i = 0; i < fields->row_count; i++) {
        baton_suggest_offer(&suggest, baton_str_of(fields->rows[i].name));
        if (fields->rows[i].alias != NULL) {
            baton_suggest_offer(&suggest, baton_str_of(fields->rows[i].alias));
        }
    }
    char where[128], text[BATON_SUGGEST_UNKNOWN_BYTES];
    snprintf(where, sizeof where, " in %s", fields->what);
    return baton_source_error(fields->source, member->key_offset, err, "%s",
                              baton_suggest_unknown(&suggest, "key", where, text));
}

enum baton_status baton_type_error(const struct baton_source *source, const struct baton_json *node, const char *what,
                                   const char *wanted, struct baton_error *err)
{
    return baton_source_error(source, node->offset, err, "%s must be %s, not %s", what, wanted,
                              baton_json_type_name(node));
}

static enum baton_status row_type_error(const struct baton_fields *fields, const struct baton_field *row,
                                        const struct baton_json *node, const char *wanted, struct baton_error *err)
{
    return baton_source_error(fields->source, node->offset, err, "'%s' must be %s, not %s", row->name, wanted,
                              baton_json_type_name(node));
}

static enum baton_status read_integer(const struct baton_fields *fields, const struct baton_field *row,
                                      const struct baton_json *node, char *out, struct baton_error *err)
{
    bool is_wide = row->type == BATON_FIELD_INT64;
    bool has_bounds = row->low != 0 || row->high != 0;
    int64_t low = has_bounds ? row->low : is_wide ? INT64_MIN : INT32_MIN;
    int64_t high = has_bounds ? row->high : is_wide ? INT64_MAX : INT32_MAX;
    int64_t value = 0;
    if (node->type != BATON_JSON_NUMBER) {
        return row_type_error(fields, row, node, "a whole number", err);
    }
    if (!baton_json_integer(node, low, high, &value)) {
        return baton_source_error(fields->source, node->offset, err,
                                  "'%s' must be a whole number from %lld to %lld, not %.*s", row->name, (long long)low,
                                  (long long)high, (int)node->text.length, node->text.data);
    }
    if (is_wide) {
        memcpy(out, &value, sizeof value);
    } else {
        int32_t narrow = (int32_t)value;
        memcpy(out, &narrow, sizeof narrow);
    }
    return BATON_OK;
}

static enum baton_status read_number(const struct baton_fields *fields, const struct baton_field *row,
                                     const struct baton_json *node, char *out, struct baton_error *err)
{
    if (node->type != BATON_JSON_NUMBER) {
        return row_type_error(fields, row, node, "a number", err);
    }
    bool is_ms = row->type == BATON_FIELD_MS;
    double low = (double)row->low, high = is_ms && row->high == 0 ? 1e12 : (double)row->high;
    bool has_bounds = is_ms || row->low != 0 || row->high != 0;
    if (has_bounds && (node->number < low || node->number > high)) {
        return baton_source_error(fields->source, node->offset, err, "'%s' must be from %.0f to %.0f, not %.*s",
                                  row->name, low, high, (int)node->text.length, node->text.data);
    }
    if (is_ms) {
        int64_t ns = llround(node->number * 1e6);
        memcpy(out, &ns, sizeof ns);
    } else {
        memcpy(out, &node->number, sizeof node->number);
    }
    return BATON_OK;
}

static enum baton_status read_word(const struct baton_fields *fields, const struct baton_field *row,
                                   const struct baton_json *node, char *out, struct baton_error *err)
{
    if (node->type != BATON_JSON_STRING) {
        return row_type_error(fields, row, node, "a word", err);
    }
    struct baton_suggest suggest;
    baton_suggest_init(&suggest, node->text);
    for (int32_t i = 0; row->words[i] != NULL; i++) {
        if (baton_str_is(node->text, row->words[i])) {
            memcpy(out, &i, sizeof i);
            return BATON_OK;
        }
        baton_suggest_offer(&suggest, baton_str_of(row->words[i]));
    }
    char hint[BATON_SUGGEST_TEXT_BYTES], all[256] = "";
    for (size_t i = 0; row->words[i] != NULL && strlen(all) + strlen(row->words[i]) + 3 < sizeof all; i++) {
        strncat(all, i == 0 ? "" : ", ", sizeof all - strlen(all) - 1);
        strncat(all, row->words[i], sizeof all - strlen(all) - 1);
    }
    return baton_source_error(fields->source, node->offset, err, "'%s' must be one of %s, not '%.*s'%s", row->name, all,
                              (int)node->text.length, node->text.data, baton_suggest_text(&suggest, hint));
}

static enum baton_status read_value(const struct baton_fields *fields, const struct baton_field *row,
                                    const struct baton_json *node, char *out, struct baton_error *err)
{
    switch (row->type) {
    case BATON_FIELD_TEXT:
        if (node->type != BATON_JSON_STRING) {
            return row_type_error(fields, row, node, "a text; put it in quotes", err);
        }
        memcpy(out, &node->text, sizeof node->text);
        return BATON_OK;
    case BATON_FIELD_BOOLEAN:
        if (node->type != BATON_JSON_BOOLEAN) {
            return row_type_error(fields, row, node, "true or false", err);
        }
        memcpy(out, &node->boolean, sizeof node->boolean);
        return BATON_OK;
    case BATON_FIELD_INT32:
    case BATON_FIELD_INT64:
        return read_integer(fields, row, node, out, err);
    case BATON_FIELD_NUMBER:
    case BATON_FIELD_MS:
        return read_number(fields, row, node, out, err);
    case BATON_FIELD_WORD:
        return read_word(fields, row, node, out, err);
    case BATON_FIELD_OBJECT:
    case BATON_FIELD_ARRAY:
        if (node->type != (row->type == BATON_FIELD_OBJECT ? BATON_JSON_OBJECT : BATON_JSON_ARRAY)) {
            return row_type_error(fields, row, node, row->type == BATON_FIELD_OBJECT ? "an object" : "a list", err);
        }
        memcpy(out, &node, sizeof node);
        return BATON_OK;
    case BATON_FIELD_ANY:
        memcpy(out, &node, sizeof node);
        return BATON_OK;
    case BATON_FIELD_IGNORED:
        break;
    }
    return BATON_OK;
}

/* Notes that a row was met; both spellings of one row are the same key twice. */
static enum baton_status note_row(const struct baton_fields *fields, const struct baton_field *row,
                                  const struct baton_json *member, uint64_t *seen, struct baton_error *err)
{
    uint64_t bit = (uint64_t)1 << (row - fields->rows);
    if ((*seen & bit) != 0) {
        return baton_source_error(fields->source, member->key_offset, err,
                                  "'%s' and '%s' are two spellings of one key; remove one", row->name, row->alias);
    }
    *seen |= bit;
    return BATON_OK;
}

enum baton_status baton_fields_read(const struct baton_fields *fields, const struct baton_json *object, void *out,
                                    struct baton_error *err)
{
    assert(fields->row_count <= ROWS_MAX);
    if (object->type != BATON_JSON_OBJECT) {
        return baton_type_error(fields->source, object, fields->what, "an object", err);
    }
    uint64_t seen = 0, given = 0; /* a bit per row; null is seen, but not given */
    enum baton_status status = BATON_OK;
    for (const struct baton_json *member = object->child; member != NULL && status == BATON_OK; member = member->next) {
        const struct baton_field *row = row_find(fields, member->key);
        if (row == NULL) {
            bool is_free = fields->allows_unknown || (member->key.length > 2 && baton_str_starts(member->key, "x-"));
            status = is_free ? BATON_OK : unknown_key(fields, member, err);
            continue;
        }
        status = note_row(fields, row, member, &seen, err);
        if (status == BATON_OK && (member->type != BATON_JSON_NULL || row->type == BATON_FIELD_ANY)) {
            given |= (uint64_t)1 << (row - fields->rows);
            status = read_value(fields, row, member, (char *)out + row->offset, err);
        }
    }
    for (size_t i = 0; i < fields->row_count && status == BATON_OK; i++) {
        if (fields->rows[i].is_required && (given & ((uint64_t)1 << i)) == 0) {
            status = baton_source_error(fields->source, object->offset, err, "%s needs a key '%s'", fields->what,
                                        fields->rows[i].name);
        }
    }
    return status;
}
