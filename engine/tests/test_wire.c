/* Every recorded interaction of fixtures/wire: what the index says of it must come out of the decoders. */
#include "engine/schema/value.h"
#include "engine/tests/trees.h"
#include "engine/tests/wire.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* What an interaction is to us. */
enum kind {
    KIND_CHAT,
    KIND_OPENROUTER,
    KIND_RESPONSES,
    KIND_ANTHROPIC,
    KIND_GEMINI,           /* another format */
    KIND_TEXT_COMPLETIONS, /* the forms before messages, of both houses */
    KIND_COUNT_TOKENS,
    KIND_CONVERSATIONS, /* of Responses: begin, delete */
    KIND_FETCH,         /* a GET of an answer in the background */
    KIND_NOTHING,       /* the recording has no body */
    KIND_COUNT
};

static const char *const codec_names[] = { "openai-chat", "openrouter", "openai-responses", "anthropic" };

struct tally {
    unsigned whole, streamed, errors;
};

struct case_ {
    struct wire *wire;
    const struct baton_json *row; /* of the index */
    struct tree file;
    struct baton_str method, url, body; /* body: JSON or an event stream */
    int http_status;
    bool is_stream;
    char name[256];
};

static bool holds(struct baton_str text, const char *word)
{
    return memmem(text.data, text.length, word, strlen(word)) != NULL;
}

static bool ends_with(struct baton_str text, const char *ending)
{
    size_t length = strlen(ending);
    return text.length >= length && memcmp(text.data + text.length - length, ending, length) == 0;
}

static enum kind kind_of(const struct case_ *case_)
{
    struct baton_str path = case_->url;
    for (size_t i = 0; i < path.length; i++) {
        if (path.data[i] == '?' || path.data[i] == '#') {
            path.length = i;
        }
    }
    if (ends_with(path, "/count_tokens") || ends_with(path, "/input_tokens")) {
        return KIND_COUNT_TOKENS;
    }
    if (holds(path, "/v1/conversations")) {
        return KIND_CONVERSATIONS;
    }
    if (ends_with(path, "/v1/complete") || (ends_with(path, "/completions") && !ends_with(path, "/chat/completions"))) {
        return KIND_TEXT_COMPLETIONS;
    }
    if (!baton_str_is(case_->method, "POST")) {
        return KIND_FETCH;
    }
    if (case_->body.length == 0) {
        return KIND_NOTHING;
    }
    if (ends_with(path, "/chat/completions")) {
        return baton_str_is(wire_str(case_->row, "provider"), "openrouter") ? KIND_OPENROUTER : KIND_CHAT;
    }
    if (ends_with(path, "/messages")) {
        return KIND_ANTHROPIC;
    }
    cr_assert(ends_with(path, "/responses"), "%s: %.*s", case_->name, (int)path.length, path.data);
    return KIND_RESPONSES;
}

/* Finds the interaction of a row; false for those whose file is not kept, which are Gemini's. */
static bool load(struct case_ *case_)
{
    struct baton_arena *arena = case_->wire->arena;
    struct baton_str file = wire_str(case_->row, "file");
    size_t i = (size_t)wire_get(case_->row, "i")->number;
    snprintf(case_->name, sizeof case_->name, "%.*s[%zu]", (int)file.length, file.data, i);
    if (baton_str_is(wire_str(case_->row, "api"), "google.generateContent")) {
        return false;
    }
    char path[256];
    snprintf(path, sizeof path, "fixtures/wire/%.*s", (int)file.length, file.data);
    case_->file = tree_json(arena, tree_file(arena, path).data);
    cr_assert_eq(case_->file.status, BATON_OK, "%s: %s", path, case_->file.err.text);
    const struct baton_json *node = wire_get(case_->file.root, "interactions")->child;
    for (; i > 0; i--) {
        node = node->next;
    }
    const struct baton_json *response = wire_get(node, "response");
    const struct baton_json *body = baton_json_get(response, "body");
    case_->method = wire_str(wire_get(node, "request"), "method");
    case_->url = wire_str(wire_get(node, "request"), "url");
    case_->http_status = (int)wire_get(response, "status")->number;
    case_->is_stream = baton_json_get(response, "sse") != NULL;
    case_->body = case_->is_stream ? wire_str(response, "sse")
                  : body != NULL   ? baton_str_of(tree_text(arena, body))
                                   : wire_str(response, "text");
    return true;
}

/* ---- what the index says ---- */

