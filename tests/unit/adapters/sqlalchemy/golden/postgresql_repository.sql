-- insert
INSERT INTO shop_basket (id, opened_at, limit_amount, limit_currency, status, note, version) VALUES (%(id)s::VARCHAR, %(opened_at)s::TIMESTAMP WITH TIME ZONE, %(limit_amount)s, %(limit_currency)s::VARCHAR, %(status)s::VARCHAR, %(note)s::VARCHAR, %(version)s::INTEGER);

-- insert parts
INSERT INTO shop_basket_line (basket_id, position, ware_id, quantity, price_amount, price_currency) VALUES (%(basket_id)s::VARCHAR, %(position)s::INTEGER, %(ware_id)s::VARCHAR, %(quantity)s::INTEGER, %(price_amount)s, %(price_currency)s::VARCHAR);

-- select one
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id = %(corelib_key)s::VARCHAR;

-- select parts of one
SELECT NULL AS corelib_owner_0, shop_basket_line.ware_id, shop_basket_line.quantity, shop_basket_line.price_amount, shop_basket_line.price_currency
FROM shop_basket_line
WHERE shop_basket_line.basket_id = %(corelib_owner)s::VARCHAR ORDER BY shop_basket_line.position;

-- select many
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id = ANY (%(corelib_keys)s::VARCHAR(100)[]);

-- select parts of many
SELECT shop_basket_line.basket_id, shop_basket_line.ware_id, shop_basket_line.quantity, shop_basket_line.price_amount, shop_basket_line.price_currency
FROM shop_basket_line
WHERE shop_basket_line.basket_id = ANY (%(corelib_keys)s::VARCHAR(100)[]) ORDER BY shop_basket_line.basket_id, shop_basket_line.position;

-- list
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.note = %(corelib_value_0)s::VARCHAR ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN %(param_1)s::INTEGER ELSE %(param_2)s::INTEGER END, shop_basket.note COLLATE "C" ASC, shop_basket.id;

-- select one, lock wait
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id = %(corelib_key)s::VARCHAR FOR NO KEY UPDATE OF shop_basket;

-- list, lock wait
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.status = %(corelib_value_0)s::VARCHAR ORDER BY shop_basket.id
 LIMIT %(param_1)s::INTEGER FOR NO KEY UPDATE OF shop_basket;

-- select one, lock skip
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id = %(corelib_key)s::VARCHAR FOR NO KEY UPDATE OF shop_basket SKIP LOCKED;

-- list, lock skip
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.status = %(corelib_value_0)s::VARCHAR ORDER BY shop_basket.id
 LIMIT %(param_1)s::INTEGER FOR NO KEY UPDATE OF shop_basket SKIP LOCKED;

-- select one, lock fail
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id = %(corelib_key)s::VARCHAR FOR NO KEY UPDATE OF shop_basket NOWAIT;

-- list, lock fail
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.status = %(corelib_value_0)s::VARCHAR ORDER BY shop_basket.id
 LIMIT %(param_1)s::INTEGER FOR NO KEY UPDATE OF shop_basket NOWAIT;

-- page with offset
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.note = %(corelib_value_0)s::VARCHAR ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN %(param_1)s::INTEGER ELSE %(param_2)s::INTEGER END, shop_basket.note COLLATE "C" DESC, shop_basket.opened_at ASC, shop_basket.id
 LIMIT %(param_3)s::INTEGER OFFSET %(param_4)s::INTEGER;

-- page: total
SELECT count(*) AS count_1
FROM shop_basket
WHERE shop_basket.note = %(corelib_value_0)s::VARCHAR;

-- first page after
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN %(param_1)s::INTEGER ELSE %(param_2)s::INTEGER END, shop_basket.note COLLATE "C" DESC, shop_basket.opened_at ASC, shop_basket.id COLLATE "C"
 LIMIT %(param_3)s::INTEGER;

-- page after
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE ((shop_basket.note COLLATE "C") <= %(corelib_value_0)s::VARCHAR OR shop_basket.note IS NULL) AND ((shop_basket.note COLLATE "C") < %(corelib_value_1)s::VARCHAR OR shop_basket.note IS NULL OR shop_basket.opened_at >= %(corelib_value_2)s::TIMESTAMP WITH TIME ZONE AND (shop_basket.opened_at > %(corelib_value_3)s::TIMESTAMP WITH TIME ZONE OR (shop_basket.id COLLATE "C") > %(corelib_value_4)s::VARCHAR)) ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN %(param_1)s::INTEGER ELSE %(param_2)s::INTEGER END, shop_basket.note COLLATE "C" DESC, shop_basket.opened_at ASC, shop_basket.id COLLATE "C"
 LIMIT %(param_3)s::INTEGER;

