#include "engine/base/json_writer.h"

#include <math.h>
#include <string.h>

struct baton_json_writer baton_json_writer_to(struct baton_text *out, unsigned break_depth)
{
    return (struct baton_json_writer){ .out = out, .break_depth = break_depth };
}

static void line_break(struct baton_json_writer *writer)
{
    baton_text_putc(writer->out, '\n');
    for (unsigned i = 0; i < writer->depth; i++) {
        baton_text_putc(writer->out, ' ');
    }
}

/* What stands before a value or a key. */
static void item_start(struct baton_json_writer *writer)
{
    if (writer->after_key) {
        writer->after_key = false;
        return;
    }
    uint64_t bit = (uint64_t)1 << (writer->depth % 64);
    if ((writer->has_items & bit) != 0) {
        baton_text_putc(writer->out, ',');
    }
    writer->has_items |= bit;
    if (writer->depth > 0 && writer->depth <= writer->break_depth) {
        line_break(writer);
    }
}

void baton_jw_open(struct baton_json_writer *writer, char bracket)
{
    item_start(writer);
    baton_text_putc(writer->out, bracket);
    writer->depth++;
    writer->has_items &= ~((uint64_t)1 << (writer->depth % 64));
}

void baton_jw_close(struct baton_json_writer *writer, char bracket)
{
    bool had_items = (writer->has_items & ((uint64_t)1 << (writer->depth % 64))) != 0;
    bool breaks = writer->depth <= writer->break_depth;
    writer->depth--;
    if (had_items && breaks) {
        line_break(writer);
    }
    baton_text_putc(writer->out, bracket);
}

void baton_jw_key_str(struct baton_json_writer *writer, struct baton_str key)
{
    item_start(writer);
    baton_text_json_string(writer->out, key.data, key.length);
    baton_text_putc(writer->out, ':');
    writer->after_key = true;
}

void baton_jw_key(struct baton_json_writer *writer, const char *key)
{
    baton_jw_key_str(writer, baton_str_of(key));
}

void baton_jw_str(struct baton_json_writer *writer, struct baton_str string)
{
    item_start(writer);
    baton_text_json_string(writer->out, string.data, string.length);
}

void baton_jw_string(struct baton_json_writer *writer, const char *string)
{
    baton_jw_str(writer, baton_str_of(string));
}

void baton_jw_u64(struct baton_json_writer *writer, uint64_t number)
{
    item_start(writer);
    baton_text_u64(writer->out, number);
}

void baton_jw_i64(struct baton_json_writer *writer, int64_t number)
{
    item_start(writer);
    baton_text_i64(writer->out, number);
}

void baton_jw_bool(struct baton_json_writer *writer, bool value)
{
    item_start(writer);
    baton_text_puts(writer->out, value ? "true" : "false");
}

void baton_jw_null(struct baton_json_writer *writer)
{
    item_start(writer);
    baton_text_puts(writer->out, "null");
}

void baton_jw_ms(struct baton_json_writer *writer, uint64_t ns)
{
    item_start(writer);
    baton_text_ms(writer->out, ns);
}

void baton_jw_ratio(struct baton_json_writer *writer, double value)
{
    item_start(writer);
    if (isfinite(value)) {
        baton_text_printf(writer->out, "%.6f", fabs(value) < 0.0000005 ? 0.0 : value);
    } else {
        baton_text_puts(writer->out, "null");
    }
}

void baton_jw_raw(struct baton_json_writer *writer, struct baton_str json)
{
    item_start(writer);
    baton_text_append(writer->out, json.data, json.length);
}

void baton_jw_put_u64(struct baton_json_writer *writer, const char *key, uint64_t number)
{
    baton_jw_key(writer, key);
    baton_jw_u64(writer, number);
}

void baton_jw_put_ratio(struct baton_json_writer *writer, const char *key, double value)
{
    baton_jw_key(writer, key);
    baton_jw_ratio(writer, value);
}

void baton_jw_put_str(struct baton_json_writer *writer, const char *key, struct baton_str string)
{
    baton_jw_key(writer, key);
    baton_jw_str(writer, string.data == NULL ? BATON_STR("") : string);
}

void baton_jw_put_open(struct baton_json_writer *writer, const char *key, char bracket)
{
    baton_jw_key(writer, key);
    baton_jw_open(writer, bracket);
}

void baton_jw_put_string(struct baton_json_writer *writer, const char *key, const char *string)
{
    baton_jw_key(writer, key);
    baton_jw_string(writer, string);
}

void baton_jw_put_bool(struct baton_json_writer *writer, const char *key, bool value)
{
    baton_jw_key(writer, key);
    baton_jw_bool(writer, value);
}

void baton_jw_put_i64(struct baton_json_writer *writer, const char *key, int64_t number)
{
    baton_jw_key(writer, key);
    baton_jw_i64(writer, number);
}

void baton_jw_put_ms(struct baton_json_writer *writer, const char *key, uint64_t ns)
{
    baton_jw_key(writer, key);
    baton_jw_ms(writer, ns);
}

void baton_jw_put_raw(struct baton_json_writer *writer, const char *key, struct baton_str json)
{
    baton_jw_key(writer, key);
    baton_jw_raw(writer, json);
}
