/* csv.c - splits a table into records and records into fields; a row then becomes the tree of a conversation, node by node,
 * so that labels from a table pass the same checks as those from JSON, and an error names the field in the file itself.
 *
 * The splitting knows nothing of columns, since readers cut a file into chunks at the ends of records before anybody looks
 * inside one.
 */
#include "evals/suite/csv.h"

#include "engine/base/number.h"
#include "engine/base/suggest.h"
#include "engine/base/utf8.h"

#include <string.h>

/* The length of the first record, and whether its line break is there. A quote opens a field only at the field's start. */
static size_t record_length(struct baton_str text, char separator, bool *is_whole)
{
    bool is_quoted = false, at_start = true, was_quoted = false; /* was_quoted: the field began with a quote */
    *is_whole = false;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (is_quoted) {
            is_quoted = c != '"';
        } else if (c == '\n') {
            *is_whole = true;
            return i + 1;
        } else {
            /* A doubled quote inside a quoted field closes it and opens it again. */
            bool is_doubled = was_quoted && c == '"' && text.data[i - 1] == '"';
            is_quoted = c == '"' && (at_start || is_doubled);
            was_quoted = is_quoted || (was_quoted && c != separator);
            at_start = c == separator;
        }
    }
    return text.length;
}

size_t baton_csv_record_length(struct baton_str text, char separator)
{
    bool is_whole;
    return record_length(text, separator, &is_whole);
}

size_t baton_csv_records_end(struct baton_str text, char separator)
{
    size_t end = 0;
    for (;;) {
        bool is_whole;
        size_t length = record_length((struct baton_str){ text.data + end, text.length - end }, separator, &is_whole);
        if (!is_whole) {
            return end;
        }
        end += length;
    }
}

struct row {
    struct baton_str fields[BATON_CSV_COLUMNS_MAX];
    uint32_t offsets[BATON_CSV_COLUMNS_MAX]; /* of their first bytes in the source */
    int count;
};

static enum baton_status no_room(struct baton_error *err)
{
    return baton_error_over_limit(err, "a row");
}

/* One field at *at, decoded; *at ends behind its separator. */
static enum baton_status read_field(struct baton_str *out, size_t *at, bool *is_last, struct baton_arena *arena,
                                    const struct baton_source *source, char separator, struct baton_error *err)
{
    const char *text = source->text.data;
    size_t length = source->text.length, i = *at, written = 0;
    bool is_quoted = i < length && text[i] == '"';
    char *field = baton_arena_alloc(arena, length - i + 1);
    if (field == NULL) {
        return no_room(err);
    }
    i += is_quoted;
    while (i < length && (is_quoted || (text[i] != separator && text[i] != '\n'))) {
        if (is_quoted && text[i] == '"' && !(i + 1 < length && text[i + 1] == '"')) {
            break;
        }
        i += is_quoted && text[i] == '"';
        field[written++] = text[i++];
    }
    if (is_quoted && (i >= length || text[i] != '"')) {
        return baton_source_error(source, *at, err, "a quoted field that starts here is never closed");
    }
    i += is_quoted;
    if (i < length && text[i] == '\r' && (i + 1 == length || text[i + 1] == '\n')) {
        i++;
    }
    if (i < length && text[i] != separator && text[i] != '\n') {
        return baton_source_error(source, i, err, "text after the closing quote of a field");
    }
    while (!is_quoted && written > 0 && field[written - 1] == '\r') {
        written--;
    }
    *is_last = i >= length || text[i] == '\n';
    *at = i + (i < length);
    field[written] = '\0';
    *out = (struct baton_str){ field, written };
    return BATON_OK;
}

