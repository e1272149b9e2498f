-- Macros that every map may use. Each takes a text as the export has it and gives a text that the
-- ingest understands; what it cannot convert it hands on as it is, so that the row is refused by
-- name with the value in it instead of losing the value silently.

-- A moment as the text that the ingest reads.
CREATE MACRO utc_text(moment) AS
    strftime(timezone('UTC', moment), '%Y-%m-%dT%H:%M:%S.%fZ');

-- '129.90', 'BRL' → '12990': an amount in the currency's minor unit. How many digits that unit
-- has is known of a currency only, so without one every amount is refused.
CREATE MACRO minor(amount, currency) AS CASE
    WHEN minor_factor(currency) IS NULL
    THEN amount::VARCHAR || ' in ' || coalesce(currency, 'no currency')
    WHEN NOT regexp_full_match(trim(amount::VARCHAR), '[+-]?(\d+\.?\d*|\.\d+)')
        OR try_cast(trim(amount::VARCHAR) AS DECIMAL(30, 6)) IS NULL
        OR (trim(amount::VARCHAR)::DECIMAL(30, 6) * minor_factor(currency)) % 1 <> 0
    THEN amount::VARCHAR
    ELSE (trim(amount::VARCHAR)::DECIMAL(30, 6) * minor_factor(currency))::HUGEINT::VARCHAR
END;

-- The sum of amounts over a group; one amount that is no number makes the sum that text.
CREATE MACRO minor_sum(amount, currency) AS coalesce(
    min(amount::VARCHAR) FILTER (
        NOT regexp_full_match(minor(amount, currency), '-?\d+')
    ),
    sum(try_cast(minor(amount, currency) AS HUGEINT))::VARCHAR
);

-- '2017-10-02 10:56:33', 'America/Sao_Paulo' → '2017-10-02T13:56:33.000000Z': a local time. A
-- text with an offset of its own keeps it.
CREATE MACRO local_time(moment, zone) AS CASE
    WHEN regexp_full_match(trim(moment::VARCHAR), '.*\d:\d\d.*([zZ]|[+-]\d\d:?(\d\d)?)')
        OR try_cast(moment::VARCHAR AS TIMESTAMP) IS NULL
    THEN moment::VARCHAR
    ELSE utc_text(timezone(zone, try_cast(moment::VARCHAR AS TIMESTAMP)))
END;

-- '1735732800', 's' → '2025-01-01T12:00:00.000000Z': seconds ('s'), milliseconds ('ms') or
-- microseconds ('us') since 1970.
CREATE MACRO unix_time(moment, unit) AS CASE
    WHEN NOT regexp_full_match(trim(moment::VARCHAR), '-?\d{1,16}(\.\d*)?') THEN moment::VARCHAR
    ELSE utc_text(make_timestamptz((
        trim(moment::VARCHAR)::DECIMAL(24, 6) * CASE unit
            WHEN 's' THEN 1000000
            WHEN 'ms' THEN 1000
            WHEN 'us' THEN 1
            ELSE error('unix_time: the unit is s, ms or us')
        END
    )::BIGINT))
END;

-- '2017-10-18', 'America/Sao_Paulo' → the midnight that ends that local day.
CREATE MACRO day_end(moment, zone) AS CASE
    WHEN try_cast(moment::VARCHAR AS TIMESTAMP) IS NULL
    THEN moment::VARCHAR
    ELSE utc_text(
        timezone(zone, try_cast(moment::VARCHAR AS TIMESTAMP)::DATE + INTERVAL 1 DAY)
    )
END;

CREATE MACRO json_pair(doc, key) AS
    to_json(key)::VARCHAR || ':'
    || (doc -> ('/' || replace(replace(key, '~', '~0'), '/', '~1')))::VARCHAR;

CREATE MACRO plain_object_of(doc) AS CASE
    WHEN json_type(doc) = 'OBJECT'
        AND len(json_keys(doc)) = len(list_distinct(json_keys(doc)))
        AND len(list_filter(
            json_extract(doc, '$.*'),
            lambda part: json_type(part) IN ('ARRAY', 'OBJECT')
                OR isinf(try_cast(part::VARCHAR AS DOUBLE))
        )) = 0
    THEN '{' || array_to_string(list_sort(list_filter(list_transform(
        json_keys(doc), lambda key: json_pair(doc, key)
    ), lambda pair: NOT ends_with(pair, ':null'))), ',') || '}'
END;

-- '{"b": 1.50, "a": null}' → '{"b":1.5}': an object of texts, numbers and truths with its keys in
-- order and no nulls; null where it is anything else.
CREATE MACRO plain_object(doc) AS plain_object_of(try_cast(doc AS JSON));
