/* curl_library.h - libcurl, loaded when a live provider is first made.
 *
 * The program does not link libcurl: with the 29 libraries that Debian's build brings along it would make every start,
 * also of an offline replay, some 4 ms longer. So nobody but http.c and http_url.c calls it, and only by this table. Which
 * libcurl it is shows at run time only: the headers of the machine that baton was built on say nothing about it.
 *
 * Owns:     the table lives as long as the process; the library that is used is never unloaded.
 * Threads:  any; the first call loads and initialises, others wait for it.
 */
#ifndef BATON_ENGINE_HTTP_CURL_LIBRARY_H
#define BATON_ENGINE_HTTP_CURL_LIBRARY_H

#include "engine/base/error.h"

#include <curl/curl.h>

/* Versions as libcurl counts them: 0xXXYYZZ. */
enum {
    BATON_CURL_VERSION_MIN = 0x074d00,           /* 7.77: the first that keeps `localhost` on this machine by itself */
    BATON_CURL_VERSION_PROTOCOLS_STR = 0x075500, /* 7.85: CURLOPT_PROTOCOLS_STR in place of CURLOPT_PROTOCOLS */
    BATON_CURL_VERSION_QUICK_EXIT = 0x075700     /* 7.87: CURLOPT_QUICK_EXIT */
};

#define BATON_CURL_FUNCTIONS(X) \
    X(version_info)             \
    X(global_init)              \
    X(easy_init)                \
    X(easy_cleanup)             \
    X(easy_reset)               \
    X(easy_setopt)              \
    X(easy_getinfo)             \
    X(easy_strerror)            \
    X(multi_init)               \
    X(multi_cleanup)            \
    X(multi_setopt)             \
    X(multi_add_handle)         \
    X(multi_remove_handle)      \
    X(multi_perform)            \
    X(multi_poll)               \
    X(multi_info_read)          \
    X(slist_append)             \
    X(slist_free_all)           \
    X(url)                      \
    X(url_set)                  \
    X(url_get)                  \
    X(url_cleanup)              \
    X(free)

#define BATON_CURL_MEMBER(name) __typeof__(curl_##name) *name;
struct baton_curl {
    BATON_CURL_FUNCTIONS(BATON_CURL_MEMBER)
    unsigned version; /* of the library that was loaded */
};
#undef BATON_CURL_MEMBER

/* The process's table. BATON_EPROVIDER, each time again, when no libcurl can be loaded, or none that is new enough and speaks
 * https and over unix sockets; the message says which was found and what it lacks. */
BATON_MUST_CHECK enum baton_status baton_curl_get(const struct baton_curl **out, struct baton_error *err);

#endif
