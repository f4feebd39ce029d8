#include "reports/tests/table_reader.h"

#include <string.h>

/* One field at *at; *at ends behind it. */
static const char *read_field(struct baton_str *out, struct baton_arena *arena, struct baton_str text, size_t *at)
{
    size_t i = *at, length = 0;
    bool is_quoted = i < text.length && text.data[i] == '"';
    size_t end = i;
    while (!is_quoted && end < text.length && strchr(",\r\n\"", text.data[end]) == NULL) {
        end++;
    }
    if (!is_quoted) {
        *out = (struct baton_str){ text.data + i, end - i };
        *at = end;
        return end < text.length && (text.data[end] == ',' || text.data[end] == '\r') ? NULL : "a field needs quotes";
    }
    for (end = ++i; end < text.length && (text.data[end] != '"' || text.data[end + 1] == '"'); end++) {
        end += text.data[end] == '"';
    }
    char *field = baton_arena_alloc(arena, end - i + 1);
    for (; i < end; i++) {
        i += text.data[i] == '"';
        field[length++] = text.data[i];
    }
    *out = (struct baton_str){ field, length };
    *at = end + 1;
    return end < text.length && (text.data[end + 1] == ',' || text.data[end + 1] == '\r') ? NULL
                                                                                          : "text behind a quote";
}

static size_t commas(struct baton_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++) {
        count += text.data[i] == ',' || text.data[i] == '\n';
    }
    return count;
}

const char *table_read(struct table *out, struct baton_arena *arena, struct baton_str text)
{
    size_t count = 0, row_start = 0;
    *out = (struct table){ .cells = baton_arena_array(arena, commas(text) + 1, sizeof *out->cells) };
    for (size_t i = 0; i < text.length;) {
        const char *problem = read_field(&out->cells[count++], arena, text, &i);
        if (problem != NULL) {
            return baton_arena_printf(arena, "row %zu, byte %zu: %s", out->rows, i, problem);
        }
        if (text.data[i] == ',') {
            i++;
            continue;
        }
        if (i + 1 >= text.length || text.data[i + 1] != '\n') {
            return "a row that does not end in CRLF";
        }
        i += 2;
        out->columns = out->rows == 0 ? count : out->columns;
        if (count - row_start != out->columns) {
            return baton_arena_printf(arena, "row %zu has %zu fields, not %zu", out->rows, count - row_start,
                                      out->columns);
        }
        row_start = count;
        out->rows++;
    }
    return row_start == count ? NULL : "a row that does not end";
}

struct baton_str table_plain(struct baton_str cell)
{
    bool is_kept_plain = cell.length > 0 && cell.data[0] == '\'';
    return (struct baton_str){ cell.data + is_kept_plain, cell.length - is_kept_plain };
}

struct baton_str table_at(const struct table *table, size_t row, const char *column)
{
    for (size_t i = 0; i < table->columns; i++) {
        if (baton_str_is(table->cells[i], column)) {
            return table_plain(table->cells[row * table->columns + i]);
        }
    }
    return (struct baton_str){ NULL, 0 };
}
