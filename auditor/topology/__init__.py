"""The joins: from a snapshot's flat resources to environments with proven paths. Pure, and the only home of joins."""
