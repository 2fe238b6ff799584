from chalicelib.local.routes import Match, RouteTable

TABLE = RouteTable(["/", "/items", "/items/{item}", "/items/count", "/items/{item}/parts/{part}"])


def test_a_literal_path_is_found() -> None:
    assert TABLE.find("/items") == Match("/items", {})
    assert TABLE.find("/") == Match("/", {})


def test_a_literal_goes_before_a_parameter() -> None:
    assert TABLE.find("/items/count") == Match("/items/count", {})
    assert TABLE.find("/items/seven") == Match("/items/{item}", {"item": "seven"})


def test_every_parameter_is_named() -> None:
    match = TABLE.find("/items/a b/parts/é")
    assert match == Match("/items/{item}/parts/{part}", {"item": "a b", "part": "é"})


def test_unknown_paths_have_no_route() -> None:
    for path in ("", "/nothing", "/items/", "/items//parts/1", "//items", "/items/1/parts"):
        assert TABLE.find(path) is None, path
