/* advice.c - looks at the graph of agents for what is legal but probably not meant.
 *
 * Advice is cheap to ignore and dear to miss, so each rule here is one that a person would agree with at a glance; what
 * needs judgement (are these descriptions good?) is left to an evaluation.
 */
#include "evals/cli/advice.h"

#include "engine/base/terminal.h"
#include "engine/core/path.h"
#include "engine/core/price.h"

#include <ctype.h>
#include <stdarg.h>
#include <strings.h>

enum { DEEP = 4, SIMILAR_WORDS_MAX = 64, LINE_BYTES_MAX = 64 * 1024 };

#define SIMILAR_SHARE 0.8

struct adviser {
    struct baton_text *out;
    const char *path;
    const struct baton_agents *agents;
    size_t count;
};

/* A line of advice. */
static void advise(struct adviser *adviser, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void advise(struct adviser *adviser, const char *format, ...)
{
    struct baton_text line = baton_text_with_limit(LINE_BYTES_MAX);
    va_list args;
    va_start(args, format);
    baton_text_printf(&line, "advice: %s: ", adviser->path);
    baton_text_vprintf(&line, format, args);
    va_end(args);
    baton_terminal_put(adviser->out, baton_text_str(&line));
    baton_text_putc(adviser->out, '\n');
    baton_text_clear(&line);
    adviser->count++;
}

static bool is_tool_of_another(const struct baton_agents *agents, uint32_t agent)
{
    for (uint32_t i = 0; i < agents->tool_count; i++) {
        if (agents->tools[i].kind == BATON_TOOL_AGENT && agents->tools[i].agent == agent) {
            return true;
        }
    }
    return false;
}

static void reach(struct adviser *adviser)
{
    const struct baton_agents *agents = adviser->agents;
    for (uint32_t i = 0; i < agents->count; i++) {
        uint32_t hops = baton_agents_distance(agents, agents->entry, i);
        if (hops == BATON_PATH_UNKNOWN && !is_tool_of_another(agents, i)) {
            advise(adviser, "the agent '%.*s' cannot be reached from the entry; no handoff leads there",
                   BATON_STR_ARGS(agents->list[i].name));
        } else if (hops != BATON_PATH_UNKNOWN && hops >= DEEP) {
            advise(adviser, "the agent '%.*s' is %u hops from the entry; users wait for each of them",
                   BATON_STR_ARGS(agents->list[i].name), hops);
        }
    }
}

static void dead_edges(struct adviser *adviser)
{
    const struct baton_agents *agents = adviser->agents;
    for (uint32_t i = 0; i < agents->count; i++) {
        const struct baton_agent *agent = &agents->list[i];
        for (uint32_t h = 0; h < agent->handoff_count; h++) {
            const struct baton_handoff *handoff = &agent->handoffs[h];
            bool is_dead = baton_agents_distance(agents, agents->entry, i) == BATON_PATH_UNKNOWN;
            if (is_dead || !handoff->is_enabled) {
                struct baton_str to = agents->list[handoff->target].name;
                advise(adviser, "the handoff %.*s > %.*s can never be taken: %s", BATON_STR_ARGS(agent->name),
                       BATON_STR_ARGS(to), handoff->is_enabled ? "its agent cannot be reached" : "it is not enabled");
            }
        }
    }
}

/* The next word of a text, as a range; length 0 at the end. */
static struct baton_str next_word(struct baton_str *text)
{
    while (text->length > 0 && !isalnum((unsigned char)text->data[0])) {
        text->data++;
        text->length--;
    }
    struct baton_str word = { text->data, 0 };
    while (text->length > 0 && (isalnum((unsigned char)text->data[0]) || (text->data[0] & 0x80) != 0)) {
        text->data++;
        text->length--;
        word.length++;
    }
    return word;
}

static bool has_word(struct baton_str text, struct baton_str word)
{
    for (struct baton_str other; (other = next_word(&text)).length > 0;) {
        if (other.length == word.length && strncasecmp(other.data, word.data, word.length) == 0) {
            return true;
        }
    }
    return false;
}

/* Share of the words of a that stand in b. */
static double shared_words(struct baton_str a, struct baton_str b)
{
    size_t all = 0, shared = 0;
    for (struct baton_str word; (word = next_word(&a)).length > 0 && all < SIMILAR_WORDS_MAX; all++) {
        shared += has_word(b, word);
    }
    return all == 0 ? 0 : (double)shared / (double)all;
}

static bool are_similar(struct baton_str a, struct baton_str b)
{
    return a.length > 0 && b.length > 0 && shared_words(a, b) >= SIMILAR_SHARE && shared_words(b, a) >= SIMILAR_SHARE;
}

/* Descriptions of the targets that one agent must tell apart. */
static void similar_descriptions(struct adviser *adviser, const struct baton_agent *agent)
{
    const struct baton_agents *agents = adviser->agents;
    for (uint32_t i = 0; i < agent->handoff_count; i++) {
        for (uint32_t k = i + 1; k < agent->handoff_count; k++) {
            const struct baton_agent *a = &agents->list[agent->handoffs[i].target];
            const struct baton_agent *b = &agents->list[agent->handoffs[k].target];
            if (a != b && are_similar(a->description, b->description)) {
                advise(adviser, "'%.*s' must tell '%.*s' and '%.*s' apart, but their descriptions are nearly the same",
                       BATON_STR_ARGS(agent->name), BATON_STR_ARGS(a->name), BATON_STR_ARGS(b->name));
            }
        }
    }
}

static bool is_target(const struct baton_agents *agents, uint32_t target)
{
    for (uint32_t i = 0; i < agents->count; i++) {
        for (uint32_t h = 0; h < agents->list[i].handoff_count; h++) {
            if (agents->list[i].handoffs[h].target == target) {
                return true;
            }
        }
    }
    return false;
}

static void texts(struct adviser *adviser)
{
    const struct baton_agents *agents = adviser->agents;
    for (uint32_t i = 0; i < agents->count; i++) {
        const struct baton_agent *agent = &agents->list[i];
        if (agent->instructions.length == 0) {
            advise(adviser, "the agent '%.*s' has no instructions", BATON_STR_ARGS(agent->name));
        }
        if (agent->description.length == 0 && is_target(agents, i)) {
            advise(adviser, "the agent '%.*s' has no description, so nobody can know when to hand over to it",
                   BATON_STR_ARGS(agent->name));
        }
        similar_descriptions(adviser, agent);
    }
}

static void unused_tools(struct adviser *adviser)
{
    const struct baton_agents *agents = adviser->agents;
    for (uint32_t t = 0; t < agents->tool_count; t++) {
        bool is_used = false;
        for (uint32_t i = 0; i < agents->count && !is_used; i++) {
            for (uint32_t k = 0; k < agents->list[i].tool_count; k++) {
                is_used = is_used || agents->list[i].tools[k] == t;
            }
        }
        if (!is_used) {
            advise(adviser, "no agent uses the tool '%.*s'", BATON_STR_ARGS(agents->tools[t].name));
        }
    }
}

static void costly_entry(struct adviser *adviser)
{
    const struct baton_agents *agents = adviser->agents;
    const struct baton_agent *entry = &agents->list[agents->entry];
    const struct baton_price *price = baton_price_find(agents, entry->model);
    for (uint32_t h = 0; price != NULL && h < entry->handoff_count; h++) {
        const struct baton_agent *target = &agents->list[entry->handoffs[h].target];
        const struct baton_price *other = baton_price_find(agents, target->model);
        if (other != NULL && other->in < price->in) {
            advise(adviser,
                   "the entry '%.*s' runs on a costlier model than '%.*s', though it only routes; a cheaper one may do",
                   BATON_STR_ARGS(entry->name), BATON_STR_ARGS(target->name));
            return;
        }
    }
}

size_t baton_advise(struct baton_text *out, const char *path, const struct baton_agents *agents)
{
    struct adviser adviser = { .out = out, .path = path, .agents = agents };
    reach(&adviser);
    dead_edges(&adviser);
    texts(&adviser);
    unused_tools(&adviser);
    costly_entry(&adviser);
    return adviser.count;
}
