#include "sim/cassette/route.h"

#include "engine/wire/codecs.h"

const struct baton_cassette_header *baton_route_header(const struct baton_replay_options *options)
{
    static const struct baton_cassette_header none = { .is_by_order = false };
    return options->cassette->file_count > 0 ? &options->cassette->files[0].header : &none;
}

enum baton_status baton_route_find(const struct baton_replay_options *options, const struct baton_agent *agent,
                                   const struct baton_codec **codec, struct baton_str *model, struct baton_error *err)
{
    const struct baton_cassette_header *header = baton_route_header(options);
    struct baton_str name = header->provider.length > 0 ? header->provider : agent->provider;
    *model = options->model.length > 0 ? options->model : header->model;
    *codec = options->codec;
    if (*codec == NULL && name.length > 0) {
        *codec = baton_codec_find(name);
    } else if (*codec == NULL) {
        *codec = options->cassette->codec;
    }
    return *codec != NULL ? BATON_OK
                          : baton_error_set(err, BATON_EUSAGE,
                                            "nothing says in which format agent '%.*s' was asked: give it a 'provider' "
                                            "that baton speaks in the agents file",
                                            BATON_STR_ARGS(agent->name));
}
