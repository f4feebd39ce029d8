/* One call of a live service, with all its attempts.
 *
 * An attempt waits for its turn, is sent, and is decoded while it comes, as text has to reach the user at once and because what
 * comes next depends on it: whether the call is made again is decided by what the decoder found (an error inside a 200, a stream
 * that was cut) as much as by the status, so both are brought into the one form that the retry policy reads. Each attempt counts
 * against rates, tokens and money, also where it failed. What an attempt leaves behind (headers, events, half an answer) goes
 * with the next; only the one that the run loop uses is shown to the recorder, and before it is used. */
#include "engine/base/prng.h"
#include "engine/base/text.h"
#include "engine/core/price.h"
#include "engine/http/http.h"
#include "engine/http/wait.h"
#include "engine/providers/hide_key.h"
#include "engine/providers/live.h"
#include "engine/providers/live_capture.h"
#include "engine/providers/live_state.h"
#include "engine/wire/decoder.h"
#include "engine/wire/encoder.h"
#include "engine/wire/sse.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* How the body of a reply comes. */
enum form { FORM_UNDECIDED, FORM_WHOLE, FORM_STREAM };

struct baton_live_caller {
    struct baton_provider provider; /* first */
    struct baton_live *live;
    struct baton_http *http;
    struct baton_decoder *decoder;
    struct baton_sse sse;
    struct baton_text request, body; /* sent; received, where it is no stream */
    struct baton_live_capture capture;
    enum baton_provider_fault fault;
    uint32_t attempts;
};

/* A call under way, and its present attempt. */
struct call {
    struct baton_live_caller *caller;
    const struct baton_live_binding *binding;
    const struct baton_request *asked;
    uint64_t start_ns;  /* of the first attempt */
    uint64_t queued_ns; /* waiting for its turn, all attempts together */
    bool was_delivered;
    uint32_t number;
    struct baton_prng prng;

    uint64_t attempt_ns; /* when it began */
    int64_t ttft_ns;     /* from then */
    enum form form;
    enum baton_status feed_status; /* of the reading of a stream, and its error */
    struct baton_error feed_error;
    struct baton_http_response response;
};

static uint64_t now(const struct call *call)
{
    struct baton_clock *clock = call->caller->live->options.clock;
    return clock->now_ns(clock);
}

/* ---- what the sink gets to see ---- */

static void on_header(void *user, struct baton_str name, struct baton_str value)
{
    struct call *call = user;
    baton_live_capture_header(&call->caller->capture, name, value);
}

static enum baton_status show(struct call *call, struct baton_error *err)
{
    const struct baton_live_caller *caller = call->caller;
    struct baton_traffic_sink *sink = caller->live->options.sink;
    const bool is_stream = call->form == FORM_STREAM;
    const struct baton_traffic traffic = {
        .asked = call->asked,
        .codec = call->binding->endpoint->codec,
        .model = call->binding->model,
        .request = baton_text_str(&caller->request),
        .status = call->response.status,
        .headers = { caller->capture.headers, caller->capture.header_count },
        .is_stream = is_stream,
        .body = is_stream ? BATON_STR("") : baton_text_str(&caller->body),
        .events = caller->capture.events,
        .event_count = caller->capture.event_count,
        .ttft_ns = call->ttft_ns,
        .total_ns = call->response.total_ns,
    };
    if (sink == NULL) {
        return BATON_OK;
    }
    if (caller->capture.failed) {
        return baton_error_set(err, BATON_ELIMIT, "an answer needs more memory to be recorded than is allowed");
    }
    return sink->take(sink, &traffic, err);
}

/* ---- what comes in ---- */

static void on_text(void *user, struct baton_str delta)
{
    struct call *call = user;
    const struct baton_request *asked = call->asked;
    if (call->ttft_ns == BATON_TIME_UNKNOWN) {
        call->ttft_ns = (int64_t)(now(call) - call->attempt_ns);
    }
    if (asked->on_text != NULL) {
        call->was_delivered = true;
        asked->on_text(asked->user, delta);
    }
}

static bool is_type(const char *content_type, const char *wanted)
{
    return strncasecmp(content_type, wanted, strlen(wanted)) == 0;
}

