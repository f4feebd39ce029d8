/* YAML by libyaml's events into the same tree as JSON, so that no reader of files knows the difference. The events, not libyaml's
 * documents, as only they have tags, anchors and places. Aliases share the anchored node; how many nodes and levels that would be
 * if each were written out is summed along the way, against files that are small and blow up. What YAML 1.1 would take for
 * something else (yes, 012, 12:30) is a text, as in YAML 1.2.
 */
#include "engine/base/yaml.h"

#include "engine/base/number.h"
#include "engine/base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

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
    bool allows_binary;
    size_t place_characters, place_bytes; /* the last place asked for, by both counts */
};

static enum baton_status no_memory(struct reader *reader)
{
    return baton_error_over_limit(reader->err, "'%s'", reader->source->name);
}

/* libyaml counts characters from after a byte order mark. Places mostly go up, so this goes on from the last one. */
static uint32_t byte_offset(struct reader *reader, size_t characters)
{
    struct baton_str text = reader->source->text;
    if (characters < reader->place_characters) {
        reader->place_characters = 0;
        reader->place_bytes = text.length >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    }
    while (reader->place_characters < characters && reader->place_bytes < text.length) {
        do {
            reader->place_bytes++;
        } while (reader->place_bytes < text.length && ((unsigned char)text.data[reader->place_bytes] & 0xc0U) == 0x80U);
        reader->place_characters++;
    }
    return (uint32_t)reader->place_bytes;
}

/* A copy in the arena; data is NULL when out of memory. */
static struct baton_str text_copy(struct reader *reader, const yaml_char_t *text, size_t length)
{
    return (struct baton_str){ baton_arena_copy(reader->arena, (const char *)text, length), length };
}

/* The name after `&`, empty where there is none. */
static struct baton_str anchor_copy(struct reader *reader, const yaml_char_t *name)
{
    return text_copy(reader, name, name == NULL ? 0 : strlen((const char *)name));
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
    } else if (baton_number_length(text) == text.length) {
        node->type = BATON_JSON_NUMBER;
        node->number = strtod(text.data, NULL);
        if (!isfinite(node->number)) {
            return baton_source_error(reader->source, node->offset, reader->err, "the number is too large");
        }
    }
    return BATON_OK;
}

enum tag { TAG_NONE, TAG_STRING, TAG_BINARY };

