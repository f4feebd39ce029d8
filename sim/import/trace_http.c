/* trace_http.c - model calls out of recorded HTTP traffic.
 *
 * A reply is decoded by the decoder of live calls, so that an import means what a live run would have; a failure of the
 * provider is kept as one, as it may have been asked again. Redaction comes before all else: what the trace holds, and what is
 * made of it, holds no secret, and a replay asks with the redacted words too. The id by which a later request of Responses
 * goes on from a reply is no part of a decoded reply, so it is looked for in the body.
 */
#include "sim/import/trace_http.h"

#include "engine/base/grow.h"
#include "engine/base/number.h"
#include "engine/base/text.h"
#include "engine/wire/decoder.h"
#include "engine/wire/sse.h"
#include "sim/import/limits.h"
#include "sim/import/trace_request.h"
#include "sim/redact/redact.h"

#include <string.h>

#define NS_PER_MS INT64_C(1000000)

struct reading {
    const struct baton_import_options *options;
    struct baton_arena *arena;
    struct baton_decoder *decoder;
    struct baton_trace_call *calls;
    struct baton_trace *out;
    struct baton_str first_service; /* of what was skipped, with its reason; NULL while nothing was */
    const char *first_reason;
    struct baton_error *err;
};

static enum baton_status no_memory(const struct reading *reading)
{
    return baton_error_over_limit(reading->err, "'%s'", reading->options->name);
}

struct baton_str baton_wire_header_value(struct baton_wire_headers headers, const char *name)
{
    for (size_t i = 0; i < headers.count; i++) {
        if (baton_str_is_caseless(headers.items[i].name, name)) {
            return headers.items[i].value;
        }
    }
    return (struct baton_str){ NULL, 0 };
}

/* The host of a URL, or all of it where it has none; not more than fits into a message. */
static struct baton_str service_of(struct baton_str url)
{
    enum { SHOWN_BYTES = 100 };
    const char *start = url.length == 0 ? NULL : memmem(url.data, url.length, "://", 3);
    if (start != NULL) {
        url = baton_str_after(url, (size_t)(start + 3 - url.data));
        url.length = baton_str_find(url, '/');
    }
    return baton_str_cut(url, SHOWN_BYTES);
}

static void skip(struct reading *reading, const struct baton_recorded_call *it, const char *reason)
{
    struct baton_str service = service_of(it->url);
    if (reading->out->skipped_count++ == 0) {
        reading->first_service = service;
        reading->first_reason = reason;
    }
    if (reading->options->skipped != NULL) {
        reading->options->skipped(reading->options->user, it->line, service, reason);
    }
}

static bool redact(const struct reading *reading, struct baton_str text, struct baton_str *out)
{
    struct baton_text redacted = baton_text_with_limit(BATON_IMPORT_TEXT_BYTES_MAX);
    baton_redact_text(&redacted, reading->options->values, text);
    char *copy = redacted.failed ? NULL : baton_arena_copy(reading->arena, redacted.data, redacted.length);
    *out = (struct baton_str){ copy, copy == NULL ? 0 : redacted.length };
    baton_text_clear(&redacted);
    return copy != NULL;
}

/* ---- replies ---- */

static struct baton_str id_in(const struct baton_json *root)
{
    const struct baton_json *response = baton_json_get(root, "response");
    const struct baton_json *id =
        baton_json_get(response != NULL && response->type == BATON_JSON_OBJECT ? response : root, "id");
    return id != NULL && id->type == BATON_JSON_STRING ? id->text : BATON_STR("");
}

/* Of the body, or of the first event. */
static struct baton_str reply_id(const struct reading *reading, struct baton_str body, bool is_stream)
{
    if (is_stream) {
        const char *data = body.length == 0 ? NULL : memmem(body.data, body.length, "data: ", 6);
        if (data == NULL) {
            return BATON_STR("");
        }
        body = baton_str_after(body, (size_t)(data + 6 - body.data));
        body.length = baton_str_find(body, '\n');
    }
    const struct baton_source source = { .name = "reply", .line_first = 1, .text = body };
    const struct baton_json *root;
    struct baton_error ignored;
    return baton_json_parse(&root, reading->arena, &source, &ignored) == BATON_OK && root->type == BATON_JSON_OBJECT
               ? id_in(root)
               : BATON_STR("");
}

/* How long it took, where the service said so. */
static int64_t latency_of(const struct baton_recorded_call *it)
{
    enum { LATENCY_MS_MAX = 1000000000 };
    uint64_t ms = 0;
    bool is_told = baton_number_u64(baton_wire_header_value(it->response_headers, "openai-processing-ms"), &ms);
    return is_told && ms <= LATENCY_MS_MAX ? (int64_t)ms * NS_PER_MS : BATON_TIME_UNKNOWN;
}

static enum baton_status decode(const struct reading *reading, const struct baton_recorded_call *it,
                                struct baton_trace_call *call)
{
    struct baton_decoder *decoder = reading->decoder;
    const struct baton_request request = { .arena = reading->arena };
    enum baton_status status;
    baton_decoder_begin(decoder, call->traffic.codec, &request);
    if (it->is_stream) {
        status = baton_decoder_bytes(decoder, call->traffic.body, reading->err);
        if (status == BATON_OK || status == BATON_EPROVIDER) {
            status = baton_decoder_end(decoder, &call->reply, reading->err);
        }
    } else {
        status = baton_decoder_body(decoder, it->status, call->traffic.body, &call->reply, reading->err);
    }
    call->is_failure = status == BATON_EPROVIDER;
    call->reply.latency_ns = latency_of(it);
    call->reply.ttft_ns = BATON_TIME_UNKNOWN;
    call->reply_id = reply_id(reading, call->traffic.body, it->is_stream);
    return call->is_failure ? BATON_OK : status;
}

