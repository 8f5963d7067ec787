"""Last output of cmd.exe, PowerShell and Windows, with its meaning."""

from __future__ import annotations

from deployer.deployment.clues import clue
from deployer.deployment.tools.system import STOP_FIRST

_WINDOWS = "cmd.exe, PowerShell and Windows, error messages"

WINDOWS_CLUES = (
    clue(
        r"'(?P<command>[^'\n]{1,200})' is not recognized",
        "A command that the script calls was not found: {command}.",
        "Use full paths, or install the command in BeforeInstall.",
        source=_WINDOWS,
    ),
    clue(
        r"running scripts is disabled|execution of scripts is disabled|not digitally signed",
        "The execution policy of PowerShell forbids the script.",
        "Call it as: powershell.exe -ExecutionPolicy Bypass -File …",
        source=_WINDOWS,
    ),
    clue(
        r"module '?(?P<module>[\w.]{1,60})'? was not loaded",
        "PowerShell has no module {module} on the instance, at least not in its 32-bit version, which the "
        "agent starts.",
        "Install it in BeforeInstall or in the image; if it is there, restart the script in the 64-bit "
        "version: C:\\Windows\\SysNative\\WindowsPowerShell\\v1.0\\powershell.exe -File …",
        source=_WINDOWS,
    ),
    clue(
        r"unexpected error occurred on a (?:send|receive)|could not create SSL/TLS secure channel",
        "PowerShell does not speak the version of TLS that the server asks for.",
        "Set it before the call: [Net.ServicePointManager]::SecurityProtocol = 'Tls12'.",
        source=_WINDOWS,
    ),
    clue(
        r"cannot find requested collection element|80040154|class not registered",
        "The agent starts the 32-bit version of PowerShell, which cannot use what only the 64-bit one has.",
        "Restart the script in it: C:\\Windows\\SysNative\\WindowsPowerShell\\v1.0\\powershell.exe -File …; "
        "else install the module on the instance.",
        source="AWS CodeDeploy user guide, troubleshooting Windows PowerShell",
    ),
    clue(
        r"cannot find (?:APPPOOL|SITE|APP|VDIR) object|object identifier does not represent a valid object",
        "The IIS site or application pool that the script names does not exist on the instance.",
        "Create it in BeforeInstall, or let the script accept that it does not exist yet.",
        source=_WINDOWS,
    ),
    clue(
        r"cannot find path '(?P<path>[^'\n]{1,300})' because it does not exist",
        "{path} does not exist on the instance.",
        "Let the script accept that (Test-Path, -ErrorAction SilentlyContinue), or check the path.",
        source=_WINDOWS,
    ),
    clue(
        r"cannot accept control messages|0x80070425|did not respond to the start or control request"
        r"|FAILED 1053",
        "The service or application pool is still starting or stopping, or fails to start in time.",
        "Wait for its state before the next command, and look at the Windows event log for why it does "
        "not start.",
        source=_WINDOWS,
    ),
    clue(
        r"the system cannot find the (?:path|file|drive) specified|project file does not exist",
        "A file or a folder that the script uses does not exist on the instance.",
        "Use full paths: hooks start in the agent's folder, not in the bundle.",
        source=_WINDOWS,
    ),
    clue(
        r"being used by another process|sharing violation",
        "A running process holds the file.",
        STOP_FIRST,
        source=_WINDOWS,
    ),
    clue(
        r"cannot find any service with service name|service name is invalid|specified service does not exist",
        "A service that the script names does not exist on the instance.",
        "Create it in BeforeInstall, or make the script tolerate that it does not exist yet.",
        source=_WINDOWS,
    ),
    clue(
        r"^access is denied\.?$|access to the path [^\n]{0,300} is denied|UnauthorizedAccessException",
        "The script lacks a permission on the instance.",
        "The agent runs hooks as SYSTEM: check the permissions of the path, and which process holds it open.",
        source=_WINDOWS,
    ),
)
