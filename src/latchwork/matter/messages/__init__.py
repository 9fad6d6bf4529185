"""Messages of the protocol, declared: headers, statuses, secure channel and interaction model."""
