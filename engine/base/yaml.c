#include "engine/base/yaml.h"

#include <libfyaml.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLANKS_MAX = 4096, ANCHORS_MAX = 1024 }; /* an alias looks through all of them */

/* What lies below a node and itself, aliases spread out. */
struct extent {
    size_t nodes, levels; /* levels of arrays and objects: 0 for a scalar */
};

/* A finished node with a name, for aliases. */
struct anchor {
    struct anchor *next;
    struct baton_str name;
    const struct baton_json *node;
    struct extent extent;
};

/* An open array or object. */
struct frame {
    struct baton_json *node;
    const struct baton_json **link; /* where the next child goes */
    struct extent extent;
    struct baton_str anchor;
    struct baton_str key; /* of the member whose value comes next */
    uint32_t key_offset;
    bool has_key;
};

struct reader {
    const struct baton_source *source;
    struct baton_arena *arena;
    struct baton_error *err;
    struct frame frames[BATON_JSON_DEPTH_MAX];
    size_t depth;
    struct anchor *anchors;
    size_t anchor_count;
    const struct baton_json *root;
    unsigned documents;
    struct fy_token_iter *iterator; /* for scalars */
};

static enum baton_status no_memory(struct reader *reader)
{
    return baton_error_set(reader->err, BATON_ELIMIT, "'%s' needs more memory than is allowed", reader->source->name);
}

static uint32_t token_offset(struct fy_token *token)
{
    const struct fy_mark *mark = token == NULL ? NULL : fy_token_start_mark(token);
    return mark == NULL ? 0 : (uint32_t)mark->input_pos;
}

/* The name of an anchor, alias or tag; data is NULL when out of memory. */
static struct baton_str name_text(struct reader *reader, struct fy_token *token)
{
    size_t length = 0;
    const char *text = token == NULL ? "" : fy_token_get_text(token, &length);
    if (text == NULL) {
        text = "";
        length = 0;
    }
    return (struct baton_str){ baton_arena_copy(reader->arena, text, length), length };
}

/* The length of a scalar's text; the text too, where out is not NULL. SIZE_MAX when libfyaml cannot decode it. */
static size_t scalar_copy(struct reader *reader, struct fy_token *token, char *out)
{
    size_t length = 0;
    int failed = 0;
    const struct fy_iter_chunk *chunk = NULL;
    fy_token_iter_start(token, reader->iterator);
    while ((chunk = fy_token_iter_chunk_next(reader->iterator, chunk, &failed)) != NULL) {
        if (out != NULL) {
            memcpy(out + length, chunk->str, chunk->len);
        }
        length += chunk->len;
    }
    fy_token_iter_finish(reader->iterator);
    return failed != 0 ? SIZE_MAX : length;
}

/* Piece by piece: fy_token_get_text() guesses the length, and where it guesses too much, ends in bytes of anything. */
static enum baton_status scalar_text(struct reader *reader, struct fy_token *token, struct baton_str *text)
{
    size_t length = token == NULL ? 0 : scalar_copy(reader, token, NULL), bad = 0;
    char *copy = length == SIZE_MAX ? NULL : baton_arena_alloc(reader->arena, length + 1);
    if (length != SIZE_MAX && copy == NULL) {
        return no_memory(reader);
    }
    if (length == SIZE_MAX || (length > 0 && scalar_copy(reader, token, copy) != length) ||
        !baton_utf8_valid(copy, length, &bad)) {
        return baton_source_error(reader->source, token_offset(token), reader->err, "a text that cannot be decoded");
    }
    copy[length] = '\0';
    *text = (struct baton_str){ copy, length };
    return BATON_OK;
}

/* ---- scalars ---- */

static bool is_word(struct baton_str text, const char *lower, const char *title, const char *upper)
{
    return baton_str_is(text, lower) || baton_str_is(text, title) || baton_str_is(text, upper);
}