/* By the content type; where that says neither, by what was asked for and what the body begins with. */
static enum form form_of(const struct call *call, struct baton_str piece)
{
    const char *type = call->response.content_type;
    if (is_type(type, "text/event-stream")) {
        return FORM_STREAM;
    }
    if (is_type(type, "application/json") || !call->caller->live->options.is_stream) {
        return FORM_WHOLE;
    }
    piece = baton_str_trim(piece);
    if (piece.length == 0) {
        return FORM_UNDECIDED;
    }
    return strchr("{[<", piece.data[0]) != NULL ? FORM_WHOLE : FORM_STREAM;
}

static enum baton_status on_event(void *user, const struct baton_sse_event *event, struct baton_error *err)
{
    struct call *call = user;
    if (call->caller->live->options.sink != NULL) {
        const struct baton_traffic_event kept = { .time_ns = now(call) - call->attempt_ns,
                                                  .name = event->type,
                                                  .data = event->data };
        baton_live_capture_event(&call->caller->capture, &kept);
    }
    return baton_decoder_event(call->caller->decoder, event, err);
}

/* A piece of the body of a 2xx. After the last event it is read on, so that the connection can be used again. */
static bool on_data(void *user, struct baton_str piece)
{
    struct call *call = user;
    struct baton_live_caller *caller = call->caller;
    call->form = call->form == FORM_UNDECIDED ? form_of(call, piece) : call->form;
    if (call->form == FORM_STREAM) {
        call->feed_status = baton_sse_feed(&caller->sse, piece, on_event, call, &call->feed_error);
        return call->feed_status == BATON_OK;
    }
    baton_text_append(&caller->body, piece.data, piece.length);
    return !caller->body.failed;
}

static void attempt_begin(struct call *call)
{
    struct baton_live_caller *caller = call->caller;
    struct baton_request request = *call->asked;
    request.on_text = on_text;
    request.user = call;
    baton_decoder_begin(caller->decoder, call->binding->endpoint->codec, &request);
    baton_sse_reset(&caller->sse);
    baton_text_reset(&caller->body);
    baton_live_capture_reset(&caller->capture);
    call->form = FORM_UNDECIDED;
    call->feed_status = BATON_OK;
    call->ttft_ns = BATON_TIME_UNKNOWN;
    call->attempt_ns = now(call);
    call->number++;
}

static uint64_t elapsed(const struct call *call)
{
    return now(call) - call->start_ns - call->queued_ns;
}

static enum baton_status post(struct call *call, struct baton_error *err)
{
    struct baton_live *live = call->caller->live;
    const struct baton_live_options *options = &live->options;
    const struct baton_live_endpoint *endpoint = call->binding->endpoint;
    const uint64_t spent_ns = elapsed(call);
    const struct baton_http_request request = { .url = endpoint->url,
                                                .headers = endpoint->headers,
                                                .header_count = endpoint->header_count,
                                                .body = baton_text_str(&call->caller->request),
                                                .timeout_ns =
                                                    spent_ns < options->timeout_ns ? options->timeout_ns - spent_ns : 0,
                                                .idle_ns = options->idle_ns,
                                                .unix_socket = options->unix_socket,
                                                .on_header = options->sink == NULL ? NULL : on_header,
                                                .on_data = on_data,
                                                .user = call };
    atomic_fetch_add(&live->attempts, 1);
    return baton_http_post(&call->response, call->caller->http, &request, err);
}

/* ---- what came of it ---- */

static enum baton_provider_fault fault_of(enum baton_http_failure failure)
{
    switch (failure) {
    case BATON_HTTP_CONNECT:
    case BATON_HTTP_TLS:
        return BATON_FAULT_CONNECTION;
    case BATON_HTTP_TIMEOUT:
        return BATON_FAULT_TIMEOUT;
    case BATON_HTTP_CUT:
        return BATON_FAULT_CUT;
    default:
        return BATON_FAULT_PROTOCOL;
    }
}

/* The HTTP status that a fault would have had; 0: it is not of the kind that has one. */
static unsigned status_of(enum baton_provider_fault fault)
{
    static const unsigned statuses[BATON_FAULT_COUNT] = {
        [BATON_FAULT_RATE_LIMIT] = 429, [BATON_FAULT_OVERLOADED] = 529,  [BATON_FAULT_SERVER] = 500,
        [BATON_FAULT_TIMEOUT] = 408,    [BATON_FAULT_CONFLICT] = 409,    [BATON_FAULT_QUOTA] = 402,
        [BATON_FAULT_AUTH] = 401,       [BATON_FAULT_BAD_REQUEST] = 400, [BATON_FAULT_NOT_FOUND] = 404,
    };
    return statuses[fault];
}

