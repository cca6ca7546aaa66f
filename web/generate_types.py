"""Write the page's TypeScript types from the server's OpenAPI description.

    python web/generate_types.py            writes web/src/data/api.ts
    python web/generate_types.py --check    fails where that file is not current

Only what pydantic writes for `viewer/messages/` is understood: objects, arrays, tuples, unions, literals.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent / "src" / "data" / "api.ts"
HEAD = "/** Written by web/generate_types.py from the server's OpenAPI description: do not edit. */\n"
LEFT_OUT = ("HTTPValidationError", "ValidationError")
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}

Schema = dict[str, Any]


def read_schemas() -> dict[str, Schema]:
    """Describe requests and answers of the viewer of an empty workspace."""
    from unpool.store.table import ImageTable
    from unpool.viewer.server import create_app

    with tempfile.TemporaryDirectory() as folder:
        table = ImageTable.create(Path(folder) / "empty.unpool")
        app = create_app(table.work, root=Path(folder))
        schemas: dict[str, Schema] = app.inner.openapi()["components"]["schemas"]
    return {name: schema for name, schema in schemas.items() if name not in LEFT_OUT}


def type_of(schema: Schema) -> str:
    """The TypeScript type of a JSON schema."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema or "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(dict.fromkeys(type_of(one) for one in schema[union]))
    if schema.get("type") == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(type_of(item) for item in schema['prefixItems'])}]"
        item = type_of(schema.get("items", {}))
        return f"({item})[]" if " | " in item else f"{item}[]"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {type_of(values) if isinstance(values, dict) else 'unknown'}>"
    return PLAIN.get(str(schema.get("type")), "unknown")


def declare(name: str, schema: Schema) -> str:
    """The declaration of one type, its docstring above it."""
    required = schema.get("required", [])
    comment = str(schema.get("description", "")).split("\n\n")[0].replace("\n", " ").replace("*/", "")
    lines = [f"/** {comment} */"] if comment else []
    lines.append(f"export interface {name} {{")
    lines += [
        f"  {key}{'' if key in required else '?'}: {type_of(value)};"
        for key, value in schema.get("properties", {}).items()
    ]
    return "\n".join([*lines, "}\n"])


def generate() -> str:
    """The whole file."""
    declared = (declare(name, schema) for name, schema in sorted(read_schemas().items()))
    return "\n".join([HEAD, *declared])


def main() -> None:
    """Write the file, or check it."""
    text = generate()
    if "--check" not in sys.argv:
        TARGET.write_text(text, "utf-8")
    elif TARGET.read_text("utf-8") != text:
        sys.exit(f"{TARGET} is not current: run python web/generate_types.py")


if __name__ == "__main__":
    main()
