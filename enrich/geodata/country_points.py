"""One point on land for each country, from Natural Earth's shapes (TopoJSON, 1:10 million).

The point is the pole of inaccessibility of the largest polygon: the place farthest from every border and shore.
A mean of coordinates would fall into the sea for Croatia, into Senegal for the Gambia, and into Canada for the
United States with Alaska. It is rounded to one decimal (11 km), which says no more than is known of an address
that is only "in this country", and to more decimals where the country is so small that the point would leave it.
"""
import heapq
import math

from country_table import COUNTRIES, PLACES, POINTS, SHAPE_NAMES


class Polygon:
    """An outer ring and its holes, as edges in a plane where x is longitude shrunk to the scale of latitude."""

    def __init__(self, rings):
        self.corners = rings[0]
        self.west, self.east = min(x for x, _ in rings[0]), max(x for x, _ in rings[0])
        self.south, self.north = min(y for _, y in rings[0]), max(y for _, y in rings[0])
        self.scale = math.cos(math.radians((self.south + self.north) / 2))
        self.edges = [
            (x1 * self.scale, y1, x2 * self.scale, y2)
            for ring in rings
            for (x1, y1), (x2, y2) in zip(ring, ring[1:])
        ]

    def area(self):
        outer = self.edges[: len(self.corners) - 1]
        return abs(sum(x1 * y2 - x2 * y1 for x1, y1, x2, y2 in outer)) / 2

    def clearance(self, longitude, latitude):
        """Distance to the nearest edge in degrees of latitude: above zero inside, below zero outside."""
        x, y, inside, nearest = longitude * self.scale, latitude, False, math.inf
        for x1, y1, x2, y2 in self.edges:
            dx, dy = x2 - x1, y2 - y1
            if (y1 > y) != (y2 > y) and x < dx * (y - y1) / dy + x1:
                inside = not inside
            length = dx * dx + dy * dy
            along = min(1.0, max(0.0, ((x - x1) * dx + (y - y1) * dy) / length)) if length else 0.0
            squared = (x1 + along * dx - x) ** 2 + (y1 + along * dy - y) ** 2
            if squared < nearest:
                nearest = squared
        return math.sqrt(nearest) if inside else -math.sqrt(nearest)

    def pole(self):
        """(longitude, latitude) of the greatest clearance, within 1 % of the polygon's smaller extent.

        Best first over squares: none inside a square is clearer than its centre by more than half its diagonal.
        """
        wide, high = (self.east - self.west) * self.scale, self.north - self.south
        half, tolerance = min(wide, high) / 2, min(wide, high) / 100
        queue, best = [], (-math.inf, 0.0, 0.0)

        def push(longitude, latitude, half):
            nonlocal best
            clear = self.clearance(longitude, latitude)
            best = max(best, (clear, longitude, latitude))
            heapq.heappush(queue, (-clear - half * math.sqrt(2), longitude, latitude, half))

        for column in range(math.ceil(wide / half / 2)):
            for row in range(math.ceil(high / half / 2)):
                push(self.west + (2 * column + 1) * half / self.scale, self.south + (2 * row + 1) * half, half)
        while -queue[0][0] > best[0] + tolerance:
            _, longitude, latitude, half = heapq.heappop(queue)
            half /= 2
            for x, y in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
                push(longitude + x * half / self.scale, latitude + y * half, half)
        return best[1], best[2]

    def point(self):
        """(latitude, longitude), rounded as far as it stays inside."""
        longitude, latitude = self.pole()
        for decimals in range(1, 7):
            x, y = round(longitude, decimals), round(latitude, decimals)
            if self.clearance(x, y) > 0:
                return y, x
        raise SystemExit(f"countries: no point inside the polygon at {latitude} {longitude}")


def read_shapes(topology):
    """[(ISO number or "", name, [Polygon])] of a TopoJSON object with quantized arcs."""
    (scale_x, scale_y), (move_x, move_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for deltas in topology["arcs"]:
        x = y = 0
        arc = []
        for delta_x, delta_y in deltas:
            x, y = x + delta_x, y + delta_y
            arc.append((x * scale_x + move_x, y * scale_y + move_y))
        arcs.append(arc)

    def ring(indexes):
        corners = []
        for index in indexes:
            arc = arcs[index] if index >= 0 else arcs[~index][::-1]
            corners.extend(arc[1:] if corners else arc)
        return corners

    shapes = []
    for shape in topology["objects"]["countries"]["geometries"]:
        parts = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
        polygons = [Polygon([ring(indexes) for indexes in part]) for part in parts]
        areas = [polygon for polygon in polygons if polygon.west < polygon.east and polygon.south < polygon.north]
        shapes.append((shape.get("id", ""), shape["properties"]["name"], areas))
    return shapes


def country_points(topology, codes):
    """{code: (latitude, longitude)}; ends the build when a code has no shape and no place."""
    shapes = read_shapes(topology)
    everything = [polygon for _, _, polygons in shapes for polygon in polygons]
    points = {}
    for code in sorted(codes):
        if code in POINTS:
            points[code] = POINTS[code]
            continue
        number = COUNTRIES[code][0]
        if code in PLACES:
            latitude, longitude = PLACES[code]
            near = [
                polygon
                for polygon in everything
                if polygon.west - 1 < longitude < polygon.east + 1 and polygon.south - 1 < latitude < polygon.north + 1
            ]
            polygon = max(near, key=lambda polygon: polygon.clearance(longitude, latitude), default=None)
        else:
            own = [
                polygon
                for shape_number, name, polygons in shapes
                if (shape_number == number if number else name == SHAPE_NAMES[code])
                for polygon in polygons
            ]
            polygon = max(own, key=Polygon.area, default=None)
        if polygon is None:
            raise SystemExit(f"countries: {code} has no shape: add a place for it to PLACES in country_table.py")
        points[code] = polygon.point()
    return points