/* The response, with what only the decoder could see in it, for the retry policy. A status that says as much stays. */
static struct baton_http_response judged(const struct call *call)
{
    struct baton_http_response response = call->response;
    const enum baton_provider_fault fault = call->caller->fault;
    if (fault == BATON_FAULT_CUT) {
        response.failure = BATON_HTTP_CUT;
    } else if (status_of(fault) == 0) {
        response.failure = response.failure == BATON_HTTP_NONE || response.failure == BATON_HTTP_STOPPED
                               ? BATON_HTTP_PROTOCOL
                               : response.failure;
    } else if (response.status / 100 == 2 || !baton_provider_fault_is_transient(fault)) {
        response.failure = response.failure == BATON_HTTP_STOPPED ? BATON_HTTP_NONE : response.failure;
        response.status = response.failure == BATON_HTTP_NONE ? status_of(fault) : response.status;
    }
    return response;
}

/* The reading of a stream came upon an error: of the decoder, or a line over a limit, or out of memory. */
static enum baton_status feed_failed(const struct call *call, struct baton_error *err)
{
    struct baton_live_caller *caller = call->caller;
    *err = call->feed_error;
    caller->fault = baton_decoder_fault(caller->decoder);
    if (call->feed_status == BATON_EPROVIDER && caller->fault == BATON_FAULT_NONE) {
        caller->fault = BATON_FAULT_PROTOCOL;
    }
    return call->feed_status;
}

/* Decodes the reply to a post that ended as `status` says. */
static enum baton_status decode(struct call *call, enum baton_status status, struct baton_reply *reply,
                                struct baton_error *err)
{
    struct baton_live_caller *caller = call->caller;
    const struct baton_http_response *response = &call->response;
    const bool is_whole_anyway = call->form == FORM_STREAM && baton_decoder_is_over(caller->decoder);
    if (status != BATON_OK && !(status == BATON_EPROVIDER && is_whole_anyway)) {
        caller->fault = status == BATON_EPROVIDER ? fault_of(response->failure) : BATON_FAULT_NONE;
        return status;
    }
    if (call->feed_status != BATON_OK) {
        return feed_failed(call, err);
    }
    if (response->status / 100 != 2) { /* the transfer collected it, and its next post will throw it away */
        baton_text_append(&caller->body, response->body.data, response->body.length);
        call->form = FORM_WHOLE;
    }
    if (caller->body.failed) {
        return baton_error_no_memory(err, "an answer");
    }
    if (call->form == FORM_UNDECIDED) {
        call->form = form_of(call, BATON_STR("{"));
    }
    status = call->form == FORM_STREAM ? baton_decoder_end(caller->decoder, reply, err)
                                       : baton_decoder_body(caller->decoder, (int)response->status,
                                                            baton_text_str(&caller->body), reply, err);
    caller->fault = baton_decoder_fault(caller->decoder);
    reply->was_streamed = reply->was_streamed && call->asked->on_text != NULL;
    return status;
}

/* ---- limits ---- */

static uint64_t sum(const struct baton_usage *usage)
{
    return (uint64_t)usage->input + (uint64_t)usage->cached + (uint64_t)usage->cache_write + (uint64_t)usage->output;
}

static int64_t guessed(size_t bytes)
{
    return (int64_t)((bytes + BATON_LIVE_BYTES_PER_TOKEN - 1) / BATON_LIVE_BYTES_PER_TOKEN);
}

/* What the attempt used: as the provider says, or by the bytes that went to and fro, or nothing where it refused. */
static struct baton_usage used(const struct call *call, const struct baton_reply *reply)
{
    struct baton_usage usage = { 0 };
    if (reply != NULL && reply->usage.is_known) {
        return reply->usage;
    }
    if (reply != NULL || call->response.status / 100 == 2) {
        usage.input = guessed(call->caller->request.length);
    }
    for (uint32_t i = 0; reply != NULL && i < reply->call_count; i++) {
        usage.output += guessed(reply->calls[i].name.length + reply->calls[i].arguments.length);
    }
    usage.output += reply == NULL ? 0 : guessed(reply->text.length);
    return usage;
}

struct permits {
    struct baton_limiter_permit rate, money;
};

