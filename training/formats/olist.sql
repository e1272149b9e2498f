-- olist: the public data set of a Brazilian marketplace (olist_*_dataset.csv).
--
-- Source: kaggle.com/datasets/olistbr/brazilian-ecommerce (CC BY-NC-SA 4.0), or a part of it.
-- Traps:
--   - Times are local and carry no offset; they are taken as UTC, so hours of the day are right.
--   - An order that was cancelled, or whose article was unavailable, says so but not since when.
--     We take the end of the promised day, or of the export if that is earlier: on the whole data
--     set nothing tells of a cancellation earlier (the survey goes out two days after the promise
--     in every such order), and a guess that is too late leaks nothing into a score.
--   - The end of the export is the midnight after the last event in it.
--   - Payment methods may be mixed: the one that pays most counts. A boleto is a bank transfer.
--   - What customers paid is the sum of their payments; it may exceed price and freight by the
--     interest of instalments.
--   - The seller's handling limit is set at approval, so that is when ship_by_at is known.
--   - Orders have one version per event, each with what was known then.
--   - A review counts as negative from 2 of 5 down and is known when it was answered, an order is
--     late when it was not in the customer's hands by the end of the promised day.
--   - Several reviews may belong to an order, and one review to several orders.
--   - Postcodes are prefixes of five digits; in the original a prefix has many coordinates.
--   - The products file misspells "lenght".
--
-- platform: olist
-- file: olist_orders_dataset (order_id, customer_id, order_status, order_purchase_timestamp,
--   order_approved_at, order_delivered_carrier_date, order_delivered_customer_date,
--   order_estimated_delivery_date)
-- file: olist_customers_dataset (customer_id, customer_unique_id, customer_zip_code_prefix,
--   customer_city, customer_state)
-- file: olist_order_items_dataset (order_id, order_item_id, product_id, seller_id,
--   shipping_limit_date, price, freight_value)
-- optional file: olist_order_payments_dataset (order_id, payment_type, payment_installments,
--   payment_value)
-- optional file: olist_order_reviews_dataset (order_id, review_score, review_answer_timestamp)
-- optional file: olist_products_dataset (product_id, product_category_name, product_name_lenght,
--   product_description_lenght, product_photos_qty, product_weight_g, product_length_cm,
--   product_height_cm, product_width_cm)
-- optional file: olist_sellers_dataset (seller_id, seller_zip_code_prefix, seller_city,
--   seller_state)
-- optional file: olist_geolocation_dataset (geolocation_zip_code_prefix, geolocation_lat,
--   geolocation_lng)
-- optional file: product_category_name_translation (product_category_name,
--   product_category_name_english)

-- The export's moments as timestamps, null where they cannot be read: the views below then hand
-- the text on, and the row is refused by name.
CREATE VIEW _orders AS
SELECT
    *,
    try_cast(order_purchase_timestamp AS TIMESTAMP) AS placed,
    try_cast(order_approved_at AS TIMESTAMP) AS approved,
    -- A few carriers' clocks run up to 1.4 hours before the purchase; it was known first.
    CASE WHEN order_delivered_carrier_date IS NOT NULL THEN greatest(
        try_cast(order_delivered_carrier_date AS TIMESTAMP),
        try_cast(order_purchase_timestamp AS TIMESTAMP)
    ) END AS carried,
    try_cast(order_delivered_customer_date AS TIMESTAMP) AS delivered,
    try_cast(order_estimated_delivery_date AS TIMESTAMP)::DATE + INTERVAL 1 DAY AS promise_ends,
    order_status IN ('canceled', 'unavailable') AS is_cancelled
FROM src.olist_orders_dataset;

CREATE VIEW _export AS
SELECT greatest(
    (SELECT max(greatest(placed, approved, carried, delivered)) FROM _orders),
    (
        SELECT max(try_cast(review_answer_timestamp AS TIMESTAMP))
        FROM src.olist_order_reviews_dataset
    )
)::DATE + INTERVAL 1 DAY AS ends;

CREATE VIEW _payments AS
SELECT
    order_id,
    minor_sum(payment_value, 'BRL') AS amount_minor,
    arg_max(payment_type, (try_cast(payment_value AS DOUBLE), payment_type)) AS payment_type,
    coalesce(
        min(payment_installments) FILTER (try_cast(payment_installments AS DOUBLE) IS NULL),
        max(try_cast(payment_installments AS DOUBLE)::INTEGER)::VARCHAR
    ) AS instalments
FROM src.olist_order_payments_dataset
GROUP BY order_id;

CREATE VIEW _baskets AS
SELECT
    order_id,
    minor_sum(price, 'BRL') AS price_minor,
    minor_sum(freight_value, 'BRL') AS freight_minor,
    min(local_time(shipping_limit_date, 'UTC')) AS ship_by_at
FROM src.olist_order_items_dataset
GROUP BY order_id;

CREATE VIEW _places AS
SELECT
    geolocation_zip_code_prefix AS postcode,
    avg(try_cast(geolocation_lat AS DOUBLE)) AS lat,
    avg(try_cast(geolocation_lng AS DOUBLE)) AS lon
FROM src.olist_geolocation_dataset
GROUP BY geolocation_zip_code_prefix;

CREATE VIEW _categories AS
SELECT
    product_category_name AS name,
    any_value(product_category_name_english) AS english
FROM src.product_category_name_translation
GROUP BY product_category_name;

CREATE VIEW _dated_orders AS
SELECT
    o.*,
    CASE WHEN is_cancelled THEN greatest(least(promise_ends, ends), placed, carried) END
        AS cancelled
