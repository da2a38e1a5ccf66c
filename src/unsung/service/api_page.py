"""The API as a page that needs nothing from elsewhere."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2

_METHODS = ("get", "post", "put", "delete", "patch")


def api_page(schema: Mapping[str, Any]) -> str:
    """HTML that lists every route with its parameters, its body and its answer.

    Parameters
    ----------
    schema : mapping
        OpenAPI document.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for route in _routes(schema):
        groups.setdefault(route["tag"], []).append(route)
    return _template().render(title=schema["info"]["title"], info=schema["info"], groups=groups)


def _routes(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in schema["paths"].items():
        for method in _METHODS:
            if method not in methods:
                continue
            route = methods[method]
            body = route.get("requestBody", {}).get("content", {}).get("application/json", {})
            answer = route.get("responses", {}).get("200", {}).get("content", {})
            yield {
                "tag": (route.get("tags") or ["other"])[0],
                "method": method.upper(),
                "path": path,
                "summary": route.get("summary", ""),
                "description": route.get("description", ""),
                "parameters": [_parameter(found) for found in route.get("parameters", [])],
                "body": _example(schema, body.get("schema")),
                "answer": _example(schema, answer.get("application/json", {}).get("schema")),
            }


def _parameter(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": found["name"],
        "where": found["in"],
        "needed": "yes" if found.get("required") else "no",
        "meaning": found.get("description", ""),
    }


def _example(schema: Mapping[str, Any], of: Mapping[str, Any] | None) -> str | None:
    if of is None:
        return None
    return json.dumps(_value(schema, of, 0), indent=2, ensure_ascii=False)


def _value(schema: Mapping[str, Any], of: Mapping[str, Any], depth: int) -> Any:
    """An example of what a schema describes, from its own examples where it has them."""
    if "$ref" in of:
        name = of["$ref"].rsplit("/", 1)[-1]
        return _value(schema, schema["components"]["schemas"][name], depth)
    if of.get("examples"):
        return of["examples"][0]
    if "default" in of:
        return of["default"]
    for choice in (*of.get("anyOf", ()), *of.get("allOf", ())):
        if choice.get("type") != "null":
            return _value(schema, choice, depth)
    if "enum" in of:
        return of["enum"][0]
    if of.get("type") == "array":
        return [_value(schema, of.get("items", {}), depth + 1)] if depth < 5 else []
    if of.get("type") == "object" or "properties" in of:
        parts = of.get("properties", {})
        return {name: _value(schema, part, depth + 1) for name, part in parts.items()}
    return {"string": "text", "integer": 1, "number": 1.0, "boolean": True}.get(of.get("type", ""))


@cache
def _template() -> jinja2.Template:
    source = files("unsung.service").joinpath("templates", "api.html").read_text("utf-8")
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(source)
