/* model.c - simulated models: loading and playing.
 *
 * A built-in model is a choice among the open handoffs and an answer; a file of rules is tried from the top for each turn. What
 * noise and latencies draw comes from a generator of the conversation, never of the model, as conversations run side by side in
 * any order. PCRE2 writes into what it matches with, so the patterns of a model are matched under its lock.
 */
#include "sim/model.h"

#include "engine/base/document.h"
#include "engine/base/fields.h"
#include "engine/base/pattern.h"
#include "engine/base/suggest.h"
#include "engine/base/text.h"
#include "engine/core/path.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { RULES_MAX = 64, CHOICE_ANSWER = -1 };

enum kind { KIND_DIRECT, KIND_ORACLE, KIND_RANDOM, KIND_ADVERSARY, KIND_RULES };

static const char *const builtin_names[] = { "direct", "oracle", "random", "adversary" };

struct rule {
    const struct baton_json *agents; /* a name, a list or NULL */
    struct baton_pattern *when, *unless;
    uint32_t hand_to;
    struct baton_tool_call call; /* name empty: none */
    struct baton_str say, reason;
    int64_t latency_low_ns, latency_high_ns;
    bool repeats, says;
};

struct baton_model {
    enum kind kind;
    double noise;
    struct rule *rules;
    uint32_t rule_count;
    struct rule otherwise;
    const struct baton_agents *agents;
    pthread_mutex_t lock; /* around the patterns */
};

/* ---- loading ---- */

struct model_form {
    int32_t version;
    double noise;
    const struct baton_json *rules, *otherwise;
};

struct rule_form {
    const struct baton_json *agent, *call, *latency;
    struct baton_str when, unless, hand_to, say, reason;
    bool repeat;
};

struct call_form {
    struct baton_str name;
    const struct baton_json *arguments;
};

#define ROW(form, field, ...) .offset = offsetof(struct form, field), __VA_ARGS__

static const struct baton_field model_rows[] = {
    { "version", NULL, BATON_FIELD_INT32, ROW(model_form, version, .is_required = true, .low = 1, .high = 1) },
    { "noise", NULL, BATON_FIELD_NUMBER, ROW(model_form, noise, .low = 0, .high = 1) },
    { "rules", NULL, BATON_FIELD_ARRAY, ROW(model_form, rules, 0) },
    { "otherwise", NULL, BATON_FIELD_OBJECT, ROW(model_form, otherwise, 0) },
};

static const struct baton_field rule_rows[] = {
    { "agent", NULL, BATON_FIELD_ANY, ROW(rule_form, agent, 0) },
    { "when", NULL, BATON_FIELD_TEXT, ROW(rule_form, when, 0) },
    { "unless", NULL, BATON_FIELD_TEXT, ROW(rule_form, unless, 0) },
    { "hand_to", NULL, BATON_FIELD_TEXT, ROW(rule_form, hand_to, 0) },
    { "call", NULL, BATON_FIELD_OBJECT, ROW(rule_form, call, 0) },
    { "say", NULL, BATON_FIELD_TEXT, ROW(rule_form, say, 0) },
    { "reason", NULL, BATON_FIELD_TEXT, ROW(rule_form, reason, 0) },
    { "latency_ms", NULL, BATON_FIELD_ANY, ROW(rule_form, latency, 0) },
    { "repeat", NULL, BATON_FIELD_BOOLEAN, ROW(rule_form, repeat, 0) },
};

static const struct baton_field call_rows[] = {
    { "name", NULL, BATON_FIELD_TEXT, ROW(call_form, name, .is_required = true) },
    { "arguments", NULL, BATON_FIELD_OBJECT, ROW(call_form, arguments, 0) },
};

struct load {
    struct baton_model *model;
    struct baton_arena *arena;
    const struct baton_source *source;
    struct baton_error *err;
};

