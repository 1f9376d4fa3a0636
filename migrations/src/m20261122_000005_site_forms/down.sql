DROP TABLE contact_messages;
DROP TABLE waitlist;
