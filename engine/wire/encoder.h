/* encoder.h - writes what the run loop asks as the body of a request, in any of the wire formats.
 *
 * Owns:     nothing; the request's arena is as it was on return.
 * Threads:  any.
 */
#ifndef BATON_ENGINE_WIRE_ENCODER_H
#define BATON_ENGINE_WIRE_ENCODER_H

#include "engine/base/text.h"
#include "engine/wire/codec.h"

/* Appends the body: the same bytes for the same request. BATON_EUSAGE where the agent cannot be asked (no model, a
 * tool_choice that is not offered), BATON_ELIMIT when it does not fit. */
BATON_MUST_CHECK enum baton_status baton_encode(struct baton_text *out, const struct baton_codec *codec,
                                                const struct baton_request *request,
                                                const struct baton_encode_options *options, struct baton_error *err);

#endif
