"""The machine that figures were taken on, in a few words that another reader can compare with his own."""
import os
import platform
import sqlite3
import ssl
from pathlib import Path


def described() -> dict[str, object]:
    """Processor, cores, memory, system, versions."""
    return {
        "processor": _first("/proc/cpuinfo", "model name"), "cores": os.cpu_count(), "memory": _first("/proc/meminfo", "MemTotal"),
        "system": platform.platform(), "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION, "sqlite": sqlite3.sqlite_version,
    }


def _first(path: str, word: str) -> str:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(word)), "")
