/* The walk is taken once more, and each of its steps becomes a sentence: what the program does is what is told.
 *
 * Threads: see the header. */
#include "app/explain.h"

#include "base/check.h"
#include "schemas/client_facts.h"

struct explanation {
    FILE *out;
    const struct resolve_case *resolve_case;
    const struct client *client;
    uint32_t lines;
};

/* Why the walk stops, and what may help; a verdict of a hop that hides the client has neither. */
static const struct {
    const char *why, *help;
} reasons[VERDICTS_BUILT_IN] = {
    [VERDICT_XFF_MISSING] = {"there is no entry for it", "is it set to append, and does the log hold the header?"},
    [VERDICT_XFF_UNKNOWN] = {"it did not know who connected to it", "make it write addresses"},
    [VERDICT_XFF_OBFUSCATED] = {"it does not say who connected to it (RFC 7239 section 6.3)",
                                "make it write addresses"},
    [VERDICT_XFF_GARBLED] = {"that is no address, and what is left of it may be forged", "what does it write there?"},
    [VERDICT_XFF_UNTRUSTED] = {"it lets the client's own header through, and no hop outside of it is declared",
                               "set it to append, or declare who is outside"},
    [VERDICT_XFF_REMOVED] = {"it drops the header", "set it to append"},
    [VERDICT_ORIGIN_UNVERIFIED] = {"its secret header is missing or wrong: it may be somebody else's",
                                   "does the log hold the header?"},
    [VERDICT_PP_MISSING] = {"there is no PROXY header for it", "turn on the PROXY protocol there"},
    [VERDICT_PP_LOCAL] = {"its PROXY header is about its own connection, such as a health check, or no TCP",
                          "there is no client"},
    [VERDICT_PP_GARBLED] = {"its PROXY header has no source that can be", "what does it send?"},
    [VERDICT_HEADER_MISSING] = {"its header is not there", "does it send the header, and does the log hold it?"},
    [VERDICT_HEADER_GARBLED] = {"its header is no address", "what does it write there?"},
};

/* --- pieces ----------------------------------------------------------------------------------------- */

/* Anybody's bytes, fit for a terminal. */
struct shown {
    char text[96];
};

static struct shown shown(struct slice text) {
    struct shown to = {"\""};
    size_t bytes = text.len <= CLAIM_BYTES_MAX ? text.len : CLAIM_BYTES_MAX, at = 1;
    while (bytes < text.len && bytes > 0 && ((unsigned char)text.ptr[bytes] & 0xc0) == 0x80) bytes--;
    for (size_t i = 0; i < bytes; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        /* C1 controls are two bytes in UTF-8, the first of which begins other characters, too */
        bool control = byte < 0x20 || byte == 0x7f ||
                       (byte == 0xc2 && i + 1 < bytes && (unsigned char)text.ptr[i + 1] < 0xa0);
        to.text[at++] = control ? '?' : (char)byte;
        i += control && byte == 0xc2;
    }
    snprintf(to.text + at, sizeof to.text - at, "\"%s", bytes < text.len ? " (cut)" : "");
    return to;
}

static struct shown shown_ip(const struct ip *ip) {
    struct shown to;
    _Static_assert(sizeof to.text > IP_TEXT_BYTES_MAX, "room for an address");
    to.text[ip_format(ip, to.text)] = '\0';
    return to;
}

/* As entries of X-Forwarded-For have it. */
static struct shown shown_endpoint(const struct ip *ip, uint32_t port) {
    struct shown to, address = shown_ip(ip);
    bool brackets = port != 0 && !ip_is_v4(ip);
    int bytes = snprintf(to.text, sizeof to.text, "%s%.48s%s", brackets ? "[" : "", address.text, brackets ? "]" : "");
    if (port != 0) snprintf(to.text + bytes, sizeof to.text - (size_t)bytes, ":%u", port);
    return to;
}

static void begin_line(struct explanation *to) {
    fprintf(to->out, "  %u. ", ++to->lines);
}

