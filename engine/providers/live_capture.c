#include "engine/providers/live_capture.h"

#include "engine/base/grow.h"
#include "engine/providers/limits.h"

bool baton_live_capture_init(struct baton_live_capture *capture)
{
    *capture = (struct baton_live_capture){ .arena = baton_arena_new(BATON_LIVE_CAPTURE_BYTES_MAX) };
    return capture->arena != NULL;
}

void baton_live_capture_reset(struct baton_live_capture *capture)
{
    baton_arena_reset(capture->arena);
    *capture = (struct baton_live_capture){ .arena = capture->arena };
}

void baton_live_capture_clear(struct baton_live_capture *capture)
{
    baton_arena_free(capture->arena);
}

static struct baton_str keep(struct baton_live_capture *capture, struct baton_str text)
{
    char *data = baton_arena_copy(capture->arena, text.data, text.length);
    capture->failed = capture->failed || data == NULL;
    return (struct baton_str){ data, data == NULL ? 0 : text.length };
}

void baton_live_capture_header(struct baton_live_capture *capture, struct baton_str name, struct baton_str value)
{
    struct baton_wire_header *headers = baton_grow_arena(capture->arena, capture->headers, capture->header_count,
                                                         &capture->header_capacity, sizeof *headers);
    if (headers == NULL) {
        capture->failed = true;
        return;
    }
    capture->headers = headers;
    headers[capture->header_count++] =
        (struct baton_wire_header){ .name = keep(capture, name), .value = keep(capture, value) };
}

void baton_live_capture_event(struct baton_live_capture *capture, const struct baton_traffic_event *event)
{
    struct baton_traffic_event *events = baton_grow_arena(capture->arena, capture->events, capture->event_count,
                                                          &capture->event_capacity, sizeof *events);
    if (events == NULL) {
        capture->failed = true;
        return;
    }
    capture->events = events;
    events[capture->event_count++] = (struct baton_traffic_event){ .time_ns = event->time_ns,
                                                                   .name = keep(capture, event->name),
                                                                   .data = keep(capture, event->data) };
}
