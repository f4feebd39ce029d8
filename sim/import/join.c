#include "sim/import/join.h"

#include "engine/base/map.h"
#include "engine/base/text.h"

#include <string.h>
#include <strings.h>

enum { ARGUMENT_BYTES_MIN = 8, NAME_BYTES_MIN = 2, NAME_BYTES_MAX = 48 };

struct thread {
    uint32_t last;   /* its last call */
    uint32_t parent; /* the thread that it runs for, or BATON_NONE */
    uint32_t entry;  /* agent */
    bool is_closed;  /* whoever it ran for went on */
};

struct telling {
    struct baton_story *story;
    struct baton_arena *arena;
    uint32_t *resumed_by; /* of each call: the next that holds a call of its reply, or BATON_NONE */
    uint32_t *same_as;    /* of each agent: itself, or the one whose instructions it changed */
    struct thread *threads;
    uint32_t thread_count;
};

/* ---- texts ---- */

static struct baton_str trimmed(struct baton_str text)
{
    while (text.length > 0 && strchr(" \t\r\n", text.data[0]) != NULL) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && strchr(" \t\r\n", text.data[text.length - 1]) != NULL) {
        text.length--;
    }
    return text;
}

static bool holds(struct baton_str text, struct baton_str part)
{
    return part.length > 0 && text.length >= part.length &&
           memmem(text.data, text.length, part.data, part.length) != NULL;
}

static bool has_word(struct baton_str text, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= text.length; i++) {
        if (strncasecmp(text.data + i, word, length) == 0) {
            return true;
        }
    }
    return false;
}

bool baton_story_is_transfer(struct baton_str tool)
{
    return has_word(tool, "transfer") || has_word(tool, "handoff") || has_word(tool, "hand_off") ||
           has_word(tool, "handover") || has_word(tool, "hand_over");
}

struct baton_str baton_story_user_text(const struct baton_story_call *call)
{
    for (uint32_t i = call->asked.said_count; i-- > 0;) {
        if (call->asked.said[i].kind == BATON_SAID_USER) {
            return call->asked.said[i].text;
        }
    }
    return BATON_STR("");
}

/* ---- what a request holds of a reply ---- */

static bool is_of(const struct baton_said *said, const struct baton_tool_call *call)
{
    if (call->id.length > 0 || said->id.length > 0) {
        return baton_str_equal(said->id, call->id);
    }
    return said->kind == BATON_SAID_CALL && baton_str_equal(said->name, call->name) &&
           baton_str_equal(said->text, call->arguments);
}

static const struct baton_said *find_said(const struct baton_story_call *later, const struct baton_tool_call *call,
                                          bool wants_result)
{
    for (uint32_t i = 0; i < later->asked.said_count; i++) {
        const struct baton_said *said = &later->asked.said[i];
        bool is_kind = said->kind == BATON_SAID_RESULT || (!wants_result && said->kind == BATON_SAID_CALL);
        if (is_kind && is_of(said, call)) {
            return said;
        }
    }
    return NULL;
}

static bool goes_on_with_calls(const struct baton_story_call *last, const struct baton_story_call *later)
{
    for (uint32_t i = 0; i < last->reply.call_count; i++) {
        if (find_said(later, &last->reply.calls[i], false) != NULL) {
            return true;
        }
    }
    return false;
}

/* The reply's text, and words of the user after it. */
static bool goes_on_with_text(const struct baton_story_call *last, const struct baton_story_call *later)
{
    struct baton_str text = trimmed(last->reply.text);
    bool has_text = false;
    if (last->is_failure || last->reply.call_count > 0) {
        return false;
    }
    if (later->asked.previous_id.length > 0) {
        return baton_str_equal(later->asked.previous_id, last->reply_id);
    }
    for (uint32_t i = 0; i < later->asked.said_count && text.length > 0; i++) {
        const struct baton_said *said = &later->asked.said[i];
        if (has_text && said->kind == BATON_SAID_USER) {
            return true;
        }
        has_text = has_text || (said->kind == BATON_SAID_ASSISTANT && baton_str_equal(trimmed(said->text), text));
    }
    return false;
}

