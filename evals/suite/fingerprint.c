#include "evals/suite/fingerprint.h"

#include "engine/base/json.h"

static uint64_t hash_tree(const struct baton_json *node, uint64_t seed)
{
    uint64_t hash = baton_hash64(node->text.data, node->text.length, seed + node->type + (node->boolean ? 16 : 0));
    for (const struct baton_json *child = node->child; child != NULL; child = child->next) {
        hash = baton_hash64(child->key.data, child->key.length, hash);
        hash = hash_tree(child, hash);
    }
    return hash;
}

void baton_fingerprint_add(struct baton_hash *fingerprint, const struct baton_conversation *conversation)
{
    uint64_t hash = baton_hash64(conversation->id.data, conversation->id.length, 1);
    for (uint32_t i = 0; i < conversation->message_count; i++) {
        const struct baton_message *message = &conversation->messages[i];
        if (message->role == BATON_ROLE_USER) {
            hash = baton_hash64(message->content.data, message->content.length, hash);
            hash = message->expect == NULL ? hash : hash_tree(message->expect, hash);
        }
    }
    hash = conversation->expect == NULL ? hash : hash_tree(conversation->expect, hash);
    baton_fingerprint_merge(fingerprint,
                            (struct baton_hash){ .low = hash, .high = baton_hash64(&(char){ 1 }, 1, hash) });
}

void baton_fingerprint_merge(struct baton_hash *fingerprint, struct baton_hash other)
{
    fingerprint->low += other.low;
    fingerprint->high += other.high;
}
