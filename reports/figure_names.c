/* figure_names.c - from a name to a row and back, by the same three steps: a row, an element of it where it is a list, a member
 * of that where it is a rate or a distribution.
 *
 * A name is looked for in the whole table, rows in turn: a few hundred short comparisons for a gate, read once. The rest of a
 * run works with what was found.
 */
#include "reports/figure_names.h"

#include "engine/base/json.h"
#include "engine/base/number.h"
#include "reports/comparison.h"

#include <math.h>
#include <string.h>

static const char default_member[] = "value";

static bool is_number(const struct baton_figure *row)
{
    return row->kind >= BATON_FIGURE_COUNT && row->kind <= BATON_FIGURE_SHARE;
}

static bool has_members(const struct baton_figure *row)
{
    return row->kind == BATON_FIGURE_RATE || row->kind == BATON_FIGURE_DISTRIBUTION;
}

const struct baton_figure *baton_figure_leaf(const struct baton_figure_ref *ref)
{
    return ref->member != NULL ? ref->member : ref->element != NULL ? ref->element : ref->row;
}

enum baton_better baton_figure_better(const struct baton_figure_ref *ref)
{
    enum baton_better better = baton_figure_leaf(ref)->better;
    return better == BATON_AS_WHOLE ? (ref->element != NULL ? ref->element : ref->row)->better : better;
}

/* ---- keys ---- */

size_t baton_figure_key_length(struct baton_str text, const char *ends)
{
    bool is_quoted = baton_str_starts(text, "\"");
    for (size_t i = is_quoted; i < text.length; i++) {
        if (is_quoted && text.data[i] == '\\') {
            i++;
        } else if (is_quoted && text.data[i] == '"') {
            return i + 1;
        } else if (!is_quoted && text.data[i] == ']') {
            struct baton_str rest = baton_str_trim(baton_str_after(text, i + 1));
            if (rest.length == 0 || strchr(ends, rest.data[0]) != NULL) {
                return i;
            }
        }
    }
    return text.length;
}

bool baton_figure_key_is(struct baton_str key, struct baton_str name)
{
    if (!baton_str_starts(key, "\"")) {
        return baton_str_equal(key, name);
    }
    size_t at = 0;
    for (size_t i = 1; i + 1 < key.length; i++, at++) {
        i += key.data[i] == '\\' && i + 2 < key.length;
        if (at == name.length || name.data[at] != key.data[i]) {
            return false;
        }
    }
    return at == name.length;
}

void baton_figure_put_key(struct baton_text *out, struct baton_str name)
{
    bool is_plain = name.length > 0;
    for (size_t i = 0; i < name.length; i++) {
        is_plain = is_plain && strchr("[]\"\\<>=! \t", name.data[i]) == NULL;
    }
    if (is_plain) {
        baton_text_append(out, name.data, name.length);
        return;
    }
    baton_text_putc(out, '"');
    for (size_t i = 0; i < name.length; i++) {
        baton_text_puts(out, name.data[i] == '"' || name.data[i] == '\\' ? "\\" : "");
        baton_text_putc(out, name.data[i]);
    }
    baton_text_putc(out, '"');
}

/* ---- finding ---- */

/* `rest` is what follows the name of a row or an element: nothing, or a dot and a member. */
static bool find_member(struct baton_str rest, const struct baton_figure *whole, bool has_default,
                        const struct baton_figure **member)
{
    *member = NULL;
    if (!has_members(whole)) {
        return rest.length == 0 && (is_number(whole) || whole->kind == BATON_FIGURE_ONE_SIDED);
    }
    bool is_default = rest.length == 0 && has_default;
    for (size_t i = 0; i < whole->shape->row_count; i++) {
        const struct baton_figure *row = &whole->shape->rows[i];
        if (is_default ? strcmp(row->path, default_member) == 0
                       : baton_str_starts(rest, ".") && baton_str_is(baton_str_after(rest, 1), row->path)) {
            *member = row;
        }
    }
    return *member != NULL;
}

/* HEAD[KEY] and HEAD[KEY].MEMBER */
static bool find_element(struct baton_str head, struct baton_str key, struct baton_str rest,
                         struct baton_figure_ref *out)
{
    uint64_t number;
    for (size_t i = 0; (out->row = baton_figure_at(i)) != NULL; i++) {
        for (size_t k = 0; out->row->kind == BATON_FIGURE_LIST && k < out->row->shape->row_count; k++) {
            const struct baton_figure_shape *shape = out->row->shape;
            bool is_key = shape->rows[0].kind == BATON_FIGURE_TEXT || baton_number_u64(key, &number);
            out->element = &shape->rows[k];
            if (is_key && out->element->name != NULL && baton_str_is(head, out->element->name) &&
                find_member(rest, out->element, true, &out->member)) {
                out->key = key;
                return true;
            }
        }
    }
    return false;
}

