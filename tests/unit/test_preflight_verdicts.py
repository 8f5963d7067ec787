"""What the agent makes of values that the evidence does not hold, by its source and by Ruby's YAML reader."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deployer.appspec.inline import AppSpecFile
from deployer.bundle.contents import Exclusion
from deployer.choices import APPSPEC
from deployer.errors import Location
from deployer.preflight.check import check_bundle, checked
from tests.bundles import bundle, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = "version: 0.0\nos: linux\n"
FILES = f"{HEAD}files:\n  - source: app\n    destination: /srv/t\n"
SH = "#!/bin/sh\necho ok\n"
HOOK = f"{FILES}hooks:\n  AfterInstall:\n    - location: s/x.sh\n"


HEREDOC = "cat <<'E' <<-\"F\"\n[[ x\nE\n\tsource y\n\tF\n"


def judge(text: str, **files: str) -> str:
    return verdict(check_bundle(bundle({"app/a.txt": "a\n", "s/x.sh": SH, APPSPEC: text, **files})))


def table(*rows: tuple[str, str]) -> pytest.MarkDecorator:
    """Rows of a verdict and the values that get it, separated by two blanks."""
    pairs = [(value, said) for said, values in rows for value in values.split("  ")]
    return pytest.mark.parametrize(("value", "said"), pairs)


@table(
    ("ok", "0  0.0  0.00  -0.0  .0  0.  0x0  00  0:0  0_0  !float 0x0"),
    ("error", "\"0.0\"  '0.0'  0.0.0  false  1  [0.0]  0e0  !!str 0.0  ~  111111111111"),
)
def test_version(value: str, said: str) -> None:
    assert judge(f"version: {value}\nos: linux\n") == said


@table(
    ("ok", 'linux  windows  "linux"  linux # comment'),
    ("error", 'Linux  LINUX  ubuntu  [linux]  ~  "linux "  no'),
)
def test_os(value: str, said: str) -> None:
    assert judge(f"version: 0.0\nos: {value}\n") == said


@table(("ok", "~  DISALLOW  OVERWRITE  RETAIN"), ("error", 'overwrite  ""  [OVERWRITE]  REPLACE'))
def test_file_exists_behavior(value: str, said: str) -> None:
    assert judge(f"{HEAD}file_exists_behavior: {value}\n") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILES.replace("\n", "\r\n"), "ok"),
        (f"---\n{FILES}...\n", "ok"),
        (f"%YAML 1.1\n---\n{FILES}", "ok"),
        ('{"version": 0,\n\t"os": "linux"}', "ok"),
        (f"{FILES}---\n[", "flag"),
        (f"{HEAD}files: &all []\n", "ok"),
        (f"{HEAD}x: 2024-02-31\n", "error"),  # refused as a date, whether there is such a day or not
        (f"{HEAD}x: 2024-02-01 10:00:00\n", "error"),
        (f"{HEAD}x: \a\n", "error"),
        (f"{HEAD}x: a: b\n", "error"),
        (f"{HEAD}? [a]\n: b\n", "flag"),
        (f"{HEAD}{HEAD}", "error"),
        ("~\n", "error"),
        ("no\n", "error"),
        ("5\n", "error"),
        ("{}\n", "error"),
    ],
)
def test_document(text: str, said: str) -> None:
    assert judge(text) == said


@pytest.mark.parametrize(
    ("files", "links", "what"),
    [
        ({f"{APPSPEC}/a": ""}, {}, "a folder"),
        ({"a": ""}, {APPSPEC: "gone"}, "a link to nothing in the bundle"),
    ],
)
def test_an_appspec_that_is_no_file(files: dict[str, str], links: dict[str, str], what: str) -> None:
    problem = check_bundle(bundle(files, links=links))[0]
    assert problem.message.startswith(f"`appspec.yml` is {what}, not a file.")


def test_an_empty_bundle() -> None:
    (problem,) = check_bundle(bundle({}))
    assert (problem.message, problem.hint) == (
        "There is nothing to deploy: the bundle is empty.",
        "Correct the step that builds it.",
    )


@table(("ok", "[]  ~"), ("flag", "{}  false"), ("error", '""  x  5  {a: b}  [~]  [x]  [[]]'))
@pytest.mark.parametrize("section", ["files", "permissions"])
def test_sections_that_are_lists(section: str, value: str, said: str) -> None:
    assert judge(f"{HEAD}{section}: {value}\n") == said


@table(("ok", "{}  ~"), ("flag", "false"), ("error", '[]  ""  x  5'))
def test_hooks_is_a_mapping(value: str, said: str) -> None:
    assert judge(f"{HEAD}hooks: {value}\n") == said


@table(
    ("ok", "/  .  ./  ./app  app/  /app  //app  app/./a.txt  app/a.txt"),
    ("flag", '""  app/../s'),
    ("error", 'App  nope  app/*  app/a.txt/  5  true  ..  "app "  [app]  "*"  ~/app  $APP'),
)
def test_source(value: str, said: str) -> None:
    assert judge(f"{HEAD}files:\n  - source: {value}\n    destination: /srv/t\n") == said


@table(
    ("ok", "/  /srv/t/  /srv/../t  /srv/t.d  /srv/example.com  /srv/a b  /srv/app.js"),
    ("flag", "//srv/t  ///srv/t  //  ~deploy/app  ~deploy  /srv/{{X}}  /srv/<STAGE>/app  !Sub /srv/x"),
    ("flag", 'srv/t  ./t  .  /srv/$X  ${HOME}/x  "%APP%"  C:\\temp  "/srv/t "  /srv/*'),
    ("error", '~  "~"  ~root/x  5  [/srv]  "/srv\\0"'),
)
def test_destination(value: str, said: str) -> None:
    assert judge(f"{HEAD}files:\n  - source: app\n    destination: {value}\n") == said


@table(
    ("ok", "/srv  /srv/conf.d  /srv/example.com  /srv/app-1.2"),
    ("flag", "/srv/a.txt  /srv/c.txt  /srv/app.service"),
)
def test_destination_of_a_file(value: str, said: str) -> None:
    assert judge(f"{HEAD}files:\n  - source: app/a.txt\n    destination: {value}\n") == said


@table(
    ("ok", "30  +30  3600  null  ~"),
    ("flag", '"30"  false  30s  5m  3601  0x10  010  1:00  1_000  300.0  1.5  1e  1__0  "1_"'),
    ("error", '0  -1  abc  ""  "0"  true  .inf  .nan  0.5  {a: 1}  [3]'),
)
def test_timeout(value: str, said: str) -> None:
    assert judge(f"{HOOK}      timeout: {value}\n") == said


@table(
    ("ok", "nobody  root  ~"),
    ("flag", '""  -l  -lp  --login'),
    ("error", '0  "1000"  "a b"  $USER  [x]  no  -c  -x'),
)
def test_runas(value: str, said: str) -> None:
    assert judge(f"{HOOK}      runas: {value}\n") == said


@table(("ok", "sudo: true  sudo: "), ("flag", "sudo: yes  sudo: [x]  args: x  Timeout: 5  run_as: x"))
def test_keys_of_a_script(value: str, said: str) -> None:
    assert judge(f"{HOOK}      {value}\n") == said


@table(
    ("ok", "[]  ~"),
    ("flag", "{}  false"),
    ("error", "s/x.sh  {location: s/x.sh}  [s/x.sh]  [~]  [{}]  [{location: }]  [{location: ''}]  ''"),
)
def test_scripts_of_an_event(value: str, said: str) -> None:
    assert judge(f"{HEAD}hooks:\n  AfterInstall: {value}\n") == said


@table(
    ("ok", './s/x.sh  s//x.sh  " s/x.sh "  /s/x.sh'),
    ("flag", "s/../s/x.sh"),
    ("error", 's/X.sh  S/x.sh  s/x.sh/  x.sh  s\\x.sh  [s/x.sh]  bash s/x.sh  "."  /  ..  false'),
)
def test_location(value: str, said: str) -> None:
    assert judge(f"{HEAD}hooks:\n  AfterInstall:\n    - location: {value}\n") == said


@table(
    ("flag", "Install  DownloadBundle"),
    ("error", "BeforeELBAdd  AfterAllowTestTraffic  Start  End  BlockTraffic  afterinstall  5  [a]"),
)
def test_events(value: str, said: str) -> None:
    assert judge(f"{HEAD}hooks:\n  ? {value}\n  : - location: s/x.sh\n") == said


@table(
    ("ok", '644  "644"  4755  7  0  ~  "0644"'),
    ("flag", '0644  0777  04755  ""  0x1A4'),
    ("error", '0755  0600  8  999  "u+x"  0o644  "04755"  6.4  true  [6]  -1'),
)
def test_mode(value: str, said: str) -> None:
    assert judge(f"{FILES}permissions:\n  - object: /srv/t/a.txt\n    mode: {value}\n") == said


@table(
    ("ok", "[file]  ~  [file, directory]"),
    ("flag", "[directory]  []  {}  false"),
    ("error", "[File]  file  [~]  5"),
)
def test_type(value: str, said: str) -> None:
    assert judge(f"{FILES}permissions:\n  - object: /srv/t/a.txt\n    type: {value}\n") == said


@table(
    ("ok", "root  ~  user.name  DOMAIN\\user"),
    ("flag", "false"),
    ("error", '$USER  "${USER}"  "{{USER}}"  "0"  ""  true  [a]  1000  a;b'),
)
@pytest.mark.parametrize("key", ["owner", "group"])
def test_owner_and_group(key: str, value: str, said: str) -> None:
    assert judge(f"{FILES}permissions:\n  - object: /srv/t/a.txt\n    {key}: {value}\n") == said


@table(
    ("ok", '[u:bob:rw]  [user:bob:rw]  [bob:rw]  [u:bob:7]  [g:x:r-x]  ["m::r"]  [m:r]  []  ~  ["u:bob:"]'),
    ("error", '[x]  ["o::r"]  [o:r]  [u:bob:z]  [u:bob:8]  ["g::r"]  [m:x:r]  [5]  u:bob:rw  ["a:b:c:d:e"]'),
    ("flag", '["u:b:r", "u:b:w"]  [bob:r, "user:bob:w"]'),
    ("flag", "{}"),
    ("error", '[d:d:bob:r]  ["d:u:bob:rw"]  [default:bob:r]  false  [z:bob:r]'),
)
def test_acls(value: str, said: str) -> None:
    assert judge(f"{FILES}permissions:\n  - object: /srv/t/a.txt\n    acls: {value}\n") == said


@table(
    ("ok", 's0  s0-s3  "s0:c1"  "s0-s3:c1,c3.c5"  "s0:c1,"'),
    ("error", '"x"  s3-s0  "s0:"  "s0:c9999"  "s0:c1,c1"  "s0:c1.c3,c2"  "s0:c3.c1"  "s0:x"  5  ""  ~  s'),
)
def test_selinux_range(value: str, said: str) -> None:
    context = f"{{name: u, type: t, range: {value}}}"
    assert judge(f"{FILES}permissions:\n  - object: /srv/t/a.txt\n    context: {context}\n") == said


@table(("ok", "~"), ("error", "x  [x]  {}  {range: s0}  5"))
def test_context(value: str, said: str) -> None:
    assert judge(f"{FILES}permissions:\n  - object: /srv/t/a.txt\n    context: {value}\n") == said


@table(
    ("ok", "/srv/t/a.txt  /srv/t  /srv/t/  /srv  /  srv/t/a.txt  /srv/t/a.txt/"),
    ("flag", "/srv/t/nope  /srv/t/*  /srv/a.txt  5  []  {}  [/srv/t]"),
    ("error", '""  ~'),
)
def test_object(value: str, said: str) -> None:
    assert judge(f"{FILES}permissions:\n  - object: {value}\n    type: [file]\n    mode: 600\n") == said


@table(
    ("ok", 'pattern: "**"  pattern: "*"  pattern: "a*"  except: [b]  pattern: "*.txt"'),
    ("flag", 'pattern: "x*"  pattern: "**/*.txt"  pattern: ""  except: [a.txt]  except: {}  except: [b/c]'),
    ("flag", 'except: ["*"]  pattern: false'),
    ("error", "pattern: 5  pattern: [a]  except: a.txt  except: [5]"),
)
def test_pattern_and_except(value: str, said: str) -> None:
    text = f"{FILES}permissions:\n  - object: /srv/t\n    type: [file]\n    {value}\n"
    assert judge(text) == said


@table(
    ("flag", "owner: 5  group: [a]  pattern: 5  except: [5]  context: {type: 5, name: 6, range: s0}"),
    ("flag", "context: {type: t}  acls: {}"),
    ("error", "mode: 8  except: 5  type: [5]  acls: [5]  acls: false  context: {type: t, range: 5}"),
)
def test_some_values_matter_only_where_they_are_set(value: str, said: str) -> None:
    """The others are refused when the AppSpec is read."""
    assert judge(f"{FILES}permissions:\n  - object: /srv/nope\n    {value}\n") == said
    assert judge(f"{FILES}permissions:\n  - object: /srv/t\n    type: {{}}\n    {value}\n") == said


def test_permissions_do_not_follow_from_a_missing_source() -> None:
    """One mistake is one finding: what is not there is not also called untouched."""
    text = f"{HEAD}files:\n  - {{source: gone, destination: /srv}}\npermissions:\n  - object: /srv\n"
    (problem,) = check_bundle(bundle({APPSPEC: text}))
    assert problem.code == "appspec-files-missing-source"


@pytest.mark.parametrize(("excluded", "offered"), [("s/x.sh", True), ("s/", False)])
def test_only_a_file_can_be_taken_back_from_a_pattern(excluded: str, offered: bool) -> None:  # noqa: FBT001
    exclusion = Exclusion(excluded, "s", Location(".codedeployignore", 1))
    text = f"{HEAD}hooks:\n  AfterInstall:\n    - location: s/x.sh\n"
    (problem,) = check_bundle(bundle({APPSPEC: text}, exclusions=(exclusion,)))
    assert ("`!/s/x.sh`" in problem.hint) is offered


def test_except_is_not_for_a_file() -> None:
    assert judge(f"{FILES}permissions:\n  - object: /srv/t/a.txt\n    except: [b]\n") == "error"


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("source: s\n    destination: /srv/t", "ok"),
        ("source: s\n    destination: /srv/t/sub", "ok"),
        ("source: app\n    destination: /srv/t", "error"),
        ("source: app\n    destination: /srv/t/a.txt", "error"),
        ("source: app\n    destination: /srv/t/a.txt/deeper", "error"),
        ("source: /\n    destination: /srv", "ok"),
        ("source: app\n    destination: /srv/t2", "ok"),
        ("source: s/x.sh\n    destination: /srv/t", "ok"),
    ],
)
def test_two_mappings(second: str, said: str) -> None:
    assert judge(f"{FILES}  - {second}\n") == said


def test_a_mapping_over_a_folder_of_an_earlier_one() -> None:
    first, second = "{source: app, destination: /srv/name}", "{source: q/name, destination: /srv}"
    text = f"{HEAD}files:\n  - {first}\n  - {second}\n"
    assert judge(text, **{"q/name": ""}) == "error"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (SH, "ok"),
        ("#!/bin/sh", "ok"),
        ("#! /bin/bash -e\n", "ok"),
        ("#!/usr/bin/env python3\nprint(1)\r\n", "ok"),
        ("#!/usr/bin/env -S bash -e\n", "ok"),
        ("\x7fELF\x02", "ok"),
        ("", "flag"),
        ("echo\r\n", "flag"),
        ("#!\n", "flag"),  # /bin/sh runs it
        ("#!\r\n", "error"),
        ("#!/bin/sh -e\r\nls\r\n", "error"),
    ],
)
def test_first_line_of_a_script(script: str, said: str) -> None:
    assert judge(HOOK, **{"s/x.sh": script}) == said


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("/bin/bash -e -x", "error"),
        ("/bin/sh -e # stop at errors", "error"),
        ("/usr/bin/python3 -u -B", "error"),
        ("/bin/ksh -e -u", "error"),  # of ksh93 and mksh
        ("/usr/bin/zsh -e -u", "error"),
        ("/usr/bin/python3 -W ignore", "ok"),  # the rest of the word is the option's value
        ("/usr/bin/php -d memory_limit=1G", "ok"),
        ("/usr/bin/perl -w -T", "ok"),
        ("/usr/bin/python3.12", "ok"),
        ("/usr/local/bin/php8", "ok"),
        ("/usr/bin/env ruby3.2", "ok"),
        ("/usr/bin/env -iS bash -e", "ok"),
        ("/usr/bin/env X=1", "error"),  # starts the script again, without end
        ("/bin/bsh", "flag"),
        ("/usr/bin/env pyhton3", "flag"),
        ("/opt/acme/bin/bsh", "ok"),
        ("/usr/bin/jruby", "ok"),
        ("/bin/sh;", "error"),
        ("/bin/bash -s", "flag"),  # reads its input, which is empty, instead of the script
        ("/bin/sh -es", "flag"),
        ("/bin/dash -n", "flag"),
        ("/bin/bash --posix", "ok"),
        ("/usr/bin/python3 -s", "ok"),
    ],
)
def test_only_what_surely_does_not_start_is_an_error(first: str, said: str) -> None:
    assert judge(HOOK, **{"s/x.sh": f"#!{first}\n"}) == said


@table(
    ("flag", "[[ -e a ]]  a=(1 2)  local a+=(3)  function f { :; }  source ./x  read a <<< b  cat <(ls)"),
    ("flag", "x &> y  for i in {1..3}; do :; done  if [[ a ]]; then :; fi  x && source y  : 'a\nb'\n[[ x ]]"),
    ("flag", "cat <<E\nE\n[[ x ]]"),
    ("flag", 'x=${x^^}  x="${x,}"  x="a\nb ${x//a/b}"  : ${x:1}  : ${x: -1}  : ${!x}  x="${x[0]}"'),
    ("flag", ': "${@:2}"  : ${x@Q}'),
    ("ok", "x=${x:-a,b}  : ${x%^} ${x##*/} ${#x} ${!} ${x:=/}  : '${x^^}'  : \"\\${x^^}\"  # ${x^^}"),
    ("ok", ": \"$(dpkg-query -f '${db:Status}')\""),
    ("ok", "# [[ x  echo '[[ x'  echo \"a\n[[ x ]]\"  x=$(y)  case $x in [[:space:]]) ;; esac  x > y 2>&1"),
    (
        "ok",
        f"{HEREDOC}:  f() (:)  ./source x  echo source x  echo \\\nsource x  [ $((1<2)) ]  a{{1}}  grep ^[[]",
    ),
    (
        "ok",
        "exec bash \"$0\"\n[[ x ]]  x=$'it\\'s'\n:  echo ${x#[[ }  awk 'function f(x) {}'  cat <<E\nsource x",
    ),
)
def test_what_only_bash_understands_in_a_script_for_sh(value: str, said: str) -> None:
    assert judge(HOOK, **{"s/x.sh": f"#!/bin/sh\n{value}\n"}) == said
    assert judge(HOOK, **{"s/x.sh": f"#!/bin/bash\n{value}\n"}) == "ok"


@table(
    ("flag", "x &  nohup x &  x > log &  x 2>&1 >log &  x & # c  x & disown  x & echo $! > pid  x \\\n y &"),
    ("flag", "(sleep 5; x) & exit 0  cat <<E\ntext\nE\nx &"),
    ("ok", "x > /dev/null 2>&1 &  x >/dev/null 2>&1 </dev/null &  x &> log &  x 1>l 2>l &  x >> l 2>&1 &"),
    (
        "ok",
        "x >&/dev/null &  (x > l 2>&1) &  a && b  a &&\nb  echo 2>&1  x &\nwait  exec > l 2>&1\nx &  # x &",
    ),
    (
        "ok",
        'echo "a & b"  \'a &\'  a\\&b  x=$((a & b))  [[ $a =~ b& ]]  cat <<E\nx &\nE  cat <<-"E"\nx &\n\tE',
    ),
    ("ok", "case $x in a) ;;& esac"),
)
def test_background_processes(value: str, said: str) -> None:
    assert judge(HOOK, **{"s/x.sh": f"#!/bin/bash\n{value}\n"}) == said


def test_the_whole_command_in_the_background_is_shown() -> None:
    """With the lines that it is continued on; its last line is the place."""
    script = "#!/bin/bash\ncd /srv\nnode \\\n  x.js \\\n  --port 80 2>x &\n"
    (problem,) = check_bundle(bundle({"app/a.txt": "", "s/x.sh": script, APPSPEC: HOOK}))
    assert problem.location == Location("s/x.sh", 5)
    assert "`node   x.js   --port 80 > /dev/null 2>&1 < /dev/null &`" in problem.hint


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("a" * 4097, "has a value of more than 4,096 characters in line 4"),
        (f"[{'a,' * 20_000}]", "exceeds 20,000 keys and values in line 4"),
    ],
)
def test_where_an_appspec_becomes_too_large(value: str, why: str) -> None:
    problem = check_bundle(bundle({APPSPEC: f"{HEAD}x: 1\ny: {value}\n"}))[0]
    assert problem.message == f"The AppSpec {why}, and was not read."
    assert problem.location == Location(APPSPEC, 4, 1)


@pytest.mark.parametrize(
    ("mode", "folder", "runas", "said"),
    [
        (0o755, 0o755, "bob", "ok"),
        (0o744, 0o755, "bob", "error"),
        (0o711, 0o755, "bob", "error"),
        (0o755, 0o700, "bob", "error"),
        (0o644, 0o755, "bob", "ok"),
        (0o600, 0o755, "bob", "error"),
        (0o700, 0o700, "root", "ok"),
    ],
)
def test_mode_of_a_script_that_runs_as_another_user(mode: int, folder: int, runas: str, said: str) -> None:
    files = {"app/a.txt": "", "s/x.sh": SH, APPSPEC: f"{HOOK}      runas: {runas}\n"}
    assert verdict(check_bundle(bundle(files, modes={"s/x.sh": mode, "s": folder}))) == said


@pytest.mark.parametrize(
    ("target", "said"),
    [("y.sh", "ok"), ("../s/y.sh", "ok"), ("gone.sh", "error"), ("/opt/y.sh", "flag"), ("x.sh", "error")],
)
def test_a_script_that_is_a_link(target: str, said: str) -> None:
    files = {"app/a.txt": "", "s/y.sh": SH, APPSPEC: HOOK}
    assert verdict(check_bundle(bundle(files, links={"s/x.sh": target}))) == said


@pytest.mark.parametrize(("target", "said"), [("app", "ok"), ("gone", "flag"), ("/opt", "flag")])
def test_a_source_that_is_a_link(target: str, said: str) -> None:
    text = f"{HEAD}files:\n  - {{source: now, destination: /srv}}\npermissions:\n  - object: /srv/a.txt\n"
    contents = bundle({"app/a.txt": "", APPSPEC: text}, links={"now": target})
    assert verdict(check_bundle(contents)) == said


def test_windows_paths_and_scripts() -> None:
    """Backslashes, drives and another case are fine there; first lines and modes do not matter."""
    text = (
        "version: 0.0\nos: windows\nfiles:\n  - {source: \\APP, destination: 'C:\\site'}\n"
        "  - {source: app\\a.txt, destination: '\\logs'}\n"
        "hooks:\n  AfterInstall:\n    - location: s\\X.PS1\n"
    )
    assert judge(text, **{"s/x.ps1": "Write-Host\r\n"}) == "ok"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["top/appspec.yml", "top/app/a.txt"], "ok"),
        (["top/appspec.yml", "top/app/a.txt", "__MACOSX/x"], "error"),
        (["a/top/appspec.yml", "a/top/app/a.txt"], "error"),
        (["top/appspec.yaml", "top/app/a.txt"], "error"),
        (["appspec.yml", "app/a.txt", "appspec.json"], "ok"),
    ],
)
def test_where_the_agent_looks_for_the_appspec(files: list[str], said: str) -> None:
    """One folder that holds everything is stripped; a second AppSpec with the same content is no matter."""
    assert verdict(check_bundle(bundle(dict.fromkeys(files, FILES)))) == said


def test_a_stripped_folder_keeps_its_places() -> None:
    exclusion = Exclusion("top/app/", "app", Location(".codedeployignore", 1))
    contents = bundle({"top/appspec.yml": FILES, "top/b": ""}, exclusions=(exclusion,))
    (problem,) = check_bundle(contents)
    assert problem.code == "appspec-files-excluded-source"
    (problem,) = check_bundle(bundle({"top/appspec.yml": f"{HEAD}os: linux\n"}))
    assert problem.location == Location("top/appspec.yml", 3, 1)


@pytest.mark.parametrize("excluded", ["a/b/c/d", "a/b/c/d/", "a/b/", "a/", "a/b/c/d/e"])
def test_the_pattern_that_left_out_a_source_is_named(excluded: str) -> None:
    """One for the path itself, for a folder above it, or for all that is in it."""
    exclusion = Exclusion(excluded, "x", Location(".codedeployignore", 2))
    text = f"{HEAD}files:\n  - source: a/b/c/d\n    destination: /srv\n"
    (problem,) = check_bundle(bundle({APPSPEC: text, "b/c": ""}, exclusions=(exclusion,)))
    assert problem.location == Location(".codedeployignore", 2)


def test_an_appspec_that_a_pattern_left_out_names_the_pattern() -> None:
    exclusion = Exclusion(APPSPEC, "*.yml", Location(".codedeployignore", 2))
    (problem,) = check_bundle(bundle({"a": ""}, exclusions=(exclusion,)))
    assert (problem.code, problem.location) == ("appspec-missing", Location(".codedeployignore", 2))


@pytest.mark.parametrize(
    ("location", "guess"),
    [
        ("S/X.sh", "s/x.sh"),
        ("x.sh", "s/x.sh"),
        ("s/xx.sh", "s/x.sh"),
        ("completely/different", ""),
    ],
)
def test_the_nearest_name_is_offered(location: str, guess: str) -> None:
    text = f"{HEAD}hooks:\n  AfterInstall:\n    - location: {location}\n"
    (problem,) = check_bundle(bundle({"s/x.sh": SH, APPSPEC: text}))
    assert (f"Did you mean {guess}?" in problem.hint) == bool(guess), problem


def test_the_nearest_name_in_a_large_bundle_is_one_of_the_same_folder() -> None:
    files = {f"data/{number}": "" for number in range(3000)}
    text = f"{HEAD}hooks:\n  AfterInstall:\n    - location: s/xx.sh\n"
    (problem,) = check_bundle(bundle({**files, "s/x.sh": SH, APPSPEC: text}))
    assert problem.hint == "Did you mean s/x.sh?"


def test_a_folder_that_holds_one_script_names_it() -> None:
    text = f"{HEAD}hooks:\n  AfterInstall:\n    - location: s\n"
    (problem,) = check_bundle(bundle({"s/x.sh": SH, APPSPEC: text}))
    assert problem.hint.endswith("There is s/x.sh.")


def test_large_bundles_get_advice() -> None:
    contents = bundle({APPSPEC: FILES, "app/big": ""})
    big = contents.entries["app/big"]._replace(size=3 << 30)
    (problem,) = check_bundle(replace(contents, entries={**contents.entries, "app/big": big}))
    assert (problem.code, problem.severity.value) == ("bundle-size", "notice")
    assert "unpacks to 3.2 GB" in problem.message
    assert "Largest: app/big (3.2 GB), appspec.yml (" in problem.message


def test_only_what_takes_space_is_among_the_largest() -> None:
    contents = bundle({APPSPEC: FILES, "app/big": "", "app/empty": ""})
    big = contents.entries["app/big"]._replace(size=3 << 30)
    (problem,) = check_bundle(replace(contents, entries={**contents.entries, "app/big": big}))
    assert "(0 B)" not in problem.message


def test_the_largest_files_are_named_largest_first() -> None:
    contents = bundle({APPSPEC: FILES, **{f"app/{name}": "" for name in "edcba"}})
    sizes = {"app/a": 1 << 30, "app/b": 3 << 30, "app/c": 2 << 30, "app/d": 3 << 30, "app/e": 1}
    entries = {
        name: entry._replace(size=sizes.get(name, entry.size)) for name, entry in contents.entries.items()
    }
    (problem,) = check_bundle(replace(contents, entries=entries))
    assert "Largest: app/b (3.2 GB), app/d (3.2 GB), app/c (2.1 GB), app/a (1.1 GB)" in problem.message


@pytest.mark.parametrize("name", ["${STAGE}/app", "{{STAGE}}", "$STAGE", "%STAGE%"])
def test_a_variable_in_a_name_of_the_bundle_is_called_one(name: str) -> None:
    text = f'{HEAD}files:\n  - {{source: "{name}", destination: /srv}}\n'
    text += f'permissions:\n  - object: "/srv/{name}"\nhooks:\n  AfterInstall:\n    - location: "{name}"\n'
    problems = check_bundle(bundle({APPSPEC: text}))
    assert [problem.code for problem in problems] == [
        "appspec-files-missing-source",
        "appspec-hook-missing-script",
    ]
    assert all("is not replaced." in problem.hint for problem in problems)


ECS = """\
version: 0.0
Resources:
  - Web:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: {}
        LoadBalancerInfo: {{ContainerName: web, ContainerPort: 80}}