/* Its own words again with more after them, as agents do that call their tools in words. */
static bool goes_on_by_itself(const struct baton_story_call *last, const struct baton_story_call *later)
{
    struct baton_str text = trimmed(last->reply.text);
    if (last->is_failure || last->reply.call_count > 0 || text.length == 0 || last->agent != later->agent ||
        later->asked.said_count == 0) {
        return false;
    }
    const struct baton_said *said = &later->asked.said[later->asked.said_count - 1];
    struct baton_str words = trimmed(said->text);
    return said->kind == BATON_SAID_ASSISTANT && words.length >= text.length &&
           memcmp(words.data, text.data, text.length) == 0;
}

static bool asks_the_same(const struct baton_story_call *a, const struct baton_story_call *b)
{
    bool is_same = a->agent == b->agent && a->asked.said_count == b->asked.said_count;
    for (uint32_t i = 0; i < a->asked.said_count && is_same; i++) {
        const struct baton_said *x = &a->asked.said[i], *y = &b->asked.said[i];
        is_same = x->kind == y->kind && baton_str_equal(x->text, y->text) && baton_str_equal(x->name, y->name);
    }
    return is_same;
}

static bool offers_the_same(const struct baton_story_call *a, const struct baton_story_call *b)
{
    bool is_same = a->asked.tool_count == b->asked.tool_count && a->asked.tool_count > 0;
    for (uint32_t i = 0; i < a->asked.tool_count && is_same; i++) {
        is_same = baton_str_equal(a->asked.tools[i].name, b->asked.tools[i].name);
    }
    return is_same;
}

/* ---- agents ---- */

static bool find_agents(struct telling *telling)
{
    struct baton_story *story = telling->story;
    struct baton_map map;
    if (story->agents == NULL || telling->same_as == NULL || !baton_map_init(&map, telling->arena, story->count)) {
        return false;
    }
    for (uint32_t i = 0; i < story->count; i++) {
        struct baton_str system = story->calls[i].asked.system;
        uint32_t agent = baton_map_put(&map, system, story->agent_count);
        if (agent == story->agent_count) {
            telling->same_as[agent] = agent;
            story->agents[story->agent_count++] =
                (struct baton_story_agent){ .instructions = system, .name = { "", 0 }, .first_call = i };
        }
        story->calls[i].agent = agent;
    }
    return true;
}

/* Both are one from now on. */
static void merge_agents(struct telling *telling, uint32_t later, uint32_t into)
{
    struct baton_story *story = telling->story;
    for (uint32_t i = 0; i < story->agent_count; i++) {
        telling->same_as[i] = telling->same_as[i] == later ? into : telling->same_as[i];
    }
    for (uint32_t i = 0; i < story->count; i++) {
        story->calls[i].agent = telling->same_as[story->calls[i].agent];
    }
}

/* ---- outcomes ---- */

/* The call with which control moved: the first that says so, else the last. */
static uint32_t transfer_in(const struct baton_reply *reply, bool must_say_so)
{
    for (uint32_t i = 0; i < reply->call_count; i++) {
        if (baton_story_is_transfer(reply->calls[i].name)) {
            return i;
        }
    }
    return must_say_so || reply->call_count == 0 ? BATON_NONE : reply->call_count - 1;
}

/* `transfer_to_` is a handoff under all circumstances, also to an agent with the same instructions. */
static bool is_reserved(const struct baton_story_call *last, uint32_t call)
{
    size_t length = strlen(BATON_TRANSFER_PREFIX);
    struct baton_str name = last->reply.calls[call].name;
    return name.length >= length && memcmp(name.data, BATON_TRANSFER_PREFIX, length) == 0;
}