static enum baton_status read_form(struct load *load, const struct baton_field *rows, size_t count, const char *what,
                                   const struct baton_json *node, void *out)
{
    struct baton_fields fields = { .source = load->source, .rows = rows, .row_count = count, .what = what };
    return baton_fields_read(&fields, node, out, load->err);
}

static enum baton_status read_pattern(struct load *load, const struct baton_json *rule, const char *key,
                                      struct baton_str text, struct baton_pattern **out)
{
    if (text.data == NULL) {
        return BATON_OK;
    }
    struct baton_error error;
    if (baton_pattern_compile_lasting(out, text, &error) == BATON_OK) {
        return BATON_OK;
    }
    return baton_source_error(load->source, baton_json_get(rule, key)->offset, load->err, "%s", error.text);
}

static enum baton_status read_call(struct load *load, const struct baton_json *node, struct baton_tool_call *call)
{
    struct call_form form = { 0 };
    enum baton_status status = read_form(load, call_rows, BATON_FIELD_COUNT(call_rows), "'call'", node, &form);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_text text = baton_text_with_limit(BATON_LINE_BYTES_MAX);
    if (form.arguments != NULL) {
        baton_json_write(&text, form.arguments);
    }
    char *copy = text.failed ? NULL : baton_arena_copy(load->arena, text.data, text.length);
    *call = (struct baton_tool_call){ .name = form.name, .arguments = { copy, text.length } };
    baton_text_clear(&text);
    return copy == NULL ? baton_error_no_memory(load->err, NULL) : BATON_OK;
}

static enum baton_status read_latency(struct load *load, const struct baton_json *node, struct rule *rule)
{
    const struct baton_json *low = node, *high = node;
    rule->latency_low_ns = rule->latency_high_ns = BATON_TIME_UNKNOWN;
    if (node == NULL) {
        return BATON_OK;
    }
    if (node->type == BATON_JSON_ARRAY && node->count == 2) {
        low = node->child;
        high = low->next;
    }
    if (low->type != BATON_JSON_NUMBER || high->type != BATON_JSON_NUMBER || low->number < 0 ||
        high->number < low->number || high->number > 1e9) {
        return baton_source_error(load->source, node->offset, load->err,
                                  "'latency_ms' must be a number or [low, high]");
    }
    rule->latency_low_ns = (int64_t)(low->number * 1e6);
    rule->latency_high_ns = (int64_t)(high->number * 1e6);
    return BATON_OK;
}

static enum baton_status check_agents(struct load *load, const struct baton_json *node)
{
    const struct baton_json *first = node != NULL && node->type == BATON_JSON_ARRAY ? node->child : node;
    for (const struct baton_json *name = first; name != NULL;
         name = node->type == BATON_JSON_ARRAY ? name->next : NULL) {
        if (name->type != BATON_JSON_STRING) {
            return baton_type_error(load->source, name, "'agent'", "a name or a list of names", load->err);
        }
        if (baton_agents_find(load->model->agents, name->text) == BATON_NONE) {
            return baton_agents_unknown(load->model->agents, name->text, load->source, name->offset, load->err);
        }
    }
    return BATON_OK;
}

/* Of whom and of what it speaks. */
static enum baton_status read_conditions(struct load *load, const struct baton_json *node, const struct rule_form *form,
                                         struct rule *rule)
{
    enum baton_status status = check_agents(load, form->agent);
    if (status != BATON_OK) {
        return status;
    }
    status = read_pattern(load, node, "when", form->when, &rule->when);
    if (status != BATON_OK) {
        return status;
    }
    return read_pattern(load, node, "unless", form->unless, &rule->unless);
}

