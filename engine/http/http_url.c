#include "engine/http/http_url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

bool baton_address_is_local(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return (ntohl(in.sin_addr.s_addr) >> 24) == 127;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
    }
    return address->sa_family == AF_UNIX;
}

/* host as the parser gives it: addresses in their usual form, IPv6 in brackets. */
static bool host_is_local(const char *host)
{
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    char bare[INET6_ADDRSTRLEN];
    size_t length = strlen(host);
    if (inet_pton(AF_INET, host, &in.sin_addr) == 1) {
        return baton_address_is_local((const struct sockaddr *)&in);
    }
    if (length > 2 && length - 2 < sizeof bare && host[0] == '[') {
        memcpy(bare, host + 1, length - 2);
        bare[length - 2] = '\0';
        return inet_pton(AF_INET6, bare, &in6.sin6_addr) == 1 && baton_address_is_local((const struct sockaddr *)&in6);
    }
    return strcasecmp(host, "localhost") == 0;
}

/* A part, or NULL; to be given back with curl->free. */
static char *part_get(const struct baton_http_url *url, const struct baton_curl *curl, CURLUPart part)
{
    char *text = NULL;
    return curl->url_get(url->parsed, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static enum baton_status url_check(struct baton_http_url *url, const char *scheme, const char *host, bool is_unix,
                                   struct baton_error *err)
{
    if (strcmp(scheme, "https") == 0) {
        return BATON_OK;
    }
    if (strcmp(scheme, "http") != 0) {
        return baton_error_set(err, BATON_EUSAGE, "cannot call '%s': only https:// and http:// are spoken", url->where);
    }
    if (!is_unix && !host_is_local(host)) {
        return baton_error_set(
            err, BATON_EUSAGE,
            "will not call '%s': http:// is for this machine (127.0.0.0/8, ::1, localhost) or a unix "
            "socket; use https://",
            url->where);
    }
    url->must_be_local = !is_unix;
    return BATON_OK;
}

enum baton_status baton_http_url_parse(struct baton_http_url *out, const struct baton_curl *curl, const char *text,
                                       const char *unix_socket, struct baton_error *err)
{
    *out = (struct baton_http_url){ .parsed = curl->url() };
    if (out->parsed == NULL) {
        return baton_error_no_memory(err, "a URL");
    }
    CURLUcode code = strnlen(text, BATON_HTTP_URL_BYTES_MAX + 1) > BATON_HTTP_URL_BYTES_MAX
                         ? CURLUE_MALFORMED_INPUT
                         : curl->url_set(out->parsed, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code != CURLUE_OK) { /* which part is a secret is not known, so none of it is shown */
        baton_http_url_clear(out, curl);
        return code == CURLUE_OUT_OF_MEMORY
                   ? baton_error_no_memory(err, "a URL")
                   : baton_error_set(err, BATON_EUSAGE,
                                     "cannot read the URL of the provider; it has to look like https://host/v1/...");
    }
    char *scheme = part_get(out, curl, CURLUPART_SCHEME), *host = part_get(out, curl, CURLUPART_HOST);
    char *port = part_get(out, curl, CURLUPART_PORT), *path = part_get(out, curl, CURLUPART_PATH);
    snprintf(out->where, sizeof out->where, "%s://%s%s%s%s%s%s", or_empty(scheme), or_empty(host),
             port == NULL ? "" : ":", or_empty(port), or_empty(path), unix_socket == NULL ? "" : " by ",
             or_empty(unix_socket));
    enum baton_status status = url_check(out, or_empty(scheme), or_empty(host), unix_socket != NULL, err);
    curl->free(scheme);
    curl->free(host);
    curl->free(port);
    curl->free(path);
    if (status != BATON_OK) {
        baton_http_url_clear(out, curl);
    }
    return status;
}

void baton_http_url_clear(struct baton_http_url *url, const struct baton_curl *curl)
{
    curl->url_cleanup(url->parsed);
    url->parsed = NULL;
}

bool baton_http_url_shows(const struct baton_http_url *url, const struct baton_curl *curl, const char *text)
{
    static const CURLUPart secrets[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY };
    bool shows = false;
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        char *part = part_get(url, curl, secrets[i]);
        shows = shows || (part != NULL && strlen(part) >= BATON_HTTP_SECRET_BYTES_MIN && strstr(text, part) != NULL);
        curl->free(part);
    }
    return shows;
}
