-- A client that is deleted takes its transactions along. NULL: the transaction serves an invitation.
ALTER TABLE transactions ADD COLUMN client_id TEXT;
