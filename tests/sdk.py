"""The SDK in tests: what follows from its own data is made once a process, and no call takes real time."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.client import ClientCreator
from botocore.endpoint_provider import EndpointProvider
from botocore.hooks import EventAliaser
from botocore.httpsession import URLLib3Session
from botocore.loaders import JSONFileLoader, Loader
from botocore.utils import EVENT_ALIASES, ContainerMetadataFetcher

from deployer import aws

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest
    from botocore.model import ServiceModel

SHORT_SECONDS, LONG_SECONDS = 2.0, 100.0
OWN = (
    str(Loader.BUILTIN_DATA_PATH),
    str(Path(boto3.__file__).parent / "data"),
    str(Path(aws.__file__).parent / "models"),
)
"""Folders that do not change: the SDK's, and that of the product's models."""


def keep_data(patch: pytest.MonkeyPatch) -> None:
    """Let all sessions share files and lists of these folders, as all clients of a session do anyway."""
    read, list_services = JSONFileLoader.load_file, Loader.list_available_services
    files: dict[str, Any] = {}
    services: dict[tuple[str, ...], list[str]] = {}

    def load_file(self: JSONFileLoader, file_path: str) -> Any:  # noqa: ANN401 - of any shape
        if not file_path.startswith(OWN):
            return read(self, file_path)
        if file_path not in files:
            files[file_path] = read(self, file_path)
        return files[file_path]

    def list_available_services(self: Loader, type_name: str) -> list[str]:
        folders = [path for path in self.search_paths if Path(path).is_dir()]
        if not all(path.startswith(OWN) for path in folders):
            return list_services(self, type_name)
        key = (type_name, *folders)
        if key not in services:
            services[key] = list_services(self, type_name)
        return list(services[key])

    patch.setattr(JSONFileLoader, "load_file", load_file)
    patch.setattr(Loader, "list_available_services", list_available_services)


def keep_endpoints(patch: pytest.MonkeyPatch) -> None:
    """Let all clients share the trees of rules that are made of the same data, which `keep_data` keeps."""
    made: dict[tuple[int, ...], tuple[object, ...]] = {}

    def provider(**data: Any) -> object:  # noqa: ANN401 - JSON
        key = tuple(map(id, data.values()))
        if key not in made:
            made[key] = (EndpointProvider(**data), data)  # which keeps the ids from being used again
        return made[key][0]

    patch.setattr("botocore.regions.EndpointProvider", provider)


def keep_methods(patch: pytest.MonkeyPatch) -> None:
    """Let all clients share the methods that are made of the same data, which `keep_data` keeps."""
    create: Callable[..., Mapping[str, object]] = vars(ClientCreator)["_create_methods"]
    made: dict[int, tuple[Mapping[str, object], object]] = {}

    def create_methods(self: ClientCreator, service_model: ServiceModel) -> dict[str, object]:
        data = vars(service_model)["_service_description"]
        if id(data) not in made:
            made[id(data)] = (create(self, service_model), data)  # which keeps the id from being used again
        return dict(made[id(data)][0])

    patch.setattr(ClientCreator, "_create_methods", create_methods)


def keep_events(patch: pytest.MonkeyPatch) -> None:
    """Let all emitters share the full names of events, and read off a handler's code what it accepts."""
    begin = EventAliaser.__init__
    names: dict[str, str] = {}

    def aliaser(self: EventAliaser, event_emitter: Any, event_aliases: Any = None) -> None:  # noqa: ANN401
        begin(self, event_emitter, event_aliases)
        if event_aliases in (None, EVENT_ALIASES):
            vars(self)["_alias_name_cache"] = names

    def accepts_kwargs(handler: Any) -> bool:  # noqa: ANN401 - anything that can be called
        if code := getattr(handler, "__code__", None):
            return bool(code.co_flags & inspect.CO_VARKEYWORDS)
        return bool(inspect.getfullargspec(handler).varkw)

    patch.setattr(EventAliaser, "__init__", aliaser)
    patch.setattr("botocore.hooks.accepts_kwargs", accepts_kwargs)


def forget_time(patch: pytest.MonkeyPatch) -> None:
    """Let no call run out of time, since only a busy machine is late here, and the SDK retry at once.

    Time-outs of less than two seconds, which the product never sets, are left to the tests that set them.
    """
    begin = URLLib3Session.__init__

    def session(self: URLLib3Session, **options: Any) -> None:  # noqa: ANN401 - those of the SDK
        given = options.get("timeout") or LONG_SECONDS
        seconds = given if isinstance(given, tuple | list) else (given, given)
        options["timeout"] = tuple(each if each < SHORT_SECONDS else LONG_SECONDS for each in seconds)
        begin(self, **options)

    patch.setattr(URLLib3Session, "__init__", session)
    patch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