static void take_results(struct baton_story_call *last, const struct baton_story_call *later)
{
    for (uint32_t i = 0; i < last->reply.call_count; i++) {
        const struct baton_said *said = find_said(later, &last->reply.calls[i], true);
        if (said != NULL) {
            last->outcomes[i].text = said->text;
            if (last->outcomes[i].kind == BATON_OUTCOME_NONE) {
                last->outcomes[i].kind = BATON_OUTCOME_RESULT;
            }
        }
    }
}

static void hand_over(struct baton_story_call *last, uint32_t call, uint32_t to)
{
    last->outcomes[call].kind = BATON_OUTCOME_HANDOFF;
    last->outcomes[call].agent = to;
}

/* Whether a text of the arguments stands in what the agent was told, so that the call speaks of it. */
static bool argument_is_in(struct telling *telling, struct baton_str arguments, const struct baton_story_call *call)
{
    struct baton_arena_mark mark = baton_arena_mark(telling->arena);
    const struct baton_source source = { .name = "arguments", .line_first = 1, .text = arguments };
    const struct baton_json *root;
    struct baton_error ignored;
    bool is_in = false;
    if (baton_json_parse(&root, telling->arena, &source, &ignored) == BATON_OK && root->type == BATON_JSON_OBJECT) {
        struct baton_str user = baton_story_user_text(call);
        for (const struct baton_json *it = root->child; it != NULL && !is_in; it = it->next) {
            struct baton_str text = it->type == BATON_JSON_STRING ? trimmed(it->text) : BATON_STR("");
            is_in = text.length >= ARGUMENT_BYTES_MIN && (holds(user, text) || holds(call->asked.system, text));
        }
    }
    baton_arena_rollback(telling->arena, mark);
    return is_in;
}

/* The open call for which a request was made by an agent that runs as a tool, or BATON_NONE. */
static uint32_t call_for(struct telling *telling, const struct baton_story_call *caller,
                         const struct baton_story_call *resumer, const struct baton_story_call *call)
{
    struct baton_str text = call->reply.call_count == 0 ? trimmed(call->reply.text) : BATON_STR("");
    uint32_t open = BATON_NONE;
    for (uint32_t i = 0; i < caller->reply.call_count; i++) {
        const struct baton_said *result = find_said(resumer, &caller->reply.calls[i], true);
        if (caller->outcomes[i].kind == BATON_OUTCOME_NONE && result != NULL && holds(result->text, text)) {
            return i;
        }
    }
    for (uint32_t i = 0; i < caller->reply.call_count; i++) {
        if (caller->outcomes[i].kind != BATON_OUTCOME_NONE) {
            continue;
        }
        if (argument_is_in(telling, caller->reply.calls[i].arguments, call)) {
            return i;
        }
        open = open == BATON_NONE ? i : open;
    }
    return caller->agent == call->agent ? BATON_NONE : open;
}

/* ---- threads ---- */

static struct thread *thread_add(struct telling *telling, uint32_t first, uint32_t parent)
{
    struct thread *thread = &telling->threads[telling->thread_count++];
    *thread = (struct thread){ .last = first, .parent = parent, .entry = telling->story->calls[first].agent };
    return thread;
}

static struct baton_story_call *last_of(const struct telling *telling, const struct thread *thread)
{
    return &telling->story->calls[thread->last];
}

/* Goes on in the same exchange. */
static void take_turn(struct telling *telling, struct thread *thread, uint32_t index, bool is_new_exchange)
{
    struct baton_story_call *call = &telling->story->calls[index], *last = last_of(telling, thread);
    call->conversation = last->conversation;
    call->nesting = last->nesting;
    call->exchange = last->exchange + is_new_exchange;
    call->turn = is_new_exchange ? 0 : last->turn + 1;
    thread->last = index;
}

