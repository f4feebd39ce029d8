/* bench_cassette.h - what a conversation costs that is replayed from a cassette, for bench.c. */
#ifndef BATON_EVALS_BENCH_CASSETTE_H
#define BATON_EVALS_BENCH_CASSETTE_H

#include <stdbool.h>

struct bench_cassette {
    double conversations_per_second;
    double allocations; /* of the system for each, in steady state */
    double request_bytes;
    double loads_per_second; /* interactions */
};

/* Records conversations of two calls into a file of the folder and replays them. False where something failed. */
bool bench_cassette(struct bench_cassette *out, const char *folder);

#endif
