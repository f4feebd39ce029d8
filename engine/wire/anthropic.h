/* anthropic.h - Anthropic Messages. For codec.c.
 *
 * What is sent back of an answer beside text and calls: the whole list of content blocks where one of them is something
 * else (thinking with its signature, redacted thinking, tools that ran over there).
 */
#ifndef BATON_ENGINE_WIRE_ANTHROPIC_H
#define BATON_ENGINE_WIRE_ANTHROPIC_H

#include "engine/wire/decode.h"

extern const struct baton_codec baton_codec_anthropic;

enum baton_status baton_anthropic_encode(struct baton_text *out, const struct baton_request *request,
                                         const struct baton_encode_options *options, struct baton_error *err);
enum baton_status baton_anthropic_decode_body(struct baton_decoder *decoder, const struct baton_json *root);
enum baton_status baton_anthropic_decode_event(struct baton_decoder *decoder, const struct baton_sse_event *event);
void baton_anthropic_write_native(const struct baton_decoder *decoder, struct baton_text *out);

/* Arguments as the object that the format demands: as they are where they are one, `{}` where there are none, else as the
 * one member `invalid_arguments`, so that the model sees what it wrote. The arena is as it was on return. */
void baton_anthropic_write_input(struct baton_json_writer *json, struct baton_arena *scratch,
                                 struct baton_str arguments);

#endif
