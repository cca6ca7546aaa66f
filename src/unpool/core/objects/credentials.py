"""How a store is reached, as the environment says it.

The variables and files are those of each provider's own tools.
"""

from __future__ import annotations

import configparser
import os
from pathlib import Path

from unpool.core.objects.address import Address

DEFAULT_REGION = "us-east-1"
CONNECT_SECONDS, REQUEST_SECONDS = 5, 300
SILENT_SECONDS = 10  # without a byte of an answer; what is sent for longer has another limit
_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_HINTS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}


def credentials_hint(address: Address) -> str:
    """Say what the environment must name."""
    return _HINTS[address.scheme]


def store_settings(address: Address) -> dict[str, str]:
    """Collect what a store's environment says and no library reads.

    That is another endpoint, the region, and keys of a profile, for S3. All else the libraries find themselves.

    Args:
        address: On the store.

    Returns:
        Settings by the names of the `object_store` crate, which both Lance and obstore take.
    """
    if address.scheme != "s3":
        return {}
    profile = _read_profile()
    keys = () if "AWS_ACCESS_KEY_ID" in os.environ else _KEYS
    settings = {name: profile[name] for name in keys if name in profile}
    endpoint = _first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT") or profile.get(
        "endpoint_url"
    )
    if endpoint:
        settings["aws_endpoint"] = endpoint.rstrip("/")
    settings["aws_region"] = (
        _first("AWS_REGION", "AWS_DEFAULT_REGION") or profile.get("region") or DEFAULT_REGION
    )
    return settings


def client_settings(address: Address) -> dict[str, str | bool]:
    """Collect time limits, and whether requests go without encryption."""
    options: dict[str, str | bool] = {
        "connect_timeout": f"{CONNECT_SECONDS}s",
        "timeout": f"{REQUEST_SECONDS}s",
    }
    if store_settings(address).get("aws_endpoint", "").startswith("http:"):
        options["allow_http"] = True
    return options


def lance_settings(address: Address) -> dict[str, str]:
    """Collect the storage options of a Lance dataset."""
    settings = store_settings(address)
    settings |= {name: str(value).lower() for name, value in client_settings(address).items()}
    return settings


def _first(*names: str) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


def _read_profile() -> dict[str, str]:
    """The profile that AWS_PROFILE names, of the files of Amazon's tools; those of roles are left to the libraries."""
    name = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"
    found: dict[str, str] = {}
    for variable, usual, section in (
        ("AWS_CONFIG_FILE", "config", name if name == "default" else f"profile {name}"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials", name),
    ):
        file = Path(os.environ.get(variable) or Path("~/.aws", usual)).expanduser()
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, "utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        if parser.has_section(section):
            found.update(parser.items(section))
    return found
