/* replies.h - any bytes as an answer of a provider, whole and as a stream; what holds for every format. Each breach is a
 * trap. A fuzzer of a format is one line with its name.
 *
 * Whatever is sent: an answer or an error with a fault and plain words; a stream says the same however it is cut; what
 * comes of an answer can be sent back.
 */
#ifndef BATON_ENGINE_FUZZ_REPLIES_H
#define BATON_ENGINE_FUZZ_REPLIES_H

#include "engine/base/prng.h"
#include "engine/base/utf8.h"
#include "engine/base/yaml.h"
#include "engine/wire/codecs.h"
#include "engine/wire/decoder.h"
#include "engine/wire/encoder.h"

#include <stdlib.h>
#include <string.h>

enum { REPLIES_MEMORY_BYTES = 256 * 1024 * 1024, REPLIES_PIECE_MAX = 64 };

static const char replies_agents[] = "version: 1\n"
                                     "entry: a\n"
                                     "agents:\n"
                                     "  a: { instructions: x, model: m, tools: [t], handoffs: [b], tool_choice: t }\n"
                                     "  b: { handoffs: [a] }\n"
                                     "tools:\n"
                                     "  t: { parameters: { type: object }, result: r }\n";

struct replies {
    const struct baton_codec *codec;
    const struct baton_agents *agents;
    struct baton_decoder *decoder;
    struct baton_arena *arena;
    struct baton_text told;
};

struct replies_result {
    enum baton_status status;
    enum baton_provider_fault fault;
    struct baton_error err;
    struct baton_reply reply;
};

static inline void replies_claim(bool holds)
{
    if (!holds) {
        abort();
    }
}

static inline void replies_told(void *user, struct baton_str delta)
{
    replies_claim(delta.length > 0);
    baton_text_append(&((struct replies *)user)->told, delta.data, delta.length);
}

static inline void replies_begin(struct replies *replies)
{
    struct baton_request request = { .arena = replies->arena, .on_text = replies_told, .user = replies };
    baton_text_reset(&replies->told);
    baton_decoder_begin(replies->decoder, replies->codec, &request);
}

static inline bool replies_is_json(struct replies *replies, struct baton_str text)
{
    const struct baton_source source = { .name = "written", .text = text };
    const struct baton_json *root;
    struct baton_error err;
    return baton_json_parse(&root, replies->arena, &source, &err) == BATON_OK;
}

/* The answer in a history, with a result for each call, goes out again. */
static inline void replies_send_back(struct replies *replies, const struct baton_reply *reply)
{
    struct baton_message *messages = baton_arena_zero(replies->arena, (3 + BATON_CALLS_MAX) * sizeof *messages);
    const bool enabled[] = { true };
    uint32_t count = 0;
    messages[count++] = (struct baton_message){ .role = BATON_ROLE_USER, .content = BATON_STR("u") };
    messages[count++] = (struct baton_message){ .role = BATON_ROLE_ASSISTANT,
                                                .content = reply->text,
                                                .calls = reply->calls,
                                                .call_count = reply->call_count,
                                                .native = reply->native };
    for (uint32_t i = 0; i < reply->call_count; i++) {
        messages[count++] = (struct baton_message){ .role = BATON_ROLE_TOOL, .tool_call_id = reply->calls[i].id };
    }
    struct baton_request request = { .agents = replies->agents,
                                     .messages = messages,
                                     .message_count = count,
                                     .handoff_enabled = enabled,
                                     .tool_choice = BATON_STR("t"),
                                     .arena = replies->arena };
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        for (unsigned way = 0; way < 2; way++) {
            struct baton_encode_options options = { .is_normal_form = way == 1, .is_stream = true };
            struct baton_text body = baton_text_with_limit(REPLIES_MEMORY_BYTES);
            struct baton_error err;
            replies_claim(baton_encode(&body, baton_codec_at(i), &request, &options, &err) == BATON_OK);
            replies_claim(replies_is_json(replies, baton_text_str(&body)));
            baton_text_clear(&body);
        }
    }
}

static inline void replies_check(struct replies *replies, const struct replies_result *result)
{
    size_t bad;
    if (result->status != BATON_OK) {
        const char *text = result->err.text;
        replies_claim(result->status == BATON_EPROVIDER || result->status == BATON_ELIMIT);
        replies_claim((result->status == BATON_EPROVIDER) == (result->fault != BATON_FAULT_NONE));
        replies_claim(text[0] != '\0' && baton_utf8_valid(text, strlen(text), &bad));
        for (size_t i = 0; text[i] != '\0'; i++) {
            replies_claim((unsigned char)text[i] >= 0x20);
        }
        return;
    }
    const struct baton_reply *reply = &result->reply;
    replies_claim(result->fault == BATON_FAULT_NONE && reply->call_count <= BATON_CALLS_MAX);
    replies_claim(reply->has_text || reply->text.length == 0);
    replies_claim(reply->usage.input >= 0 && reply->usage.output >= 0 && reply->usage.cached >= 0);
    for (uint32_t i = 0; i < reply->call_count; i++) {
        replies_claim(reply->calls[i].name.length > 0);
    }
    replies_claim(reply->native.format == NULL || replies_is_json(replies, reply->native.json));
    replies_send_back(replies, reply);
}

