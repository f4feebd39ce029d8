/* miss.c - looks for the recording that is most like a request.
 *
 * Recordings hold requests as they were sent, so the one asked for is written in that form too before the two are compared:
 * with the recorded one's stream, store and limit, which a key does not cover and which are no difference. The search has an
 * arena of its own, as a conversation's may be all but full, and a recording that cannot be read is passed over.
 */
#include "sim/cassette/miss.h"

#include "engine/base/utf8.h"
#include "engine/wire/encoder.h"
#include "sim/cassette/request_diff.h"
#include "sim/redact/redact.h"

#include <string.h>

enum { ID_BYTES_SHOWN = 100 };

struct miss {
    const struct baton_route *route;
    const struct baton_request *request;
    struct baton_arena *arena; /* of the search alone */
    struct baton_text body;    /* working space */
    uint32_t candidates[BATON_MISS_CANDIDATES_MAX];
    uint32_t count;
    uint32_t nearest; /* of the cassette, or BATON_NONE */
    double similarity;
    char difference[BATON_MISS_DIFFERENCE_BYTES_MAX];
};

/* ---- candidates ---- */

static const struct baton_interaction *at(const struct miss *miss, uint32_t index)
{
    return baton_cassette_at(miss->route->options->cassette, index);
}

static void add(struct miss *miss, uint32_t index)
{
    for (uint32_t i = 0; i < miss->count; i++) {
        if (miss->candidates[i] == index) {
            return;
        }
    }
    if (miss->count < BATON_MISS_CANDIDATES_MAX && at(miss, index)->kind == BATON_INTERACTION_MODEL) {
        miss->candidates[miss->count++] = index;
    }
}

enum rank { AT_THE_POSITION, OF_THE_AGENT, OF_THE_CONVERSATION };

static bool has_rank(const struct miss *miss, const struct baton_interaction *it, enum rank rank)
{
    const struct baton_request *request = miss->request;
    bool is_agent = baton_str_equal(it->agent, baton_agent_name(request->agents, request->agent));
    bool is_position = it->position.exchange == request->exchange && it->position.turn == request->turn &&
                       it->position.nesting == request->nesting;
    return rank == OF_THE_CONVERSATION || (is_agent && (rank == OF_THE_AGENT || is_position));
}

static void add_of_conversation(struct miss *miss, enum rank rank)
{
    uint32_t i = baton_cassette_first_in_conversation(miss->route->options->cassette, miss->route->conversation);
    for (; i != BATON_NONE && miss->count < BATON_MISS_CANDIDATES_MAX; i = at(miss, i)->next_in_conversation) {
        if (has_rank(miss, at(miss, i), rank)) {
            add(miss, i);
        }
    }
}

static void add_of_agent(struct miss *miss)
{
    struct baton_str agent = baton_agent_name(miss->request->agents, miss->request->agent);
    uint32_t i = baton_cassette_first_of_agent(miss->route->options->cassette, agent);
    for (; i != BATON_NONE && miss->count < BATON_MISS_CANDIDATES_MAX; i = at(miss, i)->next_of_agent) {
        add(miss, i);
    }
}

/* ---- comparing ---- */

static int64_t number_in(const struct baton_json *recorded, const char *key)
{
    const struct baton_json *node = baton_json_get(recorded, key);
    int64_t number = 0;
    return node != NULL && baton_json_integer(node, 1, INT32_MAX, &number) ? number : 0;
}

static bool flag_in(const struct baton_json *recorded, const char *key, bool otherwise)
{
    const struct baton_json *node = baton_json_get(recorded, key);
    return node != NULL && node->type == BATON_JSON_BOOLEAN ? node->boolean : otherwise;
}

/* The request as it would have been sent had the recorded one been this: what the key does not cover is the same. */
static enum baton_status asked_like(struct miss *miss, const struct baton_json *recorded, const struct baton_json **out,
                                    struct baton_error *err)
{
    const struct baton_request *request = miss->request;
    const struct baton_codec *codec;
    struct baton_encode_options options = { .is_stream = flag_in(recorded, "stream", false),
                                            .is_stateless = !flag_in(recorded, "store", true) };
    static const char *const limits[] = { "max_tokens", "max_completion_tokens", "max_output_tokens" };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        int64_t limit = number_in(recorded, limits[i]);
        options.output_tokens_max = limit > 0 ? limit : options.output_tokens_max;
    }
    enum baton_status status =
        baton_route_find(miss->route->options, &request->agents->list[request->agent], &codec, &options.model, err);
    if (status != BATON_OK) {
        return status;
    }
    baton_text_reset(miss->route->scratch);
    baton_text_reset(&miss->body);
    status = baton_encode(miss->route->scratch, codec, request, &options, err);
    if (status != BATON_OK) {
        return status;
    }
    baton_redact_text(&miss->body, miss->route->options->values, baton_text_str(miss->route->scratch));
    char *copy = baton_arena_copy(miss->arena, miss->body.data, miss->body.length);
    if (copy == NULL || miss->body.failed) {
        return baton_error_over_limit(err, "the search for the nearest recording");
    }
    const struct baton_source source = { .name = "request", .line_first = 1, .text = { copy, miss->body.length } };
    return baton_json_parse(out, miss->arena, &source, err);
}

