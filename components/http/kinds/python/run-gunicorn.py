# Starts gunicorn with the account's Python, which may be that of a virtual environment.
import importlib.machinery
import sys

debian = "/usr/lib/python3/dist-packages"


class Servers:
    """Debian's servers, whatever versions the environment has: the settings beside this fit them. What they import is the environment's."""

    @staticmethod
    def find_spec(name, path, target=None):
        return importlib.machinery.PathFinder.find_spec(name, [debian]) if name in ("gunicorn", "uvicorn") else None


sys.meta_path.insert(0, Servers)
if debian not in sys.path:
    sys.path.append(debian)
from gunicorn.app.wsgiapp import run  # noqa: E402

sys.argv[0] = "gunicorn"
run()
