"""Put Cronwright and a Python of its own into an empty directory: all that the image holds.

The Dockerfile's one RUN step, and `tests/image/` runs it too. The result needs nothing of its
surroundings but glibc and the path it was made for: no Python, no pip, no compiler and no shell.
Everything is compiled beforehand, so it can be read-only from the start.

    python3 dev/image/install.py /opt/cronwright
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"

# Of the standard library, what a server has no use for: tests, desktops, terminals, installers.
UNUSED = shutil.ignore_patterns(
    *("__pycache__", "site-packages", "dist-packages", "EXTERNALLY-MANAGED", "config-*"),
    *("test", "tests", "idlelib", "tkinter", "turtledemo", "turtle.py", "lib2to3", "pydoc_data"),
    *("ensurepip", "venv", "curses", "sqlite3", "dbm"),
    *("_test*.so", "_ctypes_test*.so", "*xx*.so", "_tkinter*.so", "_curses*.so", "readline*.so"),
    *("_gdbm*.so", "_dbm*.so", "_sqlite3*.so", "nis*.so"),
)

# Parts of glibc, which has to fit the kernel and the loader of the image it runs in.
GLIBC = re.compile(r"ld-linux|lib(c|m|dl|rt|pthread|util|resolv|anl|nsl|nss_\w+)\.so")
LINKED = re.compile(r"=> (/\S+) \(0x")


def main() -> int:
    """Install into the directory that the one argument names; give the exit code."""
    if len(sys.argv) != 2:
        print("usage: install.py DIRECTORY", file=sys.stderr)
        return 2
    prefix = Path(sys.argv[1]).absolute()
    if prefix.exists() and any(prefix.iterdir()):
        print(f"install.py: {prefix} is not empty; name a new directory", file=sys.stderr)
        return 2
    copy_python(prefix)
    install_package(prefix)
    copy_libraries(prefix)
    compile_modules(prefix)
    return 0


def copy_python(prefix: Path) -> None:
    """Copy the interpreter that runs this, and of its library what is used."""
    library = prefix / "lib" / PYTHON
    shutil.copytree(
        sysconfig.get_path("stdlib"), library, ignore=UNUSED, ignore_dangling_symlinks=True
    )
    (library / "site-packages").mkdir()
    (prefix / "bin").mkdir()
    shutil.copy2(Path(sys.executable).resolve(), prefix / "bin" / PYTHON)


def install_package(prefix: Path) -> None:
    """Install the package with what it depends on, and the command that starts it."""
    site = prefix / "lib" / PYTHON / "site-packages"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    versions = ["--constraint", str(SOURCE / "constraints.txt")]
    subprocess.run([*pip, *versions, "--no-compile", "--target", site, SOURCE], check=True)
    shutil.rmtree(site / "bin")  # its commands would start the interpreter that installed them
    command = prefix / "bin" / "cronwright"
    # -I: neither the environment nor the working directory decides what is imported.
    command.write_text(
        f"#!{prefix}/bin/{PYTHON} -I\n"
        "import sys\n\nfrom cronwright.__main__ import main\n\nsys.exit(main())\n"
    )
    command.chmod(0o755)


def copy_libraries(prefix: Path) -> None:
    """Copy the shared libraries that are linked from outside, glibc apart."""
    linking = [prefix / "bin" / PYTHON, *prefix.rglob("*.so"), *prefix.rglob("*.so.*")]
    found = subprocess.run(["ldd", *linking], check=True, capture_output=True, text=True).stdout
    for library in sorted(set(LINKED.findall(found))):
        path = Path(library)
        if not GLIBC.match(path.name) and not path.is_relative_to(prefix):
            shutil.copy(path.resolve(), prefix / "lib" / path.name)


def compile_modules(prefix: Path) -> None:
    """Compile every module; nothing checks later whether its source has changed."""
    compile_all = ["-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    python = prefix / "bin" / PYTHON
    subprocess.run([python, "-I", *compile_all, prefix / "lib" / PYTHON], check=True)


if __name__ == "__main__":
    sys.exit(main())