bool baton_figure_find(struct baton_str name, struct baton_figure_ref *out)
{
    size_t open = baton_str_find(name, '[');
    *out = (struct baton_figure_ref){ 0 };
    if (open < name.length) {
        struct baton_str inside = baton_str_after(name, open + 1);
        size_t length = baton_figure_key_length(inside, ".");
        struct baton_str rest = baton_str_after(inside, length);
        return length > 0 && baton_str_starts(rest, "]") &&
               find_element((struct baton_str){ name.data, open }, (struct baton_str){ inside.data, length },
                            baton_str_after(rest, 1), out);
    }
    for (size_t i = 0; (out->row = baton_figure_at(i)) != NULL; i++) {
        bool is_in_file = out->row->kind != BATON_FIGURE_ONE_SIDED;
        if ((is_in_file && baton_str_starts(name, out->row->path) &&
             find_member(baton_str_after(name, strlen(out->row->path)), out->row, false, &out->member)) ||
            (out->row->name != NULL && baton_str_starts(name, out->row->name) &&
             find_member(baton_str_after(name, strlen(out->row->name)), out->row, true, &out->member))) {
            return true;
        }
    }
    return false;
}

/* The next row, or the next element of a list that a gate can name. */
static bool next_place(struct baton_figure_ref *ref)
{
    if (ref->row != NULL && ref->row->kind == BATON_FIGURE_LIST) {
        const struct baton_figure_shape *shape = ref->row->shape;
        ref->element = ref->element == NULL ? shape->rows : ref->element + 1;
        while (ref->element < shape->rows + shape->row_count && ref->element->name == NULL) {
            ref->element++;
        }
        if (ref->element < shape->rows + shape->row_count) {
            return true;
        }
    }
    ref->element = NULL;
    ref->row = baton_figure_at(ref->row == NULL ? 0 : (size_t)(ref->row - baton_figure_at(0)) + 1);
    return ref->row != NULL;
}

/* The member that has no name of its own comes first, then the others in turn. */
static const struct baton_figure *next_member(const struct baton_figure_shape *shape, const struct baton_figure *last)
{
    size_t plain = 0, i = last == NULL ? 0 : (size_t)(last - shape->rows) + 1;
    while (plain < shape->row_count && strcmp(shape->rows[plain].path, default_member) != 0) {
        plain++;
    }
    if (plain < shape->row_count) {
        i = last == NULL ? plain : i == plain + 1 ? 0 : i;
        i += last != NULL && i == plain;
    }
    return i < shape->row_count ? &shape->rows[i] : NULL;
}

bool baton_figure_next(struct baton_figure_ref *ref)
{
    const struct baton_figure *whole = ref->element != NULL ? ref->element : ref->row;
    ref->member = ref->member == NULL ? NULL : next_member(whole->shape, ref->member);
    if (ref->member != NULL) {
        return true;
    }
    while (next_place(ref)) {
        whole = ref->element != NULL ? ref->element : ref->row;
        ref->member = has_members(whole) ? next_member(whole->shape, NULL) : NULL;
        if (ref->member != NULL || is_number(whole) || whole->kind == BATON_FIGURE_ONE_SIDED) {
            return true;
        }
    }
    return false;
}

bool baton_figure_next_compared(struct baton_figure_ref *ref)
{
    enum baton_section section = ref->row == NULL ? BATON_SECTION_RUN : ref->row->section;
    for (; section < BATON_SECTION_COUNT; section++) {
        while (baton_figure_next(ref)) {
            const struct baton_figure *leaf = baton_figure_leaf(ref);
            if (ref->row->section == section && (ref->row->on & leaf->on & BATON_ON_COMPARE) != 0) {
                return true;
            }
        }
        *ref = (struct baton_figure_ref){ 0 };
    }
    return false;
}

/* ---- what it is called ---- */

static void put_bracket(struct baton_text *out, const struct baton_figure_ref *ref)
{
    baton_text_putc(out, '[');
    if (ref->key.length > 0) {
        baton_text_append(out, ref->key.data, ref->key.length);
    } else {
        baton_text_puts(out, ref->row->shape->key_word);
    }
    baton_text_putc(out, ']');
}

void baton_figure_put_name(struct baton_text *out, const struct baton_figure_ref *ref)
{
    const struct baton_figure *whole = ref->element != NULL ? ref->element : ref->row;
    baton_text_puts(out, whole->name != NULL ? whole->name : whole->path);
    if (ref->element != NULL) {
        put_bracket(out, ref);
    }
    if (ref->member != NULL && (whole->name == NULL || strcmp(ref->member->path, default_member) != 0)) {
        baton_text_printf(out, ".%s", ref->member->path);
    }
}

void baton_figure_put_path(struct baton_text *out, const struct baton_figure_ref *ref)
{
    baton_text_puts(out, ref->row->path);
    if (ref->element != NULL) {
        put_bracket(out, ref);
        baton_text_printf(out, ".%s", ref->element->path);
    }
    if (ref->member != NULL) {
        baton_text_printf(out, ".%s", ref->member->path);
    }
}

