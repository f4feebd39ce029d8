#include "sim/import/rebuild.h"

#include "engine/base/json_writer.h"
#include "engine/wire/decoder.h"
#include "engine/wire/sse.h"
#include "sim/cassette/cassette.h"
#include "sim/import/rebuild_agents.h"

#include <stdio.h>
#include <string.h>

enum { MEMORY_BYTES_MAX = 512 * 1024 * 1024, REASON_BYTES = 300, ID_BYTES = 512 };

#define NS_PER_MS INT64_C(1000000)

/* A call as it was recorded, redacted. */
struct recorded_call {
    const struct baton_vcr_interaction *from;
    struct baton_str request, response;
};

/* An import on its way. */
struct importing {
    const struct baton_vcr *vcr;
    const struct baton_vcr_import_options *options;
    struct baton_vcr_import *out;
    struct baton_arena *arena;
    struct baton_story story;
    struct baton_vcr_agents agents; /* of that story */
    struct recorded_call *calls;    /* beside story.calls */
    const char *first_reason;       /* of what was passed over */
    struct baton_error *err;
};

void baton_vcr_import_clear(struct baton_vcr_import *import)
{
    baton_text_clear(&import->agents);
    baton_text_clear(&import->conversations);
    baton_text_clear(&import->cassette);
}

static enum baton_status no_memory(const struct importing *importing)
{
    return baton_error_set(importing->err, BATON_ELIMIT, "'%s' needs more memory than is allowed",
                           importing->options->name);
}

/* ---- reading ---- */

static enum baton_status skip(struct importing *importing, const struct baton_vcr_interaction *it, const char *reason)
{
    char text[REASON_BYTES];
    struct baton_str url = it->url;
    const char *host = url.length == 0 ? NULL : memmem(url.data, url.length, "://", 3);
    if (host != NULL) {
        url.length -= (size_t)(host + 3 - url.data);
        url.data = host + 3;
        const char *end = memchr(url.data, '/', url.length);
        url.length = end == NULL ? url.length : (size_t)(end - url.data);
    }
    snprintf(text, sizeof text, "%.*s: %s", url.length < 100 ? (int)url.length : 100, url.data, reason);
    importing->out->skipped_count++;
    if (importing->first_reason == NULL) {
        importing->first_reason = baton_arena_copy(importing->arena, text, strlen(text));
        if (importing->first_reason == NULL) {
            return no_memory(importing);
        }
    }
    if (importing->options->skipped != NULL) {
        importing->options->skipped(importing->options->user, it->line, text);
    }
    return BATON_OK;
}

static bool redact(struct importing *importing, struct baton_str text, struct baton_str *out)
{
    struct baton_text redacted = baton_text_with_limit(MEMORY_BYTES_MAX);
    baton_redact_text(&redacted, importing->options->values, text);
    char *copy = baton_arena_copy(importing->arena, redacted.data, redacted.length);
    *out = (struct baton_str){ copy, copy == NULL ? 0 : redacted.length };
    bool fits = copy != NULL && !redacted.failed;
    baton_text_clear(&redacted);
    return fits;
}

static struct baton_str id_in(const struct baton_json *root)
{
    const struct baton_json *response = baton_json_get(root, "response");
    const struct baton_json *id =
        baton_json_get(response != NULL && response->type == BATON_JSON_OBJECT ? response : root, "id");
    return id != NULL && id->type == BATON_JSON_STRING ? id->text : BATON_STR("");
}

/* The reply's id, by which a later request of Responses may go on from it: of the body, or of the first event. */
static struct baton_str reply_id(struct importing *importing, const struct recorded_call *call)
{
    struct baton_str text = call->response;
    if (call->from->is_stream) {
        const char *data = text.length == 0 ? NULL : memmem(text.data, text.length, "data: ", 6);
        if (data == NULL) {
            return BATON_STR("");
        }
        text.length -= (size_t)(data + 6 - text.data);
        text.data = data + 6;
        const char *end = memchr(text.data, '\n', text.length);
        text.length = end == NULL ? text.length : (size_t)(end - text.data);
    }
    const struct baton_source source = { .name = "reply", .line_first = 1, .text = text };
    const struct baton_json *root;
    struct baton_error ignored;
    return baton_json_parse(&root, importing->arena, &source, &ignored) == BATON_OK && root->type == BATON_JSON_OBJECT
               ? id_in(root)
               : BATON_STR("");
}

