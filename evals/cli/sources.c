/* sources.c - a provider's name leads to one of four kinds of sources (evals/play/binding.h), each opened by a function here.
 *
 * The name comes from the command line, else from the suite. Recording is for live services only, and never writes over what
 * is there; a run with --out keeps what live services answered in a journal beside its results, so that --resume does not
 * ask, and pay, again.
 */
#include "evals/cli/sources.h"

#include "engine/base/suggest.h"
#include "engine/wire/codecs.h"
#include "evals/cli/keys.h"
#include "reports/out_file.h"

#include <math.h>
#include <unistd.h>

#define USD_MAX 1e6

static struct baton_str model_of(const struct baton_source_args *args)
{
    return args->model == NULL ? BATON_STR("") : baton_str_of(args->model);
}

/* The shorter name of a service. */
static const char *name_of(const struct baton_codec *codec)
{
    return codec->alias != NULL ? codec->alias : codec->name;
}

/* The services that have a name, as `a, b LAST c`. */
static void put_services(struct baton_text *out, const char *last)
{
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        baton_text_puts(out, i == 0 ? "" : baton_codec_at(i + 1) == NULL ? last : ", ");
        baton_text_puts(out, name_of(baton_codec_at(i)));
    }
}

static enum baton_status unknown_provider(struct baton_str name, struct baton_error *err)
{
    static const char *const names[] = { "transcript", "cassette", "live", "sim:oracle", "sim:random" };
    struct baton_suggest suggest;
    struct baton_text known = baton_text_with_limit(BATON_ERROR_TEXT_BYTES);
    char text[BATON_SUGGEST_UNKNOWN_BYTES];
    baton_suggest_init(&suggest, name);
    baton_suggest_offer_each(&suggest, names, sizeof names / sizeof *names, sizeof *names);
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        baton_suggest_offer(&suggest, baton_str_of(baton_codec_at(i)->name));
    }
    baton_text_puts(&known, "; there are transcript, cassette, sim:NAME, live, and by name ");
    put_services(&known, " and ");
    baton_suggest_unknown(&suggest, "provider", known.failed ? "" : known.data, text);
    baton_text_clear(&known);
    return baton_error_set(err, BATON_EUSAGE, "%s", text);
}

static enum baton_status cannot_record(struct baton_str name, struct baton_error *err)
{
    struct baton_text services = baton_text_with_limit(BATON_ERROR_TEXT_BYTES);
    put_services(&services, " or ");
    enum baton_status status = baton_error_set(
        err, BATON_EUSAGE, "only what live services answer can be recorded: --provider live, %.*s, not '%.*s'",
        BATON_STR_ARGS(baton_text_str(&services)), BATON_STR_ARGS(name));
    baton_text_clear(&services);
    return status;
}

/* ---- recording ---- */

/* Where live answers are recorded; NULL: nowhere. */
static enum baton_status choose_record_path(struct baton_source_set *set, const struct baton_source_needs *needs,
                                            struct baton_error *err)
{
    const struct baton_source_args *args = needs->args;
    if (args->records) {
        set->record_path = args->cassette != NULL ? args->cassette : needs->suite->cassette;
        return set->record_path != NULL
                   ? BATON_OK
                   : baton_error_set(err, BATON_EUSAGE, "where to? Give --cassette FILE, or a suite that names one");
    }
    if (args->journal_folder == NULL) {
        return BATON_OK;
    }
    set->is_journal = true;
    set->record_path = baton_arena_printf(needs->arena, "%s/cassette.jsonl", args->journal_folder);
    return set->record_path == NULL ? baton_error_no_memory(err, NULL)
                                    : baton_out_folder_make(args->journal_folder, err);
}

