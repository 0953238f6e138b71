-- What was found in a file while it was read (stored.rs); none where nothing was, or where the item has not ended.
ALTER TABLE import_items ADD COLUMN report TEXT;
