"""What DuckDB does with the same job: the nearest equivalent that SQL allows. Runs inside the bench's own venv.

    duckdb_peer.py prepare GEO.mmdb RANGES.duckdb     once, not measured
    duckdb_peer.py run RANGES.duckdb IN.log OUT.json  measured

`run` reads the columns, splits client and request, joins country and AS by range and writes NDJSON. Only IPv4 is
joined: addresses of 128 bits need an extension that is downloaded at run time. The ranges lie ready in a table, because
wherefrom too opens a database that was built before.

Threads: DuckDB's own, one per core.
"""

import csv
import os
import sys
import tempfile

try:
    import duckdb
    import maxminddb
except ImportError:  # imported by peers.py, outside the venv, for COLUMNS alone
    duckdb = maxminddb = None

COLUMNS = """type time elb client target request_processing_time target_processing_time response_processing_time
elb_status_code target_status_code received_bytes sent_bytes request user_agent ssl_cipher ssl_protocol target_group_arn
trace_id domain_name chosen_cert_arn matched_rule_priority request_creation_time actions_executed redirect_url
error_reason target_list target_status_code_list classification classification_reason conn_trace_id transformed_host
transformed_uri request_transform_status ip_address""".split()

NUMBERS = """request_processing_time target_processing_time response_processing_time elb_status_code target_status_code
received_bytes sent_bytes matched_rule_priority""".split()

RUN = """
COPY (
    WITH lines AS (
        SELECT *, regexp_extract(client, '^(.*):[0-9]+$', 1) AS client_ip, split_part(client, ':', -1) AS client_port
        FROM read_csv('{log}', delim=' ', quote='"', escape='"', header=false, auto_detect=false, null_padding=true,
                      nullstr='-', max_line_size=1048576, columns={columns})
    ), addresses AS (
        SELECT *, CASE WHEN contains(client_ip, ':') THEN NULL ELSE
            split_part(client_ip, '.', 1)::UINTEGER * 16777216 + split_part(client_ip, '.', 2)::UINTEGER * 65536
            + split_part(client_ip, '.', 3)::UINTEGER * 256 + split_part(client_ip, '.', 4)::UINTEGER END AS address
        FROM lines
    )
    SELECT {fields}, client_ip, client_port::INTEGER AS client_port,
           split_part(request, ' ', 1) AS method, split_part(request, ' ', 2) AS url,
           split_part(request, ' ', 3) AS protocol,
           CASE WHEN address <= last_address THEN country END AS country,
           CASE WHEN address <= last_address THEN as_number END AS as_number,
           CASE WHEN address <= last_address THEN as_name END AS as_name
    FROM addresses ASOF LEFT JOIN ranges ON address >= first_address
) TO '{out}' (FORMAT JSON)
"""


def dump(database):
    """Yields (first, last, country, AS number, AS name) of every IPv4 network, in the layouts of MaxMind."""
    with maxminddb.open_database(database) as reader:
        for network, record in reader:
            if network.version != 4:
                if int(network.network_address) >> 32 or network.prefixlen < 96:
                    continue
            first = int(network.network_address) & 0xFFFFFFFF
            country = record.get("country") or {}
            yield (first, first + network.num_addresses - 1, country.get("iso_code"),
                   record.get("autonomous_system_number"), record.get("autonomous_system_organization"))


def prepare(database, table):
    with tempfile.NamedTemporaryFile("w", suffix=".csv", dir=os.path.dirname(table), newline="") as file:
        csv.writer(file).writerows(dump(database))
        file.flush()
        with duckdb.connect(table) as connection:
            connection.execute(
                "CREATE OR REPLACE TABLE ranges AS SELECT * FROM read_csv(?, header=false, auto_detect=false,"
                "delim=',', quote='\"', escape='\"', columns={"
                "'first_address': 'UINTEGER', 'last_address': 'UINTEGER', 'country': 'VARCHAR',"
                "'as_number': 'UINTEGER', 'as_name': 'VARCHAR'}) ORDER BY first_address", [file.name])
            print(connection.execute("SELECT count(*) FROM ranges").fetchone()[0], "IPv4 ranges")


def run(table, log, out):
    fields = ", ".join(f"TRY_CAST({name} AS DOUBLE) AS {name}" if name in NUMBERS else name for name in COLUMNS)
    columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS) + "}"
    with duckdb.connect(table, read_only=True) as connection:
        # The planner cannot know the size of a CSV, takes the join for a tiny one and would loop over all pairs.
        connection.execute("SET asof_loop_join_threshold = 0")
        connection.execute(RUN.format(log=log, out=out, fields=fields, columns=columns))


if __name__ == "__main__":
    {"prepare": prepare, "run": run}[sys.argv[1]](*sys.argv[2:])