static enum baton_finish finish_of(struct baton_str raw, bool has_calls)
{
    static const struct {
        const char *raw;
        enum baton_finish finish;
    } words[] = {
        { "stop", BATON_FINISH_STOP },           { "eos", BATON_FINISH_STOP },
        { "end_turn", BATON_FINISH_STOP },       { "stop_sequence", BATON_FINISH_STOP },
        { "length", BATON_FINISH_LENGTH },       { "max_tokens", BATON_FINISH_LENGTH },
        { "incomplete", BATON_FINISH_LENGTH },   { "tool_calls", BATON_FINISH_TOOL_CALLS },
        { "tool_use", BATON_FINISH_TOOL_CALLS }, { "function_call", BATON_FINISH_TOOL_CALLS },
    };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (baton_str_is(raw, words[i].raw)) {
            return words[i].finish;
        }
    }
    bool is_completed = baton_str_is(raw, "completed") || baton_str_is(raw, "complete");
    return !is_completed ? BATON_FINISH_UNKNOWN : has_calls ? BATON_FINISH_TOOL_CALLS : BATON_FINISH_STOP;
}

static int64_t count(const struct baton_json *object, const char *key)
{
    const struct baton_json *node =
        object == NULL || object->type != BATON_JSON_OBJECT ? NULL : baton_json_get(object, key);
    return node == NULL || node->type != BATON_JSON_NUMBER ? 0 : (int64_t)node->number;
}

static const struct baton_json *member(const struct baton_json *object, const char *key)
{
    const struct baton_json *node = baton_json_get(object, key);
    return node != NULL && node->type == BATON_JSON_OBJECT ? node : NULL;
}

/* The listed counts, each provider's own way, against ours. */
static void check_usage(const struct case_ *case_, enum kind kind, const struct baton_usage *usage)
{
    const struct baton_json *listed = member(case_->row, "usage");
    cr_expect_eq(usage->is_known, listed != NULL, "%s: usage", case_->name);
    if (listed == NULL) {
        return;
    }
    if (kind == KIND_ANTHROPIC) {
        cr_expect_eq(usage->input, count(listed, "input_tokens"), "%s: input", case_->name);
        cr_expect_eq(usage->output, count(listed, "output_tokens"), "%s: output", case_->name);
        cr_expect_eq(usage->cached, count(listed, "cache_read_input_tokens"), "%s: cached", case_->name);
        cr_expect_eq(usage->cache_write, count(listed, "cache_creation_input_tokens"), "%s: write", case_->name);
        return;
    }
    bool is_chat = kind != KIND_RESPONSES;
    const struct baton_json *in = member(listed, is_chat ? "prompt_tokens_details" : "input_tokens_details");
    const struct baton_json *out = member(listed, is_chat ? "completion_tokens_details" : "output_tokens_details");
    int64_t all_in = usage->input + usage->cached + usage->cache_write;
    cr_expect_eq(all_in, count(listed, is_chat ? "prompt_tokens" : "input_tokens"), "%s: input", case_->name);
    cr_expect_eq(usage->output, count(listed, is_chat ? "completion_tokens" : "output_tokens"), "%s: out", case_->name);
    cr_expect_eq(usage->cached, count(in, "cached_tokens"), "%s: cached", case_->name);
    cr_expect_eq(usage->cache_write, count(in, "cache_write_tokens"), "%s: write", case_->name);
    cr_expect_eq(usage->reasoning, count(out, "reasoning_tokens"), "%s: reasoning", case_->name);
}

/* Arguments as JSON where they are some: Anthropic's have no text of their own. */
static const char *plain_arguments(struct wire *wire, struct baton_str text)
{
    struct tree tree = tree_read(baton_json_parse, wire->arena, text.data, text.length);
    return tree.status == BATON_OK ? tree_text(wire->arena, tree.root)
                                   : baton_arena_copy(wire->arena, text.data, text.length);
}

/* The index joins the pieces of a name, of which one recording has the same twice. */
static struct baton_str listed_name(const struct baton_json *listed)
{
    struct baton_str name = wire_str(listed, "name");
    return baton_str_is(name, "llm_versionllm_version") ? BATON_STR("llm_version") : name;
}

/* And it forgets the input that stands in an Anthropic block before its pieces. */
static struct baton_str listed_arguments(const struct case_ *case_, const struct baton_json *listed)
{
    struct baton_str arguments = wire_str(listed, "arguments");
    return arguments.length == 0 && ends_with(case_->url, "/messages") ? BATON_STR("{}") : arguments;
}

