#include "engine/providers/live_endpoint.h"

#include "engine/base/text.h"
#include "engine/http/http_url.h"
#include "engine/wire/codecs.h"

#include <assert.h>
#include <string.h>

static enum baton_status no_memory(struct baton_error *err)
{
    return baton_error_no_memory(err, "the live providers");
}

/* A variable of the environment; NULL where it is not set or empty. */
static const char *setting(const struct baton_live_options *options, const char *name)
{
    const char *value = options->setting == NULL ? NULL : options->setting(options->user, name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* The whole URL, once it is known that it may be called. */
static enum baton_status find_url(struct baton_live_endpoint *endpoint, const struct baton_live_options *options,
                                  struct baton_arena *arena, struct baton_error *err)
{
    const struct baton_codec *codec = endpoint->codec;
    const struct baton_curl *curl = NULL;
    struct baton_http_url parsed;
    struct baton_error inner;
    const char *given = setting(options, codec->base_url_variable);
    struct baton_str base = given != NULL                   ? baton_str_of(given)
                            : endpoint->base_url.length > 0 ? endpoint->base_url
                                                            : baton_str_of(codec->base_url);
    while (baton_str_ends(base, "/")) {
        base.length--;
    }
    endpoint->is_from_file = given == NULL && endpoint->base_url.length > 0;
    endpoint->url = baton_arena_printf(arena, "%.*s%s", BATON_STR_ARGS(base), codec->path);
    if (endpoint->url == NULL) {
        return no_memory(err);
    }
    enum baton_status status = baton_curl_get(&curl, err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_http_url_parse(&parsed, curl, endpoint->url, options->unix_socket, &inner);
    if (status != BATON_OK) {
        return baton_error_set(err, status, "%s: %s", endpoint->is_from_file ? "base_url" : codec->base_url_variable,
                               inner.text);
    }
    endpoint->is_local = parsed.must_be_local || options->unix_socket != NULL;
    baton_http_url_clear(&parsed, curl);
    return BATON_OK;
}

/* The key's variable: what the agent names, or the format's own where no file says where it goes. NULL: no key is sent. */
static enum baton_status key_variable(const struct baton_live_endpoint *endpoint,
                                      const struct baton_live_options *options, struct baton_arena *arena,
                                      const char **out, struct baton_error *err)
{
    const struct baton_str name = endpoint->key_variable;
    const char *file = options->agents->source.name;
    *out = name.length > 0 ? baton_arena_copy(arena, name.data, name.length) : endpoint->codec->key_variable;
    if (*out == NULL) {
        return no_memory(err);
    }
    if (name.length == 0 && endpoint->is_from_file) {
        *out = NULL;
        return endpoint->is_local
                   ? BATON_OK
                   : baton_error_set(err, BATON_EUSAGE,
                                     "base_url '%.*s' needs its own key: name the variable that holds it, as "
                                     "'api_key: $MY_KEY', beside it in '%s'",
                                     BATON_STR_ARGS(endpoint->base_url), file);
    }
    if (name.length > 0 && !endpoint->is_local && setting(options, *out) == NULL) {
        return baton_error_set(err, BATON_EUSAGE, "the variable %s, which 'api_key' in '%s' names, is not set", *out,
                               file);
    }
    return BATON_OK;
}

/* `name: value` lines as pairs. */
static enum baton_status split_headers(struct baton_live_endpoint *endpoint, struct baton_arena *arena,
                                       struct baton_str lines, struct baton_error *err)
{
    char *rest = baton_arena_copy(arena, lines.data, lines.length);
    while (rest != NULL && rest[0] != '\0') {
        assert(endpoint->header_count < BATON_LIVE_HEADERS_MAX);
        char *end = strchr(rest, '\n'), *colon = strchr(rest, ':');
        *end = '\0';
        *colon = '\0';
        endpoint->headers[endpoint->header_count++] = (struct baton_http_header){ .name = rest, .value = colon + 2 };
        rest = end + 1;
    }
    return rest == NULL ? no_memory(err) : BATON_OK;
}

static enum baton_status find_headers(struct baton_live_endpoint *endpoint, const struct baton_live_options *options,
                                      struct baton_arena *arena, struct baton_error *err)
{
    const char *variable;
    enum baton_status status = key_variable(endpoint, options, arena, &variable, err);
    if (status != BATON_OK) {
        return status;
    }
    const char *value = variable == NULL ? NULL : setting(options, variable);
    if (value != NULL) {
        endpoint->key = baton_arena_copy(arena, value, strlen(value));
        if (endpoint->key == NULL) {
            return no_memory(err);
        }
    }
    struct baton_str key = baton_str_of(value);
    if (value == NULL && !endpoint->is_local) {
        key = BATON_STR(""); /* one is needed, and the codec says which variable has to hold it */
    }
    struct baton_text lines = baton_text_with_limit(BATON_LIVE_HEADER_BYTES_MAX);
    status = baton_codec_headers(endpoint->codec, &lines, key, err);
    if (status == BATON_OK) {
        status = split_headers(endpoint, arena, baton_text_str(&lines), err);
    }
    baton_text_clear(&lines);
    return status;
}

enum baton_status baton_live_endpoint_open(struct baton_live_endpoint *endpoint,
                                           const struct baton_live_options *options, struct baton_arena *arena,
                                           struct baton_error *err)
{
    const struct baton_limiter_options limits = { .requests_per_minute = options->requests_per_minute,
                                                  .tokens_per_minute = options->tokens_per_minute,
                                                  .clock = options->clock,
                                                  .interrupted = options->interrupted };
    enum baton_status status = find_url(endpoint, options, arena, err);
    if (status != BATON_OK) {
        return status;
    }
    status = find_headers(endpoint, options, arena, err);
    if (status != BATON_OK) {
        return status;
    }
    return baton_limiter_new(&endpoint->limiter, &limits, err);
}

void baton_live_endpoint_close(struct baton_live_endpoint *endpoint)
{
    baton_limiter_free(endpoint->limiter);
}
