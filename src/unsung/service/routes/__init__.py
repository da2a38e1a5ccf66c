"""Routes by subject: each reads its request, calls one operation and writes the answer."""