static void check_calls(const struct case_ *case_, const struct baton_reply *reply)
{
    const struct baton_json *listed = wire_get(case_->row, "tool_calls")->child;
    for (uint32_t i = 0; i < reply->call_count && listed != NULL; i++, listed = listed->next) {
        const struct baton_tool_call *call = &reply->calls[i];
        cr_expect(baton_str_equal(call->id, wire_str(listed, "id")), "%s: id of call %u", case_->name, i);
        cr_expect(baton_str_equal(call->name, listed_name(listed)), "%s: name of call %u", case_->name, i);
        cr_expect_str_eq(plain_arguments(case_->wire, call->arguments),
                         plain_arguments(case_->wire, listed_arguments(case_, listed)), "%s: arguments", case_->name);
    }
    cr_expect_eq(reply->call_count, wire_get(case_->row, "tool_calls")->count, "%s: number of calls", case_->name);
}

/* What is to be sent back of a whole answer is what came, but for empty texts. */
static void check_native(const struct case_ *case_, enum kind kind, const struct baton_reply *reply)
{
    struct baton_arena *arena = case_->wire->arena;
    if (case_->is_stream || reply->native.format == NULL || (kind != KIND_ANTHROPIC && kind != KIND_RESPONSES)) {
        return;
    }
    struct tree native = tree_read(baton_json_parse, arena, reply->native.json.data, reply->native.json.length);
    struct tree body = tree_read(baton_json_parse, arena, case_->body.data, case_->body.length);
    const struct baton_json *ours = native.root->child;
    const struct baton_json *theirs = wire_get(body.root, kind == KIND_ANTHROPIC ? "content" : "output")->child;
    for (; theirs != NULL; theirs = theirs->next) {
        if (baton_str_is(wire_str(theirs, "type"), "text") && wire_str(theirs, "text").length == 0) {
            continue;
        }
        cr_expect(ours != NULL && baton_value_equal(ours, theirs), "%s: %s", case_->name, tree_text(arena, theirs));
        ours = ours == NULL ? NULL : ours->next;
    }
    cr_expect_null(ours);
}

static void check_reply(const struct case_ *case_, enum kind kind, const struct wire_result *result)
{
    const struct baton_reply *reply = &result->reply;
    struct baton_str text = wire_str(case_->row, "text"), finish = wire_str(case_->row, "finish");
    if (reply->finish == BATON_FINISH_REFUSAL) { /* the index leaves these texts out */
        cr_expect(text.length == 0 && reply->text.length > 0 && holds(case_->body, "\"refusal\":\""), "%s",
                  case_->name);
    } else {
        cr_expect(baton_str_equal(text, reply->text), "%s: text '%.*s', not '%.*s'", case_->name,
                  (int)reply->text.length, reply->text.data, (int)text.length, text.data);
        cr_expect_eq(reply->finish, finish_of(finish, reply->call_count > 0), "%s: finish %.*s", case_->name,
                     (int)finish.length, finish.data);
    }
    check_native(case_, kind, reply);
    check_calls(case_, reply);
    check_usage(case_, kind, &reply->usage);
    wire_show(case_->wire, result);
}

/* ---- all of them ---- */

/* Recorded failures inside an HTTP 200, and what else is no answer. */
static const struct failure {
    const char *file;
    enum baton_provider_fault fault;
    const char *text;
} failures[] = {
    { "pydantic-ai/test_openrouter_stream_error.json", BATON_FAULT_BAD_REQUEST,
      "openrouter: error in the stream, 400: Token limit reached" },
    { "pydantic-ai/test_background_mode_streaming_without_starting_after_vcr.json", BATON_FAULT_PROTOCOL,
      "openai-responses: the answer has the status 'queued'" },
};

static bool check_failure(const struct case_ *case_, const struct wire_result *result)
{
    struct baton_str file = wire_str(case_->row, "file");
    const struct baton_json *error = member(case_->row, "error");
    if (error != NULL) {
        char status[16];
        struct baton_str message = wire_str(error, "message");
        snprintf(status, sizeof status, "HTTP %d", case_->http_status);
        struct baton_str text = baton_str_of(result->error);
        cr_expect_neq(result->status, BATON_OK, "%s", case_->name);
        cr_expect(holds(text, status), "%s: %s", case_->name, result->error);
        cr_expect(memmem(text.data, text.length, message.data, message.length) != NULL, "%s: %s", case_->name,
                  result->error);
        cr_expect(result->fault == BATON_FAULT_BAD_REQUEST || result->fault == BATON_FAULT_NOT_FOUND);
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        if (baton_str_is(file, failures[i].file)) {
            cr_expect_eq(result->fault, failures[i].fault, "%s", case_->name);
            cr_expect_str_eq(result->error, failures[i].text);
            return true;
        }
    }
    return false;
}