static enum baton_status acquire(struct call *call, struct permits *out, struct baton_error *err)
{
    struct baton_live *live = call->caller->live;
    const struct baton_live_options *options = &live->options;
    const uint64_t before_ns = now(call);
    const uint64_t tokens = atomic_load(&live->tokens);
    const uint64_t answer = options->output_tokens_max > 0 ? (uint64_t)options->output_tokens_max
                                                           : (uint64_t)BATON_LIVE_OUTPUT_TOKENS_GUESSED;
    if (options->tokens_max > 0 && tokens >= options->tokens_max) {
        return baton_error_set(err, BATON_EINTERRUPTED,
                               "%llu tokens have been used, and the limit is %llu; raise it to make further calls",
                               (unsigned long long)tokens, (unsigned long long)options->tokens_max);
    }
    struct baton_limiter *rate = call->binding->endpoint->limiter;
    enum baton_status status =
        baton_limiter_acquire(&out->rate, rate, (uint64_t)guessed(call->caller->request.length) + answer, err);
    if (status == BATON_OK) {
        status = baton_limiter_acquire(&out->money, live->budget, 0, err);
        if (status != BATON_OK) {
            baton_limiter_settle(rate, &out->rate, 0, 0);
        }
    }
    call->queued_ns += now(call) - before_ns;
    return status;
}

static void settle(struct call *call, const struct permits *permits, const struct baton_reply *reply)
{
    struct baton_live *live = call->caller->live;
    const struct baton_usage usage = used(call, reply);
    const uint64_t cost_pico = call->binding->price == NULL ? 0 : baton_price_pico(call->binding->price, &usage);
    baton_limiter_settle(call->binding->endpoint->limiter, &permits->rate, sum(&usage), 0);
    baton_limiter_settle(live->budget, &permits->money, 0, cost_pico);
    atomic_fetch_add(&live->tokens, sum(&usage));
}

/* ---- a call ---- */

static enum baton_status attempt(struct call *call, struct baton_reply *reply, struct baton_error *err)
{
    struct permits permits;
    enum baton_status status = acquire(call, &permits, err);
    if (status != BATON_OK) {
        return status;
    }
    attempt_begin(call);
    status = decode(call, post(call, err), reply, err);
    settle(call, &permits, status == BATON_OK ? reply : NULL);
    return status;
}

/* After a failure: waits and says BATON_OK where it is to be made again, else what the call ends with. */
static enum baton_status again(struct call *call, enum baton_status status, struct baton_error *err)
{
    const struct baton_live_options *options = &call->caller->live->options;
    const struct baton_http_response response = judged(call);
    const struct baton_retry_attempt ended = { .number = call->number,
                                               .response = &response,
                                               .was_delivered = call->was_delivered,
                                               .elapsed_ns = elapsed(call),
                                               .timeout_ns = options->timeout_ns };
    const struct baton_retry_decision decision = baton_retry_decide(&options->retry, &ended, &call->prng);
    if (!decision.is_retry) {
        const size_t length = err == NULL ? 0 : strlen(err->text);
        if (err != NULL && call->number > 1) {
            snprintf(err->text + length, sizeof err->text - length, " (after %u attempts)", (unsigned)call->number);
        }
        return status;
    }
    if (!baton_wait(options->clock, decision.wait_ns, options->interrupted)) {
        return baton_error_set(err, BATON_EINTERRUPTED, "interrupted while waiting to call '%s' again",
                               call->binding->endpoint->codec->name);
    }
    return BATON_OK;
}

static enum baton_status encode(struct call *call, struct baton_error *err)
{
    struct baton_live_caller *caller = call->caller;
    const struct baton_live_options *options = &caller->live->options;
    const struct baton_encode_options encode_options = { .model = call->binding->model,
                                                         .output_tokens_max = options->output_tokens_max,
                                                         .is_stream = options->is_stream,
                                                         .is_stateless = options->is_stateless };
    baton_text_reset(&caller->request);
    return baton_encode(&caller->request, call->binding->endpoint->codec, call->asked, &encode_options, err);
}