static enum baton_status read_rule(struct load *load, const struct baton_json *node, struct rule *rule)
{
    struct rule_form form = { 0 };
    enum baton_status status = read_form(load, rule_rows, BATON_FIELD_COUNT(rule_rows), "a rule", node, &form);
    if (status != BATON_OK) {
        return status;
    }
    *rule = (struct rule){ .agents = form.agent,
                           .hand_to = BATON_NONE,
                           .says = form.say.data != NULL,
                           .say = form.say,
                           .reason = form.reason,
                           .repeats = form.repeat };
    int actions = form.hand_to.data != NULL;
    actions += form.call != NULL;
    actions += form.say.data != NULL;
    if (actions != 1) {
        return baton_source_error(load->source, node->offset, load->err,
                                  "a rule needs exactly one of 'hand_to', 'call' and 'say'");
    }
    if (form.hand_to.data != NULL) {
        rule->hand_to = baton_agents_find(load->model->agents, form.hand_to);
        if (rule->hand_to == BATON_NONE) {
            return baton_agents_unknown(load->model->agents, form.hand_to, load->source,
                                        baton_json_get(node, "hand_to")->offset, load->err);
        }
    }
    status = read_conditions(load, node, &form, rule);
    if (status != BATON_OK) {
        return status;
    }
    status = form.call == NULL ? BATON_OK : read_call(load, form.call, &rule->call);
    return status == BATON_OK ? read_latency(load, form.latency, rule) : status;
}

static enum baton_status load_rules(struct load *load, const char *path)
{
    struct baton_source *source = baton_arena_zero(load->arena, sizeof *source);
    const struct baton_json *root;
    struct model_form form = { 0 };
    if (source == NULL) {
        return baton_error_no_memory(load->err, NULL);
    }
    load->source = source;
    enum baton_status status = baton_document_load(&root, source, load->arena, path, load->err);
    status = status == BATON_OK
                 ? read_form(load, model_rows, BATON_FIELD_COUNT(model_rows), "a simulated model", root, &form)
                 : status;
    if (status != BATON_OK) {
        return status;
    }
    uint32_t count = form.rules == NULL ? 0 : form.rules->count;
    if (count > RULES_MAX) {
        return baton_source_error(source, form.rules->offset, load->err, "more than %d rules", RULES_MAX);
    }
    struct baton_model *model = load->model;
    model->kind = KIND_RULES;
    model->noise = form.noise;
    model->otherwise = (struct rule){ .hand_to = BATON_NONE, .says = true, .latency_low_ns = BATON_TIME_UNKNOWN };
    model->rules = baton_arena_zero(load->arena, (count + 1) * sizeof *model->rules);
    if (model->rules == NULL) {
        return baton_error_no_memory(load->err, NULL);
    }
    for (const struct baton_json *node = count == 0 ? NULL : form.rules->child; node != NULL && status == BATON_OK;
         node = node->next) {
        status = read_rule(load, node, &model->rules[model->rule_count++]);
    }
    return status == BATON_OK && form.otherwise != NULL ? read_rule(load, form.otherwise, &model->otherwise) : status;
}

static enum baton_status unknown_model(struct baton_str name, struct baton_error *err)
{
    struct baton_suggest suggest;
    char text[BATON_SUGGEST_UNKNOWN_BYTES];
    baton_suggest_init(&suggest, name);
    baton_suggest_offer_each(&suggest, builtin_names, sizeof builtin_names / sizeof *builtin_names,
                             sizeof *builtin_names);
    return baton_error_set(err, BATON_EUSAGE, "%s",
                           baton_suggest_unknown(&suggest, "simulated model",
                                                 "; there are direct, oracle, random, adversary, and files of rules "
                                                 "(.yaml)",
                                                 text));
}

/* Cuts `@0.1` off a name. */
static bool split_noise(struct baton_str *name, double *noise)
{
    const char *at = memchr(name->data, '@', name->length);
    if (at == NULL) {
        return true;
    }
    char *end;
    *noise = strtod(at + 1, &end);
    bool is_good = end != at + 1 && end == name->data + name->length && *noise >= 0 && *noise <= 1;
    name->length = (size_t)(at - name->data);
    return is_good;
}