static enum baton_status read_row(struct row *row, struct baton_arena *arena, const struct baton_source *source,
                                  char separator, struct baton_error *err)
{
    size_t at = 0, bad = 0;
    bool is_last = false;
    row->count = 0;
    if (!baton_utf8_valid(source->text.data, source->text.length, &bad)) {
        return baton_source_error(source, bad, err, "not UTF-8: byte 0x%02x", (unsigned char)source->text.data[bad]);
    }
    bad = baton_str_find(source->text, '\0');
    if (bad < source->text.length) {
        return baton_source_error(source, bad, err, "a zero byte, which no text may hold");
    }
    while (!is_last) {
        if (row->count == BATON_CSV_COLUMNS_MAX) {
            return baton_source_error(source, at, err, "more than %d columns", BATON_CSV_COLUMNS_MAX);
        }
        row->offsets[row->count] = (uint32_t)at + (at < source->text.length && source->text.data[at] == '"');
        enum baton_status status = read_field(&row->fields[row->count++], &at, &is_last, arena, source, separator, err);
        if (status != BATON_OK) {
            return status;
        }
    }
    return BATON_OK;
}

static enum baton_status unknown_column(const struct baton_source *source, struct baton_str name,
                                        struct baton_error *err)
{
    static const char *const known[] = { "text", "final", "id", "cluster", "tag", "weight" };
    struct baton_suggest suggest;
    char hint[BATON_SUGGEST_TEXT_BYTES];
    baton_suggest_init(&suggest, name);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        baton_suggest_offer(&suggest, baton_str_of(known[i]));
    }
    return baton_source_error(source, 0, err, "unknown column '%.*s'%s", (int)name.length, name.data,
                              baton_suggest_text(&suggest, hint));
}

