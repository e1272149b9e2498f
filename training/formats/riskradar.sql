-- riskradar: our own tables, one file each, under their own names.
--
-- Source: orders.csv, items.parquet, messages.jsonl.gz, ... with the columns of the tables as
--   docs/ingest.md lists them. Every file is optional: what is not given is not touched.
-- Traps: a column that a file lacks keeps its value in the store; an empty value clears it.
--   Times need an offset (2026-01-31T12:00:00Z), money is whole minor units (12990 for 129.90).
-- Beyond the tables' columns: shop_id, and known_at, with which several rows of one key are its
--   versions. received_at is ignored.
--
-- optional file: orders (order_id)
-- optional file: items (order_id)
-- optional file: products (product_id)
-- optional file: sellers (seller_id)
-- optional file: buyers (buyer_id)
-- optional file: addresses (order_id)
-- optional file: messages (message_id)
-- optional file: outcomes (order_id)
-- optional file: deliveries (order_id)
-- optional file: outreach (order_id)

CREATE VIEW orders AS SELECT * FROM src.orders;
CREATE VIEW items AS SELECT * FROM src.items;
CREATE VIEW products AS SELECT * FROM src.products;
CREATE VIEW sellers AS SELECT * FROM src.sellers;
CREATE VIEW buyers AS SELECT * FROM src.buyers;
CREATE VIEW addresses AS SELECT * FROM src.addresses;
CREATE VIEW messages AS SELECT * FROM src.messages;
CREATE VIEW outcomes AS SELECT * FROM src.outcomes;
CREATE VIEW deliveries AS SELECT * FROM src.deliveries;
CREATE VIEW outreach AS SELECT * FROM src.outreach;
