/* known_values.c - finds known values in all their spellings, with the automaton of Aho and Corasick.
 *
 * Each value is written in every spelling first: plain, JSON with the escapes that one encoder or another makes, JSON in JSON,
 * percent-encoded, base64 at each of the three offsets. These are some hundred words a value, found together in one walk. Nodes
 * are linked lists of children, as a table of 256 for each would not fit; only the root, where most bytes of a text end, has one.
 */
#include "sim/redact/known_values.h"

#include "engine/base/text.h"
#include "engine/base/utf8.h"

#include <string.h>

enum { ROOT = 0, BYTES = 256 };

struct node {
    uint32_t child, sibling; /* 0 = none; no node has the root below it */
    uint32_t fail;           /* the longest other beginning that ends here too */
    uint32_t depth;
    uint32_t word_length; /* the longest text that ends here, or 0 */
    unsigned char byte;
};

struct baton_known_values {
    struct node *nodes;
    uint32_t node_count;
    uint32_t first[BYTES]; /* the root's children by their byte: most bytes of a text go no further */
};

/* ---- the spellings ---- */

struct forms {
    struct baton_text bytes; /* one after the other, each before a length */
    struct baton_text lengths;
};

static void form_add(struct forms *forms, const struct baton_text *form)
{
    uint32_t length = (uint32_t)form->length;
    if (form->failed) {
        forms->bytes.failed = true;
    } else if (length >= BATON_KNOWN_VALUE_MIN) {
        baton_text_append(&forms->bytes, form->data, form->length);
        baton_text_append(&forms->lengths, (const char *)&length, sizeof length);
    }
}

enum json_flags { ASCII_ONLY = 1, SLASH = 2, FOR_HTML = 4, UPPER_HEX = 8, JSON_FLAGS_END = 16 };

/* The code point that a text begins with, and its length; of what is no UTF-8 the first byte. */
static uint32_t code_point(const char *text, size_t left, size_t *length)
{
    *length = baton_utf8_length(text, left);
    if (*length == 0) {
        *length = 1;
        return (unsigned char)text[0];
    }
    return baton_utf8_point(text, *length);
}

static void put_unicode_unit(struct baton_text *out, uint32_t unit, unsigned flags)
{
    if ((flags & UPPER_HEX) != 0) {
        baton_text_printf(out, "\\u%04X", unit);
    } else {
        baton_text_printf(out, "\\u%04x", unit);
    }
}

static void put_unicode_escape(struct baton_text *out, uint32_t point, unsigned flags)
{
    if (point >= 0x10000) {
        put_unicode_unit(out, 0xd800 + ((point - 0x10000) >> 10), flags);
        point = 0xdc00 + ((point - 0x10000) & 0x3ff);
    }
    put_unicode_unit(out, point, flags);
}

static void json_form(struct baton_text *out, struct baton_str value, unsigned flags)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* each byte with the letter of its escape */
    size_t step;
    for (size_t i = 0; i < value.length; i += step) {
        uint32_t point = code_point(value.data + i, value.length - i, &step);
        size_t escape = 0;
        while (named[escape] != '\0' && (unsigned char)named[escape] != point) {
            escape += 2;
        }
        bool is_html = (flags & FOR_HTML) != 0 &&
                       (point == '<' || point == '>' || point == '&' || point == '\'' || point == '=' || point == '+');
        if (named[escape] != '\0') {
            baton_text_putc(out, '\\');
            baton_text_putc(out, named[escape + 1]);
        } else if (point == '/' && (flags & SLASH) != 0) {
            baton_text_puts(out, "\\/");
        } else if (point < 0x20 || is_html || (point >= 0x80 && (flags & ASCII_ONLY) != 0)) {
            put_unicode_escape(out, point, flags);
        } else {
            baton_text_append(out, value.data + i, step);
        }
    }
}

enum url_flags {
    LOWER_HEX = 1,
    MARKS_STAY = 2,
    SLASH_STAYS = 4,
    PLUS_FOR_SPACE = 8,
    TILDE_GOES = 16, /* as in forms */
    URL_FLAGS_END = 32
};

static void url_form(struct baton_text *out, struct baton_str value, unsigned flags)
{
    static const char always[] = "-._", marks[] = "!*'()";
    for (size_t i = 0; i < value.length; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        bool is_alnum = ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || (byte >= '0' && byte <= '9');
        bool is_mark = (flags & MARKS_STAY) != 0 && memchr(marks, byte, sizeof marks - 1) != NULL;
        if (is_alnum || is_mark || memchr(always, byte, sizeof always - 1) != NULL ||
            ((flags & SLASH_STAYS) != 0 && byte == '/') || ((flags & TILDE_GOES) == 0 && byte == '~')) {
            baton_text_putc(out, (char)byte);
        } else if (byte == ' ' && (flags & PLUS_FOR_SPACE) != 0) {
            baton_text_putc(out, '+');
        } else if ((flags & LOWER_HEX) != 0) {
            baton_text_printf(out, "%%%02x", byte);
        } else {
            baton_text_printf(out, "%%%02X", byte);
        }
    }
}

