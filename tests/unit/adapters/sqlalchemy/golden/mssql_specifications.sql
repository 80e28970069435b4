-- text equal
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.note = :corelib_value_0 AND (sample_parcel.note COLLATE Latin1_General_100_BIN2) = :corelib_value_0 AND datalength(sample_parcel.note) = datalength(:corelib_value_0);

-- text not equal
SELECT sample_parcel.id
FROM sample_parcel
WHERE NOT (sample_parcel.note = :corelib_value_0 AND (sample_parcel.note COLLATE Latin1_General_100_BIN2) = :corelib_value_0 AND datalength(sample_parcel.note) = datalength(:corelib_value_0));

-- text before
SELECT sample_parcel.id
FROM sample_parcel
WHERE (sample_parcel.note COLLATE Latin1_General_100_BIN2) < :corelib_value_0 OR (sample_parcel.note COLLATE Latin1_General_100_BIN2) = :corelib_value_0 AND datalength(sample_parcel.note) < datalength(:corelib_value_0);

-- text at least
SELECT sample_parcel.id
FROM sample_parcel
WHERE (sample_parcel.note COLLATE Latin1_General_100_BIN2) > :corelib_value_0 OR (sample_parcel.note COLLATE Latin1_General_100_BIN2) = :corelib_value_0 AND datalength(sample_parcel.note) > datalength(:corelib_value_0) OR sample_parcel.note = :corelib_value_0 AND (sample_parcel.note COLLATE Latin1_General_100_BIN2) = :corelib_value_0 AND datalength(sample_parcel.note) = datalength(:corelib_value_0);

-- text starts with
SELECT sample_parcel.id
FROM sample_parcel
WHERE charindex(:corelib_value_0, sample_parcel.note COLLATE Latin1_General_100_BIN2) = :charindex_1;

-- text contains
SELECT sample_parcel.id
FROM sample_parcel
WHERE charindex(:corelib_value_0, sample_parcel.note COLLATE Latin1_General_100_BIN2) > :charindex_1;

-- text starts with nothing
SELECT sample_parcel.id
FROM sample_parcel
WHERE CASE WHEN (sample_parcel.note IS NULL) THEN NULL ELSE :param_1 END = :param_2;

-- text one of
SELECT sample_parcel.id
FROM sample_parcel
WHERE CASE WHEN (sample_parcel.note IS NULL) THEN NULL WHEN (EXISTS (SELECT :param_1 AS anon_1
FROM OPENJSON(:corelib_value_0) WITH (v NVARCHAR(201) '$') AS listed
WHERE (listed.v COLLATE Latin1_General_100_BIN2) = sample_parcel.note AND datalength(listed.v) = datalength(sample_parcel.note))) THEN :param_2 ELSE :param_3 END = :param_4;

-- number between
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.price_amount >= :corelib_value_0 AND sample_parcel.price_amount <= :corelib_value_1;

-- number one of
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.price_amount IN (SELECT listed.v
FROM OPENJSON(:corelib_value_0) WITH (v NUMERIC(18, 4) '$') AS listed);

-- enum
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.status = :corelib_value_0 AND (sample_parcel.status COLLATE Latin1_General_100_BIN2) = :corelib_value_0 AND datalength(sample_parcel.status) = datalength(:corelib_value_0);

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
WHERE NOT (sample_parcel.note IS NULL AND sample_parcel.price_amount > :corelib_value_0 OR NOT (sample_parcel.status = :corelib_value_1 AND (sample_parcel.status COLLATE Latin1_General_100_BIN2) = :corelib_value_1 AND datalength(sample_parcel.status) = datalength(:corelib_value_1)));

-- any part
SELECT sample_parcel.id
FROM sample_parcel
WHERE EXISTS (SELECT :param_1 AS anon_1
FROM sample_item
WHERE sample_item.parcel_id = sample_parcel.id AND sample_item.quantity > :corelib_value_0);

-- no part
SELECT sample_parcel.id
FROM sample_parcel
WHERE NOT (EXISTS (SELECT :param_1 AS anon_1
FROM sample_item
WHERE sample_item.parcel_id = sample_parcel.id AND sample_item.quantity > :corelib_value_0));

-- all parts
SELECT sample_parcel.id
FROM sample_parcel
WHERE NOT (EXISTS (SELECT :param_1 AS anon_1
FROM sample_item
WHERE sample_item.parcel_id = sample_parcel.id AND CASE WHEN (sample_item.weight > :corelib_value_0) THEN :param_2 ELSE :param_3 END = :param_4));

-- first page
SELECT TOP 50 sample_parcel.id
FROM sample_parcel ORDER BY CASE WHEN (sample_parcel.note IS NULL) THEN :param_2 ELSE :param_3 END, sample_parcel.note COLLATE Latin1_General_100_BIN2 DESC, datalength(sample_parcel.note) DESC, sample_parcel.price_amount ASC, sample_parcel.id;

-- third page
SELECT sample_parcel.id
FROM sample_parcel ORDER BY CASE WHEN (sample_parcel.note IS NULL) THEN :param_1 ELSE :param_2 END, sample_parcel.note COLLATE Latin1_General_100_BIN2 DESC, datalength(sample_parcel.note) DESC, sample_parcel.price_amount ASC, sample_parcel.id
 OFFSET :param_3 ROWS
 FETCH FIRST :param_4 ROWS ONLY;
