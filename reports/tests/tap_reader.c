#include "reports/tests/tap_reader.h"

#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/base/yaml.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    struct baton_arena *arena;
    struct baton_str rest;
    unsigned line;
};

static bool next_line(struct reader *reader, struct baton_str *line)
{
    const char *end = reader->rest.length == 0 ? NULL : memchr(reader->rest.data, '\n', reader->rest.length);
    if (end == NULL) {
        return false;
    }
    *line = (struct baton_str){ reader->rest.data, (size_t)(end - reader->rest.data) };
    reader->rest.length -= line->length + 1;
    reader->rest.data = end + 1;
    reader->line++;
    return true;
}

static bool takes(struct baton_str *line, const char *start)
{
    size_t length = strlen(start);
    if (line->length < length || memcmp(line->data, start, length) != 0) {
        return false;
    }
    line->data += length;
    line->length -= length;
    return true;
}

/* Text up to a # that is not escaped, without its escapes; the rest of the line stays. */
static bool unescape(struct reader *reader, struct baton_str *line, struct baton_str *out)
{
    char *text = baton_arena_alloc(reader->arena, line->length + 1);
    size_t length = 0, i = 0;
    for (; i < line->length && line->data[i] != '#'; i++) {
        if (line->data[i] == '\\') {
            i++;
            if (i == line->length || (line->data[i] != '#' && line->data[i] != '\\')) {
                return false;
            }
        }
        if ((unsigned char)line->data[i] < 0x20 || line->data[i] == 0x7f) {
            return false;
        }
        text[length++] = line->data[i];
    }
    line->data += i;
    line->length -= i;
    *out = (struct baton_str){ text, length };
    return true;
}

static const char *read_diagnosis(struct reader *reader, struct tap_point *point)
{
    struct baton_text text = baton_text_with_limit(SIZE_MAX / 2);
    struct baton_str line;
    struct baton_error error;
    while (next_line(reader, &line) && !baton_str_is(line, "  ...")) {
        if (!takes(&line, "  ")) {
            return "a line of YAML that is not indented";
        }
        baton_text_append(&text, line.data, line.length);
        baton_text_putc(&text, '\n');
    }
    struct baton_source source = { .name = "diagnosis" };
    source.text = (struct baton_str){ baton_arena_copy(reader->arena, text.data, text.length), text.length };
    baton_text_clear(&text);
    if (baton_yaml_parse(&point->diagnosis, reader->arena, &source, &error) != BATON_OK) {
        return baton_arena_printf(reader->arena, "YAML: %s", error.text);
    }
    const struct baton_json *message = baton_json_get(point->diagnosis, "message");
    return message != NULL && message->type == BATON_JSON_STRING && message->text.length > 0 ? NULL : "no message";
}

static const char *read_point(struct reader *reader, struct tap_point *point)
{
    struct baton_str line;
    if (!next_line(reader, &line)) {
        return "fewer points than planned";
    }
    point->is_ok = takes(&line, "ok - ");
    if (!point->is_ok && !takes(&line, "not ok - ")) {
        return "not a test point";
    }
    if (!unescape(reader, &line, &point->description)) {
        return "a stray backslash or control byte";
    }
    if (takes(&line, "# SKIP ")) {
        if (point->description.length == 0 || point->description.data[--point->description.length] != ' ' ||
            !unescape(reader, &line, &point->skip)) {
            return "a directive that is none";
        }
    }
    if (line.length > 0) {
        return "text behind the description";
    }
    struct reader before = *reader;
    if (next_line(reader, &line) && baton_str_is(line, "  ---")) {
        return point->is_ok ? "a diagnosis of what is ok" : read_diagnosis(reader, point);
    }
    *reader = before;
    return point->is_ok ? NULL : "no diagnosis";
}

const char *tap_read(struct tap *out, struct baton_arena *arena, struct baton_str text)
{
    struct reader reader = { .arena = arena, .rest = text };
    struct baton_str line;
    size_t bad;
    const char *problem = NULL;
    *out = (struct tap){ 0 };
    if (!baton_utf8_valid(text.data, text.length, &bad)) {
        return "not UTF-8";
    }
    if (!next_line(&reader, &line) ||
        (!baton_str_is(line, "TAP version 13") && !baton_str_is(line, "TAP version 14"))) {
        return "no version";
    }
    if (!next_line(&reader, &line) || !takes(&line, "1..")) {
        return "no plan";
    }
    out->count = strtoul(line.data, NULL, 10);
    out->points = baton_arena_zero(arena, (out->count + 1) * sizeof *out->points);
    for (size_t i = 0; i < out->count && problem == NULL; i++) {
        problem = read_point(&reader, &out->points[i]);
    }
    if (problem == NULL && reader.rest.length > 0) {
        problem = "more than was planned";
    }
    return problem == NULL ? NULL : baton_arena_printf(arena, "line %u: %s", reader.line, problem);
}
