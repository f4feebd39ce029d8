#include "evals/cli/session.h"

#include "engine/base/suggest.h"

enum { SESSION_BYTES_MAX = 1024 * 1024 * 1024 };

struct baton_session_args baton_session_args_unset(void)
{
    return (struct baton_session_args){ .seed = BATON_SWITCH_UNSET,
                                        .repeat = BATON_SWITCH_UNSET,
                                        .max_turns = BATON_SWITCH_UNSET,
                                        .max_handoffs = BATON_SWITCH_UNSET,
                                        .sources = { .retries = BATON_SWITCH_UNSET } };
}

const char *baton_session_profile_at(size_t i)
{
    const struct baton_profile *profile = baton_profile_at(i);
    return profile == NULL ? NULL : profile->name;
}

static enum baton_status find_profile(const char *name, const struct baton_profile **out, struct baton_error *err)
{
    *out = name == NULL ? NULL : baton_profile_find(baton_str_of(name));
    return name == NULL || *out != NULL
               ? BATON_OK
               : baton_args_unknown("profile", name, "profiles", baton_session_profile_at, err);
}

/* ---- what the command line changes ---- */

static enum baton_status load_suite(struct baton_session *session, const struct baton_session_options *options,
                                    struct baton_error *err)
{
    const struct baton_session_args *args = options->args;
    enum baton_status status = options->suite_path == NULL
                                   ? BATON_OK
                                   : baton_suite_load(&session->suite, session->arena, options->suite_path, err);
    if (status != BATON_OK) {
        return status;
    }
    if (args->agents != NULL) {
        session->suite.agents = args->agents;
    }
    if (args->conversations.count > 0) {
        session->suite.conversations = args->conversations.items;
        session->suite.conversation_count = args->conversations.count;
    }
    if (session->suite.agents == NULL) {
        return baton_error_set(err, BATON_EUSAGE, "no agents: name a suite, or give --agents FILE");
    }
    if (options->suite_path == NULL) {
        session->suite.name = baton_path_stem(session->suite.agents);
    }
    return BATON_OK;
}

static int64_t or_else(int64_t value, int64_t otherwise)
{
    return value == BATON_SWITCH_UNSET ? otherwise : value;
}

static void set_play(struct baton_session *session, const struct baton_session_args *args)
{
    struct baton_suite *suite = &session->suite;
    suite->seed = or_else(args->seed, suite->seed);
    suite->repeat = (int32_t)or_else(args->repeat, suite->repeat);
    session->play = (struct baton_play){
        .agents = session->agents,
        .seed = (uint64_t)suite->seed,
        .repeat_count = (uint32_t)suite->repeat,
        .limits = session->agents->limits,
        .loops_stop = session->agents->loops_stop,
        .on_handoff_stop = session->agents->on_handoff_stop,
    };
    session->play.limits.max_turns = (int32_t)or_else(args->max_turns, session->agents->limits.max_turns);
    session->play.limits.max_handoffs = (int32_t)or_else(args->max_handoffs, session->agents->limits.max_handoffs);
}

static enum baton_status open_sources(struct baton_session *session, const struct baton_session_options *options,
                                      struct baton_error *err)
{
    const struct baton_source_needs needs = {
        .arena = session->arena,
        .agents = session->agents,
        .suite = &session->suite,
        .suite_path = options->suite_path,
        .args = &options->args->sources,
        .environment = options->environment,
        .seed = session->play.seed,
        .has_person = options->has_person,
    };
    enum baton_status status = baton_sources_open(&session->sources, &needs, err);
    session->suite.provider = session->sources.provider;
    session->play.sources = session->sources.shared;
    session->play.model = session->sources.model;
    return status;
}

enum baton_status baton_session_open(struct baton_session *out, const struct baton_session_options *options,
                                     struct baton_error *err)
{
    const struct baton_profile *profile;
    *out = (struct baton_session){ .arena = baton_arena_new(SESSION_BYTES_MAX), .suite = baton_suite_empty() };
    if (out->arena == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    enum baton_status status = load_suite(out, options, err);
    if (status != BATON_OK) {
        return status;
    }
    status = find_profile(options->args->profile, &profile, err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_agents_load(&out->agents, out->arena, out->suite.agents, profile, err);
    if (status != BATON_OK) {
        return status;
    }
    set_play(out, options->args);
    return options->is_dry ? BATON_OK : open_sources(out, options, err);
}

void baton_session_clear(struct baton_session *session)
{
    baton_sources_close(&session->sources);
    baton_arena_free(session->arena);
    *session = (struct baton_session){ 0 };
}

enum baton_status baton_session_gates(const struct baton_session *session, const struct baton_arg_list *more,
                                      struct baton_gate **out, size_t *count, struct baton_error *err)
{
    const struct baton_json *list = session->suite.gates;
    size_t all = (list == NULL ? 0 : list->count) + more->count;
    *out = baton_arena_array(session->arena, all + 1, sizeof **out);
    *count = 0;
    if (*out == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    if (all > BATON_GATES_MAX) {
        return baton_error_set(err, BATON_EUSAGE, "more than %d gates", BATON_GATES_MAX);
    }
    enum baton_status status = BATON_OK;
    for (const struct baton_json *gate = list == NULL ? NULL : list->child; gate != NULL && status == BATON_OK;
         gate = gate->next) {
        status = baton_gate_read(&(*out)[(*count)++], gate->text, session->agents, &session->suite.source, gate->offset,
                                 err);
    }
    for (size_t i = 0; i < more->count && status == BATON_OK; i++) {
        status = baton_gate_read(&(*out)[(*count)++], baton_str_of(more->items[i]), session->agents, NULL, 0, err);
    }
    return status;
}
