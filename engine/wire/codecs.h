/* codecs.h - the table of wire formats, and the headers that their requests carry.
 *
 * Owns:     nothing; rows are constants.
 * Threads:  any.
 */
#ifndef BATON_ENGINE_WIRE_CODECS_H
#define BATON_ENGINE_WIRE_CODECS_H

#include "engine/base/text.h"
#include "engine/wire/codec.h"

/* The row of that name or alias, or NULL. */
const struct baton_codec *baton_codec_find(struct baton_str name);

/* The i-th row, or NULL past the end; for messages and lists. */
const struct baton_codec *baton_codec_at(size_t i);

/* Writes the request's headers, `name: value` and a line feed each: content type, key and what the format asks for.
 * A key without data (NULL) is none, for servers on this machine that ask for none: then no header has it. BATON_EUSAGE
 * when the key is empty or holds what no header may (the message does not show it). */
BATON_MUST_CHECK enum baton_status baton_codec_headers(const struct baton_codec *codec, struct baton_text *out,
                                                       struct baton_str key, struct baton_error *err);

#endif