static enum baton_status scalar_type(struct reader *reader, struct baton_json *node, bool is_plain)
{
    struct baton_str text = node->text;
    node->type = BATON_JSON_STRING;
    if (!is_plain) {
        return BATON_OK;
    }
    if (text.length == 0 || baton_str_is(text, "~") || is_word(text, "null", "Null", "NULL")) {
        node->type = BATON_JSON_NULL;
    } else if (is_word(text, "true", "True", "TRUE") || is_word(text, "false", "False", "FALSE")) {
        node->type = BATON_JSON_BOOLEAN;
        node->boolean = (text.data[0] | 0x20) == 't';
    } else if (baton_json_number_length(text.data, text.length) == text.length) {
        node->type = BATON_JSON_NUMBER;
        node->number = strtod(text.data, NULL);
        if (!isfinite(node->number)) {
            return baton_source_error(reader->source, node->offset, reader->err, "the number is too large");
        }
    }
    return BATON_OK;
}

static enum baton_status check_tag(struct reader *reader, struct fy_token *tag, bool *is_string)
{
    *is_string = false;
    if (tag == NULL) {
        return BATON_OK;
    }
    struct baton_str text = name_text(reader, tag);
    if (text.data == NULL) {
        return no_memory(reader);
    }
    *is_string = baton_str_is(text, "tag:yaml.org,2002:str") || baton_str_is(text, "!!str") || baton_str_is(text, "!");
    if (!*is_string) {
        size_t valid = text.length;
        (void)baton_utf8_valid(text.data, text.length, &valid); /* a tag may have any byte as %ff */
        text.length = valid;
        return baton_source_error(reader->source, token_offset(tag), reader->err, "the tag '%.*s' is not supported",
                                  (int)text.length, text.data);
    }
    return BATON_OK;
}

/* ---- the tree ---- */

static enum baton_status anchor_note(struct reader *reader, struct baton_str name, const struct baton_json *node,
                                     struct extent extent)
{
    if (name.length == 0) {
        return BATON_OK;
    }
    if (reader->anchor_count++ == ANCHORS_MAX) {
        return baton_source_error(reader->source, node->offset, reader->err, "more than %d anchors", ANCHORS_MAX);
    }
    struct anchor *anchor = name.data == NULL ? NULL : baton_arena_alloc(reader->arena, sizeof *anchor);
    if (anchor == NULL) {
        return no_memory(reader);
    }
    *anchor = (struct anchor){ .next = reader->anchors, .name = name, .node = node, .extent = extent };
    reader->anchors = anchor;
    return BATON_OK;
}

/* Adds what stands below an open node, at one level deeper. */
static enum baton_status extent_add(struct reader *reader, struct frame *frame, struct extent below)
{
    frame->extent.nodes += below.nodes;
    if (frame->extent.levels < below.levels + 1) {
        frame->extent.levels = below.levels + 1;
    }
    if (frame->extent.nodes > BATON_YAML_NODES_MAX) {
        return baton_source_error(reader->source, frame->node->offset, reader->err, "more than %d nodes",
                                  BATON_YAML_NODES_MAX);
    }
    return BATON_OK;
}

/* Puts a finished or just opened node where it belongs. */
static enum baton_status node_place(struct reader *reader, struct baton_json *node, struct extent extent)
{
    if (reader->depth == 0) {
        reader->root = node;
        return BATON_OK;
    }
    struct frame *frame = &reader->frames[reader->depth - 1];
    if (frame->node->type == BATON_JSON_OBJECT) {
        node->key = frame->key;
        node->key_offset = frame->key_offset;
        frame->has_key = false;
    }
    *frame->link = node;
    frame->link = &node->next;
    frame->node->count++;
    return extent_add(reader, frame, extent);
}

static bool expects_key(const struct reader *reader)
{
    return reader->depth > 0 && reader->frames[reader->depth - 1].node->type == BATON_JSON_OBJECT &&
           !reader->frames[reader->depth - 1].has_key;
}

