"""The HTTP client and a server that misbehaves: what each trouble is called, and that it ends.

Threads: one.
"""
from servers import free_port

LARGE = 8000000  # more than the kernel holds of what nobody reads


def url(faults):
    return f"http://127.0.0.1:{faults.port}"


def test_not_connected(bench, _, faults):
    with bench.drive(f"http://127.0.0.1:{free_port()}") as driver:
        for size in (0, LARGE):
            bench.trouble(driver.ask("POST", "/", size), "not_connected", ["Couldn't connect", "Failed to connect"], "nobody listens")
    with bench.drive("http://nowhere.invalid") as driver:
        bench.trouble(driver.ask("GET", "/"), "not_connected", ["resolve"], "no such host")
    # a server that speaks no TLS, and says nothing
    with bench.drive(f"https://127.0.0.1:{faults.port}", connect_ms=500) as driver:
        bench.trouble(driver.ask("GET", "/"), "not_connected", ["timeout", "timed out"], "no TLS in time")


def test_silence(bench, _, faults):
    """Also while a body goes out that nobody reads."""
    with bench.drive(url(faults), silence_s=1) as driver:
        for path in ("/hang", "/half"):
            for size in (0, 1000):
                bench.trouble(driver.ask("POST", path, size), "timed_out", ["too slow"], f"{path} {size}")
        bench.replied(driver.ask("POST", "/digest", 1000), 200, "the next one")


def test_total(bench, _, faults):
    with bench.drive(url(faults), total_ms=700) as driver:
        for path in ("/hang", "/half", "/drip", "/head-endless"):
            answer = driver.ask("POST", path, 1000, 0)
            if path == "/head-endless":
                bench.trouble(answer, "cut_off", ["header"], path)
            else:
                bench.trouble(answer, "timed_out", ["timed out"], path)
        bench.check(driver.ask("POST", "/drip", 1000, 0)["reply_bytes"] > 0, "bytes came")
        bench.replied(driver.ask("POST", "/digest", 1000), 200, "the next one")


def test_cut_off(bench, _, faults):
    with bench.drive(url(faults)) as driver:
        for path, words in (("/cut", ["outstanding read data", "transfer closed"]), ("/nothing", ["Empty reply"]), ("/reset", ["reset"]),
                            ("/garbage", ["HTTP/0.9"])):
            for size in (0, 1000, LARGE):
                bench.trouble(driver.ask("POST", path, size), "cut_off", words, f"{path} {size}")
        for size in (0, LARGE):
            bench.trouble(driver.ask("POST", "/reset-early", size), "cut_off", ["reset", "Broken pipe", "Empty reply", "Send failure"],
                          f"/reset-early {size}")
        answer = driver.ask("POST", "/cut-503", 1000)
        bench.replied(answer, 503, "a status that stands")
        bench.equal(answer["retry_after_ms"], 2000, "and what came with it")
        bench.replied(driver.ask("POST", "/digest", 1000), 200, "the next one")


def test_early_replies(bench, _, faults):
    with bench.drive(url(faults)) as driver:
        for size in (1000, LARGE):
            for _ in range(5):
                answer = driver.ask("POST", "/413", size)
                bench.replied(answer, 413, f"413 {size}")
                bench.equal(answer["reply"], "", "its body")
            answer = driver.ask("POST", "/400-early", size)
            bench.replied(answer, 400, f"400 {size}")
            bench.equal(answer["reply"], "too early", "its body")
        bench.replied(driver.ask("POST", "/digest", 1000), 200, "the next one")


def test_too_large(bench, _, faults):
    with bench.drive(url(faults)) as driver:
        for path in ("/huge", "/endless", "/drip"):
            bench.trouble(driver.ask("POST", path, 10, 20), "too_large", ["too large"], path)
            if path != "/drip":
                answer = driver.do("send", 1, "POST", path, 10)
                bench.trouble(answer, "too_large", ["too large"], path)
                bench.check(900000 < answer["reply_bytes"] <= 1048576, f"{path}: {answer['reply_bytes']} bytes were taken")
        answer = driver.ask("POST", "/400-early", 10, 10)
        bench.equal((answer["status"], answer["reply"]), (400, "too early"), "a reply that fills its room")
        answer = driver.ask("POST", "/400-early", 10, 9)
        bench.equal((answer["status"], answer["reply"]), (400, ""), "one more byte: the status stands")


def test_retry_after(bench, _, faults):
    with bench.drive(url(faults)) as driver:
        for path, least_ms, most_ms in (("/retry-seconds", 7000, 7000), ("/retry-date", 60000, 121000), ("/retry-past", 0, 0),
                                        ("/retry-long", 900000, 900000), ("/retry-words", 0, 0), ("/retry-not", 0, 0)):
            answer = driver.ask("POST", path, 1000)
            bench.replied(answer, 429, path)
            bench.check(least_ms <= answer["retry_after_ms"] <= most_ms, f"{path}: {answer['retry_after_ms']} ms")


def test_kept_connection_closed(bench, _, faults):
    """Each request after a connection's first meets a closed one: it is sent again, with its whole body."""
    for path in ("/race", "/race-reset"):
        with bench.drive(url(faults)) as driver:
            for size in (0, 1000, LARGE):
                before = len(faults.connections)
                for _ in range(6):
                    bench.replied(driver.ask("POST", path, size), 200, f"{path} {size}")
                bench.check(len(faults.connections) - before >= 5, f"{path}: {len(faults.connections) - before} connections")
            for size in (1000, LARGE):
                for answer in driver.send(8, "POST", path, size, "gzip", how="chain"):
                    bench.replied(answer, 200, f"{path} {size} gzip")
    sizes = [int(headers.get("content-length", 0)) for _, _, path, headers in faults.requests if path == "/race"]
    bench.check(sizes.count(LARGE) > 6, "large ones were sent more than once")


def test_redirect(bench, _, faults):
    with bench.drive(url(faults)) as driver:
        bench.replied(driver.ask("POST", "/redirect", 1000), 307, "not followed")


def test_cancel(bench, _, faults):
    with bench.drive(url(faults)) as driver:
        for count, path in enumerate(("/hang", "/drip", "/half"), 1):
            bench.equal(driver.do("begin", "POST", path, 1000)["in_flight"], count, "in flight")
        for i in range(3):
            answer = driver.do("cancel") if i == 0 else driver.answer()
            bench.trouble(answer, "cancelled", ["given up"], "cancelled")
        bench.equal(driver.answer()["in_flight"], 0, "in flight")
        bench.replied(driver.ask("POST", "/digest", 1000), 200, "the next one")
        driver.do("begin", "POST", "/hang", 1000)
        code, text = driver.end()  # which cancels
        bench.equal((code, text), (0, ""), "exit code, stderr")
        bench.trouble(driver.answer(), "cancelled", ["given up"], "cancelled by the end")
        driver.process.stdin = open("/dev/null", "wb")
        driver.process.stderr = open("/dev/null", "rb")


def test_wake(bench, _, faults):
    with bench.drive(url(faults)) as driver:
        bench.check(driver.do("wake", 60000)["took_ms"] < 30000, "a wait ends when somebody wakes it")
        driver.do("begin", "POST", "/hang", 1000)
        bench.check(driver.do("wake", 60000)["took_ms"] < 30000, "also with a request on its way")
        driver.do("cancel")
        driver.answer()
