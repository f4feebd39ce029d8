/* fault.h - what kind of failure a provider's error is, for whoever decides whether to try again.
 *
 * The text of an error is for people (struct baton_error); its fault is for the retry logic.
 */
#ifndef BATON_ENGINE_WIRE_FAULT_H
#define BATON_ENGINE_WIRE_FAULT_H

#include "engine/base/str.h"

/* name, text, whether the same request may succeed a little later */
#define BATON_FAULT_LIST(X)                                             \
    X(NONE, "none", false)                                              \
    X(RATE_LIMIT, "rate_limit", true)                                   \
    X(OVERLOADED, "overloaded", true) /* 503, 529 */                    \
    X(SERVER, "server", true)         /* other 5xx, and unknown ones */ \
    X(TIMEOUT, "timeout", true)       /* ours or theirs */              \
    X(CONFLICT, "conflict", true)     /* 409 */                         \
    X(CONNECTION, "connection", true) /* no answer at all */            \
    X(CUT, "cut", true)               /* it ended before its end */     \
    X(QUOTA, "quota", false)          /* no credit left */              \
    X(AUTH, "auth", false)                                              \
    X(BAD_REQUEST, "bad_request", false)                                \
    X(NOT_FOUND, "not_found", false) /* wrong model or address */       \
    X(PROTOCOL, "protocol", false)   /* an answer, but not in the format */

#define BATON_FAULT_ENUM(name, text, is_transient) BATON_FAULT_##name,
enum baton_provider_fault { BATON_FAULT_LIST(BATON_FAULT_ENUM) BATON_FAULT_COUNT };
#undef BATON_FAULT_ENUM

/* The fault behind an error: its code where that is a known word, else the HTTP status where that says something, else
 * its type or a number as code (OpenRouter). `http_status` is 200 for an error inside an answer or a stream; code and type
 * are empty where the body has none. Never NONE. */
enum baton_provider_fault baton_provider_fault_of(int http_status, struct baton_str code, struct baton_str type);

/* For tests: `rate_limit`, `overloaded`, ... */
const char *baton_provider_fault_name(enum baton_provider_fault fault);

/* Whether trying the same request again makes sense. */
bool baton_provider_fault_is_transient(enum baton_provider_fault fault);

#endif