static enum baton_status decode(struct importing *importing, struct baton_decoder *decoder,
                                const struct recorded_call *call, struct baton_story_call *story)
{
    const struct baton_request request = { .arena = importing->arena };
    struct baton_error inner;
    baton_decoder_begin(decoder, story->codec, &request);
    enum baton_status status;
    if (call->from->is_stream) {
        status = baton_decoder_bytes(decoder, call->response, &inner);
        status = status == BATON_OK || status == BATON_EPROVIDER ? baton_decoder_end(decoder, &story->reply, &inner)
                                                                 : status;
    } else {
        status = baton_decoder_body(decoder, call->from->status, call->response, &story->reply, &inner);
    }
    story->is_failure = status == BATON_EPROVIDER;
    if (status != BATON_OK && status != BATON_EPROVIDER) {
        *importing->err = inner;
        return status;
    }
    return BATON_OK;
}

/* Adds the interaction to the story, or tells why not. */
static enum baton_status take(struct importing *importing, struct baton_decoder *decoder,
                              const struct baton_vcr_interaction *it)
{
    const char *reason;
    struct baton_story *story = &importing->story;
    struct baton_story_call *call = &story->calls[story->count];
    struct recorded_call *recorded = &importing->calls[story->count];
    const struct baton_json *root;
    struct baton_error inner;
    *call = (struct baton_story_call){ .codec = baton_foreign_codec(it->method, it->url, &reason) };
    *recorded = (struct recorded_call){ .from = it };
    if (call->codec == NULL) {
        return skip(importing, it, reason);
    }
    if (!redact(importing, it->request_body, &recorded->request) ||
        !redact(importing, it->response_body, &recorded->response)) {
        return no_memory(importing);
    }
    const struct baton_source source = { .name = "request", .line_first = 1, .text = recorded->request };
    enum baton_status status = baton_json_parse(&root, importing->arena, &source, &inner);
    if (status == BATON_EINPUT || (status == BATON_OK && root->type != BATON_JSON_OBJECT)) {
        return skip(importing, it, "its request is no JSON object");
    }
    if (status != BATON_OK) {
        return no_memory(importing);
    }
    status = baton_foreign_read(&call->asked, importing->arena, call->codec, root, importing->err);
    if (status == BATON_OK) {
        status = decode(importing, decoder, recorded, call);
    }
    call->reply_id = reply_id(importing, recorded);
    story->count += status == BATON_OK;
    return status;
}

static enum baton_status take_all(struct importing *importing)
{
    const struct baton_vcr *vcr = importing->vcr;
    struct baton_decoder *decoder = baton_decoder_new();
    importing->story.calls = baton_arena_zero(importing->arena, vcr->count * sizeof *importing->story.calls);
    importing->calls = baton_arena_zero(importing->arena, vcr->count * sizeof *importing->calls);
    enum baton_status status = BATON_OK;
    if (decoder == NULL || importing->story.calls == NULL || importing->calls == NULL) {
        status = no_memory(importing);
    }
    for (size_t i = 0; i < vcr->count && status == BATON_OK; i++) {
        status = take(importing, decoder, &vcr->interactions[i]);
    }
    baton_decoder_free(decoder);
    if (status == BATON_OK && importing->story.count == 0) {
        status = baton_error_set(importing->err, BATON_EINPUT, "nothing in '%s' can be imported: %s",
                                 importing->options->name,
                                 importing->first_reason == NULL ? "it holds no traffic" : importing->first_reason);
    }
    return status;
}

/* ---- conversations ---- */

static struct baton_str id_of(const struct importing *importing, uint32_t conversation, char out[ID_BYTES])
{
    struct baton_str id = importing->options->id;
    int length = id.length < ID_BYTES / 2 ? (int)id.length : ID_BYTES / 2;
    if (importing->story.conversation_count == 1) {
        length = snprintf(out, ID_BYTES, "%.*s", length, id.data);
    } else {
        length = snprintf(out, ID_BYTES, "%.*s-%u", length, id.data, conversation + 1);
    }
    return (struct baton_str){ out, (size_t)length };
}

static void put_exchange(struct baton_json_writer *json, const struct baton_story_call *call)
{
    baton_jw_open(json, '{');
    baton_jw_key(json, "role");
    baton_jw_string(json, "user");
    baton_jw_key(json, "content");
    baton_jw_str(json, baton_story_user_text(call));
    if (call->starts_over) {
        baton_jw_key(json, "continue");
        baton_jw_string(json, "entry");
    }
    baton_jw_close(json, '}');
}