static void check_case(struct case_ *case_, enum kind kind, struct tally *tally)
{
    struct wire *wire = case_->wire;
    wire->codec = baton_codec_find(baton_str_of(codec_names[kind]));
    struct wire_result result = case_->is_stream ? wire_pieces(wire, case_->body, case_->body.length)
                                                 : wire_body(wire, case_->http_status, case_->body);
    if (check_failure(case_, &result)) {
        tally->errors++;
        return;
    }
    cr_expect_eq(result.status, BATON_OK, "%s: %s", case_->name, result.error);
    if (result.status == BATON_OK) {
        check_reply(case_, kind, &result);
    }
    if (result.status == BATON_OK && case_->is_stream) {
        const char *whole = wire_show(wire, &result);
        result = wire_pieces(wire, case_->body, 1);
        cr_expect_str_eq(wire_show(wire, &result), whole, "%s: byte by byte", case_->name);
    }
    tally->whole += !case_->is_stream;
    tally->streamed += case_->is_stream;
}

/* The old completions must not look like an answer. */
static void check_other(struct case_ *case_, enum kind kind)
{
    if (kind == KIND_TEXT_COMPLETIONS && case_->body.length > 0) {
        case_->wire->codec =
            baton_codec_find(holds(case_->url, "anthropic") ? BATON_STR("anthropic") : BATON_STR("openai-chat"));
        struct wire_result result = case_->is_stream ? wire_pieces(case_->wire, case_->body, case_->body.length)
                                                     : wire_body(case_->wire, case_->http_status, case_->body);
        cr_expect_eq(result.status, BATON_EPROVIDER, "%s", case_->name);
    }
}

Test(wire, decodes_every_recorded_interaction, .timeout = 60)
{
    struct wire wire;
    wire_open(&wire);
    struct tally tallies[KIND_COUNT] = { 0 };
    struct baton_str index = tree_file(wire.arena, "fixtures/wire/index.jsonl");
    struct case_ case_ = { .wire = &wire };
    struct baton_arena_mark mark = baton_arena_mark(wire.arena);
    for (size_t at = 0; at < index.length;) {
        const char *end = memchr(index.data + at, '\n', index.length - at);
        size_t length = end == NULL ? index.length - at : (size_t)(end - (index.data + at));
        baton_arena_rollback(wire.arena, mark);
        struct tree row = tree_read(baton_json_parse, wire.arena, index.data + at, length);
        cr_assert_eq(row.status, BATON_OK);
        case_.row = row.root;
        enum kind kind = load(&case_) ? kind_of(&case_) : KIND_GEMINI;
        if (kind < COUNT_OF(codec_names)) {
            check_case(&case_, kind, &tallies[kind]);
        } else {
            tallies[kind].whole++;
            if (kind != KIND_GEMINI) {
                check_other(&case_, kind);
            }
        }
        at += length + 1;
    }
    static const struct tally wanted[KIND_COUNT] = {
        [KIND_CHAT] = { 314, 146, 10 },       [KIND_OPENROUTER] = { 18, 5, 1 },
        [KIND_RESPONSES] = { 164, 35, 4 },    [KIND_ANTHROPIC] = { 121, 37, 2 },
        [KIND_GEMINI] = { .whole = 34 },      [KIND_TEXT_COMPLETIONS] = { .whole = 22 },
        [KIND_COUNT_TOKENS] = { .whole = 8 }, [KIND_CONVERSATIONS] = { .whole = 10 },
        [KIND_FETCH] = { .whole = 1 },        [KIND_NOTHING] = { .whole = 5 },
    };
    unsigned all = 0;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct tally *got = &tallies[i];
        all += got->whole + got->streamed + got->errors;
        cr_expect(memcmp(got, &wanted[i], sizeof *got) == 0, "kind %zu: %u whole, %u streamed, %u errors", i,
                  got->whole, got->streamed, got->errors);
    }
    cr_expect_eq(all, 937);
    wire_close(&wire);
}