static enum baton_status read_key(struct reader *reader, struct baton_str text, uint32_t offset)
{
    struct frame *frame = &reader->frames[reader->depth - 1];
    frame->key = text;
    frame->key_offset = offset;
    frame->has_key = true;
    return BATON_OK;
}

static enum baton_status on_scalar(struct reader *reader, struct fy_event *event)
{
    bool is_string;
    enum baton_status status = check_tag(reader, event->scalar.tag, &is_string);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_json *node = baton_arena_zero(reader->arena, sizeof *node);
    if (node == NULL) {
        return no_memory(reader);
    }
    status = scalar_text(reader, event->scalar.value, &node->text);
    if (status != BATON_OK) {
        return status;
    }
    node->offset = token_offset(event->scalar.value);
    if (memchr(node->text.data, '\0', node->text.length) != NULL) {
        return baton_source_error(reader->source, node->offset, reader->err, "a NUL byte is not allowed in a text");
    }
    if (expects_key(reader)) {
        return read_key(reader, node->text, node->offset);
    }
    bool is_plain = event->scalar.value == NULL || fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
    status = scalar_type(reader, node, is_plain && !is_string);
    if (status == BATON_OK) {
        status = anchor_note(reader, name_text(reader, event->scalar.anchor), node, (struct extent){ 1, 0 });
    }
    return status == BATON_OK ? node_place(reader, node, (struct extent){ 1, 0 }) : status;
}

static enum baton_status on_alias(struct reader *reader, struct fy_event *event)
{
    struct baton_str name = name_text(reader, event->alias.anchor);
    uint32_t offset = token_offset(event->alias.anchor);
    if (name.data == NULL) {
        return no_memory(reader);
    }
    struct anchor *anchor = reader->anchors;
    while (anchor != NULL && !baton_str_equal(anchor->name, name)) {
        anchor = anchor->next;
    }
    if (anchor == NULL) {
        return baton_source_error(reader->source, offset, reader->err, "no anchor '&%.*s' before this alias",
                                  (int)name.length, name.data);
    }
    if (expects_key(reader)) {
        return baton_source_error(reader->source, offset, reader->err, "an alias cannot be a key");
    }
    if (reader->depth + anchor->extent.levels > BATON_JSON_DEPTH_MAX) {
        return baton_source_error(reader->source, offset, reader->err, "nested deeper than %d levels with this alias",
                                  BATON_JSON_DEPTH_MAX);
    }
    struct baton_json *node = baton_arena_alloc(reader->arena, sizeof *node);
    if (node == NULL) {
        return no_memory(reader);
    }
    *node = *anchor->node; /* shares the children */
    node->next = NULL;
    node->key = (struct baton_str){ NULL, 0 };
    node->offset = offset;
    return node_place(reader, node, anchor->extent);
}

static enum baton_status on_open(struct reader *reader, enum baton_json_type type, struct fy_token *start,
                                 struct fy_token *anchor, struct fy_token *tag)
{
    uint32_t offset = token_offset(start);
    if (expects_key(reader)) {
        return baton_source_error(reader->source, offset, reader->err, "a key must be a plain word or a quoted text");
    }
    if (reader->depth == BATON_JSON_DEPTH_MAX) {
        return baton_source_error(reader->source, offset, reader->err, "nested deeper than %d levels",
                                  BATON_JSON_DEPTH_MAX);
    }
    bool is_string;
    enum baton_status status = check_tag(reader, tag, &is_string);
    struct baton_json *node = baton_arena_zero(reader->arena, sizeof *node);
    if (status != BATON_OK || node == NULL) {
        return status != BATON_OK ? status : no_memory(reader);
    }
    node->type = (uint8_t)type;
    node->offset = offset;
    status = node_place(reader, node, (struct extent){ 0, 0 }); /* counted when it is closed */
    reader->frames[reader->depth++] =
        (struct frame){ .node = node, .link = &node->child, .extent = { 1, 1 }, .anchor = name_text(reader, anchor) };
    return status;
}

