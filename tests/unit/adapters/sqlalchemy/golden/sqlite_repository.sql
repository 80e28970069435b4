-- insert
INSERT INTO shop_basket (id, opened_at, limit_amount, limit_currency, status, note, version) VALUES (?, ?, ?, ?, ?, ?, ?);

-- insert parts
INSERT INTO shop_basket_line (basket_id, position, ware_id, quantity, price_amount, price_currency) VALUES (?, ?, ?, ?, ?, ?);

-- select one
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id = ?;

-- select parts of one
SELECT NULL AS corelib_owner_0, shop_basket_line.ware_id, shop_basket_line.quantity, shop_basket_line.price_amount, shop_basket_line.price_currency
FROM shop_basket_line
WHERE shop_basket_line.basket_id = ? ORDER BY shop_basket_line.position;

-- select many
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id IN (SELECT anon_1.value
FROM json_each(?) AS anon_1);

-- select parts of many
SELECT shop_basket_line.basket_id, shop_basket_line.ware_id, shop_basket_line.quantity, shop_basket_line.price_amount, shop_basket_line.price_currency
FROM shop_basket_line
WHERE shop_basket_line.basket_id IN (SELECT anon_1.value
FROM json_each(?) AS anon_1) ORDER BY shop_basket_line.basket_id, shop_basket_line.position;

-- list
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.note = ? ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN ? ELSE ? END, shop_basket.note ASC, shop_basket.id;

-- select one, lock wait
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id = ?;

-- list, lock wait
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.status = ? ORDER BY shop_basket.id
 LIMIT ? OFFSET ?;

-- select one, lock skip
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id = ?;

-- list, lock skip
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.status = ? ORDER BY shop_basket.id
 LIMIT ? OFFSET ?;

-- select one, lock fail
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id = ?;

-- list, lock fail
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.status = ? ORDER BY shop_basket.id
 LIMIT ? OFFSET ?;

-- page with offset
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.note = ? ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN ? ELSE ? END, shop_basket.note DESC, shop_basket.opened_at ASC, shop_basket.id
 LIMIT ? OFFSET ?;

-- page: total
SELECT count(*) AS count_1
FROM shop_basket
WHERE shop_basket.note = ?;

-- first page after
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN ? ELSE ? END, shop_basket.note DESC, shop_basket.opened_at ASC, shop_basket.id
 LIMIT ? OFFSET ?;

-- page after
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE (shop_basket.note <= ? OR shop_basket.note IS NULL) AND (shop_basket.note < ? OR shop_basket.note IS NULL OR shop_basket.opened_at >= ? AND (shop_basket.opened_at > ? OR shop_basket.id > ?)) ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN ? ELSE ? END, shop_basket.note DESC, shop_basket.opened_at ASC, shop_basket.id
 LIMIT ? OFFSET ?;

-- page after a missing value
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.note IS NULL AND shop_basket.opened_at >= ? AND (shop_basket.opened_at > ? OR shop_basket.id > ?) ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN ? ELSE ? END, shop_basket.note DESC, shop_basket.opened_at ASC, shop_basket.id
 LIMIT ? OFFSET ?;

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
 LIMIT ? OFFSET ?;

-- update
UPDATE shop_basket SET limit_amount=?, note=?, version=? WHERE shop_basket.id = ? AND shop_basket.version = ?;

-- delete parts from a place
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id = ? AND shop_basket_line.position >= ?;

-- update parts
UPDATE shop_basket_line SET quantity=? WHERE shop_basket_line.basket_id = ? AND shop_basket_line.position = ?;

-- update to null
UPDATE shop_basket SET note=NULL, version=? WHERE shop_basket.id = ? AND shop_basket.version = ?;

-- delete parts
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id = ?;

-- delete
DELETE FROM shop_basket WHERE shop_basket.id = ? AND shop_basket.version = ?;

-- select the version
SELECT shop_basket.version
FROM shop_basket
WHERE shop_basket.id = ?;

-- update where
UPDATE shop_basket SET limit_amount=?, note=NULL, version=(shop_basket.version + ?) WHERE shop_basket.note = ?;

-- update where, some in hand
UPDATE shop_basket SET note=?, version=(shop_basket.version + ?) WHERE shop_basket.note = ? AND (shop_basket.id NOT IN (SELECT anon_1.value
FROM json_each(?) AS anon_1));

-- lock what is removed where
SELECT shop_basket.id
FROM shop_basket
WHERE shop_basket.note = ?;

-- delete parts of the removed
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id IN (SELECT anon_1.value
FROM json_each(?) AS anon_1);

-- delete the removed
DELETE FROM shop_basket WHERE shop_basket.id IN (SELECT anon_1.value
FROM json_each(?) AS anon_1);

-- upsert
INSERT INTO shop_basket (id, opened_at, limit_amount, limit_currency, status, note, version) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET opened_at = excluded.opened_at, limit_amount = excluded.limit_amount, limit_currency = excluded.limit_currency, status = excluded.status, note = excluded.note, version = (shop_basket.version + ?);

-- upsert: delete parts
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id IN (SELECT anon_1.value
FROM json_each(?) AS anon_1);

-- upsert: insert parts
INSERT INTO shop_basket_line (basket_id, position, ware_id, quantity, price_amount, price_currency) VALUES (?, ?, ?, ?, ?, ?);
