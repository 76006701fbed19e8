// What the verdicts on the way of a request (hop.verdict) mean, in plain words. `says` continues "12 % ...".

const meanings = new Map(Object.entries({
  ok: ["come from an address that nothing contradicts",
    "It is that of whoever connected, or one that a declared hop stated."],
  "ok-assumed": ["come from an address that is assumed",
    "It holds as far as a hop can be believed that lets through what the client itself wrote."],
  "ok-privatelink": ["come through PrivateLink",
    "The address is one of a customer's own network: it is unique only together with the endpoint that it came by."],
  "spoofed-leftmost": ["claim an address that no trusted hop saw",
    "The client also sent an X-Forwarded-For that names somebody else. The client shown is the one that connected, not the one it claims to be."],
  "client-proxy": ["come from a proxy in the client's own network",
    "The client sent an X-Forwarded-For with an address of a network of its own; the address shown is the proxy's."],
  "claim-garbled": ["claim something that is no address",
    "The client sent an X-Forwarded-For that cannot be read. The client shown is the one that connected."],
  bypass: ["came past the hop that should stand in front",
    "Whoever connected is no declared hop and is taken for the client: somebody reaches the service by a side door."],
  "all-trusted": ["have only hops of your own on their way",
    "Every address belonged to a declared hop; the outermost one is shown."],
  "peer-invalid": ["have no address of whoever connected", "What the log says about the connection is no address."],
  "hop-unexpected": ["came by a hop in the wrong place", "A hop connected where another one was declared; whoever stands behind it is not known."],
  "xff-missing": ["lack the X-Forwarded-For of a hop", "A hop that should have written it did not, or the log does not hold it."],
  "xff-unknown": ["have a hop that says \u201cunknown\u201d", "The X-Forwarded-For has the word unknown in place of the client."],
  "xff-obfuscated": ["have a hop that hides the client", "The header has a made-up name in place of the client's address."],
  "xff-garbled": ["have an X-Forwarded-For that cannot be read", "Where a trusted hop should have written an address there is something else."],
  "xff-untrusted": ["have nothing but the client's own word", "A hop let the client's own header through, and nobody outside of it is declared."],
  "xff-removed": ["had the X-Forwarded-For taken away", "A hop is set to remove it, so nothing tells who the client is."],
  "origin-unverified": ["lack the secret of the hop in front", "The secret header is missing or wrong: they did not come by your own distribution."],
  "pp-missing": ["lack the PROXY header", "The balancer in front should send the client's address in a PROXY header, and did not."],
  "pp-local": ["are health checks of a proxy", "The proxy itself spoke; there is no client behind it."],
  "pp-garbled": ["have a PROXY header that cannot be read", "So nothing tells who the client is."],
  "header-missing": ["lack the header with the client's address", "A hop should have written it, or the log does not hold it."],
  "header-garbled": ["have a client header that cannot be read", "The header that should have the client's address has something else."],
  "cf-edge-only": ["show only an edge of CloudFront", "This log has no header that would tell who stands behind it."],
  "ga-nat": ["come through Global Accelerator without their address", "It does not keep the client's address here; its flow logs know it."],
  "nlb-nat": ["come through a network balancer without their address", "It neither keeps the client's address nor sends a PROXY header."],
}));

export function meaningOf(name) {
  const known = meanings.get(name);
  const [says, why] = known ?? ["are named so by your chain", "A name of your own, from the chain that you declared."];
  return { says, why };
}