static void begin_hop(struct explanation *to, const struct walk_step *step) {
    begin_line(to);
    fprintf(to->out, "hop %u %s: ", step->hop + 1u, to->client->chain->hops[step->hop].type);
}

static const char *list_name(const struct explanation *to) {
    return to->resolve_case->evidence.forwarded ? "Forwarded" : "X-Forwarded-For";
}

/* --- steps ------------------------------------------------------------------------------------------ */

static void tell_peer(struct explanation *to, const struct address_token *peer) {
    begin_line(to);
    if (peer->kind == TOKEN_ADDRESS)
        fprintf(to->out, "the log's peer is %s\n", shown_endpoint(&peer->ip, peer->port).text);
    else
        fprintf(to->out, "the log's peer, %s, is no address: there is nothing to begin with\n",
                shown(to->resolve_case->peer).text);
}

static void tell_took(struct explanation *to, const struct walk_step *step) {
    const struct chain *chain = to->client->chain;
    const struct hop *hop = &chain->hops[step->hop];
    struct shown address = shown_endpoint(&step->token.ip, step->token.port);
    if (hop->carrier == CARRIER_PP)
        fprintf(to->out, "its PROXY header says %s", address.text);
    else if (hop->carrier == CARRIER_HEADER)
        fprintf(to->out, "its %s says %s", chain->headers[hop->header], address.text);
    else
        fprintf(to->out, "it appended %s", address.text);
    if (hop->carrier == CARRIER_PP && step->text.len > 0) {
        fprintf(to->out, " of the VPC of %s", shown(step->text).text);
    } else if (hop->carrier != CARRIER_PP && !slice_equal(token_trim(step->text), slice_from(address.text))) {
        fprintf(to->out, ", written %s", shown(step->text).text);
    }
    fputs(" (believed)\n", to->out);
}

/* The bytes in question stand in front of what is wrong with them. */
static void tell_stopped(struct explanation *to, const struct walk_step *step) {
    const struct hop *hop = &to->client->chain->hops[step->hop];
    if (step->verdict == VERDICT_ALL_TRUSTED) {
        fputs("there is no entry left: all-trusted, and this is the outermost one of them\n", to->out);
        return;
    }
    if (step->text.len > 0) {
        const char *how = hop->carrier == CARRIER_HEADER ? "its header says" : "it wrote";
        fprintf(to->out, "%s %s: ", how, shown(step->text).text);
    }
    if (step->verdict >= VERDICTS_BUILT_IN || reasons[step->verdict].why == NULL) {
        fprintf(to->out, "it hides who connected to it: %s\n", verdict_names[step->verdict]);
        return;
    }
    const char *why = reasons[step->verdict].why;
    if (step->verdict == VERDICT_XFF_GARBLED && step->text.len == 0)
        why = to->client->flags >> HOP_XFF_TRUNCATED & 1
                  ? "its entry is not in the part of the header that is looked at"
                  : "there are too many empty entries";
    fprintf(to->out, "%s: %s; %s\n", why, verdict_names[step->verdict], reasons[step->verdict].help);
}

static void tell_claim(struct explanation *to, struct slice text) {
    const struct client *client = to->client;
    begin_line(to);
    fprintf(to->out, "what is left of %s, %s, is the client's own word: ", list_name(to), shown(text).text);
    fprintf(to->out, "%s\n",
            !client->resolved                             ? "not believed"
            : (client->flags >> HOP_XFF_IGNORED & 1) != 0 ? "ignored"
            : (client->flags >> HOP_BASE & 1) != 0        ? verdict_names[client->verdict]
                                                          : "it says the same");
}

static void tell_mismatch(struct explanation *to, const struct walk_step *step) {
    begin_line(to);
    fprintf(to->out, "its entry in %s says ", list_name(to));
    fprintf(to->out, "%s instead: that is not believed, flag carrier-mismatch\n",
            step->text.len > 0 ? shown(step->text).text : "nothing");
}

