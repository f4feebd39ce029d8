#include "sim/import/trace_match.h"

static bool is_of(const struct baton_trace_message *message, const struct baton_tool_call *call)
{
    if (call->id.length > 0 || message->id.length > 0) {
        return baton_str_equal(message->id, call->id);
    }
    return message->kind == BATON_TRACE_CALL && baton_str_equal(message->name, call->name) &&
           baton_str_equal(message->text, call->arguments);
}

const struct baton_trace_message *baton_trace_find(const struct baton_trace_call *later,
                                                   const struct baton_tool_call *call, bool wants_result)
{
    for (uint32_t i = 0; i < later->asked.message_count; i++) {
        const struct baton_trace_message *message = &later->asked.messages[i];
        bool is_kind = message->kind == BATON_TRACE_RESULT || (!wants_result && message->kind == BATON_TRACE_CALL);
        if (is_kind && is_of(message, call)) {
            return message;
        }
    }
    return NULL;
}

bool baton_trace_has_calls_of(const struct baton_trace_call *later, const struct baton_trace_call *last)
{
    for (uint32_t i = 0; i < last->reply.call_count; i++) {
        if (baton_trace_find(later, &last->reply.calls[i], false) != NULL) {
            return true;
        }
    }
    return false;
}

bool baton_trace_has_text_of(const struct baton_trace_call *later, const struct baton_trace_call *last)
{
    struct baton_str text = baton_str_trim(last->reply.text);
    bool has_text = false;
    if (last->is_failure || last->reply.call_count > 0) {
        return false;
    }
    if (later->asked.previous_id.length > 0) {
        return baton_str_equal(later->asked.previous_id, last->reply_id);
    }
    for (uint32_t i = 0; i < later->asked.message_count && text.length > 0; i++) {
        const struct baton_trace_message *message = &later->asked.messages[i];
        if (has_text && message->kind == BATON_TRACE_USER) {
            return true;
        }
        has_text = has_text ||
                   (message->kind == BATON_TRACE_ASSISTANT && baton_str_equal(baton_str_trim(message->text), text));
    }
    return false;
}

bool baton_trace_ends_with(const struct baton_trace_call *later, const struct baton_trace_call *last)
{
    struct baton_str text = baton_str_trim(last->reply.text);
    if (last->is_failure || last->reply.call_count > 0 || text.length == 0 || later->asked.message_count == 0) {
        return false;
    }
    const struct baton_trace_message *message = &later->asked.messages[later->asked.message_count - 1];
    struct baton_str words = baton_str_trim(message->text);
    words.length = words.length > text.length ? text.length : words.length;
    return message->kind == BATON_TRACE_ASSISTANT && baton_str_equal(words, text);
}

bool baton_trace_asks_the_same(const struct baton_trace_call *a, const struct baton_trace_call *b)
{
    bool is_same = a->asked.message_count == b->asked.message_count;
    for (uint32_t i = 0; i < a->asked.message_count && is_same; i++) {
        const struct baton_trace_message *x = &a->asked.messages[i], *y = &b->asked.messages[i];
        is_same = x->kind == y->kind && baton_str_equal(x->text, y->text) && baton_str_equal(x->name, y->name);
    }
    return is_same;
}

bool baton_trace_offers_the_same(const struct baton_trace_call *a, const struct baton_trace_call *b)
{
    bool is_same = a->asked.tool_count == b->asked.tool_count && a->asked.tool_count > 0;
    for (uint32_t i = 0; i < a->asked.tool_count && is_same; i++) {
        is_same = baton_str_equal(a->asked.tools[i].name, b->asked.tools[i].name);
    }
    return is_same;
}

struct baton_str baton_trace_user_text(const struct baton_trace_call *call)
{
    for (uint32_t i = call->asked.message_count; i-- > 0;) {
        if (call->asked.messages[i].kind == BATON_TRACE_USER) {
            return call->asked.messages[i].text;
        }
    }
    return BATON_STR("");
}
