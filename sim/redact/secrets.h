/* secrets.h - finds what must not be written down: by its shape, or because the caller knows it.
 *
 * By shape: keys of providers (`sk-...`), tokens (`ghp_...`, `xoxb-...`, JWTs, what follows `Bearer`), keys of clouds
 * (`AKIA...`, `AIza...`), private keys (PEM), account ids (`org-...`) and the user's name in a home folder's path. Ids of
 * calls, replies and sessions, digests, signatures and base64 have none of these shapes. A shape counts only where a word
 * begins; the end of an escape (`\n`, `\u003d`, `%3D`) begins one too, so JSON within JSON is no hiding place.
 *
 * Not found: a secret that a stream cuts in two between events, and one without a shape that the caller does not know.
 *
 * Time:     linear in the text, whatever stands in it.
 * Owns:     nothing.
 */
#ifndef BATON_SIM_REDACT_SECRETS_H
#define BATON_SIM_REDACT_SECRETS_H

#include "sim/redact/known_values.h"

/* What takes a secret's place. A text that holds this word is never a secret, so a second look finds nothing. */
#define BATON_REDACTED "REDACTED"

#define BATON_SECRET_LIST(X)           \
    X(VALUE, "a known value")          \
    X(API_KEY, "an API key")           \
    X(ACCESS_TOKEN, "an access token") \
    X(CLOUD_KEY, "a cloud access key") \
    X(BEARER, "a bearer token")        \
    X(JWT, "a JSON web token")         \
    X(PRIVATE_KEY, "a private key")    \
    X(ACCOUNT_ID, "an account id")     \
    X(HOME_PATH, "a user's name in a path")

#define BATON_SECRET_ENUM(name, text) BATON_SECRET_##name,
enum baton_secret_kind { BATON_SECRET_LIST(BATON_SECRET_ENUM) BATON_SECRET_KIND_COUNT };
#undef BATON_SECRET_ENUM

struct baton_secret {
    size_t start, end; /* bytes of the text, [start, end) */
    enum baton_secret_kind kind;
};

/* `an API key`, ... */
const char *baton_secret_kind_text(enum baton_secret_kind kind);

/* A walk through one text, from its start. */
struct baton_secret_search {
    struct baton_known_search known; /* private, as all below */
    size_t at;
    struct baton_secret shape, value; /* the next of each, if any */
    bool has_shape, has_value;
};

/* values may be NULL. */
struct baton_secret_search baton_secret_search_in(const struct baton_known_values *values, struct baton_str text);

/* The next one; they come in order and do not overlap. False at the end. */
bool baton_secret_search_next(struct baton_secret_search *search, struct baton_secret *out);

#endif
