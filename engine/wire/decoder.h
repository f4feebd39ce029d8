/* decoder.h - makes a reply of what a provider sends, whole or as an event stream.
 *
 *     baton_decoder_begin(decoder, codec, request);
 *     status = baton_decoder_body(decoder, http_status, body, &reply, &err);            a whole answer, or an error
 *
 *     while (...) status = baton_decoder_bytes(decoder, bytes, &err);                   a stream, in any pieces
 *     status = baton_decoder_end(decoder, &reply, &err);
 *
 * A stream that ends without its terminal event is an error, never an answer. The first error stays: what is fed after
 * it is passed over, and the end returns it again. Unknown fields, items, blocks and events are passed over. Arguments of
 * calls are kept as they came, also where they are not JSON: the run loop judges them.
 *
 * Owns:     its working space, for one reply after the other; replies live in their request's arena.
 * Threads:  a decoder belongs to one thread.
 * Errors:   BATON_EPROVIDER when the provider failed or wrote nonsense, with the fault for the retry logic; BATON_ELIMIT
 *           and BATON_ENOMEM for our own trouble.
 */
#ifndef BATON_ENGINE_WIRE_DECODER_H
#define BATON_ENGINE_WIRE_DECODER_H

#include "engine/wire/codec.h"
#include "engine/wire/fault.h"

struct baton_decoder;
struct baton_sse_event;

/* NULL when out of memory. The caller frees it. */
struct baton_decoder *baton_decoder_new(void);
void baton_decoder_free(struct baton_decoder *decoder);

/* Begins a reply. Of the request only `arena`, `on_text` (may be NULL) and `user` are used; it is not kept. */
void baton_decoder_begin(struct baton_decoder *decoder, const struct baton_codec *codec,
                         const struct baton_request *request);

/* A whole answer. Every HTTP status but 2xx is an error, and so is an error inside a 200. Fills all of the reply but its
 * times. */
BATON_MUST_CHECK enum baton_status baton_decoder_body(struct baton_decoder *decoder, int http_status,
                                                      struct baton_str body, struct baton_reply *reply,
                                                      struct baton_error *err);

/* The next bytes of a stream, or its next event. Text goes to the request's on_text as it comes. */
BATON_MUST_CHECK enum baton_status baton_decoder_bytes(struct baton_decoder *decoder, struct baton_str bytes,
                                                       struct baton_error *err);
BATON_MUST_CHECK enum baton_status baton_decoder_event(struct baton_decoder *decoder,
                                                       const struct baton_sse_event *event, struct baton_error *err);

/* The stream has ended. */
BATON_MUST_CHECK enum baton_status baton_decoder_end(struct baton_decoder *decoder, struct baton_reply *reply,
                                                     struct baton_error *err);

/* Whether the stream has said that nothing more will come. */
bool baton_decoder_is_over(const struct baton_decoder *decoder);

/* Of the last error; BATON_FAULT_NONE while there is none, and where it is our own trouble. */
enum baton_provider_fault baton_decoder_fault(const struct baton_decoder *decoder);

#endif