static void write_conversation(struct importing *importing, uint32_t conversation)
{
    const struct baton_story *story = &importing->story;
    struct baton_json_writer json = baton_json_writer_to(&importing->out->conversations, 0);
    char id[ID_BYTES];
    bool is_open = false;
    uint32_t exchange = 0;
    for (uint32_t i = 0; i < story->count; i++) {
        const struct baton_story_call *call = &story->calls[i];
        if (call->conversation != conversation || call->nesting > 0 || call->is_dropped ||
            (is_open && call->exchange == exchange)) {
            continue;
        }
        if (!is_open) {
            baton_jw_open(&json, '{');
            baton_jw_key(&json, "id");
            baton_jw_str(&json, id_of(importing, conversation, id));
            baton_jw_key(&json, "entry");
            baton_jw_str(&json, baton_vcr_agents_name(&importing->agents, call->agent));
            baton_jw_key(&json, "messages");
            baton_jw_open(&json, '[');
        }
        is_open = true;
        exchange = call->exchange;
        put_exchange(&json, call);
    }
    if (is_open) {
        baton_jw_close(&json, ']');
        baton_jw_close(&json, '}');
        baton_text_putc(json.out, '\n');
        importing->out->conversation_count++;
    }
}

/* ---- the cassette ---- */

struct events {
    struct baton_arena *arena;
    struct baton_traffic_event *list;
    size_t count, capacity;
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
    if (events->count == events->capacity) {
        size_t capacity = events->capacity == 0 ? 32 : events->capacity * 2;
        struct baton_traffic_event *list = baton_arena_array(events->arena, capacity, sizeof *list);
        if (list == NULL) {
            return baton_error_set(err, BATON_ELIMIT, "a recorded stream needs more memory than is allowed");
        }
        if (events->count > 0) {
            memcpy(list, events->list, events->count * sizeof *list);
        }
        events->list = list;
        events->capacity = capacity;
    }
    struct baton_traffic_event *out = &events->list[events->count++];
    out->time_ns = 0; /* nobody recorded it */
    return keep(events->arena, event->type, &out->name) && keep(events->arena, event->data, &out->data)
               ? BATON_OK
               : baton_error_set(err, BATON_ELIMIT, "a recorded stream needs more memory than is allowed");
}

static enum baton_status read_events(struct importing *importing, const struct recorded_call *call,
                                     struct events *events)
{
    struct baton_sse sse;
    baton_sse_init(&sse);
    enum baton_status status = baton_sse_feed(&sse, call->response, note_event, events, importing->err);
    baton_sse_clear(&sse);
    return status;
}

/* How long it took, where the service said so. */
static int64_t latency_of(const struct baton_vcr_interaction *it)
{
    struct baton_str text = baton_wire_header_value(it->response_headers, "openai-processing-ms");
    int64_t ms = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || ms > 1000000000) {
            return BATON_TIME_UNKNOWN;
        }
        ms = ms * 10 + (text.data[i] - '0');
    }
    return text.length == 0 ? BATON_TIME_UNKNOWN : ms * NS_PER_MS;
}

static enum baton_status write_call(struct importing *importing, uint32_t index, struct baton_str id)
{
    const struct baton_story_call *call = &importing->story.calls[index];
    const struct recorded_call *recorded = &importing->calls[index];
    const struct baton_vcr_interaction *it = recorded->from;
    struct baton_str instructions = importing->story.agents[call->agent].instructions;
    struct events events = { .arena = importing->arena };
    enum baton_status status = it->is_stream ? read_events(importing, recorded, &events) : BATON_OK;
    const struct baton_interaction about = {
        .key = baton_hash128(instructions.data, instructions.length),
        .place = { id, call->exchange, call->turn, call->nesting },
        .agent = baton_vcr_agents_name(&importing->agents, call->agent),
        .recorded_at = importing->options->day,
        .reply = { .latency_ns = latency_of(it), .ttft_ns = BATON_TIME_UNKNOWN },
    };
    const struct baton_traffic traffic = { .codec = call->codec,
                                           .model = call->asked.model,
                                           .request = recorded->request,
                                           .status = (unsigned)it->status,
                                           .headers = it->response_headers,
                                           .is_stream = it->is_stream,
                                           .body = recorded->response,
                                           .events = events.list,
                                           .event_count = events.count };
    if (status == BATON_OK) {
        baton_interaction_write_model(&importing->out->cassette, importing->options->values, importing->arena, &about,
                                      &traffic, call->continues);
    }
    return status;
}

/* Others are answered by the run loop: there is no such tool. */
static bool is_offered(const struct baton_story *story, uint32_t agent, struct baton_str tool)
{
    for (uint32_t i = 0; i < story->count; i++) {
        for (uint32_t k = 0; k < story->calls[i].asked.tool_count && story->calls[i].agent == agent; k++) {
            if (baton_str_equal(story->calls[i].asked.tools[k].name, tool)) {
                return true;
            }
        }
    }
    return false;
}