/* The characters of base64 that depend on the value alone, when `before` bytes (0 to 2) stand before it in its group. */
static void base64_form(struct baton_text *out, struct baton_str value, size_t before, const char *last_two)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t bits_end = (before + value.length) * 8;
    for (size_t bit = (before * 8 + 5) / 6 * 6; bit + 6 <= bits_end; bit += 6) {
        unsigned index = 0;
        for (size_t i = bit; i < bit + 6; i++) {
            unsigned char byte = (unsigned char)value.data[i / 8 - before];
            index = index << 1 | ((unsigned)byte >> (7 - i % 8) & 1U);
        }
        baton_text_putc(out, index < 62 ? letters[index] : last_two[index - 62]);
    }
}

/* A value that ends within a group, encoded alone: its last bits are filled up with zeros. */
static void base64_alone(struct baton_text *out, struct baton_str value, const char *last_two, bool has_padding)
{
    char padded[3] = { 0, 0, 0 };
    size_t rest = value.length % 3, whole = value.length - rest;
    base64_form(out, (struct baton_str){ value.data, whole }, 0, last_two);
    if (rest > 0) {
        memcpy(padded, value.data + whole, rest);
        struct baton_text group = baton_text_with_limit(8);
        base64_form(&group, (struct baton_str){ padded, 3 }, 0, last_two);
        baton_text_append(out, group.failed ? "" : group.data, group.failed ? 0 : rest + 1);
        out->failed = out->failed || group.failed;
        baton_text_clear(&group);
        baton_text_puts(out, !has_padding ? "" : rest == 1 ? "==" : "=");
    }
}

static void forms_base64(struct forms *forms, struct baton_text *form, struct baton_str value)
{
    static const char *const last_two[] = { "+/", "-_" };
    for (size_t i = 0; i < 2; i++) {
        for (size_t before = 0; before < 3; before++) {
            baton_text_reset(form);
            base64_form(form, value, before, last_two[i]);
            form_add(forms, form);
        }
        for (int padded = 0; padded < 2; padded++) {
            baton_text_reset(form);
            base64_alone(form, value, last_two[i], padded != 0);
            form_add(forms, form);
        }
    }
}

static void forms_of(struct forms *forms, struct baton_text *form, struct baton_text *nested, struct baton_str value)
{
    baton_text_reset(form);
    baton_text_append(form, value.data, value.length);
    form_add(forms, form);
    for (unsigned flags = 0; flags < JSON_FLAGS_END; flags++) {
        baton_text_reset(form);
        json_form(form, value, flags);
        form_add(forms, form);
        baton_text_reset(nested);
        json_form(nested, baton_text_str(form), flags);
        form_add(forms, nested);
    }
    for (unsigned flags = 0; flags < URL_FLAGS_END; flags++) {
        baton_text_reset(form);
        url_form(form, value, flags);
        form_add(forms, form);
    }
    forms_base64(forms, form, value);
}

/* ---- the automaton ---- */

static uint32_t child_of(const struct baton_known_values *values, uint32_t node, unsigned char byte)
{
    if (node == ROOT) {
        return values->first[byte];
    }
    uint32_t child = values->nodes[node].child;
    while (child != 0 && values->nodes[child].byte != byte) {
        child = values->nodes[child].sibling;
    }
    return child;
}

static uint32_t step(const struct baton_known_values *values, uint32_t state, unsigned char byte)
{
    uint32_t next;
    while ((next = child_of(values, state, byte)) == 0 && state != ROOT) {
        state = values->nodes[state].fail;
    }
    return next; /* 0 is the root */
}

static void word_insert(struct baton_known_values *values, const char *word, size_t length)
{
    uint32_t at = ROOT;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)word[i];
        uint32_t next = child_of(values, at, byte);
        if (next == 0) {
            next = values->node_count++;
            values->nodes[next] = (struct node){ .byte = byte, .depth = values->nodes[at].depth + 1 };
            values->nodes[next].sibling = at == ROOT ? 0 : values->nodes[at].child;
            *(at == ROOT ? &values->first[byte] : &values->nodes[at].child) = next;
        }
        at = next;
    }
    values->nodes[at].word_length = (uint32_t)length;
}

