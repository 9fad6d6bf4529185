"""The reference names every route with what it takes."""

import re
from pathlib import Path

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"


def test_the_reference_has_every_route_with_its_scope(world):
    told = {
        (method, path): scope
        for method, path, scope in re.findall(
            r"^\| `([A-Z]+) (\S+)` \| [^|]+ \| ([^|]+) \|$", REFERENCE.read_text(), re.MULTILINE
        )
    }
    expected = {}
    for path, methods in world.app.openapi()["paths"].items():
        for method, operation in methods.items():
            scopes = ", ".join(f"`{scope}`" for scope in operation.get("x-scopes", ()))
            expected[method.upper(), path] = scopes or ("any account" if "security" in operation else "open")
    assert told == expected


def test_operations_and_shapes_have_names_of_their_own(world):
    spec = world.app.openapi()
    names = [operation["operationId"] for methods in spec["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    assert spec["openapi"].startswith("3.1")
    assert all(re.fullmatch(r"[a-z_]+", name) for name in names)
    shapes = set(spec["components"]["schemas"])
    assert {"Door", "DoorList", "Person", "Access", "AccessChange", "Entry", "Problem"} <= shapes
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", name) for name in shapes), shapes
