"""Log every AWS call for debugging, using botocore's event hooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel

    from deployer.clock import Clock


@dataclass(frozen=True)
class Trace:
    """Logs the name and outcome of each call, never its content."""

    tell: Callable[[str], None]
    clock: Clock

    def attend(self, client: Any) -> None:  # noqa: ANN401 - a client of any service
        """Tell of this client's calls from here on."""
        client.meta.events.register("before-call", self._begun)
        client.meta.events.register("after-call", self._answered)
        client.meta.events.register("after-call-error", self._failed)

    def _begun(self, context: dict[str, Any], **_: object) -> None:
        context["deployer-begun"] = self.clock.monotonic()

    def _answered(self, model: OperationModel, parsed: Any, context: dict[str, Any], **_: object) -> None:  # noqa: ANN401 - botocore's
        about = parsed["ResponseMetadata"]
        error = parsed.get("Error", {})
        answer = " ".join(filter(None, [str(about["HTTPStatusCode"]), error.get("Code")]))
        again = f" after {about['RetryAttempts']} retries" if about.get("RetryAttempts") else ""
        call = f"{model.service_model.service_name} {model.name}"
        self.tell(
            f"{call} {answer}{again}{self._time(context)}, request id {about.get('RequestId', 'unknown')}"
        )

    def _failed(self, exception: Exception, context: dict[str, Any], event_name: str, **_: object) -> None:
        service, operation = event_name.split(".")[1:]
        self.tell(f"{service} {operation} {type(exception).__name__}{self._time(context)}")

    def _time(self, context: dict[str, Any]) -> str:
        return f" in {self.clock.monotonic() - context['deployer-begun']:.2f}s"
