-- insert
INSERT INTO shop_basket (id, opened_at, limit_amount, limit_currency, status, note, version) VALUES (%(id)s::VARCHAR, %(opened_at)s::TIMESTAMP WITH TIME ZONE, %(limit_amount)s, %(limit_currency)s::VARCHAR, %(status)s::VARCHAR, %(note)s::VARCHAR, %(version)s::INTEGER);

-- insert parts
INSERT INTO shop_basket_line (basket_id, position, ware_id, quantity, price_amount, price_currency) VALUES (%(basket_id)s::VARCHAR, %(position)s::INTEGER, %(ware_id)s::VARCHAR, %(quantity)s::INTEGER, %(price_amount)s, %(price_currency)s::VARCHAR);

-- select one
SELECT shop_basket.id AS corelib_id, shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id = %(id)s::VARCHAR;

-- select parts of one
SELECT shop_basket_line.basket_id, shop_basket_line.ware_id, shop_basket_line.quantity, shop_basket_line.price_amount, shop_basket_line.price_currency
FROM shop_basket_line
WHERE shop_basket_line.basket_id IN (%(ids_1)s::VARCHAR) ORDER BY shop_basket_line.basket_id, shop_basket_line.position;

-- select many
SELECT shop_basket.id AS corelib_id, shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id IN (%(ids_1)s::VARCHAR, %(ids_2)s::VARCHAR);

-- select parts of many
SELECT shop_basket_line.basket_id, shop_basket_line.ware_id, shop_basket_line.quantity, shop_basket_line.price_amount, shop_basket_line.price_currency
FROM shop_basket_line
WHERE shop_basket_line.basket_id IN (%(ids_1)s::VARCHAR, %(ids_2)s::VARCHAR) ORDER BY shop_basket_line.basket_id, shop_basket_line.position;

-- first page
SELECT shop_basket.id AS corelib_id, shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket ORDER BY shop_basket.id
 LIMIT %(param_1)s::INTEGER;

-- next page
SELECT shop_basket.id AS corelib_id, shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id > %(after)s::VARCHAR ORDER BY shop_basket.id
 LIMIT %(param_1)s::INTEGER;

-- count
SELECT count(*) AS count_1
FROM shop_basket;

-- update
UPDATE shop_basket SET note=%(note)s::VARCHAR, version=%(version)s::INTEGER WHERE shop_basket.id = %(corelib_key)s::VARCHAR AND shop_basket.version = %(corelib_loaded)s::INTEGER;

-- delete parts from a place
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id = %(corelib_owner)s::VARCHAR AND shop_basket_line.position >= %(corelib_place)s::INTEGER;

-- update a part
UPDATE shop_basket_line SET quantity=%(quantity)s::INTEGER WHERE shop_basket_line.basket_id = %(corelib_owner)s::VARCHAR AND shop_basket_line.position = %(corelib_place)s::INTEGER;

-- delete parts
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id = %(corelib_owner)s::VARCHAR;

-- delete
DELETE FROM shop_basket WHERE shop_basket.id = %(corelib_key)s::VARCHAR AND shop_basket.version = %(corelib_loaded)s::INTEGER;

-- select the version
SELECT shop_basket.version
FROM shop_basket
WHERE shop_basket.id = %(corelib_key)s::VARCHAR;
