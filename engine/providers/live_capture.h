/* live_capture.h - what is kept of an attempt for whoever records it (traffic.h): headers and events, as they came.
 *
 * Owns:     its arena, until baton_live_capture_clear(); what it holds lives until the next reset.
 * Errors:   a lack of memory shows in `failed`, once for all.
 */
#ifndef BATON_ENGINE_PROVIDERS_LIVE_CAPTURE_H
#define BATON_ENGINE_PROVIDERS_LIVE_CAPTURE_H

#include "engine/wire/traffic.h"

struct baton_live_capture {
    struct baton_arena *arena;
    struct baton_wire_header *headers;
    struct baton_traffic_event *events;
    uint32_t header_count, header_capacity, event_count, event_capacity;
    bool failed;
};

/* False when out of memory. */
bool baton_live_capture_init(struct baton_live_capture *capture);
void baton_live_capture_reset(struct baton_live_capture *capture);
void baton_live_capture_clear(struct baton_live_capture *capture);

void baton_live_capture_header(struct baton_live_capture *capture, struct baton_str name, struct baton_str value);
void baton_live_capture_event(struct baton_live_capture *capture, const struct baton_traffic_event *event);

#endif