-- page after a missing value
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.note IS NULL AND shop_basket.opened_at >= %(corelib_value_0)s::TIMESTAMP WITH TIME ZONE AND (shop_basket.opened_at > %(corelib_value_1)s::TIMESTAMP WITH TIME ZONE OR (shop_basket.id COLLATE "C") > %(corelib_value_2)s::VARCHAR) ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN %(param_1)s::INTEGER ELSE %(param_2)s::INTEGER END, shop_basket.note COLLATE "C" DESC, shop_basket.opened_at ASC, shop_basket.id COLLATE "C"
 LIMIT %(param_3)s::INTEGER;

-- stream
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket ORDER BY shop_basket.id;

-- count
SELECT count(*) AS count_1
FROM shop_basket;

-- exists
SELECT shop_basket.id
FROM shop_basket
WHERE shop_basket.note IS NULL
 LIMIT %(param_1)s::INTEGER;

-- update
UPDATE shop_basket SET limit_amount=%(limit_amount)s, note=%(note)s::VARCHAR, version=%(version)s::INTEGER WHERE shop_basket.id = %(corelib_key)s::VARCHAR AND shop_basket.version = %(corelib_loaded)s::INTEGER;

-- delete parts from a place
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id = %(corelib_owner)s::VARCHAR AND shop_basket_line.position >= %(corelib_place)s::INTEGER;

-- update parts
UPDATE shop_basket_line SET quantity=%(quantity)s::INTEGER WHERE shop_basket_line.basket_id = %(corelib_owner)s::VARCHAR AND shop_basket_line.position = %(corelib_part)s::INTEGER;

-- update to null
UPDATE shop_basket SET note=NULL, version=%(version)s::INTEGER WHERE shop_basket.id = %(corelib_key)s::VARCHAR AND shop_basket.version = %(corelib_loaded)s::INTEGER;

-- delete parts
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id = %(corelib_owner)s::VARCHAR;

-- delete
DELETE FROM shop_basket WHERE shop_basket.id = %(corelib_key)s::VARCHAR AND shop_basket.version = %(corelib_loaded)s::INTEGER;

-- select the version
SELECT shop_basket.version
FROM shop_basket
WHERE shop_basket.id = %(corelib_key)s::VARCHAR;

-- update where
UPDATE shop_basket SET limit_amount=%(limit_amount)s, note=NULL, version=(shop_basket.version + %(version_1)s::INTEGER) WHERE shop_basket.note = %(corelib_value_0)s::VARCHAR;

-- update where, some in hand
UPDATE shop_basket SET note=%(note)s::VARCHAR, version=(shop_basket.version + %(version_1)s::INTEGER) WHERE shop_basket.note = %(corelib_value_0)s::VARCHAR AND NOT (shop_basket.id = ANY (%(corelib_keys)s::VARCHAR(100)[]));

-- lock what is removed where
SELECT shop_basket.id
FROM shop_basket
WHERE shop_basket.note = %(corelib_value_0)s::VARCHAR FOR NO KEY UPDATE OF shop_basket;

-- delete parts of the removed
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id = ANY (%(corelib_keys)s::VARCHAR(100)[]);

-- delete the removed
DELETE FROM shop_basket WHERE shop_basket.id = ANY (%(corelib_keys)s::VARCHAR(100)[]);

-- upsert
INSERT INTO shop_basket (id, opened_at, limit_amount, limit_currency, status, note, version) VALUES (%(id)s::VARCHAR, %(opened_at)s::TIMESTAMP WITH TIME ZONE, %(limit_amount)s, %(limit_currency)s::VARCHAR, %(status)s::VARCHAR, %(note)s::VARCHAR, %(version)s::INTEGER) ON CONFLICT (id) DO UPDATE SET opened_at = excluded.opened_at, limit_amount = excluded.limit_amount, limit_currency = excluded.limit_currency, status = excluded.status, note = excluded.note, version = (shop_basket.version + %(version_1)s::INTEGER);

-- upsert: delete parts
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id = ANY (%(corelib_keys)s::VARCHAR(100)[]);

-- upsert: insert parts
INSERT INTO shop_basket_line (basket_id, position, ware_id, quantity, price_amount, price_currency) VALUES (%(basket_id)s::VARCHAR, %(position)s::INTEGER, %(ware_id)s::VARCHAR, %(quantity)s::INTEGER, %(price_amount)s, %(price_currency)s::VARCHAR);