static void write_difference(struct miss *miss, const struct baton_request_diff *diff)
{
    baton_text_reset(&miss->body);
    baton_request_diff_write(&miss->body, diff);
    struct baton_str text = baton_str_cut(baton_text_str(&miss->body), BATON_MISS_DIFFERENCE_BYTES_MAX - 1);
    memcpy(miss->difference, text.length > 0 ? text.data : "", text.length);
    miss->difference[text.length] = '\0';
}

static enum baton_status compare(struct miss *miss, uint32_t index)
{
    const struct baton_json *recorded, *asked = NULL;
    struct baton_request_diff diff;
    struct baton_error err;
    baton_arena_reset(miss->arena);
    enum baton_status status =
        baton_cassette_request(&recorded, miss->route->options->cassette, at(miss, index), miss->arena, &err);
    if (status != BATON_OK || recorded->type != BATON_JSON_OBJECT) {
        return status;
    }
    status = asked_like(miss, recorded, &asked, &err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_request_diff(&diff, miss->arena, asked, recorded, &err);
    if (status != BATON_OK) {
        return status;
    }
    double similarity = baton_request_similarity(&diff);
    if (miss->nearest == BATON_NONE || similarity > miss->similarity) {
        miss->nearest = index;
        miss->similarity = similarity;
        write_difference(miss, &diff);
    }
    return BATON_OK;
}

/* ---- the text ---- */

static enum baton_status write_miss(const struct miss *miss, struct baton_error *err)
{
    const struct baton_request *request = miss->request;
    const struct baton_route *route = miss->route;
    struct baton_str agent = baton_agent_name(request->agents, request->agent);
    const char *advice = route->options->advice, *end = advice == NULL ? "" : "; ";
    advice = advice == NULL ? "" : advice;
    struct baton_str id = baton_str_cut(route->conversation, ID_BYTES_SHOWN);
    if (miss->nearest == BATON_NONE) {
        return baton_error_set(
            err, BATON_EMISS,
            "no recorded answer for agent '%.*s' of conversation '%.*s', exchange %u, turn %u; nothing "
            "like it was recorded%s%s",
            BATON_STR_ARGS(agent), BATON_STR_ARGS(id), request->exchange + 1, request->turn + 1, end, advice);
    }
    const struct baton_interaction *it = at(miss, miss->nearest);
    return baton_error_set(
        err, BATON_EMISS,
        "no recorded answer for agent '%.*s' of conversation '%.*s', exchange %u, turn %u; nearest is "
        "%s:%u (%.0f%% alike), which differs at %s%s%s",
        BATON_STR_ARGS(agent), BATON_STR_ARGS(id), request->exchange + 1, request->turn + 1,
        route->options->cassette->files[it->file].path, it->line, miss->similarity * 100, miss->difference, end,
        advice);
}

enum baton_status baton_miss_explain(const struct baton_route *route, const struct baton_request *request,
                                     struct baton_error *err)
{
    struct miss miss = { .route = route,
                         .request = request,
                         .arena = baton_arena_new(BATON_CASSETTE_SCRATCH_BYTES_MAX),
                         .body = baton_text_with_limit(BATON_REQUEST_BYTES_MAX),
                         .nearest = BATON_NONE };
    if (miss.arena == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    add_of_conversation(&miss, AT_THE_POSITION);
    add_of_conversation(&miss, OF_THE_AGENT);
    add_of_agent(&miss);
    add_of_conversation(&miss, OF_THE_CONVERSATION);
    for (uint32_t i = 0; i < miss.count; i++) {
        if (compare(&miss, miss.candidates[i]) != BATON_OK) {
            continue; /* the message is then without this one */
        }
    }
    enum baton_status status = write_miss(&miss, err);
    baton_text_clear(&miss.body);
    baton_arena_free(miss.arena);
    return status;
}
