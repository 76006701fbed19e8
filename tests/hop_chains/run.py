#!/usr/bin/env python3
"""Clients lie to real proxies, several of them one behind the other, and each one's log has to tell who the client is.

    run.py --wherefrom PATH

NGINX, HAProxy and Envoy make up sites of one to four hops (sites.py). Every request comes from an address of its own with one of many
forged headers (forgeries.py) and enters a site at its edge or, past the edge, at a step within. Then wherefrom reads the log of every
step with the one chain that is declared for the site: the client is who connected, never who a header names nor one of the hops, and the
verdict says what kind of lie it was. What is expected follows from how a request was sent, not from how chains are walked.

Threads: one, and one for each log that HAProxy sends.
"""
import contextlib
import dataclasses
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "cli"), str(HERE.parent / "proxies")]
from addresses import enter_namespace  # noqa: E402
from black_box import Program, Report, argument_parser, at, parse_lines, scratch  # noqa: E402
from expectations import Expected, Sent, check_record, check_seen, settle  # noqa: E402
from forgeries import LIE, forgeries, forwarded_forgeries  # noqa: E402
from servers import Server, free_port, installed, request, send, wait_for  # noqa: E402
import pp_cases  # noqa: E402
import pp_fronts  # noqa: E402
import sites as made_of  # noqa: E402

LOG_WAIT_SECONDS = 10
ENVOY = "build/envoy/lib/python3*/site-packages/envoy/_bin/envoy"  # where ./dev test puts it


def send_forgeries(plan, site, entered):
    """One request for each forgery, straight to a step of the site. {path: Sent}"""
    kinds, header = (forwarded_forgeries, "Forwarded") if site.chain == "forwarded" else (forgeries, "X-Forwarded-For")
    sent = {}
    for number in range(len(kinds(plan, "192.0.2.1"))):
        address = plan.client(version_6=number % 4 == 3)
        forgery = kinds(plan, address)[number]
        own = forgery.headers(header)
        if site.name == "stranger":
            own += [f"CloudFront-Viewer-Address: {LIE}:1", *["X-Origin-Verify: a-guess"] * (number % 2)]
        path = f"/{site.name}/{entered}/{forgery.name}"
        port = send(site.steps[entered].port, address, request(path, *own), half_close=False)
        sent[path] = Sent(address, port, forgery, entered)
    return sent


def wait_for_lines(step, paths):
    """Until the step's log has a line for each path."""
    for _ in range(LOG_WAIT_SECONDS * 20):
        text = step.text()
        missing = [path for path in paths if path.encode() not in text]
        if not missing:
            return
        time.sleep(0.05)
    raise RuntimeError(f"{step.name}: the log has no line of {', '.join(missing[:5])}")


def expect(plan, site, step, sent):
    """By how the request was sent and by what the hops on its way do with it."""
    forgery, outside = sent.forgery, step.number - sent.entered
    if forgery.lines == ["-"] and outside == 0 and step.server != "envoy":
        forgery = dataclasses.replace(forgery, verdict="ok", claim=None)  # they write that for a header that is not there
    through_edge = site.chain == "viewer" and sent.entered == 0 and outside > 0
    how = "header" if through_edge else "forwarded" if site.chain == "forwarded" else "xff"
    expected = Expected(sent.address, forgery.verdict, forgery.claim, provenance=how if outside > 0 else "peer", flags=set(forgery.flags))
    if outside == 0 or how == "header" or site.name == "ports":
        expected.port = sent.port
    if outside > 0:
        expected.via = site.steps[sent.entered].connects_from
    if outside > 0 and site.name == "forwarded" and ":" in sent.address:
        expected.flags.add("quoted")
    if site.name == "replace" and outside > 0:
        expected.verdict, expected.claim, expected.flags = "ok", None, set()
    elif site.name == "remove" and outside > 0:
        expected = Expected(None, "xff-removed", None, "xff-removed", provenance="none", via=expected.via)
    elif site.name == "stranger" and sent.entered == 0 and outside > 0:
        expected = Expected(None, "origin-unverified", forgery.claim or sent.address, "origin-unverified", provenance="none", via=plan.strange,
                            flags={"claim", *forgery.flags})
    elif site.name == "shortcut":
        expected.verdict = expected.base = "bypass" if outside == 0 else "hop-unexpected"
        if outside > 0:
            expected = Expected(None, "hop-unexpected", forgery.claim or sent.address, "hop-unexpected", provenance="none", via=plan.haproxy,
                                flags={"claim", *forgery.flags})
    elif sent.entered > 0:
        expected.verdict = expected.base = "bypass"
    elif site.name == "preserve" and step.number == 2:
        expected.base, expected.via = "ok-assumed", site.steps[1].connects_from
        expected.verdict = forgery.verdict if forgery.verdict != "ok" else expected.base
        expected.flags.add("assumed-chain")
    return settle(plan, expected)


def without_columns(expected, server):
    """What the usual formats cannot say: NGINX's has no port, Envoy's does not have the peer but as the last entry of the list."""
    if server == "nginx":
        return dataclasses.replace(expected, port=expected.port if expected.provenance != "peer" else None)
    return dataclasses.replace(expected, port=None, provenance="xff")


