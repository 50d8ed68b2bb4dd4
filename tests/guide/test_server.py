"""The server answers the one who opened it, its own pages, and nobody else; the code box harms nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tearless.core import InputError
from tearless.guide.pages import Guide, Mine
from tearless.guide.running import LOUDEST, run
from tearless.guide.server import COOKIE, app_of, serve

HOST, TOKEN = "127.0.0.1:8765", "a-token-of-the-test"
LESSON = "/lesson/gradient-descent"


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = app_of(Guide(), TOKEN, frozenset({HOST}))
    with TestClient(app, base_url=f"http://{HOST}", cookies={COOKIE: TOKEN}) as found:
        yield found


def test_the_token_in_the_address_becomes_a_cookie(client: TestClient) -> None:
    client.cookies.clear()
    answer = client.get("/", params={"token": TOKEN}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert {"httponly", "samesite=strict"} <= set(answer.headers["set-cookie"].lower().split("; "))


@pytest.mark.parametrize("token", [None, "", "wrong", "a-token-of-the-tesT", "ä"])
def test_nobody_comes_in_without_the_token(client: TestClient, token: str | None) -> None:
    client.cookies.clear()
    params = {} if token is None else {"token": token}
    for path in ("/", LESSON, f"{LESSON}/view", "/style.css", "/static/guide.js", "/nowhere"):
        assert client.get(path, params=params).status_code == 403
    assert client.post(f"{LESSON}/run", content=b"print(1)", params=params).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:1", "[::1]:8765"])
def test_another_host_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1:8765", "null", "http://127.0.0.1:1"])
def test_another_origin_is_refused(client: TestClient, origin: str) -> None:
    assert client.get(LESSON, headers={"origin": origin}).status_code == 403
    assert client.post(f"{LESSON}/run", content=b"print(1)", headers={"origin": origin}).status_code == 403


def test_every_answer_has_the_policy(client: TestClient) -> None:
    for path in ("/", LESSON, "/style.css", "/static/guide.js", "/nowhere"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/static/../server.py", "/static/%2e%2e/server.py", "/static//etc/passwd"])
def test_files_outside_are_not_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_paths_come_from_the_command_line_alone(client: TestClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("secret_column,b\n1,2\n2,3\n4,5\n")
    for path in (LESSON, f"{LESSON}/view"):
        answer = client.get(path, params={"data": str(secret)})
        assert answer.status_code == 400
        assert "secret_column" not in answer.text


@pytest.mark.parametrize("query", ["rate=nan", "rate=inf", "rate=", "rate=<script>", "scale=raw", "nothing=1"])
def test_what_no_control_takes_is_refused_by_name(client: TestClient, query: str) -> None:
    answer = client.get(f"{LESSON}?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.text
    assert "<script>" not in answer.text.replace('<script src="/static/guide.js" defer></script>', "")


def test_values_beyond_the_ends_are_kept_within_them(client: TestClient) -> None:
    assert client.get(f"{LESSON}/view?rate=1e300").json()["view"] == client.get(f"{LESSON}/view?rate=99").json()["view"]


def test_an_unknown_lesson_is_refused(client: TestClient) -> None:
    assert client.get("/lesson/../../etc/passwd").status_code in (400, 404)
    assert client.get("/lesson/nothing").status_code == 400


def test_names_from_the_data_are_inert(tmp_path: Path) -> None:
    file = tmp_path / "hostile.csv"
    names = [
        "<script>alert(1)</script>",
        "![x](http://evil.example/x.png)",
        "[a](javascript:alert(1))",
        "`</code><b>",
        "y",
    ]
    rows = "\n".join(",".join(str((i * j * 7) % 11 + i / 3) for j in range(1, 6)) for i in range(20))
    file.write_text(",".join(f'"{name}"' for name in names) + "\n" + rows + "\n")
    guide = Guide(Mine(str(file), "y"))
    page = guide.lesson("gradient-descent", {})
    assert "alert(1)" in page
    for text in (page, guide.view("gradient-descent", {})["view"]):
        for harm in ("<script>alert", "<img", 'href="javascript', 'src="http', "<b>"):
            assert harm not in text


def test_a_file_that_a_lesson_cannot_use_is_said_and_the_usual_example_shown(tmp_path: Path) -> None:
    file = tmp_path / "words.csv"
    file.write_text("a,b\nx,y\nz,w\n")
    page = Guide(Mine(str(file))).lesson("gradient-descent", {})
    assert "the lesson gradient-descent cannot be had on" in page
    assert "the table has no numeric feature" in page
    assert "the usual example" in page


def test_code_tells_its_numbers() -> None:
    assert run("x = 2 ** 0.5\nprint('hello')", ["x", "y"]).numbers == {"x": 2**0.5}


def test_an_endless_loop_is_stopped_and_other_pages_are_served_meanwhile(client: TestClient) -> None:
    client.get(LESSON)
    with ThreadPoolExecutor(1) as other:
        running = other.submit(run, "while True: pass", [], 3.0)
        began = time.monotonic()
        assert client.get(f"{LESSON}/view?steps=30").status_code == 200
        assert not running.done()
        assert time.monotonic() - began < 2.5
        assert running.result().stopped == "stopped after 3 seconds"


def test_a_memory_bomb_is_stopped() -> None:
    ran = run("x = []\nwhile True: x.append(bytearray(1 << 26))", [])
    assert ran.stopped or "MemoryError" in ran.output


def test_loud_code_is_cut() -> None:
    ran = run("while True: print('x' * 1000)", [], 1.0)
    assert ran.stopped
    assert len(ran.output) < 2 * LOUDEST


def test_children_of_the_code_end_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    child = f"import time; time.sleep(2.5); open({str(mark)!r}, 'w')"
    run(
        f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {child!r}])\nimport time; time.sleep(60)",
        [],
        1.5,
    )
    time.sleep(2.5)
    assert not mark.exists()


def test_code_is_not_run_where_that_is_switched_off() -> None:
    app = app_of(Guide(runs=False), TOKEN, frozenset({HOST}), runs=False)
    with TestClient(app, base_url=f"http://{HOST}", cookies={COOKIE: TOKEN}) as client:
        assert client.post(f"{LESSON}/run", content=b"print(1)").status_code == 403
        assert "run it here" not in client.get(LESSON).text


def test_too_long_code_is_refused(client: TestClient) -> None:
    assert client.post(f"{LESSON}/run", content=b"#" * 100_000).status_code == 403


def test_a_process_that_left_the_group_ends_with_the_code(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    child = f"import time; time.sleep(2.5); open({str(mark)!r}, 'w')"
    code = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)"
    began = time.monotonic()
    assert run(code, [], 5.0).stopped == ""
    assert time.monotonic() - began < 10
    time.sleep(3.0)
    assert not mark.exists()


@pytest.mark.parametrize(("code", "said"), [("import os; os._exit(3)", "status 3"), ("x = 10**400", "")])
def test_an_odd_end_is_told_as_it_is(code: str, said: str) -> None:
    ran = run(code, ["x"])
    assert said in ran.stopped
    assert "Traceback" not in ran.output


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="port: expected a number"):
        serve(Guide(), port=99_999, ready=lambda _: None)