static enum baton_status open_recorder(struct baton_source_set *set, const struct baton_source_needs *needs,
                                       struct baton_str provider, const struct baton_known_values *values,
                                       struct baton_error *err)
{
    const struct baton_source_args *args = needs->args;
    char digest[BATON_HASH_HEX_BYTES];
    enum baton_status status = choose_record_path(set, needs, err);
    if (status != BATON_OK || set->record_path == NULL) {
        return status;
    }
    baton_hash_hex(needs->agents->digest, digest);
    const char *copy = baton_arena_copy(needs->arena, digest, sizeof digest - 1);
    if (copy == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    const struct baton_recorder_options options = {
        .path = set->record_path,
        .refreshes = args->refreshes || args->resumes, /* what is gone on with may have been put in place already */
        .resumes = args->resumes,
        .replaces = set->is_journal && !args->resumes, /* a run begins anew, as its results do */
        .header = { .created = baton_str_of(needs->environment->today),
                    .profile = baton_str_of(needs->agents->profile->name),
                    .agents_digest = baton_str_of(copy),
                    .provider = provider,
                    .model = model_of(args),
                    .source = BATON_STR("") },
        .day = baton_str_of(needs->environment->today),
        .agents = needs->agents,
        .values = values,
        .tells_times = true,
        .codec = provider.length == 0 ? NULL : baton_codec_find(provider),
        .model = model_of(args),
    };
    return baton_recorder_open(&set->recorder, &options, err);
}

/* ---- each kind ---- */

static enum baton_status open_simulated(struct baton_source_set *set, const struct baton_source_needs *needs,
                                        struct baton_str name, struct baton_error *err)
{
    const char *base = needs->args->provider != NULL ? NULL : needs->suite_path;
    enum baton_status status = baton_model_load(&set->simulated, needs->arena, needs->agents, name.data, base, err);
    set->shared = (struct baton_sources){ .kind = BATON_SOURCE_MODEL, .model = set->simulated };
    return status;
}

static const char *advice_of(const struct baton_source_needs *needs)
{
    return needs->suite_path == NULL
               ? "record what is missing with baton record --refresh-missing"
               : baton_arena_printf(needs->arena, "record what is missing with: baton record %s --refresh-missing",
                                    needs->suite_path);
}

static enum baton_status open_cassette(struct baton_source_set *set, const struct baton_source_needs *needs,
                                       struct baton_error *err)
{
    const char **path = baton_arena_alloc(needs->arena, sizeof *path);
    struct baton_known_values *values;
    if (path == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    *path = needs->args->cassette != NULL ? needs->args->cassette : needs->suite->cassette;
    if (*path == NULL) {
        return baton_error_set(err, BATON_EUSAGE, "which cassette? Give --cassette FILE, or name one in the suite");
    }
    if (access(*path, F_OK) != 0) {
        return baton_error_set(err, BATON_EINPUT,
                               "there is no cassette '%s'; make it with: baton record %s --cassette %s", *path,
                               needs->suite_path == NULL ? "SUITE" : needs->suite_path, *path);
    }
    enum baton_status status = baton_keys_gather(&values, needs->arena, needs->agents, needs->environment, err);
    if (status != BATON_OK) {
        return status;
    }
    const struct baton_cassette_options options = { .files = path, .file_count = 1 };
    status = baton_cassette_load(&set->cassette, needs->arena, &options, err);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_str model = model_of(needs->args);
    set->model = model.length > 0 ? model : set->cassette->files[0].header.model;
    set->shared = (struct baton_sources){ .kind = BATON_SOURCE_CASSETTE,
                                          .replay = { .cassette = set->cassette,
                                                      .agents = needs->agents,
                                                      .model = model,
                                                      .values = values,
                                                      .advice = advice_of(needs) } };
    return BATON_OK;
}

static enum baton_status read_cost(const char *text, uint64_t *pico, struct baton_error *err)
{
    double usd = 0;
    *pico = 0;
    if (text == NULL) {
        return BATON_OK;
    }
    struct baton_str rest = baton_str_of(text);
    if (!baton_args_take_decimal(&rest, &usd) || rest.length > 0 || !(usd > 0 && usd <= USD_MAX)) {
        return baton_error_set(err, BATON_EUSAGE, "--max-cost must be a sum in USD such as 2.50, not '%s'", text);
    }
    *pico = (uint64_t)llround(usd * 1e12);
    return BATON_OK;
}

static enum baton_status connect(struct baton_source_set *set, const struct baton_source_needs *needs,
                                 struct baton_str provider, struct baton_error *err)
{
    const struct baton_source_args *args = needs->args;
    struct baton_live_options options = baton_live_options_default(needs->agents);
    options.provider = provider;
    options.model = args->model == NULL ? options.model : baton_str_of(args->model);
    options.is_stream = args->stream || (needs->has_person && !args->no_stream);
    options.output_tokens_max = args->answer_tokens;
    options.requests_per_minute = (uint64_t)args->requests_per_minute;
    options.tokens_per_minute = (uint64_t)args->tokens_per_minute;
    options.tokens_max = (uint64_t)args->max_tokens;
    options.seed = needs->seed;
    options.setting = needs->environment->setting;
    options.interrupted = &needs->environment->interrupted;
    options.tells_times = !needs->has_person;
    options.sink = set->recorder == NULL ? NULL : baton_recorder_sink(set->recorder);
    if (args->retries != BATON_SWITCH_UNSET) {
        options.retry.retries_max = (uint32_t)args->retries;
    }
    if (args->timeout_s > 0) {
        options.timeout_ns = (uint64_t)args->timeout_s * 1000000000;
    }
    set->model = options.model;
    enum baton_status status = read_cost(args->max_cost, &options.spend_max_pico, err);
    return status == BATON_OK ? baton_live_new(&set->live, &options, err) : status;
}

/* `provider`: a service by its name; empty: what the agents file says. */
static enum baton_status open_live(struct baton_source_set *set, const struct baton_source_needs *needs,
                                   struct baton_str provider, struct baton_error *err)
{
    struct baton_known_values *values;
    enum baton_status status = baton_keys_gather(&values, needs->arena, needs->agents, needs->environment, err);
    if (status != BATON_OK) {
        return status;
    }
    status = open_recorder(set, needs, provider, values, err);
    if (status == BATON_OK) {
        status = connect(set, needs, provider, err);
    }
    if (status != BATON_OK) {
        baton_guard_error(values, err); /* an address can have a key in it */
        return status;
    }
    set->shared = (struct baton_sources){ .kind = BATON_SOURCE_LIVE,
                                          .live = set->live,
                                          .values = values,
                                          .recorder = set->recorder,
                                          .tools = { .agents = needs->agents,
                                                     .clock = baton_clock_system(),
                                                     .interrupted = &needs->environment->interrupted,
                                                     .setting = needs->environment->setting } };
    return BATON_OK;
}

/* ---- which one ---- */

static bool is_simulated(struct baton_str name)
{
    return baton_str_starts(name, "sim:") && name.length > 4;
}

static enum baton_status open_offline(struct baton_source_set *set, const struct baton_source_needs *needs,
                                      struct baton_error *err)
{
    struct baton_str name = set->provider;
    if (needs->args->records) {
        return cannot_record(name, err);
    }
    if (baton_str_is(name, "cassette")) {
        return open_cassette(set, needs, err);
    }
    return is_simulated(name) ? open_simulated(set, needs, baton_str_after(name, 4), err) : BATON_OK;
}

enum baton_status baton_sources_open(struct baton_source_set *out, const struct baton_source_needs *needs,
                                     struct baton_error *err)
{
    const struct baton_source_args *args = needs->args;
    struct baton_str name = args->provider != NULL ? baton_str_of(args->provider) : needs->suite->provider;
    bool is_service = baton_codec_find(name) != NULL;
    if (args->records && args->provider == NULL && !is_service) {
        name = BATON_STR("live"); /* whoever answers when the suite is replayed */
    }
    *out = (struct baton_source_set){ .provider = name };
    if (is_service || baton_str_is(name, "live")) {
        return open_live(out, needs, is_service ? name : BATON_STR(""), err);
    }
    bool is_offline = baton_str_is(name, "transcript") || baton_str_is(name, "cassette") || is_simulated(name);
    return is_offline ? open_offline(out, needs, err) : unknown_provider(name, err);
}

void baton_sources_close(struct baton_source_set *set)
{
    baton_live_free(set->live);
    baton_recorder_close(set->recorder);
    baton_model_free(set->simulated);
    *set = (struct baton_source_set){ 0 };
}
