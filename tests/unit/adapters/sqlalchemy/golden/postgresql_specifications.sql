-- text equal
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.note = %(corelib_value_0)s::VARCHAR;

-- text not equal
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.note != %(corelib_value_0)s::VARCHAR;

-- text before
SELECT sample_parcel.id
FROM sample_parcel
WHERE (sample_parcel.note COLLATE "C") < %(corelib_value_0)s::VARCHAR;

-- text at least
SELECT sample_parcel.id
FROM sample_parcel
WHERE (sample_parcel.note COLLATE "C") >= %(corelib_value_0)s::VARCHAR;

-- text starts with
SELECT sample_parcel.id
FROM sample_parcel
WHERE starts_with(sample_parcel.note, %(corelib_value_0)s::VARCHAR);

-- text contains
SELECT sample_parcel.id
FROM sample_parcel
WHERE strpos(sample_parcel.note, %(corelib_value_0)s::VARCHAR) > %(strpos_1)s::INTEGER;

-- text starts with nothing
SELECT sample_parcel.id
FROM sample_parcel
WHERE starts_with(sample_parcel.note, %(corelib_value_0)s::VARCHAR);

-- text one of
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.note = ANY (%(corelib_value_0)s::VARCHAR(200)[]);

-- number between
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.price_amount >= %(corelib_value_0)s AND sample_parcel.price_amount <= %(corelib_value_1)s;

-- number one of
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.price_amount = ANY (%(corelib_value_0)s::NUMERIC(18, 4)[]);

-- enum
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.status = %(corelib_value_0)s::VARCHAR;

-- null
SELECT sample_parcel.id
FROM sample_parcel
WHERE sample_parcel.note IS NULL;

-- one of nothing
SELECT sample_parcel.id
FROM sample_parcel
WHERE false;

-- and, or, not
SELECT sample_parcel.id
FROM sample_parcel
WHERE NOT (sample_parcel.note IS NULL AND sample_parcel.price_amount > %(corelib_value_0)s OR sample_parcel.status != %(corelib_value_1)s::VARCHAR);

-- any part
SELECT sample_parcel.id
FROM sample_parcel
WHERE EXISTS (SELECT %(param_1)s::INTEGER AS anon_1
FROM sample_item
WHERE sample_item.parcel_id = sample_parcel.id AND sample_item.quantity > %(corelib_value_0)s::INTEGER);

-- no part
SELECT sample_parcel.id
FROM sample_parcel
WHERE NOT (EXISTS (SELECT %(param_1)s::INTEGER AS anon_1
FROM sample_item
WHERE sample_item.parcel_id = sample_parcel.id AND sample_item.quantity > %(corelib_value_0)s::INTEGER));

-- all parts
SELECT sample_parcel.id
FROM sample_parcel
WHERE NOT (EXISTS (SELECT %(param_1)s::INTEGER AS anon_1
FROM sample_item
WHERE sample_item.parcel_id = sample_parcel.id AND CASE WHEN (sample_item.weight > %(corelib_value_0)s) THEN %(param_2)s::INTEGER ELSE %(param_3)s::INTEGER END = %(param_4)s::INTEGER));

-- first page
SELECT sample_parcel.id
FROM sample_parcel ORDER BY CASE WHEN (sample_parcel.note IS NULL) THEN %(param_1)s::INTEGER ELSE %(param_2)s::INTEGER END, sample_parcel.note COLLATE "C" DESC, sample_parcel.price_amount ASC, sample_parcel.id
 LIMIT %(param_3)s::INTEGER;

-- third page
SELECT sample_parcel.id
FROM sample_parcel ORDER BY CASE WHEN (sample_parcel.note IS NULL) THEN %(param_1)s::INTEGER ELSE %(param_2)s::INTEGER END, sample_parcel.note COLLATE "C" DESC, sample_parcel.price_amount ASC, sample_parcel.id
 LIMIT %(param_3)s::INTEGER OFFSET %(param_4)s::INTEGER;