static enum baton_status make(struct call *call, struct baton_reply *reply, struct baton_error *err)
{
    enum baton_status status = encode(call, err);
    if (status != BATON_OK) {
        return status;
    }
    for (bool is_over = false; !is_over;) {
        status = attempt(call, reply, err);
        is_over = status != BATON_EPROVIDER;
        if (!is_over) {
            baton_hide_key(err->text, call->binding->endpoint->key);
            const enum baton_status next = again(call, status, err);
            is_over = next != BATON_OK;
            status = next;
        }
    }
    if (status == BATON_OK) {
        return show(call, err);
    }
    if (status == BATON_EPROVIDER && call->caller->fault == BATON_FAULT_BAD_REQUEST) {
        struct baton_error inner; /* it is the refusal that counts, but where it cannot be recorded, that does */
        enum baton_status shown = show(call, &inner);
        if (shown != BATON_OK) {
            *err = inner;
            return shown;
        }
    }
    return status;
}

static enum baton_status live_call(struct baton_provider *provider, const struct baton_request *request,
                                   struct baton_reply *reply, struct baton_error *err)
{
    struct baton_live_caller *caller = (struct baton_live_caller *)provider;
    struct baton_live *live = caller->live;
    const struct baton_str id = request->conversation_id;
    struct baton_error inner;
    char purpose[80];
    struct call call = { .caller = caller, .binding = &live->bindings[request->agent], .asked = request };
    snprintf(purpose, sizeof purpose, "retry %u %u %u %u", (unsigned)request->exchange, (unsigned)request->turn,
             (unsigned)request->nesting, (unsigned)request->agent);
    baton_prng_seed_for(&call.prng, live->options.seed, id.data == NULL ? "" : id.data, id.length, purpose);
    call.start_ns = now(&call);
    caller->fault = BATON_FAULT_NONE;
    enum baton_status status = make(&call, reply, err == NULL ? &inner : err);
    caller->attempts = call.number;
    caller->fault = status == BATON_EPROVIDER ? caller->fault : BATON_FAULT_NONE;
    atomic_fetch_add(&live->calls, 1);
    if (status == BATON_OK && live->options.tells_times) {
        reply->latency_ns = (int64_t)call.response.total_ns;
        reply->ttft_ns = call.ttft_ns;
    } else if (status == BATON_OK) {
        reply->latency_ns = BATON_LATENCY_MEASURED;
        reply->ttft_ns = call.ttft_ns == BATON_TIME_UNKNOWN ? BATON_TIME_UNKNOWN
                                                            : call.ttft_ns + (int64_t)(call.attempt_ns - call.start_ns);
    }
    return status;
}

/* ---- a caller ---- */

enum baton_status baton_live_caller_new(struct baton_live_caller **out, struct baton_live *live,
                                        struct baton_error *err)
{
    const struct baton_http_options http = { .clock = live->options.clock, .interrupted = live->options.interrupted };
    struct baton_live_caller *caller = baton_system_take(sizeof *caller);
    *out = NULL;
    if (caller == NULL) {
        return baton_error_no_memory(err, "a live provider");
    }
    *caller = (struct baton_live_caller){ .provider = { .call = live_call },
                                          .live = live,
                                          .decoder = baton_decoder_new(),
                                          .request = baton_text_with_limit(BATON_REQUEST_BYTES_MAX),
                                          .body = baton_text_with_limit(BATON_HTTP_BODY_BYTES_MAX) };
    baton_sse_init(&caller->sse);
    const bool has_capture = baton_live_capture_init(&caller->capture);
    enum baton_status status = caller->decoder == NULL || !has_capture ? baton_error_no_memory(err, "a live provider")
                                                                       : baton_http_new(&caller->http, &http, err);
    if (status != BATON_OK) {
        baton_live_caller_free(caller);
        return status;
    }
    *out = caller;
    return BATON_OK;
}

void baton_live_caller_free(struct baton_live_caller *caller)
{
    if (caller == NULL) {
        return;
    }
    baton_http_free(caller->http);
    baton_decoder_free(caller->decoder);
    baton_sse_clear(&caller->sse);
    baton_live_capture_clear(&caller->capture);
    baton_text_clear(&caller->request);
    baton_text_clear(&caller->body);
    baton_system_give(caller);
}

struct baton_provider *baton_live_caller_provider(struct baton_live_caller *caller)
{
    return &caller->provider;
}

enum baton_provider_fault baton_live_caller_fault(const struct baton_live_caller *caller)
{
    return caller->fault;
}

uint32_t baton_live_caller_attempts(const struct baton_live_caller *caller)
{
    return caller->attempts;
}
