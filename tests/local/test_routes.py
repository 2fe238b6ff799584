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


GREEDY = RouteTable(["/files", "/files/{proxy+}", "/files/{name}", "/files/list"])


def test_a_greedy_parameter_takes_the_rest_whatever_it_is() -> None:
    for rest in ("a/b", "a/b/", "Users('a/b')/name", "/", "{proxy+}/x", "", "list/x"):
        assert GREEDY.find(f"/files/{rest}") == Match("/files/{proxy+}", {"proxy": rest}), rest


def test_a_greedy_parameter_goes_last() -> None:
    assert GREEDY.find("/files") == Match("/files", {})
    assert GREEDY.find("/files/list") == Match("/files/list", {})
    assert GREEDY.find("/files/other") == Match("/files/{name}", {"name": "other"})
    assert GREEDY.find("/file/x") is None
