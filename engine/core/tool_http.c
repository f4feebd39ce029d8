#include "engine/core/tool_http.h"

#include "engine/base/fields.h"

#include <stddef.h>
#include <string.h>

struct http_form {
    struct baton_str url, method;
    const struct baton_json *headers;
};

static const struct baton_field http_rows[] = {
    { "url", NULL, BATON_FIELD_TEXT, .offset = offsetof(struct http_form, url), .is_required = true },
    { "method", NULL, BATON_FIELD_TEXT, .offset = offsetof(struct http_form, method) },
    { "headers", NULL, BATON_FIELD_OBJECT, .offset = offsetof(struct http_form, headers) },
};

static bool is_name_byte(char byte, bool is_first)
{
    return byte == '_' || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (!is_first && byte >= '0' && byte <= '9');
}

bool baton_tool_http_variable(const char **at, struct baton_str *before, struct baton_str *name)
{
    const char *start = *at, *end = *at;
    for (; *end != '\0'; end++) {
        size_t length = 0;
        while (end[0] == '$' && is_name_byte(end[1 + length], length == 0)) {
            length++;
        }
        if (length > 0) {
            *before = (struct baton_str){ start, (size_t)(end - start) };
            *name = (struct baton_str){ end + 1, length };
            *at = end + 1 + length;
            return true;
        }
        end += end[0] == '$' && end[1] == '$';
    }
    *before = (struct baton_str){ start, (size_t)(end - start) };
    *at = end;
    return false;
}

/* RFC 9110: a name is a token. What frames the message is not for a file to say. */
static bool name_is_sound(struct baton_str name)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    static const char *const framing[] = { "content-length", "transfer-encoding", "connection", "expect", "host" };
    for (size_t i = 0; i < sizeof framing / sizeof *framing; i++) {
        if (baton_str_is_caseless(name, framing[i])) {
            return false;
        }
    }
    return name.length > 0 && strspn(name.data, token) >= name.length;
}

static bool value_is_sound(struct baton_str value)
{
    for (size_t i = 0; i < value.length; i++) {
        const unsigned char byte = (unsigned char)value.data[i];
        if (byte < 0x20 || byte == 0x7f) {
            return false;
        }
    }
    return value.length <= BATON_TOOL_HEADER_BYTES_MAX;
}

static enum baton_status read_header(struct baton_tool_header *out, const struct baton_source *source,
                                     const struct baton_json *member, struct baton_error *err)
{
    if (member->type != BATON_JSON_STRING) {
        return baton_type_error(source, member, "a header", "a text; put it in quotes", err);
    }
    if (!name_is_sound(member->key) || !value_is_sound(member->text)) {
        return baton_source_error(source, member->key_offset, err,
                                  "the header '%.*s' cannot be sent: its name has to be a word, not one that the "
                                  "transfer sets, and its value one line of at most %d bytes",
                                  (int)member->key.length, member->key.data, BATON_TOOL_HEADER_BYTES_MAX);
    }
    *out = (struct baton_tool_header){ .name = member->key.data, .value = member->text.data };
    return BATON_OK;
}

static enum baton_status check(const struct http_form *form, const struct baton_source *source,
                               const struct baton_json *node, struct baton_error *err)
{
    const char *scheme = baton_str_starts(form->url, "https://") ? "https://" : "http://";
    bool is_url = baton_str_starts(form->url, scheme) && form->url.length > strlen(scheme);
    if (!is_url || form->url.length > BATON_TOOL_URL_BYTES_MAX) {
        return baton_source_error(
            source, baton_json_get(node, "url")->offset, err,
            "'url' must begin with https://, or http:// for this machine, and have at most %d bytes",
            BATON_TOOL_URL_BYTES_MAX);
    }
    if (form->method.length > 0 && !baton_str_is(form->method, "POST")) {
        return baton_source_error(source, baton_json_get(node, "method")->offset, err,
                                  "an http tool is called by POST, not by '%.*s'", (int)form->method.length,
                                  form->method.data);
    }
    if (form->headers != NULL && form->headers->count > BATON_TOOL_HEADERS_MAX) {
        return baton_source_error(source, form->headers->offset, err, "more than %d headers", BATON_TOOL_HEADERS_MAX);
    }
    return BATON_OK;
}

enum baton_status baton_tool_http_read(const struct baton_tool_http **out, struct baton_arena *arena,
                                       const struct baton_source *source, const struct baton_json *node,
                                       struct baton_error *err)
{
    const struct baton_fields fields = {
        .source = source, .rows = http_rows, .row_count = BATON_FIELD_COUNT(http_rows), .what = "'http'"
    };
    struct http_form form = { .headers = NULL };
    *out = NULL;
    enum baton_status status = baton_fields_read(&fields, node, &form, err);
    status = status == BATON_OK ? check(&form, source, node, err) : status;
    if (status != BATON_OK) {
        return status;
    }
    struct baton_tool_http *http = baton_arena_zero(arena, sizeof *http);
    struct baton_tool_header *headers =
        baton_arena_array(arena, (form.headers == NULL ? 0 : form.headers->count) + 1, sizeof *headers);
    if (http == NULL || headers == NULL) {
        return baton_error_over_limit(err, "'%s'", source->name);
    }
    http->url = form.url.data;
    http->headers = headers;
    for (const struct baton_json *member = form.headers == NULL ? NULL : form.headers->child;
         member != NULL && status == BATON_OK; member = member->next) {
        status = read_header(&headers[http->header_count++], source, member, err);
    }
    *out = status == BATON_OK ? http : NULL;
    return status;
}
