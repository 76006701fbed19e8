/* opensearch+http[s]://[USER@]HOST[:PORT][/BASE]/NAME[?pipeline=NAME] as the mapping that a config would have instead,
 *
 *   {url: "http[s]://HOST[:PORT][/BASE]", user: USER, data_stream: NAME, pipeline: NAME}      index: for NAME-{yyyy.MM.dd}
 *
 * and what such a `url` may be.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_OPENSEARCH_URL_H
#define WHEREFROM_OPENSEARCH_URL_H

#include "config/option_value.h"
#include "config/problems.h"

#define OPENSEARCH_URL_PREFIX "opensearch+"
#define OPENSEARCH_HTTP_PORT "9200"
#define DASHBOARDS_HTTP_PORT "5601"

bool opensearch_url_is(const char *text); /* begins with opensearch+ */

/* As a message may show it, with that prefix or without: a user, who may have a password behind him, and a query are "...". */
struct option_shown opensearch_url_shown(const char *text);

/* `at` is where the URL stands (NULL: not known). USER, NAME and the pipeline may be percent-encoded. A password is refused. NULL: a
 * problem was added; what is in the mapping is not checked. */
const struct config_node *opensearch_url_tree(struct arena *arena, const struct problem_scope *scope,
                                              const struct config_node *at, const char *url) WARN_UNUSED;

struct opensearch_server {
    const char *url;   /* in `arena`: with its port, for https 443 where none is given, and without a / at its end */
    struct slice host; /* in it, in lower case; an IPv6 address has its brackets */
    bool tls;
};

/* Reads all of "http[s]://HOST[:PORT][/BASE]"; BASE is segments of letters, digits and . _ ~ -, none of them . or .., so that nobody on the
 * way writes it in another form, which a signature would not fit. `http_port` is that of http where none is given. STATUS_USAGE: it is something else;
 * STATUS_FAILED: out of memory. No problem is added. */
enum status opensearch_url_server(struct arena *arena, const char *text, const char *http_port,
                                  struct opensearch_server *server) WARN_UNUSED;

#endif
