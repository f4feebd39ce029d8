/* traffic.h - one model call as it went over the wire, for whoever records it.
 *
 * A live provider hands each call that the run loop is about to use to a sink first: what has been used has been recorded.
 * Attempts that are made again are not shown.
 */
#ifndef BATON_ENGINE_WIRE_TRAFFIC_H
#define BATON_ENGINE_WIRE_TRAFFIC_H

#include "engine/wire/codec.h"

struct baton_wire_header {
    struct baton_str name, value;
};

struct baton_wire_headers {
    const struct baton_wire_header *items;
    size_t count;
};

struct baton_traffic_event {
    uint64_t time_ns; /* from the start of the call */
    struct baton_str name, data;
};

/* All of it is borrowed until take() returns. Nothing of it is redacted. */
struct baton_traffic {
    const struct baton_request *asked;
    const struct baton_codec *codec;
    struct baton_str model;
    struct baton_str request; /* the body that was sent */
    unsigned status;
    struct baton_wire_headers headers; /* of the reply */
    bool is_stream;
    struct baton_str body;                    /* where it is no stream */
    const struct baton_traffic_event *events; /* where it is one */
    size_t event_count;
    int64_t ttft_ns; /* to the first text, or BATON_TIME_UNKNOWN */
    uint64_t total_ns;
};

struct baton_traffic_sink {
    /* An error ends the exchange; the reply is not used. Called on the thread of the call, by many at once. */
    enum baton_status (*take)(struct baton_traffic_sink *sink, const struct baton_traffic *traffic,
                              struct baton_error *err);
};

#endif