enum baton_status baton_model_load(struct baton_model **out, struct baton_arena *arena,
                                   const struct baton_agents *agents, const char *name, const char *base,
                                   struct baton_error *err)
{
    *out = NULL;
    struct baton_model *model = baton_arena_zero(arena, sizeof *model);
    if (model == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    model->agents = agents;
    pthread_mutex_init(&model->lock, NULL);
    struct baton_str plain = baton_str_of(name);
    enum baton_status status = BATON_OK;
    if (baton_path_ends(name, "yaml") || baton_path_ends(name, "yml") || baton_path_ends(name, "json")) {
        struct load load = { .model = model, .arena = arena, .err = err };
        const char *path = base == NULL ? name : baton_path_beside(arena, base, plain);
        status = path == NULL ? baton_error_no_memory(err, NULL) : load_rules(&load, path);
    } else if (!split_noise(&plain, &model->noise)) {
        status =
            baton_error_set(err, BATON_EUSAGE, "the noise of a simulated model must be from 0 to 1, as in oracle@0.1");
    } else {
        size_t kind = 0;
        while (kind < KIND_RULES && !baton_str_is(plain, builtin_names[kind])) {
            kind++;
        }
        model->kind = (enum kind)kind;
        status = kind == KIND_RULES ? unknown_model(plain, err) : BATON_OK;
    }
    if (status != BATON_OK) {
        baton_model_free(model);
        return status;
    }
    *out = model;
    return BATON_OK;
}

static void rule_free(struct rule *rule)
{
    baton_pattern_free(rule->when);
    baton_pattern_free(rule->unless);
}

void baton_model_free(struct baton_model *model)
{
    if (model != NULL) {
        for (uint32_t i = 0; i < model->rule_count; i++) {
            rule_free(&model->rules[i]);
        }
        rule_free(&model->otherwise);
        pthread_mutex_destroy(&model->lock);
    }
}

/* ---- playing ---- */

static struct baton_player *of_provider(struct baton_provider *provider)
{
    return (struct baton_player *)((char *)provider - offsetof(struct baton_player, provider));
}

static enum baton_status no_memory(struct baton_error *err)
{
    return baton_error_over_limit(err, "the conversation");
}

static struct baton_str last_user_text(const struct baton_request *request)
{
    for (uint32_t i = request->message_count; i > 0; i--) {
        if (request->messages[i - 1].role == BATON_ROLE_USER) {
            return request->messages[i - 1].content;
        }
    }
    return BATON_STR("");
}

static enum baton_status say(const struct baton_request *request, struct baton_str text, struct baton_reply *reply,
                             struct baton_error *err)
{
    struct baton_str name = baton_agent_name(request->agents, request->agent);
    char *made = text.length > 0 ? baton_arena_copy(request->arena, text.data, text.length)
                                 : baton_arena_printf(request->arena, "[%.*s] That is for me, and it is done.",
                                                      BATON_STR_ARGS(name));
    if (made == NULL) {
        return no_memory(err);
    }
    reply->has_text = true;
    reply->text = baton_str_of(made);
    reply->finish = BATON_FINISH_STOP;
    return BATON_OK;
}

static enum baton_status call(struct baton_player *player, const struct baton_request *request, struct baton_str name,
                              struct baton_str arguments, struct baton_reply *reply, struct baton_error *err)
{
    struct baton_tool_call *made = baton_arena_zero(request->arena, sizeof *made);
    char *id = baton_arena_printf(request->arena, "sim_%llu", (unsigned long long)player->call_count++);
    if (made == NULL || id == NULL) {
        return no_memory(err);
    }
    *made = (struct baton_tool_call){ .id = baton_str_of(id), .name = name, .arguments = arguments };
    reply->calls = made;
    reply->call_count = 1;
    reply->finish = BATON_FINISH_TOOL_CALLS;
    return BATON_OK;
}

/* The open handoff to a target, by index, or CHOICE_ANSWER. */
static int open_handoff(const struct baton_request *request, uint32_t target)
{
    const struct baton_agent *agent = &request->agents->list[request->agent];
    for (uint32_t i = 0; i < agent->handoff_count; i++) {
        if (agent->handoffs[i].target == target && request->handoff_enabled[i]) {
            return (int)i;
        }
    }
    return CHOICE_ANSWER;
}

/* The n-th open handoff. */
static int nth_open(const struct baton_request *request, uint64_t n)
{
    const struct baton_agent *agent = &request->agents->list[request->agent];
    for (uint32_t i = 0; i < agent->handoff_count; i++) {
        if (request->handoff_enabled[i] && n-- == 0) {
            return (int)i;
        }
    }
    return CHOICE_ANSWER;
}

static uint64_t open_count(const struct baton_request *request)
{
    const struct baton_agent *agent = &request->agents->list[request->agent];
    uint64_t count = 0;
    for (uint32_t i = 0; i < agent->handoff_count; i++) {
        count += request->handoff_enabled[i];
    }
    return count;
}

/* An answer or any open handoff, each as likely. */
static int draw(struct baton_player *player, const struct baton_request *request)
{
    uint64_t open = open_count(request);
    uint64_t drawn = baton_prng_below(&player->prng, open + 1);
    return drawn == open ? CHOICE_ANSWER : nth_open(request, drawn);
}

static int toward_goal(const struct baton_player *player, const struct baton_request *request)
{
    if (player->goal == BATON_NONE || player->goal == request->agent) {
        return CHOICE_ANSWER;
    }
    const struct baton_agent *agent = &request->agents->list[request->agent];
    uint32_t best_hops = BATON_PATH_UNKNOWN;
    int best = CHOICE_ANSWER;
    for (uint32_t i = 0; i < agent->handoff_count; i++) {
        uint32_t hops = baton_agents_distance(request->agents, agent->handoffs[i].target, player->goal);
        if (request->handoff_enabled[i] && hops < best_hops) {
            best_hops = hops;
            best = (int)i;
        }
    }
    return best;
}

static int against(struct baton_player *player, const struct baton_request *request)
{
    int back = player->came_from == BATON_NONE ? CHOICE_ANSWER : open_handoff(request, player->came_from);
    uint64_t open = open_count(request);
    return back != CHOICE_ANSWER || open == 0 ? back : nth_open(request, baton_prng_below(&player->prng, open));
}

static enum baton_status choose(struct baton_player *player, const struct baton_request *request, int choice,
                                struct baton_str reason, struct baton_str text, struct baton_reply *reply,
                                struct baton_error *err)
{
    if (choice == CHOICE_ANSWER) {
        return say(request, text, reply, err);
    }
    const struct baton_handoff *handoff = &request->agents->list[request->agent].handoffs[choice];
    struct baton_str arguments = BATON_STR("{}");
    player->came_from = request->agent;
    if (reason.length > 0 || handoff->input != NULL) {
        struct baton_text json = baton_text_with_limit(BATON_LINE_BYTES_MAX);
        baton_text_puts(&json, "{\"reason\":");
        baton_text_json_string(&json, reason.length > 0 ? reason.data : "simulated",
                               reason.length > 0 ? reason.length : 9);
        baton_text_putc(&json, '}');
        char *copy = json.failed ? NULL : baton_arena_copy(request->arena, json.data, json.length);
        arguments = (struct baton_str){ copy, json.length };
        baton_text_clear(&json);
        if (copy == NULL) {
            return no_memory(err);
        }
    }
    return call(player, request, handoff->tool_name, arguments, reply, err);
}

static bool names_agent(const struct baton_json *agents, struct baton_str name)
{
    if (agents == NULL || agents->type == BATON_JSON_STRING) {
        return agents == NULL || baton_str_equal(agents->text, name);
    }
    for (const struct baton_json *one = agents->child; one != NULL; one = one->next) {
        if (baton_str_equal(one->text, name)) {
            return true;
        }
    }
    return false;
}

static enum baton_status rule_fits(struct baton_player *player, const struct baton_request *request, uint32_t index,
                                   bool *fits, struct baton_error *err)
{
    const struct rule *rule = &player->model->rules[index];
    struct baton_str text = last_user_text(request);
    *fits = false;
    if ((!rule->repeats && (player->used_rules >> index & 1) != 0) ||
        !names_agent(rule->agents, baton_agent_name(request->agents, request->agent)) ||
        (rule->hand_to != BATON_NONE && open_handoff(request, rule->hand_to) == CHOICE_ANSWER)) {
        return BATON_OK;
    }
    pthread_mutex_t *lock = &((struct baton_model *)player->model)->lock;
    pthread_mutex_lock(lock);
    enum baton_match when = rule->when == NULL ? BATON_MATCH_YES : baton_pattern_match(rule->when, text);
    enum baton_match unless = rule->unless == NULL ? BATON_MATCH_NO : baton_pattern_match(rule->unless, text);
    pthread_mutex_unlock(lock);
    if (when == BATON_MATCH_LIMIT || unless == BATON_MATCH_LIMIT) {
        return baton_error_set(err, BATON_EPROVIDER,
                               "rule %u of the simulated model takes too many steps on this message; make "
                               "its pattern simpler",
                               index + 1);
    }
    *fits = when == BATON_MATCH_YES && unless == BATON_MATCH_NO;
    return BATON_OK;
}

static enum baton_status follow_rule(struct baton_player *player, const struct baton_request *request,
                                     const struct rule *rule, struct baton_reply *reply, struct baton_error *err)
{
    if (rule->latency_low_ns >= 0) {
        uint64_t span = (uint64_t)(rule->latency_high_ns - rule->latency_low_ns);
        reply->latency_ns = rule->latency_low_ns + (int64_t)baton_prng_below(&player->prng, span + 1);
    }
    if (rule->call.name.length > 0) {
        return call(player, request, rule->call.name, rule->call.arguments, reply, err);
    }
    int choice = rule->hand_to == BATON_NONE ? CHOICE_ANSWER : open_handoff(request, rule->hand_to);
    return choose(player, request, choice, rule->reason, rule->say, reply, err);
}

static enum baton_status play_rules(struct baton_player *player, const struct baton_request *request,
                                    struct baton_reply *reply, struct baton_error *err)
{
    for (uint32_t i = 0; i < player->model->rule_count; i++) {
        bool fits;
        enum baton_status status = rule_fits(player, request, i, &fits, err);
        if (status != BATON_OK) {
            return status;
        }
        if (fits) {
            player->used_rules |= (uint64_t)1 << i;
            return follow_rule(player, request, &player->model->rules[i], reply, err);
        }
    }
    return follow_rule(player, request, &player->model->otherwise, reply, err);
}

static enum baton_status player_call(struct baton_provider *provider, const struct baton_request *request,
                                     struct baton_reply *reply, struct baton_error *err)
{
    struct baton_player *player = of_provider(provider);
    struct baton_str none = BATON_STR("");
    if (player->model->noise > 0 && baton_prng_unit(&player->prng) < player->model->noise) {
        return choose(player, request, draw(player, request), none, none, reply, err);
    }
    switch (player->model->kind) {
    case KIND_DIRECT:
        return say(request, none, reply, err);
    case KIND_ORACLE:
        return choose(player, request, toward_goal(player, request), none, none, reply, err);
    case KIND_RANDOM:
        return choose(player, request, draw(player, request), none, none, reply, err);
    case KIND_ADVERSARY:
        return choose(player, request, against(player, request), none, none, reply, err);
    case KIND_RULES:
        break;
    }
    return play_rules(player, request, reply, err);
}

void baton_player_init(struct baton_player *player, const struct baton_model *model, uint64_t seed,
                       struct baton_str conversation_id)
{
    *player = (struct baton_player){
        .provider = { .call = player_call }, .model = model, .goal = BATON_NONE, .came_from = BATON_NONE
    };
    baton_prng_seed_for(&player->prng, seed, conversation_id.data, conversation_id.length, "model");
}

void baton_player_begin(struct baton_player *player, uint32_t goal)
{
    player->goal = goal;
    player->came_from = BATON_NONE;
    player->used_rules = 0;
}
