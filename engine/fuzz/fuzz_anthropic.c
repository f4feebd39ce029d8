/* Any bytes as an answer of Anthropic Messages; see replies.h. */
#include "engine/fuzz/replies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct replies replies;
    return replies_fuzz(&replies, "anthropic", data, size);
}
