-- text equal
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.note = ?;

-- text not equal
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.note != ?;

-- text before
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.note < ?;

-- text at least
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.note >= ?;

-- text starts with
SELECT sample_parcel.id
FROM sample_parcel
WHERE substr(sample_parcel.note, ?, length(?)) = ?;

-- text contains
SELECT sample_parcel.id
FROM sample_parcel
WHERE instr(sample_parcel.note, ?) > ?;

-- text starts with nothing
SELECT sample_parcel.id
FROM sample_parcel
WHERE substr(sample_parcel.note, ?, length(?)) = ?;

-- text one of
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.note IN (SELECT anon_1.value
FROM json_each(?) AS anon_1);

-- number between
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.price_amount >= ? AND sample_parcel.price_amount <= ?;

-- number one of
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.price_amount IN (SELECT anon_1.value
FROM json_each(?) AS anon_1);

-- enum
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.status = ?;

-- null
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.note IS NULL;

-- one of nothing
SELECT sample_parcel.id
FROM sample_parcel
WHERE 0 = 1;

-- and, or, not
SELECT sample_parcel.id
FROM sample_parcel
WHERE NOT (sample_parcel.note IS NULL AND sample_parcel.price_amount > ? OR sample_parcel.status != ?);

-- any part
SELECT sample_parcel.id
FROM sample_parcel
WHERE EXISTS (SELECT ? AS anon_1
FROM sample_item
WHERE sample_item.parcel_id = sample_parcel.id AND sample_item.quantity > ?);

-- no part
SELECT sample_parcel.id
FROM sample_parcel
WHERE NOT (EXISTS (SELECT ? AS anon_1
FROM sample_item
WHERE sample_item.parcel_id = sample_parcel.id AND sample_item.quantity > ?));

-- all parts
SELECT sample_parcel.id
FROM sample_parcel
WHERE NOT (EXISTS (SELECT ? AS anon_1
FROM sample_item
WHERE sample_item.parcel_id = sample_parcel.id AND CASE WHEN (sample_item.weight > ?) THEN ? ELSE ? END = ?));

-- first page
SELECT sample_parcel.id
FROM sample_parcel ORDER BY CASE WHEN (sample_parcel.note IS NULL) THEN ? ELSE ? END, sample_parcel.note DESC, sample_parcel.price_amount ASC, sample_parcel.id
 LIMIT ? OFFSET ?;

-- third page
SELECT sample_parcel.id
FROM sample_parcel ORDER BY CASE WHEN (sample_parcel.note IS NULL) THEN ? ELSE ? END, sample_parcel.note DESC, sample_parcel.price_amount ASC, sample_parcel.id
 LIMIT ? OFFSET ?;