static bool by_calls(struct telling *telling, uint32_t index)
{
    struct baton_story_call *call = &telling->story->calls[index];
    for (uint32_t t = telling->thread_count; t-- > 0;) {
        struct thread *thread = &telling->threads[t];
        struct baton_story_call *last = last_of(telling, thread);
        if (thread->is_closed || !goes_on_with_calls(last, call)) {
            continue;
        }
        uint32_t moved = transfer_in(&last->reply, false); /* one at least, as it goes on with them */
        if (call->agent != last->agent && transfer_in(&last->reply, true) == BATON_NONE &&
            offers_the_same(last, call)) {
            merge_agents(telling, call->agent, last->agent);
        }
        if (call->agent != last->agent || is_reserved(last, moved)) {
            hand_over(last, moved, call->agent);
        }
        take_results(last, call);
        take_turn(telling, thread, index, false);
        for (uint32_t k = 0; k < telling->thread_count; k++) {
            telling->threads[k].is_closed = telling->threads[k].is_closed || telling->threads[k].parent == t;
        }
        return true;
    }
    return false;
}

static bool by_text(struct telling *telling, uint32_t index)
{
    struct baton_story_call *call = &telling->story->calls[index];
    for (uint32_t t = telling->thread_count; t-- > 0;) {
        struct thread *thread = &telling->threads[t];
        struct baton_story_call *last = last_of(telling, thread);
        if (thread->parent == BATON_NONE && goes_on_by_itself(last, call)) {
            last->continues = true;
            take_turn(telling, thread, index, false);
            return true;
        }
        if (thread->parent != BATON_NONE || !goes_on_with_text(last, call)) {
            continue;
        }
        call->starts_over = call->agent != last->agent;
        if (call->starts_over && call->agent != thread->entry) {
            return false;
        }
        take_turn(telling, thread, index, true);
        return true;
    }
    return false;
}

static bool as_a_tool(struct telling *telling, uint32_t index)
{
    struct baton_story_call *call = &telling->story->calls[index];
    for (uint32_t t = telling->thread_count; t-- > 0;) {
        struct baton_story_call *caller = last_of(telling, &telling->threads[t]);
        uint32_t resumer = telling->resumed_by[telling->threads[t].last];
        if (telling->threads[t].is_closed || resumer == BATON_NONE || resumer <= index ||
            telling->story->calls[resumer].agent != caller->agent) {
            continue;
        }
        uint32_t which = call_for(telling, caller, &telling->story->calls[resumer], call);
        if (which == BATON_NONE) {
            continue;
        }
        caller->outcomes[which].kind = BATON_OUTCOME_RUN;
        caller->outcomes[which].agent = call->agent;
        call->conversation = caller->conversation;
        call->nesting = caller->nesting + 1;
        thread_add(telling, index, t);
        return true;
    }
    return false;
}

/* A handoff after which the new agent sees nothing of the call. */
static bool by_filtered_handoff(struct telling *telling, uint32_t index)
{
    const struct baton_story_call *call = &telling->story->calls[index];
    if (telling->thread_count == 0) {
        return false;
    }
    struct thread *thread = &telling->threads[telling->thread_count - 1];
    struct baton_story_call *last = last_of(telling, thread);
    uint32_t moved = transfer_in(&last->reply, true);
    if (moved == BATON_NONE || call->agent == last->agent || telling->resumed_by[thread->last] != BATON_NONE) {
        return false;
    }
    hand_over(last, moved, call->agent);
    take_turn(telling, thread, index, false);
    return true;
}

/* The same request again: after a failure, or because its answer was thrown away. */
static bool once_more(struct telling *telling, uint32_t index)
{
    struct baton_story_call *call = &telling->story->calls[index];
    for (uint32_t t = telling->thread_count; t-- > 0;) {
        struct thread *thread = &telling->threads[t];
        struct baton_story_call *last = last_of(telling, thread);
        if (thread->is_closed || !asks_the_same(last, call) || telling->resumed_by[thread->last] != BATON_NONE) {
            continue;
        }
        if (last->is_failure) {
            last->is_dropped = true;
            call->starts_over = last->starts_over;
            take_turn(telling, thread, index, false);
            call->turn = last->turn;
            return true;
        }
        if (last->reply.call_count > 0 && telling->resumed_by[index] != BATON_NONE) {
            take_turn(telling, thread, index, false);
            return true;
        }
    }
    return false;
}

/* ---- names ---- */

