/* http_url.h - decides whether a URL may be called, and how it may be shown.
 *
 * The URL is taken apart once, by the same parser that will connect, so that no reading of it can differ.
 *
 * Owns:     the parsed URL, until baton_http_url_clear().
 */
#ifndef BATON_ENGINE_HTTP_HTTP_URL_H
#define BATON_ENGINE_HTTP_HTTP_URL_H

#include "engine/http/curl_library.h"
#include "engine/http/limits.h"

#include <stdbool.h>

struct baton_http_url {
    CURLU *parsed;
    bool must_be_local;                 /* plain http to a host: the address has to be this machine's */
    char where[BATON_HTTP_WHERE_BYTES]; /* for messages: without user, query and fragment */
};

/* BATON_EUSAGE for what cannot be read, is neither http nor https, or is http to another machine; BATON_ENOMEM. */
BATON_MUST_CHECK enum baton_status baton_http_url_parse(struct baton_http_url *out, const struct baton_curl *curl,
                                                        const char *text, const char *unix_socket,
                                                        struct baton_error *err);
void baton_http_url_clear(struct baton_http_url *url, const struct baton_curl *curl);

/* Whether the text gives away user, password or query of the URL. */
bool baton_http_url_shows(const struct baton_http_url *url, const struct baton_curl *curl, const char *text);

struct sockaddr;

/* Whether the address is of 127.0.0.0/8 or ::1. */
bool baton_address_is_local(const struct sockaddr *address);

#endif