static enum baton_status on_close(struct reader *reader)
{
    struct frame *frame = &reader->frames[--reader->depth];
    enum baton_status status = BATON_OK;
    if (frame->node->type == BATON_JSON_OBJECT) {
        status = baton_json_check_keys(frame->node, reader->source, reader->arena, reader->err);
    }
    if (status == BATON_OK) {
        status = anchor_note(reader, frame->anchor, frame->node, frame->extent);
    }
    if (status == BATON_OK && reader->depth > 0) {
        status = extent_add(reader, frame - 1, frame->extent);
    }
    return status;
}

static enum baton_status on_event(struct reader *reader, struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (++reader->documents > 1) {
            return baton_source_error(reader->source, token_offset(event->document_start.document_start), reader->err,
                                      "a second document; one file holds one");
        }
        return BATON_OK;
    case FYET_SCALAR:
        return on_scalar(reader, event);
    case FYET_ALIAS:
        return on_alias(reader, event);
    case FYET_SEQUENCE_START:
        return on_open(reader, BATON_JSON_ARRAY, event->sequence_start.sequence_start, event->sequence_start.anchor,
                       event->sequence_start.tag);
    case FYET_MAPPING_START:
        return on_open(reader, BATON_JSON_OBJECT, event->mapping_start.mapping_start, event->mapping_start.anchor,
                       event->mapping_start.tag);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        return on_close(reader);
    default:
        return BATON_OK;
    }
}

/* The parser's own first complaint, with its place. */
static enum baton_status parser_error(struct reader *reader, struct fy_diag *diag)
{
    void *previous = NULL;
    struct fy_diag_error *first = fy_diag_errors_iterate(diag, &previous);
    if (first == NULL) {
        return baton_error_set(reader->err, BATON_EINPUT, "%s: not valid YAML", reader->source->name);
    }
    const struct fy_mark *mark = first->fyt == NULL ? NULL : fy_token_start_mark(first->fyt);
    if (mark != NULL) { /* bytes, where the column is in characters */
        size_t at = mark->input_pos;
        at -= at > 0 && strstr(first->msg, "closing quote") != NULL; /* stands after the opening one */
        return baton_source_error(reader->source, at, reader->err, "not valid YAML: %s", first->msg);
    }
    enum baton_status status = baton_error_set(reader->err, BATON_EINPUT, "not valid YAML: %s", first->msg);
    baton_error_at(reader->err, reader->source->name, first->line < 0 ? 0 : (unsigned)first->line,
                   first->column < 0 ? 0 : (unsigned)first->column);
    return status;
}

static enum baton_status read_events(struct reader *reader, struct fy_parser *parser, struct fy_diag *diag)
{
    enum baton_status status = BATON_OK;
    struct fy_event *event;
    while (status == BATON_OK && (event = fy_parser_parse(parser)) != NULL) {
        status = on_event(reader, event);
        fy_parser_event_free(parser, event);
    }
    if (status == BATON_OK && (fy_parser_get_stream_error(parser) || fy_diag_got_error(diag))) {
        status = parser_error(reader, diag);
    }
    return status;
}

/* Whether a tab stands between the colon at `at` and a sign that opens a block. After a `?` key libfyaml would first
 * refuse that and then free memory twice. */
static bool has_tab_before_block(struct baton_str text, size_t at)
{
    bool has_tab = false;
    for (at++; at < text.length && (text.data[at] == ' ' || text.data[at] == '\t'); at++) {
        has_tab = has_tab || text.data[at] == '\t';
    }
    return has_tab && (at == text.length || strchr("?:|>-", text.data[at]) != NULL);
}

