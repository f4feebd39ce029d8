/* responses.h - OpenAI Responses. For codecs.c.
 *
 * What is sent back of an answer beside text and calls: all of its items where one of them is something else (reasoning,
 * tools that ran over there), or has a field that counts (a message's phase, a call's namespace).
 */
#ifndef BATON_ENGINE_WIRE_RESPONSES_H
#define BATON_ENGINE_WIRE_RESPONSES_H

#include "engine/wire/decode.h"
#include "engine/wire/encode.h"

extern const struct baton_request_form baton_responses_request;
extern const struct baton_reply_form baton_responses_reply;

#endif