/* ---- streams ---- */

struct events {
    struct baton_arena *arena;
    struct baton_traffic_event *list;
    uint32_t count, capacity;
};

static bool keep(struct baton_arena *arena, struct baton_str text, struct baton_str *out)
{
    char *copy = baton_arena_copy(arena, text.data, text.length);
    *out = (struct baton_str){ copy, copy == NULL ? 0 : text.length };
    return copy != NULL;
}

static enum baton_status note_event(void *user, const struct baton_sse_event *event, struct baton_error *err)
{
    struct events *events = user;
    struct baton_traffic_event *list =
        baton_grow_arena(events->arena, events->list, events->count, &events->capacity, sizeof *list);
    if (list == NULL) {
        return baton_error_over_limit(err, "a recorded stream");
    }
    events->list = list;
    struct baton_traffic_event *out = &list[events->count++];
    out->time_ns = 0; /* nobody recorded it */
    return keep(events->arena, event->type, &out->name) && keep(events->arena, event->data, &out->data)
               ? BATON_OK
               : baton_error_over_limit(err, "a recorded stream");
}

static enum baton_status read_events(const struct reading *reading, struct baton_traffic *traffic)
{
    struct events events = { .arena = reading->arena };
    struct baton_sse sse;
    baton_sse_init(&sse);
    enum baton_status status = baton_sse_feed(&sse, traffic->body, note_event, &events, reading->err);
    baton_sse_clear(&sse);
    traffic->events = events.list;
    traffic->event_count = events.count;
    return status;
}

/* ---- calls ---- */

/* What is asked for in a request, or why it is none: *reason. */
static enum baton_status read_request(const struct reading *reading, struct baton_trace_call *call, const char **reason)
{
    const struct baton_source source = { .name = "request", .line_first = 1, .text = call->traffic.request };
    const struct baton_json *root;
    struct baton_error inner;
    enum baton_status status = baton_json_parse(&root, reading->arena, &source, &inner);
    if (status == BATON_EINPUT || (status == BATON_OK && root->type != BATON_JSON_OBJECT)) {
        *reason = "its request is no JSON object";
        return BATON_OK;
    }
    return status == BATON_OK
               ? baton_trace_request_read(&call->asked, reading->arena, call->traffic.codec, root, reading->err)
               : no_memory(reading);
}

/* Adds the recorded call to the trace, or skips it. */
static enum baton_status take(struct reading *reading, const struct baton_recorded_call *it)
{
    struct baton_trace_call *call = &reading->calls[reading->out->count];
    struct baton_traffic *traffic = &call->traffic;
    const char *reason;
    *call = (struct baton_trace_call){ .line = it->line, .service = service_of(it->url) };
    *traffic = (struct baton_traffic){ .codec = baton_trace_request_codec(it->method, it->url, &reason),
                                       .status = (unsigned)it->status,
                                       .headers = it->response_headers,
                                       .is_stream = it->is_stream };
    if (traffic->codec == NULL) {
        skip(reading, it, reason);
        return BATON_OK;
    }
    if (!redact(reading, it->request_body, &traffic->request) || !redact(reading, it->response_body, &traffic->body)) {
        return no_memory(reading);
    }
    enum baton_status status = read_request(reading, call, &reason);
    if (status != BATON_OK) {
        return status;
    }
    if (reason != NULL) {
        skip(reading, it, reason);
        return BATON_OK;
    }
    traffic->model = call->asked.model;
    status = decode(reading, it, call);
    if (status == BATON_OK && it->is_stream) {
        status = read_events(reading, traffic);
    }
    reading->out->count += status == BATON_OK;
    return status;
}

static enum baton_status take_all(struct reading *reading, const struct baton_recorded_calls *calls)
{
    reading->calls = baton_arena_array(reading->arena, calls->count, sizeof *reading->calls);
    if (reading->decoder == NULL || reading->calls == NULL) {
        return no_memory(reading);
    }
    for (size_t i = 0; i < calls->count; i++) {
        enum baton_status status = take(reading, &calls->items[i]);
        if (status != BATON_OK) {
            return status;
        }
    }
    reading->out->calls = reading->calls;
    if (reading->out->count > 0) {
        return BATON_OK;
    }
    if (reading->first_reason == NULL) {
        return baton_error_set(reading->err, BATON_EINPUT, "nothing in '%s' can be imported: it holds no traffic",
                               reading->options->name);
    }
    return baton_error_set(reading->err, BATON_EINPUT, "nothing in '%s' can be imported: %.*s: %s",
                           reading->options->name, BATON_STR_ARGS(reading->first_service), reading->first_reason);
}

enum baton_status baton_trace_from_http(struct baton_trace *out, struct baton_arena *arena,
                                        const struct baton_recorded_calls *calls,
                                        const struct baton_import_options *options, struct baton_error *err)
{
    struct baton_error local = { .status = BATON_OK };
    struct reading reading = { .options = options,
                               .arena = arena,
                               .decoder = baton_decoder_new(),
                               .out = out,
                               .err = err != NULL ? err : &local };
    *out = (struct baton_trace){ .count = 0 };
    enum baton_status status = take_all(&reading, calls);
    baton_decoder_free(reading.decoder);
    return status;
}