void baton_figure_put_meaning(struct baton_text *out, const struct baton_figure_ref *ref)
{
    const struct baton_figure *whole = ref->element != NULL ? ref->element : ref->row;
    if (ref->member != NULL && ref->member->means != NULL) {
        baton_text_printf(out, "%s: %s", whole->name != NULL ? whole->name : whole->path, ref->member->means);
    } else {
        baton_text_puts(out, whole->means);
    }
}

const char *baton_better_name(enum baton_better better)
{
    return better == BATON_HIGHER ? "higher" : better == BATON_LOWER ? "lower" : "";
}

/* ---- what it is ---- */

/* The element of a list with that key, or NULL. */
static const void *element_of(const struct baton_figure_ref *ref, const void *base)
{
    const struct baton_figure *key_row = &ref->row->shape->rows[0];
    const char *list;
    uint64_t count = baton_figure_n(ref->row, base), number = 0;
    memcpy(&list, (const char *)base + ref->row->offset, sizeof list);
    bool is_number_key = key_row->kind == BATON_FIGURE_COUNT && baton_number_u64(ref->key, &number);
    for (uint64_t i = 0; i < count; i++) {
        const char *element = list + i * ref->row->shape->bytes;
        struct baton_str text;
        memcpy(&text, element + key_row->offset, sizeof text);
        if (is_number_key ? baton_figure_number(key_row, element) == (double)number
                          : baton_figure_key_is(ref->key, text)) {
            return element;
        }
    }
    return NULL;
}

bool baton_figure_put_key_at(struct baton_text *out, const struct baton_figure_ref *ref,
                             const struct baton_summary *summary, uint64_t i)
{
    const struct baton_figure *key_row = &ref->row->shape->rows[0];
    const char *list, *base = baton_figure_base(ref->row, summary);
    struct baton_str text;
    if (base == NULL || i >= baton_figure_n(ref->row, base)) {
        return false;
    }
    memcpy(&list, base + ref->row->offset, sizeof list);
    list += i * ref->row->shape->bytes;
    memcpy(&text, list + key_row->offset, sizeof text);
    if (key_row->kind == BATON_FIGURE_TEXT) {
        baton_figure_put_key(out, text);
    } else {
        baton_text_u64(out, (uint64_t)baton_figure_number(key_row, list));
    }
    return true;
}

struct baton_figure_value baton_figure_value(const struct baton_figure_ref *ref, const struct baton_summary *summary)
{
    const struct baton_figure *row = ref->row;
    const void *base = baton_figure_base(row, summary);
    struct baton_figure_value out = { .value = NAN, .why = baton_block_missing(row->block) };
    if (base != NULL && ref->element != NULL) {
        out.why = row->shape->no_such;
        base = element_of(ref, base);
        row = ref->element;
    }
    if (base == NULL) {
        return out;
    }
    if (ref->member != NULL) {
        base = (const char *)base + row->offset;
        row = ref->member;
    }
    return (struct baton_figure_value){ .value = baton_figure_number(row, base), .n = baton_figure_n(row, base) };
}

/* ---- out of a file ---- */

const struct baton_json *baton_json_at(const struct baton_json *node, struct baton_str path)
{
    while (node != NULL && path.length > 0) {
        size_t length = baton_str_find(path, '.');
        const struct baton_json *member = node->type == BATON_JSON_OBJECT ? node->child : NULL;
        while (member != NULL && !baton_str_equal(member->key, (struct baton_str){ path.data, length })) {
            member = member->next;
        }
        node = member;
        path = baton_str_after(path, length + 1);
    }
    return node;
}

static double number_at(const struct baton_json *root, const char *path)
{
    const struct baton_json *node = baton_json_at(root, baton_str_of(path));
    return node != NULL && node->type == BATON_JSON_NUMBER ? node->number : NAN;
}

static double one_sided_at(const struct baton_json *root, const struct baton_figure *row)
{
    double p = number_at(root, row->path);
    p = isnan(p) && row->or_path != NULL ? number_at(root, row->or_path) : p;
    return baton_figure_one_sided(p, number_at(root, "baseline.difference"));
}

double baton_figure_in_file(const struct baton_figure_ref *ref, const struct baton_json *summary)
{
    const struct baton_json *node = baton_json_at(summary, baton_str_of(ref->row->path));
    if (ref->row->kind == BATON_FIGURE_ONE_SIDED) {
        return one_sided_at(summary, ref->row);
    }
    if (ref->element != NULL) {
        const char *key_name = ref->row->shape->rows[0].path;
        node = node != NULL && node->type == BATON_JSON_ARRAY ? node->child : NULL;
        const struct baton_json *key = node == NULL ? NULL : baton_json_get(node, key_name);
        while (node != NULL && (key == NULL || !baton_figure_key_is(ref->key, key->text))) {
            node = node->next;
            key = node == NULL ? NULL : baton_json_get(node, key_name);
        }
        node = baton_json_at(node, baton_str_of(ref->element->path));
    }
    return ref->member != NULL                               ? number_at(node, ref->member->path)
           : node != NULL && node->type == BATON_JSON_NUMBER ? node->number
                                                             : NAN;
}
