"""Installs memguard in every Python that is started with this folder in $PYTHONPATH (memguardctl instrument), and then
runs the sitecustomize that it hides, if there is one. Whatever fails here is not the service's business."""

import sys

try:
    try:
        import memguard
    except ImportError:  # a virtual environment: the module is not on its path
        import importlib.util

        _spec = importlib.util.spec_from_file_location("memguard", "@PYTHON_MODULE_DIR@/memguard.py")
        memguard = importlib.util.module_from_spec(_spec)
        sys.modules["memguard"] = memguard
        try:
            _spec.loader.exec_module(memguard)
        except BaseException:
            del sys.modules["memguard"]
            raise
    memguard.install()
except Exception:
    pass


def _chain():
    import importlib.util
    import os
    from importlib.machinery import PathFinder

    here = os.path.dirname(os.path.abspath(__file__))
    spec = PathFinder.find_spec("sitecustomize", [path for path in sys.path if os.path.abspath(path or ".") != here])
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_chain()
