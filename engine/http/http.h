/* http.h - one POST to a live provider: sent whole, answered whole or in a stream, within named limits.
 *
 * A worker thread has one baton_http and reuses it: connections stay open between calls. A reply with any status is a
 * success here (its status is for retry.h and the codecs to judge); what fails is the transfer, and `failure` says how.
 * Certificates are always verified. Plain http:// goes to this machine (127.0.0.0/8, ::1, localhost) or a unix socket
 * only, redirects are not followed, and no proxy, cookie or netrc of the environment is used.
 *
 * Owns:     its connections, and the body of the last reply until the next post or baton_http_free().
 * Threads:  one at a time; nothing is shared between two of them.
 * Secrets:  values of headers, and user and query of a URL, never stand in an error text.
 * Ends:     a body with neither a length nor chunks ends with its connection, and whether that was in good order cannot be
 *           told; a decoder has to know what a whole answer looks like.
 * Again:    a call whose kept connection turns out closed before any byte of a reply is sent once more by libcurl itself.
 */
#ifndef BATON_ENGINE_HTTP_HTTP_H
#define BATON_ENGINE_HTTP_HTTP_H

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/http/http_message.h"

struct baton_http;

struct baton_http_options {
    struct baton_clock *clock;
    const volatile int *interrupted; /* set by a signal handler or another thread; NULL: never */
};

/* BATON_EPROVIDER when libcurl cannot be loaded, with what to install. */
BATON_MUST_CHECK enum baton_status baton_http_new(struct baton_http **out, const struct baton_http_options *options,
                                                  struct baton_error *err);
void baton_http_free(struct baton_http *http);

/* Posts and waits for the reply. BATON_OK: a whole reply of any status came, or on_data stopped it. Else `failure` tells,
 * and the status is BATON_EINTERRUPTED, BATON_ENOMEM, BATON_EUSAGE (a URL or header that is not allowed) or BATON_EPROVIDER
 * (all others). */
BATON_MUST_CHECK enum baton_status baton_http_post(struct baton_http_response *out, struct baton_http *http,
                                                   const struct baton_http_request *request, struct baton_error *err);

/* `no connection`, `time is up`, ... */
const char *baton_http_failure_text(enum baton_http_failure failure);

#endif
