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
WHERE shop_basket.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v NVARCHAR(101) '$') AS listed);

-- select parts of many
SELECT shop_basket_line.basket_id, shop_basket_line.ware_id, shop_basket_line.quantity, shop_basket_line.price_amount, shop_basket_line.price_currency
FROM shop_basket_line
WHERE shop_basket_line.basket_id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v NVARCHAR(101) '$') AS listed) ORDER BY shop_basket_line.basket_id, shop_basket_line.position;

-- list
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.note = ? AND (shop_basket.note COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.note) = datalength(?) ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN ? ELSE ? END, shop_basket.note COLLATE Latin1_General_100_BIN2 ASC, datalength(shop_basket.note) ASC, shop_basket.id;

-- select one, lock wait
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket WITH (UPDLOCK, ROWLOCK)
WHERE shop_basket.id = ?;

-- list, lock wait
SELECT TOP 5 shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket WITH (UPDLOCK, ROWLOCK)
WHERE shop_basket.status = ? AND (shop_basket.status COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.status) = datalength(?) ORDER BY shop_basket.id;

-- select one, lock skip
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE shop_basket.id = ?;

-- list, lock skip
SELECT TOP 5 shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE shop_basket.status = ? AND (shop_basket.status COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.status) = datalength(?) ORDER BY shop_basket.id;

-- select one, lock fail
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket WITH (UPDLOCK, ROWLOCK, NOWAIT)
WHERE shop_basket.id = ?;

-- list, lock fail
SELECT TOP 5 shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket WITH (UPDLOCK, ROWLOCK, NOWAIT)
WHERE shop_basket.status = ? AND (shop_basket.status COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.status) = datalength(?) ORDER BY shop_basket.id;

-- page with offset
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.note = ? AND (shop_basket.note COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.note) = datalength(?) ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN ? ELSE ? END, shop_basket.note COLLATE Latin1_General_100_BIN2 DESC, datalength(shop_basket.note) DESC, shop_basket.opened_at ASC, shop_basket.id
 OFFSET ? ROWS
 FETCH FIRST ? ROWS ONLY;

-- page: total
SELECT count(*) AS count_1
FROM shop_basket
WHERE shop_basket.note = ? AND (shop_basket.note COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.note) = datalength(?);

-- first page after
SELECT TOP 3 shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN ? ELSE ? END, shop_basket.note COLLATE Latin1_General_100_BIN2 DESC, datalength(shop_basket.note) DESC, shop_basket.opened_at ASC, shop_basket.id COLLATE Latin1_General_100_BIN2, datalength(shop_basket.id);

-- page after
SELECT TOP 3 shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE ((shop_basket.note COLLATE Latin1_General_100_BIN2) < ? OR (shop_basket.note COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.note) < datalength(?) OR shop_basket.note = ? AND (shop_basket.note COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.note) = datalength(?) OR shop_basket.note IS NULL) AND ((shop_basket.note COLLATE Latin1_General_100_BIN2) < ? OR (shop_basket.note COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.note) < datalength(?) OR shop_basket.note IS NULL OR shop_basket.opened_at >= ? AND (shop_basket.opened_at > ? OR (shop_basket.id COLLATE Latin1_General_100_BIN2) > ? OR (shop_basket.id COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.id) > datalength(?))) ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN ? ELSE ? END, shop_basket.note COLLATE Latin1_General_100_BIN2 DESC, datalength(shop_basket.note) DESC, shop_basket.opened_at ASC, shop_basket.id COLLATE Latin1_General_100_BIN2, datalength(shop_basket.id);

-- page after a missing value
SELECT TOP 51 shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.note IS NULL AND shop_basket.opened_at >= ? AND (shop_basket.opened_at > ? OR (shop_basket.id COLLATE Latin1_General_100_BIN2) > ? OR (shop_basket.id COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.id) > datalength(?)) ORDER BY CASE WHEN (shop_basket.note IS NULL) THEN ? ELSE ? END, shop_basket.note COLLATE Latin1_General_100_BIN2 DESC, datalength(shop_basket.note) DESC, shop_basket.opened_at ASC, shop_basket.id COLLATE Latin1_General_100_BIN2, datalength(shop_basket.id);

-- stream
SELECT TOP 2 shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket ORDER BY shop_basket.id;

-- count
SELECT count(*) AS count_1
FROM shop_basket;

-- exists
SELECT TOP 1 shop_basket.id
FROM shop_basket
WHERE shop_basket.note IS NULL;

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
UPDATE shop_basket SET limit_amount=?, note=NULL, version=(shop_basket.version + ?) WHERE shop_basket.note = ? AND (shop_basket.note COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.note) = datalength(?);

-- update where, some in hand
UPDATE shop_basket SET note=?, version=(shop_basket.version + ?) WHERE shop_basket.note = ? AND (shop_basket.note COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.note) = datalength(?) AND CASE WHEN (shop_basket.id IS NULL) THEN NULL WHEN (EXISTS (SELECT ? AS anon_1
FROM OPENJSON(?) WITH (v NVARCHAR(101) '$') AS listed
WHERE (listed.v COLLATE Latin1_General_100_BIN2) = shop_basket.id AND datalength(listed.v) = datalength(shop_basket.id))) THEN ? ELSE ? END != ?;

-- lock what is removed where
SELECT shop_basket.id
FROM shop_basket WITH (UPDLOCK, ROWLOCK)
WHERE shop_basket.note = ? AND (shop_basket.note COLLATE Latin1_General_100_BIN2) = ? AND datalength(shop_basket.note) = datalength(?);

-- delete parts of the removed
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v NVARCHAR(101) '$') AS listed);

-- delete the removed
DELETE FROM shop_basket WHERE shop_basket.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v NVARCHAR(101) '$') AS listed);

-- upsert: lock keys
SELECT shop_basket.id
FROM shop_basket WITH (UPDLOCK, SERIALIZABLE)
WHERE shop_basket.id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v NVARCHAR(101) '$') AS listed);

-- upsert: update
UPDATE shop_basket SET opened_at=?, limit_amount=?, limit_currency=?, status=?, note=?, version=(shop_basket.version + ?) WHERE shop_basket.id = ?;

-- upsert: insert
INSERT INTO shop_basket (id, opened_at, limit_amount, limit_currency, status, note, version) VALUES (?, ?, ?, ?, ?, ?, ?);

-- upsert: delete parts
DELETE FROM shop_basket_line WHERE shop_basket_line.basket_id IN (SELECT listed.v
FROM OPENJSON(?) WITH (v NVARCHAR(101) '$') AS listed);

-- upsert: insert parts
INSERT INTO shop_basket_line (basket_id, position, ware_id, quantity, price_amount, price_currency) VALUES (?, ?, ?, ?, ?, ?);
