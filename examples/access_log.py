#!/usr/bin/env python3
"""Half an hour of an NGINX behind an application balancer, made up, for README's example of rates: one client tries passwords, another one does
that behind names of others, which it writes into X-Forwarded-For, and the rest are people.

    python3 examples/access_log.py > access.log

The tests of rates use it, too. The same lines every time.

Threads: one.
"""
import random
import sys
import time

START_S = 1764547200  # 2025-12-01
BRUTE, SLY, VICTIM, USER = "81.2.69.142", "89.160.20.112", "2.125.160.216", "175.16.199.5"


def nginx_line(second, client, path="/", forwarded=None, method="GET", status=200):
    """By way of a balancer at 10.0.0.9, which puts the client at the end of the list."""
    stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(START_S + second))
    forwarded = f"{forwarded}, {client}" if forwarded else client
    return f'10.0.0.9 - - [{stamp}] "{method} {path} HTTP/1.1" {status} 512 "-" "curl/8.5.0" "{forwarded}"\n'


def known_events():
    """Lines in no order, as several processes write them."""
    chance = random.Random(7)
    made = [nginx_line(second, USER, "/login" if second % 50 == 0 else "/") for second in range(0, 1800, 7)]
    made += [nginx_line(300 + i, BRUTE, "/login?x", method="POST", status=401) for i in range(300)]  # one a second for five minutes
    made += [nginx_line(600 + i // 3, SLY, "/login", f"{chance.randrange(1, 200)}.{i % 250}.{i // 250}.9") for i in range(450)]
    made += [nginx_line(1000 + i // 4, SLY, "/login", VICTIM) for i in range(600)]
    made += [nginx_line(1010 + 9 * i, VICTIM, "/login") for i in range(15)]
    made += [nginx_line(1300 + i % 60, f"10.20.{i % 200}.{i % 7}", "/") for i in range(400)]
    chance.shuffle(made)
    return "".join(made)


if __name__ == "__main__":
    sys.stdout.write(known_events())