/* A line for each call of the reply that was no handoff. */
static enum baton_status write_outcomes(struct importing *importing, const struct baton_story_call *call,
                                        struct baton_str id)
{
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    enum baton_status status = BATON_OK;
    for (uint32_t k = 0; k < call->reply.call_count && status == BATON_OK; k++) {
        const struct baton_outcome *outcome = &call->outcomes[k];
        const struct baton_tool_call *tool = &call->reply.calls[k];
        bool is_handoff;
        uint32_t target;
        status =
            baton_vcr_agents_handoff(&importing->agents, call->agent, tool->name, &is_handoff, &target, importing->err);
        if (status != BATON_OK || is_handoff || !is_offered(&importing->story, call->agent, tool->name)) {
            continue;
        }
        struct baton_interaction about = { .kind = BATON_INTERACTION_TOOL,
                                           .place = { id, call->exchange, call->turn, call->nesting },
                                           .agent = baton_vcr_agents_name(&importing->agents, call->agent),
                                           .recorded_at = importing->options->day,
                                           .name = tool->name,
                                           .call = k,
                                           .arguments = tool->arguments,
                                           .result = outcome->text,
                                           .duration_ns = BATON_TIME_UNKNOWN };
        struct baton_tool_call asked = *tool;
        asked.arguments = asked.arguments.length == 0 ? BATON_STR("{}") : asked.arguments; /* as the run loop has it */
        if (outcome->kind == BATON_OUTCOME_RUN) {
            about.run_by = baton_vcr_agents_name(&importing->agents, outcome->agent);
        } else if (outcome->kind == BATON_OUTCOME_NONE) {
            about.result = BATON_STR("the recording does not tell what came of this call");
            about.is_error = true;
        }
        status = baton_interaction_tool_key(&about.key, &scratch, importing->arena, id, &asked, importing->err);
        if (status == BATON_OK) {
            baton_interaction_write_tool(&importing->out->cassette, importing->options->values, &about);
        }
    }
    baton_text_clear(&scratch);
    return status;
}

static enum baton_status write_cassette(struct importing *importing)
{
    const struct baton_story *story = &importing->story;
    struct baton_vcr_import *out = importing->out;
    const char *slash = strrchr(importing->options->name, '/');
    const struct baton_cassette_header header = { .created = importing->options->day,
                                                  .source = baton_str_of(slash == NULL ? importing->options->name
                                                                                       : slash + 1),
                                                  .is_by_order = true };
    char id[ID_BYTES];
    enum baton_status status = BATON_OK;
    baton_cassette_header_write(&out->cassette, &header);
    for (uint32_t c = 0; c < story->conversation_count && status == BATON_OK; c++) {
        for (uint32_t i = 0; i < story->count && status == BATON_OK; i++) {
            if (story->calls[i].conversation == c && !story->calls[i].is_dropped) {
                status = write_call(importing, i, id_of(importing, c, id));
                status =
                    status == BATON_OK ? write_outcomes(importing, &story->calls[i], id_of(importing, c, id)) : status;
                out->call_count++;
            }
        }
        write_conversation(importing, c);
    }
    return status;
}

/* ---- all of it ---- */

static enum baton_status tell_dropped(struct importing *importing)
{
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i < importing->story.count && status == BATON_OK; i++) {
        if (importing->story.calls[i].is_dropped) {
            status = skip(importing, importing->calls[i].from, "it failed and was asked again");
        }
    }
    return status;
}

enum baton_status baton_vcr_import(struct baton_vcr_import *out, struct baton_arena *arena, const struct baton_vcr *vcr,
                                   const struct baton_vcr_import_options *options, struct baton_error *err)
{
    struct baton_error local = { .status = BATON_OK };
    struct importing importing = {
        .vcr = vcr, .options = options, .out = out, .arena = arena, .err = err != NULL ? err : &local
    };
    importing.agents = (struct baton_vcr_agents){ .name = options->name, .story = &importing.story, .arena = arena };
    *out = (struct baton_vcr_import){ .agents = baton_text_with_limit(MEMORY_BYTES_MAX),
                                      .conversations = baton_text_with_limit(MEMORY_BYTES_MAX),
                                      .cassette = baton_text_with_limit(MEMORY_BYTES_MAX) };
    enum baton_status status = take_all(&importing);
    status = status == BATON_OK ? baton_story_tell(&importing.story, arena, importing.err) : status;
    status = status == BATON_OK ? tell_dropped(&importing) : status;
    status = status == BATON_OK
                 ? baton_vcr_agents_write(&out->agents, &out->agent_count, &importing.agents, importing.err)
                 : status;
    status = status == BATON_OK ? write_cassette(&importing) : status;
    if (status == BATON_OK && (out->agents.failed || out->conversations.failed || out->cassette.failed)) {
        status = no_memory(&importing);
    }
    if (status != BATON_OK) {
        baton_vcr_import_clear(out);
    }
    return status;
}