static inline void replies_same(const struct replies_result *a, const struct replies_result *b)
{
    replies_claim(a->status == b->status && a->fault == b->fault);
    if (a->status != BATON_OK) {
        replies_claim(strcmp(a->err.text, b->err.text) == 0);
        return;
    }
    replies_claim(baton_str_equal(a->reply.text, b->reply.text) && a->reply.has_text == b->reply.has_text);
    replies_claim(a->reply.call_count == b->reply.call_count && a->reply.finish == b->reply.finish);
    replies_claim(a->reply.usage.output == b->reply.usage.output);
    replies_claim(a->reply.native.format == b->reply.native.format);
    replies_claim(baton_str_equal(a->reply.native.json, b->reply.native.json));
    for (uint32_t i = 0; i < a->reply.call_count; i++) {
        replies_claim(baton_str_equal(a->reply.calls[i].id, b->reply.calls[i].id) &&
                      baton_str_equal(a->reply.calls[i].arguments, b->reply.calls[i].arguments));
    }
}

static inline struct replies_result replies_body(struct replies *replies, int http_status, struct baton_str body)
{
    struct replies_result result = { .fault = BATON_FAULT_NONE };
    replies_begin(replies);
    result.status = baton_decoder_body(replies->decoder, http_status, body, &result.reply, &result.err);
    result.fault = baton_decoder_fault(replies->decoder);
    replies_claim(replies->told.length == 0);
    replies_claim((http_status == 200) || result.status != BATON_OK);
    return result;
}

static inline struct replies_result replies_stream(struct replies *replies, struct baton_str bytes, size_t piece_max)
{
    struct replies_result result = { .fault = BATON_FAULT_NONE };
    struct baton_prng prng;
    baton_prng_seed(&prng, bytes.length);
    replies_begin(replies);
    for (size_t at = 0, step; at < bytes.length; at += step) {
        step = piece_max == 0 ? bytes.length : 1 + baton_prng_below(&prng, piece_max);
        step = step > bytes.length - at ? bytes.length - at : step;
        result.status = baton_decoder_bytes(replies->decoder, (struct baton_str){ bytes.data + at, step }, NULL);
    }
    result.status = baton_decoder_end(replies->decoder, &result.reply, &result.err);
    result.fault = baton_decoder_fault(replies->decoder);
    return result;
}

static inline void replies_open(struct replies *replies, const char *codec)
{
    static struct baton_source source = { .name = "agents.yaml",
                                          .text = { replies_agents, sizeof replies_agents - 1 } };
    static struct baton_arena *life; /* never freed, but never lost */
    struct baton_agents *agents = NULL;
    const struct baton_json *root;
    struct baton_error err;
    life = baton_arena_new(REPLIES_MEMORY_BYTES);
    replies_claim(baton_yaml_parse(&root, life, &source, &err) == BATON_OK);
    replies_claim(baton_agents_parse(&agents, life, &source, root, NULL, &err) == BATON_OK);
    *replies = (struct replies){ .codec = baton_codec_find(baton_str_of(codec)),
                                 .agents = agents,
                                 .decoder = baton_decoder_new(),
                                 .arena = baton_arena_new(REPLIES_MEMORY_BYTES),
                                 .told = baton_text_with_limit(REPLIES_MEMORY_BYTES) };
    replies_claim(replies->codec != NULL && replies->decoder != NULL && replies->arena != NULL);
}

static inline int replies_fuzz(struct replies *replies, const char *codec, const uint8_t *data, size_t size)
{
    if (replies->codec == NULL) {
        replies_open(replies, codec);
    }
    struct baton_str bytes = { (const char *)data, size };
    struct replies_result result = replies_body(replies, 200, bytes);
    replies_check(replies, &result);
    result = replies_body(replies, 429, bytes);
    replies_check(replies, &result);
    result = replies_stream(replies, bytes, 0);
    replies_check(replies, &result);
    struct replies_result pieces = replies_stream(replies, bytes, REPLIES_PIECE_MAX);
    replies_same(&result, &pieces);
    baton_arena_reset(replies->arena);
    return 0;
}

#endif