FROM _orders AS o CROSS JOIN _export;

-- One row per order and moment at which something of it became known.
CREATE VIEW _versions AS
SELECT
    *,
    unnest(coalesce(
        nullif(
            list_distinct(list_filter(
                [placed, approved, carried, cancelled], lambda moment: moment IS NOT NULL
            )),
            []
        ),
        [NULL]
    )) AS known
FROM _dated_orders;

CREATE VIEW orders AS
SELECT
    v.order_id,
    c.customer_unique_id AS buyer_id,
    utc_text(known::TIMESTAMPTZ) AS known_at,
    local_time(order_purchase_timestamp, 'UTC') AS placed_at,
    CASE WHEN approved <= known OR approved IS NULL THEN local_time(order_approved_at, 'UTC') END
        AS paid_at,
    CASE WHEN coalesce(approved, carried) <= known THEN b.ship_by_at END AS ship_by_at,
    day_end(order_estimated_delivery_date, 'UTC') AS deliver_by_at,
    CASE
        WHEN carried <= known OR carried IS NULL
        THEN local_time(order_delivered_carrier_date, 'UTC')
    END AS shipped_at,
    CASE WHEN cancelled <= known THEN utc_text(cancelled::TIMESTAMPTZ) END AS cancelled_at,
    coalesce(
        p.amount_minor,
        (try_cast(b.price_minor AS BIGINT) + try_cast(b.freight_minor AS BIGINT))::VARCHAR
    ) AS amount_minor,
    'BRL' AS currency,
    b.freight_minor AS shipping_minor,
    CASE
        WHEN p.payment_type IN ('credit_card', 'debit_card') THEN 'card'
        WHEN p.payment_type = 'boleto' THEN 'bank_transfer'
        WHEN p.payment_type = 'voucher' THEN 'voucher'
        WHEN p.payment_type IS NOT NULL THEN 'other'
    END AS payment_method,
    p.instalments,
    v._file,
    v._line
FROM _versions AS v
LEFT JOIN src.olist_customers_dataset AS c USING (customer_id)
LEFT JOIN _payments AS p USING (order_id)
LEFT JOIN _baskets AS b USING (order_id);

CREATE VIEW items AS
SELECT
    i.order_id,
    order_item_id AS line,
    i.product_id,
    seller_id,
    coalesce(english, product_category_name) AS category,
    1 AS quantity,
    minor(price, 'BRL') AS unit_price_minor,
    i._file,
    i._line
FROM src.olist_order_items_dataset AS i
LEFT JOIN src.olist_products_dataset AS p USING (product_id)
LEFT JOIN _categories AS k ON k.name = p.product_category_name;

CREATE VIEW products AS
SELECT
    product_id,
    coalesce(english, product_category_name) AS category,
    product_photos_qty AS photos,
    product_weight_g AS weight_g,
    product_length_cm AS length_cm,
    product_width_cm AS width_cm,
    product_height_cm AS height_cm,
    to_json({
        'title_length': try_cast(product_name_lenght AS DOUBLE)::INTEGER,
        'description_length': try_cast(product_description_lenght AS DOUBLE)::INTEGER
    }) AS attributes,
    _file,
    _line
FROM src.olist_products_dataset
LEFT JOIN _categories AS k ON k.name = product_category_name;

CREATE VIEW sellers AS
SELECT
    seller_id,
    seller_city AS city,
    seller_state AS region,
    seller_zip_code_prefix AS postcode,
    'BR' AS country,
    lat,
    lon,
    _file,
    _line
FROM src.olist_sellers_dataset
LEFT JOIN _places ON _places.postcode = seller_zip_code_prefix;

CREATE VIEW addresses AS
SELECT
    order_id,
    local_time(order_purchase_timestamp, 'UTC') AS recorded_at,
    customer_city AS city,
    customer_state AS region,
    customer_zip_code_prefix AS postcode,
    'BR' AS country,
    lat,
    lon,
    c._file,
    c._line
FROM src.olist_orders_dataset
JOIN src.olist_customers_dataset AS c USING (customer_id)
LEFT JOIN _places ON _places.postcode = customer_zip_code_prefix;

CREATE VIEW deliveries AS
SELECT
    order_id,
    local_time(order_delivered_customer_date, 'UTC') AS attempted_at,
    'delivered' AS status,
    _file,
    _line
FROM src.olist_orders_dataset
WHERE order_delivered_customer_date IS NOT NULL;

CREATE VIEW outcomes AS
SELECT
    order_id,
    'negative_review' AS kind,
    min(local_time(review_answer_timestamp, 'UTC')) AS opened_at,
    arg_min(_file, review_answer_timestamp) AS _file,
    arg_min(_line, review_answer_timestamp) AS _line
FROM src.olist_order_reviews_dataset
WHERE try_cast(review_score AS DOUBLE) <= 2
GROUP BY order_id
UNION ALL
-- A score that is no number is handed on as the kind, so that its row is refused by name.
SELECT order_id, review_score, local_time(review_answer_timestamp, 'UTC'), _file, _line
FROM src.olist_order_reviews_dataset
WHERE review_score IS NOT NULL AND try_cast(review_score AS DOUBLE) IS NULL
UNION ALL
SELECT order_id, 'late_delivery', utc_text(promise_ends::TIMESTAMPTZ), _file, _line
FROM _dated_orders, _export
WHERE
    NOT is_cancelled
    AND promise_ends < ends
    AND (order_delivered_customer_date IS NULL OR delivered >= promise_ends);
