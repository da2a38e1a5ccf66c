"""Balance methods: from a user's best items to a list with more of the tail."""
