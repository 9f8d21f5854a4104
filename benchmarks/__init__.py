"""What an audit costs: time, memory and requests, beside what it could cost at least."""
