"""The console: pages for people, made of server-rendered shells and modules that call the API."""

from unsung.service.console.pages import add_console

__all__ = ["add_console"]