static bool is_name(struct baton_str name)
{
    bool is_good = name.length >= NAME_BYTES_MIN && name.length <= NAME_BYTES_MAX;
    for (size_t i = 0; i < name.length && is_good; i++) {
        is_good = (unsigned char)name.data[i] >= 0x20 && name.data[i] != '@';
    }
    return is_good && name.data[0] != '"';
}

/* Without `transfer_to_` and the like. */
static struct baton_str name_in_tool(struct baton_str tool)
{
    static const char *const before[] = {
        "transfer_back_to_", "transfer_to_", "handoff_to_", "hand_off_to_", "handoff_",
        "delegate_to_",      "ask_",         "run_",        "call_"
    };
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        size_t length = strlen(before[i]);
        if (tool.length > length && strncasecmp(tool.data, before[i], length) == 0) {
            return (struct baton_str){ tool.data + length, tool.length - length };
        }
    }
    return tool;
}

/* `{"assistant": "NAME"}`, as several SDKs answer a transfer. */
static struct baton_str name_in_result(struct telling *telling, struct baton_str result)
{
    const struct baton_source source = { .name = "result", .line_first = 1, .text = result };
    const struct baton_json *root;
    struct baton_error ignored;
    if (baton_json_parse(&root, telling->arena, &source, &ignored) != BATON_OK || root->type != BATON_JSON_OBJECT) {
        return BATON_STR("");
    }
    const struct baton_json *name = baton_json_get(root, "assistant");
    return name != NULL && name->type == BATON_JSON_STRING ? name->text : BATON_STR("");
}

/* The text of the arguments that stands in the agent's own instructions: `"coworker": "Senior Writer"`. */
static struct baton_str name_in_arguments(struct telling *telling, struct baton_str arguments, struct baton_str system)
{
    const struct baton_source source = { .name = "arguments", .line_first = 1, .text = arguments };
    const struct baton_json *root;
    struct baton_error ignored;
    if (baton_json_parse(&root, telling->arena, &source, &ignored) != BATON_OK || root->type != BATON_JSON_OBJECT) {
        return BATON_STR("");
    }
    for (const struct baton_json *it = root->child; it != NULL; it = it->next) {
        if (it->type == BATON_JSON_STRING && is_name(it->text) && holds(system, it->text)) {
            return it->text;
        }
    }
    return BATON_STR("");
}

/* `You are NAME.` */
static struct baton_str name_in_system(struct baton_str system)
{
    static const char begin[] = "You are ";
    if (system.length <= sizeof begin || memcmp(system.data, begin, sizeof begin - 1) != 0) {
        return BATON_STR("");
    }
    struct baton_str rest = { system.data + sizeof begin - 1, 0 };
    size_t left = system.length - (sizeof begin - 1);
    while (rest.length < left && strchr(".,:;\n", rest.data[rest.length]) == NULL) {
        rest.length++;
    }
    return rest.length <= NAME_BYTES_MAX / 2 ? rest : BATON_STR("");
}

static bool name_taken(const struct baton_story *story, struct baton_str name)
{
    for (uint32_t i = 0; i < story->agent_count; i++) {
        if (baton_str_equal(story->agents[i].name, name)) {
            return true;
        }
    }
    return false;
}

static bool name_agent(struct telling *telling, uint32_t agent, struct baton_str wanted)
{
    struct baton_story *story = telling->story;
    struct baton_str name = wanted;
    if (story->agents[agent].name.length > 0 || !is_name(wanted)) {
        return true;
    }
    for (unsigned n = 2; name_taken(story, name); n++) {
        char *text = baton_arena_printf(telling->arena, "%.*s_%u", (int)wanted.length, wanted.data, n);
        if (text == NULL) {
            return false;
        }
        name = baton_str_of(text);
    }
    story->agents[agent].name = name;
    return true;
}

