// The data of a report, unpacked: cells of all rows of a table stand in arrays, one after another, so that a sum over them is one loop.

export const statusCount = 6;
export const tileNone = 65535;

/** Cells are pairs of a step from the position before and a number of requests; a position is bucket * 6 + status class. */
function unpack(rows) {
  let cells = 0;
  for (const row of rows) cells += row.cells.length >> 1;
  const table = {
    rows,
    row: new Uint32Array(cells),
    position: new Uint32Array(cells),
    requests: new Float64Array(cells),
    bytes: new Float64Array(cells),
  };
  let at = 0;
  rows.forEach((row, index) => {
    let position = 0;
    for (let i = 0; i < row.cells.length; i += 2) {
      position += row.cells[i];
      table.row[at] = index;
      table.position[at] = position;
      table.requests[at] = row.cells[i + 1];
      if (row.bytes) table.bytes[at] = row.bytes[i >> 1];
      at++;
    }
  });
  return table;
}

/** `raw` is the object that docs describe: null when the page holds none. */
export function unpacked(raw) {
  const groups = raw.groups ?? [];
  return {
    version: raw.version ?? "",
    live: raw.live === true,
    ended: raw.ended !== false,
    time: raw.time ?? { start: 0, step: 1, count: 0 },
    trustMost: raw.trust_most ?? 0,
    verdicts: raw.verdicts ?? [],
    countries: raw.countries ?? [],
    zones: raw.zones ?? [],
    places: raw.places ?? [],
    residencyVerdicts: raw.residency_verdicts ?? [],
    groupCountry: Uint32Array.from(groups, (group) => group.country),
    groupVerdict: Uint32Array.from(groups, (group) => group.verdict),
    groups: unpack(groups),
    tiles: unpack(raw.tiles ?? []),
    networks: unpack(raw.networks ?? []),
    networkNames: new Map(Object.entries(raw.network_names ?? {})),
    networksAll: raw.networks_all ?? 0,
    clients: unpack(raw.clients ?? []),
    residency: unpack(raw.residency ?? []),
    distinctClients: raw.distinct_clients ?? null,
    inputs: raw.inputs ?? { files: 0, streams: 0, names: [] },
    records: raw.records ?? { read: 0, written: 0, rejected: 0, skipped: 0 },
    rejectedByReason: Object.entries(raw.rejected_by_reason ?? {}),
    skippedByReason: Object.entries(raw.skipped_by_reason ?? {}),
    bytesRead: raw.bytes_read ?? 0,
    databases: raw.databases ?? [],
    approximate: raw.approximate === true,
  };
}

export function endOf(time) {
  return time.start + time.step * time.count;
}

/** The middle of a tile of the slippy map at zoom 7. */
export function tileCentre(tile) {
  const column = Math.floor(tile / 128);
  const row = tile % 128;
  const longitude = ((column + 0.5) / 128) * 360 - 180;
  const latitude = (Math.atan(Math.sinh(Math.PI * (1 - (2 * (row + 0.5)) / 128))) * 180) / Math.PI;
  return [longitude, latitude];
}