def reader(program, folder):
    """A function (text of a log, arguments) -> records; every line has to be one."""
    def read_log(text, *arguments):
        run = program.run("run", "--quiet", "--no-geo", "-c", folder / "wherefrom.yaml", *arguments, stdin=text)
        if run.code != 0:
            raise RuntimeError(f"exit status {run.code}: {run.err}")
        if made_of.SECRET.encode() in run.out:
            raise RuntimeError("the secret is in the output")
        return parse_lines(run.out)

    return read_log


def check_step(read_log, report, plan, site, step, sent):
    """All logs of one step."""
    passed = {path: one for path, one in sent.items() if one.entered <= step.number}
    chain = "direct" if step.type in ("cdn", "strange") else site.chain
    for what, text, arguments in step.logs():
        if what == "common" and (site.chain in ("forwarded", "viewer") or site.name == "two-envoy" and step.server == "envoy"):
            continue  # has no column for that header, or none for the peer that Envoy has here
        with report.group(f"{site.name}, {step.number} deep: {step.type}, {what}"):
            records = {at(record, "url.path"): record for record in read_log(text, "--chain", chain, *arguments)}
            report.equal(sorted(set(passed) - set(records)), [], "requests without a record")
            for path, one in passed.items():
                expected = expect(plan, site, step, one)
                if what == "common":
                    expected = without_columns(expected, step.server)
                if what == "common" and step.server == "envoy" and "ambiguous" in (at(records[path], "log.flags") or []):
                    report.check("client" not in records[path] and '"' in one.forgery.lines[0], f"{path}: in doubt, and a client")
                    continue
                check_record(report, f"{path} ({one.address})", plan, records[path], expected)


def all_steps(sites):
    return [step for site in sites.values() for step in site.steps]


@contextlib.contextmanager
def servers(folder, plan, sites, fronts, envoy):
    with contextlib.ExitStack() as stack:
        (folder / "nginx.conf").write_text(made_of.nginx_config(plan, folder, sites, fronts.nginx_stream(), fronts.nginx_http()))
        (folder / "haproxy.cfg").write_text(made_of.haproxy_config(plan, sites, fronts.haproxy()))
        (folder / "envoy.json").write_text(made_of.envoy_config(plan, sites, *fronts.envoy()))
        stack.enter_context(Server([installed("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder)]))
        stack.enter_context(Server([installed("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]))
        if envoy:
            stack.enter_context(Server([str(envoy), "-c", str(folder / "envoy.json"), "--file-flush-interval-msec", "50", "--concurrency", "1",
                                        "--disable-hot-restart", "--use-dynamic-base-id"]))
        for port in [step.port for step in all_steps(sites)] + [port for front in fronts.fronts for port in front.ports.values()]:
            wait_for(port)
        yield


def check_sites(read_log, report, plan, sites):
    """Returns how many requests were sent."""
    sent = {}
    for site in sites.values():
        entrances = range(len(site.steps) if site.chain not in ("preserve", "remove") and site.name != "shortcut" else 1)
        sent[site.name] = {}
        for entered in entrances:
            if site.steps[entered].does != "unseen":
                sent[site.name].update(send_forgeries(plan, site, entered))
    for site in sites.values():
        for step in site.steps:
            if step.does == "unseen":
                continue
            wait_for_lines(step, [path for path, one in sent[site.name].items() if one.entered <= step.number])
            check_step(read_log, report, plan, site, step, sent[site.name])
    return sum(len(paths) for paths in sent.values())


def main():
    options = argument_parser(__doc__.split("\n", maxsplit=1)[0]).parse_args()
    program, report = Program(options.wherefrom), Report()
    missing = [name for name in ("nginx", "haproxy", "openssl") if installed(name) is None]
    if missing:
        print(f"not run: {' and '.join(missing)} not installed (./dev test installs them)")
        return 77  # skipped, for ctest
    envoy = next(HERE.parents[1].glob(ENVOY), None)
    if envoy is None:
        print("NOT TESTED: Envoy, which is not installed (./dev test installs it)")
    plan = enter_namespace()
    if not plan.is_world:
        print("NOT TESTED: IPv6 and global addresses, as no network namespace may be made here")
    with scratch() as folder, contextlib.ExitStack() as stack:
        (folder / "wherefrom.yaml").write_text(made_of.wherefrom_config(plan))
        sites = made_of.make_sites(plan, folder, envoy is not None)
        for step in made_of.steps_of(sites, "haproxy"):
            stack.callback(step.log.stop, settle_seconds=0)
        sink = pp_fronts.Capture()
        stack.callback(sink.stop)
        targets = {"plain": free_port(), "realip": free_port(), "lines": free_port(), "capture": sink.port}
        fronts = pp_fronts.Fronts(plan, folder, targets, envoy is not None)
        with servers(folder, plan, sites, fronts, envoy):
            read_log = reader(program, folder)
            requests = check_sites(read_log, report, plan, sites)
            requests += pp_cases.check_all(program, read_log, report, fronts, sink)
    check_seen(report)
    print(f"{requests} requests and connections")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
