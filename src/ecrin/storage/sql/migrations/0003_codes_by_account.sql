-- For the codes of an account that are voided when its sessions end.
CREATE INDEX oob_codes_account ON oob_codes (project_id, account_id);
