/* anthropic.h - Anthropic Messages. For codecs.c.
 *
 * What is sent back of an answer beside text and calls: the whole list of content blocks where one of them is something
 * else (thinking with its signature, redacted thinking, tools that ran over there).
 */
#ifndef BATON_ENGINE_WIRE_ANTHROPIC_H
#define BATON_ENGINE_WIRE_ANTHROPIC_H

#include "engine/wire/decode.h"
#include "engine/wire/encode.h"

extern const struct baton_request_form baton_anthropic_request;
extern const struct baton_reply_form baton_anthropic_reply;

/* Arguments as the object that the format demands: as they are where they are one, `{}` where there are none, else as the
 * one member `invalid_arguments`, so that the model sees what it wrote. The arena is as it was on return. */
void baton_anthropic_write_input(struct baton_json_writer *json, struct baton_arena *scratch,
                                 struct baton_str arguments);

#endif
