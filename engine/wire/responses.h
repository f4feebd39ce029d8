/* responses.h - OpenAI Responses. For codec.c.
 *
 * What is sent back of an answer beside text and calls: all of its items where one of them is something else (reasoning,
 * tools that ran over there), or has a field that counts (a message's phase, a call's namespace).
 */
#ifndef BATON_ENGINE_WIRE_RESPONSES_H
#define BATON_ENGINE_WIRE_RESPONSES_H

#include "engine/wire/decode.h"

extern const struct baton_codec baton_codec_responses;

enum baton_status baton_responses_encode(struct baton_text *out, const struct baton_request *request,
                                         const struct baton_encode_options *options, struct baton_error *err);
enum baton_status baton_responses_decode_body(struct baton_decoder *decoder, const struct baton_json *root);
enum baton_status baton_responses_decode_event(struct baton_decoder *decoder, const struct baton_sse_event *event);
void baton_responses_write_native(const struct baton_decoder *decoder, struct baton_text *out);

#endif
