#include "engine/http/http_reply.h"

#include "engine/base/number.h"
#include "engine/base/text.h"

/* The headers that are kept; of two for one member the first that comes. */
static const struct {
    const char *name;
    size_t offset;
} kept[] = {
    { "content-type", offsetof(struct baton_http_response, content_type) },
    { "request-id", offsetof(struct baton_http_response, request_id) },
    { "x-request-id", offsetof(struct baton_http_response, request_id) },
    { "retry-after", offsetof(struct baton_http_response, retry_after) },
    { "retry-after-ms", offsetof(struct baton_http_response, retry_after_ms) },
    { "x-should-retry", offsetof(struct baton_http_response, x_should_retry) },
    { "openai-processing-ms", offsetof(struct baton_http_response, openai_processing_ms) },
    { "date", offsetof(struct baton_http_response, date) },
};

enum { KEPT_COUNT = sizeof kept / sizeof *kept, STATUS_DIGITS = 3 };

/* Copies what fits; the value may end up on a terminal, so nothing in it may steer one. */
static void value_copy(char out[BATON_HTTP_VALUE_BYTES], struct baton_str value)
{
    size_t length = value.length < BATON_HTTP_VALUE_BYTES ? value.length : BATON_HTTP_VALUE_BYTES - 1;
    for (size_t i = 0; i < length; i++) {
        out[i] = value.data[i] >= 0x20 && value.data[i] <= 0x7e ? value.data[i] : '?';
    }
    out[length] = '\0';
}

static void header_take(struct baton_http_reply *reply, struct baton_str name, struct baton_str value)
{
    for (size_t i = 0; i < KEPT_COUNT; i++) {
        char *out = (char *)reply->response + kept[i].offset;
        if (baton_str_is_caseless(name, kept[i].name) && out[0] == '\0') {
            value_copy(out, value);
        }
    }
    if (reply->request->on_header != NULL && reply->response->status >= 200) {
        reply->request->on_header(reply->request->user, name, value);
    }
}

/* `HTTP/1.1 200 OK` or `HTTP/2 200`; 0 where there is no status of three digits. */
static unsigned status_of(struct baton_str line)
{
    const struct baton_str rest = baton_str_after(line, baton_str_find(line, ' ') + 1);
    uint64_t status = 0;
    if (rest.length < STATUS_DIGITS || !baton_number_u64((struct baton_str){ rest.data, STATUS_DIGITS }, &status)) {
        return 0;
    }
    return (unsigned)status;
}

/* An interim reply (1xx) may come before the one that counts, and must leave nothing behind. */
static void head_begin(struct baton_http_reply *reply, struct baton_str line)
{
    struct baton_http_response *response = reply->response;
    for (size_t i = 0; i < KEPT_COUNT; i++) {
        *((char *)response + kept[i].offset) = '\0';
    }
    response->status = status_of(line);
    if (response->status >= 200) {
        response->first_byte_ns = reply->activity_ns - reply->start_ns;
    }
}

bool baton_http_reply_line(struct baton_http_reply *reply, struct baton_str line)
{
    reply->activity_ns = reply->clock->now_ns(reply->clock);
    if (line.length > BATON_HTTP_HEADER_BYTES_MAX - reply->header_bytes) {
        reply->stop = BATON_HTTP_TOO_LARGE;
        return false;
    }
    reply->header_bytes += line.length;
    if (reply->is_head_complete) {
        return true; /* a trailer */
    }
    const size_t colon = baton_str_find(line, ':');
    if (baton_str_starts(line, "HTTP/")) {
        head_begin(reply, line);
    } else if (baton_str_trim(line).length == 0) {
        reply->is_head_complete = reply->response->status >= 200;
    } else if (colon < line.length) {
        header_take(reply, (struct baton_str){ line.data, colon }, baton_str_trim(baton_str_after(line, colon + 1)));
    }
    return true;
}

bool baton_http_reply_body(struct baton_http_reply *reply, struct baton_str piece)
{
    const struct baton_http_request *request = reply->request;
    struct baton_http_response *response = reply->response;
    reply->activity_ns = reply->clock->now_ns(reply->clock);
    if (piece.length > reply->body_bytes_max - response->body_bytes) {
        reply->stop = BATON_HTTP_TOO_LARGE;
    } else if (request->on_data != NULL && response->status / 100 == 2) {
        response->body_bytes += piece.length;
        reply->stop = request->on_data(request->user, piece) ? BATON_HTTP_NONE : BATON_HTTP_STOPPED;
    } else {
        response->body_bytes += piece.length;
        baton_text_append(reply->body, piece.data, piece.length);
        reply->stop = reply->body->failed ? BATON_HTTP_MEMORY : BATON_HTTP_NONE;
    }
    return reply->stop == BATON_HTTP_NONE;
}
