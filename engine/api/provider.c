#include <baton/provider.h>

#include "engine/api/call.h"
#include "engine/api/give.h"
#include "engine/api/seat.h"

#include <string.h>

/* A provider whose answers are the host's. */
struct callback {
    struct baton_host_provider host; /* first */
    void (*answer)(void *user, struct baton_call *call);
    void *user;
};

struct callback_seat {
    struct baton_provider provider; /* first */
    const struct callback *callback;
    const volatile int *aborted;
    struct baton_arena *told;
};

static void take_answer(struct baton_call *call, struct baton_reply *reply)
{
    reply->has_text = call->text.data != NULL;
    reply->text = baton_call_answer(call);
    reply->was_streamed = call->asked.request->on_text != NULL;
    reply->calls = call->calls;
    reply->call_count = call->call_count;
    reply->finish = call->call_count > 0 ? BATON_FINISH_TOOL_CALLS : BATON_FINISH_STOP;
    reply->usage = call->usage;
    reply->latency_ns = BATON_LATENCY_MEASURED;
    reply->kind = reply->has_text || reply->call_count > 0 ? BATON_REPLY_MESSAGE : BATON_REPLY_END;
}

static enum baton_status callback_call(struct baton_provider *provider, const struct baton_request *request,
                                       struct baton_reply *reply, struct baton_error *err)
{
    const struct callback_seat *seat = (const struct callback_seat *)provider;
    const struct baton_call_asked asked = { .agents = request->agents,
                                            .conversation_id = request->conversation_id,
                                            .agent = request->agent,
                                            .exchange = request->exchange,
                                            .turn = request->turn,
                                            .nesting = request->nesting,
                                            .messages = request->messages,
                                            .message_count = request->message_count,
                                            .request = request,
                                            .aborted = seat->aborted };
    struct baton_call call;
    enum baton_status status = BATON_OK;
    baton_call_begin(&call, &asked, seat->told, request->arena);
    if (!call.is_out_of_memory) {
        seat->callback->answer(seat->callback->user, &call);
        take_answer(&call, reply);
    }
    if (call.is_out_of_memory) {
        status = baton_error_over_limit(err, "the conversation '%.*s'", BATON_STR_ARGS(request->conversation_id));
    } else if (call.has_failed) {
        status = baton_error_set(err, BATON_EPROVIDER, "%s", call.text.data);
    }
    baton_call_end(&call);
    return status;
}

static enum baton_status callback_sit(struct baton_host_provider *host, struct baton_seat *seat,
                                      struct baton_error *err)
{
    struct callback_seat *own = baton_arena_alloc(seat->arena, sizeof *own);
    if (own == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    *own = (struct callback_seat){ .provider = { .call = callback_call },
                                   .callback = (const struct callback *)host,
                                   .aborted = seat->aborted,
                                   .told = seat->told };
    seat->provider = &own->provider;
    return BATON_OK;
}

static void callback_free(struct baton_host_provider *host)
{
    baton_system_give(host);
}

struct baton_provider *baton_provider_callback(void (*answer)(void *user, struct baton_call *call), void *user,
                                               struct baton_error_info *error)
{
    static const struct baton_host_provider_kind kind = { .sit = callback_sit, .free = callback_free };
    struct baton_error err = { 0 };
    struct callback *callback = answer == NULL ? NULL : baton_system_take(sizeof *callback);
    enum baton_status status = answer == NULL     ? baton_give_missing(&err, "the callback of a provider")
                               : callback == NULL ? baton_error_no_memory(&err, NULL)
                                                  : BATON_OK;
    if (status == BATON_OK) {
        *callback = (struct callback){ .host = { .kind = &kind }, .answer = answer, .user = user };
    }
    baton_give_error(error, status, &err);
    return callback == NULL ? NULL : &callback->host.handle;
}

void baton_provider_free(struct baton_provider *provider)
{
    if (provider != NULL) {
        struct baton_host_provider *host = (struct baton_host_provider *)provider;
        host->kind->free(host);
    }
}