"""
REFUSED = [("appspec-variable", "error")]
UNRESOLVED = [("appspec-cloudformation", "warning"), ("appspec-resource-property", "error")]


@pytest.mark.parametrize(
    ("task", "found"),
    [
        ("web:7", []),  # looked up
        ("$TASK", REFUSED),
        ("arn:aws:ecs:eu-west-1:111122223333:task-definition/${NAME}", REFUSED),
        ("'{{TASK}}'", REFUSED),
        ("{{TASK}}", REFUSED),
        ("!GetAtt Task.Arn", UNRESOLVED),
        ("!Ref Task", UNRESOLVED),
    ],
)
def test_a_variable_where_the_service_expects_a_value(task: str, found: list[tuple[str, str]]) -> None:
    """Told once, as what it is, and never looked up as a family of task definitions."""
    problems = AppSpecFile(ECS.format(task), "appspec.yml").check()
    assert [(problem.code, problem.severity) for problem in problems] == found


def test_a_version_of_a_function_is_no_variable() -> None:
    text = (
        ECS.format("web:7") + "Hooks:\n  - BeforeInstall: arn:aws:lambda:eu-west-1:1:function:check:$LATEST\n"
    )
    assert AppSpecFile(text, "appspec.yml").check() == []


def found(text: str, links: Mapping[str, str], *, behavior: str | None = None) -> list[str]:
    """The codes for a bundle with links."""
    contents = bundle({"app/a.txt": "a\n", "app/b ": "", "opt/c.txt": "", APPSPEC: text}, links=links)
    return [problem.code for problem in checked(contents, file_exists_behavior=behavior)[0]]


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    ("behavior", "code"),
    [
        ("OVERWRITE", ["appspec-files-overwritten-link"]),
        ("RETAIN", []),
        ("DISALLOW", ["appspec-files-not-cleaned-up"]),
    ],
)
def test_the_behavior_of_the_input_counts_where_the_appspec_has_none(
    behavior: str,
    code: list[str],
    inside: bool,  # noqa: FBT001
) -> None:
    """A link is not overwritten; a name that no cleanup finds matters only where files may not exist."""
    links = {"app/l": "a.txt", "app/m": "a.txt"}
    line = f"file_exists_behavior: {behavior}\n" if inside else ""
    assert found(FILES + line, links, behavior="RETAIN" if inside else behavior) == code


@pytest.mark.parametrize(
    ("links", "cyclic"),
    [
        ({"app/l": "."}, "(app/l)"),
        ({"app/l": ".", "app/x/p": "../y", "app/y/q": "../z"}, "(app/l)"),
        ({"app/x/p": "../y", "app/y/q": "../x", "app/y/r": "../z"}, "(app/x/p, app/y/q)"),
        ({"app/x/p": "../y", "app/y/q": "../z", "app/z/r": "../../s"}, ""),
        ({"app/up": "../.."}, "(app/up)"),  # the folder above the bundle, and so the bundle
        ({"app/up": "../../..", "app/x/up": "../../.."}, "(app/up, app/x/up)"),
        ({"app/up": "../../elsewhere"}, ""),
    ],
)
def test_only_the_links_of_a_cycle_are_named(links: dict[str, str], cyclic: str) -> None:
    """Not those that lead to it, nor those that lead away from it."""
    tree = bundle({APPSPEC: FILES, "app/x/a": "", "app/y/a": "", "app/z/a": "", "s/a": ""}, links=links)
    messages = [each.message for each in check_bundle(tree) if "cycle" in each.code]
    assert [cyclic in message for message in messages] == ([True] if cyclic else [])


def test_a_linked_folder_is_no_link_on_the_instance() -> None:
    assert found(FILES, {"app/l": "../s", "s": "opt"}, behavior="OVERWRITE") == []


@pytest.mark.parametrize(
    ("length", "destination", "count"),
    [(158, "C:\\site", 0), (159, "C:\\site", 1), (140, f"C:\\{'x' * 119}", 0), (140, f"C:\\{'x' * 120}", 1)],
)
def test_paths_that_are_too_long_for_windows(length: int, destination: str, count: int) -> None:
    """In the folder of the agent, of 101 characters, or where the files go."""
    text = f"version: 0.0\nos: windows\nfiles:\n  - source: app\n    destination: {destination}\n"
    files = {"app/" + "a" * (length - 4): "", APPSPEC: text}
    problems = check_bundle(bundle(files))
    assert [problem.code for problem in problems] == ["appspec-files-windows-path"] * count
