-- amazon-actionable-orders: Amazon's report of the orders that are not yet confirmed as shipped.
--
-- Source: GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING, "Unshipped Orders" in Seller Central; its
--   columns are described at developer-docs.amazon.com/sp-api/docs/order-reports-attributes. One
--   or more tab files of any name.
-- Traps:
--   - Nothing is quoted: a quotation mark in a product's name is a letter.
--   - The encoding depends on marketplace and age: UTF-8, cp1252 or shift_jis (--encoding).
--   - One row per order line; what is the order's stands on each of its lines.
--   - It holds no money and no way of paying. Ingest "All orders" by a map of your own for those.
--   - buyer-email is a relay address, the same for all orders of a buyer at a seller, and serves as
--     buyer_id; names, phones and streets are there only for accounts with the role for it.
--   - promise-date is the moment by which the order is to be shipped.
--   - order-item-id has 14 digits. A line is its remainder by 2147483647, so that it stays the same
--     when other lines of the order leave the report.
--   - Shipped orders are not in it: their shipped_at comes from another export or over HTTP.
--
-- read: delimiter=tab quote=none
-- platform: amazon
-- file: report from * (order-id, order-item-id, purchase-date, payments-date, promise-date, sku,
--   product-name, quantity-purchased, ship-service-level, ship-city, ship-state, ship-postal-code,
--   ship-country, buyer-email?, buyer-phone-number?, recipient-name?, ship-address-1?,
--   ship-address-2?, ship-address-3?, is-business-order?, purchase-order-number?,
--   price-designation?, is-prime?, reporting-date?, days-past-promise?, quantity-shipped?,
--   quantity-to-ship?, buyer-name?, number-of-items?, payment-method-details?, cpf?,
--   verge-of-cancellation?, verge-of-lateShipment?)

-- The first line of each order; what the order's lines share is read from it.
CREATE VIEW _first_lines AS
SELECT * FROM src.report
QUALIFY row_number() OVER (PARTITION BY "order-id" ORDER BY _file, _line) = 1;

-- Known at the purchase: all but the payment, which is known when it happened.
CREATE VIEW _versions AS
SELECT *, "purchase-date" AS known_at, NULL AS paid_at FROM _first_lines
UNION ALL
SELECT *, "payments-date" AS known_at, "payments-date" AS paid_at FROM _first_lines
WHERE "payments-date" IS NOT NULL AND "payments-date" <> "purchase-date";

CREATE VIEW orders AS
SELECT
    "order-id" AS order_id,
    lower("buyer-email") AS buyer_id,
    known_at,
    "purchase-date" AS placed_at,
    CASE
        WHEN "payments-date" = "purchase-date" THEN "payments-date"
        ELSE paid_at
    END AS paid_at,
    "promise-date" AS ship_by_at,
    "ship-service-level" AS ship_service,
    "is-business-order" AS is_business,
    to_json({
        'is_prime': try_cast("is-prime" AS BOOLEAN),
        'price_designation': "price-designation"
    }) AS attributes,
    _file,
    _line
FROM _versions;

CREATE VIEW items AS
SELECT
    "order-id" AS order_id,
    coalesce(
        (try_cast("order-item-id" AS BIGINT) % 2147483647)::VARCHAR, "order-item-id"
    ) AS line,
    sku AS product_id,
    "quantity-purchased" AS quantity,
    _file,
    _line
FROM src.report;

CREATE VIEW products AS
SELECT sku AS product_id, "product-name" AS title, _file, _line
FROM src.report
WHERE sku IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY sku ORDER BY "purchase-date" DESC, _file, _line) = 1;

CREATE VIEW addresses AS
SELECT
    "order-id" AS order_id,
    "purchase-date" AS recorded_at,
    "recipient-name" AS recipient,
    "buyer-phone-number" AS phone,
    "ship-address-1" AS line1,
    nullif(concat_ws(', ', "ship-address-2", "ship-address-3"), '') AS line2,
    "ship-city" AS city,
    "ship-state" AS region,
    "ship-postal-code" AS postcode,
    "ship-country" AS country,
    _file,
    _line
FROM _first_lines;
