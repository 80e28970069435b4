-- insert
INSERT INTO shop_basket (id, opened_at, limit_amount, limit_currency, status, note, version) VALUES (?, ?, ?, ?, ?, ?, ?);

-- insert parts
INSERT INTO shop_basket_line (basket_id, position, ware_id, quantity, price_amount, price_currency) VALUES (?, ?, ?, ?, ?, ?);

-- select one
SELECT shop_basket.id AS corelib_id, shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id = ?;

-- select parts of one
SELECT shop_basket_line.basket_id, shop_basket_line.ware_id, shop_basket_line.quantity, shop_basket_line.price_amount, shop_basket_line.price_currency
FROM shop_basket_line
WHERE shop_basket_line.basket_id IN (?) ORDER BY shop_basket_line.basket_id, shop_basket_line.position;

-- select many
SELECT shop_basket.id AS corelib_id, shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id IN (?, ?);

-- select parts of many
SELECT shop_basket_line.basket_id, shop_basket_line.ware_id, shop_basket_line.quantity, shop_basket_line.price_amount, shop_basket_line.price_currency
FROM shop_basket_line
WHERE shop_basket_line.basket_id IN (?, ?) ORDER BY shop_basket_line.basket_id, shop_basket_line.position;

-- first page
SELECT shop_basket.id AS corelib_id, shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket ORDER BY shop_basket.id
 LIMIT ? OFFSET ?;

-- next page
SELECT shop_basket.id AS corelib_id, shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id > ? ORDER BY shop_basket.id
 LIMIT ? OFFSET ?;

-- count
SELECT count(*) AS count_1
FROM shop_basket;

-- update
UPDATE shop_basket SET note=?, version=? WHERE shop_basket.id = ? AND shop_basket.version = ?;

-- delete parts from a place
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id = ? AND shop_basket_line.position >= ?;

-- update a part
UPDATE shop_basket_line SET quantity=? WHERE shop_basket_line.basket_id = ? AND shop_basket_line.position = ?;

-- delete parts
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id = ?;

-- delete
DELETE FROM shop_basket WHERE shop_basket.id = ? AND shop_basket.version = ?;

-- select the version
SELECT shop_basket.version
FROM shop_basket
WHERE shop_basket.id = ?;