enum baton_status baton_csv_read_header(struct baton_csv_columns *out, size_t *bytes, struct baton_arena *arena,
                                        const struct baton_source *source, char separator, struct baton_error *err)
{
    *out = (struct baton_csv_columns){ -1, -1, -1, -1, -1, -1, 0 };
    size_t skip = source->text.length >= 3 && memcmp(source->text.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    struct baton_str rest = { source->text.data + skip, source->text.length - skip };
    struct baton_source header = { .name = source->name, .line_first = source->line_first };
    header.text = (struct baton_str){ rest.data, baton_csv_record_length(rest, separator) };
    *bytes = skip + header.text.length;
    struct row row;
    enum baton_status status = read_row(&row, arena, &header, separator, err);
    for (int i = 0; i < row.count && status == BATON_OK; i++) {
        struct {
            const char *name;
            int *column;
        } columns[] = { { "text", &out->text },       { "final", &out->final }, { "id", &out->id },
                        { "cluster", &out->cluster }, { "tag", &out->tag },     { "weight", &out->weight } };
        size_t k = 0, count = sizeof columns / sizeof *columns;
        while (k < count && !baton_str_is(row.fields[i], columns[k].name)) {
            k++;
        }
        if (k == count) {
            status = unknown_column(&header, row.fields[i], err);
        } else if (*columns[k].column >= 0) {
            status = baton_source_error(&header, 0, err, "the column '%s' is given twice", columns[k].name);
        } else {
            *columns[k].column = i;
        }
    }
    out->count = row.count;
    if (status == BATON_OK && (out->text < 0 || out->final < 0)) {
        status = baton_source_error(&header, 0, err, "the header needs the columns 'text' and 'final'");
    }
    return status;
}

/* ---- a row as a conversation ---- */

/* The nodes that a row may become, but for the names of its label. */
struct tree {
    struct baton_json root, id, cluster, tags, tag, weight, messages, message, role, content, expect, final;
};

/* An object or array under construction. */
struct parent {
    struct baton_json *node, *last;
};

static struct parent container(struct baton_json *node, enum baton_json_type type)
{
    *node = (struct baton_json){ .type = (uint8_t)type };
    return (struct parent){ .node = node };
}

static void adopt(struct parent *parent, const char *key, struct baton_json *child)
{
    child->key = baton_str_of(key);
    *(parent->last == NULL ? &parent->node->child : &parent->last->next) = child;
    parent->last = child;
    parent->node->count++;
}

/* Adds the text of a column; one that is empty or not there is left out. */
static void adopt_field(struct parent *parent, const char *key, struct baton_json *child, const struct row *row,
                        int column)
{
    if (column >= 0 && row->fields[column].length > 0) {
        *child = (struct baton_json){ .type = BATON_JSON_STRING,
                                      .text = row->fields[column],
                                      .offset = row->offsets[column] };
        adopt(parent, key, child);
    }
}

/* The label: names with `|` between them. */
static enum baton_status adopt_label(struct parent *message, struct tree *tree, const struct row *row, int column,
                                     struct baton_arena *arena, struct baton_error *err)
{
    struct baton_str rest = row->fields[column];
    struct baton_json *names = baton_arena_zero(arena, (rest.length + 1) * sizeof *names);
    if (names == NULL) {
        return no_room(err);
    }
    struct parent expect = container(&tree->expect, BATON_JSON_OBJECT);
    struct parent final = container(&tree->final, BATON_JSON_ARRAY);
    tree->expect.offset = tree->final.offset = row->offsets[column];
    for (size_t at = 0; at <= row->fields[column].length;) {
        size_t length = baton_str_find(rest, '|');
        names->type = BATON_JSON_STRING;
        names->text = (struct baton_str){ rest.data, length };
        names->offset = row->offsets[column] + (uint32_t)at;
        adopt(&final, NULL, names++);
        rest = baton_str_after(rest, length + 1);
        at += length + 1;
    }
    adopt(&expect, "final", &tree->final);
    adopt(message, "expect", &tree->expect);
    return BATON_OK;
}

static enum baton_status adopt_weight(struct parent *root, struct tree *tree, const struct row *row, int column,
                                      const struct baton_source *source, struct baton_error *err)
{
    struct baton_str text = column < 0 ? BATON_STR("") : row->fields[column];
    if (text.length == 0) {
        return BATON_OK;
    }
    tree->weight = (struct baton_json){ .type = BATON_JSON_NUMBER, .text = text, .offset = row->offsets[column] };
    if (!baton_number_double(text, &tree->weight.number)) {
        return baton_source_error(source, row->offsets[column], err, "the weight '%.*s' is not a number",
                                  BATON_STR_ARGS(text));
    }
    adopt(root, "weight", &tree->weight);
    return BATON_OK;
}

static enum baton_status adopt_message(struct parent *root, struct tree *tree, const struct row *row,
                                       const struct baton_csv_columns *columns, struct baton_arena *arena,
                                       struct baton_error *err)
{
    struct parent messages = container(&tree->messages, BATON_JSON_ARRAY);
    struct parent message = container(&tree->message, BATON_JSON_OBJECT);
    tree->role = (struct baton_json){ .type = BATON_JSON_STRING, .text = BATON_STR("user") };
    tree->content = (struct baton_json){ .type = BATON_JSON_STRING,
                                         .text = row->fields[columns->text],
                                         .offset = row->offsets[columns->text] };
    adopt(&message, "role", &tree->role);
    adopt(&message, "content", &tree->content);
    adopt(&messages, NULL, &tree->message);
    adopt(root, "messages", &tree->messages);
    return row->fields[columns->final].length == 0 ? BATON_OK
                                                   : adopt_label(&message, tree, row, columns->final, arena, err);
}

enum baton_status baton_csv_read_row(const struct baton_json **out, struct baton_arena *arena,
                                     const struct baton_source *source, const struct baton_csv_columns *columns,
                                     char separator, struct baton_error *err)
{
    struct row row;
    struct tree *tree = baton_arena_alloc(arena, sizeof *tree);
    *out = NULL;
    if (tree == NULL) {
        return no_room(err);
    }
    enum baton_status status = read_row(&row, arena, source, separator, err);
    if (status != BATON_OK) {
        return status;
    }
    if (row.count != columns->count) {
        return baton_source_error(source, 0, err, "a row of %d fields where the header has %d", row.count,
                                  columns->count);
    }
    struct parent root = container(&tree->root, BATON_JSON_OBJECT);
    struct parent tags = container(&tree->tags, BATON_JSON_ARRAY);
    adopt_field(&root, "id", &tree->id, &row, columns->id);
    adopt_field(&root, "cluster", &tree->cluster, &row, columns->cluster);
    adopt_field(&tags, NULL, &tree->tag, &row, columns->tag);
    if (tree->tags.count > 0) {
        adopt(&root, "tags", &tree->tags);
    }
    status = adopt_weight(&root, tree, &row, columns->weight, source, err);
    if (status != BATON_OK) {
        return status;
    }
    status = adopt_message(&root, tree, &row, columns, arena, err);
    *out = status == BATON_OK ? &tree->root : NULL;
    return status;
}