static enum baton_status check_tag(struct reader *reader, const yaml_char_t *tag, uint32_t offset, enum tag *out)
{
    struct baton_str text = baton_str_of((const char *)tag);
    *out = TAG_NONE;
    if (baton_str_is(text, "tag:yaml.org,2002:str") || baton_str_is(text, "!")) {
        *out = TAG_STRING;
    } else if (reader->allows_binary && baton_str_is(text, "tag:yaml.org,2002:binary")) {
        *out = TAG_BINARY;
    } else if (tag != NULL) {
        return baton_source_error(reader->source, offset, reader->err, "the tag '%s' is not supported", text.data);
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
    if (reader->anchor_count++ == BATON_YAML_ANCHORS_MAX) {
        return baton_source_error(reader->source, node->offset, reader->err, "more than %d anchors",
                                  BATON_YAML_ANCHORS_MAX);
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

static enum baton_status on_scalar(struct reader *reader, const yaml_event_t *event)
{
    enum tag tag;
    uint32_t offset = byte_offset(reader, event->start_mark.index);
    enum baton_status status = check_tag(reader, event->data.scalar.tag, offset, &tag);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_json *node = baton_arena_zero(reader->arena, sizeof *node);
    struct baton_str text = text_copy(reader, event->data.scalar.value, event->data.scalar.length);
    if (node == NULL || text.data == NULL) {
        return no_memory(reader);
    }
    node->offset = offset;
    node->text = text;
    if (memchr(text.data, '\0', text.length) != NULL) {
        return baton_source_error(reader->source, offset, reader->err, "a NUL byte is not allowed in a text");
    }
    if (expects_key(reader)) {
        return tag == TAG_BINARY ? baton_source_error(reader->source, offset, reader->err, "a key cannot be !!binary")
                                 : read_key(reader, text, offset);
    }
    node->is_binary = tag == TAG_BINARY;
    status = scalar_type(reader, node, event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && tag == TAG_NONE);
    if (status == BATON_OK) {
        status = anchor_note(reader, anchor_copy(reader, event->data.scalar.anchor), node, (struct extent){ 1, 0 });
    }
    return status == BATON_OK ? node_place(reader, node, (struct extent){ 1, 0 }) : status;
}

static enum baton_status on_alias(struct reader *reader, const yaml_event_t *event)
{
    struct baton_str name = baton_str_of((const char *)event->data.alias.anchor);
    uint32_t offset = byte_offset(reader, event->start_mark.index);
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

static enum baton_status on_open(struct reader *reader, enum baton_json_type type, const yaml_event_t *event)
{
    bool is_array = type == BATON_JSON_ARRAY;
    const yaml_char_t *anchor = is_array ? event->data.sequence_start.anchor : event->data.mapping_start.anchor;
    const yaml_char_t *tag = is_array ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    uint32_t offset = byte_offset(reader, event->start_mark.index);
    if (expects_key(reader)) {
        return baton_source_error(reader->source, offset, reader->err, "a key must be a plain word or a quoted text");
    }
    if (reader->depth == BATON_JSON_DEPTH_MAX) {
        return baton_source_error(reader->source, offset, reader->err, "nested deeper than %d levels",
                                  BATON_JSON_DEPTH_MAX);
    }
    enum tag meaning;
    enum baton_status status = check_tag(reader, tag, offset, &meaning);
    if (status == BATON_OK && meaning == TAG_BINARY) {
        status = baton_source_error(reader->source, offset, reader->err, "only a text can be !!binary");
    }
    struct baton_json *node = baton_arena_zero(reader->arena, sizeof *node);
    if (status != BATON_OK || node == NULL) {
        return status != BATON_OK ? status : no_memory(reader);
    }
    node->type = (uint8_t)type;
    node->offset = offset;
    status = node_place(reader, node, (struct extent){ 0, 0 }); /* counted when it is closed */
    reader->frames[reader->depth++] =
        (struct frame){ .node = node, .link = &node->child, .extent = { 1, 1 }, .anchor = anchor_copy(reader, anchor) };
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

static enum baton_status on_event(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++reader->documents > 1) {
            return baton_source_error(reader->source, byte_offset(reader, event->start_mark.index), reader->err,
                                      "a second document; one file holds one");
        }
        return BATON_OK;
    case YAML_SCALAR_EVENT:
        return on_scalar(reader, event);
    case YAML_ALIAS_EVENT:
        return on_alias(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(reader, BATON_JSON_ARRAY, event);
    case YAML_MAPPING_START_EVENT:
        return on_open(reader, BATON_JSON_OBJECT, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_close(reader);
    default:
        return BATON_OK;
    }
}

/* ---- libyaml ---- */

/* Its complaint with the place, and in plainer words where people meet it most. */
static enum baton_status parser_error(struct reader *reader, const yaml_parser_t *parser)
{
    const struct baton_source *source = reader->source;
    const char *problem = parser->problem == NULL ? "no reason given" : parser->problem;
    const char *context = parser->context == NULL ? "" : parser->context;
    if (parser->error == YAML_MEMORY_ERROR) {
        return baton_error_no_memory(reader->err, NULL);
    }
    if (parser->error == YAML_READER_ERROR) {
        return baton_source_error(source, parser->problem_offset, reader->err, "not valid YAML: %s", problem);
    }
    size_t at = byte_offset(reader, parser->problem_mark.index);
    if (strstr(context, "quoted scalar") != NULL && strstr(problem, "end of stream") != NULL) {
        return baton_source_error(source, byte_offset(reader, parser->context_mark.index), reader->err,
                                  "not valid YAML: a quote that is never closed");
    }
    if (at < source->text.length && source->text.data[at] == '\t') {
        return baton_source_error(source, at, reader->err, "not valid YAML: a tab cannot be used for indentation");
    }
    return baton_source_error(source, at, reader->err, "not valid YAML: %s%s%s", problem, *context == '\0' ? "" : ", ",
                              context);
}

static enum baton_status read_events(struct reader *reader, yaml_parser_t *parser)
{
    enum baton_status status = BATON_OK;
    bool is_over = false;
    while (status == BATON_OK && !is_over) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            return parser_error(reader, parser);
        }
        is_over = event.type == YAML_STREAM_END_EVENT;
        status = on_event(reader, &event);
        yaml_event_delete(&event);
    }
    return status;
}

/* What libyaml would pass over or take for something else. Recorders that write YAML 1.1 mean its line breaks. */
static enum baton_status text_check(const struct baton_source *source, bool allows_breaks, struct baton_error *err)
{
    const char *data = source->text.data;
    size_t length = source->text.length, bad = 0;
    if (!baton_utf8_valid(data, length, &bad)) {
        return baton_source_error(source, bad, err, "not UTF-8: byte 0x%02x", (unsigned char)data[bad]);
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)data[i];
        if (byte < ' ' && byte != '\n' && byte != '\t' && byte != '\r') {
            return baton_source_error(source, i, err, "control byte 0x%02x; write it as an escape in double quotes",
                                      byte);
        }
        bool is_nel = byte == 0xc2 && (unsigned char)data[i + 1] == 0x85;
        if (allows_breaks) {
            continue;
        }
        if (is_nel ||
            (byte == 0xe2 && (memcmp(data + i, "\xe2\x80\xa8", 3) == 0 || memcmp(data + i, "\xe2\x80\xa9", 3) == 0))) {
            return baton_source_error(source, i, err,
                                      "a line break of old YAML, U+%s; write it as an escape in double quotes",
                                      is_nel                               ? "0085"
                                      : (unsigned char)data[i + 2] == 0xa8 ? "2028"
                                                                           : "2029");
        }
    }
    return BATON_OK;
}

static enum baton_status parse(const struct baton_json **out, struct baton_arena *arena,
                               const struct baton_source *source, bool allows_binary, struct baton_error *err)
{
    *out = NULL;
    enum baton_status status = text_check(source, allows_binary, err);
    if (status != BATON_OK) {
        return status;
    }
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return baton_error_no_memory(err, NULL);
    }
    struct reader reader = {
        .source = source, .arena = arena, .err = err, .place_characters = SIZE_MAX, .allows_binary = allows_binary
    };
    yaml_parser_set_input_string(&parser, (const unsigned char *)source->text.data, source->text.length);
    status = read_events(&reader, &parser);
    yaml_parser_delete(&parser);
    if (status == BATON_OK && reader.root == NULL) {
        status = baton_source_error(source, 0, err, "empty, where YAML was expected");
    }
    *out = status == BATON_OK ? reader.root : NULL;
    return status;
}

enum baton_status baton_yaml_parse(const struct baton_json **out, struct baton_arena *arena,
                                   const struct baton_source *source, struct baton_error *err)
{
    return parse(out, arena, source, false, err);
}

enum baton_status baton_yaml_parse_with_binary(const struct baton_json **out, struct baton_arena *arena,
                                               const struct baton_source *source, struct baton_error *err)
{
    return parse(out, arena, source, true, err);
}
