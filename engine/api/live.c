#include "engine/providers/live.h"

#include "engine/api/give.h"
#include "engine/api/seat.h"
#include "engine/providers/http_tool.h"

#include <baton/live.h>
#include <math.h>
#include <string.h>

enum { SETUP_BYTES_MAX = 1024 * 1024 };

struct live {
    struct baton_host_provider host; /* first */
    struct baton_arena *arena;       /* of this and its texts */
    struct baton_live_options options;
};

/* Each run has connections and limits of its own. */
struct live_seat {
    struct baton_live *live;
    struct baton_live_caller *caller;
    struct baton_http_tools *tools;
};

static void live_rise(struct baton_seat *seat)
{
    struct live_seat *own = seat->inside;
    baton_http_tools_free(own->tools);
    baton_live_caller_free(own->caller);
    baton_live_free(own->live);
}

static enum baton_status open_tools(struct live_seat *own, const struct baton_live_options *options,
                                    struct baton_seat *seat, struct baton_error *err)
{
    const struct baton_http_tools_options tools = { .agents = seat->agents,
                                                    .clock = options->clock,
                                                    .interrupted = seat->aborted,
                                                    .setting = options->setting,
                                                    .user = options->user };
    enum baton_status status = baton_http_tools_new(&own->tools, &tools, err);
    if (status == BATON_OK) {
        seat->tools = baton_http_tools_runner(own->tools);
    }
    return status;
}

static enum baton_status live_sit(struct baton_host_provider *host, struct baton_seat *seat, struct baton_error *err)
{
    struct baton_live_options options = ((const struct live *)host)->options;
    struct live_seat *own = seat->inside = baton_arena_zero(seat->arena, sizeof *own);
    if (own == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    if (options.agents != seat->agents) {
        return baton_error_set(err, BATON_EUSAGE, "the live provider was made for other agents than the run's");
    }
    options.interrupted = seat->aborted;
    enum baton_status status = baton_live_new(&own->live, &options, err);
    status = status == BATON_OK ? baton_live_caller_new(&own->caller, own->live, err) : status;
    status = status == BATON_OK && seat->runs_commands ? open_tools(own, &options, seat, err) : status;
    if (status != BATON_OK) {
        live_rise(seat);
        return status;
    }
    seat->provider = baton_live_caller_provider(own->caller);
    return BATON_OK;
}

static void live_free(struct baton_host_provider *host)
{
    baton_arena_free(((struct live *)host)->arena);
}

/* ---- the setup ---- */

struct baton_live_setup baton_live_setup_for(const struct baton_agents *agents)
{
    const struct baton_live_options options = baton_live_options_default(agents);
    return (struct baton_live_setup){ .agents = agents,
                                      .retries_max = options.retry.retries_max,
                                      .timeout_ms = options.timeout_ns / 1000000 };
}

static enum baton_status check(const struct baton_live_setup *setup, struct baton_error *err)
{
    if (setup == NULL || setup->agents == NULL || setup->setting == NULL) {
        return baton_give_missing(err, setup == NULL           ? "the setup of a live provider"
                                       : setup->agents == NULL ? "'agents' of a live provider"
                                                               : "'setting' of a live provider");
    }
    if (setup->timeout_ms == 0 || setup->timeout_ms > UINT64_MAX / 1000000) {
        return baton_error_set(err, BATON_EUSAGE, "'timeout_ms' of a live provider must be above 0");
    }
    if (!(setup->usd_max >= 0 && setup->usd_max <= 1e6) || setup->answer_tokens_max > INT32_MAX) {
        return baton_error_set(err, BATON_EUSAGE, "'%s' of a live provider is out of range",
                               setup->answer_tokens_max > INT32_MAX ? "answer_tokens_max" : "usd_max");
    }
    return BATON_OK;
}

static enum baton_status fill(struct live *live, const struct baton_live_setup *setup, struct baton_error *err)
{
    struct baton_live_options *options = &live->options;
    *options = baton_live_options_default(setup->agents);
    const char *provider = baton_give_text(live->arena, baton_str_of(setup->provider));
    const char *model = baton_give_text(live->arena, baton_str_of(setup->model));
    if (provider == NULL || model == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    options->provider = baton_str_of(provider);
    options->model = baton_str_of(model);
    options->is_stream = !setup->is_whole;
    options->output_tokens_max = (int64_t)setup->answer_tokens_max;
    options->tokens_max = setup->tokens_max;
    options->spend_max_pico = (uint64_t)llround(setup->usd_max * 1e12);
    options->retry.retries_max = setup->retries_max;
    options->timeout_ns = setup->timeout_ms * 1000000;
    options->seed = setup->seed;
    options->setting = setup->setting;
    options->user = setup->user;
    return BATON_OK;
}

/* Whether a run could be opened: so that what is missing is told now. */
static enum baton_status try_out(const struct live *live, struct baton_error *err)
{
    struct baton_live *tried = NULL;
    enum baton_status status = baton_live_new(&tried, &live->options, err);
    if (status == BATON_OK) {
        baton_live_free(tried);
    }
    return status;
}

static enum baton_status make(struct live **out, const struct baton_live_setup *setup, struct baton_error *err)
{
    static const struct baton_host_provider_kind kind = { .sit = live_sit, .rise = live_rise, .free = live_free };
    *out = NULL;
    enum baton_status status = check(setup, err);
    struct baton_arena *arena = status == BATON_OK ? baton_arena_new(SETUP_BYTES_MAX) : NULL;
    struct live *live = arena == NULL ? NULL : baton_arena_zero(arena, sizeof *live);
    if (live != NULL) {
        live->host.kind = &kind;
        live->arena = arena;
        status = fill(live, setup, err);
        status = status == BATON_OK ? try_out(live, err) : status;
    } else if (status == BATON_OK) {
        status = baton_error_no_memory(err, NULL);
    }
    if (status == BATON_OK) {
        *out = live;
    } else {
        baton_arena_free(arena);
    }
    return status;
}

struct baton_provider *baton_provider_live(const struct baton_live_setup *setup, struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    struct live *live;
    baton_give_error(error, make(&live, setup, &err), &err);
    return live == NULL ? NULL : &live->host.handle;
}