static void tell_end(struct explanation *to) {
    if ((to->client->flags >> HOP_XFF_TRUNCATED & 1) == 0) return;
    begin_line(to);
    fprintf(to->out, "only the last %u bytes of %s were looked at\n", LIST_WINDOW_BYTES, list_name(to));
}

static void tell_step(void *context, const struct walk_step *step) {
    struct explanation *to = context;
    struct shown now = step->token.kind == TOKEN_ADDRESS ? shown_ip(&step->token.ip) : (struct shown){"-"};
    switch (step->event) {
    case WALK_PEER: tell_peer(to, &step->token); break;
    case WALK_TRANSPARENT:
        begin_hop(to, step);
        fputs("leaves no trace, and the address is still the one of who connected to it\n", to->out);
        break;
    case WALK_SKIPPED:
        begin_hop(to, step);
        fprintf(to->out, "%s is none of its peers; it is optional, and was not on the way\n", now.text);
        break;
    case WALK_REPEATED:
        begin_hop(to, step);
        fprintf(to->out, "%s is none of its peers: there are no more of them on the way\n", now.text);
        break;
    case WALK_BYPASS:
        begin_hop(to, step);
        fprintf(to->out, "%s is none of its peers: whoever that is came past it\n", now.text);
        break;
    case WALK_MATCHED:
        begin_hop(to, step);
        fprintf(to->out, "%s is one of its peers; ", now.text);
        break;
    case WALK_ASSUMED:
        fprintf(to->out,
                "it lets the header through as it came, so that hop %u %s is assumed to be there: ", step->hop + 2u,
                to->client->chain->hops[step->hop + 1].type);
        break;
    case WALK_TOOK: tell_took(to, step); break;
    case WALK_MISMATCH: tell_mismatch(to, step); break;
    case WALK_STOPPED: tell_stopped(to, step); break;
    case WALK_OWN:
        begin_line(to);
        fprintf(to->out, "%s is an address of your own hops: %s\n", now.text,
                to->client->resolved ? "the outermost that is known, and maybe no client"
                                     : "it came another way than declared, and who is behind it is not known");
        break;
    case WALK_CLAIM: tell_claim(to, step->text); break;
    case WALK_END: tell_end(to); break;
    case WALK_WRITER: ASSERT(false); /* a case has no such hop */
    }
}

/* --- the case --------------------------------------------------------------------------------------- */

static void tell_without_chain(struct explanation *to) {
    tell_peer(to, &to->resolve_case->evidence.peer);
    if (!to->client->resolved) return;
    begin_line(to);
    fputs("no chain is declared, so that it is taken for the client; name a chain, or direct when nobody stands in "
          "between\n",
          to->out);
    if ((to->client->flags >> HOP_EVIDENCE_UNUSED & 1) == 0) return;
    begin_line(to);
    fputs("headers of proxies are there, and nobody has said what to make of them\n", to->out);
}

void explain(FILE *out, uint64_t number, const struct resolve_case *resolve_case, const struct client *client) {
    const struct chain *chain = resolve_case->chain;
    struct explanation to = {.out = out, .resolve_case = resolve_case, .client = client};
    const char *name = chain == NULL ? "no chain" : chain == resolve_case->own ? "chain of its own" : chain->name;
    fprintf(out, "case %llu (%s%s): ", (unsigned long long)number,
            chain != NULL && chain != resolve_case->own ? "chain " : "", name);
    if (client->resolved)
        fprintf(out, "client %s, %s, trust %u\n", shown_endpoint(&client->ip, client->port).text,
                verdict_names[client->verdict], client->trust);
    else
        fprintf(out, "no client, %s\n", verdict_names[client->verdict]);
    if (chain == NULL) {
        tell_without_chain(&to);
        return;
    }
    struct client again;
    resolve_case_walk(resolve_case, &again, (struct walk_observer){tell_step, &to});
}