/* What libfyaml would let pass, take too long over or not survive. */
static enum baton_status text_check(const struct baton_source *source, struct baton_error *err)
{
    const char *data = source->text.data;
    size_t length = source->text.length, bad = 0, blank = 0;
    bool has_question = false;
    if (!baton_utf8_valid(data, length, &bad)) {
        return baton_source_error(source, bad, err, "not UTF-8: byte 0x%02x", (unsigned char)data[bad]);
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)data[i];
        bool is_blank = byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
        blank = is_blank ? blank + 1 : 0;
        has_question = has_question || (is_blank && i > 0 && data[i - 1] == '?');
        if (byte < ' ' && !is_blank) { /* among them NUL, which it takes for the end */
            return baton_source_error(source, i, err, "control byte 0x%02x; write it as an escape in double quotes",
                                      byte);
        }
        if (blank > BLANKS_MAX) { /* its time grows with their square */
            return baton_source_error(source, i, err, "more than %d bytes of white space in a row", BLANKS_MAX);
        }
        if (byte == ':' && has_question && has_tab_before_block(source->text, i)) {
            return baton_source_error(source, i, err, "a tab after this colon; use a space");
        }
    }
    return BATON_OK;
}

static enum baton_status read_text(struct reader *reader, struct baton_str text, struct fy_diag *diag)
{
    const struct fy_parse_cfg config = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE, .diag = diag };
    struct fy_parser *parser = fy_parser_create(&config);
    enum baton_status status = BATON_OK;
    reader->iterator = fy_token_iter_create(NULL);
    if (parser == NULL || reader->iterator == NULL || fy_parser_set_string(parser, text.data, text.length) != 0) {
        status = baton_error_set(reader->err, BATON_ENOMEM, "out of memory");
    } else {
        status = read_events(reader, parser, diag);
    }
    fy_token_iter_destroy(reader->iterator);
    fy_diag_set_collect_errors(diag, false); /* frees the collected ones, which unref does not */
    fy_parser_destroy(parser);
    return status;
}

/* A copy with a line break at its end and no blanks in the empty lines before it: of a block that consists of them
 * libfyaml reads bytes of anything. Data is NULL when out of memory. */
static struct baton_str text_copy(struct baton_arena *arena, struct baton_str text)
{
    char *copy = baton_arena_alloc(arena, text.length + 1);
    size_t end = text.length, length = 0;
    while (end > 0 && strchr(" \t\r\n", text.data[end - 1]) != NULL) {
        end--;
    }
    bool is_empty_line = false;
    for (size_t i = 0; copy != NULL && i < text.length; i++) {
        is_empty_line = is_empty_line || (i > end && text.data[i - 1] == '\n');
        if (!is_empty_line || text.data[i] == '\n') {
            copy[length++] = text.data[i];
        }
    }
    if (copy != NULL && (length == 0 || copy[length - 1] != '\n')) {
        copy[length++] = '\n';
    }
    return (struct baton_str){ copy, length };
}

enum baton_status baton_yaml_parse(const struct baton_json **out, struct baton_arena *arena,
                                   const struct baton_source *source, struct baton_error *err)
{
    *out = NULL;
    enum baton_status status = text_check(source, err);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_str text = text_copy(arena, source->text);
    if (text.data == NULL) {
        return baton_error_set(err, BATON_ELIMIT, "'%s' needs more memory than is allowed", source->name);
    }
    struct reader reader = { .source = source, .arena = arena, .err = err };
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    diag_config.colorize = false;
    struct fy_diag *diag = fy_diag_create(&diag_config);
    if (diag == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    fy_diag_set_collect_errors(diag, true);
    status = read_text(&reader, text, diag);
    fy_diag_unref(diag);
    if (status == BATON_OK && reader.root == NULL) {
        status = baton_source_error(source, 0, err, "empty, where YAML was expected");
    }
    *out = status == BATON_OK ? reader.root : NULL;
    return status;
}
