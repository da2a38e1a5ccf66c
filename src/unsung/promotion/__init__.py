"""Campaigns: slots kept for items that few have seen, what they may cost, and when they end."""
