-- stream
SELECT shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket ORDER BY shop_basket.id;
