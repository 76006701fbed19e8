"""A step function over addresses becomes the search tree of a MaxMind database, written by mmdb_writer.

mmdb_writer's own insertion takes one network at a time and many minutes for a million. Here the tree is made at once
from the sorted steps, of the writer's node and leaf types, and the writer only numbers, encodes and writes it. Two
rules make the tree the smallest there is: a node with the same leaf on both sides is that leaf, and equal subtrees are
one subtree (a third fewer nodes). IPv4 is such a shared subtree too: it hangs at ::/96, ::ffff:0:0/96 and 2002::/16.
"""
import bisect
import functools
import ipaddress

from mmdb_writer import MmdbF64, MmdbU32, SearchTreeLeaf, SearchTreeNode, TreeWriter

IPV4_PLACES = ("::/96", "::ffff:0:0/96", "2002::/16")

# The writer stores equal values once, and to it the AS number 54 equals the latitude 54.0: the second would be read
# back with the type of the first. Its wrapper types are equal only to themselves, so one wrapper per value.
_uint32 = functools.lru_cache(maxsize=None)(MmdbU32)
_double = functools.lru_cache(maxsize=None)(MmdbF64)


def make_record(country, system, describe):
    """A database record in MaxMind's names; describe(code) gives (continent, latitude, longitude)."""
    record = {}
    if country:
        continent, latitude, longitude = describe(country)
        record["country"] = {"iso_code": country}
        record["continent"] = {"code": continent}
        record["location"] = {"latitude": _double(latitude), "longitude": _double(longitude)}
    if system:
        record["autonomous_system_number"] = _uint32(system[0])
        record["autonomous_system_organization"] = system[1]
    return record


class TreeMaker:
    """Makes trees of several step functions that share their leaves and subtrees. `record` makes a leaf's content."""

    def __init__(self, record):
        self._record = record
        self._leaves = {None: None}
        self._nodes = {}

    def _leaf(self, value):
        if value not in self._leaves:
            self._leaves[value] = SearchTreeLeaf(self._record(value))
        return self._leaves[value]

    def _node(self, left, right):
        if left is right and not isinstance(left, SearchTreeNode):
            return left
        key = (id(left), id(right))
        if key not in self._nodes:
            self._nodes[key] = SearchTreeNode(left, right)
        return self._nodes[key]

    def tree(self, steps, bits):
        """The tree of [(start, value)], which begins at 0, for addresses of so many bits."""
        starts = [start for start, _ in steps]

        def build(base, half, low, high):
            if high - low == 1:
                return self._leaf(steps[low][1])
            middle = base + half
            cut = bisect.bisect_left(starts, middle, low, high)
            follows = cut if cut < high and starts[cut] == middle else cut - 1
            return self._node(build(base, half >> 1, low, cut), build(middle, half >> 1, follows, high))

        return build(0, 1 << (bits - 1), 0, len(starts))

    def graft(self, tree, network, branch):
        """`tree` with `branch` at that IPv6 network in place of what was there. Shared nodes stay as they are."""
        network = ipaddress.ip_network(network)

        def descend(node, depth):
            if depth == network.prefixlen:
                return branch
            left, right = (node.left, node.right) if isinstance(node, SearchTreeNode) else (node, node)
            if int(network[0]) >> (127 - depth) & 1:
                return self._node(left, descend(right, depth + 1))
            return self._node(descend(left, depth + 1), right)

        return descend(tree, 0)


def write_database(path, ipv4_steps, ipv6_steps, record, metadata):
    """Writes the file; `record` makes the content for a value of the steps; metadata: database_type, description,
    build_epoch. The same input gives the same bytes."""
    maker = TreeMaker(record)
    ipv4 = maker.tree(ipv4_steps, 32)
    tree = maker.tree(ipv6_steps, 128)
    for network in IPV4_PLACES:
        tree = maker.graft(tree, network, ipv4)
    fixed = {"ip_version": 6, "binary_format_major_version": 2, "binary_format_minor_version": 0, "languages": []}
    TreeWriter(tree, fixed | metadata).write(path)
