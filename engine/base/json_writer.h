/* json_writer.h - writes JSON piece by piece into a growing text, minding commas.
 *
 * Two shapes: one line, or with line breaks down to a given depth (so that a diff of a summary reads well). A failed
 * append shows in the text's `failed`.
 */
#ifndef BATON_ENGINE_BASE_JSON_WRITER_H
#define BATON_ENGINE_BASE_JSON_WRITER_H

#include "engine/base/text.h"

struct baton_json_writer {
    struct baton_text *out;
    unsigned depth;
    unsigned break_depth; /* containers above this depth put each item on a line of its own; 0 = one line */
    uint64_t has_items;   /* private: a bit per depth, at most 64 deep */
    bool after_key;       /* private */
};

struct baton_json_writer baton_json_writer_to(struct baton_text *out, unsigned break_depth);

void baton_jw_open(struct baton_json_writer *writer, char bracket); /* '{' or '[' */
void baton_jw_close(struct baton_json_writer *writer, char bracket);
void baton_jw_key(struct baton_json_writer *writer, const char *key);
void baton_jw_key_str(struct baton_json_writer *writer, struct baton_str key);
void baton_jw_str(struct baton_json_writer *writer, struct baton_str string);
void baton_jw_string(struct baton_json_writer *writer, const char *string);
void baton_jw_u64(struct baton_json_writer *writer, uint64_t number);
void baton_jw_i64(struct baton_json_writer *writer, int64_t number);
void baton_jw_bool(struct baton_json_writer *writer, bool value);
void baton_jw_null(struct baton_json_writer *writer);
void baton_jw_ms(struct baton_json_writer *writer, uint64_t ns);     /* nanoseconds as milliseconds */
void baton_jw_ratio(struct baton_json_writer *writer, double value); /* six decimals; null when not finite */
void baton_jw_raw(struct baton_json_writer *writer, struct baton_str json);

/* A key and its value in one; a text that is not there counts as empty. put_open is followed by baton_jw_close(). */
void baton_jw_put_open(struct baton_json_writer *writer, const char *key, char bracket);
void baton_jw_put_string(struct baton_json_writer *writer, const char *key, const char *string);
void baton_jw_put_bool(struct baton_json_writer *writer, const char *key, bool value);
void baton_jw_put_i64(struct baton_json_writer *writer, const char *key, int64_t number);
void baton_jw_put_ms(struct baton_json_writer *writer, const char *key, uint64_t ns);
void baton_jw_put_raw(struct baton_json_writer *writer, const char *key, struct baton_str json);
void baton_jw_put_u64(struct baton_json_writer *writer, const char *key, uint64_t number);
void baton_jw_put_ratio(struct baton_json_writer *writer, const char *key, double value);
void baton_jw_put_str(struct baton_json_writer *writer, const char *key, struct baton_str string);

#endif
