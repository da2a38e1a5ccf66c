"""The demo shop: UCI Online Retail, raw as published."""