static bool name_by_call(struct telling *telling, const struct baton_tool_call *call,
                         const struct baton_outcome *outcome)
{
    struct baton_str system = telling->story->agents[outcome->agent].instructions;
    if (outcome->kind == BATON_OUTCOME_HANDOFF) {
        return name_agent(telling, outcome->agent, name_in_result(telling, outcome->text)) &&
               name_agent(telling, outcome->agent, name_in_tool(call->name));
    }
    return name_agent(telling, outcome->agent, name_in_arguments(telling, call->arguments, system)) &&
           name_agent(telling, outcome->agent, name_in_tool(call->name));
}

static bool name_agents(struct telling *telling)
{
    struct baton_story *story = telling->story;
    bool fits = true;
    for (uint32_t i = 0; i < story->count && fits; i++) {
        const struct baton_story_call *call = &story->calls[i];
        for (uint32_t k = 0; k < call->reply.call_count && fits; k++) {
            const struct baton_outcome *outcome = &call->outcomes[k];
            if (outcome->kind == BATON_OUTCOME_HANDOFF || outcome->kind == BATON_OUTCOME_RUN) {
                fits = name_by_call(telling, &call->reply.calls[k], outcome);
            }
        }
    }
    for (uint32_t i = 0; i < story->agent_count && fits; i++) {
        const char *numbered = baton_arena_printf(telling->arena, "agent%u", i + 1);
        fits = numbered != NULL && name_agent(telling, i, name_in_system(story->agents[i].instructions)) &&
               name_agent(telling, i, baton_str_of(numbered));
    }
    return fits;
}

/* ---- all of it ---- */

static bool prepare(struct telling *telling)
{
    struct baton_story *story = telling->story;
    story->agents = baton_arena_array(telling->arena, story->count, sizeof *story->agents);
    story->agent_count = story->conversation_count = 0;
    telling->same_as = baton_arena_array(telling->arena, story->count, sizeof *telling->same_as);
    telling->threads = baton_arena_array(telling->arena, story->count, sizeof *telling->threads);
    telling->resumed_by = baton_arena_array(telling->arena, story->count, sizeof *telling->resumed_by);
    if (telling->threads == NULL || telling->resumed_by == NULL || !find_agents(telling)) {
        return false;
    }
    for (uint32_t i = 0; i < story->count; i++) {
        struct baton_story_call *call = &story->calls[i];
        call->outcomes = baton_arena_zero(telling->arena, call->reply.call_count * sizeof *call->outcomes);
        if (call->outcomes == NULL) {
            return false;
        }
        telling->resumed_by[i] = BATON_NONE;
        for (uint32_t k = i + 1; k < story->count && call->reply.call_count > 0; k++) {
            if (goes_on_with_calls(call, &story->calls[k])) {
                telling->resumed_by[i] = k;
                break;
            }
        }
    }
    return true;
}

enum baton_status baton_story_tell(struct baton_story *story, struct baton_arena *arena, struct baton_error *err)
{
    struct telling telling = { .story = story, .arena = arena };
    if (story->count > BATON_STORY_CALLS_MAX) {
        return baton_error_set(err, BATON_EINPUT, "more than %d calls in one recording", BATON_STORY_CALLS_MAX);
    }
    bool fits = prepare(&telling);
    for (uint32_t i = 0; i < story->count && fits; i++) {
        if (!by_calls(&telling, i) && !by_text(&telling, i) && !as_a_tool(&telling, i) && !once_more(&telling, i) &&
            !by_filtered_handoff(&telling, i)) {
            story->calls[i].conversation = story->conversation_count++;
            thread_add(&telling, i, BATON_NONE);
        }
    }
    for (uint32_t i = 0; i < story->count && fits; i++) {
        for (uint32_t k = 0; k < story->calls[i].reply.call_count; k++) {
            story->calls[i].outcomes[k].agent = telling.same_as[story->calls[i].outcomes[k].agent];
        }
    }
    for (uint32_t i = 0; i < story->agent_count && fits; i++) {
        story->agents[i].is_merged = telling.same_as[i] != i;
    }
    return fits && name_agents(&telling)
               ? BATON_OK
               : baton_error_set(err, BATON_ELIMIT, "a recording needs more memory than is allowed");
}
