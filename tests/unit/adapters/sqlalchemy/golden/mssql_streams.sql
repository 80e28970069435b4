-- first portion
SELECT TOP 2 shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket ORDER BY shop_basket.id;

-- next portion
SELECT TOP 2 shop_basket.version AS corelib_version, shop_basket.id, shop_basket.opened_at, shop_basket.limit_amount, shop_basket.limit_currency, shop_basket.status, shop_basket.note
FROM shop_basket
WHERE shop_basket.id > ? ORDER BY shop_basket.id;

-- first portion, composite key
SELECT TOP 2 club_member.version AS corelib_version, club_member.id_club, club_member.id_number, club_member.name
FROM club_member ORDER BY club_member.id_club, club_member.id_number;

-- next portion, composite key
SELECT TOP 2 club_member.version AS corelib_version, club_member.id_club, club_member.id_number, club_member.name
FROM club_member
WHERE club_member.id_club > ? OR club_member.id_club = ? AND club_member.id_number > ? ORDER BY club_member.id_club, club_member.id_number;
