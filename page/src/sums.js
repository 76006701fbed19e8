// Sums under the filters, one pass over the cells of each table.
import { statusCount, tileNone } from "./data.js";

function counters(length) {
  return { requests: new Float64Array(length), bytes: new Float64Array(length), fours: new Float64Array(length), fives: new Float64Array(length) };
}

function count(into, index, requests, bytes, status) {
  into.requests[index] += requests;
  into.bytes[index] += bytes;
  if (status === 4) into.fours[index] += requests;
  else if (status === 5) into.fives[index] += requests;
}

/** Of groups: all of it, and each dimension without its own filter. */
function sumGroups(data, masks) {
  const sums = {
    all: counters(1),
    byCountry: counters(data.countries.length),
    byVerdict: counters(data.verdicts.length),
    byStatus: counters(statusCount),
    byPosition: counters(data.time.count * statusCount),
    shownByCountry: new Float64Array(data.countries.length),
    unfilteredByVerdict: new Float64Array(data.verdicts.length),
  };
  const { row, position, requests, bytes } = data.groups;
  for (let i = 0; i < row.length; i++) {
    const country = data.groupCountry[row[i]];
    const verdict = data.groupVerdict[row[i]];
    const status = position[i] % statusCount;
    sums.unfilteredByVerdict[verdict] += requests[i];
    const inCountry = masks.country[country];
    const inVerdict = masks.verdict[verdict];
    const inStatus = masks.status[status];
    const inTime = masks.time[(position[i] - status) / statusCount];
    if (inCountry + inVerdict + inStatus + inTime < 3) continue; // no picture shows it
    const n = requests[i];
    const b = bytes[i];
    if (inVerdict && inStatus && inTime) count(sums.byCountry, country, n, b, status);
    if (inCountry && inStatus && inTime) count(sums.byVerdict, verdict, n, b, status);
    if (inCountry && inVerdict && inTime) count(sums.byStatus, status, n, b, status);
    if (inCountry && inVerdict && inStatus) count(sums.byPosition, position[i], n, b, status);
    if (inCountry && inVerdict && inStatus && inTime) {
      count(sums.all, 0, n, b, status);
      sums.shownByCountry[country] += n;
    }
  }
  return sums;
}

/** Of any other table: each row by itself. */
function sumRows(table, masks) {
  const sums = counters(table.rows.length);
  const inRow = Uint8Array.from(table.rows, (row) => masks.group[row.group]);
  const { row, position, requests } = table;
  for (let i = 0; i < row.length; i++) {
    if (inRow[row[i]] && masks.position[position[i]]) count(sums, row[i], requests[i], 0, position[i] % statusCount);
  }
  return { ...sums, inRow };
}

/** Rows with the same key added up; those that have nothing are left out. The most first. */
function merged(table, sums, keyOf, begin, add) {
  const found = new Map();
  table.rows.forEach((row, index) => {
    if (!sums.inRow[index] || !(sums.requests[index] > 0)) return;
    const key = keyOf(row);
    let one = found.get(key);
    if (!one) found.set(key, (one = { requests: 0, fours: 0, fives: 0, ...begin(row) }));
    one.requests += sums.requests[index];
    one.fours += sums.fours[index];
    one.fives += sums.fives[index];
    add(one, row, sums.requests[index]);
  });
  return [...found.values()].sort((a, b) => b.requests - a.requests);
}

function addCountry(data) {
  return (one, row, requests) => {
    const code = data.countries[data.groupCountry[row.group]];
    one.countries.set(code, (one.countries.get(code) ?? 0) + requests);
  };
}

function mostFirst(one) {
  one.countries = [...one.countries].sort((a, b) => b[1] - a[1]).map(([code]) => code);
  return one;
}

function sumTiles(data, masks) {
  const tiles = merged(data.tiles, sumRows(data.tiles, masks), (row) => row.tile,
    (row) => ({ tile: row.tile, countries: new Map() }), addCountry(data));
  return {
    points: tiles.filter((one) => one.tile !== tileNone).map(mostFirst),
    nowhere: tiles.filter((one) => one.tile === tileNone).reduce((sum, one) => sum + one.requests, 0),
  };
}

function sumNetworks(data, masks) {
  return merged(data.networks, sumRows(data.networks, masks), (row) => row.as,
    (row) => ({ as: row.as, error: 0 }), (one, row) => { one.error += row.error; });
}

function sumClients(data, masks) {
  const country = addCountry(data);
  return merged(data.clients, sumRows(data.clients, masks), (row) => row.address,
    (row) => ({ address: row.address, as: row.as, error: 0, guaranteed: true, countries: new Map() }),
    (one, row, requests) => {
      one.error += row.error;
      one.guaranteed = one.guaranteed && row.guaranteed;
      country(one, row, requests);
    }).map(mostFirst);
}

function sumResidency(data, masks) {
  return merged(data.residency, sumRows(data.residency, masks), (row) => `${row.zone} ${row.place} ${row.verdict}`,
    (row) => ({ zone: row.zone, place: row.place, verdict: row.verdict }), () => {});
}

export function sumsOf(data, filters) {
  const masks = filters.masks(data);
  return {
    ...sumGroups(data, masks),
    masks,
    tiles: sumTiles(data, masks),
    networks: sumNetworks(data, masks),
    clients: sumClients(data, masks),
    residency: sumResidency(data, masks),
  };
}