/* Level by level, so that what a node falls back to is finished before it. The queue has room for each node. */
static void link_failures(struct baton_known_values *values, uint32_t *queue)
{
    size_t head = 0, tail = 0;
    for (unsigned byte = 0; byte < BYTES; byte++) {
        if (values->first[byte] != 0) {
            queue[tail++] = values->first[byte]; /* falls back to the root, as it does already */
        }
    }
    while (head < tail) {
        uint32_t parent = queue[head++];
        for (uint32_t child = values->nodes[parent].child; child != 0; child = values->nodes[child].sibling) {
            struct node *node = &values->nodes[child];
            node->fail = step(values, values->nodes[parent].fail, node->byte);
            if (node->word_length == 0) {
                node->word_length = values->nodes[node->fail].word_length;
            }
            queue[tail++] = child;
        }
    }
}

static enum baton_status build(struct baton_known_values **out, struct baton_arena *arena, const struct forms *forms,
                               struct baton_error *err)
{
    size_t nodes_max = forms->bytes.length + 1;
    struct baton_known_values *values = baton_arena_zero(arena, sizeof *values);
    struct node *nodes = baton_arena_array(arena, nodes_max, sizeof *nodes);
    uint32_t *queue = baton_arena_array(arena, nodes_max, sizeof *queue);
    if (forms->bytes.failed || forms->lengths.failed || values == NULL || nodes == NULL || queue == NULL) {
        return baton_error_set(err, BATON_ELIMIT, "the known values need more memory than is allowed");
    }
    values->nodes = nodes;
    nodes[ROOT] = (struct node){ .depth = 0 };
    values->node_count = 1;
    const char *word = forms->bytes.data;
    for (size_t i = 0; i < forms->lengths.length; i += sizeof(uint32_t)) {
        uint32_t length;
        memcpy(&length, forms->lengths.data + i, sizeof length);
        word_insert(values, word, length);
        word += length;
    }
    link_failures(values, queue);
    *out = values;
    return BATON_OK;
}

enum baton_status baton_known_values_new(struct baton_known_values **out, struct baton_arena *arena,
                                         const struct baton_str *values, size_t count, struct baton_error *err)
{
    *out = NULL;
    if (count > BATON_KNOWN_VALUES_MAX) {
        return baton_error_set(err, BATON_EUSAGE, "%zu known values; the limit is %d", count, BATON_KNOWN_VALUES_MAX);
    }
    struct forms forms = { baton_text_with_limit(BATON_KNOWN_FORMS_BYTES_MAX),
                           baton_text_with_limit(BATON_KNOWN_FORMS_BYTES_MAX) };
    struct baton_text form = baton_text_with_limit(BATON_KNOWN_FORMS_BYTES_MAX),
                      nested = baton_text_with_limit(BATON_KNOWN_FORMS_BYTES_MAX);
    enum baton_status status = BATON_OK;
    for (size_t i = 0; i < count && status == BATON_OK; i++) {
        struct baton_str value = baton_str_trim(values[i]);
        if (value.length > BATON_KNOWN_VALUE_MAX) {
            status = baton_error_set(err, BATON_EUSAGE, "a known value of %zu bytes; the limit is %d", value.length,
                                     BATON_KNOWN_VALUE_MAX);
        } else if (value.length >= BATON_KNOWN_VALUE_MIN) {
            forms_of(&forms, &form, &nested, value);
        }
    }
    if (status == BATON_OK) {
        status = build(out, arena, &forms, err);
    }
    baton_text_clear(&nested);
    baton_text_clear(&form);
    baton_text_clear(&forms.lengths);
    baton_text_clear(&forms.bytes);
    return status;
}

struct baton_known_search baton_known_search_in(const struct baton_known_values *values, struct baton_str text)
{
    return (struct baton_known_search){ .values = values, .text = text, .state = ROOT };
}

bool baton_known_search_next(struct baton_known_search *search, size_t *start, size_t *end)
{
    const struct baton_known_values *values = search->values;
    if (values == NULL || values->node_count == 1) {
        return false;
    }
    bool found = false;
    while (search->at < search->text.length) {
        /* A stretch is whole once no value that is still under way could have begun within it. */
        if (found && search->at - values->nodes[search->state].depth >= *end) {
            return true;
        }
        search->state = step(values, search->state, (unsigned char)search->text.data[search->at++]);
        size_t length = values->nodes[search->state].word_length;
        if (length > 0) {
            size_t first = search->at - length;
            *start = found && *start < first ? *start : first;
            *end = search->at;
            found = true;
        }
    }
    return found;
}
