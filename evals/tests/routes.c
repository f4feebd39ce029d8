#include "evals/tests/routes.h"

#include <criterion/criterion.h>
#include <string.h>

enum { FILE_BYTES_MAX = 64 * 1024 * 1024 };

void routes_open(struct routes *routes, struct program *program)
{
    *routes = (struct routes){ .program = program,
                               .lines = baton_text_with_limit(FILE_BYTES_MAX),
                               .line = baton_text_with_limit(FILE_BYTES_MAX) };
}

void routes_close(struct routes *routes)
{
    baton_text_clear(&routes->lines);
    baton_text_clear(&routes->line);
}

struct route route_of(const char *start, const struct baton_json *names)
{
    struct route route = { .agents = { baton_str_of(start) }, .count = 1 };
    for (const struct baton_json *name = names == NULL ? NULL : names->child; name != NULL; name = name->next) {
        cr_assert_lt(route.count, (size_t)ROUTE_MAX);
        route.agents[route.count++] = name->text;
    }
    return route;
}

struct route route_to(const char *start, struct baton_str target)
{
    struct route route = { .agents = { baton_str_of(start), target }, .count = 2 };
    route.count -= baton_str_is(target, start);
    return route;
}

static void put_string(struct baton_text *out, struct baton_str text)
{
    baton_text_json_string(out, text.data, text.length);
}

static const struct baton_json *put_time(struct baton_text *out, const char *name, const struct baton_json *time)
{
    if (time == NULL) {
        return NULL;
    }
    baton_text_printf(out, ",\"%s\":%g", name, time->number);
    return time->next;
}

static void put_call(struct baton_text *out, struct baton_str target)
{
    baton_text_puts(out, ",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":"
                         "\"transfer_to_");
    baton_text_append(out, target.data, target.length);
    baton_text_puts(out, "\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"ok\"}");
}

void routes_exchange(struct routes *routes, const char *asks, const char *expect, const struct route *route)
{
    struct baton_text *out = &routes->line;
    const struct baton_json *latency = route->latency_ms, *ttft = route->ttft_ms;
    baton_text_puts(out, routes->has_exchange ? ",{\"role\":\"user\",\"content\":" : "{\"role\":\"user\",\"content\":");
    put_string(out, baton_str_of(asks));
    if (expect[0] != '\0') {
        baton_text_printf(out, ",\"expect\":{%s}", expect);
    }
    baton_text_putc(out, '}');
    for (size_t i = 0; i < route->count; i++) {
        bool is_last = i + 1 == route->count;
        if (is_last && route->is_unanswered) {
            break;
        }
        baton_text_puts(out, ",{\"role\":\"assistant\",\"agent\":");
        put_string(out, route->agents[i]);
        latency = put_time(out, "latency_ms", latency);
        ttft = put_time(out, "ttft_ms", ttft);
        if (is_last) {
            baton_text_puts(out, ",\"content\":\"Done.\"}");
        } else {
            put_call(out, route->agents[i + 1]);
        }
    }
    routes->has_exchange = true;
}

void routes_end(struct routes *routes, const char *id)
{
    baton_text_puts(&routes->lines, "{\"id\":");
    put_string(&routes->lines, baton_str_of(id));
    baton_text_puts(&routes->lines, ",\"messages\":[");
    baton_text_append(&routes->lines, routes->line.data, routes->line.length);
    baton_text_puts(&routes->lines, "]}\n");
    baton_text_reset(&routes->line);
    routes->has_exchange = false;
}

void routes_add(struct routes *routes, const char *id, const char *expect, const struct route *route)
{
    routes_exchange(routes, "q", expect, route);
    routes_end(routes, id);
}

const char *routes_write(struct routes *routes, const char *name)
{
    const char *path = program_write(routes->program, name, baton_text_str(&routes->lines));
    baton_text_reset(&routes->lines);
    return path;
}

const char *routes_agents(struct routes *routes, const char *name, const struct baton_str *names, size_t count,
                          const char *top)
{
    struct baton_text out = baton_text_with_limit(FILE_BYTES_MAX);
    baton_text_puts(&out, "{\"version\":1,\"entry\":");
    put_string(&out, names[0]);
    baton_text_printf(&out, "%s%s,\"agents\":{", top[0] == '\0' ? "" : ",", top);
    for (size_t i = 0; i < count; i++) {
        baton_text_puts(&out, i == 0 ? "" : ",");
        put_string(&out, names[i]);
        baton_text_puts(&out, ":{\"handoffs\":[");
        for (size_t k = 0; k < count; k++) {
            baton_text_puts(&out, k == 0 ? "" : ",");
            put_string(&out, names[k]); /* itself too: an agent may hand over to itself */
        }
        baton_text_puts(&out, "]}");
    }
    baton_text_puts(&out, "}}\n");
    const char *path = program_write(routes->program, name, baton_text_str(&out));
    baton_text_clear(&out);
    return path;
}
