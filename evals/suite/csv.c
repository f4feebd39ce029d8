#include "evals/suite/csv.h"

#include "engine/base/json.h"
#include "engine/base/json_writer.h"
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
    int count;
};

/* One field at *at, decoded; *at ends behind its separator. */
static enum baton_status read_field(struct baton_str *out, size_t *at, bool *is_last, struct baton_arena *arena,
                                    const struct baton_source *source, char separator, struct baton_error *err)
{
    const char *text = source->text.data;
    size_t length = source->text.length, i = *at, written = 0;
    bool is_quoted = i < length && text[i] == '"';
    char *field = baton_arena_alloc(arena, length - i + 1);
    if (field == NULL) {
        return baton_error_set(err, BATON_ELIMIT, "a row needs more memory than is allowed");
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
    while (!is_last) {
        if (row->count == BATON_CSV_COLUMNS_MAX) {
            return baton_source_error(source, at, err, "more than %d columns", BATON_CSV_COLUMNS_MAX);
        }
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
            status = baton_source_error(&header, 0, err, "the column '%s' stands there twice", columns[k].name);
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

static void put(struct baton_json_writer *writer, const char *key, const struct row *row, int column)
{
    if (column >= 0 && row->fields[column].length > 0) {
        baton_jw_key(writer, key);
        baton_jw_str(writer, row->fields[column]);
    }
}

static void put_label(struct baton_json_writer *writer, struct baton_str names)
{
    baton_jw_key(writer, "expect");
    baton_jw_open(writer, '{');
    baton_jw_key(writer, "final");
    baton_jw_open(writer, '[');
    for (size_t start = 0; start <= names.length;) {
        const char *bar = memchr(names.data + start, '|', names.length - start);
        size_t end = bar == NULL ? names.length : (size_t)(bar - names.data);
        baton_jw_str(writer, (struct baton_str){ names.data + start, end - start });
        start = end + 1;
    }
    baton_jw_close(writer, ']');
    baton_jw_close(writer, '}');
}

enum baton_status baton_csv_row_to_json(struct baton_str *out, struct baton_arena *arena,
                                        const struct baton_source *row_source, const struct baton_csv_columns *columns,
                                        char separator, struct baton_error *err)
{
    struct row row;
    *out = (struct baton_str){ "", 0 };
    enum baton_status status = read_row(&row, arena, row_source, separator, err);
    if (status != BATON_OK) {
        return status;
    }
    if (row.count != columns->count) {
        return baton_source_error(row_source, 0, err, "a row of %d fields where the header has %d", row.count,
                                  columns->count);
    }
    struct baton_str weight = columns->weight < 0 ? (struct baton_str){ "", 0 } : row.fields[columns->weight];
    if (baton_number_length(weight) != weight.length) {
        return baton_source_error(row_source, 0, err, "the weight '%.*s' is not a number", (int)weight.length,
                                  weight.data);
    }
    struct baton_text text = baton_text_with_limit(BATON_LINE_BYTES_MAX);
    struct baton_json_writer writer = baton_json_writer_to(&text, 0);
    baton_jw_open(&writer, '{');
    put(&writer, "id", &row, columns->id);
    put(&writer, "cluster", &row, columns->cluster);
    if (columns->tag >= 0 && row.fields[columns->tag].length > 0) {
        baton_jw_key(&writer, "tags");
        baton_jw_open(&writer, '[');
        baton_jw_str(&writer, row.fields[columns->tag]);
        baton_jw_close(&writer, ']');
    }
    if (weight.length > 0) {
        baton_jw_key(&writer, "weight");
        baton_jw_raw(&writer, weight);
    }
    baton_jw_key(&writer, "messages");
    baton_jw_open(&writer, '[');
    baton_jw_open(&writer, '{');
    baton_jw_key(&writer, "role");
    baton_jw_string(&writer, "user");
    baton_jw_key(&writer, "content");
    baton_jw_str(&writer, row.fields[columns->text]);
    if (row.fields[columns->final].length > 0) {
        put_label(&writer, row.fields[columns->final]);
    }
    baton_jw_close(&writer, '}');
    baton_jw_close(&writer, ']');
    baton_jw_close(&writer, '}');
    out->data = text.failed ? NULL : baton_arena_copy(arena, text.data, text.length);
    out->length = text.length;
    baton_text_clear(&text);
    return out->data == NULL ? baton_error_set(err, BATON_ELIMIT, "a row needs more memory than is allowed") : BATON_OK;
}
