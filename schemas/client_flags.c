/* Bits become texts one after the other; hops of one type are said once.
 *
 * Threads: see the header. */
#include "schemas/client_flags.h"

/* The next type among `hops`, in order of names; false: there is no other one. */
static bool next_type(struct client_flags *flags, uint32_t hops, struct slice *type) {
    const struct chain *chain = flags->client->chain;
    while (flags->types_at < chain->hops_count) {
        uint8_t index = chain->by_type[flags->types_at++];
        const char *name = chain->hops[index].type;
        if ((hops >> index & 1) == 0 || (flags->typed != NULL && strcmp(name, flags->typed) == 0)) continue;
        flags->typed = name;
        *type = slice_from(name);
        return true;
    }
    flags->types_at = 0;
    flags->typed = NULL;
    return false;
}

bool client_flags_next(struct client_flags *flags, struct client_flag *flag) {
    const struct client *client = flags->client;
    for (; flags->left != 0; flags->left &= flags->left - 1) {
        enum hop_flag which = (enum hop_flag)__builtin_ctz(flags->left);
        *flag = (struct client_flag){.name = hop_flag_names[which]};
        if (which == HOP_SKIPPED || which == HOP_VIA) {
            if (next_type(flags, which == HOP_VIA ? client->passed : client->skipped, &flag->rest)) return true;
            continue;
        }
        if (which == HOP_BASE) flag->rest = slice_from(verdict_names[client->base]);
        if (which == HOP_VPCE) flag->rest = client->vpce;
        flags->left &= flags->left - 1;
        return true;
    }
    return false;
}
